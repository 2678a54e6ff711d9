package partnerapi_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/customer"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/partnerapi"
	"github.com/entente-id/entente/internal/tenant"
)

const customers = "/v1/customers"

func TestARequestWithoutATokenIsToldSo(t *testing.T) {
	w := newWorld(t)
	r := w.call("", "GET", customers, "")
	r.is(401, "800001")
	if got := r.header.Values("WWW-Authenticate")[0]; got != `Bearer authorization_uri="https://id.example/common/oauth2/authorize", resource_metadata="https://id.example/.well-known/oauth-protected-resource/v1"` {
		t.Errorf("challenge %s", got)
	}
	w.call("", "GET", customers, "", "Authorization", "Basic Zm9vOmJhcg==").is(401, "800001")
}

func TestATokenThatIsNotProvedIsRefused(t *testing.T) {
	w := newWorld(t)
	for _, bearer := range []string{"forged", "expired"} {
		r := w.call(bearer, "GET", customers, "")
		r.is(401, "400")
		if got := r.header.Values("WWW-Authenticate")[0]; !strings.Contains(got, `error="invalid_token"`) {
			t.Errorf("challenge %s", got)
		}
	}
}

func TestTheAudienceMustBePartnerCenter(t *testing.T) {
	w := newWorld(t)
	for audience, want := range map[string]string{
		ours: "", ours + "/": "", "fa3d9a0c-3fb0-42cc-9193-47c7ecd2edbd": "",
		"https://graph.microsoft.com": "400", "": "400",
		"https://graph.windows.net": "900420", "https://graph.windows.net/": "900420", "00000002-0000-0000-c000-000000000000": "900420",
	} {
		caller := w.person("admin")
		caller.Audience = audience
		w.token("t", caller)
		status := 401
		if want == "" {
			status = 200
		}
		w.call("t", "GET", customers, "").is(status, want)
	}
}

func TestAnApplicationAloneMayReadCommerceButNotProfiles(t *testing.T) {
	w := newWorld(t)
	w.call("app", "GET", customers, "").is(200, "")
	w.call("app", "GET", customers+"/"+string(adatum), "").is(200, "")
	w.call("app", "GET", customers+"/"+string(adatum)+"/profiles/company", "").is(403, "900329")
	w.call("app", "GET", "/v1/profiles/organization", "").is(403, "900329")
	w.call("app", "PUT", "/v1/profiles/organization", "{}").is(403, "900329")
}

func TestAPersonWithoutASecondFactorIsRefusedUnlessThePartnerIsNotHeldToIt(t *testing.T) {
	w := newWorld(t)
	caller := w.person("admin")
	caller.Methods = []string{"pwd"}
	w.token("t", caller)
	for mode, status := range map[string]int{"": 401, "enforce": 401, "Off": 401, "off": 200, "report": 200} {
		w.enforcement(mode)
		r := w.call("t", "GET", customers, "")
		if status == 200 {
			r.is(200, "")
			continue
		}
		r.is(401, "900421")
		if got := r.header.Values("WWW-Authenticate")[0]; got != `Bearer error="invalid_token", error_description="MFA required"` {
			t.Errorf("challenge %s", got)
		}
		if text, _ := r.body["description"].(string); !strings.Contains(text, "Authentication failed. MFA required") {
			t.Errorf("tools look for other words than %q", text)
		}
	}
}

func TestAnApplicationAloneIsNotAskedForASecondFactor(t *testing.T) {
	w := newWorld(t)
	w.enforcement("enforce")
	w.call("app", "GET", customers, "").is(200, "")
}

