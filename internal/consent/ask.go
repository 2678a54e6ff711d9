package consent

import (
	"context"
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
)

const (
	// tries is how often somebody who joins reads again what others changed.
	tries = 64
	// maxScopes bounds what one approval asks, maxScope one name of it.
	maxScopes, maxScope = 200, 200
	// minReason and maxReason are characters (experience.md 2.8).
	minReason, maxReason = 10, 300
)

// Ask asks the organisation's admins to allow an app. There is one request for
// an app: a second person joins it and may widen it; the same person again gets
// the one they have. The admins are told at most once in an hour. It fails with
// InputInvalid, AppBlocked, AppDenied (for 30 days after a denial), Throttled
// when 500 people wait, and ApprovalRequired in the tenant of personal
// accounts, which has no admins.
func (a *Approvals) Ask(ctx context.Context, by audit.Caller, client id.App, asked []Asked, reason string) (Approval, error) {
	reason, err := sentence(reason, minReason)
	if err != nil {
		return Approval{}, err
	}
	wishes, err := widen(nil, asked)
	if err != nil {
		return Approval{}, err
	}
	person, m, err := a.asker(ctx, by, client)
	if err != nil {
		return Approval{}, err
	}
	asker := Requester{
		Account: person.ID, SignInName: person.SignInName, Name: nameOf(person), Language: person.Language,
		Reason: reason, At: a.source.Now(),
	}
	for range tries {
		latest, err := a.store.LatestApproval(ctx, by.Tenant, client)
		if err != nil && !fault.Has(err, fault.ObjectUnknown) {
			return Approval{}, err
		}
		var now Approval
		var done bool
		switch {
		case latest.State != Waiting:
			now, done, err = a.begin(ctx, by, m, latest, wishes, asker)
		case !latest.waits(a.source.Now()):
			_, err = a.expire(ctx, latest)
		default:
			now, done, err = a.join(ctx, by, m, latest, asked, asker)
		}
		if err != nil || done {
			return now, err
		}
	}
	return Approval{}, fault.New(fault.ChangedMeanwhile)
}

// asker reads who asks for what, and refuses where asking is of no use.
func (a *Approvals) asker(ctx context.Context, by audit.Caller, client id.App) (account.Account, matter, error) {
	person, err := a.people.Find(ctx, by.Tenant, by.Account)
	if err != nil {
		return person, matter{}, err
	}
	if person.Disabled {
		return person, matter{}, fault.New(fault.AccountDisabled, "account", person.SignInName)
	}
	m, err := a.matter(ctx, by.Tenant, client)
	if err != nil {
		return person, m, err
	}
	if m.app.FirstParty {
		// The platform's own apps need no consent, and an organisation that
		// blocked the pages could not unblock them.
		return person, m, fault.New(fault.InputInvalid, "parameter", "app", "rule", "an app that needs consent")
	}
	if m.org.Personal() {
		return person, m, fault.New(fault.ApprovalRequired, "app", m.app.Name, "organisation", m.org.Name, "org", m.org.Name)
	}
	standing, err := a.Standing(ctx, by.Tenant, client, person.ID)
	if err != nil {
		return person, m, err
	}
	if standing.State == Denied || standing.State == Blocked {
		return person, m, standing.Fault(m.app, m.org)
	}
	return person, m, nil
}

func (a *Approvals) begin(ctx context.Context, by audit.Caller, m matter, before Approval, wishes []Permission, asker Requester) (Approval, bool, error) {
	p := Approval{
		Tenant: by.Tenant, ID: a.source.NewGUID(), Client: m.app.App, Permissions: wishes, Requesters: []Requester{asker},
		State: Waiting, Reference: a.source.Reference(), Created: asker.At, Expires: asker.At.Add(life), Version: 1,
		ReviewersTold: before.ReviewersTold, ReviewersReminded: before.ReviewersReminded,
	}
	mails, err := a.tell(ctx, m, &p, asker)
	if err != nil {
		return p, false, err
	}
	added, err := a.store.AddApproval(ctx, Deed{Approval: p, Event: a.event(by, "approval.ask", p, "permissions", said(p.Permissions)), Messages: mails})
	if err != nil || !added {
		return p, false, err
	}
	a.outbox.Nudge()
	return p, true, nil
}

