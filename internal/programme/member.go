package programme

import (
	"context"
	"time"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
)

// Role is what a member is in the programme; it gives no right in anybody's
// directory.
type Role string

// The roles, least first.
const (
	PlainMember Role = "member"
	ContactRole Role = "contact"
	AdminRole   Role = "admin"
)

func (r Role) rank() int {
	switch r {
	case PlainMember:
		return 1
	case ContactRole:
		return 2
	case AdminRole:
		return 3
	}
	return 0
}

func higher(a, b Role) Role {
	if a.rank() >= b.rank() {
		return a
	}
	return b
}

// MemberState tells whether a membership holds.
type MemberState string

// The states.
const (
	Active  MemberState = "active"
	Removed MemberState = "removed"
)

// Origin is the way that somebody came in, or what ended their membership.
type Origin string

// The origins.
const (
	ByInvitation Origin = "invitation"
	ByRequest    Origin = "request"
	ByRoster     Origin = "roster"
	BySwap       Origin = "swap"
	ByMerge      Origin = "merge"
	ByPerson     Origin = "person"
)

// Member is one person in the programme. The key is the home tenant and the
// object id: a changed address changes nothing (journey J79).
type Member struct {
	Tenant  id.Tenant
	Account id.Object
	Role    Role
	// InvitedAs is the address that the programme knows the person by.
	InvitedAs string
	Language  string
	Since     time.Time
	State     MemberState
	Origin    Origin
	// Ended says what ended the membership, empty while it holds. What a person
	// ended, no roster brings back.
	Ended Origin
	// Change is the swap or merge that it came from, empty for none.
	Change string
	// By is who let the person in, or removed them.
	By      id.Object
	Version int64
}

// AddressKey is the address in the form that is compared.
func (a Member) AddressKey() string { return account.FoldName(a.InvitedAs) }

// NewMember is the member that a person becomes over the row that was there.
func (m *Membership) NewMember(have Member, person account.Account, role Role, origin Origin, address string, by id.Object) Member {
	joined := Member{
		Tenant: person.Tenant, Account: person.ID, Role: role, InvitedAs: address, Language: person.Language,
		Since: m.source.Now(), State: Active, Origin: origin, By: by, Version: have.Version,
	}
	if have.State == Active {
		joined.Role, joined.Since = higher(have.Role, role), have.Since
	}
	return joined
}

// member gives what the store holds of a person; a zero Member for nothing.
func (m *Membership) member(ctx context.Context, p Programme, t id.Tenant, who id.Object) (Member, error) {
	found, err := m.store.Member(ctx, p.Owner, t, who)
	if fault.Has(err, fault.ObjectUnknown) {
		return Member{}, nil
	}
	return found, err
}

// activeMember gives the programme and the caller as one of its members. It
// fails with MembershipMissing for anybody else.
func (m *Membership) activeMember(ctx context.Context, by audit.Caller) (Programme, account.Account, error) {
	p, err := m.store.Programme(ctx)
	if err != nil {
		return p, account.Account{}, err
	}
	person, err := m.Person(ctx, by)
	if err != nil {
		return p, person, err
	}
	have, err := m.member(ctx, p, person.Tenant, person.ID)
	if err != nil {
		return p, person, err
	}
	if have.State != Active {
		return p, person, fault.New(fault.MembershipMissing, "reason", "none")
	}
	return p, person, nil
}

// Place is how a person stands to the programme.
type Place string

// The places, in the order that they are looked for.
const (
	// InProgramme: a member.
	InProgramme Place = "member"
	// Invited: an open invitation waits for exactly this person.
	Invited Place = "invited"
	// Rostered: on the approved list of the home organisation.
	Rostered Place = "rostered"
	// Requested: has asked for access.
	Requested Place = "requested"
	// Candidate: others of the organisation are members, so the person may
	// have come with another account before (M20).
	Candidate Place = "candidate"
	// Stranger: nothing is known (M17).
	Stranger Place = "stranger"
)

// Standing is what a portal needs to know of a person.
type Standing struct {
	Place      Place
	Member     Member
	Invitation Invitation
	Request    AccessRequest
	// Organisation is the name of the person's own.
	Organisation string
}

// Refusal is the fault that a portal shows to a person in this place, nil for
// a member: MembershipMissing (M17), or ProfileElsewhere (M20).
func (s Standing) Refusal() error {
	switch s.Place {
	case InProgramme:
		return nil
	case Candidate:
		return fault.New(fault.ProfileElsewhere, "org", s.Organisation)
	default:
		return fault.New(fault.MembershipMissing, "standing", string(s.Place), "org", s.Organisation)
	}
}

