package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/customer"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/tenant"
)

var _ customer.BookStore = (*DB)(nil)

// FoundCustomer makes an organisation with its admin, its customer row and its
// relationship.
func (db *DB) FoundCustomer(ctx context.Context, f customer.Founding, e audit.Event) error {
	organisation, err := encode(f.Tenant)
	if err != nil {
		return err
	}
	row, err := encode(f.Customer)
	if err != nil {
		return err
	}
	return db.write(ctx, func(x *tx) error {
		if _, err := x.exec(`INSERT INTO tenant (id, doc, created_at) VALUES ($1, $2, $3)`, string(f.Tenant.ID), organisation, micros(f.Tenant.Created)); err != nil {
			return fmt.Errorf("found tenant: %w", err)
		}
		for _, d := range f.Tenant.Domains {
			if err := x.own(f.Tenant.ID, d.Name); err != nil {
				return err
			}
		}
		if err := x.enter(f.Admin, f.Hash); err != nil {
			return err
		}
		if _, err := x.exec(`INSERT INTO customer (partner, tenant, name_key, domain_key, reseller, doc) VALUES ($1, $2, $3, $4, $5, $6)`,
			string(f.Customer.Partner), string(f.Customer.Tenant), customer.Fold(f.Customer.CompanyName), customer.Fold(f.Customer.Domain),
			string(f.Customer.AssociatedPartner), row); err != nil {
			return fmt.Errorf("found customer: %w", err)
		}
		if f.Relationship != nil {
			if err := x.relate(*f.Relationship); err != nil {
				return err
			}
		}
		return x.event(e)
	})
}

// own gives a tenant a domain that is free.
func (t *tx) own(of id.Tenant, domain string) error {
	n, err := t.exec(`INSERT INTO domain (name, tenant) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING`, domain, string(of))
	if err != nil {
		return fmt.Errorf("take domain: %w", err)
	}
	if n == 0 {
		return fault.New(fault.DomainTaken, "domain", domain)
	}
	return nil
}

// relate creates a relationship.
func (t *tx) relate(r customer.Relationship) error {
	doc, err := encode(r)
	if err != nil {
		return err
	}
	if _, err := t.exec(`INSERT INTO relationship (partner, id, customer, doc) VALUES ($1, $2, $3, $4)`,
		string(r.Partner), r.ID, string(r.Customer), doc); err != nil {
		return fmt.Errorf("create relationship: %w", err)
	}
	return nil
}

// enter creates an account with the hash of its password.
func (t *tx) enter(a account.Account, hash string) error {
	doc, err := encode(a)
	if err != nil {
		return err
	}
	n, err := t.exec(`INSERT INTO account (tenant, id, name_key, doc, reviewer) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`,
		string(a.Tenant), string(a.ID), account.FoldName(a.SignInName), doc, a.MayConsentForAll() && !a.Disabled)
	if err != nil {
		return fmt.Errorf("enter account: %w", err)
	}
	if n == 0 {
		return fault.New(fault.NameTaken, "name", a.SignInName)
	}
	return t.password(a.Tenant, a.ID, hash)
}

func (t *tx) password(of id.Tenant, person id.Object, hash string) error {
	if hash == "" {
		return nil
	}
	if _, err := t.exec(`INSERT INTO password (tenant, account, hash) VALUES ($1, $2, $3)
		ON CONFLICT (tenant, account) DO UPDATE SET hash = excluded.hash`, string(of), string(person), hash); err != nil {
		return fmt.Errorf("keep password: %w", err)
	}
	return nil
}

// ChangeCustomer changes a customer as it stands now.
func (db *DB) ChangeCustomer(ctx context.Context, partner, at id.Tenant, change func(*customer.Customer) error, e audit.Event) error {
	return db.write(ctx, func(x *tx) error {
		// An update reads the row and holds it until the commit (see grant).
		var doc string
		err := x.row(`UPDATE customer SET doc = doc WHERE partner = $1 AND tenant = $2 RETURNING doc`, string(partner), string(at)).Scan(&doc)
		if err != nil {
			return absent(err, fault.New(fault.CustomerUnknown), "hold customer")
		}
		c, err := document[customer.Customer](doc)
		if err != nil {
			return err
		}
		if err := change(&c); err != nil {
			return err
		}
		if doc, err = encode(c); err != nil {
			return err
		}
		if _, err := x.exec(`UPDATE customer SET doc = $1, name_key = $2, domain_key = $3 WHERE partner = $4 AND tenant = $5`,
			doc, customer.Fold(c.CompanyName), customer.Fold(c.Domain), string(partner), string(at)); err != nil {
			return fmt.Errorf("change customer: %w", err)
		}
		return x.event(e)
	})
}

