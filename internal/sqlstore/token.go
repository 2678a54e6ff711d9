package sqlstore

import (
	"context"
	"fmt"
	"time"

	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/delegated"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/signingkey"
	"github.com/entente-id/entente/internal/token"
)

var (
	_ signingkey.Store = (*DB)(nil)
	_ token.Store      = (*DB)(nil)
)

// SigningKeys lists all keys, oldest first.
func (db *DB) SigningKeys(ctx context.Context) ([]signingkey.Stored, error) {
	var list []signingkey.Stored
	err := db.rows(ctx, func(row scanner) error {
		var k signingkey.Stored
		var published, active int64
		if err := row.Scan((*string)(&k.Realm), (*string)(&k.Algorithm), &k.Slot, &k.Sealed, &k.Certificate, &published, &active); err != nil {
			return err
		}
		k.Published, k.Active = instant(published), instant(active)
		list = append(list, k)
		return nil
	}, `SELECT realm, algorithm, slot, sealed, certificate, published_at, active_at FROM signing_key ORDER BY slot, realm, algorithm`)
	if err != nil {
		return nil, fmt.Errorf("list signing keys: %w", err)
	}
	return list, nil
}

// AddSigningKey adds a key unless its slot is taken.
func (db *DB) AddSigningKey(ctx context.Context, k signingkey.Stored) error {
	return db.write(ctx, func(x *tx) error {
		_, err := x.exec(`INSERT INTO signing_key (realm, algorithm, slot, sealed, certificate, published_at, active_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (realm, algorithm, slot) DO NOTHING`,
			string(k.Realm), string(k.Algorithm), k.Slot, k.Sealed, k.Certificate, micros(k.Published), micros(k.Active))
		if err != nil {
			return fmt.Errorf("add signing key: %w", err)
		}
		return nil
	})
}

// Redeem spends a code and opens its family.
func (db *DB) Redeem(ctx context.Context, r token.Redemption) (token.Redeemed, error) {
	var done token.Redeemed
	family := ""
	if r.Family != nil {
		family = r.Family.ID
	}
	err := db.write(ctx, func(x *tx) error {
		done = token.Redeemed{}
		n, err := x.exec(`INSERT INTO spent_code (digest, key_digest, family, at, expires_at) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (digest) DO NOTHING`, r.Digest, r.Key, family, micros(r.At), micros(r.Expires))
		if err != nil {
			return fmt.Errorf("spend code: %w", err)
		}
		if n == 1 {
			done.First = true
			if r.Family == nil {
				return nil
			}
			return x.addFamily(*r.Family)
		}
		var at int64
		if err := x.row(`SELECT key_digest, family, at FROM spent_code WHERE digest = $1`, r.Digest).Scan(&done.Key, &done.Family, &at); err != nil {
			return fmt.Errorf("read spent code: %w", err)
		}
		done.At = instant(at)
		// A write whose commit was made and whose answer was lost runs again
		// and finds its own row: family ids are never used twice.
		done.First = r.Family != nil && done.Family == r.Family.ID
		return nil
	})
	return done, err
}

// TakeBack marks a spent code.
func (db *DB) TakeBack(ctx context.Context, digest string, at time.Time) error {
	return db.write(ctx, func(x *tx) error {
		if _, err := x.exec(`UPDATE spent_code SET taken_back_at = $1 WHERE digest = $2 AND taken_back_at = 0`, micros(at), digest); err != nil {
			return fmt.Errorf("take back what a code gave: %w", err)
		}
		return nil
	})
}

// TakenBack says whether a spent code was marked.
func (db *DB) TakenBack(ctx context.Context, digest string) (bool, error) {
	var marked bool
	err := db.row(ctx, `SELECT EXISTS (SELECT 1 FROM spent_code WHERE digest = $1 AND taken_back_at > 0)`, digest).Scan(&marked)
	if err != nil {
		return false, fmt.Errorf("read spent code: %w", err)
	}
	return marked, nil
}

const familyColumns = `id, tenant, account, client, grant_doc, class, epoch, active, active_key, active_at,
	superseded_key, superseded_at, credential, state, reason, suspect_at, created_at, used_at, secret, version`

