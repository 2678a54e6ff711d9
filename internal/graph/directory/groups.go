package directory

import (
	"context"
	"strings"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/graph"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/tenant"
)

var groupProperties = []graph.Property[account.Group]{
	{Name: "id", Usual: true, Kind: graph.Key, Of: func(g account.Group) any { return string(g.ID) }},
	{Name: "displayName", Usual: true, Kind: graph.Text, Of: func(g account.Group) any { return g.Name }},
	{Name: "description", Usual: true, Kind: graph.Text, Of: func(g account.Group) any { return graph.OrNull(g.Description) }},
	{Name: "groupTypes", Usual: true, Kind: graph.Texts, Of: func(account.Group) any { return []string{} }},
	{Name: "mail", Usual: true, Of: func(account.Group) any { return nil }},
	{Name: "mailEnabled", Usual: true, Kind: graph.Flag, Of: func(g account.Group) any { return g.Mail }},
	{Name: "mailNickname", Usual: true, Kind: graph.Text, Of: func(g account.Group) any { return g.Nickname }},
	{Name: "securityEnabled", Usual: true, Kind: graph.Flag, Of: func(g account.Group) any { return g.Security }},
	{Name: "createdDateTime", Usual: true, Kind: graph.Instant, Of: func(g account.Group) any { return graph.Stamp(g.Created) }},
	{Name: "visibility", Usual: true, Of: func(account.Group) any { return nil }},
	{Name: "onPremisesSyncEnabled", Usual: true, Of: func(account.Group) any { return nil }},
	{Name: "isAssignableToRole", Of: func(account.Group) any { return nil }},
	{Name: "proxyAddresses", Of: func(account.Group) any { return []string{} }},
}

func groupKey(g account.Group) string { return string(g.ID) }

func (m *room) groups(ctx context.Context, c *graph.Call) (graph.Reply, error) {
	q, err := c.Query(graph.Listing...)
	if err != nil {
		return graph.Reply{}, err
	}
	if err := c.CheckReader(); err != nil {
		return graph.Reply{}, err
	}
	return graph.List(ctx, c, q, graph.Set[account.Group]{
		Context: "groups", Properties: groupProperties, Advanced: true, Key: groupKey,
		Page: func(ctx context.Context, after string, limit int) ([]account.Group, error) {
			return m.Groups.List(ctx, c.Caller.Tenant, id.Object(after), limit)
		},
	})
}

// findGroup gives the group of an address, or fails with ObjectUnknown.
func (m *room) findGroup(ctx context.Context, c *graph.Call) (account.Group, error) {
	if err := c.CheckReader(); err != nil {
		return account.Group{}, err
	}
	sent := c.Value("group")
	if !id.IsGUID(sent) {
		return account.Group{}, fault.New(fault.ObjectUnknown, "object", sent)
	}
	return m.Groups.Find(ctx, c.Caller.Tenant, id.Object(strings.ToLower(sent)))
}

func (m *room) group(ctx context.Context, c *graph.Call) (graph.Reply, error) {
	g, err := m.findGroup(ctx, c)
	if err != nil {
		return graph.Reply{}, err
	}
	return graph.One(c, "groups", groupProperties, g)
}

// sentGroup is a group as a client writes it; what is nil was not sent.
type sentGroup struct {
	DisplayName     *string  `json:"displayName"`
	Description     *string  `json:"description"`
	MailNickname    *string  `json:"mailNickname"`
	MailEnabled     *bool    `json:"mailEnabled"`
	SecurityEnabled *bool    `json:"securityEnabled"`
	GroupTypes      []string `json:"groupTypes"`
}

func (s sentGroup) over(g *account.Group) {
	set(&g.Name, s.DisplayName)
	set(&g.Description, s.Description)
	set(&g.Nickname, s.MailNickname)
	set(&g.Mail, s.MailEnabled)
	set(&g.Security, s.SecurityEnabled)
}

func set[T any](have, sent *T) {
	if sent != nil {
		*have = *sent
	}
}

// read reads a group and refuses kinds of groups that there are not.
func (s *sentGroup) read(c *graph.Call) error {
	if err := c.Body(s); err != nil {
		return err
	}
	if len(s.GroupTypes) > 0 {
		return fault.New(fault.RequestMalformed, "parameter", "groupTypes", "rule", "an empty list: neither Unified nor DynamicMembership")
	}
	return nil
}

func (m *room) createGroup(ctx context.Context, c *graph.Call) (graph.Reply, error) {
	var sent sentGroup
	if err := sent.read(c); err != nil {
		return graph.Reply{}, err
	}
	if sent.MailEnabled == nil || sent.SecurityEnabled == nil || sent.MailNickname == nil {
		return graph.Reply{}, fault.New(fault.RequestMalformed, "parameter", "group", "rule", "displayName, mailEnabled, mailNickname and securityEnabled")
	}
	var g account.Group
	sent.over(&g)
	g, err := m.Groups.Create(ctx, c.Caller, g)
	if err != nil {
		return graph.Reply{}, err
	}
	return graph.Made(c, "groups", groupProperties, g, "groups", string(g.ID))
}

func (m *room) changeGroup(ctx context.Context, c *graph.Call) (graph.Reply, error) {
	var sent sentGroup
	if err := sent.read(c); err != nil {
		return graph.Reply{}, err
	}
	return graph.Done(), m.Groups.Change(ctx, c.Caller, groupOf(c), sent.over)
}

func (m *room) deleteGroup(ctx context.Context, c *graph.Call) (graph.Reply, error) {
	return graph.Done(), m.Groups.Delete(ctx, c.Caller, groupOf(c))
}

