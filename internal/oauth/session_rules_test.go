package oauth_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/entente-id/entente/ententetest"
	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/devworld"
	"github.com/entente-id/entente/internal/fault"
)

// clock is a time that a test moves.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

func clockedDesk(t *testing.T) (desk, *clock) {
	t.Helper()
	c := &clock{at: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}
	return newDesk(t, ententetest.Options{Now: c.Now}), c
}

// change edits an account behind everybody's back, as an administrator does.
func (d desk) change(signInName string, edit func(*account.Account)) {
	d.Helper()
	people := d.w.Inside().People
	person, err := people.Named(d.Context(), devworld.Northwind, signInName)
	if err != nil {
		d.Fatal(err)
	}
	edit(&person)
	if err := people.Save(d.Context(), person); err != nil {
		d.Fatal(err)
	}
}

func TestPromptNoneNeverShowsAPage(t *testing.T) {
	d := newDesk(t, ententetest.Options{})
	silent := func(what, want string, more ...string) {
		t.Helper()
		before := len(d.v.Steps)
		got := d.signIn(append([]string{"prompt", "none", "state", "s"}, more...)...)
		if got.Get("error") != want || got.Has("code") == (want != "") || got.Get("state") != "s" || len(d.v.Steps) != before {
			t.Errorf("%s: %v after pages %q, want %q", what, got, d.v.Steps[before:], want)
		}
	}
	public := []string{"client_id", ententetest.DeskApp, "code_challenge", challenge, "code_challenge_method", "S256"}
	silent("nobody is signed in", "login_required")
	d.signIn()
	silent("signed in and consented", "")
	silent("signed in, no consent", "consent_required", public...)
	silent("somebody else is expected", "login_required", "login_hint", ententetest.Integration)
	silent("an access token as hint", "login_required", "id_token_hint", text(d.tokens(), "access_token"))
	d.v.SignInName = ententetest.Integration
	d.signIn("prompt", "login")
	silent("two people are signed in", "interaction_required")
	d.change(ententetest.Ada, func(a *account.Account) { a.SessionsFrom = ententetest.Now().Add(time.Hour) })
	silent("the session was ended from afar", "login_required", "login_hint", ententetest.Ada)
}

func TestPromptLoginAndMaxAgeZeroAskForFreshProof(t *testing.T) {
	d, c := clockedDesk(t)
	proved := func(more ...string) (at float64, pages int) {
		t.Helper()
		before := len(d.v.Steps)
		return claimsOf(t, text(d.tokens(more...), "id_token"))["auth_time"].(float64), len(d.v.Steps) - before
	}
	first, _ := proved()
	for _, more := range [][]string{{"prompt", "login"}, {"max_age", "0"}, {"max_age", "59"}} {
		c.pass(time.Minute)
		if at, pages := proved(more...); at != float64(c.Now().Unix()) || pages < 2 {
			t.Errorf("%v: proved at %.0f after %d pages, want %d", more, at, pages, c.Now().Unix())
		}
	}
	last := float64(c.Now().Unix())
	c.pass(time.Minute)
	for _, more := range [][]string{nil, {"max_age", "60"}} {
		if at, pages := proved(more...); at != last || pages != 0 || at == first {
			t.Errorf("%v: proved at %.0f after %d pages, want %.0f after none", more, at, pages, last)
		}
	}
}

func TestStartingAgainStillAsksForFreshProof(t *testing.T) {
	d := newDesk(t, ententetest.Options{})
	for _, prompt := range []string{"login", "consent", "select_account"} {
		d.v.SignInName = "lee@northwind.example"
		if _, err := d.v.SignIn(t.Context(), d.authorize("prompt", prompt, "login_hint", "lee@northwind.example"), registered); err == nil {
			t.Fatal("a disabled account signs in")
		}
		if !strings.Contains(d.v.Page.Body, "prompt="+prompt) {
			t.Errorf("the page's way to start again forgot prompt=%s", prompt)
		}
	}
}

