package sqlstore

import (
	"context"
	"fmt"
	"time"

	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/diagnosis"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/message"
)

var _ diagnosis.Store = (*DB)(nil)

// AddHelp keeps a request, unless there is one about the attempt already.
func (db *DB) AddHelp(ctx context.Context, h diagnosis.Help, list []message.Sealed) (bool, error) {
	doc, err := encode(h)
	if err != nil {
		return false, err
	}
	var fresh bool
	err = db.write(ctx, func(x *tx) error {
		n, err := x.exec(`INSERT INTO help (tenant, reference, state, version, at, doc) VALUES ($1, $2, $3, 1, $4, $5) ON CONFLICT DO NOTHING`,
			string(h.Tenant), h.Reference, string(h.State), micros(h.At), doc)
		if err != nil {
			return fmt.Errorf("keep request for help: %w", err)
		}
		if fresh = n == 1; !fresh {
			return nil
		}
		return x.messages(list)
	})
	return fresh, err
}

// HelpAt finds a request.
func (db *DB) HelpAt(ctx context.Context, t id.Tenant, reference string) (diagnosis.Help, error) {
	return scanHelp(db.row(ctx, `SELECT doc, version FROM help WHERE tenant = $1 AND reference = $2`, string(t), reference))
}

func scanHelp(row scanner) (diagnosis.Help, error) {
	var doc string
	var version int64
	if err := row.Scan(&doc, &version); err != nil {
		return diagnosis.Help{}, absent(err, fault.New(fault.ObjectUnknown), "read request for help")
	}
	h, err := document[diagnosis.Help](doc)
	h.Version = version
	return h, err
}

// Helps lists requests of one state, oldest first.
func (db *DB) Helps(ctx context.Context, t id.Tenant, state diagnosis.HelpState, limit int) ([]diagnosis.Help, error) {
	var list []diagnosis.Help
	err := db.rows(ctx, func(row scanner) error {
		h, err := scanHelp(row)
		list = append(list, h)
		return err
	}, `SELECT doc, version FROM help WHERE tenant = $1 AND state = $2 ORDER BY at, reference LIMIT $3`, string(t), string(state), limit)
	if err != nil {
		return nil, fmt.Errorf("list requests for help: %w", err)
	}
	return list, nil
}

// HelpsSince counts the requests that came to a tenant since an instant.
func (db *DB) HelpsSince(ctx context.Context, t id.Tenant, since time.Time) (int, error) {
	var n int
	err := db.row(ctx, `SELECT COUNT(*) FROM help WHERE tenant = $1 AND at >= $2`, string(t), micros(since)).Scan(&n)
	return n, err
}

// SwapHelp replaces a request that still has its version.
func (db *DB) SwapHelp(ctx context.Context, h diagnosis.Help, e audit.Event, list []message.Sealed) (bool, error) {
	doc, err := encode(h)
	if err != nil {
		return false, err
	}
	var won bool
	err = db.write(ctx, func(x *tx) error {
		n, err := x.exec(`UPDATE help SET state = $1, doc = $2, version = version + 1 WHERE tenant = $3 AND reference = $4 AND version = $5`,
			string(h.State), doc, string(h.Tenant), h.Reference, h.Version)
		if err != nil {
			return fmt.Errorf("answer request for help: %w", err)
		}
		if won = n == 1; !won {
			return nil
		}
		if err := x.event(e); err != nil {
			return err
		}
		return x.messages(list)
	})
	return won, err
}
