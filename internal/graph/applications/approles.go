package applications

import (
	"context"
	"slices"
	"strings"

	"github.com/entente-id/entente/internal/consent"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/graph"
	"github.com/entente-id/entente/internal/id"
)

// assigned is one appRoleAssignment: a permission that a client holds alone at
// a resource.
type assigned struct {
	role             consent.AppRole
	roleID           string
	client, resource representative
}

func (a assigned) key() string { return pack(string(a.role.Client), string(a.role.Resource), a.roleID) }

var assignedProperties = []graph.Property[assigned]{
	{Name: "id", Usual: true, Kind: graph.Key, Of: func(a assigned) any { return a.key() }},
	{Name: "appRoleId", Usual: true, Kind: graph.Key, Of: func(a assigned) any { return a.roleID }},
	{Name: "principalId", Usual: true, Kind: graph.Key, Of: func(a assigned) any { return string(a.client.ID) }},
	{Name: "principalType", Usual: true, Kind: graph.Key, Of: func(assigned) any { return "ServicePrincipal" }},
	{Name: "principalDisplayName", Usual: true, Kind: graph.Text, Of: func(a assigned) any { return a.client.app.Name }},
	{Name: "resourceId", Usual: true, Kind: graph.Key, Of: func(a assigned) any { return string(a.resource.ID) }},
	{Name: "resourceDisplayName", Usual: true, Kind: graph.Text, Of: func(a assigned) any { return a.resource.app.Name }},
	{Name: "createdDateTime", Usual: true, Of: func(assigned) any { return nil }},
	{Name: "deletedDateTime", Usual: true, Of: func(assigned) any { return nil }},
}

// both completes a permission with its two principals.
func (m *room) both(ctx context.Context, c *graph.Call, role consent.AppRole) (assigned, error) {
	a := assigned{role: role}
	for _, end := range []struct {
		into *representative
		app  id.App
	}{{&a.client, role.Client}, {&a.resource, role.Resource}} {
		p, err := m.Apps.Principal(ctx, c.Caller.Tenant, end.app)
		if err != nil && !fault.Has(err, fault.AppNotInTenant) {
			return a, err
		}
		p.App = end.app
		if *end.into, err = m.behind(ctx, p); err != nil {
			return a, err
		}
	}
	if p, known := a.resource.app.Role(role.Name); known {
		a.roleID = p.ID
	}
	return a, nil
}

func (m *room) listRoles(ctx context.Context, c *graph.Call, client, resource id.App, set string) (graph.Reply, error) {
	roles, err := m.Consents.AppRolesIn(ctx, c.Caller.Tenant, client, resource)
	if err != nil {
		return graph.Reply{}, err
	}
	list := make([]assigned, len(roles))
	for i, role := range roles {
		if list[i], err = m.both(ctx, c, role); err != nil {
			return graph.Reply{}, err
		}
	}
	return graph.Whole(ctx, c, set, assignedProperties, list, assigned.key)
}

// rolesOf lists what a client holds, rolesTo who holds something at a resource.
func (m *room) rolesOf(ctx context.Context, c *graph.Call) (graph.Reply, error) {
	r, err := m.findPrincipal(ctx, c)
	if err != nil {
		return graph.Reply{}, err
	}
	return m.listRoles(ctx, c, r.App, "", "appRoleAssignments")
}

func (m *room) rolesTo(ctx context.Context, c *graph.Call) (graph.Reply, error) {
	r, err := m.findPrincipal(ctx, c)
	if err != nil {
		return graph.Reply{}, err
	}
	return m.listRoles(ctx, c, "", r.App, "appRoleAssignments")
}

// giveRole is POST …/appRoleAssignments and …/appRoleAssignedTo: the address is
// one of the two ends that the body names.
func (m *room) giveRole(ctx context.Context, c *graph.Call) (graph.Reply, error) {
	at, err := m.findPrincipal(ctx, c)
	if err != nil {
		return graph.Reply{}, err
	}
	var sent struct {
		Principal string `json:"principalId"`
		Resource  string `json:"resourceId"`
		Role      string `json:"appRoleId"`
	}
	if err := c.Body(&sent); err != nil {
		return graph.Reply{}, err
	}
	client, resource, err := m.ends(ctx, c, sent.Principal, sent.Resource)
	if err != nil {
		return graph.Reply{}, err
	}
	if at.ID != client.ID && at.ID != resource.ID {
		return graph.Reply{}, fault.New(fault.InputInvalid, "parameter", "principalId", "rule", "the service principal of the address, as principalId or resourceId")
	}
	role, err := m.Consents.GiveAppRole(ctx, c.Caller, client.App, resource.app, sent.Role)
	if err != nil {
		return graph.Reply{}, err
	}
	a, err := m.both(ctx, c, role)
	if err != nil {
		return graph.Reply{}, err
	}
	return graph.Made(c, "appRoleAssignments", assignedProperties, a, "servicePrincipals", string(client.ID), "appRoleAssignments", a.key())
}

func (m *room) takeRole(ctx context.Context, c *graph.Call) (graph.Reply, error) {
	at, err := m.findPrincipal(ctx, c)
	if err != nil {
		return graph.Reply{}, err
	}
	absent := fault.New(fault.ObjectUnknown, "object", c.Value("assignment"))
	guids, ok := unpack(c.Value("assignment"))
	if !ok || !slices.Contains(guids[:2], string(at.App)) {
		return graph.Reply{}, absent
	}
	resource, err := m.Apps.Find(ctx, id.App(guids[1]))
	if fault.Has(err, fault.AppUnknown) {
		return graph.Reply{}, absent
	}
	if err != nil {
		return graph.Reply{}, err
	}
	for _, p := range resource.Roles {
		if strings.EqualFold(p.ID, guids[2]) {
			return graph.Done(), m.Consents.TakeAppRole(ctx, c.Caller, consent.AppRole{Client: id.App(guids[0]), Resource: resource.App, Name: p.Name})
		}
	}
	return graph.Reply{}, absent
}
