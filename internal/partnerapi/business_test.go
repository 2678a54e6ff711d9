package partnerapi_test

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/partner"
	"github.com/entente-id/entente/internal/tenant"
)

const (
	atAdatum = customers + "/" + string(adatum)
	rae      = "55555555-eeee-4555-8555-000000000005"
)

// hire adds a person of adatum, straight into the room.
func (w *world) hire(n int, roles ...string) string {
	w.t.Helper()
	person := fmt.Sprintf("55555555-eeee-4555-8555-%012d", n)
	w.must(w.people.Save(w.t.Context(), account.Account{
		Tenant: adatum, ID: id.Object(person), SignInName: fmt.Sprintf("p%d@adatum.onexample.net", n), Name: fmt.Sprintf("Person %d", n), Roles: roles,
	}))
	return person
}

// names are a member of each item of a collection.
func (r reply) members(name string) []string {
	r.t.Helper()
	var all []string
	for _, item := range r.body["items"].([]any) {
		all = append(all, fmt.Sprint(item.(map[string]any)[name]))
	}
	return all
}

func TestACustomersPeopleAreReadPageByPage(t *testing.T) {
	w := newWorld(t)
	for n := range 5 {
		w.hire(n)
	}
	r := w.call("helpdesk", "GET", atAdatum+"/users?size=2", "")
	var seen []string
	for {
		r.is(200, "")
		seen = append(seen, r.members("userPrincipalName")...)
		if r.at("links").(map[string]any)["next"] == nil {
			break
		}
		r = w.follow(r, "next")
	}
	if len(seen) != 5 || !slices.IsSorted(seen) {
		t.Errorf("saw %v", seen)
	}
	w.call("admin", "GET", atAdatum+"/users?size=501", "").is(400, "800002")
	w.call("admin", "GET", atAdatum+"/users", "", "MS-ContinuationToken", "x").is(400, "800002")
}

func TestADeletedPersonIsListedApartAndComesBack(t *testing.T) {
	w := newWorld(t)
	person := w.hire(5)
	w.call("helpdesk", "DELETE", atAdatum+"/users/"+person, "").is(403, "900308")
	w.call("admin", "DELETE", atAdatum+"/users/"+person, "").is(204, "")
	w.call("admin", "GET", atAdatum+"/users/"+person, "").is(404, "60002")
	deleted := "?filter=" + url.QueryEscape(`{"Field":"UserState","Value":"Inactive","Operator":"equals"}`)
	r := w.call("admin", "GET", atAdatum+"/users"+deleted, "")
	if got := r.members("state"); !slices.Equal(got, []string{"inactive"}) || r.members("softDeletionTime")[0] != "2026-11-22T12:00:00.000Z" {
		t.Errorf("deleted: %s", r.text)
	}
	w.call("admin", "PATCH", atAdatum+"/users/"+person, `{"State":"active","Attributes":{"ObjectType":"CustomerUser"}}`).is(200, "")
	back := w.call("admin", "GET", atAdatum+"/users/"+person, "")
	back.is(200, "")
	if back.at("state") != "active" || back.at("softDeletionTime") != nil {
		t.Errorf("back as %s", back.text)
	}
	if got := w.call("admin", "GET", atAdatum+"/users"+deleted, "").members("id"); len(got) != 0 {
		t.Errorf("still deleted: %v", got)
	}
}

