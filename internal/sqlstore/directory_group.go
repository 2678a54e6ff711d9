package sqlstore

import (
	"context"
	"fmt"
	"slices"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/delegated"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
)

var (
	_ account.GroupStore          = (*DB)(nil)
	_ account.AdministrationStore = (*DB)(nil)
)

func scanGroup(row scanner, key string) (account.Group, error) {
	var doc string
	if err := row.Scan(&doc); err != nil {
		return account.Group{}, absent(err, fault.New(fault.ObjectUnknown, "object", key), "read group")
	}
	return document[account.Group](doc)
}

// Group finds a group by id.
func (db *DB) Group(ctx context.Context, t id.Tenant, group id.Object) (account.Group, error) {
	return scanGroup(db.row(ctx, `SELECT doc FROM directory_group WHERE tenant = $1 AND id = $2`, string(t), string(group)), string(group))
}

// GroupKeyed finds a group by what stands in accounts.
func (db *DB) GroupKeyed(ctx context.Context, t id.Tenant, key string) (account.Group, error) {
	return scanGroup(db.row(ctx, `SELECT doc FROM directory_group WHERE tenant = $1 AND member_key = $2`, string(t), key), key)
}

// Groups lists groups in the order of their ids.
func (db *DB) Groups(ctx context.Context, t id.Tenant, after id.Object, limit int) ([]account.Group, error) {
	var list []account.Group
	err := db.rows(ctx, func(row scanner) error {
		g, err := scanGroup(row, "")
		list = append(list, g)
		return err
	}, `SELECT doc FROM directory_group WHERE tenant = $1 AND id > $2 ORDER BY id LIMIT $3`, string(t), string(after), limit)
	if err != nil {
		return nil, fmt.Errorf("list groups: %w", err)
	}
	return list, nil
}

// SaveGroup creates or replaces a group.
func (db *DB) SaveGroup(ctx context.Context, g account.Group, events ...audit.Event) error {
	doc, err := encode(g)
	if err != nil {
		return err
	}
	return db.write(ctx, func(x *tx) error {
		if _, err := x.exec(`INSERT INTO directory_group (tenant, id, member_key, doc) VALUES ($1, $2, $3, $4)
			ON CONFLICT (tenant, id) DO UPDATE SET member_key = excluded.member_key, doc = excluded.doc`,
			string(g.Tenant), string(g.ID), g.Key, doc); err != nil {
			return fmt.Errorf("save group: %w", err)
		}
		for _, e := range events {
			if err := x.event(e); err != nil {
				return err
			}
		}
		return nil
	})
}

// DeleteGroup deletes a group and takes everybody out of it.
func (db *DB) DeleteGroup(ctx context.Context, g account.Group, e audit.Event) error {
	return db.write(ctx, func(x *tx) error {
		n, err := x.exec(`DELETE FROM directory_group WHERE tenant = $1 AND id = $2`, string(g.Tenant), string(g.ID))
		if err != nil {
			return fmt.Errorf("delete group: %w", err)
		}
		if n == 0 {
			return fault.New(fault.ObjectUnknown, "object", string(g.ID))
		}
		members, err := x.accountsWith(g.Tenant, g.Key)
		if err != nil {
			return err
		}
		for _, a := range members {
			leave := func(a *account.Account) error {
				a.Groups = slices.DeleteFunc(a.Groups, func(key string) bool { return key == g.Key })
				return nil
			}
			if err := x.amendAccount(g.Tenant, a, leave); err != nil {
				return err
			}
		}
		return x.event(e)
	})
}

// accountsWith lists the accounts whose document holds a text. It may name too
// many; who is in the group is read from the document.
func (t *tx) accountsWith(of id.Tenant, text string) ([]id.Object, error) {
	rows, err := t.pen.conn.QueryContext(t.ctx, t.db.engine.placeholders(`SELECT id FROM account WHERE tenant = $1 AND doc LIKE $2 ORDER BY id`),
		string(of), "%"+text+"%")
	if err != nil {
		return nil, fmt.Errorf("list members: %w", err)
	}
	var list []id.Object
	err = each(rows, func(row scanner) error {
		var a id.Object
		err := row.Scan((*string)(&a))
		list = append(list, a)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list members: %w", err)
	}
	return list, nil
}

// AmendAccount changes one account as it is at that moment.
func (db *DB) AmendAccount(ctx context.Context, t id.Tenant, key id.Object, change func(*account.Account) error, e audit.Event) error {
	return db.write(ctx, func(x *tx) error {
		if err := x.amendAccount(t, key, change); err != nil {
			return err
		}
		return x.event(e)
	})
}

func (t *tx) amendAccount(of id.Tenant, key id.Object, change func(*account.Account) error) error {
	// Writing first takes the row: two changes at once are made one after the
	// other, and neither is lost.
	n, err := t.exec(`UPDATE account SET tenant = tenant WHERE tenant = $1 AND id = $2`, string(of), string(key))
	if err != nil {
		return fmt.Errorf("take account: %w", err)
	}
	if n == 0 {
		return fault.New(fault.AccountUnknown)
	}
	a, err := scanAccount(t.row(`SELECT doc FROM account WHERE tenant = $1 AND id = $2`, string(of), string(key)))
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
	if _, err := t.exec(`UPDATE account SET doc = $1, reviewer = $2 WHERE tenant = $3 AND id = $4`,
		doc, a.MayConsentForAll() && !a.Disabled, string(of), string(key)); err != nil {
		return fmt.Errorf("change account: %w", err)
	}
	return t.leaveAll(was, a)
}

// DeleteAccount puts an account aside, as DropMember does: the person can come
// back for a while.
func (db *DB) DeleteAccount(ctx context.Context, t id.Tenant, key id.Object, e audit.Event) error {
	return db.DropMember(ctx, t, key, func(account.Account) error { return nil }, delegated.Dropped{At: e.At}, e)
}
