// Package directory shows and changes an organisation over Graph: its people,
// groups, roles, domains and records (identity-platform.md 8.1).
package directory

import (
	"slices"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/credential"
	"github.com/entente-id/entente/internal/customer"
	"github.com/entente-id/entente/internal/graph"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/programme"
	"github.com/entente-id/entente/internal/tenant"
)

// Rooms are what the routes stand on; all are needed.
type Rooms struct {
	// Subject is the sub of a person for a client, as its ID tokens have it
	// (OpenID Connect Core 5.3.2 wants them equal).
	Subject func(t id.Tenant, person id.Object, client id.App) string
	People  *account.People
	Groups  *account.Groups
	Tenants *tenant.Directory
	// Administration changes people, Safe keeps their passwords.
	Administration *account.Administration
	Safe           *credential.Safe
	// Relationships are what partners may do here.
	Relationships *customer.Relationships
	// Records are what was done and what failed.
	Records *audit.Log
	// Programme invites people of other organisations.
	Programme *programme.Membership
	// Source gives the time and the ids of records.
	Source id.Source
	// Origin is the public root of this server, without a slash at its end.
	Origin string
}

type room struct{ Rooms }

// The permissions (identity-platform.md 6.4), from narrow to wide.
var (
	readBasic  = []string{"User.ReadBasic.All"}
	readFully  = []string{"User.Read.All", "User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All", "Directory.AccessAsUser.All"}
	readSelf   = slices.Concat([]string{"User.Read", "User.ReadWrite"}, readBasic, readFully)
	readUsers  = slices.Concat(readBasic, readFully)
	asUser     = []string{"Directory.AccessAsUser.All"}
	writeUsers = []string{"User.ReadWrite.All", "Directory.ReadWrite.All"}

	readGroups  = []string{"Group.Read.All", "Group.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"}
	writeGroups = []string{"Group.ReadWrite.All", "Directory.ReadWrite.All"}
	readMembers = slices.Concat([]string{"GroupMember.Read.All", "GroupMember.ReadWrite.All"}, readGroups)
	moveMembers = slices.Concat([]string{"GroupMember.ReadWrite.All"}, writeGroups)

	readDomains = []string{"Domain.Read.All", "Domain.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"}
	readRoles   = []string{"RoleManagement.Read.Directory", "RoleManagement.ReadWrite.Directory", "Directory.Read.All", "Directory.ReadWrite.All"}
	writeRoles  = []string{"RoleManagement.ReadWrite.Directory"}
	readRecords = []string{"AuditLog.Read.All"}

	readOrganization  = []string{"Organization.Read.All", "Organization.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"}
	writeOrganization = []string{"Organization.ReadWrite.All", "Directory.ReadWrite.All"}
)

// delegated adds the permission that stands for all that the person may do.
func delegated(permissions []string, more ...string) []string {
	return slices.Concat(permissions, more, asUser)
}

