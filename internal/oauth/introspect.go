package oauth

import (
	"net/http"
	"strings"

	"github.com/entente-id/entente/internal/dialect"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/signin"
	"github.com/entente-id/entente/internal/token"
)

// introspect serves token introspection (RFC 7662): a resource that proves
// itself asks whether an access token that it was handed can be used now. It
// learns of its own tokens alone (rows R92 and R93).
func (e *Edge) introspect(w http.ResponseWriter, r *http.Request, c dialect.Call) {
	about := signin.About{Step: "introspect", CorrelationID: c.Correlation, TraceID: c.Trace}
	x, text, err := e.asksAbout(w, r, c, &about)
	if err == nil && !x.client.Confidential() {
		err = fault.New(fault.CredentialMissing, "app", string(x.client.Application().App))
	}
	var found token.Introspected
	var active bool
	if err == nil {
		found, active, err = e.rooms.Issuer.Introspect(r.Context(), text)
	}
	if err != nil {
		e.speaker.Fail(w, r, c, err, about)
		return
	}
	if !active || !madeFor(found.Caller.Audience, x.client.Application()) {
		dialect.WriteJSON(w, http.StatusOK, introspection{})
		return
	}
	caller := found.Caller
	answer := introspection{
		Active: true, TokenType: "Bearer", Client: string(caller.App), Username: caller.SignInName, Scope: strings.Join(caller.Scopes, " "),
		Roles: caller.Roles, Issuer: found.Issuer, Subject: found.Subject, Audience: caller.Audience, ID: caller.TokenID,
		Issued: found.Issued.Unix(), NotBefore: found.From.Unix(), Expires: found.Ends.Unix(), Tenant: string(caller.Tenant), Object: string(caller.Account),
		Methods: caller.Methods,
	}
	if caller.AppOnly {
		answer.Object = string(caller.Principal)
	}
	if found.JKT != "" {
		answer.TokenType, answer.Confirmation = "DPoP", map[string]string{"jkt": found.JKT}
	}
	dialect.WriteJSON(w, http.StatusOK, answer)
}

// introspection is the answer; what cannot be used says that alone.
type introspection struct {
	Active    bool     `json:"active"`
	TokenType string   `json:"token_type,omitempty"`
	Client    string   `json:"client_id,omitempty"`
	Username  string   `json:"username,omitempty"`
	Scope     string   `json:"scope,omitempty"`
	Roles     []string `json:"roles,omitempty"`
	Issuer    string   `json:"iss,omitempty"`
	Subject   string   `json:"sub,omitempty"`
	Audience  string   `json:"aud,omitempty"`
	ID        string   `json:"jti,omitempty"`
	Issued    int64    `json:"iat,omitempty"`
	NotBefore int64    `json:"nbf,omitempty"`
	Expires   int64    `json:"exp,omitempty"`
	Tenant    string   `json:"tid,omitempty"`
	Object    string   `json:"oid,omitempty"`
	Methods   []string `json:"amr,omitempty"`
	// Confirmation names the key that the token is bound to (RFC 9449 6.2).
	Confirmation map[string]string `json:"cnf,omitempty"`
}
