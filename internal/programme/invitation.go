package programme

import (
	"context"
	"time"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/message"
)

// InvitationState is how far an invitation has come.
type InvitationState string

// The states. Only the first three can still be accepted.
const (
	InvitationSent   InvitationState = "sent"
	InvitationOpened InvitationState = "opened"
	// InvitationElsewhere: somebody came with another account than the invited.
	InvitationElsewhere InvitationState = "elsewhere"
	InvitationAccepted  InvitationState = "accepted"
	InvitationExpired   InvitationState = "expired"
	InvitationRevoked   InvitationState = "revoked"
)

// Invitation asks one address to join, in one role, until one instant
// (security-and-reliability.md R172).
type Invitation struct {
	ID      string
	Address string
	Name    string
	// Tenant is the organisation that has verified the address's domain and
	// that the invitation is bound to; empty while none has. Once accepted it
	// is the member's.
	Tenant           id.Tenant
	OrganisationName string
	Role             Role
	Language         string
	Note             string
	By               id.Object
	Sent, Expires    time.Time
	State            InvitationState
	// Account is who accepted.
	Account id.Object
	// OtherDomain is the domain of the account that came instead.
	OtherDomain string
	// TokenHash is the digest of its link's token, in hexadecimal.
	TokenHash string
	Version   int64
}

// AddressKey is the address in the form that is compared.
func (i Invitation) AddressKey() string { return account.FoldName(i.Address) }

// IsOpen reports whether it can still be accepted, its time apart.
func (i Invitation) IsOpen() bool {
	return i.State == InvitationSent || i.State == InvitationOpened || i.State == InvitationElsewhere
}

// Usable fails with InvitationUnusable and the reason, one of unknown,
// accepted, expired, revoked.
func (i Invitation) Usable(now time.Time) error {
	switch {
	case !i.IsOpen():
		return unusable(string(i.State))
	case !now.Before(i.Expires):
		return unusable(string(InvitationExpired))
	}
	return nil
}

func unusable(reason string) error { return fault.New(fault.InvitationUnusable, "reason", reason) }

// InvitationPath is where the link of an invitation leads, before its token.
const InvitationPath = "/portal/invitation/"

const invitationPurpose = "invitation"

// InvitationLink is the path of an invitation's link. Whoever has it can open
// the invitation, so it is for the staff that sent it and for the mail.
func (m *Membership) InvitationLink(i Invitation) string {
	return InvitationPath + m.LinkToken(invitationPurpose, i.ID)
}

func (m *Membership) letter(p Programme, i Invitation) message.Message {
	facts := map[string]string{
		"app": p.Name, "address": i.Address, "name": i.Name, "org": i.OrganisationName,
		"reason": i.Note, "date": date(i.Expires), "contact": p.Contact,
	}
	return message.Message{
		Kind: message.Invitation, Tenant: p.Owner, To: i.Address, Language: i.Language, Facts: facts,
		Path: m.InvitationLink(i), Expires: i.Expires,
	}
}

// Resend sends an invitation again. The link stays the same, also the one in
// the earlier mail; the time begins anew. One that has expired opens again. It
// fails with InvitationUnusable when it was accepted or revoked, or when the
// address has another open one.
func (m *Membership) Resend(ctx context.Context, by audit.Caller, invitation string) error {
	p, err := m.Staff(ctx, by)
	if err != nil {
		return err
	}
	return Again(ctx, func() error {
		i, err := m.store.Invitation(ctx, p.Owner, invitation)
		if err != nil {
			return err
		}
		if i.State == InvitationAccepted || i.State == InvitationRevoked {
			return unusable(string(i.State))
		}
		if err := m.Reopen(ctx, p, &i); err != nil {
			return err
		}
		i.Sent = m.source.Now()
		i.Expires = i.Sent.AddDate(0, 0, p.InvitationDays)
		e := m.Event(by, i.Tenant, "invitation.resend", i.ID)
		e.Facts = map[string]string{"address": i.Address}
		return m.commit(ctx, p, Deed{Invitations: []Invitation{i}, Events: []audit.Event{e}}, m.letter(p, i))
	})
}