func TestAnotherPersonsNameIsNotTakenAndBadMembersAreNamed(t *testing.T) {
	w := newWorld(t)
	w.hire(5)
	create := func(upn, name, password string) reply {
		return w.call("admin", "POST", atAdatum+"/users", `{"userPrincipalName":"`+upn+`","displayName":"`+name+`","passwordProfile":{"password":"`+password+`"}}`)
	}
	create("P5@Adatum.onexample.net", "Rae", "Correct-Horse-7").is(409, "409")
	for _, c := range []struct{ upn, name, password, parameter string }{
		{"rae@elsewhere.example", "Rae", "Correct-Horse-7", "userPrincipalName"},
		{"rae", "Rae", "Correct-Horse-7", "userPrincipalName"},
		{"rae@adatum.onexample.net", "", "Correct-Horse-7", "displayName"},
		{"rae@adatum.onexample.net", "Rae", "short", "password"},
	} {
		r := create(c.upn, c.name, c.password)
		r.is(400, "800002")
		if text, _ := r.body["description"].(string); !strings.Contains(text, "Parameter: "+c.parameter) {
			t.Errorf("%v: %s", c, text)
		}
	}
	good := create("rae@adatum.onexample.net", "Rae", "Correct-Horse-7")
	good.is(201, "")
	if good.at("passwordProfile", "password") != "Correct-Horse-7" || good.header.Get("Location") == "" {
		t.Errorf("created as %s", good.text)
	}
	changed := w.call("admin", "PATCH", "/v1"+good.at("links", "self", "uri").(string), `{"DisplayName":"Rae Kim","PasswordProfile":{"Password":"Other-Horse-8","ForceChangePassword":false}}`)
	changed.is(200, "")
	if strings.Contains(changed.text, "Other-Horse-8") || changed.at("displayName") != "Rae Kim" {
		t.Errorf("changed as %s", changed.text)
	}
	a, err := w.people.Named(t.Context(), adatum, "rae@adatum.onexample.net")
	if err != nil || !a.SessionsFrom.Equal(noon) {
		t.Errorf("the sessions of before go on: %+v, %v", a, err)
	}
}

func TestARoleIsGivenSeenAndTaken(t *testing.T) {
	w := newWorld(t)
	person := w.hire(5)
	role := atAdatum + "/directoryroles/" + account.HelpdeskAdministrator + "/usermembers"
	w.call("admin", "POST", role, `{"Id":"`+person+`"}`).is(201, "")
	if got := w.call("helpdesk", "GET", role, "").members("id"); !slices.Equal(got, []string{person}) {
		t.Errorf("members %v", got)
	}
	w.call("admin", "POST", role, `{"Id":"`+rae[:35]+`9"}`).is(404, "60002")
	w.call("admin", "POST", role, `{"Id":"rae"}`).is(400, "800002")
	w.call("admin", "POST", atAdatum+"/directoryroles/"+rae+"/usermembers", `{"Id":"`+person+`"}`).is(404, "1000")
	w.call("admin", "DELETE", role+"/"+person, "").is(204, "")
	w.call("admin", "DELETE", role+"/"+person, "").is(404, "60002")
}

func TestAnApplicationIsLetInByItsOwnCallerOnly(t *testing.T) {
	w := newWorld(t)
	const app = "33333333-cccc-4333-8333-000000000003"
	w.must(w.apps.Save(t.Context(), application.Application{
		App: application.GraphApp, Tenant: northwind, Name: "Microsoft Graph", Scopes: []application.Permission{{Name: "User.Read"}, {Name: "Directory.Read.All"}},
	}, nil))
	consent := func(app, resource, scope string) reply {
		return w.call("admin", "POST", atAdatum+"/applicationconsents", `{"ApplicationId":"`+app+`","ApplicationGrants":[{"EnterpriseApplicationId":"`+resource+`","Scope":"`+scope+`"}]}`)
	}
	consent(rae, string(application.GraphApp), "User.Read").is(400, "800002")
	consent(app, string(application.GraphApp), "Nobody.Knows").is(400, "800002")
	consent(app, string(application.GraphApp), "").is(400, "800002")
	if r := consent(app, rae, "User.Read"); r.status != 400 || !strings.Contains(r.text, "lacks a service principal") {
		t.Errorf("an unknown service: %d %s", r.status, r.text)
	}
	made := consent(app, string(application.GraphApp), " user.read,Directory.Read.All ,User.Read")
	made.is(201, "")
	if made.at("attributes", "objectType") != "ApplicationConsent" || made.at("applicationId") != app {
		t.Errorf("answered %s", made.text)
	}
	allowed, err := w.consents.Allowed(t.Context(), adatum, app, "anybody")
	if err != nil || !slices.Equal(allowed.At(application.GraphApp), []string{"User.Read", "Directory.Read.All"}) {
		t.Errorf("allowed %v, %v", allowed.At(application.GraphApp), err)
	}
	if _, err := w.apps.Principal(t.Context(), adatum, app); err != nil {
		t.Errorf("no principal: %v", err)
	}
	consent(app, string(application.GraphApp), "User.Read").is(409, "409")
	for range 2 {
		w.call("admin", "DELETE", atAdatum+"/applicationconsents/"+app, "").is(200, "")
	}
	if allowed, _ := w.consents.Allowed(t.Context(), adatum, app, "anybody"); allowed.Known {
		t.Error("something is left")
	}
	w.pass(time.Minute)
	if _, err := w.apps.Principal(t.Context(), adatum, app); err == nil {
		t.Error("the principal is left")
	}
}

