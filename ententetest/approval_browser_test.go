package ententetest_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/entente-id/entente/internal/devworld"
)

// signsInAtDesk types an address and a password; a second factor where one is
// asked for.
func (c *coffee) signsInAtDesk(d *desk, who, seed string) {
	c.t.Helper()
	d.types("#address", who)
	d.types("#password", devworld.Password)
	if seed != "" {
		d.types("#code", code(c.t, seed, c.w.Inside().Source.Now()))
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
			d.axe = string(axe)
			if !window.script {
				d.scriptless()
			}
			d.prefers(window.scheme)
			d.goes(c.portal() + "&ui_locales=" + window.lang)
			c.signsInAtDesk(d, devworld.Kai, "")
			d.sees("1-request", "#reason")
			d.writes("#reason", "We register our deals there from December.")
			d.clicks(`button[value="send"]`)
			d.sees("2-waiting", `button[value="remind"]`)

			d.goes(c.reviewLink(devworld.Lena) + "?ui_locales=" + window.lang)
			c.signsInAtDesk(d, devworld.Lena, devworld.LenaSeed)
			d.sees("3-review", `button[value="everyone"]`)
			d.writes("#reason", " ")
			d.clicks(`button[value="deny"]`)
			d.sees("4-no-reason", ".problem")
			d.clicks(`button[value="everyone"]`)
			d.sees("5-decided", ".outcome")
			for _, page := range []struct{ name, path, selector string }{
				{"6-home", "/organisation", ".places"}, {"7-empty", "/organisation/approvals", ".empty"}, {"8-list", "/organisation/approvals?state=all", ".rows"},
				{"9-apps", "/organisation/consents", ".apps"}, {"10-policy", "/organisation/policy", ".choices"},
			} {
				d.goes(c.w.Origin + page.path)
				d.sees(page.name, page.selector)
			}
			d.do(chromedp.Click(chromedp.CSS(`#policy-low-risk`)))
			d.clicks(`form button.primary`)
			d.sees("11-saved", ".note")
			d.goes(c.w.Origin + "/organisation/consents")
			d.clicks(`button[value="withdraw"]`)
			d.sees("12-withdrawn", ".note")

			c.pass(time.Minute)
			d.signOut(c.w)
			d.goes(c.w.Origin + "/organisation/approvals?ui_locales=" + window.lang)
			c.signsInAtDesk(d, devworld.Noora, "")
			d.sees("13-role", ".list")
			if !strings.HasPrefix(d.location(), c.w.Origin+"/organisation/approvals") {
				t.Errorf("the journey ended at %s", d.location())
			}
		})
	}
}