// Open adds the room's routes to the door.
func Open(d *graph.Door, rooms Rooms) {
	r := &room{rooms}
	d.Open(
		graph.Route{Method: "GET", Pattern: "me", Delegated: readSelf, Personal: true, Answer: r.me},
		graph.Route{Method: "GET", Pattern: "me/memberOf", Delegated: readSelf, Answer: r.mine},
		graph.Route{Method: "GET", Pattern: "me/transitiveMemberOf", Delegated: readSelf, Answer: r.mine},
		graph.Route{Method: "POST", Pattern: "me/getMemberObjects", Delegated: readSelf, Answer: r.myObjects},
		graph.Route{Method: "POST", Pattern: "me/getMemberGroups", Delegated: readSelf, Answer: r.myObjects},

		graph.Route{Method: "GET", Pattern: "users", Delegated: readUsers, Application: readUsers, Answer: r.users},
		// A token that can read its own person only may do so by id as well.
		graph.Route{Method: "GET", Pattern: "users/{user}", Delegated: readSelf, Application: readUsers, Personal: true, Answer: r.user},
		graph.Route{Method: "GET", Pattern: "users/{user}/memberOf", Delegated: delegated(readMembers, "User.Read.All"), Application: readMembers, Answer: r.memberOf},
		graph.Route{Method: "GET", Pattern: "users/{user}/transitiveMemberOf", Delegated: delegated(readMembers, "User.Read.All"), Application: readMembers, Answer: r.memberOf},
		graph.Route{Method: "POST", Pattern: "users", Delegated: delegated(writeUsers), Application: writeUsers, Answer: r.createUser},
		graph.Route{Method: "PATCH", Pattern: "users/{user}", Delegated: delegated(writeUsers), Application: writeUsers, Answer: r.changeUser},
		graph.Route{Method: "DELETE", Pattern: "users/{user}", Delegated: delegated(writeUsers), Application: writeUsers, Answer: r.deleteUser},
		graph.Route{Method: "POST", Pattern: "users/{user}/revokeSignInSessions", Delegated: delegated(writeUsers, "User.RevokeSessions.All"),
			Application: slices.Concat([]string{"User.RevokeSessions.All"}, writeUsers), Answer: r.endSessions},
		graph.Route{Method: "POST", Pattern: "me/revokeSignInSessions", Delegated: delegated(writeUsers, "User.RevokeSessions.All", "User.ReadWrite"), Answer: r.endMySessions},
		graph.Route{Method: "POST", Pattern: "users/{user}/getMemberObjects", Delegated: delegated(readMembers, "User.Read.All"), Application: readMembers, Answer: r.memberObjects},
		graph.Route{Method: "POST", Pattern: "users/{user}/getMemberGroups", Delegated: delegated(readMembers, "User.Read.All"), Application: readMembers, Answer: r.memberObjects},
		graph.Route{Method: "GET", Pattern: "users/{user}/licenseDetails", Delegated: readUsers[1:], Application: readUsers[1:], Answer: r.licences},

		graph.Route{Method: "GET", Pattern: "groups", Delegated: delegated(readGroups), Application: readGroups, Answer: r.groups},
		graph.Route{Method: "POST", Pattern: "groups", Delegated: delegated(writeGroups), Application: writeGroups, Answer: r.createGroup},
		graph.Route{Method: "GET", Pattern: "groups/{group}", Delegated: delegated(readMembers), Application: readMembers, Answer: r.group},
		graph.Route{Method: "PATCH", Pattern: "groups/{group}", Delegated: delegated(writeGroups), Application: writeGroups, Answer: r.changeGroup},
		graph.Route{Method: "DELETE", Pattern: "groups/{group}", Delegated: delegated(writeGroups), Application: writeGroups, Answer: r.deleteGroup},
		graph.Route{Method: "GET", Pattern: "groups/{group}/members", Delegated: delegated(readMembers), Application: readMembers, Answer: r.members},
		graph.Route{Method: "GET", Pattern: "groups/{group}/transitiveMembers", Delegated: delegated(readMembers), Application: readMembers, Answer: r.members},
		graph.Route{Method: "POST", Pattern: "groups/{group}/members/$ref", Delegated: delegated(moveMembers), Application: moveMembers, Answer: r.addMember},
		graph.Route{Method: "DELETE", Pattern: "groups/{group}/members/{member}/$ref", Delegated: delegated(moveMembers), Application: moveMembers, Answer: r.removeMember},

		graph.Route{Method: "GET", Pattern: "organization", Delegated: delegated(readOrganization, "User.Read"), Application: readOrganization, Answer: r.organizations},
		graph.Route{Method: "GET", Pattern: "organization/{organization}", Delegated: delegated(readOrganization, "User.Read"), Application: readOrganization, Answer: r.organization},
		graph.Route{Method: "PATCH", Pattern: "organization/{organization}", Delegated: delegated(writeOrganization), Application: writeOrganization, Answer: r.changeOrganization},
		graph.Route{Method: "GET", Pattern: "domains", Delegated: delegated(readDomains), Application: readDomains, Answer: r.domains},
		graph.Route{Method: "GET", Pattern: "domains/{domain}", Delegated: delegated(readDomains), Application: readDomains, Answer: r.domain},
		graph.Route{Method: "GET", Pattern: "subscribedSkus", Delegated: delegated(readOrganization, "LicenseAssignment.Read.All"),
			Application: slices.Concat([]string{"LicenseAssignment.Read.All"}, readOrganization), Answer: r.skus},

		graph.Route{Method: "GET", Pattern: "directoryRoleTemplates", Delegated: delegated(readRoles), Application: readRoles, Answer: r.roleTemplates},
		graph.Route{Method: "GET", Pattern: "directoryRoles", Delegated: delegated(readRoles), Application: readRoles, Answer: r.directoryRoles},
		graph.Route{Method: "POST", Pattern: "directoryRoles", Delegated: delegated(writeRoles), Application: writeRoles, Answer: r.activateRole},
		graph.Route{Method: "GET", Pattern: "directoryRoles/{role}", Delegated: delegated(readRoles), Application: readRoles, Answer: r.directoryRole},
		graph.Route{Method: "GET", Pattern: "directoryRoles/{role}/members", Delegated: delegated(readRoles), Application: readRoles, Answer: r.roleMembers},
		graph.Route{Method: "POST", Pattern: "directoryRoles/{role}/members/$ref", Delegated: writeRoles, Application: writeRoles, Answer: r.addRoleMember},
		graph.Route{Method: "DELETE", Pattern: "directoryRoles/{role}/members/{member}/$ref", Delegated: writeRoles, Application: writeRoles, Answer: r.removeRoleMember},
		graph.Route{Method: "GET", Pattern: "roleManagement/directory/roleDefinitions", Delegated: delegated(readRoles), Application: readRoles, Answer: r.definitions},
		graph.Route{Method: "GET", Pattern: "roleManagement/directory/roleDefinitions/{role}", Delegated: delegated(readRoles), Application: readRoles, Answer: r.definition},
		graph.Route{Method: "GET", Pattern: "roleManagement/directory/roleAssignments", Delegated: delegated(readRoles), Application: readRoles, Answer: r.roleAssignments},
		graph.Route{Method: "POST", Pattern: "roleManagement/directory/roleAssignments", Delegated: writeRoles, Application: writeRoles, Answer: r.giveRole},
		graph.Route{Method: "GET", Pattern: "roleManagement/directory/roleAssignments/{assignment}", Delegated: delegated(readRoles), Application: readRoles, Answer: r.roleAssignment},
		graph.Route{Method: "DELETE", Pattern: "roleManagement/directory/roleAssignments/{assignment}", Delegated: writeRoles, Application: writeRoles, Answer: r.takeRole},

		graph.Route{Method: "POST", Pattern: "invitations", Delegated: []string{"User.Invite.All", "User.ReadWrite.All", "Directory.ReadWrite.All"}, Answer: r.invite},

		graph.Route{Method: "GET", Pattern: "auditLogs/directoryAudits", Delegated: readRecords, Application: readRecords, Answer: r.directoryAudits},
		graph.Route{Method: "GET", Pattern: "auditLogs/signIns", Delegated: readRecords, Application: readRecords, Answer: r.signIns},

		graph.Route{Method: "GET", Pattern: "oidc/userinfo", Unversioned: true, Delegated: []string{"openid"}, Personal: true, Answer: r.userinfo},
		graph.Route{Method: "POST", Pattern: "oidc/userinfo", Unversioned: true, Delegated: []string{"openid"}, Personal: true, Answer: r.userinfo},
	)
}
