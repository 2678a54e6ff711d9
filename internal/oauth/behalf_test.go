package oauth_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/entente-id/entente/ententetest"
	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/consent"
	"github.com/entente-id/entente/internal/devworld"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
)

// The backend is an API of Northwind's that others call with a person's token.
const (
	backendApp    = "e1000000-0000-4000-8000-0000000000b1"
	backendSecret = "the backend's own secret"
	backendName   = "api://backend.northwind.example"
	backendScope  = backendName + "/act"
)

// service is a desk with the backend, which Ada's organisation allows Graph.
func service(t *testing.T, o ententetest.Options) desk {
	t.Helper()
	d := newDesk(t, o)
	w := d.w.Inside()
	err := w.Apps.Save(d.Context(), application.Application{
		App: backendApp, Tenant: devworld.Northwind, ID: "e1000000-0000-4000-8000-0000000000b2", Name: "Backend", Publisher: "Northwind",
		Audience: application.AnyTenant, Identifiers: []string{backendName}, TokenVersion: 1,
		Redirects: []application.Redirect{{URI: "https://backend.northwind.example/", Platform: application.Web}},
		Scopes:    []application.Permission{{ID: "e1000000-0000-4000-8000-0000000000b3", Name: "act"}},
		Required:  []application.Required{{Resource: application.GraphApp, Scopes: []string{"User.Read"}}},
	}, []application.Credential{application.SecretCredential("e1000000-0000-4000-8000-0000000000b4", "b", backendSecret, w.Source.Now().AddDate(1, 0, 0))})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Apps.Enrol(d.Context(), devworld.Northwind, backendApp); err != nil {
		t.Fatal(err)
	}
	d.allow(backendApp, application.GraphApp, "User.Read")
	d.allow(devworld.Portal, backendApp, "act")
	return d
}

// allow gives an app permissions at a resource, for everybody in Northwind.
func (d desk) allow(client, resource id.App, scopes ...string) {
	d.Helper()
	d.allowIn(devworld.Northwind, client, resource, scopes...)
}

func (d desk) allowIn(t id.Tenant, client, resource id.App, scopes ...string) {
	d.Helper()
	w := d.w.Inside()
	at, err := w.Apps.Find(d.Context(), resource)
	if err != nil {
		d.Fatal(err)
	}
	by := audit.Caller{Tenant: t, Home: t, Account: "b0000000-0000-4000-8000-000000000001", SignInName: ententetest.Ada}
	if err := w.Consents.Give(d.Context(), by, client, []consent.Asked{{Resource: at, Scopes: scopes}}, true); err != nil {
		d.Fatal(err)
	}
}

// behalf asks for Graph as the backend, with some fields changed.
func (d desk) behalf(assertion string, more ...string) (int, map[string]any) {
	d.Helper()
	return d.token(append([]string{
		"grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer", "requested_token_use", "on_behalf_of", "assertion", assertion,
		"client_id", backendApp, "client_secret", backendSecret, "scope", "https://graph.microsoft.com/User.Read offline_access",
	}, more...)...)
}

// handed is the token with which Portal calls the backend.
func (d desk) handed() string {
	d.Helper()
	return text(d.tokens("scope", backendScope+" offline_access"), "access_token")
}

