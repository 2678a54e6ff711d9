// Package graph speaks the directory protocol of Microsoft Graph: who am I, who
// is in the organisation, what is the organisation (identity-platform.md 8).
//
// A resource is one row of a table: its address, the permissions that open it,
// and the function that answers.
package graph

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"strconv"
	"strings"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/customer"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/tenant"
)

// Options are what the edge stands on; all are needed.
type Options struct {
	// Verify proves an access token. It fails with AccessTokenInvalid or
	// AccessTokenExpired; who the token is for is checked here.
	Verify func(ctx context.Context, rawJWT string) (audit.Caller, error)
	// Subject is the sub of a person for a client, as its ID tokens have it
	// (OpenID Connect Core 5.3.2 wants them equal).
	Subject   func(t id.Tenant, person id.Object, client id.App) string
	People    *account.People
	Tenants   *tenant.Directory
	Apps      *application.Registry
	Customers *customer.Ledger
	Attempts  *audit.Log
	Source    id.Source
	// Origin is the public root of this server, such as https://id.example;
	// links and contexts begin with it, and tokens may be made for it.
	Origin string
	// Authority is the root of the authority that clients get tokens from.
	Authority string
	// Log takes failures of our own; people are told their reference only.
	Log *slog.Logger
}

type edge struct{ Options }

// New builds the handler of /v1.0/…, /beta/… and /oidc/userinfo.
func New(o Options) http.Handler {
	o.Origin, o.Authority = strings.TrimSuffix(o.Origin, "/"), strings.TrimSuffix(o.Authority, "/")
	return &edge{o}
}

// call is one request on its way through the gate.
type call struct {
	w http.ResponseWriter
	r *http.Request
	// requestID is ours; clientRequestID is the client's own, or the same.
	requestID, clientRequestID string
	resource                   resource
	// version is "v1.0" or "beta"; empty for userinfo.
	version  string
	segments map[string]string
	caller   audit.Caller
	// person is the account behind a delegated call, in its own tenant.
	person account.Account
	// roles are what a partner's person holds here by delegation, now.
	roles []string
	// passed are the checks that this call has behind it.
	passed []string
}

// foreign reports whether a partner's person calls in a customer's tenant.
func (c *call) foreign() bool { return !c.caller.AppOnly && c.caller.Home != c.caller.Tenant }

func (e *edge) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := e.begin(w, r)
	answer, err := e.serve(r.Context(), c)
	if err == nil {
		err = c.write(http.StatusOK, answer)
	}
	if err != nil {
		e.refuse(c, err)
	}
}

// begin gives a request its ids and writes those headers that every answer has
// (identity-platform.md 8.2).
func (e *edge) begin(w http.ResponseWriter, r *http.Request) *call {
	c := &call{w: w, r: r, requestID: e.Source.NewGUID()}
	c.clientRequestID = c.requestID
	if sent := r.Header.Get("client-request-id"); id.IsGUID(sent) {
		c.clientRequestID = sent
	}
	h := w.Header()
	h.Set("request-id", c.requestID)
	h.Set("client-request-id", c.clientRequestID)
	h.Set("x-ms-ags-diagnostic", `{"ServerInfo":{"DataCenter":"Entente","Slice":"E","Ring":"1","ScaleUnit":"000","RoleInstance":"entente"}}`)
	h.Set("OData-Version", "4.0")
	return c
}

// serve takes a call through the gate and to its room.
func (e *edge) serve(ctx context.Context, c *call) (any, error) {
	if err := c.find(); err != nil {
		return nil, err
	}
	c.passed = append(c.passed, "path")
	for _, check := range gate {
		if err := check.ask(e, ctx, c); err != nil {
			return nil, err
		}
		c.passed = append(c.passed, check.name)
	}
	return c.resource.answer(e, ctx, c)
}

// write sends a body. Nothing of it has left when it fails.
func (c *call) write(status int, body any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	kind := "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"
	if c.version == "" || status != http.StatusOK {
		kind = "application/json"
	}
	h := c.w.Header()
	h.Set("Content-Type", kind)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Length", strconv.Itoa(len(text)))
	c.w.WriteHeader(status)
	// A client that went away is no failure of ours.
	_, _ = c.w.Write(text)
	return nil
}

// address is where a resource is, for contexts and links.
func (e *edge) address(c *call, path string) string { return e.Origin + "/" + c.version + "/" + path }

// find gives the resource that a path names, in any letter case.
func (c *call) find() error {
	var path []string
	for segment := range strings.SplitSeq(c.r.URL.Path, "/") {
		if segment != "" {
			path = append(path, segment)
		}
	}
	if len(path) > 0 {
		switch version := strings.ToLower(path[0]); version {
		case "v1.0", "beta":
			c.version, path = version, path[1:]
		}
	}
	for _, r := range resources {
		segments, ok := match(r.pattern, path)
		if !ok || c.version == "" && !r.unversioned {
			continue
		}
		c.resource, c.segments = r, segments
		method := c.r.Method
		if method == http.MethodHead {
			method = http.MethodGet
		}
		for _, allowed := range r.methods {
			if allowed == method {
				return nil
			}
		}
		c.w.Header().Set("Allow", strings.Join(r.methods, ", "))
		return fault.New(fault.MethodUnsupported)
	}
	return fault.New(fault.PathUnknown)
}

func match(pattern string, path []string) (map[string]string, bool) {
	want := strings.Split(pattern, "/")
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
