package ententetest_test

import (
	"os"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/entente-id/entente/ententetest"
	"github.com/entente-id/entente/internal/devworld"
)

func TestTheGuidedPageAndThePeopleHoldTogetherInARealBrowser(t *testing.T) {
	axe, err := os.ReadFile("../interop/node_modules/axe-core/axe.min.js")
	if err != nil {
		skip(t, "axe-core is not installed: npm ci --prefix interop")
	}
	w := ententetest.Start(t)
	for _, window := range []struct {
		name          string
		width, height int64
		scheme        string
		script        bool
	}{{"connection-wide", 1280, 860, "light", true}, {"connection-narrow", 360, 740, "dark", true}, {"connection-bare", 360, 740, "light", false}} {
		t.Run(window.name, func(t *testing.T) {
			d := newDesk(t, window.name, window.width, window.height)
			if window.script {
				d.axe = string(axe)
			}
			if _, err := chromedp.Call(d.tab, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
				Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: window.scheme}}}); err != nil {
				t.Fatal(err)
			}
			if _, err := chromedp.Call(d.tab, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !window.script}); err != nil {
				t.Fatal(err)
			}
			d.enter(w, "/organisation/sign-in?kind=entra", "alva@adventure.example")
			d.sees("1-page", "#issuer")
			d.do(chromedp.SendKeys(chromedp.CSS("#client"), "a client"), chromedp.Click(chromedp.CSS(`button[value="save"]`)))
			// What changes something wants a second factor first.
			d.sees("2-factor", "#code")
			d.do(chromedp.Navigate(w.Origin + "/organisation/people"))
			d.sees("3-people", `button[value="pass"]`)
		})
	}
}

func TestAPassIsShownOnceInARealBrowser(t *testing.T) {
	w := ententetest.Start(t)
	d := newDesk(t, "pass", 1280, 860)
	d.enter(w, "/organisation/people", devworld.Liisa)
	d.do(chromedp.WaitVisible(chromedp.CSS("#code")), chromedp.SendKeys(chromedp.CSS("#code"), code(t, devworld.LiisaSeed, time.Now())+"\r"), chromedp.WaitVisible(chromedp.CSS(`button[value="pass"]`)))
	d.do(chromedp.Click(chromedp.CSS(`button[value="pass"]`)))
	d.sees("1-pass", "#pass")
}
