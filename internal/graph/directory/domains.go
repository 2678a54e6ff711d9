package directory

import (
	"context"
	"slices"
	"strings"

	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/graph"
	"github.com/entente-id/entente/internal/id"
)

// domain is one verified name of an organisation.
type domain struct {
	name             string
	standard, first  bool
	signsInElsewhere bool
}

var domainProperties = []graph.Property[domain]{
	{Name: "id", Usual: true, Kind: graph.Text, Of: func(d domain) any { return d.name }},
	{Name: "authenticationType", Usual: true, Kind: graph.Key, Of: func(d domain) any {
		if d.signsInElsewhere {
			return "Federated"
		}
		return "Managed"
	}},
	{Name: "availabilityStatus", Usual: true, Of: func(domain) any { return nil }},
	{Name: "isAdminManaged", Usual: true, Kind: graph.Flag, Of: func(domain) any { return true }},
	{Name: "isDefault", Usual: true, Kind: graph.Flag, Of: func(d domain) any { return d.standard }},
	{Name: "isInitial", Usual: true, Kind: graph.Flag, Of: func(d domain) any { return d.first }},
	{Name: "isRoot", Usual: true, Kind: graph.Flag, Of: func(domain) any { return true }},
	{Name: "isVerified", Usual: true, Kind: graph.Flag, Of: func(domain) any { return true }},
	{Name: "supportedServices", Usual: true, Kind: graph.Texts, Of: func(domain) any { return []string{"Email"} }},
	{Name: "passwordValidityPeriodInDays", Usual: true, Of: func(domain) any { return 2147483647 }},
	{Name: "passwordNotificationWindowInDays", Usual: true, Of: func(domain) any { return 14 }},
	{Name: "state", Usual: true, Of: func(domain) any { return nil }},
}

// domainsIn are the verified domains of an organisation in the order of their
// names.
func (m *room) domainsIn(ctx context.Context, key id.Tenant) ([]domain, error) {
	t, err := m.Tenants.Find(ctx, key)
	if err != nil {
		return nil, err
	}
	var list []domain
	for i, d := range t.Domains {
		list = append(list, domain{d.Name, i == 0, d.Initial, t.Upstream != nil})
	}
	slices.SortFunc(list, func(a, b domain) int { return strings.Compare(a.name, b.name) })
	return list, nil
}

func (m *room) domains(ctx context.Context, c *graph.Call) (graph.Reply, error) {
	list, err := m.domainsIn(ctx, c.Caller.Tenant)
	if err != nil {
		return graph.Reply{}, err
	}
	return graph.Whole(ctx, c, "domains", domainProperties, list, func(d domain) string { return d.name })
}

func (m *room) domain(ctx context.Context, c *graph.Call) (graph.Reply, error) {
	list, err := m.domainsIn(ctx, c.Caller.Tenant)
	if err != nil {
		return graph.Reply{}, err
	}
	at := slices.IndexFunc(list, func(d domain) bool { return strings.EqualFold(d.name, c.Value("domain")) })
	if at < 0 {
		return graph.Reply{}, fault.New(fault.ObjectUnknown, "object", c.Value("domain"))
	}
	return graph.One(c, "domains", domainProperties, list[at])
}

// licence is what nobody here has; clients take an empty list for it.
type licence struct{ id, name string }

var licenceProperties = []graph.Property[licence]{
	{Name: "id", Usual: true, Kind: graph.Key, Of: func(l licence) any { return l.id }},
	{Name: "skuId", Usual: true, Kind: graph.Key, Of: func(l licence) any { return l.id }},
	{Name: "skuPartNumber", Usual: true, Kind: graph.Text, Of: func(l licence) any { return l.name }},
}

// skus is GET /subscribedSkus: nothing is sold here.
func (m *room) skus(ctx context.Context, c *graph.Call) (graph.Reply, error) {
	return graph.Whole(ctx, c, "subscribedSkus", licenceProperties, nil, func(l licence) string { return l.id })
}

// licences is GET /users/{user}/licenseDetails.
func (m *room) licences(ctx context.Context, c *graph.Call) (graph.Reply, error) {
	if err := c.CheckReader(); err != nil {
		return graph.Reply{}, err
	}
	a, err := m.findUser(ctx, c.Caller.Tenant, c.Value("user"))
	if err != nil {
		return graph.Reply{}, err
	}
	return graph.Whole(ctx, c, "users('"+string(a.ID)+"')/licenseDetails", licenceProperties, nil, func(l licence) string { return l.id })
}
