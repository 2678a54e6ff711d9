package graph

import (
	"fmt"
	"net/http"
	"time"

	"github.com/entente-id/entente/internal/calls"
	"github.com/entente-id/entente/internal/challenge"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/tenant"
)

// rendering is how a fault looks to a Graph client (identity-platform.md 8.2).
type rendering struct {
	status        int
	code, message string
}

const denied = "Insufficient privileges to complete the operation."

// renderings are the faults that have a form of their own here.
var renderings = map[fault.Code]rendering{
	fault.AccessTokenMissing: {401, "InvalidAuthenticationToken", "Access token is empty."},
	fault.AccessTokenInvalid: {401, "InvalidAuthenticationToken", "Access token validation failure."},
	fault.AccessTokenExpired: {401, "InvalidAuthenticationToken", "Access token has expired or is not yet valid."},
	fault.AccessTokenRevoked: {401, "InvalidAuthenticationToken", "Access token was taken back."},
	fault.AudienceWrong:      {401, "InvalidAuthenticationToken", "Access token validation failure. Invalid audience."},
	fault.AudienceRetired:    {401, "InvalidAuthenticationToken", "Access token validation failure. Invalid audience."},
	fault.AccountUnknown:     {401, "InvalidAuthenticationToken", "The account behind the access token does not exist any more."},
	fault.AccountDisabled:    {401, "InvalidAuthenticationToken", "The account behind the access token is switched off."},
	fault.GrantRevoked:       {401, "InvalidAuthenticationToken", "The sign-in behind the access token was revoked."},

	fault.UserOnlyRefused:   {400, "BadRequest", "/me request is only valid with delegated authentication flow."},
	fault.AppOnlyRefused:    {403, "Authorization_RequestDenied", denied + " A person must stand behind the access token."},
	fault.PermissionMissing: {403, "Authorization_RequestDenied", denied},
	fault.RoleMissing:       {403, "Authorization_RequestDenied", denied},
	fault.ForeignAccount:    {403, "Authorization_RequestDenied", denied + " There is no relationship with this organisation that includes the account."},
	fault.RelationshipEnded: {403, "Authorization_RequestDenied", denied + " The relationship with this organisation has ended."},
	fault.MFARequiredByAPI:  {403, "Unauthorized_MissingMFA", "The sign-in behind the access token had no second factor."},

	fault.ObjectUnknown: {404, "Request_ResourceNotFound", "The resource does not exist or one of its queried reference-property objects are not present."},
	fault.PathUnknown:   {404, "ResourceNotFound", "Resource not found for the segment."},
	fault.TenantUnknown: {404, "ResourceNotFound", "The organisation does not exist."},

	fault.FilterInvalid:       {400, "Request_BadRequest", "Invalid filter clause."},
	fault.PageInvalid:         {400, "Request_BadRequest", "Invalid page specified."},
	fault.RequestMalformed:    {400, "Request_BadRequest", "The request is not understood."},
	fault.QueryUnsupported:    {400, "Request_UnsupportedQuery", "The query is not supported."},
	fault.MethodUnsupported:   {405, "Request_BadRequest", "Specified HTTP method is not allowed for the request target."},
	fault.ChangedMeanwhile:    {412, "preconditionFailed", "The resource was changed meanwhile."},
	fault.BodyTooLarge:        {413, "Request_BadRequest", "The request body is too large."},
	fault.EncodingUnsupported: {415, "UnsupportedMediaType", "The request body has an encoding or media type that is not supported."},

	fault.InputInvalid:     {400, "Request_BadRequest", "Invalid value specified for a property."},
	fault.HeaderInvalid:    {400, "Request_BadRequest", "A header is missing or not understood."},
	fault.ParameterMissing: {400, "Request_BadRequest", "A required property is missing."},
	fault.ParameterTooLong: {400, "Request_BadRequest", "A value is too long."},
	fault.PasswordWeak:     {400, "Request_BadRequest", "The specified password does not comply with password complexity requirements."},
	fault.NameTaken:        {400, "Request_BadRequest", "Another object with the same value for property userPrincipalName already exists."},
	fault.ReferenceExists:  {400, "Request_BadRequest", "One or more added object references already exist for the following modified properties: 'members'."},
	fault.ObjectExists:     {409, "Request_MultipleObjectsWithSameKeyValue", "Another object with the same value for a key property already exists."},
	fault.StateConflict:    {409, "conflict", "The request conflicts with what there is."},
	fault.AppUnknown:       {404, "Request_ResourceNotFound", "The application does not exist."},
	fault.AppNotInTenant:   {404, "Request_ResourceNotFound", "The service principal does not exist."},
	fault.ResourceUnknown:  {400, "Request_BadRequest", "The resource does not exist."},
	fault.CustomerUnknown:  {404, "Request_ResourceNotFound", "The customer does not exist."},

	fault.Throttled:     {429, "TooManyRequests", "Too many requests."},
	fault.TooManyTries:  {429, "TooManyRequests", "Too many requests."},
	fault.DirectoryBusy: {503, "serviceNotAvailable", "The service is busy. Try again."},
	fault.Unexpected:    {500, "InternalServerError", "An unexpected error occurred."},
}

