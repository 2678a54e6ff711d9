// Package partnerapi speaks the Partner Center REST protocol: it turns a
// request into one call of a room and the room's answer, or fault, into what
// Partner Center clients expect (secure-application-model.md 4 to 8).
//
// A scenario is one row of a table: its address, who may call it, and the
// function that answers. Adding one is adding a row.
package partnerapi

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strings"

	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/calls"
	"github.com/entente-id/entente/internal/customer"
	"github.com/entente-id/entente/internal/delegated"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/once"
	"github.com/entente-id/entente/internal/partner"
	"github.com/entente-id/entente/internal/partnerapi/convention"
	"github.com/entente-id/entente/internal/partnerapi/customers"
	"github.com/entente-id/entente/internal/partnerapi/profiles"
	"github.com/entente-id/entente/internal/partnerapi/users"
	"github.com/entente-id/entente/internal/tenant"
)

// Options are what the edge stands on; all are needed.
type Options struct {
	// Verify proves an access token. It fails with AccessTokenInvalid or
	// AccessTokenExpired; who the token is for is checked here.
	Verify    func(ctx context.Context, rawJWT string) (audit.Caller, error)
	Customers *customer.Ledger
	Book      *customer.Book
	Delegated *delegated.Work
	Partners  *partner.Register
	Files     *partner.Files
	Tenants   *tenant.Directory
	Apps      *application.Registry
	Deeds     *once.Deeds
	Failures  calls.Failures
	Source    id.Source
	// Authority is the root of the authority that clients get tokens from,
	// without a slash at its end; 401 answers name it.
	Authority string
}

type edge struct {
	Options
	customers *customers.Desk
	users     *users.Desk
	profiles  *profiles.Desk
	limits    *limits
	// serverID tells one process from another in MS-ServerId; digits.
	serverID string
}

// New builds the handler of /v1/….
func New(o Options) http.Handler {
	o.Authority = strings.TrimSuffix(o.Authority, "/")
	return &edge{
		Options:   o,
		customers: &customers.Desk{Ledger: o.Customers, Book: o.Book, Tenants: o.Tenants, Files: o.Files, Origin: o.Authority},
		users:     &users.Desk{Work: o.Delegated},
		profiles:  &profiles.Desk{Partners: o.Partners, Files: o.Files, Customers: o.Customers, Apps: o.Apps, Origin: o.Authority, Now: o.Source.Now},
		limits:    newLimits(o.Source.Now),
		serverID:  fmt.Sprintf("1010%05d", binary.BigEndian.Uint16(o.Source.Bytes(2))),
	}
}

// Claims says whether a path below /v1.0 is of this API rather than of the
// directory's: at the platform other hosts answer it.
func Claims(path string) bool {
	path = strings.ToLower(path)
	return strings.HasPrefix(path, "/v1.0/engagements/") || strings.HasPrefix(path, "/v1.0/sales/") || strings.HasPrefix(path, "/v1.0/reports/partners/")
}

func (e *edge) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := convention.Begin(w, r, e.Source, e.serverID)
	s, a, err := e.serve(r.Context(), c)
	sayCompliance(c)
	e.note(r.Context(), c, s)
	if err != nil {
		e.refuse(c, err)
		return
	}
	for name, value := range a.Header {
		c.Say(name, value)
	}
	c.Send(a.Status, a.Body)
}

// serve takes a call through the gate and to its room.
func (e *edge) serve(ctx context.Context, c *convention.Call) (Scenario, once.Answer, error) {
	// The token is proved before the path is looked at, because whoever asks
	// whether it holds a second factor is told so with every answer.
	unproved := e.prove(ctx, c)
	s, err := find(c)
	if err != nil {
		return s, once.Answer{}, err
	}
	c.Passed = append(c.Passed, "path")
	if unproved != nil {
		return s, once.Answer{}, unproved
	}
	c.Passed = append(c.Passed, "token")
	if err := e.limits.take(c, s); err != nil {
		return s, once.Answer{}, err
	}
	for _, check := range gate {
		if err := check.ask(e, ctx, c, s); err != nil {
			return s, once.Answer{}, err
		}
		c.Passed = append(c.Passed, check.name)
	}
	a, err := e.act(ctx, c, s)
	return s, a, err
}

// act answers a scenario. What changes something under an id of the client's
// is done once (secure-application-model.md 6.5).
func (e *edge) act(ctx context.Context, c *convention.Call, s Scenario) (once.Answer, error) {
	switch c.Request().Method {
	case http.MethodPost, http.MethodPut, http.MethodPatch:
	default:
		return e.do(ctx, c, s)
	}
	body, err := c.Body()
	if err != nil {
		return once.Answer{}, err
	}
	if !c.Chosen {
		return e.do(ctx, c, s)
	}
	r := c.Request()
	digest := once.Digest(string(c.Caller.App), string(c.Caller.Account), r.Method, strings.ToLower(r.URL.Path), r.URL.RawQuery, r.Header.Get("If-Match"), string(body))
	var failed error
	a, err := e.Deeds.Do(ctx, c.Caller.Tenant, c.RequestID, digest,
		// What failed has changed nothing and may be tried again.
		func(once.Answer) bool { return failed == nil },
		func() (a once.Answer) {
			a, failed = e.do(context.WithoutCancel(ctx), c, s)
			return a
		})
	if failed != nil {
		return once.Answer{}, failed
	}
	return a, err
}

// do asks the room and puts its answer into JSON.
func (e *edge) do(ctx context.Context, c *convention.Call, s Scenario) (once.Answer, error) {
	body, err := s.answer(e, ctx, c)
	if err != nil {
		return once.Answer{}, err
	}
	a := once.Answer{Status: c.Status}
	if a.Status == 0 {
		a.Status = http.StatusOK
	}
	if location := c.Header().Get("Location"); location != "" {
		a.Header = map[string]string{"Location": location}
	}
	if body != nil {
		if a.Body, err = json.Marshal(body); err != nil {
			return once.Answer{}, fmt.Errorf("encode answer: %w", err)
		}
	}
	return a, nil
}

// note keeps a person's call for the reports on the second factor. The answer
// does not depend on it.
func (e *edge) note(ctx context.Context, c *convention.Call, s Scenario) {
	if !c.Known || c.Caller.AppOnly || s.Row == 0 {
		return
	}
	ip, _, err := net.SplitHostPort(c.Request().RemoteAddr)
	if err != nil {
		ip = c.Request().RemoteAddr
	}
	err = e.Files.Note(context.WithoutCancel(ctx), partner.Request{
		ID: c.RequestID, CorrelationID: c.CorrelationID, Partner: c.Caller.Home, Operation: s.Method + " " + s.Pattern, IP: ip,
		Account: c.Caller.Account, SignInName: c.Caller.SignInName, App: c.Caller.App, Compliant: c.Caller.HasMFA(),
	})
	if err != nil && !fault.Has(err, fault.Maintenance) {
		e.Failures.Log.ErrorContext(ctx, "keep partner API call", "request", c.RequestID, "error", err)
	}
}
