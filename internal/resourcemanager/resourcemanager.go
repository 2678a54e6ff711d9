// Package resourcemanager speaks Azure Resource Manager, as far as partners'
// samples go: which subscriptions and resource groups do I see with this token.
package resourcemanager

import (
	"context"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/calls"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/subscription"
)

// App is this API as a resource that tokens are made for. Audience and
// OldAudience are its names; clients write them with and without a slash at
// the end.
const (
	App         id.App = "797f4846-ba00-4fd7-ba43-dac1f8f63013"
	Audience    string = "https://management.azure.com"
	OldAudience string = "https://management.core.windows.net"
)

// Options are what the edge stands on; all are needed.
type Options struct {
	// Verify proves an access token; who the token is for is checked here.
	Verify        func(ctx context.Context, rawJWT string) (audit.Caller, error)
	Subscriptions *subscription.Register
	Failures      calls.Failures
	Source        id.Source
	// Authority is the root of the authority that clients get tokens from.
	Authority string
}

type edge struct {
	Options
	mux *http.ServeMux
}

// call is one request on its way.
type call struct {
	w http.ResponseWriter
	r *http.Request
	// requestID is ours; correlationID is the client's own, or the same.
	requestID, correlationID string
	caller                   audit.Caller
	passed                   []string
}

// New builds the handler of /subscriptions/….
func New(o Options) http.Handler {
	e := &edge{Options: o, mux: http.NewServeMux()}
	for path, answer := range map[string]func(*edge, context.Context, *call) (any, error){
		"/subscriptions":                                      (*edge).list,
		"/subscriptions/{subscription}":                       (*edge).find,
		"/subscriptions/{subscription}/resourcegroups":        (*edge).groups,
		"/subscriptions/{subscription}/resourcegroups/{name}": (*edge).group,
	} {
		e.mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) { e.serve(w, r, answer) })
	}
	e.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		e.serve(w, r, func(*edge, context.Context, *call) (any, error) { return nil, fault.New(fault.PathUnknown) })
	})
	return e
}

// ServeHTTP brings a path to the form that the mux knows: Resource Manager
// reads the words of a path in any letter case.
func (e *edge) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	for i := 0; i < len(parts); i += 2 {
		parts[i] = strings.ToLower(parts[i])
	}
	asked := r.Clone(r.Context())
	asked.URL.Path, asked.URL.RawPath = "/"+strings.Join(parts, "/"), ""
	e.mux.ServeHTTP(w, asked)
}

const jsonType = "application/json; charset=utf-8"

func (e *edge) serve(w http.ResponseWriter, r *http.Request, answer func(*edge, context.Context, *call) (any, error)) {
	c := &call{w: w, r: r, requestID: e.Source.NewGUID()}
	c.correlationID = c.requestID
	if sent := r.Header.Get("x-ms-correlation-request-id"); id.IsGUID(sent) {
		c.correlationID = sent
	}
	w.Header().Set("x-ms-request-id", c.requestID)
	w.Header().Set("x-ms-correlation-request-id", c.correlationID)
	body, err := e.answer(r.Context(), c, answer)
	if err == nil {
		err = calls.Write(w, http.StatusOK, jsonType, body)
	}
	if err != nil {
		e.refuse(c, err)
	}
}

func (e *edge) answer(ctx context.Context, c *call, answer func(*edge, context.Context, *call) (any, error)) (any, error) {
	if err := e.admit(ctx, c); err != nil {
		return nil, err
	}
	c.passed = append(c.passed, "token")
	if c.r.Method != http.MethodGet && c.r.Method != http.MethodHead {
		c.w.Header().Set("Allow", "GET, HEAD")
		return nil, fault.New(fault.MethodUnsupported, "method", c.r.Method)
	}
	switch version := c.r.URL.Query().Get("api-version"); {
	case version == "":
		return nil, fault.New(fault.ParameterMissing, "parameter", "api-version", "rule", "a date such as 2022-12-01")
	case !apiVersion.MatchString(version):
		return nil, fault.New(fault.RequestMalformed, "parameter", "api-version", "rule", "a date such as 2022-12-01")
	}
	return answer(e, ctx, c)
}

