package applications

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/consent"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/graph"
	"github.com/entente-id/entente/internal/id"
)

// given is one oauth2PermissionGrant: what a client may do at a resource for
// one person, or for everyone.
type given struct {
	client, resource   id.App
	account            id.Object
	scopes             []string
	clientID, serverID id.Object
}

// key is its id: what it is about.
func (g given) key() string { return pack(string(g.client), string(g.resource), string(g.account)) }

// nobody stands for everyone in a key.
const nobody = "00000000-0000-0000-0000-000000000000"

// pack makes an id of three GUIDs; an empty one counts as nobody.
func pack(guids ...string) string {
	var raw []byte
	for _, guid := range guids {
		if guid == "" {
			guid = nobody
		}
		b, err := hex.DecodeString(strings.ReplaceAll(guid, "-", ""))
		if err != nil {
			// An id that is no GUID was given by a test or an import.
			b = []byte(guid)
		}
		raw = append(raw, b...)
	}
	return base64.RawURLEncoding.EncodeToString(raw)
}

// unpack reads three GUIDs from an id.
func unpack(text string) ([3]string, bool) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(raw) != 48 {
		return [3]string{}, false
	}
	var guids [3]string
	for i := range guids {
		h := hex.EncodeToString(raw[16*i : 16*i+16])
		guids[i] = h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
	}
	return guids, true
}

var grantProperties = []graph.Property[given]{
	{Name: "id", Usual: true, Kind: graph.Key, Of: func(g given) any { return g.key() }},
	{Name: "clientId", Usual: true, Kind: graph.Key, Of: func(g given) any { return string(g.clientID) }},
	{Name: "consentType", Usual: true, Kind: graph.Key, Of: func(g given) any {
		if g.account == "" {
			return "AllPrincipals"
		}
		return "Principal"
	}},
	{Name: "principalId", Usual: true, Kind: graph.Key, Of: func(g given) any { return graph.OrNull(string(g.account)) }},
	{Name: "resourceId", Usual: true, Kind: graph.Key, Of: func(g given) any { return string(g.serverID) }},
	{Name: "scope", Usual: true, Kind: graph.Text, Of: func(g given) any { return strings.Join(g.scopes, " ") }},
}

// maxClients bounds the clients whose grants are read.
const maxClients = 5_000

