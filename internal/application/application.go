// Package application holds registrations of applications, the service
// principals they have in each organisation, their credentials, and the proof
// that a client is the one it says it is.
package application

import (
	"context"
	"time"

	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/fresh"
	"github.com/entente-id/entente/internal/id"
)

// Application is one registration. Its App id is the client_id; its
// identifiers are the names under which tokens can be asked for it.
type Application struct {
	App id.App
	// Tenant owns the registration; ID is its object id there.
	Tenant    id.Tenant
	ID        id.Object
	Name      string
	Publisher string
	// PublisherDomain is shown on the consent page, with Verified.
	PublisherDomain string
	Verified        bool
	// Purpose completes "so that {name} can …" on the consent page.
	Purpose   string
	Audience  Audience
	Redirects []Redirect
	// Public clients hold no credential.
	Public bool
	// HybridIDTokens allows id_token in the front channel.
	HybridIDTokens bool
	Identifiers    []string
	// Scopes are delegated permissions it offers, Roles those for
	// applications acting alone.
	Scopes, Roles []Permission
	Required      []Required
	// TokenVersion is the dialect of access tokens for this resource: 1 or 2.
	TokenVersion int
	// FastTokens: access tokens for this resource are signed with ES256,
	// because only our own APIs look inside (DESIGN 4.7).
	FastTokens bool
	Refresh    RefreshClass
	// HomeURL is where a person goes to begin, an absolute address; empty when
	// the app names none. Mails lead there, because a stored request is stale.
	HomeURL string
	// ReconfirmDays is after how many days a consent is asked again at the next
	// sign-in; 0 means never.
	ReconfirmDays int
	// FrontLogout and BackLogout are told when a person's session ends: the
	// first by the browser, the second by us (frontchannel_logout_uri,
	// backchannel_logout_uri); "" for neither.
	FrontLogout, BackLogout string
	// NamesIssuer: answers to its redirect addresses carry iss (RFC 9207).
	NamesIssuer bool
	// RequirePushed: authorize requests have to be pushed first (RFC 9126 6).
	RequirePushed bool
	// StrictMicrosoft: what the Microsoft platform refuses is refused for this
	// app too, such as the resource parameter on v2 (DESIGN 4.13).
	StrictMicrosoft bool
	// OneTimeAssertions refuses a client assertion that was used before.
	OneTimeAssertions bool
	// FirstParty apps belong to the platform and need no consent.
	FirstParty bool
	Disabled   bool
	// Document is the address at which the application describes itself, and
	// ReadAt when it was read; empty for a registration.
	Document string
	ReadAt   time.Time
}

// Audience is who can sign in to an application.
type Audience string

// The values of signInAudience (identity-platform.md 6.1).
const (
	OneTenant    Audience = "AzureADMyOrg"
	AnyTenant    Audience = "AzureADMultipleOrgs"
	AnyAccount   Audience = "AzureADandPersonalMicrosoftAccount"
	OnlyPersonal Audience = "PersonalMicrosoftAccount"
)

// AdmitsPersonal reports whether personal accounts can sign in.
func (a Audience) AdmitsPersonal() bool { return a == AnyAccount || a == OnlyPersonal }

// AdmitsWork reports whether work accounts can sign in.
func (a Audience) AdmitsWork() bool { return a != OnlyPersonal }

// RefreshClass is how refresh tokens of an app rotate
// (security-and-reliability.md 5.3). Empty means: strict for public clients,
// overlap for confidential ones.
type RefreshClass string

// The classes.
const (
	Strict  RefreshClass = "strict"
	Keyed   RefreshClass = "keyed"
	Overlap RefreshClass = "overlap"
)

// RefreshClass of an app, with the default for its kind.
func (a Application) RefreshClass() RefreshClass {
	if a.Refresh != "" {
		return a.Refresh
	}
	if a.Public {
		return Strict
	}
	return Overlap
}

// Permission is something an API lets others do.
type Permission struct {
	ID   string
	Name string
	// Admin permissions can be allowed by admins only.
	Admin bool
}