func TestAnApplicationAloneGetsAnAccessTokenAndNothingElse(t *testing.T) {
	d := newDesk(t, ententetest.Options{})
	status, got := d.token("grant_type", "client_credentials", "scope", "https://graph.microsoft.com/.default offline_access openid")
	if status != http.StatusOK || got["access_token"] == nil || got["refresh_token"] != nil || got["id_token"] != nil || got["scope"] != nil {
		t.Errorf("%d %v", status, got)
	}
	status, got = d.token("grant_type", "client_credentials", "scope", "https://graph.microsoft.com/.default", "client_id", ententetest.DeskApp, "client_secret", "")
	d.refused("a public client", fault.CredentialMissing, status, got)
}

func TestAClientProvesItselfInOneWay(t *testing.T) {
	d := newDesk(t, ententetest.Options{})
	basic := func(user, password string, form url.Values) reply {
		form.Set("grant_type", "client_credentials")
		form.Set("scope", "https://graph.microsoft.com/.default")
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, d.w.Origin+"/"+ententetest.Northwind+"/oauth2/v2.0/token", strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		request.SetBasicAuth(user, password)
		return send(t, d.w, request)
	}
	encoded := strings.ReplaceAll(ententetest.PortalSecret, "-", "%2D")
	for _, c := range []struct {
		name, user, password string
		form                 url.Values
		status               int
	}{
		{"percent-encoded parts", strings.ReplaceAll(ententetest.PortalApp, "-", "%2d"), encoded, url.Values{}, http.StatusOK},
		{"the same name in the body", ententetest.PortalApp, encoded, url.Values{"client_id": {strings.ToUpper(ententetest.PortalApp)}}, http.StatusOK},
		{"another name in the body", ententetest.PortalApp, encoded, url.Values{"client_id": {ententetest.NightlyApp}}, http.StatusBadRequest},
		{"a secret in the body too", ententetest.PortalApp, encoded, url.Values{"client_secret": {ententetest.PortalSecret}}, http.StatusBadRequest},
		{"an assertion too", ententetest.PortalApp, encoded, url.Values{"client_assertion": {"a.b.c"}}, http.StatusBadRequest},
		{"a broken encoding", ententetest.PortalApp, "%zz", url.Values{}, http.StatusBadRequest},
		{"a wrong secret", ententetest.PortalApp, "wrong", url.Values{}, http.StatusUnauthorized},
	} {
		got := basic(c.user, c.password, c.form)
		if got.status != c.status {
			t.Errorf("%s: %d %s", c.name, got.status, got.body)
		}
		if c.status == http.StatusUnauthorized && !strings.HasPrefix(got.header.Get("WWW-Authenticate"), "Basic ") {
			t.Errorf("%s: no challenge (RFC 6749 5.2)", c.name)
		}
	}
}

func TestASecretEndsAtItsInstantAndNotBefore(t *testing.T) {
	d, c := clockedDesk(t)
	status, got := d.token("grant_type", "client_credentials", "scope", "https://graph.microsoft.com/.default", "client_secret", devworld.ExpiredSecret)
	d.refused("last year's", fault.SecretExpired, status, got)
	apps := d.w.Inside().Apps
	portal, err := apps.Find(t.Context(), devworld.Portal)
	if err != nil {
		t.Fatal(err)
	}
	end := c.Now().Add(time.Hour)
	if err := apps.Save(t.Context(), portal, []application.Credential{application.SecretCredential("5ec00000-0000-4000-8000-000000000009", "hourly", "an-hour-is-enough", end)}); err != nil {
		t.Fatal(err)
	}
	try := []string{"grant_type", "client_credentials", "scope", "https://graph.microsoft.com/.default", "client_secret", "an-hour-is-enough"}
	c.pass(time.Hour - time.Nanosecond)
	if status, got := d.token(try...); status != http.StatusOK {
		t.Errorf("a nanosecond before: %d %v", status, got)
	}
	c.pass(time.Nanosecond)
	status, got = d.token(try...)
	d.refused("at its end", fault.SecretExpired, status, got)
}