func TestWhoAsksLearnsWithAnyAnswerWhetherTheTokenHoldsASecondFactor(t *testing.T) {
	w := newWorld(t)
	without := w.person("admin")
	without.Methods = []string{"pwd"}
	w.token("pwd", without)
	for _, c := range []struct {
		mode, bearer, path string
		status             int
		want               string
	}{
		{"enforce", "admin", customers, 200, "true"},
		{"enforce", "pwd", customers, 401, "false"},
		{"report", "pwd", customers, 200, "false"},
		{"enforce", "admin", "/v1/nowhere", 404, "true"},
		{"enforce", "pwd", "/v1/nowhere", 404, "false"},
		{"enforce", "app", customers, 200, "true"},
		{"enforce", "", customers, 401, "false"},
		{"enforce", "forged", customers, 401, "false"},
	} {
		w.enforcement(c.mode)
		for _, asked := range []string{"true", "TRUE", "True"} {
			r := w.call(c.bearer, "GET", c.path, "", "ValidateMfa", asked)
			if got := r.header.Get("isMfaCompliant"); r.status != c.status || got != c.want {
				t.Errorf("%s on %s in mode %s: %d, isMfaCompliant %q", c.bearer, c.path, c.mode, r.status, got)
			}
		}
		for _, asked := range []string{"false", ""} {
			if r := w.call(c.bearer, "GET", c.path, "", "ValidateMfa", asked); r.header.Get("isMfaCompliant") != "" {
				t.Errorf("told without having been asked (%q)", asked)
			}
		}
	}
}

// ask calls a scenario of the table at a customer as one of the world's people
// or as its application, with a token for the scenario's audience.
func (w *world) ask(bearer string, s partnerapi.Scenario, at id.Tenant) reply {
	w.t.Helper()
	w.pass(time.Second)
	caller := w.person(bearer)
	if bearer == "app" {
		caller = audit.Caller{Tenant: northwind, App: caller.App, AppOnly: true, Audience: ours}
	}
	if s.Audience != nil {
		caller.Audience = s.Audience[0]
	}
	w.token("asker", caller)
	path := strings.ReplaceAll(s.Pattern, "{customer}", string(at))
	path = strings.NewReplacer("{country}", "GB", "{domain}", "a.example", "/*", "").Replace(path)
	body := "{}"
	if s.Where.Filter != "" {
		path += "?filter=" + url.QueryEscape(`{"Field":"`+s.Where.Filter+`","Value":"`+string(rival)+`","Operator":"equals"}`)
	}
	if s.Where.Body != "" {
		body = `{"` + s.Where.Body + `":"` + string(rival) + `"}`
	}
	return w.call("asker", s.Method, path, body)
}

// passed are the checks that a refused call had behind it; nil for an answer
// that is no refusal.
func (w *world) passed(r reply) []string {
	w.t.Helper()
	reference := r.header.Get("X-Entente-Reference")
	if reference == "" {
		return nil
	}
	a, err := w.db.FindAttempt(w.t.Context(), reference)
	if err != nil {
		w.t.Fatal(err)
	}
	return a.Checks
}

// TestEachScenarioIsOpenToItsGroupsAndToNobodyElse walks the table of the
// gate, so that a new row is tested by being there.
func TestEachScenarioIsOpenToItsGroupsAndToNobodyElse(t *testing.T) {
	w := newWorld(t)
	for _, s := range partnerapi.Scenarios {
		if s.Kinds == partnerapi.AppAlone {
			continue
		}
		for _, who := range []struct{ bearer, group string }{
			{"admin", account.AdminAgents}, {"helpdesk", account.HelpdeskAgents}, {"sales", account.SalesAgents}, {"clerk", ""},
		} {
			r := w.ask(who.bearer, s, adatum)
			checks := w.passed(r)
			refused := checks != nil && !slices.Contains(checks, "role")
			if admitted := slices.Contains(s.Roles, who.group); admitted == refused {
				t.Errorf("%s %s by %s: %d %s", s.Method, s.Pattern, who.bearer, r.status, r.text)
			}
			if refused && r.status != 403 {
				t.Errorf("%s %s by %s: %d %s", s.Method, s.Pattern, who.bearer, r.status, r.text)
			}
		}
	}
}

// TestEachScenarioTakesItsKindsOfToken walks the same table.
func TestEachScenarioTakesItsKindsOfToken(t *testing.T) {
	w := newWorld(t)
	for _, s := range partnerapi.Scenarios {
		r := w.ask("app", s, adatum)
		refused := r.status == 403 && r.body["code"] == "900329"
		if refused != (s.Kinds == partnerapi.User) {
			t.Errorf("row %d, %s %s: %d %s", s.Row, s.Method, s.Pattern, r.status, r.text)
		}
		if s.Kinds == partnerapi.AppAlone {
			w.ask("admin", s, adatum).is(403, "900150")
		}
	}
}

