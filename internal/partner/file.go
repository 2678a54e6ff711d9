package partner

import (
	"context"
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
)

// Kind is what a filed paper is.
type Kind string

// The kinds. Of profiles there is one each, under the id "current".
const (
	KindLegal     Kind = "legal"
	KindBilling   Kind = "billing"
	KindSupport   Kind = "support"
	KindMPN       Kind = "mpn"
	KindRelation  Kind = "relation"
	KindService   Kind = "service-request"
	KindAgreement Kind = "agreement"
	KindWebhook   Kind = "webhook"
)

// current is the id of what there is one of.
const current = "current"

// Paper says where something is filed.
type Paper struct {
	Partner id.Tenant
	Kind    Kind
	ID      string
	// Customer is whom it is about, empty for the partner itself.
	Customer id.Tenant
	ETag     string
	At       time.Time
}

// FileStore keeps what a partner files. Papers are structs of this room, which
// the store writes and reads whole.
type FileStore interface {
	// ReadPaper reads a paper, or fails with ObjectUnknown.
	ReadPaper(ctx context.Context, partner id.Tenant, kind Kind, paper string, into any) (Paper, error)
	// ListPapers hands the papers of a kind to take, newest first: those about
	// one customer, or with an empty one all.
	ListPapers(ctx context.Context, partner id.Tenant, kind Kind, customer id.Tenant, limit int, take func(read func(into any) error) error) error
	// FilePaper creates or replaces a paper. With an old ETag it fails with
	// ChangedMeanwhile unless the paper still has it.
	FilePaper(ctx context.Context, p Paper, old string, paper any, e audit.Event) error
	// RequestsOf lists a partner's kept calls since an instant, newest first.
	RequestsOf(ctx context.Context, partner id.Tenant, since time.Time, limit int) ([]Request, error)
	// KeepRequest keeps one.
	KeepRequest(ctx context.Context, r Request) error
	// Records lists what was done by or to a partner, newest first.
	Records(ctx context.Context, partner id.Tenant, q RecordQuery) ([]audit.Event, error)
}

// Files is the room where a partner keeps what it agrees, asks and tells.
type Files struct {
	store    FileStore
	register *Register
	source   id.Source
}

// NewFiles opens the room.
func NewFiles(store FileStore, register *Register, source id.Source) *Files {
	return &Files{store: store, register: register, source: source}
}

// maxPapers bounds each list.
const maxPapers = 1000

// file writes a paper with its event.
func (f *Files) file(ctx context.Context, by audit.Caller, p Paper, old, verb string, paper any) error {
	e := credential.Event(f.source, by, verb, p.ID)
	e.Target = p.Customer
	return f.store.FilePaper(ctx, p, old, paper, e)
}

// list reads all papers of a kind.
func list[T any](ctx context.Context, f *Files, partner id.Tenant, kind Kind, customer id.Tenant) ([]T, error) {
	var all []T
	err := f.store.ListPapers(ctx, partner, kind, customer, maxPapers, func(read func(any) error) error {
		var one T
		if err := read(&one); err != nil {
			return err
		}
		all = append(all, one)
		return nil
	})
	return all, err
}

// person holds what only people do to those in the groups.
func (f *Files) person(ctx context.Context, by audit.Caller, groups ...string) error {
	if by.AppOnly {
		return fault.New(fault.AppOnlyRefused)
	}
	return f.register.Admit(ctx, by, groups...)
}

