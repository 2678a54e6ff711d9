package resourcemanager

import (
	"fmt"
	"net/http"

	"github.com/entente-id/entente/internal/calls"
	"github.com/entente-id/entente/internal/challenge"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/tenant"
)

// rendering is how a fault looks to a client of Resource Manager.
type rendering struct {
	status        int
	code, message string
}

// renderings are the faults that have a form of their own here.
var renderings = map[fault.Code]rendering{
	fault.AccessTokenMissing:   {401, "AuthenticationFailed", "Authentication failed. The 'Authorization' header is missing."},
	fault.AccessTokenInvalid:   {401, "InvalidAuthenticationToken", "The access token is invalid."},
	fault.AccessTokenRevoked:   {401, "InvalidAuthenticationToken", "The access token was taken back."},
	fault.AccessTokenExpired:   {401, "ExpiredAuthenticationToken", "The access token has expired or is not yet valid."},
	fault.AudienceWrong:        {401, "InvalidAuthenticationTokenAudience", "The access token was made for another resource."},
	fault.AccountUnknown:       {401, "InvalidAuthenticationToken", "The account behind the access token does not exist any more."},
	fault.AccountDisabled:      {401, "InvalidAuthenticationToken", "The account behind the access token is switched off."},
	fault.ForeignAccount:       {403, "AuthorizationFailed", "There is no relationship with this organisation that includes the account."},
	fault.RelationshipEnded:    {403, "AuthorizationFailed", "The relationship with this organisation has ended."},
	fault.ObjectUnknown:        {404, "SubscriptionNotFound", "The subscription could not be found, or the caller may not see it."},
	fault.ResourceGroupUnknown: {404, "ResourceGroupNotFound", "The resource group could not be found."},
	fault.PathUnknown:          {404, "InvalidResourceType", "This environment has subscriptions and resource groups only."},
	fault.ParameterMissing:     {400, "MissingApiVersionParameter", "The api-version query parameter is required for all requests."},
	fault.RequestMalformed:     {400, "InvalidParameter", "A parameter is not valid."},
	fault.MethodUnsupported:    {405, "MethodNotAllowed", "The resource can only be read."},
	fault.Throttled:            {429, "SubscriptionRequestsThrottled", "Too many requests."},
}

// byKind renders what comes from rooms further away.
var byKind = map[fault.Kind]rendering{
	fault.Request:     {400, "BadRequest", "The request is not understood."},
	fault.Client:      {401, "InvalidAuthenticationToken", "The access token is invalid."},
	fault.Grant:       {401, "InvalidAuthenticationToken", "The sign-in behind the access token has ended."},
	fault.Person:      {403, "AuthorizationFailed", "The account may not do this."},
	fault.Interaction: {401, "InvalidAuthenticationToken", "A new sign-in is needed."},
	fault.Refused:     {403, "AuthorizationFailed", "This is not allowed."},
	fault.Absent:      {404, "NotFound", "The resource does not exist."},
	fault.Temporary:   {503, "ServerBusy", "The service is busy. Try again."},
	fault.Internal:    {500, "InternalServerError", "An unexpected error occurred."},
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
	for _, fact := range []struct{ name, words string }{{"parameter", "Parameter"}, {"rule", "Expected"}, {"object", "Asked for"}} {
		if value := f.Facts[fact.name]; value != "" {
			r.message += " " + fact.words + ": " + tenant.Shorten(value) + "."
		}
	}
	return r
}

type errorBody struct {
	Error errorDetail `json:"error"`
}

type errorDetail struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// refuse is the one way for errors to leave: it keeps the attempt, so that its
// reference can be explained later, and answers.
func (e *edge) refuse(c *call, err error) {
	f := fault.Of(err)
	r := render(f)
	h := c.w.Header()
	a := calls.By(c.caller, "resource manager")
	a.CorrelationID, a.TraceID, a.Checks = c.correlationID, c.requestID, c.passed
	e.Failures.Keep(c.r.Context(), h, err, a)
	if r.status == http.StatusUnauthorized {
		of := "common"
		if c.caller.Tenant != "" {
			of = string(c.caller.Tenant)
		}
		h.Set("WWW-Authenticate", challenge.Bearer(fmt.Sprintf(`authorization_uri="%s/%s"`, e.Authority, of), f, ""))
	}
	calls.RetryAfter(h, r.status, f)
	if err := calls.Write(c.w, r.status, jsonType, errorBody{errorDetail{r.code, r.message}}); err != nil {
		e.Failures.Log.ErrorContext(c.r.Context(), "write an error", "request", c.requestID, "error", err)
	}
}
