package consent

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/message"
)

// batch is how many approvals are tended between two looks at the store.
const batch = 50

// Tend does what the age of approvals asks for: reminders to the reviewers at
// half of the life and one day before the end, the end after 30 days, and
// closing what a consent for everyone has answered. Several nodes may do it at
// once; each thing happens once. One that fails does not hold up the others.
func (a *Approvals) Tend(ctx context.Context) error {
	return errors.Join(a.tendDue(ctx), a.tendAnswered(ctx))
}

func (a *Approvals) tendDue(ctx context.Context) error {
	for {
		list, err := a.store.DueApprovals(ctx, a.source.Now(), batch)
		if err != nil {
			return fmt.Errorf("list due approvals: %w", err)
		}
		moved := false
		var failures []error
		for _, p := range list {
			won, err := a.age(ctx, p)
			moved = moved || won
			if err != nil {
				failures = append(failures, fmt.Errorf("tend approval %s: %w", p.ID, err))
			}
		}
		if len(list) < batch || !moved {
			return errors.Join(failures...)
		}
	}
}

// age takes one approval as far as its age asks; reminders that nobody sent in
// their time are not made up for.
func (a *Approvals) age(ctx context.Context, p Approval) (bool, error) {
	now := a.source.Now()
	if !p.waits(now) {
		return a.expire(ctx, p)
	}
	for p.Rounds < 2 && !now.Before(p.Due()) {
		p.Rounds++
	}
	m, err := a.matterOf(ctx, p)
	if err != nil {
		return false, err
	}
	mails, err := a.toReviewers(ctx, message.ApprovalReminder, m, p, p.Requesters[0])
	if err != nil {
		return false, err
	}
	return a.swap(ctx, Deed{Approval: p, Event: a.event(audit.Caller{}, "approval.remind", p), Messages: mails})
}

func (a *Approvals) expire(ctx context.Context, p Approval) (bool, error) {
	m, people, err := a.audience(ctx, p)
	if err != nil {
		return false, err
	}
	p.State, p.Decided = Expired, Decision{At: a.source.Now()}
	mails, err := a.toRequesters(message.ApprovalExpired, m, p, people, map[string]string{"date": p.Created.Format(time.RFC3339)})
	if err != nil {
		return false, err
	}
	return a.swap(ctx, Deed{Approval: p, Event: a.event(audit.Caller{}, "approval.expire", p), Messages: mails})
}

func (a *Approvals) audience(ctx context.Context, p Approval) (matter, []account.Account, error) {
	m, err := a.matterOf(ctx, p)
	if err != nil {
		return m, nil, err
	}
	people, err := a.present(ctx, p)
	return m, people, err
}

func (a *Approvals) tendAnswered(ctx context.Context) error {
	var last Approval
	for {
		list, err := a.store.AnsweredApprovals(ctx, last, batch)
		if err != nil {
			return fmt.Errorf("list answered approvals: %w", err)
		}
		var failures []error
		for _, p := range list {
			if err := a.close(ctx, audit.Caller{}, p); err != nil {
				failures = append(failures, fmt.Errorf("close approval %s: %w", p.ID, err))
			}
		}
		if len(list) < batch {
			return errors.Join(failures...)
		}
		last = list[len(list)-1]
	}
}

// settle closes what waits for an app that somebody has just allowed for
// everyone. Tend does the same later where this did not come to it.
func (a *Approvals) settle(ctx context.Context, by audit.Caller, client id.App) error {
	p, err := a.store.LatestApproval(ctx, by.Tenant, client)
	if fault.Has(err, fault.ObjectUnknown) || err == nil && !p.waits(a.source.Now()) {
		return nil
	}
	if err != nil {
		return err
	}
	return a.close(ctx, by, p)
}

// close ends an approval if what it asks is allowed for everyone by now.
func (a *Approvals) close(ctx context.Context, by audit.Caller, p Approval) error {
	m, people, err := a.audience(ctx, p)
	if err != nil {
		return err
	}
	everyones, err := a.ledger.Allowed(ctx, p.Tenant, p.Client, "")
	if err != nil {
		return err
	}
	holds, _ := everyones.confirmed(m.app.ReconfirmDays)
	for _, at := range p.Permissions {
		w := application.WantedResource{Resource: application.Application{App: at.Resource}, Names: at.Scopes}
		if _, covered := Cover(holds, m.app, w); !covered {
			return nil
		}
	}
	name := m.org.Name
	if by.Account != "" {
		person, err := a.people.Find(ctx, p.Tenant, by.Account)
		if err != nil && !fault.Has(err, fault.AccountUnknown) {
			return err
		}
		if err == nil {
			name = nameOf(person)
		}
	}
	p.State = Closed
	p.Decided = Decision{By: by.SignInName, Account: by.Account, At: a.source.Now(), Everyone: true}
	mails, err := a.toRequesters(message.ApprovalGiven, m, p, people, map[string]string{"name": name})
	if err != nil {
		return err
	}
	_, err = a.swap(ctx, Deed{Approval: p, Event: a.event(by, "approval.close", p), Messages: mails})
	return err
}
