package programme

import (
	"context"
	"time"

	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/message"
)

// Deed is what one act changes, all in one transaction. A document with
// Version 0 is new; any other replaces the one that still has that version.
// Terms and acceptances are written once and never changed.
type Deed struct {
	Programmes  []Programme
	Members     []Member
	Invitations []Invitation
	Requests    []AccessRequest
	Rosters     []Roster
	// Touched rosters get a new version and nothing else: what was decided by
	// them must not cross with a change of them.
	Touched     []Roster
	Mailboxes   []Mailbox
	Terms       []Terms
	Acceptances []Acceptance
	Events      []audit.Event
	Messages    []message.Sealed
}

// Cursor is a place in a list that is read newest first; the zero value is its
// beginning.
type Cursor struct {
	At time.Time
	ID string
}

// MemberStore keeps the programme and who belongs to it. What is not there
// fails with ObjectUnknown; every list is bounded by its limit.
type MemberStore interface {
	// Programme gives the one programme.
	Programme(ctx context.Context) (Programme, error)
	// CommitDeed writes a deed; all of it, or nothing with ChangedMeanwhile when a
	// document was changed since it was read, exists already, or breaks the
	// rules of one open invitation for an address and one open request for a
	// person.
	CommitDeed(ctx context.Context, owner id.Tenant, d Deed) error

	// Member finds by the person's home tenant and object id.
	Member(ctx context.Context, owner, tenant id.Tenant, account id.Object) (Member, error)
	// Members lists those of one organisation in the order of their ids, after
	// the given one, removed ones included.
	Members(ctx context.Context, owner, tenant id.Tenant, after id.Object, limit int) ([]Member, error)
	// MembersAt lists those known by an address, MembersIn those known by an
	// address of a domain.
	MembersAt(ctx context.Context, owner id.Tenant, key string) ([]Member, error)
	MembersIn(ctx context.Context, owner id.Tenant, domain string, limit int) ([]Member, error)

	// Invitation finds by id, InvitationOf by the digest of its token.
	Invitation(ctx context.Context, owner id.Tenant, invitation string) (Invitation, error)
	InvitationOf(ctx context.Context, owner id.Tenant, hash string) (Invitation, error)
	// OpenInvitation finds the one that an address can still accept, expired
	// ones included until they are marked.
	OpenInvitation(ctx context.Context, owner id.Tenant, key string) (Invitation, error)
	// Invitations lists newest first; InvitationsIn those to a domain.
	Invitations(ctx context.Context, owner id.Tenant, after Cursor, limit int) ([]Invitation, error)
	InvitationsIn(ctx context.Context, owner id.Tenant, domain string, limit int) ([]Invitation, error)
	// DueInvitations lists open ones that ended by now.
	DueInvitations(ctx context.Context, owner id.Tenant, now time.Time, limit int) ([]Invitation, error)

	// AccessRequest finds by id, OpenAccessRequest a person's open one.
	AccessRequest(ctx context.Context, owner id.Tenant, request string) (AccessRequest, error)
	OpenAccessRequest(ctx context.Context, owner, tenant id.Tenant, account id.Object) (AccessRequest, error)
	// AccessRequests lists those in a state, oldest first.
	AccessRequests(ctx context.Context, owner id.Tenant, state RequestState, limit int) ([]AccessRequest, error)

	// Roster finds an organisation's.
	Roster(ctx context.Context, owner, tenant id.Tenant) (Roster, error)
	// Rosters lists all, oldest first.
	Rosters(ctx context.Context, owner id.Tenant, limit int) ([]Roster, error)

	// Mailbox tells which mails were asked for of late.
	Mailbox(ctx context.Context, owner id.Tenant, key string) (Mailbox, error)

	// Terms finds a version, CurrentTerms the newest.
	Terms(ctx context.Context, owner id.Tenant, version int) (Terms, error)
	CurrentTerms(ctx context.Context, owner id.Tenant) (Terms, error)
	// LastAcceptance finds the newest of a person, or with an empty account of
	// the organisation.
	LastAcceptance(ctx context.Context, owner, tenant id.Tenant, account id.Object) (Acceptance, error)
	// Acceptances lists those of a version in the order of tenant and account,
	// after the given one, each organisation's own before its people's.
	Acceptances(ctx context.Context, owner id.Tenant, version int, after Acceptance, limit int) ([]Acceptance, error)
}
