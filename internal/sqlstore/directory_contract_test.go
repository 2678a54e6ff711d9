package sqlstore_test

import (
	"fmt"
	"testing"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/sqlstore"
	"github.com/entente-id/entente/internal/tenant"
	"github.com/google/go-cmp/cmp"
)

func TestATenantIsFoundByIDAndByEachOfItsDomains(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		ctx := t.Context()
		want := tenant.Tenant{
			ID: contoso, Name: "Contoso Öy", Country: "FI", Region: "EU", Language: "fi", Created: noon,
			Domains:  []tenant.Domain{{Name: "contoso.example"}, {Name: "contoso.onentente.example", Initial: true}},
			Settings: tenant.Settings{RequireMFA: true, UserConsent: tenant.ConsentNobody, BlockPartners: true, PartnerMFA: "report"},
		}
		if err := db.SaveTenant(ctx, want); err != nil {
			t.Fatal(err)
		}
		got, err := db.Tenant(ctx, contoso)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("by id (-want +got):\n%s", diff)
		}
		for _, d := range want.Domains {
			if got, err := db.TenantOfDomain(ctx, d.Name); err != nil || got.ID != contoso {
				t.Errorf("by domain %s: %v, %v", d.Name, got.ID, err)
			}
		}
	})
}

func TestAnUnknownTenantOrDomainIsTenantUnknown(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		if _, err := db.Tenant(t.Context(), nobody); !fault.Has(err, fault.TenantUnknown) {
			t.Errorf("by id: %v", err)
		}
		if _, err := db.TenantOfDomain(t.Context(), "nowhere.example"); !fault.Has(err, fault.TenantUnknown) {
			t.Errorf("by domain: %v", err)
		}
	})
}

func TestSavingATenantAgainReplacesItsDomainsAndKeepsItsPeople(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		ctx := t.Context()
		org := newTenant(t, db, contoso, "old.example")
		if err := db.SaveAccount(ctx, account.Account{Tenant: contoso, ID: "a", SignInName: "anna@old.example"}); err != nil {
			t.Fatal(err)
		}
		org.Name, org.Domains = "New name", []tenant.Domain{{Name: "new.example"}}
		if err := db.SaveTenant(ctx, org); err != nil {
			t.Fatal(err)
		}
		if _, err := db.TenantOfDomain(ctx, "old.example"); !fault.Has(err, fault.TenantUnknown) {
			t.Errorf("the old domain still leads somewhere: %v", err)
		}
		if got, err := db.TenantOfDomain(ctx, "new.example"); err != nil || got.Name != "New name" {
			t.Errorf("by the new domain: %q, %v", got.Name, err)
		}
		if _, err := db.Account(ctx, contoso, "a"); err != nil {
			t.Errorf("the people are gone: %v", err)
		}
	})
}

func TestADomainHasOneOwner(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		newTenant(t, db, contoso, "shared.example")
		err := db.SaveTenant(t.Context(), tenant.Tenant{ID: fabrikam, Domains: []tenant.Domain{{Name: "shared.example"}}})
		if err == nil {
			t.Fatal("a second owner was accepted")
		}
		if _, err := db.Tenant(t.Context(), fabrikam); !fault.Has(err, fault.TenantUnknown) {
			t.Errorf("half of the refused tenant stayed: %v", err)
		}
		if got, _ := db.TenantOfDomain(t.Context(), "shared.example"); got.ID != contoso {
			t.Errorf("the domain moved to %s", got.ID)
		}
	})
}

func TestAnAccountIsFoundByIDAndByFoldedName(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		ctx := t.Context()
		newTenant(t, db, contoso, "contoso.example")
		want := account.Account{
			Tenant: contoso, ID: "aaaaaaaa-0000-4000-8000-000000000001", SignInName: "Ånna.Öst@Contoso.example", Name: "Ånna Öst",
			Given: "Ånna", Family: "Öst", Mail: "anna@contoso.example", Language: "sv", JobTitle: "CTO", Disabled: true,
			MFA: account.MFAEnforced, Roles: []string{account.GlobalAdministrator}, Groups: []string{account.AdminAgents},
			SessionsFrom: noon, Created: noon,
		}
		if err := db.SaveAccount(ctx, want); err != nil {
			t.Fatal(err)
		}
		byID, err := db.Account(ctx, contoso, want.ID)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, byID); diff != "" {
			t.Errorf("by id (-want +got):\n%s", diff)
		}
		for _, typed := range []string{"ånna.öst@contoso.example", "ÅNNA.ÖST@CONTOSO.EXAMPLE"} {
			if got, err := db.AccountNamed(ctx, contoso, account.FoldName(typed)); err != nil || got.ID != want.ID {
				t.Errorf("by name %s: %v, %v", typed, got.ID, err)
			}
		}
	})
}

