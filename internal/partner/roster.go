package partner

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/message"
)

// RosterState tells whether an organisation's list lets people in.
type RosterState string

// The states.
const (
	RosterWaiting  RosterState = "waiting"
	RosterApproved RosterState = "approved"
	RosterRefused  RosterState = "refused"
)

// Roster is the list of an organisation's people who belong to the programme,
// kept by the organisation itself (journey J19).
type Roster struct {
	Tenant           id.Tenant
	OrganisationName string
	State            RosterState
	Entries          []Entry
	// SentBy named the people, at Sent, first at At.
	SentBy   id.Object
	At, Sent time.Time
	// DecidedBy approved or refused the organisation.
	DecidedBy id.Object
	Decided   time.Time
	Version   int64
}

// Entry is one person of a roster: by account where it was ticked, else by
// address.
type Entry struct {
	Address string
	Account id.Object
}

// names reports whether the roster has the person.
func (r Roster) names(person account.Account, keys []string) bool {
	return slices.ContainsFunc(r.Entries, func(e Entry) bool {
		if e.Account != "" {
			return e.Account == person.ID
		}
		return slices.Contains(keys, account.FoldName(e.Address))
	})
}

// MaxRoster is the most people on one roster.
const MaxRoster = 2000

// RosterList is a roster as it is sent: the whole list each time.
type RosterList struct {
	// Text has an address on each line; what follows a comma, semicolon or tab
	// is passed over.
	Text string
	// Accounts were ticked.
	Accounts []id.Object
}

// RosterSent is what came of a list.
type RosterSent struct {
	Roster Roster
	Bad    []BadLine
	// Removed are how many stopped being members. A list with bad lines takes
	// nobody off: a spelling mistake must not put a person out.
	Removed int
}

// SendRoster replaces the roster of the caller's own organisation. Only
// addresses in domains that it has verified are taken; the others come back by
// line. On an approved roster the change counts at once; else it waits for the
// owner, who is told the first time. It fails with RoleMissing, or with
// InputInvalid when nothing of the list is good.
func (m *Membership) SendRoster(ctx context.Context, by audit.Caller, list RosterList) (RosterSent, error) {
	p, err := m.store.Programme(ctx)
	if err != nil {
		return RosterSent{}, err
	}
	speaker, err := m.speaker(ctx, by)
	if err != nil {
		return RosterSent{}, err
	}
	entries, bad, err := m.entries(ctx, speaker.Tenant, list)
	if err != nil {
		return RosterSent{}, err
	}
	if len(entries) == 0 {
		return RosterSent{Bad: bad}, invalid("list", "at least one address in a domain of your organisation")
	}
	sent := RosterSent{Bad: bad}
	err = m.again(ctx, func() (err error) {
		sent.Roster, sent.Removed, err = m.replaceRoster(ctx, by, p, entries, len(bad) > 0)
		return err
	})
	return sent, err
}

func (m *Membership) entries(ctx context.Context, t id.Tenant, list RosterList) ([]Entry, []BadLine, error) {
	lines := linesOf(list.Text)
	if len(lines)+len(list.Accounts) > MaxRoster {
		return nil, nil, invalid("list", fmt.Sprintf("at most %d people", MaxRoster))
	}
	var entries []Entry
	var bad []BadLine
	seen := map[string]bool{}
	for n, who := range list.Accounts {
		person, err := m.people.Find(ctx, t, who)
		switch {
		case fault.Has(err, fault.AccountUnknown):
			bad = append(bad, BadLine{n + 1, string(who), "account"})
		case err != nil:
			return nil, nil, err
		case !seen[string(who)]:
			seen[string(who)] = true
			entries = append(entries, Entry{Address: person.SignInName, Account: who})
		}
	}
	for _, l := range lines {
		var i Invitation
		l.fields = l.fields[:min(1, len(l.fields))]
		i.Role = PlainMember
		rule := l.into(&i)
		if rule == "" {
			domain, _ := account.DomainOf(i.Address)
			owner, err := m.ownerOf(ctx, domain)
			if err != nil {
				return nil, nil, err
			}
			if owner != t {
				rule = "domain"
			}
		}
		if rule != "" {
			bad = append(bad, BadLine{l.number, l.text, rule})
			continue
		}
		if key := i.AddressKey(); !seen[key] {
			seen[key] = true
			entries = append(entries, Entry{Address: i.Address})
		}
	}
	return entries, bad, nil
}

