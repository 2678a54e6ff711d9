package directory_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/customer"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/tenant"
	"github.com/google/go-cmp/cmp"
)

func TestATokenThatIsMissingOrNotProvedIsChallenged(t *testing.T) {
	w := newWorld(t)
	want := `Bearer realm="", authorization_uri="https://id.example/common/oauth2/authorize", client_id="00000003-0000-0000-c000-000000000000", `
	const metadata = `resource_metadata="https://id.example/.well-known/oauth-protected-resource/v1.0"`
	for bearer, more := range map[string]string{"": metadata, "forged": `error="invalid_token", ` + metadata, "expired": `error="invalid_token", ` + metadata} {
		r := w.get(bearer, "/v1.0/me")
		r.is(401, badToken)
		if got := r.header.Get("WWW-Authenticate"); got != want+more {
			t.Errorf("challenge %s", got)
		}
	}
}

func TestTheAudienceMustBeGraphOrThisServer(t *testing.T) {
	w := newWorld(t)
	for audience, good := range map[string]bool{
		"https://graph.microsoft.com": true, "https://graph.microsoft.com/": true, "00000003-0000-0000-c000-000000000000": true,
		origin: true, origin + "/": true,
		"https://api.partnercenter.microsoft.com": false, "https://graph.windows.net": false, "https://id.example.evil.example": false,
	} {
		r := w.get(w.as(audit.Caller{Tenant: adatum, Home: adatum, Account: anna, Scopes: []string{"User.Read"}, Audience: audience}), "/v1.0/me")
		if good {
			r.is(200, "")
		} else {
			r.is(401, badToken)
		}
	}
}

func TestEachResourceNeedsOneOfItsPermissions(t *testing.T) {
	w := newWorld(t)
	other := "/v1.0/users/" + string(bert)
	for _, c := range []struct {
		path      string
		delegated map[string]bool
		app       map[string]bool
	}{
		{"/v1.0/me", map[string]bool{"User.Read": true, "User.Read.All": true, "Directory.Read.All": true, "openid": false, "Mail.Read": false}, nil},
		{"/v1.0/users", map[string]bool{"User.Read": false, "User.ReadBasic.All": true, "User.Read.All": true, "Directory.Read.All": true},
			map[string]bool{"User.Read": false, "User.Read.All": true, "Directory.Read.All": true, "Mail.Read": false}},
		{other, map[string]bool{"User.Read": false, "User.ReadBasic.All": true, "User.Read.All": true},
			map[string]bool{"User.Read.All": true, "Organization.Read.All": false}},
		{"/v1.0/users/" + string(anna), map[string]bool{"User.Read": true, "Organization.Read.All": false}, map[string]bool{"User.Read.All": true}},
		{"/v1.0/organization", map[string]bool{"User.Read": true, "Organization.Read.All": true, "Directory.Read.All": true, "Mail.Read": false},
			map[string]bool{"User.Read": false, "Organization.Read.All": true, "Directory.Read.All": true}},
	} {
		for scope, good := range c.delegated {
			if r := w.get(w.member(scope), c.path); (r.status == 200) != good || !good && r.status != 403 {
				t.Errorf("%s with scope %s: %d %s", c.path, scope, r.status, r.text)
			}
		}
		for role, good := range c.app {
			if r := w.get(w.app(role), c.path); (r.status == 200) != good || !good && r.status != 403 {
				t.Errorf("%s with role %s: %d %s", c.path, role, r.status, r.text)
			}
		}
	}
}

func TestAnApplicationsScopesAndAPersonsRolesAreNoPermissions(t *testing.T) {
	w := newWorld(t)
	w.get(w.as(audit.Caller{Tenant: adatum, AppOnly: true, Scopes: []string{"User.Read.All"}}), "/v1.0/users").is(403, refused)
	w.get(w.as(audit.Caller{Tenant: adatum, Home: adatum, Account: anna, Roles: []string{"User.Read.All"}}), "/v1.0/users").is(403, refused)
}

