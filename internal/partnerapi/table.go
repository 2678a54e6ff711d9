package partnerapi

import (
	"context"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/delegated"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/partner"
	"github.com/entente-id/entente/internal/partnerapi/convention"
	"github.com/entente-id/entente/internal/partnerapi/customers"
	"github.com/entente-id/entente/internal/partnerapi/profiles"
	"github.com/entente-id/entente/internal/partnerapi/users"
)

var (
	agents = partner.Agents
	admins = []string{account.AdminAgents}
)

const (
	v1 = "/v1"
	cu = "/v1/customers/{customer}"
)

// Scenarios are the rows of secure-application-model.md 4, each with the
// addresses it has; the first that fits answers. Row 50 is not among them: it
// answers at the directory's own API, which has a gate of its own.
var Scenarios = []Scenario{
	{Row: 14, Method: "GET", Pattern: v1 + "/customers/relationshiprequests", Kinds: User, Roles: admins, answer: ofCustomers((*customers.Desk).Invite)},
	{Row: 45, Method: "GET", Pattern: v1 + "/customers/all/validations", Roles: agents, answer: ofCustomers((*customers.Desk).Codes)},
	{Row: 6, Method: "GET", Pattern: v1 + "/customers", Where: Where{Filter: "indirectreseller"}, Kinds: User, Roles: agents, answer: ofCustomers((*customers.Desk).ListOfReseller)},
	{Row: 6, Method: "GET", Pattern: v1 + "/customers", Where: Where{Filter: "indirectcloudsolutionprovider"}, Kinds: User, Roles: agents, answer: ofCustomers((*customers.Desk).ListOfReseller)},
	{Row: 1, Method: "GET", Pattern: v1 + "/customers", Roles: agents, answer: ofCustomers((*customers.Desk).List)}, // and row 2, with a filter
	{Row: 5, Method: "POST", Pattern: v1 + "/customers", Where: Where{Body: "associatedpartnerid"}, Kinds: User, Roles: admins, answer: ofCustomers((*customers.Desk).Create)},
	{Row: 4, Method: "POST", Pattern: v1 + "/customers", Roles: admins, answer: ofCustomers((*customers.Desk).Create)},
	{Row: 3, Method: "GET", Pattern: cu, Roles: agents, answer: ofCustomers((*customers.Desk).Show)},
	{Row: 12, Method: "DELETE", Pattern: cu, Roles: admins, answer: ofCustomers((*customers.Desk).Delete)},
	{Row: 13, Method: "PATCH", Pattern: cu, Kinds: User, Roles: admins, answer: ofCustomers((*customers.Desk).EndRelationship)},
	{Row: 7, Method: "GET", Pattern: cu + "/profiles/billing", Roles: agents, answer: ofCustomers((*customers.Desk).Billing)},
	{Row: 7, Method: "PUT", Pattern: cu + "/profiles/billing", Roles: admins, answer: ofCustomers((*customers.Desk).ChangeBilling)},
	{Row: 8, Method: "GET", Pattern: cu + "/profiles/company", Kinds: User, Roles: agents, answer: ofCustomers((*customers.Desk).Company)},
	{Row: 9, Method: "GET", Pattern: cu + "/organization", Roles: agents, answer: ofCustomers((*customers.Desk).Organization)},
	{Row: 9, Method: "GET", Pattern: cu + "/customdomains", Roles: agents, answer: ofCustomers((*customers.Desk).Domains)},
	{Row: 10, Method: "HEAD", Pattern: v1 + "/domains/{domain}", Roles: agents, answer: ofCustomers((*customers.Desk).DomainTaken)},
	{Row: 11, Method: "POST", Pattern: v1 + "/validations/address", Roles: agents, answer: ofCustomers((*customers.Desk).CheckAddress)},
	{Row: 11, Method: "GET", Pattern: v1 + "/countryvalidationrules/{country}", Roles: agents, answer: ofCustomers((*customers.Desk).Country)},
	{Row: 11, Method: "POST", Pattern: cu + "/verifieddomain", Roles: admins, answer: ofCustomers((*customers.Desk).AddDomain)},
	{Row: 15, Method: "GET", Pattern: v1 + "/relationships", Kinds: User, Roles: agents, answer: ofProfiles((*profiles.Desk).Relations)},
	{Row: 15, Method: "GET", Pattern: cu + "/relationships", Kinds: User, Roles: agents, answer: ofCustomers((*customers.Desk).Relationships)},
	{Row: 16, Method: "GET", Pattern: v1 + "/delegatedadminstatistics", Kinds: User, Roles: admins, answer: notHere},
	{Row: 16, Method: "GET", Pattern: v1 + "/delegatedadmincustomers", Kinds: User, Roles: admins, answer: notHere},
	{Row: 17, Method: "GET", Pattern: cu + "/validationstatus", Kinds: User, Roles: agents, answer: ofCustomers((*customers.Desk).Vetting)},
	{Row: 17, Method: "GET", Pattern: cu + "/managedservices", Kinds: User, Roles: agents, answer: ofCustomers((*customers.Desk).Services)},
	{Row: 18, Method: "GET", Pattern: cu + "/qualifications", Roles: agents, answer: ofCustomers((*customers.Desk).Qualifications)},
	{Row: 18, Method: "POST", Pattern: cu + "/qualifications", Kinds: User, Roles: admins, answer: ofCustomers((*customers.Desk).Qualify)},

	{Row: 19, Method: "POST", Pattern: cu + "/applicationconsents", Kinds: User, Roles: admins, Delegated: delegated.Consenters, answer: ofUsers((*users.Desk).Consent)},
	{Row: 19, Method: "DELETE", Pattern: cu + "/applicationconsents/{app}", Kinds: User, Roles: admins, Delegated: delegated.Consenters, answer: ofUsers((*users.Desk).Withdraw)},
	{Row: 20, Method: "GET", Pattern: cu + "/users", Kinds: User, Roles: agents, Delegated: delegated.Readers, answer: ofUsers((*users.Desk).List)},
	{Row: 20, Method: "POST", Pattern: cu + "/users", Kinds: User, Roles: agents, Delegated: delegated.Writers, answer: ofUsers((*users.Desk).Create)},
	{Row: 20, Method: "GET", Pattern: cu + "/users/{user}", Kinds: User, Roles: agents, Delegated: delegated.Readers, answer: ofUsers((*users.Desk).Show)},
	{Row: 20, Method: "PATCH", Pattern: cu + "/users/{user}", Kinds: User, Roles: agents, Delegated: delegated.Writers, answer: ofUsers((*users.Desk).Change)},
	{Row: 20, Method: "DELETE", Pattern: cu + "/users/{user}", Kinds: User, Roles: agents, Delegated: delegated.Writers, answer: ofUsers((*users.Desk).Delete)},
	{Row: 20, Method: "PATCH", Pattern: cu + "/users/{user}/resetpassword", Kinds: User, Roles: agents, Delegated: delegated.Writers, answer: ofUsers((*users.Desk).Change)},
	{Row: 21, Method: "GET", Pattern: cu + "/directoryroles", Kinds: User, Roles: agents, Delegated: delegated.Readers, answer: ofUsers((*users.Desk).Roles)},
	{Row: 21, Method: "GET", Pattern: cu + "/directoryroles/{role}/usermembers", Kinds: User, Roles: agents, Delegated: delegated.Readers, answer: ofUsers((*users.Desk).Members)},
	{Row: 21, Method: "POST", Pattern: cu + "/directoryroles/{role}/usermembers", Kinds: User, Roles: agents, Delegated: delegated.RoleGivers, answer: ofUsers((*users.Desk).AddMember)},
	{Row: 21, Method: "DELETE", Pattern: cu + "/directoryroles/{role}/usermembers/{user}", Kinds: User, Roles: agents, Delegated: delegated.RoleGivers, answer: ofUsers((*users.Desk).RemoveMember)},
	{Row: 21, Method: "GET", Pattern: cu + "/users/{user}/directoryroles", Kinds: User, Roles: agents, Delegated: delegated.Readers, answer: ofUsers((*users.Desk).RolesOfUser)},
	{Row: 22, Method: "GET", Pattern: cu + "/users/{user}/licenses", Kinds: User, Roles: agents, Delegated: delegated.Readers, answer: ofUsers((*users.Desk).Licenses)},
	{Row: 22, Method: "POST", Pattern: cu + "/users/{user}/licenseupdates", Kinds: User, Roles: agents, Delegated: delegated.Licensers, answer: ofUsers((*users.Desk).UpdateLicenses)},
	{Row: 22, Method: "GET", Pattern: cu + "/subscribedskus", Kinds: User, Roles: agents, Delegated: delegated.Readers, answer: ofUsers((*users.Desk).SubscribedSKUs)},

	{Row: 23, Method: "GET", Pattern: v1 + "/analytics/*", Kinds: User, Roles: agents, answer: notHere},
	{Row: 23, Method: "GET", Pattern: cu + "/analytics/*", Kinds: User, Roles: agents, answer: notHere},
	{Row: 23, Method: "GET", Pattern: "/partner/v1/analytics/*", Kinds: User, Roles: agents, answer: notHere},
	{Row: 24, Method: "GET", Pattern: v1 + "/profiles/organization", Kinds: User, Roles: agents, answer: ofProfiles((*profiles.Desk).Organization)},
	{Row: 24, Method: "PUT", Pattern: v1 + "/profiles/organization", Kinds: User, Roles: admins, answer: ofProfiles((*profiles.Desk).ChangeOrganization)},
	{Row: 25, Method: "GET", Pattern: v1 + "/profiles/legalbusiness", Roles: agents, answer: ofProfiles((*profiles.Desk).Legal)},
	{Row: 25, Method: "PUT", Pattern: v1 + "/profiles/legalbusiness", Kinds: User, Roles: admins, answer: ofProfiles((*profiles.Desk).ChangeLegal)},
	{Row: 26, Method: "GET", Pattern: v1 + "/profiles/mpn", Kinds: User, Roles: agents, answer: ofProfiles((*profiles.Desk).MPN)},
	{Row: 26, Method: "GET", Pattern: v1 + "/profiles/billing", Kinds: User, Roles: agents, answer: ofProfiles((*profiles.Desk).Billing)},
	{Row: 26, Method: "PUT", Pattern: v1 + "/profiles/billing", Kinds: User, Roles: admins, answer: ofProfiles((*profiles.Desk).ChangeBilling)},
	{Row: 26, Method: "GET", Pattern: v1 + "/profiles/support", Kinds: User, Roles: agents, answer: ofProfiles((*profiles.Desk).Support)},
	{Row: 26, Method: "PUT", Pattern: v1 + "/profiles/support", Kinds: User, Roles: admins, answer: ofProfiles((*profiles.Desk).ChangeSupport)},
	{Row: 26, Method: "PUT", Pattern: v1 + "/profiles/supportprofile", Kinds: User, Roles: admins, answer: ofProfiles((*profiles.Desk).ChangeSupport)},
	{Row: 27, Method: "GET", Pattern: v1 + "/auditrecords", Roles: admins, answer: ofProfiles((*profiles.Desk).Records)},
	{Row: 28, Method: "GET", Pattern: v1 + "/servicerequests", Kinds: User, Roles: agents, answer: ofProfiles((*profiles.Desk).Services)},
	{Row: 28, Method: "POST", Pattern: v1 + "/servicerequests", Kinds: User, Roles: agents, answer: ofProfiles((*profiles.Desk).Ask)},
	{Row: 28, Method: "GET", Pattern: v1 + "/servicerequests/{request}", Kinds: User, Roles: agents, answer: ofProfiles((*profiles.Desk).Service)},
	{Row: 28, Method: "PATCH", Pattern: v1 + "/servicerequests/{request}", Kinds: User, Roles: agents, answer: ofProfiles((*profiles.Desk).Amend)},
	{Row: 28, Method: "GET", Pattern: cu + "/servicerequests", Kinds: User, Roles: agents, answer: ofProfiles((*profiles.Desk).Services)},
	{Row: 29, Method: "GET", Pattern: v1 + "/agreements", Kinds: User, Roles: agents, answer: ofProfiles((*profiles.Desk).Templates)},
	{Row: 29, Method: "GET", Pattern: cu + "/agreements", Kinds: User, Roles: agents, answer: ofProfiles((*profiles.Desk).Agreements)},
	{Row: 29, Method: "POST", Pattern: cu + "/agreements", Kinds: User, Roles: admins, answer: ofProfiles((*profiles.Desk).Attest)},
	{Row: 29, Method: "GET", Pattern: cu + "/directsignedmicrosoftcustomeragreementstatus", Kinds: User, Roles: agents, answer: ofProfiles((*profiles.Desk).DirectSigned)},
	{Row: 29, Method: "GET", Pattern: v1 + "/agreementtemplates/{template}/document", Kinds: User, Roles: agents, answer: ofProfiles((*profiles.Desk).Document)},
	{Row: 29, Method: "GET", Pattern: v1 + "/compliance/csp/agreementstatus", Kinds: User, Roles: agents, answer: ofProfiles((*profiles.Desk).ResellerAgreement)},

	{Row: 32, Method: "GET", Pattern: cu + "/orders/{order}/provisioningstatus", Kinds: User, Roles: agents, answer: notHere},
	{Row: 32, Method: "GET", Pattern: cu + "/subscriptions/{subscription}/provisioningstatus", Kinds: User, Roles: agents, answer: notHere},
	{Row: 32, Method: "GET", Pattern: cu + "/subscriptions/{subscription}/conversions", Kinds: User, Roles: agents, answer: notHere},
	{Row: 32, Method: "POST", Pattern: cu + "/subscriptions/{subscription}/conversions", Kinds: User, Roles: agents, answer: notHere},
	{Row: 31, Method: "POST", Pattern: cu + "/orders", Where: Where{Body: "associatedpartnerid"}, Kinds: User, Roles: agents, answer: notHere},
	{Row: 30, Method: "GET", Pattern: cu + "/orders/*", Roles: agents, answer: notHere},
	{Row: 30, Method: "POST", Pattern: cu + "/orders/*", Roles: agents, answer: notHere},
	{Row: 30, Method: "PATCH", Pattern: cu + "/orders/*", Roles: agents, answer: notHere},
	{Row: 33, Method: "POST", Pattern: cu + "/carts/*", Roles: agents, answer: notHere},
	{Row: 33, Method: "PUT", Pattern: cu + "/carts/*", Roles: agents, answer: notHere},
	{Row: 35, Method: "GET", Pattern: cu + "/subscriptions/{subscription}/supportcontact", Kinds: User, Roles: agents, answer: notHere},
	{Row: 35, Method: "PUT", Pattern: cu + "/subscriptions/{subscription}/supportcontact", Kinds: User, Roles: agents, answer: notHere},
	{Row: 40, Method: "GET", Pattern: cu + "/subscriptions/{subscription}/utilizations/azure", Roles: agents, answer: notHere},
	{Row: 41, Method: "GET", Pattern: cu + "/subscriptions/{subscription}/usagesummary", Kinds: User, Roles: agents, answer: notHere},
	{Row: 41, Method: "GET", Pattern: cu + "/subscriptions/{subscription}/meterusagerecords", Kinds: User, Roles: agents, answer: notHere},
	{Row: 36, Method: "GET", Pattern: cu + "/subscriptions/{subscription}/registrations/*", Roles: agents, answer: notHere},
	{Row: 36, Method: "POST", Pattern: cu + "/subscriptions/{subscription}/registrations/*", Roles: agents, answer: notHere},
	{Row: 36, Method: "GET", Pattern: cu + "/subscriptions/{subscription}/azureentitlements/*", Roles: agents, answer: notHere},
	{Row: 36, Method: "GET", Pattern: cu + "/subscriptions/overage", Roles: agents, answer: notHere},
	{Row: 36, Method: "PUT", Pattern: cu + "/subscriptions/overage", Roles: agents, answer: notHere},
	{Row: 36, Method: "GET", Pattern: cu + "/subscriptions/{subscription}/transitions", Roles: agents, answer: notHere},
	{Row: 36, Method: "POST", Pattern: cu + "/subscriptions/{subscription}/transitions", Roles: agents, answer: notHere},
	{Row: 36, Method: "GET", Pattern: cu + "/subscriptions/{subscription}/upgrades", Roles: agents, answer: notHere},
	{Row: 36, Method: "POST", Pattern: cu + "/subscriptions/{subscription}/upgrades", Roles: agents, answer: notHere},
	{Row: 36, Method: "GET", Pattern: cu + "/migrations/newcommerce/*", Roles: agents, answer: notHere},
	{Row: 36, Method: "POST", Pattern: cu + "/migrations/newcommerce/*", Roles: agents, answer: notHere},
	{Row: 34, Method: "GET", Pattern: cu + "/subscriptions/*", Roles: agents, answer: notHere},
	{Row: 34, Method: "PATCH", Pattern: cu + "/subscriptions/*", Roles: agents, answer: notHere},
	{Row: 37, Method: "GET", Pattern: v1 + "/products/*", Roles: agents, answer: notHere},
	{Row: 37, Method: "GET", Pattern: v1 + "/offers/*", Roles: agents, answer: notHere},
	{Row: 37, Method: "GET", Pattern: v1 + "/offercategories", Roles: agents, answer: notHere},
	{Row: 37, Method: "GET", Pattern: v1 + "/productpromotions/*", Roles: agents, answer: notHere},
	{Row: 37, Method: "GET", Pattern: v1 + "/margins", Roles: agents, answer: notHere},
	{Row: 38, Method: "GET", Pattern: cu + "/transfers/*", Roles: agents, answer: notHere},
	{Row: 38, Method: "POST", Pattern: cu + "/transfers/*", Roles: agents, answer: notHere},
	{Row: 38, Method: "PATCH", Pattern: cu + "/transfers/*", Roles: agents, answer: notHere},
	{Row: 38, Method: "DELETE", Pattern: cu + "/transfers/*", Roles: agents, answer: notHere},
	{Row: 39, Method: "POST", Pattern: cu + "/devicebatches/*", Kinds: User, Roles: agents, answer: notHere},
	{Row: 39, Method: "GET", Pattern: cu + "/devicebatches/*", Roles: agents, answer: notHere},
	{Row: 39, Method: "PATCH", Pattern: cu + "/devicebatches/*", Roles: agents, answer: notHere},
	{Row: 39, Method: "DELETE", Pattern: cu + "/devicebatches/*", Roles: agents, answer: notHere},
	{Row: 39, Method: "GET", Pattern: cu + "/policies/*", Roles: agents, answer: notHere},
	{Row: 39, Method: "POST", Pattern: cu + "/policies/*", Roles: agents, answer: notHere},
	{Row: 39, Method: "PUT", Pattern: cu + "/policies/*", Roles: agents, answer: notHere},
	{Row: 39, Method: "DELETE", Pattern: cu + "/policies/*", Roles: agents, answer: notHere},
	{Row: 41, Method: "GET", Pattern: v1 + "/usagesummary", Kinds: User, Roles: agents, answer: notHere},
	{Row: 41, Method: "GET", Pattern: cu + "/usagesummary", Kinds: User, Roles: agents, answer: notHere},
	{Row: 41, Method: "GET", Pattern: cu + "/servicecosts/mostrecent/*", Kinds: User, Roles: agents, answer: notHere},
	{Row: 42, Method: "GET", Pattern: cu + "/usagebudget", Roles: agents, answer: notHere},
	{Row: 42, Method: "PATCH", Pattern: cu + "/usagebudget", Roles: agents, answer: notHere},
	{Row: 43, Method: "GET", Pattern: v1 + "/invoices", Roles: agents, answer: notHere},
	{Row: 43, Method: "GET", Pattern: v1 + "/invoices/summary", Roles: agents, answer: notHere},
	{Row: 43, Method: "GET", Pattern: v1 + "/invoices/{invoice}/lineitems/*", Roles: agents, answer: notHere},
	{Row: 43, Method: "GET", Pattern: v1 + "/invoices/estimates/links", Roles: agents, answer: notHere},
	{Row: 44, Method: "GET", Pattern: v1 + "/invoices/summaries", Kinds: User, Roles: agents, answer: notHere},
	{Row: 44, Method: "GET", Pattern: v1 + "/invoices/{invoice}/documents/statement", Kinds: User, Roles: agents, answer: notHere},
	{Row: 44, Method: "GET", Pattern: v1 + "/invoices/{invoice}", Kinds: User, Roles: agents, answer: notHere},

	{Row: 46, Method: "GET", Pattern: cu + "/entitlements", Kinds: User, Roles: agents, answer: notHere},
	{Row: 46, Method: "GET", Pattern: v1 + "/selfservepolicy/*", Kinds: User, Roles: agents, answer: notHere},
	{Row: 46, Method: "POST", Pattern: v1 + "/selfservepolicy/*", Kinds: User, Roles: agents, answer: notHere},
	{Row: 46, Method: "PUT", Pattern: v1 + "/selfservepolicy/*", Kinds: User, Roles: agents, answer: notHere},
	{Row: 46, Method: "DELETE", Pattern: v1 + "/selfservepolicy/*", Kinds: User, Roles: agents, answer: notHere},
	{Row: 46, Method: "GET", Pattern: v1 + "/fraudevents", Kinds: User, Roles: agents, answer: notHere},
	{Row: 46, Method: "POST", Pattern: v1 + "/fraudevents/subscription/{subscription}/status", Kinds: User, Roles: agents, answer: notHere},
	{Row: 46, Method: "POST", Pattern: v1 + "/productupgrades/*", Kinds: User, Roles: agents, answer: notHere},
	{Row: 46, Method: "POST", Pattern: v1 + "/sandboxindirectreseller/*", Kinds: User, Roles: agents, answer: notHere},
	{Row: 46, Method: "DELETE", Pattern: v1 + "/sandboxindirectreseller/*", Kinds: User, Roles: agents, answer: notHere},

	{Row: 47, Method: "GET", Pattern: "/webhooks/v1/registration", Roles: admins, answer: ofProfiles((*profiles.Desk).Webhook)},
	{Row: 47, Method: "POST", Pattern: "/webhooks/v1/registration", Roles: admins, answer: ofProfiles((*profiles.Desk).Listen)},
	{Row: 47, Method: "PUT", Pattern: "/webhooks/v1/registration", Roles: admins, answer: ofProfiles((*profiles.Desk).Listen)},
	{Row: 47, Method: "GET", Pattern: "/webhooks/v1/registration/events", Roles: admins, answer: ofProfiles((*profiles.Desk).WebhookEvents)},
	{Row: 48, Method: "GET", Pattern: v1 + "/partnerrequests", Kinds: User, Roles: admins, answer: ofProfiles((*profiles.Desk).Requests)},
	{Row: 48, Method: "GET", Pattern: v1 + "/applicationmfaadoptionstatus", Kinds: User, Roles: admins, answer: ofProfiles((*profiles.Desk).Adoption)},
	{Row: 48, Method: "GET", Pattern: v1 + "/nonmfacompliantpartnerprincipals", Kinds: User, Roles: admins, answer: ofProfiles((*profiles.Desk).NonCompliant)},
	{Row: 49, Method: "GET", Pattern: "/v1.0/engagements/referrals/*", Kinds: User, Roles: agents, Audience: sales, answer: notHere},
	{Row: 49, Method: "POST", Pattern: "/v1.0/engagements/referrals/*", Kinds: User, Roles: agents, Audience: sales, answer: notHere},
	{Row: 49, Method: "PATCH", Pattern: "/v1.0/engagements/referrals/*", Kinds: User, Roles: agents, Audience: sales, answer: notHere},
	{Row: 49, Method: "GET", Pattern: "/v1.0/sales/*", Roles: agents, Audience: sales, answer: notHere},
	{Row: 51, Method: "POST", Pattern: "/v1.0/reports/partners/billing/reconciliation/*", Kinds: AppAlone, Roles: agents, Audience: graph, answer: notHere},
	{Row: 52, Method: "POST", Pattern: "/generatetoken", Roles: agents, answer: ofProfiles((*profiles.Desk).Token)},
	{Row: 52, Method: "POST", Pattern: "/v3/generatetoken", Roles: agents, answer: ofProfiles((*profiles.Desk).Token)},
}

func ofCustomers(f func(*customers.Desk, context.Context, *convention.Call) (any, error)) answer {
	return func(e *edge, ctx context.Context, c *convention.Call) (any, error) { return f(e.customers, ctx, c) }
}

func ofUsers(f func(*users.Desk, context.Context, *convention.Call) (any, error)) answer {
	return func(e *edge, ctx context.Context, c *convention.Call) (any, error) { return f(e.users, ctx, c) }
}

func ofProfiles(f func(*profiles.Desk, context.Context, *convention.Call) (any, error)) answer {
	return func(e *edge, ctx context.Context, c *convention.Call) (any, error) { return f(e.profiles, ctx, c) }
}

// notHere answers for what is sold: there is no commerce in this environment.
func notHere(*edge, context.Context, *convention.Call) (any, error) {
	return nil, fault.New(fault.NotInThisEnvironment)
}
