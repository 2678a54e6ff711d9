package partnerapi_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const organization = "/v1/profiles/organization"

func TestTheOrganizationProfileIsShown(t *testing.T) {
	w := newWorld(t)
	want := `{"id":"11111111-aaaa-4111-8111-000000000001","companyName":"Northwind Partner Ltd",` +
		`"defaultAddress":{"country":"GB","city":"Leeds","state":"","addressLine1":"","addressLine2":"","postalCode":"","firstName":"","lastName":"","phoneNumber":""},` +
		`"tenantId":"11111111-aaaa-4111-8111-000000000001","domain":"northwind.example","email":"partner@northwind.example","language":"en","culture":"en-GB",` +
		`"profileType":"OrganizationProfile","links":{"self":{"uri":"/profiles/organization","method":"GET","headers":[]}},` +
		`"attributes":{"etag":"5120358838484612121","objectType":"OrganizationProfile"}}`
	if diff := cmp.Diff(want, w.call("helpdesk", "GET", organization, "").text); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// changed is a whole profile as the .NET client writes it.
const changed = `{"Id":"99999999-0000-4000-8000-000000000000","CompanyName":"Northwind Oy","DefaultAddress":{"Country":"FI","City":"Oulu","AddressLine1":"Katu 1"},
	"TenantId":"99999999-0000-4000-8000-000000000000","Domain":"stolen.example","Email":"new@northwind.example","Language":"fi","Culture":"fi-FI","ProfileType":null,"Links":null}`

func TestAChangeOfTheProfileReplacesWhatMayBeChanged(t *testing.T) {
	w := newWorld(t)
	r := w.call("admin", "PUT", organization, changed, "If-Match", `"5120358838484612121"`, "Content-Type", "application/json")
	r.is(200, "")
	if r.at("companyName") != "Northwind Oy" || r.at("defaultAddress", "city") != "Oulu" || r.at("culture") != "fi-FI" {
		t.Errorf("not changed: %s", r.text)
	}
	if r.at("id") != string(northwind) || r.at("tenantId") != string(northwind) || r.at("domain") != "northwind.example" {
		t.Errorf("changed what stays: %s", r.text)
	}
	if etag, _ := r.at("attributes", "etag").(string); etag == "" || etag == "5120358838484612121" {
		t.Errorf("the ETag is %q", etag)
	}
	if again := w.call("admin", "GET", organization, ""); again.text != r.text {
		t.Errorf("kept otherwise: %s", again.text)
	}
	events, err := w.db.Events(t.Context(), northwind, 10)
	if err != nil || len(events) != 1 || events[0].Verb != "profile.change" || events[0].SignInName != "admin@northwind.example" {
		t.Errorf("events %+v, %v", events, err)
	}
}

func TestAChangeOnAnOldETagIsRefused(t *testing.T) {
	w := newWorld(t)
	w.call("admin", "PUT", organization, changed, "If-Match", `"1"`).is(400, "2055")
	inBody := strings.Replace(changed, `"Links":null`, `"Attributes":{"Etag":"1"}`, 1)
	w.call("admin", "PUT", organization, inBody).is(400, "2055")
	w.call("admin", "PUT", organization, inBody, "If-Match", `"5120358838484612121"`).is(200, "")
	w.call("admin", "PUT", organization, changed, "If-Match", `"5120358838484612121"`).is(400, "2055")
	w.call("admin", "PUT", organization, changed, "If-Match", `*`).is(200, "")
	w.call("admin", "PUT", organization, changed).is(200, "")
}

func TestAnIfMatchWithoutQuotesIsRefused(t *testing.T) {
	w := newWorld(t)
	for _, sent := range []string{"5120358838484612121", `"`, `""`, `"a","b"`, `W/"1"`} {
		w.call("admin", "PUT", organization, changed, "If-Match", sent).is(400, "800002")
	}
}

func TestBodiesThatCannotBeReadAreRefused(t *testing.T) {
	w := newWorld(t)
	for _, body := range []string{``, `null`, `[]`, `{`, `{"CompanyName":5}`, `{} {}`} {
		w.call("admin", "PUT", organization, body).is(400, "800002")
	}
	w.call("admin", "PUT", organization, `{"x":"`+strings.Repeat("a", 70_000)+`"}`).is(413, "413")
	w.call("admin", "PUT", organization, changed, "Content-Encoding", "gzip").is(415, "415")
	w.call("admin", "PUT", organization, changed, "Content-Type", "text/plain").is(415, "415")
}

func TestProfilesThatCannotBeAreRefusedByName(t *testing.T) {
	w := newWorld(t)
	for from, to := range map[string]string{
		`"Northwind Oy"`: `" "`, `"new@northwind.example"`: `"nobody"`, `"fi-FI"`: `"not a tag"`, `"FI"`: `"Finland"`,
		`"Oulu"`: `"Ou\u0000lu"`, `"Katu 1"`: `"` + strings.Repeat("x", 257) + `"`,
	} {
		r := w.call("admin", "PUT", organization, strings.Replace(changed, from, to, 1))
		r.is(400, "800002")
		if text, _ := r.body["description"].(string); !strings.Contains(text, "Parameter: ") {
			t.Errorf("%s for %s does not name the member: %s", to, from, text)
		}
	}
}
