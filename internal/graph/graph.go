// Package graph speaks the directory protocol of Microsoft Graph
// (identity-platform.md 8). It is the door: the gate that each call passes, the
// query options, batches and errors. The rooms behind it, such as directory,
// add their routes.
package graph

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/calls"
	"github.com/entente-id/entente/internal/customer"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/tenant"
)

// Options are what the door stands on; all are needed.
type Options struct {
	// Verify proves an access token. It fails with AccessTokenInvalid or
	// AccessTokenExpired; who the token is for is checked here.
	Verify    func(ctx context.Context, rawJWT string) (audit.Caller, error)
	People    *account.People
	Tenants   *tenant.Directory
	Customers *customer.Ledger
	Failures  calls.Failures
	Source    id.Source
	// Origin is the public root of this server, such as https://id.example;
	// links and contexts begin with it, and tokens may be made for it.
	Origin string
	// Authority is the root of the authority that clients get tokens from.
	Authority string
}

// Door is the handler of /v1.0/…, /beta/… and /oidc/userinfo.
type Door struct {
	Options
	routes []Route
}

// New builds the door with nothing behind it but $batch.
func New(o Options) *Door {
	o.Origin, o.Authority = strings.TrimSuffix(o.Origin, "/"), strings.TrimSuffix(o.Authority, "/")
	d := &Door{Options: o}
	d.Open(Route{Method: http.MethodPost, Pattern: "$batch", Open: true, Personal: true, Answer: d.batch})
	return d
}

// Call is one request on its way through the gate.
type Call struct {
	// Caller is who calls. Its DirectoryRoles are those that count at this
	// moment, whatever the token says.
	Caller audit.Caller
	// Person is the account behind a delegated call, in its own tenant.
	Person account.Account

	w http.ResponseWriter
	r *http.Request
	// requestID is ours; clientRequestID is the client's own, or the same.
	requestID, clientRequestID string
	route                      Route
	// version is "v1.0" or "beta"; empty for userinfo.
	version, origin string
	values          map[string]string
	// passed are the checks that this call has behind it.
	passed []string
}

// Foreign reports whether a partner's person calls in a customer's tenant.
func (c *Call) Foreign() bool { return !c.Caller.AppOnly && c.Caller.Home != c.Caller.Tenant }

// Header gives a header of the request.
func (c *Call) Header(name string) string { return c.r.Header.Get(name) }

// ServeHTTP answers a call.
func (d *Door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := d.begin(w, r)
	reply, err := d.serve(r.Context(), c)
	if err == nil {
		err = c.write(reply)
	}
	if err != nil {
		d.refuse(c, err)
	}
}

// begin gives a request its ids and writes those headers that every answer has
// (identity-platform.md 8.2).
func (d *Door) begin(w http.ResponseWriter, r *http.Request) *Call {
	c := &Call{w: w, r: r, requestID: d.Source.NewGUID(), origin: d.Origin}
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
func (d *Door) serve(ctx context.Context, c *Call) (Reply, error) {
	if err := d.find(c); err != nil {
		return Reply{}, err
	}
	c.passed = append(c.passed, "path")
	for _, check := range gate {
		if err := check.ask(d, ctx, c); err != nil {
			return Reply{}, err
		}
		c.passed = append(c.passed, check.name)
	}
	return c.route.Answer(ctx, c)
}

// write sends a reply. Nothing of it has left when it fails.
func (c *Call) write(reply Reply) error {
	if reply.Status == 0 {
		reply.Status = http.StatusOK
	}
	h := c.w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	if reply.Location != "" {
		h.Set("Location", reply.Location)
	}
	if reply.RetryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(reply.RetryAfter))
	}
	if reply.Body == nil {
		c.w.WriteHeader(reply.Status)
		return nil
	}
	text, err := json.Marshal(reply.Body)
	if err != nil {
		return err
	}
	kind := "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"
	if c.version == "" || reply.Status >= http.StatusBadRequest {
		kind = "application/json"
	}
	h.Set("Content-Type", kind)
	h.Set("Content-Length", strconv.Itoa(len(text)))
	c.w.WriteHeader(reply.Status)
	// A client that went away is no failure of ours.
	_, _ = c.w.Write(text)
	return nil
}
