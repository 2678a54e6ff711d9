package directory_test

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/credential"
	"github.com/entente-id/entente/internal/customer"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
)

// send writes a JSON body.
func (w *world) send(bearer, method, path string, body any, headers ...string) reply {
	w.t.Helper()
	text, err := json.Marshal(body)
	w.must(err)
	return w.call(bearer, method, path, string(text), append([]string{"Content-Type", "application/json"}, headers...)...)
}

// holder is Anna with directory roles, and all permissions that write.
func (w *world) holder(roles ...string) string {
	w.t.Helper()
	a, err := w.people.Find(w.t.Context(), adatum, anna)
	w.must(err)
	a.Roles = roles
	w.must(w.people.Save(w.t.Context(), a))
	return w.as(audit.Caller{Tenant: adatum, Home: adatum, Account: anna, SignInName: "Anna@adatum.example", Methods: []string{"pwd", "mfa"},
		Scopes: []string{"User.ReadWrite.All", "Group.ReadWrite.All", "RoleManagement.ReadWrite.Directory", "Directory.Read.All", "AuditLog.Read.All"}})
}

func newUser(change map[string]any) map[string]any {
	user := map[string]any{
		"accountEnabled": true, "displayName": "Carl", "mailNickname": "carl", "userPrincipalName": "carl@adatum.example", "department": "Sales",
		"@odata.type": "#microsoft.graph.user", "passwordProfile": map[string]any{"password": "wine-Brook-77-sundial", "forceChangePasswordNextSignIn": false},
	}
	for name, value := range change {
		user[name] = value
	}
	return user
}

func (w *world) verbs() []string {
	w.t.Helper()
	events, err := w.db.Events(w.t.Context(), adatum, 100)
	w.must(err)
	var verbs []string
	for _, e := range events {
		verbs = append(verbs, e.Verb)
	}
	return verbs
}

func TestAPersonIsMadeChangedAndDeletedWithARecordOfEach(t *testing.T) {
	w := newWorld(t)
	bearer := w.holder(account.UserAdministrator)
	made := w.send(bearer, "POST", "/v1.0/users", newUser(nil))
	made.is(201, "")
	key, _ := made.body["id"].(string)
	if made.header.Get("Location") != origin+"/v1.0/users/"+key {
		t.Errorf("made at %s", made.header.Get("Location"))
	}
	w.send(bearer, "POST", "/v1.0/users", newUser(nil)).is(400, "Request_BadRequest")
	w.send(bearer, "PATCH", "/v1.0/users/"+key, map[string]any{"displayName": "Carla", "userPrincipalName": "carla@adatum.example", "city": "Hull", "usageLocation": "GB"}).is(204, "")
	r := w.get(bearer, asked("/v1.0/users/carla@adatum.example", "$select", "displayName,city,department,accountEnabled,usageLocation"))
	if r.body["displayName"] != "Carla" || r.body["city"] != "Hull" || r.body["usageLocation"] != "GB" || r.body["department"] != "Sales" || r.body["accountEnabled"] != true {
		t.Errorf("changed it is %s", r.text)
	}
	w.send(bearer, "POST", "/v1.0/users/"+key+"/revokeSignInSessions", map[string]any{}).is(200, "")
	w.call(bearer, "DELETE", "/v1.0/users/"+key, "").is(204, "")
	w.get(bearer, "/v1.0/users/"+key).is(404, "Request_ResourceNotFound")
	w.call(bearer, "DELETE", "/v1.0/users/"+key, "").is(404, "Request_ResourceNotFound")
	for _, verb := range []string{"account.create", "account.change", "account.end-sessions", "account.delete"} {
		if !slices.Contains(w.verbs(), verb) {
			t.Errorf("no record of %s", verb)
		}
	}
}

// TestAPersonIsMadeWithTheirPasswordOrNotAtAll ends the server at each commit of
// the request in turn.
func TestAPersonIsMadeWithTheirPasswordOrNotAtAll(t *testing.T) {
	w := newWorld(t)
	bearer := w.holder(account.UserAdministrator)
	safe := w.safe(id.Source{Now: func() time.Time { return noon }, Random: rand.Reader})
	for commit := int64(1); ; commit++ {
		w.fails.Store(commit)
		status := w.send(bearer, "POST", "/v1.0/users", newUser(nil)).status
		w.fails.Store(0)
		person, err := w.people.Named(t.Context(), adatum, "carl@adatum.example")
		made := slices.Contains(w.verbs(), "account.create")
		if status == 201 && err == nil && made && commit > 1 {
			owner := credential.Owner{Tenant: adatum, Account: person.ID}
			w.must(safe.CheckPassword(t.Context(), owner, "carl@adatum.example", "wine-Brook-77-sundial", ""))
			break
		}
		if status == 201 || !fault.Has(err, fault.AccountUnknown) || made {
			t.Fatalf("ended at commit %d it answers %d; there is %+v (%v), and a record: %t", commit, status, person, err, made)
		}
	}
}

