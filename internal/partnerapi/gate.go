package partnerapi

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/entente-id/entente/internal/calls"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/partner"
	"github.com/entente-id/entente/internal/partnerapi/convention"
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
	// AppAlone: only an application alone.
	AppAlone
)

// Scenario is one address of the gate's table.
type Scenario struct {
	// Row is the scenario's number in secure-application-model.md 4; of
	// several that share an address, the first.
	Row int
	// Method and Pattern are the address. Segments in braces are variable; a
	// star at the end stands for any number of them.
	Method, Pattern string
	// Where narrows the address to requests that ask for one thing.
	Where Where
	Kinds Kinds
	// Roles are the partner groups of which the person must be in one.
	Roles []string
	// Delegated are the directory roles of which the person must hold one in
	// the customer's organisation, through a relationship that is alive;
	// none for what the partner may do by itself.
	Delegated []string
	// Audience is what tokens are made for; nil means this API.
	Audience []string

	answer answer
}

type answer func(*edge, context.Context, *convention.Call) (any, error)

// Where tells requests apart that share an address.
type Where struct {
	// Filter is a field that the filter parameter looks at, in lower case.
	Filter string
	// Body is a member of the body that is set, in lower case.
	Body string
}

func (w Where) holds(c *convention.Call) bool {
	switch {
	case w.Filter != "":
		return c.FilterField() == w.Filter
	case w.Body != "":
		return c.Known && hasMember(c, w.Body)
	}
	return true
}

// hasMember looks for a member that is neither null nor empty. A body that
// cannot be read has none; whoever answers will say so.
func hasMember(c *convention.Call, name string) bool {
	text, err := c.Body()
	if err != nil {
		return false
	}
	var sent map[string]json.RawMessage
	if convention.Decode(text, &sent) != nil {
		return false
	}
	for member, value := range sent {
		if strings.EqualFold(member, name) && string(value) != "null" && string(value) != `""` {
			return true
		}
	}
	return false
}

// gate is the order of the checks; a call that fails two is told of the first.
var gate = []struct {
	name string
	ask  func(*edge, context.Context, *convention.Call, Scenario) error
}{
	{"audience", (*edge).checkAudience},
	{"kind", (*edge).checkKind},
	{"mfa", (*edge).checkMFA},
	{"role", (*edge).checkRole},
	{"customer", (*edge).checkCustomer},
	{"delegation", (*edge).checkDelegation},
}

// find gives the scenario of a call. Letter case and doubled slashes do not
// matter: official clients make both (secure-application-model.md 0, fact 9).
func find(c *convention.Call) (Scenario, error) {
	var path []string
	for segment := range strings.SplitSeq(c.Request().URL.Path, "/") {
		if segment != "" {
			path = append(path, segment)
		}
	}
	method := c.Request().Method
	var allowed []string
	for _, s := range Scenarios {
		segments, ok := match(s.Pattern, path)
		if !ok {
			continue
		}
		if s.Method != method && (s.Method != http.MethodGet || method != http.MethodHead) {
			allowed = append(allowed, s.Method)
			continue
		}
		if s.Where.holds(c) {
			c.Segments = segments
			return s, nil
		}
	}
	if len(allowed) == 0 {
		return Scenario{}, fault.New(fault.PathUnknown)
	}
	slices.Sort(allowed)
	c.Header().Set("Allow", strings.Join(slices.Compact(allowed), ", "))
	return Scenario{}, fault.New(fault.MethodUnsupported)
}

