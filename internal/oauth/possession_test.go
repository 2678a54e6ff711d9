package oauth_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/entente-id/entente/ententetest"
	"github.com/entente-id/entente/internal/fault"
	"github.com/go-jose/go-jose/v4"
)

// holder is a client that proves itself by a key of its own.
type holder struct {
	desk
	*clock
	key *ecdsa.PrivateKey
	// made counts proofs, for their ids.
	made int
}

func newHolder(t *testing.T) *holder {
	t.Helper()
	d, c := clockedDesk(t)
	return &holder{desk: d, clock: c, key: newKey(t)}
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func thumbprintOf(t *testing.T, key crypto.Signer) string {
	t.Helper()
	sum, err := (&jose.JSONWebKey{Key: key.Public()}).Thumbprint(crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString(sum)
}

// proof is one for a request, with some claims changed; nil takes one away.
func (h *holder) proof(method, path string, more map[string]any) string {
	h.Helper()
	return h.signed(jose.ES256, h.key, "dpop+jwt", true, h.claims(method, path, more))
}

func (h *holder) claims(method, path string, more map[string]any) map[string]any {
	h.made++
	claims := map[string]any{"jti": h.made, "htm": method, "htu": h.w.Origin + path, "iat": h.Now().Unix()}
	claims["jti"] = "proof-" + jsonOf(h.T, h.made)
	for name, value := range more {
		claims[name] = value
		if value == nil {
			delete(claims, name)
		}
	}
	return claims
}

func (h *holder) signed(algorithm jose.SignatureAlgorithm, key any, kind jose.ContentType, embed bool, claims map[string]any) string {
	h.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: algorithm, Key: key}, (&jose.SignerOptions{EmbedJWK: embed}).WithType(kind))
	if err != nil {
		h.Fatal(err)
	}
	jws, err := signer.Sign([]byte(jsonOf(h.T, claims)))
	if err != nil {
		h.Fatal(err)
	}
	text, err := jws.CompactSerialize()
	if err != nil {
		h.Fatal(err)
	}
	return text
}

const tokenPath = "/" + ententetest.Northwind + "/oauth2/v2.0/token"

