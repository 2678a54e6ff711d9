package graph

import (
	"context"
	"strings"

	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/tenant"
)

// organizations is GET /organization: the caller's tenant, in an array of one.
func (e *edge) organizations(ctx context.Context, c *call) (any, error) {
	q, err := c.ask("select", "top")
	if err != nil {
		return nil, err
	}
	o, err := e.organizationOf(ctx, c, q)
	if err != nil {
		return nil, err
	}
	return map[string]any{"@odata.context": e.context(c, "organization", q.selected, false), "value": []any{o}}, nil
}

// organization is GET /organization/{tenant id}: the caller's tenant, or
// nothing. Another tenant and none are the same answer.
func (e *edge) organization(ctx context.Context, c *call) (any, error) {
	q, err := c.ask("select")
	if err != nil {
		return nil, err
	}
	sent := c.segments["organization"]
	if !strings.EqualFold(sent, string(c.caller.Tenant)) {
		return nil, fault.New(fault.ObjectUnknown, "object", sent)
	}
	o, err := e.organizationOf(ctx, c, q)
	if err != nil {
		return nil, err
	}
	o["@odata.context"] = e.context(c, "organization", q.selected, true)
	return o, nil
}

func (e *edge) organizationOf(ctx context.Context, c *call, q query) (map[string]any, error) {
	t, err := e.Tenants.Find(ctx, c.caller.Tenant)
	if err != nil {
		return nil, err
	}
	all := map[string]any{
		"id": string(t.ID), "displayName": t.Name, "tenantType": "AAD",
		"countryLetterCode": text(t.Country), "preferredLanguage": text(t.Language), "createdDateTime": stamp(t.Created),
		"verifiedDomains": domainsOf(t), "technicalNotificationMails": []string{}, "businessPhones": []string{},
		"onPremisesSyncEnabled": nil, "onPremisesLastSyncDateTime": nil, "assignedPlans": []string{}, "provisionedPlans": []string{},
		"defaultUsageLocation": nil, "partnerTenantType": nil, "city": nil, "state": nil, "street": nil, "postalCode": nil, "country": nil,
	}
	if len(q.selected) == 0 {
		return all, nil
	}
	chosen := map[string]any{}
	for _, name := range q.selected {
		known := false
		for member, value := range all {
			if strings.EqualFold(member, name) {
				chosen[member], known = value, true
			}
		}
		if !known {
			return nil, unsupported("$select", "a property of organization, not "+name)
		}
	}
	return chosen, nil
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
