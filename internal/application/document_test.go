package application_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/sqlstore/storetest"
	"github.com/entente-id/entente/internal/tenant"
)

const toolAddress = "https://tools.example:8443/clients/desk"

// shelf is a server with one document.
type shelf struct {
	text  string
	err   error
	reads int
}

func (s *shelf) ClientDocument(context.Context, string) ([]byte, error) {
	s.reads++
	return []byte(s.text), s.err
}

func toolDocument(change func(map[string]any)) string {
	d := map[string]any{
		"client_id": toolAddress, "client_name": "Desk tool", "client_uri": "https://tools.example:8443/about",
		"redirect_uris": []string{"http://localhost/back", "https://tools.example:8443/back"}, "token_endpoint_auth_method": "none", "logo_uri": "https://x.example/",
	}
	change(d)
	b, _ := json.Marshal(d)
	return string(b)
}

// reading is the registry over a real store, a shelf, and a clock.
type reading struct {
	*application.Registry
	shelf *shelf
	now   time.Time
	of    tenant.Tenant
}

func newReading(t testing.TB) *reading {
	t.Helper()
	db := storetest.Open(t)
	r := &reading{shelf: &shelf{text: toolDocument(func(map[string]any) {})}, now: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}
	r.of = tenant.Tenant{ID: "11111111-aaaa-4111-8111-000000000001", Name: "Contoso", Settings: tenant.Settings{ClientHosts: []string{"tools.example:8443"}}}
	clock := func() time.Time { return r.now }
	if err := tenant.NewDirectory(db, clock).Save(t.Context(), r.of); err != nil {
		t.Fatal(err)
	}
	r.Registry = application.NewRegistry(db, id.Source{Now: clock, Random: rand.Reader})
	r.ReadFrom(r.shelf)
	return r
}

func TestAClientIsWhatTheDocumentAtItsAddressSays(t *testing.T) {
	r := newReading(t)
	a, err := r.Described(t.Context(), r.of, toolAddress)
	if err != nil {
		t.Fatal(err)
	}
	if a.Name != "Desk tool" || a.Publisher != "tools.example:8443" || a.Verified || !a.Public || a.Audience != application.OneTenant || a.Tenant != r.of.ID ||
		a.ClientID() != toolAddress || len(a.Redirects) != 2 || a.HomeURL != "https://tools.example:8443/about" {
		t.Errorf("the client is %+v", a)
	}
	if _, err := r.Principal(t.Context(), r.of.ID, a.App); err != nil {
		t.Errorf("its principal: %v", err)
	}
	other := r.of
	other.ID = "11111111-aaaa-4111-8111-000000000002"
	if application.AppAt(other.ID, toolAddress) == a.App {
		t.Error("two organisations share a registration")
	}
}

func TestADocumentIsReadAgainAfterAnHourAndServesADayWithoutItsServer(t *testing.T) {
	r := newReading(t)
	read := func(want string, reads int) {
		t.Helper()
		a, err := r.Described(t.Context(), r.of, toolAddress)
		if err != nil || a.Name != want || r.shelf.reads != reads {
			t.Errorf("%v: %q after %d reads, %v; want %q after %d", r.now, a.Name, r.shelf.reads, err, want, reads)
		}
	}
	read("Desk tool", 1)
	r.shelf.text = toolDocument(func(d map[string]any) { d["client_name"] = "Renamed" })
	r.now = r.now.Add(59 * time.Minute)
	read("Desk tool", 1)
	r.now = r.now.Add(2 * time.Minute)
	read("Renamed", 2)
	r.shelf.err = errors.New("no answer")
	r.now = r.now.Add(23 * time.Hour)
	read("Renamed", 3)
	// A server that does not answer is left alone for a minute.
	read("Renamed", 3)
	r.now = r.now.Add(time.Hour)
	if _, err := r.Described(t.Context(), r.of, toolAddress); !fault.Has(err, fault.ClientDocument) {
		t.Errorf("after a day without the server: %v", err)
	}
}

