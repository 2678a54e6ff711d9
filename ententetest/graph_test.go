package ententetest_test

import (
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