// ask posts to the token endpoint as the public client, with proofs.
func (h *holder) ask(proofs []string, fields ...string) (int, map[string]any) {
	h.Helper()
	form := url.Values{}
	for name, value := range with(map[string]string{"client_id": ententetest.DeskApp}, fields...) {
		form.Set(name, value)
	}
	request, err := http.NewRequestWithContext(h.Context(), http.MethodPost, h.w.Origin+tokenPath, strings.NewReader(form.Encode()))
	if err != nil {
		h.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header["Dpop"] = proofs
	answer := send(h.T, h.w, request)
	var got map[string]any
	if err := json.Unmarshal([]byte(answer.body), &got); err != nil {
		h.Fatalf("%d %s", answer.status, answer.body)
	}
	return answer.status, got
}

// code is one of the public client.
func (h *holder) code(more ...string) []string {
	h.Helper()
	got := h.signIn(append([]string{"client_id", ententetest.DeskApp, "code_challenge", challenge, "code_challenge_method", "S256"}, more...)...)
	return []string{"grant_type", "authorization_code", "code", got.Get("code"), "redirect_uri", registered, "code_verifier", verifier}
}

// bound gives the tokens of a sign-in that is bound to the holder's key.
func (h *holder) bound() map[string]any {
	h.Helper()
	status, got := h.ask([]string{h.proof("POST", tokenPath, nil)}, h.code()...)
	if status != http.StatusOK || got["token_type"] != "DPoP" {
		h.Fatalf("%d %v", status, got)
	}
	return got
}

// TestAProofServesOneRequestOfItsKey is row R77.
func TestAProofServesOneRequestOfItsKey(t *testing.T) {
	h := newHolder(t)
	ask := func(proofs ...string) (int, map[string]any) {
		return h.ask(proofs, "grant_type", "refresh_token", "refresh_token", "1.AAAA")
	}
	good := h.proof("POST", tokenPath, nil)
	// A proof that is in order leads to the grant itself, which is none.
	accepted := func(what string, proofs ...string) {
		t.Helper()
		status, got := ask(proofs...)
		h.refused(what, fault.GrantInvalid, status, got)
	}
	accepted("a good one", good)
	accepted("a query behind the address", h.proof("POST", tokenPath+"?x=1#y", nil))
	accepted("a clock a little fast", h.proof("POST", tokenPath, map[string]any{"iat": h.Now().Add(10 * time.Second).Unix()}))
	accepted("a clock a little slow", h.proof("POST", tokenPath, map[string]any{"iat": h.Now().Add(-10 * time.Second).Unix()}))
	accepted("more claims than asked for", h.proof("POST", tokenPath, map[string]any{"exp": 1, "nbf": 1}))

	large, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	accepted("by RSA", h.signed(jose.PS256, large, "dpop+jwt", true, h.claims("POST", tokenPath, nil)))
	claims := func() map[string]any { return h.claims("POST", tokenPath, nil) }
	private := h.signed(jose.ES256, h.key, "dpop+jwt", true, claims())
	header := map[string]any{"alg": "ES256", "typ": "dpop+jwt", "jwk": jose.JSONWebKey{Key: h.key}}
	private = base64.RawURLEncoding.EncodeToString([]byte(jsonOf(t, header))) + private[strings.Index(private, "."):]
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"dpop+jwt"}`)) + "." + base64.RawURLEncoding.EncodeToString([]byte(jsonOf(t, claims()))) + "."
	changed := func(name string, value any) []string {
		return []string{h.proof("POST", tokenPath, map[string]any{name: value})}
	}
	for _, row := range []struct {
		name   string
		proofs []string
	}{
		{"sent again", []string{good}}, {"two of them", []string{h.proof("POST", tokenPath, nil), h.proof("POST", tokenPath, nil)}},
		{"no JWT", []string{"x"}}, {"empty", []string{""}}, {"without a signature", []string{none}},
		{"another typ", []string{h.signed(jose.ES256, h.key, "JWT", true, claims())}},
		{"a shared key", []string{h.signed(jose.HS256, []byte(strings.Repeat("k", 32)), "dpop+jwt", false, claims())}},
		{"no key in it", []string{h.signed(jose.ES256, h.key, "dpop+jwt", false, claims())}},
		{"the private key in it", []string{private}},
		{"another method", changed("htm", "GET")}, {"no method", changed("htm", nil)},
		{"another address", changed("htu", h.w.Origin+"/common/oauth2/v2.0/token")}, {"another host", changed("htu", "https://stranger.example"+tokenPath)},
		{"no address", changed("htu", nil)}, {"no id", changed("jti", nil)}, {"an id without end", changed("jti", strings.Repeat("a", 300))},
		{"no time", changed("iat", nil)}, {"without end", []string{strings.Repeat("a", 9<<10)}},
	} {
		status, got := ask(row.proofs...)
		h.refused(row.name, fault.ProofInvalid, status, got)
		if got["error"] != "invalid_dpop_proof" {
			t.Errorf("%s: %v", row.name, got["error"])
		}
	}
}

// TestAProofOfAnotherTimeServesWithANonceOfOurs is RFC 9449 8 and 9: whoever's
// clock is wrong is told what the next proof needs, and a proof that carries it
// is not judged by its own time.
func TestAProofOfAnotherTimeServesWithANonceOfOurs(t *testing.T) {
	h := newHolder(t)
	access := text(h.bound(), "access_token")
	sum := sha256.Sum256([]byte(access))
	ath := base64.RawURLEncoding.EncodeToString(sum[:])
	grant := url.Values{"client_id": {ententetest.DeskApp}, "grant_type": {"refresh_token"}, "refresh_token": {"1.AAAA"}}.Encode()
	token := func(claims map[string]any) reply {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.w.Origin+tokenPath, strings.NewReader(grant))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		request.Header.Set("DPoP", h.proof("POST", tokenPath, claims))
		return send(t, h.w, request)
	}
	me := func(claims map[string]any) reply {
		claims["ath"] = ath
		return h.call("GET", "/v1.0/me", "DPoP", access, "", h.proof("GET", "/v1.0/me", claims))
	}
	const untimely = `"error":"use_dpop_nonce"`
	iat := func(off time.Duration) map[string]any { return map[string]any{"iat": h.Now().Add(off).Unix()} }
	for name, off := range map[string]time.Duration{"slow": -2 * time.Minute, "fast": time.Minute, "years off": -5 * 365 * 24 * time.Hour} {
		late := token(iat(off))
		nonce := late.header.Get("DPoP-Nonce")
		if late.status != http.StatusBadRequest || !strings.Contains(late.body, untimely) || nonce == "" {
			t.Errorf("a clock that is %s: %d %s, nonce %q", name, late.status, late.body, nonce)
		}
		with := iat(off)
		with["nonce"] = nonce
		if got := token(with); strings.Contains(got.body, "dpop") || got.header.Get("DPoP-Nonce") == "" {
			t.Errorf("a clock that is %s, with the nonce: %d %s", name, got.status, got.body)
		}
		refused := me(iat(off))
		if c := refused.header.Get("WWW-Authenticate"); refused.status != http.StatusUnauthorized || !strings.HasPrefix(c, "DPoP ") || !strings.Contains(c, `error="use_dpop_nonce"`) {
			t.Errorf("at Graph, a clock that is %s: %d %q", name, refused.status, c)
		}
		with = iat(off)
		with["nonce"] = refused.header.Get("DPoP-Nonce")
		if got := me(with); got.status != http.StatusOK || got.header.Get("DPoP-Nonce") == "" {
			t.Errorf("at Graph, a clock that is %s, with the nonce: %d %s", name, got.status, got.body)
		}
	}
	// Without a nonce everything is as before; with one, it alone counts, for a
	// minute: proofs that were made ahead end with it.
	if got := token(nil); strings.Contains(got.body, "dpop") {
		t.Errorf("a client that knows of no nonce: %d %s", got.status, got.body)
	}
	old := token(nil).header.Get("DPoP-Nonce")
	h.pass(2 * time.Minute)
	for name, nonce := range map[string]string{"an old one": old, "one that we did not make": "eyJhbGciOiJub25lIn0", "nothing in it": "AAAA"} {
		if got := token(map[string]any{"nonce": nonce}); !strings.Contains(got.body, untimely) {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
	}
	if got := me(map[string]any{"ath": ath, "htm": "POST"}); !strings.HasPrefix(got.header.Get("WWW-Authenticate"), "DPoP ") ||
		!strings.Contains(got.header.Get("WWW-Authenticate"), `error="invalid_dpop_proof"`) {
		t.Errorf("a proof of another request: %q", got.header.Get("WWW-Authenticate"))
	}
}

// TestAGrantIsBoundToTheKeyItWasAskedForWith is row R78.
func TestAGrantIsBoundToTheKeyItWasAskedForWith(t *testing.T) {
	h := newHolder(t)
	mine, stranger := h.key, newKey(t)
	proof := func(by *ecdsa.PrivateKey) []string {
		h.key = by
		return []string{h.proof("POST", tokenPath, nil)}
	}
	for name, by := range map[string][]string{"another key": proof(stranger), "no key": nil} {
		status, got := h.ask(by, h.code("dpop_jkt", thumbprintOf(t, mine))...)
		h.refused("the code with "+name, fault.GrantOtherKey, status, got)
	}
	status, all := h.ask(proof(mine), h.code("dpop_jkt", thumbprintOf(t, mine))...)
	if status != http.StatusOK || all["token_type"] != "DPoP" {
		t.Fatalf("%d %v", status, all)
	}
	if cnf := jsonOf(t, claimsOf(t, text(all, "access_token"))["cnf"]); cnf != `{"jkt":"`+thumbprintOf(t, mine)+`"}` {
		t.Errorf("cnf %s", cnf)
	}
	refresh := []string{"grant_type", "refresh_token", "refresh_token", text(all, "refresh_token")}
	status, got := h.ask(proof(stranger), refresh...)
	h.refused("the refresh token with another key", fault.GrantOtherKey, status, got)
	status, got = h.ask(nil, refresh...)
	h.refused("the refresh token without", fault.GrantOtherKey, status, got)
	if status, got = h.ask(proof(mine), refresh...); status != http.StatusOK || got["token_type"] != "DPoP" {
		t.Errorf("with its key: %d %v", status, got)
	}
	if got := h.signIn("dpop_jkt", "short", "state", "s"); got.Get("error") != "invalid_request" {
		t.Errorf("a malformed thumbprint: %v", got)
	}

	// A secret proves a confidential client, whose key may change (RFC 9449 5).
	secret := []string{"client_id", ententetest.PortalApp, "client_secret", ententetest.PortalSecret}
	code := []string{"grant_type", "authorization_code", "code", h.signIn().Get("code"), "redirect_uri", registered}
	status, all = h.ask(proof(mine), append(code, secret...)...)
	if status != http.StatusOK || all["token_type"] != "DPoP" {
		t.Fatalf("confidential: %d %v", status, all)
	}
	refresh[3] = text(all, "refresh_token")
	if status, got = h.ask(nil, append(refresh, secret...)...); status != http.StatusOK || got["token_type"] != "Bearer" || claimsOf(t, text(got, "access_token"))["cnf"] != nil {
		t.Errorf("without its key: %d %v", status, got)
	}
}

// call asks one of our resources by a scheme, with proofs.
func (h *holder) call(method, path, scheme, accessToken, body string, proofs ...string) reply {
	h.Helper()
	request, err := http.NewRequestWithContext(h.Context(), method, h.w.Origin+path, strings.NewReader(body))
	if err != nil {
		h.Fatal(err)
	}
	request.Header.Set("Authorization", scheme+" "+accessToken)
	request.Header.Set("Content-Type", "application/json")
	request.Header["Dpop"] = proofs
	return send(h.T, h.w, request)
}

// TestABoundTokenOpensOurResourcesWithItsKeyAlone is row R79, also in a batch.
func TestABoundTokenOpensOurResourcesWithItsKeyAlone(t *testing.T) {
	h := newHolder(t)
	access := text(h.bound(), "access_token")
	hash := func(of string) map[string]any {
		sum := sha256.Sum256([]byte(of))
		return map[string]any{"ath": base64.RawURLEncoding.EncodeToString(sum[:])}
	}
	const batch = `{"requests":[{"id":"1","method":"GET","url":"/me"}]}`
	plain := text(h.desk.tokens(), "access_token")
	for _, at := range []struct{ method, path, body string }{
		{"GET", "/v1.0/me", ""}, {"GET", "/v1.0/users/ada%40northwind.example", ""}, {"GET", "/" + ententetest.Northwind + "/openid/userinfo", ""}, {"POST", "/v1.0/$batch", batch},
	} {
		want := func(what string, status int, got reply) {
			t.Helper()
			if got.status != status || status == http.StatusOK && strings.Contains(got.body, `"status":401`) {
				t.Errorf("%s %s: %d %.300s", at.path, what, got.status, got.body)
			}
			if status == http.StatusUnauthorized && got.header.Get("WWW-Authenticate") == "" {
				t.Errorf("%s %s: no challenge", at.path, what)
			}
		}
		proof := func(of string) string { return h.proof(at.method, at.path, hash(of)) }
		used := proof(access)
		want("with its key", http.StatusOK, h.call(at.method, at.path, "DPoP", access, at.body, used))
		want("in another case", http.StatusOK, h.call(at.method, at.path, "dpop", access, at.body, proof(access)))
		want("with the same proof again", http.StatusUnauthorized, h.call(at.method, at.path, "DPoP", access, at.body, used))
		want("as Bearer", http.StatusUnauthorized, h.call(at.method, at.path, "Bearer", access, at.body, proof(access)))
		want("without a proof", http.StatusUnauthorized, h.call(at.method, at.path, "DPoP", access, at.body))
		want("with a proof of another token", http.StatusUnauthorized, h.call(at.method, at.path, "DPoP", access, at.body, proof(plain)))
		want("with a proof of no token", http.StatusUnauthorized, h.call(at.method, at.path, "DPoP", access, at.body, h.proof(at.method, at.path, nil)))
		mine := h.key
		h.key = newKey(t)
		want("with another key", http.StatusUnauthorized, h.call(at.method, at.path, "DPoP", access, at.body, proof(access)))
		h.key = mine
		want("a Bearer token as DPoP", http.StatusUnauthorized, h.call(at.method, at.path, "DPoP", plain, at.body, proof(plain)))
		want("a Bearer token", http.StatusOK, h.call(at.method, at.path, "Bearer", plain, at.body))
	}
	for _, path := range []string{"/v1/customers", "/api/v1/approvals", "/secrets/any?api-version=7.4", "/subscriptions?api-version=2022-12-01"} {
		if got := h.call("GET", path, "Bearer", access, ""); got.status != http.StatusUnauthorized {
			t.Errorf("%s opens for a bound token as Bearer: %d", path, got.status)
		}
	}
}

func TestAPushBindsItsCodeToTheKeyOfTheProof(t *testing.T) {
	h := newHolder(t)
	parPath := "/" + ententetest.Northwind + "/oauth2/v2.0/par"
	form := url.Values{
		"client_id": {ententetest.DeskApp}, "response_type": {"code"}, "redirect_uri": {registered}, "scope": {graphScope},
		"code_challenge": {challenge}, "code_challenge_method": {"S256"},
	}
	push := func(jkt string) reply {
		t.Helper()
		form.Set("dpop_jkt", jkt)
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.w.Origin+parPath, strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		request.Header.Set("DPoP", h.proof("POST", parPath, nil))
		return send(t, h.w, request)
	}
	if got := push(thumbprintOf(t, newKey(t))); got.status != http.StatusBadRequest || !strings.Contains(got.body, "invalid_dpop_proof") {
		t.Errorf("another key's thumbprint: %d %s", got.status, got.body)
	}
	var pushed map[string]any
	if got := push(""); got.status != http.StatusCreated || json.Unmarshal([]byte(got.body), &pushed) != nil {
		t.Fatalf("%d %s", got.status, got.body)
	}
	answer, err := h.v.SignIn(t.Context(), h.handle(text(pushed, "request_uri"), "client_id", ententetest.DeskApp), registered)
	if err != nil {
		t.Fatal(err)
	}
	status, got := h.ask(nil, "grant_type", "authorization_code", "code", answer.Get("code"), "redirect_uri", registered, "code_verifier", verifier)
	h.refused("the code without the key", fault.GrantOtherKey, status, got)
}

func TestAResourceLearnsWhichKeyATokenIsBoundTo(t *testing.T) {
	c := &clock{at: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}
	h := &holder{desk: service(t, ententetest.Options{Now: c.Now}), clock: c, key: newKey(t)}
	code := h.signIn("scope", backendScope).Get("code")
	status, all := h.ask([]string{h.proof("POST", tokenPath, nil)}, "grant_type", "authorization_code", "code", code, "redirect_uri", registered,
		"client_id", ententetest.PortalApp, "client_secret", ententetest.PortalSecret)
	if status != http.StatusOK {
		t.Fatalf("%d %v", status, all)
	}
	_, got := h.about("introspect", text(all, "access_token"))
	if got["active"] != true || got["token_type"] != "DPoP" || jsonOf(t, got["cnf"]) != `{"jkt":"`+thumbprintOf(t, h.key)+`"}` {
		t.Errorf("introspection: %v", got)
	}
}
