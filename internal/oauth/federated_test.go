package oauth_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/entente-id/entente/ententetest"
	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/devworld"
	"github.com/entente-id/entente/internal/fault"
	"github.com/go-jose/go-jose/v4"
)

// buildServer is an OpenID Connect issuer as GitHub Actions has one: it signs a
// token for each job and knows nothing of us.
type buildServer struct {
	*testing.T
	*httptest.Server
	key jose.JSONWebKey
	// asked counts what was fetched.
	asked atomic.Int64
	// name is what it calls itself; "" means its address.
	name string
}

const (
	job        = "repo:northwind/jobs:ref:refs/heads/main"
	assertKind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
)

func newBuildServer(t *testing.T) *buildServer {
	t.Helper()
	b := &buildServer{T: t}
	b.turn("first")
	b.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b.asked.Add(1)
		name := b.name
		if name == "" {
			name = b.URL
		}
		var document any = map[string]any{"issuer": name, "jwks_uri": b.URL + "/keys", "id_token_signing_alg_values_supported": []string{"RS256"}}
		if r.URL.Path == "/keys" {
			document = jose.JSONWebKeySet{Keys: []jose.JSONWebKey{b.key.Public()}}
		}
		_ = json.NewEncoder(w).Encode(document)
	}))
	t.Cleanup(b.Close)
	return b
}

// turn gives the server another key.
func (b *buildServer) turn(kid string) {
	b.Helper()
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		b.Fatal(err)
	}
	b.key = jose.JSONWebKey{Key: private, KeyID: kid, Algorithm: "RS256", Use: "sig"}
}

// token is a job's token with some claims changed.
func (b *buildServer) token(now time.Time, more map[string]any) string {
	b.Helper()
	claims := map[string]any{
		"iss": b.URL, "sub": job, "aud": application.TokenExchange, "iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(5 * time.Minute).Unix(), "jti": "one",
		"repository": "northwind/jobs",
	}
	for name, value := range more {
		claims[name] = value
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: b.key}, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		b.Fatal(err)
	}
	jws, err := signer.Sign([]byte(jsonOf(b.T, claims)))
	if err != nil {
		b.Fatal(err)
	}
	compact, err := jws.CompactSerialize()
	if err != nil {
		b.Fatal(err)
	}
	return compact
}

// beside is a desk in a world that reaches the servers.
func beside(t *testing.T, c *clock, servers ...*httptest.Server) desk {
	t.Helper()
	o := ententetest.Options{Now: c.Now, Roots: x509.NewCertPool()}
	for _, s := range servers {
		o.MayFetch = append(o.MayFetch, strings.TrimPrefix(s.URL, "https://"))
		o.Roots.AddCert(s.Certificate())
	}
	return newDesk(t, o)
}

// trust gives an app of Northwind's a federated credential.
func (d desk) trust(name string, t application.Trust) error {
	d.Helper()
	by := audit.Caller{Tenant: devworld.Northwind, Home: devworld.Northwind, Account: "b0000000-0000-4000-8000-000000000001", SignInName: ententetest.Ada}
	_, err := d.w.Inside().Apps.AddFederated(d.Context(), by, devworld.Nightly, name, t)
	return err
}

// night asks for a token as the nightly jobs, by a foreign token.
func (d desk) night(assertion string) (int, map[string]any) {
	d.Helper()
	return postForm(d.T, d.w, "/"+ententetest.Northwind+"/oauth2/v2.0/token", url.Values{
		"grant_type": {"client_credentials"}, "scope": {"https://graph.microsoft.com/.default"}, "client_id": {string(devworld.Nightly)},
		"client_assertion_type": {assertKind}, "client_assertion": {assertion},
	})
}

