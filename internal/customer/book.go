package customer

import (
	"context"
	"encoding/binary"
	"net/mail"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/credential"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/tenant"
	"golang.org/x/text/language"
)

// Founding is what comes into being with a new customer.
type Founding struct {
	Tenant tenant.Tenant
	Admin  account.Account
	// Hash is that of the admin's first password.
	Hash     string
	Customer Customer
	// Relationship is nil where none was asked for.
	Relationship *Relationship
}

// Invitation asks an organisation to become a partner's customer.
type Invitation struct {
	ID      string
	Partner id.Tenant
	Created time.Time
}

// BookStore keeps what is changed in the book.
type BookStore interface {
	// FoundCustomer makes all of it in one transaction, or fails with
	// DomainTaken.
	FoundCustomer(ctx context.Context, f Founding, e audit.Event) error
	// ChangeCustomer changes a customer as it stands at that moment. It fails
	// with CustomerUnknown, or as the change does.
	ChangeCustomer(ctx context.Context, partner, customer id.Tenant, change func(*Customer) error, e audit.Event) error
	// DeleteCustomer removes a customer with its relationships, and its
	// organisation where the partner founded it and no other partner has it.
	DeleteCustomer(ctx context.Context, partner, customer id.Tenant, e audit.Event) error
	// AddDomain gives an organisation one more domain, or fails with
	// DomainTaken.
	AddDomain(ctx context.Context, customer id.Tenant, domain string, e audit.Event) error
	// StandingInvitation gives a partner's invitation, and keeps the given one where
	// there was none.
	StandingInvitation(ctx context.Context, i Invitation) (Invitation, error)
	// FindStandingInvitation finds one by id, or fails with InvitationUnusable.
	FindStandingInvitation(ctx context.Context, invitation string) (Invitation, error)
}

// Book is where a partner's customers are written: made, changed and let go.
// The ledger is where they are read.
type Book struct {
	store   BookStore
	ledger  *Ledger
	tenants *tenant.Directory
	people  *account.People
	safe    *credential.Safe
	source  id.Source
}

// NewBook opens the room.
func NewBook(store BookStore, ledger *Ledger, tenants *tenant.Directory, people *account.People, safe *credential.Safe, source id.Source) *Book {
	return &Book{store: store, ledger: ledger, tenants: tenants, people: people, safe: safe, source: source}
}

// InitialSuffixes are the names below which an organisation gets its first
// domain. Nobody can prove to own one of them here, so nobody's name is taken;
// the first is the one that existing clients ask for.
var InitialSuffixes = []string{"onmicrosoft.com", "onentente.example"}

// relationshipLife is how long the first relationship of a new customer lasts,
// relationshipPeriod the same in the words of ISO 8601.
const (
	relationshipLife   = 730 * 24 * time.Hour
	relationshipPeriod = "P730D"
)

// firstRoles are those that it holds (secure-application-model.md 7.2).
var firstRoles = []string{
	account.DirectoryReaders, "9360feb5-f418-4baa-8175-e2a00bac4301", "4d6ac14f-3453-41d0-bef9-a3e0c569773a", "f023fd81-a637-4b56-95fd-791ac0226033",
	account.UserAdministrator, account.PrivilegedRoleAdmin, account.HelpdeskAdministrator, "7be44c8a-adaf-4e2a-84d6-ab2649e08a13",
	account.CloudAppAdministrator, account.ApplicationAdministrator, account.GlobalReader,
}

// New is what a partner says about a new customer.
type New struct {
	Domain, Registration string
	AssociatedPartner    id.Tenant
	Billing              Billing
	// Delegated asks for a first relationship; the partner still has to assign
	// its roles to groups.
	Delegated bool
}

// Opened is a new customer, with the one look at its admin's password.
type Opened struct {
	Customer       Customer
	Delegated      bool
	Admin          string
	AdminsPassword string
}

