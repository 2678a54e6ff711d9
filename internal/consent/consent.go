// Package consent holds who allowed which application what: for themselves, or
// for everyone in the organisation.
package consent

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/fresh"
	"github.com/entente-id/entente/internal/id"
)

// Grant is what a person, or an organisation for everyone in it, allowed one
// application to do at one API.
type Grant struct {
	Tenant           id.Tenant
	Client, Resource id.App
	// Account is who it holds for; empty means everyone in the tenant.
	Account id.Object
	Scopes  []string
	// Given is when, zero for a day that nobody wrote down. What was allowed
	// at several times is several grants.
	Given time.Time
	// Version names the language and version of the words that were shown.
	Version string
}

// Store keeps grants.
type Store interface {
	// Grants lists what is allowed to a client in a tenant, for everyone and
	// for one person, at every API; nothing where the client's principal is
	// disabled.
	Grants(ctx context.Context, tenant id.Tenant, client id.App, account id.Object) ([]Grant, error)
	// GrantsTo lists what one person, and everyone, allowed to any client.
	GrantsTo(ctx context.Context, tenant id.Tenant, account id.Object) ([]Grant, error)
	// GrantsIn lists what holds in a tenant in the order of client, account
	// and resource: of the clients after the given one, at most limit clients.
	GrantsIn(ctx context.Context, tenant id.Tenant, after id.App, limit int) ([]Grant, error)
	// AddGrants widens grants, creates the service principals of the client
	// and of the resources in the tenant where they are missing, and writes
	// the event, all in one transaction.
	AddGrants(ctx context.Context, grants []Grant, principals []application.Principal, e audit.Event) error
	// AddNewGrants is AddGrants for a client that was allowed nothing for
	// everyone at these resources before, or fails with GrantExists.
	AddNewGrants(ctx context.Context, grants []Grant, principals []application.Principal, e audit.Event) error
	// RemoveClient withdraws everything a client was allowed in a tenant, by
	// whomever, and its principal, unless that is disabled or needs
	// assignment. Where there is nothing to withdraw, no event is written.
	RemoveClient(ctx context.Context, tenant id.Tenant, client id.App, e audit.Event) error
	// RemoveGrants withdraws everything a client was allowed in a tenant, for
	// one person or (with an empty account) for everyone.
	RemoveGrants(ctx context.Context, tenant id.Tenant, client id.App, account id.Object, e audit.Event) error
	// SetGrant replaces what one client was allowed at one resource, for one
	// person or for everyone, and writes the event. Without scopes nothing is
	// left of it. It fails with ObjectUnknown when nothing was allowed.
	SetGrant(ctx context.Context, g Grant, e audit.Event) error
	// AppRolesIn lists what clients hold alone in a tenant, in the order of
	// client, resource and role: all, or those of one client or at one resource.
	AppRolesIn(ctx context.Context, tenant id.Tenant, client, resource id.App) ([]AppRole, error)
	// RemoveAppRole takes one back, or fails with ObjectUnknown.
	RemoveAppRole(ctx context.Context, tenant id.Tenant, r AppRole, e audit.Event) error
	// AppRoles lists the permissions that a client holds alone at a resource.
	AppRoles(ctx context.Context, tenant id.Tenant, client, resource id.App) ([]string, error)
	// AddAppRoles widens them.
	AddAppRoles(ctx context.Context, tenant id.Tenant, client, resource id.App, roles []string, e audit.Event) error
}

// Ledger is the room.
type Ledger struct {
	store  Store
	source id.Source
	grants *fresh.Cache[[]Grant]
	roles  *fresh.Cache[[]string]
	// settle hears of consents for everyone; nil where nobody waits for them.
	settle func(ctx context.Context, by audit.Caller, client id.App) error
}

// maxAge bounds how long another node's withdrawal can stay unseen.
const maxAge = time.Second

// NewLedger opens the room.
func NewLedger(store Store, source id.Source) *Ledger {
	return &Ledger{
		store: store, source: source,
		grants: fresh.New[[]Grant](source.Now, maxAge, 50_000),
		roles:  fresh.New[[]string](source.Now, maxAge, 50_000),
	}
}

// Allowed is what a client may do for one person.
type Allowed struct {
	// Known is true when the client has been allowed anything at all.
	Known bool
	// scopes by resource, in the resource's spelling.
	scopes map[id.App][]string
	grants []Grant
	now    time.Time
}

// At lists the permissions allowed at a resource.
func (a Allowed) At(resource id.App) []string { return a.scopes[resource] }