func TestAnApplicationAloneHasNoMe(t *testing.T) {
	w := newWorld(t)
	r := w.get(w.app("User.Read.All", "Directory.Read.All"), "/v1.0/me")
	r.is(400, "BadRequest")
	if !strings.Contains(r.text, "/me request is only valid with delegated authentication flow.") {
		t.Errorf("says %s", r.text)
	}
}

func TestTheAccountBehindATokenIsLookedAtEachTime(t *testing.T) {
	w := newWorld(t)
	bearer := w.member("User.Read.All")
	w.get(bearer, "/v1.0/users").is(200, "")
	w.must(w.people.Save(t.Context(), account.Account{Tenant: adatum, ID: anna, SignInName: "anna@adatum.example", Disabled: true}))
	w.get(bearer, "/v1.0/users").is(401, badToken)
	w.get(w.as(audit.Caller{Tenant: adatum, Home: adatum, Account: "gone", Scopes: []string{"User.Read"}}), "/v1.0/me").is(401, badToken)
}

func TestAPartnersPersonReadsWhileTheRelationshipTheGroupAndTheRoleLast(t *testing.T) {
	w := newWorld(t)
	const users = "/v1.0/users"
	bearer := w.visitor(account.DirectoryReaders, "User.Read.All", "Organization.Read.All")
	for _, path := range []string{users, users + "/" + string(anna), "/v1.0/organization", "/v1.0/me"} {
		w.get(bearer, path).is(200, "")
	}
	// A role that the relationship has and the token has not, and the other
	// way about.
	w.get(w.visitor(account.GlobalReader, "User.Read.All"), users).is(403, refused)
	w.relate(customer.Active, noon.Add(time.Hour), account.GlobalReader)
	w.get(bearer, users).is(403, refused)
	// A role that does not read people opens the organisation only.
	const billing = "b0f54661-2d74-4c50-afa3-1ec803f12efe"
	w.relate(customer.Active, noon.Add(time.Hour), billing)
	w.get(w.visitor(billing, "User.Read.All"), users).is(403, refused)
	w.get(w.visitor(billing, "User.Read.All"), users+"/"+string(anna)).is(403, refused)
	w.get(w.visitor(billing, "Organization.Read.All"), "/v1.0/organization").is(200, "")

	w.relate(customer.Active, noon, account.DirectoryReaders)
	w.get(bearer, users).is(403, refused)
	w.relate(customer.Terminated, noon.Add(time.Hour), account.DirectoryReaders)
	w.get(bearer, "/v1.0/organization").is(403, refused)
	w.relate(customer.Active, noon.Add(time.Hour), account.DirectoryReaders)
	w.get(bearer, users).is(200, "")
	w.must(w.people.Save(t.Context(), account.Account{Tenant: northwind, ID: agent, SignInName: "agent@northwind.example"}))
	w.get(bearer, users).is(403, refused)
}

func TestACustomerThatBlocksPartnersIsObeyedAtOnce(t *testing.T) {
	w := newWorld(t)
	bearer := w.visitor(account.DirectoryReaders, "User.Read")
	w.get(bearer, "/v1.0/me").is(200, "")
	w.must(w.tenants.Save(t.Context(), tenant.Tenant{ID: adatum, Name: "Adatum", Settings: tenant.Settings{BlockPartners: true}}))
	w.get(bearer, "/v1.0/me").is(403, refused)
	w.get(w.member("User.Read"), "/v1.0/me").is(200, "")
}

