package delegated

import (
	"context"
	"slices"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
)

// Role is a directory role, by its template id.
type Role struct{ ID, Name string }

// Directory role template ids that the rules of this room name.
const (
	directoryWriters    = "9360feb5-f418-4baa-8175-e2a00bac4301"
	licenseAdmin        = "4d6ac14f-3453-41d0-bef9-a3e0c569773a"
	privilegedAuthAdmin = "7be44c8a-adaf-4e2a-84d6-ab2649e08a13"
)

// roles are those that can be given, in the order of their names
// (secure-application-model.md 7.5).
var roles = []Role{
	{account.ApplicationAdministrator, "Application Administrator"},
	{"0526716b-113d-4c15-b2c8-68e3c22b9f80", "Authentication Policy Administrator"},
	{"b0f54661-2d74-4c50-afa3-1ec803f12efe", "Billing Administrator"},
	{"892c5842-a9a6-463a-8041-72aa08ca3cf6", "Cloud App Security Administrator"},
	{account.CloudAppAdministrator, "Cloud Application Administrator"},
	{"7698a772-787b-4ac8-901f-60d6b08affd2", "Cloud Device Administrator"},
	{account.DirectoryReaders, "Directory Readers"},
	{directoryWriters, "Directory Writers"},
	{"8329153b-31d0-4727-b945-745eb3bc5f31", "Domain Name Administrator"},
	{"29232cdf-9323-42fd-ade2-1d097af3e4de", "Exchange Administrator"},
	{account.GlobalAdministrator, "Global Administrator"},
	{account.GlobalReader, "Global Reader"},
	{account.HelpdeskAdministrator, "Helpdesk Administrator"},
	{"3a2c62db-5318-420d-8d74-23affee5d9d5", "Intune Administrator"},
	{licenseAdmin, "License Administrator"},
	{privilegedAuthAdmin, "Privileged Authentication Administrator"},
	{account.PrivilegedRoleAdmin, "Privileged Role Administrator"},
	{"194ae4cb-b126-40b2-bd5b-6091b380977d", "Security Administrator"},
	{"f023fd81-a637-4b56-95fd-791ac0226033", "Service Support Administrator"},
	{"f28a1f50-f6e7-4571-818b-6a12f2af6b6c", "SharePoint Administrator"},
	{"69091246-20e8-4a56-aa4d-066075b2a7a8", "Teams Administrator"},
	{account.UserAdministrator, "User Administrator"},
}

// The roles that the deeds ask for; one of them is enough.
var (
	// Readers may see a customer's people.
	Readers = []string{
		account.GlobalAdministrator, account.GlobalReader, account.UserAdministrator, account.HelpdeskAdministrator,
		account.DirectoryReaders, directoryWriters, account.PrivilegedRoleAdmin, privilegedAuthAdmin, licenseAdmin,
	}
	// Writers may make, change and delete them.
	Writers = []string{account.GlobalAdministrator, account.UserAdministrator}
	// RoleGivers may give and take directory roles.
	RoleGivers = []string{account.GlobalAdministrator, account.PrivilegedRoleAdmin}
	// Licensers may assign licences.
	Licensers = []string{account.GlobalAdministrator, account.UserAdministrator, licenseAdmin}
	// Consenters may let apps in (secure-application-model.md 3.1).
	Consenters = []string{account.GlobalAdministrator, account.ApplicationAdministrator, account.CloudAppAdministrator}
)

// Roles lists the directory roles of a customer's organisation.
func (w *Work) Roles(ctx context.Context, caller audit.Caller, at id.Tenant) ([]Role, error) {
	if err := w.Right(ctx, caller, at, Readers...); err != nil {
		return nil, err
	}
	return slices.Clone(roles), nil
}

// RolesOf lists the directory roles of one person. It fails with
// MemberUnknown.
func (w *Work) RolesOf(ctx context.Context, caller audit.Caller, at id.Tenant, person id.Object) ([]Role, error) {
	a, err := w.Member(ctx, caller, at, person)
	if err != nil {
		return nil, err
	}
	var held []Role
	for _, r := range roles {
		if a.Holds(r.ID) {
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
	if !slices.ContainsFunc(roles, func(r Role) bool { return r.ID == role }) {
		return fault.New(fault.ObjectUnknown, "parameter", "directoryrole", "rule", "the template id of a directory role")
	}
	return nil
}