func (a *Approvals) join(ctx context.Context, by audit.Caller, m matter, p Approval, asked []Asked, asker Requester) (Approval, bool, error) {
	wider, err := widen(p.Permissions, asked)
	if err != nil {
		return p, false, err
	}
	again := p.by(asker.Account) >= 0
	if again && said(wider) == said(p.Permissions) {
		return p, true, nil
	}
	if !again && len(p.Requesters) >= maxRequesters {
		return p, false, fault.New(fault.Throttled)
	}
	p.Permissions = wider
	var mails []message.Sealed
	if !again {
		p.Requesters = append(slices.Clone(p.Requesters), asker)
		if mails, err = a.tell(ctx, m, &p, asker); err != nil {
			return p, false, err
		}
	}
	won, err := a.swap(ctx, Deed{Approval: p, Event: a.event(by, "approval.ask", p, "permissions", said(p.Permissions)), Messages: mails})
	p.Version++
	return p, won, err
}

// tell writes to the reviewers that somebody asks, unless they have just been
// written to about this app.
func (a *Approvals) tell(ctx context.Context, m matter, p *Approval, asker Requester) ([]message.Sealed, error) {
	if !p.ReviewersTold.IsZero() && asker.At.Sub(p.ReviewersTold) < quiet {
		return nil, nil
	}
	p.ReviewersTold = asker.At
	return a.toReviewers(ctx, message.ApprovalRequested, m, *p, asker)
}

// Follow shows a requester their own request, without what the others wrote.
// It fails with ObjectUnknown for anybody else.
func (a *Approvals) Follow(ctx context.Context, by audit.Caller, approval string) (Approval, error) {
	p, i, err := a.own(ctx, by, approval)
	if err != nil {
		return Approval{}, err
	}
	p.Requesters = []Requester{p.Requesters[i]}
	return p, nil
}

func (a *Approvals) own(ctx context.Context, by audit.Caller, approval string) (Approval, int, error) {
	p, err := a.read(ctx, by.Tenant, approval)
	if err != nil {
		return p, -1, err
	}
	i := p.by(by.Account)
	if i < 0 {
		return p, i, fault.New(fault.ObjectUnknown)
	}
	return p, i, nil
}

// ownWaiting is own for what can still be changed.
func (a *Approvals) ownWaiting(ctx context.Context, by audit.Caller, approval string) (Approval, int, error) {
	p, i, err := a.own(ctx, by, approval)
	if err == nil && !p.waits(a.source.Now()) {
		err = fault.New(fault.ChangedMeanwhile)
	}
	return p, i, err
}

// Remind tells the reviewers again that a requester waits, once a day for each
// requester. It fails with RequestRepeated (facts "minutes" and "date" say when
// it goes again), ObjectUnknown, or ChangedMeanwhile when it does not wait.
func (a *Approvals) Remind(ctx context.Context, by audit.Caller, approval string) error {
	for range tries {
		p, i, err := a.ownWaiting(ctx, by, approval)
		if err != nil {
			return err
		}
		won, err := a.remind(ctx, by, p, i)
		if err != nil || won {
			return err
		}
	}
	return fault.New(fault.ChangedMeanwhile)
}

