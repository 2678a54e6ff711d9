package sqlstore

import (
	"context"
	"fmt"
	"time"

	"github.com/entente-id/entente/internal/message"
)

var _ message.Store = (*DB)(nil)

// messages keeps messages in the transaction of the deed that they tell of.
func (t *tx) messages(list []message.Sealed) error {
	for _, m := range list {
		if _, err := t.exec(`INSERT INTO message (id, body, tries, at, next_at) VALUES ($1, $2, 0, $3, $3)`, m.ID, m.Body, micros(m.At)); err != nil {
			return fmt.Errorf("keep message: %w", err)
		}
	}
	return nil
}

// AddMessages keeps messages that no other deed belongs to.
func (db *DB) AddMessages(ctx context.Context, list []message.Sealed) error {
	return db.write(ctx, func(x *tx) error { return x.messages(list) })
}

// TakeMessages hands out what is due and leases it.
func (db *DB) TakeMessages(ctx context.Context, now, until time.Time, limit int) ([]message.Waiting, error) {
	var due []message.Waiting
	err := db.rows(ctx, func(row scanner) error {
		var w message.Waiting
		var at int64
		err := row.Scan(&w.ID, &w.Body, &w.Tries, &at)
		w.At = instant(at)
		due = append(due, w)
		return err
	}, `SELECT id, body, tries, at FROM message WHERE next_at <= $1 ORDER BY at, id LIMIT $2`, micros(now), limit)
	if err != nil || len(due) == 0 {
		return nil, err
	}
	var mine []message.Waiting
	err = db.write(ctx, func(x *tx) error {
		mine = nil
		for _, w := range due {
			// Another node may have taken it since it was read.
			n, err := x.exec(`UPDATE message SET next_at = $1 WHERE id = $2 AND next_at <= $3`, micros(until), w.ID, micros(now))
			if err != nil {
				return fmt.Errorf("lease message: %w", err)
			}
			if n == 1 {
				mine = append(mine, w)
			}
		}
		return nil
	})
	return mine, err
}

// EndMessage forgets a message.
func (db *DB) EndMessage(ctx context.Context, m string) error {
	return db.write(ctx, func(x *tx) error {
		_, err := x.exec(`DELETE FROM message WHERE id = $1`, m)
		return err
	})
}

// DelayMessage counts a failure.
func (db *DB) DelayMessage(ctx context.Context, m string, next time.Time) error {
	return db.write(ctx, func(x *tx) error {
		_, err := x.exec(`UPDATE message SET tries = tries + 1, next_at = $1 WHERE id = $2`, micros(next), m)
		return err
	})
}
