package sqlstore

import (
	"context"
	"fmt"
	"time"

	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/programme"
)

// versioned reads one document and the version that its row has.
func versioned[T any](ctx context.Context, db *DB, what string, version func(*T) *int64, text string, args ...any) (T, error) {
	var doc string
	var n int64
	if err := db.row(ctx, text, args...).Scan(&doc, &n); err != nil {
		var none T
		return none, absent(err, fault.New(fault.ObjectUnknown, "object", what), "read "+what)
	}
	v, err := document[T](doc)
	*version(&v) = n
	return v, err
}

// allVersioned reads many.
func allVersioned[T any](ctx context.Context, db *DB, what string, version func(*T) *int64, text string, args ...any) ([]T, error) {
	var list []T
	err := db.rows(ctx, func(row scanner) error {
		var doc string
		var n int64
		if err := row.Scan(&doc, &n); err != nil {
			return err
		}
		v, err := document[T](doc)
		*version(&v) = n
		list = append(list, v)
		return err
	}, text, args...)
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", what, err)
	}
	return list, nil
}

func programmeVersion(p *programme.Programme) *int64   { return &p.Version }
func memberVersion(m *programme.Member) *int64         { return &m.Version }
func invitationVersion(i *programme.Invitation) *int64 { return &i.Version }
func requestVersion(r *programme.AccessRequest) *int64 { return &r.Version }
func rosterVersion(r *programme.Roster) *int64         { return &r.Version }
func mailboxVersion(b *programme.Mailbox) *int64       { return &b.Version }

// Programme gives the one programme.
func (db *DB) Programme(ctx context.Context) (programme.Programme, error) {
	return versioned(ctx, db, "programme", programmeVersion, `SELECT doc, version FROM programme WHERE slot = 1`)
}

// Member finds by home tenant and object id.
func (db *DB) Member(ctx context.Context, owner, t id.Tenant, who id.Object) (programme.Member, error) {
	return versioned(ctx, db, "member", memberVersion,
		`SELECT doc, version FROM member WHERE owner = $1 AND tenant = $2 AND account = $3`, string(owner), string(t), string(who))
}

// Members lists those of one organisation.
func (db *DB) Members(ctx context.Context, owner, t id.Tenant, after id.Object, limit int) ([]programme.Member, error) {
	return allVersioned(ctx, db, "members", memberVersion, `SELECT doc, version FROM member
		WHERE owner = $1 AND tenant = $2 AND account > $3 ORDER BY account LIMIT $4`, string(owner), string(t), string(after), limit)
}

// MembersAt lists those known by an address.
func (db *DB) MembersAt(ctx context.Context, owner id.Tenant, key string) ([]programme.Member, error) {
	return allVersioned(ctx, db, "members", memberVersion, `SELECT doc, version FROM member
		WHERE owner = $1 AND address_key = $2 ORDER BY tenant, account LIMIT 100`, string(owner), key)
}

// MembersIn lists those known by an address of a domain.
func (db *DB) MembersIn(ctx context.Context, owner id.Tenant, domain string, limit int) ([]programme.Member, error) {
	return allVersioned(ctx, db, "members", memberVersion, `SELECT doc, version FROM member
		WHERE owner = $1 AND domain = $2 ORDER BY address_key, tenant, account LIMIT $3`, string(owner), domain, limit)
}

// Invitation finds by id.
func (db *DB) Invitation(ctx context.Context, owner id.Tenant, invitation string) (programme.Invitation, error) {
	return versioned(ctx, db, "invitation", invitationVersion,
		`SELECT doc, version FROM invitation WHERE owner = $1 AND id = $2`, string(owner), invitation)
}

// InvitationOf finds by the digest of a token.
func (db *DB) InvitationOf(ctx context.Context, owner id.Tenant, hash string) (programme.Invitation, error) {
	return versioned(ctx, db, "invitation", invitationVersion,
		`SELECT doc, version FROM invitation WHERE owner = $1 AND token_hash = $2`, string(owner), hash)
}

// OpenInvitation finds the open one of an address.
func (db *DB) OpenInvitation(ctx context.Context, owner id.Tenant, key string) (programme.Invitation, error) {
	return versioned(ctx, db, "invitation", invitationVersion, `SELECT doc, version FROM invitation
		WHERE owner = $1 AND address_key = $2 AND state IN ('sent', 'opened', 'elsewhere')`, string(owner), key)
}

// Invitations lists newest first.
func (db *DB) Invitations(ctx context.Context, owner id.Tenant, after programme.Cursor, limit int) ([]programme.Invitation, error) {
	if after == (programme.Cursor{}) {
		return allVersioned(ctx, db, "invitations", invitationVersion, `SELECT doc, version FROM invitation
			WHERE owner = $1 ORDER BY at DESC, id LIMIT $2`, string(owner), limit)
	}
	return allVersioned(ctx, db, "invitations", invitationVersion, `SELECT doc, version FROM invitation
		WHERE owner = $1 AND (at < $2 OR (at = $2 AND id > $3)) ORDER BY at DESC, id LIMIT $4`,
		string(owner), micros(after.At), after.ID, limit)
}

