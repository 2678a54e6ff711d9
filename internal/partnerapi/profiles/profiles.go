package profiles

import (
	"context"

	"github.com/entente-id/entente/internal/partner"
	"github.com/entente-id/entente/internal/partnerapi/convention"
)

type contactBody = convention.Contact

type legalBody struct {
	CompanyName     string           `json:"companyName"`
	Address         addressBody      `json:"address"`
	Contact         contactBody      `json:"primaryContact"`
	ApproverAddress addressBody      `json:"companyApproverAddress"`
	ApproverEmail   string           `json:"companyApproverEmail"`
	Status          string           `json:"vettingStatus"`
	SubStatus       string           `json:"vettingSubStatus"`
	ProfileType     string           `json:"profileType"`
	Links           convention.Links `json:"links"`
	Attributes      attributes       `json:"attributes"`
}

// vettings are the versions that can be asked for; they differ only while a
// vetting is under way.
var vettings = []string{"current", "last_finalized"}

// Legal is GET /profiles/legalbusiness (row 25).
func (d *Desk) Legal(ctx context.Context, c *convention.Call) (any, error) {
	if _, err := (convention.Enum{Text: c.Query("vettingVersion"), Number: -1}).In("vettingVersion", vettings...); err != nil {
		return nil, err
	}
	l, err := d.Files.Legal(ctx, c.Caller)
	if err != nil {
		return nil, err
	}
	return legalOf(l), nil
}

// ChangeLegal is PUT /profiles/legalbusiness (row 25).
func (d *Desk) ChangeLegal(ctx context.Context, c *convention.Call) (any, error) {
	var sent struct {
		CompanyName                     string
		Address, CompanyApproverAddress addressBody
		PrimaryContact                  contactBody
		CompanyApproverEmail            string
	}
	if err := c.Read(&sent); err != nil {
		return nil, err
	}
	l, err := d.Files.ChangeLegal(ctx, c.Caller, partner.Legal{
		CompanyName: sent.CompanyName, Address: partner.Address(sent.Address), Contact: partner.Contact(sent.PrimaryContact),
		ApproverAddress: partner.Address(sent.CompanyApproverAddress), ApproverEmail: sent.CompanyApproverEmail,
	})
	if err != nil {
		return nil, err
	}
	return legalOf(l), nil
}

func legalOf(l partner.Legal) legalBody {
	return legalBody{
		CompanyName: l.CompanyName, Address: addressBody(l.Address), Contact: contactBody(l.Contact), ApproverAddress: addressBody(l.ApproverAddress),
		ApproverEmail: l.ApproverEmail, Status: l.Status, SubStatus: l.SubStatus, ProfileType: "LegalBusinessProfile",
		Links: self("/profiles/legalbusiness"), Attributes: of("LegalBusinessProfile"),
	}
}

// MPN is GET /profiles/mpn (row 26).
func (d *Desk) MPN(ctx context.Context, c *convention.Call) (any, error) {
	m, err := d.Files.MPN(ctx, c.Caller, c.Query("mpnId"))
	if err != nil {
		return nil, err
	}
	return map[string]any{
		"partnerName": m.Name, "mpnId": m.ID, "profileType": "MpnProfile", "links": self("/profiles/mpn?mpnId=" + m.ID), "attributes": of("MpnProfile"),
	}, nil
}

type billingBody struct {
	CompanyName   string           `json:"companyName"`
	Address       addressBody      `json:"address"`
	Contact       contactBody      `json:"primaryContact"`
	PurchaseOrder string           `json:"purchaseOrderNumber"`
	TaxID         string           `json:"taxId"`
	Currency      string           `json:"billingCurrency"`
	ProfileType   string           `json:"profileType"`
	Links         convention.Links `json:"links"`
	Attributes    attributes       `json:"attributes"`
}

