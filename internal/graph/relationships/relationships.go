// Package relationships lets partners and customers make, approve, use and end
// delegated admin relationships over Graph (secure-application-model.md 7.5).
package relationships

import (
	"context"

	"github.com/entente-id/entente/internal/customer"
	"github.com/entente-id/entente/internal/graph"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/tenant"
)

// Rooms are what the routes stand on; all are needed.
type Rooms struct {
	Relationships *customer.Relationships
	Customers     *customer.Ledger
	Tenants       *tenant.Directory
	// Origin is the public root of this server; customers manage their services
	// there.
	Origin string
}

type room struct{ Rooms }

const (
	root        = "tenantRelationships/delegatedAdminRelationships"
	customers   = "tenantRelationships/delegatedAdminCustomers"
	one         = root + "/{relationship}"
	requests    = one + "/requests"
	assignments = one + "/accessAssignments"
	operations  = one + "/operations"
	// maxPage is the largest $top (secure-application-model.md 7.5).
	maxPage = 300
)

var (
	write = []string{"DelegatedAdminRelationship.ReadWrite.All"}
	read  = append([]string{"DelegatedAdminRelationship.Read.All"}, write...)
	find  = []string{"CrossTenantInformation.ReadBasic.All", "Directory.Read.All", "Directory.ReadWrite.All"}
	seen  = []string{"Directory.Read.All", "Directory.ReadWrite.All", "Directory.AccessAsUser.All"}
)

// Open adds the room's routes to the door. Relationships are for people alone:
// an application alone has none of their permissions.
func Open(d *graph.Door, rooms Rooms) {
	r := &room{rooms}
	d.Open(
		graph.Route{Method: "GET", Pattern: root, Delegated: read, Answer: r.list},
		graph.Route{Method: "POST", Pattern: root, Delegated: write, Answer: r.create},
		graph.Route{Method: "GET", Pattern: one, Delegated: read, Answer: r.get},
		graph.Route{Method: "PATCH", Pattern: one, Delegated: write, Answer: r.change},
		graph.Route{Method: "DELETE", Pattern: one, Delegated: write, Answer: r.delete},
		graph.Route{Method: "GET", Pattern: requests, Delegated: read, Answer: r.requests},
		graph.Route{Method: "POST", Pattern: requests, Delegated: write, Answer: r.ask},
		graph.Route{Method: "GET", Pattern: requests + "/{request}", Delegated: read, Answer: r.request},
		graph.Route{Method: "GET", Pattern: assignments, Delegated: read, Answer: r.assignments},
		graph.Route{Method: "POST", Pattern: assignments, Delegated: write, Answer: r.assign},
		graph.Route{Method: "GET", Pattern: assignments + "/{assignment}", Delegated: read, Answer: r.assignment},
		graph.Route{Method: "PATCH", Pattern: assignments + "/{assignment}", Delegated: write, Answer: r.changeAssignment},
		graph.Route{Method: "DELETE", Pattern: assignments + "/{assignment}", Delegated: write, Answer: r.removeAssignment},
		graph.Route{Method: "GET", Pattern: operations, Delegated: read, Answer: r.operations},
		graph.Route{Method: "GET", Pattern: operations + "/{operation}", Delegated: read, Answer: r.operation},
		graph.Route{Method: "GET", Pattern: customers, Delegated: read, Answer: r.customers},
		graph.Route{Method: "GET", Pattern: customers + "/{customer}", Delegated: read, Answer: r.customer},
		graph.Route{Method: "GET", Pattern: customers + "/{customer}/serviceManagementDetails", Delegated: read, Answer: r.services},
		graph.Route{Method: "GET", Pattern: "tenantRelationships/findTenantInformationByTenantId/{tenantId=}", Delegated: find, Application: find, Answer: r.tenantByID},
		graph.Route{Method: "GET", Pattern: "tenantRelationships/findTenantInformationByDomainName/{domainName=}", Delegated: find, Application: find, Answer: r.tenantByDomain},
		graph.Route{Method: "GET", Pattern: "contracts", Delegated: seen, Application: seen[:2], Answer: r.contracts},
	)
}