func TestAPersonThatCannotBeIsRefusedWithTheMemberThatIsWrong(t *testing.T) {
	w := newWorld(t)
	bearer := w.holder(account.UserAdministrator)
	for name, c := range map[string]struct {
		change map[string]any
		says   string
	}{
		"another's domain": {map[string]any{"userPrincipalName": "x@northwind.example"}, "userPrincipalName"},
		"another's mail":   {map[string]any{"mail": "x@northwind.example"}, "mail"},
		"no address":       {map[string]any{"userPrincipalName": "carl"}, "userPrincipalName"},
		"a weak password":  {map[string]any{"passwordProfile": map[string]any{"password": "aaaaaaaaaaaa"}}, "password"},
		"no password":      {map[string]any{"passwordProfile": nil}, "passwordProfile"},
		"a guest":          {map[string]any{"userType": "Guest"}, "userType"},
		"a long name":      {map[string]any{"displayName": strings.Repeat("x", 300)}, "displayName"},
		"a member of ours": {map[string]any{"roles": []string{account.GlobalAdministrator}}, "roles"},
		"a wrong type":     {map[string]any{"accountEnabled": "yes"}, "accountEnabled"},
	} {
		r := w.send(bearer, "POST", "/v1.0/users", newUser(c.change))
		r.is(400, "Request_BadRequest")
		if !strings.Contains(r.text, c.says) {
			t.Errorf("%s: %s", name, r.text)
		}
	}
	w.call(bearer, "POST", "/v1.0/users", "{}", "Content-Type", "text/plain").is(415, "UnsupportedMediaType")
	w.call(bearer, "POST", "/v1.0/users", `{"displayName":"`+strings.Repeat("x", 300<<10)+`"}`, "Content-Type", "application/json").is(413, "Request_BadRequest")
}

func TestWhoMayChangeWhomIsDecidedByTheRolesOfThisMoment(t *testing.T) {
	w := newWorld(t)
	target := "/v1.0/users/" + string(bert)
	change := map[string]any{"jobTitle": "CEO"}
	w.send(w.holder(), "PATCH", target, change).is(403, refused)
	w.send(w.holder(account.HelpdeskAdministrator), "PATCH", target, change).is(403, refused)
	bearer := w.holder(account.UserAdministrator)
	w.send(bearer, "PATCH", target, change).is(204, "")
	w.holder() // the role is taken back, the token stays
	w.send(bearer, "PATCH", target, change).is(403, refused)

	b, err := w.people.Find(t.Context(), adatum, bert)
	w.must(err)
	b.Roles = []string{account.GlobalReader}
	w.must(w.people.Save(t.Context(), b))
	w.send(w.holder(account.UserAdministrator), "PATCH", target, change).is(403, refused)
	w.send(w.app("User.ReadWrite.All"), "PATCH", target, change).is(403, refused)
	w.send(w.holder(account.GlobalAdministrator), "PATCH", target, change).is(204, "")
}

func TestAPasswordIsResetByHelpdesksAndEndsTheSessions(t *testing.T) {
	w := newWorld(t)
	reset := map[string]any{"passwordProfile": map[string]any{"password": "wine-Brook-77-sundial"}}
	w.send(w.app("User.ReadWrite.All"), "PATCH", "/v1.0/users/"+string(bert), reset).is(403, refused)
	w.send(w.holder(account.UserAdministrator), "PATCH", "/v1.0/users/"+string(bert), reset).is(204, "")
	b, err := w.people.Find(t.Context(), adatum, bert)
	w.must(err)
	if !b.MustChangePassword || !b.SessionsFrom.Equal(noon) {
		t.Errorf("reset it is %+v", b)
	}
}

