package customer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
)

// RelationshipStore keeps relationships for their life.
type RelationshipStore interface {
	// Relationship finds by id what a tenant is a side of, or an invitation that
	// any organisation may accept; or fails with ObjectUnknown.
	Relationship(ctx context.Context, tenant id.Tenant, relationship string) (Relationship, error)
	// RelationshipsOf lists what a tenant is a side of in the order of their
	// ids, after the given one, at most limit.
	RelationshipsOf(ctx context.Context, tenant id.Tenant, after string, limit int) ([]Relationship, error)
	// AddRelationship creates one with its event, or fails with StateConflict
	// when the partner has another of the name.
	AddRelationship(ctx context.Context, r Relationship, e audit.Event) error
	// SwapRelationship replaces the one of r's version and writes the events;
	// false when it has another version by now. It fails with StateConflict
	// like AddRelationship.
	SwapRelationship(ctx context.Context, r Relationship, events []audit.Event) (bool, error)
	// RemoveRelationship deletes the one of r's version with its event; false
	// when it has another version by now.
	RemoveRelationship(ctx context.Context, r Relationship, e audit.Event) (bool, error)
	// DueRelationships lists what the clock has to move, in every tenant.
	DueRelationships(ctx context.Context, now time.Time, limit int) ([]Relationship, error)
}

// Relationships is the room in which delegated admin relationships are made,
// approved, used up and ended. A partner's Admin Agents act for the partner,
// with a second factor; a Global Administrator acts for the customer.
type Relationships struct {
	store  RelationshipStore
	people *account.People
	groups *account.Groups
	source id.Source
}

// NewRelationships opens the room.
func NewRelationships(store RelationshipStore, people *account.People, groups *account.Groups, source id.Source) *Relationships {
	return &Relationships{store, people, groups, source}
}

// Side is for whom a caller sees a relationship.
type Side int

// The sides. A stranger sees an invitation that any organisation may accept.
const (
	PartnerSide Side = iota
	CustomerSide
	Stranger
)

// SideOf tells which side a tenant is.
func (r Relationship) SideOf(t id.Tenant) Side {
	switch t {
	case r.Partner:
		return PartnerSide
	case r.Customer:
		return CustomerSide
	}
	return Stranger
}

// ETag changes with everything that can be seen of the relationship.
func (r Relationship) ETag() string { return strconv.FormatInt(r.Revision, 10) }

// ETag changes with everything that can be seen of the assignment.
func (a Assignment) ETag() string { return a.ID + "-" + strconv.FormatInt(a.Revision, 10) }

// Draft is what a partner says about a relationship.
type Draft struct {
	DisplayName  string
	Customer     id.Tenant
	CustomerName string
	// Duration and AutoExtend are periods; an empty AutoExtend is none.
	Duration, AutoExtend string
	Roles                []string
}

// maxLive is the most relationships that are looked through at once.
const maxLive = 10_000

// Create makes a relationship that only the partner sees as yet. It fails with
// RoleMissing, MFARequiredByAPI, RequestMalformed, or StateConflict for a name
// that another relationship of the partner has.
func (l *Relationships) Create(ctx context.Context, by audit.Caller, d Draft) (Relationship, error) {
	if err := l.agent(ctx, by, true); err != nil {
		return Relationship{}, err
	}
	now := l.source.Now()
	r := Relationship{ID: l.source.NewGUID() + "-" + l.source.NewGUID(), Partner: by.Tenant, Status: Created, Created: now, Modified: now, Revision: 1}
	if err := r.fill(d, now); err != nil {
		return Relationship{}, err
	}
	return r, l.store.AddRelationship(ctx, r, l.event(by, r, "relationship.create"))
}