// text checks one text, of at most maxField bytes unless told otherwise.
func text(parameter, value string, needed bool, most int) error {
	switch {
	case needed && strings.TrimSpace(value) == "":
		return fault.New(fault.ParameterMissing, "parameter", parameter)
	case len(value) > most || strings.ContainsFunc(value, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\r' && r != '\t' }):
		return fault.New(fault.RequestMalformed, "parameter", parameter, "rule", "at most "+strconv.Itoa(most)+" bytes, no control characters")
	}
	return nil
}

// Contact is whom to ask in a company.
type Contact struct{ FirstName, LastName, Email, Phone string }

func (c Contact) check(parameter string) error {
	for _, t := range []string{c.FirstName, c.LastName, c.Phone} {
		if err := text(parameter, t, false, maxField); err != nil {
			return err
		}
	}
	if c.Email == "" {
		return nil
	}
	if parsed, err := mail.ParseAddress(c.Email); err != nil || parsed.Address != c.Email {
		return fault.New(fault.RequestMalformed, "parameter", parameter+".email", "rule", "an e-mail address")
	}
	return nil
}

// Legal is who a partner is before the law (secure-application-model.md 7.1).
type Legal struct {
	CompanyName     string
	Address         Address
	Contact         Contact
	ApproverAddress Address
	ApproverEmail   string
	// Status and SubStatus are how far the vetting has come.
	Status, SubStatus string
}

// Legal gives the partner's legal profile. Before it wrote one, it is what the
// organisation profile says, authorised.
func (f *Files) Legal(ctx context.Context, by audit.Caller) (Legal, error) {
	if err := f.register.Admit(ctx, by, Agents...); err != nil {
		return Legal{}, err
	}
	var l Legal
	_, err := f.store.ReadPaper(ctx, by.Tenant, KindLegal, current, &l)
	if !fault.Has(err, fault.ObjectUnknown) {
		return l, err
	}
	p, err := f.register.store.Profile(ctx, by.Tenant)
	return Legal{
		CompanyName: p.CompanyName, Address: p.Address, ApproverAddress: p.Address, ApproverEmail: p.Email,
		Contact: Contact{p.Address.FirstName, p.Address.LastName, p.Email, p.Address.Phone}, Status: "authorized", SubStatus: "none",
	}, err
}

// ChangeLegal replaces the legal profile; the vetting begins again.
func (f *Files) ChangeLegal(ctx context.Context, by audit.Caller, to Legal) (Legal, error) {
	if err := f.person(ctx, by, account.AdminAgents); err != nil {
		return Legal{}, err
	}
	if err := to.check(); err != nil {
		return Legal{}, err
	}
	to.Status, to.SubStatus = "pending", "entry"
	return to, f.file(ctx, by, Paper{Partner: by.Tenant, Kind: KindLegal, ID: current, At: f.source.Now()}, "", "profile.legal", to)
}

func (l Legal) check() error {
	if err := text("companyName", l.CompanyName, true, maxField); err != nil {
		return err
	}
	if err := l.Contact.check("primaryContact"); err != nil {
		return err
	}
	if err := (Contact{Email: l.ApproverEmail}).check("companyApproverEmail"); err != nil {
		return err
	}
	if err := l.Address.check("address"); err != nil {
		return err
	}
	if l.ApproverAddress == (Address{}) {
		return nil
	}
	return l.ApproverAddress.check("companyApproverAddress")
}

func (a Address) check(parameter string) error {
	for _, t := range []string{a.Region, a.City, a.State, a.Line1, a.Line2, a.PostalCode, a.FirstName, a.LastName, a.Phone} {
		if err := text(parameter, t, false, maxField); err != nil {
			return err
		}
	}
	if len(a.Country) != 2 || strings.ToUpper(a.Country) != a.Country {
		return fault.New(fault.RequestMalformed, "parameter", parameter+".country", "rule", "an ISO 3166-1 code such as GB")
	}
	return nil
}

// Billing is where a partner gets its invoices.
type Billing struct {
	CompanyName string
	Address     Address
	Contact     Contact
	PurchaseOrder, TaxID,
	Currency string
	ETag string
}

// Billing gives the partner's billing profile. Before it wrote one, it is what
// the organisation profile says.
func (f *Files) Billing(ctx context.Context, by audit.Caller) (Billing, error) {
	if err := f.person(ctx, by, Agents...); err != nil {
		return Billing{}, err
	}
	return f.billing(ctx, by.Tenant)
}

func (f *Files) billing(ctx context.Context, partner id.Tenant) (Billing, error) {
	var b Billing
	at, err := f.store.ReadPaper(ctx, partner, KindBilling, current, &b)
	if !fault.Has(err, fault.ObjectUnknown) {
		b.ETag = at.ETag
		return b, err
	}
	p, err := f.register.store.Profile(ctx, partner)
	return Billing{
		CompanyName: p.CompanyName, Address: p.Address, Currency: "EUR", ETag: p.ETag,
		Contact: Contact{p.Address.FirstName, p.Address.LastName, p.Email, p.Address.Phone},
	}, err
}

// ChangeBilling replaces purchase order, tax id and contact; the rest is the
// organisation's. With an ETag it fails with ChangedMeanwhile unless the
// profile still has it.
func (f *Files) ChangeBilling(ctx context.Context, by audit.Caller, to Billing, etag string) (Billing, error) {
	if err := f.person(ctx, by, account.AdminAgents); err != nil {
		return Billing{}, err
	}
	for _, t := range []struct{ name, value string }{{"purchaseOrderNumber", to.PurchaseOrder}, {"taxId", to.TaxID}} {
		if err := text(t.name, t.value, false, 64); err != nil {
			return Billing{}, err
		}
	}
	if err := to.Contact.check("primaryContact"); err != nil {
		return Billing{}, err
	}
	b, err := f.billing(ctx, by.Tenant)
	if err != nil {
		return b, err
	}
	if etag != "" && etag != b.ETag {
		return Billing{}, fault.New(fault.ChangedMeanwhile, "object", "billing profile")
	}
	old := b.ETag
	b.PurchaseOrder, b.TaxID, b.Contact, b.ETag = to.PurchaseOrder, to.TaxID, to.Contact, f.register.etag()
	at := Paper{Partner: by.Tenant, Kind: KindBilling, ID: current, ETag: b.ETag, At: f.source.Now()}
	return b, f.file(ctx, by, at, old, "profile.billing", b)
}

// Support is where a partner's customers ask for help.
type Support struct{ Email, Telephone, Website string }

// Support gives the partner's support profile.
func (f *Files) Support(ctx context.Context, by audit.Caller) (Support, error) {
	if err := f.person(ctx, by, Agents...); err != nil {
		return Support{}, err
	}
	var s Support
	_, err := f.store.ReadPaper(ctx, by.Tenant, KindSupport, current, &s)
	if !fault.Has(err, fault.ObjectUnknown) {
		return s, err
	}
	p, err := f.register.store.Profile(ctx, by.Tenant)
	return Support{Email: p.Email, Telephone: p.Address.Phone, Website: "https://" + p.Domain}, err
}

// ChangeSupport replaces it.
func (f *Files) ChangeSupport(ctx context.Context, by audit.Caller, to Support) (Support, error) {
	if err := f.person(ctx, by, account.AdminAgents); err != nil {
		return Support{}, err
	}
	if err := (Contact{Email: to.Email, Phone: to.Telephone}).check("email"); err != nil {
		return Support{}, err
	}
	if err := text("website", to.Website, false, maxField); err != nil {
		return Support{}, err
	}
	return to, f.file(ctx, by, Paper{Partner: by.Tenant, Kind: KindSupport, ID: current, At: f.source.Now()}, "", "profile.support", to)
}

// MPN is a partner's number in the partner network.
type MPN struct{ Name, ID string }

// MPN gives the caller's own number, or what is known of another one. It fails
// with MPNUnknown.
func (f *Files) MPN(ctx context.Context, by audit.Caller, number string) (MPN, error) {
	if err := f.person(ctx, by, Agents...); err != nil {
		return MPN{}, err
	}
	p, err := f.register.store.Profile(ctx, by.Tenant)
	if err != nil {
		return MPN{}, err
	}
	own := MPN{Name: p.CompanyName, ID: numberOf(p.Tenant)}
	if number == "" || number == own.ID {
		return own, nil
	}
	relations, err := list[Relation](ctx, f, by.Tenant, KindRelation, "")
	if err != nil {
		return MPN{}, err
	}
	for _, r := range relations {
		if r.MPN == number {
			return MPN{Name: r.Name, ID: r.MPN}, nil
		}
	}
	return MPN{}, fault.New(fault.MPNUnknown, "parameter", "mpnId")
}

// numberOf makes a partner's number out of its tenant, so that it is the same
// each time: seven digits.
func numberOf(t id.Tenant) string {
	var n uint64
	for _, b := range []byte(t) {
		n = n*31 + uint64(b)
	}
	return strconv.FormatUint(1_000_000+n%9_000_000, 10)
}

// Relation is an indirect reseller of a provider, or the other way round.
type Relation struct {
	// Partner is the other side.
	Partner id.Tenant
	Name    string
	// Type is is_indirect_cloud_solution_provider_of or is_indirect_reseller_of.
	Type     string
	State    string
	MPN      string
	Location string
}

// Relations lists the partner's relations of a type, or with an empty one all.
func (f *Files) Relations(ctx context.Context, by audit.Caller, relation string) ([]Relation, error) {
	if err := f.person(ctx, by, Agents...); err != nil {
		return nil, err
	}
	all, err := list[Relation](ctx, f, by.Tenant, KindRelation, "")
	if err != nil {
		return nil, err
	}
	kept := []Relation{}
	for _, r := range all {
		if relation == "" || r.Type == relation {
			kept = append(kept, r)
		}
	}
	return kept, nil
}

// Relate notes a relation of a partner; who may is for the caller to decide.
func (f *Files) Relate(ctx context.Context, by audit.Caller, r Relation) error {
	if !id.IsGUID(string(r.Partner)) {
		return fault.New(fault.RequestMalformed, "parameter", "id", "rule", "a GUID")
	}
	r.MPN = numberOf(r.Partner)
	return f.file(ctx, by, Paper{Partner: by.Tenant, Kind: KindRelation, ID: string(r.Partner), At: f.source.Now()}, "", "partner.relate", r)
}
