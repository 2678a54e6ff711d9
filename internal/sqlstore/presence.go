package sqlstore

import (
	"context"
	"fmt"
	"time"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/presence"
	"github.com/entente-id/entente/internal/session"
)

var _ presence.Store = (*DB)(nil)

// AddPresence keeps one unless it is there. While its session lives, next_at
// is 0.
func (db *DB) AddPresence(ctx context.Context, p presence.Presence) error {
	return db.write(ctx, func(x *tx) error {
		_, err := x.exec(`INSERT INTO presence (tenant, sid, app, account, version, at, tries, next_at) VALUES ($1, $2, $3, $4, $5, $6, 0, 0)
			ON CONFLICT (tenant, sid, app) DO NOTHING`, string(p.Tenant), p.SID, string(p.App), string(p.Account), p.Version, micros(p.At))
		if err != nil {
			return fmt.Errorf("keep presence: %w", err)
		}
		return nil
	})
}

// leave marks what a person's session was present at as ended.
func (t *tx) leave(who session.Signed, now time.Time) error {
	for _, sid := range who.SIDs() {
		if _, err := t.exec(`UPDATE presence SET next_at = $1 WHERE tenant = $2 AND sid = $3 AND next_at = 0`, micros(now), string(who.Home), sid); err != nil {
			return fmt.Errorf("end presence: %w", err)
		}
	}
	return nil
}

// leaveAll marks what a person is present at as ended, when a change of the
// account ended their sessions. Whoever signed in since is not meant.
func (t *tx) leaveAll(was, is account.Account) error {
	if !is.SessionsFrom.After(was.SessionsFrom) {
		return nil
	}
	from := micros(is.SessionsFrom)
	if _, err := t.exec(`UPDATE presence SET next_at = $1 WHERE tenant = $2 AND account = $3 AND next_at = 0 AND at < $1`,
		from, string(is.Tenant), string(is.ID)); err != nil {
		return fmt.Errorf("end presences: %w", err)
	}
	return nil
}

// PresencesOf lists those of a person's session.
func (db *DB) PresencesOf(ctx context.Context, t id.Tenant, sid string) ([]presence.Presence, error) {
	return db.presences(ctx, `SELECT tenant, sid, app, account, version, at, tries FROM presence WHERE tenant = $1 AND sid = $2 ORDER BY app`, string(t), sid)
}

func (db *DB) presences(ctx context.Context, text string, args ...any) ([]presence.Presence, error) {
	var list []presence.Presence
	err := db.rows(ctx, func(row scanner) error {
		var p presence.Presence
		var at int64
		err := row.Scan((*string)(&p.Tenant), &p.SID, (*string)(&p.App), (*string)(&p.Account), &p.Version, &at, &p.Tries)
		p.At = instant(at)
		list = append(list, p)
		return err
	}, text, args...)
	return list, err
}

// TakeEnded hands out ended ones that are due and leases them.
func (db *DB) TakeEnded(ctx context.Context, now, until time.Time, limit int) ([]presence.Presence, error) {
	due, err := db.presences(ctx, `SELECT tenant, sid, app, account, version, at, tries FROM presence
		WHERE next_at > 0 AND next_at <= $1 ORDER BY next_at, tenant, sid, app LIMIT $2`, micros(now), limit)
	if err != nil || len(due) == 0 {
		return nil, err
	}
	var mine []presence.Presence
	err = db.write(ctx, func(x *tx) error {
		mine = nil
		for _, p := range due {
			// Another node may have taken it since it was read.
			n, err := x.exec(`UPDATE presence SET next_at = $1 WHERE tenant = $2 AND sid = $3 AND app = $4 AND next_at <= $5`,
				micros(until), string(p.Tenant), p.SID, string(p.App), micros(now))
			if err != nil {
				return fmt.Errorf("lease notice: %w", err)
			}
			if n == 1 {
				mine = append(mine, p)
			}
		}
		return nil
	})
	return mine, err
}

// ForgetPresence ends one.
func (db *DB) ForgetPresence(ctx context.Context, p presence.Presence) error {
	return db.write(ctx, func(x *tx) error {
		_, err := x.exec(`DELETE FROM presence WHERE tenant = $1 AND sid = $2 AND app = $3`, string(p.Tenant), p.SID, string(p.App))
		return err
	})
}

// DelayPresence counts a failure.
func (db *DB) DelayPresence(ctx context.Context, p presence.Presence, next time.Time) error {
	return db.write(ctx, func(x *tx) error {
		_, err := x.exec(`UPDATE presence SET tries = tries + 1, next_at = $1 WHERE tenant = $2 AND sid = $3 AND app = $4`,
			micros(next), string(p.Tenant), p.SID, string(p.App))
		return err
	})
}
