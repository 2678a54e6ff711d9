package sqlstore

import (
	"context"
	"fmt"
	"time"

	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/credential"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/message"
)

var _ credential.PasskeyStore = (*DB)(nil)

// Passkeys lists those of a person, oldest first.
func (db *DB) Passkeys(ctx context.Context, owner credential.Owner) ([]credential.Passkey, error) {
	var list []credential.Passkey
	err := db.rows(ctx, func(row scanner) error {
		var p credential.Passkey
		var counter, created, used int64
		err := row.Scan((*string)(&p.ID), &p.Credential, &p.Key, &counter, &p.Name, &p.Synced, &p.Browser, &created, &used)
		p.Counter, p.Created, p.Used = uint32(counter), instant(created), instant(used)
		list = append(list, p)
		return err
	}, `SELECT id, credential, public_key, counter, name, synced, browser, created_at, used_at FROM passkey
		WHERE tenant = $1 AND account = $2 ORDER BY created_at, id`, string(owner.Tenant), string(owner.Account))
	if err != nil {
		return nil, fmt.Errorf("list passkeys: %w", err)
	}
	return list, nil
}

// AddPasskey keeps one while there is room for it and nobody has it.
func (db *DB) AddPasskey(ctx context.Context, owner credential.Owner, p credential.Passkey, limit int, told []message.Sealed, e audit.Event) error {
	var added int64
	err := db.write(ctx, func(x *tx) (err error) {
		added, err = x.exec(`INSERT INTO passkey (tenant, account, id, credential, public_key, counter, name, synced, browser, created_at, used_at)
			SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11
			WHERE (SELECT COUNT(*) FROM passkey WHERE tenant = $1 AND account = $2) < $12 ON CONFLICT DO NOTHING`,
			string(owner.Tenant), string(owner.Account), string(p.ID), p.Credential, p.Key, int64(p.Counter), p.Name, p.Synced, p.Browser,
			micros(p.Created), micros(p.Used), limit)
		if err != nil {
			return fmt.Errorf("keep passkey: %w", err)
		}
		if added == 0 {
			return nil
		}
		if err := x.messages(told); err != nil {
			return err
		}
		return x.event(e)
	})
	if err == nil && added == 0 {
		return fault.New(fault.InputInvalid, "parameter", "passkey", "rule", fmt.Sprintf("a new one, and at most %d", limit))
	}
	return err
}

// UsePasskey moves the counter on, and keeps when and where it was used.
func (db *DB) UsePasskey(ctx context.Context, owner credential.Owner, p credential.Passkey, before uint32) (bool, error) {
	return db.changed(ctx, `UPDATE passkey SET counter = $1, used_at = $2, browser = $3 WHERE tenant = $4 AND account = $5 AND id = $6 AND counter = $7`,
		int64(p.Counter), micros(p.Used), p.Browser, string(owner.Tenant), string(owner.Account), string(p.ID), int64(before))
}

// RenamePasskey gives a passkey another name.
func (db *DB) RenamePasskey(ctx context.Context, owner credential.Owner, passkey id.Object, name string, e audit.Event) error {
	return db.deed(ctx, "rename passkey", fault.New(fault.ObjectUnknown, "object", "passkey"), nil, e,
		`UPDATE passkey SET name = $1 WHERE tenant = $2 AND account = $3 AND id = $4`,
		name, string(owner.Tenant), string(owner.Account), string(passkey))
}

// RemovePasskey forgets a passkey.
func (db *DB) RemovePasskey(ctx context.Context, owner credential.Owner, passkey id.Object, told []message.Sealed, e audit.Event) error {
	return db.deed(ctx, "remove passkey", fault.New(fault.ObjectUnknown, "object", "passkey"), told, e,
		`DELETE FROM passkey WHERE tenant = $1 AND account = $2 AND id = $3`,
		string(owner.Tenant), string(owner.Account), string(passkey))
}

