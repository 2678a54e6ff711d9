package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/credential"
	"github.com/entente-id/entente/internal/id"
)

// SavePass keeps a temporary pass instead of an earlier one.
func (db *DB) SavePass(ctx context.Context, owner credential.Owner, p credential.Pass, e audit.Event) error {
	return db.write(ctx, func(x *tx) error {
		_, err := x.exec(`INSERT INTO temporary_pass (tenant, account, digest, until_at, once, issued_by) VALUES ($1, $2, $3, $4, $5, $6)
			ON CONFLICT (tenant, account) DO UPDATE SET digest = excluded.digest, until_at = excluded.until_at, once = excluded.once, issued_by = excluded.issued_by`,
			string(owner.Tenant), string(owner.Account), p.Digest, micros(p.Until), p.Once, p.By)
		if err != nil {
			return fmt.Errorf("keep temporary pass: %w", err)
		}
		return x.event(e)
	})
}

// PassUntil says until when a temporary pass holds.
func (db *DB) PassUntil(ctx context.Context, owner credential.Owner) (time.Time, error) {
	var until int64
	err := db.row(ctx, `SELECT until_at FROM temporary_pass WHERE tenant = $1 AND account = $2`, string(owner.Tenant), string(owner.Account)).Scan(&until)
	if errors.Is(err, sql.ErrNoRows) {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("read temporary pass: %w", err)
	}
	return instant(until), nil
}

// SpendPass finds a pass and removes it when it serves once.
func (db *DB) SpendPass(ctx context.Context, owner credential.Owner, digest []byte, at time.Time) (credential.Pass, bool, error) {
	var p credential.Pass
	var found bool
	err := db.write(ctx, func(x *tx) error {
		p, found = credential.Pass{Digest: digest}, false
		var until int64
		err := x.row(`SELECT until_at, once, issued_by FROM temporary_pass WHERE tenant = $1 AND account = $2 AND digest = $3 AND until_at > $4`,
			string(owner.Tenant), string(owner.Account), digest, micros(at)).Scan(&until, &p.Once, &p.By)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read temporary pass: %w", err)
		}
		found, p.Until = true, instant(until)
		if !p.Once {
			return nil
		}
		// The deletion decides who of two was first.
		n, err := x.exec(`DELETE FROM temporary_pass WHERE tenant = $1 AND account = $2 AND digest = $3`, string(owner.Tenant), string(owner.Account), digest)
		if err != nil {
			return fmt.Errorf("spend temporary pass: %w", err)
		}
		found = n == 1
		return nil
	})
	return p, found && err == nil, err
}

// Devices lists the browsers a person has used, last used first.
func (db *DB) Devices(ctx context.Context, owner credential.Owner) ([]credential.Device, error) {
	var list []credential.Device
	err := db.rows(ctx, func(row scanner) error {
		var d credential.Device
		var since, used int64
		err := row.Scan((*string)(&d.ID), &d.Digest, &d.Browser, &since, &used)
		d.Since, d.Used = instant(since), instant(used)
		list = append(list, d)
		return err
	}, `SELECT id, digest, browser, since_at, used_at FROM device WHERE tenant = $1 AND account = $2 ORDER BY used_at DESC, id`,
		string(owner.Tenant), string(owner.Account))
	if err != nil {
		return nil, fmt.Errorf("list devices: %w", err)
	}
	return list, nil
}

// AddDevice keeps a browser and drops the least recently used beyond limit.
func (db *DB) AddDevice(ctx context.Context, owner credential.Owner, d credential.Device, limit int) error {
	return db.write(ctx, func(x *tx) error {
		if _, err := x.exec(`INSERT INTO device (tenant, account, id, digest, browser, since_at, used_at) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
			string(owner.Tenant), string(owner.Account), string(d.ID), d.Digest, d.Browser, micros(d.Since), micros(d.Used)); err != nil {
			return fmt.Errorf("keep device: %w", err)
		}
		if _, err := x.exec(`DELETE FROM device WHERE tenant = $1 AND account = $2 AND id NOT IN
			(SELECT id FROM device WHERE tenant = $1 AND account = $2 ORDER BY used_at DESC, id LIMIT $3)`,
			string(owner.Tenant), string(owner.Account), limit); err != nil {
			return fmt.Errorf("drop old devices: %w", err)
		}
		return nil
	})
}

// ForgetDevice drops a browser of a person.
func (db *DB) ForgetDevice(ctx context.Context, owner credential.Owner, device id.Object) error {
	return db.write(ctx, func(x *tx) error {
		if _, err := x.exec(`DELETE FROM device WHERE tenant = $1 AND account = $2 AND id = $3`, string(owner.Tenant), string(owner.Account), string(device)); err != nil {
			return fmt.Errorf("forget device: %w", err)
		}
		return nil
	})
}