func TestAServiceGetsATokenOnBehalfOfThePersonWhoCalledIt(t *testing.T) {
	d := service(t, ententetest.Options{})
	handed := d.handed()
	before := claimsOf(t, handed)
	status, got := d.behalf(handed)
	if status != http.StatusOK || text(got, "refresh_token") == "" || got["id_token"] != nil || text(got, "scope") != "https://graph.microsoft.com/User.Read" {
		t.Fatalf("%d %v", status, got)
	}
	after := claimsOf(t, text(got, "access_token"))
	for name, want := range map[string]any{"appid": backendApp, "aud": "https://graph.microsoft.com", "oid": before["oid"], "tid": before["tid"], "scp": "User.Read"} {
		if after[name] != want {
			t.Errorf("%s is %v, want %v", name, after[name], want)
		}
	}
	if a, b := jsonOf(t, before["amr"]), jsonOf(t, after["amr"]); a != b || a != `["pwd","mfa"]` {
		t.Errorf("amr was %s and is %s", a, b)
	}
	if status, me := bearer(t, d.w, text(got, "access_token"), "/v1.0/me"); status != http.StatusOK || text(me, "userPrincipalName") != ententetest.Ada {
		t.Errorf("Graph: %d %v", status, me)
	}
	if status, again := d.refresh(text(got, "refresh_token"), "client_id", backendApp, "client_secret", backendSecret); status != http.StatusOK {
		t.Errorf("refresh: %d %v", status, again)
	}
	if status, v1 := postForm(t, d.w, "/common/oauth2/token", url.Values{
		"grant_type": {"urn:ietf:params:oauth:grant-type:jwt-bearer"}, "requested_token_use": {"on_behalf_of"}, "assertion": {handed},
		"client_id": {backendApp}, "client_secret": {backendSecret}, "resource": {"https://graph.microsoft.com"},
	}); status != http.StatusOK || text(v1, "resource") != "https://graph.microsoft.com" || text(v1, "refresh_token") == "" {
		t.Errorf("v1: %d %v", status, v1)
	}
	if status, short := d.behalf(handed, "scope", "https://graph.microsoft.com/.default"); status != http.StatusOK || short["refresh_token"] != nil {
		t.Errorf("without offline_access: %d %v", status, short)
	}
}

// TestAServiceActsForAPartnersPersonInTheCustomersOrganisation: the token of
// the customer's organisation does not say who the person is at home.
func TestAServiceActsForAPartnersPersonInTheCustomersOrganisation(t *testing.T) {
	d := service(t, ententetest.Options{})
	d.allowIn(devworld.Adatum, backendApp, application.GraphApp, "User.Read")
	d.allowIn(devworld.Adatum, devworld.Portal, backendApp, "act")
	refresh := text(d.tokens("scope", backendScope+" offline_access"), "refresh_token")
	status, at := postForm(t, d.w, "/adatum.example/oauth2/v2.0/token", url.Values{
		"grant_type": {"refresh_token"}, "refresh_token": {refresh}, "scope": {backendScope},
		"client_id": {ententetest.PortalApp}, "client_secret": {ententetest.PortalSecret},
	})
	if status != http.StatusOK {
		t.Fatalf("the customer's token: %d %v", status, at)
	}
	handed := text(at, "access_token")
	status, got := postForm(t, d.w, "/organizations/oauth2/v2.0/token", url.Values{
		"grant_type": {"urn:ietf:params:oauth:grant-type:jwt-bearer"}, "requested_token_use": {"on_behalf_of"}, "assertion": {handed},
		"client_id": {backendApp}, "client_secret": {backendSecret}, "scope": {"https://graph.microsoft.com/User.Read"},
	})
	if status != http.StatusOK {
		t.Fatalf("%d %v", status, got)
	}
	before, after := claimsOf(t, handed), claimsOf(t, text(got, "access_token"))
	if after["tid"] != string(devworld.Adatum) || after["oid"] != before["oid"] || after["idp"] != before["idp"] {
		t.Errorf("the token is for %v of %v, from %v", after["oid"], after["tid"], after["idp"])
	}
	status, got = d.behalf(handed)
	d.refused("at the partner's own organisation", fault.AssertionInvalid, status, got)
}

