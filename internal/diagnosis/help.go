package diagnosis

import (
	"context"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/message"
	"github.com/entente-id/entente/internal/programme"
)

// Help is a request for help with a failed attempt. No reproduction is needed:
// the attempt was kept when it failed (experience.md 2.9).
type Help struct {
	// Tenant is the organisation of those who can help.
	Tenant    id.Tenant
	Reference string
	// Programme: they run the programme, else they are the person's own IT.
	Programme bool
	// Address is what the person typed or proved, Language what they read.
	Address, Language string
	// Text is what they wrote, empty for nothing.
	Text  string
	State HelpState
	At    time.Time
	// Answer is what came back, AnsweredBy from whom.
	Answer, AnsweredBy string
	AnsweredAt         time.Time
	Version            int64 `json:"-"`
}

// HelpState is where a request stands.
type HelpState string

// The states.
const (
	Open     HelpState = "open"
	Answered HelpState = "answered"
)

const (
	// helpLife is how long after it failed an attempt can be asked about.
	helpLife = 7 * 24 * time.Hour
	// mailsEvery and maxMails keep a flood of requests out of a mailbox; the
	// queue shows them all.
	mailsEvery = time.Hour
	maxMails   = 20
	maxText    = 1000
	maxHelpers = 10
	maxQueue   = 200
)

// Ask sends an attempt to those who can help. Asking twice is once.
func (d *Desk) Ask(ctx context.Context, reference string, programme bool, text string) (Help, error) {
	text = strings.TrimSpace(text)
	if utf8.RuneCountInString(text) > maxText {
		return Help{}, fault.New(fault.InputInvalid, "parameter", "text", "rule", "at most 1,000 characters")
	}
	a, err := d.Attempts.Find(ctx, reference)
	if err != nil {
		return Help{}, err
	}
	if d.source.Now().Sub(a.At) > helpLife {
		return Help{}, fault.New(fault.PageExpired)
	}
	h := Help{
		Reference: a.Reference, Programme: programme, Address: a.Address, Language: a.Language, Text: text, State: Open, At: d.source.Now(),
	}
	letters, err := d.helpers(ctx, a, &h)
	if err != nil {
		return h, err
	}
	recent, err := d.store.HelpsSince(ctx, h.Tenant, h.At.Add(-mailsEvery))
	if err != nil {
		return h, err
	}
	if recent >= maxMails {
		letters = nil
	}
	sealed, err := d.Outbox.SealAll(letters...)
	if err != nil {
		return h, err
	}
	fresh, err := d.store.AddHelp(ctx, h, sealed)
	if err != nil || fresh {
		d.Outbox.Nudge()
		return h, err
	}
	return d.store.HelpAt(ctx, h.Tenant, h.Reference)
}

// helpers finds who can help with an attempt, and writes to them.
func (d *Desk) helpers(ctx context.Context, a audit.Attempt, h *Help) ([]message.Message, error) {
	entry := fault.Describe(a.Code)
	letter := message.Message{
		Kind: message.HelpRequested, Reference: a.Reference,
		Facts: map[string]string{"title": entry.Name, "name": Mask(a.Address), "address": Mask(a.Address), "app": a.AppName, "reason": h.Text},
	}
	if h.Programme {
		p, err := d.Programme.Programme(ctx)
		if err != nil {
			return nil, err
		}
		h.Tenant = p.Owner
		letter.Tenant, letter.To, letter.Path = p.Owner, p.Contact, "/programme/sign-ins/"+a.Reference
		return []message.Message{letter}, nil
	}
	if a.Home == "" || a.Home == id.Consumers {
		return nil, fault.New(fault.TenantNotInferred)
	}
	h.Tenant = a.Home
	admins, err := d.People.Reviewers(ctx, a.Home, maxHelpers)
	if err != nil {
		return nil, err
	}
	var letters []message.Message
	for _, admin := range admins {
		if to := admin.Mailbox(); to != "" {
			one := letter
			one.Tenant, one.To, one.Language, one.Path = a.Home, to, admin.Language, "/organisation/sign-ins/"+a.Reference
			letters = append(letters, one)
		}
	}
	return letters, nil
}

// Asked tells the holder of a reference what became of their request. It fails
// with ObjectUnknown when there was none.
func (d *Desk) Asked(ctx context.Context, reference string, programme bool) (Help, error) {
	a, err := d.Attempts.Find(ctx, reference)
	if err != nil {
		return Help{}, err
	}
	h := Help{Reference: a.Reference, Programme: programme}
	if _, err := d.helpers(ctx, a, &h); err != nil {
		return h, err
	}
	return d.store.HelpAt(ctx, h.Tenant, a.Reference)
}

// Queue lists the requests that wait for the caller's organisation: for staff
// of the programme, or for the organisation's IT. It fails with RoleMissing.
func (d *Desk) Queue(ctx context.Context, by audit.Caller, state HelpState) ([]Help, error) {
	if err := d.mayHelp(ctx, by); err != nil {
		return nil, err
	}
	return d.store.Helps(ctx, by.Home, state, maxQueue)
}

func (d *Desk) mayHelp(ctx context.Context, by audit.Caller) error {
	person, err := d.People.Find(ctx, by.Home, by.Account)
	if err != nil {
		return err
	}
	if !person.Disabled && by.Home == by.Tenant &&
		(person.Holds(account.GlobalAdministrator, account.HelpdeskAdministrator, account.UserAdministrator) || person.MayConsentForAll() || person.In(programme.ProgrammeStaff)) {
		return nil
	}
	return fault.New(fault.RoleMissing, "role", "Helpdesk Administrator")
}

// Answer closes a request with a reply, which goes to the person by mail. It
// fails with RoleMissing, InputInvalid, ObjectUnknown or ChangedMeanwhile.
func (d *Desk) Answer(ctx context.Context, by audit.Caller, reference, text string) error {
	if err := d.mayHelp(ctx, by); err != nil {
		return err
	}
	text = strings.TrimSpace(text)
	if n := utf8.RuneCountInString(text); n == 0 || n > maxText {
		return fault.New(fault.InputInvalid, "parameter", "text", "rule", "1 to 1,000 characters")
	}
	h, err := d.store.HelpAt(ctx, by.Home, reference)
	if err != nil {
		return err
	}
	if h.State == Answered {
		return fault.New(fault.ChangedMeanwhile)
	}
	h.State, h.Answer, h.AnsweredBy, h.AnsweredAt = Answered, text, by.SignInName, d.source.Now()
	var letters []message.Message
	if _, ok := account.DomainOf(h.Address); ok {
		letters = append(letters, message.Message{
			Kind: message.HelpAnswered, Tenant: h.Tenant, To: h.Address, Language: h.Language, Reference: h.Reference,
			Facts: map[string]string{"reason": text}, Path: "/explain/" + h.Reference,
		})
	}
	sealed, err := d.Outbox.SealAll(letters...)
	if err != nil {
		return err
	}
	e := audit.Event{
		ID: d.source.NewGUID(), At: h.AnsweredAt, Tenant: by.Tenant, Account: by.Account, SignInName: by.SignInName, App: by.App,
		Verb: "help.answer", Object: h.Reference,
	}
	won, err := d.store.SwapHelp(ctx, h, e, sealed)
	if err == nil && !won {
		return fault.New(fault.ChangedMeanwhile)
	}
	d.Outbox.Nudge()
	return err
}