// properties are the members of a relationship.
var properties = []graph.Property[customer.Relationship]{
	{Name: "@odata.type", Usual: true, Of: func(customer.Relationship) any { return "#microsoft.graph.delegatedAdminRelationship" }},
	{Name: "@odata.etag", Usual: true, Of: func(r customer.Relationship) any { return graph.ETag(r.ETag()) }},
	{Name: "id", Usual: true, Kind: graph.Key, Of: func(r customer.Relationship) any { return r.ID }},
	{Name: "displayName", Usual: true, Kind: graph.Text, Of: func(r customer.Relationship) any { return r.DisplayName }},
	{Name: "duration", Usual: true, Kind: graph.Key, Of: func(r customer.Relationship) any { return r.Duration }},
	{Name: "autoExtendDuration", Usual: true, Kind: graph.Key, Of: func(r customer.Relationship) any {
		if r.AutoExtend == "" {
			return "PT0S"
		}
		return r.AutoExtend
	}},
	{Name: "customer", Usual: true, Of: func(r customer.Relationship) any {
		if r.Customer == "" {
			return nil
		}
		return map[string]any{"tenantId": string(r.Customer), "displayName": r.CustomerName}
	}},
	{Name: "customer/tenantId", Kind: graph.Key, Of: func(r customer.Relationship) any { return string(r.Customer) }},
	{Name: "customer/displayName", Kind: graph.Text, Of: func(r customer.Relationship) any { return r.CustomerName }},
	{Name: "accessDetails", Usual: true, Of: func(r customer.Relationship) any { return accessOf(r.Roles) }},
	{Name: "status", Usual: true, Kind: graph.Key, Of: func(r customer.Relationship) any { return string(r.Status) }},
	{Name: "createdDateTime", Usual: true, Kind: graph.Instant, Of: func(r customer.Relationship) any { return graph.Stamp(r.Created) }},
	{Name: "lastModifiedDateTime", Usual: true, Kind: graph.Instant, Of: func(r customer.Relationship) any { return graph.Stamp(r.Modified) }},
	{Name: "activatedDateTime", Usual: true, Kind: graph.Instant, Of: func(r customer.Relationship) any { return graph.Stamp(r.Activated) }},
	{Name: "endDateTime", Usual: true, Kind: graph.Instant, Of: func(r customer.Relationship) any { return graph.Stamp(r.Ends) }},
}

func accessOf(roles []string) any {
	list := make([]map[string]any, len(roles))
	for i, role := range roles {
		list[i] = map[string]any{"roleDefinitionId": role}
	}
	return map[string]any{"unifiedRoles": list}
}

// access is what a client says about roles.
type access struct {
	UnifiedRoles []struct {
		RoleDefinitionID string `json:"roleDefinitionId"`
	} `json:"unifiedRoles"`
}

func (a access) roles() []string {
	roles := make([]string, 0, len(a.UnifiedRoles))
	for _, r := range a.UnifiedRoles {
		roles = append(roles, r.RoleDefinitionID)
	}
	return roles
}

func (m *room) list(ctx context.Context, c *graph.Call) (graph.Reply, error) {
	q, err := c.Query(graph.Listing...)
	if err != nil {
		return graph.Reply{}, err
	}
	return graph.List(ctx, c, q, graph.Set[customer.Relationship]{
		Context: root, Properties: properties, MaxPage: maxPage,
		Key: func(r customer.Relationship) string { return r.ID },
		Page: func(ctx context.Context, after string, limit int) ([]customer.Relationship, error) {
			return m.Relationships.List(ctx, c.Caller, after, limit)
		},
	})
}

// sent is a relationship as a client writes it; what is nil was not sent.
type sent struct {
	DisplayName        *string `json:"displayName"`
	Duration           *string `json:"duration"`
	AutoExtendDuration *string `json:"autoExtendDuration"`
	Customer           *struct {
		TenantID    string `json:"tenantId"`
		DisplayName string `json:"displayName"`
	} `json:"customer"`
	AccessDetails *access `json:"accessDetails"`
}

// change turns it into what the room takes.
func (s sent) change() customer.Change {
	change := customer.Change{DisplayName: s.DisplayName, Duration: s.Duration, AutoExtend: s.AutoExtendDuration}
	if s.Customer != nil {
		t := id.Tenant(s.Customer.TenantID)
		change.Customer, change.CustomerName = &t, &s.Customer.DisplayName
	}
	if s.AccessDetails != nil {
		change.Roles = s.AccessDetails.roles()
	}
	return change
}

func (m *room) create(ctx context.Context, c *graph.Call) (graph.Reply, error) {
	var body sent
	if err := c.Body(&body); err != nil {
		return graph.Reply{}, err
	}
	r, err := m.Relationships.Create(ctx, c.Caller, body.change().Over(customer.Relationship{}))
	if err != nil {
		return graph.Reply{}, err
	}
	return graph.Made(c, root, properties, r, "tenantRelationships", "delegatedAdminRelationships", r.ID)
}

func (m *room) get(ctx context.Context, c *graph.Call) (graph.Reply, error) {
	r, err := m.Relationships.Find(ctx, c.Caller, c.Value("relationship"))
	if err != nil {
		return graph.Reply{}, err
	}
	return graph.One(c, root, properties, r)
}

func (m *room) change(ctx context.Context, c *graph.Call) (graph.Reply, error) {
	etag, err := c.IfMatch()
	if err != nil {
		return graph.Reply{}, err
	}
	var body sent
	if err := c.Body(&body); err != nil {
		return graph.Reply{}, err
	}
	r, err := m.Relationships.Change(ctx, c.Caller, c.Value("relationship"), etag, body.change())
	if err != nil {
		return graph.Reply{}, err
	}
	return graph.One(c, root, properties, r)
}

func (m *room) delete(ctx context.Context, c *graph.Call) (graph.Reply, error) {
	etag, err := c.IfMatch()
	if err != nil {
		return graph.Reply{}, err
	}
	return graph.Done(), m.Relationships.Delete(ctx, c.Caller, c.Value("relationship"), etag)
}

// under names a collection of one relationship in a context.
func under(key, name string) string { return root + "('" + key + "')/" + name }
