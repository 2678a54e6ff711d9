package oauth

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/dialect"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/signin"
	"github.com/entente-id/entente/internal/tenant"
	"github.com/entente-id/entente/internal/token"
)

// push takes an authorize request from the client itself, which proves who it
// is, before it sends a browser (RFC 9126; row R26). What is wrong with the
// request is told here, where its maker can read it.
func (e *Edge) push(w http.ResponseWriter, r *http.Request, c dialect.Call) {
	about := signin.About{Step: "push", CorrelationID: c.Correlation, TraceID: c.Trace}
	uri, err := e.pushed(w, r, c, &about)
	if err != nil {
		e.speaker.Fail(w, r, c, err, about)
		return
	}
	dialect.WriteJSON(w, http.StatusCreated, struct {
		URI  string `json:"request_uri"`
		Life int    `json:"expires_in"`
	}{uri, int(token.PushedLife / time.Second)})
}

func (e *Edge) pushed(w http.ResponseWriter, r *http.Request, c dialect.Call, about *signin.About) (string, error) {
	x, err := e.asks(w, r, c, about)
	if err != nil {
		return "", err
	}
	query := x.form.Again()
	for _, proof := range []string{"client_secret", "client_assertion", "client_assertion_type"} {
		query.Del(proof)
	}
	jkt, err := e.possession(w, r)
	if err != nil {
		return "", err
	}
	if jkt != "" {
		if said := query.Get("dpop_jkt"); said != "" && said != jkt {
			return "", fault.New(fault.ProofInvalid, "rule", "by the key of dpop_jkt")
		}
		query.Set("dpop_jkt", jkt)
	}
	client := x.client.Application().ClientID()
	// Whoever proved itself by a header need not name itself in the form again.
	query.Set("client_id", client)
	p, err := dialect.Kept(query.Encode())
	if err != nil {
		return "", err
	}
	request, _, err := e.target(r.Context(), c, p, about)
	if err != nil {
		return "", err
	}
	if err := e.read(r.Context(), c, p, x.client.Application(), &request); err != nil {
		return "", err
	}
	return e.rooms.Pushes.Keep(token.Pushed{Client: x.client.Application().App, Authority: authorityKey(x.authority), Version: c.Version, Query: query.Encode()})
}

// unfold gives the parameters of an authorize request: those that were pushed,
// when it names them by a request_uri, and no others (RFC 9126 4).
func (e *Edge) unfold(ctx context.Context, c dialect.Call, sent dialect.Form) (p dialect.Form, digest string, err error) {
	uri := sent.Get("request_uri")
	if !strings.HasPrefix(uri, token.PushedPrefix) {
		return sent, "", nil
	}
	authority, err := e.rooms.Tenants.Authority(ctx, c.Segment)
	if err != nil {
		return sent, "", err
	}
	client, err := sent.Need("client_id")
	if err != nil {
		return sent, "", err
	}
	app, err := application.AppOf(authority.Tenant, client)
	if err != nil {
		return sent, "", err
	}
	pushed, err := e.rooms.Pushes.Open(uri, app, authorityKey(authority), c.Version)
	if err != nil {
		return sent, "", err
	}
	p, err = dialect.Kept(pushed.Query)
	return p, token.PushedDigest(uri), err
}

// bind ties a request to the request_uri it came by, which it must have where
// the application says so (row R28).
func bind(request *signin.Request, client application.Application, digest string) error {
	if digest == "" {
		if client.RequirePushed {
			return fault.New(fault.PushRequired, "app", client.Name)
		}
		return nil
	}
	kept, err := wireOf(*request)
	if err != nil {
		return err
	}
	kept.Pushed = digest
	return keep(request, kept)
}

// authorityKey is one text for all names of an authority.
func authorityKey(a tenant.Authority) string {
	if a.Generic() {
		return strings.ToLower(a.Segment)
	}
	return string(a.Tenant.ID)
}
