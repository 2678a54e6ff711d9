package sqlstore

import (
	"context"
	"fmt"
	"time"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/delegated"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
)

var _ delegated.Store = (*DB)(nil)

// AddMember creates a person with a password.
func (db *DB) AddMember(ctx context.Context, a account.Account, hash string, e audit.Event) error {
	return db.write(ctx, func(x *tx) error {
		if err := x.enter(a, hash); err != nil {
			return err
		}
		return x.event(e)
	})
}

// AmendMember changes a person as they stand now.
func (db *DB) AmendMember(ctx context.Context, t id.Tenant, person id.Object, change func(*account.Account) error, hash string, e audit.Event) error {
	return db.write(ctx, func(x *tx) error {
		// An update reads the row and holds it until the commit (see grant).
		a, err := scanAccount(x.row(`UPDATE account SET doc = doc WHERE tenant = $1 AND id = $2 RETURNING doc`, string(t), string(person)))
		if err != nil {
			return err
		}
		was := a
		if err := change(&a); err != nil {
			return err
		}
		doc, err := encode(a)
		if err != nil {
			return err
		}
		n, err := x.exec(`UPDATE account SET name_key = $1, doc = $2, reviewer = $3 WHERE tenant = $4 AND id = $5 AND NOT EXISTS
			(SELECT 1 FROM account other WHERE other.tenant = $4 AND other.name_key = $1 AND other.id <> $5)`,
			account.FoldName(a.SignInName), doc, a.MayConsentForAll() && !a.Disabled, string(t), string(person))
		if err != nil {
			return fmt.Errorf("amend account: %w", err)
		}
		if n == 0 {
			return fault.New(fault.NameTaken, "name", a.SignInName)
		}
		if err := x.leaveAll(was, a); err != nil {
			return err
		}
		if err := x.password(t, person, hash); err != nil {
			return err
		}
		return x.event(e)
	})
}

// DropMember puts a person aside.
func (db *DB) DropMember(ctx context.Context, t id.Tenant, person id.Object, keep func(account.Account) error, d delegated.Dropped, e audit.Event) error {
	return db.write(ctx, func(x *tx) error {
		a, err := scanAccount(x.row(`DELETE FROM account WHERE tenant = $1 AND id = $2 RETURNING doc`, string(t), string(person)))
		if err != nil {
			return err
		}
		if err := keep(a); err != nil {
			return err
		}
		// Nothing of theirs goes on, whenever they signed in.
		gone := a
		gone.SessionsFrom = d.At.Add(time.Microsecond)
		if err := x.leaveAll(a, gone); err != nil {
			return err
		}
		d.Account = a
		doc, err := encode(d)
		if err != nil {
			return err
		}
		if _, err := x.exec(`INSERT INTO dropped_account (tenant, id, doc, dropped_at) VALUES ($1, $2, $3, $4)
			ON CONFLICT (tenant, id) DO UPDATE SET doc = excluded.doc, dropped_at = excluded.dropped_at`,
			string(t), string(person), doc, micros(d.At)); err != nil {
			return fmt.Errorf("put account aside: %w", err)
		}
		return x.event(e)
	})
}

// RestoreMember brings a person back.
func (db *DB) RestoreMember(ctx context.Context, t id.Tenant, person id.Object, change func(*account.Account) error, e audit.Event) error {
	return db.write(ctx, func(x *tx) error {
		var doc string
		err := x.row(`DELETE FROM dropped_account WHERE tenant = $1 AND id = $2 RETURNING doc`, string(t), string(person)).Scan(&doc)
		if err != nil {
			return absent(err, fault.New(fault.AccountUnknown), "read dropped account")
		}
		d, err := document[delegated.Dropped](doc)
		if err != nil {
			return err
		}
		if err := change(&d.Account); err != nil {
			return err
		}
		if err := x.enter(d.Account, ""); err != nil {
			return err
		}
		return x.event(e)
	})
}

// DroppedMembers lists people who were put aside.
func (db *DB) DroppedMembers(ctx context.Context, t id.Tenant, after id.Object, limit int) ([]delegated.Dropped, error) {
	var list []delegated.Dropped
	err := db.rows(ctx, func(row scanner) error {
		var doc string
		if err := row.Scan(&doc); err != nil {
			return err
		}
		d, err := document[delegated.Dropped](doc)
		list = append(list, d)
		return err
	}, `SELECT doc FROM dropped_account WHERE tenant = $1 AND id > $2 ORDER BY id LIMIT $3`, string(t), string(after), limit)
	if err != nil {
		return nil, fmt.Errorf("list dropped accounts: %w", err)
	}
	return list, nil
}