// confirmed parts what still holds at a sign-in from what has lapsed, because
// the app's consents are to be confirmed again after so many days.
func (a Allowed) confirmed(days int) (holds, lapsed Allowed) {
	if days <= 0 {
		return a, Allowed{}
	}
	var recent, old []Grant
	for _, g := range a.grants {
		if a.now.Sub(g.Given) > time.Duration(days)*24*time.Hour {
			old = append(old, g)
			continue
		}
		recent = append(recent, g)
	}
	return allowed(recent, a.now), allowed(old, a.now)
}

// Allowed reads what a client may do for a person in a tenant, as it is now.
func (l *Ledger) Allowed(ctx context.Context, t id.Tenant, client id.App, person id.Object) (Allowed, error) {
	list, err := l.store.Grants(ctx, t, client, person)
	return allowed(list, l.source.Now()), err
}

// Held lists what a person allowed for themselves and what holds for everyone
// in their organisation (with an empty Account), by client.
func (l *Ledger) Held(ctx context.Context, t id.Tenant, person id.Object) ([]Grant, error) {
	return l.store.GrantsTo(ctx, t, person)
}

// HeldIn lists what people of an organisation allowed, for its admins: of the
// clients after the given one, at most limit clients with all their grants.
func (l *Ledger) HeldIn(ctx context.Context, t id.Tenant, after id.App, limit int) ([]Grant, error) {
	return l.store.GrantsIn(ctx, t, after, limit)
}

// Covers says whether a client may have a token for a resource on behalf of a
// person, and with which permissions. A yes may be a second old; a no never
// is, because the person may have consented on another node just now.
func (l *Ledger) Covers(ctx context.Context, t id.Tenant, client application.Application, person id.Object, w application.WantedResource) ([]string, bool, error) {
	key := string(t) + "/" + string(client.App) + "/" + string(person)
	list, err := l.grants.Get(ctx, key, func(ctx context.Context) ([]Grant, error) {
		return l.store.Grants(ctx, t, client.App, person)
	})
	if err != nil {
		return nil, false, err
	}
	if scopes, ok := Cover(allowed(list, l.source.Now()), client, w); ok {
		return scopes, true, nil
	}
	now, err := l.Allowed(ctx, t, client.App, person)
	if err != nil {
		return nil, false, err
	}
	scopes, ok := Cover(now, client, w)
	return scopes, ok, nil
}

func allowed(list []Grant, now time.Time) Allowed {
	a := Allowed{Known: len(list) > 0, scopes: map[id.App][]string{}, grants: list, now: now}
	for _, g := range list {
		for _, s := range g.Scopes {
			if !slices.Contains(a.scopes[g.Resource], s) {
				a.scopes[g.Resource] = append(a.scopes[g.Resource], s)
			}
		}
	}
	return a
}

// Cover says whether what is allowed covers what is asked of one resource, and
// which permissions a token then carries.
func Cover(a Allowed, client application.Application, w application.WantedResource) ([]string, bool) {
	if client.FirstParty {
		if !w.Default {
			return w.Names, true
		}
		var all []string
		for _, s := range w.Resource.Scopes {
			all = append(all, s.Name)
		}
		return all, true
	}
	have := a.At(w.Resource.App)
	if w.Default {
		return have, len(have) > 0
	}
	for _, n := range w.Names {
		if !slices.Contains(have, n) {
			return nil, false
		}
	}
	return w.Names, true
}

// Asked is what a consent page asks: permissions by resource.
type Asked struct {
	Resource application.Application
	Scopes   []string
	// Version names the language and version of the words that the page shows.
	Version string
}

// Alone is what an application asks of one resource for itself, to act without
// a person. Only an admin can give it, for the whole organisation.
type Alone struct {
	Resource application.Application
	Roles    []string
}

// Missing lists what a person has to be asked for before a request can be
// met. Named permissions are asked one by one; a request for all (".default"
// or v1) asks the whole registered list of every resource, as the Microsoft
// platform does (identity-platform.md 6.2). A consent that is older than the
// app's ReconfirmDays is asked again; tokens out of it are refreshed meanwhile.
// It fails with PermissionUnlisted when all is asked of a resource that the
// application never registered for.
func Missing(a Allowed, client application.Application, w application.Wanted, static []Asked) ([]Asked, error) {
	if client.FirstParty {
		return nil, nil
	}
	a, lapsed := a.confirmed(client.ReconfirmDays)
	var missing []Asked
	add := func(ask Asked) {
		ask.Scopes = slices.DeleteFunc(slices.Clone(ask.Scopes), func(n string) bool {
			return slices.Contains(a.At(ask.Resource.App), n)
		})
		if len(ask.Scopes) > 0 && !slices.ContainsFunc(missing, func(m Asked) bool { return m.Resource.App == ask.Resource.App }) {
			missing = append(missing, ask)
		}
	}
	for _, r := range w.Resources {
		if _, covered := Cover(a, client, r); covered {
			continue
		}
		if !r.Default {
			add(Asked{Resource: r.Resource, Scopes: r.Names})
			continue
		}
		if again := lapsed.At(r.Resource.App); len(again) > 0 {
			add(Asked{Resource: r.Resource, Scopes: again})
			continue
		}
		if !slices.ContainsFunc(static, func(s Asked) bool { return s.Resource.App == r.Resource.App && len(s.Scopes) > 0 }) {
			return nil, fault.New(fault.PermissionUnlisted, "app", client.Name, "resource", r.Audience)
		}
		for _, s := range static {
			add(s)
		}
	}
	if len(w.Resources) == 0 && !a.Known {
		missing = append(missing, Asked{Resource: application.Application{App: application.GraphApp, Name: "Microsoft Graph"}, Scopes: openIDScopes(w)})
	}
	return missing, nil
}

