package sqlstore

import (
	"context"
	"fmt"
	"time"

	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/partner"
)

var _ partner.FileStore = (*DB)(nil)

// ReadPaper reads one paper.
func (db *DB) ReadPaper(ctx context.Context, t id.Tenant, kind partner.Kind, paper string, into any) (partner.Paper, error) {
	p := partner.Paper{Partner: t, Kind: kind, ID: paper}
	var doc string
	var at int64
	err := db.row(ctx, `SELECT customer, etag, at, doc FROM partner_paper WHERE partner = $1 AND kind = $2 AND id = $3`,
		string(t), string(kind), paper).Scan((*string)(&p.Customer), &p.ETag, &at, &doc)
	if err != nil {
		return p, absent(err, fault.New(fault.ObjectUnknown, "object", string(kind)), "read paper")
	}
	p.At = instant(at)
	return p, decode(doc, into)
}

// ListPapers hands the papers of a kind to take, newest first.
func (db *DB) ListPapers(ctx context.Context, t id.Tenant, kind partner.Kind, about id.Tenant, limit int, take func(read func(into any) error) error) error {
	err := db.rows(ctx, func(row scanner) error {
		var doc string
		if err := row.Scan(&doc); err != nil {
			return err
		}
		return take(func(into any) error { return decode(doc, into) })
	}, `SELECT doc FROM partner_paper WHERE partner = $1 AND kind = $2 AND (customer = $3 OR $3 = '') ORDER BY at DESC, id LIMIT $4`,
		string(t), string(kind), string(about), limit)
	if err != nil {
		return fmt.Errorf("list papers: %w", err)
	}
	return nil
}

// FilePaper creates or replaces a paper. One that was never filed has no ETag
// to compare: its first state is not of this table.
func (db *DB) FilePaper(ctx context.Context, p partner.Paper, old string, paper any, e audit.Event) error {
	doc, err := encode(paper)
	if err != nil {
		return err
	}
	var changed int64
	err = db.write(ctx, func(x *tx) error {
		changed, err = x.exec(`INSERT INTO partner_paper (partner, kind, id, customer, etag, at, doc) VALUES ($1, $2, $3, $4, $5, $6, $7)
			ON CONFLICT (partner, kind, id) DO UPDATE SET customer = excluded.customer, etag = excluded.etag, at = excluded.at, doc = excluded.doc
			WHERE partner_paper.etag = $8 OR $8 = ''`,
			string(p.Partner), string(p.Kind), p.ID, string(p.Customer), p.ETag, micros(p.At), doc, old)
		if err != nil || changed == 0 {
			return err
		}
		return x.event(e)
	})
	if err != nil {
		return fmt.Errorf("file paper: %w", err)
	}
	if changed == 0 {
		return fault.New(fault.ChangedMeanwhile, "object", string(p.Kind))
	}
	return nil
}

// KeepRequest keeps a call; the same id again is a retry and another row.
func (db *DB) KeepRequest(ctx context.Context, r partner.Request) error {
	doc, err := encode(r)
	if err != nil {
		return err
	}
	return db.write(ctx, func(x *tx) error {
		if _, err := x.exec(`INSERT INTO partner_request (id, partner, at, doc) VALUES ($1, $2, $3, $4) ON CONFLICT (id) DO UPDATE
			SET at = excluded.at, doc = excluded.doc WHERE partner_request.partner = excluded.partner`,
			r.ID, string(r.Partner), micros(r.At), doc); err != nil {
			return fmt.Errorf("keep request: %w", err)
		}
		return nil
	})
}

// RequestsOf lists a partner's kept calls, newest first.
func (db *DB) RequestsOf(ctx context.Context, t id.Tenant, since time.Time, limit int) ([]partner.Request, error) {
	var list []partner.Request
	err := db.rows(ctx, func(row scanner) error {
		var doc string
		if err := row.Scan(&doc); err != nil {
			return err
		}
		r, err := document[partner.Request](doc)
		list = append(list, r)
		return err
	}, `SELECT doc FROM partner_request WHERE partner = $1 AND at >= $2 ORDER BY at DESC, id LIMIT $3`, string(t), micros(since), limit)
	if err != nil {
		return nil, fmt.Errorf("list requests: %w", err)
	}
	return list, nil
}

// Records lists what was done by or to a partner, newest first.
func (db *DB) Records(ctx context.Context, t id.Tenant, q partner.RecordQuery) ([]audit.Event, error) {
	before := q.Before
	if before == (partner.Mark{}) {
		before = partner.Mark{At: q.To.Add(time.Microsecond)}
	}
	var list []audit.Event
	err := db.rows(ctx, func(row scanner) error {
		var doc string
		if err := row.Scan(&doc); err != nil {
			return err
		}
		e, err := document[audit.Event](doc)
		list = append(list, e)
		return err
	}, `SELECT doc FROM event WHERE tenant = $1 AND at >= $2 AND at <= $3 AND (target = $4 OR $4 = '')
		AND (at < $5 OR at = $5 AND id > $6) ORDER BY at DESC, id LIMIT $7`,
		string(t), micros(q.From), micros(q.To), string(q.Customer), micros(before.At), before.ID, q.Limit)
	if err != nil {
		return nil, fmt.Errorf("list records: %w", err)
	}
	return list, nil
}