func TestACustomerIsDeletedInASandboxOnlyAndItsOrganisationOnlyWithTheLastPartner(t *testing.T) {
	w := newWorld(t)
	w.call("admin", "DELETE", atAdatum, "").is(400, "900127")
	w.must(w.tenants.Save(t.Context(), tenant.Tenant{ID: northwind, Name: "Northwind", Settings: tenant.Settings{Sandbox: true}}))
	w.call("admin", "DELETE", atAdatum, "").is(204, "")
	w.call("admin", "GET", atAdatum, "").is(404, "60003")
	if _, err := w.tenants.Find(t.Context(), adatum); err != nil {
		t.Errorf("an organisation that the partner did not make is gone: %v", err)
	}
}

func TestADomainIsVouchedForBelowThePartnersOwnOnly(t *testing.T) {
	w := newWorld(t)
	add := func(name string) reply {
		return w.call("admin", "POST", atAdatum+"/verifieddomain", `{"VerifiedDomainName":"`+name+`","Domain":{"AuthenticationType":"Managed","Capability":"Email","Name":"`+name+`"}}`)
	}
	add("bank.example").is(400, "800002")
	add("northwind.example").is(400, "800002")
	add("adatum.northwind.example").is(201, "")
	add("adatum.northwind.example").is(409, "409")
	if got := w.call("app", "GET", atAdatum+"/customDomains", "").list; len(got) != 2 || got[1] != "adatum.northwind.example" {
		t.Errorf("domains %v", got)
	}
	for domain, status := range map[string]int{"adatum.northwind.example": 200, "free.example": 404} {
		if r := w.call("app", "HEAD", "/v1/domains/"+domain, ""); r.status != status || r.header.Get("MS-RequestId") == "" {
			t.Errorf("%s: %d", domain, r.status)
		}
	}
}

func TestABillingProfileChangesByItsETag(t *testing.T) {
	w := newWorld(t)
	const path = atAdatum + "/profiles/billing"
	was := w.call("app", "GET", path, "")
	body := strings.Replace(was.text, `"country":"GB","city":""`, `"country":"GB","city":"Hull"`, 1)
	body = strings.NewReplacer(`"addressLine1":""`, `"addressLine1":"2 Quay"`, `"postalCode":""`, `"postalCode":"HU1 1AA"`).Replace(body)
	w.call("admin", "PUT", path, body, "If-Match", `"1"`).is(400, "2055")
	r := w.call("admin", "PUT", path, body, "If-Match", `"5920358838484612121"`)
	r.is(200, "")
	if r.at("attributes", "etag") == was.at("attributes", "etag") || r.at("id") != was.at("id") || r.at("defaultAddress", "city") != "Hull" {
		t.Errorf("changed to %s", r.text)
	}
	// The body carries the ETag of before.
	w.call("admin", "PUT", path, body).is(400, "2055")
}

func TestEnumsComeByNameInAnyCaseAndByNumber(t *testing.T) {
	w := newWorld(t)
	for sent, want := range map[string]string{`"Critical"`: "critical", `"critical"`: "critical", "2": "moderate", `"3"`: "minimal", "null": "unknown"} {
		r := w.call("admin", "POST", "/v1/servicerequests", `{"title":"T","description":"D","severity":`+sent+`}`)
		r.is(201, "")
		if r.at("severity") != want {
			t.Errorf("%s is %v", sent, r.at("severity"))
		}
	}
	for _, sent := range []string{`"awful"`, "9", `""x`} {
		r := w.call("admin", "POST", "/v1/servicerequests", `{"title":"T","description":"D","severity":`+sent+`}`)
		if r.status != 400 {
			t.Errorf("%s: %d %s", sent, r.status, r.text)
		}
	}
	w.call("admin", "POST", "/v1/servicerequests", `{"title":"T","description":"D","severity":"awful"}`).is(400, "900126")
	w.call("admin", "POST", atAdatum+"/qualifications", `{"Qualification":"GovernmentCommunityCloud"}`).is(201, "")
	if got := w.call("app", "GET", atAdatum+"/qualifications", "").list; len(got) != 1 || got[0].(map[string]any)["qualification"] != "government_community_cloud" {
		t.Errorf("qualifications %v", got)
	}
}

