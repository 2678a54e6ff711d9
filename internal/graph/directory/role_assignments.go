package directory

import (
	"context"
	"slices"
	"strings"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/customer"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/graph"
	"github.com/entente-id/entente/internal/id"
)

// holding is one role of one person, or of a partner's group. Its id is both
// their ids.
type holding struct {
	person account.Account
	role   string
	// group is a partner's: its id in the partner's tenant.
	group   id.Object
	partner id.Tenant
}

func (h holding) principal() string {
	if h.group != "" {
		return string(h.group)
	}
	return string(h.person.ID)
}

func (h holding) organisation() id.Tenant {
	if h.group != "" {
		return h.partner
	}
	return h.person.Tenant
}

func (h holding) id() string { return h.principal() + "_" + h.role }

var holdingProperties = []graph.Property[holding]{
	{Name: "id", Usual: true, Kind: graph.Key, Of: func(h holding) any { return h.id() }},
	{Name: "principalId", Usual: true, Kind: graph.Key, Of: func(h holding) any { return h.principal() }},
	{Name: "roleDefinitionId", Usual: true, Kind: graph.Key, Of: func(h holding) any { return h.role }},
	{Name: "directoryScopeId", Usual: true, Kind: graph.Key, Of: func(holding) any { return "/" }},
	{Name: "principalOrganizationId", Usual: true, Of: func(h holding) any { return string(h.organisation()) }},
}

func holdingsOf(a account.Account) []holding {
	var list []holding
	for _, role := range slices.Sorted(slices.Values(a.Roles)) {
		list = append(list, holding{person: a, role: role})
	}
	return list
}

// delegatedTo are the roles that partners' groups hold in an organisation by
// its relationships now, in the order of their ids.
func (m *room) delegatedTo(ctx context.Context, t id.Tenant) ([]holding, error) {
	active, err := m.Relationships.Active(ctx, t)
	if err != nil {
		return nil, err
	}
	var list []holding
	for _, r := range active {
		for _, a := range r.Assignments {
			if a.Container == "" || a.Status == customer.AssignmentPending || a.Status == customer.AssignmentDeleting {
				continue
			}
			for _, role := range a.Roles {
				if slices.Contains(r.Roles, role) {
					list = append(list, holding{role: role, group: a.Container, partner: r.Partner})
				}
			}
		}
	}
	slices.SortFunc(list, func(a, b holding) int { return strings.Compare(a.id(), b.id()) })
	return slices.CompactFunc(list, func(a, b holding) bool { return a.id() == b.id() }), nil
}

const assignmentsSet = "roleManagement/directory/roleAssignments"

// maxPeople bounds how many people are looked through for those with a role.
const maxPeople = 5_000

// roleAssignments lists who holds which directory role: the organisation's own
// people, and the groups of partners (secure-application-model.md 7.5).
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
	partners, err := m.delegatedTo(ctx, c.Caller.Tenant)
	if err != nil {
		return graph.Reply{}, err
	}
	return graph.List(ctx, c, q, graph.Set[holding]{
		Context: assignmentsSet, Properties: holdingProperties, Key: holding.id, Finish: finish,
		Page: func(ctx context.Context, after string, limit int) ([]holding, error) {
			return m.holdings(ctx, c.Caller.Tenant, partners, after, limit)
		},
		Find: map[string]func(context.Context, string) ([]holding, error){
			"principalId": func(ctx context.Context, value string) ([]holding, error) {
				a, err := m.findUser(ctx, c.Caller.Tenant, value)
				if fault.Has(err, fault.ObjectUnknown) {
					theirs := func(h holding) bool { return !strings.EqualFold(string(h.group), value) }
					return slices.DeleteFunc(slices.Clone(partners), theirs), nil
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
			if strings.EqualFold(name, "principal") && h.group != "" {
				members["principal"] = map[string]any{"@odata.type": "#microsoft.graph.group", "id": string(h.group), "organizationId": string(h.partner)}
				continue
			}
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

// holdings reads roles of people after a holding, in order, with those of
// partners' groups among them.
func (m *room) holdings(ctx context.Context, t id.Tenant, partners []holding, after string, limit int) ([]holding, error) {
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
		last := len(people) < chunk
		between := slices.DeleteFunc(slices.Clone(partners), func(h holding) bool { return !last && h.principal() > person })
		all := slices.Concat(list, between)
		slices.SortFunc(all, func(a, b holding) int { return strings.Compare(a.id(), b.id()) })
		page := graph.After(all, holding.id, after, limit)
		if len(page) == limit || last {
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
	return graph.One(c, assignmentsSet, holdingProperties, h)
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
	return holding{person: a, role: role}, err
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
	h := holding{person: a, role: r.Template}
	return graph.Made(c, assignmentsSet, holdingProperties, h, "roleManagement", "directory", "roleAssignments", h.id())
}

func (m *room) takeRole(ctx context.Context, c *graph.Call) (graph.Reply, error) {
	h, err := m.findHolding(ctx, c)
	if err != nil {
		return graph.Reply{}, err
	}
	return graph.Done(), absent(m.Administration.TakeRole(ctx, c.Caller, h.person.ID, h.role), string(h.person.ID))
}
