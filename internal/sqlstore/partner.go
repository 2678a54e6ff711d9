package sqlstore

import (
	"context"
	"fmt"

	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/partner"
)

var _ partner.Store = (*DB)(nil)

// Profile finds a partner's profile.
func (db *DB) Profile(ctx context.Context, t id.Tenant) (partner.Profile, error) {
	var doc string
	err := db.row(ctx, `SELECT doc FROM partner_profile WHERE tenant = $1`, string(t)).Scan(&doc)
	if err != nil {
		return partner.Profile{}, absent(err, fault.New(fault.ObjectUnknown, "object", "organization profile"), "read partner profile")
	}
	return document[partner.Profile](doc)
}

// SaveProfile creates or replaces a profile.
func (db *DB) SaveProfile(ctx context.Context, p partner.Profile) error {
	return db.saveProfile(ctx, p, nil)
}

// DeclareProfile is SaveProfile with its event.
func (db *DB) DeclareProfile(ctx context.Context, p partner.Profile, e audit.Event) error {
	return db.saveProfile(ctx, p, []audit.Event{e})
}

func (db *DB) saveProfile(ctx context.Context, p partner.Profile, events []audit.Event) error {
	doc, err := encode(p)
	if err != nil {
		return err
	}
	return db.write(ctx, func(x *tx) error {
		if _, err := x.exec(`INSERT INTO partner_profile (tenant, etag, doc) VALUES ($1, $2, $3)
			ON CONFLICT (tenant) DO UPDATE SET etag = excluded.etag, doc = excluded.doc`,
			string(p.Tenant), p.ETag, doc); err != nil {
			return fmt.Errorf("save partner profile: %w", err)
		}
		return x.events(events)
	})
}

// ChangeProfile replaces the profile that still has the old ETag.
func (db *DB) ChangeProfile(ctx context.Context, p partner.Profile, old string, e audit.Event) error {
	doc, err := encode(p)
	if err != nil {
		return err
	}
	var changed int64
	err = db.write(ctx, func(x *tx) (err error) {
		changed, err = x.exec(`UPDATE partner_profile SET etag = $1, doc = $2 WHERE tenant = $3 AND etag = $4`,
			p.ETag, doc, string(p.Tenant), old)
		if err != nil || changed == 0 {
			return err
		}
		return x.event(e)
	})
	if err != nil {
		return fmt.Errorf("change partner profile: %w", err)
	}
	if changed == 0 {
		return fault.New(fault.ChangedMeanwhile, "object", "organization profile")
	}
	return nil
}