// TestAnAssertionMustBeAPersonsLivingTokenForTheServiceThatAsks are rows R94,
// R98, R99 and R102.
func TestAnAssertionMustBeAPersonsLivingTokenForTheServiceThatAsks(t *testing.T) {
	c := &clock{at: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}
	d := service(t, ententetest.Options{Now: c.Now})
	all := d.tokens("scope", backendScope+" openid offline_access")
	handed := text(all, "access_token")
	_, alone := d.token("grant_type", "client_credentials", "scope", backendName+"/.default")
	graph := text(d.tokens(), "access_token")
	for _, c := range []struct {
		name string
		want fault.Code
		more []string
	}{
		{"for another audience", fault.AssertionForOthers, []string{"assertion", graph}},
		{"an application's alone", fault.OnBehalfForbidden, []string{"assertion", text(alone, "access_token")}},
		{"an ID token", fault.AssertionNoPerson, []string{"assertion", text(all, "id_token")}},
		{"a refresh token", fault.AssertionInvalid, []string{"assertion", text(all, "refresh_token")}},
		{"forged", fault.AssertionInvalid, []string{"assertion", handed[:len(handed)-8] + "AAAAAAAA"}},
		{"none", fault.ParameterMissing, []string{"assertion", ""}},
		{"another use", fault.RequestMalformed, []string{"requested_token_use", "other"}},
		{"SAML asked for", fault.RequestMalformed, []string{"requested_token_type", "urn:ietf:params:oauth:token-type:saml2"}},
		{"a permission nobody gave", fault.ConsentMissing, []string{"scope", "https://graph.microsoft.com/User.Read.All"}},
		{"a public client", fault.OnBehalfForbidden, []string{"client_id", string(devworld.Desk), "client_secret", ""}},
	} {
		status, got := d.behalf(handed, c.more...)
		d.refused(c.name, c.want, status, got)
		if c.want == fault.ConsentMissing && got["suberror"] != "consent_required" {
			t.Errorf("%s: suberror %v", c.name, got["suberror"])
		}
	}
	status, got := postForm(t, d.w, "/adatum.example/oauth2/v2.0/token", url.Values{
		"grant_type": {"urn:ietf:params:oauth:grant-type:jwt-bearer"}, "requested_token_use": {"on_behalf_of"}, "assertion": {handed},
		"client_id": {backendApp}, "client_secret": {backendSecret}, "scope": {"https://graph.microsoft.com/User.Read"},
	})
	d.refused("in another tenant", fault.AssertionInvalid, status, got)
	c.pass(2 * time.Hour)
	status, got = d.behalf(handed)
	d.refused("expired", fault.AssertionExpired, status, got)
}

func TestWhatThePersonMustDoIsHandedBackToTheCallerOfTheService(t *testing.T) {
	c := &clock{at: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}
	d := service(t, ententetest.Options{Now: c.Now})
	d.v = d.w.Visitor(ententetest.Integration)
	handed := d.handed()
	status, got := d.behalf(handed, "claims", `{"access_token":{"nbf":{"essential":true,"value":"`+strconv.FormatInt(c.Now().Add(time.Minute).Unix(), 10)+`"}}}`)
	d.refused("a newer sign-in is asked for", fault.NewerSignIn, status, got)
	if got["error"] != "interaction_required" || !strings.Contains(text(got, "claims"), `"nbf"`) {
		t.Errorf("the service hears %v with the claims %v", got["error"], got["claims"])
	}
	d.change(ententetest.Integration, func(a *account.Account) { a.MFA = account.MFAEnforced })
	status, got = d.behalf(handed)
	d.refused("a second factor is demanded meanwhile", fault.SecondFactorRequired, status, got)
	if got["error"] != "interaction_required" || text(got, "claims") != `{"access_token":{"amr":{"essential":true,"values":["mfa"]}}}` {
		t.Errorf("the service hears %v with the claims %v", got["error"], got["claims"])
	}
	d.change(ententetest.Integration, func(a *account.Account) { a.SessionsFrom = c.Now().Add(time.Second) })
	c.pass(3 * time.Second)
	status, got = d.behalf(handed)
	d.refused("the sessions were ended", fault.AssertionInvalid, status, got)
}

// bearer asks a resource of ours with a token.
func bearer(t *testing.T, w *ententetest.World, token, path string) (int, map[string]any) {
	t.Helper()
	status, _, got := challenged(t, w, token, path)
	return status, got
}

// challenged is bearer with the challenge of the answer.
func challenged(t *testing.T, w *ententetest.World, token, path string) (int, string, map[string]any) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.Origin+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := w.Client().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var got map[string]any
	if err := json.NewDecoder(response.Body).Decode(&got); err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, response.Header.Get("WWW-Authenticate"), got
}

func jsonOf(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
