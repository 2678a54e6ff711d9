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
	"log/slog"
	"net/http"
	"strconv"
	"strings"

	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/customer"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/partner"
	"github.com/entente-id/entente/internal/tenant"
)

// Options are what the edge stands on; all are needed.
type Options struct {
	// Verify proves an access token. It fails with AccessTokenInvalid or
	// AccessTokenExpired; who the token is for is checked here.
	Verify    func(ctx context.Context, rawJWT string) (audit.Caller, error)
	Customers *customer.Ledger
	Partners  *partner.Register
	Tenants   *tenant.Directory
	Attempts  *audit.Log
	Source    id.Source
	// Authority is the root of the authority that clients get tokens from,
	// without a slash at its end; 401 answers name it.
	Authority string
	// Log takes failures of our own; people are told their reference only.
	Log *slog.Logger
}

type edge struct {
	Options
	// serverID tells one process from another in MS-ServerId; digits.
	serverID string
}

// New builds the handler of /v1/….
func New(o Options) http.Handler {
	o.Authority = strings.TrimSuffix(o.Authority, "/")
	return &edge{Options: o, serverID: fmt.Sprintf("1010%05d", binary.BigEndian.Uint16(o.Source.Bytes(2)))}
}

// call is one request on its way through the gate.
type call struct {
	w http.ResponseWriter
	r *http.Request
	// requestID and correlationID are the client's own where it sent GUIDs.
	requestID, correlationID string
	// caller is who calls; known is false until the token is proved.
	caller audit.Caller
	known  bool
	// segments are the variable parts of the path, by name.
	segments map[string]string
	// passed are the checks that this call has behind it.
	passed []string
}

func (e *edge) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := e.begin(w, r)
	answer, err := e.serve(r.Context(), c)
	c.sayCompliance()
	if err == nil {
		err = c.write(http.StatusOK, answer)
	}
	if err != nil {
		e.refuse(c, err)
	}
}

// serve takes a call through the gate and to its room.
func (e *edge) serve(ctx context.Context, c *call) (any, error) {
	// The token is proved before the path is looked at, because whoever asks
	// whether it holds a second factor is told so with every answer.
	unproved := e.prove(ctx, c)
	s, err := c.find()
	if err != nil {
		return nil, err
	}
	c.passed = append(c.passed, "path")
	if unproved != nil {
		return nil, unproved
	}
	c.passed = append(c.passed, "token")
	for _, check := range gate {
		if err := check.ask(e, ctx, c, s); err != nil {
			return nil, err
		}
		c.passed = append(c.passed, check.name)
	}
	if encoding := c.r.Header.Get("Content-Encoding"); encoding != "" && !strings.EqualFold(encoding, "identity") {
		return nil, fault.New(fault.EncodingUnsupported, "parameter", "Content-Encoding", "rule", "an uncompressed body")
	}
	return s.answer(e, ctx, c)
}

// write sends a body. Nothing of it has left when it fails.
func (c *call) write(status int, body any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	c.w.Header().Set("Content-Type", "application/json; charset=utf-8")
	c.w.Header().Set("Cache-Control", "no-store")
	c.w.Header().Set("X-Content-Type-Options", "nosniff")
	c.w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	c.w.WriteHeader(status)
	// A client that went away is no failure of ours.
	_, _ = c.w.Write(text)
	return nil
}
