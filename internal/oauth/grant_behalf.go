package oauth

import (
	"context"
	"strings"

	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/tenant"
	"github.com/entente-id/entente/internal/token"
)

// onBehalf is the on-behalf-of grant: a service that was called with a
// person's access token asks for one of the next resource
// (identity-platform.md 2.6). The person is not there, so what they would have
// to do is told to the service, which hands it back to its caller.
func (e *Edge) onBehalf(ctx context.Context, x exchange) (answer, error) {
	text, err := readOnBehalf(x)
	if err != nil {
		return answer{}, err
	}
	a, err := e.rooms.Issuer.ReadAssertion(ctx, text)
	if err != nil {
		return answer{}, err
	}
	client := x.client.Application()
	if !madeFor(a.Audience, client) {
		return answer{}, fault.New(fault.AssertionForOthers, "app", client.Name, "rule", "an access token whose audience is the application that asks")
	}
	if x.authority, err = e.assertionAuthority(ctx, x, a); err != nil {
		return answer{}, err
	}
	g := a.Grant
	g.Client, g.Authority = client.App, x.authority.Tenant.ID
	g.Scope, g.Resource, g.Address = x.form.Get("scope"), x.form.Get("resource"), x.from
	h, p, err := e.entitled(ctx, x, g)
	if err != nil {
		return answer{}, err
	}
	p.family, p.code = a.Family, a.Code
	if p.wanted.Offline {
		if p.refresh, err = e.openFamily(ctx, x, g); err != nil {
			return answer{}, err
		}
		p.family = token.FamilyOf(p.refresh)
	}
	return e.answerPerson(ctx, x, h, g, p)
}

// readOnBehalf reads the parameters of the grant and gives the assertion.
func readOnBehalf(x exchange) (string, error) {
	use, err := x.form.Need("requested_token_use")
	if err != nil {
		return "", err
	}
	if use != "on_behalf_of" {
		return "", fault.New(fault.RequestMalformed, "parameter", "requested_token_use", "rule", "on_behalf_of")
	}
	const jwt = "urn:ietf:params:oauth:token-type:access_token"
	if kind := x.form.Get("requested_token_type"); kind != "" && kind != jwt {
		return "", fault.New(fault.RequestMalformed, "parameter", "requested_token_type", "rule", jwt)
	}
	client := x.client.Application()
	if !x.client.Confidential() {
		return "", fault.New(fault.OnBehalfForbidden, "app", string(client.App), "rule", "an application that proves itself with a secret or a certificate")
	}
	wants := "scope"
	if x.Version == 1 {
		wants = "resource"
	}
	if _, err := x.form.Need(wants); err != nil {
		return "", err
	}
	return x.form.Need("assertion")
}

// madeFor: a token's audience is the client id, or one of the names under which
// tokens can be asked for the application; official documents write these with
// a slash more or less.
func madeFor(audience string, client application.Application) bool {
	if strings.EqualFold(audience, string(client.App)) {
		return true
	}
	for _, name := range client.Identifiers {
		if strings.TrimSuffix(name, "/") == strings.TrimSuffix(audience, "/") {
			return true
		}
	}
	return false
}

// assertionAuthority is the organisation that the new token is for: that of the
// assertion, and no other (row R99).
func (e *Edge) assertionAuthority(ctx context.Context, x exchange, a token.Assertion) (tenant.Authority, error) {
	if !x.authority.Generic() && x.authority.Tenant.ID != a.Tenant {
		return x.authority, fault.New(fault.AssertionInvalid, "rule", "an access token of the tenant "+x.authority.Tenant.DefaultDomain())
	}
	return e.rooms.Tenants.Authority(ctx, string(a.Tenant))
}

// openFamily begins a refresh family for a grant that no code stands for.
func (e *Edge) openFamily(ctx context.Context, x exchange, g token.Grant) (string, error) {
	code, err := e.rooms.Families.Code(g)
	if err != nil {
		return "", err
	}
	g.Offline, g.Issued = true, e.source.Now()
	return e.rooms.Families.Redeem(ctx, code, g, token.Use{Client: x.client, Key: x.key})
}