// TestAnotherPartnersCustomerAnswersLikeNone is R160 over the whole table.
func TestAnotherPartnersCustomerAnswersLikeNone(t *testing.T) {
	w := newWorld(t)
	for _, s := range partnerapi.Scenarios {
		if !strings.Contains(s.Pattern, "{customer}") {
			continue
		}
		for _, bearer := range []string{"admin", "app"} {
			foreign, random := w.ask(bearer, s, theirs), w.ask(bearer, s, nobody)
			if foreign.status != random.status || foreign.text != random.text {
				t.Errorf("%s %s by %s: %d %s, and %d %s", s.Method, s.Pattern, bearer, foreign.status, foreign.text, random.status, random.text)
			}
			if bearer == "admin" {
				foreign.is(404, "60003")
			}
		}
	}
}

// TestWhatIsDoneAtACustomerNeedsARightThere walks the rows that name one: an
// agent whose group no relationship gives anything is refused.
func TestWhatIsDoneAtACustomerNeedsARightThere(t *testing.T) {
	w := newWorld(t)
	w.must(w.people.Save(t.Context(), account.Account{Tenant: northwind, ID: "sales", SignInName: "sales@northwind.example",
		Groups: []string{account.SalesAgents, account.HelpdeskAgents}}))
	w.must(w.ledger.SaveRelationship(t.Context(), customer.Relationship{
		ID: "base", Partner: northwind, Customer: adatum, DisplayName: "Base", Status: customer.Active, Ends: noon.AddDate(1, 0, 0), Roles: []string{account.GlobalReader},
	}))
	for _, s := range partnerapi.Scenarios {
		if s.Delegated == nil {
			continue
		}
		r := w.ask("admin", s, adatum)
		r.is(403, "900308")
		if checks := w.passed(r); !slices.Contains(checks, "customer") || slices.Contains(checks, "delegation") {
			t.Errorf("%s %s was refused after %v", s.Method, s.Pattern, checks)
		}
	}
}

func TestACustomerThatKeepsPartnersOutIsToldApart(t *testing.T) {
	w := newWorld(t)
	w.must(w.tenants.Save(t.Context(), tenant.Tenant{ID: adatum, Name: "Adatum", Settings: tenant.Settings{BlockPartners: true}}))
	w.call("admin", "GET", customers+"/"+string(adatum)+"/users", "").is(403, "900309")
	w.call("admin", "GET", customers+"/"+string(adatum), "").is(200, "")
}

func TestALostGroupCountsOnTheNextRequest(t *testing.T) {
	w := newWorld(t)
	w.call("admin", "GET", customers, "").is(200, "")
	w.must(w.people.Save(t.Context(), account.Account{Tenant: northwind, ID: "admin", SignInName: "admin@northwind.example"}))
	w.call("admin", "GET", customers, "").is(403, "900308")
	w.must(w.people.Save(t.Context(), account.Account{Tenant: northwind, ID: "admin", SignInName: "admin@northwind.example",
		Groups: []string{account.AdminAgents}, Disabled: true}))
	w.call("admin", "GET", customers, "").is(401, "400")
}

func TestATokenOfACustomersTenantIsNoPartnersToken(t *testing.T) {
	w := newWorld(t)
	caller := w.person("admin")
	caller.Tenant = adatum
	w.must(w.tenants.Save(t.Context(), tenantOf(adatum)))
	w.token("t", caller)
	w.call("t", "GET", customers, "").is(403, "900308")
}

func TestTheFirstCheckThatFailsIsTheOneThatIsTold(t *testing.T) {
	w := newWorld(t)
	// Wrong in every way; mended one by one in the order of the gate.
	caller := audit.Caller{Tenant: northwind, AppOnly: true, Audience: "https://graph.windows.net"}
	path := "/v1/profiles/organization"
	w.call("t", "GET", path, "").is(401, "400")
	w.token("t", caller)
	w.call("t", "GET", path, "").is(401, "900420")
	caller.Audience = ours
	w.token("t", caller)
	w.call("t", "GET", path, "").is(403, "900329")
	caller = w.person("clerk")
	caller.Methods = []string{"pwd"}
	w.token("t", caller)
	w.call("t", "GET", path, "").is(401, "900421")
	caller.Methods = []string{"pwd", "mfa"}
	w.token("t", caller)
	w.call("t", "GET", path, "").is(403, "900308")
	w.token("t", w.person("admin"))
	w.call("t", "GET", path, "").is(200, "")
}