func TestRolesAreGivenByThoseWhoMayAndTheLastAdministratorStays(t *testing.T) {
	w := newWorld(t)
	const assignments = "/v1.0/roleManagement/directory/roleAssignments"
	give := map[string]any{"principalId": string(bert), "roleDefinitionId": account.GlobalReader, "directoryScopeId": "/"}
	w.send(w.holder(account.UserAdministrator), "POST", assignments, give).is(403, refused)
	bearer := w.holder(account.GlobalAdministrator)
	made := w.send(bearer, "POST", assignments, give)
	made.is(201, "")
	w.send(bearer, "POST", assignments, give).is(409, "Request_MultipleObjectsWithSameKeyValue")
	list := w.get(bearer, asked(assignments, "$filter", "roleDefinitionId eq '"+account.GlobalReader+"'", "$expand", "principal"))
	value := list.body["value"].([]any)
	if len(value) != 1 || value[0].(map[string]any)["principal"].(map[string]any)["userPrincipalName"] != "bert@adatum.example" {
		t.Errorf("got %s", list.text)
	}
	if names := w.get(bearer, "/v1.0/directoryRoles/roleTemplateId="+account.GlobalReader+"/members").names(); !slices.Equal(names, []string{"Bert"}) {
		t.Errorf("the role's people are %v", names)
	}
	w.call(bearer, "DELETE", assignments+"/"+made.body["id"].(string), "").is(204, "")
	w.call(bearer, "DELETE", assignments+"/"+made.body["id"].(string), "").is(404, "Request_ResourceNotFound")
	// The last Global Administrator can neither go nor be switched off.
	w.call(bearer, "DELETE", assignments+"/"+string(anna)+"_"+account.GlobalAdministrator, "").is(409, "conflict")
	w.send(bearer, "PATCH", "/v1.0/users/"+string(anna), map[string]any{"accountEnabled": false}).is(409, "conflict")
	w.call(bearer, "DELETE", "/v1.0/users/"+string(anna), "").is(409, "conflict")
}

func TestACustomerSeesWhichRolesPartnersGroupsHold(t *testing.T) {
	w := newWorld(t)
	w.crowd(3)
	const group = "abababab-0000-4000-8000-000000000001"
	w.must(w.ledger.SaveRelationship(t.Context(), customer.Relationship{
		ID: "r2", Partner: northwind, Customer: adatum, DisplayName: "Second", Status: customer.Active, Ends: noon.Add(time.Hour), Roles: []string{account.GlobalReader},
		Assignments: []customer.Assignment{{ID: "a", Group: group, Container: group, Roles: []string{account.GlobalReader, account.GlobalAdministrator}}},
	}))
	r := w.get(w.holder(account.GlobalAdministrator), asked("/v1.0/roleManagement/directory/roleAssignments", "$expand", "principal", "$top", "1"))
	var principals []string
	for {
		for _, v := range r.body["value"].([]any) {
			row := v.(map[string]any)
			principals = append(principals, fmt.Sprint(row["principalId"], " ", row["principalOrganizationId"], " ", row["principal"].(map[string]any)["organizationId"]))
		}
		link, ok := r.body["@odata.nextLink"].(string)
		if !ok {
			break
		}
		r = w.get(w.holder(account.GlobalAdministrator), strings.TrimPrefix(link, origin))
	}
	want := []string{fmt.Sprint(anna, " ", adatum, " <nil>"), fmt.Sprint(group, " ", northwind, " ", northwind)}
	if !slices.Equal(principals, want) {
		t.Errorf("got %q, want %q", principals, want)
	}
}

func TestAPartnersPersonGivesNoRoleThatTheyDoNotHold(t *testing.T) {
	w := newWorld(t)
	w.relate(customer.Active, noon.Add(time.Hour), account.PrivilegedRoleAdmin)
	bearer := w.as(audit.Caller{Tenant: adatum, Home: northwind, Account: visiting, SignInName: "agent@northwind.example", DirectoryRoles: []string{account.PrivilegedRoleAdmin},
		Scopes: []string{"RoleManagement.ReadWrite.Directory", "Directory.Read.All"}})
	give := func(role string) reply {
		return w.send(bearer, "POST", "/v1.0/directoryRoles/"+role+"/members/$ref", map[string]string{"@odata.id": origin + "/v1.0/directoryObjects/" + string(bert)})
	}
	give(account.GlobalAdministrator).is(403, refused)
	give(account.PrivilegedRoleAdmin).is(204, "")
	events, err := w.db.Events(t.Context(), northwind, 10)
	w.must(err)
	if len(events) != 1 || events[0].Verb != "role.give" || events[0].Tenant != adatum {
		t.Errorf("the partner's record is %+v", events)
	}
}