// byKind renders what the authority itself would say, should one of its faults
// come this way.
var byKind = map[fault.Kind]rendering{
	fault.Request:     {400, "Request_BadRequest", "The request is not understood."},
	fault.Client:      {401, "InvalidAuthenticationToken", "Access token validation failure."},
	fault.Grant:       {401, "InvalidAuthenticationToken", "Access token validation failure."},
	fault.Person:      {403, "Authorization_RequestDenied", denied},
	fault.Interaction: {401, "InvalidAuthenticationToken", "A new sign-in is needed."},
	fault.Refused:     {403, "Authorization_RequestDenied", denied},
	fault.Absent:      {404, "ResourceNotFound", "The resource does not exist."},
	fault.Temporary:   {503, "serviceNotAvailable", "The service is busy. Try again."},
	fault.Internal:    {500, "InternalServerError", "An unexpected error occurred."},
}

// render gives the form of a fault, with the facts that tell a developer what
// to change.
func render(f *fault.Fault) rendering {
	r, own := renderings[f.Code]
	if !own {
		entry := fault.Describe(f.Code)
		r = byKind[entry.Kind]
		if entry.Kind != fault.Internal {
			r.message += fmt.Sprintf(" AADSTS%d: %s.", f.Code, entry.Name)
		}
	}
	if object := f.Facts["object"]; object != "" && f.Code == fault.ObjectUnknown {
		r.message = fmt.Sprintf("Resource '%s' does not exist or one of its queried reference-property objects are not present.", tenant.Shorten(object))
	}
	if parameter := f.Facts["parameter"]; parameter != "" {
		r.message += " Parameter: " + tenant.Shorten(parameter) + "."
	}
	for _, needed := range []string{"permission", "role"} {
		if names := f.Facts[needed]; names != "" {
			r.message += " Needed is one " + needed + " of: " + names + "."
		}
	}
	if rule := f.Facts["rule"]; rule != "" {
		r.message += " Expected: " + tenant.Shorten(rule) + "."
	}
	return r
}

type errorBody struct {
	Error errorDetail `json:"error"`
}

type errorDetail struct {
	Code    string     `json:"code"`
	Message string     `json:"message"`
	Inner   innerError `json:"innerError"`
}

type innerError struct {
	Date            string `json:"date"`
	RequestID       string `json:"request-id"`
	ClientRequestID string `json:"client-request-id"`
}

// refuse is the one way for errors to leave: it keeps the attempt, so that its
// reference can be explained later, and answers.
func (d *Door) refuse(c *Call, err error) {
	f := fault.Of(err)
	r := render(f)
	a := calls.By(c.Caller, "graph")
	a.CorrelationID, a.TraceID, a.Checks = c.clientRequestID, c.requestID, c.passed
	kept := d.Failures.Keep(c.r.Context(), c.w.Header(), err, a)
	c.challenge(d.Authority, f, r)
	calls.RetryAfter(c.w.Header(), r.status, f)
	body := errorBody{errorDetail{r.code, r.message, innerError{kept.At.Format("2006-01-02T15:04:05"), c.requestID, c.clientRequestID}}}
	if err := c.write(Reply{Status: r.status, Body: body}); err != nil {
		d.Failures.Log.ErrorContext(c.r.Context(), "write an error", "request", c.requestID, "error", err)
	}
}

// challenge says how to get a token that works: as Graph does, or for userinfo
// as RFC 6750 3.1 does (security-and-reliability.md R109).
func (c *Call) challenge(authority string, f *fault.Fault, r rendering) {
	if c.route.Unversioned {
		switch {
		case r.status == http.StatusUnauthorized:
			c.w.Header().Set("WWW-Authenticate", challenge.Bearer("", f, ""))
		case f.Code == fault.PermissionMissing:
			c.w.Header().Set("WWW-Authenticate", `Bearer error="insufficient_scope", scope="openid"`)
		}
		return
	}
	if r.status == http.StatusUnauthorized {
		c.w.Header().Set("WWW-Authenticate", challenge.Bearer(fmt.Sprintf(
			`realm="", authorization_uri="%s/common/oauth2/authorize", client_id="00000003-0000-0000-c000-000000000000"`, authority), f, authority+"/v1.0"))
	}
}

// Stamp is how instants stand in bodies; nil for none.
func Stamp(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format(time.RFC3339)
}
