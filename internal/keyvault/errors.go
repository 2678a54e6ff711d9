package keyvault

import (
	"fmt"
	"net/http"
	"strconv"

	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/fault"
)

// rendering is how a fault looks to a Key Vault client (identity-platform.md
// 9.4).
type rendering struct {
	status               int
	code, inner, message string
}

// renderings are the faults that have a form of their own here.
var renderings = map[fault.Code]rendering{
	fault.AccessTokenMissing: {401, "Unauthorized", "", "AKV10000: Request is missing a Bearer token. The WWW-Authenticate header says where to get one."},
	fault.AccessTokenInvalid: {401, "Unauthorized", "", "AKV10032: The access token is not acceptable."},
	fault.AccessTokenExpired: {401, "Unauthorized", "", "The access token has expired or is not yet valid."},
	fault.AudienceWrong:      {401, "Unauthorized", "", "AKV10022: The access token was made for another resource."},

	fault.VaultPermissionMissing: {403, "Forbidden", "AccessDenied", "The access list of the vault does not give this permission to the caller."},
	fault.SecretOff:              {403, "Forbidden", "SecretDisabled", "Operation get is not allowed on a disabled secret."},
	fault.PurgeForbidden:         {403, "Forbidden", "ForbiddenByPolicy", "The vault is protected from purging: a deleted secret stays until its time is over."},

	fault.VaultUnknown:  {404, "VaultNotFound", "", "There is no vault at this host."},
	fault.SecretUnknown: {404, "SecretNotFound", "", "A secret with this name or version was not found in this key vault."},
	fault.PathUnknown:   {404, "NotFound", "", "There is no such operation."},

	fault.SecretDeleted: {409, "Conflict", "ObjectIsDeletedButRecoverable", "The secret is deleted and can be recovered, so its name cannot be used. Recover it, or purge it first."},
	fault.SecretTaken:   {409, "Conflict", "", "There already is a secret with this name in this vault."},

	fault.RequestMalformed:    {400, "BadParameter", "", "The request is not understood."},
	fault.ParameterMissing:    {400, "BadParameter", "", "A parameter is missing."},
	fault.PageInvalid:         {400, "BadParameter", "", "The page does not exist."},
	fault.MethodUnsupported:   {405, "MethodNotAllowed", "", "The method is not allowed here."},
	fault.BodyTooLarge:        {413, "RequestBodyTooLarge", "", "The request body is too large."},
	fault.EncodingUnsupported: {415, "UnsupportedMediaType", "", "The media type is not supported."},
	fault.Throttled:           {429, "Throttled", "", "Too many requests."},
	fault.DirectoryBusy:       {503, "ServiceUnavailable", "", "The service is busy. Try again."},
}

// byKind renders what comes from rooms further away.
var byKind = map[fault.Kind]rendering{
	fault.Request:     {400, "BadParameter", "", "The request is not understood."},
	fault.Client:      {401, "Unauthorized", "", "The access token is not acceptable."},
	fault.Grant:       {401, "Unauthorized", "", "The sign-in behind the access token has ended."},
	fault.Person:      {403, "Forbidden", "AccessDenied", "The account may not do this."},
	fault.Interaction: {401, "Unauthorized", "", "A new sign-in is needed."},
	fault.Refused:     {403, "Forbidden", "AccessDenied", "This is not allowed."},
	fault.Absent:      {404, "NotFound", "", "The resource does not exist."},
	fault.Temporary:   {503, "ServiceUnavailable", "", "The service is busy. Try again."},
	fault.Internal:    {500, "InternalServerError", "", "An unexpected error occurred."},
}

func render(f *fault.Fault) rendering {
	r, own := renderings[f.Code]
	if !own {
		entry := fault.Describe(f.Code)
		r = byKind[entry.Kind]
		if entry.Kind != fault.Internal {
			r.message += fmt.Sprintf(" AADSTS%d: %s.", f.Code, entry.Name)
		}
	}
	for _, fact := range []struct{ name, words string }{
		{"parameter", "Parameter"}, {"rule", "Expected"}, {"limit", "Limit in bytes"}, {"permission", "Permission"}, {"principal", "Caller"}, {"vault", "Vault"}, {"secret", "Secret"},
	} {
		if value := f.Facts[fact.name]; value != "" {
			r.message += " " + fact.words + ": " + value + "."
		}
	}
	return r
}

type errorBody struct {
	Error errorDetail `json:"error"`
}

type errorDetail struct {
	Code    string      `json:"code"`
	Message string      `json:"message"`
	Inner   *innerError `json:"innererror,omitempty"`
}

type innerError struct {
	Code string `json:"code"`
}

// retryAfter is sent with 429 and 503, in seconds.
const retryAfter = "5"

// refuse is the one way for errors to leave: it keeps the attempt, so that its
// reference can be explained later, and answers. A first call without a token
// is how every client asks for the challenge; it is no attempt.
func (e *edge) refuse(c *call, err error) {
	f := fault.Of(err)
	r := render(f)
	h := c.w.Header()
	if f.Code != fault.AccessTokenMissing {
		kept := e.Attempts.Keep(c.r.Context(), audit.Attempt{
			Tenant: c.vault.Tenant, Home: c.caller.Home, Account: c.caller.Account, Address: c.caller.SignInName, App: c.caller.App, AppName: e.nameOf(c),
			Step: "vault", Code: f.Code, Facts: f.Facts, CorrelationID: c.clientRequestID, TraceID: c.requestID, Checks: c.passed,
		})
		if fault.Describe(f.Code).Kind == fault.Internal {
			e.Log.ErrorContext(c.r.Context(), "vault call failed", "reference", kept.Reference, "request", c.requestID, "error", err)
		}
		h["X-Entente-Reference"] = []string{kept.Reference}
	}
	switch r.status {
	case http.StatusUnauthorized:
		h.Set("WWW-Authenticate", e.challenge(c, f))
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		wait := retryAfter
		if _, err := strconv.Atoi(f.Facts["seconds"]); err == nil {
			wait = f.Facts["seconds"]
		}
		h.Set("Retry-After", wait)
	}
	body := errorBody{errorDetail{Code: r.code, Message: r.message}}
	if r.inner != "" {
		body.Error.Inner = &innerError{r.inner}
	}
	if err := c.write(r.status, body); err != nil {
		e.Log.ErrorContext(c.r.Context(), "write an error", "request", c.requestID, "error", err)
	}
}

// nameOf gives the name of the calling application for the attempt; one that
// is not found has none.
func (e *edge) nameOf(c *call) string {
	if c.caller.App == "" {
		return ""
	}
	app, err := e.Apps.Find(c.r.Context(), c.caller.App)
	if err != nil {
		return ""
	}
	return app.Name
}
