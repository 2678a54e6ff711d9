package sqlstore

import (
	"context"
	"time"

	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/swap"
)

var _ swap.Store = (*DB)(nil)

// CommitSwap writes a deed with its swaps, all of it or nothing.
func (db *DB) CommitSwap(ctx context.Context, owner id.Tenant, d swap.Deed) error {
	return db.write(ctx, func(x *tx) error {
		if err := x.deed(owner, d.Deed); err != nil {
			return err
		}
		return x.swaps(owner, d.Swaps)
	})
}

func (t *tx) swaps(owner id.Tenant, list []swap.Swap) error {
	for _, s := range list {
		err := t.keep("swap", s, s.Version,
			`INSERT INTO swap (owner, id, tenant, account, state, undo_hash, expires_at, at, doc, version)
				VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 1) ON CONFLICT DO NOTHING`,
			`UPDATE swap SET tenant = $3, account = $4, state = $5, undo_hash = $6, expires_at = $7, at = $8, doc = $9,
				version = version + 1 WHERE owner = $1 AND id = $2 AND version = $10`,
			string(owner), s.ID, string(s.Tenant), string(s.Account), string(s.State), s.UndoHash, micros(s.Expires), micros(s.At))
		if err != nil {
			return err
		}
	}
	return nil
}

func swapVersion(s *swap.Swap) *int64 { return &s.Version }

// Swap finds by id.
func (db *DB) Swap(ctx context.Context, owner id.Tenant, key string) (swap.Swap, error) {
	return versioned(ctx, db, "swap", swapVersion, `SELECT doc, version FROM swap WHERE owner = $1 AND id = $2`, string(owner), key)
}

// SwapOf finds by the digest of an undo token.
func (db *DB) SwapOf(ctx context.Context, owner id.Tenant, hash string) (swap.Swap, error) {
	return versioned(ctx, db, "swap", swapVersion, `SELECT doc, version FROM swap WHERE owner = $1 AND undo_hash = $2`, string(owner), hash)
}

// LastSwap finds the newest of a person.
func (db *DB) LastSwap(ctx context.Context, owner, t id.Tenant, who id.Object) (swap.Swap, error) {
	return versioned(ctx, db, "swap", swapVersion, `SELECT doc, version FROM swap
		WHERE owner = $1 AND tenant = $2 AND account = $3 ORDER BY at DESC, id LIMIT 1`, string(owner), string(t), string(who))
}

// Swaps lists those in a state, oldest first.
func (db *DB) Swaps(ctx context.Context, owner id.Tenant, state swap.State, limit int) ([]swap.Swap, error) {
	return allVersioned(ctx, db, "swaps", swapVersion, `SELECT doc, version FROM swap
		WHERE owner = $1 AND state = $2 ORDER BY at, id LIMIT $3`, string(owner), string(state), limit)
}

// DueSwaps lists those in a state that ended.
func (db *DB) DueSwaps(ctx context.Context, owner id.Tenant, state swap.State, now time.Time, limit int) ([]swap.Swap, error) {
	return allVersioned(ctx, db, "swaps", swapVersion, `SELECT doc, version FROM swap
		WHERE owner = $1 AND state = $2 AND expires_at <= $3 ORDER BY expires_at, id LIMIT $4`,
		string(owner), string(state), micros(now), limit)
}
