package consent

import (
	"context"
	"slices"
	"time"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/message"
	"github.com/entente-id/entente/internal/tenant"
)

// Approval is a request of people who may not allow an app by themselves, and
// what became of it (experience.md 2.8). Of one app in one organisation at most
// one waits; whoever else asks joins it.
type Approval struct {
	Tenant id.Tenant
	ID     string
	Client id.App
	// Permissions are what all its requesters together need.
	Permissions []Permission
	Requesters  []Requester
	State       State
	// Reference is what people quote about it.
	Reference        string
	Created, Expires time.Time
	// Decided is zero while it waits.
	Decided Decision
	// ReviewersTold and ReviewersReminded are when mails last went to the
	// reviewers because somebody asked or reminded.
	ReviewersTold, ReviewersReminded time.Time
	// Rounds counts the reminders that its age has brought about.
	Rounds int
	// Version moves with every change.
	Version int64 `json:"-"`
}

// Permission is what is asked at one resource.
type Permission struct {
	Resource id.App
	Scopes   []string
}

// Requester is one of the people who wait.
type Requester struct {
	Account                    id.Object
	SignInName, Name, Language string
	Reason                     string
	At                         time.Time
	// RemindedAt is when they last reminded the reviewers, zero for never.
	RemindedAt time.Time
}

// Decision is how an approval ended.
type Decision struct {
	// By is the sign-in name of who decided, empty where nobody did.
	By      string
	Account id.Object
	At      time.Time
	Reason  string
	// Everyone is true when it was allowed for the whole organisation.
	Everyone bool
}

// State is where an approval stands.
type State string

// The states. All but Waiting are final.
const (
	Waiting  State = "waiting"
	Approved State = "approved"
	Denied   State = "denied"
	// Blocked: the app may not be used in this organisation at all.
	Blocked State = "blocked"
	// Expired: nobody decided in time.
	Expired State = "expired"
	// Withdrawn: nobody waits any more.
	Withdrawn State = "withdrawn"
	// Closed: the consent arrived another way.
	Closed State = "closed"
)

var states = []State{Waiting, Approved, Denied, Blocked, Expired, Withdrawn, Closed}

const (
	// life is how long an approval waits for a decision.
	life = 30 * 24 * time.Hour
	// refusedFor is how long a denied requester is told of the denial, and
	// cannot ask again.
	refusedFor = 30 * 24 * time.Hour
	// remindEvery is how often one requester may remind.
	remindEvery = 24 * time.Hour
	// quiet is how long reviewers are left in peace after mails about an app,
	// so that joining, withdrawing and asking again cannot flood them.
	quiet = time.Hour
	// maxReviewers bounds how many mails one request brings about.
	maxReviewers = 50
	// maxRequesters bounds one approval's document.
	maxRequesters = 500
)

// Due is when its age next asks for something: a reminder at half of its life
// and one day before the end, and the end. Zero when it does not wait.
func (a Approval) Due() time.Time {
	switch {
	case a.State != Waiting:
		return time.Time{}
	case a.Rounds == 0:
		return a.Created.Add(a.Expires.Sub(a.Created) / 2)
	case a.Rounds == 1:
		return a.Expires.Add(-24 * time.Hour)
	}
	return a.Expires
}

// by finds somebody among the requesters; -1 when they are none.
func (a Approval) by(person id.Object) int {
	return slices.IndexFunc(a.Requesters, func(r Requester) bool { return r.Account == person })
}

// waits reports whether it can still be decided.
func (a Approval) waits(now time.Time) bool { return a.State == Waiting && now.Before(a.Expires) }

// Deed is an approval's next state and all that comes true together with it.
type Deed struct {
	// Approval is as it is afterwards; its Version is the one that it replaces.
	Approval   Approval
	Grants     []Grant
	Principals []application.Principal
	// Blocks disables the client's principal in the tenant.
	Blocks   bool
	Event    audit.Event
	Messages []message.Sealed
}

// ApprovalStore keeps approvals.
type ApprovalStore interface {
	// Approval finds one in a tenant, or fails with ObjectUnknown.
	Approval(ctx context.Context, tenant id.Tenant, approval string) (Approval, error)
	// Approvals lists a tenant's, newest first: those in a state (empty: in
	// any) after the given one, at most limit.
	Approvals(ctx context.Context, tenant id.Tenant, state State, after string, limit int) ([]Approval, error)
	// LatestApproval finds the one of a client that waits, or else the newest,
	// or fails with ObjectUnknown.
	LatestApproval(ctx context.Context, tenant id.Tenant, client id.App) (Approval, error)
	// StandingApprovals lists those of a client that wait, that blocked it, and
	// that were begun since the instant and denied; newest first.
	StandingApprovals(ctx context.Context, tenant id.Tenant, client id.App, since time.Time) ([]Approval, error)
	// AddApproval keeps a new one with its event and messages; false when
	// another one of that client waits.
	AddApproval(ctx context.Context, d Deed) (bool, error)
	// SwapApproval does all of a deed in one transaction if the approval still
	// has the version; false when it has not, and then nothing is done.
	SwapApproval(ctx context.Context, d Deed) (bool, error)
	// DueApprovals lists those of all tenants that wait and whose Due has come,
	// the longest due first.
	DueApprovals(ctx context.Context, now time.Time, limit int) ([]Approval, error)
	// AnsweredApprovals lists those of all tenants that wait although their
	// client is allowed something for everyone, in the order of tenant and id,
	// after the given one.
	AnsweredApprovals(ctx context.Context, after Approval, limit int) ([]Approval, error)
	// Principal finds an app's service principal in a tenant, or fails with
	// AppNotInTenant.
	Principal(ctx context.Context, tenant id.Tenant, app id.App) (application.Principal, error)
	// UnblockPrincipal enables a principal and writes the event; false when it
	// was not disabled, and then nothing is written.
	UnblockPrincipal(ctx context.Context, tenant id.Tenant, app id.App, e audit.Event) (bool, error)
}

