package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/vault"
)

var _ vault.Store = (*DB)(nil)

// VaultAt finds the vault of a host.
func (db *DB) VaultAt(ctx context.Context, host string) (vault.Vault, error) {
	var doc string
	if err := db.row(ctx, `SELECT doc FROM vault WHERE host = $1`, host).Scan(&doc); err != nil {
		return vault.Vault{}, absent(err, fault.New(fault.VaultUnknown), "read vault")
	}
	return document[vault.Vault](doc)
}

// SaveVault creates or replaces a vault.
func (db *DB) SaveVault(ctx context.Context, v vault.Vault) error {
	return db.saveVault(ctx, v, nil)
}

// DeclareVault is SaveVault with its event.
func (db *DB) DeclareVault(ctx context.Context, v vault.Vault, e audit.Event) error {
	return db.saveVault(ctx, v, []audit.Event{e})
}

func (db *DB) saveVault(ctx context.Context, v vault.Vault, events []audit.Event) error {
	doc, err := encode(v)
	if err != nil {
		return err
	}
	return db.write(ctx, func(x *tx) error {
		_, err := x.exec(`INSERT INTO vault (tenant, name, host, doc) VALUES ($1, $2, $3, $4)
			ON CONFLICT (tenant, name) DO UPDATE SET host = excluded.host, doc = excluded.doc`,
			string(v.Tenant), v.Name, v.Host, doc)
		if err != nil {
			return fmt.Errorf("save vault: %w", err)
		}
		return x.events(events)
	})
}

func secretKey(k vault.Key, more ...any) []any {
	return append([]any{string(k.Tenant), k.Vault, k.Name}, more...)
}

func secretUnknown(k vault.Key) error { return fault.New(fault.SecretUnknown, "secret", k.Name) }

// AddVersion makes a version the latest of its secret.
func (db *DB) AddVersion(ctx context.Context, k vault.Key, v vault.Version, e audit.Event) error {
	return db.write(ctx, func(x *tx) error {
		n, err := x.exec(`INSERT INTO secret (tenant, vault, name_key, latest, deleted_at, purge_at) VALUES ($1, $2, $3, $4, 0, 0)
			ON CONFLICT (tenant, vault, name_key) DO UPDATE SET latest = excluded.latest WHERE secret.deleted_at = 0`, secretKey(k, v.ID)...)
		if err != nil {
			return fmt.Errorf("save secret: %w", err)
		}
		if n == 0 {
			return fault.New(fault.SecretDeleted, "secret", k.Name)
		}
		if err := x.version(k, v); err != nil {
			return err
		}
		return x.event(e)
	})
}

func (t *tx) version(k vault.Key, v vault.Version) error {
	doc, err := encode(v)
	if err != nil {
		return err
	}
	_, err = t.exec(`INSERT INTO secret_version (tenant, vault, name_key, id, seq, doc, sealed)
		SELECT $1, $2, $3, $4, COALESCE(MAX(seq), 0) + 1, $5, $6 FROM secret_version WHERE tenant = $1 AND vault = $2 AND name_key = $3`,
		secretKey(k, v.ID, doc, v.Sealed)...)
	if err != nil {
		return fmt.Errorf("save version: %w", err)
	}
	return nil
}

const secretVersion = `SELECT v.doc, v.sealed FROM secret s JOIN secret_version v
	ON v.tenant = s.tenant AND v.vault = s.vault AND v.name_key = s.name_key
	WHERE s.tenant = $1 AND s.vault = $2 AND s.name_key = $3 `

func versionOf(row scanner) (vault.Version, error) {
	var doc string
	var sealed []byte
	if err := row.Scan(&doc, &sealed); err != nil {
		return vault.Version{}, err
	}
	v, err := document[vault.Version](doc)
	v.Sealed = sealed
	return v, err
}