// Reopen lets an ended invitation be accepted again, unless the address has
// another one by now: it then fails with InvitationUnusable.
func (m *Membership) Reopen(ctx context.Context, p Programme, i *Invitation) error {
	if i.IsOpen() {
		return nil
	}
	_, err := m.store.OpenInvitation(ctx, p.Owner, i.AddressKey())
	switch {
	case err == nil:
		return unusable("replaced")
	case !fault.Has(err, fault.ObjectUnknown):
		return err
	}
	i.State, i.Account, i.OtherDomain = InvitationSent, "", ""
	return nil
}

// Revoke takes an invitation back. It fails with InvitationUnusable when it
// cannot be accepted any more anyway.
func (m *Membership) Revoke(ctx context.Context, by audit.Caller, invitation string) error {
	p, err := m.Staff(ctx, by)
	if err != nil {
		return err
	}
	return Again(ctx, func() error {
		i, err := m.store.Invitation(ctx, p.Owner, invitation)
		if err != nil {
			return err
		}
		if !i.IsOpen() {
			return unusable(string(i.State))
		}
		i.State = InvitationRevoked
		e := m.Event(by, i.Tenant, "invitation.revoke", i.ID)
		e.Facts = map[string]string{"address": i.Address}
		return m.commit(ctx, p, Deed{Invitations: []Invitation{i}, Events: []audit.Event{e}})
	})
}

// Stuck says why an invited person is not in yet.
type Stuck string

// The reasons.
const (
	NotStuck Stuck = ""
	// NeverOpened: the mail was not followed.
	NeverOpened Stuck = "never-opened"
	// NotSignedIn: followed, but nobody signed in.
	NotSignedIn Stuck = "not-signed-in"
	// OtherAccount: signed in with another account.
	OtherAccount Stuck = "other-account"
	// DomainUnconnected: no organisation has verified the address's domain, so
	// there may be no account to sign in with.
	DomainUnconnected Stuck = "domain-unconnected"
	// TimeOver: expired.
	TimeOver Stuck = "expired"
)

// Listed is an invitation as the owner's list shows it.
type Listed struct {
	Invitation
	Why Stuck
}

// Invitations gives a page of all invitations, newest first, each with its
// state as it is now and why it is stuck.
func (m *Membership) Invitations(ctx context.Context, by audit.Caller, after Cursor, limit int) ([]Listed, error) {
	p, err := m.Staff(ctx, by)
	if err != nil {
		return nil, err
	}
	list, err := m.store.Invitations(ctx, p.Owner, after, page(limit))
	if err != nil {
		return nil, err
	}
	now := m.source.Now()
	listed := make([]Listed, 0, len(list))
	for _, i := range list {
		if i.IsOpen() && !now.Before(i.Expires) {
			i.State = InvitationExpired
		}
		why, err := m.why(ctx, i)
		if err != nil {
			return nil, err
		}
		listed = append(listed, Listed{i, why})
	}
	return listed, nil
}

func (m *Membership) why(ctx context.Context, i Invitation) (Stuck, error) {
	switch i.State {
	case InvitationExpired:
		return TimeOver, nil
	case InvitationElsewhere:
		return OtherAccount, nil
	case InvitationAccepted, InvitationRevoked:
		return NotStuck, nil
	}
	domain, _ := account.DomainOf(i.Address)
	owner, err := m.ownerOf(ctx, domain)
	switch {
	case err != nil:
		return NotStuck, err
	case owner == "":
		return DomainUnconnected, nil
	case i.State == InvitationOpened:
		return NotSignedIn, nil
	}
	return NeverOpened, nil
}

// Tend marks invitations that have ended. It may run on many nodes at once.
func (m *Membership) Tend(ctx context.Context) error {
	p, err := m.store.Programme(ctx)
	if fault.Has(err, fault.ObjectUnknown) {
		return nil
	}
	if err != nil {
		return err
	}
	due, err := m.store.DueInvitations(ctx, p.Owner, m.source.Now(), MaxPage)
	if err != nil {
		return err
	}
	for _, i := range due {
		i.State = InvitationExpired
		e := m.Event(audit.Caller{Tenant: p.Owner}, i.Tenant, "invitation.expire", i.ID)
		e.Facts = map[string]string{"address": i.Address}
		// Whoever changed it meanwhile had the better reason.
		if err := m.commit(ctx, p, Deed{Invitations: []Invitation{i}, Events: []audit.Event{e}}); err != nil && !fault.Has(err, fault.ChangedMeanwhile) {
			return err
		}
	}
	return nil
}
