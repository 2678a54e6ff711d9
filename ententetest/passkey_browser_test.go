package ententetest_test

import (
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"
	"github.com/entente-id/entente/ententetest"
	"github.com/entente-id/entente/internal/devworld"
)

// named starts a world under a host name: a passkey belongs to a name, never to
// an address of four numbers.
func named(t *testing.T) *ententetest.World {
	t.Helper()
	return namedWith(t, ententetest.Options{})
}

func namedWith(t testing.TB, o ententetest.Options) *ententetest.World {
	t.Helper()
	front := httptest.NewUnstartedServer(nil)
	front.StartTLS()
	t.Cleanup(front.Close)
	o.Origin = strings.Replace(front.URL, "127.0.0.1", "localhost", 1)
	w := ententetest.StartWith(t, o)
	behind, err := url.Parse(w.Address())
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(behind)
	proxy.Transport = w.Client().Transport
	front.Config.Handler = proxy
	return w
}

// key puts an authenticator into the browser: one that is built in, with a
// finger that is always there.
func (d *desk) key() webauthn.AuthenticatorID {
	d.t.Helper()
	if _, err := chromedp.Call(d.tab, webauthn.Enable, webauthn.EnableParams{}); err != nil {
		d.t.Fatal(err)
	}
	made, err := chromedp.Call(d.tab, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
		Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportInternal,
		HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
	}})
	if err != nil {
		d.t.Fatal(err)
	}
	return made.AuthenticatorID
}

// enter signs in with a password on the way to a page of the account.
func (d *desk) enter(w *ententetest.World, path, signInName string) {
	d.t.Helper()
	d.goes(w.Origin + path)
	d.types("#address", signInName)
	d.types("#password", devworld.Password)
}

// signOut ends the session of the browser.
func (d *desk) signOut(w *ententetest.World) {
	d.t.Helper()
	d.goes(w.Origin + "/signout")
	d.clicks(`button[value="yes"], button[name="pick"]`)
}

func TestAPasskeyIsAddedUsedRefusedAndRemovedInARealBrowser(t *testing.T) {
	axe, err := os.ReadFile("../interop/node_modules/axe-core/axe.min.js")
	if err != nil {
		skip(t, "axe-core is not installed: npm ci --prefix interop")
	}
	w := named(t)
	d := newDesk(t, "passkey", 1280, 860)
	d.axe = string(axe)
	authenticator := d.key()
	d.enter(w, "/account", devworld.Private)
	d.sees("1-account", `a[href="/account/ways"]`)
	d.goes(w.Origin + "/account/passkeys/new")
	d.sees("2-add", "#passkey button")
	d.clicks("#passkey button")
	d.sees("3-added", `a[href="/account/password"]`)
	kept, err := chromedp.Call(d.tab, webauthn.GetCredentials, webauthn.GetCredentialsParams{AuthenticatorID: authenticator})
	if err != nil || len(kept.Credentials) != 1 || !kept.Credentials[0].IsResidentCredential {
		t.Fatalf("the authenticator holds %+v, %v", kept, err)
	}
	d.signOut(w)

	// With the passkey alone: no address, no password, no code.
	d.goes(w.Origin + "/account/ways")
	d.sees("4-address", "#passkey button")
	d.clicks("#passkey button")
	d.do(chromedp.WaitVisible(chromedp.CSS(`a[href="/account/passkeys/new"]`)))
	d.signOut(w)

	// Beside a password it is the second factor.
	d.enter(w, "/account/ways", devworld.Private)
	d.sees("4-second-factor", "#passkey button")
	d.clicks("#passkey button")
	d.do(chromedp.WaitVisible(chromedp.CSS(`a[href="/account/passkeys/new"]`)))
	d.signOut(w)

	// An answer that was changed on the way opens nothing.
	d.goes(w.Origin + "/account/ways")
	d.do(chromedp.WaitVisible(chromedp.CSS("#passkey button")))
	if _, err := chromedp.Run(d.tab, chromedp.Evaluate[any](`(() => {
		const get = navigator.credentials.get.bind(navigator.credentials);
		navigator.credentials.get = async (o) => {
			const answer = (await get(o)).toJSON();
			const s = answer.response.signature;
			answer.response.signature = s.slice(0, -8) + (s.at(-8) === 'A' ? 'B' : 'A') + s.slice(-7);
			return answer;
		};
	})();0`)); err != nil {
		t.Fatal(err)
	}
	d.clicks("#passkey button")
	d.sees("5-refused", ".problem")

	// Removed on the account page, it opens nothing either, although the
	// device still has it.
	d.goes(w.Origin + "/account/ways")
	d.clicks("#passkey button")
	d.do(chromedp.WaitVisible(chromedp.CSS(`a[href="/account/passkeys/new"]`)), chromedp.Click(chromedp.CSS("summary")))
	d.clicks(`button[value="remove"]`)
	d.do(chromedp.WaitVisible(chromedp.CSS(`[role=status].note`)))
	d.signOut(w)
	d.goes(w.Origin + "/account/ways")
	d.clicks("#passkey button")
	d.sees("6-gone", ".problem")
}

func TestANewPersonalAccountBeginsWithAPasskeyInABrowser(t *testing.T) {
	const newcomer = "newcomer@letters.example"
	w := named(t)
	d := newDesk(t, "passkey-new", 360, 740)
	d.key()
	d.goes(w.Origin + "/account")
	d.types("#address", newcomer)
	d.clicks(`button[value="sign-up"]`)
	d.do(chromedp.WaitVisible(chromedp.CSS("#code")))
	codes := sixDigits.FindAllString(mailsTo(t, w, newcomer), -1)
	if len(codes) == 0 {
		t.Fatal("no code came")
	}
	d.types("#code", codes[0])
	d.sees("1-new", "#passkey button")
	d.writes("#name", "New Comer")
	d.clicks("#passkey button")
	d.sees("2-codes", "#kept")
	d.do(chromedp.Click(chromedp.CSS("#kept")))
	d.clicks("button.primary")
	d.sees("3-account", `a[href="/account/ways"]`)
	d.signOut(w)
	d.goes(w.Origin + "/account/ways")
	d.clicks("#passkey button")
	d.do(chromedp.WaitVisible(chromedp.CSS(`a[href="/account/password"]`)))
}

func TestTheAccountPagesHoldTogetherNarrowAndDarkAndWithoutScriptInABrowser(t *testing.T) {
	axe, err := os.ReadFile("../interop/node_modules/axe-core/axe.min.js")
	if err != nil {
		skip(t, "axe-core is not installed: npm ci --prefix interop")
	}
	w := ententetest.Start(t)
	d := newDesk(t, "account-narrow", 360, 740)
	d.prefers("dark")
	d.axe = string(axe)
	d.enter(w, "/account", devworld.Private)
	d.sees("1-home", `a[href="/account/ways"]`)
	for _, page := range []string{"ways", "password", "devices", "apps", "sign-in-name", "authenticator"} {
		d.goes(w.Origin + "/account/" + page)
		d.sees("2-"+page, "h1")
	}
	bare := newDesk(t, "account-bare", 360, 740)
	bare.scriptless()
	bare.enter(w, "/account/ways", devworld.Private)
	bare.sees("1-ways", `a[href="/account/passkeys/new"]`)
	bare.goes(w.Origin + "/account/passkeys/new")
	bare.sees("2-passkey", "noscript")
}