// ReadVersion gives a version and keeps that it was read.
func (db *DB) ReadVersion(ctx context.Context, k vault.Key, version string, e audit.Event) (found vault.Version, err error) {
	err = db.write(ctx, func(x *tx) (err error) {
		if found, err = x.live(k, version); err != nil {
			return err
		}
		return x.event(e)
	})
	return found, err
}

func (t *tx) live(k vault.Key, version string) (vault.Version, error) {
	v, err := versionOf(t.row(secretVersion+`AND s.deleted_at = 0 AND v.id = CASE WHEN $4 = '' THEN s.latest ELSE $4 END`, secretKey(k, version)...))
	if err != nil {
		return v, absent(err, secretUnknown(k), "read secret")
	}
	return v, nil
}

// ChangeVersion applies change to a version and keeps it.
func (db *DB) ChangeVersion(ctx context.Context, k vault.Key, version string, change func(*vault.Version), e audit.Event) (found vault.Version, err error) {
	err = db.write(ctx, func(x *tx) (err error) {
		// The row is held first, so that two changes do not lose each other.
		if _, err = x.exec(`UPDATE secret SET latest = latest WHERE tenant = $1 AND vault = $2 AND name_key = $3`, secretKey(k)...); err != nil {
			return fmt.Errorf("hold secret: %w", err)
		}
		if found, err = x.live(k, version); err != nil {
			return err
		}
		change(&found)
		doc, err := encode(found)
		if err != nil {
			return err
		}
		if _, err = x.exec(`UPDATE secret_version SET doc = $5 WHERE tenant = $1 AND vault = $2 AND name_key = $3 AND id = $4`,
			secretKey(k, found.ID, doc)...); err != nil {
			return fmt.Errorf("change version: %w", err)
		}
		return x.event(e)
	})
	return found, err
}

// Versions lists a secret's versions, oldest first.
func (db *DB) Versions(ctx context.Context, k vault.Key, after string, limit int) ([]vault.Version, error) {
	var list []vault.Version
	err := db.rows(ctx, func(row scanner) error {
		v, err := versionOf(row)
		list = append(list, v)
		return err
	}, secretVersion+`AND s.deleted_at = 0 AND v.seq > COALESCE((SELECT a.seq FROM secret_version a
		WHERE a.tenant = $1 AND a.vault = $2 AND a.name_key = $3 AND a.id = $4), 0) ORDER BY v.seq LIMIT $5`, secretKey(k, after, limit)...)
	if err != nil {
		return nil, fmt.Errorf("list versions: %w", err)
	}
	return list, nil
}

const latestVersion = `SELECT v.doc, s.deleted_at, s.purge_at FROM secret s JOIN secret_version v
	ON v.tenant = s.tenant AND v.vault = s.vault AND v.name_key = s.name_key AND v.id = s.latest
	WHERE s.tenant = $1 AND s.vault = $2 `

func deletedOf(row scanner) (vault.Deleted, error) {
	var doc string
	var at, purge int64
	if err := row.Scan(&doc, &at, &purge); err != nil {
		return vault.Deleted{}, err
	}
	v, err := document[vault.Version](doc)
	return vault.Deleted{Version: v, At: instant(at), Purge: instant(purge)}, err
}

// Secrets lists the latest versions of secrets by name.
func (db *DB) Secrets(ctx context.Context, t id.Tenant, of, after string, deleted bool, limit int) ([]vault.Deleted, error) {
	var list []vault.Deleted
	condition := `AND s.deleted_at = 0 `
	if deleted {
		condition = `AND s.deleted_at > 0 `
	}
	err := db.rows(ctx, func(row scanner) error {
		d, err := deletedOf(row)
		list = append(list, d)
		return err
	}, latestVersion+condition+`AND s.name_key > $3 ORDER BY s.name_key LIMIT $4`, string(t), of, after, limit)
	if err != nil {
		return nil, fmt.Errorf("list secrets: %w", err)
	}
	return list, nil
}

