package sqlstore

import (
	"context"
	"fmt"
	"time"

	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/once"
)

var _ once.Store = (*DB)(nil)

// ClaimDeed takes a key, or gives the claim that holds it.
func (db *DB) ClaimDeed(ctx context.Context, c once.Claim, now time.Time) (once.Claim, bool, error) {
	held, won := c, false
	err := db.write(ctx, func(x *tx) error {
		n, err := x.exec(`INSERT INTO deed (tenant, request, digest, sealed, until_at) VALUES ($1, $2, $3, NULL, $4)
			ON CONFLICT (tenant, request) DO UPDATE SET digest = excluded.digest, sealed = NULL, until_at = excluded.until_at
			WHERE deed.until_at <= $5`, string(c.Tenant), c.Key, c.Digest, micros(c.Until), micros(now))
		if err != nil {
			return fmt.Errorf("claim deed: %w", err)
		}
		held, won = c, n == 1
		if won {
			return nil
		}
		var until int64
		if err := x.row(`SELECT digest, sealed, until_at FROM deed WHERE tenant = $1 AND request = $2`,
			string(c.Tenant), c.Key).Scan(&held.Digest, &held.Sealed, &until); err != nil {
			return fmt.Errorf("read deed: %w", err)
		}
		held.Until = instant(until)
		return nil
	})
	return held, won, err
}

// FinishDeed keeps the answer of a claim.
func (db *DB) FinishDeed(ctx context.Context, c once.Claim) error {
	return db.write(ctx, func(x *tx) error {
		if _, err := x.exec(`UPDATE deed SET sealed = $1, until_at = $2 WHERE tenant = $3 AND request = $4 AND digest = $5`,
			c.Sealed, micros(c.Until), string(c.Tenant), c.Key, c.Digest); err != nil {
			return fmt.Errorf("finish deed: %w", err)
		}
		return nil
	})
}

// ReleaseDeed forgets a claim that has no answer.
func (db *DB) ReleaseDeed(ctx context.Context, t id.Tenant, key string) error {
	return db.write(ctx, func(x *tx) error {
		if _, err := x.exec(`DELETE FROM deed WHERE tenant = $1 AND request = $2 AND sealed IS NULL`, string(t), key); err != nil {
			return fmt.Errorf("release deed: %w", err)
		}
		return nil
	})
}
