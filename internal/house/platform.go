package house

import (
	"github.com/entente-id/entente/internal/api"
	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/keyvault"
	"github.com/entente-id/entente/internal/pages/site"
	"github.com/entente-id/entente/internal/partnerapi"
	"github.com/entente-id/entente/internal/resourcemanager"
)

// Clients and resources of the platform that others have hard-coded
// (secure-application-model.md 1, identity-platform.md 3.7).
const (
	// CommandLine is a public client that tools use when they are told of none.
	CommandLine  id.App = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"
	OldDirectory id.App = "00000002-0000-0000-c000-000000000000"
)

// Platform are the registrations that every authority needs: the APIs that
// tokens are asked for, and the platform's own clients. They belong to the
// organisation that runs the programme. Permission ids are the ones that
// manifests carry (identity-platform.md 6.4).
func Platform(origin string, owner id.Tenant) []application.Application {
	return append(resources(origin, owner), clients(origin, owner)...)
}

func clients(origin string, owner id.Tenant) []application.Application {
	client := func(app id.App, n, name string, audience application.Audience) application.Application {
		return application.Application{
			App: app, Tenant: owner, ID: id.Object("d2000000-0000-4000-8000-0000000000" + n), Name: name, Publisher: "Entente",
			Audience: audience, Public: true, FirstParty: true, TokenVersion: 1,
		}
	}
	tools := client(CommandLine, "06", "Command line", application.AnyTenant)
	tools.Redirects = []application.Redirect{{URI: "http://localhost", Platform: application.Native}}
	account := client(site.AccountApp, "07", "My account", application.AnyAccount)
	for _, path := range []string{"/account/done", "/account/enter", "/organisation/enter", "/programme/enter"} {
		account.Redirects = append(account.Redirects, application.Redirect{URI: origin + path, Platform: application.Native})
	}
	return []application.Application{tools, account}
}

func resources(origin string, owner id.Tenant) []application.Application {
	resource := func(app id.App, n, name string, names ...string) application.Application {
		a := application.Application{
			App: app, Tenant: owner, ID: id.Object("d3000000-0000-4000-8000-0000000000" + n), Name: name, Publisher: "Entente",
			Verified: true, Audience: application.AnyAccount, TokenVersion: 1, FastTokens: true, FirstParty: true,
		}
		for _, n := range names {
			// Official documents write these names with and without the slash.
			a.Identifiers = append(a.Identifiers, n, n+"/")
		}
		return a
	}
	graph := resource(application.GraphApp, "01", "Microsoft Graph", "https://graph.microsoft.com", origin, origin+"/v1.0")
	graph.Scopes, graph.Roles = graphScopes, graphRoles
	partner := resource(partnerapi.App, "02", "Partner Center", "https://api.partnercenter.microsoft.com", origin+"/v1")
	partner.Scopes = []application.Permission{{ID: "1cebfa2a-fb4d-419e-b5f9-839b4383e05a", Name: "user_impersonation"}}
	old := resource(OldDirectory, "03", "Azure AD Graph", "https://graph.windows.net")
	old.Scopes = []application.Permission{{ID: "311a71cc-e848-46a1-bdf8-97ff7156d8e6", Name: "User.Read"}}
	manager := resource(resourcemanager.App, "04", "Azure Resource Manager", resourcemanager.Audience, resourcemanager.OldAudience)
	manager.Scopes = []application.Permission{{ID: "41094075-9dad-400e-a0bd-54e686782033", Name: "user_impersonation"}}
	vault := resource(keyvault.App, "05", "Key Vault", keyvault.Audience, origin+"/secrets")
	vault.Scopes = []application.Permission{{ID: "f53da476-18e3-4152-8e01-aec403e6edc0", Name: "user_impersonation"}}
	own := resource(api.App, "06", "Entente API", api.Audience, origin+"/api/v1")
	own.Scopes = []application.Permission{
		{ID: "d4000000-0000-4000-8000-000000000001", Name: api.ReadWriteApprovals, Admin: true},
		{ID: "d4000000-0000-4000-8000-000000000002", Name: api.ReadDiagnostics},
	}
	return []application.Application{graph, partner, old, manager, vault, own}
}

