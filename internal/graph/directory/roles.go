package directory

import (
	"context"
	"slices"
	"strings"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/graph"
)

// belonging is a group or a directory role that somebody is in.
type belonging struct {
	kind, id, name, description string
}

var belongingProperties = []graph.Property[belonging]{
	{Name: "@odata.type", Usual: true, Of: func(b belonging) any { return "#microsoft.graph." + b.kind }},
	{Name: "id", Usual: true, Kind: graph.Key, Of: func(b belonging) any { return b.id }},
	{Name: "displayName", Usual: true, Kind: graph.Text, Of: func(b belonging) any { return b.name }},
	{Name: "description", Usual: true, Of: func(b belonging) any { return text(b.description) }},
	{Name: "roleTemplateId", Usual: true, Kind: graph.Key, Of: func(b belonging) any {
		if b.kind == "directoryRole" {
			return b.id
		}
		return nil
	}},
}

// belongingsOf are the groups and roles of a person, in the order of their ids.
func (m *room) belongingsOf(ctx context.Context, a account.Account) ([]belonging, error) {
	var list []belonging
	for _, key := range a.Groups {
		g, err := m.Groups.Keyed(ctx, a.Tenant, key)
		if fault.Has(err, fault.ObjectUnknown) {
			// A group that only the name of is known is no object.
			continue
		}
		if err != nil {
			return nil, err
		}
		list = append(list, belonging{"group", string(g.ID), g.Name, g.Description})
	}
	for _, template := range a.Roles {
		if r, ok := account.FindDirectoryRole(template); ok {
			list = append(list, belonging{"directoryRole", r.Template, r.Name, r.Description})
		}
	}
	slices.SortFunc(list, func(a, b belonging) int { return strings.Compare(a.id, b.id) })
	return list, nil
}

func (m *room) groupsAndRoles(ctx context.Context, c *graph.Call, a account.Account) (graph.Reply, error) {
	list, err := m.belongingsOf(ctx, a)
	if err != nil {
		return graph.Reply{}, err
	}
	return whole(ctx, c, "directoryObjects", belongingProperties, list, func(b belonging) string { return b.id })
}