// Required is what an application asks of one resource without naming it in
// each request (requiredResourceAccess).
type Required struct {
	Resource id.App
	Scopes   []string
	Roles    []string
}

// Scope gives a delegated permission by name, in any letter case.
func (a Application) Scope(name string) (Permission, bool) { return named(a.Scopes, name) }

// Role gives an application permission by name, in any letter case.
func (a Application) Role(name string) (Permission, bool) { return named(a.Roles, name) }

// Principal is an application's representative in one organisation. It appears
// there by consent.
type Principal struct {
	Tenant   id.Tenant
	ID       id.Object
	App      id.App
	Disabled bool
	// AssignmentRequired: the organisation opens the app only to people it has
	// chosen.
	AssignmentRequired bool
	Created            time.Time
}

// Store keeps registrations.
type Store interface {
	// Application finds a registration with its credentials, or fails with
	// AppUnknown.
	Application(ctx context.Context, app id.App) (Application, []Credential, error)
	// ApplicationIdentified finds the owner of an identifier, or fails with
	// ResourceUnknown.
	ApplicationIdentified(ctx context.Context, identifier string) (id.App, error)
	// Principal finds an app's service principal in a tenant, or fails with
	// AppNotInTenant.
	Principal(ctx context.Context, tenant id.Tenant, app id.App) (Principal, error)
	// SaveApplication creates or replaces a registration and its credentials.
	SaveApplication(ctx context.Context, a Application, credentials []Credential) error
	// ApplicationsOf lists a tenant's registrations in the order of their ids.
	ApplicationsOf(ctx context.Context, tenant id.Tenant, limit int) ([]Owned, error)
	// RegisterApplication creates a registration with its principal at home,
	// and writes the event with them.
	RegisterApplication(ctx context.Context, a Application, p Principal, e audit.Event) error
	// DeclareApplication creates a registration without credentials, with its
	// principal, or replaces all of it but the credentials, and writes the
	// event. It fails with ReferenceExists when another application has one of
	// the identifiers.
	DeclareApplication(ctx context.Context, a Application, p Principal, e audit.Event) error
	// ChangeCredentials replaces the credentials of a tenant's registration by
	// what is made of those it has at that moment, one change after the other,
	// and writes the event. It fails with AppUnknown.
	ChangeCredentials(ctx context.Context, tenant id.Tenant, app id.App, to func([]Credential) ([]Credential, error), e audit.Event) error
	// DeleteApplication deletes a tenant's registration and its principals
	// everywhere, or fails with AppUnknown.
	DeleteApplication(ctx context.Context, tenant id.Tenant, app id.App, e audit.Event) error
	// ChangeApplication alters a tenant's registration as it is at that moment
	// and writes the event, or fails with AppUnknown. Nothing is written when
	// change fails.
	ChangeApplication(ctx context.Context, tenant id.Tenant, app id.App, change func(*Application) error, e audit.Event) error
	// Principals lists a tenant's service principals in the order of their ids,
	// after the given one, at most limit.
	Principals(ctx context.Context, tenant id.Tenant, after id.Object, limit int) ([]Principal, error)
	// PrincipalByID finds a service principal, or fails with ObjectUnknown.
	PrincipalByID(ctx context.Context, tenant id.Tenant, principal id.Object) (Principal, error)
	// AddPrincipal creates a service principal with its event; false when the
	// app has one.
	AddPrincipal(ctx context.Context, p Principal, e audit.Event) (bool, error)
	// ChangePrincipal saves whether a principal is disabled and open to assigned
	// people alone, or fails with ObjectUnknown.
	ChangePrincipal(ctx context.Context, p Principal, e audit.Event) error
	// RemovePrincipal deletes a principal with all that it was allowed, or fails
	// with ObjectUnknown.
	RemovePrincipal(ctx context.Context, p Principal, e audit.Event) error
	// SavePrincipal creates a service principal unless it is there already,
	// and returns the one that is.
	SavePrincipal(ctx context.Context, p Principal) (Principal, error)
	// RequireAssignment opens an app in a tenant to assigned people alone, or to
	// everybody, or fails with AppNotInTenant.
	RequireAssignment(ctx context.Context, tenant id.Tenant, app id.App, required bool, e audit.Event) error
	// AddAssignment opens an app to a person; Assigned says whether it is.
	AddAssignment(ctx context.Context, tenant id.Tenant, app id.App, account id.Object, e audit.Event) error
	Assigned(ctx context.Context, tenant id.Tenant, app id.App, account id.Object) (bool, error)
	// SpendAssertion remembers a client assertion's id until it expires, and
	// fails with AssertionInvalid when it was there before.
	SpendAssertion(ctx context.Context, app id.App, jti string, until time.Time) error
}

