package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/tenant"
)

var (
	_ tenant.Store  = (*DB)(nil)
	_ account.Store = (*DB)(nil)
)

// Tenant finds an organisation by id.
func (db *DB) Tenant(ctx context.Context, t id.Tenant) (tenant.Tenant, error) {
	return scanTenant(string(t), db.row(ctx, `SELECT doc FROM tenant WHERE id = $1`, string(t)))
}

// TenantOfDomain finds the organisation that owns a domain.
func (db *DB) TenantOfDomain(ctx context.Context, domain string) (tenant.Tenant, error) {
	return scanTenant(domain, db.row(ctx,
		`SELECT t.doc FROM domain d JOIN tenant t ON t.id = d.tenant WHERE d.name = $1`, domain))
}

func scanTenant(name string, row scanner) (tenant.Tenant, error) {
	var doc string
	if err := row.Scan(&doc); err != nil {
		return tenant.Tenant{}, absent(err, fault.New(fault.TenantUnknown, "tenant", name), "read tenant")
	}
	return document[tenant.Tenant](doc)
}

// SaveTenant creates or replaces an organisation and its domains.
func (db *DB) SaveTenant(ctx context.Context, t tenant.Tenant) error {
	return db.saveTenant(ctx, t, nil)
}

// DeclareTenant is SaveTenant with its event.
func (db *DB) DeclareTenant(ctx context.Context, t tenant.Tenant, e audit.Event) error {
	return db.saveTenant(ctx, t, []audit.Event{e})
}

func (db *DB) saveTenant(ctx context.Context, t tenant.Tenant, events []audit.Event) error {
	doc, err := encode(t)
	if err != nil {
		return err
	}
	return db.write(ctx, func(x *tx) error {
		if _, err := x.exec(`INSERT INTO tenant (id, doc, created_at) VALUES ($1, $2, $3)
			ON CONFLICT (id) DO UPDATE SET doc = excluded.doc`, string(t.ID), doc, micros(t.Created)); err != nil {
			return fmt.Errorf("save tenant: %w", err)
		}
		if _, err := x.exec(`DELETE FROM domain WHERE tenant = $1`, string(t.ID)); err != nil {
			return fmt.Errorf("save domains: %w", err)
		}
		for _, d := range t.Domains {
			if err := x.own(t.ID, d.Name); err != nil {
				return err
			}
		}
		return x.events(events)
	})
}

// AmendTenant changes an organisation as it is at that moment.
func (db *DB) AmendTenant(ctx context.Context, t id.Tenant, change func(*tenant.Tenant), e audit.Event) error {
	return db.write(ctx, func(x *tx) error {
		if err := x.amend(t, change); err != nil {
			return err
		}
		return x.event(e)
	})
}

// Account finds a person by id.
func (db *DB) Account(ctx context.Context, t id.Tenant, a id.Object) (account.Account, error) {
	return scanAccount(db.row(ctx, `SELECT doc FROM account WHERE tenant = $1 AND id = $2`, string(t), string(a)))
}

// AccountNamed finds a person by folded sign-in name.
func (db *DB) AccountNamed(ctx context.Context, t id.Tenant, key string) (account.Account, error) {
	return scanAccount(db.row(ctx, `SELECT doc FROM account WHERE tenant = $1 AND name_key = $2`, string(t), key))
}

func scanAccount(row scanner) (account.Account, error) {
	var doc string
	if err := row.Scan(&doc); err != nil {
		return account.Account{}, absent(err, fault.New(fault.AccountUnknown), "read account")
	}
	return document[account.Account](doc)
}

// Accounts lists people in the order of their ids.
func (db *DB) Accounts(ctx context.Context, t id.Tenant, after id.Object, limit int) ([]account.Account, error) {
	var list []account.Account
	err := db.rows(ctx, func(row scanner) error {
		a, err := scanAccount(row)
		list = append(list, a)
		return err
	}, `SELECT doc FROM account WHERE tenant = $1 AND id > $2 ORDER BY id LIMIT $3`, string(t), string(after), limit)
	if err != nil {
		return nil, fmt.Errorf("list accounts: %w", err)
	}
	return list, nil
}

// CountAccounts counts a tenant's people.
func (db *DB) CountAccounts(ctx context.Context, t id.Tenant) (int, error) {
	var n int
	if err := db.row(ctx, `SELECT COUNT(*) FROM account WHERE tenant = $1`, string(t)).Scan(&n); err != nil {
		return 0, fmt.Errorf("count accounts: %w", err)
	}
	return n, nil
}

// Reviewers lists the people who may allow apps for everyone.
func (db *DB) Reviewers(ctx context.Context, t id.Tenant, limit int) ([]account.Account, error) {
	var list []account.Account
	err := db.rows(ctx, func(row scanner) error {
		a, err := scanAccount(row)
		// The column's first values were guessed from the documents, so the
		// document has the last word.
		if err == nil && a.MayConsentForAll() && !a.Disabled {
			list = append(list, a)
		}
		return err
	}, `SELECT doc FROM account WHERE tenant = $1 AND reviewer ORDER BY id LIMIT $2`, string(t), limit)
	if err != nil {
		return nil, fmt.Errorf("list reviewers: %w", err)
	}
	return list, nil
}

// SaveAccount creates or replaces a person.
func (db *DB) SaveAccount(ctx context.Context, a account.Account) error {
	doc, err := encode(a)
	if err != nil {
		return err
	}
	return db.write(ctx, func(x *tx) error {
		_, err := x.exec(`INSERT INTO account (tenant, id, name_key, doc, reviewer) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (tenant, id) DO UPDATE SET name_key = excluded.name_key, doc = excluded.doc, reviewer = excluded.reviewer`,
			string(a.Tenant), string(a.ID), account.FoldName(a.SignInName), doc, a.MayConsentForAll() && !a.Disabled)
		if err != nil {
			return fmt.Errorf("save account: %w", err)
		}
		return nil
	})
}

// absent turns "no row" into the room's fault and wraps anything else.
func absent(err error, fault error, doing string) error {
	if errors.Is(err, sql.ErrNoRows) {
		return fault
	}
	return fmt.Errorf("%s: %w", doing, err)
}

func encode(v any) (string, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("encode document: %w", err)
	}
	return string(b), nil
}

func document[T any](doc string) (T, error) {
	var v T
	return v, decode(doc, &v)
}

func decode(doc string, into any) error {
	if err := json.Unmarshal([]byte(doc), into); err != nil {
		return fmt.Errorf("decode document: %w", err)
	}
	return nil
}
