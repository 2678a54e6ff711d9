package tenant

import (
	"context"
	"strings"

	"github.com/entente-id/entente/internal/id"
)

// Audience says who can sign in under an authority (identity-platform.md 1.2).
type Audience int

// The audiences of an authority.
const (
	// OneTenant is an authority of a single organisation.
	OneTenant Audience = iota
	// AnyAccount is "common": work and personal accounts.
	AnyAccount
	// AnyWork is "organizations": any work account.
	AnyWork
	// OnlyPersonal is "consumers".
	OnlyPersonal
)

// Authority is what the tenant segment of a path names.
type Authority struct {
	Audience Audience
	// Tenant is set for OneTenant and OnlyPersonal.
	Tenant Tenant
	// Segment is the text of the path, as the client typed it.
	Segment string
}

// Generic reports whether the authority names no single tenant, so that the
// person's home tenant becomes the issuer.
func (a Authority) Generic() bool { return a.Audience == AnyAccount || a.Audience == AnyWork }

// Admits reports whether an account of this tenant can sign in here as a
// member.
func (a Authority) Admits(home id.Tenant) bool {
	switch a.Audience {
	case AnyAccount:
		return true
	case AnyWork:
		return home != id.Consumers
	default:
		return home == a.Tenant.ID
	}
}

// Authority reads the tenant segment of a path: a GUID, a verified domain, or
// one of the generic names, in any letter case.
func (d *Directory) Authority(ctx context.Context, segment string) (Authority, error) {
	a := Authority{Segment: segment}
	switch strings.ToLower(segment) {
	case "common":
		a.Audience = AnyAccount
		return a, nil
	case "organizations":
		a.Audience = AnyWork
		return a, nil
	case "consumers":
		segment = string(id.Consumers)
	}
	t, err := d.Named(ctx, segment)
	if err != nil {
		return Authority{}, err
	}
	a.Tenant = t
	if t.Personal() {
		a.Audience = OnlyPersonal
	}
	return a, nil
}
