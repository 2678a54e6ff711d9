package federation_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/federation"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/outbound"
	"github.com/entente-id/entente/internal/seal"
	"github.com/entente-id/entente/internal/tenant"
)

const contoso id.Tenant = "11111111-aaaa-4111-8111-000000000001"

const (
	origin   = "https://entente.example"
	clientID = "entente at contoso"
	secret   = "s3cret: with/odd+characters%"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// provider is a company's sign-in that does as a test tells it.
type provider struct {
	*httptest.Server
	key  crypto.Signer
	kid  string
	mu   sync.Mutex
	asks map[string]int

	// meta, jwks, token and claims, where set, change an answer on its way out.
	meta, jwks, token, claims func(map[string]any)
	// tokenStatus is the status of the token endpoint, 0 for success.
	tokenStatus int
	userInfo    map[string]any
	// sign, where set, replaces the signature.
	sign func(claims map[string]any) string
	// front, where set, answers before all else and says whether it did.
	front func(w http.ResponseWriter, r *http.Request) bool

	nonce, challenge string
	spent            bool
}

var rsaKey = sync.OnceValue(func() *rsa.PrivateKey {
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return k
})

func newProvider(t *testing.T) *provider {
	t.Helper()
	p := &provider{key: rsaKey(), kid: "key 1", asks: map[string]int{}}
	p.Server = httptest.NewTLSServer(http.HandlerFunc(p.serve))
	t.Cleanup(p.Close)
	return p
}

func (p *provider) serve(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asks[r.URL.Path]++
	if p.front != nil && p.front(w, r) {
		return
	}
	answer, change, status := map[string]any{}, func(map[string]any) {}, http.StatusOK
	switch r.URL.Path {
	case "/.well-known/openid-configuration":
		answer, change = map[string]any{
			"issuer": p.URL, "authorization_endpoint": p.URL + "/authorize?kept=1", "token_endpoint": p.URL + "/token", "jwks_uri": p.URL + "/keys",
			"userinfo_endpoint": p.URL + "/userinfo",
		}, p.meta
	case "/keys":
		answer, change = map[string]any{"keys": []any{keyOf(p.key.Public(), p.kid)}}, p.jwks
	case "/userinfo":
		answer = p.userInfo
	case "/token":
		answer, status = p.redeem(r)
		change = p.token
	default:
		status = http.StatusNotFound
	}
	if change != nil {
		change(answer)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(answer)
}

func keyOf(key crypto.PublicKey, kid string) map[string]any {
	b, err := json.Marshal(jose.JSONWebKey{Key: key, KeyID: kid, Use: "sig"})
	if err != nil {
		panic(err)
	}
	var m map[string]any
	_ = json.Unmarshal(b, &m)
	return m
}

func (p *provider) redeem(r *http.Request) (map[string]any, int) {
	name, word, _ := r.BasicAuth()
	if name == "" {
		name, word = url.QueryEscape(r.PostFormValue("client_id")), url.QueryEscape(r.PostFormValue("client_secret"))
	}
	if name != url.QueryEscape(clientID) || word != url.QueryEscape(secret) {
		return map[string]any{"error": "invalid_client", "error_description": "the secret was " + word}, http.StatusUnauthorized
	}
	if p.tokenStatus != 0 {
		return map[string]any{"error": "server_error"}, p.tokenStatus
	}
	sum := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	if p.spent || r.PostFormValue("code") != "the code" || base64.RawURLEncoding.EncodeToString(sum[:]) != p.challenge ||
		r.PostFormValue("redirect_uri") != origin+"/signin/upstream" {
		return map[string]any{"error": "invalid_grant"}, http.StatusBadRequest
	}
	p.spent = true
	claims := map[string]any{
		"iss": p.URL, "sub": "subject-1", "aud": clientID, "nonce": p.nonce, "iat": noon.Unix(), "exp": noon.Add(time.Hour).Unix(),
		"name": "Anna Virtanen", "given_name": "Anna", "family_name": "Virtanen", "preferred_username": "anna@contoso.example", "locale": "fi-FI",
	}
	if p.claims != nil {
		p.claims(claims)
	}
	sign := p.sign
	if sign == nil {
		sign = func(c map[string]any) string { return sign1(algorithmOf(p.key), p.key, p.kid, c) }
	}
	return map[string]any{"access_token": "the access token", "token_type": "Bearer", "id_token": sign(claims)}, http.StatusOK
}

func algorithmOf(key crypto.Signer) jose.SignatureAlgorithm {
	switch key.(type) {
	case *ecdsa.PrivateKey:
		return jose.ES256
	case ed25519.PrivateKey:
		return jose.EdDSA
	}
	return jose.RS256
}

func sign1(algorithm jose.SignatureAlgorithm, key any, kid string, claims map[string]any) string {
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: algorithm, Key: key}, (&jose.SignerOptions{}).WithHeader("kid", kid))
	if err != nil {
		panic(err)
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		panic(err)
	}
	jws, err := signer.Sign(payload)
	if err != nil {
		panic(err)
	}
	text, err := jws.CompactSerialize()
	if err != nil {
		panic(err)
	}
	return text
}

