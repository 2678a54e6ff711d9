package sqlstore

import (
	"context"
	"fmt"

	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
)

// RequireAssignment opens an app to assigned people alone, or to everybody.
func (db *DB) RequireAssignment(ctx context.Context, t id.Tenant, app id.App, required bool, e audit.Event) error {
	var n int64
	err := db.write(ctx, func(x *tx) (err error) {
		if n, err = x.exec(`UPDATE principal SET assignment_required = $1 WHERE tenant = $2 AND app = $3`, required, string(t), string(app)); err != nil {
			return fmt.Errorf("require assignment: %w", err)
		}
		if n == 0 {
			return nil
		}
		return x.event(e)
	})
	if err == nil && n == 0 {
		return fault.New(fault.AppNotInTenant, "app", string(app), "tenant", string(t))
	}
	return err
}

// AddAssignment opens an app to a person.
func (db *DB) AddAssignment(ctx context.Context, t id.Tenant, app id.App, account id.Object, e audit.Event) error {
	return db.write(ctx, func(x *tx) error {
		if _, err := x.exec(`INSERT INTO assignment (tenant, app, account) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`,
			string(t), string(app), string(account)); err != nil {
			return fmt.Errorf("assign: %w", err)
		}
		return x.event(e)
	})
}

// Assigned reports whether an app is open to a person.
func (db *DB) Assigned(ctx context.Context, t id.Tenant, app id.App, account id.Object) (bool, error) {
	var n int
	err := db.row(ctx, `SELECT COUNT(*) FROM assignment WHERE tenant = $1 AND app = $2 AND account = $3`, string(t), string(app), string(account)).Scan(&n)
	return n > 0, err
}
