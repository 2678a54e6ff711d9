package programme

import (
	"context"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/message"
)

// move carries a swap out: the membership, or what the invitation promised,
// goes to the new account, the old one is detached, and both addresses are
// told. It fails with InvitationUnusable when what it would move is gone.
func (m *Membership) move(ctx context.Context, by audit.Caller, p Programme, s Swap) (Swap, error) {
	person, err := m.enabled(ctx, s.Tenant, s.Account)
	if err != nil {
		return s, err
	}
	have, err := m.member(ctx, p, s.Tenant, s.Account)
	if err != nil {
		return s, err
	}
	s.Before = have
	d, joined, err := m.taken(ctx, p, s, person, have)
	if err != nil {
		return s, err
	}
	joined.Change = s.ID
	if d.Requests, err = m.settled(ctx, p, person); err != nil {
		return s, err
	}
	now := m.source.Now()
	s.State, s.Decided, s.DecidedBy, s.UndoUntil = SwapDone, now, by.Account, now.Add(swapUndo)
	d.Members, d.Swaps = append(d.Members, joined), []Swap{s}
	e := m.event(by, otherSide(by, p, s.Tenant), string(s.Kind)+".done", s.ID)
	e.Facts = map[string]string{
		"old account": string(s.OldAccount), "new account": string(s.Account), "invitation": s.Invitation,
		"role": string(joined.Role),
	}
	d.Events = []audit.Event{e}
	facts := map[string]string{"app": p.Name, "old": s.Address, "address": s.SignInName, "date": date(s.UndoUntil), "contact": p.Contact}
	to, err := m.mailbox(ctx, person)
	if err != nil {
		return s, err
	}
	var letters []message.Message
	if to != "" {
		letters = append(letters, message.Message{
			Kind: message.SwapDone, Tenant: p.Owner, To: to, Language: person.Language, Facts: facts, Path: PortalPath,
		})
	}
	if s.Mailbox != "" {
		letters = append(letters, message.Message{
			Kind: message.SwapNotice, Tenant: p.Owner, To: s.Mailbox, Language: s.Language, Facts: facts,
			Path: UndoPath + m.token(undoPurpose, s.ID), Expires: s.UndoUntil,
		})
	}
	return s, m.commit(ctx, p, d, letters...)
}

// taken takes what moves from where it was, and gives the member that comes of
// it.
func (m *Membership) taken(ctx context.Context, p Programme, s Swap, person account.Account, have Member) (Deed, Member, error) {
	if s.Invitation != "" {
		i, err := m.store.Invitation(ctx, p.Owner, s.Invitation)
		if err != nil {
			return Deed{}, Member{}, err
		}
		// While the owner thinks, its time may run out: the mailbox was proved
		// before.
		if !i.open() && i.State != InvitationExpired {
			return Deed{}, Member{}, unusable(string(i.State))
		}
		i.State, i.Account = InvitationAccepted, s.Account
		return Deed{Invitations: []Invitation{i}}, m.join(have, person, i.Role, BySwap, i.Address, i.By), nil
	}
	if s.OldAccount == "" {
		return Deed{}, Member{}, unusable("unknown")
	}
	old, err := m.store.Member(ctx, p.Owner, s.Tenant, s.OldAccount)
	if err != nil {
		return Deed{}, Member{}, err
	}
	if old.State != Active {
		return Deed{}, Member{}, unusable("removed")
	}
	joined := m.join(have, person, old.Role, BySwap, old.InvitedAs, old.By)
	joined.Since = old.Since
	old.Ended = BySwap
	if s.Kind == AccountMerge {
		joined.Origin, old.Ended = ByMerge, ByMerge
	}
	if have.State == Active && have.Since.Before(old.Since) {
		joined.Since = have.Since
	}
	old.State, old.Change = Removed, s.ID
	return Deed{Members: []Member{old}}, joined, nil
}

// stale tells a swap that cannot be from one that somebody else carried out
// between our reads: that one is decided anew.
func (m *Membership) stale(ctx context.Context, p Programme, s Swap, err error) error {
	if !fault.Has(err, fault.InvitationUnusable) {
		return err
	}
	now, reading := m.store.Swap(ctx, p.Owner, s.ID)
	if reading == nil && now.Version != s.Version {
		return fault.New(fault.ChangedMeanwhile, "object", "swap").Because(err)
	}
	return err
}

