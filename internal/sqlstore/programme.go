package sqlstore

import (
	"context"
	"fmt"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/programme"
)

var _ programme.MemberStore = (*DB)(nil)

// CommitDeed writes a deed of the programme, all of it or nothing.
func (db *DB) CommitDeed(ctx context.Context, owner id.Tenant, d programme.Deed) error {
	return db.write(ctx, func(x *tx) error { return x.deed(owner, d) })
}

func (t *tx) deed(owner id.Tenant, d programme.Deed) error {
	for _, write := range []func(id.Tenant, programme.Deed) error{
		t.programmes, t.members, t.invitations, t.requests, t.rosters, t.mailboxes, t.terms,
	} {
		if err := write(owner, d); err != nil {
			return err
		}
	}
	if err := t.events(d.Events); err != nil {
		return err
	}
	return t.messages(d.Messages)
}

// keep writes a document that is new at version 0, and else replaces the one
// of that version. The statement to insert takes the arguments, the one to
// replace also the version, last.
func (t *tx) keep(what string, v any, version int64, insert, replace string, args ...any) error {
	doc, err := encode(v)
	if err != nil {
		return err
	}
	args = append(args, doc)
	text := insert
	if version > 0 {
		text, args = replace, append(args, version)
	}
	return t.swapped(what, text, args...)
}

// swapped runs a statement that must hit one row; none means that somebody
// else was faster.
func (t *tx) swapped(what, text string, args ...any) error {
	n, err := t.exec(text, args...)
	if err != nil {
		return fmt.Errorf("keep %s: %w", what, err)
	}
	if n == 0 {
		return fault.New(fault.ChangedMeanwhile, "object", what)
	}
	return nil
}

func (t *tx) programmes(_ id.Tenant, d programme.Deed) error {
	for _, p := range d.Programmes {
		err := t.keep("programme", p, p.Version,
			`INSERT INTO programme (slot, doc, version) VALUES (1, $1, 1) ON CONFLICT DO NOTHING`,
			`UPDATE programme SET doc = $1, version = version + 1 WHERE slot = 1 AND version = $2`)
		if err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) members(owner id.Tenant, d programme.Deed) error {
	for _, m := range d.Members {
		domain, _ := account.DomainOf(m.InvitedAs)
		err := t.keep("member", m, m.Version,
			`INSERT INTO member (owner, tenant, account, address_key, domain, state, doc, version)
				VALUES ($1, $2, $3, $4, $5, $6, $7, 1) ON CONFLICT DO NOTHING`,
			`UPDATE member SET address_key = $4, domain = $5, state = $6, doc = $7, version = version + 1
				WHERE owner = $1 AND tenant = $2 AND account = $3 AND version = $8`,
			string(owner), string(m.Tenant), string(m.Account), m.AddressKey(), domain, string(m.State))
		if err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) invitations(owner id.Tenant, d programme.Deed) error {
	for _, i := range d.Invitations {
		domain, _ := account.DomainOf(i.Address)
		err := t.keep("invitation", i, i.Version,
			`INSERT INTO invitation (owner, id, address_key, domain, state, token_hash, expires_at, at, doc, version)
				VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 1) ON CONFLICT DO NOTHING`,
			`UPDATE invitation SET address_key = $3, domain = $4, state = $5, token_hash = $6, expires_at = $7, at = $8,
				doc = $9, version = version + 1 WHERE owner = $1 AND id = $2 AND version = $10
				AND ($5 NOT IN ('sent', 'opened', 'elsewhere') OR NOT EXISTS (SELECT 1 FROM invitation AS other
					WHERE other.owner = $1 AND other.address_key = $3 AND other.id <> $2 AND other.state IN ('sent', 'opened', 'elsewhere')))`,
			string(owner), i.ID, i.AddressKey(), domain, string(i.State), i.TokenHash, micros(i.Expires), micros(i.Sent))
		if err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) requests(owner id.Tenant, d programme.Deed) error {
	for _, r := range d.Requests {
		err := t.keep("access request", r, r.Version,
			`INSERT INTO access_request (owner, id, tenant, account, state, at, doc, version)
				VALUES ($1, $2, $3, $4, $5, $6, $7, 1) ON CONFLICT DO NOTHING`,
			`UPDATE access_request SET tenant = $3, account = $4, state = $5, at = $6, doc = $7, version = version + 1
				WHERE owner = $1 AND id = $2 AND version = $8`,
			string(owner), r.ID, string(r.Tenant), string(r.Account), string(r.State), micros(r.At))
		if err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) rosters(owner id.Tenant, d programme.Deed) error {
	for _, r := range d.Rosters {
		err := t.keep("roster", r, r.Version,
			`INSERT INTO roster (owner, tenant, state, at, doc, version) VALUES ($1, $2, $3, $4, $5, 1) ON CONFLICT DO NOTHING`,
			`UPDATE roster SET state = $3, at = $4, doc = $5, version = version + 1 WHERE owner = $1 AND tenant = $2 AND version = $6`,
			string(owner), string(r.Tenant), string(r.State), micros(r.At))
		if err != nil {
			return err
		}
	}
	for _, r := range d.Touched {
		err := t.swapped("roster", `UPDATE roster SET version = version + 1 WHERE owner = $1 AND tenant = $2 AND version = $3`,
			string(owner), string(r.Tenant), r.Version)
		if err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) mailboxes(owner id.Tenant, d programme.Deed) error {
	for _, b := range d.Mailboxes {
		err := t.keep("mailbox", b, b.Version,
			`INSERT INTO swap_mailbox (owner, address_key, doc, version) VALUES ($1, $2, $3, 1) ON CONFLICT DO NOTHING`,
			`UPDATE swap_mailbox SET doc = $3, version = version + 1 WHERE owner = $1 AND address_key = $2 AND version = $4`,
			string(owner), b.Key)
		if err != nil {
			return err
		}
	}
	return nil
}

// terms writes versions, which are new or somebody else's, and acceptances, of
// which the first counts.
func (t *tx) terms(owner id.Tenant, d programme.Deed) error {
	for _, v := range d.Terms {
		err := t.keep("terms", v, 0, `INSERT INTO terms (owner, number, doc) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`, "",
			string(owner), v.Version)
		if err != nil {
			return err
		}
	}
	for _, a := range d.Acceptances {
		doc, err := encode(a)
		if err != nil {
			return err
		}
		if _, err := t.exec(`INSERT INTO terms_acceptance (owner, number, tenant, account, at, doc) VALUES ($1, $2, $3, $4, $5, $6)
			ON CONFLICT DO NOTHING`, string(owner), a.Version, string(a.Tenant), string(a.Account), micros(a.At), doc); err != nil {
			return fmt.Errorf("keep acceptance: %w", err)
		}
	}
	return nil
}