// office is our side: the room, an organisation, and a clock that tests move.
type office struct {
	*testing.T
	u   *federation.Upstreams
	org tenant.Tenant
	now time.Time
	log *strings.Builder
	ask federation.Ask
}

func newOffice(t *testing.T, issuer string, roots *x509.CertPool, secret string) *office {
	t.Helper()
	host, err := url.Parse(issuer)
	if err != nil {
		t.Fatal(err)
	}
	return newOfficeWith(t, issuer, outbound.New(outbound.Options{Allow: []string{host.Host}, Roots: roots}), secret)
}

func newOfficeWith(t *testing.T, issuer string, client *http.Client, secret string) *office {
	t.Helper()
	o := &office{T: t, now: noon, log: &strings.Builder{}}
	custody, err := seal.NewCustody(make([]byte, 32), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	source := id.Source{Now: func() time.Time { return o.now }, Random: rand.Reader}
	if o.u, err = federation.New(client, source, custody, origin, slog.New(slog.NewTextHandler(o.log, nil))); err != nil {
		t.Fatal(err)
	}
	sealed, err := o.u.SealSecret(contoso, secret)
	if err != nil {
		t.Fatal(err)
	}
	o.org = tenant.Tenant{ID: contoso, Name: "Contoso", Domains: []tenant.Domain{{Name: "contoso.example"}}, Upstream: &tenant.Upstream{
		State: tenant.UpstreamActive, Name: "Contoso sign-in", Issuer: issuer, ClientID: clientID, Secret: sealed,
		Scopes: []string{"profile", "email"}, SecondFactor: tenant.DefaultFactorRules(),
	}}
	o.ask = federation.Ask{State: source.Secret(), Nonce: source.Secret(), Verifier: source.Secret(), At: noon}
	return o
}

// atProvider is an office over a provider of the test.
func atProvider(t *testing.T) (*office, *provider) {
	t.Helper()
	p := newProvider(t)
	return newOffice(t, p.URL, rootsOf(t, p.Client().Transport), secret), p
}

// rootsOf are the authorities that a test's transport trusts.
func rootsOf(t *testing.T, transport http.RoundTripper) *x509.CertPool {
	t.Helper()
	plain, ok := transport.(*http.Transport)
	if !ok {
		t.Fatalf("a transport of type %T", transport)
	}
	return plain.TLSClientConfig.RootCAs
}

// begin sends the person away and tells the provider what it was asked.
func (o *office) begin(p *provider) (url.Values, error) {
	o.Helper()
	address, err := o.u.Begin(o.Context(), o.org, o.ask)
	if err != nil {
		return nil, err
	}
	parsed, err := url.Parse(address)
	if err != nil {
		o.Fatal(err)
	}
	q := parsed.Query()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.nonce, p.challenge, p.spent = q.Get("nonce"), q.Get("code_challenge"), false
	return q, nil
}

// signIn makes the whole trip.
func (o *office) signIn(p *provider) (federation.Proof, error) {
	o.Helper()
	if _, err := o.begin(p); err != nil {
		return federation.Proof{}, err
	}
	return o.u.Finish(o.Context(), o.org, o.ask, federation.Answer{Code: "the code"})
}

// refused checks that an error is this failure with this rule, and that no
// secret stands in it or in the log.
func (o *office) refused(what string, err error, code fault.Code, rule string) {
	o.Helper()
	if !fault.Has(err, code) || !strings.Contains(fault.Of(err).Facts["rule"], rule) {
		o.Errorf("%s: %v, want %s with rule %q", what, err, fault.Describe(code).Name, rule)
		return
	}
	if fault.Of(err).Facts["org"] != "Contoso" {
		o.Errorf("%s: the organisation is not named", what)
	}
	for _, text := range []string{err.Error(), o.log.String()} {
		for _, hidden := range []string{secret, url.QueryEscape(secret), o.ask.Verifier, "the access token", o.org.Upstream.Secret} {
			if hidden != "" && strings.Contains(text, hidden) {
				o.Errorf("%s: a secret is told: %s", what, text)
			}
		}
	}
}

func set(more map[string]any) func(map[string]any) {
	return func(m map[string]any) {
		maps.Copy(m, more)
		maps.DeleteFunc(m, func(_ string, v any) bool { return v == nil })
	}
}

func newECKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}
