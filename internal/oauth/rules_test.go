package oauth_test

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/entente-id/entente/ententetest"
	"github.com/entente-id/entente/internal/devworld"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
)

// desk is where an application and its person sit: the same ones for a test.
type desk struct {
	*testing.T
	w *ententetest.World
	v *devworld.Visitor
}

func newDesk(t *testing.T, o ententetest.Options) desk {
	t.Helper()
	w := ententetest.StartWith(t, o)
	return desk{t, w, w.Visitor(ententetest.Ada)}
}

// authorize is the address of Portal's request with some fields changed; an
// empty value takes one away.
func (d desk) authorize(more ...string) string {
	fields := with(map[string]string{
		"client_id": ententetest.PortalApp, "response_type": "code", "redirect_uri": registered, "scope": graphScope,
	}, more...)
	query := url.Values{}
	for name, value := range fields {
		query.Set(name, value)
	}
	return d.w.Origin + "/" + ententetest.Northwind + "/oauth2/v2.0/authorize?" + query.Encode()
}

// signIn walks a request to its end and gives what the application receives.
func (d desk) signIn(more ...string) url.Values {
	d.Helper()
	redirect := registered
	if i := indexOf(more, "redirect_uri"); i >= 0 {
		redirect = more[i+1]
	}
	got, err := d.v.SignIn(d.Context(), d.authorize(more...), redirect)
	if err != nil {
		d.Fatalf("after %q: %v", d.v.Steps, err)
	}
	return got
}

func indexOf(list []string, name string) int {
	for i := 0; i < len(list); i += 2 {
		if list[i] == name {
			return i
		}
	}
	return -1
}

// token posts to the token endpoint as Portal, with some fields changed.
func (d desk) token(more ...string) (int, map[string]any) {
	d.Helper()
	form := url.Values{}
	for name, value := range with(map[string]string{"client_id": ententetest.PortalApp, "client_secret": ententetest.PortalSecret}, more...) {
		form.Set(name, value)
	}
	return postForm(d.T, d.w, "/"+ententetest.Northwind+"/oauth2/v2.0/token", form)
}

func (d desk) redeem(code string, more ...string) (int, map[string]any) {
	d.Helper()
	return d.token(append([]string{"grant_type", "authorization_code", "code", code, "redirect_uri", registered}, more...)...)
}

func (d desk) refresh(token string, more ...string) (int, map[string]any) {
	d.Helper()
	return d.token(append([]string{"grant_type", "refresh_token", "refresh_token", token}, more...)...)
}

// tokens are what a whole sign-in gives.
func (d desk) tokens(more ...string) map[string]any {
	d.Helper()
	status, got := d.redeem(d.signIn(more...).Get("code"))
	if status != http.StatusOK {
		d.Fatalf("redeem: %d %v", status, got)
	}
	return got
}

// refused checks that an answer of the token endpoint is this failure.
func (d desk) refused(what string, want fault.Code, status int, got map[string]any) {
	d.Helper()
	codes, _ := got["error_codes"].([]any)
	if status < http.StatusBadRequest || len(codes) == 0 || codes[0] != float64(want) || got["access_token"] != nil {
		d.Errorf("%s: %d %v, want %d", what, status, got, want)
	}
}

func text(m map[string]any, name string) string { s, _ := m[name].(string); return s }