func TestGroupsHaveMembersOnce(t *testing.T) {
	w := newWorld(t)
	bearer := w.holder(account.GroupsAdministrator)
	body := map[string]any{"displayName": "Team", "mailNickname": "team", "mailEnabled": false, "securityEnabled": true, "groupTypes": []string{}}
	made := w.send(bearer, "POST", "/v1.0/groups", body)
	made.is(201, "")
	group := "/v1.0/groups/" + made.body["id"].(string)
	ref := map[string]string{"@odata.id": "https://graph.microsoft.com/v1.0/directoryObjects/" + string(bert)}
	w.send(bearer, "POST", group+"/members/$ref", ref).is(204, "")
	w.send(bearer, "POST", group+"/members/$ref", ref).is(400, "Request_BadRequest")
	if names := w.get(bearer, group+"/members").names(); !slices.Equal(names, []string{"Bert"}) {
		t.Errorf("members %v", names)
	}
	if names := w.get(bearer, "/v1.0/users/"+string(bert)+"/memberOf").names(); !slices.Equal(names, []string{"Team"}) {
		t.Errorf("member of %v", names)
	}
	for path, want := range map[string]int{"getMemberObjects": 1, "getMemberGroups": 1} {
		r := w.send(bearer, "POST", "/v1.0/users/"+string(bert)+"/"+path, map[string]bool{"securityEnabledOnly": false})
		if value, _ := r.body["value"].([]any); len(value) != want {
			t.Errorf("%s: %s", path, r.text)
		}
	}
	for _, wrong := range []string{"", "x", "https://x/y/" + string(bert), "directoryObjects/x"} {
		w.send(bearer, "POST", group+"/members/$ref", map[string]string{"@odata.id": wrong}).is(400, "Request_BadRequest")
	}
	w.send(bearer, "POST", group+"/members/$ref", map[string]string{"@odata.id": "x/directoryObjects/" + string(agent)}).is(404, "Request_ResourceNotFound")
	w.call(bearer, "DELETE", group+"/members/"+string(bert)+"/$ref", "").is(204, "")
	w.call(bearer, "DELETE", group+"/members/"+string(bert)+"/$ref", "").is(404, "Request_ResourceNotFound")
	w.send(bearer, "PATCH", group, map[string]any{"displayName": ""}).is(400, "Request_BadRequest")
	w.send(bearer, "PATCH", group, map[string]any{"description": "Ours"}).is(204, "")
	body["groupTypes"] = []string{"Unified"}
	w.send(bearer, "POST", "/v1.0/groups", body).is(400, "Request_BadRequest")
	w.call(bearer, "DELETE", group, "").is(204, "")
	w.get(bearer, group).is(404, "Request_ResourceNotFound")
	w.send(w.member("Group.ReadWrite.All"), "POST", "/v1.0/groups", body).is(400, "Request_BadRequest")
}

func TestAPartnersOwnGroupsAreForItsGlobalAdministratorsAlone(t *testing.T) {
	w := newWorld(t)
	agents := account.Group{Tenant: adatum, ID: "eeeeeeee-0000-4000-8000-000000000001", Key: account.AdminAgents, Name: "AdminAgents", Nickname: "AdminAgents", Security: true}
	w.must(w.db.SaveGroup(t.Context(), agents))
	path := "/v1.0/groups/" + string(agents.ID) + "/members/$ref"
	ref := map[string]string{"@odata.id": "x/directoryObjects/" + string(bert)}
	w.send(w.holder(account.GroupsAdministrator), "POST", path, ref).is(403, refused)
	w.send(w.app("Group.ReadWrite.All"), "POST", path, ref).is(403, refused)
	w.send(w.holder(account.GlobalAdministrator), "POST", path, ref).is(204, "")
	w.call(w.holder(account.GlobalAdministrator), "DELETE", "/v1.0/groups/"+string(agents.ID), "").is(409, "conflict")
	if b, err := w.people.Find(t.Context(), adatum, bert); err != nil || !b.In(account.AdminAgents) {
		t.Errorf("%+v, %v", b, err)
	}
}

