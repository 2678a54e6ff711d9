package sqlstore

import (
	"context"
	"fmt"

	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
)

const principalColumns = `SELECT app, id, disabled, assignment_required, created_at FROM principal `

func principalOf(t id.Tenant, row scanner) (application.Principal, error) {
	p := application.Principal{Tenant: t}
	var created int64
	err := row.Scan((*string)(&p.App), (*string)(&p.ID), &p.Disabled, &p.AssignmentRequired, &created)
	p.Created = instant(created)
	return p, err
}

// Principals lists service principals in the order of their ids.
func (db *DB) Principals(ctx context.Context, t id.Tenant, after id.Object, limit int) ([]application.Principal, error) {
	var list []application.Principal
	err := db.rows(ctx, func(row scanner) error {
		p, err := principalOf(t, row)
		list = append(list, p)
		return err
	}, principalColumns+`WHERE tenant = $1 AND id > $2 ORDER BY id LIMIT $3`, string(t), string(after), limit)
	if err != nil {
		return nil, fmt.Errorf("list principals: %w", err)
	}
	return list, nil
}

// PrincipalByID finds a service principal.
func (db *DB) PrincipalByID(ctx context.Context, t id.Tenant, key id.Object) (application.Principal, error) {
	p, err := principalOf(t, db.row(ctx, principalColumns+`WHERE tenant = $1 AND id = $2`, string(t), string(key)))
	if err != nil {
		return p, absent(err, fault.New(fault.ObjectUnknown, "object", string(key)), "read principal")
	}
	return p, nil
}

// AddPrincipal creates a service principal unless the app has one.
func (db *DB) AddPrincipal(ctx context.Context, p application.Principal, e audit.Event) (bool, error) {
	var added int64
	err := db.write(ctx, func(x *tx) (err error) {
		added, err = x.exec(`INSERT INTO principal (tenant, app, id, disabled, created_at) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (tenant, app) DO NOTHING`, string(p.Tenant), string(p.App), string(p.ID), p.Disabled, micros(p.Created))
		if err != nil {
			return fmt.Errorf("add principal: %w", err)
		}
		if added == 0 {
			return nil
		}
		return x.event(e)
	})
	return err == nil && added == 1, err
}

// ChangePrincipal saves how a principal is open.
func (db *DB) ChangePrincipal(ctx context.Context, p application.Principal, e audit.Event) error {
	return db.write(ctx, func(x *tx) error {
		n, err := x.exec(`UPDATE principal SET disabled = $1, assignment_required = $2 WHERE tenant = $3 AND id = $4`,
			p.Disabled, p.AssignmentRequired, string(p.Tenant), string(p.ID))
		if err != nil {
			return fmt.Errorf("change principal: %w", err)
		}
		if n == 0 {
			return fault.New(fault.ObjectUnknown, "object", string(p.ID))
		}
		return x.event(e)
	})
}

// RemovePrincipal deletes a principal with all that it was allowed.
func (db *DB) RemovePrincipal(ctx context.Context, p application.Principal, e audit.Event) error {
	return db.write(ctx, func(x *tx) error {
		n, err := x.exec(`DELETE FROM principal WHERE tenant = $1 AND id = $2`, string(p.Tenant), string(p.ID))
		if err != nil {
			return fmt.Errorf("remove principal: %w", err)
		}
		if n == 0 {
			return fault.New(fault.ObjectUnknown, "object", string(p.ID))
		}
		for _, text := range []string{
			`DELETE FROM delegated_grant WHERE tenant = $1 AND client = $2`,
			`DELETE FROM app_role_grant WHERE tenant = $1 AND client = $2`,
			`DELETE FROM assignment WHERE tenant = $1 AND app = $2`,
		} {
			if _, err := x.exec(text, string(p.Tenant), string(p.App)); err != nil {
				return fmt.Errorf("remove what the principal was allowed: %w", err)
			}
		}
		return x.event(e)
	})
}
