package oauth

import (
	"context"
	"strings"

	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/tenant"
	"github.com/entente-id/entente/internal/token"
)

// clientCredentials is grant_type=client_credentials: an application for
// itself, in one organisation.
func (e *Edge) clientCredentials(ctx context.Context, x exchange) (answer, error) {
	if x.authority.Generic() || x.authority.Audience == tenant.OnlyPersonal {
		return answer{}, fault.New(fault.GrantNotOnCommon, "grant", "client_credentials", "tenant", x.Segment)
	}
	if !x.client.Confidential() {
		return answer{}, fault.New(fault.CredentialMissing, "app", string(x.client.Application().App))
	}
	w, err := e.wantedAlone(ctx, x)
	if err != nil {
		return answer{}, err
	}
	client := x.client.Application()
	principal, err := e.rooms.Apps.Principal(ctx, x.authority.Tenant.ID, client.App)
	if err != nil {
		return answer{}, err
	}
	if principal.Disabled {
		return answer{}, fault.New(fault.AppDisabled, "app", client.Name)
	}
	roles, err := e.rooms.Consents.AppRoles(ctx, x.authority.Tenant.ID, client.App, w.Resource.App)
	if err != nil {
		return answer{}, err
	}
	access, err := e.rooms.Issuer.AccessToken(ctx, token.Access{
		Tenant: x.authority.Tenant, Client: x.client, Resource: w.Resource, Audience: w.Audience,
		Principal: principal.ID, Roles: roles, Capable: x.asked.Capable, JKT: x.jkt,
	})
	// No scope, refresh token or ID token goes out (identity-platform.md 2.4).
	return answer{access: access, resource: w.Audience}, err
}

// wantedAlone reads the one resource. The scopes of OpenID Connect, which MSAL
// Go sends along, mean nothing here and are left aside.
func (e *Edge) wantedAlone(ctx context.Context, x exchange) (application.WantedResource, error) {
	if x.Version == 1 {
		name, err := x.form.Need("resource")
		if err != nil {
			return application.WantedResource{}, err
		}
		return e.rooms.Apps.WantedByResource(ctx, name)
	}
	if err := x.target(); err != nil {
		return application.WantedResource{}, err
	}
	scope, resource := x.form.Get("scope"), x.form.Get("resource")
	if scope == "" && resource == "" {
		return application.WantedResource{}, fault.New(fault.ParameterMissing, "parameter", "scope")
	}
	for _, word := range strings.Fields(scope) {
		switch strings.ToLower(word) {
		case "openid", "profile", "email", "offline_access":
			continue
		}
		if !strings.HasSuffix(strings.ToLower(word), "/.default") {
			return application.WantedResource{}, fault.New(fault.NeedsDefaultScope, "scope", tenant.Shorten(word))
		}
	}
	w, err := e.rooms.Apps.WantedAt(ctx, scope, resource)
	switch {
	case err != nil:
		return application.WantedResource{}, err
	case len(w.Resources) == 0:
		return application.WantedResource{}, fault.New(fault.NeedsDefaultScope, "scope", tenant.Shorten(scope))
	case len(w.Resources) > 1:
		return application.WantedResource{}, fault.New(fault.SeveralResources)
	}
	return w.Resources[0], nil
}

// password refuses grant_type=password with the code that names the way out: a
// password alone is no proof here, and a script that holds one is what the
// Secure Application Model replaces. Nothing is looked up, so that the answer
// tells nothing about an account.
func (e *Edge) password(_ context.Context, x exchange) (answer, error) {
	if x.authority.Audience == tenant.AnyAccount || x.authority.Audience == tenant.OnlyPersonal {
		return answer{}, fault.New(fault.GrantNotOnCommon, "grant", "password", "tenant", x.Segment)
	}
	for _, name := range []string{"username", "password"} {
		if _, err := x.form.Need(name); err != nil {
			return answer{}, err
		}
	}
	return answer{}, fault.New(fault.SecondFactorRequired)
}
