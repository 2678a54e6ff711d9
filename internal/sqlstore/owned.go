package sqlstore

import (
	"context"
	"fmt"

	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
)

// ApplicationsOf lists a tenant's registrations.
func (db *DB) ApplicationsOf(ctx context.Context, t id.Tenant, limit int) ([]application.Owned, error) {
	var list []application.Owned
	err := db.rows(ctx, func(row scanner) error {
		var doc, keys string
		if err := row.Scan(&doc, &keys); err != nil {
			return err
		}
		a, err := document[application.Application](doc)
		if err != nil {
			return err
		}
		c, err := document[[]application.Credential](keys)
		list = append(list, application.Owned{Application: a, Credentials: c})
		return err
	}, `SELECT doc, credentials FROM application WHERE tenant = $1 ORDER BY app LIMIT $2`, string(t), limit)
	if err != nil {
		return nil, fmt.Errorf("list applications: %w", err)
	}
	return list, nil
}

// RegisterApplication creates a registration with its principal at home.
func (db *DB) RegisterApplication(ctx context.Context, a application.Application, p application.Principal, e audit.Event) error {
	doc, err := encode(a)
	if err != nil {
		return err
	}
	return db.write(ctx, func(x *tx) error {
		if _, err := x.exec(`INSERT INTO application (app, tenant, doc, credentials) VALUES ($1, $2, $3, $4)`,
			string(a.App), string(a.Tenant), doc, "[]"); err != nil {
			return fmt.Errorf("register application: %w", err)
		}
		if err := x.principal(p); err != nil {
			return err
		}
		return x.event(e)
	})
}

// DeclareApplication creates a registration, or replaces all of it but its
// credentials.
func (db *DB) DeclareApplication(ctx context.Context, a application.Application, p application.Principal, e audit.Event) error {
	doc, err := encode(a)
	if err != nil {
		return err
	}
	return db.write(ctx, func(x *tx) error {
		if _, err := x.exec(`INSERT INTO application (app, tenant, doc, credentials) VALUES ($1, $2, $3, $4)
			ON CONFLICT (app) DO UPDATE SET doc = excluded.doc`, string(a.App), string(a.Tenant), doc, "[]"); err != nil {
			return fmt.Errorf("declare application: %w", err)
		}
		if err := x.name(a); err != nil {
			return err
		}
		if err := x.principal(p); err != nil {
			return err
		}
		return x.event(e)
	})
}

// name gives an application its identifiers, and no others.
func (t *tx) name(a application.Application) error {
	if _, err := t.exec(`DELETE FROM application_identifier WHERE app = $1`, string(a.App)); err != nil {
		return fmt.Errorf("save identifiers: %w", err)
	}
	for _, name := range a.Identifiers {
		n, err := t.exec(`INSERT INTO application_identifier (identifier, app) VALUES ($1, $2) ON CONFLICT (identifier) DO NOTHING`, name, string(a.App))
		if err != nil {
			return fmt.Errorf("save identifier %s: %w", name, err)
		}
		if n == 0 {
			return fault.New(fault.ReferenceExists, "object", name)
		}
	}
	return nil
}

// ChangeCredentials replaces the credentials of a registration.
func (db *DB) ChangeCredentials(ctx context.Context, t id.Tenant, app id.App, to func([]application.Credential) ([]application.Credential, error), e audit.Event) error {
	return db.write(ctx, func(x *tx) error {
		// Writing first takes the row: two changes at once are made one after
		// the other, and neither is lost.
		n, err := x.exec(`UPDATE application SET tenant = tenant WHERE app = $1 AND tenant = $2`, string(app), string(t))
		if err != nil {
			return fmt.Errorf("take application: %w", err)
		}
		if n == 0 {
			return fault.New(fault.AppUnknown, "app", string(app))
		}
		var keys string
		if err := x.row(`SELECT credentials FROM application WHERE app = $1 AND tenant = $2`, string(app), string(t)).Scan(&keys); err != nil {
			return fmt.Errorf("read credentials: %w", err)
		}
		have, err := document[[]application.Credential](keys)
		if err != nil {
			return err
		}
		if have, err = to(have); err != nil {
			return err
		}
		if keys, err = encode(have); err != nil {
			return err
		}
		if _, err := x.exec(`UPDATE application SET credentials = $1 WHERE app = $2 AND tenant = $3`, keys, string(app), string(t)); err != nil {
			return fmt.Errorf("change credentials: %w", err)
		}
		return x.event(e)
	})
}

// DeleteApplication deletes a registration and its principals.
func (db *DB) DeleteApplication(ctx context.Context, t id.Tenant, app id.App, e audit.Event) error {
	return db.write(ctx, func(x *tx) error {
		n, err := x.exec(`DELETE FROM application WHERE app = $1 AND tenant = $2`, string(app), string(t))
		if err != nil {
			return fmt.Errorf("delete application: %w", err)
		}
		if n == 0 {
			return fault.New(fault.AppUnknown, "app", string(app))
		}
		if _, err := x.exec(`DELETE FROM principal WHERE app = $1`, string(app)); err != nil {
			return fmt.Errorf("delete principals: %w", err)
		}
		return x.event(e)
	})
}

// ChangeApplication alters a registration as it is at that moment.
func (db *DB) ChangeApplication(ctx context.Context, t id.Tenant, app id.App, change func(*application.Application) error, e audit.Event) error {
	return db.write(ctx, func(x *tx) error {
		n, err := x.exec(`UPDATE application SET tenant = tenant WHERE app = $1 AND tenant = $2`, string(app), string(t))
		if err != nil {
			return fmt.Errorf("take application: %w", err)
		}
		if n == 0 {
			return fault.New(fault.AppUnknown, "app", string(app))
		}
		var doc string
		if err := x.row(`SELECT doc FROM application WHERE app = $1 AND tenant = $2`, string(app), string(t)).Scan(&doc); err != nil {
			return fmt.Errorf("read application: %w", err)
		}
		a, err := document[application.Application](doc)
		if err != nil {
			return err
		}
		if err := change(&a); err != nil {
			return err
		}
		if doc, err = encode(a); err != nil {
			return err
		}
		if _, err := x.exec(`UPDATE application SET doc = $1 WHERE app = $2 AND tenant = $3`, doc, string(app), string(t)); err != nil {
			return fmt.Errorf("change application: %w", err)
		}
		return x.event(e)
	})
}
