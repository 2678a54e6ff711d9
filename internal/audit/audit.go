// Package audit holds who acts and what was done: the caller that every
// writing method takes, the events it leaves behind, and the attempts that
// failed, each under a reference that people can read aloud.
package audit

import (
	"context"
	"slices"
	"time"

	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
)

// Caller is a proved identity on whose word an operation happens: the verified
// bearer of an API call, or the person of a finished sign-in.
type Caller struct {
	// Tenant is where the token is valid, Home where the person's account
	// lives. They differ for a partner's person in a customer's tenant.
	Tenant, Home id.Tenant
	// Account is the person's id in Tenant; empty for an application alone. For a
	// partner's person in a customer's tenant it is not the id at home.
	Account id.Object
	// SignInName is shown in audit records.
	SignInName string
	// App is the application that holds the token; Principal its service
	// principal in Tenant.
	App       id.App
	Principal id.Object
	// AppOnly is true when no person stands behind the call.
	AppOnly bool
	// Scopes are delegated permissions, Roles application permissions; both in
	// the short names of one resource.
	Scopes, Roles []string
	// DirectoryRoles are role template ids held in Tenant (the wids claim).
	DirectoryRoles []string
	// Audience is what the token was made for, as it stands in it, and TokenID
	// its own id (the uti claim).
	Audience, TokenID string
	// Expires is when the token ends.
	Expires time.Time
	// Methods are the authentication methods of the session (the amr claim).
	Methods []string
}

// HasMFA reports whether a real second factor stands behind the call.
func (c Caller) HasMFA() bool { return slices.Contains(c.Methods, "mfa") }

// May reports whether the token carries one of the permissions: as a scope
// when a person stands behind it, as a role when an application acts alone.
func (c Caller) May(permissions ...string) bool {
	held := c.Scopes
	if c.AppOnly {
		held = c.Roles
	}
	return slices.ContainsFunc(permissions, func(p string) bool { return slices.Contains(held, p) })
}

// HoldsRole reports whether the caller holds one of the directory roles.
func (c Caller) HoldsRole(templates ...string) bool {
	return slices.ContainsFunc(templates, func(t string) bool { return slices.Contains(c.DirectoryRoles, t) })
}

// Event is something that was done. Rooms write it in the same transaction as
// the deed.
type Event struct {
	ID string
	At time.Time
	// Tenant is whose record this is; Target the tenant that was acted upon,
	// when it is another one. Both sides can read the event.
	Tenant, Target id.Tenant
	Account        id.Object
	SignInName     string
	App            id.App
	// Verb and Object say what was done to what, such as "consent.give".
	Verb, Object string
	// Facts are further details, nothing secret.
	Facts map[string]string
}

// Attempt is a request that failed, kept so that its reference can be
// explained later (experience.md 2.9).
type Attempt struct {
	Reference string
	At        time.Time
	// Tenant is the organisation it was made at, if known; Home the person's.
	Tenant, Home id.Tenant
	Account      id.Object
	// Address is what the person typed, or the sign-in name proved.
	Address string
	App     id.App
	AppName string
	// Step is where it happened, such as "authorize" or "token".
	Step string
	Code fault.Code
	// Facts are those of the fault.
	Facts map[string]string
	// CorrelationID ties the requests of one client together; TraceID is this
	// request alone.
	CorrelationID, TraceID string
	// Checks are the steps that passed before this one failed.
	Checks []string
	// Browser is the browser's family, nothing finer; Language what the page
	// spoke.
	Browser, Language string
	// Scope, Resource and Version are what the application asked for.
	Scope, Resource string
	Version         int
}

// SignIn is one that succeeded: a person has proved who they are to an
// application.
type SignIn struct {
	ID string
	At time.Time
	// Tenant is the organisation of the person.
	Tenant     id.Tenant
	Account    id.Object
	SignInName string
	// Name is what the person was called then.
	Name    string
	App     id.App
	AppName string
	// CorrelationID ties the requests of one client together.
	CorrelationID string
	// Methods are how it was proved, as in the amr claim.
	Methods []string
	// Browser is the browser's family, nothing finer.
	Browser string
}

// SignInsKept is how long successful sign-ins are kept: as long as references
// can be asked for (experience.md 2.9).
const SignInsKept = 90 * 24 * time.Hour

// Store keeps attempts and events.
type Store interface {
	// AddAttempt keeps an attempt; it is durable before it is shown.
	AddAttempt(ctx context.Context, a Attempt) error
	// FindAttempt finds an attempt by reference, trace id or correlation id,
	// or fails with ReferenceUnknown.
	FindAttempt(ctx context.Context, reference string) (Attempt, error)
	// Attempts lists what failed in a tenant, newest first.
	Attempts(ctx context.Context, tenant id.Tenant, limit int) ([]Attempt, error)
	// SignIns lists the sign-ins of a tenant's people, newest first.
	SignIns(ctx context.Context, tenant id.Tenant, limit int) ([]SignIn, error)
	// Events lists what was done in a tenant, newest first.
	Events(ctx context.Context, tenant id.Tenant, limit int) ([]Event, error)
}
