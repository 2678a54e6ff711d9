package ententetest_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/entente-id/entente/ententetest"
	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/devworld"
	"github.com/entente-id/entente/internal/judges"
)

// TestAnApplicationGetsItsOwnRightsAtACustomerByGraphAlone is what partner tools
// do at each customer (secure-application-model.md 3.4): the service principals,
// the delegated grants and the application permissions are made over Graph, and
// then a token of the application alone works there.
func TestAnApplicationGetsItsOwnRightsAtACustomerByGraphAlone(t *testing.T) {
	w := ententetest.Start(t)
	g := &gdap{t: t, world: w, partner: judges.NewPartner(t, w)}
	proseware := string(devworld.Proseware) // has not authorised the app
	admin := g.signIn("admin@proseware.example", proseware, strings.Join([]string{
		"https://graph.microsoft.com/Application.ReadWrite.All", "https://graph.microsoft.com/DelegatedPermissionGrant.ReadWrite.All",
		"https://graph.microsoft.com/AppRoleAssignment.ReadWrite.All", "https://graph.microsoft.com/Directory.Read.All",
	}, " "))

	// The principals: the client is there by the sign-in, the vault is not yet.
	client := g.call(admin, "GET", "/servicePrincipals(appId='"+ententetest.PortalApp+"')", "", nil, http.StatusOK)
	graph := g.call(admin, "GET", "/servicePrincipals(appId='"+application.GraphApp+"')", "", nil, http.StatusOK)
	g.call(admin, "GET", "/servicePrincipals(appId='"+string(devworld.KeyVault)+"')", "", nil, http.StatusNotFound)
	vault := g.call(admin, "POST", "/servicePrincipals", "", map[string]string{"appId": string(devworld.KeyVault)}, http.StatusCreated)
	g.call(admin, "POST", "/servicePrincipals", "", map[string]string{"appId": string(devworld.KeyVault)}, http.StatusConflict)
	g.call(admin, "POST", "/servicePrincipals", "", map[string]string{"appId": string(devworld.Inhouse)}, http.StatusBadRequest)

	// A delegated grant for everyone: made once, changed, and taken back.
	body := map[string]any{"clientId": client.text("id"), "consentType": "AllPrincipals", "resourceId": vault.text("id"), "scope": "user_impersonation"}
	made := g.call(admin, "POST", "/oauth2PermissionGrants", "", body, http.StatusCreated)
	g.call(admin, "POST", "/oauth2PermissionGrants", "", body, http.StatusConflict)
	body["scope"] = "no.such.permission"
	g.call(admin, "POST", "/oauth2PermissionGrants", "", body, http.StatusBadRequest)
	list := g.call(admin, "GET", "/servicePrincipals/"+client.text("id")+"/oauth2PermissionGrants?$filter=consentType%20eq%20'AllPrincipals'", "", nil, http.StatusOK)
	if value := list.body["value"].([]any); len(value) != 1 || value[0].(map[string]any)["id"] != made.text("id") {
		t.Errorf("the grants for everyone are %v", value)
	}
	g.call(admin, "GET", "/users/admin@proseware.example/oauth2PermissionGrants", "", nil, http.StatusOK)
	g.call(admin, "GET", "/users/"+client.text("id")+"/oauth2PermissionGrants", "", nil, http.StatusNotFound)
	g.call(admin, "PATCH", "/oauth2PermissionGrants/"+made.text("id"), "", map[string]string{"scope": ""}, http.StatusBadRequest)
	g.call(admin, "DELETE", "/oauth2PermissionGrants/"+made.text("id"), "", nil, http.StatusNoContent)
	g.call(admin, "GET", "/oauth2PermissionGrants/"+made.text("id"), "", nil, http.StatusNotFound)

	// An application permission, and a token of the application alone.
	token := func() (string, []any) {
		_, got := post(t, w, "/"+proseware+"/oauth2/v2.0/token", url.Values{
			"client_id": {ententetest.PortalApp}, "client_secret": {ententetest.PortalSecret}, "grant_type": {"client_credentials"}, "scope": {"https://graph.microsoft.com/.default"},
		})
		text, _ := got["access_token"].(string)
		if text == "" {
			t.Fatalf("no token: %v", got)
		}
		roles, _ := claims(t, text)["roles"].([]any)
		return text, roles
	}
	readUsers := slices.IndexFunc(graph.body["appRoles"].([]any), func(r any) bool { return r.(map[string]any)["value"] == "User.Read.All" })
	role, _ := graph.body["appRoles"].([]any)[readUsers].(map[string]any)["id"].(string)
	assign := map[string]string{"principalId": client.text("id"), "resourceId": graph.text("id"), "appRoleId": role}
	if _, roles := token(); len(roles) != 0 {
		t.Errorf("the application has the roles %v from nowhere", roles)
	}
	given := g.call(admin, "POST", "/servicePrincipals/"+client.text("id")+"/appRoleAssignments", "", assign, http.StatusCreated)
	g.call(admin, "POST", "/servicePrincipals/"+graph.text("id")+"/appRoleAssignedTo", "", assign, http.StatusConflict)
	text, roles := token()
	if len(roles) != 1 || roles[0] != "User.Read.All" {
		t.Errorf("the application has the roles %v", roles)
	}
	g.call(text, "GET", "/users", "", nil, http.StatusOK)
	g.call(text, "GET", "/groups", "", nil, http.StatusForbidden)
	g.call(admin, "DELETE", "/servicePrincipals/"+client.text("id")+"/appRoleAssignments/"+given.text("id"), "", nil, http.StatusNoContent)
	if _, roles := token(); len(roles) != 0 {
		t.Errorf("taken back, the application has the roles %v", roles)
	}
}