func TestWhatEndsAPersonsAccessEndsTheirRefreshTokensAtOnce(t *testing.T) {
	later := func(a *account.Account) { a.SessionsFrom = ententetest.Now().Add(time.Hour) }
	for name, c := range map[string]struct {
		end  func(desk)
		want fault.Code
	}{
		"account switched off": {func(d desk) { d.change(ententetest.Integration, func(a *account.Account) { a.Disabled = true }) }, fault.AccountDisabled},
		"sessions revoked":     {func(d desk) { d.change(ententetest.Integration, later) }, fault.GrantRevoked},
		"consent withdrawn":    {withdraw, fault.ConsentMissing},
		"second factor demanded": {func(d desk) {
			d.change(ententetest.Integration, func(a *account.Account) { a.MFA = account.MFAEnforced })
		}, fault.SecondFactorRequired},
		"second factor demanded by the organisation": {demand, fault.SecondFactorRequired},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t, ententetest.Options{})
			d.v = d.w.Visitor(ententetest.Integration)
			token := text(d.tokens(), "refresh_token")
			status, got := d.refresh(token, "claims", `{"access_token":{"amr":{"value":"mfa"}}}`, "amr_values", "mfa")
			if status != http.StatusOK {
				t.Fatalf("before: %d %v", status, got)
			}
			if amr, _ := json.Marshal(claimsOf(t, text(got, "access_token"))["amr"]); string(amr) != `["pwd"]` {
				t.Errorf("a refresh made amr %s of a password", amr)
			}
			c.end(d)
			status, got = d.refresh(text(got, "refresh_token"))
			d.refused("after", c.want, status, got)
		})
	}
}

func withdraw(d desk) {
	d.Helper()
	integration, err := d.w.Inside().People.Named(d.Context(), devworld.Northwind, ententetest.Integration)
	if err != nil {
		d.Fatal(err)
	}
	by := audit.Caller{Tenant: devworld.Northwind, Home: devworld.Northwind, Account: integration.ID}
	if err := d.w.Inside().Consents.Withdraw(d.Context(), by, devworld.Portal, false); err != nil {
		d.Fatal(err)
	}
}

func demand(d desk) {
	d.Helper()
	northwind, err := d.w.Inside().Tenants.Find(d.Context(), devworld.Northwind)
	if err != nil {
		d.Fatal(err)
	}
	northwind.Settings.RequireMFA = true
	if err := d.w.Inside().Tenants.Save(d.Context(), northwind); err != nil {
		d.Fatal(err)
	}
}

func TestIDTokensAndAccessTokensAreNotTakenForEachOther(t *testing.T) {
	d := newDesk(t, ententetest.Options{})
	got := d.tokens()
	for _, path := range []string{"/v1.0/me", "/" + ententetest.Northwind + "/openid/userinfo"} {
		for kind, want := range map[string]int{"id_token": http.StatusUnauthorized, "access_token": http.StatusOK} {
			request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, d.w.Origin+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			request.Header.Set("Authorization", "Bearer "+text(got, kind))
			if answer := send(t, d.w, request); answer.status != want {
				t.Errorf("%s with the %s: %d %.200s", path, kind, answer.status, answer.body)
			}
		}
	}
	if page := d.get(d.signOut(text(got, "access_token"))); page.status != http.StatusBadRequest || !strings.Contains(page.body, `id="reference"`) {
		t.Errorf("sign-out with an access token as hint: %d", page.status)
	}
}

func (d desk) signOut(hint string) string {
	return d.w.Origin + "/" + ententetest.Northwind + "/oauth2/v2.0/logout?" + url.Values{
		"id_token_hint": {hint}, "post_logout_redirect_uri": {registered}, "state": {"s"}}.Encode()
}

