// Package programme holds who belongs to the partner programme of this
// installation and how they come in: invitations, requests, rosters, and the
// terms that everybody accepts.
package programme

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/message"
	"github.com/entente-id/entente/internal/seal"
	"github.com/entente-id/entente/internal/tenant"
	"golang.org/x/text/language"
)

// ProgrammeStaff is the group of the owner's people who run the programme.
const ProgrammeStaff = "ProgrammeStaff"

// Programme is the partner programme of this installation. There is one.
type Programme struct {
	// Owner is the organisation that runs it.
	Owner id.Tenant
	Name  string
	// Contact is the mailbox that requests go to.
	Contact string
	// Portal is the application that members sign in to.
	Portal     id.App
	SwapPolicy SwapPolicy
	// InvitationDays is how long an invitation holds: 1 to 90, 0 means 14.
	InvitationDays int
	// Version counts the changes; 0 before the first save.
	Version int64
}

// SwapPolicy says what a proved swap of addresses still needs.
type SwapPolicy string

// The policies.
const (
	// SwapByApproval leaves each swap to the owner.
	SwapByApproval SwapPolicy = "approve"
	// SwapAtOnce lets the proof of both addresses decide.
	SwapAtOnce SwapPolicy = "auto"
)

const defaultInvitationDays = 14

// Membership is the room: who belongs to the programme, and how they come in.
type Membership struct {
	store   MemberStore
	people  *account.People
	tenants *tenant.Directory
	outbox  *message.Outbox
	source  id.Source
	key     *seal.Key
}

// NewMembership opens the room.
func NewMembership(store MemberStore, people *account.People, tenants *tenant.Directory, outbox *message.Outbox, source id.Source, custody *seal.Custody) (*Membership, error) {
	key, err := custody.Key("programme membership")
	if err != nil {
		return nil, err
	}
	return &Membership{store: store, people: people, tenants: tenants, outbox: outbox, source: source, key: key}, nil
}

// Programme gives the programme of this installation, or fails with
// ObjectUnknown before it was founded.
func (m *Membership) Programme(ctx context.Context) (Programme, error) { return m.store.Programme(ctx) }

// Found creates or replaces the programme, on the word of whoever runs the
// installation. It fails with InputInvalid.
func (m *Membership) Found(ctx context.Context, by audit.Caller, p Programme) error {
	p, err := p.checked()
	if err != nil {
		return err
	}
	if _, err := m.tenants.Find(ctx, p.Owner); err != nil {
		return err
	}
	return Again(ctx, func() error {
		p.Version = 0
		if have, err := m.store.Programme(ctx); err == nil {
			p.Version = have.Version
		} else if !fault.Has(err, fault.ObjectUnknown) {
			return err
		}
		e := m.Event(audit.Caller{Tenant: p.Owner, SignInName: by.SignInName}, p.Owner, "programme.found", string(p.Owner))
		return m.store.CommitDeed(ctx, p.Owner, Deed{Programmes: []Programme{p}, Events: []audit.Event{e}})
	})
}

// Configure changes what the owner decides: name, contact, portal, swap policy
// and invitation days. It fails with RoleMissing, InputInvalid, or with
// ChangedMeanwhile when somebody else changed the version it started from.
func (m *Membership) Configure(ctx context.Context, by audit.Caller, to Programme) error {
	p, err := m.Staff(ctx, by)
	if err != nil {
		return err
	}
	to.Owner = p.Owner
	if to, err = to.checked(); err != nil {
		return err
	}
	e := m.Event(by, "", "programme.change", string(p.Owner))
	e.Facts = map[string]string{"swap policy": string(to.SwapPolicy), "contact": to.Contact}
	return m.store.CommitDeed(ctx, p.Owner, Deed{Programmes: []Programme{to}, Events: []audit.Event{e}})
}

// Check holds a programme to its rules. It fails with InputInvalid, whose fact
// "parameter" is the member that breaks one.
func (p Programme) Check() error {
	_, err := p.checked()
	return err
}

