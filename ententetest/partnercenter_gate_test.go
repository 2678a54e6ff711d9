package ententetest_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/entente-id/entente/ententetest"
	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/devworld"
	"github.com/entente-id/entente/internal/token"
)

// gateRow is one scenario of secure-application-model.md 4: a request of it,
// and what each of the four tokens is answered, as status and code.
type gateRow struct {
	row                            int
	method, path, body             string
	none, app, withoutMFA, withMFA string
}

const (
	missing  = "401 800001"
	noApp    = "403 900329"
	noFactor = "401 900421"
	notHere  = "400 900127"

	addressBody = `{"country":"GB","city":"Hull","addressLine1":"2 Quay","postalCode":"HU1 1AA","firstName":"Mel","lastName":"Ott"}`
)

// C is the customer of the requests.
const C = "/v1/customers/" + ententetest.Adatum

func newCustomer(domain, more string) string {
	return `{"enableGDAPByDefault":true,` + more + `"companyProfile":{"domain":"` + domain + `"},"billingProfile":{"culture":"en-GB","email":"it@new.example","language":"en","companyName":"New","defaultAddress":` + addressBody + `}}`
}

var gateRows = []gateRow{
	{1, "GET", "/v1/customers?size=2", "", missing, "200", noFactor, "200"},
	{2, "GET", "/v1/customers?filter=%7B%22Field%22%3A%22CompanyName%22%2C%22Value%22%3A%22ada%22%2C%22Operator%22%3A%22starts_with%22%7D", "", missing, "200", noFactor, "200"},
	{3, "GET", C, "", missing, "200", noFactor, "200"},
	{4, "POST", "/v1/customers", newCustomer("gate4.onmicrosoft.com", ""), missing, "201", noFactor, "409 409"},
	{5, "POST", "/v1/customers", newCustomer("gate5.onmicrosoft.com", `"associatedPartnerId":"a0000000-0000-4000-8000-000000000002",`), missing, noApp, noFactor, "201"},
	{6, "GET", "/v1/customers?filter=%7B%22Field%22%3A%22IndirectReseller%22%2C%22Value%22%3A%22a0000000-0000-4000-8000-000000000002%22%2C%22Operator%22%3A%22starts_with%22%7D", "", missing, noApp, noFactor, "200"},
	{7, "GET", C + "/profiles/billing", "", missing, "200", noFactor, "200"},
	{8, "GET", C + "/profiles/company", "", missing, noApp, noFactor, "200"},
	{9, "GET", C + "/organization", "", missing, "200", noFactor, "200"},
	{10, "HEAD", "/v1/domains/adatum.example", "", "401", "200", "401", "200"},
	{11, "POST", "/v1/validations/address", addressBody, missing, "200", noFactor, "200"},
	{12, "DELETE", C, "", missing, notHere, noFactor, notHere},
	{13, "PATCH", "/v1/customers/" + string(devworld.Coho), `{"relationshipToPartner":"none","attributes":{"objectType":"Customer"}}`, missing, noApp, noFactor, "200"},
	{14, "GET", "/v1/customers/relationshiprequests", "", missing, noApp, noFactor, "200"},
	{15, "GET", "/v1/relationships?relationship_type=IsIndirectCloudSolutionProviderOf", "", missing, noApp, noFactor, "200"},
	{16, "GET", "/v1/delegatedAdminStatistics", "", missing, noApp, noFactor, notHere},
	{17, "GET", C + "/validationStatus?type=account", "", missing, noApp, noFactor, "200"},
	{18, "GET", C + "/qualifications", "", missing, "200", noFactor, "200"},
	{19, "DELETE", C + "/applicationconsents/" + string(devworld.Nightly), "", missing, noApp, noFactor, "400 800002"},
	{20, "GET", C + "/users", "", missing, noApp, noFactor, "200"},
	{21, "GET", C + "/directoryroles", "", missing, noApp, noFactor, "200"},
	{22, "GET", C + "/subscribedskus", "", missing, noApp, noFactor, "200"},
	{23, "GET", "/partner/v1/analytics/usage/azure", "", missing, noApp, noFactor, notHere},
	{24, "GET", "/v1/profiles/organization", "", missing, noApp, noFactor, "200"},
	{25, "GET", "/v1/profiles/legalbusiness?vettingVersion=Current", "", missing, "200", noFactor, "200"},
	{26, "GET", "/v1/profiles/mpn", "", missing, noApp, noFactor, "200"},
	{27, "GET", "/v1/auditrecords", "", missing, "200", noFactor, "200"},
	{28, "GET", "/v1/servicerequests", "", missing, noApp, noFactor, "200"},
	{29, "GET", "/v1/agreements", "", missing, noApp, noFactor, "200"},
	{30, "GET", C + "/orders", "", missing, notHere, noFactor, notHere},
	{31, "POST", C + "/orders", `{"AssociatedPartnerId":"a0000000-0000-4000-8000-000000000002"}`, missing, noApp, noFactor, notHere},
	{32, "GET", C + "/subscriptions/s1/provisioningstatus", "", missing, noApp, noFactor, notHere},
	{33, "POST", C + "/carts", "{}", missing, notHere, noFactor, notHere},
	{34, "GET", C + "/subscriptions/s1/addons", "", missing, notHere, noFactor, notHere},
	{35, "GET", C + "/subscriptions/s1/supportcontact", "", missing, noApp, noFactor, notHere},
	{36, "GET", C + "/subscriptions/s1/azureEntitlements", "", missing, notHere, noFactor, notHere},
	{37, "GET", "/v1/products/p1/skus/s1/availabilities?country=GB", "", missing, notHere, noFactor, notHere},
	{38, "GET", C + "/transfers/t1", "", missing, notHere, noFactor, notHere},
	{39, "GET", C + "/policies", "", missing, notHere, noFactor, notHere},
	{40, "GET", C + "/subscriptions/s1/utilizations/azure?start_time=2026-01-01&end_time=2026-01-02", "", missing, notHere, noFactor, notHere},
	{41, "GET", "/v1/usagesummary", "", missing, noApp, noFactor, notHere},
	{42, "GET", C + "/usagebudget", "", missing, notHere, noFactor, notHere},
	{43, "GET", "/v1/invoices/i1/lineitems/Azure/billinglineitems", "", missing, notHere, noFactor, notHere},
	{44, "GET", "/v1/invoices/i1", "", missing, noApp, noFactor, notHere},
	{45, "GET", "/v1/customers/all/validations", "", missing, "200", noFactor, "200"},
	{46, "GET", "/v1/SelfServePolicy", "", missing, noApp, noFactor, notHere},
	{47, "GET", "/webhooks/v1/registration/events", "", missing, "200", noFactor, "200"},
	{48, "GET", "/v1/partnerRequests", "", missing, noApp, noFactor, "200"},
	{49, "GET", "/v1.0/engagements/referrals", "", missing, noApp, noFactor, notHere},
	{50, "GET", "/v1.0/tenantRelationships/delegatedAdminRelationships", "", "401 InvalidAuthenticationToken", "403 Authorization_RequestDenied", "200", "200"},
	{51, "POST", "/v1.0/reports/partners/billing/reconciliation/billed/export", "{}", missing, notHere, "403 900150", "403 900150"},
	{52, "POST", "/v3/generatetoken", "grant_type=jwt_token", missing, "200", noFactor, "200"},
}

