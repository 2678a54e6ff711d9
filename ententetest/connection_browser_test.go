package ententetest_test

import (
	"os"
	"testing"
	"time"

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
			d.axe = string(axe)
			d.prefers(window.scheme)
			if !window.script {
				d.scriptless()
			}
			d.enter(w, "/organisation/sign-in?kind=entra", "alva@adventure.example")
			d.sees("1-page", "#issuer")
			d.writes("#client", "a client")
			d.clicks(`button[value="save"]`)
			// What changes something wants a second factor first.
			d.sees("2-factor", "#code")
			d.goes(w.Origin + "/organisation/people")
			d.sees("3-people", `button[value="pass"]`)
		})
	}
}

func TestAPassIsShownOnceInARealBrowser(t *testing.T) {
	w := ententetest.Start(t)
	d := newDesk(t, "pass", 1280, 860)
	d.enter(w, "/organisation/people", devworld.Liisa)
	d.types("#code", code(t, devworld.LiisaSeed, time.Now()))
	d.clicks(`button[value="pass"]`)
	d.sees("1-pass", "#pass")
}
