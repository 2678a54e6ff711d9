package sqlstore

import (
	"context"
	"fmt"
	"time"

	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/consent"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
)

var _ consent.ApprovalStore = (*DB)(nil)

const approvalColumns = `SELECT doc, version FROM approval `

func scanApproval(row scanner) (consent.Approval, error) {
	var doc string
	var version int64
	if err := row.Scan(&doc, &version); err != nil {
		return consent.Approval{}, absent(err, fault.New(fault.ObjectUnknown), "read approval")
	}
	a, err := document[consent.Approval](doc)
	a.Version = version
	return a, err
}

func (db *DB) approvals(ctx context.Context, text string, args ...any) ([]consent.Approval, error) {
	var list []consent.Approval
	err := db.rows(ctx, func(row scanner) error {
		a, err := scanApproval(row)
		list = append(list, a)
		return err
	}, text, args...)
	if err != nil {
		return nil, fmt.Errorf("list approvals: %w", err)
	}
	return list, nil
}

// Approval finds one in a tenant.
func (db *DB) Approval(ctx context.Context, t id.Tenant, approval string) (consent.Approval, error) {
	return scanApproval(db.row(ctx, approvalColumns+`WHERE tenant = $1 AND id = $2`, string(t), approval))
}

// Approvals lists a tenant's, newest first.
func (db *DB) Approvals(ctx context.Context, t id.Tenant, state consent.State, after string, limit int) ([]consent.Approval, error) {
	const (
		order = ` ORDER BY created_at DESC, id DESC LIMIT $2`
		past  = ` AND (created_at, id) < (SELECT created_at, id FROM approval WHERE tenant = $1 AND id = $3)`
	)
	of := func(state string) string { return approvalColumns + `WHERE tenant = $1` + state }
	switch {
	case state == "" && after == "":
		return db.approvals(ctx, of("")+order, string(t), limit)
	case state == "":
		return db.approvals(ctx, of("")+past+order, string(t), limit, after)
	case after == "":
		return db.approvals(ctx, of(` AND state = $3`)+order, string(t), limit, string(state))
	}
	return db.approvals(ctx, of(` AND state = $4`)+past+order, string(t), limit, after, string(state))
}

// LatestApproval finds the one of a client that waits, or else the newest.
func (db *DB) LatestApproval(ctx context.Context, t id.Tenant, client id.App) (consent.Approval, error) {
	return scanApproval(db.row(ctx, approvalColumns+`WHERE tenant = $1 AND client = $2
		ORDER BY CASE WHEN state = 'waiting' THEN 0 ELSE 1 END, created_at DESC, id DESC LIMIT 1`, string(t), string(client)))
}

// StandingApprovals lists those of a client that still say something.
func (db *DB) StandingApprovals(ctx context.Context, t id.Tenant, client id.App, since time.Time) ([]consent.Approval, error) {
	return db.approvals(ctx, approvalColumns+`WHERE tenant = $1 AND client = $2
		AND (state = 'waiting' OR state = 'blocked' OR (state = 'denied' AND created_at >= $3)) ORDER BY created_at DESC`,
		string(t), string(client), micros(since))
}

// AddApproval keeps a new one unless another one of that client waits.
func (db *DB) AddApproval(ctx context.Context, d consent.Deed) (bool, error) {
	a := d.Approval
	doc, err := encode(a)
	if err != nil {
		return false, err
	}
	var added int64
	err = db.write(ctx, func(x *tx) error {
		var err error
		added, err = x.exec(`INSERT INTO approval (tenant, id, client, state, doc, version, created_at, due_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (tenant, client) WHERE state = 'waiting' DO NOTHING`,
			string(a.Tenant), a.ID, string(a.Client), string(a.State), doc, a.Version, micros(a.Created), micros(a.Due()))
		if err != nil {
			return fmt.Errorf("keep approval: %w", err)
		}
		if added == 0 {
			return nil
		}
		return x.told(d)
	})
	return err == nil && added == 1, err
}

// SwapApproval does all of a deed if the approval still has the version.
func (db *DB) SwapApproval(ctx context.Context, d consent.Deed) (bool, error) {
	a := d.Approval
	doc, err := encode(a)
	if err != nil {
		return false, err
	}
	var moved int64
	err = db.write(ctx, func(x *tx) error {
		var err error
		moved, err = x.exec(`UPDATE approval SET state = $4, doc = $5, version = version + 1, due_at = $6
			WHERE tenant = $1 AND id = $2 AND version = $3 AND state = 'waiting'`,
			string(a.Tenant), a.ID, a.Version, string(a.State), doc, micros(a.Due()))
		if err != nil {
			return fmt.Errorf("move approval: %w", err)
		}
		if moved == 0 {
			return nil
		}
		if err := x.allow(d.Grants, d.Principals); err != nil {
			return err
		}
		if d.Blocks {
			if _, err := x.exec(`UPDATE principal SET disabled = TRUE WHERE tenant = $1 AND app = $2`, string(a.Tenant), string(a.Client)); err != nil {
				return fmt.Errorf("block principal: %w", err)
			}
		}
		return x.told(d)
	})
	return err == nil && moved == 1, err
}

// told writes a deed's event and messages.
func (t *tx) told(d consent.Deed) error {
	if err := t.event(d.Event); err != nil {
		return err
	}
	return t.messages(d.Messages)
}

// DueApprovals lists what waits and is due, in every tenant.
func (db *DB) DueApprovals(ctx context.Context, now time.Time, limit int) ([]consent.Approval, error) {
	return db.approvals(ctx, approvalColumns+`WHERE state = 'waiting' AND due_at <= $1 ORDER BY due_at, tenant, id LIMIT $2`, micros(now), limit)
}

// AnsweredApprovals lists what waits although its client is allowed something
// for everyone, in every tenant.
func (db *DB) AnsweredApprovals(ctx context.Context, after consent.Approval, limit int) ([]consent.Approval, error) {
	return db.approvals(ctx, approvalColumns+`WHERE state = 'waiting' AND (tenant, id) > ($1, $2) AND EXISTS
		(SELECT 1 FROM delegated_grant g WHERE g.tenant = approval.tenant AND g.client = approval.client AND g.account = '')
		ORDER BY tenant, id LIMIT $3`, string(after.Tenant), after.ID, limit)
}

// UnblockPrincipal enables a principal that was disabled.
func (db *DB) UnblockPrincipal(ctx context.Context, t id.Tenant, app id.App, e audit.Event) (bool, error) {
	var n int64
	err := db.write(ctx, func(x *tx) error {
		var err error
		n, err = x.exec(`UPDATE principal SET disabled = FALSE WHERE tenant = $1 AND app = $2 AND disabled`, string(t), string(app))
		if err != nil {
			return fmt.Errorf("unblock principal: %w", err)
		}
		if n == 0 {
			return nil
		}
		return x.event(e)
	})
	return err == nil && n == 1, err
}
