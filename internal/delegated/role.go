package delegated

import (
	"context"
	"slices"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
)

// The roles that the deeds ask for; one of them is enough.
var (
	// Readers may see a customer's people.
	Readers = []string{
		account.GlobalAdministrator, account.GlobalReader, account.UserAdministrator, account.HelpdeskAdministrator,
		account.DirectoryReaders, account.DirectoryWriters, account.PrivilegedRoleAdmin, account.PrivilegedAuthentication, account.LicenseAdministrator,
	}
	// Writers may make, change and delete them.
	Writers = []string{account.GlobalAdministrator, account.UserAdministrator}
	// RoleGivers may give and take directory roles.
	RoleGivers = []string{account.GlobalAdministrator, account.PrivilegedRoleAdmin}
	// Licensers may assign licences.
	Licensers = []string{account.GlobalAdministrator, account.UserAdministrator, account.LicenseAdministrator}
	// Consenters may let apps in (secure-application-model.md 3.1).
	Consenters = []string{account.GlobalAdministrator, account.ApplicationAdministrator, account.CloudAppAdministrator}
)

// Roles lists the directory roles of a customer's organisation.
func (w *Work) Roles(ctx context.Context, caller audit.Caller, at id.Tenant) ([]account.DirectoryRole, error) {
	if err := w.Right(ctx, caller, at, Readers...); err != nil {
		return nil, err
	}
	return account.DirectoryRoles(), nil
}

// RolesOf lists the directory roles of one person. It fails with
// MemberUnknown.
func (w *Work) RolesOf(ctx context.Context, caller audit.Caller, at id.Tenant, person id.Object) ([]account.DirectoryRole, error) {
	a, err := w.Member(ctx, caller, at, person)
	if err != nil {
		return nil, err
	}
	var held []account.DirectoryRole
	for _, r := range account.DirectoryRoles() {
		if a.Holds(r.Template) {
			held = append(held, r)
		}
	}
	return held, nil
}

// RoleMembers lists the people who hold a role, in the order of their ids. It
// fails with ObjectUnknown for a role that there is not.
func (w *Work) RoleMembers(ctx context.Context, caller audit.Caller, at id.Tenant, role string) ([]account.Account, error) {
	if err := w.Right(ctx, caller, at, Readers...); err != nil {
		return nil, err
	}
	if err := known(role); err != nil {
		return nil, err
	}
	var members []account.Account
	var after id.Object
	for {
		page, err := w.rooms.People.List(ctx, at, after, MaxPage)
		if err != nil {
			return nil, err
		}
		for _, a := range page {
			if a.Holds(role) {
				members = append(members, a)
			}
			after = a.ID
		}
		if len(page) < MaxPage {
			return members, nil
		}
	}
}

// GiveRole gives a person a directory role; who holds it already keeps it. It
// fails with ObjectUnknown for a role and MemberUnknown for a person that there
// is not.
func (w *Work) GiveRole(ctx context.Context, caller audit.Caller, at id.Tenant, role string, person id.Object) (account.Account, error) {
	return w.changeRole(ctx, caller, at, role, person, "role-member.add", func(a *account.Account) error {
		if !a.Holds(role) {
			a.Roles = append(a.Roles, role)
		}
		return nil
	})
}

// TakeRole takes a directory role from a person. It fails with MemberUnknown
// for somebody who does not hold it.
func (w *Work) TakeRole(ctx context.Context, caller audit.Caller, at id.Tenant, role string, person id.Object) error {
	_, err := w.changeRole(ctx, caller, at, role, person, "role-member.remove", func(a *account.Account) error {
		if !a.Holds(role) {
			return fault.New(fault.MemberUnknown)
		}
		a.Roles = slices.DeleteFunc(slices.Clone(a.Roles), func(r string) bool { return r == role })
		return nil
	})
	return err
}

func (w *Work) changeRole(ctx context.Context, caller audit.Caller, at id.Tenant, role string, person id.Object, verb string, change func(*account.Account) error) (account.Account, error) {
	var after account.Account
	by, err := w.right(ctx, caller, at, RoleGivers...)
	if err != nil {
		return after, err
	}
	if err := known(role); err != nil {
		return after, err
	}
	// Whoever may not become a Global Administrator must not make one either,
	// nor unmake one (R165).
	if role == account.GlobalAdministrator && !by.Holds(account.GlobalAdministrator) {
		return after, fault.New(fault.RoleMissing, "role", "Global Administrator")
	}
	e := w.event(caller, at, verb, string(person), map[string]string{"role": role})
	err = w.store.AmendMember(ctx, at, person, func(a *account.Account) error {
		if err := change(a); err != nil {
			return err
		}
		after = *a
		return nil
	}, "", e)
	return after, member(err)
}

func known(role string) error {
	if r, ok := account.FindDirectoryRole(role); !ok || r.Template != role {
		return fault.New(fault.ObjectUnknown, "parameter", "directoryrole", "rule", "the template id of a directory role")
	}
	return nil
}
