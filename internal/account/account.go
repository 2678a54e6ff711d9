// Package account holds people: work and personal accounts are one type
// (DESIGN 4.1). The key is the tenant and the object id; the sign-in name is
// only what a person types.
package account

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/message"
	"github.com/entente-id/entente/internal/tenant"
	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Account is one person in one organisation.
type Account struct {
	Tenant id.Tenant
	ID     id.Object
	// SignInName is what the person types, such as anna@contoso.example.
	SignInName string
	Name       string
	Given      string
	Family     string
	// Mail is a mailbox whose domain the organisation has verified.
	Mail     string
	Language string
	JobTitle string
	// UsageLocation is the ISO 3166-1 code of the country whose law holds for
	// the services that the person uses.
	UsageLocation string `json:",omitempty"`
	Disabled      bool
	// MustChangePassword: the next sign-in with the password ends at choosing
	// another one (AADSTS50055).
	MustChangePassword bool
	// MFA is the per-user demand of seed S4 (identity-platform.md 7.1).
	MFA MFAState
	// Roles are directory role template ids.
	Roles []string
	// Groups are the keys of the person's groups: ids, or for a partner's own
	// groups names such as AdminAgents.
	Groups []string
	// More are further members of the profile that nothing here decides by,
	// under Graph's names: see Profile.
	More map[string]string `json:",omitempty"`
	// SessionsFrom is the instant before which every session and refresh
	// token of this person is void ("revoke sign-in sessions").
	SessionsFrom time.Time
	Created      time.Time
}

// MFAState is the per-user demand for a second factor.
type MFAState string

// The per-user states.
const (
	MFADisabled MFAState = ""
	MFAEnabled  MFAState = "enabled"
	MFAEnforced MFAState = "enforced"
)

// Directory role template ids that rules name (identity-platform.md 3.7).
const (
	GlobalAdministrator      = "62e90394-69f5-4237-9190-012177145e10"
	ApplicationAdministrator = "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3"
	CloudAppAdministrator    = "158c047a-c907-4556-b7ef-446551a6b5f7"
	PrivilegedRoleAdmin      = "e8611ab8-c189-46e8-94e1-60213ab1f814"
	UserAdministrator        = "fe930be7-5e62-47db-91af-98c3a49a38b1"
	HelpdeskAdministrator    = "729827e3-9c14-49f7-bb1b-9608f156bbb8"
	DirectoryReaders         = "88d8e3e3-8f55-4a1e-953a-9b9898b8876b"
	GlobalReader             = "f2ef992c-3afb-46b9-b7cf-a126ee74c451"
	// Member is held by every member of a directory.
	Member = "b79fbf4d-3ef9-4689-8143-76b194e85509"
)

// Groups of a partner's people (secure-application-model.md 1).
const (
	AdminAgents    = "AdminAgents"
	HelpdeskAgents = "HelpdeskAgents"
	SalesAgents    = "SalesAgents"
)

// Holds reports whether the person has one of the directory roles.
func (a Account) Holds(roles ...string) bool {
	return slices.ContainsFunc(roles, func(r string) bool { return slices.Contains(a.Roles, r) })
}

// In reports whether the person is in the group.
func (a Account) In(group string) bool { return slices.Contains(a.Groups, group) }

// MayConsentForAll reports whether the person may allow an app for everyone in
// the organisation (identity-platform.md 6.2).
func (a Account) MayConsentForAll() bool {
	return a.Holds(GlobalAdministrator, PrivilegedRoleAdmin, ApplicationAdministrator, CloudAppAdministrator)
}

// Store keeps accounts.
type Store interface {
	// Account finds by id, or fails with AccountUnknown.
	Account(ctx context.Context, tenant id.Tenant, account id.Object) (Account, error)
	// AccountNamed finds by folded sign-in name, or fails with AccountUnknown.
	AccountNamed(ctx context.Context, tenant id.Tenant, key string) (Account, error)
	// Accounts lists a tenant's people in the order of their ids, after the
	// given one, at most limit.
	Accounts(ctx context.Context, tenant id.Tenant, after id.Object, limit int) ([]Account, error)
	// CountAccounts counts a tenant's people.
	CountAccounts(ctx context.Context, tenant id.Tenant) (int, error)
	// Reviewers lists the people who may allow apps for everyone and are not
	// disabled, at most limit.
	Reviewers(ctx context.Context, tenant id.Tenant, limit int) ([]Account, error)
	// SaveAccount creates or replaces an account.
	SaveAccount(ctx context.Context, a Account) error
	// AddAccount creates an account, or fails with NameTaken.
	AddAccount(ctx context.Context, a Account, e audit.Event) error
	// RenameAccount saves an account under another sign-in name and writes the
	// letters with it, or fails with NameTaken.
	RenameAccount(ctx context.Context, a Account, told []message.Sealed, e audit.Event) error
	// AmendAccount changes one account as it is at that moment, except its
	// sign-in name, or fails with AccountUnknown.
	AmendAccount(ctx context.Context, tenant id.Tenant, account id.Object, change func(*Account) error, e audit.Event) error
}

// People is the room: who is there.
type People struct{ store Store }

// NewPeople opens the room.
func NewPeople(store Store) *People { return &People{store: store} }

// Find gives a person by id.
func (p *People) Find(ctx context.Context, t id.Tenant, account id.Object) (Account, error) {
	return p.store.Account(ctx, t, account)
}

// Named gives a person by what they typed.
func (p *People) Named(ctx context.Context, t id.Tenant, signInName string) (Account, error) {
	return p.store.AccountNamed(ctx, t, FoldName(signInName))
}

// List gives a page of a tenant's people after the given id.
func (p *People) List(ctx context.Context, t id.Tenant, after id.Object, limit int) ([]Account, error) {
	return p.store.Accounts(ctx, t, after, limit)
}

// Count says how many people a tenant has.
func (p *People) Count(ctx context.Context, t id.Tenant) (int, error) {
	return p.store.CountAccounts(ctx, t)
}

// Reviewers gives the people who decide about apps in a tenant now, at most
// limit: those who may consent for all and are not disabled.
func (p *People) Reviewers(ctx context.Context, t id.Tenant, limit int) ([]Account, error) {
	return p.store.Reviewers(ctx, t, limit)
}

// Save creates or replaces a person.
func (p *People) Save(ctx context.Context, a Account) error {
	if a.SignInName == "" {
		return fault.New(fault.ParameterMissing, "parameter", "userPrincipalName")
	}
	return p.store.SaveAccount(ctx, a)
}

// FoldName brings a sign-in name to the form that is compared: NFC, case
// folded, no surrounding space, and the domain in its ASCII form.
func FoldName(name string) string {
	name = cases.Fold().String(norm.NFC.String(strings.TrimSpace(name)))
	local, domain, found := cutLast(name, "@")
	if !found {
		return name
	}
	if folded, ok := tenant.FoldDomain(domain); ok {
		domain = folded
	}
	return local + "@" + domain
}

// DomainOf gives the folded domain of an address; false when there is none.
func DomainOf(address string) (string, bool) {
	_, domain, found := cutLast(strings.TrimSpace(address), "@")
	if !found {
		return "", false
	}
	return tenant.FoldDomain(domain)
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}
