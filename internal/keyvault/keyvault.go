// Package keyvault speaks the secrets data plane of Azure Key Vault
// (identity-platform.md 9) over the room vault. Which vault answers is told by
// the host that was asked.
package keyvault

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/calls"
	"github.com/entente-id/entente/internal/challenge"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/vault"
)

// Audience is what tokens for a vault are made for. Its other name is its app
// id, App.
const (
	Audience        = "https://vault.azure.net"
	App      id.App = "cfa8b339-82a2-471a-a3c9-0fc0be7a4093"
)

// Options are what the edge stands on; all are needed.
type Options struct {
	// Verify proves an access token; who the token is for is checked here.
	Verify   func(ctx context.Context, rawJWT string) (audit.Caller, error)
	Vaults   *vault.Vaults
	Failures calls.Failures
	Source   id.Source
	// Authority is the root of the authority that clients get tokens from.
	Authority string
}

type edge struct{ Options }

// New builds the handler of /secrets/… and /deletedsecrets/….
func New(o Options) http.Handler { return &edge{o} }

// call is one request on its way.
type call struct {
	w http.ResponseWriter
	r *http.Request
	// requestID is ours; clientRequestID is the client's own, if it has one.
	requestID, clientRequestID string
	vault                      vault.Vault
	caller                     audit.Caller
	// name and rest are what the path says after the collection.
	name, rest string
	passed     []string
}

// operation is one row of the protocol. Its pattern stands for the collection
// and for whether a name and something behind it follow.
type operation struct {
	method, collection string
	// named operations have a name in their path. rest is what follows it: the
	// word itself, or "{version}" for a version or nothing.
	named bool
	rest  string
	// status is that of success; 204 has no body.
	status int
	answer func(*edge, context.Context, *call) (any, error)
}

// The collections.
const (
	live    = "secrets"
	deleted = "deletedsecrets"
)

// operations are tried in order: the words before the versions.
var operations = []operation{
	{"GET", live, false, "", 200, (*edge).list},
	{"POST", live, true, "", 200, (*edge).restore},
	{"GET", live, true, "versions", 200, (*edge).versions},
	{"POST", live, true, "backup", 200, (*edge).backup},
	{"PUT", live, true, "", 200, (*edge).set},
	{"GET", live, true, "{version}", 200, (*edge).get},
	{"PATCH", live, true, "{version}", 200, (*edge).update},
	{"DELETE", live, true, "", 200, (*edge).delete},
	{"GET", deleted, false, "", 200, (*edge).listDeleted},
	{"GET", deleted, true, "", 200, (*edge).getDeleted},
	{"DELETE", deleted, true, "", 204, (*edge).purge},
	{"POST", deleted, true, "recover", 200, (*edge).recover},
}

func (e *edge) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := &call{w: w, r: r, requestID: e.Source.NewGUID()}
	h := w.Header()
	h.Set("x-ms-request-id", c.requestID)
	h.Set("x-ms-keyvault-service-version", "entente")
	h.Set("x-ms-keyvault-region", "entente")
	if sent := r.Header.Get("x-ms-client-request-id"); id.IsGUID(sent) {
		c.clientRequestID = sent
		h.Set("x-ms-client-request-id", sent)
	}
	if err := e.serve(r.Context(), c); err != nil {
		e.refuse(c, err)
	}
}

func (e *edge) serve(ctx context.Context, c *call) (err error) {
	if c.vault, err = e.Vaults.At(ctx, c.r.Host); err != nil {
		return err
	}
	c.passed = append(c.passed, "vault")
	if err := e.admit(ctx, c); err != nil {
		return err
	}
	c.passed = append(c.passed, "token")
	do, err := c.find()
	if err != nil {
		return err
	}
	if err := c.checkVersion(); err != nil {
		return err
	}
	answer, err := do.answer(e, ctx, c)
	if err != nil {
		return err
	}
	if do.status == http.StatusNoContent {
		answer = nil
	}
	return calls.Write(c.w, do.status, jsonType, answer)
}

// admit proves the token and that it was made for vaults. The first request of
// every client comes without one, to be told where to get it.
func (e *edge) admit(ctx context.Context, c *call) error {
	raw, err := calls.Token(c.r)
	if err != nil {
		return err
	}
	if c.caller, err = e.Verify(ctx, raw); err != nil {
		return err
	}
	if audience := strings.TrimSuffix(c.caller.Audience, "/"); !strings.EqualFold(audience, Audience) && !strings.EqualFold(audience, string(App)) && !strings.EqualFold(audience, e.Authority+"/secrets") {
		return fault.New(fault.AudienceWrong, "audience", Audience)
	}
	return nil
}

// find gives the operation that method and path name. Paths are read in any
// letter case, and a slash at the end says nothing: the SDKs send one where
// they mean the latest version.
func (c *call) find() (operation, error) {
	parts := strings.Split(strings.Trim(c.r.URL.Path, "/"), "/")
	if len(parts) > 1 {
		c.name = parts[1]
	}
	if len(parts) > 2 {
		c.rest = parts[2]
	}
	var allowed []string
	for _, o := range operations {
		word := strings.EqualFold(o.rest, c.rest) || o.rest == "{version}" && (c.rest == "" || !reserved(c.rest))
		if len(parts) > 3 || !strings.EqualFold(parts[0], o.collection) || o.named != (c.name != "") || !word {
			continue
		}
		// POST is for a whole backup, under a name that is no secret's.
		if o.method == "POST" && o.rest == "" && !strings.EqualFold(c.name, "restore") {
			continue
		}
		if o.method == c.r.Method {
			return o, nil
		}
		allowed = append(allowed, o.method)
	}
	if len(allowed) == 0 {
		return operation{}, fault.New(fault.PathUnknown, "path", "/"+parts[0])
	}
	c.w.Header().Set("Allow", strings.Join(allowed, ", "))
	return operation{}, fault.New(fault.MethodUnsupported, "method", c.r.Method)
}

func reserved(word string) bool {
	return strings.EqualFold(word, "versions") || strings.EqualFold(word, "backup")
}

var apiVersion = regexp.MustCompile(`^(\d{4}-\d{2}-\d{2}|\d{1,2}\.\d{1,2})(-preview(\.\d+)?)?$`)

// checkVersion asks for an api-version of any date or number: there is one
// form of this protocol here, and it holds what all versions share.
func (c *call) checkVersion() error {
	sent := c.r.URL.Query().Get("api-version")
	switch {
	case sent == "":
		return fault.New(fault.ParameterMissing, "parameter", "api-version", "rule", "a version such as 7.4")
	case !apiVersion.MatchString(sent):
		return fault.New(fault.RequestMalformed, "parameter", "api-version", "rule", "a version such as 7.4 or 2025-07-01")
	}
	return nil
}

// challenge tells where to get a token, in the form that both SDKs parse: one
// space between the parts, the tenant as a path segment (identity-platform.md
// 9.1).
func (e *edge) challenge(c *call, f *fault.Fault) string {
	return challenge.Bearer(fmt.Sprintf(`authorization="%s/%s", resource="%s"`, e.Authority, c.vault.Tenant, Audience), f, e.Authority+"/secrets")
}
