package programme

import (
	"context"
	"strings"

	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/message"
)

// BeginMerge is BeginSwap for a person who was a member with another account
// of the same organisation (M20): the code goes to the mailbox of the old
// account, and ConfirmSwap then joins the two at once. The answer is the same
// when the address is nobody's.
func (m *Membership) BeginMerge(ctx context.Context, by audit.Caller, address string) (Status, error) {
	return m.begin(ctx, by, address, AccountMerge)
}

// AskMerge is for those who cannot read the old mailbox any more: somebody who
// speaks for their organisation, or the owner, has to confirm. A person has
// one merge waiting: asking again gives the same one.
func (m *Membership) AskMerge(ctx context.Context, by audit.Caller, address string) (Status, error) {
	if !isAddress(address) {
		return Status{}, invalid("address", "an e-mail address")
	}
	last, err := m.MySwap(ctx, by)
	if err == nil && last.State == SwapWaiting {
		return last, nil
	}
	if err != nil && !fault.Has(err, fault.ObjectUnknown) {
		return Status{}, err
	}
	p, s, err := m.prepare(ctx, by, address, AccountMerge)
	if err != nil {
		return Status{}, err
	}
	s.State, s.Expires = SwapWaiting, s.At.Add(swapWait)
	return s.status(s.At), m.queue(ctx, by, p, s)
}

// Waiting lists the swaps and merges that the caller may decide over, oldest
// first: all for the owner's staff, the merges of their own people for those
// who speak for an organisation. A merge that names nobody's address has no
// old account: it can only be refused.
func (m *Membership) Waiting(ctx context.Context, by audit.Caller) ([]Swap, error) {
	p, staff, err := m.isStaff(ctx, by)
	if err == nil && !staff {
		_, err = m.speaker(ctx, by)
	}
	if err != nil {
		return nil, err
	}
	all, err := m.store.Swaps(ctx, p.Owner, SwapWaiting, MaxPage)
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

// DecideSwap carries out a waiting swap or merge, or refuses it with an answer
// of at most 300 characters that the person is told. It fails with
// RoleMissing, with RequestRepeated when it was decided already, and with
// InvitationUnusable when there is nothing to move any more.
func (m *Membership) DecideSwap(ctx context.Context, by audit.Caller, swap string, approve bool, answer string) error {
	answer = strings.TrimSpace(answer)
	if !isText(answer, 0, 300) {
		return invalid("reason", "at most 300 characters")
	}
	p, staff, err := m.isStaff(ctx, by)
	if err != nil {
		return err
	}
	return m.again(ctx, func() error {
		s, err := m.store.Swap(ctx, p.Owner, swap)
		if err != nil && (staff || !fault.Has(err, fault.ObjectUnknown)) {
			return err
		}
		if !staff {
			if err := m.mayDecide(ctx, by, s); err != nil {
				return err
			}
		}
		if s.State != SwapWaiting || !m.source.Now().Before(s.Expires) {
			return decided()
		}
		s.Answer = answer
		if approve {
			_, err := m.move(ctx, by, p, s)
			return m.stale(ctx, p, s, err)
		}
		return m.refuseSwap(ctx, by, p, s)
	})
}

// mayDecide lets those who speak for an organisation confirm a merge of its
// people, but not their own. A swap that does not exist and one of others get
// the same answer.
func (m *Membership) mayDecide(ctx context.Context, by audit.Caller, s Swap) error {
	refuse := fault.New(fault.RoleMissing, "role", ProgrammeStaff)
	if s.Kind != AccountMerge || s.Tenant != by.Home {
		return refuse
	}
	speaker, err := m.speaker(ctx, by)
	if err == nil && speaker.ID == s.Account {
		return refuse
	}
	return err
}

func (m *Membership) refuseSwap(ctx context.Context, by audit.Caller, p Programme, s Swap) error {
	person, err := m.people.Find(ctx, s.Tenant, s.Account)
	if err != nil && !fault.Has(err, fault.AccountUnknown) {
		return err
	}
	s.State, s.Decided, s.DecidedBy = SwapRefused, m.source.Now(), by.Account
	e := m.event(by, otherSide(by, p, s.Tenant), string(s.Kind)+".refuse", s.ID)
	letters, err := m.answer(ctx, p, message.AccessDenied, person, s.Answer)
	if err != nil {
		return err
	}
	return m.commit(ctx, p, Deed{Swaps: []Swap{s}, Events: []audit.Event{e}}, letters...)
}
