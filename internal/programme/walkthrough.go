package programme

import (
	"context"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/message"
)

const (
	walkthroughs     = 3
	walkthroughTime  = 30 * time.Minute
	walkthroughAhead = 90 * 24 * time.Hour
)

// AskWalkthrough books half an hour in which somebody of the programme shows a
// member round (journey J27): both get a mail with a calendar file. It fails
// with MembershipMissing, with InputInvalid for a wish over 300 characters or
// a time that is not within the next 90 days, and with RequestRepeated after
// three within an hour.
func (m *Membership) AskWalkthrough(ctx context.Context, by audit.Caller, at time.Time, wish string) error {
	wish = strings.TrimSpace(wish)
	now := m.source.Now()
	switch {
	case !IsText(wish, 0, 300):
		return invalid("reason", "at most 300 characters in one paragraph")
	case !at.After(now) || at.Sub(now) > walkthroughAhead:
		return invalid("when", "within the next 90 days")
	}
	p, person, err := m.activeMember(ctx, by)
	if err != nil {
		return err
	}
	owner, err := m.tenants.Find(ctx, p.Owner)
	if err != nil {
		return err
	}
	to, err := m.MailboxOf(ctx, person)
	if err != nil {
		return err
	}
	return Again(ctx, func() error {
		// No address looks like this key.
		box, err := m.ReserveMail(ctx, p, "walkthrough/"+string(person.Tenant)+"/"+string(person.ID), walkthroughs)
		if err != nil {
			return err
		}
		e := m.Event(by, p.Owner, "walkthrough.ask", string(person.ID))
		e.Facts = map[string]string{"at": at.UTC().Format(time.RFC3339)}
		letter := message.Message{
			Kind: message.Walkthrough, Tenant: p.Owner, To: p.Contact, Path: PortalPath, Facts: map[string]string{
				"app": p.Name, "org": owner.Name, "date": at.UTC().Format(time.RFC3339), "reason": wish, "name": person.Name,
			},
			Calendar: calendar{
				id: e.ID, made: now, from: at, summary: p.Name, wish: wish, organizer: p.Contact, guest: person.SignInName,
			}.text(),
		}
		letters := []message.Message{letter}
		if to != "" {
			letter.To, letter.Language = to, person.Language
			letters = append(letters, letter)
		}
		return m.commit(ctx, p, Deed{Mailboxes: []Mailbox{box}, Events: []audit.Event{e}}, letters...)
	})
}

// calendar is one appointment.
type calendar struct {
	id         string
	made, from time.Time
	summary    string
	wish       string
	// organizer and guest are addresses.
	organizer, guest string
}

// text writes it as RFC 5545 wants it: CRLF, no line over 75 bytes.
func (c calendar) text() string {
	const stamp = "20060102T150405Z"
	var b strings.Builder
	for _, line := range []string{
		"BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Entente//Walkthrough//EN", "METHOD:PUBLISH",
		"BEGIN:VEVENT", "UID:" + c.id + "@entente", "DTSTAMP:" + c.made.UTC().Format(stamp),
		"DTSTART:" + c.from.UTC().Format(stamp), "DTEND:" + c.from.Add(walkthroughTime).UTC().Format(stamp),
		"SUMMARY:" + calendarText(c.summary), "DESCRIPTION:" + calendarText(c.wish),
		"ORGANIZER:mailto:" + c.organizer, "ATTENDEE:mailto:" + c.guest, "END:VEVENT", "END:VCALENDAR",
	} {
		fold(&b, line)
	}
	return b.String()
}

// calendarText escapes a text (RFC 5545 3.3.11).
func calendarText(text string) string {
	return strings.NewReplacer(`\`, `\\`, ";", `\;`, ",", `\,`, "\n", `\n`).Replace(text)
}

// fold breaks a line between characters (RFC 5545 3.1).
func fold(b *strings.Builder, line string) {
	const limit = 74 // and a space at the front of each further one
	for len(line) > limit {
		cut := limit
		for !utf8.RuneStart(line[cut]) {
			cut--
		}
		b.WriteString(line[:cut] + "\r\n ")
		line = line[cut:]
	}
	b.WriteString(line + "\r\n")
}
