package ententetest_test

import (
	"strings"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/entente-id/entente/ententetest"
	"github.com/entente-id/entente/internal/devworld"
)

// portalJourneys are those of the portal and of who runs the programme.
var portalJourneys = []journey{
	{name: "J04", walk: func(r *reader) {
		r.open("/programme/addresses")
		r.signsIn(devworld.Pat, devworld.PatSeed)
		r.sees("none", ".empty")
		r.press(`#main a.button[href="/programme/invitations"]`)
		r.write("#list", "seller@fabrikam.example, Sam Seller, member, en")
		r.press(`button[value="invite"]`)
		r.sees("invited", ".note")
		r.open("/programme/addresses")
		r.sees("listed", ".rows")
		r.reads("seller@fabrikam.example")
		r.press(`#main a.button[href="/programme/invitations"]`)
		r.sees("next-step", `button[value="revoke"]`)
	}},
	{name: "J05-J08", own: true, walk: func(r *reader) {
		r.open("/portal")
		r.signsIn(devworld.Ville, "")
		r.press(`button[value="yes"]`)
		r.sees("stranger", "#reason")
		r.reads(devworld.Ville, "Fabrikam")
		r.write("#reason", "short")
		r.press(`button[value="ask"]`)
		r.sees("too-short", ".problem")
		r.write("#reason", "I sell with Fabrikam from this week on")
		r.press(`button[value="ask"]`)
		r.sees("asked", ".timeline")

		r.rises()
		r.open(link(r.t, r.w, devworld.Pat, "/programme/requests"))
		r.signsIn(devworld.Pat, devworld.PatSeed)
		r.sees("queue", `button[value="approve"]`)
		r.reads("Ville Laine", "I sell with Fabrikam from this week on")
		r.press(`button[value="approve"]`)
		r.sees("admitted", ".note")

		r.rises()
		r.open(link(r.t, r.w, devworld.Ville, "/portal"))
		r.signsIn(devworld.Ville, "")
		r.settles()
	}},
	{name: "J06", walk: func(r *reader) {
		r.open(link(r.t, r.w, devworld.Private, invitationPath))
		r.sees("personal", ".problem")
		r.speaks()
		r.enter("#address", devworld.Private)
		r.sees("still-personal", ".problem")
		if r.count("#password") != 0 || strings.Contains(r.text("html"), "live.com#") {
			r.t.Errorf("the page %q asks for a password or shows a prefix", r.title())
		}
		r.enter("#address", devworld.Ville)
		r.sees("other", `button[value="no"]`)
		r.press(`button[value="no"]`)
		r.sees("work", "#password")
		r.reads(devworld.Ville)
	}},
	{name: "J07", walk: func(r *reader) {
		r.open(portalFor(devworld.Mari))
		r.proves("")
		r.sees("consent", `button[value="no"]`)
		r.press(`button[value="no"]`)
		r.sees("declined", ".fixer")
		r.press(`#main a.button.primary`)
		r.proves("")
		r.sees("again", `button[value="yes"]`)
		r.press(`button[value="yes"]`)
		r.sees("allowed", ".languagelist")
	}},
	{name: "J19", own: true, walk: func(r *reader) {
		r.open(link(r.t, r.w, devworld.Liisa, invitationPath))
		r.speaks()
		r.proves(devworld.LiisaSeed)
		r.press(`button[value="yes"]`)
		r.settles()
		r.press(`nav a[href="/portal/people"]`)
		r.write("#list", devworld.Ville+"\nnobody")
		r.press(`button[value="send"]`)
		r.sees("sent", ".problem")
		r.reads("nobody")

		r.rises()
		r.open(link(r.t, r.w, devworld.Pat, "/programme/requests"))
		r.signsIn(devworld.Pat, devworld.PatSeed)
		r.sees("queue", `button[value="approve"]`)
		r.press(`button[value="approve"]`)
		r.sees("approved", ".note")

		r.rises()
		r.open(link(r.t, r.w, devworld.Ville, "/portal"))
		r.signsIn(devworld.Ville, "")
		r.press(`button[value="yes"]`)
		r.settles()
	}},
	{name: "J22", walk: func(r *reader) {
		r.open(link(r.t, r.w, devworld.Anna, invitationPath))
		r.speaks()
		r.sees("invited", "#password")
		r.reads(devworld.Anna)
		r.press(`button[value="another"]`)
		r.enter("#address", devworld.Ville)
		r.sees("mismatch", `button[value="yes"]`)
		r.reads(devworld.Anna, devworld.Ville)
		r.press(`button[value="yes"]`)
		r.sees("back", "#password")
		r.reads(devworld.Anna)
	}},
	{name: "J25", own: true, walk: func(r *reader) {
		r.open(link(r.t, r.w, devworld.Liisa, invitationPath))
		r.speaks()
		r.proves(devworld.LiisaSeed)
		r.sees("box", "#forall")
		r.tick("#forall")
		r.press(`button[value="yes"]`)
		r.sees("effect", `button[value="yes"]`)
		r.press(`button[value="yes"]`)
		r.sees("allowed", ".languagelist")

		r.rises()
		r.open(link(r.t, r.w, devworld.Anna, invitationPath))
		r.speaks()
		r.proves("")
		r.sees("colleague", ".languagelist")

		r.rises()
		r.open("/programme/members")
		r.signsIn(devworld.Pat, devworld.PatSeed)
		r.sees("owner", ".badge.good")
	}},
	{name: "J26", own: true, walk: func(r *reader) {
		r.open(link(r.t, r.w, devworld.Anna, invitationPath))
		r.speaks()
		r.proves("")
		r.press(`button[value="yes"]`)
		r.settles()

		r.rises()
		r.open("/programme/terms")
		r.signsIn(devworld.Pat, devworld.PatSeed)
		r.sees("owner", "#text")
		r.reads(devworld.Anna)
		r.write("#text", "New terms of May.")
		r.write("#text-fi", "Toukokuun uudet ehdot.")
		r.write("#text-sv", "Nya villkor i maj.")
		r.press(`button[value="preview"]`)
		r.sees("preview", `button[value="publish"]`)
		r.press(`button[value="publish"]`)
		r.sees("published", ".note")

		r.rises()
		r.open("/portal")
		r.signsIn(devworld.Anna, "")
		r.sees("new-terms", `button[value="accept"]`)
		r.press(`button[value="decline"]`)
		r.sees("declined", ".note")
		r.press(`button[value="accept"]`)
		r.sees("accepted", ".checklist")
	}},
	{name: "J27", walk: func(r *reader) {
		r.open(link(r.t, r.w, devworld.Anna, invitationPath))
		r.speaks()
		r.proves("")
		r.press(`button[value="yes"]`)
		r.settles()
		r.press(`.buttons a[href="/portal/walkthrough"]`)
		r.sees("walkthrough", "#when")
		day := r.w.Inside().Source.Now().AddDate(0, 0, 3)
		if r.script {
			r.do(chromedp.SetValue(chromedp.CSS("#when"), day.Format(time.DateOnly)))
		} else {
			r.reach("#when")
			r.do(chromedp.KeyEvent(day.Format("01022006")))
		}
		r.write("#reason", "Show me the deals")
		r.press(`button[value="book"]`)
		r.sees("booked", ".note")

		// Coming back takes an address and a password.
		r.rises()
		r.open("/portal")
		r.enter("#address", devworld.Anna)
		r.enter("#password", ententetest.Password)
		r.sees("back", ".checklist")
	}},
	{name: "J40", own: true, walk: func(r *reader) {
		r.open("/portal")
		r.signsIn(devworld.Ville, "")
		r.press(`button[value="yes"]`)
		r.press(`a[href="/portal/swap"]`)
		r.sees("swap", "#address")
		r.enter("#address", devworld.Niko)
		r.sees("code", "#code")
		r.enter("#code", "000000")
		r.sees("wrong-code", ".problem")
		r.enter("#code", mailCode(r.t, r.w, devworld.Niko))
		r.sees("swapped", `a.button[href="/portal"]`)
		r.press(`a.button[href="/portal"]`)
		r.settles()

		// The old mailbox takes it back.
		r.rises()
		r.open(link(r.t, r.w, devworld.Niko, "/portal/undo/"))
		r.sees("undo", `button[value="undo"]`)
		r.press(`button[value="undo"]`)
		r.sees("undone", `a.button[href="/portal"]`)
	}},
}
