package partnerapi

import (
	"context"

	"github.com/entente-id/entente/internal/partner"
)

type organizationBody struct {
	ID          string      `json:"id"`
	CompanyName string      `json:"companyName"`
	Address     addressBody `json:"defaultAddress"`
	TenantID    string      `json:"tenantId"`
	Domain      string      `json:"domain"`
	Email       string      `json:"email"`
	Language    string      `json:"language"`
	Culture     string      `json:"culture"`
	ProfileType string      `json:"profileType"`
	Links       links       `json:"links"`
	Attributes  attributes  `json:"attributes"`
}

// organizationProfile is GET /profiles/organization (row 24).
func (e *edge) organizationProfile(ctx context.Context, c *call) (any, error) {
	p, err := e.Partners.Profile(ctx, c.caller)
	if err != nil {
		return nil, err
	}
	return organizationOf(p), nil
}

// changeOrganizationProfile is PUT /profiles/organization (row 24): a full
// replacement of what the organisation may change.
func (e *edge) changeOrganizationProfile(ctx context.Context, c *call) (any, error) {
	var sent organizationBody
	if err := c.read(&sent); err != nil {
		return nil, err
	}
	etag, err := c.ifMatch(sent.Attributes.ETag)
	if err != nil {
		return nil, err
	}
	p, err := e.Partners.Change(ctx, c.caller, partner.Profile{
		CompanyName: sent.CompanyName, Email: sent.Email, Language: sent.Language, Culture: sent.Culture,
		Address: partner.Address(sent.Address),
	}, etag)
	if err != nil {
		return nil, err
	}
	return organizationOf(p), nil
}

func organizationOf(p partner.Profile) organizationBody {
	return organizationBody{
		ID: string(p.Tenant), CompanyName: p.CompanyName, Address: addressBody(p.Address),
		TenantID: string(p.Tenant), Domain: p.Domain, Email: p.Email, Language: p.Language, Culture: p.Culture,
		ProfileType: "OrganizationProfile",
		Links:       self("/profiles/organization"),
		Attributes:  attributes{ETag: p.ETag, ObjectType: "OrganizationProfile"},
	}
}