func TestAPersonalAccountSeesItselfAndNoStranger(t *testing.T) {
	w := newWorld(t)
	bearer := w.as(audit.Caller{Tenant: id.Consumers, Home: id.Consumers, Account: private, SignInName: "p@mail.example",
		Scopes: []string{"User.Read.All", "Directory.Read.All", "Organization.Read.All", "openid"}})
	w.get(bearer, "/v1.0/me").is(200, "")
	w.get(bearer, "/v1.0/users/"+string(private)).is(200, "")
	w.get(bearer, "/oidc/userinfo").is(200, "")
	for _, path := range []string{"/v1.0/users", "/v1.0/users/stranger@mail.example", "/v1.0/users/00000000-0000-0000-1111-222233335555", "/v1.0/organization"} {
		w.get(bearer, path).is(403, refused)
	}
	w.get(w.as(audit.Caller{Tenant: id.Consumers, AppOnly: true, Roles: []string{"User.Read.All"}}), "/v1.0/users/"+string(private)).is(403, refused)
}

func TestCompressedBodiesAreAnsweredSoThatKiotaAsksAgainInThePlain(t *testing.T) {
	w := newWorld(t)
	w.call(w.member("openid"), "POST", "/oidc/userinfo", "x", "Content-Encoding", "gzip").is(415, "UnsupportedMediaType")
}

func TestPathsAreFoundInEachVersionAndLetterCaseOrRefusedInJSON(t *testing.T) {
	w := newWorld(t)
	bearer := w.member("User.Read")
	for _, path := range []string{"/v1.0/me", "/beta/me", "/V1.0/Me", "//v1.0//me/"} {
		w.get(bearer, path).is(200, "")
	}
	for _, path := range []string{"/v1.0/nowhere", "/v1.0", "/", "/me", "/v2.0/me", "/users"} {
		w.get(bearer, path).is(404, "ResourceNotFound")
	}
	r := w.call(bearer, "DELETE", "/v1.0/me", "")
	r.is(405, "Request_BadRequest")
	if r.header.Get("Allow") != "GET" {
		t.Errorf("Allow %q", r.header.Get("Allow"))
	}
	if r := w.call(bearer, "HEAD", "/v1.0/me", ""); r.status != 200 || r.text != "" {
		t.Errorf("HEAD: %d %q", r.status, r.text)
	}
}

func TestEveryAnswerCarriesItsIDsAndAnErrorItsInnerError(t *testing.T) {
	w := newWorld(t)
	const sent = "0f3d0000-0000-4000-8000-000000000001"
	for _, path := range []string{"/v1.0/me", "/v1.0/nowhere"} {
		r := w.get(w.member("User.Read"), path, "client-request-id", sent)
		if r.header.Get("client-request-id") != sent || !id.IsGUID(r.header.Get("request-id")) || r.header.Get("OData-Version") != "4.0" {
			t.Errorf("%s: %v", path, r.header)
		}
		if r.status == 404 {
			inner := r.body["error"].(map[string]any)["innerError"]
			want := map[string]any{"date": "2026-11-22T12:00:00", "request-id": r.header.Get("request-id"), "client-request-id": sent}
			if diff := cmp.Diff(want, inner); diff != "" {
				t.Errorf("innerError (-want +got):\n%s", diff)
			}
		} else if want := "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"; r.header.Get("Content-Type") != want {
			t.Errorf("Content-Type %q", r.header.Get("Content-Type"))
		}
	}
	if r := w.get("", "/v1.0/me", "client-request-id", "no guid"); r.header.Get("client-request-id") != r.header.Get("request-id") {
		t.Errorf("something that is no id is echoed: %v", r.header)
	}
}

func TestEveryFailureIsKeptUnderItsReference(t *testing.T) {
	w := newWorld(t)
	r := w.get(w.member("User.Read"), "/v1.0/users")
	r.is(403, refused)
	a, err := w.db.FindAttempt(t.Context(), r.header.Get("X-Entente-Reference"))
	if err != nil {
		t.Fatal(err)
	}
	if a.Code != fault.PermissionMissing || a.Step != "graph" || a.AppName != "The broker" || a.Address != "Anna@adatum.example" ||
		a.TraceID != r.header.Get("request-id") || !slices.Equal(a.Checks, []string{"path", "encoding", "token", "audience"}) {
		t.Errorf("kept as %+v", a)
	}
}