// SpendChallenge keeps that a challenge was answered.
func (db *DB) SpendChallenge(ctx context.Context, digest []byte, until time.Time) (bool, error) {
	return db.changed(ctx, `INSERT INTO passkey_challenge (digest, until_at) VALUES ($1, $2) ON CONFLICT DO NOTHING`, digest, micros(until))
}

// Ways tells how a person can prove themselves.
func (db *DB) Ways(ctx context.Context, owner credential.Owner) (credential.Ways, error) {
	var w credential.Ways
	err := db.row(ctx, `SELECT EXISTS (SELECT 1 FROM authenticator WHERE tenant = $1 AND account = $2),
		(SELECT COUNT(*) FROM passkey WHERE tenant = $1 AND account = $2),
		(SELECT COUNT(*) FROM recovery_code WHERE tenant = $1 AND account = $2 AND used_at = 0),
		EXISTS (SELECT 1 FROM password WHERE tenant = $1 AND account = $2)`,
		string(owner.Tenant), string(owner.Account)).Scan(&w.App, &w.Passkeys, &w.Codes, &w.Password)
	if err != nil {
		return w, fmt.Errorf("read ways to sign in: %w", err)
	}
	return w, nil
}

// RemoveAuthenticator forgets a person's app, and recovery codes that are left
// with nothing to recover.
func (db *DB) RemoveAuthenticator(ctx context.Context, owner credential.Owner, told []message.Sealed, e audit.Event) error {
	var met int64
	err := db.write(ctx, func(x *tx) (err error) {
		met, err = x.exec(`DELETE FROM authenticator WHERE tenant = $1 AND account = $2`, string(owner.Tenant), string(owner.Account))
		if err != nil {
			return fmt.Errorf("remove authenticator: %w", err)
		}
		if met == 0 {
			return nil
		}
		if _, err := x.exec(`DELETE FROM recovery_code WHERE tenant = $1 AND account = $2 AND NOT EXISTS
			(SELECT 1 FROM passkey WHERE tenant = $1 AND account = $2)`, string(owner.Tenant), string(owner.Account)); err != nil {
			return fmt.Errorf("remove recovery codes: %w", err)
		}
		if err := x.messages(told); err != nil {
			return err
		}
		return x.event(e)
	})
	if err == nil && met == 0 {
		return fault.New(fault.SecondFactorMissing)
	}
	return err
}

// ReplaceRecovery keeps new recovery codes; the former ones are dead.
func (db *DB) ReplaceRecovery(ctx context.Context, owner credential.Owner, digests [][]byte, e audit.Event) error {
	return db.write(ctx, func(x *tx) error {
		if err := x.recovery(owner, digests); err != nil {
			return err
		}
		return x.event(e)
	})
}

// recovery replaces a person's recovery codes.
func (t *tx) recovery(owner credential.Owner, digests [][]byte) error {
	if _, err := t.exec(`DELETE FROM recovery_code WHERE tenant = $1 AND account = $2`, string(owner.Tenant), string(owner.Account)); err != nil {
		return fmt.Errorf("save recovery codes: %w", err)
	}
	for _, digest := range digests {
		if _, err := t.exec(`INSERT INTO recovery_code (tenant, account, digest, used_at) VALUES ($1, $2, $3, 0)`,
			string(owner.Tenant), string(owner.Account), digest); err != nil {
			return fmt.Errorf("save recovery codes: %w", err)
		}
	}
	return nil
}

// deed runs one statement that has to meet its row, with the letters and the
// record that belong to it; absent is the answer when it meets none.
func (db *DB) deed(ctx context.Context, what string, absent error, told []message.Sealed, e audit.Event, text string, args ...any) error {
	var met int64
	err := db.write(ctx, func(x *tx) (err error) {
		if met, err = x.exec(text, args...); err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
		if met == 0 {
			return nil
		}
		if err := x.messages(told); err != nil {
			return err
		}
		return x.event(e)
	})
	if err == nil && met == 0 {
		return absent
	}
	return err
}