func TestAServiceRequestIsAskedNotedAndClosed(t *testing.T) {
	w := newWorld(t)
	r := w.call("helpdesk", "POST", "/v1/servicerequests", ticket("Help"))
	r.is(201, "")
	path := "/v1/servicerequests/" + r.at("id").(string)
	w.call("helpdesk", "PATCH", path, `{"NewNote":{"Text":"Still broken"},"Severity":"unknown","Status":"none","Title":null}`).is(200, "")
	closed := w.call("helpdesk", "PATCH", path, `{"Status":"closed"}`)
	if closed.at("status") != "closed" || closed.at("lastClosedDate") == "0001-01-01T00:00:00" || len(closed.at("notes").([]any)) != 1 {
		t.Errorf("closed as %s", closed.text)
	}
	caller := w.person("tia")
	caller.Tenant, caller.Home = rival, rival
	w.must(w.people.Save(t.Context(), account.Account{Tenant: rival, ID: "tia", SignInName: "tia@rival.example", Groups: []string{account.AdminAgents}}))
	w.token("tia", caller)
	w.call("tia", "GET", path, "").is(404, "1000")
}

func TestAuditRecordsKeepTheirDatesAndPages(t *testing.T) {
	w := newWorld(t)
	for n := range 5 {
		w.pass(time.Minute)
		w.call("admin", "POST", atAdatum+"/qualifications", `{"Qualification":`+fmt.Sprint(n%3+1)+`}`).is(201, "")
	}
	r := w.call("app", "GET", "/v1/auditrecords?size=2&startDate=2026-11-01", "")
	seen := r.members("id")
	for r.at("links").(map[string]any)["next"] != nil {
		r = w.follow(r, "next")
		seen = append(seen, r.members("id")...)
	}
	if slices.Sort(seen); len(slices.Compact(seen)) != 5 {
		t.Errorf("saw %v", seen)
	}
	for query, code := range map[string]string{
		"startDate=2026-08-01": "800002", "startDate=yesterday": "800002", "startDate=2026-11-20&endDate=2026-11-01": "800002",
		"size=501": "800002", "filter=%7B%7D": "800002",
	} {
		w.call("admin", "GET", "/v1/auditrecords?"+query, "").is(400, code)
	}
	if got := w.call("admin", "GET", "/v1/auditrecords?startDate=11%2F22%2F2026+12%3A00%3A00+AM&endDate=2026-11-22T12:02:00Z", "").members("operationType"); len(got) != 2 {
		t.Errorf("up to 12:02: %v", got)
	}
	w.call("helpdesk", "GET", "/v1/auditrecords", "").is(403, "900308")
}

func TestTheReportsOnTheSecondFactorShowWhoCalledWithout(t *testing.T) {
	w := newWorld(t)
	caller := w.person("sales")
	caller.Methods = []string{"pwd"}
	w.token("legacy", caller)
	w.call("legacy", "GET", customers, "").is(401, "900421")
	w.call("admin", "GET", customers, "").is(200, "")
	w.call("app", "GET", customers, "").is(200, "")
	r := w.call("admin", "GET", "/v1/partnerRequests", "")
	if got := r.members("mfaCompliant"); len(got) != 2 || !slices.Contains(got, "false") {
		t.Errorf("requests %s", r.text)
	}
	if r := w.call("admin", "GET", "/v1/nonMfaCompliantPartnerPrincipals", ""); !slices.Equal(r.members("upn"), []string{"sales@northwind.example"}) {
		t.Errorf("principals %s", r.text)
	}
	list := w.call("admin", "GET", "/v1/applicationmfaadoptionstatus", "").list
	if len(list) != 1 || list[0].(map[string]any)["loginDate"] != "2026-11-22" || list[0].(map[string]any)["mfaCompliantRequestCount"].(float64) >= list[0].(map[string]any)["totalRequestCount"].(float64) {
		t.Errorf("adoption %v", list)
	}
	w.pass(8 * 24 * time.Hour)
	if got := w.call("admin", "GET", "/v1/nonMfaCompliantPartnerPrincipals", "").members("upn"); len(got) != 0 {
		t.Errorf("after eight days %v", got)
	}
}

