package oauth_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/entente-id/entente/ententetest"
	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/credential"
	"github.com/entente-id/entente/internal/devworld"
	"github.com/entente-id/entente/internal/fault"
	"github.com/go-jose/go-jose/v4"
)

// listener is an application's own server, which is told of sign-outs.
type listener struct {
	*httptest.Server
	mu     sync.Mutex
	told   []url.Values
	status int
}

func newListener(t *testing.T) *listener {
	t.Helper()
	l := &listener{status: http.StatusOK}
	l.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		l.mu.Lock()
		defer l.mu.Unlock()
		if err := r.ParseForm(); err != nil || r.Method != http.MethodPost {
			t.Errorf("%s %v", r.Method, err)
		}
		l.told = append(l.told, r.PostForm)
		w.WriteHeader(l.status)
	}))
	t.Cleanup(l.Close)
	return l
}

func (l *listener) answers(status int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.status = status
}

func (l *listener) heard() []url.Values {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.told)
}

// channels is a desk whose Portal wants to be told of sign-outs.
func channels(t *testing.T) (desk, *clock, *listener) {
	t.Helper()
	c := &clock{at: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}
	l := newListener(t)
	d := beside(t, c, l.Server)
	d.edit(func(a *application.Application) {
		a.FrontLogout, a.BackLogout = "http://localhost/bye?theme=dark", l.URL+"/logout"
	})
	return d, c, l
}

func (d desk) tellApps() {
	d.Helper()
	if err := d.w.Inside().TellApps(d.Context()); err != nil {
		d.Fatal(err)
	}
}

// TestAnAppIsToldThatASessionHasEnded are rows R125 and R126, over a journey of
// two sign-ins in one browser.
func TestAnAppIsToldThatASessionHasEnded(t *testing.T) {
	d, c, l := channels(t)
	first := claimsOf(t, text(d.tokens(), "id_token"))
	// The person proves themselves again: the app knows them by the first
	// session still.
	c.pass(time.Minute)
	hint := text(d.tokens("prompt", "login"), "id_token")
	second := claimsOf(t, hint)
	if first["sid"] == nil || first["sid"] == second["sid"] {
		t.Fatalf("session ids %v and %v", first["sid"], second["sid"])
	}
	d.tellApps()
	if got := l.heard(); len(got) != 0 {
		t.Fatalf("told while the session lives: %v", got)
	}
	if err := d.v.Open(t.Context(), d.signOut(hint)); err != nil {
		t.Fatal(err)
	}
	l.answers(http.StatusServiceUnavailable)
	d.tellApps()
	d.tellApps()
	if got := l.heard(); len(got) != 2 {
		t.Fatalf("told %d times before the wait is over, want once for each session id", len(got))
	}
	l.answers(http.StatusNoContent)
	c.pass(time.Minute)
	d.tellApps()
	c.pass(time.Hour)
	d.tellApps()
	told := l.heard()
	if len(told) != 4 {
		t.Fatalf("told %d times, want a second time for each that failed", len(told))
	}
	_, keys := document(t, d.w, "/"+ententetest.Northwind+"/discovery/v2.0/keys")
	var set jose.JSONWebKeySet
	if err := json.Unmarshal([]byte(jsonOf(t, keys)), &set); err != nil {
		t.Fatal(err)
	}
	seen := map[any]bool{}
	for i, form := range told {
		if len(form) != 1 {
			t.Errorf("the body holds %v", form)
		}
		jws, err := jose.ParseSignedCompact(form.Get("logout_token"), []jose.SignatureAlgorithm{jose.RS256})
		if err != nil {
			t.Fatal(err)
		}
		header := jws.Signatures[0].Header
		payload, err := jws.Verify(set.Key(header.KeyID)[0].Key)
		if err != nil || header.ExtraHeaders[jose.HeaderType] != "logout+jwt" {
			t.Errorf("signature: %v, typ %v", err, header.ExtraHeaders)
		}
		var claims map[string]any
		if err := json.Unmarshal(payload, &claims); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"iss", "aud", "sub"} {
			if claims[name] != second[name] {
				t.Errorf("%s is %v, the ID token says %v", name, claims[name], second[name])
			}
		}
		life := claims["exp"].(float64) - claims["iat"].(float64)
		if jsonOf(t, claims["events"]) != `{"http://schemas.openid.net/event/backchannel-logout":{}}` || claims["nonce"] != nil || life <= 0 || life > 120 {
			t.Errorf("claims %v", claims)
		}
		if sid := claims["sid"]; sid != first["sid"] && sid != second["sid"] || seen[claims["jti"]] || claims["jti"] == "" {
			t.Errorf("notice %d: sid %v, jti %v", i, sid, claims["jti"])
		}
		seen[claims["jti"]] = true
		d.servesNowhere(form.Get("logout_token"))
	}
}

