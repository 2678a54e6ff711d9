package ententetest_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/entente-id/entente/internal/devworld"
)

// signsInAtDesk types an address and a password; a second factor where one is
// asked for.
func (c *coffee) signsInAtDesk(d *desk, who, seed string) {
	c.t.Helper()
	d.do(chromedp.WaitVisible(chromedp.CSS("#address")), chromedp.SendKeys(chromedp.CSS("#address"), who+"\r"),
		chromedp.WaitVisible(chromedp.CSS("#password")), chromedp.SendKeys(chromedp.CSS("#password"), devworld.Password+"\r"), chromedp.WaitNotPresent(chromedp.CSS("#password")))
	if seed != "" {
		d.do(chromedp.WaitVisible(chromedp.CSS("#code")), chromedp.SendKeys(chromedp.CSS("#code"), code(c.t, seed, c.w.Inside().Source.Now())+"\r"), chromedp.WaitNotPresent(chromedp.CSS("#code")))
	}
}

func TestJ32_ARequestIsDecidedInARealBrowser(t *testing.T) {
	axe, err := os.ReadFile("../interop/node_modules/axe-core/axe.min.js")
	if err != nil {
		skip(t, "axe-core is not installed: npm ci --prefix interop")
	}
	for _, window := range []struct {
		name          string
		width, height int64
		scheme, lang  string
		script        bool
	}{{"approval-wide", 1280, 860, "light", "en", true}, {"approval-narrow", 360, 740, "dark", "fi", true}, {"approval-plain", 1000, 800, "light", "sv", false}} {
		t.Run(window.name, func(t *testing.T) {
			c := newCoffee(t)
			// Two colleagues ask by other browsers, so that the lists are lists.
			c.asks(devworld.Noora, "I look after the deals in the north and need to see them on Mondays.")
			c.asks(devworld.Otto, "So do I, for the south.")
			d := newDesk(t, window.name, window.width, window.height)
			if window.script {
				d.axe = string(axe)
			} else if _, err := chromedp.Call(d.tab, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
				t.Fatal(err)
			}
			if _, err := chromedp.Call(d.tab, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
				Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: window.scheme}}}); err != nil {
				t.Fatal(err)
			}
			d.do(chromedp.Navigate(c.portal() + "&ui_locales=" + window.lang))
			c.signsInAtDesk(d, devworld.Kai, "")
			d.sees("1-request", "#reason")
			d.do(chromedp.SendKeys(chromedp.CSS("#reason"), "We register our deals there from December."), chromedp.Click(chromedp.CSS(`button[value="send"]`)))
			d.sees("2-waiting", `button[value="remind"]`)

			d.do(chromedp.Navigate(c.reviewLink(devworld.Lena) + "?ui_locales=" + window.lang))
			c.signsInAtDesk(d, devworld.Lena, devworld.LenaSeed)
			d.sees("3-review", `button[value="everyone"]`)
			wide(t, d, "the review page")
			d.do(chromedp.SendKeys(chromedp.CSS("#reason"), " "), chromedp.Click(chromedp.CSS(`button[value="deny"]`)))
			d.sees("4-no-reason", ".problem")
			d.do(chromedp.Click(chromedp.CSS(`button[value="everyone"]`)))
			d.sees("5-decided", ".outcome")
			for _, page := range []struct{ name, path, selector string }{
				{"6-home", "/organisation", ".places"}, {"7-empty", "/organisation/approvals", ".empty"}, {"8-list", "/organisation/approvals?state=all", ".rows"},
				{"9-apps", "/organisation/consents", ".apps"}, {"10-policy", "/organisation/policy", ".choices"},
			} {
				d.do(chromedp.Navigate(c.w.Origin + page.path))
				d.sees(page.name, page.selector)
				wide(t, d, page.path)
			}
			d.do(chromedp.Click(chromedp.CSS(`#policy-low-risk`)), chromedp.Click(chromedp.CSS(`form button.primary`)))
			d.sees("11-saved", ".note")
			d.do(chromedp.Navigate(c.w.Origin+"/organisation/consents"), chromedp.WaitVisible(chromedp.CSS(`button[value="withdraw"]`)), chromedp.Click(chromedp.CSS(`button[value="withdraw"]`)))
			d.sees("12-withdrawn", ".note")

			c.pass(time.Minute)
			d.do(chromedp.Navigate(c.w.Origin+"/signout"), chromedp.WaitVisible(chromedp.CSS(`button[value="yes"]`)), chromedp.Click(chromedp.CSS(`button[value="yes"]`)), chromedp.WaitNotPresent(chromedp.CSS(`button[value="yes"]`)))
			d.do(chromedp.Navigate(c.w.Origin + "/organisation/approvals?ui_locales=" + window.lang))
			c.signsInAtDesk(d, devworld.Noora, "")
			d.sees("13-role", ".list")
			if !strings.HasPrefix(d.location(), c.w.Origin+"/organisation/approvals") {
				t.Errorf("the journey ended at %s", d.location())
			}
		})
	}
}

// wide checks that nothing of a page has to be scrolled sideways.
func wide(t *testing.T, d *desk, page string) {
	t.Helper()
	fits, err := chromedp.Run(d.tab, chromedp.Evaluate[bool](`document.documentElement.scrollWidth <= window.innerWidth`))
	if err != nil {
		t.Fatal(err)
	}
	if !fits {
		t.Errorf("%s: %s is wider than the window", d.name, page)
	}
}
