package applications

import (
	"context"
	"strings"

	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/graph"
	"github.com/entente-id/entente/internal/id"
)

// representative is a service principal with the registration behind it.
type representative struct {
	application.Principal
	app application.Application
}

func principalID(r representative) string { return string(r.ID) }

var principalProperties = []graph.Property[representative]{
	{Name: "id", Usual: true, Kind: graph.Key, Of: func(r representative) any { return string(r.ID) }},
	{Name: "appId", Usual: true, Kind: graph.Key, Of: func(r representative) any { return string(r.App) }},
	{Name: "displayName", Usual: true, Kind: graph.Text, Of: func(r representative) any { return r.app.Name }},
	{Name: "appDisplayName", Usual: true, Kind: graph.Text, Of: func(r representative) any { return r.app.Name }},
	{Name: "appOwnerOrganizationId", Usual: true, Kind: graph.Key, Of: func(r representative) any { return graph.OrNull(string(r.app.Tenant)) }},
	{Name: "accountEnabled", Usual: true, Kind: graph.Flag, Of: func(r representative) any { return !r.Disabled }},
	{Name: "appRoleAssignmentRequired", Usual: true, Kind: graph.Flag, Of: func(r representative) any { return r.AssignmentRequired }},
	{Name: "servicePrincipalType", Usual: true, Kind: graph.Key, Of: func(representative) any { return "Application" }},
	{Name: "servicePrincipalNames", Usual: true, Kind: graph.Texts, Of: func(r representative) any {
		return append([]string{string(r.App)}, r.app.Identifiers...)
	}},
	{Name: "signInAudience", Usual: true, Of: func(r representative) any { return graph.OrNull(string(r.app.Audience)) }},
	{Name: "replyUrls", Usual: true, Of: func(r representative) any {
		addresses := []string{}
		for _, one := range r.app.Redirects {
			addresses = append(addresses, one.URI)
		}
		return addresses
	}},
	{Name: "loginUrl", Usual: true, Of: func(representative) any { return nil }},
	{Name: "publisherName", Usual: true, Of: func(r representative) any { return graph.OrNull(r.app.Publisher) }},
	{Name: "tags", Usual: true, Kind: graph.Texts, Of: func(representative) any { return []string{} }},
	{Name: "createdDateTime", Usual: true, Kind: graph.Instant, Of: func(r representative) any { return graph.Stamp(r.Created) }},
	{Name: "oauth2PermissionScopes", Usual: true, Of: func(r representative) any { return scopes(r.app) }},
	{Name: "appRoles", Usual: true, Of: func(r representative) any { return appRoles(r.app) }},
}

// behind finds the registration of a principal; one that is gone has no name.
func (m *room) behind(ctx context.Context, p application.Principal) (representative, error) {
	app, err := m.Apps.Find(ctx, p.App)
	if fault.Has(err, fault.AppUnknown) {
		err = nil
	}
	return representative{p, app}, err
}

func (m *room) principals(ctx context.Context, c *graph.Call) (graph.Reply, error) {
	q, err := c.Query(graph.Listing...)
	if err != nil {
		return graph.Reply{}, err
	}
	if err := c.CheckReader(); err != nil {
		return graph.Reply{}, err
	}
	return graph.List(ctx, c, q, graph.Set[representative]{
		Context: "servicePrincipals", Properties: principalProperties, Key: principalID, Advanced: true,
		Page: func(ctx context.Context, after string, limit int) ([]representative, error) {
			list, err := m.Apps.Principals(ctx, c.Caller.Tenant, id.Object(after), limit)
			if err != nil {
				return nil, err
			}
			found := make([]representative, len(list))
			for i, p := range list {
				if found[i], err = m.behind(ctx, p); err != nil {
					return nil, err
				}
			}
			return found, nil
		},
		Find: map[string]func(context.Context, string) ([]representative, error){
			"appId": func(ctx context.Context, value string) ([]representative, error) {
				p, err := m.Apps.Principal(ctx, c.Caller.Tenant, id.App(strings.ToLower(value)))
				if fault.Has(err, fault.AppNotInTenant) {
					return nil, nil
				}
				if err != nil {
					return nil, err
				}
				r, err := m.behind(ctx, p)
				return []representative{r}, err
			},
		},
	})
}

