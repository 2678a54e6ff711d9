package devworld

import (
	"context"
	"fmt"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/house"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/programme"
	"github.com/entente-id/entente/internal/tenant"
)

// The companies that work with Fabrikam's portal; each tells a story of the
// seeds.
const (
	// Contoso manages its people here and lets them decide about apps.
	Contoso id.Tenant = "e0000000-0000-4000-8000-000000000001"
	// FourthCoffee lets only its IT decide about apps.
	FourthCoffee id.Tenant = "e0000000-0000-4000-8000-000000000002"
	// WideWorld lets people set up a second factor only with a temporary pass.
	WideWorld id.Tenant = "e0000000-0000-4000-8000-000000000003"
	// Adventure wants to sign its people in at its own provider.
	Adventure id.Tenant = "e0000000-0000-4000-8000-000000000004"
)

// SalesPortal is the programme's portal, for work accounts of any company.
const SalesPortal id.App = "d1000000-0000-4000-8000-0000000000b0"

// Seeds of the authenticator apps of people who decide.
const (
	PatSeed   = "KRSXG5CTMVRXEZLUKRSXG5CTMVRXEZLU"
	LiisaSeed = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
	LenaSeed  = "MFRGGZDFMZTWQ2LKMFRGGZDFMZTWQ2LK"
)

// Sign-in names of the portal's stories.
const (
	Pat     = "pat@fabrikam.example"
	Anna    = "anna@contoso.example"
	Liisa   = "liisa@contoso.example"
	Mari    = "mari@contoso.example"
	Ville   = "ville@contoso.example"
	Kai     = "kai@fourthcoffee.example"
	Noora   = "noora@fourthcoffee.example"
	Otto    = "otto@fourthcoffee.example"
	Lena    = "lena@fourthcoffee.example"
	Wilma   = "wilma@wideworld.example"
	Private = "kaisa@personal.example"
	// Niko works for a company that nobody has connected.
	Niko = "niko@northgate.example"
)

func companies() []tenant.Tenant {
	company := func(t id.Tenant, name, label, language string) tenant.Tenant {
		return tenant.Tenant{ID: t, Name: name, Country: "FI", Region: "EU", Language: language, Settings: tenant.Settings{DeviceCodes: true}, Domains: []tenant.Domain{
			{Name: label + ".example"}, {Name: label + ".onentente.example", Initial: true},
		}}
	}
	strict := company(FourthCoffee, "Fourth Coffee", "fourthcoffee", "en")
	strict.Settings.UserConsent = tenant.ConsentNobody
	careful := company(WideWorld, "Wide World Importers", "wideworld", "en")
	careful.Settings.FactorSetup = tenant.FactorWithPass
	return []tenant.Tenant{
		company(Contoso, "Contoso", "contoso", "fi"), strict, careful, company(Adventure, "Adventure Works", "adventure", "sv"),
	}
}

func portalPeople() []Person {
	liisa := person(Contoso, "31", Liisa, "Liisa Laaksonen", "Liisa", "Laaksonen", "administrator of Contoso, second factor set up")
	liisa.Roles, liisa.Seed, liisa.Language = []string{account.GlobalAdministrator}, LiisaSeed, "fi"
	lena := person(FourthCoffee, "37", Lena, "Lena Lind", "Lena", "Lind", "reviewer of Fourth Coffee, second factor set up")
	lena.Roles, lena.Seed = []string{account.GlobalAdministrator}, LenaSeed
	wilma := person(WideWorld, "41", Wilma, "Wilma West", "Wilma", "West", "second factor demanded, but only with a temporary pass")
	wilma.MFA = account.MFAEnforced
	walter := person(WideWorld, "42", "walter@wideworld.example", "Walter West", "Walter", "West", "administrator of Wide World Importers")
	walter.Roles = []string{account.GlobalAdministrator}
	petra := person(Contoso, "34", "petra@contoso.example", "Petra Peltonen", "Petra", "Peltonen", "password past its time")
	petra.MustChangePassword = true
	alva := person(Adventure, "43", "alva@adventure.example", "Alva Alm", "Alva", "Alm", "administrator of Adventure Works, who connects its own sign-in")
	alva.Roles, alva.Language = []string{account.GlobalAdministrator}, "sv"
	return []Person{
		person(Contoso, "30", Anna, "Anna Virtanen", "Anna", "Virtanen", "invited to the portal"),
		liisa,
		person(Contoso, "32", Mari, "Mari Mäkinen", "Mari", "Mäkinen", "invited; has a personal account with the same address"),
		person(Contoso, "33", Ville, "Ville Laine", "Ville", "Laine", "works, but the portal does not know him"),
		petra,
		person(FourthCoffee, "35", Kai, "Kai Oja", "Kai", "Oja", "invited; his IT has to approve the portal"),
		person(FourthCoffee, "36", Noora, "Noora Niemi", "Noora", "Niemi", "invited; her IT has to approve the portal"),
		person(FourthCoffee, "38", Otto, "Otto Olsen", "Otto", "Olsen", "invited; his IT has to approve the portal"),
		lena, wilma, walter, alva,
		person(id.Consumers, "44", Mari, "Mari", "Mari", "", "the personal account with Mari's work address"),
		person(id.Consumers, "45", Private, "Kaisa Koski", "Kaisa", "Koski", "personal account that was invited by mistake"),
	}
}