func (p Programme) checked() (Programme, error) {
	if p.InvitationDays == 0 {
		p.InvitationDays = defaultInvitationDays
	}
	if p.SwapPolicy == "" {
		p.SwapPolicy = SwapByApproval
	}
	switch {
	case !id.IsGUID(string(p.Owner)):
		return p, invalid("owner", "a tenant id")
	case !IsText(p.Name, 1, 100):
		return p, invalid("name", "1 to 100 characters")
	case !IsAddress(p.Contact):
		return p, invalid("contact", "an e-mail address")
	case p.SwapPolicy != SwapAtOnce && p.SwapPolicy != SwapByApproval:
		return p, invalid("swapPolicy", "approve or auto")
	case p.InvitationDays < 1 || p.InvitationDays > 90:
		return p, invalid("invitationDays", "1 to 90")
	}
	return p, nil
}

// Staff checks that a person acts for the programme's owner, as they are at
// this moment (security-and-reliability.md R163), and gives the programme. It
// fails with RoleMissing, AccountDisabled, AccountUnknown or AppOnlyRefused.
func (m *Membership) Staff(ctx context.Context, by audit.Caller) (Programme, error) {
	p, staff, err := m.IsStaff(ctx, by)
	if err == nil && !staff {
		err = fault.New(fault.RoleMissing, "role", ProgrammeStaff)
	}
	return p, err
}

// IsStaff gives the programme, and tells whether a person acts for its owner.
func (m *Membership) IsStaff(ctx context.Context, by audit.Caller) (Programme, bool, error) {
	p, err := m.store.Programme(ctx)
	if err != nil || by.Home != p.Owner || by.Tenant != p.Owner {
		return p, false, err
	}
	person, err := m.Person(ctx, by)
	if err != nil {
		return p, false, err
	}
	return p, person.In(ProgrammeStaff) || person.Holds(account.GlobalAdministrator), nil
}

// Person gives the caller as they are now, at home. It fails with
// AppOnlyRefused, ForeignAccount, AccountUnknown or AccountDisabled.
func (m *Membership) Person(ctx context.Context, by audit.Caller) (account.Account, error) {
	if by.AppOnly {
		return account.Account{}, fault.New(fault.AppOnlyRefused)
	}
	if by.Home != by.Tenant {
		return account.Account{}, fault.New(fault.ForeignAccount, "account", by.SignInName)
	}
	return m.Enabled(ctx, by.Home, by.Account)
}

// Enabled gives an account that is not switched off, or fails with
// AccountUnknown or AccountDisabled.
func (m *Membership) Enabled(ctx context.Context, t id.Tenant, who id.Object) (account.Account, error) {
	person, err := m.people.Find(ctx, t, who)
	if err != nil {
		return person, err
	}
	if person.Disabled {
		return person, fault.New(fault.AccountDisabled, "account", person.SignInName)
	}
	return person, nil
}

// Speaker gives a person who may speak for their organisation towards the
// programme, or fails with RoleMissing.
func (m *Membership) Speaker(ctx context.Context, by audit.Caller) (account.Account, error) {
	person, err := m.Person(ctx, by)
	if err != nil {
		return person, err
	}
	if person.Tenant == id.Consumers || !person.Holds(account.GlobalAdministrator, account.UserAdministrator) {
		return person, fault.New(fault.RoleMissing, "role", "Global Administrator, User Administrator")
	}
	return person, nil
}

// Proves lists the folded addresses that a person has proved: the sign-in name
// and the mailbox, each only where the home organisation has verified its
// domain. A personal account proves its sign-in name, whose mailbox it showed,
// unless an organisation has verified the domain since (rows R168, A84).
func (m *Membership) Proves(ctx context.Context, person account.Account) ([]string, error) {
	var keys []string
	for _, address := range []string{person.SignInName, person.Mail} {
		domain, ok := account.DomainOf(address)
		if !ok {
			continue
		}
		owner, err := m.ownerOf(ctx, domain)
		if err != nil {
			return nil, err
		}
		personal := owner == "" && person.Tenant == id.Consumers && address == person.SignInName
		if key := account.FoldName(address); (owner == person.Tenant || personal) && !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
	}
	return keys, nil
}

