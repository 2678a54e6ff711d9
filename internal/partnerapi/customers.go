package partnerapi

import (
	"context"
	"net/url"
	"strconv"
	"strings"

	"github.com/entente-id/entente/internal/customer"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
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
	Links             links             `json:"links"`
	Attributes        attributes        `json:"attributes"`
}

type companyBody struct {
	TenantID     string       `json:"tenantId"`
	Domain       string       `json:"domain"`
	CompanyName  string       `json:"companyName"`
	Address      *addressBody `json:"address,omitempty"`
	Email        string       `json:"email,omitempty"`
	Registration string       `json:"organizationRegistrationNumber,omitempty"`
	Links        links        `json:"links"`
	Attributes   attributes   `json:"attributes"`
}

type billingBody struct {
	ID          string      `json:"id"`
	FirstName   string      `json:"firstName,omitempty"`
	LastName    string      `json:"lastName,omitempty"`
	Email       string      `json:"email"`
	Culture     string      `json:"culture"`
	Language    string      `json:"language"`
	CompanyName string      `json:"companyName"`
	Address     addressBody `json:"defaultAddress"`
	Attributes  attributes  `json:"attributes"`
}

// listCustomers is GET /customers: all of the partner's, or those that a
// filter keeps (rows 1 and 2).
func (e *edge) listCustomers(ctx context.Context, c *call) (any, error) {
	page, err := c.page()
	if err != nil {
		return nil, err
	}
	filter := c.query("filter")
	if filter != "" {
		if page.Filter, err = parseFilter(filter); err != nil {
			return nil, err
		}
	}
	list, err := e.Customers.List(ctx, c.caller, page)
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
	around := self(uri)
	token := header{"MS-ContinuationToken", list.Token}
	if list.HasNext {
		around.Next = get(uri+"&seekOperation=Next", token)
	}
	if list.HasPrevious {
		around.Previous = get(uri+"&seekOperation=Previous", token)
	}
	return collection[customerBody]{
		TotalCount: len(items), Items: items, Links: around, Attributes: attributes{ObjectType: "Collection"},
	}, nil
}

// customer is GET /customers/{customer} (row 3).
func (e *edge) customer(ctx context.Context, c *call) (any, error) {
	one, err := e.findCustomer(ctx, c)
	if err != nil {
		return nil, err
	}
	return fully(one), nil
}

// companyProfile is GET /customers/{customer}/profiles/company (row 8).
func (e *edge) companyProfile(ctx context.Context, c *call) (any, error) {
	one, err := e.findCustomer(ctx, c)
	if err != nil {
		return nil, err
	}
	return companyOf(one), nil
}

func (e *edge) findCustomer(ctx context.Context, c *call) (customer.Customer, error) {
	sent := c.segments["customer"]
	if !id.IsGUID(sent) {
		return customer.Customer{}, fault.New(fault.CustomerIDMalformed)
	}
	return e.Customers.Find(ctx, c.caller, id.Tenant(strings.ToLower(sent)))
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
	address := addressBody(one.Billing.Address)
	b.BillingProfile = &billingBody{
		ID: one.Billing.ID, FirstName: address.FirstName, LastName: address.LastName,
		Email: one.Billing.Email, Culture: one.Billing.Culture, Language: one.Billing.Language,
		CompanyName: one.Billing.CompanyName, Address: address,
		Attributes: attributes{ETag: one.Billing.ETag, ObjectType: "CustomerBillingProfile"},
	}
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
