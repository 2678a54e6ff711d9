package sqlstore

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/consent"
	"github.com/entente-id/entente/internal/id"
)

var _ consent.Store = (*DB)(nil)

// Grants lists what is allowed to a client, for everyone and for one person.
func (db *DB) Grants(ctx context.Context, t id.Tenant, client id.App, person id.Object) ([]consent.Grant, error) {
	var list []consent.Grant
	err := db.rows(ctx, func(row scanner) error {
		g := consent.Grant{Tenant: t, Client: client}
		var scopes string
		if err := row.Scan((*string)(&g.Resource), (*string)(&g.Account), &scopes); err != nil {
			return err
		}
		g.Scopes = strings.Fields(scopes)
		list = append(list, g)
		return nil
	}, `SELECT resource, account, scopes FROM delegated_grant
		WHERE tenant = $1 AND client = $2 AND (account = '' OR account = $3) ORDER BY resource, account`,
		string(t), string(client), string(person))
	if err != nil {
		return nil, fmt.Errorf("list grants: %w", err)
	}
	return list, nil
}

// AddGrants widens grants and creates the missing service principals.
func (db *DB) AddGrants(ctx context.Context, grants []consent.Grant, principals []application.Principal, e audit.Event) error {
	return db.write(ctx, func(x *tx) error {
		for _, p := range principals {
			if err := x.principal(p); err != nil {
				return err
			}
		}
		for _, g := range grants {
			if err := x.grant(g); err != nil {
				return err
			}
		}
		return x.event(e)
	})
}

func (t *tx) grant(g consent.Grant) error {
	key := []any{string(g.Tenant), string(g.Client), string(g.Account), string(g.Resource)}
	var have string
	// An upsert reads the row and holds it until the commit; a SELECT would
	// let another node widen it in between, and that scope would be lost.
	err := t.row(`INSERT INTO delegated_grant (tenant, client, account, resource, scopes) VALUES ($1, $2, $3, $4, '')
		ON CONFLICT (tenant, client, account, resource) DO UPDATE SET scopes = delegated_grant.scopes RETURNING scopes`, key...).Scan(&have)
	if err != nil {
		return fmt.Errorf("hold grant: %w", err)
	}
	scopes := strings.Fields(have)
	for _, s := range g.Scopes {
		if !slices.Contains(scopes, s) {
			scopes = append(scopes, s)
		}
	}
	_, err = t.exec(`UPDATE delegated_grant SET scopes = $5 WHERE tenant = $1 AND client = $2 AND account = $3 AND resource = $4`,
		append(key, strings.Join(scopes, " "))...)
	if err != nil {
		return fmt.Errorf("widen grant: %w", err)
	}
	return nil
}

// RemoveGrants withdraws all that a client was allowed.
func (db *DB) RemoveGrants(ctx context.Context, t id.Tenant, client id.App, person id.Object, e audit.Event) error {
	return db.write(ctx, func(x *tx) error {
		if _, err := x.exec(`DELETE FROM delegated_grant WHERE tenant = $1 AND client = $2 AND account = $3`,
			string(t), string(client), string(person)); err != nil {
			return fmt.Errorf("withdraw grants: %w", err)
		}
		return x.event(e)
	})
}

// AppRoles lists the permissions that a client holds alone at a resource.
func (db *DB) AppRoles(ctx context.Context, t id.Tenant, client, resource id.App) ([]string, error) {
	var list []string
	err := db.rows(ctx, func(row scanner) error {
		var role string
		err := row.Scan(&role)
		list = append(list, role)
		return err
	}, `SELECT role FROM app_role_grant WHERE tenant = $1 AND client = $2 AND resource = $3 ORDER BY role`,
		string(t), string(client), string(resource))
	if err != nil {
		return nil, fmt.Errorf("list app roles: %w", err)
	}
	return list, nil
}

// AddAppRoles widens them.
func (db *DB) AddAppRoles(ctx context.Context, t id.Tenant, client, resource id.App, roles []string, e audit.Event) error {
	return db.write(ctx, func(x *tx) error {
		for _, role := range roles {
			if _, err := x.exec(`INSERT INTO app_role_grant (tenant, client, resource, role) VALUES ($1, $2, $3, $4)
				ON CONFLICT (tenant, client, resource, role) DO NOTHING`,
				string(t), string(client), string(resource), role); err != nil {
				return fmt.Errorf("add app role: %w", err)
			}
		}
		return x.event(e)
	})
}
