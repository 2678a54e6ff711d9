package customer

import (
	"context"
	"slices"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
)

// Of gives a partner's customer, for whoever runs the installation. It fails
// with CustomerUnknown.
func (l *Ledger) Of(ctx context.Context, partner, customer id.Tenant) (Customer, error) {
	return l.store.Customer(ctx, partner, customer)
}

// Between lists what a partner and a customer have agreed, as it is now, for
// whoever runs the installation.
func (l *Ledger) Between(ctx context.Context, partner, customer id.Tenant) ([]Relationship, error) {
	list, err := l.store.Relationships(ctx, partner, customer)
	for i, r := range list {
		list[i] = r.At(l.source.Now())
	}
	return list, err
}

// Declare creates or replaces a customer on the word of whoever runs the
// installation. It fails as Check does.
func (l *Ledger) Declare(ctx context.Context, by audit.Caller, c Customer) error {
	if err := c.Check(); err != nil {
		return err
	}
	if c.Billing.ID == "" {
		c.Billing.ID, c.CommerceID, c.Created = l.source.NewGUID(), l.source.NewGUID(), l.source.Now()
	}
	return l.store.DeclareCustomer(ctx, c, audit.Event{
		ID: l.source.NewGUID(), At: l.source.Now(), Tenant: c.Partner, Target: c.Tenant, SignInName: by.SignInName,
		Verb: "customer.declare", Object: string(c.Tenant), Facts: map[string]string{"name": c.CompanyName},
	})
}

// Agreement is a relationship that both sides have agreed to elsewhere, such as
// in a contract: it counts at once.
type Agreement struct {
	Draft
	// Groups give roles to groups of the partner.
	Groups []Share
}

// Share is what one group of the partner gets.
type Share struct {
	Group account.Group
	Roles []string
}

// Check holds an agreement of a partner to the rules of relationships. It fails
// with RequestMalformed.
func (l *Relationships) Check(partner id.Tenant, a Agreement) error {
	_, err := l.agreed(Relationship{Partner: partner}, a)
	return err
}

// agreed puts an agreement on a relationship.
func (l *Relationships) agreed(r Relationship, a Agreement) (Relationship, error) {
	now := l.source.Now()
	if err := r.fill(a.Draft, now); err != nil {
		return r, err
	}
	if r.Customer == "" {
		return r, fault.New(fault.RequestMalformed, "parameter", "customer", "rule", "an organisation")
	}
	if len(a.Groups) > maxAssignments {
		return r, fault.New(fault.RequestMalformed, "parameter", "assignments", "rule", "at most 100")
	}
	before := r.Assignments
	r.Assignments = nil
	for _, share := range a.Groups {
		roles, err := r.chosen(share.Roles)
		if err != nil {
			return r, err
		}
		given := Assignment{ID: l.source.NewGUID(), Group: share.Group.Key, Container: share.Group.ID, Created: now}
		if i := slices.IndexFunc(before, func(b Assignment) bool { return b.Group == share.Group.Key }); i >= 0 {
			given = before[i]
		}
		if !slices.Equal(given.Roles, roles) {
			given.Roles, given.Next, given.Modified, given.Revision = roles, nil, now, given.Revision+1
		}
		given.Status = AssignmentActive
		r.Assignments = append(r.Assignments, given)
	}
	return r, nil
}

// Declare makes a relationship that counts at once, on the word of whoever runs
// the installation, or changes the active one that has; an empty one has no id.
// The new period counts from the activation. It fails with RequestMalformed,
// StateConflict for a name that another relationship of the partner has, or
// ChangedMeanwhile.
func (l *Relationships) Declare(ctx context.Context, by audit.Caller, partner id.Tenant, has Relationship, a Agreement) error {
	now := l.source.Now()
	if has.ID == "" {
		has = Relationship{ID: l.source.NewGUID() + "-" + l.source.NewGUID(), Partner: partner, Created: now, Activated: now}
	}
	r, err := l.agreed(has, a)
	if err != nil {
		return err
	}
	if lasts, err := ParsePeriod(r.Duration); err == nil && r.Duration != has.Duration {
		r.Ends = lasts.From(r.Activated)
	}
	isNew := r.Status == ""
	r = r.touched(now)
	r.Status = Active
	if isNew {
		return l.store.AddRelationship(ctx, r, l.event(by, r, "relationship.declare"))
	}
	return l.swapDeclared(ctx, by, r)
}

// End ends an active relationship at once, on the word of whoever runs the
// installation. It fails with ChangedMeanwhile.
func (l *Relationships) End(ctx context.Context, by audit.Caller, r Relationship) error {
	now := l.source.Now()
	r = r.became(Terminated, now)
	r.Ends = now
	return l.swapDeclared(ctx, by, r)
}

func (l *Relationships) swapDeclared(ctx context.Context, by audit.Caller, r Relationship) error {
	moved, err := l.store.SwapRelationship(ctx, r, []audit.Event{l.event(by, r, "relationship.declare")})
	if err == nil && !moved {
		err = fault.New(fault.ChangedMeanwhile, "object", r.ID)
	}
	return err
}
