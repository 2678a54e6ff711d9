// Package partner holds the partner organisations: the profile each one keeps
// of itself, who of its people speaks for it, and how strictly its calls are
// held to a second factor.
package partner

import (
	"context"
	"strings"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/tenant"
)

// Profile is what a partner organisation says about itself
// (secure-application-model.md 7.1).
type Profile struct {
	Tenant      id.Tenant
	CompanyName string
	// Domain is one that the organisation has verified.
	Domain string
	Email  string
	// Language is a tag such as en, Culture one such as en-GB.
	Language, Culture string
	Address           Address
	// ETag changes with every change of the profile; digits.
	ETag string
}

// Address is where the company is, and whom to ask for there.
type Address struct {
	// Country is an ISO 3166-1 alpha-2 code.
	Country, Region, City, State, Line1, Line2, PostalCode string
	FirstName, LastName, Phone                             string
}

// Enforcement is how a partner's calls without a second factor are treated.
type Enforcement string

// The modes.
const (
	// Off asks nothing.
	Off Enforcement = "off"
	// Report lets calls pass and tells who asks for it.
	Report Enforcement = "report"
	// Enforce refuses.
	Enforce Enforcement = "enforce"
)

// EnforcementOf reads an organisation's mode. Everything but an exact "off" or
// "report" enforces: a spelling mistake must not open a door.
func EnforcementOf(t tenant.Tenant) Enforcement {
	switch mode := Enforcement(t.Settings.PartnerMFA); mode {
	case Off, Report:
		return mode
	}
	return Enforce
}

// Store keeps profiles.
type Store interface {
	// Profile finds a partner's profile, or fails with ObjectUnknown.
	Profile(ctx context.Context, partner id.Tenant) (Profile, error)
	// SaveProfile creates or replaces a profile.
	SaveProfile(ctx context.Context, p Profile) error
	// DeclareProfile is SaveProfile with its event.
	DeclareProfile(ctx context.Context, p Profile, e audit.Event) error
	// ChangeProfile replaces the profile that still has the old ETag and
	// writes the event with it, or fails with ChangedMeanwhile.
	ChangeProfile(ctx context.Context, p Profile, old string, e audit.Event) error
}

// Register is the room: the partners' organisations.
type Register struct {
	store  Store
	people *account.People
	source id.Source
}

// NewRegister opens the room.
func NewRegister(store Store, people *account.People, source id.Source) *Register {
	return &Register{store: store, people: people, source: source}
}

// Agents are the groups whose members work for the partner's customers.
var Agents = []string{account.AdminAgents, account.HelpdeskAgents, account.SalesAgents}

// Admit checks that a person acts for the partner and is in one of the groups,
// as they are at this moment (security-and-reliability.md R163). It fails with
// RoleMissing, ForeignAccount, AccountDisabled or AccountUnknown. An
// application alone stands for the partner itself; whether it may do so is
// for the scenario to say.
func (r *Register) Admit(ctx context.Context, caller audit.Caller, groups ...string) error {
	if caller.AppOnly {
		return nil
	}
	if caller.Home != caller.Tenant {
		return fault.New(fault.ForeignAccount, "account", caller.SignInName)
	}
	person, err := r.people.Find(ctx, caller.Home, caller.Account)
	if err != nil {
		return err
	}
	if person.Disabled {
		return fault.New(fault.AccountDisabled, "account", person.SignInName)
	}
	for _, group := range groups {
		if person.In(group) {
			return nil
		}
	}
	return fault.New(fault.RoleMissing, "role", strings.Join(groups, ", "))
}

// Enrolled checks that an organisation is a partner: it has a profile. It fails
// with PermissionMissing, so that nobody else makes customers.
func (r *Register) Enrolled(ctx context.Context, organisation id.Tenant) error {
	_, err := r.store.Profile(ctx, organisation)
	if fault.Has(err, fault.ObjectUnknown) {
		return fault.New(fault.PermissionMissing, "rule", "an organisation that is enrolled as a partner")
	}
	return err
}

// Of gives the profile of a partner, for whoever runs the installation. It fails
// with ObjectUnknown.
func (r *Register) Of(ctx context.Context, organisation id.Tenant) (Profile, error) {
	return r.store.Profile(ctx, organisation)
}
