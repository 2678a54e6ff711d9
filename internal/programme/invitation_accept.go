package programme

import (
	"context"
	"slices"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/fault"
)

// Open gives what a link stands for, for the page that it leads to. It changes
// nothing, because scanners follow links too. It fails with
// InvitationUnusable, whose fact "reason" is unknown, accepted, expired or
// revoked.
func (m *Membership) Open(ctx context.Context, token string) (Invitation, error) {
	p, err := m.store.Programme(ctx)
	if err != nil {
		return Invitation{}, err
	}
	i, err := m.linked(ctx, p, token)
	if err != nil {
		return Invitation{}, err
	}
	if err := i.Usable(m.source.Now()); err != nil {
		return Invitation{}, err
	}
	return i, nil
}

// linked finds the invitation of a token by its digest.
func (m *Membership) linked(ctx context.Context, p Programme, token string) (Invitation, error) {
	i, err := m.store.InvitationOf(ctx, p.Owner, LinkHash(token))
	if fault.Has(err, fault.ObjectUnknown) {
		return i, unusable("unknown")
	}
	return i, err
}

// Opened notes that a person went on from the page of a link, so that the
// owner's list can tell where they are stuck.
func (m *Membership) Opened(ctx context.Context, token string) error {
	return Again(ctx, func() error {
		p, err := m.store.Programme(ctx)
		if err != nil {
			return err
		}
		i, err := m.linked(ctx, p, token)
		if err != nil {
			return err
		}
		if err := i.Usable(m.source.Now()); err != nil || i.State != InvitationSent {
			return err
		}
		i.State = InvitationOpened
		e := m.Event(audit.Caller{Tenant: p.Owner}, i.Tenant, "invitation.open", i.ID)
		return m.commit(ctx, p, Deed{Invitations: []Invitation{i}, Events: []audit.Event{e}})
	})
}

// Accept makes the signed-in person a member by the invitation of a link or,
// without a token, by the one that waits for their address. It needs the
// invited address itself: the sign-in name, or a mailbox in a domain that the
// person's organisation has verified (row R172).
//
// It fails with InvitationUnusable, or with MembershipMissing when nothing
// waits, or when the invitation is for another address or organisation: the
// fact "reason" is then none, other-address or other-organisation, and the
// invitation shows it to the owner.
func (m *Membership) Accept(ctx context.Context, by audit.Caller, token string) (Member, error) {
	var joined Member
	err := Again(ctx, func() (err error) {
		joined, err = m.accept(ctx, by, token)
		return err
	})
	return joined, err
}

func (m *Membership) accept(ctx context.Context, by audit.Caller, token string) (Member, error) {
	p, err := m.store.Programme(ctx)
	if err != nil {
		return Member{}, err
	}
	person, err := m.Person(ctx, by)
	if err != nil {
		return Member{}, err
	}
	keys, err := m.Proves(ctx, person)
	if err != nil {
		return Member{}, err
	}
	var i Invitation
	if token == "" {
		if i, err = m.waiting(ctx, p, person, keys); err == nil && i.ID == "" {
			err = fault.New(fault.MembershipMissing, "reason", "none")
		}
	} else {
		i, err = m.linked(ctx, p, token)
	}
	if err != nil {
		return Member{}, err
	}
	if err := i.Usable(m.source.Now()); err != nil {
		return Member{}, err
	}
	if reason := i.mismatch(person, keys); reason != "" {
		return Member{}, m.elsewhere(ctx, by, p, i, person, reason)
	}
	return m.admitInvited(ctx, by, p, i, person)
}

func (i Invitation) mismatch(person account.Account, keys []string) string {
	switch {
	case !slices.Contains(keys, i.AddressKey()):
		return "other-address"
	case !i.Meets(person.Tenant):
		return "other-organisation"
	}
	return ""
}

// elsewhere keeps that somebody came with another account, and answers so.
func (m *Membership) elsewhere(ctx context.Context, by audit.Caller, p Programme, i Invitation, person account.Account, reason string) error {
	refusal := fault.New(fault.MembershipMissing, "reason", reason)
	other, _ := account.DomainOf(person.SignInName)
	if i.State == InvitationElsewhere && i.OtherDomain == other {
		return refusal
	}
	i.State, i.OtherDomain = InvitationElsewhere, other
	e := m.Event(by, p.Owner, "invitation.elsewhere", i.ID)
	e.Facts = map[string]string{"reason": reason}
	if err := m.commit(ctx, p, Deed{Invitations: []Invitation{i}, Events: []audit.Event{e}}); err != nil {
		return err
	}
	return refusal
}

func (m *Membership) admitInvited(ctx context.Context, by audit.Caller, p Programme, i Invitation, person account.Account) (Member, error) {
	have, err := m.member(ctx, p, person.Tenant, person.ID)
	if err != nil {
		return Member{}, err
	}
	joined := m.NewMember(have, person, i.Role, ByInvitation, i.Address, i.By)
	if i.Language != "" {
		joined.Language = i.Language
	}
	i.State, i.Tenant, i.Account = InvitationAccepted, person.Tenant, person.ID
	requests, err := m.Settled(ctx, p, person)
	if err != nil {
		return Member{}, err
	}
	e := m.Event(by, p.Owner, "invitation.accept", i.ID)
	e.Facts = map[string]string{"address": i.Address, "role": string(joined.Role)}
	d := Deed{Members: []Member{joined}, Invitations: []Invitation{i}, Requests: requests, Events: []audit.Event{e}}
	if err := m.commit(ctx, p, d); err != nil {
		return Member{}, err
	}
	joined.Version++
	return joined, nil
}
