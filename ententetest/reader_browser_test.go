package ententetest_test

import (
	"os"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/entente-id/entente/ententetest"
)

// manner is a way to walk a journey.
type manner struct {
	label    string
	width    int64
	language string
	// script is false for who uses the keyboard alone, on pages without script.
	script bool
	scheme string
}

// manners are the two ways that each journey is walked in.
var manners = []manner{
	{"script", 1280, "en", true, "light"},
	{"keys-fi-360", 360, "fi", false, "dark"},
}

// reader is a person in front of a real browser: with script and a mouse, or
// without either, on a small screen, in Finnish.
type reader struct {
	*desk
	manner
	w *ententetest.World
}

// open goes to an address, of the world unless it names another.
func (r *reader) open(address string) {
	r.t.Helper()
	if strings.HasPrefix(address, "/") {
		address = r.w.Origin + address
	}
	r.goes(address)
}

// press uses a button or a link that leads to another page: by mouse, or by
// the Tab key until it has the focus, and Enter.
func (r *reader) press(selector string) {
	r.t.Helper()
	if r.script {
		r.clicks(selector)
		return
	}
	r.turns(selector, func() {
		r.reach(selector)
		r.do(chromedp.KeyEvent("\r"))
	})
}

// tick sets a check box.
func (r *reader) tick(selector string) {
	r.t.Helper()
	if r.script {
		r.do(chromedp.Click(chromedp.CSS(selector)))
		return
	}
	r.reach(selector)
	r.do(chromedp.KeyEvent(" "))
}

// reach moves the focus by the Tab key.
func (r *reader) reach(selector string) {
	r.t.Helper()
	r.do(chromedp.WaitVisible(chromedp.CSS(selector)))
	for range 60 {
		there, err := chromedp.Run(r.tab, chromedp.Evaluate[bool](`document.activeElement.matches(`+"`"+selector+"`"+`)`))
		if err != nil {
			r.t.Fatal(err)
		}
		if there {
			return
		}
		r.do(chromedp.KeyEvent("\t"))
	}
	r.t.Fatalf("%s: the Tab key never reaches %s on %q", r.name, selector, r.title())
}

// write puts a text into a field, in place of what is there.
func (r *reader) write(selector, text string) {
	r.t.Helper()
	if r.script {
		r.writes(selector, text)
		return
	}
	r.reach(selector)
	r.do(chromedp.Evaluate[chromedp.Void](`document.activeElement.select()`), chromedp.KeyEvent(text))
}

// enter writes into a field and presses Enter, which sends the form.
func (r *reader) enter(selector, text string) {
	r.t.Helper()
	r.turns(selector, func() { r.write(selector, text+"\r") })
}

// reads asserts that the page says something. Names and addresses are the same
// in every language.
func (r *reader) reads(texts ...string) {
	r.t.Helper()
	page := r.text("#main")
	for _, text := range texts {
		if !strings.Contains(page, text) {
			r.t.Errorf("%s: %q does not say %q:\n%s", r.name, r.title(), text, page)
		}
	}
}

// text is what a part of the page says.
func (r *reader) text(selector string) string {
	r.t.Helper()
	text, err := chromedp.Run(r.tab, chromedp.Evaluate[string]("document.querySelector(`"+selector+"`).textContent"))
	if err != nil {
		r.t.Fatal(err)
	}
	return strings.Join(strings.Fields(text), " ")
}

// count is how many parts of the page there are.
func (r *reader) count(selector string) int {
	r.t.Helper()
	n, err := chromedp.Run(r.tab, chromedp.Evaluate[int]("document.querySelectorAll(`"+selector+"`).length"))
	if err != nil {
		r.t.Fatal(err)
	}
	return n
}

// speaks leaves the language that an invitation was written in for the
// reader's own.
func (r *reader) speaks() {
	r.t.Helper()
	if r.count(`html[lang="`+r.language+`"]`) == 0 {
		r.press(`.languages button[value="` + r.language + `"]`)
	}
}

// rises leaves the chair to somebody whom the browser does not know.
func (r *reader) rises() {
	r.t.Helper()
	if _, err := chromedp.Call(r.tab, network.ClearBrowserCookies, cdp.Empty{}); err != nil {
		r.t.Fatal(err)
	}
}

// signsIn answers the sign-in from the address on; a seed is that of the
// authenticator app.
func (r *reader) signsIn(signInName, seed string) {
	r.t.Helper()
	r.enter("#address", signInName)
	r.proves(seed)
}

// proves answers the sign-in from the password on.
func (r *reader) proves(seed string) {
	r.t.Helper()
	r.enter("#password", ententetest.Password)
	if seed != "" {
		r.enter("#code", code(r.t, seed, r.w.Inside().Source.Now()))
	}
}

// settles answers what a newcomer to the portal is asked: language and terms.
func (r *reader) settles() {
	r.t.Helper()
	r.sees("language", ".languagelist")
	r.press(`.languagelist button[value="` + r.language + `"]`)
	r.sees("terms", `button[value="accept"]`)
	r.press(`button[value="accept"]`)
	r.sees("dashboard", ".checklist")
}

// journey is one that a person walks in front of a browser. Those that change
// the world for others have one of their own.
type journey struct {
	name string
	own  bool
	walk func(*reader)
}

// TestTheJourneysInARealBrowser walks the journeys by their numbers, each in
// both manners.
func TestTheJourneysInARealBrowser(t *testing.T) {
	axe, err := os.ReadFile("../interop/node_modules/axe-core/axe.min.js")
	if err != nil {
		skip(t, "axe-core is not installed: npm ci --prefix interop")
	}
	for _, m := range manners {
		t.Run(m.label, func(t *testing.T) {
			w, browser := ententetest.Start(t), newBrowser(t)
			for _, j := range append(signInJourneys, portalJourneys...) {
				t.Run(j.name, func(t *testing.T) {
					r := &reader{desk: newDeskIn(t, browser, "journey-"+m.label+"-"+j.name, m.width, 860), manner: m, w: w}
					if j.own {
						r.w = ententetest.Start(t)
					}
					r.axe = string(axe)
					r.likes(m)
					j.walk(r)
				})
			}
		})
	}
}

// likes sets the browser as the manner has it.
func (r *reader) likes(m manner) {
	r.t.Helper()
	r.prefers(m.scheme)
	if _, err := chromedp.Call(r.tab, network.SetExtraHTTPHeaders, network.SetExtraHTTPHeadersParams{
		Headers: map[string]any{"Accept-Language": m.language}}); err != nil {
		r.t.Fatal(err)
	}
	if !m.script {
		r.scriptless()
	}
}