// OpenUndo gives the swap that an undo link stands for, for the page that it
// leads to. It changes nothing, and fails with InvitationUnusable.
func (m *Membership) OpenUndo(ctx context.Context, token string) (Status, error) {
	p, err := m.store.Programme(ctx)
	if err != nil {
		return Status{}, err
	}
	s, err := m.undoable(ctx, p, token)
	return s.status(m.source.Now()), err
}

func (m *Membership) undoable(ctx context.Context, p Programme, token string) (Swap, error) {
	s, err := m.store.SwapOf(ctx, p.Owner, tokenHash(token))
	switch {
	case fault.Has(err, fault.ObjectUnknown):
		return Swap{}, unusable("unknown")
	case err != nil:
		return Swap{}, err
	case s.State != SwapDone:
		return Swap{}, unusable(string(s.State))
	case !m.source.Now().Before(s.UndoUntil):
		return Swap{}, unusable("expired")
	}
	return s, nil
}

// UndoSwap puts everything back, on the word of the old mailbox: its link is
// the proof, so it takes no sign-in. It fails with InvitationUnusable when the
// link is unknown, over or used, or when the membership was changed since.
func (m *Membership) UndoSwap(ctx context.Context, token string) error {
	p, err := m.store.Programme(ctx)
	if err != nil {
		return err
	}
	return m.again(ctx, func() error {
		s, err := m.undoable(ctx, p, token)
		if err != nil {
			return err
		}
		return m.stale(ctx, p, s, m.putBack(ctx, p, s))
	})
}

func (m *Membership) putBack(ctx context.Context, p Programme, s Swap) error {
	taker, err := m.store.Member(ctx, p.Owner, s.Tenant, s.Account)
	if err != nil {
		return err
	}
	if taker.State != Active || taker.Change != s.ID {
		return unusable("changed")
	}
	before := s.Before
	if before.State == "" {
		before = taker
		before.State, before.Ended, before.Change = Removed, BySwap, ""
	}
	before.Version = taker.Version
	d := Deed{Members: []Member{before}}
	var back Member
	if s.Invitation != "" {
		i, err := m.store.Invitation(ctx, p.Owner, s.Invitation)
		if err != nil {
			return err
		}
		if err := m.reopen(ctx, p, &i); err != nil {
			return err
		}
		// Its owner must be able to follow it after all.
		if now := m.source.Now(); !now.Before(i.Expires) {
			i.Expires = now.AddDate(0, 0, p.InvitationDays)
		}
		d.Invitations = []Invitation{i}
	} else {
		if back, err = m.store.Member(ctx, p.Owner, s.Tenant, s.OldAccount); err != nil {
			return err
		}
		if back.State != Removed || back.Change != s.ID {
			return unusable("changed")
		}
		back.State, back.Ended, back.Change = Active, "", ""
		d.Members = append(d.Members, back)
	}
	s.State = SwapUndone
	d.Swaps = []Swap{s}
	e := m.event(audit.Caller{Tenant: p.Owner}, s.Tenant, string(s.Kind)+".undo", s.ID)
	e.Facts = map[string]string{"old account": string(back.Account), "new account": string(s.Account), "invitation": s.Invitation}
	d.Events = []audit.Event{e}
	return m.commit(ctx, p, d)
}

// MySwap gives the newest swap or merge of the caller, or fails with
// ObjectUnknown.
func (m *Membership) MySwap(ctx context.Context, by audit.Caller) (Status, error) {
	p, err := m.store.Programme(ctx)
	if err != nil {
		return Status{}, err
	}
	person, err := m.person(ctx, by)
	if err != nil {
		return Status{}, err
	}
	s, err := m.store.LastSwap(ctx, p.Owner, person.Tenant, person.ID)
	if err != nil {
		return Status{}, err
	}
	return s.status(m.source.Now()), nil
}

// expireSwaps marks codes and waits that are over.
func (m *Membership) expireSwaps(ctx context.Context, p Programme) error {
	for _, state := range []SwapState{SwapBegun, SwapWaiting} {
		due, err := m.store.DueSwaps(ctx, p.Owner, state, m.source.Now(), MaxPage)
		if err != nil {
			return err
		}
		for _, s := range due {
			s.State, s.Code = SwapExpired, nil
			e := m.event(audit.Caller{Tenant: p.Owner}, s.Tenant, string(s.Kind)+".expire", s.ID)
			if err := m.commit(ctx, p, Deed{Swaps: []Swap{s}, Events: []audit.Event{e}}); err != nil && !fault.Has(err, fault.ChangedMeanwhile) {
				return err
			}
		}
	}
	return nil
}
