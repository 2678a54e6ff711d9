package account

import "strings"

// DirectoryRole is a role that the directory knows in every organisation, by
// its template id.
type DirectoryRole struct {
	Template, Name, Description string
}

// More directory role template ids that rules name.
const (
	GroupsAdministrator       = "fdd7a751-b60b-444a-984c-02652fe8fa1c"
	GuestInviter              = "95e79109-95c0-4d8e-aee3-d01accf2d47b"
	DirectoryWriters          = "9360feb5-f418-4baa-8175-e2a00bac4301"
	PrivilegedAuthentication  = "7be44c8a-adaf-4e2a-84d6-ab2649e08a13"
	AuthenticationAdmin       = "c4e39bd9-1100-46d3-8c65-fb160da0071f"
	SecurityReader            = "5d6b6bb7-de71-4623-b4af-96380a352509"
	SecurityAdministrator     = "194ae4cb-b126-40b2-bd5b-6091b380977d"
	ReportsReader             = "4a5d8f65-41da-4de4-8968-e035b65339cf"
	LicenseAdministrator      = "4d6ac14f-3453-41d0-bef9-a3e0c569773a"
	ConditionalAccessAdmin    = "b1be1c3e-b65d-4f19-8427-f6fa0d97feb9"
	PasswordAdministrator     = "966707d0-3269-4727-9be2-8c3a10f19b9d"
	BillingAdministrator      = "b0f54661-2d74-4c50-afa3-1ec803f12efe"
	ExchangeAdministrator     = "29232cdf-9323-42fd-ade2-1d097af3e4de"
	DomainNameAdministrator   = "8329153b-31d0-4727-b945-745eb3bc5f31"
	ServiceSupportAdmin       = "f023fd81-a637-4b56-95fd-791ac0226033"
	AuthenticationPolicyAdmin = "0526716b-113d-4c15-b2c8-68e3c22b9f80"
	CloudDeviceAdministrator  = "7698a772-787b-4ac8-901f-60d6b08affd2"
	CloudAppSecurityAdmin     = "892c5842-a9a6-463a-8041-72aa08ca3cf6"
	IntuneAdministrator       = "3a2c62db-5318-420d-8d74-23affee5d9d5"
	SharePointAdministrator   = "f28a1f50-f6e7-4571-818b-6a12f2af6b6c"
	TeamsAdministrator        = "69091246-20e8-4a56-aa4d-066075b2a7a8"
	MessageCenterReader       = "790c1fb9-7f7d-4f88-86a1-ef1f95c05c1b"
	ComplianceAdministrator   = "17315797-102d-40b4-93e0-432062caca18"
)

// directoryRoles are the roles that can be held, given and delegated, in the
// order of their names (secure-application-model.md 7.5). Member is none of
// them: whoever belongs to a directory holds it.
var directoryRoles = []DirectoryRole{
	{ApplicationAdministrator, "Application Administrator", "Can create and manage all aspects of app registrations and enterprise apps."},
	{AuthenticationAdmin, "Authentication Administrator", "Can reset the sign-in methods of people without a directory role."},
	{AuthenticationPolicyAdmin, "Authentication Policy Administrator", "Can manage which sign-in methods there are."},
	{BillingAdministrator, "Billing Administrator", "Can do what has to do with payment."},
	{CloudAppSecurityAdmin, "Cloud App Security Administrator", "Can manage the protection of cloud apps."},
	{CloudAppAdministrator, "Cloud Application Administrator", "Can create and manage app registrations and enterprise apps."},
	{CloudDeviceAdministrator, "Cloud Device Administrator", "Can manage devices in the directory."},
	{ComplianceAdministrator, "Compliance Administrator", "Can read and manage compliance."},
	{ConditionalAccessAdmin, "Conditional Access Administrator", "Can manage conditional access."},
	{DirectoryReaders, "Directory Readers", "Can read the directory."},
	{DirectoryWriters, "Directory Writers", "Can read and write the directory."},
	{DomainNameAdministrator, "Domain Name Administrator", "Can manage domain names."},
	{ExchangeAdministrator, "Exchange Administrator", "Can manage all aspects of mail."},
	{GlobalAdministrator, "Global Administrator", "Can manage all aspects of the organisation."},
	{GlobalReader, "Global Reader", "Can read everything that a Global Administrator can, and change nothing."},
	{GroupsAdministrator, "Groups Administrator", "Can manage groups."},
	{GuestInviter, "Guest Inviter", "Can invite guests."},
	{HelpdeskAdministrator, "Helpdesk Administrator", "Can reset passwords of people without a directory role."},
	{IntuneAdministrator, "Intune Administrator", "Can manage all aspects of device management."},
	{LicenseAdministrator, "License Administrator", "Can give licences."},
	{MessageCenterReader, "Message Center Reader", "Can read messages about services."},
	{PasswordAdministrator, "Password Administrator", "Can reset passwords of people without a directory role."},
	{PrivilegedAuthentication, "Privileged Authentication Administrator", "Can reset the sign-in methods of everybody."},
	{PrivilegedRoleAdmin, "Privileged Role Administrator", "Can give directory roles."},
	{ReportsReader, "Reports Reader", "Can read sign-in and audit reports."},
	{SecurityAdministrator, "Security Administrator", "Can read and manage security."},
	{SecurityReader, "Security Reader", "Can read security reports."},
	{ServiceSupportAdmin, "Service Support Administrator", "Can read service health and manage support requests."},
	{SharePointAdministrator, "SharePoint Administrator", "Can manage all aspects of document services."},
	{TeamsAdministrator, "Teams Administrator", "Can manage all aspects of Teams."},
	{UserAdministrator, "User Administrator", "Can manage people and groups."},
}

// DirectoryRoles lists all directory roles in the order of their names. The
// list must not be changed.
func DirectoryRoles() []DirectoryRole { return directoryRoles }

// FindDirectoryRole gives a role by its template id, in any letter case.
func FindDirectoryRole(template string) (DirectoryRole, bool) {
	for _, r := range directoryRoles {
		if strings.EqualFold(r.Template, template) {
			return r, true
		}
	}
	return DirectoryRole{}, false
}