// TestAnApplicationsRegistrationLivesOverGraph makes one, gives it a secret that
// works, changes it, and takes all away.
func TestAnApplicationsRegistrationLivesOverGraph(t *testing.T) {
	w := ententetest.Start(t)
	g := &gdap{t: t, world: w, partner: judges.NewPartner(t, w)}
	ada := g.signIn(ententetest.Ada, ententetest.Northwind, "https://graph.microsoft.com/Application.ReadWrite.All")
	made := g.call(ada, "POST", "/applications", "", map[string]any{"displayName": "Made over Graph", "web": map[string]any{"redirectUris": []string{"https://made.northwind.example/"}}}, http.StatusCreated)
	one, app := "/applications/"+made.text("id"), made.text("appId")
	if made.text("signInAudience") != "AzureADMyOrg" {
		t.Errorf("made %v", made.body)
	}
	secret := g.call(ada, "POST", one+"/addPassword", "", map[string]any{"passwordCredential": map[string]string{"displayName": "k1"}}, http.StatusOK)
	works := func() bool {
		status, _ := post(t, w, "/"+ententetest.Northwind+"/oauth2/v2.0/token", url.Values{
			"client_id": {app}, "client_secret": {secret.text("secretText")}, "grant_type": {"client_credentials"}, "scope": {"https://graph.microsoft.com/.default"},
		})
		return status == http.StatusOK
	}
	if !works() {
		t.Error("the secret does not work")
	}
	shown := g.call(ada, "GET", "/applications(appId='"+strings.ToUpper(app)+"')", "", nil, http.StatusOK)
	kept := shown.body["passwordCredentials"].([]any)[0].(map[string]any)
	if kept["secretText"] != nil || kept["hint"] != secret.text("secretText")[:3] || strings.Contains(shown.text("id"), secret.text("secretText")) {
		t.Errorf("shown is %v", kept)
	}
	for _, wrong := range []map[string]any{
		{"displayName": ""}, {"signInAudience": "Everybody"}, {"web": map[string]any{"redirectUris": []string{"http://elsewhere.example/"}}}, {"appId": "x"},
	} {
		g.call(ada, "PATCH", one, "", wrong, http.StatusBadRequest)
	}
	g.call(ada, "PATCH", one, "", map[string]any{"displayName": "Renamed", "spa": map[string]any{"redirectUris": []string{"https://spa.northwind.example/"}}}, http.StatusNoContent)
	found := g.call(ada, "GET", "/applications?$filter=displayName%20eq%20'renamed'&$select=web,spa", "", nil, http.StatusOK)
	if value := found.body["value"].([]any); len(value) != 1 || len(value[0].(map[string]any)["web"].(map[string]any)["redirectUris"].([]any)) != 1 || len(value[0].(map[string]any)["spa"].(map[string]any)["redirectUris"].([]any)) != 1 {
		t.Errorf("found %v", value)
	}
	g.call(ada, "POST", one+"/addPassword", "", map[string]any{"passwordCredential": map[string]string{"endDateTime": "2099-01-01T00:00:00Z"}}, http.StatusBadRequest)
	g.call(ada, "POST", one+"/removePassword", "", map[string]string{"keyId": secret.text("keyId")}, http.StatusNoContent)
	if works() {
		t.Error("the secret works after its removal")
	}
	g.call(ada, "GET", "/applications(appId='"+string(devworld.Account)+"')", "", nil, http.StatusNotFound)
	principal := g.call(ada, "GET", "/servicePrincipals(appId='"+app+"')", "", nil, http.StatusOK)
	g.call(ada, "PATCH", "/servicePrincipals/"+principal.text("id"), "", map[string]bool{"appRoleAssignmentRequired": true}, http.StatusNoContent)
	if now := g.call(ada, "GET", "/servicePrincipals/"+principal.text("id"), "", nil, http.StatusOK); now.body["appRoleAssignmentRequired"] != true {
		t.Errorf("changed it is %v", now.body)
	}
	g.call(ada, "DELETE", one, "", nil, http.StatusNoContent)
	g.call(ada, "GET", one, "", nil, http.StatusNotFound)
}

