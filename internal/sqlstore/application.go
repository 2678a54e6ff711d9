package sqlstore

import (
	"context"
	"fmt"
	"time"

	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/tenant"
)

var _ application.Store = (*DB)(nil)

// Application finds a registration with its credentials.
func (db *DB) Application(ctx context.Context, app id.App) (application.Application, []application.Credential, error) {
	var doc, credentials string
	err := db.row(ctx, `SELECT doc, credentials FROM application WHERE app = $1`, string(app)).Scan(&doc, &credentials)
	if err != nil {
		return application.Application{}, nil, absent(err, fault.New(fault.AppUnknown, "app", string(app)), "read application")
	}
	a, err := document[application.Application](doc)
	if err != nil {
		return a, nil, err
	}
	c, err := document[[]application.Credential](credentials)
	return a, c, err
}

// ApplicationIdentified finds the application that owns an identifier.
func (db *DB) ApplicationIdentified(ctx context.Context, identifier string) (id.App, error) {
	var app string
	err := db.row(ctx, `SELECT app FROM application_identifier WHERE identifier = $1`, identifier).Scan(&app)
	if err != nil {
		return "", absent(err, fault.New(fault.ResourceUnknown, "resource", tenant.Shorten(identifier)), "read identifier")
	}
	return id.App(app), nil
}

// Principal finds an application's representative in an organisation.
func (db *DB) Principal(ctx context.Context, t id.Tenant, app id.App) (application.Principal, error) {
	return scanPrincipal(t, app, db.row(ctx,
		`SELECT id, disabled, assignment_required, created_at FROM principal WHERE tenant = $1 AND app = $2`, string(t), string(app)))
}

func scanPrincipal(t id.Tenant, app id.App, row scanner) (application.Principal, error) {
	p := application.Principal{Tenant: t, App: app}
	var created int64
	if err := row.Scan((*string)(&p.ID), &p.Disabled, &p.AssignmentRequired, &created); err != nil {
		return p, absent(err, fault.New(fault.AppNotInTenant, "app", string(app), "tenant", string(t)), "read principal")
	}
	p.Created = instant(created)
	return p, nil
}

// SaveApplication creates or replaces a registration, its identifiers and its
// credentials.
func (db *DB) SaveApplication(ctx context.Context, a application.Application, credentials []application.Credential) error {
	doc, err := encode(a)
	if err != nil {
		return err
	}
	keys, err := encode(credentials)
	if err != nil {
		return err
	}
	return db.write(ctx, func(x *tx) error {
		if _, err := x.exec(`INSERT INTO application (app, tenant, doc, credentials) VALUES ($1, $2, $3, $4)
			ON CONFLICT (app) DO UPDATE SET doc = excluded.doc, credentials = excluded.credentials`,
			string(a.App), string(a.Tenant), doc, keys); err != nil {
			return fmt.Errorf("save application: %w", err)
		}
		return x.name(a)
	})
}

// SavePrincipal creates a representative unless there is one.
func (db *DB) SavePrincipal(ctx context.Context, p application.Principal) (application.Principal, error) {
	var saved application.Principal
	err := db.write(ctx, func(x *tx) error {
		if err := x.principal(p); err != nil {
			return err
		}
		var err error
		saved, err = scanPrincipal(p.Tenant, p.App, x.row(
			`SELECT id, disabled, assignment_required, created_at FROM principal WHERE tenant = $1 AND app = $2`, string(p.Tenant), string(p.App)))
		return err
	})
	return saved, err
}

func (t *tx) principal(p application.Principal) error {
	_, err := t.exec(`INSERT INTO principal (tenant, app, id, disabled, created_at) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (tenant, app) DO NOTHING`,
		string(p.Tenant), string(p.App), string(p.ID), p.Disabled, micros(p.Created))
	if err != nil {
		return fmt.Errorf("save principal: %w", err)
	}
	return nil
}

// SpendAssertion remembers an assertion's id; a second time it is refused.
func (db *DB) SpendAssertion(ctx context.Context, app id.App, jti string, until time.Time) error {
	var added int64
	err := db.write(ctx, func(x *tx) (err error) {
		added, err = x.exec(`INSERT INTO assertion (app, jti, until_at) VALUES ($1, $2, $3)
			ON CONFLICT (app, jti) DO NOTHING`, string(app), jti, micros(until))
		return err
	})
	if err != nil {
		return fmt.Errorf("spend assertion: %w", err)
	}
	if added == 0 {
		return fault.New(fault.AssertionInvalid, "app", string(app), "rule", "a jti that was not used before")
	}
	return nil
}