func (a *Approvals) remind(ctx context.Context, by audit.Caller, p Approval, i int) (bool, error) {
	now := a.source.Now()
	p.Requesters = slices.Clone(p.Requesters)
	asker := &p.Requesters[i]
	if next := asker.RemindedAt.Add(remindEvery); !asker.RemindedAt.IsZero() && now.Before(next) {
		minutes := int((next.Sub(now) + time.Minute - 1) / time.Minute)
		return false, fault.New(fault.RequestRepeated, "minutes", strconv.Itoa(minutes), "date", next.Format(time.RFC3339))
	}
	asker.RemindedAt = now
	var mails []message.Sealed
	if p.ReviewersReminded.IsZero() || now.Sub(p.ReviewersReminded) >= quiet {
		p.ReviewersReminded = now
		m, err := a.matterOf(ctx, p)
		if err != nil {
			return false, err
		}
		if mails, err = a.toReviewers(ctx, message.ApprovalReminder, m, p, *asker); err != nil {
			return false, err
		}
	}
	return a.swap(ctx, Deed{Approval: p, Event: a.event(by, "approval.remind", p), Messages: mails})
}

// Withdraw takes a requester out; the last one ends the approval. It fails with
// ObjectUnknown, or ChangedMeanwhile when it does not wait.
func (a *Approvals) Withdraw(ctx context.Context, by audit.Caller, approval string) error {
	for range tries {
		p, i, err := a.ownWaiting(ctx, by, approval)
		if err != nil {
			return err
		}
		p.Requesters = slices.Delete(slices.Clone(p.Requesters), i, i+1)
		if len(p.Requesters) == 0 {
			p.State, p.Decided = Withdrawn, Decision{At: a.source.Now()}
		}
		won, err := a.swap(ctx, Deed{Approval: p, Event: a.event(by, "approval.withdraw", p)})
		if err != nil || won {
			return err
		}
	}
	return fault.New(fault.ChangedMeanwhile)
}

// widen adds what is asked to what is asked already.
func widen(have []Permission, asked []Asked) ([]Permission, error) {
	refuse := func(rule string) ([]Permission, error) {
		return nil, fault.New(fault.InputInvalid, "parameter", "permissions", "rule", rule)
	}
	wider := make([]Permission, 0, len(have)+len(asked))
	for _, p := range have {
		wider = append(wider, Permission{p.Resource, slices.Clone(p.Scopes)})
	}
	for _, ask := range asked {
		at := slices.IndexFunc(wider, func(p Permission) bool { return p.Resource == ask.Resource.App })
		if at < 0 {
			at, wider = len(wider), append(wider, Permission{Resource: ask.Resource.App})
		}
		for _, scope := range ask.Scopes {
			if scope == "" || len(scope) > maxScope || strings.ContainsFunc(scope, unicode.IsSpace) {
				return refuse("names of permissions")
			}
			if !slices.Contains(wider[at].Scopes, scope) {
				wider[at].Scopes = append(wider[at].Scopes, scope)
			}
		}
	}
	n := 0
	for _, p := range wider {
		n += len(p.Scopes)
	}
	if n == 0 || n > maxScopes {
		return refuse("1 to 200 permissions")
	}
	return wider, nil
}

// said lists permissions for a record.
func said(list []Permission) string {
	var parts []string
	for _, p := range list {
		parts = append(parts, string(p.Resource)+": "+strings.Join(p.Scopes, " "))
	}
	return strings.Join(parts, "; ")
}

// sentence is what a person wrote, on one line and without what cannot be
// seen: it goes into mails and pages of others.
func sentence(text string, least int) (string, error) {
	if len(text) <= 8*maxReason {
		text = strings.Map(func(r rune) rune {
			if unicode.IsSpace(r) || unicode.IsPrint(r) {
				return r
			}
			return -1
		}, strings.ToValidUTF8(text, ""))
		text = strings.Join(strings.Fields(text), " ")
		if n := utf8.RuneCountInString(text); n >= least && n <= maxReason {
			return text, nil
		}
	}
	return "", fault.New(fault.InputInvalid, "parameter", "reason", "rule", strconv.Itoa(least)+" to "+strconv.Itoa(maxReason)+" characters")
}
