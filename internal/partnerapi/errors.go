package partnerapi

import (
	"fmt"
	"net/http"

	"github.com/entente-id/entente/internal/calls"
	"github.com/entente-id/entente/internal/challenge"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/partnerapi/convention"
	"github.com/entente-id/entente/internal/tenant"
)

// rendering is how a fault looks to a Partner Center client
// (secure-application-model.md 5.2, 6.3).
type rendering struct {
	status            int
	code, description string
}

// renderings are the faults that have a form of their own here.
var renderings = map[fault.Code]rendering{
	fault.AccessTokenMissing: {401, "800001", "The request carries no access token. Send it in the header Authorization: Bearer."},
	fault.AccessTokenInvalid: {401, "400", "Access denied. The access token is not valid."},
	fault.AccessTokenExpired: {401, "400", "Access denied. The access token has expired or is not valid yet."},
	fault.AccessTokenRevoked: {401, "400", "Access denied. The access token was taken back."},
	fault.AudienceWrong:      {401, "400", "Access denied. The access token was made for another audience. Ask for https://api.partnercenter.microsoft.com."},
	fault.AudienceRetired:    {401, "900420", "The audience in the token is invalid and is no longer supported in Partner Center API. Ask for https://api.partnercenter.microsoft.com."},
	// Tools look for the words up to "required".
	fault.MFARequiredByAPI: {401, "900421", "Authentication failed. MFA required. The sign-in behind the token had no second factor: renew the consent and confirm with one."},
	fault.AccountUnknown:   {401, "400", "Access denied. The account behind the token does not exist any more."},
	fault.AccountDisabled:  {401, "400", "Access denied. The account behind the token is switched off."},
	fault.GrantRevoked:     {401, "400", "Access denied. The sign-in behind the token was revoked."},

	fault.AppOnlyRefused:    {403, "900329", "This resource does not support application-only authentication."},
	fault.PersonRefused:     {403, "900150", "The supplied role does not have the rights to perform the requested operation: it is for an application alone."},
	fault.RoleMissing:       {403, "900308", "Insufficient privileges to complete the operation. The account is in none of the partner groups that may do this."},
	fault.PermissionMissing: {403, "900308", "Insufficient privileges to complete the operation."},
	fault.ForeignAccount:    {403, "900308", "Insufficient privileges to complete the operation. The account does not belong to this organisation, or to no group that may act here."},
	fault.RelationshipEnded: {403, "900308", "Insufficient privileges to complete the operation. The relationship with the customer has ended."},
	fault.BlockedByPolicy:   {403, "900309", "Blocked by a Conditional Access rule of the customer or the partner."},
	fault.DelegationBlocked: {403, "900309", "Blocked by a Conditional Access rule of the customer."},

	fault.CustomerUnknown: {404, "60003", "Tenant not found."},
	fault.ObjectUnknown:   {404, "1000", "Not found."},
	fault.PathUnknown:     {404, "1000", "There is no resource with this address."},

	fault.MemberUnknown:  {404, "60002", "User not found."},
	fault.MPNUnknown:     {404, "3000", "The MPN id was not found."},
	fault.VettingUnknown: {404, "600074", "The account status of the customer was not found."},

	fault.EnumUnknown:          {400, "900126", "Invalid input: the value is none of the enumeration."},
	fault.PasswordWeak:         {400, "800002", "Invalid input: the password is too weak."},
	fault.RequestReused:        {400, "800002", "The MS-RequestId was used for another request."},
	fault.GrantExists:          {409, "409", "Permission entry already exists."},
	fault.NameTaken:            {409, "409", "Another object with the same value for property userPrincipalName already exists."},
	fault.DomainTaken:          {409, "409", "The domain belongs to an organisation already."},
	fault.CustomerIDMalformed:  {400, "900118", "The customer id is not valid. It is a GUID."},
	fault.FilterInvalid:        {400, "800002", "Invalid input: the filter is not understood."},
	fault.PageInvalid:          {400, "800002", "Invalid input: there is no such page."},
	fault.HeaderInvalid:        {400, "800002", "Invalid input: a header is not understood."},
	fault.RequestMalformed:     {400, "800002", "Invalid input."},
	fault.ParameterMissing:     {400, "800002", "Invalid input: something is missing."},
	fault.ChangedMeanwhile:     {400, "2055", "The ETag is not the current one: the resource was changed meanwhile. Read it again."},
	fault.NotInThisEnvironment: {400, "900127", "This operation is not supported in this environment."},
	fault.QueryUnsupported:     {400, "900141", "This operation is not supported."},
	fault.MethodUnsupported:    {405, "405", "The resource does not support this method."},
	fault.BodyTooLarge:         {413, "413", "The request body is too large."},
	fault.EncodingUnsupported:  {415, "415", "The request body has an encoding or media type that is not supported."},

	fault.Throttled:     {429, "429", "Rate limit is exceeded."},
	fault.TooManyTries:  {429, "429", "Rate limit is exceeded."},
	fault.DirectoryBusy: {503, "503", "The service is busy. Try again."},
	fault.Unexpected:    {500, "500", "An unexpected error occurred."},
}