// fill puts a draft into a relationship.
func (r *Relationship) fill(d Draft, now time.Time) error {
	refuse := func(parameter, rule string) error {
		return fault.New(fault.RequestMalformed, "parameter", parameter, "rule", rule)
	}
	d.DisplayName = strings.TrimSpace(d.DisplayName)
	d.Customer = id.Tenant(strings.ToLower(string(d.Customer)))
	lasts, err := ParsePeriod(d.Duration)
	switch n := utf8.RuneCountInString(d.DisplayName); {
	case n < 1 || n > 50 || !printable(d.DisplayName):
		return refuse("displayName", "1 to 50 characters")
	case err != nil:
		return err
	case lasts.From(now).Before(now.AddDate(0, 0, 1)) || lasts.From(now).After(now.AddDate(2, 0, 1)):
		return refuse("duration", "P1D to P2Y")
	case d.Customer != "" && (!id.IsGUID(string(d.Customer)) || d.Customer == r.Partner):
		return refuse("customer/tenantId", "the id of another organisation")
	case utf8.RuneCountInString(d.CustomerName) > 256 || !printable(d.CustomerName):
		return refuse("customer/displayName", "at most 256 characters")
	}
	roles, err := rolesFrom(d.Roles, account.DirectoryRoles())
	if err != nil {
		return err
	}
	if err := mayExtend(d.AutoExtend, roles); err != nil {
		return err
	}
	r.DisplayName, r.Customer, r.CustomerName = d.DisplayName, d.Customer, d.CustomerName
	r.Duration, r.AutoExtend, r.Roles = d.Duration, d.AutoExtend, roles
	return nil
}

func printable(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsFunc(text, unicode.IsControl)
}

// rolesFrom reads role template ids: at least one, each known and once, in
// order.
func rolesFrom(sent []string, known []account.DirectoryRole) ([]string, error) {
	var roles []string
	for _, s := range sent {
		s = strings.ToLower(s)
		if !slices.ContainsFunc(known, func(r account.DirectoryRole) bool { return r.Template == s }) {
			return nil, fault.New(fault.RequestMalformed, "parameter", "accessDetails/unifiedRoles", "rule", "template ids of directory roles")
		}
		roles = append(roles, s)
	}
	if len(roles) == 0 {
		return nil, fault.New(fault.RequestMalformed, "parameter", "accessDetails/unifiedRoles", "rule", "at least one directory role")
	}
	slices.Sort(roles)
	return slices.Compact(roles), nil
}

// mayExtend holds prolongation to the two lengths there are, and keeps it from
// whoever may do everything.
func mayExtend(text string, roles []string) error {
	if text == "" {
		return nil
	}
	p, err := ParsePeriod(text)
	if err != nil || !p.none() && p != (Period{Days: 180}) {
		return fault.New(fault.RequestMalformed, "parameter", "autoExtendDuration", "rule", "P0D, PT0S or P180D")
	}
	if !p.none() && slices.Contains(roles, account.GlobalAdministrator) {
		return fault.New(fault.RequestMalformed, "parameter", "autoExtendDuration", "rule", "P0D while Global Administrator is among the roles")
	}
	return nil
}

// Find gives a relationship to either side, or an open invitation to whoever
// could accept it. It fails with ObjectUnknown or RoleMissing.
func (l *Relationships) Find(ctx context.Context, by audit.Caller, key string) (Relationship, error) {
	r, _, err := l.load(ctx, by, key)
	return r, err
}

// load gives a relationship as it is now and as it was stored.
func (l *Relationships) load(ctx context.Context, by audit.Caller, key string) (now, stored Relationship, err error) {
	stored, err = l.store.Relationship(ctx, by.Tenant, key)
	if err != nil {
		return now, stored, err
	}
	now = stored.At(l.source.Now())
	if !now.visible(by.Tenant) {
		return now, stored, fault.New(fault.ObjectUnknown, "object", key)
	}
	return now, stored, l.reader(ctx, by, now.SideOf(by.Tenant))
}

// visible: before it is locked for approval a relationship is a draft on the
// partner's desk.
func (r Relationship) visible(to id.Tenant) bool {
	switch r.SideOf(to) {
	case PartnerSide:
		return true
	case CustomerSide:
		return r.Status != Created
	}
	return r.Customer == "" && r.Status == ApprovalPending
}

// List gives what the caller's organisation is a side of, in the order of
// their ids, after the given one; fewer than limit only at the end. It fails
// with RoleMissing.
func (l *Relationships) List(ctx context.Context, by audit.Caller, after string, limit int) ([]Relationship, error) {
	if err := l.lister(ctx, by); err != nil {
		return nil, err
	}
	now := l.source.Now()
	var list []Relationship
	for {
		page, err := l.store.RelationshipsOf(ctx, by.Tenant, after, limit)
		if err != nil {
			return nil, err
		}
		for _, r := range page {
			after = r.ID
			if r = r.At(now); r.visible(by.Tenant) && len(list) < limit {
				list = append(list, r)
			}
		}
		if len(page) < limit || len(list) == limit {
			return list, nil
		}
	}
}

