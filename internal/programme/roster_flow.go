package programme

import (
	"context"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/message"
)

// flow tells what a roster, as it now stands, changes: the members by roster
// whom it does not let in any more, and word to those whom it lets in since
// the list that was known (journey J08).
func (m *Membership) flow(ctx context.Context, p Programme, r Roster, known roll) ([]Member, []message.Message, error) {
	list, err := m.store.Members(ctx, p.Owner, r.Tenant, "", maxColleagues)
	if err != nil {
		return nil, nil, err
	}
	on := roll{}
	if r.State == RosterApproved {
		on = rollOf(r.Entries)
	}
	var out []Member
	inside := roll{}
	for _, a := range list {
		inside[string(a.Account)], inside[a.AddressKey()] = true, true
		if a.State != Active || a.Origin != ByRoster {
			continue
		}
		stays, err := m.stays(ctx, on, a)
		if err != nil {
			return nil, nil, err
		}
		if !stays {
			a.State, a.Ended = Removed, ByRoster
			out = append(out, a)
		}
	}
	var welcome []message.Message
	for _, e := range r.Entries {
		if key := e.key(); on[key] && !known[key] && !inside[key] {
			welcome = append(welcome, message.Message{
				Kind: message.AccessGranted, Tenant: p.Owner, To: e.Address, Path: PortalPath,
				Facts: map[string]string{"app": p.Name, "name": "", "reason": "", "contact": p.Contact},
			})
		}
	}
	return out, welcome, nil
}

func (m *Membership) stays(ctx context.Context, on roll, a Member) (bool, error) {
	person, err := m.people.Find(ctx, a.Tenant, a.Account)
	if fault.Has(err, fault.AccountUnknown) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	keys, err := m.Proves(ctx, person)
	return on.names(person.ID, keys), err
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
// change of its list, and tells them. It fails with RequestRepeated when it is approved.
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
	return Again(ctx, func() error {
		r, err := m.store.Roster(ctx, p.Owner, t)
		if err != nil {
			return err
		}
		if r.State == to {
			return decided()
		}
		r.State, r.DecidedBy, r.Decided = to, by.Account, m.source.Now()
		out, welcome, err := m.flow(ctx, p, r, nil)
		if err != nil {
			return err
		}
		e := m.Event(by, t, "roster."+string(to), string(t))
		e.Facts = map[string]string{"people": number(len(r.Entries)), "removed": number(len(out))}
		return m.commit(ctx, p, Deed{Rosters: []Roster{r}, Members: out, Events: []audit.Event{e}}, welcome...)
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
	return r, err == nil && r.State == RosterApproved && rollOf(r.Entries).names(person.ID, keys), err
}

// Join makes the signed-in person a member by the approved roster of their
// organisation. It fails with MembershipMissing when they are not on it.
func (m *Membership) Join(ctx context.Context, by audit.Caller) (Member, error) {
	var joined Member
	err := Again(ctx, func() (err error) {
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
	person, err := m.Person(ctx, by)
	if err != nil {
		return Member{}, err
	}
	have, err := m.member(ctx, p, person.Tenant, person.ID)
	if err != nil || have.State == Active {
		return have, err
	}
	keys, err := m.Proves(ctx, person)
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
	joined := m.NewMember(have, person, PlainMember, ByRoster, person.SignInName, r.SentBy)
	requests, err := m.Settled(ctx, p, person)
	if err != nil {
		return Member{}, err
	}
	e := m.Event(by, p.Owner, "member.join", string(person.ID))
	// A roster that changes at this moment must be read again first, by us or
	// by whoever takes people off it.
	d := Deed{Members: []Member{joined}, Touched: []Roster{r}, Requests: requests, Events: []audit.Event{e}}
	if err := m.commit(ctx, p, d); err != nil {
		return Member{}, err
	}
	joined.Version++
	return joined, nil
}
