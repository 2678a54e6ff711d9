package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/credential"
	"github.com/entente-id/entente/internal/message"
)

var _ credential.Store = (*DB)(nil)

// Password gives a person's hash and the wrong tries made for a key.
func (db *DB) Password(ctx context.Context, owner credential.Owner, key string) (string, credential.Tries, error) {
	var hash string
	var t credential.Tries
	var until int64
	err := db.row(ctx, `SELECT COALESCE((SELECT hash FROM password WHERE tenant = $1 AND account = $2), ''),
		COALESCE((SELECT count FROM tries WHERE name = $3), 0),
		COALESCE((SELECT until_at FROM tries WHERE name = $3), 0)`,
		string(owner.Tenant), string(owner.Account), key).Scan(&hash, &t.Count, &until)
	if err != nil {
		return "", t, fmt.Errorf("read password: %w", err)
	}
	t.Until = instant(until)
	return hash, t, nil
}

// SavePassword keeps a person's hash.
func (db *DB) SavePassword(ctx context.Context, owner credential.Owner, hash string) error {
	return db.write(ctx, func(x *tx) error {
		_, err := x.exec(`INSERT INTO password (tenant, account, hash) VALUES ($1, $2, $3)
			ON CONFLICT (tenant, account) DO UPDATE SET hash = excluded.hash`,
			string(owner.Tenant), string(owner.Account), hash)
		if err != nil {
			return fmt.Errorf("save password: %w", err)
		}
		return nil
	})
}

// ChangePassword keeps another hash and changes the account with it.
func (db *DB) ChangePassword(ctx context.Context, owner credential.Owner, hash string, change func(*account.Account) error, told []message.Sealed, e audit.Event) error {
	return db.write(ctx, func(x *tx) error {
		if err := x.amendAccount(owner.Tenant, owner.Account, change); err != nil {
			return err
		}
		if err := x.password(owner.Tenant, owner.Account, hash); err != nil {
			return err
		}
		if err := x.messages(told); err != nil {
			return err
		}
		return x.event(e)
	})
}

// Tries gives the wrong tries made for a key.
func (db *DB) Tries(ctx context.Context, key string) (credential.Tries, error) {
	var t credential.Tries
	var until int64
	err := db.row(ctx, `SELECT count, until_at FROM tries WHERE name = $1`, key).Scan(&t.Count, &until)
	if errors.Is(err, sql.ErrNoRows) {
		return t, nil
	}
	if err != nil {
		return t, fmt.Errorf("read tries: %w", err)
	}
	t.Until = instant(until)
	return t, nil
}

// AddTry counts one wrong try.
func (db *DB) AddTry(ctx context.Context, key string, now time.Time, wait func(int) time.Duration) error {
	return db.write(ctx, func(x *tx) error {
		var count int
		err := x.row(`INSERT INTO tries (name, count, until_at) VALUES ($1, 1, 0)
			ON CONFLICT (name) DO UPDATE SET count = tries.count + 1 RETURNING count`, key).Scan(&count)
		if err != nil {
			return fmt.Errorf("count try: %w", err)
		}
		if pause := wait(count); pause > 0 {
			if _, err := x.exec(`UPDATE tries SET until_at = $1 WHERE name = $2`, micros(now.Add(pause)), key); err != nil {
				return fmt.Errorf("set wait: %w", err)
			}
		}
		return nil
	})
}

// ClearTries forgets the wrong tries of a key.
func (db *DB) ClearTries(ctx context.Context, key string) error {
	return db.write(ctx, func(x *tx) error {
		if _, err := x.exec(`DELETE FROM tries WHERE name = $1`, key); err != nil {
			return fmt.Errorf("clear tries: %w", err)
		}
		return nil
	})
}

// Authenticator gives a person's sealed seed, nil when there is none.
func (db *DB) Authenticator(ctx context.Context, owner credential.Owner) ([]byte, error) {
	var sealed []byte
	err := db.row(ctx, `SELECT sealed FROM authenticator WHERE tenant = $1 AND account = $2`,
		string(owner.Tenant), string(owner.Account)).Scan(&sealed)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read authenticator: %w", err)
	}
	return sealed, nil
}

// SaveAuthenticator keeps a proved seed and its recovery codes; former codes
// are dead.
func (db *DB) SaveAuthenticator(ctx context.Context, owner credential.Owner, sealed []byte, step int64, recovery [][]byte, told []message.Sealed, events []audit.Event) error {
	return db.write(ctx, func(x *tx) error {
		t, a := string(owner.Tenant), string(owner.Account)
		if _, err := x.exec(`INSERT INTO authenticator (tenant, account, sealed, last_step) VALUES ($1, $2, $3, $4)
			ON CONFLICT (tenant, account) DO UPDATE SET sealed = excluded.sealed, last_step = excluded.last_step`,
			t, a, sealed, step); err != nil {
			return fmt.Errorf("save authenticator: %w", err)
		}
		if err := x.recovery(owner, recovery); err != nil {
			return err
		}
		if err := x.messages(told); err != nil {
			return err
		}
		return x.events(events)
	})
}

// SpendStep moves the last used step forward.
func (db *DB) SpendStep(ctx context.Context, owner credential.Owner, step int64) (bool, error) {
	return db.changed(ctx, `UPDATE authenticator SET last_step = $1 WHERE tenant = $2 AND account = $3 AND last_step < $1`,
		step, string(owner.Tenant), string(owner.Account))
}

// SpendRecovery uses up a recovery code.
func (db *DB) SpendRecovery(ctx context.Context, owner credential.Owner, digest []byte, at time.Time) (bool, error) {
	return db.changed(ctx, `UPDATE recovery_code SET used_at = $1 WHERE tenant = $2 AND account = $3 AND digest = $4 AND used_at = 0`,
		micros(at), string(owner.Tenant), string(owner.Account), digest)
}

// changed runs one conditional statement and says whether it met its row.
func (db *DB) changed(ctx context.Context, text string, args ...any) (bool, error) {
	var n int64
	err := db.write(ctx, func(x *tx) (err error) {
		n, err = x.exec(text, args...)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("compare and swap: %w", err)
	}
	return n == 1, nil
}