var apiVersion = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}(-preview)?$`)

func (e *edge) admit(ctx context.Context, c *call) error {
	raw, err := calls.Token(c.r)
	if err != nil {
		return err
	}
	if c.caller, err = e.Verify(ctx, raw); err != nil {
		return err
	}
	if !slices.Contains([]string{Audience, OldAudience, string(App)}, strings.TrimSuffix(strings.ToLower(c.caller.Audience), "/")) {
		return fault.New(fault.AudienceWrong, "audience", Audience)
	}
	return nil
}

// shown is a subscription on the wire.
type shown struct {
	ID                  string      `json:"id"`
	SubscriptionID      string      `json:"subscriptionId"`
	TenantID            id.Tenant   `json:"tenantId"`
	DisplayName         string      `json:"displayName"`
	State               string      `json:"state"`
	AuthorizationSource string      `json:"authorizationSource"`
	Policies            policies    `json:"subscriptionPolicies"`
	ManagedBy           []managedBy `json:"managedByTenants"`
}

type policies struct {
	Placement     string `json:"locationPlacementId"`
	Quota         string `json:"quotaId"`
	SpendingLimit string `json:"spendingLimit"`
}

type managedBy struct {
	Tenant id.Tenant `json:"tenantId"`
}

func show(s subscription.Subscription) shown {
	out := shown{
		ID: "/subscriptions/" + s.ID, SubscriptionID: s.ID, TenantID: s.Tenant, DisplayName: s.Name, State: s.State,
		AuthorizationSource: "RoleBased", Policies: policies{"Public_2014-09-01", "CSP_2015-05-01", "Off"}, ManagedBy: []managedBy{},
	}
	for _, a := range s.Access {
		if a.Partner != "" && !slices.Contains(out.ManagedBy, managedBy{a.Partner}) {
			out.ManagedBy = append(out.ManagedBy, managedBy{a.Partner})
		}
	}
	return out
}

// listing is a whole list: none of them is long enough for pages.
type listing[T any] struct {
	Value []T    `json:"value"`
	Count *count `json:"count,omitempty"`
}

type count struct {
	Type  string `json:"type"`
	Value int    `json:"value"`
}

func (e *edge) list(ctx context.Context, c *call) (any, error) {
	found, err := e.Subscriptions.List(ctx, c.caller)
	if err != nil {
		return nil, err
	}
	list := listing[shown]{Value: []shown{}, Count: &count{"Total", len(found)}}
	for _, s := range found {
		list.Value = append(list.Value, show(s))
	}
	return list, nil
}

func (e *edge) subscription(ctx context.Context, c *call) (subscription.Subscription, error) {
	asked := c.r.PathValue("subscription")
	if !id.IsGUID(asked) {
		return subscription.Subscription{}, fault.New(fault.RequestMalformed, "parameter", "subscriptionId", "rule", "a GUID")
	}
	return e.Subscriptions.Find(ctx, c.caller, asked)
}

func (e *edge) find(ctx context.Context, c *call) (any, error) {
	s, err := e.subscription(ctx, c)
	return show(s), err
}

type shownGroup struct {
	ID         string            `json:"id"`
	Name       string            `json:"name"`
	Type       string            `json:"type"`
	Location   string            `json:"location"`
	Tags       map[string]string `json:"tags,omitempty"`
	Properties properties        `json:"properties"`
}

type properties struct {
	State string `json:"provisioningState"`
}

func showGroup(s subscription.Subscription, g subscription.ResourceGroup) shownGroup {
	return shownGroup{"/subscriptions/" + s.ID + "/resourceGroups/" + g.Name, g.Name, "Microsoft.Resources/resourceGroups", g.Location, g.Tags, properties{"Succeeded"}}
}

func (e *edge) groups(ctx context.Context, c *call) (any, error) {
	s, err := e.subscription(ctx, c)
	if err != nil {
		return nil, err
	}
	list := listing[shownGroup]{Value: []shownGroup{}}
	for _, g := range s.Groups {
		list.Value = append(list.Value, showGroup(s, g))
	}
	return list, nil
}

func (e *edge) group(ctx context.Context, c *call) (any, error) {
	s, err := e.subscription(ctx, c)
	if err != nil {
		return nil, err
	}
	for _, g := range s.Groups {
		if strings.EqualFold(g.Name, c.r.PathValue("name")) {
			return showGroup(s, g), nil
		}
	}
	return nil, fault.New(fault.ResourceGroupUnknown, "object", c.r.PathValue("name"))
}
