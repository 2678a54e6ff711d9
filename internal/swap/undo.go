package swap

import (
	"context"
	"time"

	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/programme"
)

// UndoPath is where the undo link leads, before its token.
const UndoPath = "/portal/undo/"

const (
	undoLife    = 7 * 24 * time.Hour
	undoPurpose = "swap undo"
)

// OpenUndo gives the swap that an undo link stands for, for the page that it
// leads to. It changes nothing, and fails with InvitationUnusable.
func (m *Mover) OpenUndo(ctx context.Context, token string) (Status, error) {
	p, err := m.members.Programme(ctx)
	if err != nil {
		return Status{}, err
	}
	s, err := m.undoable(ctx, p, token)
	return s.status(m.source.Now()), err
}

func (m *Mover) undoable(ctx context.Context, p programme.Programme, token string) (Swap, error) {
	s, err := m.store.SwapOf(ctx, p.Owner, programme.LinkHash(token))
	switch {
	case fault.Has(err, fault.ObjectUnknown):
		return Swap{}, unusable("unknown")
	case err != nil:
		return Swap{}, err
	case s.State != Done:
		return Swap{}, unusable(string(s.State))
	case !m.source.Now().Before(s.UndoUntil):
		return Swap{}, unusable("expired")
	}
	return s, nil
}

// Undo puts everything back, on the word of the old mailbox: its link is
// the proof, so it takes no sign-in. It fails with InvitationUnusable when the
// link is unknown, over or used, or when the membership was changed since.
func (m *Mover) Undo(ctx context.Context, token string) error {
	p, err := m.members.Programme(ctx)
	if err != nil {
		return err
	}
	return programme.Again(ctx, func() error {
		s, err := m.undoable(ctx, p, token)
		if err != nil {
			return err
		}
		return m.stale(ctx, p, s, m.putBack(ctx, p, s))
	})
}

func (m *Mover) putBack(ctx context.Context, p programme.Programme, s Swap) error {
	taker, err := m.store.Member(ctx, p.Owner, s.Tenant, s.Account)
	if err != nil {
		return err
	}
	if taker.State != programme.Active || taker.Change != s.ID {
		return unusable("changed")
	}
	before := s.Before
	if before.State == "" {
		before = taker
		before.State, before.Ended, before.Change = programme.Removed, programme.BySwap, ""
	}
	before.Version = taker.Version
	d := Deed{Deed: programme.Deed{Members: []programme.Member{before}}}
	var back programme.Member
	if s.Invitation != "" {
		i, err := m.store.Invitation(ctx, p.Owner, s.Invitation)
		if err != nil {
			return err
		}
		if err := m.members.Reopen(ctx, p, &i); err != nil {
			return err
		}
		// Its owner must be able to follow it after all.
		if now := m.source.Now(); !now.Before(i.Expires) {
			i.Expires = now.AddDate(0, 0, p.InvitationDays)
		}
		d.Invitations = []programme.Invitation{i}
	} else {
		if back, err = m.store.Member(ctx, p.Owner, s.Tenant, s.OldAccount); err != nil {
			return err
		}
		if back.State != programme.Removed || back.Change != s.ID {
			return unusable("changed")
		}
		back.State, back.Ended, back.Change = programme.Active, "", ""
		d.Members = append(d.Members, back)
	}
	s.State = Undone
	d.Swaps = []Swap{s}
	e := m.members.Event(audit.Caller{Tenant: p.Owner}, s.Tenant, string(s.Kind)+".undo", s.ID)
	e.Facts = map[string]string{"old account": string(back.Account), "new account": string(s.Account), "invitation": s.Invitation}
	d.Events = []audit.Event{e}
	return m.commit(ctx, p, d)
}