// Create makes an organisation with its first domain and its first admin, the
// customer and, where asked for, a relationship: all or nothing. It fails with
// DomainTaken, RequestMalformed or ParameterMissing; with AppOnlyRefused for a
// customer of an indirect reseller without a person.
func (b *Book) Create(ctx context.Context, caller audit.Caller, n New) (Opened, error) {
	partner, err := b.admit(ctx, caller)
	if err != nil {
		return Opened{}, err
	}
	if n.AssociatedPartner != "" && caller.AppOnly {
		return Opened{}, fault.New(fault.AppOnlyRefused)
	}
	domain, err := b.initial(ctx, n.Domain)
	if err != nil {
		return Opened{}, err
	}
	n.AssociatedPartner = id.Tenant(strings.ToLower(string(n.AssociatedPartner)))
	if n.AssociatedPartner != "" && !id.IsGUID(string(n.AssociatedPartner)) {
		return Opened{}, malformed("associatedPartnerId", "a GUID")
	}
	if len(n.Registration) > maxText {
		return Opened{}, malformed("organizationRegistrationNumber", "at most "+strconv.Itoa(maxText)+" bytes")
	}
	if err := n.Billing.check(); err != nil {
		return Opened{}, err
	}
	home, err := b.tenants.Find(ctx, partner)
	if err != nil {
		return Opened{}, err
	}
	now := b.source.Now()
	at := id.Tenant(b.source.NewGUID())
	password := b.source.Secret()[:20] + "-9a"
	hash, err := b.safe.Hash(ctx, password)
	if err != nil {
		return Opened{}, err
	}
	n.Billing.ID, n.Billing.ETag = b.source.NewGUID(), b.etag()
	f := Founding{
		Hash: hash,
		Tenant: tenant.Tenant{
			ID: at, Name: n.Billing.CompanyName, Country: n.Billing.Address.Country, Region: home.Region, Language: n.Billing.Language, Created: now,
			Domains: []tenant.Domain{{Name: domain, Initial: true}},
		},
		Admin: account.Account{
			Tenant: at, ID: id.Object(b.source.NewGUID()), SignInName: "admin@" + domain, Name: strings.TrimSpace(n.Billing.Address.FirstName + " " + n.Billing.Address.LastName),
			Given: n.Billing.Address.FirstName, Family: n.Billing.Address.LastName, Roles: []string{account.GlobalAdministrator},
			Language: n.Billing.Language, MustChangePassword: true, Created: now,
		},
		Customer: Customer{
			Partner: partner, Tenant: at, CompanyName: n.Billing.CompanyName, Domain: domain, Relationship: Reseller, CommerceID: b.source.NewGUID(),
			AssociatedPartner: n.AssociatedPartner, Email: n.Billing.Email, Registration: n.Registration, Address: n.Billing.Address, Billing: n.Billing,
			Founded: true, Created: now,
		},
	}
	if f.Admin.Name == "" {
		f.Admin.Name = "Admin"
	}
	if n.Delegated {
		f.Relationship = &Relationship{
			ID: b.source.NewGUID() + "-" + string(at), Partner: partner, Customer: at, DisplayName: "Default_" + string(at), Status: Active,
			CustomerName: f.Customer.CompanyName, Roles: firstRoles, Duration: relationshipPeriod, Ends: now.Add(relationshipLife),
			Created: now, Modified: now, Activated: now, Revision: 1,
		}
	}
	if err := b.store.FoundCustomer(ctx, f, b.event(caller, at, "customer.create")); err != nil {
		return Opened{}, err
	}
	b.tenants.Changed()
	return Opened{Customer: f.Customer, Delegated: n.Delegated, Admin: f.Admin.SignInName, AdminsPassword: password}, nil
}

// initial checks the first domain of an organisation: one label below a suffix
// that is for this.
func (b *Book) initial(ctx context.Context, sent string) (string, error) {
	domain, ok := tenant.FoldDomain(sent)
	for _, suffix := range InitialSuffixes {
		label, below := strings.CutSuffix(domain, "."+suffix)
		if !ok || !below || label == "" || strings.Contains(label, ".") {
			continue
		}
		taken, err := b.Taken(ctx, domain)
		if err == nil && taken {
			err = fault.New(fault.DomainTaken, "domain", domain)
		}
		return domain, err
	}
	return "", malformed("domain", "a name of one part below "+strings.Join(InitialSuffixes, " or "))
}

