// Package devworld is the seeded world of "entente dev": a partner programme
// with a partner, its people, apps and customers, each with a story, under ids
// that never change. It exists on loopback only.
package devworld

import (
	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/id"
)

// Password is everybody's password. It is known to the whole world, which is
// why this world refuses to be reached from elsewhere.
const Password = "Passw0rd-dev"

// The organisations.
const (
	Fabrikam  id.Tenant = "fab00000-0000-4000-8000-000000000001"
	Northwind id.Tenant = "a0000000-0000-4000-8000-000000000001"
	// Trey is another partner; nothing of it is anybody else's business.
	Trey id.Tenant = "a0000000-0000-4000-8000-000000000002"

	Adatum    id.Tenant = "c0000000-0000-4000-8000-000000000001"
	Bellows   id.Tenant = "c0000000-0000-4000-8000-000000000002"
	Coho      id.Tenant = "c0000000-0000-4000-8000-000000000003"
	Litware   id.Tenant = "c0000000-0000-4000-8000-000000000004"
	Proseware id.Tenant = "c0000000-0000-4000-8000-000000000005"
	Tailspin  id.Tenant = "c0000000-0000-4000-8000-000000000006"
	Wingtip   id.Tenant = "c0000000-0000-4000-8000-000000000007"
	Woodgrove id.Tenant = "c0000000-0000-4000-8000-000000000008"
	// Blueyonder is Trey's customer.
	Blueyonder id.Tenant = "c0000000-0000-4000-8000-000000000009"
)

// Person is somebody of the dev world.
type Person struct {
	account.Account
	// Seed is the secret of an authenticator app that is set up already.
	Seed string
	// Story is why this person exists.
	Story string
}

// AdaSeed is Ada's authenticator app.
const AdaSeed = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"

// Sign-in names that other programs use.
const (
	Ada         = "ada@northwind.example"
	Integration = "integration@northwind.example"
	Helpdesk    = "hal@northwind.example"
	Enforced    = "sync@northwind.example"
)

func person(t id.Tenant, n, signInName, name, given, family, story string) Person {
	return Person{Story: story, Account: account.Account{
		Tenant: t, ID: id.Object("b0000000-0000-4000-8000-0000000000" + n), SignInName: signInName, Mail: signInName,
		Name: name, Given: given, Family: family,
	}}
}

// People are everybody in the world, in the order they are printed.
func People() []Person {
	ada := person(Northwind, "01", Ada, "Ada Byron", "Ada", "Byron", "partner admin and Admin Agent, second factor set up")
	ada.Roles, ada.Groups, ada.Seed = []string{account.GlobalAdministrator}, []string{account.AdminAgents}, AdaSeed
	integration := person(Northwind, "02", Integration, "Northwind Integration", "Northwind", "Integration", "integration account, no second factor yet")
	integration.Roles, integration.Groups = []string{account.GlobalAdministrator}, []string{account.AdminAgents}
	hal := person(Northwind, "03", Helpdesk, "Hal Helpdesk", "Hal", "Helpdesk", "helpdesk agent, may not consent to admin permissions")
	hal.Groups = []string{account.HelpdeskAgents}
	sync := person(Northwind, "04", Enforced, "Northwind Sync", "Northwind", "Sync", "integration account, second factor enforced: set up at sign-in")
	sync.Roles, sync.Groups, sync.MFA = []string{account.GlobalAdministrator}, []string{account.AdminAgents}, account.MFAEnforced
	gone := person(Northwind, "05", "lee@northwind.example", "Lee Leaver", "Lee", "Leaver", "left the company: account switched off")
	gone.Disabled = true
	pat := person(Fabrikam, "06", Pat, "Pat Owner", "Pat", "Owner", "programme owner, second factor set up")
	pat.Roles, pat.Seed = []string{account.GlobalAdministrator}, PatSeed
	tia := person(Trey, "07", "tia@trey.example", "Tia Trey", "Tia", "Trey", "Admin Agent of another partner")
	tia.Roles, tia.Groups = []string{account.GlobalAdministrator}, []string{account.AdminAgents}
	meri := person(id.Consumers, "08", "meri@personal.example", "Meri Meikäläinen", "Meri", "Meikäläinen", "personal account")
	return append(append([]Person{ada, integration, hal, sync, gone, pat, tia, meri}, portalPeople()...), admins()...)
}

// admins are the customers' own administrators.
func admins() []Person {
	var list []Person
	for i, c := range customers {
		p := person(c.tenant, "2"+string(rune('1'+i)), "admin@"+c.domain(), c.name+" Admin", c.name, "Admin", "administrator of "+c.name)
		p.Roles = []string{account.GlobalAdministrator}
		list = append(list, p)
	}
	return list
}
