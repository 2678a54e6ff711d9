package swap

import (
	"context"
	"strings"

	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/message"
	"github.com/entente-id/entente/internal/programme"
)

// BeginMerge is Begin for a person who was a member with another account
// of the same organisation (M20): the code goes to the mailbox of the old
// account, and Confirm then joins the two at once. The answer is the same
// when the address is nobody's.
func (m *Mover) BeginMerge(ctx context.Context, by audit.Caller, address string) (Status, error) {
	return m.begin(ctx, by, address, AccountMerge)
}

// AskMerge is for those who cannot read the old mailbox any more: somebody who
// speaks for their organisation, or the owner, has to confirm. A person has
// one merge waiting: asking again gives the same one.
func (m *Mover) AskMerge(ctx context.Context, by audit.Caller, address string) (Status, error) {
	if !programme.IsAddress(address) {
		return Status{}, invalid("address", "an e-mail address")
	}
	last, err := m.Mine(ctx, by)
	if err == nil && last.State == Waiting {
		return last, nil
	}
	if err != nil && !fault.Has(err, fault.ObjectUnknown) {
		return Status{}, err
	}
	p, s, err := m.prepare(ctx, by, address, AccountMerge)
	if err != nil {
		return Status{}, err
	}
	s.State, s.Expires = Waiting, s.At.Add(waitLife)
	return s.status(s.At), m.queue(ctx, by, p, s)
}

// Waiting lists the swaps and merges that the caller may decide over, oldest
// first: all for the owner's staff, the merges of their own people for those
// who speak for an organisation. A merge that names nobody's address has no
// old account: it can only be refused.
func (m *Mover) Waiting(ctx context.Context, by audit.Caller) ([]Swap, error) {
	p, staff, err := m.members.IsStaff(ctx, by)
	if err == nil && !staff {
		_, err = m.members.Speaker(ctx, by)
	}
	if err != nil {
		return nil, err
	}
	all, err := m.store.Swaps(ctx, p.Owner, Waiting, programme.MaxPage)
	if err != nil {
		return nil, err
	}
	list := make([]Swap, 0, len(all))
	for _, s := range all {
		if m.source.Now().Before(s.Expires) && (staff || s.Kind == AccountMerge && s.Tenant == by.Home) {
			list = append(list, s)
		}
	}
	return list, nil
}

// Decide carries out a waiting swap or merge, or refuses it with an answer
// of at most 300 characters that the person is told. It fails with
// RoleMissing, with RequestRepeated when it was decided already, and with
// InvitationUnusable when there is nothing to move any more.
func (m *Mover) Decide(ctx context.Context, by audit.Caller, swap string, approve bool, answer string) error {
	answer = strings.TrimSpace(answer)
	if !programme.IsText(answer, 0, 300) {
		return invalid("reason", "at most 300 characters")
	}
	p, staff, err := m.members.IsStaff(ctx, by)
	if err != nil {
		return err
	}
	return programme.Again(ctx, func() error {
		s, err := m.store.Swap(ctx, p.Owner, swap)
		if err != nil && (staff || !fault.Has(err, fault.ObjectUnknown)) {
			return err
		}
		if !staff {
			if err := m.mayDecide(ctx, by, s); err != nil {
				return err
			}
		}
		if s.State != Waiting || !m.source.Now().Before(s.Expires) {
			return fault.New(fault.RequestRepeated, "reason", "decided")
		}
		s.Answer = answer
		if approve {
			_, err := m.move(ctx, by, p, s)
			return m.stale(ctx, p, s, err)
		}
		return m.refuse(ctx, by, p, s)
	})
}

// mayDecide lets those who speak for an organisation confirm a merge of its
// people, but not their own. A swap that does not exist and one of others get
// the same answer.
func (m *Mover) mayDecide(ctx context.Context, by audit.Caller, s Swap) error {
	refuse := fault.New(fault.RoleMissing, "role", programme.ProgrammeStaff)
	if s.Kind != AccountMerge || s.Tenant != by.Home {
		return refuse
	}
	speaker, err := m.members.Speaker(ctx, by)
	if err == nil && speaker.ID == s.Account {
		return refuse
	}
	return err
}

func (m *Mover) refuse(ctx context.Context, by audit.Caller, p programme.Programme, s Swap) error {
	person, err := m.people.Find(ctx, s.Tenant, s.Account)
	if err != nil && !fault.Has(err, fault.AccountUnknown) {
		return err
	}
	s.State, s.Decided, s.DecidedBy = Refused, m.source.Now(), by.Account
	e := m.members.Event(by, programme.OtherSide(by, p, s.Tenant), string(s.Kind)+".refuse", s.ID)
	letters, err := m.members.Answer(ctx, p, message.AccessDenied, person, s.Answer)
	if err != nil {
		return err
	}
	return m.commit(ctx, p, with(s, e), letters...)
}