// openIDScopes are kept with the directory's permissions, as the Microsoft
// platform does.
func openIDScopes(w application.Wanted) []string {
	names := []string{"openid"}
	if w.Profile {
		names = append(names, "profile")
	}
	if w.Email {
		names = append(names, "email")
	}
	if w.Offline {
		names = append(names, "offline_access")
	}
	return names
}

// Give records a person's consent, for themselves or for everyone in their
// organisation. It makes the service principals that are missing. It fails with
// AppBlocked where the organisation has blocked the app.
func (l *Ledger) Give(ctx context.Context, by audit.Caller, client id.App, asked []Asked, forAll bool) error {
	who := by.Account
	if forAll {
		who = ""
	}
	return l.give(ctx, by, client, asked, who)
}

// give records a consent for one person, or with an empty account for everyone.
func (l *Ledger) give(ctx context.Context, by audit.Caller, client id.App, asked []Asked, who id.Object) error {
	principals := []application.Principal{l.principal(by.Tenant, client)}
	grants := make([]Grant, 0, len(asked))
	var said []string
	for _, a := range asked {
		grants = append(grants, Grant{
			Tenant: by.Tenant, Client: client, Resource: a.Resource.App, Account: who, Scopes: a.Scopes,
			Given: l.source.Now(), Version: a.Version,
		})
		principals = append(principals, l.principal(by.Tenant, a.Resource.App))
		said = append(said, string(a.Resource.App)+": "+strings.Join(a.Scopes, " "))
	}
	defer l.grants.Forget()
	e := l.event(by, "consent.give", string(client))
	e.Facts = map[string]string{"permissions": strings.Join(said, "; "), "for": "self"}
	switch who {
	case "":
		e.Facts["for"] = "everyone"
	case by.Account:
	default:
		e.Facts["for"] = string(who)
	}
	if err := l.store.AddGrants(ctx, grants, principals, e); err != nil || who != "" || l.settle == nil {
		return err
	}
	if err := l.settle(ctx, by, client); err != nil {
		return fmt.Errorf("settle what waits for a consent: %w", err)
	}
	return nil
}

// Withdraw takes back all that a client was allowed, for the caller or for
// everyone. Access tokens that are out live on; the next refresh fails.
func (l *Ledger) Withdraw(ctx context.Context, by audit.Caller, client id.App, forAll bool) error {
	who := by.Account
	if forAll {
		who = ""
	}
	defer l.grants.Forget()
	return l.store.RemoveGrants(ctx, by.Tenant, client, who, l.event(by, "consent.withdraw", string(client)))
}

// AppRoles lists the permissions that a client holds alone at a resource.
func (l *Ledger) AppRoles(ctx context.Context, t id.Tenant, client, resource id.App) ([]string, error) {
	key := string(t) + "/" + string(client) + "/" + string(resource)
	return l.roles.Get(ctx, key, func(ctx context.Context) ([]string, error) {
		return l.store.AppRoles(ctx, t, client, resource)
	})
}

// GiveAppRoles lets a client act alone at a resource.
func (l *Ledger) GiveAppRoles(ctx context.Context, by audit.Caller, client, resource id.App, roles []string) error {
	defer l.roles.Forget()
	e := l.event(by, "consent.app-roles", string(client))
	e.Facts = map[string]string{"resource": string(resource), "roles": strings.Join(roles, " ")}
	return l.store.AddAppRoles(ctx, by.Tenant, client, resource, roles, e)
}

func (l *Ledger) principal(t id.Tenant, app id.App) application.Principal {
	return application.Principal{Tenant: t, ID: id.Object(l.source.NewGUID()), App: app, Created: l.source.Now()}
}

func (l *Ledger) event(by audit.Caller, verb, object string) audit.Event {
	return audit.Event{
		ID: l.source.NewGUID(), At: l.source.Now(), Tenant: by.Tenant, Account: by.Account,
		SignInName: by.SignInName, App: by.App, Verb: verb, Object: object,
	}
}