func TestLetterCaseAndDoubledSlashesOfThePathDoNotMatter(t *testing.T) {
	w := newWorld(t)
	for _, path := range []string{"/V1/Customers", "/v1//customers", "//v1/customers/", "/v1/CUSTOMERS/" + strings.ToUpper(string(adatum))} {
		if r := w.call("admin", "GET", path, ""); r.status != 200 {
			t.Errorf("%s: %d %s", path, r.status, r.text)
		}
	}
}

func TestAnUnknownPathAndAnUnknownMethodAnswerInJSON(t *testing.T) {
	w := newWorld(t)
	w.call("admin", "GET", "/v1/nowhere", "").is(404, "1000")
	w.call("admin", "GET", "/v2/customers", "").is(404, "1000")
	r := w.call("admin", "DELETE", "/v1/profiles/organization", "")
	r.is(405, "405")
	if got := r.header.Get("Allow"); got != "GET, PUT" {
		t.Errorf("Allow: %s", got)
	}
	if r := w.call("admin", http.MethodHead, customers, ""); r.status != 200 || r.text != "" {
		t.Errorf("HEAD: %d %q", r.status, r.text)
	}
}

func TestEveryFailureIsKeptUnderItsReference(t *testing.T) {
	w := newWorld(t)
	const request, correlation = "0f3d0000-0000-4000-8000-000000000001", "51c20000-0000-4000-8000-000000000001"
	for _, c := range []struct {
		bearer, path string
		code         fault.Code
		checks       []string
	}{
		{"", customers, fault.AccessTokenMissing, []string{"path"}},
		{"admin", "/v1/nowhere", fault.PathUnknown, nil},
		{"clerk", customers, fault.RoleMissing, []string{"path", "token", "audience", "kind", "mfa"}},
		{"admin", customers + "/" + string(nobody), fault.CustomerUnknown, []string{"path", "token", "audience", "kind", "mfa", "role"}},
	} {
		r := w.call(c.bearer, "GET", c.path, "", "MS-RequestId", request, "MS-CorrelationId", correlation)
		a, err := w.db.FindAttempt(t.Context(), r.header.Get("X-Entente-Reference"))
		if err != nil {
			t.Fatalf("%s: %v", c.path, err)
		}
		if a.Code != c.code || a.TraceID != request || a.CorrelationID != correlation || !a.At.Equal(noon) || a.Step != "partnerapi" {
			t.Errorf("%s kept as %+v", c.path, a)
		}
		if !slices.Equal(a.Checks, c.checks) {
			t.Errorf("%s passed %v", c.path, a.Checks)
		}
		if c.bearer != "" && (a.Tenant != northwind || a.Address != c.bearer+"@northwind.example") {
			t.Errorf("%s does not say who: %+v", c.path, a)
		}
	}
}

func TestAVendorsApplicationAloneIsNotThePartner(t *testing.T) {
	w := newWorld(t)
	const vendors = "44444444-cccc-4333-8333-000000000003"
	w.must(w.apps.Save(t.Context(), application.Application{App: vendors, Tenant: rival, Name: "Panel"}, nil))
	for _, app := range []id.App{vendors, "44444444-cccc-4333-8333-000000000004"} {
		w.token("t", audit.Caller{Tenant: northwind, App: app, AppOnly: true, Audience: ours})
		w.call("t", "GET", customers, "").is(403, "900308")
		w.call("t", "POST", customers, "{}").is(403, "900308")
	}
}

func TestAnOrganisationThatIsNoPartnerMakesNoCustomers(t *testing.T) {
	w := newWorld(t)
	w.must(w.people.Save(t.Context(), account.Account{Tenant: rival, ID: "tia", SignInName: "tia@rival.example", Groups: []string{account.AdminAgents}}))
	caller := w.person("tia")
	caller.Tenant, caller.Home = rival, rival
	w.token("tia", caller)
	r := w.call("tia", "POST", customers, "{}")
	r.is(403, "900308")
	if text, _ := r.body["description"].(string); !strings.Contains(text, "enrolled as a partner") {
		t.Errorf("does not say why: %s", text)
	}
}