// byKind renders what the authority itself would say, should one of its faults
// come this way: 90000 is how Partner Center passes such a message on.
var byKind = map[fault.Kind]rendering{
	fault.Request:     {400, "800002", "Invalid input."},
	fault.Client:      {401, "400", "Access denied."},
	fault.Grant:       {401, "400", "Access denied."},
	fault.Person:      {403, "90000", "The directory refused the account."},
	fault.Interaction: {403, "90000", "The directory asks for a new sign-in."},
	fault.Refused:     {403, "900308", "Insufficient privileges to complete the operation."},
	fault.Absent:      {404, "1000", "Not found."},
	fault.Temporary:   {503, "503", "The service is busy. Try again."},
	fault.Internal:    {500, "500", "An unexpected error occurred."},
}

// render gives the form of a fault, with the facts that tell a developer what
// to change.
func render(f *fault.Fault) rendering {
	r, own := renderings[f.Code]
	if !own {
		entry := fault.Describe(f.Code)
		r = byKind[entry.Kind]
		if entry.Kind != fault.Internal {
			r.description += fmt.Sprintf(" AADSTS%d: %s.", f.Code, entry.Name)
		}
	}
	if parameter := f.Facts["parameter"]; parameter != "" {
		r.description += " Parameter: " + tenant.Shorten(parameter) + "."
	}
	if rule := f.Facts["rule"]; rule != "" {
		r.description += " Expected: " + tenant.Shorten(rule) + "."
	}
	return r
}

type errorBody struct {
	Code        string   `json:"code"`
	Description string   `json:"description"`
	Data        []string `json:"data"`
	Source      string   `json:"source"`
	// Retryable is what the Java client reads; the others look at the status.
	Retryable bool `json:"isRetryable"`
}

// refuse is the one way for errors to leave: it keeps the attempt, so that its
// reference can be explained later, and answers.
func (e *edge) refuse(c *convention.Call, err error) {
	f := fault.Of(err)
	r := render(f)
	a := calls.By(c.Caller, "partnerapi")
	a.CorrelationID, a.TraceID, a.Checks = c.CorrelationID, c.RequestID, c.Passed
	e.Failures.Keep(c.Request().Context(), c.Header(), err, a)
	sayChallenges(c, e.Authority, f, r)
	// The .NET client dereferences the header without looking (fact 12).
	calls.RetryAfter(c.Header(), r.status, f)
	if err := c.Write(r.status, errorBody{Code: r.code, Description: r.description, Data: []string{}, Source: "PartnerFD", Retryable: r.status == http.StatusTooManyRequests || r.status >= 500}); err != nil {
		e.Failures.Log.ErrorContext(c.Request().Context(), "write an error", "request", c.RequestID, "error", err)
	}
}

// sayChallenges writes WWW-Authenticate: on each error the realm that the
// documents show, on 401 also what a client can do about it.
func sayChallenges(c *convention.Call, authority string, f *fault.Fault, r rendering) {
	var challenges []string
	if r.status == http.StatusUnauthorized {
		switch f.Code {
		case fault.MFARequiredByAPI:
			challenges = append(challenges, `Bearer error="invalid_token", error_description="MFA required"`)
		default:
			challenges = append(challenges, challenge.Bearer(
				fmt.Sprintf(`authorization_uri="%s/common/oauth2/authorize"`, authority), f, authority+"/v1"))
		}
	}
	c.Header()["Www-Authenticate"] = append(challenges, "OAuth realm=urn:cpsvc:cpid:"+c.RequestID)
}
