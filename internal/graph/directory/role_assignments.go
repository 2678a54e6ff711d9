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

// holding is one role of one person. Its id is both their ids.
type holding struct {
	person account.Account
	role   string
}

func (h holding) id() string { return string(h.person.ID) + "_" + h.role }

var holdingProperties = []graph.Property[holding]{
	{Name: "id", Usual: true, Kind: graph.Key, Of: func(h holding) any { return h.id() }},
	{Name: "principalId", Usual: true, Kind: graph.Key, Of: func(h holding) any { return string(h.person.ID) }},
	{Name: "roleDefinitionId", Usual: true, Kind: graph.Key, Of: func(h holding) any { return h.role }},
	{Name: "directoryScopeId", Usual: true, Kind: graph.Key, Of: func(holding) any { return "/" }},
	{Name: "principalOrganizationId", Usual: true, Of: func(h holding) any { return string(h.person.Tenant) }},
}

func holdingsOf(a account.Account) []holding {
	var list []holding
	for _, role := range slices.Sorted(slices.Values(a.Roles)) {
		list = append(list, holding{a, role})
	}
	return list
}

const assignmentsSet = "roleManagement/directory/roleAssignments"

// maxPeople bounds how many people are looked through for those with a role.
const maxPeople = 5_000

// roleAssignments lists who holds which directory role.
func (m *room) roleAssignments(ctx context.Context, c *graph.Call) (graph.Reply, error) {
	q, err := c.Query("select", "filter", "top", "skiptoken", "count", "expand")
	if err != nil {
		return graph.Reply{}, err
	}
	if err := c.CheckReader(); err != nil {
		return graph.Reply{}, err
	}
	finish, err := expandHolding(q)
	if err != nil {
		return graph.Reply{}, err
	}
	return graph.List(ctx, c, q, graph.Set[holding]{
		Context: assignmentsSet, Properties: holdingProperties, Key: holding.id, Finish: finish,
		Page: func(ctx context.Context, after string, limit int) ([]holding, error) {
			return m.holdings(ctx, c.Caller.Tenant, after, limit)
		},
		Find: map[string]func(context.Context, string) ([]holding, error){
			"principalId": func(ctx context.Context, value string) ([]holding, error) {
				a, err := m.findUser(ctx, c.Caller.Tenant, value)
				if fault.Has(err, fault.ObjectUnknown) {
					return nil, nil
				}
				return holdingsOf(a), err
			},
		},
	})
}

// expandHolding adds what $expand asks for: the principal, the definition.
func expandHolding(q graph.Query) (func(context.Context, holding, map[string]any) error, error) {
	for _, name := range q.Expand {
		if !strings.EqualFold(name, "principal") && !strings.EqualFold(name, "roleDefinition") {
			return nil, fault.New(fault.QueryUnsupported, "parameter", "$expand", "rule", "principal or roleDefinition")
		}
	}
	return func(_ context.Context, h holding, members map[string]any) error {
		for _, name := range q.Expand {
			if strings.EqualFold(name, "principal") {
				members["principal"] = map[string]any{
					"@odata.type": "#microsoft.graph.user", "id": string(h.person.ID), "displayName": h.person.Name, "userPrincipalName": h.person.SignInName,
				}
				continue
			}
			if r, known := account.FindDirectoryRole(h.role); known {
				members["roleDefinition"] = map[string]any{"id": r.Template, "displayName": r.Name, "description": r.Description}
			}
		}
		return nil
	}, nil
}

// holdings reads roles of people after a holding, in order.
func (m *room) holdings(ctx context.Context, t id.Tenant, after string, limit int) ([]holding, error) {
	const chunk = 500
	person, _, _ := strings.Cut(after, "_")
	var list []holding
	// The person of the last page may hold more roles.
	if person != "" {
		a, err := m.People.Find(ctx, t, id.Object(person))
		if err != nil && !fault.Has(err, fault.AccountUnknown) {
			return nil, err
		}
		list = append(list, holdingsOf(a)...)
	}
	for scanned := 0; ; scanned += chunk {
		people, err := m.People.List(ctx, t, id.Object(person), chunk)
		if err != nil {
			return nil, err
		}
		for _, a := range people {
			person = string(a.ID)
			list = append(list, holdingsOf(a)...)
		}
		page := graph.After(list, holding.id, after, limit)
		if len(page) == limit || len(people) < chunk {
			return page, nil
		}
		if scanned >= maxPeople {
			return nil, fault.New(fault.QueryUnsupported, "parameter", "$filter", "rule", "principalId eq '…' in an organisation of this size")
		}
	}
}

func (m *room) roleAssignment(ctx context.Context, c *graph.Call) (graph.Reply, error) {
	h, err := m.findHolding(ctx, c)
	if err != nil {
		return graph.Reply{}, err
	}
	return one(c, assignmentsSet, holdingProperties, h)
}

func (m *room) findHolding(ctx context.Context, c *graph.Call) (holding, error) {
	absent := fault.New(fault.ObjectUnknown, "object", c.Value("assignment"))
	person, role, ok := strings.Cut(strings.ToLower(c.Value("assignment")), "_")
	if !ok || !id.IsGUID(person) {
		return holding{}, absent
	}
	a, err := m.findUser(ctx, c.Caller.Tenant, person)
	if fault.Has(err, fault.ObjectUnknown) || err == nil && !slices.Contains(a.Roles, role) {
		return holding{}, absent
	}
	return holding{a, role}, err
}

func (m *room) giveRole(ctx context.Context, c *graph.Call) (graph.Reply, error) {
	var sent struct {
		Principal string `json:"principalId"`
		Role      string `json:"roleDefinitionId"`
		Scope     string `json:"directoryScopeId"`
	}
	if err := c.Body(&sent); err != nil {
		return graph.Reply{}, err
	}
	r, known := account.FindDirectoryRole(sent.Role)
	switch {
	case !known:
		return graph.Reply{}, fault.New(fault.InputInvalid, "parameter", "roleDefinitionId", "rule", "the id of a directory role")
	case sent.Scope != "/":
		return graph.Reply{}, fault.New(fault.InputInvalid, "parameter", "directoryScopeId", "rule", "/, the whole directory")
	}
	a, err := m.findUser(ctx, c.Caller.Tenant, sent.Principal)
	if err != nil {
		return graph.Reply{}, err
	}
	err = m.Administration.GiveRole(ctx, c.Caller, a.ID, r.Template)
	if fault.Has(err, fault.ReferenceExists) {
		err = fault.New(fault.ObjectExists, "parameter", "principalId and roleDefinitionId")
	}
	if err != nil {
		return graph.Reply{}, absent(err, sent.Principal)
	}
	h := holding{a, r.Template}
	body, err := graph.Show(graph.Query{}, holdingProperties, h)
	if err != nil {
		return graph.Reply{}, err
	}
	body["@odata.context"] = c.Context(assignmentsSet, nil, true)
	return graph.Created(c.Address("roleManagement", "directory", "roleAssignments", h.id()), body), nil
}

func (m *room) takeRole(ctx context.Context, c *graph.Call) (graph.Reply, error) {
	h, err := m.findHolding(ctx, c)
	if err != nil {
		return graph.Reply{}, err
	}
	return graph.Done(), absent(m.Administration.TakeRole(ctx, c.Caller, h.person.ID, h.role), string(h.person.ID))
}
