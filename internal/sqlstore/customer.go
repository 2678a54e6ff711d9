package sqlstore

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/customer"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
)

var _ customer.Store = (*DB)(nil)

// Customer finds one customer of a partner.
func (db *DB) Customer(ctx context.Context, partner, tenant id.Tenant) (customer.Customer, error) {
	var doc string
	err := db.row(ctx, `SELECT doc FROM customer WHERE partner = $1 AND tenant = $2`, string(partner), string(tenant)).Scan(&doc)
	if err != nil {
		return customer.Customer{}, absent(err, fault.New(fault.CustomerUnknown), "read customer")
	}
	return document[customer.Customer](doc)
}

// Customers lists a partner's customers in the order of their ids.
func (db *DB) Customers(ctx context.Context, partner id.Tenant, q customer.Query) ([]customer.Customer, error) {
	var list []customer.Customer
	scan := func(row scanner) error {
		var doc string
		if err := row.Scan(&doc); err != nil {
			return err
		}
		c, err := document[customer.Customer](doc)
		list = append(list, c)
		return err
	}
	name, domain := patterns(q.Filter)
	reseller := ""
	if q.Filter.Field == customer.IndirectReseller {
		name, domain, reseller = "%", "%", q.Filter.Value
	}
	var err error
	if q.Before != "" {
		err = db.rows(ctx, scan, `SELECT doc FROM customer WHERE partner = $1 AND tenant < $2
			AND name_key LIKE $3 ESCAPE '!' AND domain_key LIKE $4 ESCAPE '!' AND ($5 = '' OR reseller = $5) ORDER BY tenant DESC LIMIT $6`,
			string(partner), string(q.Before), name, domain, reseller, q.Limit)
		slices.Reverse(list)
	} else {
		err = db.rows(ctx, scan, `SELECT doc FROM customer WHERE partner = $1 AND tenant > $2
			AND name_key LIKE $3 ESCAPE '!' AND domain_key LIKE $4 ESCAPE '!' AND ($5 = '' OR reseller = $5) ORDER BY tenant LIMIT $6`,
			string(partner), string(q.After), name, domain, reseller, q.Limit)
	}
	if err != nil {
		return nil, fmt.Errorf("list customers: %w", err)
	}
	return list, nil
}

// patterns turns a filter into one LIKE pattern for each key column. LIKE
// ignores the case of ASCII letters on SQLite alone; the keys and the pattern
// are folded, so that both engines find the same.
func patterns(f customer.Filter) (name, domain string) {
	if f == (customer.Filter{}) {
		return "%", "%"
	}
	pattern := strings.NewReplacer("!", "!!", "%", "!%", "_", "!_").Replace(customer.Fold(f.Value))
	switch f.Operator {
	case customer.StartsWith:
		pattern += "%"
	case customer.Contains:
		pattern = "%" + pattern + "%"
	}
	if f.Field == customer.Domain {
		return "%", pattern
	}
	return pattern, "%"
}

// SaveCustomer creates or replaces a customer.
func (db *DB) SaveCustomer(ctx context.Context, c customer.Customer) error {
	return db.saveCustomer(ctx, c, nil)
}

// DeclareCustomer is SaveCustomer with its event.
func (db *DB) DeclareCustomer(ctx context.Context, c customer.Customer, e audit.Event) error {
	return db.saveCustomer(ctx, c, []audit.Event{e})
}

func (db *DB) saveCustomer(ctx context.Context, c customer.Customer, events []audit.Event) error {
	doc, err := encode(c)
	if err != nil {
		return err
	}
	return db.write(ctx, func(x *tx) error {
		_, err := x.exec(`INSERT INTO customer (partner, tenant, name_key, domain_key, reseller, doc) VALUES ($1, $2, $3, $4, $5, $6)
			ON CONFLICT (partner, tenant) DO UPDATE
			SET name_key = excluded.name_key, domain_key = excluded.domain_key, reseller = excluded.reseller, doc = excluded.doc`,
			string(c.Partner), string(c.Tenant), customer.Fold(c.CompanyName), customer.Fold(c.Domain), string(c.AssociatedPartner), doc)
		if err != nil {
			return fmt.Errorf("save customer: %w", err)
		}
		return x.events(events)
	})
}
