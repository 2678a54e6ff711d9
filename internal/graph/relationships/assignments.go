package relationships

import (
	"context"
	"strings"

	"github.com/entente-id/entente/internal/customer"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/graph"
	"github.com/entente-id/entente/internal/id"
)

var requestProperties = []graph.Property[customer.Request]{
	{Name: "id", Usual: true, Kind: graph.Key, Of: func(q customer.Request) any { return q.ID }},
	{Name: "action", Usual: true, Kind: graph.Key, Of: func(q customer.Request) any { return string(q.Action) }},
	{Name: "status", Usual: true, Kind: graph.Key, Of: func(q customer.Request) any { return string(q.Status) }},
	{Name: "createdDateTime", Usual: true, Of: func(q customer.Request) any { return graph.Stamp(q.Created) }},
	{Name: "lastModifiedDateTime", Usual: true, Of: func(q customer.Request) any { return graph.Stamp(q.Modified) }},
}

func (m *room) requests(ctx context.Context, c *graph.Call) (graph.Reply, error) {
	r, err := m.Relationships.Find(ctx, c.Caller, c.Value("relationship"))
	if err != nil {
		return graph.Reply{}, err
	}
	return graph.Whole(ctx, c, under(r.ID, "requests"), requestProperties, r.Requests, func(q customer.Request) string { return q.ID })
}

func (m *room) request(ctx context.Context, c *graph.Call) (graph.Reply, error) {
	r, err := m.Relationships.Find(ctx, c.Caller, c.Value("relationship"))
	if err != nil {
		return graph.Reply{}, err
	}
	for _, q := range r.Requests {
		if strings.EqualFold(q.ID, c.Value("request")) {
			return graph.One(c, under(r.ID, "requests"), requestProperties, q)
		}
	}
	return graph.Reply{}, fault.New(fault.ObjectUnknown, "object", c.Value("request"))
}

// ask is POST …/requests: the partner locks for approval, the customer approves
// or rejects in its own tenant, either side terminates. If-Match is optional
// here, as clients send it or not.
func (m *room) ask(ctx context.Context, c *graph.Call) (graph.Reply, error) {
	etag := ""
	if c.Header("If-Match") != "" {
		var err error
		if etag, err = c.IfMatch(); err != nil {
			return graph.Reply{}, err
		}
	}
	var body struct {
		Action customer.Action `json:"action"`
	}
	if err := c.Body(&body); err != nil {
		return graph.Reply{}, err
	}
	key := c.Value("relationship")
	q, err := m.Relationships.Ask(ctx, c.Caller, key, etag, body.Action)
	if err != nil {
		return graph.Reply{}, err
	}
	return graph.Made(c, under(key, "requests"), requestProperties, q, "tenantRelationships", "delegatedAdminRelationships", key, "requests", q.ID)
}

var assignmentProperties = []graph.Property[customer.Assignment]{
	{Name: "@odata.etag", Usual: true, Of: func(a customer.Assignment) any { return graph.ETag(a.ETag()) }},
	{Name: "id", Usual: true, Kind: graph.Key, Of: func(a customer.Assignment) any { return a.ID }},
	{Name: "status", Usual: true, Kind: graph.Key, Of: func(a customer.Assignment) any {
		if a.Status == "" {
			return string(customer.AssignmentActive)
		}
		return string(a.Status)
	}},
	{Name: "createdDateTime", Usual: true, Kind: graph.Instant, Of: func(a customer.Assignment) any { return graph.Stamp(a.Created) }},
	{Name: "lastModifiedDateTime", Usual: true, Kind: graph.Instant, Of: func(a customer.Assignment) any { return graph.Stamp(a.Modified) }},
	{Name: "accessContainer", Usual: true, Of: func(a customer.Assignment) any {
		return map[string]any{"accessContainerId": string(a.Container), "accessContainerType": "securityGroup"}
	}},
	{Name: "accessContainer/accessContainerId", Kind: graph.Key, Of: func(a customer.Assignment) any { return string(a.Container) }},
	{Name: "accessDetails", Usual: true, Of: func(a customer.Assignment) any { return accessOf(a.Roles) }},
}

func (m *room) assignments(ctx context.Context, c *graph.Call) (graph.Reply, error) {
	r, err := m.Relationships.Find(ctx, c.Caller, c.Value("relationship"))
	if err != nil {
		return graph.Reply{}, err
	}
	return graph.Whole(ctx, c, under(r.ID, "accessAssignments"), assignmentProperties, r.Assignments, func(a customer.Assignment) string { return a.ID })
}

