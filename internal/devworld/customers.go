package devworld

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/consent"
	"github.com/entente-id/entente/internal/customer"
	"github.com/entente-id/entente/internal/house"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/tenant"
)

// story is what is broken with a customer, if anything.
type story string

const (
	works       story = "works"
	noConsent   story = "has not authorised the app"
	ended       story = "ended the relationship"
	blocked     story = "blocks partners by a rule"
	wrongGroup  story = "gave its roles to another group"
	someoneElse story = "is another partner's customer"
)

type seededCustomer struct {
	tenant  id.Tenant
	name    string
	partner id.Tenant
	story   story
}

// customers in the order of their ids.
var customers = []seededCustomer{
	{Adatum, "Adatum", Northwind, works},
	{Bellows, "Bellows", Northwind, works},
	{Coho, "Coho", Northwind, works},
	{Litware, "Litware", Northwind, works},
	{Proseware, "Proseware", Northwind, noConsent},
	{Tailspin, "Tailspin", Northwind, ended},
	{Wingtip, "Wingtip", Northwind, blocked},
	{Woodgrove, "Woodgrove", Northwind, wrongGroup},
	{Blueyonder, "Blueyonder", Trey, someoneElse},
}

func (c seededCustomer) domain() string { return strings.ToLower(c.name) + ".example" }

// agents are a partner's own groups: of admins, helpdesk and sales.
func agents(partner id.Tenant) []account.Group {
	var list []account.Group
	for i, name := range []string{account.AdminAgents, account.HelpdeskAgents, account.SalesAgents} {
		key := fmt.Sprintf("%s-0000-4000-8000-%012d", map[id.Tenant]string{Northwind: "a9000000", Trey: "a9100000"}[partner], i+1)
		list = append(list, account.Group{Tenant: partner, ID: id.Object(key), Key: name, Name: name, Nickname: name, Security: true})
	}
	return list
}

// delegated are the roles that a partner's people get at a customer.
var delegated = []string{account.DirectoryReaders, account.UserAdministrator, account.CloudAppAdministrator}

// seedCustomer makes a customer, its relationship and its consent, as far as
// its story goes. Its tenant is there already.
func seedCustomer(ctx context.Context, h *house.House, n int, c seededCustomer) error {
	err := h.Customers.Save(ctx, customer.Customer{
		Partner: c.partner, Tenant: c.tenant, CompanyName: c.name, Domain: c.domain(), Relationship: customer.Reseller,
		CommerceID: fmt.Sprintf("d0000000-0000-4000-8000-%012d", n), Delegated: true, Email: "admin@" + c.domain(),
		Address: customer.Address{Country: "GB", City: "Hull", Line1: fmt.Sprintf("%d Quay", n), PostalCode: "HU1 1AA"},
		Billing: customer.Billing{ID: fmt.Sprintf("e0000000-0000-4000-8000-%012d", n), CompanyName: c.name, Email: "billing@" + c.domain(), Culture: "en-GB", Language: "en",
			Address: customer.Address{Country: "GB", City: "Hull", Line1: fmt.Sprintf("%d Quay", n), PostalCode: "HU1 1AA"}, ETag: fmt.Sprintf("%019d", n)},
		Created: h.Source.Now(),
	})
	if err != nil {
		return err
	}
	r := customer.Relationship{
		ID: fmt.Sprintf("f0000000-0000-4000-8000-%012d-%s", n, c.tenant), Partner: c.partner, Customer: c.tenant,
		CustomerName: c.name, DisplayName: c.name + " base roles", Status: customer.Active, Roles: delegated, Ends: h.Source.Now().AddDate(2, 0, 0),
		Duration: "P730D", Created: h.Source.Now(), Modified: h.Source.Now(), Activated: h.Source.Now(),
		Assignments: []customer.Assignment{
			{ID: fmt.Sprintf("f1000000-0000-4000-8000-%012d", n), Group: account.AdminAgents, Container: agents(c.partner)[0].ID, Roles: delegated},
			{ID: fmt.Sprintf("f2000000-0000-4000-8000-%012d", n), Group: account.HelpdeskAgents, Container: agents(c.partner)[1].ID, Roles: delegated[:1]},
		},
	}
	switch c.story {
	case ended:
		r.Status, r.Ends = customer.Terminated, h.Source.Now().Add(-24*time.Hour)
	case wrongGroup:
		sales := customer.Assignment{ID: fmt.Sprintf("f3000000-0000-4000-8000-%012d", n), Group: account.SalesAgents, Container: agents(c.partner)[2].ID, Roles: delegated}
		r.Assignments = []customer.Assignment{sales}
	}
	if err := h.Customers.SaveRelationship(ctx, r); err != nil {
		return err
	}
	if err := seedSubscription(ctx, h, n, c); err != nil {
		return err
	}
	if c.partner != Northwind || c.story == noConsent {
		return nil
	}
	return authorise(ctx, h, c.tenant)
}

// authorise lets Northwind's apps read a customer's directory and what it runs
// in the cloud, as an admin's consent for everyone does.
func authorise(ctx context.Context, h *house.House, t id.Tenant) error {
	directory, err := h.Apps.Find(ctx, application.GraphApp)
	if err != nil {
		return err
	}
	admin := audit.Caller{Tenant: t, Home: t, Account: "b0000000-0000-4000-8000-000000000000", SignInName: "admin"}
	manager, err := h.Apps.Find(ctx, ResourceManager)
	if err != nil {
		return err
	}
	for _, app := range []id.App{Portal, Nightly, Desk} {
		admin.App = app
		asked := []consent.Asked{
			{Resource: directory, Scopes: []string{"User.Read", "User.Read.All", "Organization.Read.All", "Directory.Read.All"}},
			{Resource: manager, Scopes: []string{"user_impersonation"}},
		}
		if err := h.Consents.Give(ctx, admin, app, asked, true); err != nil {
			return err
		}
	}
	return nil
}

// tenants are all organisations of the world.
func tenants() []tenant.Tenant {
	one := func(t id.Tenant, name, domain, country, region string) tenant.Tenant {
		return tenant.Tenant{ID: t, Name: name, Country: country, Region: region, Language: "en", Domains: []tenant.Domain{{Name: domain, Initial: true}},
			Settings: tenant.Settings{DeviceCodes: true}}
	}
	list := []tenant.Tenant{
		one(Fabrikam, "Fabrikam", "fabrikam.example", "FI", "EU"),
		one(Northwind, "Northwind", "northwind.example", "GB", "EU"),
		one(Trey, "Trey Research", "trey.example", "US", "NA"),
		one(id.Consumers, "Personal accounts", "personal.example", "", ""),
	}
	list = append(list, companies()...)
	for _, c := range customers {
		t := one(c.tenant, c.name, c.domain(), "GB", "EU")
		t.Settings.BlockPartners = c.story == blocked
		list = append(list, t)
	}
	return list
}
