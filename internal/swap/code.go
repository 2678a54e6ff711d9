package swap

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/credential"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/message"
	"github.com/entente-id/entente/internal/programme"
)

const (
	maxTries = 5
	// mailboxCodes is how many codes an address is sent within an hour,
	// personCodes how many one person can ask for.
	mailboxCodes = 5
	personCodes  = 20
	// waitLife is how long a swap waits for a decision.
	waitLife = 30 * 24 * time.Hour
)

// Begin mails a code to an address that the programme knows: of an open
// invitation, or of a member of the caller's organisation. The answer is the
// same when it knows none. It fails with InputInvalid, or with RequestRepeated
// when the address was named five times within an hour, or the person asked
// twenty times.
func (m *Mover) Begin(ctx context.Context, by audit.Caller, address string) (Status, error) {
	return m.begin(ctx, by, address, AddressSwap)
}

func (m *Mover) begin(ctx context.Context, by audit.Caller, address string, kind Kind) (Status, error) {
	if !programme.IsAddress(address) {
		return Status{}, invalid("address", "an e-mail address")
	}
	var begun Status
	err := programme.Again(ctx, func() error {
		p, s, err := m.prepare(ctx, by, address, kind)
		if err != nil {
			return err
		}
		box, err := m.members.ReserveMail(ctx, p, account.FoldName(address), mailboxCodes)
		if err != nil {
			return err
		}
		// No address looks like this key, so the two never meet.
		own, err := m.members.ReserveMail(ctx, p, string(s.Tenant)+"/"+string(s.Account), personCodes)
		if err != nil {
			return err
		}
		code, made := m.safe.MakeMailCode(s.about())
		s.State, s.Expires = Begun, made.Until
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
		d := Deed{Swaps: []Swap{s}, Deed: programme.Deed{Mailboxes: []programme.Mailbox{box, own}}}
		d.Events = []audit.Event{m.members.Event(by, "", string(kind)+".begin", s.ID)}
		if s.Mailbox != "" {
			d.Swaps[0].Code = made.Digest
			d.Messages = append(d.Messages, sealed)
		}
		begun = s.status(s.At)
		if err := m.store.CommitSwap(ctx, p.Owner, d); err != nil {
			return err
		}
		m.outbox.Nudge()
		return nil
	})
	return begun, err
}

// prepare makes a swap with what it would move.
func (m *Mover) prepare(ctx context.Context, by audit.Caller, address string, kind Kind) (programme.Programme, Swap, error) {
	p, err := m.members.Programme(ctx)
	if err != nil {
		return p, Swap{}, err
	}
	person, err := m.members.Person(ctx, by)
	if err != nil {
		return p, Swap{}, err
	}
	s := Swap{
		ID: m.source.NewGUID(), Kind: kind, Address: address, Tenant: person.Tenant, Account: person.ID,
		SignInName: person.SignInName, At: m.source.Now(),
	}
	s.UndoHash = programme.LinkHash(m.members.LinkToken(undoPurpose, s.ID))
	return p, s, m.aim(ctx, p, person, &s)
}

func (s Swap) known() bool { return s.Invitation != "" || s.OldAccount != "" }