// ownerOf gives the organisation that has verified a domain, empty for none.
func (m *Membership) ownerOf(ctx context.Context, domain string) (id.Tenant, error) {
	owner, err := m.tenants.Named(ctx, domain)
	switch {
	case fault.Has(err, fault.TenantUnknown):
		return "", nil
	case err != nil:
		return "", err
	}
	return owner.ID, nil
}

// Again decides anew on what the store holds now, as long as somebody else was
// faster. Each round one writer wins, so the bound is far beyond any real race.
func Again(ctx context.Context, decide func() error) error {
	const rounds = 200
	for range rounds {
		if err := decide(); !fault.Has(err, fault.ChangedMeanwhile) || ctx.Err() != nil {
			return err
		}
	}
	return fault.New(fault.DirectoryBusy)
}

// commit writes a deed with its messages and has them delivered.
func (m *Membership) commit(ctx context.Context, p Programme, d Deed, letters ...message.Message) error {
	sealed, err := m.outbox.SealAll(letters...)
	if err != nil {
		return err
	}
	d.Messages = sealed
	if err := m.store.CommitDeed(ctx, p.Owner, d); err != nil {
		return err
	}
	if len(sealed) > 0 {
		m.outbox.Nudge()
	}
	return nil
}

// Event is a record of the caller's organisation that the target can read too.
func (m *Membership) Event(by audit.Caller, target id.Tenant, verb, object string) audit.Event {
	if target == by.Tenant {
		target = ""
	}
	return audit.Event{
		ID: m.source.NewGUID(), At: m.source.Now(), Tenant: by.Tenant, Target: target, Account: by.Account,
		SignInName: by.SignInName, App: by.App, Verb: verb, Object: object,
	}
}

// LinkToken makes a link's secret from the id of what it opens. It is made anew
// when it is needed, so only its digest rests; the purpose keeps the token of
// one flow from serving in another (row A88).
func (m *Membership) LinkToken(purpose, of string) string {
	return base64.RawURLEncoding.EncodeToString(m.key.MAC([]byte(purpose), []byte(of)))
}

// LinkHash is what is stored and looked up of a token.
func LinkHash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// MailboxOf is where a person is written to: their mailbox, or else the sign-in
// name. It is empty when they prove neither, so that nothing about them is told
// to whoever holds the address.
func (m *Membership) MailboxOf(ctx context.Context, person account.Account) (string, error) {
	keys, err := m.Proves(ctx, person)
	if err != nil {
		return "", err
	}
	for _, address := range []string{person.Mail, person.SignInName} {
		if slices.Contains(keys, account.FoldName(address)) {
			return address, nil
		}
	}
	return "", nil
}

func invalid(field, rule string) error {
	return fault.New(fault.InputInvalid, "parameter", field, "rule", rule)
}

// maxAddress bounds an address, in bytes (RFC 5321 4.5.3.1.3).
const maxAddress = 254

// IsAddress reports whether a text is one e-mail address that can be written
// to.
func IsAddress(address string) bool {
	local, _, found := strings.Cut(address, "@")
	_, ok := account.DomainOf(address)
	return found && ok && local != "" && len(address) <= maxAddress && strings.Count(address, "@") == 1 &&
		!strings.ContainsFunc(address, func(r rune) bool {
			return unicode.IsControl(r) || unicode.IsSpace(r) || strings.ContainsRune(`<>()[]\,;:"`, r) || r == utf8.RuneError
		})
}

// IsText reports whether a text has so many characters and none that breaks
// lines or headers.
func IsText(text string, least, most int) bool {
	n := utf8.RuneCountInString(strings.TrimSpace(text))
	return n >= least && n <= most && len(text) <= 8*most+8 && utf8.ValidString(text) && !strings.ContainsFunc(text, unicode.IsControl)
}

func isLanguage(tag string) bool {
	_, err := language.Parse(tag)
	return err == nil && len(tag) <= 35
}

func date(t time.Time) string { return t.Format(time.DateOnly) }

func number(n int) string { return strconv.Itoa(n) }
