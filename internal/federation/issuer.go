package federation

import (
	"context"
	"fmt"
	"strings"

	"github.com/entente-id/entente/internal/tenant"
	"github.com/go-jose/go-jose/v4"
)

// IssuerKeys gives the keys with which a foreign issuer may have signed a token
// that names a key id, empty for none, and an algorithm. What was read is kept
// for a while, and keys are read again at most twice a minute for a key id that
// is not known (row R117). It fails when the issuer cannot be read, calls itself
// otherwise, or has no such key.
func (u *Upstreams) IssuerKeys(ctx context.Context, issuer, kid, algorithm string) ([]jose.JSONWebKey, error) {
	m, err := u.describe(ctx, issuer)
	if err != nil {
		return nil, fmt.Errorf("read the issuer: %w", err)
	}
	if m.Issuer != issuer || !endpoint(m.Keys, issuer) {
		return nil, fmt.Errorf("%w: it is of another issuer, or its keys are not on https", errForm)
	}
	found, err := u.find(ctx, m.Keys, func(k signer) bool {
		return (kid == "" || k.KeyID == kid) && (k.Algorithm == "" || k.Algorithm == algorithm) && k.mayServe(issuer)
	})
	if err != nil {
		return nil, fmt.Errorf("read the issuer's keys: %w", err)
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("%w: the issuer has no key %q for %s", errForm, kid, algorithm)
	}
	keys := make([]jose.JSONWebKey, 0, len(found))
	for _, k := range found {
		keys = append(keys, k.JSONWebKey)
	}
	return keys, nil
}

// mayServe: a key that names an issuer signs for that one alone, or, with a
// placeholder, for that of any tenant (identity-platform.md 1.5).
func (k signer) mayServe(issuer string) bool {
	before, after, template := strings.Cut(k.Issuer, tenant.TenantPlaceholder)
	if !template {
		return k.Issuer == "" || k.Issuer == issuer
	}
	return len(issuer) > len(before)+len(after) && strings.HasPrefix(issuer, before) && strings.HasSuffix(issuer, after)
}
