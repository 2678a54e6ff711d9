package sqlstore

import (
	"context"
	"fmt"
	"time"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/message"
	"github.com/entente-id/entente/internal/tenant"
)

var (
	_ account.LinkStore = (*DB)(nil)
	_ tenant.SetupStore = (*DB)(nil)
)

const linkColumns = `SELECT issuer, subject, account, since, used_at FROM upstream_link `

func scanLink(t id.Tenant, row scanner) (account.Link, error) {
	l := account.Link{Tenant: t}
	var since, used int64
	err := row.Scan(&l.Issuer, &l.Subject, (*string)(&l.Account), &since, &used)
	l.Since, l.LastUsed = instant(since), instant(used)
	return l, err
}

// Link finds the person of a subject.
func (db *DB) Link(ctx context.Context, t id.Tenant, issuer, subject string) (account.Link, error) {
	l, err := scanLink(t, db.row(ctx, linkColumns+`WHERE tenant = $1 AND issuer = $2 AND subject = $3`, string(t), issuer, subject))
	if err != nil {
		return account.Link{}, absent(err, fault.New(fault.UpstreamUnlinked), "read link")
	}
	return l, nil
}

// Links lists a person's links.
func (db *DB) Links(ctx context.Context, t id.Tenant, a id.Object) ([]account.Link, error) {
	var list []account.Link
	err := db.rows(ctx, func(row scanner) error {
		l, err := scanLink(t, row)
		list = append(list, l)
		return err
	}, linkColumns+`WHERE tenant = $1 AND account = $2 ORDER BY since, issuer, subject`, string(t), string(a))
	if err != nil {
		return nil, fmt.Errorf("list links: %w", err)
	}
	return list, nil
}

// AddLink keeps a link that leads to nobody else.
func (db *DB) AddLink(ctx context.Context, l account.Link, e audit.Event) error {
	return db.write(ctx, func(x *tx) error {
		added, err := x.link(l)
		if err != nil {
			return err
		}
		if added {
			return x.event(e)
		}
		var owner string
		if err := x.row(`SELECT account FROM upstream_link WHERE tenant = $1 AND issuer = $2 AND subject = $3`,
			string(l.Tenant), l.Issuer, l.Subject).Scan(&owner); err != nil {
			return fmt.Errorf("read link: %w", err)
		}
		if owner != string(l.Account) {
			return fault.New(fault.ChangedMeanwhile, "object", "link")
		}
		return nil
	})
}

// AddLinked makes a person with their link.
func (db *DB) AddLinked(ctx context.Context, a account.Account, l account.Link, e audit.Event) error {
	doc, err := encode(a)
	if err != nil {
		return err
	}
	return db.write(ctx, func(x *tx) error {
		// The link goes first: who signs in twice at once has one account, and
		// learns so by it rather than by a name that is their own.
		var taken int64
		if err := x.row(`SELECT COUNT(1) FROM upstream_link WHERE tenant = $1 AND issuer = $2 AND subject = $3`,
			string(l.Tenant), l.Issuer, l.Subject).Scan(&taken); err != nil {
			return fmt.Errorf("read link: %w", err)
		}
		if taken > 0 {
			return fault.New(fault.ChangedMeanwhile, "object", "link")
		}
		made, err := x.exec(`INSERT INTO account (tenant, id, name_key, doc) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`,
			string(a.Tenant), string(a.ID), account.FoldName(a.SignInName), doc)
		if err != nil {
			return fmt.Errorf("make account: %w", err)
		}
		if made == 0 {
			return fault.New(fault.NameTaken)
		}
		added, err := x.link(l)
		if err != nil {
			return err
		}
		if !added {
			return fault.New(fault.ChangedMeanwhile, "object", "link")
		}
		return x.event(e)
	})
}

func (t *tx) link(l account.Link) (bool, error) {
	n, err := t.exec(`INSERT INTO upstream_link (tenant, issuer, subject, account, since, used_at) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (tenant, issuer, subject) DO NOTHING`,
		string(l.Tenant), l.Issuer, l.Subject, string(l.Account), micros(l.Since), micros(l.LastUsed))
	if err != nil {
		return false, fmt.Errorf("keep link: %w", err)
	}
	return n == 1, nil
}

// UseLink notes a sign-in.
func (db *DB) UseLink(ctx context.Context, l account.Link, at time.Time) error {
	_, err := db.changed(ctx, `UPDATE upstream_link SET used_at = $1 WHERE tenant = $2 AND issuer = $3 AND subject = $4`,
		micros(at), string(l.Tenant), l.Issuer, l.Subject)
	if err != nil {
		return fmt.Errorf("note use of link: %w", err)
	}
	return nil
}

// RemoveLink ends a link of its person.
func (db *DB) RemoveLink(ctx context.Context, l account.Link, e audit.Event) (bool, error) {
	var gone int64
	err := db.write(ctx, func(x *tx) (err error) {
		gone, err = x.exec(`DELETE FROM upstream_link WHERE tenant = $1 AND issuer = $2 AND subject = $3 AND account = $4`,
			string(l.Tenant), l.Issuer, l.Subject, string(l.Account))
		if err != nil || gone == 0 {
			return err
		}
		return x.event(e)
	})
	if err != nil {
		return false, fmt.Errorf("end link: %w", err)
	}
	return gone == 1, nil
}

