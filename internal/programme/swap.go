package programme

import (
	"context"
	"crypto/hmac"
	"fmt"
	"math/big"
	"slices"
	"time"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/message"
)

// SwapState is how far a swap has come.
type SwapState string

// The states.
const (
	// SwapBegun: a code was sent to the old mailbox, if anybody is known by it.
	SwapBegun SwapState = "begun"
	// SwapWaiting: somebody has to decide.
	SwapWaiting SwapState = "waiting"
	SwapDone    SwapState = "done"
	SwapRefused SwapState = "refused"
	SwapUndone  SwapState = "undone"
	SwapExpired SwapState = "expired"
)

// SwapKind tells a changed address from a second account.
type SwapKind string

// The kinds.
const (
	// AddressSwap: what waits for the old address, or belongs to it, moves to
	// the account that asks (journey J40).
	AddressSwap SwapKind = "swap"
	// AccountMerge: a person came back with another account of the same
	// organisation (journey J80).
	AccountMerge SwapKind = "merge"
)

// Swap moves an invitation or a membership to another account of the person.
type Swap struct {
	ID   string
	Kind SwapKind
	// Address is the old one, as it was typed.
	Address string
	// Tenant and Account are the account that it moves to.
	Tenant  id.Tenant
	Account id.Object
	// SignInName is that account's at the time.
	SignInName string
	State      SwapState
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
	Before  Member
	Version int64
}

// Mailbox counts the codes that an address was sent, or a person asked for, of
// late.
type Mailbox struct {
	Key     string
	Sent    []time.Time
	Version int64
}

// Status is what a person sees of their swap. It does not tell whether anybody
// is known by the address.
type Status struct {
	ID      string
	Kind    SwapKind
	Address string
	State   SwapState
	At      time.Time
	Expires time.Time
	Answer  string
}

func (s Swap) status(now time.Time) Status {
	state := s.State
	if (state == SwapBegun || state == SwapWaiting) && !now.Before(s.Expires) {
		state = SwapExpired
	}
	return Status{ID: s.ID, Kind: s.Kind, Address: s.Address, State: state, At: s.At, Expires: s.Expires, Answer: s.Answer}
}

const (
	swapCodeLife = 15 * time.Minute
	swapTries    = 5
	// mailboxCodes is how many codes an address is sent within mailboxWindow,
	// personCodes how many one person can ask for.
	mailboxCodes  = 5
	personCodes   = 20
	mailboxWindow = time.Hour
	swapWait      = 30 * 24 * time.Hour
	swapUndo      = 7 * 24 * time.Hour

	codePurpose = "swap code"
	undoPurpose = "swap undo"
)

// UndoPath is where the undo link leads, before its token.
const UndoPath = "/portal/undo/"

// BeginSwap mails a code to an address that the programme knows: of an open
// invitation, or of a member of the caller's organisation. The answer is the
// same when it knows none. It fails with InputInvalid, or with RequestRepeated
// when the address was named five times within an hour, or the person asked
// twenty times.
func (m *Membership) BeginSwap(ctx context.Context, by audit.Caller, address string) (Status, error) {
	return m.begin(ctx, by, address, AddressSwap)
}

func (m *Membership) begin(ctx context.Context, by audit.Caller, address string, kind SwapKind) (Status, error) {
	if !isAddress(address) {
		return Status{}, invalid("address", "an e-mail address")
	}
	var begun Status
	err := m.again(ctx, func() error {
		p, s, err := m.prepare(ctx, by, address, kind)
		if err != nil {
			return err
		}
		box, err := m.reserveMail(ctx, p, account.FoldName(address), mailboxCodes)
		if err != nil {
			return err
		}
		// No address looks like this key, so the two never meet.
		own, err := m.reserveMail(ctx, p, string(s.Tenant)+"/"+string(s.Account), personCodes)
		if err != nil {
			return err
		}
		s.State, s.Expires = SwapBegun, s.At.Add(swapCodeLife)
		code := m.code()
		letter := message.Message{
			Kind: message.Code, Tenant: p.Owner, To: s.Mailbox, Language: s.Language, Expires: s.Expires,
			Facts: map[string]string{"code": code, "app": p.Name},
		}
		// The letter is written in any case, and thrown away when nobody gets
		// it: the time must not tell.
		sealed, err := m.outbox.Seal(letter)
		if err != nil {
			return err
		}
		d := Deed{Swaps: []Swap{s}, Mailboxes: []Mailbox{box, own}}
		d.Events = []audit.Event{m.event(by, "", string(kind)+".begin", s.ID)}
		if s.Mailbox != "" {
			d.Swaps[0].Code = m.codeDigest(s.ID, code)
			d.Messages = append(d.Messages, sealed)
		}
		begun = s.status(s.At)
		if err := m.store.CommitDeed(ctx, p.Owner, d); err != nil {
			return err
		}
		m.outbox.Nudge()
		return nil
	})
	return begun, err
}