// DeleteCustomer removes a customer, and its organisation where it ends with it.
func (db *DB) DeleteCustomer(ctx context.Context, partner, at id.Tenant, e audit.Event) error {
	return db.write(ctx, func(x *tx) error {
		var doc string
		err := x.row(`DELETE FROM customer WHERE partner = $1 AND tenant = $2 RETURNING doc`, string(partner), string(at)).Scan(&doc)
		if err != nil {
			return absent(err, fault.New(fault.CustomerUnknown), "delete customer")
		}
		c, err := document[customer.Customer](doc)
		if err != nil {
			return err
		}
		if _, err := x.exec(`DELETE FROM relationship WHERE partner = $1 AND customer = $2`, string(partner), string(at)); err != nil {
			return fmt.Errorf("delete relationships: %w", err)
		}
		if _, err := x.exec(`DELETE FROM partner_paper WHERE partner = $1 AND customer = $2`, string(partner), string(at)); err != nil {
			return fmt.Errorf("delete papers: %w", err)
		}
		var others int
		if err := x.row(`SELECT COUNT(*) FROM customer WHERE tenant = $1`, string(at)).Scan(&others); err != nil {
			return fmt.Errorf("count partners: %w", err)
		}
		if c.Founded && others == 0 {
			if err := x.raze(at); err != nil {
				return err
			}
		}
		return x.event(e)
	})
}

// raze removes an organisation. Its domains, people, principals and approvals
// go with the row; what people prove themselves with has no such tie.
func (t *tx) raze(of id.Tenant) error {
	for _, text := range []string{
		`DELETE FROM password WHERE tenant = $1`, `DELETE FROM authenticator WHERE tenant = $1`, `DELETE FROM recovery_code WHERE tenant = $1`,
		`DELETE FROM passkey WHERE tenant = $1`, `DELETE FROM temporary_pass WHERE tenant = $1`, `DELETE FROM device WHERE tenant = $1`,
		`DELETE FROM upstream_link WHERE tenant = $1`, `DELETE FROM delegated_grant WHERE tenant = $1`, `DELETE FROM app_role_grant WHERE tenant = $1`, `DELETE FROM assignment WHERE tenant = $1`,
		`DELETE FROM tenant WHERE id = $1`,
	} {
		if _, err := t.exec(text, string(of)); err != nil {
			return fmt.Errorf("delete tenant: %w", err)
		}
	}
	return nil
}

// AddDomain gives an organisation one more domain.
func (db *DB) AddDomain(ctx context.Context, at id.Tenant, domain string, e audit.Event) error {
	return db.write(ctx, func(x *tx) error {
		if err := x.own(at, domain); err != nil {
			return err
		}
		if err := x.amend(at, func(t *tenant.Tenant) { t.Domains = append(t.Domains, tenant.Domain{Name: domain}) }); err != nil {
			return err
		}
		return x.event(e)
	})
}

// StandingInvitation gives a partner's invitation, the given one where it has none.
func (db *DB) StandingInvitation(ctx context.Context, i customer.Invitation) (customer.Invitation, error) {
	had, err := scanStanding(db.row(ctx, standingColumns+`WHERE partner = $1`, string(i.Partner)))
	if !errors.Is(err, sql.ErrNoRows) {
		return had, err
	}
	err = db.write(ctx, func(x *tx) error {
		if _, err := x.exec(`INSERT INTO customer_invitation (partner, id, created_at) VALUES ($1, $2, $3) ON CONFLICT (partner) DO NOTHING`,
			string(i.Partner), i.ID, micros(i.Created)); err != nil {
			return fmt.Errorf("keep invitation: %w", err)
		}
		had, err = scanStanding(x.row(standingColumns+`WHERE partner = $1`, string(i.Partner)))
		return err
	})
	return had, err
}

// FindStandingInvitation finds an invitation by its id.
func (db *DB) FindStandingInvitation(ctx context.Context, invitation string) (customer.Invitation, error) {
	i, err := scanStanding(db.row(ctx, standingColumns+`WHERE id = $1`, invitation))
	if err != nil {
		return i, absent(err, fault.New(fault.InvitationUnusable), "read invitation")
	}
	return i, nil
}

const standingColumns = `SELECT partner, id, created_at FROM customer_invitation `

func scanStanding(row scanner) (customer.Invitation, error) {
	var i customer.Invitation
	var at int64
	err := row.Scan((*string)(&i.Partner), &i.ID, &at)
	i.Created = instant(at)
	return i, err
}
