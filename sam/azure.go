package sam

import (
	"context"
	"errors"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
)

// Credential is the broker as the Azure SDK and the Graph SDK know it: tokens of
// one consent in one tenant (empty: the partner's own).
func (b *Broker) Credential(record, tenant string) azcore.TokenCredential {
	return credential{broker: b, record: record, tenant: tenant}
}

type credential struct {
	broker         *Broker
	record, tenant string
}

// GetToken implements azcore.TokenCredential. The one scope must be all of a
// resource ("https://graph.microsoft.com/.default"): what is consented for it is
// decided at the authority, not here.
func (c credential) GetToken(ctx context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	if len(o.Scopes) != 1 {
		return azcore.AccessToken{}, errors.New("ask the broker for a token: exactly one scope is needed")
	}
	audience, ok := strings.CutSuffix(o.Scopes[0], "/.default")
	if !ok {
		return azcore.AccessToken{}, errors.New("ask the broker for a token: the scope must end in /.default")
	}
	resource, err := c.broker.app.Cloud.Resource(audience)
	if err != nil {
		return azcore.AccessToken{}, err
	}
	q := Request{Record: c.record, Tenant: c.tenant, Resource: resource, Claims: o.Claims}
	if o.TenantID != "" {
		q.Tenant = o.TenantID
	}
	token, err := c.broker.Token(ctx, q)
	if err != nil {
		return azcore.AccessToken{}, err
	}
	return azcore.AccessToken{Token: token.Token, ExpiresOn: token.ExpiresOn}, nil
}