// findPrincipal gives the principal of an address: by its own id or by the
// app's.
func (m *room) findPrincipal(ctx context.Context, c *graph.Call) (representative, error) {
	if err := c.CheckReader(); err != nil {
		return representative{}, err
	}
	if app := c.Value("appId"); app != "" {
		p, err := m.Apps.Principal(ctx, c.Caller.Tenant, id.App(strings.ToLower(app)))
		if err != nil {
			return representative{}, err
		}
		return m.behind(ctx, p)
	}
	return m.principalOf(ctx, c, c.Value("principal"))
}

func (m *room) principalOf(ctx context.Context, c *graph.Call, sent string) (representative, error) {
	if !id.IsGUID(sent) {
		return representative{}, fault.New(fault.ObjectUnknown, "object", sent)
	}
	p, err := m.Apps.PrincipalByID(ctx, c.Caller.Tenant, id.Object(strings.ToLower(sent)))
	if err != nil {
		return representative{}, err
	}
	return m.behind(ctx, p)
}

func (m *room) principal(ctx context.Context, c *graph.Call) (graph.Reply, error) {
	r, err := m.findPrincipal(ctx, c)
	if err != nil {
		return graph.Reply{}, err
	}
	return graph.One(c, "servicePrincipals", principalProperties, r)
}

func (m *room) createPrincipal(ctx context.Context, c *graph.Call) (graph.Reply, error) {
	if err := mayManage(c); err != nil {
		return graph.Reply{}, err
	}
	var sent struct {
		App string `json:"appId"`
	}
	if err := c.Body(&sent); err != nil {
		return graph.Reply{}, err
	}
	if !id.IsGUID(sent.App) {
		return graph.Reply{}, fault.New(fault.InputInvalid, "parameter", "appId", "rule", "the client id of an application")
	}
	p, err := m.Apps.Introduce(ctx, c.Caller, id.App(strings.ToLower(sent.App)))
	if fault.Has(err, fault.AppUnknown) {
		err = fault.New(fault.InputInvalid, "parameter", "appId", "rule", "the client id of an application that this organisation may use")
	}
	if err != nil {
		return graph.Reply{}, err
	}
	r, err := m.behind(ctx, p)
	if err != nil {
		return graph.Reply{}, err
	}
	return graph.Made(c, "servicePrincipals", principalProperties, r, "servicePrincipals", string(p.ID))
}

func (m *room) changePrincipal(ctx context.Context, c *graph.Call) (graph.Reply, error) {
	if err := mayManage(c); err != nil {
		return graph.Reply{}, err
	}
	r, err := m.findPrincipal(ctx, c)
	if err != nil {
		return graph.Reply{}, err
	}
	var sent struct {
		Enabled  *bool `json:"accountEnabled"`
		Required *bool `json:"appRoleAssignmentRequired"`
	}
	if err := c.Body(&sent); err != nil {
		return graph.Reply{}, err
	}
	return graph.Done(), m.Apps.ChangePrincipal(ctx, c.Caller, r.ID, func(p *application.Principal) {
		if sent.Enabled != nil {
			p.Disabled = !*sent.Enabled
		}
		if sent.Required != nil {
			p.AssignmentRequired = *sent.Required
		}
	})
}

func (m *room) deletePrincipal(ctx context.Context, c *graph.Call) (graph.Reply, error) {
	if err := mayManage(c); err != nil {
		return graph.Reply{}, err
	}
	r, err := m.findPrincipal(ctx, c)
	if err != nil {
		return graph.Reply{}, err
	}
	return graph.Done(), m.Apps.Dismiss(ctx, c.Caller, r.ID)
}