// aim looks for what belongs to the old address. A member of another
// organisation stays out of reach: a mailbox alone must not carry a membership
// from one company to the next.
func (m *Mover) aim(ctx context.Context, p programme.Programme, person account.Account, s *Swap) error {
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
		if a.State == programme.Active && a.Tenant == person.Tenant && a.Account != person.ID && !s.known() {
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
	if err == nil && s.Kind == AddressSwap && !s.known() && i.Usable(s.At) == nil {
		s.Invitation, s.Mailbox, s.Language = i.ID, i.Address, i.Language
	}
	return nil
}

// mailboxOf is where a member proves that they are the one: the address that
// the programme knows while the account proves it, else another that it does.
// One that was given up may be somebody else's by now. Empty means that there
// is none.
func (m *Mover) mailboxOf(ctx context.Context, a programme.Member) (string, error) {
	person, err := m.people.Find(ctx, a.Tenant, a.Account)
	if fault.Has(err, fault.AccountUnknown) {
		return a.InvitedAs, nil
	}
	if err != nil {
		return "", err
	}
	keys, err := m.members.Proves(ctx, person)
	switch {
	case err != nil || len(keys) == 0:
		return "", err
	case slices.Contains(keys, a.AddressKey()):
		return a.InvitedAs, nil
	}
	return keys[len(keys)-1], nil
}

// about is what the code of a swap is made about; no address looks like it.
func (s Swap) about() string { return "swap/" + s.ID }

// Confirm proves the old mailbox by the code. By the programme's policy
// the swap then happens, or waits for the owner; an invitation that is bound
// to another organisation always waits. It fails with MailCodeWrong, whose
// fact "left" counts the tries that remain, with MailCodeExpired, or with
// ObjectUnknown for somebody else's swap.
func (m *Mover) Confirm(ctx context.Context, by audit.Caller, swap, code string) (Status, error) {
	if _, err := m.members.Person(ctx, by); err != nil {
		return Status{}, err
	}
	p, err := m.members.Programme(ctx)
	if err != nil {
		return Status{}, err
	}
	s, err := m.spendTry(ctx, by, p, swap)
	if err != nil {
		return Status{}, err
	}
	if s.Code == nil || !m.safe.IsMailCode(credential.MailCode{Digest: s.Code}, s.about(), code) {
		return Status{}, fault.New(fault.MailCodeWrong, "left", strconv.Itoa(maxTries-s.Tries))
	}
	return m.proved(ctx, by, p, s)
}

// spendTry counts a try before the code is looked at, so that guesses made at
// once do not share one (row R141).
func (m *Mover) spendTry(ctx context.Context, by audit.Caller, p programme.Programme, swap string) (Swap, error) {
	var s Swap
	err := programme.Again(ctx, func() (err error) {
		if s, err = m.store.Swap(ctx, p.Owner, swap); err != nil {
			return err
		}
		if s.Tenant != by.Home || s.Account != by.Account {
			return fault.New(fault.ObjectUnknown, "object", "swap")
		}
		if s.State != Begun || s.Tries >= maxTries || !m.source.Now().Before(s.Expires) {
			return fault.New(fault.MailCodeExpired)
		}
		s.Tries++
		e := m.members.Event(by, "", string(s.Kind)+".try", s.ID)
		if err := m.store.CommitSwap(ctx, p.Owner, with(s, e)); err != nil {
			return err
		}
		s.Version++
		return nil
	})
	return s, err
}

// proved goes on with a swap whose code was right, once: a second right answer
// finds another version.
func (m *Mover) proved(ctx context.Context, by audit.Caller, p programme.Programme, s Swap) (Status, error) {
	now := m.source.Now()
	s.Code = nil
	wait, err := m.mustWait(ctx, p, s)
	if err != nil {
		return Status{}, err
	}
	if wait {
		s.State, s.Expires = Waiting, now.Add(waitLife)
		err = m.queue(ctx, by, p, s)
	} else {
		s, err = m.move(ctx, by, p, s)
	}
	if fault.Has(err, fault.ChangedMeanwhile) {
		return Status{}, fault.New(fault.MailCodeExpired).Because(err)
	}
	return s.status(now), err
}

func (m *Mover) mustWait(ctx context.Context, p programme.Programme, s Swap) (bool, error) {
	if s.Kind == AccountMerge {
		return false, nil
	}
	if p.SwapPolicy != programme.SwapAtOnce {
		return true, nil
	}
	if s.Invitation == "" {
		return false, nil
	}
	i, err := m.store.Invitation(ctx, p.Owner, s.Invitation)
	return !i.Meets(s.Tenant), err
}

// queue lets a swap wait for a decision and tells the programme's contact.
func (m *Mover) queue(ctx context.Context, by audit.Caller, p programme.Programme, s Swap) error {
	e := m.members.Event(by, p.Owner, string(s.Kind)+".ask", s.ID)
	return m.commit(ctx, p, with(s, e), message.Message{
		Kind: message.SwapRequested, Tenant: p.Owner, To: p.Contact, Path: programme.RequestsPath,
		Facts: map[string]string{"app": p.Name, "old": s.Address, "address": s.SignInName, "kind": string(s.Kind)},
	})
}