func (m *room) assignment(ctx context.Context, c *graph.Call) (graph.Reply, error) {
	r, err := m.Relationships.Find(ctx, c.Caller, c.Value("relationship"))
	if err != nil {
		return graph.Reply{}, err
	}
	a, err := r.Assignment(strings.ToLower(c.Value("assignment")))
	if err != nil {
		return graph.Reply{}, err
	}
	return graph.One(c, under(r.ID, "accessAssignments"), assignmentProperties, a)
}

// sentAssignment is an assignment as a client writes it.
type sentAssignment struct {
	AccessContainer *struct {
		ID   string `json:"accessContainerId"`
		Type string `json:"accessContainerType"`
	} `json:"accessContainer"`
	AccessDetails access `json:"accessDetails"`
}

func (m *room) assign(ctx context.Context, c *graph.Call) (graph.Reply, error) {
	var body sentAssignment
	if err := c.Body(&body); err != nil {
		return graph.Reply{}, err
	}
	if body.AccessContainer == nil || body.AccessContainer.Type != "securityGroup" {
		return graph.Reply{}, fault.New(fault.RequestMalformed, "parameter", "accessContainer", "rule", "an accessContainerId with the accessContainerType securityGroup")
	}
	key := c.Value("relationship")
	a, err := m.Relationships.Assign(ctx, c.Caller, key, id.Object(strings.ToLower(body.AccessContainer.ID)), body.AccessDetails.roles())
	if err != nil {
		return graph.Reply{}, err
	}
	return graph.Made(c, under(key, "accessAssignments"), assignmentProperties, a, "tenantRelationships", "delegatedAdminRelationships", key, "accessAssignments", a.ID)
}

// pollAfter is how many seconds a client waits before it asks for an
// operation.
const pollAfter = 10

func (m *room) changeAssignment(ctx context.Context, c *graph.Call) (graph.Reply, error) {
	etag, err := c.IfMatch()
	if err != nil {
		return graph.Reply{}, err
	}
	var body sentAssignment
	if err := c.Body(&body); err != nil {
		return graph.Reply{}, err
	}
	key, assignment := c.Value("relationship"), strings.ToLower(c.Value("assignment"))
	o, err := m.Relationships.ChangeAssignment(ctx, c.Caller, key, assignment, etag, body.AccessDetails.roles())
	if err != nil {
		return graph.Reply{}, err
	}
	if o == nil {
		return m.assignment(ctx, c)
	}
	return graph.Reply{Status: 202, Location: c.Address("tenantRelationships", "delegatedAdminRelationships", key, "operations", o.ID), RetryAfter: pollAfter}, nil
}

func (m *room) removeAssignment(ctx context.Context, c *graph.Call) (graph.Reply, error) {
	etag, err := c.IfMatch()
	if err != nil {
		return graph.Reply{}, err
	}
	return graph.Done(), m.Relationships.RemoveAssignment(ctx, c.Caller, c.Value("relationship"), strings.ToLower(c.Value("assignment")), etag)
}

var operationProperties = []graph.Property[customer.Operation]{
	{Name: "id", Usual: true, Kind: graph.Key, Of: func(o customer.Operation) any { return o.ID }},
	{Name: "operationType", Usual: true, Kind: graph.Key, Of: func(customer.Operation) any { return "delegatedAdminAccessAssignmentUpdate" }},
	{Name: "status", Usual: true, Kind: graph.Key, Of: func(o customer.Operation) any { return string(o.Status) }},
	{Name: "data", Usual: true, Of: func(customer.Operation) any { return "" }},
	{Name: "createdDateTime", Usual: true, Of: func(o customer.Operation) any { return graph.Stamp(o.Created) }},
	{Name: "lastModifiedDateTime", Usual: true, Of: func(o customer.Operation) any { return graph.Stamp(o.Modified) }},
}

func (m *room) operations(ctx context.Context, c *graph.Call) (graph.Reply, error) {
	r, err := m.Relationships.Find(ctx, c.Caller, c.Value("relationship"))
	if err != nil {
		return graph.Reply{}, err
	}
	return graph.Whole(ctx, c, under(r.ID, "operations"), operationProperties, r.Operations, func(o customer.Operation) string { return o.ID })
}

func (m *room) operation(ctx context.Context, c *graph.Call) (graph.Reply, error) {
	r, err := m.Relationships.Find(ctx, c.Caller, c.Value("relationship"))
	if err != nil {
		return graph.Reply{}, err
	}
	for _, o := range r.Operations {
		if strings.EqualFold(o.ID, c.Value("operation")) {
			return graph.One(c, under(r.ID, "operations"), operationProperties, o)
		}
	}
	return graph.Reply{}, fault.New(fault.ObjectUnknown, "object", c.Value("operation"))
}
