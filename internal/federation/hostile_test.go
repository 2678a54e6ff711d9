package federation_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/federation"
	"github.com/entente-id/entente/internal/outbound"
	"github.com/entente-id/entente/internal/tenant"
)

const (
	theirs = "6ba7b810-9dad-41d1-80b4-00c04fd430c8"
	others = "99999999-9dad-41d1-80b4-00c04fd430c8"
)

func TestAProviderForManyIsGoodForThePinnedTenantAlone(t *testing.T) {
	for name, c := range map[string]struct {
		pinned, issuer, tid string
		code                fault.Code
		rule                string
	}{
		"the pinned tenant":            {pinned: theirs, issuer: "/" + theirs + "/v2.0", tid: theirs},
		"another tenant":               {theirs, "/" + others + "/v2.0", others, fault.UpstreamFailed, "another issuer"},
		"another tenant in our issuer": {theirs, "/" + theirs + "/v2.0", others, fault.UpstreamFailed, "another tenant"},
		"no tenant":                    {theirs, "/" + theirs + "/v2.0", "", fault.UpstreamFailed, "another tenant"},
		"the template itself":          {theirs, "/{tenantid}/v2.0", theirs, fault.UpstreamFailed, "another issuer"},
		"nothing pinned":               {"", "/" + theirs + "/v2.0", theirs, fault.UpstreamMisset, "has to be pinned"},
	} {
		t.Run(name, func(t *testing.T) {
			o, p := atProvider(t)
			p.meta = func(m map[string]any) { m["issuer"] = p.URL + "/{tenantid}/v2.0" }
			p.claims = func(m map[string]any) { m["iss"], m["tid"] = p.URL+c.issuer, c.tid }
			o.org.Upstream.PinnedTenant = c.pinned
			got, err := o.signIn(p)
			if c.code != 0 {
				o.refused(name, err, c.code, c.rule)
			} else if err != nil || got.Issuer != p.URL+"/"+theirs+"/v2.0" {
				t.Errorf("issuer %q, %v", got.Issuer, err)
			}
		})
	}
}

func TestAKeyThatSignsForOneIssuerDoesNotSignForAnother(t *testing.T) {
	o, p := atProvider(t)
	bound := func(issuer string) func(map[string]any) {
		return func(m map[string]any) {
			key := keyOf(p.key.Public(), p.kid)
			key["issuer"] = issuer
			m["keys"] = []any{map[string]any{"kty": "of the future"}, key}
		}
	}
	p.jwks = bound("https://evil.example")
	_, err := o.signIn(p)
	o.refused("bound elsewhere", err, fault.UpstreamFailed, "does not publish")
	o, p = atProvider(t)
	p.jwks = bound(p.URL)
	if _, err := o.signIn(p); err != nil {
		t.Errorf("bound to it: %v", err)
	}
}

func TestADescriptionThatBreaksTheRulesIsNotUsed(t *testing.T) {
	for name, c := range map[string]struct {
		meta map[string]any
		rule string
	}{
		"another issuer":           {map[string]any{"issuer": "https://evil.example"}, "another issuer"},
		"template of another host": {map[string]any{"issuer": "https://evil.example/{tenantid}"}, "another issuer"},
		"no authorize address":     {map[string]any{"authorization_endpoint": nil}, "missing or is not https"},
		"authorize by script":      {map[string]any{"authorization_endpoint": "javascript:alert(1)"}, "missing or is not https"},
		"plain authorize address":  {map[string]any{"authorization_endpoint": "http://login.example/"}, "missing or is not https"},
		"plain token address":      {map[string]any{"token_endpoint": "http://login.example/"}, "missing or is not https"},
		"plain keys":               {map[string]any{"jwks_uri": "http://login.example/"}, "missing or is not https"},
		"keys in a file":           {map[string]any{"jwks_uri": "file:///etc/passwd"}, "missing or is not https"},
		"names with a password":    {map[string]any{"userinfo_endpoint": "https://a:b@login.example/"}, "missing or is not https"},
		"only HS256":               {map[string]any{"id_token_signing_alg_values_supported": []string{"HS256", "none"}}, "signs with none"},
		"not the form":             {map[string]any{"issuer": 7}, "not in the agreed form"},
		"more than it may be":      {map[string]any{"padding": strings.Repeat("x", outbound.MaxBody)}, "larger than 1 MiB"},
	} {
		o, p := atProvider(t)
		p.meta = set(c.meta)
		_, err := o.begin(p)
		o.refused(name, err, fault.UpstreamMisset, c.rule)
	}
}

