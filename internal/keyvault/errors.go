package keyvault

import (
	"fmt"
	"net/http"

	"github.com/entente-id/entente/internal/calls"
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
	fault.AccessTokenRevoked: {401, "Unauthorized", "", "The access token was taken back."},
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

// refuse is the one way for errors to leave: it keeps the attempt, so that its
// reference can be explained later, and answers. A first call without a token
// is how every client asks for the challenge; it is no attempt.
func (e *edge) refuse(c *call, err error) {
	f := fault.Of(err)
	r := render(f)
	h := c.w.Header()
	if f.Code != fault.AccessTokenMissing {
		a := calls.By(c.caller, "vault")
		a.Tenant, a.CorrelationID, a.TraceID, a.Checks = c.vault.Tenant, c.clientRequestID, c.requestID, c.passed
		e.Failures.Keep(c.r.Context(), h, err, a)
	}
	if r.status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", e.challenge(c, f))
	}
	calls.RetryAfter(h, r.status, f)
	body := errorBody{errorDetail{Code: r.code, Message: r.message}}
	if r.inner != "" {
		body.Error.Inner = &innerError{r.inner}
	}
	if err := calls.Write(c.w, r.status, jsonType, body); err != nil {
		e.Failures.Log.ErrorContext(c.r.Context(), "write an error", "request", c.requestID, "error", err)
	}
}