func TestSignOutEndsTheSessionAlsoForAKeptCookie(t *testing.T) {
	d := newDesk(t, ententetest.Options{})
	d.signIn()
	kept := cookies(d.v)
	answer := func() string {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, d.authorize("prompt", "none"), nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Cookie", kept)
		return send(t, d.w, request).header.Get("Location")
	}
	if got := answer(); !strings.Contains(got, "code=") {
		t.Fatalf("the cookie opens nothing even before: %q, cookies %q", got, kept)
	}
	hint := text(d.tokens(), "id_token")
	if err := d.v.Open(t.Context(), d.signOut(hint)); err != nil {
		t.Fatal(err)
	}
	if got := d.v.Page.Header.Get("Location"); got != registered+"?state=s" {
		t.Errorf("after sign-out: %d, sent to %q", d.v.Page.Status, got)
	}
	if got := answer(); !strings.Contains(got, "error=login_required") {
		t.Errorf("the kept cookie still opens the session: %q", got)
	}
	if got := d.signIn("prompt", "none"); got.Get("error") != "login_required" {
		t.Errorf("the browser itself: %v", got)
	}
}

func TestAStrangersHintSignsNobodyOut(t *testing.T) {
	d := newDesk(t, ententetest.Options{})
	stranger := desk{t, d.w, d.w.Visitor(ententetest.Integration)}
	hint := text(stranger.tokens(), "id_token")
	d.signIn()
	if err := d.v.Open(t.Context(), d.signOut(hint)); err != nil {
		t.Fatal(err)
	}
	if got := d.signIn("prompt", "none"); got.Get("code") == "" {
		t.Errorf("a link with somebody else's ID token ended the session: %v", got)
	}
}

var flowField = regexp.MustCompile(`name="flow" value="([^"]+)"`)

// flow is the sealed journey in the page's form.
func (d desk) flow() string {
	d.Helper()
	found := flowField.FindStringSubmatch(d.v.Page.Body)
	if found == nil {
		d.Fatalf("%q has no form", d.v.Page.Title)
	}
	return found[1]
}

func (d desk) submit(typed url.Values) {
	d.Helper()
	if err := d.v.Submit(d.Context(), "do=next", typed); err != nil {
		d.Fatal(err)
	}
}

func (d desk) shows(code fault.Code) {
	d.Helper()
	titles := map[fault.Code]string{fault.OtherBrowser: "another browser", fault.PageExpired: "out of date"}
	if !strings.Contains(d.v.Page.Title, titles[code]) {
		d.Errorf("%q with status %d does not say %d", d.v.Page.Title, d.v.Page.Status, code)
	}
}

func TestAFormServesOneBrowserOnceAndFromItsOwnSite(t *testing.T) {
	d := newDesk(t, ententetest.Options{})
	other := desk{t, d.w, d.w.Visitor(ententetest.Ada)}
	for _, at := range []desk{d, other} {
		if err := at.v.Open(t.Context(), at.authorize()); err != nil {
			t.Fatal(err)
		}
	}
	other.submit(url.Values{"flow": {d.flow()}, "address": {ententetest.Ada}})
	other.shows(fault.OtherBrowser)

	d.submit(url.Values{"address": {ententetest.Ada}})
	password := d.flow()
	d.submit(url.Values{"password": {ententetest.Password}})
	d.submit(url.Values{"flow": {password}, "password": {ententetest.Password}})
	d.shows(fault.PageExpired)

	foreign := desk{t, d.w, d.w.Visitor(ententetest.Ada)}
	if err := foreign.v.Open(t.Context(), foreign.authorize()); err != nil {
		t.Fatal(err)
	}
	typed := url.Values{"do": {"next"}, "address": {ententetest.Ada}, "flow": {foreign.flow()}}
	for site, welcome := range map[string]bool{"cross-site": false, "same-site": false, "same-origin": true} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, d.w.Origin+formTarget.FindStringSubmatch(foreign.v.Page.Body)[1], strings.NewReader(typed.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		request.Header.Set("Sec-Fetch-Site", site)
		request.Header.Set("Cookie", cookies(foreign.v))
		if got := send(t, d.w, request); strings.Contains(got.body, `name="password"`) != welcome {
			t.Errorf("a form sent %s: %d, goes on is %v", site, got.status, !welcome)
		}
	}
}