func match(pattern string, path []string) (map[string]string, bool) {
	want := strings.Split(strings.TrimPrefix(pattern, "/"), "/")
	if want[len(want)-1] == "*" {
		want = want[:len(want)-1]
		if len(path) < len(want) {
			return nil, false
		}
		path = path[:len(want)]
	}
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
func (e *edge) prove(ctx context.Context, c *convention.Call) error {
	token, err := calls.Token(c.Request())
	if err != nil {
		return err
	}
	caller, err := e.Verify(ctx, token)
	if err != nil {
		return err
	}
	c.Caller, c.Known = caller, true
	return nil
}

// App is this API as a resource that tokens are made for.
const App id.App = "fa3d9a0c-3fb0-42cc-9193-47c7ecd2edbd"

// The names in a token of this API, of the one that tokens were once made for
// instead, and of those whose scenarios answer here
// (secure-application-model.md 1, 6.1).
var (
	ours    = []string{"https://api.partnercenter.microsoft.com", string(App)}
	retired = []string{"https://graph.windows.net", "00000002-0000-0000-c000-000000000000"}
	sales   = []string{"https://api.partner.microsoft.com"}
	graph   = []string{"https://graph.microsoft.com", "00000003-0000-0000-c000-000000000000"}
)

func (e *edge) checkAudience(_ context.Context, c *convention.Call, s Scenario) error {
	audience := strings.TrimSuffix(c.Caller.Audience, "/")
	same := func(name string) bool { return strings.EqualFold(name, audience) }
	wanted := s.Audience
	if wanted == nil {
		wanted = append(ours[:len(ours):len(ours)], e.Authority+"/v1")
	}
	switch {
	case slices.ContainsFunc(wanted, same):
		return nil
	case slices.ContainsFunc(retired, same):
		return fault.New(fault.AudienceRetired, "audience", audience)
	}
	return fault.New(fault.AudienceWrong, "audience", tenant.Shorten(audience), "wanted", wanted[0])
}

func (e *edge) checkKind(ctx context.Context, c *convention.Call, s Scenario) error {
	switch {
	case s.Kinds == User && c.Caller.AppOnly:
		return fault.New(fault.AppOnlyRefused)
	case c.Caller.AppOnly:
		return e.checkOwner(ctx, c)
	case s.Kinds == AppAlone && !c.Caller.AppOnly:
		return fault.New(fault.PersonRefused)
	}
	return nil
}

// checkOwner holds an application alone to the partner whose own it is: a
// vendor's needs a person of the partner behind it
// (secure-application-model.md 4).
func (e *edge) checkOwner(ctx context.Context, c *convention.Call) error {
	app, err := e.Apps.Find(ctx, c.Caller.App)
	if fault.Has(err, fault.AppUnknown) || err == nil && app.Tenant != c.Caller.Tenant {
		return fault.New(fault.PermissionMissing, "rule", "an application that is registered in the partner's own tenant")
	}
	return err
}

// checkMFA holds a person's call to the second factor. Applications alone are
// not asked (secure-application-model.md 5.1).
func (e *edge) checkMFA(ctx context.Context, c *convention.Call, _ Scenario) error {
	if c.Caller.AppOnly || c.Caller.HasMFA() {
		return nil
	}
	t, err := e.Tenants.Find(ctx, c.Caller.Tenant)
	if err != nil {
		return err
	}
	if partner.EnforcementOf(t) != partner.Enforce {
		return nil
	}
	return fault.New(fault.MFARequiredByAPI)
}

func (e *edge) checkRole(ctx context.Context, c *convention.Call, s Scenario) error {
	if err := e.Partners.Admit(ctx, c.Caller, s.Roles...); err != nil {
		return err
	}
	if s.Method == http.MethodGet || s.Method == http.MethodHead {
		return nil
	}
	return e.Partners.Enrolled(ctx, c.Caller.Tenant)
}

// checkCustomer holds a path to the caller's own customers, so that whatever
// lies below somebody else's answers like nothing (R160).
func (e *edge) checkCustomer(ctx context.Context, c *convention.Call, _ Scenario) error {
	if c.Segments["customer"] == "" {
		return nil
	}
	customer, err := c.Customer()
	if err != nil {
		return err
	}
	_, err = e.Customers.Find(ctx, c.Caller, customer)
	return err
}

func (e *edge) checkDelegation(ctx context.Context, c *convention.Call, s Scenario) error {
	if len(s.Delegated) == 0 {
		return nil
	}
	customer, err := c.Customer()
	if err != nil {
		return err
	}
	return e.Delegated.Right(ctx, c.Caller, customer, s.Delegated...)
}

// sayCompliance answers the self-test of secure-application-model.md 5.3: who
// asks learns with any answer whether the token would pass.
func sayCompliance(c *convention.Call) {
	if !strings.EqualFold(strings.TrimSpace(c.Request().Header.Get("ValidateMfa")), "true") {
		return
	}
	compliant := "false"
	if c.Known && (c.Caller.AppOnly || c.Caller.HasMFA()) {
		compliant = "true"
	}
	c.Say("isMfaCompliant", compliant)
}
