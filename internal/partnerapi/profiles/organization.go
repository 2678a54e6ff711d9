// Package profiles answers the scenarios about the partner itself: its profiles,
// what it agrees, asks and reports (secure-application-model.md 7.1, 7.4).
package profiles

import (
	"context"
	"time"

	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/customer"
	"github.com/entente-id/entente/internal/partner"
	"github.com/entente-id/entente/internal/partnerapi/convention"
)

// Desk answers.
type Desk struct {
	Partners  *partner.Register
	Files     *partner.Files
	Customers *customer.Ledger
	Apps      *application.Registry
	// Origin is the external address of this API.
	Origin string
	Now    func() time.Time
}

type (
	addressBody = convention.Address
	attributes  = convention.Attributes
)

var (
	self = convention.Self
	of   = convention.Of
)

type organizationBody struct {
	ID          string           `json:"id"`
	CompanyName string           `json:"companyName"`
	Address     addressBody      `json:"defaultAddress"`
	TenantID    string           `json:"tenantId"`
	Domain      string           `json:"domain"`
	Email       string           `json:"email"`
	Language    string           `json:"language"`
	Culture     string           `json:"culture"`
	ProfileType string           `json:"profileType"`
	Links       convention.Links `json:"links"`
	Attributes  attributes       `json:"attributes"`
}

// Organization is GET /profiles/organization (row 24).
func (d *Desk) Organization(ctx context.Context, c *convention.Call) (any, error) {
	p, err := d.Partners.Profile(ctx, c.Caller)
	if err != nil {
		return nil, err
	}
	return organizationOf(p), nil
}

// ChangeOrganization is PUT /profiles/organization (row 24): a full
// replacement of what the organisation may change.
func (d *Desk) ChangeOrganization(ctx context.Context, c *convention.Call) (any, error) {
	var sent organizationBody
	if err := c.Read(&sent); err != nil {
		return nil, err
	}
	etag, err := c.IfMatch(sent.Attributes.ETag)
	if err != nil {
		return nil, err
	}
	p, err := d.Partners.Change(ctx, c.Caller, partner.Profile{
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