// TestAPartnersRelationshipsAreListedFilteredAndRefusedToStrangers reads the
// seeded relationships as partner tools do.
func TestAPartnersRelationshipsAreListedFilteredAndRefusedToStrangers(t *testing.T) {
	w := ententetest.Start(t)
	g := &gdap{t: t, world: w, partner: judges.NewPartner(t, w)}
	ada := g.signIn(ententetest.Ada, ententetest.Northwind, "https://graph.microsoft.com/DelegatedAdminRelationship.ReadWrite.All https://graph.microsoft.com/Directory.Read.All")
	const relationships = "/tenantRelationships/delegatedAdminRelationships"
	count := func(path string) int {
		t.Helper()
		return len(g.call(ada, "GET", path, "", nil, http.StatusOK).body["value"].([]any))
	}
	// Eight customers are Northwind's; one of them has ended it.
	if n := count(relationships); n != 8 {
		t.Errorf("%d relationships", n)
	}
	if n := count(relationships + "?$filter=" + url.QueryEscape("status eq 'active' and not startswith(displayName,'Adatum')")); n != 6 {
		t.Errorf("%d active ones", n)
	}
	if n := count(relationships + "?$filter=" + url.QueryEscape("customer/tenantId eq '"+ententetest.Adatum+"'")); n != 1 {
		t.Errorf("%d with Adatum", n)
	}
	g.call(ada, "GET", relationships+"?$top=301", "", nil, http.StatusBadRequest)
	if n := count("/tenantRelationships/delegatedAdminCustomers"); n != 7 {
		t.Errorf("%d customers", n)
	}
	if n := count("/tenantRelationships/delegatedAdminCustomers/" + ententetest.Adatum + "/serviceManagementDetails"); n != 1 {
		t.Errorf("%d services", n)
	}
	if n := count(w.Origin + "/beta/contracts?$filter=" + url.QueryEscape("customerId eq '"+ententetest.Adatum+"'")); n != 1 {
		t.Errorf("%d contracts", n)
	}
	found := g.call(ada, "GET", "/tenantRelationships/findTenantInformationByDomainName(domainName='adatum.example')", "", nil, http.StatusOK)
	if found.text("tenantId") != ententetest.Adatum {
		t.Errorf("found %v", found.body)
	}
	g.call(ada, "GET", "/tenantRelationships/findTenantInformationByTenantId(tenantId='99999999-0000-4000-8000-000000000000')", "", nil, http.StatusNotFound)

	// Another partner's relationship and none are the same answer.
	trey := g.call(ada, "GET", relationships+"/f0000000-0000-4000-8000-000000000009-"+string(devworld.Blueyonder), "", nil, http.StatusNotFound)
	none := g.call(ada, "GET", relationships+"/f0000000-0000-4000-8000-000000000099-"+string(devworld.Blueyonder), "", nil, http.StatusNotFound)
	code := func(r graphReply) any { return r.body["error"].(map[string]any)["code"] }
	if code(trey) != code(none) {
		t.Errorf("%v and %v", trey.body, none.body)
	}
	// What is sent wrong is named.
	for member, body := range map[string]map[string]any{
		"duration":      {"displayName": "x", "duration": "long", "accessDetails": unified("62e90394-69f5-4237-9190-012177145e10")},
		"unifiedRoles":  {"displayName": "x", "duration": "P1D", "accessDetails": unified("x")},
		"displayName":   {"duration": "P1D", "accessDetails": unified("62e90394-69f5-4237-9190-012177145e10")},
		"status":        {"displayName": "x", "duration": "P1D", "status": "active", "accessDetails": unified("62e90394-69f5-4237-9190-012177145e10")},
		"accessDetails": {"displayName": "x", "duration": "P1D", "accessDetails": "all"},
	} {
		r := g.call(ada, "POST", relationships, "", body, http.StatusBadRequest)
		if message, _ := r.body["error"].(map[string]any)["message"].(string); !strings.Contains(message, member) {
			t.Errorf("%s: %s", member, message)
		}
	}
}

