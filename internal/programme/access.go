package programme

import (
	"context"
	"strings"
	"time"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/message"
)

// RequestState is how far an access request has come.
type RequestState string

// The states.
const (
	RequestOpen     RequestState = "open"
	RequestAdmitted RequestState = "admitted"
	RequestRefused  RequestState = "refused"
)

// AccessRequest is a person's wish to be let in (journey J05).
type AccessRequest struct {
	ID      string
	Tenant  id.Tenant
	Account id.Object
	// Address, Name and OrganisationName are what the owner recognises the
	// person by; Verified is true when the organisation has verified the
	// address's domain.
	Address, Name, OrganisationName string
	Verified                        bool
	Reason                          string
	At                              time.Time
	State                           RequestState
	// DecidedBy, Decided and Answer say how it ended.
	DecidedBy id.Object
	Decided   time.Time
	Answer    string
	Version   int64
}

// RequestsPath is where the owner decides on what waits.
const RequestsPath = "/programme/requests"

// PortalPath is where members land.
const PortalPath = "/portal"

// Ask puts a request into the owner's queue and tells the programme's contact.
// A person has one open request: asking again gives the same one. It fails
// with InputInvalid unless the reason has 10 to 300 characters, or when the
// person is a member already.
func (m *Membership) Ask(ctx context.Context, by audit.Caller, reason string) (AccessRequest, error) {
	reason = strings.TrimSpace(reason)
	if !IsText(reason, 10, 300) {
		return AccessRequest{}, invalid("reason", "10 to 300 characters")
	}
	var asked AccessRequest
	err := Again(ctx, func() (err error) {
		asked, err = m.ask(ctx, by, reason)
		return err
	})
	return asked, err
}

func (m *Membership) ask(ctx context.Context, by audit.Caller, reason string) (AccessRequest, error) {
	p, err := m.store.Programme(ctx)
	if err != nil {
		return AccessRequest{}, err
	}
	person, err := m.Person(ctx, by)
	if err != nil {
		return AccessRequest{}, err
	}
	have, err := m.member(ctx, p, person.Tenant, person.ID)
	if err != nil {
		return AccessRequest{}, err
	}
	if have.State == Active {
		return AccessRequest{}, invalid("account", "somebody who is not a member yet")
	}
	open, err := m.store.OpenAccessRequest(ctx, p.Owner, person.Tenant, person.ID)
	if !fault.Has(err, fault.ObjectUnknown) {
		return open, err
	}
	home, err := m.tenants.Find(ctx, person.Tenant)
	if err != nil {
		return AccessRequest{}, err
	}
	address, err := m.MailboxOf(ctx, person)
	if err != nil {
		return AccessRequest{}, err
	}
	r := AccessRequest{
		ID: m.source.NewGUID(), Tenant: person.Tenant, Account: person.ID, Address: address, Name: person.Name,
		OrganisationName: home.Name, Verified: address != "" && person.Tenant != id.Consumers, Reason: reason,
		At: m.source.Now(), State: RequestOpen,
	}
	if address == "" {
		r.Address = person.SignInName
	}
	e := m.Event(by, p.Owner, "access.ask", r.ID)
	d := Deed{Requests: []AccessRequest{r}, Events: []audit.Event{e}}
	err = m.commit(ctx, p, d, message.Message{
		Kind: message.AccessRequested, Tenant: p.Owner, To: p.Contact, Path: RequestsPath, Facts: map[string]string{
			"app": p.Name, "name": r.Name, "address": r.Address, "org": r.OrganisationName, "reason": reason,
		},
	})
	r.Version++
	return r, err
}

// Requests lists the open requests, oldest first.
func (m *Membership) Requests(ctx context.Context, by audit.Caller, limit int) ([]AccessRequest, error) {
	p, err := m.Staff(ctx, by)
	if err != nil {
		return nil, err
	}
	return m.store.AccessRequests(ctx, p.Owner, RequestOpen, page(limit))
}

