package account

import (
	"context"
	"slices"
	"strings"

	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/tenant"
)

// AdministrationStore keeps what administrators do to accounts.
type AdministrationStore interface {
	Account(ctx context.Context, tenant id.Tenant, account id.Object) (Account, error)
	Reviewers(ctx context.Context, tenant id.Tenant, limit int) ([]Account, error)
	// AddMember creates an account with the hash of its password, or fails with
	// NameTaken.
	AddMember(ctx context.Context, a Account, hash string, e audit.Event) error
	// AmendMember changes one account as it is at that moment, its sign-in name
	// and, with a hash, its password too. It fails with AccountUnknown or
	// NameTaken.
	AmendMember(ctx context.Context, tenant id.Tenant, account id.Object, change func(*Account) error, hash string, e audit.Event) error
	// AmendAccount changes one account as it is at that moment; see GroupStore.
	AmendAccount(ctx context.Context, tenant id.Tenant, account id.Object, change func(*Account) error, e audit.Event) error
	// DeleteAccount puts an account aside, so that it is in no list and its name
	// is free, or fails with AccountUnknown.
	DeleteAccount(ctx context.Context, tenant id.Tenant, account id.Object, e audit.Event) error
}

// Administration is the room in which administrators make, change and remove
// the people of their organisation, and give them directory roles.
type Administration struct {
	store  AdministrationStore
	source id.Source
}

// NewAdministration opens the room.
func NewAdministration(store AdministrationStore, source id.Source) *Administration {
	return &Administration{store, source}
}

// Amendment is what is changed of an account; nil leaves a thing as it is.
type Amendment struct {
	SignInName, Name, Given, Family, Mail, Language, JobTitle, UsageLocation *string
	Disabled, MustChangePassword                                             *bool
	// Password is the hash of another password, "" to leave the old one.
	Password string
	// More are members of Account.More; an empty text takes one away.
	More map[string]string
	// EndSessions voids every session and refresh token.
	EndSessions bool
}

// Profile are the names of Account.More.
var Profile = []string{
	"city", "companyName", "country", "department", "employeeId", "mobilePhone", "officeLocation", "postalCode", "state",
	"streetAddress",
}

// Create makes a person of an organisation. The domain of their sign-in name
// must be one that the organisation has verified. It fails with RoleMissing,
// NameTaken or InputInvalid.
func (d *Administration) Create(ctx context.Context, by audit.Caller, t tenant.Tenant, m Amendment) (Account, error) {
	if err := d.MayCreate(by); err != nil {
		return Account{}, err
	}
	a := Account{Tenant: by.Tenant, ID: id.Object(d.source.NewGUID()), Created: d.source.Now()}
	if err := m.over(&a, t, d.source); err != nil {
		return Account{}, err
	}
	if a.SignInName == "" || a.Name == "" {
		return Account{}, fault.New(fault.InputInvalid, "parameter", "displayName", "rule", "a displayName and a userPrincipalName")
	}
	e := Event(d.source, by, "account.create", string(a.ID))
	e.Facts = map[string]string{"name": a.SignInName}
	return a, d.store.AddMember(ctx, a, m.Password, e)
}

// MayCreate says whether a caller may make a person: before a password is
// hashed for one, which takes its time. It fails with RoleMissing.
func (d *Administration) MayCreate(by audit.Caller) error {
	return MayAct(by, UserAdministrator, DirectoryWriters)
}

// Change alters a person. Only a Global Administrator changes somebody who
// holds a directory role, and nobody switches off the last of them. It fails
// with RoleMissing, AccountUnknown, NameTaken, StateConflict or InputInvalid.
func (d *Administration) Change(ctx context.Context, by audit.Caller, t tenant.Tenant, person id.Object, m Amendment) error {
	a, err := d.within(ctx, by, person, UserAdministrator, DirectoryWriters)
	if err != nil {
		return err
	}
	if m.Password != "" {
		if err := d.MayResetPassword(ctx, by, person); err != nil {
			return err
		}
	}
	if m.Disabled != nil && *m.Disabled {
		if err := d.notTheLast(ctx, a); err != nil {
			return err
		}
	}
	e := Event(d.source, by, "account.change", string(person))
	e.Facts = map[string]string{"name": a.SignInName, "members": strings.Join(m.members(), " ")}
	return d.store.AmendMember(ctx, by.Tenant, person, func(a *Account) error { return m.over(a, t, d.source) }, m.Password, e)
}

