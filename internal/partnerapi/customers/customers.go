// Package customers answers the scenarios about a partner's customers: the list,
// their profiles, and how they come and go (secure-application-model.md 7.2).
package customers

import (
	"context"
	"net/url"
	"strconv"
	"strings"

	"github.com/entente-id/entente/internal/customer"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/partner"
	"github.com/entente-id/entente/internal/partnerapi/convention"
	"github.com/entente-id/entente/internal/tenant"
)

// Desk answers.
type Desk struct {
	Ledger  *customer.Ledger
	Book    *customer.Book
	Tenants *tenant.Directory
	Files   *partner.Files
	// Origin is the external address, for links that people open.
	Origin string
}

type (
	addressBody = convention.Address
	attributes  = convention.Attributes
)

var (
	self = convention.Self
	of   = convention.Of
)

type customerBody struct {
	ID                string            `json:"id"`
	CommerceID        string            `json:"commerceId,omitempty"`
	CompanyProfile    companyBody       `json:"companyProfile"`
	BillingProfile    *billingBody      `json:"billingProfile,omitempty"`
	Relationship      customer.Commerce `json:"relationshipToPartner"`
	Delegated         *bool             `json:"allowDelegatedAccess,omitempty"`
	CustomDomains     []string          `json:"customDomains,omitempty"`
	AssociatedPartner string            `json:"associatedPartnerId,omitempty"`
	GDAP              *bool             `json:"enableGDAPByDefault,omitempty"`
	Credentials       *credentials      `json:"userCredentials,omitempty"`
	Links             convention.Links  `json:"links"`
	Attributes        attributes        `json:"attributes"`
}

// credentials are shown once, with the answer that made the customer.
type credentials struct {
	UserName string `json:"userName"`
	Password string `json:"password"`
}

type companyBody struct {
	TenantID     string           `json:"tenantId"`
	Domain       string           `json:"domain"`
	CompanyName  string           `json:"companyName"`
	Address      *addressBody     `json:"address,omitempty"`
	Email        string           `json:"email,omitempty"`
	Registration string           `json:"organizationRegistrationNumber,omitempty"`
	Links        convention.Links `json:"links"`
	Attributes   attributes       `json:"attributes"`
}

type billingBody struct {
	ID          string           `json:"id"`
	FirstName   string           `json:"firstName,omitempty"`
	LastName    string           `json:"lastName,omitempty"`
	Email       string           `json:"email"`
	Culture     string           `json:"culture"`
	Language    string           `json:"language"`
	CompanyName string           `json:"companyName"`
	Address     addressBody      `json:"defaultAddress"`
	Links       convention.Links `json:"links"`
	Attributes  attributes       `json:"attributes"`
}

// List is GET /customers: all of the partner's, or those that a filter keeps
// (rows 1 and 2).
func (d *Desk) List(ctx context.Context, c *convention.Call) (any, error) {
	page, err := pageOf(c)
	if err != nil {
		return nil, err
	}
	text := c.Query("filter")
	if text != "" {
		f, err := convention.ParseFilter(text, string(customer.CompanyName), string(customer.Domain))
		if err != nil {
			return nil, err
		}
		page.Filter = customer.Filter{Field: customer.Field(f.Field), Operator: customer.Operator(f.Operator), Value: f.Value}
	}
	return d.page(ctx, c, page, text)
}

// ListOfReseller is GET /customers with a filter on the indirect reseller or
// provider (row 6).
func (d *Desk) ListOfReseller(ctx context.Context, c *convention.Call) (any, error) {
	page, err := pageOf(c)
	if err != nil {
		return nil, err
	}
	f, err := convention.ParseFilter(c.Query("filter"), "IndirectReseller", "IndirectCloudSolutionProvider")
	if err != nil {
		return nil, err
	}
	if !id.IsGUID(f.Value) || f.Operator == "substring" {
		return nil, fault.New(fault.FilterInvalid, "parameter", "Value", "rule", "the id of a partner, to start with or to equal")
	}
	// Of a provider there is one only, the one whose list this is.
	if f.Field == "IndirectReseller" {
		page.Filter = customer.Filter{Field: customer.IndirectReseller, Operator: customer.Equals, Value: strings.ToLower(f.Value)}
	} else if !strings.EqualFold(f.Value, string(c.Caller.Tenant)) {
		page.Filter = customer.Filter{Field: customer.IndirectReseller, Operator: customer.Equals, Value: "none"}
	}
	return d.page(ctx, c, page, c.Query("filter"))
}

