// Package delegated is what a partner's people do in the organisations of
// their customers: look after its people and their roles, and let apps in. The
// right to it is decided anew for each deed (DESIGN 4.2).
package delegated

import (
	"context"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/consent"
	"github.com/entente-id/entente/internal/credential"
	"github.com/entente-id/entente/internal/customer"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/tenant"
)

// Store keeps the people of customers.
type Store interface {
	// AddMember creates a person with the hash of a password, or fails with
	// NameTaken.
	AddMember(ctx context.Context, a account.Account, hash string, e audit.Event) error
	// AmendMember changes a person as they stand at that moment, and their
	// password where the hash is not empty. It fails with AccountUnknown, with
	// NameTaken, or as the change does.
	AmendMember(ctx context.Context, tenant id.Tenant, person id.Object, change func(*account.Account) error, hash string, e audit.Event) error
	// DropMember puts a person aside, unless keep refuses it. What they prove
	// themselves with stays for a return. It fails with AccountUnknown.
	DropMember(ctx context.Context, tenant id.Tenant, person id.Object, keep func(account.Account) error, d Dropped, e audit.Event) error
	// RestoreMember brings back a person who was put aside, or fails with
	// AccountUnknown or NameTaken.
	RestoreMember(ctx context.Context, tenant id.Tenant, person id.Object, change func(*account.Account) error, e audit.Event) error
	// DroppedMembers lists those who were put aside, in the order of their
	// ids, after the given one, at most limit.
	DroppedMembers(ctx context.Context, tenant id.Tenant, after id.Object, limit int) ([]Dropped, error)
}

// Rooms are what the work needs.
type Rooms struct {
	Customers *customer.Ledger
	People    *account.People
	Tenants   *tenant.Directory
	Safe      *credential.Safe
	Apps      *application.Registry
	Consents  *consent.Ledger
}

// Work is the room.
type Work struct {
	store  Store
	rooms  Rooms
	source id.Source
}

// NewWork opens the room.
func NewWork(store Store, rooms Rooms, source id.Source) *Work {
	return &Work{store: store, rooms: rooms, source: source}
}

// Right checks that a partner's person may act in a customer's organisation
// with one of the directory roles. It fails with CustomerUnknown for whoever is
// not the partner's customer, with AppOnlyRefused, with ForeignAccount,
// RelationshipEnded or RoleMissing, and with DelegationBlocked where the
// customer keeps partners out.
func (w *Work) Right(ctx context.Context, caller audit.Caller, at id.Tenant, roles ...string) error {
	_, err := w.right(ctx, caller, at, roles...)
	return err
}

// right is Right, and gives the person with the roles held at the customer.
func (w *Work) right(ctx context.Context, caller audit.Caller, at id.Tenant, roles ...string) (account.Account, error) {
	var none account.Account
	if caller.AppOnly {
		return none, fault.New(fault.AppOnlyRefused)
	}
	if _, err := w.rooms.Customers.Find(ctx, caller, at); err != nil {
		return none, err
	}
	person, err := w.rooms.People.Find(ctx, caller.Home, caller.Account)
	if err != nil {
		return none, err
	}
	given, err := w.rooms.Customers.Delegation(ctx, person, at)
	if err != nil {
		return none, err
	}
	organisation, err := w.rooms.Tenants.Find(ctx, at)
	if err != nil {
		return none, err
	}
	if organisation.Settings.BlockPartners {
		return none, fault.New(fault.DelegationBlocked, "organisation", organisation.Name)
	}
	person.Roles = given.Roles
	if !person.Holds(roles...) {
		return none, fault.New(fault.RoleMissing, "role", account.RoleNames(roles))
	}
	return person, nil
}

// event is what was done at a customer: both sides can read it.
func (w *Work) event(by audit.Caller, at id.Tenant, verb, object string, facts map[string]string) audit.Event {
	e := credential.Event(w.source, by, verb, object)
	e.Target, e.Facts = at, facts
	return e
}
