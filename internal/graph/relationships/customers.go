package relationships

import (
	"context"
	"strings"

	"github.com/entente-id/entente/internal/customer"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/graph"
	"github.com/entente-id/entente/internal/tenant"
)

var customerProperties = []graph.Property[customer.Customer]{
	{Name: "id", Usual: true, Kind: graph.Key, Of: func(c customer.Customer) any { return string(c.Tenant) }},
	{Name: "tenantId", Usual: true, Kind: graph.Key, Of: func(c customer.Customer) any { return string(c.Tenant) }},
	{Name: "displayName", Usual: true, Kind: graph.Text, Of: func(c customer.Customer) any { return c.CompanyName }},
}

func tenantOf(c customer.Customer) string { return string(c.Tenant) }

func (m *room) customers(ctx context.Context, c *graph.Call) (graph.Reply, error) {
	list, err := m.Relationships.Customers(ctx, c.Caller)
	if err != nil {
		return graph.Reply{}, err
	}
	return graph.Whole(ctx, c, customers, customerProperties, list, tenantOf)
}

func (m *room) findCustomer(ctx context.Context, c *graph.Call) (customer.Customer, error) {
	list, err := m.Relationships.Customers(ctx, c.Caller)
	if err != nil {
		return customer.Customer{}, err
	}
	for _, one := range list {
		if strings.EqualFold(string(one.Tenant), c.Value("customer")) {
			return one, nil
		}
	}
	return customer.Customer{}, fault.New(fault.ObjectUnknown, "object", c.Value("customer"))
}

func (m *room) customer(ctx context.Context, c *graph.Call) (graph.Reply, error) {
	one, err := m.findCustomer(ctx, c)
	if err != nil {
		return graph.Reply{}, err
	}
	return graph.One(c, customers, customerProperties, one)
}

// service is where something of a customer is managed.
type service struct{ id, name, address string }

var serviceProperties = []graph.Property[service]{
	{Name: "id", Usual: true, Kind: graph.Key, Of: func(s service) any { return s.id }},
	{Name: "serviceName", Usual: true, Kind: graph.Text, Of: func(s service) any { return s.name }},
	{Name: "serviceManagementUrl", Usual: true, Of: func(s service) any { return s.address }},
}

// services is the list of what this server can manage for a customer: its
// directory.
func (m *room) services(ctx context.Context, c *graph.Call) (graph.Reply, error) {
	one, err := m.findCustomer(ctx, c)
	if err != nil {
		return graph.Reply{}, err
	}
	list := []service{{"directory", "Directory", strings.TrimSuffix(m.Origin, "/") + "/organisation/"}}
	return graph.Whole(ctx, c, customers+"('"+string(one.Tenant)+"')/serviceManagementDetails", serviceProperties, list, func(s service) string { return s.id })
}

// contractProperties are a partner's customers in the old style
// (identity-platform.md 8.1).
var contractProperties = []graph.Property[customer.Customer]{
	{Name: "id", Usual: true, Kind: graph.Key, Of: func(c customer.Customer) any { return string(c.Tenant) }},
	{Name: "customerId", Usual: true, Kind: graph.Key, Of: func(c customer.Customer) any { return string(c.Tenant) }},
	{Name: "displayName", Usual: true, Kind: graph.Text, Of: func(c customer.Customer) any { return c.CompanyName }},
	{Name: "defaultDomainName", Usual: true, Kind: graph.Text, Of: func(c customer.Customer) any { return c.Domain }},
	{Name: "contractType", Usual: true, Kind: graph.Key, Of: func(c customer.Customer) any {
		if c.Relationship == customer.Advisor {
			return "SupportPartnerContract"
		}
		return "ResellerPartnerContract"
	}},
	{Name: "deletedDateTime", Usual: true, Of: func(customer.Customer) any { return nil }},
}

func (m *room) contracts(ctx context.Context, c *graph.Call) (graph.Reply, error) {
	q, err := c.Query("select", "filter", "top", "skiptoken")
	if err != nil {
		return graph.Reply{}, err
	}
	var list []customer.Customer
	for page := (customer.Page{Size: customer.MaxPage}); ; {
		found, err := m.Customers.List(ctx, c.Caller, page)
		if err != nil {
			return graph.Reply{}, err
		}
		if list = append(list, found.Customers...); !found.HasNext {
			break
		}
		page.Token = found.Token
	}
	return graph.List(ctx, c, q, graph.Set[customer.Customer]{
		Context: "contracts", Properties: contractProperties, Key: tenantOf, Advanced: true,
		Page: func(_ context.Context, after string, limit int) ([]customer.Customer, error) {
			return graph.After(list, tenantOf, after, limit), nil
		},
	})
}

// tenantByID tells whose a tenant id is: its name and default domain, which
// anybody may learn (DESIGN 4.14).
func (m *room) tenantByID(ctx context.Context, c *graph.Call) (graph.Reply, error) {
	return m.tenant(ctx, c, c.Value("tenantId"))
}

func (m *room) tenantByDomain(ctx context.Context, c *graph.Call) (graph.Reply, error) {
	if _, ok := tenant.FoldDomain(c.Value("domainName")); !ok {
		return graph.Reply{}, fault.New(fault.RequestMalformed, "parameter", "domainName", "rule", "a domain name")
	}
	return m.tenant(ctx, c, c.Value("domainName"))
}

func (m *room) tenant(ctx context.Context, c *graph.Call, name string) (graph.Reply, error) {
	t, err := m.Tenants.Named(ctx, name)
	if err != nil || t.Personal() {
		if err == nil || fault.Has(err, fault.TenantUnknown) || fault.Has(err, fault.TenantMalformed) {
			err = fault.New(fault.ObjectUnknown, "object", name)
		}
		return graph.Reply{}, err
	}
	return graph.OK(map[string]any{
		"@odata.context": c.Context("microsoft.graph.tenantInformation", nil, false),
		"tenantId":       string(t.ID), "federationBrandName": nil, "displayName": t.Name, "defaultDomainName": t.DefaultDomain(),
	}), nil
}
