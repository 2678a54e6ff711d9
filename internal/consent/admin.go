package consent

import (
	"context"
	"slices"
	"time"

	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/tenant"
)

// App is how an app stands in an organisation.
type App struct {
	Client id.App
	// Everyone are the permissions that hold for everyone, by resource; Since
	// is when the first of them was given, zero for an unknown day.
	Everyone []Permission
	Since    time.Time
	// People is how many allowed it for themselves.
	People  int
	Blocked bool
}

// Apps shows a reviewer which apps their organisation allows, in the order of
// their ids: those after the given one, at most limit and never more than 200.
// It fails with RoleMissing, and PageInvalid for an id that is none.
func (a *Approvals) Apps(ctx context.Context, by audit.Caller, after id.App, limit int) ([]App, error) {
	if _, err := a.reviewer(ctx, by); err != nil {
		return nil, err
	}
	if after != "" && !id.IsGUID(string(after)) {
		return nil, fault.New(fault.PageInvalid, "parameter", "after", "rule", "the id of an app")
	}
	grants, err := a.ledger.HeldIn(ctx, by.Tenant, after, max(1, min(limit, maxPage)))
	if err != nil {
		return nil, err
	}
	var list []App
	var last id.Object
	for _, g := range grants {
		if len(list) == 0 || list[len(list)-1].Client != g.Client {
			list, last = append(list, App{Client: g.Client}), ""
		}
		app := &list[len(list)-1]
		if g.Account == "" {
			app.widen(g)
		} else if g.Account != last {
			app.People, last = app.People+1, g.Account
		}
	}
	for i := range list {
		if list[i].Blocked, err = a.blocked(ctx, by.Tenant, list[i].Client); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// widen adds what was allowed for everyone at one time.
func (a *App) widen(g Grant) {
	if a.Since.IsZero() || g.Given.Before(a.Since) {
		a.Since = g.Given
	}
	at := slices.IndexFunc(a.Everyone, func(p Permission) bool { return p.Resource == g.Resource })
	if at < 0 {
		at, a.Everyone = len(a.Everyone), append(a.Everyone, Permission{Resource: g.Resource})
	}
	a.Everyone[at].Scopes = append(a.Everyone[at].Scopes, g.Scopes...)
}

// Blocked shows a reviewer the decisions that keep an app out of their
// organisation now, the newest for each app, of the last 200. It fails with
// RoleMissing.
func (a *Approvals) Blocked(ctx context.Context, by audit.Caller) ([]Approval, error) {
	decided, err := a.List(ctx, by, Blocked, "", maxPage)
	if err != nil {
		return nil, err
	}
	var list []Approval
	for _, p := range decided {
		if slices.ContainsFunc(list, func(q Approval) bool { return q.Client == p.Client }) {
			continue
		}
		blocked, err := a.blocked(ctx, p.Tenant, p.Client)
		if err != nil {
			return nil, err
		}
		if blocked {
			list = append(list, p)
		}
	}
	return list, nil
}

// Revoke takes back what an app was allowed for everyone in the organisation.
// What people allowed it for themselves stays. It fails with RoleMissing, or
// ObjectUnknown for what is no app's id.
func (a *Approvals) Revoke(ctx context.Context, by audit.Caller, client id.App) error {
	if _, err := a.reviewer(ctx, by); err != nil {
		return err
	}
	if !id.IsGUID(string(client)) {
		return fault.New(fault.ObjectUnknown)
	}
	return a.ledger.Withdraw(ctx, by, client, true)
}

// SetPolicy says who may allow apps in the organisation from now on; consents
// that were given stay. It fails with InputInvalid for a policy that there is
// not, and RoleMissing.
func (a *Approvals) SetPolicy(ctx context.Context, by audit.Caller, policy tenant.ConsentPolicy) error {
	if _, err := a.reviewer(ctx, by); err != nil {
		return err
	}
	if !slices.Contains([]tenant.ConsentPolicy{tenant.ConsentAnyone, tenant.ConsentLowRisk, tenant.ConsentNobody}, policy) {
		return fault.New(fault.InputInvalid, "parameter", "policy", "rule", "anyone, low-risk or nobody")
	}
	e := a.ledger.event(by, "consent.policy", string(by.Tenant))
	e.Facts = map[string]string{"policy": string(policy)}
	if policy == tenant.ConsentAnyone {
		e.Facts["policy"] = "anyone"
	}
	return a.tenants.SetUserConsent(ctx, by.Tenant, policy, e)
}