// Standing tells how a person stands to the programme now. It changes nothing.
func (m *Membership) Standing(ctx context.Context, t id.Tenant, who id.Object) (Standing, error) {
	p, err := m.store.Programme(ctx)
	if err != nil {
		return Standing{}, err
	}
	person, err := m.Enabled(ctx, t, who)
	if err != nil {
		return Standing{}, err
	}
	home, err := m.tenants.Find(ctx, t)
	if err != nil {
		return Standing{}, err
	}
	s := Standing{Organisation: home.Name}
	if s.Member, err = m.member(ctx, p, t, who); err != nil {
		return s, err
	}
	if s.Member.State == Active {
		s.Place = InProgramme
		return s, nil
	}
	keys, err := m.Proves(ctx, person)
	if err != nil {
		return s, err
	}
	if s.Invitation, err = m.waiting(ctx, p, person, keys); err != nil || s.Invitation.ID != "" {
		s.Place = Invited
		return s, err
	}
	_, on, err := m.onRoster(ctx, p, person, keys, s.Member)
	if err != nil || on {
		s.Place = Rostered
		return s, err
	}
	s.Request, err = m.store.OpenAccessRequest(ctx, p.Owner, t, who)
	if !fault.Has(err, fault.ObjectUnknown) {
		s.Place = Requested
		return s, err
	}
	s.Place, err = m.unplaced(ctx, p, person)
	return s, err
}

// unplaced tells a first person of an organisation from one whose colleagues
// are members. Personal accounts have no colleagues.
func (m *Membership) unplaced(ctx context.Context, p Programme, person account.Account) (Place, error) {
	if person.Tenant == id.Consumers {
		return Stranger, nil
	}
	list, err := m.store.Members(ctx, p.Owner, person.Tenant, "", maxColleagues)
	if err != nil {
		return Stranger, err
	}
	for _, other := range list {
		if other.State == Active {
			return Candidate, nil
		}
	}
	return Stranger, nil
}

// maxColleagues bounds how many members of one organisation are looked at.
const maxColleagues = 5000

// Members gives a page of one organisation's members, removed ones included,
// to the owner's staff or to those who speak for that organisation.
func (m *Membership) Members(ctx context.Context, by audit.Caller, t id.Tenant, after id.Object, limit int) ([]Member, error) {
	p, err := m.over(ctx, by, t)
	if err != nil {
		return nil, err
	}
	return m.store.Members(ctx, p.Owner, t, after, page(limit))
}

// Remove ends a membership, on the word of the owner or of the person's own
// organisation. It fails with ObjectUnknown for nobody's membership.
func (m *Membership) Remove(ctx context.Context, by audit.Caller, t id.Tenant, who id.Object) error {
	p, err := m.over(ctx, by, t)
	if err != nil {
		return err
	}
	return Again(ctx, func() error {
		member, err := m.store.Member(ctx, p.Owner, t, who)
		if err != nil {
			return err
		}
		if member.State == Removed && member.Ended == ByPerson {
			return nil
		}
		member.State, member.Ended, member.By = Removed, ByPerson, by.Account
		e := m.Event(by, OtherSide(by, p, t), "member.remove", string(who))
		return m.commit(ctx, p, Deed{Members: []Member{member}, Events: []audit.Event{e}})
	})
}

// over lets the owner's staff act on any organisation, and those who speak for
// an organisation on their own.
func (m *Membership) over(ctx context.Context, by audit.Caller, t id.Tenant) (Programme, error) {
	p, staff, err := m.IsStaff(ctx, by)
	if err != nil || staff {
		return p, err
	}
	if by.Home != t {
		return p, fault.New(fault.RoleMissing, "role", ProgrammeStaff)
	}
	_, err = m.Speaker(ctx, by)
	return p, err
}

// OtherSide is who else may read an event: the owner's record tells the
// organisation, the organisation's the owner.
func OtherSide(by audit.Caller, p Programme, t id.Tenant) id.Tenant {
	if by.Tenant == p.Owner {
		return t
	}
	return p.Owner
}

// OwnAddress is one of the owner's addresses in a partner's hands.
type OwnAddress struct {
	Address string
	// Invitation is the open or past invitation to it; Member whom it became.
	// One of the two is empty.
	Invitation Invitation
	Member     Member
}

// OwnAddresses lists the invitations and active members whose address lies in
// a domain of the owner: people who should use their own company's (journey
// J04). At most limit for each domain and kind.
func (m *Membership) OwnAddresses(ctx context.Context, by audit.Caller, limit int) ([]OwnAddress, error) {
	p, err := m.Staff(ctx, by)
	if err != nil {
		return nil, err
	}
	owner, err := m.tenants.Find(ctx, p.Owner)
	if err != nil {
		return nil, err
	}
	var list []OwnAddress
	for _, domain := range owner.Domains {
		invitations, err := m.store.InvitationsIn(ctx, p.Owner, domain.Name, page(limit))
		if err != nil {
			return nil, err
		}
		for _, i := range invitations {
			if i.State != InvitationAccepted && i.State != InvitationRevoked {
				list = append(list, OwnAddress{Address: i.Address, Invitation: i})
			}
		}
		members, err := m.store.MembersIn(ctx, p.Owner, domain.Name, page(limit))
		if err != nil {
			return nil, err
		}
		for _, a := range members {
			if a.State == Active && a.Tenant != p.Owner {
				list = append(list, OwnAddress{Address: a.InvitedAs, Member: a})
			}
		}
	}
	return list, nil
}

// MaxPage is the most that one page of a list holds, and what it holds when
// nothing is said.
const MaxPage = 500

func page(limit int) int {
	if limit < 1 || limit > MaxPage {
		return MaxPage
	}
	return limit
}