// MayResetPassword says whether a caller may give a person another password:
// helpdesks may for people without a directory role, and an application alone
// for nobody. It fails with RoleMissing, AppOnlyRefused or AccountUnknown.
func (d *Administration) MayResetPassword(ctx context.Context, by audit.Caller, person id.Object) error {
	if by.AppOnly {
		return fault.New(fault.AppOnlyRefused)
	}
	_, err := d.within(ctx, by, person, UserAdministrator, HelpdeskAdministrator, PasswordAdministrator, AuthenticationAdmin)
	return err
}

// EndSessions voids every session and refresh token of a person; one's own
// without any role. It fails like Change.
func (d *Administration) EndSessions(ctx context.Context, by audit.Caller, person id.Object) error {
	if by.AppOnly || by.Home != by.Tenant || by.Account != person {
		if _, err := d.within(ctx, by, person, UserAdministrator, HelpdeskAdministrator, PasswordAdministrator, AuthenticationAdmin); err != nil {
			return err
		}
	}
	return d.store.AmendAccount(ctx, by.Tenant, person, func(a *Account) error {
		a.SessionsFrom = d.source.Now()
		return nil
	}, Event(d.source, by, "account.end-sessions", string(person)))
}

// Delete takes a person away; for 30 days they can come back. It fails like
// Change.
func (d *Administration) Delete(ctx context.Context, by audit.Caller, person id.Object) error {
	a, err := d.within(ctx, by, person, UserAdministrator)
	if err != nil {
		return err
	}
	if err := d.notTheLast(ctx, a); err != nil {
		return err
	}
	e := Event(d.source, by, "account.delete", string(person))
	e.Facts = map[string]string{"name": a.SignInName}
	return d.store.DeleteAccount(ctx, by.Tenant, person, e)
}

// GiveRole gives a person a directory role. A partner's person gives none that
// they do not hold there themselves (security-and-reliability.md R165). It
// fails with RoleMissing, ReferenceExists, AccountUnknown, or ObjectUnknown for
// a role that there is not.
func (d *Administration) GiveRole(ctx context.Context, by audit.Caller, person id.Object, template string) error {
	if err := d.mayGive(by, template); err != nil {
		return err
	}
	e := Event(d.source, by, "role.give", string(person))
	e.Facts = map[string]string{"role": template}
	return d.store.AmendAccount(ctx, by.Tenant, person, func(a *Account) error {
		if slices.Contains(a.Roles, template) {
			return fault.New(fault.ReferenceExists, "object", string(person))
		}
		a.Roles = append(slices.Clone(a.Roles), template)
		return nil
	}, e)
}

// TakeRole takes a directory role from a person, though not from the last
// Global Administrator. It fails with ObjectUnknown when they do not hold it,
// and like GiveRole.
func (d *Administration) TakeRole(ctx context.Context, by audit.Caller, person id.Object, template string) error {
	if err := d.mayGive(by, template); err != nil {
		return err
	}
	a, err := d.store.Account(ctx, by.Tenant, person)
	if err != nil {
		return err
	}
	if template == GlobalAdministrator {
		if err := d.notTheLast(ctx, a); err != nil {
			return err
		}
	}
	e := Event(d.source, by, "role.take", string(person))
	e.Facts = map[string]string{"role": template}
	return d.store.AmendAccount(ctx, by.Tenant, person, func(a *Account) error {
		if !slices.Contains(a.Roles, template) {
			return fault.New(fault.ObjectUnknown, "object", template)
		}
		a.Roles = slices.DeleteFunc(slices.Clone(a.Roles), func(r string) bool { return r == template })
		return nil
	}, e)
}

func (d *Administration) mayGive(by audit.Caller, template string) error {
	if err := MayAct(by, PrivilegedRoleAdmin); err != nil {
		return err
	}
	if _, known := FindDirectoryRole(template); !known {
		return fault.New(fault.ObjectUnknown, "object", template)
	}
	if !by.AppOnly && by.Home != by.Tenant && !by.HoldsRole(template) {
		return fault.New(fault.RoleMissing, "role", RoleNames([]string{template}))
	}
	return nil
}

// within gives a person whom the caller may administrate.
func (d *Administration) within(ctx context.Context, by audit.Caller, person id.Object, roles ...string) (Account, error) {
	if err := MayAct(by, roles...); err != nil {
		return Account{}, err
	}
	a, err := d.store.Account(ctx, by.Tenant, person)
	if err == nil && len(a.Roles) > 0 && (by.AppOnly || !by.HoldsRole(GlobalAdministrator, PrivilegedAuthentication)) {
		return a, fault.New(fault.RoleMissing, "role", RoleNames([]string{PrivilegedAuthentication}))
	}
	return a, err
}