// salesPortal is registered like any application of a company.
func salesPortal(origin string) application.Application {
	return application.Application{
		App: SalesPortal, Tenant: Fabrikam, ID: "d2000000-0000-4000-8000-0000000000b0", Name: "Partner Sales Portal", Publisher: "Fabrikam",
		PublisherDomain: "fabrikam.example", Verified: true, Purpose: "show your firm's deals to you", Audience: application.AnyTenant, Public: true,
		Redirects: []application.Redirect{{URI: origin + "/portal/enter", Platform: application.Native}}, HomeURL: origin + "/portal",
		Required: []application.Required{{Resource: application.GraphApp, Scopes: []string{"openid", "profile", "User.Read"}}}, TokenVersion: 1,
	}
}

// terms of the programme, version 1.
var terms = map[string]string{
	"en": "These terms say how Fabrikam and its partners use the Partner Sales Portal.\n\nYou use it for your firm's work with Fabrikam. What you see there stays with your firm. You tell Fabrikam when somebody leaves.\n\nThe partner agreement of your firm governs everything else.",
	"fi": "Nämä ehdot kertovat, miten Fabrikam ja sen kumppanit käyttävät kumppanien myyntiportaalia.\n\nKäytät sitä yrityksesi työhön Fabrikamin kanssa. Se, mitä siellä näet, pysyy yrityksessäsi. Ilmoitat Fabrikamille, kun joku lähtee.\n\nMuilta osin pätee yrityksesi kumppanisopimus.",
	"sv": "De här villkoren säger hur Fabrikam och dess partner använder partnerportalen för försäljning.\n\nDu använder den för ditt företags arbete med Fabrikam. Det du ser där stannar i ditt företag. Du säger till Fabrikam när någon slutar.\n\nI övrigt gäller företagets partneravtal.",
}

// seedProgramme founds the programme and invites its first people.
func seedProgramme(ctx context.Context, h *house.House) error {
	err := h.Programme.Found(ctx, audit.Caller{}, programme.Programme{
		Owner: Fabrikam, Name: "Fabrikam partner programme", Contact: Pat, Portal: SalesPortal, SwapPolicy: programme.SwapAtOnce,
	})
	if err != nil {
		return fmt.Errorf("found the programme: %w", err)
	}
	owner, _ := FindPerson(Pat)
	by := audit.Caller{Tenant: Fabrikam, Home: Fabrikam, Account: owner.ID, SignInName: Pat}
	if _, err := h.Programme.Publish(ctx, by, terms); err != nil {
		return fmt.Errorf("publish terms: %w", err)
	}
	list := Anna + ",Anna Virtanen,member,fi\n" + Mari + ",Mari Mäkinen,member,fi\n"
	for _, address := range []string{Liisa, Kai, Noora, Otto, Private, Niko, Wilma} {
		list += address + "\n"
	}
	called, err := h.Programme.Invite(ctx, by, programme.Call{List: list, Role: programme.PlainMember, Language: "en", Note: "We look forward to working with you."})
	if err != nil {
		return fmt.Errorf("invite: %w", err)
	}
	if len(called.Bad) > 0 {
		return fmt.Errorf("invite: line %d: %s", called.Bad[0].Number, called.Bad[0].Rule)
	}
	return nil
}
