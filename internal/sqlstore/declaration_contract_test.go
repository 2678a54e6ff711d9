package sqlstore_test

import (
	"testing"
	"time"

	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/credential"
	"github.com/entente-id/entente/internal/customer"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/partner"
	"github.com/entente-id/entente/internal/sqlstore"
	"github.com/entente-id/entente/internal/tenant"
	"github.com/entente-id/entente/internal/vault"
)

func TestWhatIsDeclaredIsKeptWithItsRecord(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		ctx, n := t.Context(), 0
		record := func(verb string) audit.Event {
			n++
			return audit.Event{ID: "e" + string(rune('a'+n)), At: noon.Add(time.Duration(n) * time.Second), Tenant: contoso, SignInName: "operator", Verb: verb}
		}
		kept := func(verb string, err error) {
			t.Helper()
			events, listed := db.Events(ctx, contoso, 1)
			if err != nil || listed != nil || len(events) != 1 || events[0].Verb != verb {
				t.Errorf("%s: %v; records %v, %v", verb, err, events, listed)
			}
		}
		org := tenant.Tenant{ID: contoso, Name: "Contoso", Created: noon, Domains: []tenant.Domain{{Name: "contoso.example"}}}
		kept("tenant", db.DeclareTenant(ctx, org, record("tenant")))
		org.Name = "Contoso Oy"
		kept("tenant again", db.DeclareTenant(ctx, org, record("tenant again")))
		if got, err := db.TenantOfDomain(ctx, "contoso.example"); err != nil || got.Name != "Contoso Oy" {
			t.Errorf("%+v, %v", got, err)
		}
		other := tenant.Tenant{ID: fabrikam, Name: "Fabrikam", Created: noon, Domains: []tenant.Domain{{Name: "contoso.example"}}}
		if err := db.DeclareTenant(ctx, other, record("taken")); !fault.Has(err, fault.DomainTaken) {
			t.Errorf("a domain of another: %v", err)
		}
		if _, err := db.Tenant(ctx, fabrikam); !fault.Has(err, fault.TenantUnknown) {
			t.Errorf("half a tenant stays: %v", err)
		}

		p := partner.Profile{Tenant: contoso, CompanyName: "Contoso", ETag: "1"}
		kept("partner", db.DeclareProfile(ctx, p, record("partner")))
		kept("customer", db.DeclareCustomer(ctx, customer.Customer{Partner: contoso, Tenant: adatum, CompanyName: "Adatum"}, record("customer")))
		kept("vault", db.DeclareVault(ctx, vault.Vault{Tenant: contoso, Name: "keys", Host: "keys.contoso.example"}, record("vault")))
	})
}

func TestADeclaredApplicationKeepsItsCredentials(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		newTenant(t, db, contoso, "contoso.example")
		a := application.Application{App: "d1", Tenant: contoso, ID: "o1", Name: "Portal", Identifiers: []string{"api://portal"}}
		home := application.Principal{Tenant: contoso, ID: "p1", App: a.App, Created: noon}
		declare := func(a application.Application, event string) error {
			return db.DeclareApplication(t.Context(), a, home, audit.Event{ID: event, At: noon, Tenant: a.Tenant, Verb: "app.declare"})
		}
		if err := declare(a, "e1"); err != nil {
			t.Fatal(err)
		}
		secret := application.SecretCredential("c1", "first", "a secret of ours", noon)
		if err := db.SaveApplication(t.Context(), a, []application.Credential{secret}); err != nil {
			t.Fatal(err)
		}
		a.Name, a.Identifiers = "Portal of Contoso", []string{"api://new"}
		if err := declare(a, "e2"); err != nil {
			t.Fatal(err)
		}
		got, credentials, err := db.Application(t.Context(), a.App)
		if err != nil || got.Name != a.Name || len(credentials) != 1 || credentials[0].ID != "c1" {
			t.Errorf("%+v, %v, %v", got, credentials, err)
		}
		if _, err := db.ApplicationIdentified(t.Context(), "api://portal"); !fault.Has(err, fault.ResourceUnknown) {
			t.Errorf("the former identifier: %v", err)
		}
		if at, err := db.Principal(t.Context(), contoso, a.App); err != nil || at.ID != "p1" {
			t.Errorf("%+v, %v", at, err)
		}
		b := application.Application{App: "d2", Tenant: contoso, ID: "o2", Name: "Other", Identifiers: []string{"api://new"}}
		if err := declare(b, "e3"); !fault.Has(err, fault.ReferenceExists) {
			t.Errorf("an identifier of another: %v", err)
		}
		if _, _, err := db.Application(t.Context(), b.App); !fault.Has(err, fault.AppUnknown) {
			t.Errorf("half an app stays: %v", err)
		}
	})
}

func TestATemporaryPassTellsUntilWhenItHolds(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		owner := credential.Owner{Tenant: contoso, Account: "anna"}
		if until, err := db.PassUntil(t.Context(), owner); err != nil || !until.IsZero() {
			t.Errorf("none: %v, %v", until, err)
		}
		for i, until := range []time.Time{noon, noon.Add(time.Hour)} {
			p := credential.Pass{Digest: []byte("digest"), Until: until}
			if err := db.SavePass(t.Context(), owner, p, audit.Event{ID: "e" + string(rune('a'+i)), At: noon, Tenant: contoso, Verb: "pass.issue"}); err != nil {
				t.Fatal(err)
			}
			if got, err := db.PassUntil(t.Context(), owner); err != nil || !got.Equal(until) {
				t.Errorf("%v, %v; want %v", got, err, until)
			}
		}
	})
}
