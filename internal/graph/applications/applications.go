// Package applications shows and changes an organisation's registrations, the
// service principals in it, and what they are allowed, over Graph
// (identity-platform.md 6.1, 8.1).
package applications

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/consent"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/graph"
	"github.com/entente-id/entente/internal/id"
)

// Rooms are what the routes stand on; all are needed.
type Rooms struct {
	Apps     *application.Registry
	Consents *consent.Ledger
	People   *account.People
	Source   id.Source
}

type room struct{ Rooms }

var (
	write      = []string{"Application.ReadWrite.All", "Directory.ReadWrite.All"}
	read       = slices.Concat([]string{"Application.Read.All"}, write, []string{"Directory.Read.All"})
	asUser     = []string{"Directory.AccessAsUser.All"}
	readGrants = []string{"DelegatedPermissionGrant.Read.All", "DelegatedPermissionGrant.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"}
	giveGrants = []string{"DelegatedPermissionGrant.ReadWrite.All"}
	giveRoles  = []string{"AppRoleAssignment.ReadWrite.All"}
	readGiven  = slices.Concat(read, giveRoles)
)

// Open adds the room's routes to the door.
func Open(d *graph.Door, rooms Rooms) {
	r := &room{rooms}
	person := func(permissions []string) []string { return slices.Concat(permissions, asUser) }
	for _, one := range []string{"applications/{appId=}", "applications/{application}"} {
		d.Open(
			graph.Route{Method: "GET", Pattern: one, Delegated: person(read), Application: read, Answer: r.application},
			graph.Route{Method: "PATCH", Pattern: one, Delegated: person(write), Application: write, Answer: r.changeApplication},
			graph.Route{Method: "DELETE", Pattern: one, Delegated: person(write), Application: write, Answer: r.deleteApplication},
			graph.Route{Method: "POST", Pattern: one + "/addPassword", Delegated: person(write), Application: write, Answer: r.addPassword},
			graph.Route{Method: "POST", Pattern: one + "/removePassword", Delegated: person(write), Application: write, Answer: r.removePassword},
			graph.Route{Method: "POST", Pattern: one + "/addKey", Delegated: person(write), Application: write, Answer: r.addKey},
			graph.Route{Method: "POST", Pattern: one + "/removeKey", Delegated: person(write), Application: write, Answer: r.removeKey},
		)
	}
	for _, one := range []string{"servicePrincipals/{appId=}", "servicePrincipals/{principal}"} {
		d.Open(
			graph.Route{Method: "GET", Pattern: one, Delegated: person(read), Application: read, Answer: r.principal},
			graph.Route{Method: "PATCH", Pattern: one, Delegated: person(write), Application: write, Answer: r.changePrincipal},
			graph.Route{Method: "DELETE", Pattern: one, Delegated: person(write), Application: write, Answer: r.deletePrincipal},
			graph.Route{Method: "GET", Pattern: one + "/oauth2PermissionGrants", Delegated: person(readGrants), Application: readGrants, Answer: r.grantsOf},
			graph.Route{Method: "GET", Pattern: one + "/appRoleAssignments", Delegated: person(readGiven), Application: readGiven, Answer: r.rolesOf},
			graph.Route{Method: "POST", Pattern: one + "/appRoleAssignments", Delegated: giveRoles, Application: giveRoles, Answer: r.giveRole},
			graph.Route{Method: "DELETE", Pattern: one + "/appRoleAssignments/{assignment}", Delegated: giveRoles, Application: giveRoles, Answer: r.takeRole},
			graph.Route{Method: "GET", Pattern: one + "/appRoleAssignedTo", Delegated: person(readGiven), Application: readGiven, Answer: r.rolesTo},
			graph.Route{Method: "POST", Pattern: one + "/appRoleAssignedTo", Delegated: giveRoles, Application: giveRoles, Answer: r.giveRole},
			graph.Route{Method: "DELETE", Pattern: one + "/appRoleAssignedTo/{assignment}", Delegated: giveRoles, Application: giveRoles, Answer: r.takeRole},
		)
	}
	d.Open(
		graph.Route{Method: "GET", Pattern: "applications", Delegated: person(read), Application: read, Answer: r.applications},
		graph.Route{Method: "POST", Pattern: "applications", Delegated: person(write), Application: write, Answer: r.createApplication},
		graph.Route{Method: "GET", Pattern: "servicePrincipals", Delegated: person(read), Application: read, Answer: r.principals},
		graph.Route{Method: "POST", Pattern: "servicePrincipals", Delegated: person(write), Application: write, Answer: r.createPrincipal},
		graph.Route{Method: "GET", Pattern: "oauth2PermissionGrants", Delegated: person(readGrants), Application: readGrants, Answer: r.grants},
		graph.Route{Method: "GET", Pattern: "users/{user}/oauth2PermissionGrants", Delegated: person(readGrants), Application: readGrants, Answer: r.grantsFor},
		graph.Route{Method: "POST", Pattern: "oauth2PermissionGrants", Delegated: giveGrants, Application: giveGrants, Answer: r.createGrant},
		graph.Route{Method: "GET", Pattern: "oauth2PermissionGrants/{grant}", Delegated: person(readGrants), Application: readGrants, Answer: r.grant},
		graph.Route{Method: "PATCH", Pattern: "oauth2PermissionGrants/{grant}", Delegated: giveGrants, Application: giveGrants, Answer: r.changeGrant},
		graph.Route{Method: "DELETE", Pattern: "oauth2PermissionGrants/{grant}", Delegated: giveGrants, Application: giveGrants, Answer: r.deleteGrant},
	)
}