// Registry is the room: which applications there are.
type Registry struct {
	store      Store
	source     id.Source
	known      *fresh.Cache[known]
	names      *fresh.Cache[id.App]
	principals *fresh.Cache[Principal]
	issuers    Issuers
	documents  Documents
	// described are documents that were read a moment ago.
	described *fresh.Cache[answered]
}

type known struct {
	app         Application
	credentials []Credential
}

// maxAge bounds how long another node's change to an app can stay unseen.
const maxAge = 2 * time.Second

// NewRegistry opens the room.
func NewRegistry(store Store, source id.Source) *Registry {
	return &Registry{
		store:      store,
		source:     source,
		known:      fresh.New[known](source.Now, maxAge, 10_000),
		names:      fresh.New[id.App](source.Now, maxAge, 10_000),
		principals: fresh.New[Principal](source.Now, maxAge, 100_000),
		described:  fresh.New[answered](source.Now, documentRest, maxRefused),
	}
}

// Find gives a registration by its client id.
func (r *Registry) Find(ctx context.Context, app id.App) (Application, error) {
	k, err := r.find(ctx, app)
	return k.app, err
}

func (r *Registry) find(ctx context.Context, app id.App) (known, error) {
	return r.known.Get(ctx, string(app), func(ctx context.Context) (known, error) {
		a, c, err := r.store.Application(ctx, app)
		return known{a, c}, err
	})
}

// Identified gives the resource that a name stands for: an identifier URI,
// exactly as registered, or a client id.
func (r *Registry) Identified(ctx context.Context, name string) (Application, error) {
	if id.IsGUID(name) {
		a, err := r.Find(ctx, id.App(lower(name)))
		if fault.Has(err, fault.AppUnknown) {
			return a, fault.New(fault.ResourceUnknown, "resource", name)
		}
		return a, err
	}
	app, err := r.names.Get(ctx, name, func(ctx context.Context) (id.App, error) {
		return r.store.ApplicationIdentified(ctx, name)
	})
	if err != nil {
		return Application{}, err
	}
	return r.Find(ctx, app)
}

// Principal gives an application's representative in an organisation.
func (r *Registry) Principal(ctx context.Context, tenant id.Tenant, app id.App) (Principal, error) {
	return r.principals.Get(ctx, string(tenant)+"/"+string(app), func(ctx context.Context) (Principal, error) {
		return r.store.Principal(ctx, tenant, app)
	})
}

// Enrol gives an application a representative in an organisation, or finds
// the one it has.
func (r *Registry) Enrol(ctx context.Context, tenant id.Tenant, app id.App) (Principal, error) {
	defer r.principals.Forget()
	return r.store.SavePrincipal(ctx, Principal{
		Tenant: tenant, ID: id.Object(r.source.NewGUID()), App: app, Created: r.source.Now(),
	})
}

// Save creates or replaces a registration and its credentials.
func (r *Registry) Save(ctx context.Context, a Application, credentials []Credential) error {
	for _, redirect := range a.Redirects {
		if err := redirect.check(); err != nil {
			return err
		}
	}
	if a.HomeURL != "" {
		if err := (Redirect{URI: a.HomeURL, Platform: Web}).check(); err != nil {
			return err
		}
	}
	if err := a.checkLogout(); err != nil {
		return err
	}
	defer r.known.Forget()
	defer r.names.Forget()
	return r.store.SaveApplication(ctx, a, credentials)
}
