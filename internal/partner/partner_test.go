package partner_test

import (
	"crypto/rand"
	"testing"
	"time"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/partner"
	"github.com/entente-id/entente/internal/sqlstore"
	"github.com/entente-id/entente/internal/sqlstore/storetest"
	"github.com/entente-id/entente/internal/tenant"
)

const (
	contoso  id.Tenant = "11111111-aaaa-4111-8111-000000000001"
	fabrikam id.Tenant = "11111111-aaaa-4111-8111-000000000002"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func newRegister(t *testing.T) (*partner.Register, *sqlstore.DB) {
	t.Helper()
	db := storetest.Open(t)
	people := account.NewPeople(db)
	if err := db.SaveTenant(t.Context(), tenant.Tenant{ID: contoso}); err != nil {
		t.Fatal(err)
	}
	for _, a := range []account.Account{
		{Tenant: contoso, ID: "admin", SignInName: "admin@contoso.example", Groups: []string{account.AdminAgents}},
		{Tenant: contoso, ID: "sales", SignInName: "sales@contoso.example", Groups: []string{account.SalesAgents}},
		{Tenant: contoso, ID: "off", SignInName: "off@contoso.example", Groups: []string{account.AdminAgents}, Disabled: true},
	} {
		if err := people.Save(t.Context(), a); err != nil {
			t.Fatal(err)
		}
	}
	r := partner.NewRegister(db, people, id.Source{Now: func() time.Time { return noon }, Random: rand.Reader})
	if err := r.Save(t.Context(), profile()); err != nil {
		t.Fatal(err)
	}
	return r, db
}

func profile() partner.Profile {
	return partner.Profile{Tenant: contoso, CompanyName: "Contoso", Domain: "contoso.example", Email: "a@contoso.example",
		Language: "en", Culture: "en-GB", Address: partner.Address{Country: "GB"}}
}

func person(name string) audit.Caller {
	return audit.Caller{Tenant: contoso, Home: contoso, Account: id.Object(name), SignInName: name + "@contoso.example"}
}

func TestWhoMayReadAndWhoMayChangeTheProfile(t *testing.T) {
	elsewhere := person("admin")
	elsewhere.Tenant = fabrikam
	for name, c := range map[string]struct {
		caller       audit.Caller
		read, change fault.Code
	}{
		"an admin agent":       {person("admin"), 0, 0},
		"a sales agent":        {person("sales"), 0, fault.RoleMissing},
		"an admin at another":  {elsewhere, fault.ForeignAccount, fault.ForeignAccount},
		"one switched off":     {person("off"), fault.AccountDisabled, fault.AccountDisabled},
		"one who is gone":      {person("gone"), fault.AccountUnknown, fault.AccountUnknown},
		"an application alone": {audit.Caller{Tenant: contoso, AppOnly: true}, 0, fault.AppOnlyRefused},
	} {
		t.Run(name, func(t *testing.T) {
			r, _ := newRegister(t)
			_, reading := r.Profile(t.Context(), c.caller)
			_, changing := r.Change(t.Context(), c.caller, profile(), "")
			for _, is := range []struct {
				err  error
				want fault.Code
			}{{reading, c.read}, {changing, c.change}} {
				if is.want == 0 && is.err != nil || is.want != 0 && !fault.Has(is.err, is.want) {
					t.Errorf("got %v, want %d", is.err, is.want)
				}
			}
		})
	}
}

func TestAChangeGivesANewETagAndRefusesTheOldOne(t *testing.T) {
	r, db := newRegister(t)
	before, err := r.Profile(t.Context(), person("admin"))
	if err != nil || before.ETag == "" {
		t.Fatalf("%+v, %v", before, err)
	}
	to := profile()
	to.CompanyName, to.Domain, to.Tenant = "Contoso Oy", "stolen.example", fabrikam
	after, err := r.Change(t.Context(), person("admin"), to, before.ETag)
	if err != nil {
		t.Fatal(err)
	}
	if after.CompanyName != "Contoso Oy" || after.Domain != "contoso.example" || after.Tenant != contoso || after.ETag == before.ETag {
		t.Errorf("changed to %+v", after)
	}
	if _, err := r.Change(t.Context(), person("admin"), to, before.ETag); !fault.Has(err, fault.ChangedMeanwhile) {
		t.Errorf("on the old ETag: %v", err)
	}
	if events, err := db.Events(t.Context(), contoso, 10); err != nil || len(events) != 1 || events[0].Account != "admin" || !events[0].At.Equal(noon) {
		t.Errorf("events %+v, %v", events, err)
	}
}

func TestAnOrganisationThatIsNoPartnerHasNoProfile(t *testing.T) {
	r, _ := newRegister(t)
	if _, err := r.Profile(t.Context(), audit.Caller{Tenant: fabrikam, AppOnly: true}); !fault.Has(err, fault.ObjectUnknown) {
		t.Errorf("got %v", err)
	}
}

func TestEverythingButOffAndReportEnforces(t *testing.T) {
	for mode, want := range map[string]partner.Enforcement{
		"": partner.Enforce, "enforce": partner.Enforce, "off": partner.Off, "report": partner.Report,
		"OFF": partner.Enforce, "none": partner.Enforce, "off ": partner.Enforce,
	} {
		if got := partner.EnforcementOf(tenant.Tenant{Settings: tenant.Settings{PartnerMFA: mode}}); got != want {
			t.Errorf("%q is %s", mode, got)
		}
	}
}