func (m *Membership) replaceRoster(ctx context.Context, by audit.Caller, p Programme, entries []Entry, keep bool) (Roster, int, error) {
	home, err := m.tenants.Find(ctx, by.Tenant)
	if err != nil {
		return Roster{}, 0, err
	}
	r, err := m.store.Roster(ctx, p.Owner, by.Tenant)
	if err != nil && !fault.Has(err, fault.ObjectUnknown) {
		return r, 0, err
	}
	var letters []message.Message
	now := m.source.Now()
	if r.State == "" || r.State == RosterRefused {
		r.State, r.At = RosterWaiting, now
		letters = append(letters, message.Message{
			Kind: message.RosterSent, Tenant: p.Owner, To: p.Contact, Path: RequestsPath, Facts: map[string]string{
				"programme": p.Name, "organisation": home.Name, "people": number(len(entries)), "name": by.SignInName,
			},
		})
	}
	if keep {
		entries = joinEntries(entries, r.Entries)
	}
	if len(entries) > MaxRoster {
		return r, 0, invalid("list", fmt.Sprintf("at most %d people", MaxRoster))
	}
	r.Tenant, r.OrganisationName, r.Entries, r.SentBy, r.Sent = by.Tenant, home.Name, entries, by.Account, now
	d := Deed{Rosters: []Roster{r}}
	if d.Members, err = m.fallen(ctx, p, r); err != nil {
		return r, 0, err
	}
	e := m.event(by, p.Owner, "roster.send", string(by.Tenant))
	e.Facts = map[string]string{"people": number(len(entries)), "removed": number(len(d.Members))}
	d.Events = []audit.Event{e}
	if err := m.commit(ctx, p, d, letters...); err != nil {
		return r, 0, err
	}
	return r, len(d.Members), nil
}

func joinEntries(entries, old []Entry) []Entry {
	for _, o := range old {
		if !slices.ContainsFunc(entries, func(e Entry) bool {
			return e.Account == o.Account && account.FoldName(e.Address) == account.FoldName(o.Address)
		}) {
			entries = append(entries, o)
		}
	}
	return entries
}

// fallen are the members by roster whom the roster, as it now stands, does not
// let in any more.
func (m *Membership) fallen(ctx context.Context, p Programme, r Roster) ([]Member, error) {
	list, err := m.store.Members(ctx, p.Owner, r.Tenant, "", maxColleagues)
	if err != nil {
		return nil, err
	}
	var out []Member
	for _, a := range list {
		if a.State != Active || a.Origin != ByRoster {
			continue
		}
		on, err := m.stays(ctx, r, a)
		if err != nil {
			return nil, err
		}
		if !on {
			a.State, a.Ended = Removed, ByRoster
			out = append(out, a)
		}
	}
	return out, nil
}

func (m *Membership) stays(ctx context.Context, r Roster, a Member) (bool, error) {
	if r.State != RosterApproved {
		return false, nil
	}
	person, err := m.people.Find(ctx, a.Tenant, a.Account)
	if fault.Has(err, fault.AccountUnknown) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	keys, err := m.proves(ctx, person)
	return r.names(person, keys), err
}

// Rosters lists every organisation's roster, oldest first.
func (m *Membership) Rosters(ctx context.Context, by audit.Caller, limit int) ([]Roster, error) {
	p, err := m.Staff(ctx, by)
	if err != nil {
		return nil, err
	}
	return m.store.Rosters(ctx, p.Owner, page(limit))
}

