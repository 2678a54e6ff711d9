package directory

import (
	"context"
	"strings"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/graph"
	"github.com/entente-id/entente/internal/tenant"
)

// organizationProperties are the members of an organisation
// (identity-platform.md 8.3).
var organizationProperties = []graph.Property[tenant.Tenant]{
	{Name: "id", Usual: true, Of: func(t tenant.Tenant) any { return string(t.ID) }},
	{Name: "displayName", Usual: true, Of: func(t tenant.Tenant) any { return t.Name }},
	{Name: "tenantType", Usual: true, Of: func(tenant.Tenant) any { return "AAD" }},
	{Name: "countryLetterCode", Usual: true, Of: func(t tenant.Tenant) any { return graph.OrNull(t.Country) }},
	{Name: "preferredLanguage", Usual: true, Of: func(t tenant.Tenant) any { return graph.OrNull(t.Language) }},
	{Name: "createdDateTime", Usual: true, Of: func(t tenant.Tenant) any { return graph.Stamp(t.Created) }},
	{Name: "verifiedDomains", Usual: true, Of: func(t tenant.Tenant) any { return domainsOf(t) }},
	{Name: "technicalNotificationMails", Usual: true, Of: func(t tenant.Tenant) any { return append([]string{}, t.TechnicalMails...) }},
	{Name: "businessPhones", Usual: true, Of: noneOf},
	{Name: "onPremisesSyncEnabled", Usual: true, Of: nothing},
	{Name: "onPremisesLastSyncDateTime", Usual: true, Of: nothing},
	{Name: "assignedPlans", Usual: true, Of: noneOf},
	{Name: "provisionedPlans", Usual: true, Of: noneOf},
	{Name: "defaultUsageLocation", Usual: true, Of: nothing},
	{Name: "partnerTenantType", Usual: true, Of: nothing},
	{Name: "city", Usual: true, Of: nothing},
	{Name: "state", Usual: true, Of: nothing},
	{Name: "street", Usual: true, Of: nothing},
	{Name: "postalCode", Usual: true, Of: nothing},
	{Name: "country", Usual: true, Of: nothing},
}

func nothing(tenant.Tenant) any { return nil }

func noneOf(tenant.Tenant) any { return []string{} }

// organizations is GET /organization: the caller's tenant, in an array of one.
func (m *room) organizations(ctx context.Context, c *graph.Call) (graph.Reply, error) {
	q, err := c.Query("select", "top")
	if err != nil {
		return graph.Reply{}, err
	}
	t, err := m.Tenants.Find(ctx, c.Caller.Tenant)
	if err != nil {
		return graph.Reply{}, err
	}
	shown, err := graph.Show(q, organizationProperties, t)
	if err != nil {
		return graph.Reply{}, err
	}
	return graph.OK(map[string]any{"@odata.context": c.Context("organization", q.Selected, false), "value": []any{shown}}), nil
}

// organization is GET /organization/{tenant id}: the caller's tenant, or
// nothing. Another tenant and none are the same answer.
func (m *room) organization(ctx context.Context, c *graph.Call) (graph.Reply, error) {
	if err := isOwn(c); err != nil {
		return graph.Reply{}, err
	}
	t, err := m.Tenants.Find(ctx, c.Caller.Tenant)
	if err != nil {
		return graph.Reply{}, err
	}
	return graph.One(c, "organization", organizationProperties, t)
}

// changeOrganization is PATCH /organization/{tenant id}: of what Microsoft lets
// change, there are the technical mailboxes.
func (m *room) changeOrganization(ctx context.Context, c *graph.Call) (graph.Reply, error) {
	if err := account.MayAct(c.Caller); err != nil {
		return graph.Reply{}, err
	}
	if err := isOwn(c); err != nil {
		return graph.Reply{}, err
	}
	var sent struct {
		TechnicalMails *[]string `json:"technicalNotificationMails"`
	}
	if err := c.Body(&sent); err != nil {
		return graph.Reply{}, err
	}
	if sent.TechnicalMails == nil {
		return graph.Reply{}, fault.New(fault.InputInvalid, "parameter", "technicalNotificationMails", "rule", "a list of addresses, which may be empty")
	}
	e := account.Event(m.Source, c.Caller, "organization.change", string(c.Caller.Tenant))
	e.Facts = map[string]string{"members": "technicalNotificationMails"}
	return graph.Done(), m.Tenants.SetTechnicalMails(ctx, c.Caller.Tenant, *sent.TechnicalMails, e)
}

// isOwn: an address names the caller's tenant.
func isOwn(c *graph.Call) error {
	if sent := c.Value("organization"); !strings.EqualFold(sent, string(c.Caller.Tenant)) {
		return fault.New(fault.ObjectUnknown, "object", sent)
	}
	return nil
}

func domainsOf(t tenant.Tenant) []map[string]any {
	list := make([]map[string]any, len(t.Domains))
	for i, d := range t.Domains {
		list[i] = map[string]any{
			"name": d.Name, "isDefault": i == 0, "isInitial": d.Initial, "type": "Managed", "capabilities": "Email",
		}
	}
	return list
}