// SaveUpstream replaces an organisation's own sign-in.
func (db *DB) SaveUpstream(ctx context.Context, c tenant.UpstreamChange) error {
	return db.write(ctx, func(x *tx) error {
		if c.Link != "" {
			// The update holds the row, so that a link that is being revoked on
			// another node is used before that or not at all.
			ended := int64(0)
			if c.LinkDone {
				ended = micros(c.Event.At)
			}
			n, err := x.exec(`UPDATE setup_link SET ended_at = $1, done = $2 WHERE tenant = $3 AND id = $4 AND ended_at = 0 AND expires_at > $5`,
				ended, c.LinkDone, string(c.Tenant), c.Link, micros(c.Event.At))
			if err != nil {
				return fmt.Errorf("use set-up link: %w", err)
			}
			if n == 0 {
				return fault.New(fault.SetupLinkUnusable, "reason", "it ended just now")
			}
		}
		if err := x.amend(c.Tenant, func(t *tenant.Tenant) { t.Upstream = c.Upstream }); err != nil {
			return err
		}
		return x.event(c.Event)
	})
}

// UpstreamTested notes a test at the settings that were tested.
func (db *DB) UpstreamTested(ctx context.Context, t id.Tenant, setAt, at time.Time) error {
	return db.write(ctx, func(x *tx) error {
		return x.amend(t, func(t *tenant.Tenant) {
			if t.Upstream != nil && t.Upstream.SetAt.Equal(setAt) {
				t.Upstream.TestedAt = at
			}
		})
	})
}

// amend changes a part of an organisation as it stands now.
func (t *tx) amend(key id.Tenant, change func(*tenant.Tenant)) error {
	// An update reads the row and holds it until the commit (see grant).
	owner, err := scanTenant(string(key), t.row(`UPDATE tenant SET doc = doc WHERE id = $1 RETURNING doc`, string(key)))
	if err != nil {
		return err
	}
	change(&owner)
	doc, err := encode(owner)
	if err != nil {
		return err
	}
	if _, err := t.exec(`UPDATE tenant SET doc = $1 WHERE id = $2`, doc, string(key)); err != nil {
		return fmt.Errorf("amend tenant: %w", err)
	}
	return nil
}

const setupColumns = `SELECT doc, ended_at, done FROM setup_link `

func scanSetupLink(row scanner) (tenant.SetupLink, error) {
	var doc string
	var ended int64
	var done bool
	if err := row.Scan(&doc, &ended, &done); err != nil {
		return tenant.SetupLink{}, err
	}
	l, err := document[tenant.SetupLink](doc)
	l.Ended, l.Done = instant(ended), done
	return l, err
}

// AddSetupLink keeps a link.
func (db *DB) AddSetupLink(ctx context.Context, l tenant.SetupLink, digest string, e audit.Event, mails []message.Sealed) error {
	doc, err := encode(l)
	if err != nil {
		return err
	}
	return db.write(ctx, func(x *tx) error {
		if _, err := x.exec(`INSERT INTO setup_link (digest, tenant, id, doc, made_at, expires_at, ended_at, done)
			VALUES ($1, $2, $3, $4, $5, $6, 0, $7)`,
			digest, string(l.Tenant), l.ID, doc, micros(l.Made), micros(l.Expires), false); err != nil {
			return fmt.Errorf("keep set-up link: %w", err)
		}
		if err := x.event(e); err != nil {
			return err
		}
		return x.messages(mails)
	})
}

// SetupLink finds a link by the digest of its token, whose only reader is who
// holds it: the organisation is what it answers.
func (db *DB) SetupLink(ctx context.Context, digest string) (tenant.SetupLink, error) {
	l, err := scanSetupLink(db.row(ctx, setupColumns+`WHERE digest = $1`, digest))
	if err != nil {
		return tenant.SetupLink{}, absent(err, fault.New(fault.SetupLinkUnusable, "reason", "there is no such link"), "read set-up link")
	}
	return l, nil
}

// SetupLinks lists an organisation's links.
func (db *DB) SetupLinks(ctx context.Context, t id.Tenant, limit int) ([]tenant.SetupLink, error) {
	var list []tenant.SetupLink
	err := db.rows(ctx, func(row scanner) error {
		l, err := scanSetupLink(row)
		list = append(list, l)
		return err
	}, setupColumns+`WHERE tenant = $1 ORDER BY made_at DESC, id LIMIT $2`, string(t), limit)
	if err != nil {
		return nil, fmt.Errorf("list set-up links: %w", err)
	}
	return list, nil
}

// RevokeSetupLink ends a link that can still be used.
func (db *DB) RevokeSetupLink(ctx context.Context, t id.Tenant, link string, e audit.Event) (bool, error) {
	var n int64
	err := db.write(ctx, func(x *tx) (err error) {
		n, err = x.exec(`UPDATE setup_link SET ended_at = $1 WHERE tenant = $2 AND id = $3 AND ended_at = 0`, micros(e.At), string(t), link)
		if err != nil || n == 0 {
			return err
		}
		return x.event(e)
	})
	if err != nil {
		return false, fmt.Errorf("revoke set-up link: %w", err)
	}
	return n == 1, nil
}