func TestAJobOfABuildServerIsProofEnough(t *testing.T) {
	c := &clock{at: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}
	b, stranger := newBuildServer(t), newBuildServer(t)
	d := beside(t, c, b.Server, stranger.Server)
	good := func() string { return b.token(c.Now(), nil) }
	status, got := d.night(good())
	d.refused("before anybody trusts it", fault.FederatedUnknown, status, got)
	if err := d.trust("build", application.Trust{Issuer: b.URL, Subject: job, Audiences: []string{application.TokenExchange}}); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		// MSAL reuses an assertion (DESIGN 4.16).
		if status, got = d.night(good()); status != http.StatusOK || claimsOf(t, text(got, "access_token"))["appidacr"] != "2" {
			t.Fatalf("%d %v", status, got)
		}
	}
	if n := b.asked.Load(); n != 2 {
		t.Errorf("the issuer was asked %d times", n)
	}
	for _, c := range []struct {
		name  string
		token string
		want  fault.Code
	}{
		{"another issuer", stranger.token(c.Now(), nil), fault.FederatedIssuer},
		{"another issuer in its name", stranger.token(c.Now(), map[string]any{"iss": b.URL}), fault.FederatedIssuer},
		{"another subject", b.token(c.Now(), map[string]any{"sub": "repo:northwind/jobs:pull_request"}), fault.FederatedSubject},
		{"the subject in other letters", b.token(c.Now(), map[string]any{"sub": strings.ToUpper(job)}), fault.FederatedSubject},
		{"another audience", b.token(c.Now(), map[string]any{"aud": []string{"https://github.com/northwind"}}), fault.FederatedAudience},
		{"a person's", b.token(c.Now(), map[string]any{"scp": "act"}), fault.FederatedPerson},
		{"expired", b.token(c.Now().Add(-time.Hour), nil), fault.AssertionTime},
		{"not begun", b.token(c.Now().Add(time.Hour), nil), fault.AssertionTime},
		{"for a week", b.token(c.Now(), map[string]any{"exp": c.Now().Add(7 * 24 * time.Hour).Unix()}), fault.AssertionTime},
		{"without an end", b.token(c.Now(), map[string]any{"exp": 0}), fault.AssertionTime},
		{"altered", good()[:len(good())-6] + "AAAAAA", fault.FederatedIssuer},
	} {
		status, got := d.night(c.token)
		d.refused(c.name, c.want, status, got)
		if status != http.StatusUnauthorized || got["error"] != "invalid_client" {
			t.Errorf("%s: %d %v", c.name, status, got["error"])
		}
	}
	if n := stranger.asked.Load(); n != 0 {
		t.Errorf("an issuer that nobody named was asked %d times", n)
	}

	b.turn("second")
	if status, got := d.night(good()); status != http.StatusOK {
		t.Errorf("after the issuer changed its key: %d %v", status, got)
	}
	before := b.asked.Load()
	b.key.KeyID = "unpublished"
	for range 5 {
		token := good()
		b.key.KeyID = "second"
		status, got := d.night(token)
		d.refused("a key that it does not publish", fault.FederatedIssuer, status, got)
		b.key.KeyID = "unpublished"
	}
	if n := b.asked.Load() - before; n > 1 {
		t.Errorf("a made-up key id had the issuer asked %d times (row R117)", n)
	}
	b.key.KeyID, b.name = "second", "https://elsewhere.example"
	c.pass(2 * time.Hour)
	status, got = d.night(good())
	d.refused("an issuer that calls itself otherwise", fault.FederatedIssuer, status, got)
	b.Close()
	c.pass(2 * time.Hour)
	status, got = d.night(good())
	d.refused("an issuer that is down", fault.FederatedIssuer, status, got)
}