// Taken says whether a domain belongs to an organisation. It fails with
// RequestMalformed for what is no domain.
func (b *Book) Taken(ctx context.Context, name string) (bool, error) {
	domain, ok := tenant.FoldDomain(name)
	if !ok {
		return false, malformed("domain", "a domain name")
	}
	_, err := b.tenants.Named(ctx, domain)
	if fault.Has(err, fault.TenantUnknown) {
		return false, nil
	}
	return err == nil, err
}

// ChangeBilling replaces a customer's billing profile. With an ETag it fails
// with ChangedMeanwhile unless the profile still has it.
func (b *Book) ChangeBilling(ctx context.Context, caller audit.Caller, at id.Tenant, to Billing, etag string) (Customer, error) {
	return b.change(ctx, caller, at, "customer.billing", func(c *Customer) error {
		if etag != "" && etag != c.Billing.ETag {
			return fault.New(fault.ChangedMeanwhile, "object", "billing profile")
		}
		if err := to.check(); err != nil {
			return err
		}
		to.ID, to.ETag = c.Billing.ID, b.etag()
		c.Billing = to
		return nil
	})
}

// EndRelationship lets a customer go: its partner resells nothing to it any
// more. With dap, only the open-ended right of the partner's agents ends.
func (b *Book) EndRelationship(ctx context.Context, caller audit.Caller, at id.Tenant, commerce, dap bool) (Customer, error) {
	if caller.AppOnly {
		return Customer{}, fault.New(fault.AppOnlyRefused)
	}
	return b.change(ctx, caller, at, "customer.remove-relationship", func(c *Customer) error {
		if commerce {
			c.Relationship = CommerceNone
		}
		if dap {
			c.Delegated = false
		}
		return nil
	})
}

func (b *Book) change(ctx context.Context, caller audit.Caller, at id.Tenant, verb string, change func(*Customer) error) (Customer, error) {
	partner, err := b.admit(ctx, caller)
	if err != nil {
		return Customer{}, err
	}
	var after Customer
	err = b.store.ChangeCustomer(ctx, partner, at, func(c *Customer) error {
		if err := change(c); err != nil {
			return err
		}
		after = *c
		return nil
	}, b.event(caller, at, verb))
	return after, err
}

// Delete removes a customer, in a sandbox alone. It fails with
// NotInThisEnvironment elsewhere.
func (b *Book) Delete(ctx context.Context, caller audit.Caller, at id.Tenant) error {
	partner, err := b.admit(ctx, caller)
	if err != nil {
		return err
	}
	home, err := b.tenants.Find(ctx, partner)
	if err != nil {
		return err
	}
	if !home.Settings.Sandbox {
		return fault.New(fault.NotInThisEnvironment, "rule", "an integration sandbox; elsewhere remove the relationship")
	}
	if _, err := b.ledger.Find(ctx, caller, at); err != nil {
		return err
	}
	defer b.tenants.Changed()
	return b.store.DeleteCustomer(ctx, partner, at, b.event(caller, at, "customer.delete"))
}

// AddDomain gives a customer's organisation a domain that the partner vouches
// for. It may vouch for names below its own domains alone, or it could take
// any name. It fails with RequestMalformed and DomainTaken.
func (b *Book) AddDomain(ctx context.Context, caller audit.Caller, at id.Tenant, name string) (string, error) {
	partner, err := b.admit(ctx, caller)
	if err != nil {
		return "", err
	}
	if _, err := b.ledger.Find(ctx, caller, at); err != nil {
		return "", err
	}
	domain, ok := tenant.FoldDomain(name)
	if !ok {
		return "", malformed("VerifiedDomainName", "a domain name")
	}
	home, err := b.tenants.Find(ctx, partner)
	if err != nil {
		return "", err
	}
	for _, d := range home.Domains {
		if strings.HasSuffix(domain, "."+d.Name) {
			defer b.tenants.Changed()
			return domain, b.store.AddDomain(ctx, at, domain, b.event(caller, at, "customer.domain"))
		}
	}
	return "", malformed("VerifiedDomainName", "a name below "+home.DefaultDomain()+"; for any other the customer proves the ownership itself")
}