var graphScopes = []application.Permission{
	{ID: "37f7f235-527c-4136-accd-4a02d197296e", Name: "openid"},
	{ID: "14dad69e-099b-42c9-810b-d002981feec1", Name: "profile"},
	{ID: "64a6cdd6-aab1-4aaf-94b8-3cc8405e90d0", Name: "email"},
	{ID: "7427e0e9-2fba-42fe-b0c0-848c9e6a8182", Name: "offline_access"},
	{ID: "e1fe6dd8-ba31-4d61-89e7-88639da4683d", Name: "User.Read"},
	{ID: "a154be20-db9c-4678-8ab7-66f6cc099a59", Name: "User.Read.All", Admin: true},
	{ID: "204e0828-b5ca-4ad8-b9f3-f32a958e7cc4", Name: "User.ReadWrite.All", Admin: true},
	{ID: "4908d5b9-3fb2-4b1e-9336-1888b7937185", Name: "Organization.Read.All", Admin: true},
	{ID: "06da0dbc-49e2-44d2-8312-53f166ab848a", Name: "Directory.Read.All", Admin: true},
	{ID: "c5366453-9fb0-48a5-a156-24f0c49a4b84", Name: "Directory.ReadWrite.All", Admin: true},
	{ID: "0e263e50-5827-48a4-b97c-d940288653c7", Name: "Directory.AccessAsUser.All", Admin: true},
	{ID: "0c0064ea-477b-4130-82a5-4c2cc4ff68aa", Name: "DelegatedAdminRelationship.Read.All", Admin: true},
	{ID: "885f682f-a990-4bad-a642-36736a74b0c7", Name: "DelegatedAdminRelationship.ReadWrite.All", Admin: true},
	{ID: "5f8c59db-677d-491f-a6b8-5f174b11ec1d", Name: "Group.Read.All", Admin: true},
	{ID: "4e46008b-f24c-477d-8fff-7bb4ec7aafe0", Name: "Group.ReadWrite.All", Admin: true},
	{ID: "63dd7cd9-b489-4adf-a28c-ac38b9a0f962", Name: "User.Invite.All", Admin: true},
	{ID: "c79f8feb-a9db-4090-85f9-90d820caa0eb", Name: "Application.Read.All", Admin: true},
	{ID: "bdfbf15f-ee85-4955-8675-146e8e5296b5", Name: "Application.ReadWrite.All", Admin: true},
	{ID: "84bccea3-f856-4a8a-967b-dbe0a3d53a64", Name: "AppRoleAssignment.ReadWrite.All", Admin: true},
	{ID: "41ce6ca6-6826-4807-84f1-1c82854f7ee5", Name: "DelegatedPermissionGrant.ReadWrite.All", Admin: true},
	{ID: "2f9ee017-59c1-4f1d-9472-bd5529a7b311", Name: "Domain.Read.All", Admin: true},
	{ID: "741c54c3-0c1e-44a1-818b-3f97ab4e8c83", Name: "RoleManagement.Read.Directory", Admin: true},
	{ID: "d01b97e9-cbc0-49fe-810a-750afd5527a3", Name: "RoleManagement.ReadWrite.Directory", Admin: true},
	{ID: "e4c9e354-4dc5-45b8-9e7c-e1393b0b1a20", Name: "AuditLog.Read.All", Admin: true},
}

var graphRoles = []application.Permission{
	{ID: "df021288-bdef-4463-88db-98f22de89214", Name: "User.Read.All", Admin: true},
	{ID: "741f803b-c850-494e-b5df-cde7c675a1ca", Name: "User.ReadWrite.All", Admin: true},
	{ID: "498476ce-e0fe-48b0-b801-37ba7e2685c6", Name: "Organization.Read.All", Admin: true},
	{ID: "7ab1d382-f21e-4acd-a863-ba3e13f7da61", Name: "Directory.Read.All", Admin: true},
	{ID: "19dbc75e-c2e2-444c-a770-ec69d8559fc7", Name: "Directory.ReadWrite.All", Admin: true},
	{ID: "5b567255-7703-4780-807c-7be8301ae99b", Name: "Group.Read.All", Admin: true},
	{ID: "62a82d76-70ea-41e2-9197-370581804d09", Name: "Group.ReadWrite.All", Admin: true},
	{ID: "09850681-111b-4a89-9bed-3f2cae46d706", Name: "User.Invite.All", Admin: true},
	{ID: "9a5d68dd-52b0-4cc2-bd40-abcf44ac3a30", Name: "Application.Read.All", Admin: true},
	{ID: "1bfefb4e-e0b5-418b-a88f-73c46d2cc8e9", Name: "Application.ReadWrite.All", Admin: true},
	{ID: "18a4783c-866b-4cc7-a460-3d5e5662c884", Name: "Application.ReadWrite.OwnedBy", Admin: true},
	{ID: "06b708a9-e830-4db3-a914-8e69da51d44f", Name: "AppRoleAssignment.ReadWrite.All", Admin: true},
	{ID: "8e8e4742-1d95-4f68-9d56-6ee75648c72a", Name: "DelegatedPermissionGrant.ReadWrite.All", Admin: true},
	{ID: "dbb9058a-0e50-45d7-ae91-66909b5d4664", Name: "Domain.Read.All", Admin: true},
	{ID: "483bed4a-2ad3-4361-a73b-c83ccdbdc53c", Name: "RoleManagement.Read.Directory", Admin: true},
	{ID: "9e3f62cf-ca93-4989-b6ce-bf83c28f9fe8", Name: "RoleManagement.ReadWrite.Directory", Admin: true},
	{ID: "b0afded3-3588-46d8-8b3d-9842eff778da", Name: "AuditLog.Read.All", Admin: true},
}