func TestProfilesOfThePartnerAreReadAndWritten(t *testing.T) {
	w := newWorld(t)
	w.call("app", "GET", "/v1/profiles/legalbusiness?vettingVersion=current", "").is(200, "")
	w.call("app", "GET", "/v1/profiles/legalbusiness?vettingVersion=first", "").is(400, "900126")
	legal := w.call("admin", "PUT", "/v1/profiles/legalbusiness", `{"CompanyName":"Northwind","Address":{"Country":"GB"},"PrimaryContact":{"Email":"a@northwind.example"}}`)
	if legal.status != 200 || legal.at("vettingStatus") != "pending" {
		t.Errorf("legal %d %s", legal.status, legal.text)
	}
	billing := w.call("admin", "GET", "/v1/profiles/billing", "")
	etag, _ := billing.at("attributes", "etag").(string)
	w.call("admin", "PUT", "/v1/profiles/billing", `{"TaxId":"1"}`, "If-Match", `"`+etag+`"`).is(200, "")
	w.call("admin", "PUT", "/v1/profiles/billing", `{"TaxId":"2"}`, "If-Match", `"`+etag+`"`).is(400, "2055")
	for _, path := range []string{"/v1/profiles/support", "/v1/profiles/supportprofile"} {
		w.call("admin", "PUT", path, `{"Email":"help@northwind.example","Telephone":"1","Website":"northwind.example"}`).is(200, "")
	}
	if got := w.call("sales", "GET", "/v1/profiles/support", "").at("email"); got != "help@northwind.example" {
		t.Errorf("support %v", got)
	}
	w.call("admin", "GET", "/v1/profiles/mpn?mpnId=1", "").is(404, "3000")
}

func TestWebhooksAreRegisteredUnderHTTPSAndKnownEvents(t *testing.T) {
	w := newWorld(t)
	const path = "/webhooks/v1/registration"
	w.call("app", "GET", path, "").is(404, "1000")
	w.call("app", "POST", path, `{"WebhookUrl":"http://northwind.example/","WebhookEvents":["test-created"]}`).is(400, "800002")
	w.call("app", "POST", path, `{"WebhookUrl":"https://northwind.example/","WebhookEvents":["sun-risen"]}`).is(400, "900126")
	made := w.call("app", "POST", path, `{"WebhookUrl":"https://northwind.example/hook","WebhookEvents":["test-created"]}`)
	made.is(200, "")
	changed := w.call("app", "PUT", path, `{"WebhookUrl":"https://northwind.example/hook2","WebhookEvents":["test-created"]}`)
	if changed.at("SubscriberId") != made.at("SubscriberId") || w.call("app", "GET", path, "").at("WebhookUrl") != "https://northwind.example/hook2" {
		t.Errorf("changed to %s", changed.text)
	}
}

func TestTheRelationshipRequestStaysTheSame(t *testing.T) {
	w := newWorld(t)
	first := w.call("admin", "GET", customers+"/relationshiprequests", "").at("url").(string)
	if again := w.call("admin", "GET", customers+"/relationshiprequests", "").at("url"); again != first || !strings.HasPrefix(first, "https://id.example/") {
		t.Errorf("%s and %v", first, again)
	}
}

func TestBadBodiesOfEachWritingRowAreRefused(t *testing.T) {
	w := newWorld(t)
	person := w.hire(5)
	deep := strings.Repeat(`{"a":`, 40) + "1" + strings.Repeat("}", 40)
	for _, to := range []string{
		"POST " + customers, "PUT " + atAdatum + "/profiles/billing", "PATCH " + atAdatum, "POST " + atAdatum + "/qualifications", "POST " + atAdatum + "/verifieddomain",
		"POST " + atAdatum + "/users", "PATCH " + atAdatum + "/users/" + person, "POST " + atAdatum + "/users/" + person + "/licenseupdates",
		"POST " + atAdatum + "/directoryroles/" + account.GlobalReader + "/usermembers", "POST " + atAdatum + "/applicationconsents", "POST " + atAdatum + "/agreements",
		"PUT /v1/profiles/organization", "PUT /v1/profiles/legalbusiness", "PUT /v1/profiles/billing", "PUT /v1/profiles/support",
		"POST /v1/servicerequests", "POST /v1/validations/address", "POST /webhooks/v1/registration",
	} {
		w.pass(time.Second)
		method, path, _ := strings.Cut(to, " ")
		for _, body := range []string{"", "null", "[]", "{", "7", deep} {
			if r := w.call("admin", method, path, body); r.status != 400 {
				t.Errorf("%s with %.20q: %d %s", to, body, r.status, r.text)
			}
		}
		w.call("admin", method, path, `{"x":"`+strings.Repeat("a", 70_000)+`"}`).is(413, "413")
	}
}

