package sqlstore

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/consent"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
)

var _ consent.Store = (*DB)(nil)

const grantColumns = `SELECT client, resource, account, scopes, marks FROM delegated_grant `

// Grants lists what is allowed to a client, for everyone and for one person.
func (db *DB) Grants(ctx context.Context, t id.Tenant, client id.App, person id.Object) ([]consent.Grant, error) {
	return db.grants(ctx, t, grantColumns+`
		WHERE tenant = $1 AND client = $2 AND (account = '' OR account = $3)
		AND NOT EXISTS (SELECT 1 FROM principal WHERE tenant = $1 AND app = $2 AND disabled) ORDER BY resource, account`,
		string(t), string(client), string(person))
}

// GrantsTo lists what one person, and everyone, allowed to any client.
func (db *DB) GrantsTo(ctx context.Context, t id.Tenant, person id.Object) ([]consent.Grant, error) {
	return db.grants(ctx, t, grantColumns+`
		WHERE tenant = $1 AND (account = '' OR account = $2) ORDER BY client, account, resource`, string(t), string(person))
}

// GrantsIn lists what holds in a tenant, some clients at a time.
func (db *DB) GrantsIn(ctx context.Context, t id.Tenant, after id.App, limit int) ([]consent.Grant, error) {
	return db.grants(ctx, t, grantColumns+`
		WHERE tenant = $1 AND client IN
			(SELECT DISTINCT client FROM delegated_grant WHERE tenant = $1 AND client > $2 ORDER BY client LIMIT $3)
		ORDER BY client, account, resource`, string(t), string(after), limit)
}

func (db *DB) grants(ctx context.Context, t id.Tenant, text string, args ...any) ([]consent.Grant, error) {
	var list []consent.Grant
	err := db.rows(ctx, func(row scanner) error {
		g := consent.Grant{Tenant: t}
		var scopes, marks string
		if err := row.Scan((*string)(&g.Client), (*string)(&g.Resource), (*string)(&g.Account), &scopes, &marks); err != nil {
			return err
		}
		given, err := marked(scopes, marks)
		for _, m := range given {
			part := g
			part.Scopes, part.Given, part.Version = m.scopes, instant(m.At), m.Version
			list = append(list, part)
		}
		return err
	}, text, args...)
	if err != nil {
		return nil, fmt.Errorf("list grants: %w", err)
	}
	return list, nil
}

// mark says when a scope was given and in which words it was asked.
type mark struct {
	At      int64  `json:"at"`
	Version string `json:"version,omitempty"`
}

// given are the scopes that share a mark.
type given struct {
	mark
	scopes []string
}

// marked puts scopes with equal marks together, in the order of the first.
func marked(scopes, marks string) ([]given, error) {
	of, err := document[[]mark](marks)
	if err != nil {
		return nil, err
	}
	var list []given
	for i, scope := range strings.Fields(scopes) {
		var m mark
		if i < len(of) {
			m = of[i]
		}
		at := slices.IndexFunc(list, func(g given) bool { return g.mark == m })
		if at < 0 {
			at, list = len(list), append(list, given{mark: m})
		}
		list[at].scopes = append(list[at].scopes, scope)
	}
	return list, nil
}

// AddGrants widens grants and creates the missing service principals.
func (db *DB) AddGrants(ctx context.Context, grants []consent.Grant, principals []application.Principal, e audit.Event) error {
	return db.write(ctx, func(x *tx) error {
		if err := x.allow(grants, principals); err != nil {
			return err
		}
		return x.event(e)
	})
}

// allow widens grants, unless the organisation has blocked their client.
func (t *tx) allow(grants []consent.Grant, principals []application.Principal) error {
	for _, p := range principals {
		if err := t.principal(p); err != nil {
			return err
		}
	}
	for i, g := range grants {
		if i == 0 || g.Tenant != grants[i-1].Tenant || g.Client != grants[i-1].Client {
			if err := t.unblocked(g.Tenant, g.Client); err != nil {
				return err
			}
		}
		if err := t.grant(g); err != nil {
			return err
		}
	}
	return nil
}

// unblocked fails with AppBlocked where a client's principal is disabled.
func (t *tx) unblocked(of id.Tenant, client id.App) error {
	var blocked int
	if err := t.row(`SELECT COUNT(*) FROM principal WHERE tenant = $1 AND app = $2 AND disabled`,
		string(of), string(client)).Scan(&blocked); err != nil {
		return fmt.Errorf("read principal: %w", err)
	}
	if blocked > 0 {
		return fault.New(fault.AppBlocked, "app", string(client))
	}
	return nil
}

