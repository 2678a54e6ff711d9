// Package swap moves what the programme knows a person by: an invitation that
// went to another sign-in name, or the membership of a second account. The old
// mailbox proves it, somebody decides where that is not enough, and the old
// mailbox can take it back.
package swap

import (
	"context"
	"time"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/credential"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/message"
	"github.com/entente-id/entente/internal/programme"
)

// State is how far a swap has come.
type State string

// The states.
const (
	// Begun: a code was sent to the old mailbox, if anybody is known by it.
	Begun State = "begun"
	// Waiting: somebody has to decide.
	Waiting State = "waiting"
	Done    State = "done"
	Refused State = "refused"
	Undone  State = "undone"
	Expired State = "expired"
)

// Kind tells a changed address from a second account.
type Kind string

// The kinds.
const (
	// AddressSwap: what waits for the old address, or belongs to it, moves to
	// the account that asks (journey J40).
	AddressSwap Kind = "swap"
	// AccountMerge: a person came back with another account of the same
	// organisation (journey J80).
	AccountMerge Kind = "merge"
)

// Swap moves an invitation or a membership to another account of the person.
type Swap struct {
	ID   string
	Kind Kind
	// Address is the old one, as it was typed.
	Address string
	// Tenant and Account are the account that it moves to.
	Tenant  id.Tenant
	Account id.Object
	// SignInName is that account's at the time.
	SignInName string
	State      State
	// Invitation, or OldAccount in the same organisation, is what moves; both
	// are empty when nobody is known by the address.
	Invitation string
	OldAccount id.Object
	// Mailbox is where the code and the notice go: never what was typed (row
	// A81). Empty means nowhere.
	Mailbox, Language string
	// Code is the keyed digest of the code, Tries how often it was tried.
	Code  []byte
	Tries int
	At    time.Time
	// Expires ends the code, and later the wait for a decision.
	Expires   time.Time
	DecidedBy id.Object
	Decided   time.Time
	Answer    string
	// UndoUntil ends the time in which the old mailbox can take it back.
	UndoUntil time.Time
	// UndoHash is the digest of the undo link's token, in hexadecimal.
	UndoHash string
	// Before is what the account was before, zero for nothing.
	Before  programme.Member
	Version int64
}

// Status is what a person sees of their swap. It does not tell whether anybody
// is known by the address.
type Status struct {
	ID      string
	Kind    Kind
	Address string
	State   State
	At      time.Time
	Expires time.Time
	Answer  string
}

func (s Swap) status(now time.Time) Status {
	state := s.State
	if (state == Begun || state == Waiting) && !now.Before(s.Expires) {
		state = Expired
	}
	return Status{ID: s.ID, Kind: s.Kind, Address: s.Address, State: state, At: s.At, Expires: s.Expires, Answer: s.Answer}
}

// Deed is what one act on a swap changes, with what it moves in the programme,
// all in one transaction.
type Deed struct {
	programme.Deed
	Swaps []Swap
}

// Store keeps swaps, and finds what they move. What is not there fails with
// ObjectUnknown; every list is bounded by its limit.
type Store interface {
	// CommitSwap writes a deed; all of it, or nothing with ChangedMeanwhile as
	// programme.MemberStore.CommitDeed.
	CommitSwap(ctx context.Context, owner id.Tenant, d Deed) error

	// Swap finds by id, SwapOf by the digest of its undo token, LastSwap the
	// newest that a person began.
	Swap(ctx context.Context, owner id.Tenant, swap string) (Swap, error)
	SwapOf(ctx context.Context, owner id.Tenant, hash string) (Swap, error)
	LastSwap(ctx context.Context, owner, tenant id.Tenant, account id.Object) (Swap, error)
	// Swaps lists those in a state, oldest first; DueSwaps those in a state
	// that ended by now.
	Swaps(ctx context.Context, owner id.Tenant, state State, limit int) ([]Swap, error)
	DueSwaps(ctx context.Context, owner id.Tenant, state State, now time.Time, limit int) ([]Swap, error)

	// Member, MembersAt, Invitation and OpenInvitation are those of
	// programme.MemberStore.
	Member(ctx context.Context, owner, tenant id.Tenant, account id.Object) (programme.Member, error)
	MembersAt(ctx context.Context, owner id.Tenant, key string) ([]programme.Member, error)
	Invitation(ctx context.Context, owner id.Tenant, invitation string) (programme.Invitation, error)
	OpenInvitation(ctx context.Context, owner id.Tenant, key string) (programme.Invitation, error)
}