// Billing is GET /profiles/billing (row 26).
func (d *Desk) Billing(ctx context.Context, c *convention.Call) (any, error) {
	b, err := d.Files.Billing(ctx, c.Caller)
	if err != nil {
		return nil, err
	}
	return billingOf(b), nil
}

// ChangeBilling is PUT /profiles/billing (row 26).
func (d *Desk) ChangeBilling(ctx context.Context, c *convention.Call) (any, error) {
	var sent billingBody
	if err := c.Read(&sent); err != nil {
		return nil, err
	}
	etag, err := c.IfMatch(sent.Attributes.ETag)
	if err != nil {
		return nil, err
	}
	b, err := d.Files.ChangeBilling(ctx, c.Caller, partner.Billing{
		PurchaseOrder: sent.PurchaseOrder, TaxID: sent.TaxID, Contact: partner.Contact(sent.Contact),
	}, etag)
	if err != nil {
		return nil, err
	}
	return billingOf(b), nil
}

func billingOf(b partner.Billing) billingBody {
	return billingBody{
		CompanyName: b.CompanyName, Address: addressBody(b.Address), Contact: contactBody(b.Contact), PurchaseOrder: b.PurchaseOrder, TaxID: b.TaxID,
		Currency: b.Currency, ProfileType: "BillingProfile", Links: self("/profiles/billing"),
		Attributes: attributes{ETag: b.ETag, ObjectType: "BillingProfile"},
	}
}

type supportBody struct {
	Email       string           `json:"email"`
	Telephone   string           `json:"telephone"`
	Website     string           `json:"website"`
	ProfileType string           `json:"profileType"`
	Links       convention.Links `json:"links"`
	Attributes  attributes       `json:"attributes"`
}

// Support is GET /profiles/support (row 26).
func (d *Desk) Support(ctx context.Context, c *convention.Call) (any, error) {
	s, err := d.Files.Support(ctx, c.Caller)
	if err != nil {
		return nil, err
	}
	return supportOf(s), nil
}

// ChangeSupport is PUT /profiles/support and /profiles/supportprofile (row 26).
func (d *Desk) ChangeSupport(ctx context.Context, c *convention.Call) (any, error) {
	var sent struct{ Email, Telephone, Website string }
	if err := c.Read(&sent); err != nil {
		return nil, err
	}
	s, err := d.Files.ChangeSupport(ctx, c.Caller, partner.Support(sent))
	if err != nil {
		return nil, err
	}
	return supportOf(s), nil
}

func supportOf(s partner.Support) supportBody {
	return supportBody{s.Email, s.Telephone, s.Website, "SupportProfile", self("/profiles/support"), of("SupportProfile")}
}

// relationTypes are those of a query, in the documents' spelling of answers.
var relationTypes = []string{"", "is_indirect_reseller_of", "is_indirect_cloud_solution_provider_of"}

// Relations is GET /relationships (row 15).
func (d *Desk) Relations(ctx context.Context, c *convention.Call) (any, error) {
	kind, err := (convention.Enum{Text: c.Query("relationship_type"), Number: -1}).In("relationship_type", relationTypes...)
	if err != nil {
		return nil, err
	}
	list, err := d.Files.Relations(ctx, c.Caller, kind)
	if err != nil {
		return nil, err
	}
	items := []convention.PartnerRelation{}
	for _, r := range list {
		items = append(items, convention.PartnerRelation{
			ID: string(r.Partner), Name: r.Name, Type: r.Type, State: r.State, MPN: r.MPN, Location: r.Location, Attributes: of("PartnerRelationship"),
		})
	}
	return convention.All(items), nil
}

// Token is POST /generatetoken and /v3/generatetoken (row 52): the token that
// was sent serves as the token of this API, for as long as it lives.
func (d *Desk) Token(_ context.Context, c *convention.Call) (any, error) {
	left := int(c.Caller.Expires.Sub(d.Now()).Seconds())
	return map[string]any{"access_token": c.Bearer(), "token_type": "Bearer", "expires_in": max(0, left)}, nil
}