// audienceOf is what the tokens of a row are made for.
func audienceOf(row int) string {
	switch row {
	case 49:
		return "https://api.partner.microsoft.com"
	case 50, 51:
		return "https://graph.microsoft.com"
	}
	return "https://api.partnercenter.microsoft.com"
}

// minted makes a token of the world's own authority: of an application alone,
// or of Ada with the methods.
func minted(t *testing.T, w *ententetest.World, audience string, methods ...string) string {
	t.Helper()
	ctx, h := t.Context(), w.Inside()
	client, err := h.Apps.Authenticate(ctx, application.Proof{App: devworld.Portal, Secret: devworld.PortalSecret})
	if err != nil {
		t.Fatal(err)
	}
	home, err := h.Tenants.Find(ctx, devworld.Northwind)
	if err != nil {
		t.Fatal(err)
	}
	a := token.Access{
		Tenant: home, Client: client, Resource: application.Application{App: devworld.PartnerCenter, TokenVersion: 1}, Audience: audience,
		Principal: "90000000-0000-4000-8000-000000000001",
	}
	if methods != nil {
		ada, err := h.People.Named(ctx, devworld.Northwind, ententetest.Ada)
		if err != nil {
			t.Fatal(err)
		}
		member := token.Member(ada)
		a.Person, a.Scopes = &member, []string{"user_impersonation", "DelegatedAdminRelationship.Read.All"}
		a.Grant.Home, a.Grant.Account, a.Grant.AuthAt, a.Grant.Methods = ada.Tenant, ada.ID, h.Source.Now(), methods
	}
	m, err := h.Issuer.AccessToken(ctx, a)
	if err != nil {
		t.Fatal(err)
	}
	return m.Text
}

// told asks and gives status and code of the answer, such as "401 900421".
func told(t *testing.T, w *ententetest.World, method, path, body, bearer string, headers ...string) (string, *http.Response, []byte) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, w.Origin+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if bearer != "" {
		request.Header.Set("Authorization", "Bearer "+bearer)
	}
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := w.Client().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	said := fmt.Sprint(response.StatusCode)
	var failed struct {
		Code  string
		Error struct{ Code string }
	}
	if response.StatusCode >= 400 && len(text) > 0 {
		if err := json.Unmarshal(text, &failed); err != nil {
			t.Fatalf("%s %s answers no JSON: %s", method, path, text)
		}
		said += " " + failed.Code + failed.Error.Code
	}
	return said, response, text
}

// TestTheGateAnswersEachOfItsRowsForEachToken walks the 52 scenarios with four
// tokens each: none, an application's, and a person's without and with a second
// factor.
func TestTheGateAnswersEachOfItsRowsForEachToken(t *testing.T) {
	w := ententetest.Start(t)
	answers := 0
	for i, g := range gateRows {
		if g.row != i+1 {
			t.Fatalf("row %d stands in the place of %d", g.row, i+1)
		}
		audience := audienceOf(g.row)
		for _, try := range []struct{ who, bearer, want string }{
			{"nobody", "", g.none},
			{"the application", minted(t, w, audience), g.app},
			{"a person without a second factor", minted(t, w, audience, "pwd"), g.withoutMFA},
			{"a person with one", minted(t, w, audience, "pwd", "mfa"), g.withMFA},
		} {
			answers++
			if got, _, text := told(t, w, g.method, g.path, g.body, try.bearer); got != try.want {
				t.Errorf("row %d, %s %s by %s: %s, want %s: %s", g.row, g.method, g.path, try.who, got, try.want, text)
			}
		}
	}
	if answers != 208 {
		t.Errorf("%d answers instead of 208", answers)
	}
}
