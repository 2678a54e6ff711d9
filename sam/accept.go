package sam

import (
	"context"
	"slices"
	"strings"

	"github.com/entente-id/entente/sam/cloud"
)

// accept checks that the token is the one that was asked for (R176) before
// anybody can send it to the wrong place.
func (b *Broker) accept(answer cloud.Answer, tenant string, resource cloud.Resource) (AccessToken, error) {
	refuse := func(what string) (AccessToken, error) {
		return AccessToken{}, &Problem{Kind: Unexpected, Message: "M47", What: "the authority gave a token that was not asked for: " + what,
			Do: "check --authority or --cloud; report the reference to who runs the authority", Reference: answer.Reference}
	}
	claims, err := cloud.ReadClaims(answer.Access.Reveal())
	if err != nil {
		return refuse(err.Error())
	}
	switch {
	case !strings.EqualFold(claims.Tenant, tenant):
		return refuse("it is for another tenant")
	case !strings.EqualFold(claims.Application, b.app.ID):
		return refuse("it is for another application")
	case !slices.ContainsFunc(claims.Audience, func(a string) bool { return b.app.Cloud.Means(resource.Audience, a) }):
		return refuse("it is for another resource than " + resource.Audience)
	}
	expires := b.app.Now().Add(answer.Life)
	if answer.Life <= 0 {
		expires = claims.Expires
	}
	return AccessToken{
		Token: answer.Access.Reveal(), ExpiresOn: expires, Tenant: strings.ToLower(tenant), Resource: resource.Audience,
		MFA: claims.MFA(), Reference: answer.Reference,
	}, nil
}

// tenantID finds the id of a tenant that was named by a domain, once.
func (b *Broker) tenantID(ctx context.Context, tenant string) (string, error) {
	if tenant == "" || cloud.IsGUID(tenant) {
		return strings.ToLower(tenant), nil
	}
	tenant = strings.ToLower(tenant)
	b.mu.Lock()
	id, known := b.tenants[tenant]
	b.mu.Unlock()
	if known {
		return id, nil
	}
	id, err := b.app.TenantID(ctx, tenant)
	if err != nil {
		return "", err
	}
	b.mu.Lock()
	b.tenants[tenant] = id
	b.mu.Unlock()
	return id, nil
}