// prepare makes a swap with what it would move.
func (m *Membership) prepare(ctx context.Context, by audit.Caller, address string, kind SwapKind) (Programme, Swap, error) {
	p, err := m.store.Programme(ctx)
	if err != nil {
		return p, Swap{}, err
	}
	person, err := m.person(ctx, by)
	if err != nil {
		return p, Swap{}, err
	}
	s := Swap{
		ID: m.source.NewGUID(), Kind: kind, Address: address, Tenant: person.Tenant, Account: person.ID,
		SignInName: person.SignInName, At: m.source.Now(),
	}
	s.UndoHash = tokenHash(m.token(undoPurpose, s.ID))
	return p, s, m.aim(ctx, p, person, &s)
}

func (s Swap) known() bool { return s.Invitation != "" || s.OldAccount != "" }

// aim looks for what belongs to the old address. A member of another
// organisation stays out of reach: a mailbox alone must not carry a membership
// from one company to the next.
func (m *Membership) aim(ctx context.Context, p Programme, person account.Account, s *Swap) error {
	key := account.FoldName(s.Address)
	members, err := m.store.MembersAt(ctx, p.Owner, key)
	if err != nil {
		return err
	}
	named, err := m.people.Named(ctx, person.Tenant, s.Address)
	if err != nil && !fault.Has(err, fault.AccountUnknown) {
		return err
	}
	if err == nil {
		old, err := m.member(ctx, p, named.Tenant, named.ID)
		if err != nil {
			return err
		}
		members = append(members, old)
	}
	for _, a := range members {
		if a.State == Active && a.Tenant == person.Tenant && a.Account != person.ID && !s.known() {
			s.OldAccount, s.Language = a.Account, a.Language
			if s.Mailbox, err = m.mailboxOf(ctx, a); err != nil {
				return err
			}
		}
	}
	i, err := m.store.OpenInvitation(ctx, p.Owner, key)
	if err != nil && !fault.Has(err, fault.ObjectUnknown) {
		return err
	}
	if err == nil && s.Kind == AddressSwap && !s.known() && i.usable(s.At) == nil {
		s.Invitation, s.Mailbox, s.Language = i.ID, i.Address, i.Language
	}
	return nil
}

// mailboxOf is where a member proves that they are the one: the address that
// the programme knows while the account proves it, else another that it does.
// One that was given up may be somebody else's by now. Empty means that there
// is none.
func (m *Membership) mailboxOf(ctx context.Context, a Member) (string, error) {
	person, err := m.people.Find(ctx, a.Tenant, a.Account)
	if fault.Has(err, fault.AccountUnknown) {
		return a.InvitedAs, nil
	}
	if err != nil {
		return "", err
	}
	keys, err := m.proves(ctx, person)
	switch {
	case err != nil || len(keys) == 0:
		return "", err
	case slices.Contains(keys, a.AddressKey()):
		return a.InvitedAs, nil
	}
	return keys[len(keys)-1], nil
}

// reserveMail counts a code for an address or a person, whether or not anybody
// is known by the address.
func (m *Membership) reserveMail(ctx context.Context, p Programme, key string, most int) (Mailbox, error) {
	box, err := m.store.Mailbox(ctx, p.Owner, key)
	if err != nil && !fault.Has(err, fault.ObjectUnknown) {
		return box, err
	}
	now := m.source.Now()
	box.Key = key
	box.Sent = slices.DeleteFunc(box.Sent, func(t time.Time) bool { return !now.Before(t.Add(mailboxWindow)) })
	if len(box.Sent) >= most {
		wait := box.Sent[0].Add(mailboxWindow).Sub(now)
		return box, fault.New(fault.RequestRepeated, "minutes", number(int((wait+time.Minute-1)/time.Minute)))
	}
	box.Sent = append(box.Sent, now)
	return box, nil
}