// TestAnAppIsToldThatSessionsWereEndedFromAfar is row R126 where nobody signs
// out in the browser itself.
func TestAnAppIsToldThatSessionsWereEndedFromAfar(t *testing.T) {
	for name, end := range map[string]func(desk, account.Account) error{
		"by an admin": func(d desk, a account.Account) error {
			return d.w.Inside().Administration.EndSessions(d.Context(), adminOf(a), a.ID)
		},
		"by the person, elsewhere": func(d desk, a account.Account) error {
			return d.w.Inside().Administration.EndSessions(d.Context(), audit.Caller{Tenant: a.Tenant, Home: a.Tenant, Account: a.ID}, a.ID)
		},
		"by another password": func(d desk, a account.Account) error {
			w := d.w.Inside()
			return w.Safe.ChoosePassword(d.Context(), credential.Told{By: adminOf(a), Person: a, Outbox: w.Outbox}, "seven wet dogs on a roof")
		},
		"by switching the account off": func(d desk, a account.Account) error {
			org, err := d.w.Inside().Tenants.Find(d.Context(), a.Tenant)
			if err != nil {
				return err
			}
			off := true
			return d.w.Inside().Administration.Change(d.Context(), adminOf(a), org, a.ID, account.Amendment{Disabled: &off})
		},
	} {
		t.Run(name, func(t *testing.T) {
			d, c, l := channels(t)
			session := claimsOf(t, text(d.tokens(), "id_token"))
			d.tellApps()
			if got := l.heard(); len(got) != 0 {
				t.Fatalf("told while the session lives: %v", got)
			}
			c.pass(time.Minute)
			ada, err := d.w.Inside().People.Named(t.Context(), devworld.Northwind, ententetest.Ada)
			if err != nil {
				t.Fatal(err)
			}
			if err := end(d, ada); err != nil {
				t.Fatal(err)
			}
			d.tellApps()
			d.tellApps()
			told := l.heard()
			if len(told) != 1 {
				t.Fatalf("told %d times", len(told))
			}
			said := claimsOf(t, told[0].Get("logout_token"))
			if said["sid"] != session["sid"] || said["sub"] != session["sub"] || said["aud"] != session["aud"] {
				t.Errorf("said %v of the session %v", said, session)
			}
		})
	}
}

// adminOf is somebody else who may do everything in the organisation.
func adminOf(a account.Account) audit.Caller {
	return audit.Caller{
		Tenant: a.Tenant, Home: a.Tenant, Account: "b0000000-0000-4000-8000-0000000000ff", DirectoryRoles: []string{account.GlobalAdministrator},
	}
}

// servesNowhere: a logout token is no access token and no ID token (attack A13).
func (d desk) servesNowhere(logoutToken string) {
	d.Helper()
	if caller, err := d.w.Inside().Issuer.Verify(d.Context(), logoutToken); err == nil {
		d.Errorf("it opens our own resources for %v", caller)
	}
	if hint, err := d.w.Inside().Issuer.ReadHint(d.Context(), logoutToken); err == nil {
		d.Errorf("it is taken for an ID token of %v", hint)
	}
}

func TestTheBrowserTellsAppsInHiddenFramesAndThenGoesBack(t *testing.T) {
	d, _, _ := channels(t)
	all := d.tokens()
	session := claimsOf(t, text(all, "id_token"))
	if err := d.v.Open(t.Context(), d.signOut(text(all, "id_token"))); err != nil {
		t.Fatal(err)
	}
	page := d.v.Page
	want := "http://localhost/bye?theme=dark&amp;iss=" + strings.ReplaceAll(url.QueryEscape(session["iss"].(string)), "%3A", "%3a")
	frame := fmt.Sprintf("%s&amp;sid=%s", want, session["sid"])
	if page.Status != http.StatusOK || !strings.Contains(strings.ReplaceAll(page.Body, "%3A", "%3a"), `<iframe hidden src="`+frame+`">`) {
		t.Errorf("%d, no frame of %s in %s", page.Status, frame, page.Body)
	}
	if !strings.Contains(page.Body, `content="3; url=`+registered+`?state=s"`) || !strings.Contains(page.Header.Get("Content-Security-Policy"), "frame-src http://localhost;") {
		t.Errorf("%v\n%s", page.Header, page.Body)
	}
	// Who comes again is nobody's session.
	if err := d.v.Open(t.Context(), d.signOut(text(all, "id_token"))); err != nil || strings.Contains(d.v.Page.Body, "<iframe") {
		t.Errorf("a second sign-out: %v %s", err, d.v.Page.Body)
	}
}

// TestAnAddressThatHearsOfSignOutsIsTheAppsOwn is the registration's side.
func TestAnAddressThatHearsOfSignOutsIsTheAppsOwn(t *testing.T) {
	d := newDesk(t, ententetest.Options{})
	apps := d.w.Inside().Apps
	portal, err := apps.Find(t.Context(), devworld.Portal)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		front, back string
		ok          bool
	}{
		{"", "", true}, {"http://localhost/bye", "https://elsewhere.example/bye", true},
		{"https://elsewhere.example/bye", "", false}, {"http://localhost:1/bye", "", false}, {"javascript:alert(1)", "", false},
		{"http://localhost/bye#x", "", false}, {"", "http://elsewhere.example/bye", false}, {"", "https://u@elsewhere.example/", false},
		{"", "/bye", false}, {"", "https://elsewhere.example/" + strings.Repeat("a", 300), false},
	} {
		changed := portal
		changed.FrontLogout, changed.BackLogout = row.front, row.back
		if err := apps.Save(t.Context(), changed, nil); (err == nil) != row.ok || err != nil && !fault.Has(err, fault.RedirectMismatch) {
			t.Errorf("%q, %q: %v", row.front, row.back, err)
		}
	}
}