// Approvals is the room: who waits for an admin, and what admins decide.
type Approvals struct {
	store   ApprovalStore
	ledger  *Ledger
	people  *account.People
	apps    *application.Registry
	tenants *tenant.Directory
	outbox  *message.Outbox
	source  id.Source
}

// NewApprovals opens the room. From then on the ledger tells it of consents for
// everyone, because they end what waits.
func NewApprovals(store ApprovalStore, ledger *Ledger, people *account.People, apps *application.Registry,
	tenants *tenant.Directory, outbox *message.Outbox, source id.Source,
) *Approvals {
	a := &Approvals{store: store, ledger: ledger, people: people, apps: apps, tenants: tenants, outbox: outbox, source: source}
	ledger.settle = a.settle
	return a
}

// Standing is what a person is told who lacks an approval.
type Standing struct {
	// State is Waiting, Denied, Blocked, or empty when nothing stands.
	State State
	// Approval and Reference name it.
	Approval, Reference string
	// Since is when they asked, or when it was denied or blocked.
	Since  time.Time
	Reason string
	// Reminded is when they last reminded, zero for never.
	Reminded time.Time
}

// Fault is the standing as a sign-in tells it: M15 or M16; nil for none.
func (s Standing) Fault(app application.Application, org tenant.Tenant) *fault.Fault {
	code := map[State]fault.Code{Waiting: fault.ApprovalWaiting, Denied: fault.AppDenied, Blocked: fault.AppBlocked}[s.State]
	if code == 0 {
		return nil
	}
	facts := []string{
		"app", app.Name, "org", org.Name, "organisation", org.Name, "approval", s.Approval, "request", s.Reference,
	}
	if !s.Since.IsZero() {
		facts = append(facts, "date", s.Since.Format(time.RFC3339))
	}
	if s.Reason != "" {
		facts = append(facts, "reason", s.Reason)
	}
	return fault.New(code, facts...)
}

// Standing says whether a person waits for an app, was denied it within the
// last 30 days, or is in an organisation that has blocked it. A sign-in asks
// this before it asks for consent, and for a blocked app also where consents
// are left from before.
func (a *Approvals) Standing(ctx context.Context, t id.Tenant, client id.App, person id.Object) (Standing, error) {
	now := a.source.Now()
	list, err := a.store.StandingApprovals(ctx, t, client, now.Add(-refusedFor-life))
	if err != nil {
		return Standing{}, err
	}
	blocked, err := a.blocked(ctx, t, client)
	if err != nil {
		return Standing{}, err
	}
	var standing Standing
	for _, p := range list {
		i := p.by(person)
		switch {
		case p.State == Blocked && blocked:
			return Standing{State: Blocked, Approval: p.ID, Reference: p.Reference, Since: p.Decided.At, Reason: p.Decided.Reason}, nil
		case i < 0 || standing.State == Waiting:
		case p.waits(now):
			r := p.Requesters[i]
			standing = Standing{State: Waiting, Approval: p.ID, Reference: p.Reference, Since: r.At, Reason: r.Reason, Reminded: r.RemindedAt}
		case p.State == Denied && now.Sub(p.Decided.At) < refusedFor && p.Decided.At.After(standing.Since):
			standing = Standing{State: Denied, Approval: p.ID, Reference: p.Reference, Since: p.Decided.At, Reason: p.Decided.Reason}
		}
	}
	if blocked {
		return Standing{State: Blocked}, nil
	}
	return standing, nil
}

func (a *Approvals) blocked(ctx context.Context, t id.Tenant, client id.App) (bool, error) {
	p, err := a.store.Principal(ctx, t, client)
	if fault.Has(err, fault.AppNotInTenant) {
		return false, nil
	}
	return p.Disabled, err
}

// Reviewers says how many people of an organisation can decide now, at most 50.
func (a *Approvals) Reviewers(ctx context.Context, t id.Tenant) (int, error) {
	list, err := a.people.Reviewers(ctx, t, maxReviewers)
	return len(list), err
}

// read finds an approval of a tenant. What stands in an address may be
// anything; only ids reach the store.
func (a *Approvals) read(ctx context.Context, t id.Tenant, approval string) (Approval, error) {
	if !id.IsGUID(approval) {
		return Approval{}, fault.New(fault.ObjectUnknown)
	}
	return a.store.Approval(ctx, t, approval)
}

// event is what was done to an approval.
func (a *Approvals) event(by audit.Caller, verb string, p Approval, facts ...string) audit.Event {
	e := a.ledger.event(by, verb, p.ID)
	e.Tenant = p.Tenant
	e.Facts = map[string]string{"app": string(p.Client), "reference": p.Reference}
	for i := 0; i+1 < len(facts); i += 2 {
		e.Facts[facts[i]] = facts[i+1]
	}
	return e
}

// swap does a deed and lets the messages go. It reports whether this caller
// was the one who moved the approval.
func (a *Approvals) swap(ctx context.Context, d Deed) (bool, error) {
	won, err := a.store.SwapApproval(ctx, d)
	if err == nil && won && len(d.Messages) > 0 {
		a.outbox.Nudge()
	}
	return won, err
}