// code makes six digits, each value as likely as the next.
func (m *Membership) code() string {
	n := new(big.Int).SetBytes(m.source.Bytes(16))
	return fmt.Sprintf("%06d", n.Mod(n, big.NewInt(1_000_000)).Int64())
}

func (m *Membership) codeDigest(swap, code string) []byte {
	return m.key.MAC([]byte(codePurpose), []byte(swap), []byte(code))
}

// ConfirmSwap proves the old mailbox by the code. By the programme's policy
// the swap then happens, or waits for the owner; an invitation that is bound
// to another organisation always waits. It fails with MailCodeWrong, whose
// fact "left" counts the tries that remain, with MailCodeExpired, or with
// ObjectUnknown for somebody else's swap.
func (m *Membership) ConfirmSwap(ctx context.Context, by audit.Caller, swap, code string) (Status, error) {
	if _, err := m.person(ctx, by); err != nil {
		return Status{}, err
	}
	p, err := m.store.Programme(ctx)
	if err != nil {
		return Status{}, err
	}
	s, err := m.spendTry(ctx, by, p, swap)
	if err != nil {
		return Status{}, err
	}
	if s.Code == nil || !hmac.Equal(s.Code, m.codeDigest(s.ID, code)) {
		return Status{}, fault.New(fault.MailCodeWrong, "left", number(swapTries-s.Tries))
	}
	return m.proved(ctx, by, p, s)
}

// spendTry counts a try before the code is looked at, so that guesses made at
// once do not share one (row R141).
func (m *Membership) spendTry(ctx context.Context, by audit.Caller, p Programme, swap string) (Swap, error) {
	var s Swap
	err := m.again(ctx, func() (err error) {
		if s, err = m.store.Swap(ctx, p.Owner, swap); err != nil {
			return err
		}
		if s.Tenant != by.Home || s.Account != by.Account {
			return fault.New(fault.ObjectUnknown, "object", "swap")
		}
		if s.State != SwapBegun || s.Tries >= swapTries || !m.source.Now().Before(s.Expires) {
			return fault.New(fault.MailCodeExpired)
		}
		s.Tries++
		e := m.event(by, "", string(s.Kind)+".try", s.ID)
		if err := m.store.CommitDeed(ctx, p.Owner, Deed{Swaps: []Swap{s}, Events: []audit.Event{e}}); err != nil {
			return err
		}
		s.Version++
		return nil
	})
	return s, err
}

// proved goes on with a swap whose code was right, once: a second right answer
// finds another version.
func (m *Membership) proved(ctx context.Context, by audit.Caller, p Programme, s Swap) (Status, error) {
	now := m.source.Now()
	s.Code = nil
	wait, err := m.mustWait(ctx, p, s)
	if err != nil {
		return Status{}, err
	}
	if wait {
		s.State, s.Expires = SwapWaiting, now.Add(swapWait)
		err = m.queue(ctx, by, p, s)
	} else {
		s, err = m.move(ctx, by, p, s)
	}
	if fault.Has(err, fault.ChangedMeanwhile) {
		return Status{}, fault.New(fault.MailCodeExpired).Because(err)
	}
	return s.status(now), err
}

func (m *Membership) mustWait(ctx context.Context, p Programme, s Swap) (bool, error) {
	if s.Kind == AccountMerge {
		return false, nil
	}
	if p.SwapPolicy != SwapAtOnce {
		return true, nil
	}
	if s.Invitation == "" {
		return false, nil
	}
	i, err := m.store.Invitation(ctx, p.Owner, s.Invitation)
	return !i.meets(s.Tenant), err
}

// queue lets a swap wait for a decision and tells the programme's contact.
func (m *Membership) queue(ctx context.Context, by audit.Caller, p Programme, s Swap) error {
	d := Deed{Swaps: []Swap{s}, Events: []audit.Event{m.event(by, p.Owner, string(s.Kind)+".ask", s.ID)}}
	return m.commit(ctx, p, d, message.Message{
		Kind: message.SwapRequested, Tenant: p.Owner, To: p.Contact, Path: RequestsPath,
		Facts: map[string]string{"app": p.Name, "old": s.Address, "address": s.SignInName, "kind": string(s.Kind)},
	})
}
