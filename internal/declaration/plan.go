package declaration

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/consent"
	"github.com/entente-id/entente/internal/credential"
	"github.com/entente-id/entente/internal/customer"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/partner"
	"github.com/entente-id/entente/internal/programme"
	"github.com/entente-id/entente/internal/tenant"
	"github.com/entente-id/entente/internal/vault"
)

// Rooms are where what is declared lives.
type Rooms struct {
	Tenants       *tenant.Directory
	People        *account.People
	Groups        *account.Groups
	Safe          *credential.Safe
	Apps          *application.Registry
	Consents      *consent.Ledger
	Partners      *partner.Register
	Customers     *customer.Ledger
	Relationships *customer.Relationships
	Programme     *programme.Membership
	Vaults        *vault.Vaults
	// Platform are the registrations that every authority needs, of the
	// organisation that runs the programme.
	Platform func(owner id.Tenant) []application.Application
	Source   id.Source
}

// Office is the room: it plans what a document changes, and applies it.
type Office struct{ rooms Rooms }

// NewOffice opens the room.
func NewOffice(rooms Rooms) *Office { return &Office{rooms} }

// Verb is what becomes of a thing.
type Verb string

// The verbs.
const (
	Create Verb = "create"
	Change Verb = "change"
	Keep   Verb = "keep"
	Remove Verb = "remove"
)

// Step is what becomes of one thing.
type Step struct {
	Verb Verb
	// Kind is the word for such things, Name tells this one from others.
	Kind, Name string
	// Fields are what is different afterwards.
	Fields []Field
	// Note is what a reader should know beyond that; may be empty.
	Note string

	do func(ctx context.Context) ([]Made, error)
}

// Field is one difference. From is empty where nothing was.
type Field struct{ Name, From, To string }

// Made is something that came into being and is told once.
type Made struct {
	// Kind is "pass" or "secret"; For is whose it is, Name its own.
	Kind, For, Name string
	// Value is secret.
	Value string
	Until time.Time
}

// Plan is what a document changes, in the order in which it is done.
type Plan struct{ Steps []Step }

// Changes counts the steps that change something.
func (p Plan) Changes() int {
	n := 0
	for _, s := range p.Steps {
		if s.Verb != Keep {
			n++
		}
	}
	return n
}

// Plan compares a document with what there is, and writes nothing. Operator is
// the name that the records will carry. It fails with Problems.
func (o *Office) Plan(ctx context.Context, d Document, operator string) (Plan, error) {
	s := newSurvey(o.rooms, d, audit.Caller{SignInName: operator})
	for _, part := range []func(context.Context) error{
		s.tenants, s.platform, s.partners, s.people, s.apps, s.customers, s.relationships, s.vaults, s.programme,
	} {
		if err := part(ctx); err != nil {
			return Plan{}, err
		}
	}
	if len(s.problems) > 0 {
		// Two parts may stumble over the same thing.
		slices.SortStableFunc(s.problems, func(a, b Problem) int { return a.Line - b.Line })
		return Plan{}, slices.Compact(s.problems)
	}
	return Plan{Steps: s.steps}, nil
}

// Apply does what a plan says, step by step, and tells what was made as soon as
// it is: nobody can tell it again. When a step fails, the ones before it are
// done, and a new plan has the rest.
func (o *Office) Apply(ctx context.Context, p Plan, tell func(Made) error) error {
	for _, s := range p.Steps {
		if s.Verb == Keep {
			continue
		}
		made, err := s.do(ctx)
		for _, m := range made {
			if told := tell(m); told != nil {
				return fmt.Errorf("tell the %s of %s: %w", m.Kind, m.For, told)
			}
		}
		if err != nil {
			return fmt.Errorf("%s %s %s: %w", s.Verb, s.Kind, s.Name, err)
		}
	}
	return nil
}
