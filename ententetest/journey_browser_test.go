package ententetest_test

import (
	"net/url"
	"strings"

	"github.com/entente-id/entente/ententetest"
	"github.com/entente-id/entente/internal/devworld"
)

// signInJourneys are those of the sign-in itself.
var signInJourneys = []journey{
	{name: "J01", walk: func(r *reader) {
		r.open("/check")
		r.enter("#address", devworld.Anna)
		r.sees("connected", ".finding")
	}},
	{name: "J02", walk: func(r *reader) {
		a := newApp(r.t)
		start := func(more url.Values) {
			more.Set("scope", "openid profile")
			r.open(a.authorize(r.w, more))
		}
		for _, name := range []string{devworld.Anna, devworld.Ville} {
			start(url.Values{"prompt": {"login"}, "login_hint": {name}})
			r.enter("#password", ententetest.Password)
			r.press(`button[value="yes"]`)
			a.arrived(r.desk)
			if name == devworld.Anna {
				// The browser knows one person: nothing is asked.
				start(url.Values{})
				a.arrived(r.desk)
			}
		}
		start(url.Values{})
		r.sees("who", `button[name="pick"]`)
		r.reads(devworld.Anna, devworld.Ville)
		r.press(`button[name="pick"]`)
		a.arrived(r.desk)
	}},
	{name: "J03", walk: func(r *reader) {
		r.open(bothKinds(devworld.Mari))
		r.sees("kind", `button[value="work"]`)
		r.press(`button[value="work"]`)
		r.press(`button[value="another"]`)
		r.sees("another", "#address")
	}},
	{name: "J09-J23", walk: func(r *reader) {
		r.open(bothKinds(devworld.Mari))
		r.press(`button[value="personal"]`)
		r.enter("#password", ententetest.Password)
		r.sees("consent", `button[value="yes"]`)
	}},
	{name: "J10", walk: func(r *reader) {
		r.open("/organizations/oauth2/v2.0/authorize?response_type=code")
		r.sees("broken-request", ".fixer")
	}},
	{name: "J11", walk: func(r *reader) {
		r.open(portalFor(devworld.Niko))
		r.sees("unknown", `button[value="help"]`)
		r.press(`button[value="help"]`)
		r.sees("asked", ".reference")
	}},
	{name: "J16", walk: connectCompany},
	{name: "J20", walk: func(r *reader) {
		r.open("/check")
		r.sees("check", "#address")
		if r.count(`html[lang="`+r.language+`"]`) != 1 {
			r.t.Errorf("the page %q does not speak %s", r.title(), r.language)
		}
	}},
	{name: "J21", walk: func(r *reader) {
		r.open("/portal")
		r.sees("start", "#address")
		if n := r.count(`#main input:not([type="hidden"]), #main textarea, #main select`); n != 1 {
			r.t.Errorf("the portal begins with %d questions", n)
		}
	}},
	{name: "J24", walk: func(r *reader) {
		r.open(portalFor(devworld.Anna))
		r.sees("whose", "#password")
		if whose := r.text("header.brand"); whose != "Contoso" {
			r.t.Errorf("the page is said to be of %q", whose)
		}
		r.reads(devworld.Anna)
		r.enter("#password", ententetest.Password)
		r.sees("proved", `button[value="yes"]`)
	}},
	{name: "J28-J33-J44", walk: func(r *reader) {
		r.open("/error?code=90094")
		r.sees("code", ".fixer")
		r.open("/explain")
		r.enter("#reference", "AAAA-BBBB")
		r.sees("unknown-reference", ".problem")
	}},
	{name: "J29", walk: func(r *reader) {
		r.open(portalFor(devworld.Private))
		r.sees("consumer", ".problem")
	}},
	{name: "J30", walk: func(r *reader) {
		r.open("/account?login_hint=" + url.QueryEscape(devworld.Mari))
		r.press(`button[value="personal"]`)
		r.enter("#password", ententetest.Password)
		r.sees("account", `a[href="/account/ways"]`)
		r.open("/portal")
		r.sees("wrong-kind", ".fixer")
		r.press(`a.button[href*="login_hint=mari"]`)
		r.sees("back-with-address", "#password")
	}},
	{name: "J31", walk: func(r *reader) {
		r.open(portalFor(devworld.Ville))
		r.enter("#password", "not this one")
		r.sees("wrong-password", ".problem")
		r.open(portalFor("x@" + url.PathEscape("nobody.example")))
		r.sees("unknown-domain", ".ways")
	}},
	{name: "J32", own: true, walk: func(r *reader) {
		r.open(portalFor(devworld.Kai))
		r.enter("#password", ententetest.Password)
		r.sees("ask", "#reason")
		r.write("#reason", "We register our deals there.")
		r.press(`button[value="send"]`)
		r.sees("waiting", ".timeline")
	}},
	{name: "sign-up", walk: func(r *reader) {
		address := "new-" + strings.ReplaceAll(r.label, "-", "") + "@personal.example"
		r.open(bothKinds(address))
		r.press(`button[value="sign-up"]`)
		r.sees("mailbox", "#code")
		r.enter("#code", mailedCode(r.t, r.w, address))
		r.sees("account", "#name")
	}},
}

// connectCompany is J16: IT connects the company's own sign-in on the guided
// page, and its people come in by it.
func connectCompany(r *reader) {
	// A browser's cookies know hosts, not ports: ours is under another name.
	c := newCompanyWith(r.t, namedWith)
	r.w = c.ours
	r.open("/organisation/sign-in?kind=entra")
	r.signsIn(alva, "")
	r.sees("page", "#issuer")
	settings := c.settings()
	for _, field := range []string{"name", "issuer", "client", "secret", "pinned"} {
		r.write("#"+field, settings.Get(field))
	}
	r.press(`button[value="save"]`)
	// What changes something wants a second factor first.
	r.setsUpFactor()
	r.press(`#main form button.primary`)
	r.sees("saved", `button[value="check"]`)
	r.press(`button[value="check"]`)
	r.sees("checked", ".badge.good")
	r.press(`button[value="try"]`)
	r.sees("company", "#address")
	r.signsIn(alva, "")
	r.setsUpFactor()
	r.press(`button[value="yes"]`)
	r.sees("result", `button[value="link"]`)
	r.reads("Alva Alm", alva)
	r.press(`button[value="link"]`)
	r.press(`button[value="on"]`)
	r.sees("on", `button[value="off"]`)

	r.open("/signout")
	r.press(`button[value="yes"]`)
	r.open("/account")
	r.enter("#address", alva)
	r.press(`button[value="work"]`)
	if !r.script {
		// With script the page leads on by itself.
		r.sees("way", `button[data-press]`)
		r.press(`button[data-press]`)
	}
	r.sees("in", `a[href="/account/ways"]`)
	r.reads("Alva Alm")
}

// setsUpFactor answers the pages that add an authenticator app.
func (r *reader) setsUpFactor() {
	r.t.Helper()
	r.sees("factor", "#code")
	seed := r.text("#secret")
	r.enter("#code", code(r.t, strings.ReplaceAll(seed, " ", ""), r.w.Inside().Source.Now()))
	r.sees("codes", "#kept")
	r.tick("#kept")
	r.press(`button[value="next"]`)
}