func groupOf(c *graph.Call) id.Object { return id.Object(strings.ToLower(c.Value("group"))) }

// people lists the accounts that belong, as the directory objects they are.
func (m *room) people(ctx context.Context, c *graph.Call, belongs func(account.Account) bool) (graph.Reply, error) {
	q, err := c.Query("select", "filter", "top", "skiptoken", "count")
	if err != nil {
		return graph.Reply{}, err
	}
	properties, look := seenBy(c)
	return graph.List(ctx, c, q, graph.Set[account.Account]{
		Context: "directoryObjects", Properties: typed("user", properties), Look: look, Advanced: true,
		Key: func(a account.Account) string { return string(a.ID) },
		Page: func(ctx context.Context, after string, limit int) ([]account.Account, error) {
			return m.People.List(ctx, c.Caller.Tenant, id.Object(after), limit)
		},
		Belongs: belongs,
	})
}

// typed adds what kind of directory object it is.
func typed[T any](kind string, properties []graph.Property[T]) []graph.Property[T] {
	return append([]graph.Property[T]{{Name: "@odata.type", Usual: true, Of: func(T) any { return "#microsoft.graph." + kind }}}, properties...)
}

func (m *room) members(ctx context.Context, c *graph.Call) (graph.Reply, error) {
	g, err := m.findGroup(ctx, c)
	if err != nil {
		return graph.Reply{}, err
	}
	return m.people(ctx, c, func(a account.Account) bool { return a.In(g.Key) })
}

// reference reads the body of a $ref: the address of an object of this
// directory. It gives the object's id.
func reference(c *graph.Call) (id.Object, error) {
	var sent struct {
		ID string `json:"@odata.id"`
	}
	if err := c.Body(&sent); err != nil {
		return "", err
	}
	return readReference(sent.ID)
}

func readReference(address string) (id.Object, error) {
	at := strings.LastIndexByte(address, '/')
	key := strings.ToLower(address[at+1:])
	set := ""
	if at > 0 {
		set = address[:at]
		set = set[strings.LastIndexByte(set, '/')+1:]
	}
	if !id.IsGUID(key) || !strings.EqualFold(set, "directoryObjects") && !strings.EqualFold(set, "users") {
		return "", fault.New(fault.RequestMalformed, "parameter", "@odata.id", "rule", "an address that ends with directoryObjects/ and an id, not "+tenant.Shorten(address))
	}
	return id.Object(key), nil
}

func (m *room) addMember(ctx context.Context, c *graph.Call) (graph.Reply, error) {
	member, err := reference(c)
	if err != nil {
		return graph.Reply{}, err
	}
	return graph.Done(), absent(m.Groups.Add(ctx, c.Caller, groupOf(c), member), string(member))
}

func (m *room) removeMember(ctx context.Context, c *graph.Call) (graph.Reply, error) {
	member := c.Value("member")
	return graph.Done(), absent(m.Groups.Remove(ctx, c.Caller, groupOf(c), id.Object(strings.ToLower(member))), member)
}

// absent tells of an account that is not there as of any object: the door
// would take it for the caller's own.
func absent(err error, object string) error {
	if fault.Has(err, fault.AccountUnknown) {
		return fault.New(fault.ObjectUnknown, "object", object)
	}
	return err
}

// mine is GET /me/memberOf: the groups of the person behind the token. A
// partner's person has none in a customer's directory.
func (m *room) mine(ctx context.Context, c *graph.Call) (graph.Reply, error) {
	if c.Foreign() {
		return m.groupsAndRoles(ctx, c, account.Account{Tenant: c.Caller.Tenant})
	}
	return m.groupsAndRoles(ctx, c, c.Person)
}

func (m *room) memberOf(ctx context.Context, c *graph.Call) (graph.Reply, error) {
	if err := c.CheckReader(); err != nil {
		return graph.Reply{}, err
	}
	a, err := m.findUser(ctx, c.Caller.Tenant, c.Value("user"))
	if err != nil {
		return graph.Reply{}, err
	}
	return m.groupsAndRoles(ctx, c, a)
}

// myObjects is POST /me/getMemberObjects and getMemberGroups: ids alone.
func (m *room) myObjects(ctx context.Context, c *graph.Call) (graph.Reply, error) {
	if c.Foreign() {
		return m.objectsOf(ctx, c, account.Account{Tenant: c.Caller.Tenant})
	}
	return m.objectsOf(ctx, c, c.Person)
}

func (m *room) memberObjects(ctx context.Context, c *graph.Call) (graph.Reply, error) {
	if err := c.CheckReader(); err != nil {
		return graph.Reply{}, err
	}
	a, err := m.findUser(ctx, c.Caller.Tenant, c.Value("user"))
	if err != nil {
		return graph.Reply{}, err
	}
	return m.objectsOf(ctx, c, a)
}

// objectsOf gives the ids of a person's groups, and of their roles where all
// objects are asked for.
func (m *room) objectsOf(ctx context.Context, c *graph.Call, a account.Account) (graph.Reply, error) {
	var sent struct {
		// SecurityOnly changes nothing: all groups here are for security.
		SecurityOnly bool `json:"securityEnabledOnly"`
	}
	if err := c.Body(&sent); err != nil {
		return graph.Reply{}, err
	}
	list, err := m.belongingsOf(ctx, a)
	if err != nil {
		return graph.Reply{}, err
	}
	ids := []string{}
	for _, b := range list {
		if b.kind == "group" || !c.Ends("getMemberGroups") && !sent.SecurityOnly {
			ids = append(ids, b.id)
		}
	}
	return graph.OK(map[string]any{"@odata.context": c.Context("Collection(Edm.String)", nil, false), "value": ids}), nil
}
