package sqlstore

import (
	"context"
	"fmt"

	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/subscription"
)

var _ subscription.Store = (*DB)(nil)

// Subscriptions lists an organisation's subscriptions.
func (db *DB) Subscriptions(ctx context.Context, t id.Tenant) ([]subscription.Subscription, error) {
	var list []subscription.Subscription
	err := db.rows(ctx, func(row scanner) error {
		var doc string
		if err := row.Scan(&doc); err != nil {
			return err
		}
		s, err := document[subscription.Subscription](doc)
		list = append(list, s)
		return err
	}, `SELECT doc FROM subscription WHERE tenant = $1 ORDER BY id`, string(t))
	if err != nil {
		return nil, fmt.Errorf("list subscriptions: %w", err)
	}
	return list, nil
}

// SaveSubscription creates or replaces a subscription.
func (db *DB) SaveSubscription(ctx context.Context, s subscription.Subscription) error {
	doc, err := encode(s)
	if err != nil {
		return err
	}
	return db.write(ctx, func(x *tx) error {
		if _, err := x.exec(`INSERT INTO subscription (tenant, id, doc) VALUES ($1, $2, $3)
			ON CONFLICT (tenant, id) DO UPDATE SET doc = excluded.doc`, string(s.Tenant), s.ID, doc); err != nil {
			return fmt.Errorf("save subscription: %w", err)
		}
		return nil
	})
}
