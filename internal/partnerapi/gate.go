package partnerapi

import (
	"context"
	"net/http"
	"strings"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/partner"
	"github.com/entente-id/entente/internal/tenant"
)

// Kinds is which tokens a scenario takes (secure-application-model.md 4).
type Kinds int

// The kinds.
const (
	// Both: an application alone, or one with a person behind it.
	Both Kinds = iota
	// User: only with a person behind it.
	User
)

// Scenario is one row of the gate.
type Scenario struct {
	// Row is the scenario's number in secure-application-model.md 4; of
	// several that share an address, the first.
	Row int
	// Method and Pattern are the address. Segments in braces are variable.
	Method, Pattern string
	Kinds           Kinds
	// Roles are the partner groups of which the person must be in one.
	Roles []string

	answer func(*edge, context.Context, *call) (any, error)
}

// Scenarios are what this API can do.
var Scenarios = []Scenario{
	{1, "GET", "/v1/customers", Both, partner.Agents, (*edge).listCustomers}, // and row 2, with a filter
	{3, "GET", "/v1/customers/{customer}", Both, partner.Agents, (*edge).customer},
	{8, "GET", "/v1/customers/{customer}/profiles/company", User, partner.Agents, (*edge).companyProfile},
	{24, "GET", "/v1/profiles/organization", User, partner.Agents, (*edge).organizationProfile},
	{24, "PUT", "/v1/profiles/organization", User, []string{account.AdminAgents}, (*edge).changeOrganizationProfile},
}

// gate is the order of the checks; a call that fails two is told of the first.
var gate = []struct {
	name string
	ask  func(*edge, context.Context, *call, Scenario) error
}{
	{"audience", (*edge).checkAudience},
	{"kind", (*edge).checkKind},
	{"mfa", (*edge).checkMFA},
	{"role", (*edge).checkRole},
}

// find gives the scenario of a call. Letter case and doubled slashes do not
// matter: official clients make both (secure-application-model.md 0, fact 9).
func (c *call) find() (Scenario, error) {
	var path []string
	for segment := range strings.SplitSeq(c.r.URL.Path, "/") {
		if segment != "" {
			path = append(path, segment)
		}
	}
	method := c.r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	var allowed []string
	for _, s := range Scenarios {
		segments, ok := match(s.Pattern, path)
		if !ok {
			continue
		}
		if s.Method == method {
			c.segments = segments
			return s, nil
		}
		allowed = append(allowed, s.Method)
	}
	if len(allowed) == 0 {
		return Scenario{}, fault.New(fault.PathUnknown)
	}
	c.w.Header().Set("Allow", strings.Join(allowed, ", "))
	return Scenario{}, fault.New(fault.MethodUnsupported)
}

func match(pattern string, path []string) (map[string]string, bool) {
	want := strings.Split(strings.TrimPrefix(pattern, "/"), "/")
	if len(want) != len(path) {
		return nil, false
	}
	segments := map[string]string{}
	for i, w := range want {
		if name, variable := strings.CutPrefix(w, "{"); variable {
			segments[strings.TrimSuffix(name, "}")] = path[i]
		} else if !strings.EqualFold(w, path[i]) {
			return nil, false
		}
	}
	return segments, true
}

// prove reads and verifies the bearer token.
func (e *edge) prove(ctx context.Context, c *call) error {
	sent := c.r.Header.Values("Authorization")
	if len(sent) == 0 {
		return fault.New(fault.AccessTokenMissing)
	}
	scheme, token, _ := strings.Cut(sent[0], " ")
	token = strings.TrimSpace(token)
	if !strings.EqualFold(scheme, "Bearer") || token == "" {
		return fault.New(fault.AccessTokenMissing)
	}
	if len(sent) > 1 {
		return fault.New(fault.AccessTokenInvalid, "rule", "one Authorization header")
	}
	caller, err := e.Verify(ctx, token)
	if err != nil {
		return err
	}
	c.caller, c.known = caller, true
	return nil
}

// App is this API as a resource that tokens are made for.
const App id.App = "fa3d9a0c-3fb0-42cc-9193-47c7ecd2edbd"

// audiences are the names of this API in a token, retired those of the API
// that tokens were once made for instead (secure-application-model.md 1).
var (
	audiences = []string{"https://api.partnercenter.microsoft.com", string(App)}
	retired   = []string{"https://graph.windows.net", "00000002-0000-0000-c000-000000000000"}
)

func (e *edge) checkAudience(_ context.Context, c *call, _ Scenario) error {
	audience := strings.TrimSuffix(c.caller.Audience, "/")
	for _, ours := range append(audiences[:len(audiences):len(audiences)], e.Authority+"/v1") {
		if strings.EqualFold(ours, audience) {
			return nil
		}
	}
	for _, old := range retired {
		if strings.EqualFold(old, audience) {
			return fault.New(fault.AudienceRetired, "audience", audience)
		}
	}
	return fault.New(fault.AudienceWrong, "audience", tenant.Shorten(audience))
}

func (e *edge) checkKind(_ context.Context, c *call, s Scenario) error {
	if s.Kinds == User && c.caller.AppOnly {
		return fault.New(fault.AppOnlyRefused)
	}
	return nil
}

// checkMFA holds a person's call to the second factor. Applications alone are
// not asked (secure-application-model.md 5.1).
func (e *edge) checkMFA(ctx context.Context, c *call, _ Scenario) error {
	if c.caller.AppOnly || c.caller.HasMFA() {
		return nil
	}
	t, err := e.Tenants.Find(ctx, c.caller.Tenant)
	if err != nil {
		return err
	}
	if partner.EnforcementOf(t) != partner.Enforce {
		return nil
	}
	return fault.New(fault.MFARequiredByAPI)
}

func (e *edge) checkRole(ctx context.Context, c *call, s Scenario) error {
	return e.Partners.Admit(ctx, c.caller, s.Roles...)
}

// sayCompliance answers the self-test of secure-application-model.md 5.3: who
// asks learns with any answer whether the token would pass.
func (c *call) sayCompliance() {
	if !strings.EqualFold(strings.TrimSpace(c.r.Header.Get("ValidateMfa")), "true") {
		return
	}
	compliant := "false"
	if c.known && (c.caller.AppOnly || c.caller.HasMFA()) {
		compliant = "true"
	}
	c.say("isMfaCompliant", compliant)
}
