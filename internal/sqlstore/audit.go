package sqlstore

import (
	"context"
	"fmt"

	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
)

var _ audit.Store = (*DB)(nil)

// event writes what was done, in the transaction of the deed.
func (t *tx) events(list []audit.Event) error {
	for _, e := range list {
		if err := t.event(e); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) event(e audit.Event) error {
	doc, err := encode(e)
	if err != nil {
		return err
	}
	if _, err := t.exec(`INSERT INTO event (id, tenant, target, at, doc) VALUES ($1, $2, $3, $4, $5)`,
		e.ID, string(e.Tenant), string(e.Target), micros(e.At), doc); err != nil {
		return fmt.Errorf("write event: %w", err)
	}
	return nil
}

// Events lists what was done in a tenant, newest first.
func (db *DB) Events(ctx context.Context, t id.Tenant, limit int) ([]audit.Event, error) {
	var list []audit.Event
	err := db.rows(ctx, func(row scanner) error {
		var doc string
		if err := row.Scan(&doc); err != nil {
			return err
		}
		e, err := document[audit.Event](doc)
		list = append(list, e)
		return err
	}, `SELECT doc FROM event WHERE tenant = $1 OR target = $1 ORDER BY at DESC, id LIMIT $2`, string(t), limit)
	if err != nil {
		return nil, fmt.Errorf("list events: %w", err)
	}
	return list, nil
}

// AddAttempt keeps a failed attempt.
func (db *DB) AddAttempt(ctx context.Context, a audit.Attempt) error {
	doc, err := encode(a)
	if err != nil {
		return err
	}
	err = db.write(ctx, func(x *tx) error {
		_, err := x.exec(`INSERT INTO attempt (reference, tenant, trace, correlation, at, doc) VALUES ($1, $2, $3, $4, $5, $6)`,
			a.Reference, string(a.Tenant), a.TraceID, a.CorrelationID, micros(a.At), doc)
		return err
	})
	if err != nil {
		return fmt.Errorf("keep attempt: %w", err)
	}
	return nil
}

// FindAttempt finds an attempt by reference, trace id or correlation id; of
// several with one correlation id, the newest.
func (db *DB) FindAttempt(ctx context.Context, reference string) (audit.Attempt, error) {
	var doc string
	err := db.row(ctx, `SELECT doc FROM attempt WHERE reference = $1 OR trace = $1 OR correlation = $1
		ORDER BY at DESC LIMIT 1`, reference).Scan(&doc)
	if err != nil {
		return audit.Attempt{}, absent(err, fault.New(fault.ReferenceUnknown, "reference", reference), "read attempt")
	}
	return document[audit.Attempt](doc)
}

// signIn keeps a sign-in, in the transaction that begins its session.
func (t *tx) signIn(s audit.SignIn) error {
	doc, err := encode(s)
	if err != nil {
		return err
	}
	if _, err := t.exec(`INSERT INTO sign_in (id, tenant, at, doc) VALUES ($1, $2, $3, $4)`, s.ID, string(s.Tenant), micros(s.At), doc); err != nil {
		return fmt.Errorf("keep sign-in: %w", err)
	}
	return nil
}

// SignIns lists the sign-ins of a tenant's people, newest first.
func (db *DB) SignIns(ctx context.Context, t id.Tenant, limit int) ([]audit.SignIn, error) {
	var list []audit.SignIn
	err := db.rows(ctx, func(row scanner) error {
		var doc string
		if err := row.Scan(&doc); err != nil {
			return err
		}
		s, err := document[audit.SignIn](doc)
		list = append(list, s)
		return err
	}, `SELECT doc FROM sign_in WHERE tenant = $1 ORDER BY at DESC, id LIMIT $2`, string(t), limit)
	if err != nil {
		return nil, fmt.Errorf("list sign-ins: %w", err)
	}
	return list, nil
}

// Attempts lists what failed in a tenant, newest first.
func (db *DB) Attempts(ctx context.Context, t id.Tenant, limit int) ([]audit.Attempt, error) {
	var list []audit.Attempt
	err := db.rows(ctx, func(row scanner) error {
		var doc string
		if err := row.Scan(&doc); err != nil {
			return err
		}
		a, err := document[audit.Attempt](doc)
		list = append(list, a)
		return err
	}, `SELECT doc FROM attempt WHERE tenant = $1 ORDER BY at DESC, reference LIMIT $2`, string(t), limit)
	if err != nil {
		return nil, fmt.Errorf("list attempts: %w", err)
	}
	return list, nil
}
