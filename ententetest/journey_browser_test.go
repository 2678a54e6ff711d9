package ententetest_test

import (
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/entente-id/entente/ententetest"
	"github.com/entente-id/entente/internal/devworld"
)

// reader is a person in front of a real browser: with script and a mouse, or
// without either, on a small screen, in Finnish.
type reader struct {
	*desk
	w *ententetest.World
	// keys: nothing is clicked.
	keys bool
}

// manners are the two ways that each journey is walked in.
var manners = []struct {
	name     string
	width    int64
	language string
	script   bool
	scheme   string
}{
	{"script", 1280, "en", true, "light"},
	{"keys-fi-360", 360, "fi", false, "dark"},
}

func (r *reader) open(address string) {
	r.t.Helper()
	r.do(chromedp.Navigate(r.w.Origin + address))
}

// look waits for something on a page, photographs the page and lets axe see it.
func (r *reader) look(page, selector string) {
	r.t.Helper()
	r.sees(page, selector)
}

// press uses a button or a link: by mouse, or by the Tab key until it has the
// focus, and Enter.
func (r *reader) press(selector string) {
	r.t.Helper()
	if !r.keys {
		r.do(chromedp.Click(chromedp.CSS(selector)))
		return
	}
	r.reach(selector)
	r.do(chromedp.KeyEvent("\r"))
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

// enter types into a field and presses Enter, which sends the form.
func (r *reader) enter(selector, text string) {
	r.t.Helper()
	if r.keys {
		r.reach(selector)
		r.do(chromedp.KeyEvent(text + "\r"))
		return
	}
	r.do(chromedp.WaitVisible(chromedp.CSS(selector)), chromedp.SendKeys(chromedp.CSS(selector), text+"\r"))
}

// TestTheJourneysInARealBrowser walks the journeys of the sign-in by their
// numbers, each in both manners.
func TestTheJourneysInARealBrowser(t *testing.T) {
	axe, err := os.ReadFile("../interop/node_modules/axe-core/axe.min.js")
	if err != nil {
		skip(t, "axe-core is not installed: npm ci --prefix interop")
	}
	for _, m := range manners {
		t.Run(m.name, func(t *testing.T) {
			w := ententetest.Start(t)
			walk := func(name string, journey func(*reader)) {
				t.Run(name, func(t *testing.T) {
					d := newDesk(t, "journey-"+m.name+"-"+name, m.width, 860)
					if m.script {
						// axe needs script itself; the gallery shows it every page narrow,
						// dark and in Finnish.
						d.axe = string(axe)
					}
					if _, err := chromedp.Call(d.tab, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
						Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: m.scheme}}}); err != nil {
						t.Fatal(err)
					}
					if _, err := chromedp.Call(d.tab, network.SetExtraHTTPHeaders, network.SetExtraHTTPHeadersParams{
						Headers: map[string]any{"Accept-Language": m.language}}); err != nil {
						t.Fatal(err)
					}
					if !m.script {
						if _, err := chromedp.Call(d.tab, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
							t.Fatal(err)
						}
					}
					journey(&reader{desk: d, w: w, keys: !m.script})
				})
			}
			walk("J01", func(r *reader) {
				r.open("/check")
				r.enter("#address", devworld.Anna)
				r.look("connected", ".finding")
			})
			walk("J03", func(r *reader) {
				r.open(bothKinds(devworld.Mari))
				r.look("kind", `button[value="work"]`)
				r.press(`button[value="work"]`)
				r.press(`button[value="another"]`)
				r.look("another", "#address")
			})
			walk("J09-J23", func(r *reader) {
				r.open(bothKinds(devworld.Mari))
				r.press(`button[value="personal"]`)
				r.enter("#password", ententetest.Password)
				r.look("consent", `button[value="yes"]`)
			})
			walk("J10", func(r *reader) {
				r.open("/organizations/oauth2/v2.0/authorize?response_type=code")
				r.look("broken-request", ".fixer")
			})
			walk("J11", func(r *reader) {
				r.open(portalFor(devworld.Niko))
				r.look("unknown", `button[value="help"]`)
				r.press(`button[value="help"]`)
				r.look("asked", ".reference")
			})
			walk("J20", func(r *reader) {
				r.open("/check")
				language, err := chromedp.Run(r.tab, chromedp.Evaluate[string](`document.documentElement.lang`))
				if err != nil || language != m.language {
					t.Errorf("the page speaks %q, %v", language, err)
				}
			})
			walk("J28-J33-J44", func(r *reader) {
				r.open("/error?code=90094")
				r.look("code", ".fixer")
				r.open("/explain")
				r.enter("#reference", "AAAA-BBBB")
				r.look("unknown-reference", ".problem")
			})
			walk("J29", func(r *reader) {
				r.open(portalFor(devworld.Private))
				r.look("consumer", ".problem")
			})
			walk("J30", func(r *reader) {
				r.open("/account?login_hint=" + url.QueryEscape(devworld.Mari))
				r.press(`button[value="personal"]`)
				r.enter("#password", ententetest.Password)
				r.look("account", "#main h1")
				r.open("/portal")
				r.look("wrong-kind", ".fixer")
				r.press(`a.button[href*="login_hint=mari"]`)
				r.look("back-with-address", "#password")
			})
			walk("J31", func(r *reader) {
				r.open(portalFor(devworld.Ville))
				r.enter("#password", "not this one")
				r.look("wrong-password", ".problem")
				r.open(portalFor("x@" + url.PathEscape("nobody.example")))
				r.look("unknown-domain", ".ways")
			})
			walk("J32", func(r *reader) {
				r.open(portalFor(map[bool]string{true: devworld.Kai, false: devworld.Noora}[m.script]))
				r.enter("#password", ententetest.Password)
				r.look("ask", "#reason")
				if r.keys {
					r.reach("#reason")
					r.do(chromedp.KeyEvent("We register our deals there."))
				} else {
					r.do(chromedp.SendKeys(chromedp.CSS("#reason"), "We register our deals there."))
				}
				r.press(`button[value="send"]`)
				r.look("waiting", ".timeline")
			})
			walk("sign-up", func(r *reader) {
				address := "new-" + strings.ReplaceAll(m.name, "-", "") + "@personal.example"
				r.open(bothKinds(address))
				r.press(`button[value="sign-up"]`)
				r.look("mailbox", "#code")
				r.enter("#code", mailedCode(t, w, address))
				r.look("account", "#name")
			})
		})
	}
}
