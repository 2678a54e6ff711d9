package partnerapi_test

import (
	"fmt"
	"net/url"
	"testing"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/customer"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/tenant"
	"github.com/google/go-cmp/cmp"
)

func tenantOf(t id.Tenant) tenant.Tenant { return tenant.Tenant{ID: t, Name: "Org"} }

func TestAPartnerListsItsOwnCustomersOnly(t *testing.T) {
	w := newWorld(t)
	for _, bearer := range []string{"admin", "app"} {
		r := w.call(bearer, "GET", customers, "")
		r.is(200, "")
		want := `{"totalCount":1,"items":[{"id":"22222222-bbbb-4222-8222-000000000002",` +
			`"companyProfile":{"tenantId":"22222222-bbbb-4222-8222-000000000002","domain":"adatum.onexample.net","companyName":"Adatum Cust",` +
			`"links":{"self":{"uri":"/customers/22222222-bbbb-4222-8222-000000000002/profiles/company","method":"GET","headers":[]}},` +
			`"attributes":{"objectType":"CustomerCompanyProfile"}},"relationshipToPartner":"reseller",` +
			`"links":{"self":{"uri":"/customers/22222222-bbbb-4222-8222-000000000002","method":"GET","headers":[]}},"attributes":{"objectType":"Customer"}}],` +
			`"links":{"self":{"uri":"/customers?size=500","method":"GET","headers":[]}},"attributes":{"objectType":"Collection"}}`
		if diff := cmp.Diff(want, r.text); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}

func TestAPartnerWithoutCustomersGetsAnEmptyList(t *testing.T) {
	w := newWorld(t)
	w.must(w.ledger.Save(t.Context(), customer.Customer{Partner: rival, Tenant: nobody, CompanyName: "Last", Relationship: customer.CommerceNone}))
	const empty id.Tenant = "11111111-aaaa-4111-8111-0000000000ee"
	w.must(w.tenants.Save(t.Context(), tenantOf(empty)))
	w.must(w.people.Save(t.Context(), account.Account{Tenant: empty, ID: "eve", SignInName: "eve@empty.example", Groups: []string{account.AdminAgents}}))
	caller := w.person("eve")
	caller.Tenant, caller.Home = empty, empty
	w.token("t", caller)
	r := w.call("t", "GET", customers, "")
	r.is(200, "")
	if items, ok := r.body["items"].([]any); !ok || len(items) != 0 {
		t.Errorf("items are %s", r.text)
	}
}

func TestACustomerIsShownWithItsProfiles(t *testing.T) {
	w := newWorld(t)
	r := w.call("admin", "GET", customers+"/"+string(adatum), "")
	r.is(200, "")
	for _, c := range []struct {
		want any
		path []string
	}{
		{string(adatum), []string{"id"}},
		{"reseller", []string{"relationshipToPartner"}},
		{true, []string{"allowDelegatedAccess"}},
		{[]any{"adatum.example"}, []string{"customDomains"}},
		{"GB", []string{"companyProfile", "address", "country"}},
		{"5920358838484612121", []string{"billingProfile", "attributes", "etag"}},
		{"CustomerBillingProfile", []string{"billingProfile", "attributes", "objectType"}},
		{"Mel", []string{"billingProfile", "firstName"}},
		{"/customers/" + string(adatum), []string{"links", "self", "uri"}},
	} {
		if diff := cmp.Diff(c.want, r.at(c.path...)); diff != "" {
			t.Errorf("%v (-want +got):\n%s", c.path, diff)
		}
	}
}

func TestTheCompanyProfileIsShownByItself(t *testing.T) {
	w := newWorld(t)
	r := w.call("sales", "GET", customers+"/"+string(adatum)+"/profiles/company", "")
	r.is(200, "")
	if r.at("attributes", "objectType") != "CustomerCompanyProfile" || r.at("companyName") != "Adatum Cust" || r.at("address", "city") != "Hull" {
		t.Errorf("got %s", r.text)
	}
}

func TestACustomerIDThatIsNoGUIDIsToldSo(t *testing.T) {
	w := newWorld(t)
	for _, sent := range []string{"adatum.example", "1", "22222222bbbb42228222000000000002", "%7B22222222-bbbb-4222-8222-000000000002%7D"} {
		w.call("admin", "GET", customers+"/"+sent, "").is(400, "900118")
	}
}

// more gives northwind n further customers, after adatum in the order of ids.
func (w *world) more(n int) {
	w.t.Helper()
	for i := range n {
		w.must(w.ledger.Save(w.t.Context(), customer.Customer{
			Partner: northwind, Tenant: id.Tenant(fmt.Sprintf("33333333-cccc-4333-8333-%012d", i)),
			CompanyName: fmt.Sprintf("Customer %d", i), Domain: fmt.Sprintf("c%d.example", i), Relationship: customer.Reseller,
		}))
	}
}

// names are the companies on a page.
func (r reply) names() []string {
	r.t.Helper()
	items, _ := r.body["items"].([]any)
	var names []string
	for _, item := range items {
		profile, _ := item.(map[string]any)["companyProfile"].(map[string]any)
		name, _ := profile["companyName"].(string)
		names = append(names, name)
	}
	return names
}

// follow takes a link of a page as clients do: its address below /v1, with its
// header.
func (w *world) follow(r reply, which string) reply {
	w.t.Helper()
	l, ok := r.at("links").(map[string]any)[which].(map[string]any)
	if !ok {
		w.t.Fatalf("no link %q in %s", which, r.text)
	}
	h := l["headers"].([]any)[0].(map[string]any)
	return w.call("admin", "GET", "/v1/"+l["uri"].(string), "", h["key"].(string), h["value"].(string))
}

func TestCustomersAreReadPageByPageThereAndBack(t *testing.T) {
	w := newWorld(t)
	w.more(5)
	first := w.call("admin", "GET", customers+"?size=2", "")
	if diff := cmp.Diff([]string{"Adatum Cust", "Customer 0"}, first.names()); diff != "" {
		t.Errorf("first (-want +got):\n%s", diff)
	}
	if first.at("links").(map[string]any)["previous"] != nil {
		t.Error("there is something before the first page")
	}
	if got := first.at("links", "next", "uri"); got != "/customers?size=2&seekOperation=Next" {
		t.Errorf("next is %v", got)
	}
	second := w.follow(first, "next")
	if diff := cmp.Diff([]string{"Customer 1", "Customer 2"}, second.names()); diff != "" {
		t.Errorf("second (-want +got):\n%s", diff)
	}
	third := w.follow(second, "next")
	if diff := cmp.Diff([]string{"Customer 3", "Customer 4"}, third.names()); diff != "" {
		t.Errorf("third (-want +got):\n%s", diff)
	}
	if third.at("links").(map[string]any)["next"] != nil {
		t.Error("there is something after the last page")
	}
	back := w.follow(third, "previous")
	if diff := cmp.Diff(second.names(), back.names()); diff != "" {
		t.Errorf("back (-want +got):\n%s", diff)
	}
	start := w.follow(back, "previous")
	if diff := cmp.Diff(first.names(), start.names()); diff != "" {
		t.Errorf("back at the start (-want +got):\n%s", diff)
	}
	if start.at("links").(map[string]any)["previous"] != nil {
		t.Error("there is something before the start")
	}
	token := third.at("links", "previous", "headers").([]any)[0].(map[string]any)["value"].(string)
	again := w.call("admin", "GET", customers+"?size=2&seekOperation=First", "", "MS-ContinuationToken", token)
	if diff := cmp.Diff(first.names(), again.names()); diff != "" {
		t.Errorf("First (-want +got):\n%s", diff)
	}
}

func TestATokenOfAnotherPartnerShowsNothingOfTheirs(t *testing.T) {
	w := newWorld(t)
	w.more(5)
	first := w.call("admin", "GET", customers+"?size=2", "")
	token := first.at("links", "next", "headers").([]any)[0].(map[string]any)["value"].(string)
	caller := w.tokens["app"]
	caller.Tenant = rival
	w.token("rival", caller)
	for _, seek := range []string{"Next", "Previous"} {
		r := w.call("rival", "GET", customers+"?seekOperation="+seek, "", "MS-ContinuationToken", token)
		for _, name := range r.names() {
			if name != "Adatum of the rival" {
				t.Errorf("%s shows %s", seek, name)
			}
		}
	}
}

func TestPagesThatCannotBeAreRefused(t *testing.T) {
	w := newWorld(t)
	for _, query := range []string{"?size=501", "?size=-1", "?size=ten", "?size=9999999999999999999", "?seekOperation=Sideways", "?seekOperation=Previous"} {
		w.call("admin", "GET", customers+query, "").is(400, "800002")
	}
	for _, token := range []string{"x", "AAAA", "YzE", "!!!!", "YzEyMjIyMjIyMi1iYmJiLTQyMjItODIyMi0wMDAwMDAwMDAwMDI"} {
		w.call("admin", "GET", customers+"?seekOperation=Next", "", "MS-ContinuationToken", token).is(400, "800002")
	}
	w.call("admin", "GET", customers+"?size=0", "").is(200, "")
	w.call("admin", "GET", customers+"?size=500", "").is(200, "")
}

func TestAFilterKeepsItsPlaceInTheLinks(t *testing.T) {
	w := newWorld(t)
	w.more(5)
	filter := url.QueryEscape(`{"Field":"CompanyName","Value":"customer","Operator":"starts_with"}`)
	first := w.call("admin", "GET", customers+"?size=3&filter="+filter, "")
	if diff := cmp.Diff([]string{"Customer 0", "Customer 1", "Customer 2"}, first.names()); diff != "" {
		t.Errorf("first (-want +got):\n%s", diff)
	}
	second := w.follow(first, "next")
	if diff := cmp.Diff([]string{"Customer 3", "Customer 4"}, second.names()); diff != "" {
		t.Errorf("second (-want +got):\n%s", diff)
	}
}

func TestFiltersComeInTheWaysThatClientsWriteThem(t *testing.T) {
	w := newWorld(t)
	w.more(3)
	for filter, want := range map[string][]string{
		`{"Field":"CompanyName","Value":"ADA","Operator":"starts_with"}`:            {"Adatum Cust"},
		`{"field":"companyName","value":"tum","operator":"substring"}`:              {"Adatum Cust"},
		`{"FIELD":"Domain","Value":"C1.example","Operator":"Equals","Extra":[1,2]}`: {"Customer 1"},
		`{"Field":"company_name","Value":"cust","Operator":"StartsWith"}`:           {"Customer 0", "Customer 1", "Customer 2"},
		`{"Field":"Domain","Value":"none","Operator":"equals"}`:                     nil,
	} {
		r := w.call("admin", "GET", customers+"?filter="+url.QueryEscape(filter), "")
		r.is(200, "")
		if diff := cmp.Diff(want, r.names()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", filter, diff)
		}
	}
}

func TestFiltersThatAreNotUnderstoodAreRefused(t *testing.T) {
	w := newWorld(t)
	for _, filter := range []string{
		`x`, `[]`, `{}`, `{"Field":"CompanyName"}`, `{"Field":"Name","Value":"a","Operator":"equals"}`,
		`{"Field":"CompanyName","Value":"a","Operator":"like"}`, `{"Field":"CompanyName","Value":"","Operator":"equals"}`,
		`{"Field":"CompanyName","Value":5,"Operator":"equals"}`, `{"Field":"CompanyName","Value":"a\u0000","Operator":"equals"}`,
		`{"Field":"CompanyName","Value":"a","Operator":"equals"}{}`,
	} {
		w.call("admin", "GET", customers+"?filter="+url.QueryEscape(filter), "").is(400, "800002")
	}
}