// Mover is the room: it moves invitations and memberships from one account of
// a person to another.
type Mover struct {
	store   Store
	members *programme.Membership
	people  *account.People
	safe    *credential.Safe
	outbox  *message.Outbox
	source  id.Source
}

// NewMover opens the room.
func NewMover(store Store, members *programme.Membership, people *account.People, safe *credential.Safe, outbox *message.Outbox, source id.Source) *Mover {
	return &Mover{store: store, members: members, people: people, safe: safe, outbox: outbox, source: source}
}

// Mine gives the newest swap or merge of the caller, or fails with
// ObjectUnknown.
func (m *Mover) Mine(ctx context.Context, by audit.Caller) (Status, error) {
	p, err := m.members.Programme(ctx)
	if err != nil {
		return Status{}, err
	}
	person, err := m.members.Person(ctx, by)
	if err != nil {
		return Status{}, err
	}
	s, err := m.store.LastSwap(ctx, p.Owner, person.Tenant, person.ID)
	if err != nil {
		return Status{}, err
	}
	return s.status(m.source.Now()), nil
}

// Tend marks codes and waits that are over. It may run on many nodes at once.
func (m *Mover) Tend(ctx context.Context) error {
	p, err := m.members.Programme(ctx)
	if fault.Has(err, fault.ObjectUnknown) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, state := range []State{Begun, Waiting} {
		due, err := m.store.DueSwaps(ctx, p.Owner, state, m.source.Now(), programme.MaxPage)
		if err != nil {
			return err
		}
		for _, s := range due {
			s.State, s.Code = Expired, nil
			e := m.members.Event(audit.Caller{Tenant: p.Owner}, s.Tenant, string(s.Kind)+".expire", s.ID)
			// Whoever changed it meanwhile had the better reason.
			if err := m.commit(ctx, p, with(s, e)); err != nil && !fault.Has(err, fault.ChangedMeanwhile) {
				return err
			}
		}
	}
	return nil
}

// with is the deed that changes a swap and nothing of the programme.
func with(s Swap, e audit.Event) Deed {
	return Deed{Swaps: []Swap{s}, Deed: programme.Deed{Events: []audit.Event{e}}}
}

// commit writes a deed with its messages and has them delivered.
func (m *Mover) commit(ctx context.Context, p programme.Programme, d Deed, letters ...message.Message) error {
	sealed, err := m.outbox.SealAll(letters...)
	if err != nil {
		return err
	}
	d.Messages = sealed
	if err := m.store.CommitSwap(ctx, p.Owner, d); err != nil {
		return err
	}
	if len(sealed) > 0 {
		m.outbox.Nudge()
	}
	return nil
}

// member gives what the store holds of a person; a zero Member for nothing.
func (m *Mover) member(ctx context.Context, p programme.Programme, t id.Tenant, who id.Object) (programme.Member, error) {
	found, err := m.store.Member(ctx, p.Owner, t, who)
	if fault.Has(err, fault.ObjectUnknown) {
		return programme.Member{}, nil
	}
	return found, err
}

func invalid(field, rule string) error {
	return fault.New(fault.InputInvalid, "parameter", field, "rule", rule)
}

func unusable(reason string) error { return fault.New(fault.InvitationUnusable, "reason", reason) }