// mayManage asks for whoever manages applications.
func mayManage(c *graph.Call) error {
	return account.MayAct(c.Caller, account.ApplicationAdministrator, account.CloudAppAdministrator)
}

// owned is a registration as its owner sees it.
type owned = application.Owned

func objectID(o owned) string { return string(o.Application.ID) }

var applicationProperties = []graph.Property[owned]{
	{Name: "id", Usual: true, Kind: graph.Key, Of: func(o owned) any { return string(o.Application.ID) }},
	{Name: "appId", Usual: true, Kind: graph.Key, Of: func(o owned) any { return string(o.Application.App) }},
	{Name: "displayName", Usual: true, Kind: graph.Text, Of: func(o owned) any { return o.Application.Name }},
	{Name: "signInAudience", Usual: true, Kind: graph.Key, Of: func(o owned) any { return string(o.Application.Audience) }},
	{Name: "identifierUris", Usual: true, Kind: graph.Texts, Of: func(o owned) any { return list(o.Application.Identifiers) }},
	{Name: "publisherDomain", Usual: true, Of: func(o owned) any { return graph.OrNull(o.Application.PublisherDomain) }},
	{Name: "isFallbackPublicClient", Usual: true, Of: func(o owned) any { return o.Application.Public }},
	{Name: "web", Usual: true, Of: func(o owned) any {
		return map[string]any{"redirectUris": redirects(o, application.Web), "logoutUrl": nil, "implicitGrantSettings": map[string]bool{
			"enableIdTokenIssuance": o.Application.HybridIDTokens, "enableAccessTokenIssuance": false}}
	}},
	{Name: "spa", Usual: true, Of: func(o owned) any { return map[string]any{"redirectUris": redirects(o, application.Browser)} }},
	{Name: "publicClient", Usual: true, Of: func(o owned) any { return map[string]any{"redirectUris": redirects(o, application.Native)} }},
	{Name: "requiredResourceAccess", Usual: true, Of: func(owned) any { return []string{} }},
	{Name: "passwordCredentials", Usual: true, Of: func(o owned) any { return credentials(o, false) }},
	{Name: "keyCredentials", Usual: true, Of: func(o owned) any { return credentials(o, true) }},
	{Name: "api", Usual: true, Of: func(o owned) any {
		return map[string]any{"requestedAccessTokenVersion": o.Application.TokenVersion, "oauth2PermissionScopes": scopes(o.Application), "preAuthorizedApplications": []string{}, "knownClientApplications": []string{}}
	}},
	{Name: "appRoles", Usual: true, Of: func(o owned) any { return appRoles(o.Application) }},
}

// list is never null in JSON.
func list(of []string) []string {
	if of == nil {
		return []string{}
	}
	return of
}

func redirects(o owned, platform application.Platform) []string {
	found := []string{}
	for _, r := range o.Application.Redirects {
		if r.Platform == platform {
			found = append(found, r.URI)
		}
	}
	return found
}

