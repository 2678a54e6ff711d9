package conformance_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
)

func isJSON(h http.Header) bool {
	kind, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	return err == nil && kind == "application/json"
}

// reply is an answer of the token or userinfo endpoint.
type reply struct {
	status int
	header http.Header
	body   map[string]any
}

func (p reply) text(name string) string {
	s, _ := p.body[name].(string)
	return s
}

// send asks an endpoint and reads its JSON.
func (r *run) send(request *http.Request) reply {
	r.Helper()
	response, err := r.world.Client().Do(request)
	if err != nil {
		r.Fatal(err)
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		r.Fatal(err)
	}
	p := reply{status: response.StatusCode, header: response.Header}
	if !isJSON(response.Header) {
		r.Fatalf("%s answers %d with %q", request.URL.Path, p.status, response.Header.Get("Content-Type"))
	}
	if err := json.Unmarshal(raw, &p.body); err != nil {
		r.Fatalf("%s: %v in %s", request.URL.Path, err, raw)
	}
	return p
}

// ask posts a form to the token endpoint, with client_secret_basic.
func (r *run) ask(c client, form url.Values) reply {
	r.Helper()
	request := r.post(r.meta.Token, form)
	request.SetBasicAuth(url.QueryEscape(string(c.app)), url.QueryEscape(c.secret))
	return r.send(request)
}

