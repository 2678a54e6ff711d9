package consent

import (
	"context"
	"slices"
	"strings"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
)

// AppRole is one permission that a client holds alone at a resource.
type AppRole struct {
	Client, Resource id.App
	// Name is the permission's, in the resource's spelling.
	Name string
}

// mayAdministrate lets those who may allow an app for everyone, at home or by
// delegation, and an application alone that its permission let in.
func mayAdministrate(by audit.Caller) error {
	return account.MayAct(by, account.PrivilegedRoleAdmin, account.ApplicationAdministrator, account.CloudAppAdministrator)
}

// Allow gives an app delegated permissions at a resource, for one person or with
// an empty account for everyone, on an administrator's word. It fails with
// ObjectExists when the app was allowed something there for the same people,
// InputInvalid for a permission that the resource does not offer, RoleMissing,
// or AppBlocked.
func (l *Ledger) Allow(ctx context.Context, by audit.Caller, client id.App, resource application.Application, person id.Object, scopes []string) error {
	if err := mayAdministrate(by); err != nil {
		return err
	}
	names, err := offered(resource.Scopes, scopes)
	if err != nil {
		return err
	}
	have, err := l.find(ctx, by.Tenant, client, resource.App, person)
	if err != nil {
		return err
	}
	if len(have) > 0 {
		return fault.New(fault.ObjectExists, "rule", "a change of the entry; Permission entry already exists")
	}
	return l.give(ctx, by, client, []Asked{{Resource: resource, Scopes: names}}, person)
}

// Replace sets which permissions an app has at a resource for one person or for
// everyone; none of them takes the entry away. It fails with ObjectUnknown when
// there is no entry, and like Allow.
func (l *Ledger) Replace(ctx context.Context, by audit.Caller, client id.App, resource application.Application, person id.Object, scopes []string) error {
	if err := mayAdministrate(by); err != nil {
		return err
	}
	names, err := offered(resource.Scopes, scopes)
	if err != nil && len(scopes) > 0 {
		return err
	}
	defer l.grants.Forget()
	e := account.Event(l.source, by, "consent.replace", string(client))
	e.Facts = map[string]string{"permissions": string(resource.App) + ": " + strings.Join(names, " "), "for": "everyone"}
	if person != "" {
		e.Facts["for"] = string(person)
	}
	return l.store.SetGrant(ctx, Grant{
		Tenant: by.Tenant, Client: client, Resource: resource.App, Account: person, Scopes: names, Given: l.source.Now(),
	}, e)
}

// find gives what a client was allowed at a resource for exactly these people.
func (l *Ledger) find(ctx context.Context, t id.Tenant, client, resource id.App, person id.Object) ([]Grant, error) {
	list, err := l.store.GrantsTo(ctx, t, person)
	return slices.DeleteFunc(list, func(g Grant) bool { return g.Client != client || g.Resource != resource || g.Account != person }), err
}

// offered reads permissions by name, each once, in the resource's spelling.
func offered(list []application.Permission, names []string) ([]string, error) {
	var found []string
	for _, name := range names {
		i := slices.IndexFunc(list, func(p application.Permission) bool { return strings.EqualFold(p.Name, name) })
		if i < 0 {
			return nil, fault.New(fault.InputInvalid, "parameter", "scope", "rule", "permissions that the resource offers")
		}
		if !slices.Contains(found, list[i].Name) {
			found = append(found, list[i].Name)
		}
	}
	if len(found) == 0 {
		return nil, fault.New(fault.InputInvalid, "parameter", "scope", "rule", "at least one permission")
	}
	return found, nil
}

// AppRolesIn lists what clients hold alone in an organisation: all, or those of
// one client or at one resource.
func (l *Ledger) AppRolesIn(ctx context.Context, t id.Tenant, client, resource id.App) ([]AppRole, error) {
	return l.store.AppRolesIn(ctx, t, client, resource)
}

// GiveAppRole lets a client act alone at a resource, on an administrator's word;
// for the directory itself that of a Global or Privileged Role Administrator
// (identity-platform.md 6.2). It fails with RoleMissing, ObjectExists, or
// InputInvalid for a permission that the resource does not offer.
func (l *Ledger) GiveAppRole(ctx context.Context, by audit.Caller, client id.App, resource application.Application, permission string) (AppRole, error) {
	if err := mayGiveRole(by, resource.App); err != nil {
		return AppRole{}, err
	}
	i := slices.IndexFunc(resource.Roles, func(p application.Permission) bool { return strings.EqualFold(p.ID, permission) })
	if i < 0 {
		return AppRole{}, fault.New(fault.InputInvalid, "parameter", "appRoleId", "rule", "the id of a permission for applications that the resource offers")
	}
	role := AppRole{client, resource.App, resource.Roles[i].Name}
	have, err := l.store.AppRoles(ctx, by.Tenant, client, resource.App)
	if err != nil {
		return role, err
	}
	if slices.Contains(have, role.Name) {
		return role, fault.New(fault.ObjectExists, "parameter", "appRoleId", "rule", "a permission that is not given yet; Permission being assigned already exists on the object")
	}
	defer l.roles.Forget()
	e := account.Event(l.source, by, "consent.app-roles", string(client))
	e.Facts = map[string]string{"resource": string(resource.App), "roles": role.Name}
	return role, l.store.AddAppRoles(ctx, by.Tenant, client, resource.App, []string{role.Name}, e)
}

// TakeAppRole takes one back. It fails with RoleMissing or ObjectUnknown.
func (l *Ledger) TakeAppRole(ctx context.Context, by audit.Caller, role AppRole) error {
	if err := mayGiveRole(by, role.Resource); err != nil {
		return err
	}
	defer l.roles.Forget()
	e := account.Event(l.source, by, "consent.app-role.remove", string(role.Client))
	e.Facts = map[string]string{"resource": string(role.Resource), "roles": role.Name}
	return l.store.RemoveAppRole(ctx, by.Tenant, role, e)
}

func mayGiveRole(by audit.Caller, resource id.App) error {
	if resource == application.GraphApp {
		return account.MayAct(by, account.PrivilegedRoleAdmin)
	}
	return mayAdministrate(by)
}
