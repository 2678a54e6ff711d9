package sqlstore

import (
	"context"
	"fmt"

	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/consent"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
)

// AddNewGrants allows a client what it was not allowed before.
func (db *DB) AddNewGrants(ctx context.Context, grants []consent.Grant, principals []application.Principal, e audit.Event) error {
	return db.write(ctx, func(x *tx) error {
		for _, g := range grants {
			// An empty row takes the place, so that two consents at once are
			// one after the other.
			n, err := x.exec(`INSERT INTO delegated_grant (tenant, client, account, resource, scopes) VALUES ($1, $2, $3, $4, '')
				ON CONFLICT (tenant, client, account, resource) DO UPDATE SET scopes = '' WHERE delegated_grant.scopes = ''`,
				string(g.Tenant), string(g.Client), string(g.Account), string(g.Resource))
			if err != nil {
				return fmt.Errorf("take grant: %w", err)
			}
			if n == 0 {
				return fault.New(fault.GrantExists, "app", string(g.Client), "resource", string(g.Resource))
			}
		}
		if err := x.allow(grants, principals); err != nil {
			return err
		}
		return x.event(e)
	})
}

// RemoveClient takes a client out of a tenant.
func (db *DB) RemoveClient(ctx context.Context, t id.Tenant, client id.App, e audit.Event) error {
	return db.write(ctx, func(x *tx) error {
		var removed int64
		for _, text := range []string{
			`DELETE FROM delegated_grant WHERE tenant = $1 AND client = $2`,
			`DELETE FROM app_role_grant WHERE tenant = $1 AND client = $2`,
			`DELETE FROM principal WHERE tenant = $1 AND app = $2 AND NOT disabled AND NOT assignment_required`,
		} {
			n, err := x.exec(text, string(t), string(client))
			if err != nil {
				return fmt.Errorf("remove client: %w", err)
			}
			removed += n
		}
		if removed == 0 {
			return nil
		}
		return x.event(e)
	})
}
