package oauth_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/entente-id/entente/ententetest"
	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/devworld"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
)

// vendorApp is an app of another organisation's that acts with and without
// people.
const (
	vendorApp      = "e1000000-0000-4000-8000-0000000000c1"
	vendorRedirect = "https://vendor.example/consented"
)

func withVendor(t *testing.T) desk {
	t.Helper()
	d := newDesk(t, ententetest.Options{})
	w := d.w.Inside()
	err := w.Apps.Save(t.Context(), application.Application{
		App: vendorApp, Tenant: devworld.Fabrikam, ID: "e1000000-0000-4000-8000-0000000000c2", Name: "Vendor Monitor", Publisher: "Vendor",
		Audience: application.AnyTenant, TokenVersion: 2, Redirects: []application.Redirect{{URI: vendorRedirect, Platform: application.Web}},
		Required: []application.Required{
			{Resource: application.GraphApp, Scopes: []string{"User.Read", "Directory.Read.All"}, Roles: []string{"User.Read.All"}},
		},
	}, []application.Credential{application.SecretCredential("e1000000-0000-4000-8000-0000000000c4", "v", backendSecret, w.Source.Now().AddDate(1, 0, 0))})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func (d desk) adminConsent(path string, more ...string) string {
	query := url.Values{}
	for name, value := range with(map[string]string{"client_id": vendorApp, "redirect_uri": vendorRedirect, "state": "12345"}, more...) {
		query.Set(name, value)
	}
	return d.w.Origin + path + "?" + query.Encode()
}

func (d desk) roles(t id.Tenant) []string {
	d.Helper()
	roles, err := d.w.Inside().Consents.AppRoles(d.Context(), t, vendorApp, application.GraphApp)
	if err != nil {
		d.Fatal(err)
	}
	return roles
}

// TestAnAdminDecidesForTheWholeOrganisationAtOneAddress is
// identity-platform.md 1.8.
func TestAnAdminDecidesForTheWholeOrganisationAtOneAddress(t *testing.T) {
	for name, path := range map[string]string{"v1": "/organizations/adminconsent", "v2 of the tenant": "/" + ententetest.Northwind + "/v2.0/adminconsent"} {
		t.Run(name, func(t *testing.T) {
			d := withVendor(t)
			var more []string
			if strings.Contains(path, "v2.0") {
				more = []string{"scope", "https://graph.microsoft.com/.default"}
			}
			got, err := d.v.SignIn(t.Context(), d.adminConsent(path, more...), vendorRedirect)
			if err != nil {
				t.Fatalf("after %q: %v", d.v.Steps, err)
			}
			if got.Get("admin_consent") != "True" || got.Get("tenant") != ententetest.Northwind || got.Get("state") != "12345" || got.Has("code") || got.Has("error") {
				t.Errorf("the app receives %v", got)
			}
			if strings.Contains(path, "v2.0") != got.Has("scope") {
				t.Errorf("the scope is told as %q", got.Get("scope"))
			}
			if roles := d.roles(devworld.Northwind); !slices.Equal(roles, []string{"User.Read.All"}) {
				t.Errorf("alone the app may %v", roles)
			}
			// Somebody else of the organisation is asked nothing.
			hal := d.w.Visitor(devworld.Helpdesk)
			answer, err := hal.SignIn(t.Context(), d.authorize("client_id", vendorApp, "redirect_uri", vendorRedirect,
				"scope", "https://graph.microsoft.com/Directory.Read.All openid"), vendorRedirect)
			if err != nil || answer.Get("code") == "" || slices.Contains(hal.Steps, "consent") {
				t.Errorf("another person: %v, %v after %q", answer, err, hal.Steps)
			}
			status, alone := d.token("grant_type", "client_credentials", "client_id", vendorApp, "client_secret", backendSecret, "scope", "https://graph.microsoft.com/.default")
			if status != http.StatusOK || jsonOf(t, claimsOf(t, text(alone, "access_token"))["roles"]) != `["User.Read.All"]` {
				t.Errorf("the app alone: %d %v", status, alone)
			}
		})
	}
}

func TestTheAdminSeesWhatTheAppMayDoAloneAndCanSayNo(t *testing.T) {
	d := withVendor(t)
	d.v = d.w.Visitor(ententetest.Integration)
	if err := d.v.Open(t.Context(), d.adminConsent("/organizations/adminconsent")); err != nil {
		t.Fatal(err)
	}
	for _, typed := range []url.Values{{"address": {ententetest.Integration}}, {"password": {ententetest.Password}}} {
		if err := d.v.Submit(t.Context(), "do=next", typed); err != nil {
			t.Fatal(err)
		}
	}
	if !strings.Contains(d.v.Page.Body, "Vendor Monitor") || !strings.Contains(d.v.Page.Body, "also with nobody signed in") {
		t.Errorf("the admin sees %s", d.v.Page.Body)
	}
	if err := d.v.Submit(t.Context(), "do=no", nil); err != nil {
		t.Fatal(err)
	}
	address, err := url.Parse(d.v.Page.Header.Get("Location"))
	if err != nil || !strings.HasPrefix(address.String(), vendorRedirect) {
		t.Fatalf("no leads to %s, %v", address, err)
	}
	got := address.Query()
	if got.Get("error") != "access_denied" || got.Get("error_subcode") != "cancel" || !strings.HasPrefix(got.Get("error_description"), aadsts(fault.ConsentDeclined)) || got.Has("admin_consent") {
		t.Errorf("the app receives %v", got)
	}
	if roles := d.roles(devworld.Northwind); len(roles) != 0 {
		t.Errorf("after a no the app may %v", roles)
	}
}

func TestWhoIsNoAdminAsksOneInstead(t *testing.T) {
	d := withVendor(t)
	d.v = d.w.Visitor(devworld.Helpdesk)
	// User.Read alone is something that Hal could allow for himself.
	if err := d.v.Open(t.Context(), d.adminConsent("/organizations/v2.0/adminconsent", "scope", "https://graph.microsoft.com/User.Read")); err != nil {
		t.Fatal(err)
	}
	for _, typed := range []url.Values{{"address": {devworld.Helpdesk}}, {"password": {ententetest.Password}}} {
		if err := d.v.Submit(t.Context(), "do=next", typed); err != nil {
			t.Fatal(err)
		}
	}
	if !strings.Contains(d.v.Page.Body, `name="reason"`) {
		t.Errorf("Hal sees %q", d.v.Page.Title)
	}
	if roles := d.roles(devworld.Northwind); len(roles) != 0 {
		t.Errorf("the app may %v", roles)
	}
}

func TestAnAdminConsentGoesNowhereUnregistered(t *testing.T) {
	d := withVendor(t)
	for name, c := range map[string]struct {
		want fault.Code
		more []string
	}{
		"redirect address": {fault.RedirectMismatch, []string{"redirect_uri", "https://vendor.example.evil.example/"}},
		"app":              {fault.AppUnknown, []string{"client_id", "e1000000-0000-4000-8000-00000000dead"}},
		"no app":           {fault.ParameterMissing, []string{"client_id", ""}},
	} {
		if err := d.v.Open(t.Context(), d.adminConsent("/organizations/adminconsent", c.more...)); err != nil {
			t.Fatal(err)
		}
		page := d.v.Page
		if page.Status < 400 || page.Header.Get("Location") != "" || !strings.Contains(page.Body, strings.TrimSuffix(aadsts(c.want), ":")) {
			t.Errorf("%s: %d to %q", name, page.Status, page.Header.Get("Location"))
		}
	}
	got := d.get(d.adminConsent("/organizations/v2.0/adminconsent", "scope", "https://unknown.example/.default"))
	if loc := got.header.Get("Location"); !strings.HasPrefix(loc, vendorRedirect) || !strings.Contains(loc, "error=invalid_resource") {
		t.Errorf("an unknown resource: %d to %q", got.status, loc)
	}
}
