package ententetest_test

import (
	"crypto/x509"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/entente-id/entente/ententetest"
	"github.com/entente-id/entente/internal/devworld"
)

// tool is a server whose clients describe themselves.
type tool struct {
	*httptest.Server
	reads int
}

func newTool(t *testing.T) *tool {
	t.Helper()
	s := &tool{}
	s.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.reads++
		if r.URL.Path == "/moved" {
			http.Redirect(w, r, "/desk", http.StatusFound)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{
			"client_id": s.URL + r.URL.Path, "client_name": "Desk tool", "redirect_uris": []string{"http://localhost/back"}, "token_endpoint_auth_method": "none",
		})
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *tool) host() string { return strings.TrimPrefix(s.URL, "https://") }

// worldWith is a world in which Northwind lets the tool's clients in.
func worldWith(t *testing.T, s *tool, mayFetch bool) *ententetest.World {
	t.Helper()
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	o := ententetest.Options{Roots: roots}
	if mayFetch {
		o.MayFetch = []string{s.host()}
	}
	w := ententetest.StartWith(t, o)
	northwind, err := w.Inside().Tenants.Find(t.Context(), devworld.Northwind)
	if err != nil {
		t.Fatal(err)
	}
	northwind.Settings.ClientHosts = []string{s.host()}
	if err := w.Inside().Tenants.Save(t.Context(), northwind); err != nil {
		t.Fatal(err)
	}
	return w
}

func authorizeAt(w *ententetest.World, tenant, client, redirect string) string {
	return w.Origin + "/" + tenant + "/oauth2/v2.0/authorize?" + url.Values{
		"client_id": {client}, "response_type": {"code"}, "redirect_uri": {redirect}, "scope": {"openid profile offline_access https://graph.microsoft.com/User.Read"},
		"code_challenge": {"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"}, "code_challenge_method": {"S256"},
	}.Encode()
}

// TestAClientIsItsDocument: nobody registers the tool anywhere; it is what the
// document at its client_id says, where an organisation lets its host in.
func TestAClientIsItsDocument(t *testing.T) {
	s := newTool(t)
	w := worldWith(t, s, true)
	client := s.URL + "/desk"
	for tenant, want := range map[string]any{ententetest.Northwind: true, ententetest.Adatum: false} {
		response, err := w.Client().Get(w.Origin + "/" + tenant + "/v2.0/.well-known/openid-configuration")
		if err != nil {
			t.Fatal(err)
		}
		var document map[string]any
		err = json.NewDecoder(response.Body).Decode(&document)
		_ = response.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		if document["client_id_metadata_document_supported"] != want {
			t.Errorf("the metadata of %s says %v", tenant, document["client_id_metadata_document_supported"])
		}
	}
	v := w.Visitor(ententetest.Ada)
	answer, err := v.SignIn(t.Context(), authorizeAt(w, ententetest.Northwind, client, "http://localhost:4711/back"), "http://localhost:4711/back")
	if err != nil {
		t.Fatalf("after %q: %v", v.Steps, err)
	}
	form := url.Values{"client_id": {client}, "grant_type": {"authorization_code"}, "code": {answer.Get("code")},
		"redirect_uri": {"http://localhost:4711/back"}, "code_verifier": {"dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"}}
	status, got := post(t, w, "/"+ententetest.Northwind+"/oauth2/v2.0/token", form)
	if status != http.StatusOK {
		t.Fatalf("%d %v", status, got)
	}
	if c := claims(t, got["id_token"].(string)); c["aud"] != client {
		t.Errorf("the ID token is for %v", c["aud"])
	}
	refresh := url.Values{"client_id": {client}, "grant_type": {"refresh_token"}, "refresh_token": {got["refresh_token"].(string)}}
	if status, got := post(t, w, "/"+ententetest.Northwind+"/oauth2/v2.0/token", refresh); status != http.StatusOK {
		t.Errorf("refresh: %d %v", status, got)
	}
	if s.reads != 1 {
		t.Errorf("the document was read %d times", s.reads)
	}
	// What the organisation takes off its list ends with it.
	northwind, err := w.Inside().Tenants.Find(t.Context(), devworld.Northwind)
	if err != nil {
		t.Fatal(err)
	}
	northwind.Settings.ClientHosts = nil
	if err := w.Inside().Tenants.Save(t.Context(), northwind); err != nil {
		t.Fatal(err)
	}
	if status, got := post(t, w, "/"+ententetest.Northwind+"/oauth2/v2.0/token", refresh); status != http.StatusBadRequest || got["error"] != "invalid_client" {
		t.Errorf("after the host was taken off the list: %d %v", status, got)
	}
}

// TestTheConsentOfADocumentsClientNamesItsHost: nobody has proved who is behind
// it, so the person is told where it comes from.
func TestTheConsentOfADocumentsClientNamesItsHost(t *testing.T) {
	s := newTool(t)
	w := worldWith(t, s, true)
	p := newWalker(t, w, devworld.Helpdesk)
	p.open(strings.TrimPrefix(authorizeAt(w, ententetest.Northwind, s.URL+"/desk", "http://localhost/back"), w.Origin))
	p.press("do=next", "address", devworld.Helpdesk)
	p.press("do=next", "password", ententetest.Password)
	p.sees("Desk tool", s.host(), `class="badge warn"`)
}

func TestADocumentIsReadOnlyWhereItMayBe(t *testing.T) {
	s := newTool(t)
	w := worldWith(t, s, true)
	for _, c := range []struct{ name, tenant, client, redirect string }{
		{"another organisation", ententetest.Adatum, s.URL + "/desk", "http://localhost/back"},
		{"no organisation", "common", s.URL + "/desk", "http://localhost/back"},
		{"a document that has moved", ententetest.Northwind, s.URL + "/moved", "http://localhost/back"},
		{"an address that is not in the document", ententetest.Northwind, s.URL + "/desk", "https://evil.example/back"},
	} {
		p := newWalker(t, w, ententetest.Ada)
		p.open(strings.TrimPrefix(authorizeAt(w, c.tenant, c.client, c.redirect), w.Origin))
		if p.Page.Status != http.StatusBadRequest || p.Page.Header.Get("Location") != "" {
			t.Errorf("%s: status %d, on to %q", c.name, p.Page.Status, p.Page.Header.Get("Location"))
		}
	}
	// What an organisation allows does not open the operator's own network.
	guarded := newTool(t)
	p := newWalker(t, worldWith(t, guarded, false), ententetest.Ada)
	p.open(strings.TrimPrefix(authorizeAt(w, ententetest.Northwind, guarded.URL+"/desk", "http://localhost/back"), w.Origin))
	if p.Page.Status != http.StatusBadRequest || guarded.reads != 0 {
		t.Errorf("a document on a private address: status %d, %d reads", p.Page.Status, guarded.reads)
	}
}