func credentials(o owned, certificates bool) []map[string]any {
	found := []map[string]any{}
	for _, c := range o.Credentials {
		if (c.Certificate != nil) != certificates {
			continue
		}
		members := map[string]any{"keyId": string(c.ID), "displayName": c.Name, "endDateTime": graph.Stamp(c.Expires), "customKeyIdentifier": nil}
		if certificates {
			members["type"], members["usage"], members["key"] = "AsymmetricX509Cert", "Verify", nil
		} else {
			members["hint"], members["secretText"] = c.Hint, nil
		}
		found = append(found, members)
	}
	return found
}

func scopes(a application.Application) []map[string]any {
	found := []map[string]any{}
	for _, p := range a.Scopes {
		kind := "User"
		if p.Admin {
			kind = "Admin"
		}
		found = append(found, map[string]any{"id": p.ID, "value": p.Name, "type": kind, "isEnabled": true, "adminConsentDisplayName": p.Name})
	}
	return found
}

func appRoles(a application.Application) []map[string]any {
	found := []map[string]any{}
	for _, p := range a.Roles {
		found = append(found, map[string]any{"id": p.ID, "value": p.Name, "isEnabled": true, "displayName": p.Name, "allowedMemberTypes": []string{"Application"}})
	}
	return found
}

func (m *room) applications(ctx context.Context, c *graph.Call) (graph.Reply, error) {
	q, err := c.Query(graph.Listing...)
	if err != nil {
		return graph.Reply{}, err
	}
	if err := c.CheckReader(); err != nil {
		return graph.Reply{}, err
	}
	all, err := m.Apps.Owned(ctx, c.Caller.Tenant)
	if err != nil {
		return graph.Reply{}, err
	}
	slices.SortFunc(all, func(a, b owned) int { return strings.Compare(objectID(a), objectID(b)) })
	return graph.List(ctx, c, q, graph.Set[owned]{
		Context: "applications", Properties: applicationProperties, Key: objectID, Advanced: true,
		Page: func(_ context.Context, after string, limit int) ([]owned, error) {
			return graph.After(all, objectID, after, limit), nil
		},
	})
}

// find gives the registration of an address: by its object id or by its
// client id.
func (m *room) find(ctx context.Context, c *graph.Call) (owned, error) {
	if err := c.CheckReader(); err != nil {
		return owned{}, err
	}
	if app := c.Value("appId"); app != "" {
		return m.Apps.OwnedBy(ctx, c.Caller.Tenant, id.App(strings.ToLower(app)))
	}
	all, err := m.Apps.Owned(ctx, c.Caller.Tenant)
	if err != nil {
		return owned{}, err
	}
	for _, o := range all {
		if strings.EqualFold(objectID(o), c.Value("application")) {
			return o, nil
		}
	}
	return owned{}, fault.New(fault.ObjectUnknown, "object", c.Value("application"))
}

func (m *room) application(ctx context.Context, c *graph.Call) (graph.Reply, error) {
	o, err := m.find(ctx, c)
	if err != nil {
		return graph.Reply{}, err
	}
	return graph.One(c, "applications", applicationProperties, o)
}

// sentApplication is a registration as a client writes it; what is nil was not
// sent.
type sentApplication struct {
	DisplayName            *string    `json:"displayName"`
	SignInAudience         *string    `json:"signInAudience"`
	IsFallbackPublicClient *bool      `json:"isFallbackPublicClient"`
	Web                    *addresses `json:"web"`
	SPA                    *addresses `json:"spa"`
	PublicClient           *addresses `json:"publicClient"`
}

type addresses struct {
	RedirectURIs []string `json:"redirectUris"`
}

func (s sentApplication) over(a *application.Application) {
	if s.DisplayName != nil {
		a.Name = *s.DisplayName
	}
	if s.SignInAudience != nil {
		a.Audience = application.Audience(*s.SignInAudience)
	}
	if s.IsFallbackPublicClient != nil {
		a.Public = *s.IsFallbackPublicClient
	}
	for _, platform := range []struct {
		sent *addresses
		kind application.Platform
	}{{s.Web, application.Web}, {s.SPA, application.Browser}, {s.PublicClient, application.Native}} {
		if platform.sent == nil {
			continue
		}
		a.Redirects = slices.DeleteFunc(slices.Clone(a.Redirects), func(r application.Redirect) bool { return r.Platform == platform.kind })
		for _, uri := range platform.sent.RedirectURIs {
			a.Redirects = append(a.Redirects, application.Redirect{URI: uri, Platform: platform.kind})
		}
	}
}