// TestANoticeGoesToNoNetworkOfOurs: the world may not fetch from the
// listener, which is on this machine.
func TestANoticeGoesToNoNetworkOfOurs(t *testing.T) {
	l := newListener(t)
	d := newDesk(t, ententetest.Options{})
	d.edit(func(a *application.Application) { a.BackLogout = l.URL + "/logout" })
	hint := text(d.tokens(), "id_token")
	if err := d.v.Open(t.Context(), d.signOut(hint)); err != nil || d.v.Page.Header.Get("Location") != registered+"?state=s" {
		t.Errorf("the person's sign-out: %v %v", err, d.v.Page.Header)
	}
	d.tellApps()
	if got := l.heard(); len(got) != 0 {
		t.Errorf("the canary heard %v", got)
	}
}

// TestASignOutWithoutAHintAsksAndThenGoesBack is row R122.
func TestASignOutWithoutAHintAsksAndThenGoesBack(t *testing.T) {
	d, c := clockedDesk(t)
	logout := func(more ...string) string {
		query := url.Values{}
		for name, value := range with(map[string]string{"client_id": ententetest.PortalApp, "post_logout_redirect_uri": registered, "state": "s"}, more...) {
			query.Set(name, value)
		}
		return d.w.Origin + "/" + ententetest.Northwind + "/oauth2/v2.0/logout?" + query.Encode()
	}
	open := func(address string) shown {
		t.Helper()
		if err := d.v.Open(t.Context(), address); err != nil {
			t.Fatal(err)
		}
		return shown{d.v.Page.Status, d.v.Page.Header.Get("Location"), d.v.Page.Body}
	}
	yes := func() string {
		t.Helper()
		if err := d.v.Submit(t.Context(), "do=yes", nil); err != nil {
			t.Fatal(err)
		}
		return d.v.Page.Header.Get("Location")
	}
	d.signIn()
	if got := open(logout()); got.location != "" || got.status != http.StatusOK {
		t.Errorf("without a hint: %v", got)
	}
	if got := yes(); got != registered+"?state=s" {
		t.Errorf("after the person's word: %q", got)
	}
	if got := d.signIn("prompt", "none"); got.Get("error") != "login_required" {
		t.Errorf("still signed in: %v", got)
	}

	c.pass(time.Minute) // a one-time code serves once
	d.signIn()
	open(logout("post_logout_redirect_uri", "https://stranger.example/"))
	if got := yes(); got != "" {
		t.Errorf("an unregistered address: sent to %q", got)
	}
	c.pass(time.Minute) // a one-time code serves once
	d.signIn()
	open(logout("client_id", ""))
	if got := yes(); got != "" {
		t.Errorf("nobody's address: sent to %q", got)
	}

	c.pass(time.Minute)
	d.signIn()
	d.v.SignInName = ententetest.Integration
	d.signIn("prompt", "login")
	if got := open(logout("logout_hint", ententetest.Ada)); !strings.Contains(got.body, ententetest.Ada) || strings.Contains(got.body, ententetest.Integration) {
		t.Errorf("the hint names one, the page shows %s", got.body)
	}
	yes()
	if got := d.signIn("prompt", "none"); got.Get("code") == "" {
		t.Errorf("the other one is signed out too: %v", got)
	}
	if got := d.signIn("prompt", "none", "login_hint", ententetest.Ada); got.Get("error") != "login_required" {
		t.Errorf("the one who was meant is not: %v", got)
	}
}

// shown is what a browser got to see.
type shown struct {
	status         int
	location, body string
}

func TestAHintOfAnotherClientIsRefusedAtTheSignOut(t *testing.T) {
	d := newDesk(t, ententetest.Options{})
	hint := text(d.tokens(), "id_token")
	if err := d.v.Open(t.Context(), d.signOut(hint)+"&client_id="+ententetest.DeskApp); err != nil {
		t.Fatal(err)
	}
	if d.v.Page.Status != http.StatusBadRequest || !strings.Contains(d.v.Page.Body, jsonNumber(fault.SignOutInvalid)) {
		t.Errorf("%d %s", d.v.Page.Status, d.v.Page.Body)
	}
	if got := d.signIn("prompt", "none"); got.Get("code") == "" {
		t.Errorf("and yet signed out: %v", got)
	}
}

func TestTheMetadataSaysThatSignOutsAreTold(t *testing.T) {
	w := ententetest.Start(t)
	_, got := document(t, w, "/consumers/v2.0/.well-known/openid-configuration")
	for _, name := range []string{
		"frontchannel_logout_supported", "frontchannel_logout_session_supported", "backchannel_logout_supported", "backchannel_logout_session_supported",
	} {
		if got[name] != true {
			t.Errorf("%s is %v", name, got[name])
		}
	}
}
