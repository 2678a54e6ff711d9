package api

import (
	"fmt"
	"net/http"

	"github.com/entente-id/entente/internal/calls"
	"github.com/entente-id/entente/internal/challenge"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/tenant"
)

// rendering is how a fault looks to a program.
type rendering struct {
	status int
	// title is the same for every occurrence (RFC 9457 3.1.3).
	title string
}

// renderings are the faults that have words of their own here.
var renderings = map[fault.Code]rendering{
	fault.AccessTokenMissing:  {401, "An access token is needed."},
	fault.AccessTokenInvalid:  {401, "The access token does not hold."},
	fault.AccessTokenExpired:  {401, "The access token has expired."},
	fault.AccessTokenRevoked:  {401, "The access token was taken back: what it was made from does not stand any more."},
	fault.AudienceWrong:       {401, "The access token was made for another API; ask for api://entente/.default."},
	fault.AccountUnknown:      {401, "The account behind the token does not exist any more."},
	fault.AccountDisabled:     {401, "The account behind the token is switched off."},
	fault.AppOnlyRefused:      {403, "This API needs a person behind the token."},
	fault.MFARequiredByAPI:    {403, "The sign-in behind the token had no second factor; sign in again with one."},
	fault.PermissionMissing:   {403, "The token does not carry the permission for this."},
	fault.RoleMissing:         {403, "The person does not hold the role for this."},
	fault.ObjectUnknown:       {404, "There is no such thing here."},
	fault.PathUnknown:         {404, "There is no resource with this address."},
	fault.ReferenceUnknown:    {404, "This reference is not known."},
	fault.ChangedMeanwhile:    {409, "It was changed or decided meanwhile; read it again."},
	fault.AppBlocked:          {409, "The organisation has blocked the app."},
	fault.InputInvalid:        {400, "A member of the body is missing or not valid."},
	fault.PageInvalid:         {400, "There is no such page of the list."},
	fault.RequestMalformed:    {400, "The body is not understood."},
	fault.MethodUnsupported:   {405, "The resource does not support this method."},
	fault.BodyTooLarge:        {413, "The body is too large."},
	fault.EncodingUnsupported: {415, "The body has a media type that is not supported."},
	fault.Throttled:           {429, "Too many requests; wait, then try again."},
	fault.TooManyTries:        {429, "Too many requests; wait, then try again."},
	fault.RequestRepeated:     {429, "It was done a moment ago; wait, then try again."},
}

// byKind renders what no call of this API brings about, should it come here.
var byKind = map[fault.Kind]rendering{
	fault.Request:     {400, "The request is not understood."},
	fault.Client:      {401, "The application did not prove who it is."},
	fault.Grant:       {401, "A new sign-in is needed."},
	fault.Person:      {403, "The account cannot be used for this."},
	fault.Interaction: {401, "A person has to sign in again."},
	fault.Refused:     {403, "A rule stands against it."},
	fault.Absent:      {404, "There is no such thing here."},
	fault.Temporary:   {503, "The service is busy; try again."},
	fault.Internal:    {500, "Something broke on our side."},
}

// problem is a problem detail (RFC 9457), with what helps to put it right.
type problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail,omitempty"`
	// Reference names this occurrence; Code and Message are its rows of the
	// catalogue.
	Reference string   `json:"reference"`
	Code      string   `json:"code"`
	Message   string   `json:"message"`
	Fixer     string   `json:"fixer"`
	Actions   []string `json:"actions"`
}

// render gives the form of a fault, with the facts that tell what to change.
func render(f *fault.Fault) problem {
	entry := fault.Describe(f.Code)
	r, own := renderings[f.Code]
	if !own {
		r = byKind[entry.Kind]
	}
	p := problem{
		Title: r.title, Status: r.status, Code: fmt.Sprintf("AADSTS%d", entry.Code), Message: entry.Message,
		Fixer: string(entry.Fixer), Actions: []string{},
	}
	for _, remedy := range entry.Next {
		p.Actions = append(p.Actions, string(remedy))
	}
	for _, fact := range []struct{ name, says string }{
		{"parameter", "Parameter: %s."}, {"rule", "Expected: %s."}, {"role", "Role: %s."}, {"permission", "Permission: %s."}, {"state", "It is now: %s."},
	} {
		if value := f.Facts[fact.name]; value != "" {
			if p.Detail != "" {
				p.Detail += " "
			}
			p.Detail += fmt.Sprintf(fact.says, tenant.Shorten(value))
		}
	}
	return p
}

// refuse is the one way for errors to leave: it keeps the attempt, so that its
// reference can be explained later, and answers.
func (e *edge) refuse(c *call, err error) {
	f := fault.Of(err)
	p := render(f)
	a := calls.By(c.caller, "api")
	a.CorrelationID, a.TraceID, a.Checks = c.correlationID, c.requestID, c.passed
	kept := e.Failures.Keep(c.r.Context(), c.w.Header(), err, a)
	p.Type, p.Reference = e.Origin+"/error?code="+p.Code, kept.Reference
	if p.Status == http.StatusUnauthorized {
		c.w.Header().Set("WWW-Authenticate", challenge.Bearer("", f, e.Origin+"/api/v1"))
	}
	calls.RetryAfter(c.w.Header(), p.Status, f)
	if err := calls.Write(c.w, p.Status, "application/problem+json", p); err != nil {
		e.Failures.Log.ErrorContext(c.r.Context(), "write a problem", "request", c.requestID, "error", err)
	}
}
