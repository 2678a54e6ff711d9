package ententetest_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/entente-id/entente/ententetest"
	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/customer"
	"github.com/entente-id/entente/internal/devworld"
	"github.com/entente-id/entente/internal/id"
)

// office is Ada at work with the Partner Center API.
type office struct {
	t              *testing.T
	w              *ententetest.World
	token, refresh string
}

// newOffice lets Ada consent in a browser and redeems what came of it.
func newOffice(t *testing.T, w *ententetest.World) *office {
	t.Helper()
	const scope = "https://api.partnercenter.microsoft.com/user_impersonation offline_access openid profile"
	v := w.Visitor(ententetest.Ada)
	got, err := v.SignIn(t.Context(), w.Origin+"/organizations/oauth2/v2.0/authorize?"+url.Values{
		"client_id": {ententetest.PortalApp}, "response_type": {"code"}, "redirect_uri": {"http://localhost:8400/"}, "scope": {scope},
	}.Encode(), "http://localhost:8400/")
	if err != nil {
		t.Fatalf("sign-in after %q: %v", v.Steps, err)
	}
	status, answer := post(t, w, "/organizations/oauth2/v2.0/token", url.Values{
		"grant_type": {"authorization_code"}, "code": {got.Get("code")}, "redirect_uri": {"http://localhost:8400/"},
		"client_id": {ententetest.PortalApp}, "client_secret": {ententetest.PortalSecret}, "scope": {scope},
	})
	if status != http.StatusOK {
		t.Fatalf("redeem: %d %v", status, answer)
	}
	return &office{t: t, w: w, token: answer["access_token"].(string), refresh: answer["refresh_token"].(string)}
}

// does calls the API and reads the answer, whose status and code must be as
// wanted.
func (o *office) does(method, path, body, want string, headers ...string) map[string]any {
	o.t.Helper()
	got, _, text := told(o.t, o.w, method, path, body, o.token, headers...)
	if got != want {
		o.t.Fatalf("%s %s: %s, want %s: %s", method, path, got, want, text)
	}
	var m map[string]any
	if len(text) > 0 && text[0] == '{' {
		if err := json.Unmarshal(text, &m); err != nil {
			o.t.Fatal(err)
		}
	}
	return m
}

// exchange asks for a token at a customer, and gives status and answer.
func (o *office) exchange(at string) (int, map[string]any) {
	o.t.Helper()
	return post(o.t, o.w, "/"+at+"/oauth2/token", url.Values{
		"grant_type": {"refresh_token"}, "refresh_token": {o.refresh}, "resource": {"https://graph.microsoft.com"},
		"client_id": {ententetest.PortalApp}, "client_secret": {ententetest.PortalSecret},
	})
}

// sandbox makes Northwind a partner for tests.
func sandbox(t *testing.T, w *ententetest.World) {
	t.Helper()
	home, err := w.Inside().Tenants.Find(t.Context(), devworld.Northwind)
	if err != nil {
		t.Fatal(err)
	}
	home.Settings.Sandbox = true
	if err := w.Inside().Tenants.Save(t.Context(), home); err != nil {
		t.Fatal(err)
	}
}

// assign gives Northwind's Admin Agents the roles of the relationship that came
// with a new customer, as the partner does at the directory's API.
func assign(t *testing.T, w *ententetest.World, at id.Tenant, roles ...string) {
	t.Helper()
	list, err := w.Inside().DB.Relationships(t.Context(), devworld.Northwind, at)
	if err != nil || len(list) != 1 {
		t.Fatalf("%d relationships: %v", len(list), err)
	}
	r := list[0]
	if r.Status != customer.Active || len(r.Assignments) != 0 {
		t.Fatalf("the first relationship is %+v", r)
	}
	r.Assignments = []customer.Assignment{{Group: account.AdminAgents, Roles: roles}}
	if err := w.Inside().Customers.SaveRelationship(t.Context(), r); err != nil {
		t.Fatal(err)
	}
}

