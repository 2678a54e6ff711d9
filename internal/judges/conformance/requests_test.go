package conformance_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"
)

func server(r *run) { r.happy(first, r.request(first, "openid")) }

func responseTypeMissing(r *run) {
	q := r.request(first, "openid")
	q.Del("response_type")
	if kind := r.refused(q).Get("error"); kind != "invalid_request" {
		r.Errorf("error %s", kind)
	}
}

func idTokenSignature(r *run) {
	o := r.happy(first, r.request(first, "openid"))
	jws, err := jose.ParseSignedCompact(o.id.raw, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		r.Fatal(err)
	}
	if header := jws.Signatures[0].Header; header.Algorithm != "RS256" || header.KeyID == "" {
		r.Errorf("alg %s, kid %q", header.Algorithm, header.KeyID)
	}
}

// idTokenUnsigned holds the reason: the metadata does not offer none.
func idTokenUnsigned(r *run) {
	if !slices.Equal(r.meta.IDTokens, []string{"RS256"}) {
		r.Errorf("offered: %q", r.meta.IDTokens)
	}
}

func withoutNonce(r *run) {
	q := r.request(first, "openid")
	q.Del("nonce")
	r.happy(first, q)
}

// alternateHappyFlow turns the order of the scopes and of the parameters.
func alternateHappyFlow(r *run) {
	q := r.request(first, "email profile openid")
	var turned []string
	for _, name := range []string{"nonce", "state", "scope", "response_mode", "redirect_uri", "client_id", "response_type"} {
		if q.Has(name) {
			turned = append(turned, name+"="+url.QueryEscape(q.Get(name)))
		}
	}
	fields, err := r.browser.SignIn(r.Context(), r.meta.Authorize+"?"+strings.Join(turned, "&"), first.redirect)
	if err != nil {
		r.Fatalf("after %q: %v", r.browser.Steps, err)
	}
	r.redeemed(first, q, r.arrived(q, fields, 0))
}

func displayPage(r *run)  { r.happy(first, with(r.request(first, "openid"), "display", "page")) }
func displayPopup(r *run) { r.happy(first, with(r.request(first, "openid"), "display", "popup")) }

func unknownParameter(r *run) {
	r.happy(first, with(r.request(first, "openid"), "extra", "foobar"))
}

func uiLocales(r *run) {
	r.happy(first, with(r.request(first, "openid"), "ui_locales", "se"))
}

func claimsLocales(r *run) {
	r.happy(first, with(r.request(first, "openid"), "claims_locales", "se"))
}

func acrValues(r *run) {
	o := r.happy(first, with(r.request(first, "openid"), "acr_values", "1 2"))
	if acr, ok := o.id.claims["acr"]; ok {
		r.Errorf("acr %v, and it is said to be absent", acr)
	}
}

// registeredRedirectURI: everything is right but the address.
func registeredRedirectURI(r *run) {
	q := with(r.request(first, "openid"), "redirect_uri", suite+"/callback/not-registered")
	r.stays(r.meta.Authorize+"?"+q.Encode(), "redirect_uri")
}

// postRequest comes from the suite's own page, so from another site.
func postRequest(r *run) {
	q := r.request(first, "openid")
	request := r.post(r.meta.Authorize, q)
	request.Header.Set("Origin", "https://suite.example")
	request.Header.Set("Sec-Fetch-Site", "cross-site")
	response, err := r.world.Client().Do(request)
	if err != nil {
		r.Fatal(err)
	}
	if response.Body.Close(); response.StatusCode != http.StatusOK {
		r.Errorf("a POST from another site is answered with %d", response.StatusCode)
	}
	if err := r.browser.Post(r.Context(), r.meta.Authorize, q); err != nil {
		r.Fatal(err)
	}
	fields, err := r.browser.Walk(r.Context(), first.redirect)
	if err != nil {
		r.Fatalf("after %q: %v", r.browser.Steps, err)
	}
	r.redeemed(first, q, r.arrived(q, fields, 0))
}

func validPKCE(r *run) {
	const verifier = "a-verifier-of-the-suite-that-is-long-enough-0123456789"
	q := with(r.request(first, "openid"), "code_challenge_method", "S256")
	sum := sha256.Sum256([]byte(verifier))
	q.Set("code_challenge", base64.RawURLEncoding.EncodeToString(sum[:]))
	a := r.authorize(q)
	form := with(redemption(q, a), "code_verifier", verifier)
	tokens := r.bearer(r.ask(first, form))
	r.person(r.verify(first, tokens, q.Get("nonce")), r.userinfo(tokens.text("access_token")))
}

// requestURIUnsigned names a request object that nobody fetches.
func requestURIUnsigned(r *run) {
	a := r.refused(with(r.request(first, "openid"), "request_uri", suite+"/requesturi/object.jwt"))
	if kind := a.Get("error"); kind != "request_uri_not_supported" {
		r.Errorf("error %s", kind)
	}
}

// unsigned is a request object with alg none.
func unsigned(r *run, parameters url.Values) string {
	r.Helper()
	claims := map[string]string{}
	for name := range parameters {
		claims[name] = parameters.Get(name)
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		r.Fatal(err)
	}
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(`{"alg":"none"}`)) + "." + encode(payload) + "."
}

func unsignedRequestObject(r *run) {
	q := r.request(first, "openid")
	if kind := r.refused(with(q, "request", unsigned(r, q))).Get("error"); kind != "request_not_supported" {
		r.Errorf("error %s", kind)
	}
}

// requestObjectWithRedirectURI: the right address is in the object, a wrong one
// beside it. Who reads no objects must not go to the wrong one.
func requestObjectWithRedirectURI(r *run) {
	q := r.request(first, "openid")
	object := unsigned(r, q)
	q.Set("redirect_uri", suite+"/callback/not-registered")
	r.stays(r.meta.Authorize+"?"+with(q, "request", object).Encode(), "redirect_uri")
}
