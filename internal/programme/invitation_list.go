package programme

import (
	"context"
	"encoding/csv"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/message"
)

// MaxLines is the most lines one list of invitations holds.
const MaxLines = 500

// Call is a list of people to invite.
type Call struct {
	// List has one person on each line: address, and after commas, semicolons
	// or tabs, a name, a role and a language, each of which may be left out.
	List string
	// OrganisationName is what the owner calls their company.
	OrganisationName string
	// Role and Language hold where a line says nothing.
	Role     Role
	Language string
	// Note stands in the mail.
	Note string
}

// BadLine is a line that nothing was done for. Its text comes back, so that
// nothing that was typed is lost.
type BadLine struct {
	// Number counts from 1.
	Number int
	Text   string
	// Rule is what the line breaks: address, fields, role, language, name,
	// twice, invited, member, domain, account.
	Rule string
}

// Called is what came of a list.
type Called struct {
	Sent []Invitation
	Bad  []BadLine
}

// Invite sends an invitation to each good line of a list, and reports the
// others. It fails with RoleMissing, or with InputInvalid when the list as a
// whole cannot be: empty, too long, or with a note over 500 characters.
func (m *Membership) Invite(ctx context.Context, by audit.Caller, call Call) (Called, error) {
	p, err := m.Staff(ctx, by)
	if err != nil {
		return Called{}, err
	}
	if call.Role == "" {
		call.Role = PlainMember
	}
	lines := linesOf(call.List)
	switch {
	case len(lines) == 0 || len(lines) > MaxLines:
		return Called{}, invalid("list", fmt.Sprintf("1 to %d lines", MaxLines))
	case call.Role.rank() == 0:
		return Called{}, invalid("role", "member, contact or admin")
	case call.Language != "" && !isLanguage(call.Language):
		return Called{}, invalid("language", "a language tag such as fi")
	case !IsText(call.Note, 0, 500):
		return Called{}, invalid("note", "at most 500 characters in one paragraph")
	case !IsText(call.OrganisationName, 0, 100):
		return Called{}, invalid("organisation", "at most 100 characters")
	}
	var called Called
	err = Again(ctx, func() error {
		called = Called{}
		return m.invite(ctx, by, p, call, lines, &called)
	})
	return called, err
}

func (m *Membership) invite(ctx context.Context, by audit.Caller, p Programme, call Call, lines []line, called *Called) error {
	var d Deed
	var letters []message.Message
	seen := map[string]bool{}
	for _, l := range lines {
		i, ended, rule, err := m.draft(ctx, p, call, l)
		if err != nil {
			return err
		}
		if rule == "" && seen[i.AddressKey()] {
			rule = "twice"
		}
		if rule != "" {
			called.Bad = append(called.Bad, BadLine{l.number, l.text, rule})
			continue
		}
		seen[i.AddressKey()] = true
		i.By = by.Account
		e := m.Event(by, i.Tenant, "invitation.send", i.ID)
		e.Facts = map[string]string{"address": i.Address, "role": string(i.Role)}
		d.Invitations = append(append(d.Invitations, ended...), i)
		d.Events = append(d.Events, e)
		letters = append(letters, m.letter(p, i))
		called.Sent = append(called.Sent, i)
	}
	if len(called.Sent) == 0 {
		return nil
	}
	return m.commit(ctx, p, d, letters...)
}

// draft turns a line into an invitation, or says which rule it breaks. An
// invitation that has expired but still stands as the address's open one comes
// along, marked.
func (m *Membership) draft(ctx context.Context, p Programme, call Call, l line) (i Invitation, ended []Invitation, rule string, err error) {
	now := m.source.Now()
	i = Invitation{
		ID: m.source.NewGUID(), OrganisationName: call.OrganisationName, Role: call.Role, Language: call.Language, Note: call.Note,
		Sent: now, Expires: now.AddDate(0, 0, p.InvitationDays), State: InvitationSent,
	}
	i.TokenHash = LinkHash(m.LinkToken(invitationPurpose, i.ID))
	if rule := l.into(&i); rule != "" {
		return i, nil, rule, nil
	}
	old, err := m.store.OpenInvitation(ctx, p.Owner, i.AddressKey())
	switch {
	case err == nil && old.Usable(now) == nil:
		return i, nil, "invited", nil
	case err == nil:
		old.State = InvitationExpired
		ended = []Invitation{old}
	case !fault.Has(err, fault.ObjectUnknown):
		return i, nil, "", err
	}
	members, err := m.store.MembersAt(ctx, p.Owner, i.AddressKey())
	if err != nil {
		return i, nil, "", err
	}
	if slices.ContainsFunc(members, func(a Member) bool { return a.State == Active }) {
		return i, nil, "member", nil
	}
	domain, _ := account.DomainOf(i.Address)
	i.Tenant, err = m.ownerOf(ctx, domain)
	return i, ended, "", err
}

type line struct {
	number int
	text   string
	fields []string
}

// linesOf cuts a list into its lines; empty ones count and hold nobody. The
// separators are those that spreadsheets write.
func linesOf(list string) []line {
	var lines []line
	for n, text := range strings.Split(strings.TrimPrefix(list, "\ufeff"), "\n") {
		text = strings.TrimSpace(text)
		if text == "" {
			continue
		}
		l := line{number: n + 1, text: text}
		reader := csv.NewReader(strings.NewReader(text))
		reader.TrimLeadingSpace = true
		for _, separator := range ";\t" {
			if strings.ContainsRune(text, separator) {
				reader.Comma = separator
			}
		}
		if fields, err := reader.Read(); err == nil && utf8.ValidString(text) {
			for _, f := range fields {
				l.fields = append(l.fields, strings.TrimSpace(f))
			}
		}
		lines = append(lines, l)
	}
	return lines
}

// into fills an invitation from a line and names the rule that the line
// breaks.
func (l line) into(i *Invitation) string {
	field := func(n int) string {
		if n < len(l.fields) {
			return l.fields[n]
		}
		return ""
	}
	i.Address, i.Name = field(0), field(1)
	if role := Role(strings.ToLower(field(2))); role != "" {
		i.Role = role
	}
	if tag := field(3); tag != "" {
		i.Language = tag
	}
	switch {
	case len(l.fields) == 0 || len(l.fields) > 4:
		return "fields"
	case !IsAddress(i.Address):
		return "address"
	case !IsText(i.Name, 0, 100):
		return "name"
	case i.Role.rank() == 0:
		return "role"
	case i.Language != "" && !isLanguage(i.Language):
		return "language"
	}
	return ""
}

// waiting gives the open invitation that a person can accept, a zero one for
// none. It is bound to the organisation that it was sent to.
func (m *Membership) waiting(ctx context.Context, p Programme, person account.Account, keys []string) (Invitation, error) {
	for _, key := range keys {
		i, err := m.store.OpenInvitation(ctx, p.Owner, key)
		if fault.Has(err, fault.ObjectUnknown) {
			continue
		}
		if err != nil {
			return i, err
		}
		if i.Usable(m.source.Now()) == nil && i.Meets(person.Tenant) {
			return i, nil
		}
	}
	return Invitation{}, nil
}

// Meets reports whether it is for people of the organisation.
func (i Invitation) Meets(home id.Tenant) bool { return i.Tenant == "" || i.Tenant == home }
