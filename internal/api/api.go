// Package api speaks Entente's own REST protocol below /api/v1: what its pages
// do, for programs and the command line. Failures are problem details (RFC
// 9457) with a reference, who can fix it and what to do next.
package api

import (
	"context"
	"net/http"
	"strings"

	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/calls"
	"github.com/entente-id/entente/internal/consent"
	"github.com/entente-id/entente/internal/diagnosis"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
)

// App is this API as a resource that tokens are made for, Audience the name to
// ask for it by.
const (
	App      id.App = "d1000000-0000-4000-8000-0000000000a1"
	Audience string = "api://entente"
)

// The delegated permissions of this API.
const (
	ReadWriteApprovals = "Approvals.ReadWrite"
	ReadDiagnostics    = "Diagnostics.Read"
)

// maxBody bounds a request body, in bytes.
const maxBody = 16 << 10

// Options are what the edge stands on; all are needed.
type Options struct {
	// Verify proves an access token; who the token is for is checked here.
	Verify    func(ctx context.Context, rawJWT string) (audit.Caller, error)
	Approvals *consent.Approvals
	Apps      *application.Registry
	Desk      *diagnosis.Desk
	Failures  calls.Failures
	Source    id.Source
	// Origin is the public root of this server, without a slash at its end.
	Origin string
}

type edge struct {
	Options
	mux *http.ServeMux
}

// route is one address of the API and what it takes to call it.
type route struct {
	method, path string
	// permission is the scope that the token carries; mfa asks for a second
	// factor behind it.
	permission string
	mfa        bool
	answer     func(*edge, context.Context, *call) (any, error)
}

var routes = []route{
	{"GET", "/api/v1/approvals", ReadWriteApprovals, true, (*edge).listApprovals},
	{"GET", "/api/v1/approvals/{approval}", ReadWriteApprovals, true, (*edge).approval},
	{"POST", "/api/v1/approvals/{approval}/approve", ReadWriteApprovals, true, (*edge).approve},
	{"POST", "/api/v1/approvals/{approval}/deny", ReadWriteApprovals, true, (*edge).deny},
	{"POST", "/api/v1/approvals/{approval}/block", ReadWriteApprovals, true, (*edge).block},
	{"GET", "/api/v1/diagnostics/{reference}", ReadDiagnostics, false, (*edge).diagnostics},
}

// New builds the handler of /api/….
func New(o Options) http.Handler {
	e := &edge{Options: o, mux: http.NewServeMux()}
	allowed := map[string][]string{}
	for _, at := range routes {
		e.mux.HandleFunc(at.method+" "+at.path, func(w http.ResponseWriter, r *http.Request) { e.serve(w, r, at) })
		allowed[at.path] = append(allowed[at.path], at.method)
	}
	for path, methods := range allowed {
		e.mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Allow", strings.Join(methods, ", "))
			e.refuse(e.begin(w, r), fault.New(fault.MethodUnsupported))
		})
	}
	e.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		e.refuse(e.begin(w, r), fault.New(fault.PathUnknown))
	})
	return e.mux
}

// call is one request on its way through the gate.
type call struct {
	w http.ResponseWriter
	r *http.Request
	// requestID is ours; correlationID the client's own, or the same.
	requestID, correlationID string
	caller                   audit.Caller
	// passed are the checks that this call has behind it.
	passed []string
}

func (e *edge) begin(w http.ResponseWriter, r *http.Request) *call {
	c := &call{w: w, r: r, requestID: e.Source.NewGUID()}
	c.correlationID = c.requestID
	if sent := r.Header.Get("client-request-id"); id.IsGUID(sent) {
		c.correlationID = sent
	}
	w.Header().Set("request-id", c.requestID)
	w.Header().Set("client-request-id", c.correlationID)
	return c
}

func (e *edge) serve(w http.ResponseWriter, r *http.Request, at route) {
	c := e.begin(w, r)
	err := e.admit(r.Context(), c, at)
	var answer any
	if err == nil {
		answer, err = at.answer(e, r.Context(), c)
	}
	if err == nil {
		err = calls.Write(w, http.StatusOK, "application/json", answer)
	}
	if err != nil {
		e.refuse(c, err)
	}
}

// admit proves the token, and that it was made for this: audience, kind,
// permission, second factor. What the person may is the rooms' to say.
func (e *edge) admit(ctx context.Context, c *call, at route) error {
	raw, err := calls.Token(c.r)
	if err != nil {
		return err
	}
	caller, err := e.Verify(ctx, raw)
	if err != nil {
		return err
	}
	c.caller, c.passed = caller, append(c.passed, "token")
	switch {
	case caller.Audience != Audience && caller.Audience != string(App) && caller.Audience != e.Origin+"/api/v1":
		return fault.New(fault.AudienceWrong)
	case caller.AppOnly:
		return fault.New(fault.AppOnlyRefused)
	case !caller.May(at.permission):
		return fault.New(fault.PermissionMissing, "permission", at.permission)
	case at.mfa && !caller.HasMFA():
		return fault.New(fault.MFARequiredByAPI)
	}
	c.passed = append(c.passed, "permission")
	return nil
}

// read decodes the body, which has no member that we do not know.
func (c *call) read(into any) error { return calls.Object(c.w, c.r, maxBody, true, into) }

// diagnostics is GET /diagnostics/{reference}: an attempt's story, as far as
// the caller may know it.
func (e *edge) diagnostics(ctx context.Context, c *call) (any, error) {
	asked := c.r.PathValue("reference")
	reference, ok := id.ParseReference(asked)
	if !ok {
		if !id.IsGUID(asked) {
			return nil, fault.New(fault.ReferenceUnknown)
		}
		reference = strings.ToLower(asked)
	}
	return e.Desk.Find(ctx, c.caller, reference)
}