func TestAProviderThatLeadsIntoOurNetworksIsNotFollowed(t *testing.T) {
	reached := 0
	inside := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached++ }))
	t.Cleanup(inside.Close)
	for _, field := range []string{"token_endpoint", "jwks_uri"} {
		o, p := atProvider(t)
		p.meta = set(map[string]any{field: inside.URL + "/"})
		_, err := o.signIn(p)
		o.refused(field, err, fault.UpstreamMisset, "")
	}
	for _, path := range []string{"/.well-known/openid-configuration", "/token", "/keys"} {
		o, p := atProvider(t)
		p.front = func(w http.ResponseWriter, r *http.Request) bool {
			if r.URL.Path == path {
				http.Redirect(w, r, inside.URL, http.StatusTemporaryRedirect)
			}
			return r.URL.Path == path
		}
		_, err := o.signIn(p)
		o.refused("redirect of "+path, err, fault.UpstreamMisset, "")
	}
	if reached != 0 {
		t.Errorf("our network was reached %d times", reached)
	}
}

func TestAnAnswerThatCannotBeReadIsTheProvidersFault(t *testing.T) {
	for name, c := range map[string]struct {
		path, body string
		rule       string
	}{
		"description of words": {"/.well-known/openid-configuration", "hello", "description cannot be read: it is not in the agreed form"},
		"endless description":  {"/.well-known/openid-configuration", strings.Repeat(" ", 2<<20), "larger than 1 MiB"},
		"keys of words":        {"/keys", "hello", "keys cannot be read: it is not in the agreed form"},
		"no keys":              {"/keys", `{"keys":[]}`, "keys cannot be read"},
		"a private key alone":  {"/keys", `{"keys":[{"kty":"oct","k":"c2VjcmV0","kid":"key 1"}]}`, "keys cannot be read"},
		"endless keys":         {"/keys", strings.Repeat(" ", 2<<20), "larger than 1 MiB"},
		"tokens of words":      {"/token", "hello", "not in the agreed form"},
		"endless tokens":       {"/token", strings.Repeat(" ", 2<<20), "larger than 1 MiB"},
		"no ID token":          {"/token", `{"access_token":"the access token"}`, "no ID token"},
	} {
		t.Run(name, func(t *testing.T) {
			o, p := atProvider(t)
			p.front = func(w http.ResponseWriter, r *http.Request) bool {
				if r.URL.Path == c.path {
					_, _ = w.Write([]byte(c.body))
				}
				return r.URL.Path == c.path
			}
			_, err := o.signIn(p)
			o.refused(name, err, fault.UpstreamMisset, c.rule)
		})
	}
}

func TestAClientThatTheProviderRefusesIsMissetAndItsSecretStaysHome(t *testing.T) {
	o, p := atProvider(t)
	sealed, err := o.u.SealSecret(contoso, "a wrong secret")
	if err != nil {
		t.Fatal(err)
	}
	o.org.Upstream.Secret = sealed
	_, err = o.signIn(p)
	o.refused("wrong secret", err, fault.UpstreamMisset, "this client or its secret")
	if text := err.Error() + o.log.String(); strings.Contains(text, "a wrong secret") || strings.Contains(text, "a+wrong+secret") {
		t.Errorf("the secret is told: %s", text)
	}
	p.tokenStatus = http.StatusInternalServerError
	o, p2 := atProvider(t)
	p2.tokenStatus = http.StatusInternalServerError
	_, err = o.signIn(p2)
	o.refused("trouble", err, fault.UpstreamMisset, "server_error")
}

