package conformance_test

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

const asksFirst = "a page asks the person first"

func TestRPInitiatedLogout(t *testing.T) {
	judge(t, plan("RP-initiated logout"), "", []module{
		{"oidcc-rp-initiated-logout-discovery-endpoint-verification", "", logoutDiscovery},
		{"oidcc-rp-initiated-logout", "", logout},
		{"oidcc-rp-initiated-logout-bad-post-logout-redirect-uri", asksFirst, badPostLogoutRedirectURI},
		{"oidcc-rp-initiated-logout-modified-id-token-hint", "an error page", modifiedIDTokenHint},
		{"oidcc-rp-initiated-logout-bad-id-token-hint", "an error page", badIDTokenHint},
		{"oidcc-rp-initiated-logout-no-id-token-hint", asksFirst, noIDTokenHint},
		{"oidcc-rp-initiated-logout-no-params", asksFirst, noParams},
		{"oidcc-rp-initiated-logout-no-post-logout-redirect-uri", "", noPostLogoutRedirectURI},
		{"oidcc-rp-initiated-logout-no-state", "", noState},
		{"oidcc-rp-initiated-logout-only-state", asksFirst, onlyState},
		{"oidcc-rp-initiated-logout-query-added-to-post-logout-redirect-uri", asksFirst, queryAdded},
	})
}

func logoutDiscovery(r *run) {
	u, err := url.Parse(r.meta.EndSession)
	if err != nil || u.Scheme != "https" || u.Host == "" {
		r.Errorf("end_session_endpoint %q", r.meta.EndSession)
	}
}

// farewell signs in and gives the logout request that is in order.
func (r *run) farewell() url.Values {
	r.Helper()
	o := r.happy(first, r.request(first, "openid"))
	return url.Values{"id_token_hint": {o.id.raw}, "post_logout_redirect_uri": {afterSignOut}, "state": {rand.Text()}}
}

func without(q url.Values, names ...string) url.Values {
	for _, name := range names {
		q.Del(name)
	}
	return q
}

// leave opens the end session endpoint.
func (r *run) leave(q url.Values) {
	r.Helper()
	if err := r.browser.Open(r.Context(), r.meta.EndSession+"?"+q.Encode()); err != nil {
		r.Fatal(err)
	}
}

// gone: a silent request finds nobody.
func (r *run) gone() {
	r.Helper()
	r.notSignedIn(with(r.request(first, "openid"), "prompt", "none"))
}

// still: the person is signed in as before.
func (r *run) still() {
	r.Helper()
	if a := r.authorize(with(r.request(first, "openid"), "prompt", "none")); a.Get("code") == "" {
		r.Errorf("nobody is signed in any more: %q", a.Values)
	}
}

// returned: the browser is sent to the registered address with exactly these
// parameters.
func (r *run) returned(want url.Values) {
	r.Helper()
	target, err := url.Parse(r.browser.Page.Header.Get("Location"))
	if err != nil {
		r.Fatal(err)
	}
	if got := target.Query(); got.Encode() != want.Encode() {
		r.Errorf("came back with %q, want %q", got, want)
	}
	if target.RawQuery, target.Fragment = "", ""; target.String() != afterSignOut {
		r.Errorf("came back to %q after %d", target, r.browser.Page.Status)
	}
}

// here: a page of our own that leads to no address of the client.
func (r *run) here(status int) {
	r.Helper()
	page := r.browser.Page
	if page.Status != status || page.Header.Get("Location") != "" || page.Title == "" || strings.Contains(page.Body, suite) {
		r.Errorf("answered with %d %q to %q", page.Status, page.Title, page.Header.Get("Location"))
	}
}

// asked: a page asks; nobody is signed out before the answer, and nobody is
// sent away after it.
func (r *run) asked() {
	r.Helper()
	r.here(http.StatusOK)
	question := r.browser.Page
	r.still()
	r.browser.Page = question
	if err := r.browser.Submit(r.Context(), "do=yes", nil); err != nil {
		r.Fatal(err)
	}
	r.here(http.StatusOK)
	r.gone()
}

// logout goes by GET as the suite does, and by POST, which RP-Initiated Logout
// 2 asks for too; there with a hint that has expired meanwhile (4).
func logout(r *run) {
	q := r.farewell()
	r.leave(q)
	r.returned(url.Values{"state": q["state"]})
	r.gone()
	q = r.farewell()
	r.clock.wait(2 * time.Hour)
	if err := r.browser.Post(r.Context(), r.meta.EndSession, q); err != nil {
		r.Fatal(err)
	}
	r.returned(url.Values{"state": q["state"]})
	r.gone()
}

func noState(r *run) {
	r.leave(without(r.farewell(), "state"))
	r.returned(url.Values{})
	r.gone()
}

func badPostLogoutRedirectURI(r *run) {
	r.leave(with(r.farewell(), "post_logout_redirect_uri", afterSignOut+"/else"))
	r.asked()
}

func queryAdded(r *run) {
	r.leave(with(r.farewell(), "post_logout_redirect_uri", afterSignOut+"?foo=bar"))
	r.asked()
}

// modifiedIDTokenHint: the ID token as it was, but unsigned.
func modifiedIDTokenHint(r *run) {
	q := r.farewell()
	parts := strings.Split(q.Get("id_token_hint"), ".")
	q.Set("id_token_hint", base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`))+"."+parts[1]+".")
	r.leave(q)
	r.here(http.StatusBadRequest)
	r.still()
}

// badIDTokenHint: the same claims under the same kid, signed by somebody else.
func badIDTokenHint(r *run) {
	q := r.farewell()
	jws, err := jose.ParseSignedCompact(q.Get("id_token_hint"), []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		r.Fatal(err)
	}
	foreign, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		r.Fatal(err)
	}
	key := jose.JSONWebKey{Key: foreign, KeyID: jws.Signatures[0].Header.KeyID}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: key}, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		r.Fatal(err)
	}
	forged, err := signer.Sign(jws.UnsafePayloadWithoutVerification())
	if err != nil {
		r.Fatal(err)
	}
	text, err := forged.CompactSerialize()
	if err != nil {
		r.Fatal(err)
	}
	r.leave(with(q, "id_token_hint", text))
	r.here(http.StatusBadRequest)
	r.still()
}

func noIDTokenHint(r *run) {
	r.leave(without(r.farewell(), "id_token_hint"))
	r.asked()
}

func noParams(r *run) {
	r.farewell()
	r.leave(url.Values{})
	r.asked()
}

func onlyState(r *run) {
	r.leave(without(r.farewell(), "id_token_hint", "post_logout_redirect_uri"))
	r.asked()
}

// noPostLogoutRedirectURI: the hint proves who asks, so the person is signed
// out at once and told so.
func noPostLogoutRedirectURI(r *run) {
	r.leave(without(r.farewell(), "post_logout_redirect_uri"))
	r.here(http.StatusOK)
	r.gone()
}