// Admit lets a person in and tells them. It fails with RequestRepeated when
// the request was decided already, with AccountUnknown or AccountDisabled when
// the account is gone.
func (m *Membership) Admit(ctx context.Context, by audit.Caller, request string, role Role) error {
	if role.rank() == 0 {
		return invalid("role", "member, contact or admin")
	}
	return m.decide(ctx, by, request, func(p Programme, r *AccessRequest, person account.Account) (Deed, message.Kind, error) {
		if person.ID == "" {
			return Deed{}, "", fault.New(fault.AccountUnknown)
		}
		if person.Disabled {
			return Deed{}, "", fault.New(fault.AccountDisabled, "account", person.SignInName)
		}
		have, err := m.member(ctx, p, r.Tenant, r.Account)
		if err != nil {
			return Deed{}, "", err
		}
		r.State = RequestAdmitted
		return Deed{Members: []Member{m.NewMember(have, person, role, ByRequest, r.Address, by.Account)}}, message.AccessGranted, nil
	})
}

// Refuse answers a request with a reason that the person is told, of 1 to 300
// characters. It fails with RequestRepeated when it was decided already.
func (m *Membership) Refuse(ctx context.Context, by audit.Caller, request, reason string) error {
	reason = strings.TrimSpace(reason)
	if !IsText(reason, 1, 300) {
		return invalid("reason", "1 to 300 characters")
	}
	return m.decide(ctx, by, request, func(_ Programme, r *AccessRequest, _ account.Account) (Deed, message.Kind, error) {
		r.State, r.Answer = RequestRefused, reason
		return Deed{}, message.AccessDenied, nil
	})
}

// verdict turns a request into its end; an account that is gone is zero.
type verdict func(Programme, *AccessRequest, account.Account) (Deed, message.Kind, error)

func (m *Membership) decide(ctx context.Context, by audit.Caller, request string, how verdict) error {
	p, err := m.Staff(ctx, by)
	if err != nil {
		return err
	}
	return Again(ctx, func() error {
		r, err := m.store.AccessRequest(ctx, p.Owner, request)
		if err != nil {
			return err
		}
		if r.State != RequestOpen {
			return decided()
		}
		person, err := m.people.Find(ctx, r.Tenant, r.Account)
		if err != nil && !fault.Has(err, fault.AccountUnknown) {
			return err
		}
		r.DecidedBy, r.Decided = by.Account, m.source.Now()
		d, kind, err := how(p, &r, person)
		if err != nil {
			return err
		}
		e := m.Event(by, r.Tenant, "access."+string(r.State), r.ID)
		e.Facts = map[string]string{"account": string(r.Account)}
		d.Requests, d.Events = []AccessRequest{r}, []audit.Event{e}
		letters, err := m.Answer(ctx, p, kind, person, r.Answer)
		if err != nil {
			return err
		}
		return m.commit(ctx, p, d, letters...)
	})
}

// Answer is the word to a person of what was decided; one whose account is gone, or who
// proves no mailbox, is told on the portal alone.
func (m *Membership) Answer(ctx context.Context, p Programme, kind message.Kind, person account.Account, reason string) ([]message.Message, error) {
	to, err := m.MailboxOf(ctx, person)
	if err != nil || to == "" {
		return nil, err
	}
	return []message.Message{{
		Kind: kind, Tenant: p.Owner, To: to, Language: person.Language, Path: PortalPath,
		Facts: map[string]string{"app": p.Name, "name": person.Name, "reason": reason, "contact": p.Contact},
	}}, nil
}

// decided is the answer to the second of two decisions.
func decided() error { return fault.New(fault.RequestRepeated, "reason", "decided") }

// Settled closes the open request of a person who came in another way; it is
// for the deed that lets them in.
func (m *Membership) Settled(ctx context.Context, p Programme, person account.Account) ([]AccessRequest, error) {
	r, err := m.store.OpenAccessRequest(ctx, p.Owner, person.Tenant, person.ID)
	if fault.Has(err, fault.ObjectUnknown) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	r.State, r.Decided = RequestAdmitted, m.source.Now()
	return []AccessRequest{r}, nil
}
