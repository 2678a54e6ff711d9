package sqlstore

import (
	"context"
	"fmt"
	"time"

	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/customer"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
)

var _ customer.RelationshipStore = (*DB)(nil)

const relationshipColumns = `SELECT doc, row_version FROM relationship `

func scanRelationship(row scanner) (customer.Relationship, error) {
	var doc string
	var version int64
	if err := row.Scan(&doc, &version); err != nil {
		return customer.Relationship{}, err
	}
	r, err := document[customer.Relationship](doc)
	r.Version = version
	return r, err
}

func (db *DB) relationships(ctx context.Context, text string, args ...any) ([]customer.Relationship, error) {
	var list []customer.Relationship
	err := db.rows(ctx, func(row scanner) error {
		r, err := scanRelationship(row)
		list = append(list, r)
		return err
	}, text, args...)
	if err != nil {
		return nil, fmt.Errorf("list relationships: %w", err)
	}
	return list, nil
}

// Relationships lists what a partner and a customer have agreed.
func (db *DB) Relationships(ctx context.Context, partner, tenant id.Tenant) ([]customer.Relationship, error) {
	return db.relationships(ctx, relationshipColumns+`WHERE partner = $1 AND customer = $2 ORDER BY id`, string(partner), string(tenant))
}

// Relationship finds what a tenant is a side of, or may accept.
func (db *DB) Relationship(ctx context.Context, t id.Tenant, key string) (customer.Relationship, error) {
	r, err := scanRelationship(db.row(ctx, relationshipColumns+`WHERE id = $1 AND (partner = $2 OR customer = $2 OR open)`, key, string(t)))
	if err != nil {
		return customer.Relationship{}, absent(err, fault.New(fault.ObjectUnknown, "object", key), "read relationship")
	}
	return r, nil
}

// RelationshipsOf lists what a tenant is a side of.
func (db *DB) RelationshipsOf(ctx context.Context, t id.Tenant, after string, limit int) ([]customer.Relationship, error) {
	return db.relationships(ctx, relationshipColumns+`WHERE (partner = $1 OR customer = $1) AND id > $2 ORDER BY id LIMIT $3`,
		string(t), after, limit)
}

// DueRelationships lists what the clock has to move, in every tenant.
func (db *DB) DueRelationships(ctx context.Context, now time.Time, limit int) ([]customer.Relationship, error) {
	return db.relationships(ctx, relationshipColumns+`WHERE due_at > 0 AND due_at <= $1 ORDER BY due_at, id LIMIT $2`, micros(now), limit)
}

// open reports an invitation that any organisation may accept.
func open(r customer.Relationship) bool {
	return r.Customer == "" && r.Status == customer.ApprovalPending
}

// SaveRelationship creates or replaces a relationship.
func (db *DB) SaveRelationship(ctx context.Context, r customer.Relationship) error {
	doc, err := encode(r)
	if err != nil {
		return err
	}
	return db.write(ctx, func(x *tx) error {
		_, err := x.exec(`INSERT INTO relationship (partner, id, customer, doc, name_key, open, due_at) VALUES ($1, $2, $3, $4, $5, $6, $7)
			ON CONFLICT (partner, id) DO UPDATE SET customer = excluded.customer, doc = excluded.doc, name_key = excluded.name_key,
			open = excluded.open, due_at = excluded.due_at, row_version = relationship.row_version + 1`,
			string(r.Partner), r.ID, string(r.Customer), doc, customer.Fold(r.DisplayName), open(r), micros(r.Due()))
		if err != nil {
			return fmt.Errorf("save relationship: %w", err)
		}
		return nil
	})
}

// AddRelationship creates a relationship whose name is free.
func (db *DB) AddRelationship(ctx context.Context, r customer.Relationship, e audit.Event) error {
	doc, err := encode(r)
	if err != nil {
		return err
	}
	return db.write(ctx, func(x *tx) error {
		n, err := x.exec(`INSERT INTO relationship (partner, id, customer, doc, name_key, open, due_at) VALUES ($1, $2, $3, $4, $5, $6, $7)
			ON CONFLICT DO NOTHING`,
			string(r.Partner), r.ID, string(r.Customer), doc, customer.Fold(r.DisplayName), open(r), micros(r.Due()))
		if err != nil {
			return fmt.Errorf("add relationship: %w", err)
		}
		if n == 0 {
			return nameTaken()
		}
		return x.event(e)
	})
}

func nameTaken() error {
	return fault.New(fault.StateConflict, "parameter", "displayName", "rule", "a name that no other relationship of the partner has")
}

// SwapRelationship replaces a relationship that still has its version.
func (db *DB) SwapRelationship(ctx context.Context, r customer.Relationship, events []audit.Event) (bool, error) {
	doc, err := encode(r)
	if err != nil {
		return false, err
	}
	var moved bool
	err = db.write(ctx, func(x *tx) error {
		moved = false
		name := customer.Fold(r.DisplayName)
		var others int
		if err := x.row(`SELECT COUNT(*) FROM relationship WHERE partner = $1 AND name_key = $2 AND id <> $3`,
			string(r.Partner), name, r.ID).Scan(&others); err != nil {
			return fmt.Errorf("look for the name: %w", err)
		}
		if others > 0 {
			return nameTaken()
		}
		n, err := x.exec(`UPDATE relationship SET customer = $4, doc = $5, name_key = $6, open = $7, due_at = $8, row_version = row_version + 1
			WHERE partner = $1 AND id = $2 AND row_version = $3`,
			string(r.Partner), r.ID, r.Version, string(r.Customer), doc, name, open(r), micros(r.Due()))
		if err != nil {
			return fmt.Errorf("swap relationship: %w", err)
		}
		if moved = n == 1; !moved {
			return nil
		}
		for _, e := range events {
			if err := x.event(e); err != nil {
				return err
			}
		}
		return nil
	})
	return err == nil && moved, err
}

// RemoveRelationship deletes a relationship that still has its version.
func (db *DB) RemoveRelationship(ctx context.Context, r customer.Relationship, e audit.Event) (bool, error) {
	var gone bool
	err := db.write(ctx, func(x *tx) error {
		n, err := x.exec(`DELETE FROM relationship WHERE partner = $1 AND id = $2 AND row_version = $3`, string(r.Partner), r.ID, r.Version)
		if err != nil {
			return fmt.Errorf("remove relationship: %w", err)
		}
		if gone = n == 1; !gone {
			return nil
		}
		return x.event(e)
	})
	return err == nil && gone, err
}
