package directory

import (
	"context"
	"slices"
	"strings"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/graph"
	"github.com/entente-id/entente/internal/id"
)

// belonging is a group or a directory role that somebody is in.
type belonging struct {
	kind, id, name, description string
}

var belongingProperties = []graph.Property[belonging]{
	{Name: "@odata.type", Usual: true, Of: func(b belonging) any { return "#microsoft.graph." + b.kind }},
	{Name: "id", Usual: true, Kind: graph.Key, Of: func(b belonging) any { return b.id }},
	{Name: "displayName", Usual: true, Kind: graph.Text, Of: func(b belonging) any { return b.name }},
	{Name: "description", Usual: true, Of: func(b belonging) any { return graph.OrNull(b.description) }},
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
	return graph.Whole(ctx, c, "directoryObjects", belongingProperties, list, func(b belonging) string { return b.id })
}

func templateOf(r account.DirectoryRole) string { return r.Template }

// rolesInOrder are the directory roles in the order of their ids.
func rolesInOrder() []account.DirectoryRole {
	return slices.SortedFunc(slices.Values(account.DirectoryRoles()), func(a, b account.DirectoryRole) int {
		return strings.Compare(a.Template, b.Template)
	})
}

var roleProperties = []graph.Property[account.DirectoryRole]{
	{Name: "id", Usual: true, Kind: graph.Key, Of: func(r account.DirectoryRole) any { return r.Template }},
	{Name: "displayName", Usual: true, Kind: graph.Text, Of: func(r account.DirectoryRole) any { return r.Name }},
	{Name: "description", Usual: true, Kind: graph.Text, Of: func(r account.DirectoryRole) any { return r.Description }},
}

// activeProperties add the template's id: a role that is activated has here the
// id of its template.
var activeProperties = append(slices.Clone(roleProperties),
	graph.Property[account.DirectoryRole]{Name: "roleTemplateId", Usual: true, Kind: graph.Key, Of: func(r account.DirectoryRole) any { return r.Template }})

var definitionProperties = append(slices.Clone(roleProperties),
	graph.Property[account.DirectoryRole]{Name: "templateId", Usual: true, Kind: graph.Key, Of: func(r account.DirectoryRole) any { return r.Template }},
	graph.Property[account.DirectoryRole]{Name: "isBuiltIn", Usual: true, Kind: graph.Flag, Of: func(account.DirectoryRole) any { return true }},
	graph.Property[account.DirectoryRole]{Name: "isEnabled", Usual: true, Kind: graph.Flag, Of: func(account.DirectoryRole) any { return true }},
	graph.Property[account.DirectoryRole]{Name: "version", Usual: true, Of: func(account.DirectoryRole) any { return "1" }},
	graph.Property[account.DirectoryRole]{Name: "resourceScopes", Usual: true, Of: func(account.DirectoryRole) any { return []string{"/"} }},
)

func (m *room) roleTemplates(ctx context.Context, c *graph.Call) (graph.Reply, error) {
	return graph.Whole(ctx, c, "directoryRoleTemplates", roleProperties, rolesInOrder(), templateOf)
}

// directoryRoles lists the activated roles: all of them, since a role needs
// nothing to become so.
func (m *room) directoryRoles(ctx context.Context, c *graph.Call) (graph.Reply, error) {
	return graph.Whole(ctx, c, "directoryRoles", activeProperties, rolesInOrder(), templateOf)
}

func (m *room) definitions(ctx context.Context, c *graph.Call) (graph.Reply, error) {
	return graph.Whole(ctx, c, "roleManagement/directory/roleDefinitions", definitionProperties, rolesInOrder(), templateOf)
}

// role gives the role of an address: an id, or roleTemplateId=id.
func role(c *graph.Call) (account.DirectoryRole, error) {
	sent := c.Value("role")
	if name, value, keyed := strings.Cut(sent, "="); keyed && strings.EqualFold(name, "roleTemplateId") {
		sent = strings.Trim(value, "'")
	}
	r, known := account.FindDirectoryRole(sent)
	if !known {
		return r, fault.New(fault.ObjectUnknown, "object", c.Value("role"))
	}
	return r, nil
}

func (m *room) directoryRole(_ context.Context, c *graph.Call) (graph.Reply, error) {
	r, err := role(c)
	if err != nil {
		return graph.Reply{}, err
	}
	return graph.One(c, "directoryRoles", activeProperties, r)
}

func (m *room) definition(_ context.Context, c *graph.Call) (graph.Reply, error) {
	r, err := role(c)
	if err != nil {
		return graph.Reply{}, err
	}
	return graph.One(c, "roleManagement/directory/roleDefinitions", definitionProperties, r)
}

// activateRole is POST /directoryRoles: whatever role there is is active, so
// that it answers as when somebody else was first.
func (m *room) activateRole(_ context.Context, c *graph.Call) (graph.Reply, error) {
	var sent struct {
		Template string `json:"roleTemplateId"`
	}
	if err := c.Body(&sent); err != nil {
		return graph.Reply{}, err
	}
	if _, known := account.FindDirectoryRole(sent.Template); !known {
		return graph.Reply{}, fault.New(fault.InputInvalid, "parameter", "roleTemplateId", "rule", "the id of a directory role template")
	}
	return graph.Reply{}, fault.New(fault.ObjectExists, "parameter", "roleTemplateId")
}

func (m *room) roleMembers(ctx context.Context, c *graph.Call) (graph.Reply, error) {
	if err := c.CheckReader(); err != nil {
		return graph.Reply{}, err
	}
	r, err := role(c)
	if err != nil {
		return graph.Reply{}, err
	}
	return m.people(ctx, c, holders(r.Template))
}

func (m *room) addRoleMember(ctx context.Context, c *graph.Call) (graph.Reply, error) {
	r, err := role(c)
	if err != nil {
		return graph.Reply{}, err
	}
	member, err := reference(c)
	if err != nil {
		return graph.Reply{}, err
	}
	return graph.Done(), absent(m.Administration.GiveRole(ctx, c.Caller, member, r.Template), string(member))
}

func (m *room) removeRoleMember(ctx context.Context, c *graph.Call) (graph.Reply, error) {
	r, err := role(c)
	if err != nil {
		return graph.Reply{}, err
	}
	member := id.Object(strings.ToLower(c.Value("member")))
	return graph.Done(), absent(m.Administration.TakeRole(ctx, c.Caller, member, r.Template), string(member))
}