func TestAWorkloadOfASecondEntenteIsProofEnough(t *testing.T) {
	c := &clock{at: ententetest.Now()}
	other := ententetest.StartWith(t, ententetest.Options{Now: c.Now})
	in := other.Inside()
	const audience = "api://exchange.northwind.example"
	err := in.Apps.Save(t.Context(), application.Application{
		App: backendApp, Tenant: devworld.Northwind, ID: "e1000000-0000-4000-8000-0000000000b2", Name: "Exchange", Audience: application.OneTenant,
		Identifiers: []string{audience}, TokenVersion: 2,
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	status, got := postForm(t, other, "/"+ententetest.Northwind+"/oauth2/v2.0/token", url.Values{
		"grant_type": {"client_credentials"}, "scope": {audience + "/.default"}, "client_id": {ententetest.PortalApp}, "client_secret": {ententetest.PortalSecret},
	})
	if status != http.StatusOK {
		t.Fatalf("the other Entente: %d %v", status, got)
	}
	claims := claimsOf(t, text(got, "access_token"))
	plain, ok := other.Client().Transport.(*http.Transport)
	if !ok {
		t.Fatalf("a transport of type %T", other.Client().Transport)
	}
	d := newDesk(t, ententetest.Options{Now: c.Now, MayFetch: []string{strings.TrimPrefix(other.Origin, "https://")}, Roots: plain.TLSClientConfig.RootCAs})
	if err := d.trust("entente", application.Trust{Issuer: text(claims, "iss"), Subject: text(claims, "sub"), Audiences: []string{backendApp}}); err != nil {
		t.Fatal(err)
	}
	if status, got := d.night(text(got, "access_token")); status != http.StatusOK {
		t.Errorf("%d %v", status, got)
	}
}

func TestAFederatedCredentialNamesOneIssuerAndSubject(t *testing.T) {
	d := newDesk(t, ententetest.Options{})
	sound := application.Trust{Issuer: "https://token.actions.example", Subject: job, Audiences: []string{application.TokenExchange}}
	for name, c := range map[string]struct {
		parameter string
		change    func(*application.Trust)
	}{
		"plain http":          {"issuer", func(t *application.Trust) { t.Issuer = "http://token.actions.example" }},
		"no address":          {"issuer", func(t *application.Trust) { t.Issuer = "token.actions.example" }},
		"a query":             {"issuer", func(t *application.Trust) { t.Issuer += "?tenant=1" }},
		"credentials in it":   {"issuer", func(t *application.Trust) { t.Issuer = "https://me:pass@token.actions.example" }},
		"a wildcard":          {"subject", func(t *application.Trust) { t.Subject = "repo:northwind/*" }},
		"no subject":          {"subject", func(t *application.Trust) { t.Subject = "" }},
		"a long subject":      {"subject", func(t *application.Trust) { t.Subject = strings.Repeat("s", 601) }},
		"a line end":          {"subject", func(t *application.Trust) { t.Subject += "\n" }},
		"no audience":         {"audience", func(t *application.Trust) { t.Audiences = nil }},
		"an empty audience":   {"audience", func(t *application.Trust) { t.Audiences = []string{""} }},
		"too many audiences":  {"audience", func(t *application.Trust) { t.Audiences = []string{"a", "b", "c", "d"} }},
		"a stranger's spaces": {"issuer", func(t *application.Trust) { t.Issuer = " " + t.Issuer }},
	} {
		trust := sound
		c.change(&trust)
		err := d.trust(name, trust)
		if f := fault.Of(err); err == nil || f.Code != fault.InputInvalid || f.Facts["parameter"] != c.parameter {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := d.trust("build", sound); err != nil {
		t.Fatal(err)
	}
	again := sound
	if f := fault.Of(d.trust("other", again)); f == nil || f.Facts["parameter"] != "subject" {
		t.Errorf("the same issuer and subject twice: %v", f)
	}
	again.Subject += ":2"
	if f := fault.Of(d.trust("build", again)); f == nil || f.Facts["parameter"] != "name" {
		t.Errorf("the same name twice: %v", f)
	}
	for i := range 10 {
		again.Subject += "3"
		if err := d.trust(strings.Repeat("x", i+1), again); err != nil {
			if f := fault.Of(err); f.Facts["parameter"] != "credentials" || i != 8 {
				t.Errorf("credential %d: %v", i, err)
			}
			return
		}
	}
	t.Error("an app gets as many as it likes")
}
