package ententetest_test

import (
	"os"
	"testing"
	"time"

	"github.com/entente-id/entente/ententetest"
	"github.com/entente-id/entente/internal/devworld"
)

// browse is a desk in a world, with or without script.
func browse(t *testing.T, name string, width, height int64, script bool) (*desk, *ententetest.World) {
	t.Helper()
	w := ententetest.Start(t)
	d := newDesk(t, name, width, height)
	if !script {
		d.scriptless()
	}
	axe, err := os.ReadFile("../interop/node_modules/axe-core/axe.min.js")
	if err != nil {
		skip(t, "axe-core is not installed: npm ci --prefix interop")
	}
	d.axe = string(axe)
	return d, w
}

// landed waits for the language page and goes on to the dashboard.
func (d *desk) landed() {
	d.t.Helper()
	d.sees("language", ".languagelist")
	d.clicks(`.languagelist button[value="en"]`)
	d.sees("terms", `button[value="accept"]`)
	d.clicks(`button[value="accept"]`)
	d.sees("dashboard", `.checklist`)
}

// cards are the eight of the programme, each from the mail alone.
var cards = []struct {
	name string
	walk func(t *testing.T, d *desk, w *ententetest.World)
}{
	{"right-account", func(t *testing.T, d *desk, w *ententetest.World) {
		d.goes(link(t, w, devworld.Anna, invitationPath))
		d.types("#password", ententetest.Password)
		d.clicks(`button[value="yes"]`)
		d.landed()
	}},
	{"consumer-address", func(t *testing.T, d *desk, w *ententetest.World) {
		d.goes(link(t, w, devworld.Private, invitationPath))
		d.types("#address", devworld.Ville)
		d.clicks(`button[value="no"]`)
		d.types("#password", ententetest.Password)
		d.clicks(`button[value="yes"]`)
		d.sees("mismatch", `button[value="swap"]`)
		d.clicks(`button[value="swap"]`)
		d.sees("code", "#code")
		d.types("#code", mailCode(t, w, devworld.Private))
		d.sees("waits", ".fixer, .facts")
	}},
	{"personal-chosen", func(t *testing.T, d *desk, w *ententetest.World) {
		d.goes(link(t, w, devworld.Anna, invitationPath))
		d.clicks(`button[value="another"]`)
		d.types("#address", devworld.Private)
		d.clicks(`button[value="no"]`)
		d.sees("not-of-use", ".problem")
		d.clicks(`button[value="yes"]`)
		d.types("#password", ententetest.Password)
		d.clicks(`button[value="yes"]`)
		d.landed()
	}},
	{"both-accounts", func(t *testing.T, d *desk, w *ententetest.World) {
		d.goes(link(t, w, devworld.Mari, invitationPath))
		d.types("#password", ententetest.Password)
		d.clicks(`button[value="yes"]`)
		d.landed()
	}},
	{"unknown-domain", func(t *testing.T, d *desk, w *ententetest.World) {
		d.goes(link(t, w, devworld.Niko, invitationPath))
		d.sees("ways", ".ways")
		d.clicks(`form[action="/help"] button`)
		d.sees("sent", "h1")
	}},
	{"wrong-password", func(t *testing.T, d *desk, w *ententetest.World) {
		d.goes(link(t, w, devworld.Anna, invitationPath))
		d.types("#password", "not this one")
		d.sees("wrong", ".problem")
		d.types("#password", ententetest.Password)
		d.clicks(`button[value="yes"]`)
		d.landed()
	}},
	{"approval-needed", func(t *testing.T, d *desk, w *ententetest.World) {
		d.goes(link(t, w, devworld.Kai, invitationPath))
		d.types("#password", ententetest.Password)
		d.writes("#reason", "I sell with Fabrikam from this week on")
		d.clicks(`button[value="send"]`)
		d.sees("waits", `button[value="remind"]`)
	}},
	{"not-on-the-roster", func(t *testing.T, d *desk, w *ententetest.World) {
		d.goes(w.Origin + "/portal")
		d.types("#address", devworld.Ville)
		d.types("#password", ententetest.Password)
		d.clicks(`button[value="yes"]`)
		d.sees("stranger", "#reason")
		d.writes("#reason", "I sell with Fabrikam from this week on")
		d.clicks(`button[value="ask"]`)
		d.sees("asked", ".timeline")
	}},
}

func TestTheEightCardsPassInARealBrowserWithScriptAndWithout(t *testing.T) {
	for _, card := range cards {
		for _, window := range []struct {
			name          string
			width, height int64
			script        bool
		}{{"script", 1280, 860, true}, {"plain", 360, 740, false}} {
			t.Run(card.name+"/"+window.name, func(t *testing.T) {
				d, w := browse(t, "card-"+card.name+"-"+window.name, window.width, window.height, window.script)
				card.walk(t, d, w)
			})
		}
	}
}

func TestThePagesOfPortalAndProgrammePassInARealBrowser(t *testing.T) {
	for _, window := range []struct {
		name          string
		width, height int64
		scheme        string
	}{{"wide", 1280, 860, "light"}, {"narrow", 360, 740, "dark"}} {
		t.Run(window.name, func(t *testing.T) {
			d, w := browse(t, "portal-"+window.name, window.width, window.height, true)
			d.prefers(window.scheme)
			d.goes(link(t, w, devworld.Liisa, invitationPath))
			d.types("#password", ententetest.Password)
			d.types("#code", code(t, devworld.LiisaSeed, time.Now()))
			d.clicks(`button[value="yes"]`)
			d.landed()
			d.goes(w.Origin + "/portal/walkthrough")
			d.sees("walkthrough", "#when")
			d.goes(w.Origin + "/portal/people")
			d.sees("people", "#list")
			d.writes("#list", devworld.Ville+"\nnobody at all\n")
			d.clicks(`button[value="send"]`)
			d.sees("people-bad", ".problem")
			d.goes(w.Origin + "/portal/apps")
			d.sees("apps-none", ".empty")
			d.goes(w.Origin + "/portal/apps/new")
			d.sees("app-new", "#redirect")
			d.writes("#name", "Nightly billing")
			d.writes("#redirect", "https://app.contoso.example/cb")
			d.clicks(`button[value="add"]`)
			d.sees("app", "#certificate")
			d.writes("#secretname", "production")
			d.clicks(`button[value="secret"]`)
			d.sees("app-secret", "#secret")
			d.goes(w.Origin + "/portal/apps")
			d.sees("apps", ".rows")
			d.goes(w.Origin + "/portal/swap")
			d.sees("swap", "#address")
			d.goes(w.Origin + "/portal/invitation/no-such-token")
			d.sees("dead-link", ".reference")

			d.goes(w.Origin + "/signout")
			d.clicks(`button[value="yes"]`)
			d.goes(w.Origin + "/programme")
			d.types("#address", devworld.Pat)
			d.types("#password", ententetest.Password)
			d.types("#code", code(t, devworld.PatSeed, time.Now()))
			d.sees("programme", ".checklist")
			for _, page := range []string{"requests", "invitations", "members", "terms", "addresses"} {
				d.goes(w.Origin + "/programme/" + page)
				d.sees("programme-"+page, "h1")
			}
		})
	}
}