// InvitationsIn lists those to a domain.
func (db *DB) InvitationsIn(ctx context.Context, owner id.Tenant, domain string, limit int) ([]programme.Invitation, error) {
	return allVersioned(ctx, db, "invitations", invitationVersion, `SELECT doc, version FROM invitation
		WHERE owner = $1 AND domain = $2 ORDER BY address_key, at DESC, id LIMIT $3`, string(owner), domain, limit)
}

// DueInvitations lists open ones that ended.
func (db *DB) DueInvitations(ctx context.Context, owner id.Tenant, now time.Time, limit int) ([]programme.Invitation, error) {
	return allVersioned(ctx, db, "invitations", invitationVersion, `SELECT doc, version FROM invitation
		WHERE owner = $1 AND state IN ('sent', 'opened', 'elsewhere') AND expires_at <= $2 ORDER BY expires_at, id LIMIT $3`,
		string(owner), micros(now), limit)
}

// AccessRequest finds by id.
func (db *DB) AccessRequest(ctx context.Context, owner id.Tenant, request string) (programme.AccessRequest, error) {
	return versioned(ctx, db, "access request", requestVersion,
		`SELECT doc, version FROM access_request WHERE owner = $1 AND id = $2`, string(owner), request)
}

// OpenAccessRequest finds a person's open one.
func (db *DB) OpenAccessRequest(ctx context.Context, owner, t id.Tenant, who id.Object) (programme.AccessRequest, error) {
	return versioned(ctx, db, "access request", requestVersion, `SELECT doc, version FROM access_request
		WHERE owner = $1 AND tenant = $2 AND account = $3 AND state = 'open'`, string(owner), string(t), string(who))
}

// AccessRequests lists those in a state, oldest first.
func (db *DB) AccessRequests(ctx context.Context, owner id.Tenant, state programme.RequestState, limit int) ([]programme.AccessRequest, error) {
	return allVersioned(ctx, db, "access requests", requestVersion, `SELECT doc, version FROM access_request
		WHERE owner = $1 AND state = $2 ORDER BY at, id LIMIT $3`, string(owner), string(state), limit)
}

// Roster finds an organisation's.
func (db *DB) Roster(ctx context.Context, owner, t id.Tenant) (programme.Roster, error) {
	return versioned(ctx, db, "roster", rosterVersion,
		`SELECT doc, version FROM roster WHERE owner = $1 AND tenant = $2`, string(owner), string(t))
}

// Rosters lists all, oldest first.
func (db *DB) Rosters(ctx context.Context, owner id.Tenant, limit int) ([]programme.Roster, error) {
	return allVersioned(ctx, db, "rosters", rosterVersion,
		`SELECT doc, version FROM roster WHERE owner = $1 ORDER BY at, tenant LIMIT $2`, string(owner), limit)
}

// Mailbox tells which mails were asked for of late.
func (db *DB) Mailbox(ctx context.Context, owner id.Tenant, key string) (programme.Mailbox, error) {
	return versioned(ctx, db, "mailbox", mailboxVersion,
		`SELECT doc, version FROM swap_mailbox WHERE owner = $1 AND address_key = $2`, string(owner), key)
}

// Terms finds a version.
func (db *DB) Terms(ctx context.Context, owner id.Tenant, version int) (programme.Terms, error) {
	return found[programme.Terms](ctx, db, "terms", `SELECT doc FROM terms WHERE owner = $1 AND number = $2`, string(owner), version)
}

// CurrentTerms finds the newest.
func (db *DB) CurrentTerms(ctx context.Context, owner id.Tenant) (programme.Terms, error) {
	return found[programme.Terms](ctx, db, "terms", `SELECT doc FROM terms WHERE owner = $1 ORDER BY number DESC LIMIT 1`, string(owner))
}

// LastAcceptance finds the newest of a person or an organisation.
func (db *DB) LastAcceptance(ctx context.Context, owner, t id.Tenant, who id.Object) (programme.Acceptance, error) {
	return found[programme.Acceptance](ctx, db, "acceptance", `SELECT doc FROM terms_acceptance
		WHERE owner = $1 AND tenant = $2 AND account = $3 ORDER BY number DESC LIMIT 1`, string(owner), string(t), string(who))
}

// found reads one document that never changes.
func found[T any](ctx context.Context, db *DB, what, text string, args ...any) (T, error) {
	var doc string
	if err := db.row(ctx, text, args...).Scan(&doc); err != nil {
		var none T
		return none, absent(err, fault.New(fault.ObjectUnknown, "object", what), "read "+what)
	}
	return document[T](doc)
}

// Acceptances lists those of a version by tenant and account.
func (db *DB) Acceptances(ctx context.Context, owner id.Tenant, version int, after programme.Acceptance, limit int) ([]programme.Acceptance, error) {
	var list []programme.Acceptance
	scan := func(row scanner) error {
		var doc string
		if err := row.Scan(&doc); err != nil {
			return err
		}
		a, err := document[programme.Acceptance](doc)
		list = append(list, a)
		return err
	}
	// Before the first organisation there is no account to come after.
	err := db.rows(ctx, scan, `SELECT doc FROM terms_acceptance
		WHERE owner = $1 AND number = $2 AND (tenant > $3 OR (tenant = $3 AND account > $4)) ORDER BY tenant, account LIMIT $5`,
		string(owner), version, string(after.Tenant), string(after.Account), limit)
	if err != nil {
		return nil, fmt.Errorf("list acceptances: %w", err)
	}
	return list, nil
}