func TestAnAccountIsSeenInItsOwnTenantOnly(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		ctx := t.Context()
		newTenant(t, db, contoso, "contoso.example")
		newTenant(t, db, fabrikam, "fabrikam.example")
		if err := db.SaveAccount(ctx, account.Account{Tenant: contoso, ID: "a", SignInName: "anna@contoso.example"}); err != nil {
			t.Fatal(err)
		}
		if _, err := db.Account(ctx, fabrikam, "a"); !fault.Has(err, fault.AccountUnknown) {
			t.Errorf("by id in another tenant: %v", err)
		}
		if _, err := db.AccountNamed(ctx, fabrikam, "anna@contoso.example"); !fault.Has(err, fault.AccountUnknown) {
			t.Errorf("by name in another tenant: %v", err)
		}
		if list, err := db.Accounts(ctx, fabrikam, "", 10); err != nil || len(list) != 0 {
			t.Errorf("listed in another tenant: %v, %v", list, err)
		}
	})
}

func TestTwoPeopleOfOneTenantCannotShareASignInName(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		ctx := t.Context()
		newTenant(t, db, contoso, "contoso.example")
		if err := db.SaveAccount(ctx, account.Account{Tenant: contoso, ID: "a", SignInName: "anna@contoso.example"}); err != nil {
			t.Fatal(err)
		}
		if err := db.SaveAccount(ctx, account.Account{Tenant: contoso, ID: "b", SignInName: "ANNA@contoso.example"}); err == nil {
			t.Error("a second account took the name")
		}
		if err := db.SaveAccount(ctx, account.Account{Tenant: contoso, ID: "a", SignInName: "annika@contoso.example"}); err != nil {
			t.Errorf("renaming: %v", err)
		}
		if _, err := db.AccountNamed(ctx, contoso, "anna@contoso.example"); !fault.Has(err, fault.AccountUnknown) {
			t.Errorf("the old name still leads somewhere: %v", err)
		}
	})
}

func TestAnAccountNeedsATenant(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		if err := db.SaveAccount(t.Context(), account.Account{Tenant: nobody, ID: "a", SignInName: "a@b.example"}); err == nil {
			t.Error("an account without a tenant was kept")
		}
	})
}

func TestAccountsArePagedInOrderOfTheirIDsWithoutGapsOrRepeats(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		ctx := t.Context()
		newTenant(t, db, contoso, "contoso.example")
		for i := range 25 {
			// Saved out of order: 7 and 25 have no common divisor.
			n := i * 7 % 25
			a := account.Account{Tenant: contoso, ID: id.Object(fmt.Sprintf("%08x-0000-4000-8000-000000000000", n)), SignInName: fmt.Sprintf("p%d@contoso.example", n)}
			if err := db.SaveAccount(ctx, a); err != nil {
				t.Fatal(err)
			}
		}
		var after id.Object
		var sizes []int
		seen := 0
		for {
			list, err := db.Accounts(ctx, contoso, after, 10)
			if err != nil {
				t.Fatal(err)
			}
			if len(list) == 0 {
				break
			}
			sizes = append(sizes, len(list))
			for _, a := range list {
				if want := fmt.Sprintf("p%d@contoso.example", seen); a.SignInName != want {
					t.Fatalf("place %d holds %s", seen, a.SignInName)
				}
				seen++
			}
			after = list[len(list)-1].ID
		}
		if diff := cmp.Diff([]int{10, 10, 5}, sizes); diff != "" {
			t.Errorf("page sizes (-want +got):\n%s", diff)
		}
	})
}

func TestAPolicyIsSavedAloneWithItsEvent(t *testing.T) {
	lowRisk := func(t *tenant.Tenant) { t.Settings.UserConsent = tenant.ConsentLowRisk }
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		ctx := t.Context()
		want := newTenant(t, db, contoso, "contoso.example")
		want.Settings.RequireMFA, want.Settings.UserConsent = true, tenant.ConsentNobody
		if err := db.SaveTenant(ctx, want); err != nil {
			t.Fatal(err)
		}
		if err := db.AmendTenant(ctx, contoso, lowRisk, linkEvent("p1")); err != nil {
			t.Fatal(err)
		}
		want.Settings.UserConsent = tenant.ConsentLowRisk
		got, err := db.Tenant(ctx, contoso)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("after the change (-want +got):\n%s", diff)
		}
		if err := db.AmendTenant(ctx, nobody, lowRisk, linkEvent("p2")); !fault.Has(err, fault.TenantUnknown) {
			t.Errorf("of no organisation: %v", err)
		}
		events, err := db.Events(ctx, contoso, 10)
		if err != nil || len(events) != 1 {
			t.Errorf("events: %+v, %v", events, err)
		}
	})
}