// claimsOf reads a JWT without checking it.
func claimsOf(t *testing.T, token string) map[string]any {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("not a JWT: %q", token)
	}
	b, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(b, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

func TestTheSecondUseOfACodeRevokesWhatTheFirstGave(t *testing.T) {
	d := newDesk(t, ententetest.Options{})
	code := d.signIn().Get("code")
	status, first := d.redeem(code)
	if status != http.StatusOK {
		t.Fatalf("first: %d %v", status, first)
	}
	status, got := d.redeem(code)
	d.refused("the second use", fault.CodeRedeemed, status, got)
	status, got = d.refresh(text(first, "refresh_token"))
	d.refused("the refresh token of the first", fault.GrantRevoked, status, got)
}

// TestTheSecondUseOfACodeTakesBackAnAccessTokenThatCameAlone: without
// offline_access there is no refresh token to take back (RFC 6749 4.1.2).
func TestTheSecondUseOfACodeTakesBackAnAccessTokenThatCameAlone(t *testing.T) {
	c := &clock{at: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}
	d := service(t, ententetest.Options{Now: c.Now})
	redeemed := func(scope string) (code, access string) {
		t.Helper()
		code = d.signIn("scope", scope).Get("code")
		status, got := d.redeem(code, "scope", scope)
		if status != http.StatusOK || got["refresh_token"] != nil {
			t.Fatalf("%s: %d %v", scope, status, got)
		}
		return code, text(got, "access_token")
	}
	graph, atGraph := redeemed("https://graph.microsoft.com/User.Read openid")
	backend, atBackend := redeemed(backendScope)
	_, other := redeemed("https://graph.microsoft.com/User.Read openid")
	status, got := d.behalf(atBackend, "scope", "https://graph.microsoft.com/User.Read")
	if status != http.StatusOK {
		t.Fatalf("on behalf: %d %v", status, got)
	}
	behalf := text(got, "access_token")
	if _, got := d.about("introspect", atBackend); got["active"] != true {
		t.Fatalf("introspection before: %v", got)
	}
	places := []string{"/v1.0/me", "/oidc/userinfo", "/" + ententetest.Northwind + "/openid/userinfo"}
	opens := func(want int) {
		t.Helper()
		for _, path := range places {
			if status, got := bearer(t, d.w, atGraph, path); status != want {
				t.Errorf("%s: %d %v, want %d", path, status, got, want)
			}
		}
		if status, got := bearer(t, d.w, behalf, "/v1.0/me"); status != want {
			t.Errorf("what came from it on behalf: %d %v, want %d", status, got, want)
		}
	}
	opens(http.StatusOK)
	for _, code := range []string{graph, backend} {
		status, got := d.redeem(code)
		d.refused("the second use", fault.CodeRedeemed, status, got)
	}
	// As long as a node may believe what it has seen.
	c.pass(3 * time.Second)
	if _, got := d.about("introspect", atBackend); jsonOf(t, got) != `{"active":false}` {
		t.Errorf("introspection after: %v", got)
	}
	opens(http.StatusUnauthorized)
	if status, got := bearer(t, d.w, other, "/v1.0/me"); status != http.StatusOK {
		t.Errorf("another code's token: %d %v", status, got)
	}
}

func TestOfTwentyRedemptionsAtOnceExactlyOneSucceeds(t *testing.T) {
	d := newDesk(t, ententetest.Options{})
	code := d.signIn().Get("code")
	var all sync.WaitGroup
	var good atomic.Int32
	var winner atomic.Value
	for range 20 {
		all.Go(func() {
			if status, got := d.redeem(code); status == http.StatusOK {
				good.Add(1)
				winner.Store(text(got, "refresh_token"))
			}
		})
	}
	all.Wait()
	if good.Load() != 1 {
		t.Fatalf("%d of 20 succeeded", good.Load())
	}
	status, got := d.refresh(winner.Load().(string))
	d.refused("the winner's refresh token", fault.GrantRevoked, status, got)
}

func TestACodeServesOnlyWithWhatItWasAskedForWith(t *testing.T) {
	d := newDesk(t, ententetest.Options{})
	proof := []string{"code_challenge", challenge, "code_challenge_method", "S256"}
	for name, c := range map[string]struct {
		request, redemption []string
		want                fault.Code
		// retry says whether the right holder can still use the code: not after
		// it was presented by its own client without what belongs to it.
		retry bool
	}{
		"another client":            {nil, []string{"client_id", string(devworld.Inhouse)}, fault.GrantOtherClient, true},
		"another address":           {nil, []string{"redirect_uri", "http://localhost/other"}, fault.RedirectMismatch, false},
		"no address":                {nil, []string{"redirect_uri", ""}, fault.ParameterMissing, false},
		"a wrong verifier":          {proof, []string{"code_verifier", strings.Repeat("a", 43)}, fault.VerifierMismatch, false},
		"a short verifier":          {proof, []string{"code_verifier", "a"}, fault.VerifierSize, false},
		"the challenge as verifier": {proof, []string{"code_verifier", challenge}, fault.VerifierMismatch, false},
		"no verifier":               {proof, nil, fault.VerifierMissing, false},
		"a verifier without cause":  {nil, []string{"code_verifier", verifier}, fault.VerifierMismatch, false},
		"an origin's pretence":      {nil, []string{"scope", "openid https://graph.microsoft.com/Nothing"}, fault.ScopeInvalid, true},
	} {
		code := d.signIn(c.request...).Get("code")
		status, got := d.redeem(code, c.redemption...)
		d.refused(name, c.want, status, got)
		var right []string
		if c.request != nil {
			right = []string{"code_verifier", verifier}
		}
		status, got = d.redeem(code, right...)
		if c.retry && status != http.StatusOK {
			t.Errorf("%s: the right holder gets %d %v afterwards", name, status, got)
		}
		if !c.retry {
			d.refused(name+", then right", fault.CodeRedeemed, status, got)
		}
	}
}

func TestACodeForAnotherTenantIsNotRedeemedThere(t *testing.T) {
	d := newDesk(t, ententetest.Options{})
	status, got := postForm(t, d.w, "/"+ententetest.Adatum+"/oauth2/v2.0/token", url.Values{
		"grant_type": {"authorization_code"}, "code": {d.signIn().Get("code")}, "redirect_uri": {registered},
		"client_id": {ententetest.PortalApp}, "client_secret": {ententetest.PortalSecret},
	})
	d.refused("at a customer", fault.CodeOtherTenant, status, got)
}

func TestAChallengeIsS256OrNothingAndPublicClientsNeedOne(t *testing.T) {
	d := newDesk(t, ententetest.Options{})
	public := ententetest.DeskApp
	for name, c := range map[string]struct {
		more []string
		code fault.Code
	}{
		"plain":            {[]string{"code_challenge", challenge, "code_challenge_method", "plain"}, fault.RequestMalformed},
		"no method":        {[]string{"code_challenge", challenge}, fault.RequestMalformed},
		"s256 in lower":    {[]string{"code_challenge", challenge, "code_challenge_method", "s256"}, fault.RequestMalformed},
		"too short":        {[]string{"code_challenge", challenge[:42], "code_challenge_method", "S256"}, fault.ChallengeSize},
		"of other letters": {[]string{"code_challenge", challenge + "=", "code_challenge_method", "S256"}, fault.ChallengeSize},
		"public, none":     {[]string{"client_id", public}, fault.ChallengeRequired},
		"public, plain":    {[]string{"client_id", public, "code_challenge", challenge, "code_challenge_method", "plain"}, fault.RequestMalformed},
	} {
		got := d.signIn(append([]string{"state", "s"}, c.more...)...)
		if got.Get("error") != "invalid_request" || !strings.HasPrefix(got.Get("error_description"), aadsts(c.code)) || got.Get("state") != "s" || got.Has("code") {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestStateComesBackByteForByteOnEveryWay(t *testing.T) {
	d := newDesk(t, ententetest.Options{})
	for _, state := range []string{"a b+c%20&d=e#f?g", `"<'\>` + "`", "漢字 ü", strings.Repeat("x", 8<<10), " ", `{"id":"1|2"}`} {
		for _, mode := range []string{"query", "fragment", "form_post"} {
			if got := d.signIn("state", state, "response_mode", mode); got.Get("state") != state || got.Get("code") == "" {
				t.Errorf("%s gives the state %.60q for %.60q", mode, got.Get("state"), state)
			}
			if got := d.signIn("state", state, "response_mode", mode, "scope", "https://graph.microsoft.com/Nothing"); got.Get("state") != state || got.Get("error") != "invalid_scope" {
				t.Errorf("%s gives the state %.60q and the error %q for %.60q", mode, got.Get("state"), got.Get("error"), state)
			}
		}
	}
}

func TestNobodyIsSentToAnAddressThatIsNotRegistered(t *testing.T) {
	d := newDesk(t, ententetest.Options{})
	d.signIn() // With a session every good request would be answered at once.
	const intranet = "https://intranet.northwind.example/signed-in"
	refuse := map[string][]string{
		string(devworld.Inhouse): {
			"https://intranet.northwind.example/Signed-In", intranet + "/", "https://intranet.northwind.example:443/signed-in",
			"https://intranet.northwind.example:8443/signed-in", intranet + "?a=b", intranet + "?", intranet + "#a", intranet + "#",
			"https://intranet.northwind.example/signed%2Din", "http://intranet.northwind.example/signed-in",
			"https://ada@intranet.northwind.example/signed-in", "https://intranet.northwind.example.stranger.example/signed-in",
			"https://INTRANET.northwind.example/signed-in", "https://intranet.northwind.example/a/../signed-in",
			"https://intranet.northwind.example//signed-in", intranet + "%00", intranet + " ", "//intranet.northwind.example/signed-in",
			"/signed-in", "javascript:alert(1)", registered,
		},
		ententetest.PortalApp: {
			"http://localhost/other", "http://localhost:1/other", "https://localhost/", "http://127.0.0.1/", "http://[::1]/",
			"http://localhost.stranger.example/", "http://localhost@stranger.example/", "http://localhost:80@stranger.example/",
			"http://stranger.example/", "http://LOCALHOST/", "http://localhost/?a=b", "http://localhost/#", "http://localhost\\@stranger.example/",
			"http://localhost:port/", "http://localhost//", "http://localhost/%2e%2e",
		},
		unknownGUID:    {registered, intranet},
		"no-id-at-all": {registered},
	}
	for client, addresses := range refuse {
		for _, address := range addresses {
			for _, prompt := range []string{"", "none"} {
				got := d.get(d.authorize("client_id", client, "redirect_uri", address, "prompt", prompt))
				if got.header.Get("Location") != "" || got.status != http.StatusBadRequest || !strings.Contains(got.body, `id="reference"`) {
					t.Errorf("%s at %s with prompt=%q: %d, sent to %q", client, address, prompt, got.status, got.header.Get("Location"))
				}
			}
		}
	}
	for _, address := range []string{"http://localhost", "http://localhost:54321", "http://localhost:54321/", registered} {
		if got := d.signIn("redirect_uri", address); got.Get("code") == "" {
			t.Errorf("%s gets %v", address, got)
		}
	}
}

func TestHeadAsksForNoCode(t *testing.T) {
	d := newDesk(t, ententetest.Options{})
	d.signIn()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodHead, d.authorize(), nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Cookie", cookies(d.v))
	if got := send(t, d.w, request); got.status != http.StatusMethodNotAllowed || got.header.Get("Location") != "" {
		t.Errorf("%d, sent to %q", got.status, got.header.Get("Location"))
	}
}

// get opens an address with the cookies that the visitor got last.
func (d desk) get(address string) reply {
	d.Helper()
	request, err := http.NewRequestWithContext(d.Context(), http.MethodGet, address, nil)
	if err != nil {
		d.Fatal(err)
	}
	request.Header.Set("Cookie", cookies(d.v))
	return send(d.T, d.w, request)
}

// cookies are those that came with the last page, such as the session after a
// sign-in.
func cookies(v *devworld.Visitor) string {
	var list []string
	for _, c := range (&http.Response{Header: v.Page.Header}).Cookies() {
		list = append(list, c.Name+"="+c.Value)
	}
	return strings.Join(list, "; ")
}

func aadsts(code fault.Code) string { return "AADSTS" + jsonNumber(code) + ":" }

func jsonNumber(code fault.Code) string { b, _ := json.Marshal(code); return string(b) }

func TestARefreshTokenServesOnlyItsClient(t *testing.T) {
	d := newDesk(t, ententetest.Options{})
	mine := text(d.tokens(), "refresh_token")
	status, got := d.refresh(mine, "client_id", string(devworld.Inhouse))
	d.refused("at another client", fault.GrantOtherClient, status, got)
	status, got = d.refresh(mine, "client_id", ententetest.DeskApp, "client_secret", "")
	d.refused("at a public client", fault.GrantOtherClient, status, got)
	if status, got := d.refresh(mine); status != http.StatusOK {
		t.Errorf("at its own client afterwards: %d %v", status, got)
	}
}

func TestKeysOfPersonalAndWorkAccountsAreApart(t *testing.T) {
	w := ententetest.Start(t)
	published := func(segment string) map[string]bool {
		got := ask(t, w, http.MethodGet, "/"+segment+"/discovery/v2.0/keys", "")
		var set struct {
			Keys []struct {
				ID string `json:"kid"`
			} `json:"keys"`
		}
		if err := json.Unmarshal([]byte(got.body), &set); err != nil || len(set.Keys) == 0 {
			t.Fatalf("%s publishes %d %s: %v", segment, got.status, got.body, err)
		}
		ids := map[string]bool{}
		for _, k := range set.Keys {
			ids[k.ID] = true
		}
		return ids
	}
	work, personal := published(ententetest.Northwind), published(string(id.Consumers))
	for kid := range maps.Keys(personal) {
		if work[kid] {
			t.Errorf("the key %s signs for personal and for work accounts", kid)
		}
	}
}
