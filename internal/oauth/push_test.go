package oauth_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/entente-id/entente/ententetest"
	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/devworld"
	"github.com/entente-id/entente/internal/fault"
)

// push leaves Portal's request at an authority, with some fields changed.
func (d desk) push(authority string, more ...string) (int, map[string]any) {
	d.Helper()
	form := url.Values{}
	for name, value := range with(map[string]string{
		"client_id": ententetest.PortalApp, "client_secret": ententetest.PortalSecret, "response_type": "code", "redirect_uri": registered,
		"scope": graphScope, "state": "pushed",
	}, more...) {
		form.Set(name, value)
	}
	return postForm(d.T, d.w, "/"+authority+"/oauth2/v2.0/par", form)
}

// pushed gives the request_uri of such a request.
func (d desk) pushed(more ...string) string {
	d.Helper()
	status, got := d.push(ententetest.Northwind, more...)
	uri := text(got, "request_uri")
	if status != http.StatusCreated || uri == "" || got["expires_in"] != float64(90) {
		d.Fatalf("%d %v", status, got)
	}
	return uri
}

// handle is the authorize address of a pushed request.
func (d desk) handle(uri string, more ...string) string {
	query := url.Values{}
	for name, value := range with(map[string]string{"client_id": ententetest.PortalApp, "request_uri": uri}, more...) {
		query.Set(name, value)
	}
	return d.w.Origin + "/" + ententetest.Northwind + "/oauth2/v2.0/authorize?" + query.Encode()
}

// look opens an address in a new browser.
func (d desk) look(address string) *devworld.Page {
	d.Helper()
	v := d.w.Visitor(ententetest.Ada)
	if err := v.Open(d.Context(), address); err != nil {
		d.Fatal(err)
	}
	return v.Page
}

// TestAPushedRequestServesItsClientOnce is row R27.
func TestAPushedRequestServesItsClientOnce(t *testing.T) {
	d, c := clockedDesk(t)
	page := func(what, address string) {
		t.Helper()
		got := d.look(address)
		if got.Status != http.StatusBadRequest || got.Header.Get("Location") != "" || !strings.Contains(got.Body, "9700009") {
			t.Errorf("%s: %d, to %q: %s", what, got.Status, got.Header.Get("Location"), got.Title)
		}
	}
	uri := d.pushed("nonce", "n")
	if !strings.HasPrefix(uri, "urn:ietf:params:oauth:request_uri:") {
		t.Errorf("request_uri %q", uri)
	}
	// Opened and left: the person may begin again (RFC 9126 7.3).
	if got := d.look(d.handle(uri)); got.Status != http.StatusOK {
		t.Fatalf("first look: %d", got.Status)
	}
	// What stands beside the request_uri is not read (RFC 9126 4).
	got, err := d.v.SignIn(t.Context(), d.handle(uri, "scope", "offline_access", "state", "beside", "redirect_uri", "https://stranger.example/"), registered)
	if err != nil || got.Get("state") != "pushed" || got.Get("code") == "" {
		t.Fatalf("%v, %v after %q", got, err, d.v.Steps)
	}
	status, tokens := d.redeem(got.Get("code"))
	if status != http.StatusOK || claimsOf(t, text(tokens, "id_token"))["nonce"] != "n" {
		t.Errorf("redeem: %d %v", status, tokens)
	}
	if err := d.v.Open(t.Context(), d.handle(uri)); err != nil || d.v.Page.Header.Get("Location") != "" || !strings.Contains(d.v.Page.Body, "9700009") {
		t.Errorf("after its answer: %d %v %v", d.v.Page.Status, d.v.Page.Header, err)
	}

	silent := d.pushed("prompt", "none")
	if got, err := d.v.SignIn(t.Context(), d.handle(silent), registered); err != nil || got.Get("code") == "" {
		t.Errorf("silent: %v, %v", got, err)
	}
	if err := d.v.Open(t.Context(), d.handle(silent)); err != nil || d.v.Page.Header.Get("Location") != "" || !strings.Contains(d.v.Page.Body, "9700009") {
		t.Errorf("silent for a second time: %d %v %v", d.v.Page.Status, d.v.Page.Header, err)
	}

	another := d.pushed()
	page("another client's", d.handle(another, "client_id", string(devworld.Inhouse)))
	page("at another authority", strings.Replace(d.handle(another), ententetest.Northwind, "common", 1))
	page("at v1", strings.Replace(d.handle(another), "/v2.0", "", 1))
	page("changed", d.handle(another[:len(another)-2]+"AA"))
	page("made up", d.handle("urn:ietf:params:oauth:request_uri:6esc_11ACC5bwc014ltc14eY22c"))
	c.pass(89 * time.Second)
	if got := d.look(strings.Replace(d.handle(another), ententetest.Northwind, "Northwind.Example", 1)); got.Status != http.StatusOK {
		t.Errorf("in time, by a domain: %d", got.Status)
	}
	c.pass(time.Second)
	page("too late", d.handle(another))
}

