package diagnosis

import (
	"context"
	"time"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/message"
	"github.com/entente-id/entente/internal/programme"
	"github.com/entente-id/entente/internal/signin"
	"github.com/entente-id/entente/internal/tenant"
)

// Store keeps requests for help.
type Store interface {
	// AddHelp keeps a request with its messages; false when the attempt has one
	// with these people already.
	AddHelp(ctx context.Context, h Help, list []message.Sealed) (bool, error)
	// HelpAt finds a request, or fails with ObjectUnknown.
	HelpAt(ctx context.Context, tenant id.Tenant, reference string) (Help, error)
	// Helps lists requests of one state, oldest first.
	Helps(ctx context.Context, tenant id.Tenant, state HelpState, limit int) ([]Help, error)
	// HelpsSince counts the requests that came to a tenant since an instant.
	HelpsSince(ctx context.Context, tenant id.Tenant, since time.Time) (int, error)
	// SwapHelp replaces a request whose version is still the given one.
	SwapHelp(ctx context.Context, h Help, e audit.Event, list []message.Sealed) (bool, error)
}

// Rooms are what the desk asks.
type Rooms struct {
	Attempts  *audit.Log
	Journeys  *signin.Journeys
	Programme *programme.Membership
	Tenants   *tenant.Directory
	People    *account.People
	Apps      *application.Registry
	Outbox    *message.Outbox
}

// Desk is the room: it explains failed attempts to those who may know, tries
// out what would help, and carries requests for help.
type Desk struct {
	Rooms
	store  Store
	source id.Source
}

// NewDesk opens the room.
func NewDesk(store Store, rooms Rooms, source id.Source) *Desk {
	return &Desk{Rooms: rooms, store: store, source: source}
}

// Find explains an attempt to a caller, as far as they may know it. It fails
// with ReferenceUnknown.
func (d *Desk) Find(ctx context.Context, by audit.Caller, reference string) (Story, error) {
	a, reader, err := d.attempt(ctx, by, reference)
	if err != nil {
		return Story{}, err
	}
	s := Explain(a, reader)
	if reader == Holder || a.Home == "" || a.Home == id.Consumers {
		return s, nil
	}
	home, err := d.Tenants.Find(ctx, a.Home)
	if err != nil {
		return s, err
	}
	s.Organisation = home.Name
	return s, nil
}

func (d *Desk) attempt(ctx context.Context, by audit.Caller, reference string) (audit.Attempt, Reader, error) {
	a, err := d.Attempts.Find(ctx, reference)
	if err != nil {
		return a, Holder, err
	}
	reader, err := d.reader(ctx, by, a)
	return a, reader, err
}

// reader says how much of an attempt a caller may know, by what they are at
// this moment.
func (d *Desk) reader(ctx context.Context, by audit.Caller, a audit.Attempt) (Reader, error) {
	if by.Account == "" || by.AppOnly {
		return Holder, nil
	}
	person, err := d.People.Find(ctx, by.Home, by.Account)
	if fault.Has(err, fault.AccountUnknown) {
		return Holder, nil
	}
	if err != nil {
		return Holder, err
	}
	if person.Disabled || by.Home != by.Tenant {
		return Holder, nil
	}
	if a.Home == by.Home && by.Home != id.Consumers &&
		person.Holds(account.GlobalAdministrator, account.HelpdeskAdministrator, account.UserAdministrator, account.GlobalReader) {
		return IT, nil
	}
	p, err := d.Programme.Staff(ctx, by)
	switch {
	case fault.Has(err, fault.RoleMissing), fault.Has(err, fault.ObjectUnknown):
		return Holder, nil
	case err != nil:
		return Holder, err
	}
	return d.ofProgramme(ctx, p, a)
}

// ofProgramme: the owner helps people who were on the way to its own
// applications, or to no application at all, and nobody else.
func (d *Desk) ofProgramme(ctx context.Context, p programme.Programme, a audit.Attempt) (Reader, error) {
	if a.App == "" || a.App == p.Portal {
		return Programme, nil
	}
	app, err := d.Apps.Find(ctx, a.App)
	if fault.Has(err, fault.AppUnknown) {
		return Holder, nil
	}
	if err == nil && app.Tenant == p.Owner {
		return Programme, nil
	}
	return Holder, err
}

// Outcome is what a change would lead to.
type Outcome struct {
	Change signin.Change `json:"change"`
	// Passes: the sign-in would get through.
	Passes bool `json:"passes"`
	// Next is the step that would come, Code what would stand in the way then.
	Next string `json:"next,omitempty"`
	Code string `json:"code,omitempty"`
	// Message is the message of that code.
	Message string `json:"message,omitempty"`
}

// Simulate tries out what would help, for a reader who may know. It fails with
// RoleMissing for others, and with QueryUnsupported where nothing can be tried.
func (d *Desk) Simulate(ctx context.Context, by audit.Caller, reference string, change signin.Change) (Outcome, error) {
	a, reader, err := d.attempt(ctx, by, reference)
	if err != nil {
		return Outcome{}, err
	}
	if reader == Holder {
		return Outcome{}, fault.New(fault.RoleMissing, "role", programme.ProgrammeStaff)
	}
	step, refusal, err := d.Journeys.Simulate(ctx, a, change)
	if err != nil {
		return Outcome{}, err
	}
	o := Outcome{Change: change, Passes: step == signin.Done, Next: string(step)}
	if refusal != nil {
		entry := fault.Describe(refusal.Code)
		o.Code, o.Message = number(entry.Code), entry.Message
	}
	return o, nil
}