// Customers gives the organisations with which the caller's has an active
// relationship, in the order of their ids, each once with its name.
func (l *Relationships) Customers(ctx context.Context, by audit.Caller) ([]Customer, error) {
	list, err := l.List(ctx, by, "", maxLive)
	if err != nil {
		return nil, err
	}
	var customers []Customer
	for _, r := range list {
		if r.Partner == by.Tenant && r.Status == Active {
			customers = append(customers, Customer{Partner: r.Partner, Tenant: r.Customer, CompanyName: r.CustomerName})
		}
	}
	slices.SortStableFunc(customers, func(a, b Customer) int { return strings.Compare(string(a.Tenant), string(b.Tenant)) })
	return slices.CompactFunc(customers, func(a, b Customer) bool { return a.Tenant == b.Tenant }), nil
}

// Active gives what partners may do in an organisation now, for its own readers:
// whether the caller may see it is for the edge to ask.
func (l *Relationships) Active(ctx context.Context, customer id.Tenant) ([]Relationship, error) {
	list, err := l.store.RelationshipsOf(ctx, customer, "", maxLive)
	now := l.source.Now()
	var active []Relationship
	for _, r := range list {
		if r = r.At(now); r.Customer == customer && r.Status == Active {
			active = append(active, r)
		}
	}
	return active, err
}

// maxTries is how often a change is made anew when somebody was faster.
const maxTries = 5

// amend changes a relationship as it is now, for one side or, with Stranger,
// for either, and writes what happened.
func (l *Relationships) amend(ctx context.Context, by audit.Caller, key, verb string, side Side, change func(*Relationship) error) (Relationship, error) {
	for range maxTries {
		r, stored, err := l.load(ctx, by, key)
		if err != nil {
			return Relationship{}, err
		}
		if err := l.acting(ctx, by, r.SideOf(by.Tenant), side); err != nil {
			return Relationship{}, err
		}
		passed := l.passed(stored, r)
		if err := change(&r); err != nil {
			return Relationship{}, err
		}
		r = r.touched(l.source.Now())
		swapped, err := l.store.SwapRelationship(ctx, r, append(passed, l.event(by, r, verb)))
		if err != nil || swapped {
			return r, err
		}
	}
	return Relationship{}, fault.New(fault.ChangedMeanwhile, "object", key)
}

// passed is the record of what the clock alone has done.
func (l *Relationships) passed(stored, now Relationship) []audit.Event {
	if stored.Status == now.Status {
		return nil
	}
	return []audit.Event{l.event(audit.Caller{}, now, "relationship.status")}
}

// batch is how many relationships are tended between two looks at the store.
const batch = 50

// Tend stores what the clock has moved, with its record. Nobody's rights wait
// for it: see At. Several nodes may do it at once.
func (l *Relationships) Tend(ctx context.Context) error {
	for {
		list, err := l.store.DueRelationships(ctx, l.source.Now(), batch)
		if err != nil {
			return fmt.Errorf("list due relationships: %w", err)
		}
		moved := false
		var failures []error
		for _, stored := range list {
			r := stored.At(l.source.Now())
			won, err := l.store.SwapRelationship(ctx, r, l.passed(stored, r))
			moved = moved || won
			if err != nil {
				failures = append(failures, fmt.Errorf("tend relationship %s: %w", r.ID, err))
			}
		}
		if len(list) < batch || !moved {
			return errors.Join(failures...)
		}
	}
}

// event is a record that both sides can read (R164).
func (l *Relationships) event(by audit.Caller, r Relationship, verb string) audit.Event {
	e := audit.Event{
		ID: l.source.NewGUID(), At: l.source.Now(), Tenant: r.Partner, Account: by.Account, SignInName: by.SignInName, App: by.App,
		Verb: verb, Object: r.ID, Facts: map[string]string{"name": r.DisplayName, "status": string(r.Status), "roles": strings.Join(r.Roles, " ")},
	}
	if r.Status != Created {
		e.Target = r.Customer
	}
	return e
}
