package application

import (
	"context"

	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/id"
)

// OpenTo says whether an organisation opens an app to everybody in it, or only
// to people it has assigned (AADSTS50105). The app must be known there.
func (r *Registry) OpenTo(ctx context.Context, tenant id.Tenant, app id.App, assignedOnly bool, e audit.Event) error {
	defer r.principals.Forget()
	return r.store.RequireAssignment(ctx, tenant, app, assignedOnly, e)
}

// Assign opens an app to a person.
func (r *Registry) Assign(ctx context.Context, tenant id.Tenant, app id.App, account id.Object, e audit.Event) error {
	return r.store.AddAssignment(ctx, tenant, app, account, e)
}

// Admits reports whether an app's representative in an organisation is open to
// a person.
func (r *Registry) Admits(ctx context.Context, p Principal, account id.Object) (bool, error) {
	if !p.AssignmentRequired {
		return true, nil
	}
	return r.store.Assigned(ctx, p.Tenant, p.App, account)
}