func (r *run) post(address string, form url.Values) *http.Request {
	r.Helper()
	request, err := http.NewRequestWithContext(r.Context(), http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		r.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return request
}

func redemption(q url.Values, a answer) url.Values {
	return url.Values{"grant_type": {"authorization_code"}, "code": {a.Get("code")}, "redirect_uri": {q.Get("redirect_uri")}}
}

// bearer checks a success of the token endpoint.
func (r *run) bearer(p reply) reply {
	r.Helper()
	if p.status != http.StatusOK {
		r.Fatalf("the token endpoint answers %d %v", p.status, p.body)
	}
	if !strings.Contains(p.header.Get("Cache-Control"), "no-store") {
		r.Errorf("Cache-Control %q", p.header.Get("Cache-Control"))
	}
	if !strings.EqualFold(p.text("token_type"), "Bearer") {
		r.Errorf("token_type %q", p.text("token_type"))
	}
	if life, ok := p.body["expires_in"].(float64); !ok || life <= 0 {
		r.Errorf("expires_in %v", p.body["expires_in"])
	}
	r.wellMade("access_token", p.text("access_token"))
	if p.text("refresh_token") != "" {
		r.wellMade("refresh_token", p.text("refresh_token"))
	}
	return p
}

// wellMade: the characters of RFC 6749 appendix A, and 96 bits that differ
// from one symbol to the next.
func (r *run) wellMade(name, token string) {
	r.Helper()
	if strings.ContainsFunc(token, func(c rune) bool { return c < ' ' || c > '~' }) {
		r.Errorf("%s has characters that are not allowed", name)
	}
	symbols := map[rune]bool{}
	for _, c := range token {
		symbols[c] = true
	}
	if len(token) < 22 || len(symbols) < 10 {
		r.Errorf("%s can be guessed: %d characters, %d different", name, len(token), len(symbols))
	}
}

// refusedToken checks an error of the token endpoint.
func (r *run) refusedToken(p reply, kind string) {
	r.Helper()
	if p.status != http.StatusBadRequest || p.text("error") != kind {
		r.Errorf("answered %d %s, want 400 %s", p.status, p.text("error"), kind)
	}
	r.legible(p.text("error_description"))
}

// idToken is one that verified.
type idToken struct {
	raw    string
	claims map[string]any
}

func (i idToken) subject() string { s, _ := i.claims["sub"].(string); return s }

func (i idToken) authTime(r *run) int64 {
	r.Helper()
	seconds, ok := i.claims["auth_time"].(float64)
	if !ok {
		r.Fatalf("auth_time %v", i.claims["auth_time"])
	}
	return int64(seconds)
}

// verify checks an ID token as a relying party has to (OpenID Connect Core
// 3.1.3.7), and what the suite adds to that.
func (r *run) verify(c client, p reply, nonce string) idToken {
	r.Helper()
	raw := p.text("id_token")
	jws, err := jose.ParseSignedCompact(raw, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		r.Fatalf("id_token: %v", err)
	}
	found := r.keys.Key(jws.Signatures[0].Header.KeyID)
	if len(found) != 1 {
		r.Fatalf("%d keys have the kid %q", len(found), jws.Signatures[0].Header.KeyID)
	}
	payload, err := jws.Verify(found[0])
	if err != nil {
		r.Fatalf("id_token: %v", err)
	}
	i := idToken{raw: raw}
	if err := json.Unmarshal(payload, &i.claims); err != nil {
		r.Fatal(err)
	}
	if i.claims["iss"] != r.meta.Issuer || i.claims["aud"] != string(c.app) {
		r.Errorf("iss %v, aud %v", i.claims["iss"], i.claims["aud"])
	}
	if got, ok := i.claims["nonce"]; nonce != "" && got != nonce || nonce == "" && ok {
		r.Errorf("nonce %v, want %q", got, nonce)
	}
	if n := len(i.subject()); n == 0 || n > 255 {
		r.Errorf("sub %q", i.subject())
	}
	if acr, ok := i.claims["acr"]; ok && (acr == "" || acr == nil) {
		r.Errorf("acr %v", acr)
	}
	if hash, ok := i.claims["at_hash"]; ok && hash != halfOf(p.text("access_token")) {
		r.Errorf("at_hash %v", hash)
	}
	r.times(i.claims)
	r.types(i.claims)
	return i
}

func halfOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

// times: five minutes of skew, nothing old, nothing for ever.
func (r *run) times(claims map[string]any) {
	r.Helper()
	now := r.clock.now()
	at := func(name string) time.Time {
		seconds, ok := claims[name].(float64)
		if !ok {
			r.Errorf("%s %v is no number", name, claims[name])
		}
		return time.Unix(int64(seconds), 0)
	}
	const skew = 5 * time.Minute
	if exp := at("exp"); exp.Before(now.Add(-skew)) || exp.After(now.AddDate(50, 0, 0)) {
		r.Errorf("exp %v", exp)
	}
	if iat := at("iat"); iat.Before(now.Add(-skew)) || iat.After(now.Add(skew)) {
		r.Errorf("iat %v", iat)
	}
	if auth := at("auth_time"); auth.Before(now.AddDate(-1, 0, 0)) || auth.After(now.Add(skew)) {
		r.Errorf("auth_time %v", auth)
	}
}

// types: the standard claims, where they are, in their JSON types (OpenID
// Connect Core 5.1).
func (r *run) types(claims map[string]any) {
	r.Helper()
	for name, value := range claims {
		ok := true
		switch {
		case slices.Contains([]string{
			"sub", "name", "given_name", "family_name", "middle_name", "nickname", "preferred_username", "profile", "picture",
			"website", "email", "gender", "birthdate", "zoneinfo", "locale", "phone_number",
		}, name):
			var text string
			text, ok = value.(string)
			ok = ok && text != ""
		case name == "email_verified" || name == "phone_number_verified":
			_, ok = value.(bool)
		case name == "updated_at":
			_, ok = value.(float64)
		case name == "address":
			_, ok = value.(map[string]any)
		}
		if !ok {
			r.Errorf("%s has the value %v", name, value)
		}
	}
}

// outcome is a sign-in that went well.
type outcome struct {
	answer answer
	tokens reply
	id     idToken
}

func (o outcome) access() string { return o.tokens.text("access_token") }

// happy is the path that most modules vary: sign in, redeem, verify, and ask
// who it is.
func (r *run) happy(c client, q url.Values) outcome {
	r.Helper()
	a := r.authorize(q)
	if a.Get("code") == "" {
		r.Fatalf("the answer is %q", a.Values)
	}
	return r.redeemed(c, q, a)
}

func (r *run) redeemed(c client, q url.Values, a answer) outcome {
	r.Helper()
	tokens := r.bearer(r.ask(c, redemption(q, a)))
	o := outcome{a, tokens, r.verify(c, tokens, q.Get("nonce"))}
	r.person(o.id, r.userinfo(o.access()))
	return o
}

// userinfo asks with the token in the header.
func (r *run) userinfo(access string) reply {
	r.Helper()
	request, err := http.NewRequestWithContext(r.Context(), http.MethodGet, r.meta.UserInfo, nil)
	if err != nil {
		r.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+access)
	return r.send(request)
}

// person checks that userinfo tells of the ID token's subject.
func (r *run) person(i idToken, p reply) {
	r.Helper()
	if p.status != http.StatusOK || p.text("sub") == "" || p.body["sub"] != i.claims["sub"] {
		r.Errorf("userinfo answers %d %v, the ID token is of %v", p.status, p.body, i.claims["sub"])
	}
	r.types(p.body)
}
