// Package customer holds a partner's customers and the delegated rights over
// them: who a partner may see, and who of the partner's people may act in a
// customer's organisation.
package customer

import (
	"context"
	"strings"
	"time"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Customer is one organisation as its partner knows it. Two partners of the
// same organisation have a row each, and neither sees the other's.
type Customer struct {
	Partner, Tenant id.Tenant
	CompanyName     string
	// Domain is the organisation's initial domain; CustomDomains are others
	// that the partner was told of.
	Domain        string
	CustomDomains []string
	Relationship  Commerce
	// CommerceID identifies the customer in billing.
	CommerceID string
	// AssociatedPartner is the indirect reseller, when there is one.
	AssociatedPartner id.Tenant
	// Delegated is true while the customer allows delegated access.
	Delegated bool
	Email     string
	// Registration is the organisation's registration number, where its
	// country demands one.
	Registration string
	Address      Address
	Billing      Billing
	// Qualifications are what the customer is entitled to be sold.
	Qualifications []Qualification
	// Founded is true where the partner made the organisation: then it ends
	// with the customer.
	Founded bool
	Created time.Time
}

// Commerce is the commercial relationship of a customer to its partner
// (secure-application-model.md 7.2).
type Commerce string

// The commercial relationships.
const (
	CommerceUnknown Commerce = "unknown"
	CommerceNone    Commerce = "none"
	Reseller        Commerce = "reseller"
	Advisor         Commerce = "advisor"
	Syndication     Commerce = "syndication"
	PlatformSupport Commerce = "microsoft_support"
)

func (c Commerce) known() bool {
	switch c {
	case CommerceUnknown, CommerceNone, Reseller, Advisor, Syndication, PlatformSupport:
		return true
	}
	return false
}

// Address is where a company is, and whom to ask for there.
type Address struct {
	// Country is an ISO 3166-1 alpha-2 code.
	Country, Region, City, State, Line1, Line2, PostalCode string
	FirstName, LastName, Phone                             string
}

// Billing is the profile that invoices are made from.
type Billing struct {
	ID          string
	CompanyName string
	Email       string
	// Culture is a language tag such as en-GB, Language its first part.
	Culture, Language string
	Address           Address
	// ETag changes with every change of the profile; digits.
	ETag string
}

// Store keeps customers and relationships.
type Store interface {
	// Customer finds one customer of a partner, or fails with
	// CustomerUnknown.
	Customer(ctx context.Context, partner, customer id.Tenant) (Customer, error)
	// Customers lists a partner's customers in the order of their ids.
	Customers(ctx context.Context, partner id.Tenant, q Query) ([]Customer, error)
	// SaveCustomer creates or replaces a customer.
	SaveCustomer(ctx context.Context, c Customer) error
	// DeclareCustomer is SaveCustomer with its event.
	DeclareCustomer(ctx context.Context, c Customer, e audit.Event) error
	// Relationships lists what a partner and a customer have agreed, in the
	// order of their ids, ended ones included.
	Relationships(ctx context.Context, partner, customer id.Tenant) ([]Relationship, error)
	// SaveRelationship creates or replaces a relationship.
	SaveRelationship(ctx context.Context, r Relationship) error
}

// Ledger is the room: which customers a partner has, and what it may do there.
type Ledger struct {
	store  Store
	people *account.People
	source id.Source
}

// NewLedger opens the room.
func NewLedger(store Store, people *account.People, source id.Source) *Ledger {
	return &Ledger{store: store, people: people, source: source}
}

// Find gives one of the caller's customers. An organisation that is somebody
// else's customer and one that does not exist get the same answer,
// CustomerUnknown (security-and-reliability.md R160).
func (l *Ledger) Find(ctx context.Context, caller audit.Caller, customer id.Tenant) (Customer, error) {
	partner, err := l.partner(ctx, caller)
	if err != nil {
		return Customer{}, err
	}
	return l.store.Customer(ctx, partner, customer)
}

// Save creates or replaces a customer.
func (l *Ledger) Save(ctx context.Context, c Customer) error {
	if err := c.Check(); err != nil {
		return err
	}
	return l.store.SaveCustomer(ctx, c)
}

// Check holds a customer to its rules. It fails with CustomerIDMalformed,
// ParameterMissing or RequestMalformed.
func (c Customer) Check() error {
	switch {
	case !id.IsGUID(string(c.Partner)) || !id.IsGUID(string(c.Tenant)):
		return fault.New(fault.CustomerIDMalformed, "rule", "GUIDs for the partner and the customer")
	case strings.ToLower(string(c.Tenant)) != string(c.Tenant) || strings.ToLower(string(c.Partner)) != string(c.Partner):
		return fault.New(fault.CustomerIDMalformed, "rule", "ids in lower case")
	case c.CompanyName == "":
		return fault.New(fault.ParameterMissing, "parameter", "companyName")
	case !c.Relationship.known():
		return fault.New(fault.RequestMalformed, "parameter", "relationshipToPartner", "rule", "a known relationship")
	}
	return nil
}

// partner answers for whom a caller reads customers: an application alone
// stands for the partner itself (secure-application-model.md 4), a person
// must be one of the partner's agents, at home, on each call anew (R163).
func (l *Ledger) partner(ctx context.Context, caller audit.Caller) (id.Tenant, error) {
	if caller.AppOnly {
		return caller.Tenant, nil
	}
	if caller.Home != caller.Tenant {
		return "", fault.New(fault.ForeignAccount, "account", caller.SignInName)
	}
	person, err := l.people.Find(ctx, caller.Home, caller.Account)
	if err != nil {
		return "", err
	}
	if person.Disabled {
		return "", fault.New(fault.AccountDisabled, "account", person.SignInName)
	}
	agents := []string{account.AdminAgents, account.HelpdeskAgents, account.SalesAgents}
	for _, group := range agents {
		if person.In(group) {
			return person.Tenant, nil
		}
	}
	return "", fault.New(fault.RoleMissing, "role", strings.Join(agents, ", "))
}

// Fold brings a company's name or domain to the form that filters compare:
// NFC and case folded.
func Fold(text string) string {
	return cases.Fold().String(norm.NFC.String(strings.TrimSpace(text)))
}