func TestIndirectResellersAreListedByTheirType(t *testing.T) {
	w := newWorld(t)
	reseller := partner.Relation{Partner: rival, Name: "Rival", Type: "is_indirect_cloud_solution_provider_of", State: "Active", Location: "FI"}
	w.must(w.files.Relate(t.Context(), w.person("admin"), reseller))
	list := w.call("admin", "GET", "/v1/relationships?relationship_type=IsIndirectCloudSolutionProviderOf", "")
	if got := list.members("name"); !slices.Equal(got, []string{"Rival"}) || list.body["links"] != nil {
		t.Errorf("listed %s", list.text)
	}
	if got := w.call("admin", "GET", "/v1/relationships?relationship_type=IsIndirectResellerOf", "").members("name"); len(got) != 0 {
		t.Errorf("of the other type: %v", got)
	}
	w.call("admin", "GET", "/v1/relationships?relationship_type=Friends", "").is(400, "900126")
	number := list.members("mpnId")[0]
	if got := w.call("admin", "GET", "/v1/profiles/mpn?mpnId="+number, "").at("partnerName"); got != "Rival" {
		t.Errorf("MPN %s is %v", number, got)
	}
	signed := "/v1/compliance/csp/agreementstatus?mpnId="
	w.call("admin", "GET", signed+number, "").is(200, "")
	w.call("admin", "GET", signed+"1", "").is(404, "3000")
	w.call("admin", "GET", signed, "").is(400, "800002")

	c, err := w.ledger.Find(t.Context(), w.person("admin"), adatum)
	w.must(err)
	c.AssociatedPartner = rival
	w.must(w.ledger.Save(t.Context(), c))
	if got := w.call("admin", "GET", atAdatum+"/relationships", "").members("relationshipType"); !slices.Equal(got, []string{"is_indirect_reseller_of"}) {
		t.Errorf("of the customer: %v", got)
	}
	filter := "?filter=" + url.QueryEscape(`{"Field":"IndirectReseller","Value":"`+string(rival)+`","Operator":"starts_with"}`)
	if got := w.call("admin", "GET", customers+filter, "").members("id"); !slices.Equal(got, []string{string(adatum)}) {
		t.Errorf("of the reseller: %v", got)
	}
	if got := w.call("admin", "GET", customers+strings.Replace(filter, string(rival), string(nobody), 1), "").members("id"); len(got) != 0 {
		t.Errorf("of nobody: %v", got)
	}
}

func TestAgreementsAreAttestedForACustomer(t *testing.T) {
	w := newWorld(t)
	template := w.call("admin", "GET", "/v1/agreements", "").members("templateId")[0]
	good := `{"primaryContact":{"firstName":"Mel","lastName":"Ott","email":"it@adatum.example"},"templateId":"` + template + `","dateAgreed":"2026-11-20T00:00:00Z","type":"MicrosoftCustomerAgreement"}`
	w.call("admin", "POST", atAdatum+"/agreements", strings.Replace(good, "2026-11-20", "2027-11-20", 1)).is(400, "800002")
	w.call("admin", "POST", atAdatum+"/agreements", strings.Replace(good, template, rae, 1)).is(400, "800002")
	w.call("admin", "POST", atAdatum+"/agreements", good).is(201, "")
	if got := w.call("sales", "GET", atAdatum+"/agreements", "").members("dateAgreed"); !slices.Equal(got, []string{"2026-11-20T00:00:00.000Z"}) {
		t.Errorf("agreements %v", got)
	}
	w.call("admin", "GET", "/v1/agreementtemplates/"+template+"/document", "").is(200, "")
	w.call("admin", "GET", "/v1/agreementtemplates/"+rae+"/document", "").is(404, "1000")
}

func TestTheTokenIsReissuedForAsLongAsItLives(t *testing.T) {
	w := newWorld(t)
	caller := w.person("admin")
	caller.Expires = noon.Add(time.Hour)
	w.token("t", caller)
	for _, path := range []string{"/generatetoken", "/v3/GenerateToken"} {
		r := w.call("t", "POST", path, "grant_type=jwt_token", "Content-Type", "application/x-www-form-urlencoded")
		if r.at("access_token") != "t" || r.at("token_type") != "Bearer" || r.at("expires_in") != 3600.0 {
			t.Errorf("%s: %s", path, r.text)
		}
	}
}