// TestTheSignInLogTellsOfSuccessAndFailure is what an organisation's IT looks
// up first: who got in, by what proof, and who did not.
func TestTheSignInLogTellsOfSuccessAndFailure(t *testing.T) {
	w := ententetest.Start(t)
	g := &gdap{t: t, world: w, partner: judges.NewPartner(t, w)}
	token := g.signIn(ententetest.Ada, ententetest.Northwind, "https://graph.microsoft.com/AuditLog.Read.All")
	post(t, w, "/"+ententetest.Northwind+"/oauth2/v2.0/token", url.Values{
		"client_id": {ententetest.PortalApp}, "client_secret": {"not-the-secret"}, "grant_type": {"client_credentials"}, "scope": {"https://graph.microsoft.com/.default"},
	})
	rows, _ := g.call(token, "GET", "/auditLogs/signIns", "", nil, http.StatusOK).body["value"].([]any)
	var seen []string
	for _, r := range rows {
		row := r.(map[string]any)
		status := row["status"].(map[string]any)
		seen = append(seen, fmt.Sprintf("%v %v %.0f %v", row["userPrincipalName"], row["appId"], status["errorCode"], row["authenticationRequirement"]))
	}
	for _, want := range []string{
		ententetest.Ada + " " + ententetest.PortalApp + " 0 multiFactorAuthentication",
		"<nil> " + ententetest.PortalApp + " 7000215 <nil>",
	} {
		if !slices.Contains(seen, want) {
			t.Errorf("no row %q in %q", want, seen)
		}
	}
}

// TestTheProgrammeInvitesOverGraph: what the staff sends by a call is the
// invitation of the programme's page, with the same mail.
func TestTheProgrammeInvitesOverGraph(t *testing.T) {
	w := ententetest.Start(t)
	g := &gdap{t: t, world: w, partner: judges.NewPartner(t, w)}
	pat := g.signIn(devworld.Pat, string(devworld.Fabrikam), "https://graph.microsoft.com/User.Invite.All")
	body := map[string]any{"invitedUserEmailAddress": "newcomer@contoso.example", "invitedUserDisplayName": "Nea, Comer", "inviteRedirectUrl": "https://portal.fabrikam.example/"}
	with := func(name string, value any) map[string]any {
		changed := maps.Clone(body)
		changed[name] = value
		return changed
	}
	made := g.call(pat, "POST", "/invitations", "", body, http.StatusCreated)
	if made.text("status") != "PendingAcceptance" || made.text("invitedUserDisplayName") != "Nea, Comer" || made.body["sendInvitationMessage"] != true {
		t.Errorf("the answer is %v", made.body)
	}
	mails, err := w.Inside().Mails(t.Context(), "newcomer@contoso.example")
	if err != nil || len(mails) != 1 || mails[0].Link != made.text("inviteRedeemUrl") {
		t.Fatalf("mails %+v, %v; the answer's link is %s", mails, err, made.text("inviteRedeemUrl"))
	}
	for name, bad := range map[string]map[string]any{
		"once more": body, "no mail": with("sendInvitationMessage", false), "a member": with("invitedUserType", "Member"), "no address": with("invitedUserEmailAddress", "nobody"),
		"two addresses": with("invitedUserEmailAddress", "a@contoso.example\nb@contoso.example"), "no redirect": with("inviteRedirectUrl", "/"),
	} {
		t.Run(name, func(t *testing.T) {
			(&gdap{t: t, world: w}).call(pat, "POST", "/invitations", "", bad, http.StatusBadRequest)
		})
	}
	// Who is no staff of the programme invites nobody to it.
	ada := g.signIn(ententetest.Ada, ententetest.Northwind, "https://graph.microsoft.com/User.Invite.All")
	g.call(ada, "POST", "/invitations", "", with("invitedUserEmailAddress", "other@contoso.example"), http.StatusForbidden)
}