// Roster gives one organisation's, to the owner's staff or to those who speak
// for it.
func (m *Membership) Roster(ctx context.Context, by audit.Caller, t id.Tenant) (Roster, error) {
	p, err := m.over(ctx, by, t)
	if err != nil {
		return Roster{}, err
	}
	return m.store.Roster(ctx, p.Owner, t)
}

// ApproveRoster lets an organisation's people in, now and after each later
// change of its list. It fails with RequestRepeated when it is approved.
func (m *Membership) ApproveRoster(ctx context.Context, by audit.Caller, t id.Tenant) error {
	return m.decideRoster(ctx, by, t, RosterApproved)
}

// RefuseRoster says no to an organisation's list, also to one that was
// approved: those who came in by it are members no more.
func (m *Membership) RefuseRoster(ctx context.Context, by audit.Caller, t id.Tenant) error {
	return m.decideRoster(ctx, by, t, RosterRefused)
}

func (m *Membership) decideRoster(ctx context.Context, by audit.Caller, t id.Tenant, to RosterState) error {
	p, err := m.Staff(ctx, by)
	if err != nil {
		return err
	}
	return m.again(ctx, func() error {
		r, err := m.store.Roster(ctx, p.Owner, t)
		if err != nil {
			return err
		}
		if r.State == to {
			return decided()
		}
		r.State, r.DecidedBy, r.Decided = to, by.Account, m.source.Now()
		d := Deed{Rosters: []Roster{r}}
		if d.Members, err = m.fallen(ctx, p, r); err != nil {
			return err
		}
		e := m.event(by, t, "roster."+string(to), string(t))
		e.Facts = map[string]string{"people": number(len(r.Entries)), "removed": number(len(d.Members))}
		d.Events = []audit.Event{e}
		return m.commit(ctx, p, d)
	})
}

// onRoster gives the approved roster that lets the person in, if there is one.
// Whom a person removed, no list brings back.
func (m *Membership) onRoster(ctx context.Context, p Programme, person account.Account, keys []string, have Member) (Roster, bool, error) {
	if have.Ended == ByPerson {
		return Roster{}, false, nil
	}
	r, err := m.store.Roster(ctx, p.Owner, person.Tenant)
	if fault.Has(err, fault.ObjectUnknown) {
		return r, false, nil
	}
	return r, err == nil && r.State == RosterApproved && r.names(person, keys), err
}

// Join makes the signed-in person a member by the approved roster of their
// organisation. It fails with MembershipMissing when they are not on it.
func (m *Membership) Join(ctx context.Context, by audit.Caller) (Member, error) {
	var joined Member
	err := m.again(ctx, func() (err error) {
		joined, err = m.joinByRoster(ctx, by)
		return err
	})
	return joined, err
}

func (m *Membership) joinByRoster(ctx context.Context, by audit.Caller) (Member, error) {
	p, err := m.store.Programme(ctx)
	if err != nil {
		return Member{}, err
	}
	person, err := m.person(ctx, by)
	if err != nil {
		return Member{}, err
	}
	have, err := m.member(ctx, p, person.Tenant, person.ID)
	if err != nil || have.State == Active {
		return have, err
	}
	keys, err := m.proves(ctx, person)
	if err != nil {
		return Member{}, err
	}
	r, on, err := m.onRoster(ctx, p, person, keys, have)
	if err != nil {
		return Member{}, err
	}
	if !on {
		return Member{}, fault.New(fault.MembershipMissing, "reason", "none")
	}
	joined := m.join(have, person, PlainMember, ByRoster, person.SignInName, r.SentBy)
	requests, err := m.settled(ctx, p, person)
	if err != nil {
		return Member{}, err
	}
	e := m.event(by, p.Owner, "member.join", string(person.ID))
	// A roster that changes at this moment must be read again first, by us or
	// by whoever takes people off it.
	d := Deed{Members: []Member{joined}, Touched: []Roster{r}, Requests: requests, Events: []audit.Event{e}}
	if err := m.commit(ctx, p, d); err != nil {
		return Member{}, err
	}
	joined.Version++
	return joined, nil
}