func (t *tx) addFamily(f token.Family) error {
	grant, err := encode(f.Grant)
	if err != nil {
		return err
	}
	_, err = t.exec(`INSERT INTO refresh_family (`+familyColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)`,
		f.ID, string(f.Grant.Home), string(f.Grant.Account), string(f.Grant.Client), grant, string(f.Class),
		int64(f.Epoch), int64(f.Active), f.ActiveKey, micros(f.ActiveAt), f.SupersededKey, micros(f.SupersededAt),
		f.Credential, string(f.State), int64(f.Reason), micros(f.SuspectAt), micros(f.Created), micros(f.Used), f.Secret, f.Version)
	if err != nil {
		return fmt.Errorf("open family: %w", err)
	}
	return nil
}

// Family finds a refresh family.
func (db *DB) Family(ctx context.Context, family string) (token.Family, error) {
	var f token.Family
	var tenant, account, client, grant string
	var epoch, active, activeAt, supersededAt, reason, suspectAt, created, used int64
	err := db.row(ctx, `SELECT `+familyColumns+` FROM refresh_family WHERE id = $1`, family).Scan(
		&f.ID, &tenant, &account, &client, &grant, (*string)(&f.Class), &epoch, &active, &f.ActiveKey, &activeAt,
		&f.SupersededKey, &supersededAt, &f.Credential, (*string)(&f.State), &reason, &suspectAt, &created, &used, &f.Secret, &f.Version)
	if err != nil {
		return f, absent(err, fault.New(fault.GrantInvalid, "reason", "unknown"), "read family")
	}
	f.Epoch, f.Active, f.Reason = uint32(epoch), uint32(active), fault.Code(reason)
	f.ActiveAt, f.SupersededAt, f.SuspectAt = instant(activeAt), instant(supersededAt), instant(suspectAt)
	f.Created, f.Used = instant(created), instant(used)
	f.Grant, err = document[token.Grant](grant)
	return f, err
}

// SwapFamily replaces a family's state if nobody else did.
func (db *DB) SwapFamily(ctx context.Context, f token.Family, version int64, e *audit.Event) (bool, error) {
	won := false
	err := db.write(ctx, func(x *tx) error {
		n, err := x.exec(`UPDATE refresh_family SET class = $1, epoch = $2, active = $3, active_key = $4, active_at = $5,
			superseded_key = $6, superseded_at = $7, credential = $8, state = $9, reason = $10, suspect_at = $11,
			used_at = $12, version = version + 1 WHERE id = $13 AND version = $14`,
			string(f.Class), int64(f.Epoch), int64(f.Active), f.ActiveKey, micros(f.ActiveAt),
			f.SupersededKey, micros(f.SupersededAt), f.Credential, string(f.State), int64(f.Reason), micros(f.SuspectAt),
			micros(f.Used), f.ID, version)
		if err != nil {
			return fmt.Errorf("swap family: %w", err)
		}
		won = n == 1
		if !won || e == nil {
			return nil
		}
		return x.event(*e)
	})
	return won, err
}

// Prune forgets what has ended: journeys, spent codes, one-time assertions,
// sessions past their life, and families idle for longer than any could live.
func (db *DB) Prune(ctx context.Context, now time.Time) error {
	return db.write(ctx, func(x *tx) error {
		for _, p := range []struct {
			text  string
			limit time.Time
		}{
			{`DELETE FROM journey WHERE expires_at < $1`, now},
			{`DELETE FROM spent_code WHERE expires_at < $1 AND taken_back_at = 0`, now.Add(-time.Hour)},
			// Longer than any token that a code gave.
			{`DELETE FROM spent_code WHERE expires_at < $1`, now.Add(-48 * time.Hour)},
			{`DELETE FROM passkey_challenge WHERE until_at < $1`, now.Add(-time.Hour)},
			{`DELETE FROM device_request WHERE expires_at < $1`, now.Add(-time.Hour)},
			{`DELETE FROM deed WHERE until_at < $1`, now},
			{`DELETE FROM partner_request WHERE at < $1`, now.Add(-8 * 24 * time.Hour)},
			// What people proved themselves with goes before the people.
			{`DELETE FROM password WHERE EXISTS (SELECT 1 FROM dropped_account d WHERE d.tenant = password.tenant AND d.id = password.account AND d.dropped_at < $1)`, now.Add(-delegated.KeptFor)},
			{`DELETE FROM authenticator WHERE EXISTS (SELECT 1 FROM dropped_account d WHERE d.tenant = authenticator.tenant AND d.id = authenticator.account AND d.dropped_at < $1)`, now.Add(-delegated.KeptFor)},
			{`DELETE FROM recovery_code WHERE EXISTS (SELECT 1 FROM dropped_account d WHERE d.tenant = recovery_code.tenant AND d.id = recovery_code.account AND d.dropped_at < $1)`, now.Add(-delegated.KeptFor)},
			{`DELETE FROM passkey WHERE EXISTS (SELECT 1 FROM dropped_account d WHERE d.tenant = passkey.tenant AND d.id = passkey.account AND d.dropped_at < $1)`, now.Add(-delegated.KeptFor)},
			{`DELETE FROM dropped_account WHERE dropped_at < $1`, now.Add(-delegated.KeptFor)},
			{`DELETE FROM assertion WHERE until_at < $1`, now.Add(-time.Hour)},
			{`DELETE FROM sign_in WHERE at < $1`, now.Add(-audit.SignInsKept)},
			{`DELETE FROM secret WHERE deleted_at > 0 AND purge_at < $1`, now},
			{`DELETE FROM presence WHERE next_at = 0 AND at < $1`, now.Add(-48 * time.Hour)},
			{`DELETE FROM browser_session WHERE created_at < $1`, now.Add(-48 * time.Hour)},
			{`DELETE FROM refresh_family WHERE created_at < $1 AND used_at < $1`, now.Add(-180 * 24 * time.Hour)},
		} {
			if _, err := x.exec(p.text, micros(p.limit)); err != nil {
				return fmt.Errorf("prune: %w", err)
			}
		}
		return nil
	})
}