func TestASealedSecretServesItsOrganisationAlone(t *testing.T) {
	o, p := atProvider(t)
	o.org.ID = "22222222-bbbb-4222-8222-000000000002"
	_, err := o.signIn(p)
	o.refused("of another organisation", err, fault.UpstreamMisset, "entered again")
	if strings.Contains(o.org.Upstream.Secret, secret) {
		t.Error("the secret rests in the open")
	}
}

func TestAClientProvesItselfAsTheProviderTakesIt(t *testing.T) {
	o, p := atProvider(t)
	p.meta = set(map[string]any{"token_endpoint_auth_methods_supported": []string{"client_secret_post"}})
	if _, err := o.signIn(p); err != nil {
		t.Error(err)
	}
}

func TestADraftServesTrialsAndAnEndedSignInNobody(t *testing.T) {
	o, p := atProvider(t)
	if _, err := o.begin(p); err != nil {
		t.Fatal(err)
	}
	// Switched off while the person was away.
	o.org.Upstream.State = tenant.UpstreamOff
	_, err := o.u.Finish(t.Context(), o.org, o.ask, federation.Answer{Code: "the code"})
	o.refused("off on the way back", err, fault.UpstreamMisset, "switched its sign-in off")
	o.org.Upstream.State = tenant.UpstreamDraft
	_, err = o.signIn(p)
	o.refused("a draft", err, fault.UpstreamMisset, "switched its sign-in off")
	o.ask.Trial = true
	if _, err := o.signIn(p); err != nil {
		t.Errorf("a trial of a draft: %v", err)
	}
	o.org.Upstream = nil
	if _, err = o.begin(p); !fault.Has(err, fault.UpstreamMisset) {
		t.Errorf("without any: %v", err)
	}
}

func TestKeysThatChangedAreReadAgainAndAskedForSeldom(t *testing.T) {
	o, p := atProvider(t)
	for range 3 {
		if _, err := o.signIn(p); err != nil {
			t.Fatal(err)
		}
	}
	if p.asks["/keys"] != 1 || p.asks["/.well-known/openid-configuration"] != 1 {
		t.Errorf("asked %v", p.asks)
	}
	p.key, p.kid = newECKey(t), "key 2"
	for range 3 {
		if _, err := o.signIn(p); err != nil {
			t.Errorf("after the change: %v", err)
		}
	}
	if p.asks["/keys"] != 2 {
		t.Errorf("keys were asked for %d times", p.asks["/keys"])
	}
	// The old key is not published any more: a token of it ends with the
	// longest age of the cache.
	o.now = noon.Add(11 * time.Minute)
	p.sign = func(c map[string]any) string { return sign1("RS256", rsaKey(), "key 1", c) }
	_, err := o.signIn(p)
	o.refused("the old key", err, fault.UpstreamFailed, "does not publish")
}

func TestAMadeUpKeyDoesNotHaveTheProviderAskedEachTime(t *testing.T) {
	o, p := atProvider(t)
	p.sign = func(c map[string]any) string { return sign1("RS256", p.key, "made up", c) }
	for range 5 {
		_, err := o.signIn(p)
		o.refused("made up", err, fault.UpstreamFailed, "does not publish")
	}
	if p.asks["/keys"] != 2 {
		t.Errorf("keys were asked for %d times", p.asks["/keys"])
	}
}

