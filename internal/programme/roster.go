package programme

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

// key is what an entry names: an account, or a folded address.
func (e Entry) key() string {
	if e.Account != "" {
		return string(e.Account)
	}
	return account.FoldName(e.Address)
}

// roll is a roster made ready to be asked: no account id looks like an address.
type roll map[string]bool

func rollOf(entries []Entry) roll {
	r := make(roll, len(entries))
	for _, e := range entries {
		r[e.key()] = true
	}
	return r
}

// names reports whether the roster has the person, by account or by an address
// that they prove.
func (r roll) names(who id.Object, keys []string) bool {
	return r[string(who)] || slices.ContainsFunc(keys, func(k string) bool { return r[k] })
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
	speaker, err := m.Speaker(ctx, by)
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
	err = Again(ctx, func() (err error) {
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
				"app": p.Name, "org": home.Name, "people": number(len(entries)), "name": by.SignInName,
			},
		})
	}
	if keep {
		entries = joinEntries(entries, r.Entries)
	}
	if len(entries) > MaxRoster {
		return r, 0, invalid("list", fmt.Sprintf("at most %d people", MaxRoster))
	}
	known := rollOf(r.Entries)
	r.Tenant, r.OrganisationName, r.Entries, r.SentBy, r.Sent = by.Tenant, home.Name, entries, by.Account, now
	out, welcome, err := m.flow(ctx, p, r, known)
	if err != nil {
		return r, 0, err
	}
	e := m.Event(by, p.Owner, "roster.send", string(by.Tenant))
	e.Facts = map[string]string{"people": number(len(entries)), "removed": number(len(out))}
	d := Deed{Rosters: []Roster{r}, Members: out, Events: []audit.Event{e}}
	if err := m.commit(ctx, p, d, append(letters, welcome...)...); err != nil {
		return r, 0, err
	}
	return r, len(out), nil
}

func joinEntries(entries, old []Entry) []Entry {
	has := rollOf(entries)
	for _, o := range old {
		if !has[o.key()] {
			entries = append(entries, o)
		}
	}
	return entries
}