// all reads the grants of the caller's organisation, whose principals keeps.
func (m *room) all(ctx context.Context, c *graph.Call, keep func(consent.Grant) bool) ([]given, error) {
	if err := c.CheckReader(); err != nil {
		return nil, err
	}
	const page = 200
	var list []given
	var after id.App
	for read := 0; read < maxClients; read += page {
		grants, err := m.Consents.HeldIn(ctx, c.Caller.Tenant, after, page)
		if err != nil {
			return nil, err
		}
		if len(grants) == 0 {
			break
		}
		for _, g := range grants {
			after = g.Client
			if keep(g) {
				list = merge(list, g)
			}
		}
	}
	for i := range list {
		var err error
		if list[i].clientID, err = m.idOf(ctx, c, list[i].client); err != nil {
			return nil, err
		}
		if list[i].serverID, err = m.idOf(ctx, c, list[i].resource); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// merge adds a grant; what was given at several times is one here.
func merge(list []given, g consent.Grant) []given {
	if n := len(list) - 1; n >= 0 && list[n].client == g.Client && list[n].resource == g.Resource && list[n].account == g.Account {
		list[n].scopes = append(list[n].scopes, g.Scopes...)
		return list
	}
	return append(list, given{client: g.Client, resource: g.Resource, account: g.Account, scopes: slices.Clone(g.Scopes)})
}

// idOf is the id of an app's principal; empty where it has none.
func (m *room) idOf(ctx context.Context, c *graph.Call, app id.App) (id.Object, error) {
	p, err := m.Apps.Principal(ctx, c.Caller.Tenant, app)
	if fault.Has(err, fault.AppNotInTenant) {
		return "", nil
	}
	return p.ID, err
}

const grantsSet = "oauth2PermissionGrants"

func (m *room) grants(ctx context.Context, c *graph.Call) (graph.Reply, error) {
	list, err := m.all(ctx, c, func(consent.Grant) bool { return true })
	if err != nil {
		return graph.Reply{}, err
	}
	return graph.Whole(ctx, c, grantsSet, grantProperties, list, given.key)
}

func (m *room) grantsOf(ctx context.Context, c *graph.Call) (graph.Reply, error) {
	r, err := m.findPrincipal(ctx, c)
	if err != nil {
		return graph.Reply{}, err
	}
	list, err := m.all(ctx, c, func(g consent.Grant) bool { return g.Client == r.App })
	if err != nil {
		return graph.Reply{}, err
	}
	return graph.Whole(ctx, c, grantsSet, grantProperties, list, given.key)
}

// grantsFor lists what one person allowed for themselves.
func (m *room) grantsFor(ctx context.Context, c *graph.Call) (graph.Reply, error) {
	sent := c.Value("user")
	find := m.People.Named
	if id.IsGUID(sent) {
		find = func(ctx context.Context, t id.Tenant, key string) (account.Account, error) {
			return m.People.Find(ctx, t, id.Object(strings.ToLower(key)))
		}
	}
	a, err := find(ctx, c.Caller.Tenant, sent)
	if fault.Has(err, fault.AccountUnknown) {
		err = fault.New(fault.ObjectUnknown, "object", sent)
	}
	if err != nil {
		return graph.Reply{}, err
	}
	list, err := m.all(ctx, c, func(g consent.Grant) bool { return g.Account == a.ID })
	if err != nil {
		return graph.Reply{}, err
	}
	return graph.Whole(ctx, c, grantsSet, grantProperties, list, given.key)
}

// findGrant gives the grant of an address.
func (m *room) findGrant(ctx context.Context, c *graph.Call) (given, error) {
	absent := fault.New(fault.ObjectUnknown, "object", c.Value("grant"))
	guids, ok := unpack(c.Value("grant"))
	if !ok {
		return given{}, absent
	}
	person := id.Object(guids[2])
	if person == nobody {
		person = ""
	}
	list, err := m.all(ctx, c, func(g consent.Grant) bool {
		return string(g.Client) == guids[0] && string(g.Resource) == guids[1] && g.Account == person
	})
	if err != nil {
		return given{}, err
	}
	if len(list) == 0 {
		return given{}, absent
	}
	return list[0], nil
}

func (m *room) grant(ctx context.Context, c *graph.Call) (graph.Reply, error) {
	g, err := m.findGrant(ctx, c)
	if err != nil {
		return graph.Reply{}, err
	}
	return graph.One(c, grantsSet, grantProperties, g)
}

func (m *room) createGrant(ctx context.Context, c *graph.Call) (graph.Reply, error) {
	var sent struct {
		Client    string  `json:"clientId"`
		Consent   string  `json:"consentType"`
		Principal *string `json:"principalId"`
		Resource  string  `json:"resourceId"`
		Scope     string  `json:"scope"`
		// Start and Expiry were once obligatory and mean nothing.
		Start  string `json:"startTime"`
		Expiry string `json:"expiryTime"`
	}
	if err := c.Body(&sent); err != nil {
		return graph.Reply{}, err
	}
	client, resource, err := m.ends(ctx, c, sent.Client, sent.Resource)
	if err != nil {
		return graph.Reply{}, err
	}
	var person id.Object
	switch {
	case sent.Consent == "Principal" && sent.Principal != nil && id.IsGUID(*sent.Principal):
		a, err := m.People.Find(ctx, c.Caller.Tenant, id.Object(strings.ToLower(*sent.Principal)))
		if fault.Has(err, fault.AccountUnknown) {
			err = fault.New(fault.InputInvalid, "parameter", "principalId", "rule", "the id of a user")
		}
		if err != nil {
			return graph.Reply{}, err
		}
		person = a.ID
	case sent.Consent != "AllPrincipals" || sent.Principal != nil && *sent.Principal != "":
		return graph.Reply{}, fault.New(fault.InputInvalid, "parameter", "consentType", "rule", "AllPrincipals, or Principal with a principalId")
	}
	if err := m.Consents.Allow(ctx, c.Caller, client.App, resource.app, person, strings.Fields(sent.Scope)); err != nil {
		return graph.Reply{}, err
	}
	list, err := m.all(ctx, c, func(g consent.Grant) bool {
		return g.Client == client.App && g.Resource == resource.App && g.Account == person
	})
	if err != nil || len(list) == 0 {
		return graph.Reply{}, err
	}
	return graph.Made(c, grantsSet, grantProperties, list[0], grantsSet, list[0].key())
}

// ends gives the two principals that a grant is between.
func (m *room) ends(ctx context.Context, c *graph.Call, clientID, resourceID string) (client, resource representative, err error) {
	for _, end := range []struct {
		into *representative
		name string
		sent string
	}{{&client, "clientId", clientID}, {&resource, "resourceId", resourceID}} {
		*end.into, err = m.principalOf(ctx, c, end.sent)
		if fault.Has(err, fault.ObjectUnknown) {
			err = fault.New(fault.InputInvalid, "parameter", end.name, "rule", "the id of a service principal of this organisation")
		}
		if err != nil {
			return client, resource, err
		}
	}
	return client, resource, nil
}

func (m *room) changeGrant(ctx context.Context, c *graph.Call) (graph.Reply, error) {
	g, resource, err := m.grantAndResource(ctx, c)
	if err != nil {
		return graph.Reply{}, err
	}
	var sent struct {
		Scope string `json:"scope"`
	}
	if err := c.Body(&sent); err != nil {
		return graph.Reply{}, err
	}
	names := strings.Fields(sent.Scope)
	if len(names) == 0 {
		return graph.Reply{}, fault.New(fault.InputInvalid, "parameter", "scope", "rule", "at least one permission; DELETE takes the entry away")
	}
	return graph.Done(), m.Consents.Replace(ctx, c.Caller, g.client, resource, g.account, names)
}

func (m *room) deleteGrant(ctx context.Context, c *graph.Call) (graph.Reply, error) {
	g, resource, err := m.grantAndResource(ctx, c)
	if err != nil {
		return graph.Reply{}, err
	}
	return graph.Done(), m.Consents.Replace(ctx, c.Caller, g.client, resource, g.account, nil)
}

func (m *room) grantAndResource(ctx context.Context, c *graph.Call) (given, application.Application, error) {
	g, err := m.findGrant(ctx, c)
	if err != nil {
		return g, application.Application{}, err
	}
	resource, err := m.Apps.Find(ctx, g.resource)
	return g, resource, err
}