func (d *Desk) page(ctx context.Context, c *convention.Call, page customer.Page, filter string) (any, error) {
	list, err := d.Ledger.List(ctx, c.Caller, page)
	if err != nil {
		return nil, err
	}
	size := page.Size
	if size == 0 {
		size = customer.MaxPage
	}
	uri := "/customers?size=" + strconv.Itoa(size)
	if filter != "" {
		uri += "&filter=" + url.QueryEscape(filter)
	}
	items := make([]customerBody, len(list.Customers))
	for i, one := range list.Customers {
		items[i] = briefly(one)
	}
	return convention.Collection[customerBody]{
		TotalCount: len(items), Items: items, Links: convention.Around(uri, list.Token, list.HasNext, list.HasPrevious), Attributes: of("Collection"),
	}, nil
}

// pageOf reads what a request says about paging (secure-application-model.md
// 6.4).
func pageOf(c *convention.Call) (customer.Page, error) {
	p := customer.Page{Token: c.Request().Header.Get("MS-ContinuationToken")}
	var err error
	if p.Size, err = c.Size(customer.MaxPage); err != nil {
		return p, err
	}
	switch strings.ToLower(c.Query("seekOperation")) {
	case "", "next":
	case "previous":
		p.Seek = customer.Previous
	case "first":
		p.Seek = customer.First
	default:
		return p, fault.New(fault.PageInvalid, "parameter", "seekOperation", "rule", "Next, Previous or First")
	}
	return p, nil
}

// Show is GET C (row 3).
func (d *Desk) Show(ctx context.Context, c *convention.Call) (any, error) {
	one, err := d.find(ctx, c)
	if err != nil {
		return nil, err
	}
	return fully(one), nil
}

// Company is GET C/profiles/company (row 8).
func (d *Desk) Company(ctx context.Context, c *convention.Call) (any, error) {
	one, err := d.find(ctx, c)
	if err != nil {
		return nil, err
	}
	return companyOf(one), nil
}

func (d *Desk) find(ctx context.Context, c *convention.Call) (customer.Customer, error) {
	at, err := c.Customer()
	if err != nil {
		return customer.Customer{}, err
	}
	return d.Ledger.Find(ctx, c.Caller, at)
}

// briefly is a customer as lists show it.
func briefly(one customer.Customer) customerBody {
	uri := "/customers/" + string(one.Tenant)
	return customerBody{
		ID: string(one.Tenant),
		CompanyProfile: companyBody{
			TenantID: string(one.Tenant), Domain: one.Domain, CompanyName: one.CompanyName,
			Links: self(uri + "/profiles/company"), Attributes: attributes{ObjectType: "CustomerCompanyProfile"},
		},
		Relationship: one.Relationship,
		Links:        self(uri),
		Attributes:   attributes{ObjectType: "Customer"},
	}
}

// fully is a customer as it is shown by itself.
func fully(one customer.Customer) customerBody {
	b := briefly(one)
	b.CommerceID = one.CommerceID
	b.CompanyProfile = companyOf(one)
	billing := billingOf(one)
	b.BillingProfile = &billing
	b.Delegated = &one.Delegated
	b.CustomDomains = one.CustomDomains
	b.AssociatedPartner = string(one.AssociatedPartner)
	return b
}

func companyOf(one customer.Customer) companyBody {
	b := briefly(one).CompanyProfile
	address := addressBody(one.Address)
	b.Address, b.Email, b.Registration = &address, one.Email, one.Registration
	return b
}

func billingOf(one customer.Customer) billingBody {
	address := addressBody(one.Billing.Address)
	return billingBody{
		ID: one.Billing.ID, FirstName: address.FirstName, LastName: address.LastName,
		Email: one.Billing.Email, Culture: one.Billing.Culture, Language: one.Billing.Language,
		CompanyName: one.Billing.CompanyName, Address: address, Links: self("/customers/" + string(one.Tenant) + "/profiles/billing"),
		Attributes: attributes{ETag: one.Billing.ETag, ObjectType: "CustomerBillingProfile"},
	}
}