func TestACustomerIsMadePeopledConsentedUsedRecordedAndDeleted(t *testing.T) {
	w := ententetest.Start(t)
	sandbox(t, w)
	o := newOffice(t, w)

	made := o.does("POST", "/v1//customers", newCustomer("fresh.onmicrosoft.com", ""), "201")
	at := made["id"].(string)
	credentials := made["userCredentials"].(map[string]any)
	if credentials["userName"] != "admin" || len(credentials["password"].(string)) < 16 {
		t.Errorf("credentials %v", credentials)
	}
	path := "/v1/customers/" + at
	if shown := o.does("GET", path, "", "200"); shown["userCredentials"] != nil || shown["relationshipToPartner"] != "reseller" {
		t.Errorf("shown as %v", shown)
	}

	// Nothing is assigned yet, so the partner has no right there.
	o.does("GET", path+"/users", "", "403 900308")
	assign(t, w, id.Tenant(at), account.UserAdministrator, account.CloudAppAdministrator, account.PrivilegedRoleAdmin)

	user := o.does("POST", path+"/users/", `{"UserPrincipalName":"rae@fresh.onmicrosoft.com","DisplayName":"Rae Kim","FirstName":"Rae","LastName":"Kim",
		"UsageLocation":"GB","PasswordProfile":{"ForceChangePassword":true,"Password":"Correct-Horse-7"},"Attributes":{"ObjectType":"CustomerUser"}}`, "201")
	rae := user["id"].(string)
	if listed := o.does("GET", path+"/users", "", "200"); listed["totalCount"] != 2.0 {
		t.Errorf("people %v", listed)
	}
	role := path + "/directoryroles/" + account.HelpdeskAdministrator + "/usermembers"
	o.does("POST", role, `{"Id":"`+rae+`","DisplayName":"Rae Kim","UserPrincipalName":"rae@fresh.onmicrosoft.com","Attributes":{"ObjectType":"UserMember"}}`, "201")
	if held := o.does("GET", path+"/users/"+rae+"/directoryroles", "", "200"); held["totalCount"] != 1.0 {
		t.Errorf("roles %v", held)
	}
	o.does("POST", path+"/directoryroles/"+account.GlobalAdministrator+"/usermembers", `{"Id":"`+rae+`"}`, "403 900308")

	if status, answer := o.exchange(at); status == http.StatusOK {
		t.Errorf("a token before the consent: %v", answer)
	}
	o.does("DELETE", path+"/applicationconsents/"+ententetest.PortalApp, "", "200")
	consent := `{"ApplicationId":"` + ententetest.PortalApp + `","DisplayName":"Portal","ApplicationGrants":[{"EnterpriseApplicationId":"00000003-0000-0000-c000-000000000000","Scope":"User.Read.All, directory.read.all"}]}`
	o.does("POST", path+"/applicationconsents", consent, "201")
	again := o.does("POST", path+"/applicationconsents", consent, "409 409")
	if !strings.Contains(again["description"].(string), "Permission entry already exists") {
		t.Errorf("tools look for other words than %q", again["description"])
	}
	status, answer := o.exchange("fresh.onmicrosoft.com")
	if status != http.StatusOK {
		t.Fatalf("exchange: %d %v", status, answer)
	}
	if c := claims(t, answer["access_token"].(string)); c["tid"] != at || !strings.Contains(c["scp"].(string), "User.Read.All") || !strings.Contains(c["scp"].(string), "Directory.Read.All") {
		t.Errorf("the customer's token says %v", c)
	}

	records := o.does("GET", "/v1/auditrecords?filter="+url.QueryEscape(`{"Field":"CustomerId","Value":"`+at+`","Operator":"equals"}`), "", "200")
	var done []string
	for _, item := range records["items"].([]any) {
		r := item.(map[string]any)
		done = append(done, r["operationType"].(string))
		if r["customerName"] != "New" || r["userPrincipalName"] != ententetest.Ada || r["operationStatus"] != "succeeded" {
			t.Errorf("record %v", r)
		}
	}
	for _, want := range []string{"add_customer", "create_customer_user", "add_user_member", "register_application"} {
		if !slices.Contains(done, want) {
			t.Errorf("%s is not in the records %v", want, done)
		}
	}

	// Who holds a role that the partner does not is not the partner's to delete.
	o.does("DELETE", path+"/users/"+rae, "", "403 900308")
	o.does("DELETE", role+"/"+rae, "", "204")
	o.does("DELETE", path+"/users/"+rae, "", "204")
	o.does("PATCH", path+"/users/"+rae, `{"State":"active","Attributes":{"ObjectType":"CustomerUser"}}`, "200")
	o.does("DELETE", path, "", "204")
	o.does("GET", path, "", "404 60003")
	if status, answer := o.exchange(at); status == http.StatusOK {
		t.Errorf("a token of a deleted customer: %v", answer)
	}
	o.does("HEAD", "/v1/domains/fresh.onmicrosoft.com", "", "404")
}

func TestACreationUnderOneRequestIDIsDoneOnce(t *testing.T) {
	const request = "0f3d0000-0000-4000-8000-000000000001"
	w := ententetest.Start(t)
	o := newOffice(t, w)
	body := newCustomer("once.onmicrosoft.com", "")
	first := o.does("POST", "/v1/customers", body, "201", "MS-RequestId", request)
	again := o.does("POST", "/v1/customers", body, "201", "MS-RequestId", strings.ToUpper(request))
	if first["id"] != again["id"] || first["userCredentials"].(map[string]any)["password"] != again["userCredentials"].(map[string]any)["password"] {
		t.Errorf("two answers: %v and %v", first, again)
	}
	o.does("POST", "/v1/customers", newCustomer("other.onmicrosoft.com", ""), "400 800002", "MS-RequestId", request)
	o.does("POST", "/v1/customers", body, "409 409")
}