// TestAWriteWithAnotherTenantsIDAnswersLikeNone: whatever is named, nothing of
// another organisation is there (R160).
func TestAWriteWithAnotherTenantsIDAnswersLikeNone(t *testing.T) {
	w := newWorld(t)
	bearer := w.holder(account.GlobalAdministrator)
	w.must(w.db.SaveGroup(t.Context(), account.Group{Tenant: northwind, ID: "eeeeeeee-0000-4000-8000-000000000002", Key: "eeeeeeee-0000-4000-8000-000000000002", Name: "Theirs"}))
	for _, key := range []id.Object{agent, "99999999-0000-4000-8000-000000000000"} {
		w.send(bearer, "PATCH", "/v1.0/users/"+string(key), map[string]any{"jobTitle": "x"}).is(404, "Request_ResourceNotFound")
		w.call(bearer, "DELETE", "/v1.0/users/"+string(key), "").is(404, "Request_ResourceNotFound")
		w.send(bearer, "POST", "/v1.0/users/"+string(key)+"/revokeSignInSessions", map[string]any{}).is(404, "Request_ResourceNotFound")
	}
	for _, key := range []string{"eeeeeeee-0000-4000-8000-000000000002", "99999999-0000-4000-8000-000000000000"} {
		w.get(bearer, "/v1.0/groups/"+key).is(404, "Request_ResourceNotFound")
		w.send(bearer, "PATCH", "/v1.0/groups/"+key, map[string]any{"displayName": "x"}).is(404, "Request_ResourceNotFound")
		w.call(bearer, "DELETE", "/v1.0/groups/"+key, "").is(404, "Request_ResourceNotFound")
	}
}

func TestRecordsAreForThoseWhoMayReadThemNewestFirst(t *testing.T) {
	w := newWorld(t)
	w.get(w.holder(), "/v1.0/auditLogs/directoryAudits").is(403, refused)
	bearer := w.holder(account.GlobalAdministrator)
	w.send(bearer, "PATCH", "/v1.0/users/"+string(bert), map[string]any{"jobTitle": "x"}).is(204, "")
	r := w.get(bearer, asked("/v1.0/auditLogs/directoryAudits", "$filter", "activityDisplayName eq 'account.change' and activityDateTime ge 2026-11-01T00:00:00Z", "$top", "1"))
	r.is(200, "")
	row := r.body["value"].([]any)[0].(map[string]any)
	if row["initiatedBy"].(map[string]any)["user"].(map[string]any)["userPrincipalName"] != "Anna@adatum.example" {
		t.Errorf("got %s", r.text)
	}
	w.must(w.db.AddAttempt(t.Context(), audit.Attempt{Reference: "7Q4K-2MXD", At: noon, Tenant: adatum, Home: northwind, Step: "token", Code: fault.SecondFactorRequired, TraceID: "t", CorrelationID: "c"}))
	r = w.get(bearer, asked("/v1.0/auditLogs/signIns", "$filter", fmt.Sprint("status/errorCode eq ", int(fault.SecondFactorRequired))))
	r.is(200, "")
	row = r.body["value"].([]any)[0].(map[string]any)
	if len(r.body["value"].([]any)) != 1 || row["crossTenantAccessType"] != "serviceProvider" || row["status"].(map[string]any)["errorCode"] != 50076.0 {
		t.Errorf("got %s", r.text)
	}
}

func TestSmallListsAreWellFormed(t *testing.T) {
	w := newWorld(t)
	bearer := w.holder(account.GlobalAdministrator)
	if r := w.get(bearer, "/v1.0/subscribedSkus"); r.status != 200 || len(r.body["value"].([]any)) != 0 {
		t.Errorf("skus: %s", r.text)
	}
	w.get(bearer, "/v1.0/users/"+string(bert)+"/licenseDetails").is(200, "")
	w.get(bearer, "/v1.0/users/"+string(agent)+"/licenseDetails").is(404, "Request_ResourceNotFound")
	r := w.get(bearer, "/v1.0/domains")
	if value := r.body["value"].([]any); len(value) != 2 || value[0].(map[string]any)["id"] != "adatum.example" || value[0].(map[string]any)["isDefault"] != true {
		t.Errorf("domains: %s", r.text)
	}
	w.get(bearer, "/v1.0/domains/adatum.onexample.net").is(200, "")
	w.get(bearer, "/v1.0/domains/northwind.example").is(404, "Request_ResourceNotFound")
	if names := w.get(bearer, asked("/v1.0/roleManagement/directory/roleDefinitions", "$filter", "startswith(displayName,'Global')")).names(); len(names) != 2 {
		t.Errorf("definitions %v", names)
	}
	w.send(bearer, "POST", "/v1.0/directoryRoles", map[string]string{"roleTemplateId": account.GlobalReader}).is(409, "Request_MultipleObjectsWithSameKeyValue")
}

