package account_test

import (
	"testing"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/sqlstore/storetest"
	"github.com/entente-id/entente/internal/tenant"
	"github.com/google/go-cmp/cmp"
)

const (
	contoso  id.Tenant = "11111111-aaaa-4111-8111-000000000001"
	fabrikam id.Tenant = "22222222-bbbb-4222-8222-000000000002"
)

func newPeople(t *testing.T) *account.People {
	t.Helper()
	db := storetest.Open(t)
	for _, key := range []id.Tenant{contoso, fabrikam} {
		if err := db.SaveTenant(t.Context(), tenant.Tenant{ID: key}); err != nil {
			t.Fatal(err)
		}
	}
	return account.NewPeople(db)
}

func TestANameIsFoldedToOneFormHoweverItIsTyped(t *testing.T) {
	for typed, want := range map[string]string{
		"anna@contoso.example":         "anna@contoso.example",
		"  Anna@CONTOSO.Example\t":     "anna@contoso.example",
		"anna@contoso.example.":        "anna@contoso.example",
		"a\u030Asa@contoso.example":    "\u00e5sa@contoso.example",
		"\u00c5SA@contoso.example":     "\u00e5sa@contoso.example",
		"STRASSE@contoso.example":      "strasse@contoso.example",
		"stra\u00dfe@contoso.example":  "strasse@contoso.example",
		"anna@b\u00fccher.example":     "anna@xn--bcher-kva.example",
		"anna@B\u00dcCHER.example":     "anna@xn--bcher-kva.example",
		"anna@XN--BCHER-KVA.example":   "anna@xn--bcher-kva.example",
		"anna@home@contoso.example":    "anna@home@contoso.example",
		"Anna":                         "anna",
		"anna@localhost":               "anna@localhost",
		"anna@":                        "anna@",
		"":                             "",
		"@contoso.example":             "@contoso.example",
		"anna_fabrikam.example#EXT#@x": "anna_fabrikam.example#ext#@x",
	} {
		got := account.FoldName(typed)
		if got != want {
			t.Errorf("%+q folds to %+q, want %+q", typed, got, want)
		}
		if again := account.FoldName(got); again != got {
			t.Errorf("%+q folds again to %+q", got, again)
		}
	}
}

func TestTheDomainOfAnAddressIsWhatFollowsItsLastAt(t *testing.T) {
	for address, want := range map[string]string{
		" anna@Contoso.Example ":      "contoso.example",
		"anna@home@contoso.example":   "contoso.example",
		"anna@b\u00fccher.example":    "xn--bcher-kva.example",
		"anna@contoso.example.":       "contoso.example",
		"anna":                        "",
		"contoso.example":             "",
		"anna@":                       "",
		"anna@localhost":              "",
		"anna@not a domain.example":   "",
		"anna@contoso.example@broken": "",
	} {
		got, ok := account.DomainOf(address)
		if got != want || ok != (want != "") {
			t.Errorf("%q: %q, %v", address, got, ok)
		}
	}
}

func TestAPersonIsFoundByWhateverTheyTypeInTheirOrganisationAlone(t *testing.T) {
	people := newPeople(t)
	ctx := t.Context()
	anna := account.Account{Tenant: contoso, ID: "anna", SignInName: "\u00c5sa@B\u00fccher.example", Name: "Åsa"}
	if err := people.Save(ctx, anna); err != nil {
		t.Fatal(err)
	}
	for _, typed := range []string{anna.SignInName, " a\u030asa@xn--bcher-kva.example "} {
		got, err := people.Named(ctx, contoso, typed)
		if err != nil {
			t.Fatalf("%+q: %v", typed, err)
		}
		if diff := cmp.Diff(anna, got); diff != "" {
			t.Errorf("%+q (-want +got):\n%s", typed, diff)
		}
	}
	if _, err := people.Named(ctx, fabrikam, anna.SignInName); !fault.Has(err, fault.AccountUnknown) {
		t.Errorf("by name in another organisation: %v", err)
	}
	if _, err := people.Find(ctx, fabrikam, anna.ID); !fault.Has(err, fault.AccountUnknown) {
		t.Errorf("by id in another organisation: %v", err)
	}
}

func TestTwoSpellingsOfOneNameAreOnePerson(t *testing.T) {
	people := newPeople(t)
	ctx := t.Context()
	if err := people.Save(ctx, account.Account{Tenant: contoso, ID: "1", SignInName: "anna@contoso.example"}); err != nil {
		t.Fatal(err)
	}
	if err := people.Save(ctx, account.Account{Tenant: contoso, ID: "2", SignInName: "ANNA@contoso.example"}); err == nil {
		t.Error("a second person took the name in capitals")
	}
}

func TestAPersonWithoutANameIsNotSaved(t *testing.T) {
	err := newPeople(t).Save(t.Context(), account.Account{Tenant: contoso, ID: "1"})
	if !fault.Has(err, fault.ParameterMissing) {
		t.Errorf("got %v", err)
	}
}

func TestWhoMayConsentForAll(t *testing.T) {
	for role, want := range map[string]bool{
		account.GlobalAdministrator: true, account.PrivilegedRoleAdmin: true,
		account.ApplicationAdministrator: true, account.CloudAppAdministrator: true,
		account.UserAdministrator: false, account.GlobalReader: false, account.Member: false,
	} {
		if got := (account.Account{Roles: []string{account.Member, role}}).MayConsentForAll(); got != want {
			t.Errorf("%s: %v", role, got)
		}
	}
	if (account.Account{Groups: []string{account.AdminAgents}}).MayConsentForAll() {
		t.Error("a partner's group consents for all")
	}
}