// TestTwoSignInsOfOnePushedRequestGetOneAnswer holds a form open while another
// finishes.
func TestTwoSignInsOfOnePushedRequestGetOneAnswer(t *testing.T) {
	d := newDesk(t, ententetest.Options{})
	d.signIn()
	address := d.handle(d.pushed("prompt", "consent"))
	other := d.w.Visitor(ententetest.Integration)
	if err := other.Open(t.Context(), address); err != nil {
		t.Fatal(err)
	}
	if got, err := d.v.SignIn(t.Context(), address, registered); err != nil || got.Get("code") == "" {
		t.Fatalf("%v, %v", got, err)
	}
	if got, err := other.Walk(t.Context(), registered); err == nil {
		t.Errorf("the second got %v", got)
	}
	if !strings.Contains(other.Page.Body, "9700009") {
		t.Errorf("the second sees %q after %q", other.Page.Title, other.Steps)
	}
}

// TestWhatIsWrongWithARequestIsToldAtThePush are rows R26 and R81.
func TestWhatIsWrongWithARequestIsToldAtThePush(t *testing.T) {
	d := newDesk(t, ententetest.Options{})
	for _, row := range []struct {
		name string
		want fault.Code
		more []string
	}{
		{"no proof", fault.CredentialMissing, []string{"client_secret", ""}},
		{"a wrong secret", fault.SecretWrong, []string{"client_secret", "wrong"}},
		{"a nested request_uri", fault.RequestURI, []string{"request_uri", "urn:ietf:params:oauth:request_uri:AAAA"}},
		{"a request object", fault.RequestObject, []string{"request", "e30.e30."}},
		{"an unregistered redirect address", fault.RedirectMismatch, []string{"redirect_uri", "https://stranger.example/"}},
		{"no response_type", fault.ParameterMissing, []string{"response_type", ""}},
		{"a token in the front channel", fault.ImplicitOff, []string{"response_type", "token"}},
		{"an unknown resource", fault.ResourceUnknown, []string{"scope", "https://nobody.example/.default"}},
		{"plain PKCE", fault.RequestMalformed, []string{"code_challenge", challenge, "code_challenge_method", "plain"}},
		{"a public client without PKCE", fault.ChallengeRequired, []string{"client_id", ententetest.DeskApp, "client_secret", ""}},
		{"a state without end", fault.ParameterTooLong, []string{"state", strings.Repeat("s", 9<<10)}},
		{"more than an address carries", fault.ParameterTooLong, []string{"state", strings.Repeat("s", 8<<10), "claims", `{"id_token":{"x":null}}` + strings.Repeat(" ", 4<<10)}},
	} {
		status, got := d.push(ententetest.Northwind, row.more...)
		d.refused(row.name, row.want, status, got)
	}
	if got := ask(t, d.w, http.MethodPost, "/"+ententetest.Northwind+"/oauth2/v2.0/par", "client_id="+ententetest.PortalApp+"&client_id="+ententetest.PortalApp); got.status != http.StatusBadRequest {
		t.Errorf("a doubled parameter: %d %s", got.status, got.body)
	}
	if got := ask(t, d.w, http.MethodGet, "/"+ententetest.Northwind+"/oauth2/v2.0/par", "client_id="+ententetest.PortalApp); got.status != http.StatusMethodNotAllowed && got.status != http.StatusBadRequest {
		t.Errorf("GET: %d", got.status)
	}
	public := []string{"client_id", ententetest.DeskApp, "client_secret", "", "code_challenge", challenge, "code_challenge_method", "S256"}
	if status, got := d.push("organizations", public...); status != http.StatusCreated {
		t.Errorf("a public client: %d %v", status, got)
	}
}

// TestAnAppThatPushesTakesNoPlainRequests is row R28.
func TestAnAppThatPushesTakesNoPlainRequests(t *testing.T) {
	d := newDesk(t, ententetest.Options{})
	about := func() map[string]any {
		_, got := document(t, d.w, "/"+ententetest.Northwind+"/v2.0/.well-known/openid-configuration?appid="+ententetest.PortalApp)
		return got
	}
	if got := about(); got["require_pushed_authorization_requests"] != false ||
		got["pushed_authorization_request_endpoint"] != d.w.Origin+"/"+ententetest.Northwind+"/oauth2/v2.0/par" {
		t.Errorf("metadata: %v", got)
	}
	d.edit(func(a *application.Application) { a.RequirePushed = true })
	if about()["require_pushed_authorization_requests"] != true {
		t.Error("the metadata does not say so")
	}
	if got := d.signIn("state", "s"); got.Get("error") != "invalid_request" || got.Get("state") != "s" || !strings.Contains(got.Get("error_description"), aadsts(fault.PushRequired)) {
		t.Errorf("a plain request: %v", got)
	}
	if got, err := d.v.SignIn(t.Context(), d.handle(d.pushed()), registered); err != nil || got.Get("code") == "" {
		t.Errorf("a pushed one: %v, %v", got, err)
	}
}