func TestPeopleAreSortedAndAdvancedFiltersNeedTheirHeader(t *testing.T) {
	w := newWorld(t)
	w.crowd(4)
	bearer := w.app("User.Read.All")
	var all []string
	for path := asked("/v1.0/users", "$orderby", "displayName desc", "$top", "4"); path != ""; {
		r := w.get(bearer, path)
		r.is(200, "")
		all = append(all, r.names()...)
		link, _ := r.body["@odata.nextLink"].(string)
		path = strings.TrimPrefix(link, origin)
	}
	if want := []string{"Person 3", "Person 2", "Person 1", "Person 0", "Bert", "Anna O'Neil"}; !slices.Equal(all, want) {
		t.Errorf("got %v", all)
	}
	for _, filter := range []string{"displayName ne 'Bert'", "not startswith(displayName,'P')", "endswith(mail,'adatum.example')"} {
		w.get(bearer, asked("/v1.0/users", "$filter", filter)).is(400, "Request_UnsupportedQuery")
		w.get(bearer, asked("/v1.0/users", "$filter", filter, "$count", "true"), "ConsistencyLevel", "eventual").is(200, "")
	}
	w.get(bearer, asked("/v1.0/users", "$filter", "displayName eq 'x'", "$orderby", "displayName")).is(400, "Request_UnsupportedQuery")
	if names := w.get(bearer, asked("/v1.0/users", "$filter", "mail eq 'anna@adatum.example' or displayName in ('Bert')")).names(); len(names) != 2 {
		t.Errorf("got %v", names)
	}
	w.get(bearer, asked("/v1.0/users", "$orderby", "businessPhones")).is(400, "Request_UnsupportedQuery")
	w.get(bearer, asked("/v1.0/users", "$orderby", "displayName sideways")).is(400, "Request_BadRequest")
}

func TestABatchRunsItsRequestsInOrderEachThroughTheGate(t *testing.T) {
	w := newWorld(t)
	part := func(key, method, url string, more map[string]any) map[string]any {
		p := map[string]any{"id": key, "method": method, "url": url}
		for name, value := range more {
			p[name] = value
		}
		return p
	}
	json := map[string]string{"Content-Type": "application/json", "Authorization": "Bearer stolen"}
	r := w.send(w.holder(account.UserAdministrator), "POST", "/v1.0/$batch", map[string]any{"requests": []any{
		part("a", "GET", "/users/"+string(bert), nil),
		part("b", "PATCH", "users/"+string(bert), map[string]any{"headers": json, "body": map[string]any{"jobTitle": "CEO"}, "dependsOn": []string{"a"}}),
		part("c", "GET", "/users/nobody@adatum.example", nil),
		part("d", "GET", "/me", map[string]any{"dependsOn": []string{"c"}}),
		part("e", "GET", "/domains?$select=id", nil),
		part("f", "DELETE", "/me", nil),
	}})
	r.is(200, "")
	want := []float64{200, 204, 404, 424, 200, 405}
	for i, v := range r.body["responses"].([]any) {
		if got := v.(map[string]any); got["status"] != want[i] || got["id"] != string(rune('a'+i)) {
			t.Errorf("answer %d is %v", i, got)
		}
	}
	many := make([]any, 21)
	for i := range many {
		many[i] = part(fmt.Sprint(i), "GET", "/me", nil)
	}
	for name, requests := range map[string][]any{
		"none": {}, "21": many, "one id twice": {part("a", "GET", "/me", nil), part("a", "GET", "/me", nil)}, "a method": {part("a", "TRACE", "/me", nil)},
		"no address": {part("a", "GET", "", nil)}, "a batch": {part("a", "POST", "/$batch", nil)}, "what comes later": {part("a", "GET", "/me", map[string]any{"dependsOn": []string{"b"}})},
		"no id": {part("", "GET", "/me", nil)},
	} {
		if r := w.send(w.member("User.Read"), "POST", "/v1.0/$batch", map[string]any{"requests": requests}); r.status != 400 {
			t.Errorf("%s: %d %s", name, r.status, r.text)
		}
	}
	w.send("", "POST", "/v1.0/$batch", map[string]any{"requests": many[:1]}).is(401, badToken)
}