// Invite gives the partner's invitation, which stays the same.
func (b *Book) Invite(ctx context.Context, caller audit.Caller) (Invitation, error) {
	partner, err := b.admit(ctx, caller)
	if err != nil {
		return Invitation{}, err
	}
	return b.store.StandingInvitation(ctx, Invitation{ID: b.source.NewGUID(), Partner: partner, Created: b.source.Now()})
}

// Invited says who sends an invitation, or fails with InvitationUnusable.
func (b *Book) Invited(ctx context.Context, invitation string) (Invitation, error) {
	if !id.IsGUID(invitation) {
		return Invitation{}, fault.New(fault.InvitationUnusable)
	}
	return b.store.FindStandingInvitation(ctx, strings.ToLower(invitation))
}

// admit answers for whom a caller writes: an application alone stands for the
// partner, a person must be an Admin Agent.
func (b *Book) admit(ctx context.Context, caller audit.Caller) (id.Tenant, error) {
	partner, err := b.ledger.partner(ctx, caller)
	if err != nil || caller.AppOnly {
		return partner, err
	}
	person, err := b.people.Find(ctx, caller.Home, caller.Account)
	if err != nil {
		return "", err
	}
	if !person.In(account.AdminAgents) {
		return "", fault.New(fault.RoleMissing, "role", account.AdminAgents)
	}
	return partner, nil
}

func (b *Book) event(by audit.Caller, at id.Tenant, verb string) audit.Event {
	e := credential.Event(b.source, by, verb, string(at))
	e.Target = at
	return e
}

// etag makes a value that no earlier state of a profile had; digits.
func (b *Book) etag() string {
	return strconv.FormatUint(binary.BigEndian.Uint64(b.source.Bytes(8))>>1|1<<60, 10)
}

// maxText bounds each text of a profile, in bytes.
const maxText = 256

func (p Billing) check() error {
	a := p.Address
	for _, text := range []struct{ name, value string }{
		{"companyName", p.CompanyName}, {"email", p.Email}, {"culture", p.Culture}, {"language", p.Language}, {"region", a.Region}, {"city", a.City},
		{"state", a.State}, {"addressLine1", a.Line1}, {"addressLine2", a.Line2}, {"postalCode", a.PostalCode},
		{"firstName", a.FirstName}, {"lastName", a.LastName}, {"phoneNumber", a.Phone},
	} {
		if len(text.value) > maxText || strings.ContainsFunc(text.value, unicode.IsControl) {
			return malformed(text.name, "at most "+strconv.Itoa(maxText)+" bytes, no control characters")
		}
	}
	if strings.TrimSpace(p.CompanyName) == "" {
		return fault.New(fault.ParameterMissing, "parameter", "companyName")
	}
	if parsed, err := mail.ParseAddress(p.Email); err != nil || parsed.Address != p.Email {
		return malformed("email", "an e-mail address")
	}
	for _, tag := range []struct{ name, value string }{{"language", p.Language}, {"culture", p.Culture}} {
		if _, err := language.Parse(tag.value); err != nil {
			return malformed(tag.name, "a language tag such as en-GB")
		}
	}
	return a.Check()
}

// Check holds an address to the rules of its country. It fails with
// RequestMalformed and ParameterMissing.
func (a Address) Check() error {
	if len(a.Country) != 2 || strings.ToUpper(a.Country) != a.Country || strings.ContainsFunc(a.Country, func(r rune) bool { return r < 'A' || r > 'Z' }) {
		return malformed("country", "an ISO 3166-1 code such as GB")
	}
	rules := RulesOf(a.Country)
	for _, m := range []struct {
		name, value string
		needed      bool
	}{{"addressLine1", a.Line1, true}, {"city", a.City, rules.City}, {"state", a.State, rules.State}, {"postalCode", a.PostalCode, rules.PostalCode}} {
		if m.needed && strings.TrimSpace(m.value) == "" {
			return fault.New(fault.ParameterMissing, "parameter", m.name)
		}
	}
	if rules.postal != nil && a.PostalCode != "" && !rules.postal.MatchString(a.PostalCode) {
		return malformed("postalCode", "the form of "+a.Country+", "+rules.Pattern)
	}
	return nil
}

func malformed(parameter, rule string) error {
	return fault.New(fault.RequestMalformed, "parameter", parameter, "rule", rule)
}