func TestADocumentThatCannotBeTrustedIsRefused(t *testing.T) {
	for _, c := range []struct {
		name, address string
		change        func(map[string]any)
	}{
		{"another host", "https://elsewhere.example/clients/desk", nil},
		{"the host without its port", "https://tools.example/clients/desk", nil},
		{"no path", "https://tools.example:8443", nil},
		{"the root", "https://tools.example:8443/", nil},
		{"a query", toolAddress + "?a=b", nil},
		{"an empty query", toolAddress + "?", nil},
		{"a fragment", toolAddress + "#a", nil},
		{"an empty fragment", toolAddress + "#", nil},
		{"a user", "https://me@tools.example:8443/clients/desk", nil},
		{"dot segments", "https://tools.example:8443/clients/../desk", nil},
		{"escapes", "https://tools.example:8443/clients/%2e%2e/desk", nil},
		{"doubled slashes", "https://tools.example:8443//clients/desk", nil},
		{"a long address", toolAddress + strings.Repeat("x", 256), nil},
		{"another client_id", toolAddress, func(d map[string]any) { d["client_id"] = toolAddress + "/" }},
		{"a secret", toolAddress, func(d map[string]any) { d["client_secret"] = "s" }},
		{"authentication by secret", toolAddress, func(d map[string]any) { d["token_endpoint_auth_method"] = "client_secret_post" }},
		{"no redirect", toolAddress, func(d map[string]any) { d["redirect_uris"] = []string{} }},
		{"a redirect without tls", toolAddress, func(d map[string]any) { d["redirect_uris"] = []string{"http://tools.example/back"} }},
		{"a redirect that runs", toolAddress, func(d map[string]any) { d["redirect_uris"] = []string{"javascript:alert(1)"} }},
		{"many redirects", toolAddress, func(d map[string]any) {
			d["redirect_uris"] = strings.Split(strings.Repeat("https://tools.example/ ", 20)+"https://tools.example/", " ")
		}},
		{"redirects that are no list", toolAddress, func(d map[string]any) { d["redirect_uris"] = "https://tools.example/" }},
	} {
		r := newReading(t)
		if c.change != nil {
			r.shelf.text = toolDocument(c.change)
		}
		if a, err := r.Described(t.Context(), r.of, c.address); !fault.Has(err, fault.ClientDocument) || fault.Of(err).Facts["rule"] == "" {
			t.Errorf("%s: %+v, %v", c.name, a, err)
		}
		if c.change == nil && r.shelf.reads != 0 {
			t.Errorf("%s: something was fetched", c.name)
		}
	}
}

func TestAClientThatTheOrganisationSwitchedOffStaysSo(t *testing.T) {
	r := newReading(t)
	a, err := r.Described(t.Context(), r.of, toolAddress)
	if err != nil {
		t.Fatal(err)
	}
	a.Disabled = true
	if err := r.Save(t.Context(), a, nil); err != nil {
		t.Fatal(err)
	}
	r.now = r.now.Add(2 * time.Hour)
	if again, err := r.Described(t.Context(), r.of, toolAddress); err != nil || !again.Disabled || again.ID != a.ID {
		t.Errorf("read again: %+v, %v", again, err)
	}
}

// FuzzDocument holds that no document and no address makes anything but a
// client with checked redirects, or ClientDocument.
func FuzzDocument(f *testing.F) {
	r := newReading(f)
	f.Add(toolAddress, toolDocument(func(map[string]any) {}))
	f.Add("https://tools.example:8443/a", `{"client_id":"https://tools.example:8443/a","redirect_uris":[null]}`)
	f.Add("https://tools.example:8443/%zz", `[]`)
	f.Fuzz(func(t *testing.T, address, text string) {
		r.shelf.text = text
		r.now = r.now.Add(2 * time.Hour)
		a, err := r.Described(t.Context(), r.of, address)
		if err != nil && !fault.Has(err, fault.ClientDocument) && !fault.Has(err, fault.NotAnApp) {
			t.Errorf("%q with %q: %v", address, text, err)
		}
		if err == nil && (a.Document == "" || len(a.Redirects) == 0 || !a.Public) {
			t.Errorf("%q with %q: %+v", address, text, a)
		}
	})
}
