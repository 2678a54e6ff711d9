// Package subscription holds what an organisation runs in the cloud, as far as
// a partner looks at it: subscriptions, the resource groups in them, and who
// may see them.
package subscription

import (
	"context"
	"slices"
	"strings"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/customer"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
)

// Subscription is one contract for cloud resources of an organisation.
type Subscription struct {
	Tenant id.Tenant
	ID     string
	Name   string
	// State is Enabled, Warned, PastDue, Disabled or Deleted.
	State  string
	Access []Access
	Groups []ResourceGroup
}

// Access lets somebody see a subscription: a person or service principal of
// the organisation itself, or everybody in a group of a partner, whom the
// platform calls a foreign principal.
type Access struct {
	Principal id.Object
	Partner   id.Tenant
	Group     string
}

// ResourceGroup is a named set of resources in a subscription.
type ResourceGroup struct {
	Name, Location string
	Tags           map[string]string
}

// Store keeps subscriptions.
type Store interface {
	// Subscriptions lists an organisation's, in the order of their ids.
	Subscriptions(ctx context.Context, t id.Tenant) ([]Subscription, error)
	SaveSubscription(ctx context.Context, s Subscription) error
}

// Register is the room.
type Register struct {
	store     Store
	people    *account.People
	customers *customer.Ledger
}

// NewRegister opens the room.
func NewRegister(store Store, people *account.People, customers *customer.Ledger) *Register {
	return &Register{store: store, people: people, customers: customers}
}

// Save creates or replaces a subscription.
func (r *Register) Save(ctx context.Context, s Subscription) error {
	if !id.IsGUID(s.ID) {
		return fault.New(fault.InputInvalid, "parameter", "subscriptionId", "rule", "a GUID")
	}
	s.ID = strings.ToLower(s.ID)
	return r.store.SaveSubscription(ctx, s)
}

// List gives the subscriptions of the caller's token's organisation that the
// caller may see, in the order of their ids. It fails as customer.Delegation
// does when a partner's person has no right there any more.
func (r *Register) List(ctx context.Context, caller audit.Caller) ([]Subscription, error) {
	groups, err := r.groups(ctx, caller)
	if err != nil {
		return nil, err
	}
	all, err := r.store.Subscriptions(ctx, caller.Tenant)
	return slices.DeleteFunc(all, func(s Subscription) bool { return !s.visible(caller, groups) }), err
}

// Find gives one of them. One that is not there and one that the caller may
// not see get the same answer, ObjectUnknown.
func (r *Register) Find(ctx context.Context, caller audit.Caller, subscription string) (Subscription, error) {
	list, err := r.List(ctx, caller)
	if err != nil {
		return Subscription{}, err
	}
	for _, s := range list {
		if strings.EqualFold(s.ID, subscription) {
			return s, nil
		}
	}
	return Subscription{}, fault.New(fault.ObjectUnknown, "object", subscription)
}

// groups are the partner's groups that a partner's person is in now.
func (r *Register) groups(ctx context.Context, caller audit.Caller) ([]string, error) {
	if caller.AppOnly {
		return nil, nil
	}
	if caller.Home == caller.Tenant {
		person, err := r.people.Find(ctx, caller.Home, caller.Account)
		if err == nil && person.Disabled {
			err = fault.New(fault.AccountDisabled, "account", person.SignInName)
		}
		return nil, err
	}
	// The object id is another one in each customer; the name is that of home.
	person, err := r.people.Named(ctx, caller.Home, caller.SignInName)
	if err != nil {
		return nil, err
	}
	_, err = r.customers.Delegation(ctx, person, caller.Tenant)
	return person.Groups, err
}

func (s Subscription) visible(caller audit.Caller, groups []string) bool {
	principal := caller.Account
	if caller.AppOnly {
		principal = caller.Principal
	}
	foreign := caller.Home != caller.Tenant
	return slices.ContainsFunc(s.Access, func(a Access) bool {
		if foreign {
			return a.Partner == caller.Home && slices.Contains(groups, a.Group)
		}
		return principal != "" && a.Principal == principal
	})
}
