package application

import (
	"context"
	"strings"

	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
)

// Principals lists an organisation's service principals after the given id.
func (r *Registry) Principals(ctx context.Context, t id.Tenant, after id.Object, limit int) ([]Principal, error) {
	return r.store.Principals(ctx, t, after, limit)
}

// PrincipalByID gives a service principal, or fails with ObjectUnknown.
func (r *Registry) PrincipalByID(ctx context.Context, t id.Tenant, principal id.Object) (Principal, error) {
	return r.store.PrincipalByID(ctx, t, principal)
}

// Introduce makes the service principal of an app in the caller's organisation.
// An app of one tenant alone is unknown to the others. Whether the caller may is
// for the edge to ask. It fails with AppUnknown, or ObjectExists when there is
// one.
func (r *Registry) Introduce(ctx context.Context, by audit.Caller, app id.App) (Principal, error) {
	a, err := r.Find(ctx, app)
	if err != nil {
		return Principal{}, err
	}
	if a.Tenant != by.Tenant && (a.Audience == OneTenant || a.Audience == OnlyPersonal) {
		return Principal{}, unknown(app)
	}
	defer r.principals.Forget()
	p := Principal{Tenant: by.Tenant, ID: id.Object(r.source.NewGUID()), App: app, Created: r.source.Now()}
	added, err := r.store.AddPrincipal(ctx, p, r.event(by, "principal.add", app))
	if err == nil && !added {
		return Principal{}, fault.New(fault.ObjectExists, "parameter", "appId")
	}
	return p, err
}

// ChangePrincipal says whether a service principal works, and whether it is
// open to assigned people alone. It fails with ObjectUnknown.
func (r *Registry) ChangePrincipal(ctx context.Context, by audit.Caller, principal id.Object, change func(*Principal)) error {
	p, err := r.store.PrincipalByID(ctx, by.Tenant, principal)
	if err != nil {
		return err
	}
	app := p.App
	change(&p)
	defer r.principals.Forget()
	return r.store.ChangePrincipal(ctx, p, r.event(by, "principal.change", app))
}

// Dismiss takes a service principal out of the caller's organisation, with all
// that the app was allowed there. It fails with ObjectUnknown.
func (r *Registry) Dismiss(ctx context.Context, by audit.Caller, principal id.Object) error {
	p, err := r.store.PrincipalByID(ctx, by.Tenant, principal)
	if err != nil {
		return err
	}
	defer r.principals.Forget()
	return r.store.RemovePrincipal(ctx, p, r.event(by, "principal.remove", p.App))
}

// Create makes a registration of the caller's organisation, as far as the given
// one says: its name, audience, redirects, and whether it is public. Whether the
// caller may is for the edge to ask. It fails with InputInvalid.
func (r *Registry) Create(ctx context.Context, by audit.Caller, a Application) (Application, error) {
	a.App, a.Tenant, a.ID, a.TokenVersion = id.App(r.source.NewGUID()), by.Tenant, id.Object(r.source.NewGUID()), 1
	if a.Audience == "" {
		a.Audience = OneTenant
	}
	if err := a.checkOwned(); err != nil {
		return Application{}, err
	}
	have, err := r.store.ApplicationsOf(ctx, by.Tenant, MaxOwned)
	if err != nil {
		return Application{}, err
	}
	if len(have) == MaxOwned {
		return Application{}, invalid("count", "at most 200 applications of one organisation")
	}
	e := r.event(by, "app.register", a.App)
	e.Facts = map[string]string{"name": a.Name}
	p := Principal{Tenant: by.Tenant, ID: id.Object(r.source.NewGUID()), App: a.App, Created: r.source.Now()}
	defer r.known.Forget()
	return a, r.store.RegisterApplication(ctx, a, p, e)
}

// Change alters a registration of the caller's organisation. It fails with
// AppUnknown or InputInvalid.
func (r *Registry) Change(ctx context.Context, by audit.Caller, app id.App, change func(*Application)) error {
	defer r.known.Forget()
	return r.store.ChangeApplication(ctx, by.Tenant, app, func(a *Application) error {
		change(a)
		return a.checkOwned()
	}, r.event(by, "app.change", app))
}

// maxRedirects bounds the redirects of one registration.
const maxRedirects = 256

// checkOwned holds what an organisation may say about its registration.
func (a *Application) checkOwned() error {
	a.Name = strings.TrimSpace(a.Name)
	if !isName(a.Name) {
		return invalid("displayName", "1 to 100 characters")
	}
	switch a.Audience {
	case OneTenant, AnyTenant, AnyAccount:
	default:
		return invalid("signInAudience", "AzureADMyOrg, AzureADMultipleOrgs or AzureADandPersonalMicrosoftAccount")
	}
	if len(a.Redirects) > maxRedirects {
		return invalid("redirectUris", "at most 256 addresses")
	}
	for _, redirect := range a.Redirects {
		if redirect.check() != nil {
			return invalid("redirectUris", "https, or http on localhost, at most 256 characters")
		}
	}
	return nil
}