func (m *room) createApplication(ctx context.Context, c *graph.Call) (graph.Reply, error) {
	if err := mayManage(c); err != nil {
		return graph.Reply{}, err
	}
	var sent sentApplication
	if err := c.Body(&sent); err != nil {
		return graph.Reply{}, err
	}
	var a application.Application
	sent.over(&a)
	a, err := m.Apps.Create(ctx, c.Caller, a)
	if err != nil {
		return graph.Reply{}, err
	}
	return graph.Made(c, "applications", applicationProperties, owned{Application: a}, "applications", string(a.ID))
}

// managed gives the registration of an address to who may change it.
func (m *room) managed(ctx context.Context, c *graph.Call) (owned, error) {
	if err := mayManage(c); err != nil {
		return owned{}, err
	}
	return m.find(ctx, c)
}

func (m *room) changeApplication(ctx context.Context, c *graph.Call) (graph.Reply, error) {
	o, err := m.managed(ctx, c)
	if err != nil {
		return graph.Reply{}, err
	}
	var sent sentApplication
	if err := c.Body(&sent); err != nil {
		return graph.Reply{}, err
	}
	return graph.Done(), m.Apps.Change(ctx, c.Caller, o.Application.App, sent.over)
}

func (m *room) deleteApplication(ctx context.Context, c *graph.Call) (graph.Reply, error) {
	o, err := m.managed(ctx, c)
	if err != nil {
		return graph.Reply{}, err
	}
	return graph.Done(), m.Apps.Delete(ctx, c.Caller, o.Application.App)
}

// proven asks a person for a second factor before the credentials of an
// application change: who holds one acts as the application.
func (m *room) proven(ctx context.Context, c *graph.Call) (owned, error) {
	o, err := m.managed(ctx, c)
	if err == nil && !c.Caller.AppOnly && !c.Caller.HasMFA() {
		return o, fault.New(fault.MFARequiredByAPI)
	}
	return o, err
}

// addPassword is POST …/addPassword: the one answer in which a secret stands.
func (m *room) addPassword(ctx context.Context, c *graph.Call) (graph.Reply, error) {
	o, err := m.proven(ctx, c)
	if err != nil {
		return graph.Reply{}, err
	}
	var sent struct {
		Credential struct {
			DisplayName   string     `json:"displayName"`
			EndDateTime   *time.Time `json:"endDateTime"`
			StartDateTime *time.Time `json:"startDateTime"`
		} `json:"passwordCredential"`
	}
	if err := c.Body(&sent); err != nil {
		return graph.Reply{}, err
	}
	if sent.Credential.DisplayName == "" {
		sent.Credential.DisplayName = "secret"
	}
	secret, kept, err := m.Apps.AddSecretUntil(ctx, c.Caller, o.Application.App, sent.Credential.DisplayName, sent.Credential.EndDateTime)
	if err != nil {
		return graph.Reply{}, err
	}
	return graph.OK(map[string]any{
		"@odata.context": c.Context("microsoft.graph.passwordCredential", nil, false), "customKeyIdentifier": nil, "displayName": kept.Name,
		"endDateTime": graph.Stamp(kept.Expires), "hint": kept.Hint, "keyId": string(kept.ID), "secretText": secret, "startDateTime": graph.Stamp(m.Source.Now()),
	}), nil
}

func (m *room) removePassword(ctx context.Context, c *graph.Call) (graph.Reply, error) {
	o, err := m.proven(ctx, c)
	if err != nil {
		return graph.Reply{}, err
	}
	var sent struct {
		KeyID string `json:"keyId"`
	}
	if err := c.Body(&sent); err != nil {
		return graph.Reply{}, err
	}
	kept, known := o.Credential(id.Object(strings.ToLower(sent.KeyID)))
	if !known || kept.Certificate != nil {
		return graph.Reply{}, fault.New(fault.InputInvalid, "parameter", "keyId", "rule", "the id of a password credential of the application")
	}
	return graph.Done(), m.Apps.RemoveCredential(ctx, c.Caller, o.Application.App, kept.ID)
}
