package swap

import (
	"context"
	"time"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/message"
	"github.com/entente-id/entente/internal/programme"
)

// move carries a swap out: the membership, or what the invitation promised,
// goes to the new account, the old one is detached, and both addresses are
// told. It fails with InvitationUnusable when what it would move is gone.
func (m *Mover) move(ctx context.Context, by audit.Caller, p programme.Programme, s Swap) (Swap, error) {
	person, err := m.members.Enabled(ctx, s.Tenant, s.Account)
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
	if d.Requests, err = m.members.Settled(ctx, p, person); err != nil {
		return s, err
	}
	now := m.source.Now()
	s.State, s.Decided, s.DecidedBy, s.UndoUntil = Done, now, by.Account, now.Add(undoLife)
	d.Members = append(d.Members, joined)
	e := m.members.Event(by, programme.OtherSide(by, p, s.Tenant), string(s.Kind)+".done", s.ID)
	e.Facts = map[string]string{
		"old account": string(s.OldAccount), "new account": string(s.Account), "invitation": s.Invitation,
		"role": string(joined.Role),
	}
	d.Events = []audit.Event{e}
	facts := map[string]string{"app": p.Name, "old": s.Address, "address": s.SignInName, "date": s.UndoUntil.Format(time.DateOnly), "contact": p.Contact}
	to, err := m.members.MailboxOf(ctx, person)
	if err != nil {
		return s, err
	}
	var letters []message.Message
	if to != "" {
		letters = append(letters, message.Message{
			Kind: message.SwapDone, Tenant: p.Owner, To: to, Language: person.Language, Facts: facts, Path: programme.PortalPath,
		})
	}
	if s.Mailbox != "" {
		letters = append(letters, message.Message{
			Kind: message.SwapNotice, Tenant: p.Owner, To: s.Mailbox, Language: s.Language, Facts: facts,
			Path: UndoPath + m.members.LinkToken(undoPurpose, s.ID), Expires: s.UndoUntil,
		})
	}
	return s, m.commit(ctx, p, Deed{Deed: d, Swaps: []Swap{s}}, letters...)
}

// taken takes what moves from where it was, and gives the member that comes of
// it.
func (m *Mover) taken(ctx context.Context, p programme.Programme, s Swap, person account.Account, have programme.Member) (programme.Deed, programme.Member, error) {
	if s.Invitation != "" {
		i, err := m.store.Invitation(ctx, p.Owner, s.Invitation)
		if err != nil {
			return programme.Deed{}, programme.Member{}, err
		}
		// While the owner thinks, its time may run out: the mailbox was proved
		// before.
		if !i.IsOpen() && i.State != programme.InvitationExpired {
			return programme.Deed{}, programme.Member{}, unusable(string(i.State))
		}
		i.State, i.Account = programme.InvitationAccepted, s.Account
		return programme.Deed{Invitations: []programme.Invitation{i}}, m.members.NewMember(have, person, i.Role, programme.BySwap, i.Address, i.By), nil
	}
	if s.OldAccount == "" {
		return programme.Deed{}, programme.Member{}, unusable("unknown")
	}
	old, err := m.store.Member(ctx, p.Owner, s.Tenant, s.OldAccount)
	if err != nil {
		return programme.Deed{}, programme.Member{}, err
	}
	if old.State != programme.Active {
		return programme.Deed{}, programme.Member{}, unusable("removed")
	}
	joined := m.members.NewMember(have, person, old.Role, programme.BySwap, old.InvitedAs, old.By)
	joined.Since = old.Since
	old.Ended = programme.BySwap
	if s.Kind == AccountMerge {
		joined.Origin, old.Ended = programme.ByMerge, programme.ByMerge
	}
	if have.State == programme.Active && have.Since.Before(old.Since) {
		joined.Since = have.Since
	}
	old.State, old.Change = programme.Removed, s.ID
	return programme.Deed{Members: []programme.Member{old}}, joined, nil
}

// stale tells a swap that cannot be from one that somebody else carried out
// between our reads: that one is decided anew.
func (m *Mover) stale(ctx context.Context, p programme.Programme, s Swap, err error) error {
	if !fault.Has(err, fault.InvitationUnusable) {
		return err
	}
	now, reading := m.store.Swap(ctx, p.Owner, s.ID)
	if reading == nil && now.Version != s.Version {
		return fault.New(fault.ChangedMeanwhile, "object", "swap").Because(err)
	}
	return err
}