// DeletedSecret gives a deleted secret.
func (db *DB) DeletedSecret(ctx context.Context, k vault.Key) (vault.Deleted, error) {
	d, err := deletedOf(db.row(ctx, latestVersion+`AND s.name_key = $3 AND s.deleted_at > 0`, secretKey(k)...))
	if err != nil {
		return d, absent(err, secretUnknown(k), "read deleted secret")
	}
	return d, nil
}

// MarkDeleted moves a secret to the deleted ones.
func (db *DB) MarkDeleted(ctx context.Context, k vault.Key, at, purge time.Time, e audit.Event) (found vault.Deleted, err error) {
	err = db.write(ctx, func(x *tx) error {
		n, err := x.exec(`UPDATE secret SET deleted_at = $4, purge_at = $5 WHERE tenant = $1 AND vault = $2 AND name_key = $3 AND deleted_at = 0`,
			secretKey(k, micros(at), micros(purge))...)
		if err != nil {
			return fmt.Errorf("delete secret: %w", err)
		}
		if n == 0 {
			return secretUnknown(k)
		}
		if found, err = deletedOf(x.row(latestVersion+`AND s.name_key = $3`, secretKey(k)...)); err != nil {
			return fmt.Errorf("read deleted secret: %w", err)
		}
		return x.event(e)
	})
	return found, err
}

// MarkRecovered brings a deleted secret back.
func (db *DB) MarkRecovered(ctx context.Context, k vault.Key, e audit.Event) (found vault.Version, err error) {
	err = db.write(ctx, func(x *tx) error {
		n, err := x.exec(`UPDATE secret SET deleted_at = 0, purge_at = 0 WHERE tenant = $1 AND vault = $2 AND name_key = $3 AND deleted_at > 0`, secretKey(k)...)
		if err != nil {
			return fmt.Errorf("recover secret: %w", err)
		}
		if n == 0 {
			return secretUnknown(k)
		}
		if found, err = x.live(k, ""); err != nil {
			return err
		}
		return x.event(e)
	})
	return found, err
}

// PurgeSecret forgets a deleted secret.
func (db *DB) PurgeSecret(ctx context.Context, k vault.Key, e audit.Event) error {
	return db.write(ctx, func(x *tx) error {
		n, err := x.exec(`DELETE FROM secret WHERE tenant = $1 AND vault = $2 AND name_key = $3 AND deleted_at > 0`, secretKey(k)...)
		if err != nil {
			return fmt.Errorf("purge secret: %w", err)
		}
		if n == 0 {
			return secretUnknown(k)
		}
		return x.event(e)
	})
}

// AllVersions gives every version of a secret for a backup.
func (db *DB) AllVersions(ctx context.Context, k vault.Key, limit int, e audit.Event) ([]vault.Version, error) {
	// The record comes first: what nobody was told does no harm, and a write
	// cannot read many rows.
	if err := db.write(ctx, func(x *tx) error { return x.event(e) }); err != nil {
		return nil, err
	}
	list, err := db.Versions(ctx, k, "", limit)
	if err == nil && len(list) == 0 {
		return nil, secretUnknown(k)
	}
	return list, err
}

// RestoreSecret brings a backed-up secret back.
func (db *DB) RestoreSecret(ctx context.Context, k vault.Key, versions []vault.Version, e audit.Event) error {
	return db.write(ctx, func(x *tx) error {
		var one int
		err := x.row(`SELECT 1 FROM secret WHERE tenant = $1 AND vault = $2 AND name_key = $3`, secretKey(k)...).Scan(&one)
		if err == nil {
			return fault.New(fault.SecretTaken, "secret", k.Name)
		} else if !errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("read secret: %w", err)
		}
		if _, err := x.exec(`INSERT INTO secret (tenant, vault, name_key, latest, deleted_at, purge_at) VALUES ($1, $2, $3, $4, 0, 0)`,
			secretKey(k, versions[len(versions)-1].ID)...); err != nil {
			return fmt.Errorf("restore secret: %w", err)
		}
		for _, v := range versions {
			if err := x.version(k, v); err != nil {
				return err
			}
		}
		return x.event(e)
	})
}