// notTheLast keeps an organisation from having nobody who may do everything
// (R166).
func (d *Administration) notTheLast(ctx context.Context, a Account) error {
	if !a.Holds(GlobalAdministrator) {
		return nil
	}
	const enough = 999
	list, err := d.store.Reviewers(ctx, a.Tenant, enough)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(list, func(b Account) bool { return b.ID != a.ID && b.Holds(GlobalAdministrator) && !b.Disabled }) {
		return fault.New(fault.StateConflict, "rule", "an organisation with at least one Global Administrator")
	}
	return nil
}

// over puts an amendment on an account.
func (m Amendment) over(a *Account, t tenant.Tenant, source id.Source) error {
	for _, field := range []struct {
		have *string
		sent *string
		name string
		most int
	}{
		{&a.Name, m.Name, "displayName", 256}, {&a.Given, m.Given, "givenName", 64}, {&a.Family, m.Family, "surname", 64},
		{&a.Language, m.Language, "preferredLanguage", 35}, {&a.JobTitle, m.JobTitle, "jobTitle", 128},
		{&a.UsageLocation, m.UsageLocation, "usageLocation", 2},
	} {
		if field.sent == nil {
			continue
		}
		if !isText(*field.sent, 0, field.most) {
			return fault.New(fault.InputInvalid, "parameter", field.name, "rule", "text without control characters, not too long")
		}
		*field.have = strings.TrimSpace(*field.sent)
	}
	if a.Name == "" {
		return fault.New(fault.InputInvalid, "parameter", "displayName", "rule", "1 to 256 characters")
	}
	for _, address := range []struct {
		have *string
		sent *string
		name string
	}{{&a.SignInName, m.SignInName, "userPrincipalName"}, {&a.Mail, m.Mail, "mail"}} {
		if address.sent == nil || address.name == "mail" && *address.sent == "" {
			continue
		}
		if !isOwnAddress(*address.sent, t) {
			return fault.New(fault.InputInvalid, "parameter", address.name, "rule", "an address in a domain that the organisation has verified")
		}
		*address.have = strings.TrimSpace(*address.sent)
	}
	if m.Mail != nil && *m.Mail == "" {
		a.Mail = ""
	}
	if m.MustChangePassword != nil {
		a.MustChangePassword = *m.MustChangePassword
	}
	off := m.Disabled != nil && *m.Disabled && !a.Disabled
	if m.Disabled != nil {
		a.Disabled = *m.Disabled
	}
	if m.EndSessions || off {
		// Who is switched on again signs in anew.
		a.SessionsFrom = source.Now()
	}
	return m.profile(a)
}

func (m Amendment) profile(a *Account) error {
	if len(m.More) == 0 {
		return nil
	}
	more := map[string]string{}
	for _, name := range Profile {
		value, sent := m.More[name]
		if !sent {
			value = a.More[name]
		}
		if !isText(value, 0, 128) {
			return fault.New(fault.InputInvalid, "parameter", name, "rule", "at most 128 characters")
		}
		if value != "" {
			more[name] = value
		}
	}
	a.More = more
	return nil
}

// members names what an amendment changes, for the record.
func (m Amendment) members() []string {
	var list []string
	for _, member := range []struct {
		name string
		sent bool
	}{
		{"userPrincipalName", m.SignInName != nil}, {"displayName", m.Name != nil}, {"givenName", m.Given != nil}, {"surname", m.Family != nil},
		{"mail", m.Mail != nil}, {"preferredLanguage", m.Language != nil}, {"jobTitle", m.JobTitle != nil}, {"usageLocation", m.UsageLocation != nil},
		{"accountEnabled", m.Disabled != nil}, {"passwordProfile", m.MustChangePassword != nil},
	} {
		if member.sent {
			list = append(list, member.name)
		}
	}
	for _, name := range Profile {
		if _, sent := m.More[name]; sent {
			list = append(list, name)
		}
	}
	return list
}

// isOwnAddress: local part, and a domain that the organisation has proved.
func isOwnAddress(address string, t tenant.Tenant) bool {
	domain, ok := DomainOf(address)
	local, _, _ := cutLast(strings.TrimSpace(address), "@")
	if !ok || !isText(local, 1, 64) || strings.ContainsAny(local, " @<>()[]\\,;:\"/") {
		return false
	}
	return slices.ContainsFunc(t.Domains, func(d tenant.Domain) bool { return d.Name == domain })
}