func TestAProviderThatIsDownOrSlowIsToldSoonAndRecovers(t *testing.T) {
	release := make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	t.Cleanup(slow.Close)
	t.Cleanup(sync.OnceFunc(func() { close(release) }))
	client := outbound.New(outbound.Options{Allow: []string{"127.0.0.1"}})
	// The bound of the client is ten seconds; a test has not got them.
	client.Timeout = 50 * time.Millisecond
	o := newOfficeWith(t, slow.URL, client, "")
	_, err := o.u.Begin(t.Context(), o.org, o.ask)
	o.refused("slow", err, fault.UpstreamMisset, "does not answer")

	p := newProvider(t)
	down := true
	p.front = func(w http.ResponseWriter, _ *http.Request) bool {
		if down {
			w.WriteHeader(http.StatusBadGateway)
		}
		return down
	}
	o = newOffice(t, p.URL, rootsOf(t, p.Client().Transport), secret)
	_, err = o.begin(p)
	o.refused("down", err, fault.UpstreamMisset, "answers with an error")
	p.mu.Lock()
	down = false
	p.mu.Unlock()
	if _, err := o.signIn(p); err != nil {
		t.Errorf("up again: %v", err)
	}
	o.org.Upstream.Issuer = "https://127.0.0.1:1"
	_, err = o.begin(p)
	o.refused("not allowed", err, fault.UpstreamMisset, "not public https")
}

func TestAPersonWhoGoesAwayStopsTheExchange(t *testing.T) {
	o, p := atProvider(t)
	if _, err := o.begin(p); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := o.u.Finish(ctx, o.org, o.ask, federation.Answer{Code: "the code"}); !fault.Has(err, fault.UpstreamMisset) {
		t.Error(err)
	}
}

func TestTheSettingsAreTriedOneByOne(t *testing.T) {
	pass := func(n federation.CheckName) federation.Check { return federation.Check{Name: n, Pass: true} }
	fail := func(n federation.CheckName, rule string) federation.Check {
		return federation.Check{Name: n, Rule: rule}
	}
	for name, c := range map[string]struct {
		change func(o *office, p *provider)
		want   []federation.Check
	}{
		"all well": {func(*office, *provider) {}, []federation.Check{
			pass(federation.CheckSettings), pass(federation.CheckDescription), pass(federation.CheckKeys), pass(federation.CheckClient)}},
		"a draft": {func(o *office, _ *provider) { o.org.Upstream.State = tenant.UpstreamDraft }, []federation.Check{
			pass(federation.CheckSettings), pass(federation.CheckDescription), pass(federation.CheckKeys), pass(federation.CheckClient)}},
		"no settings": {func(o *office, _ *provider) { o.org.Upstream = nil }, []federation.Check{
			fail(federation.CheckSettings, "the organisation has no sign-in of its own")}},
		"no client id": {func(o *office, _ *provider) { o.org.Upstream.ClientID = "" }, []federation.Check{
			fail(federation.CheckSettings, "client id: 1 to 255 characters without spaces at its ends")}},
		"another issuer": {func(_ *office, p *provider) { p.meta = set(map[string]any{"issuer": "https://x.example"}) }, []federation.Check{
			pass(federation.CheckSettings), fail(federation.CheckDescription, "the provider calls itself by another issuer")}},
		"no keys": {func(_ *office, p *provider) { p.jwks = set(map[string]any{"keys": nil}) }, []federation.Check{
			pass(federation.CheckSettings), pass(federation.CheckDescription),
			fail(federation.CheckKeys, "the provider's keys cannot be read: it is not in the agreed form"), pass(federation.CheckClient)}},
		"a wrong client": {func(o *office, _ *provider) { o.org.Upstream.ClientID = "somebody" }, []federation.Check{
			pass(federation.CheckSettings), pass(federation.CheckDescription), pass(federation.CheckKeys),
			fail(federation.CheckClient, "the provider refuses this client or its secret")}},
	} {
		t.Run(name, func(t *testing.T) {
			o, p := atProvider(t)
			c.change(o, p)
			if diff := cmp.Diff(c.want, o.u.Test(t.Context(), o.org)); diff != "" {
				t.Errorf("checks (-want +got):\n%s", diff)
			}
		})
	}
}