func (t *tx) grant(g consent.Grant) error {
	key := []any{string(g.Tenant), string(g.Client), string(g.Account), string(g.Resource)}
	var have, text string
	// An upsert reads the row and holds it until the commit; a SELECT would
	// let another node widen it in between, and that scope would be lost.
	err := t.row(`INSERT INTO delegated_grant (tenant, client, account, resource, scopes) VALUES ($1, $2, $3, $4, '')
		ON CONFLICT (tenant, client, account, resource) DO UPDATE SET scopes = delegated_grant.scopes RETURNING scopes, marks`,
		key...).Scan(&have, &text)
	if err != nil {
		return fmt.Errorf("hold grant: %w", err)
	}
	scopes := strings.Fields(have)
	marks, err := document[[]mark](text)
	if err != nil {
		return err
	}
	marks = append(marks, make([]mark, max(0, len(scopes)-len(marks)))...)
	now := mark{micros(g.Given), g.Version}
	for _, s := range g.Scopes {
		if i := slices.Index(scopes, s); i >= 0 {
			marks[i] = now
			continue
		}
		scopes, marks = append(scopes, s), append(marks, now)
	}
	if text, err = encode(marks); err != nil {
		return err
	}
	_, err = t.exec(`UPDATE delegated_grant SET scopes = $5, marks = $6 WHERE tenant = $1 AND client = $2 AND account = $3 AND resource = $4`,
		append(key, strings.Join(scopes, " "), text)...)
	if err != nil {
		return fmt.Errorf("widen grant: %w", err)
	}
	return nil
}

// RemoveGrants withdraws all that a client was allowed.
func (db *DB) RemoveGrants(ctx context.Context, t id.Tenant, client id.App, person id.Object, e audit.Event) error {
	return db.write(ctx, func(x *tx) error {
		if _, err := x.exec(`DELETE FROM delegated_grant WHERE tenant = $1 AND client = $2 AND account = $3`,
			string(t), string(client), string(person)); err != nil {
			return fmt.Errorf("withdraw grants: %w", err)
		}
		return x.event(e)
	})
}

// SetGrant replaces what one client was allowed at one resource.
func (db *DB) SetGrant(ctx context.Context, g consent.Grant, e audit.Event) error {
	marks, err := encode(slices.Repeat([]mark{{micros(g.Given), g.Version}}, len(g.Scopes)))
	if err != nil {
		return err
	}
	return db.write(ctx, func(x *tx) error {
		text, args := `DELETE FROM delegated_grant WHERE tenant = $1 AND client = $2 AND account = $3 AND resource = $4`,
			[]any{string(g.Tenant), string(g.Client), string(g.Account), string(g.Resource)}
		if len(g.Scopes) > 0 {
			text = `UPDATE delegated_grant SET scopes = $5, marks = $6 WHERE tenant = $1 AND client = $2 AND account = $3 AND resource = $4`
			args = append(args, strings.Join(g.Scopes, " "), marks)
		}
		n, err := x.exec(text, args...)
		if err != nil {
			return fmt.Errorf("replace grant: %w", err)
		}
		if n == 0 {
			return fault.New(fault.ObjectUnknown, "object", string(g.Client))
		}
		return x.event(e)
	})
}

// AppRolesIn lists what clients hold alone in a tenant.
func (db *DB) AppRolesIn(ctx context.Context, t id.Tenant, client, resource id.App) ([]consent.AppRole, error) {
	var list []consent.AppRole
	err := db.rows(ctx, func(row scanner) error {
		var r consent.AppRole
		err := row.Scan((*string)(&r.Client), (*string)(&r.Resource), &r.Name)
		list = append(list, r)
		return err
	}, `SELECT client, resource, role FROM app_role_grant WHERE tenant = $1 AND ($2 = '' OR client = $2) AND ($3 = '' OR resource = $3)
		ORDER BY client, resource, role`, string(t), string(client), string(resource))
	if err != nil {
		return nil, fmt.Errorf("list app roles: %w", err)
	}
	return list, nil
}

// RemoveAppRole takes a permission back.
func (db *DB) RemoveAppRole(ctx context.Context, t id.Tenant, r consent.AppRole, e audit.Event) error {
	return db.write(ctx, func(x *tx) error {
		n, err := x.exec(`DELETE FROM app_role_grant WHERE tenant = $1 AND client = $2 AND resource = $3 AND role = $4`,
			string(t), string(r.Client), string(r.Resource), r.Name)
		if err != nil {
			return fmt.Errorf("remove app role: %w", err)
		}
		if n == 0 {
			return fault.New(fault.ObjectUnknown, "object", r.Name)
		}
		return x.event(e)
	})
}

// AppRoles lists the permissions that a client holds alone at a resource.
func (db *DB) AppRoles(ctx context.Context, t id.Tenant, client, resource id.App) ([]string, error) {
	var list []string
	err := db.rows(ctx, func(row scanner) error {
		var role string
		err := row.Scan(&role)
		list = append(list, role)
		return err
	}, `SELECT role FROM app_role_grant WHERE tenant = $1 AND client = $2 AND resource = $3 ORDER BY role`,
		string(t), string(client), string(resource))
	if err != nil {
		return nil, fmt.Errorf("list app roles: %w", err)
	}
	return list, nil
}

// AddAppRoles widens them.
func (db *DB) AddAppRoles(ctx context.Context, t id.Tenant, client, resource id.App, roles []string, e audit.Event) error {
	return db.write(ctx, func(x *tx) error {
		for _, role := range roles {
			if _, err := x.exec(`INSERT INTO app_role_grant (tenant, client, resource, role) VALUES ($1, $2, $3, $4)
				ON CONFLICT (tenant, client, resource, role) DO NOTHING`,
				string(t), string(client), string(resource), role); err != nil {
				return fmt.Errorf("add app role: %w", err)
			}
		}
		return x.event(e)
	})
}
