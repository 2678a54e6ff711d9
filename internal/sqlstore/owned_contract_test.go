package sqlstore_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/sqlstore"
)

func ownedEvent(key string) audit.Event {
	return audit.Event{ID: "owned-" + key, At: noon, Tenant: contoso, Verb: "app.test"}
}

func TestAnOwnedApplicationIsRegisteredListedChangedAndDeleted(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		ctx := within(t, time.Minute)
		newOrganisations(t, db)
		a := application.Application{App: "owned-1", Tenant: contoso, ID: "o", Name: "Nightly", Audience: application.OneTenant}
		p := application.Principal{Tenant: contoso, ID: "p-owned", App: a.App, Created: noon}
		if err := db.RegisterApplication(ctx, a, p, ownedEvent("1")); err != nil {
			t.Fatal(err)
		}
		if err := db.RegisterApplication(ctx, a, p, ownedEvent("2")); err == nil {
			t.Error("an id was registered twice")
		}
		add := func(c application.Credential) func([]application.Credential) ([]application.Credential, error) {
			return func(have []application.Credential) ([]application.Credential, error) { return append(have, c), nil }
		}
		if err := db.ChangeCredentials(ctx, contoso, a.App, add(application.Credential{
			ID: "k1", Name: "first", Trust: &application.Trust{Issuer: "https://token.actions.example", Subject: "repo:contoso/jobs", Audiences: []string{"api://a"}},
		}), ownedEvent("3")); err != nil {
			t.Fatal(err)
		}
		if err := db.ChangeCredentials(ctx, fabrikam, a.App, add(application.Credential{ID: "k2"}), ownedEvent("4")); !fault.Has(err, fault.AppUnknown) {
			t.Errorf("another organisation changes it: %v", err)
		}
		list, err := db.ApplicationsOf(ctx, contoso, 10)
		if err != nil || len(list) != 1 || list[0].Application.Name != "Nightly" || len(list[0].Credentials) != 1 || list[0].Credentials[0].Name != "first" ||
			list[0].Credentials[0].Trust == nil || list[0].Credentials[0].Trust.Audiences[0] != "api://a" {
			t.Errorf("the list is %+v (%v)", list, err)
		}
		if list, err := db.ApplicationsOf(ctx, fabrikam, 10); err != nil || len(list) != 0 {
			t.Errorf("another organisation lists %+v (%v)", list, err)
		}
		if err := db.DeleteApplication(ctx, fabrikam, a.App, ownedEvent("5")); !fault.Has(err, fault.AppUnknown) {
			t.Errorf("another organisation deletes it: %v", err)
		}
		if err := db.DeleteApplication(ctx, contoso, a.App, ownedEvent("6")); err != nil {
			t.Fatal(err)
		}
		if _, _, err := db.Application(ctx, a.App); !fault.Has(err, fault.AppUnknown) {
			t.Errorf("after deleting: %v", err)
		}
		if _, err := db.Principal(ctx, contoso, a.App); !fault.Has(err, fault.AppNotInTenant) {
			t.Errorf("its principal after deleting: %v", err)
		}
		if err := db.DeleteApplication(ctx, contoso, a.App, ownedEvent("7")); !fault.Has(err, fault.AppUnknown) {
			t.Errorf("deleting twice: %v", err)
		}
		events, err := db.Events(ctx, contoso, 10)
		if err != nil || len(events) != 3 {
			t.Errorf("%d events (%v), want those of the three deeds that were done", len(events), err)
		}
	})
}

func TestKeysThatAreAddedAtOnceAreAllKept(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		ctx := within(t, time.Minute)
		newOrganisations(t, db)
		a := application.Application{App: "owned-2", Tenant: contoso, ID: "o", Name: "Nightly"}
		if err := db.RegisterApplication(ctx, a, application.Principal{Tenant: contoso, ID: "p", App: a.App, Created: noon}, ownedEvent("r")); err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		for n := range 8 {
			all.Go(func() {
				key := fmt.Sprint("k", n)
				err := db.ChangeCredentials(ctx, contoso, a.App, func(have []application.Credential) ([]application.Credential, error) {
					return append(have, application.Credential{ID: id.Object(key)}), nil
				}, ownedEvent(key))
				if err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if _, keys, err := db.Application(ctx, a.App); err != nil || len(keys) != 8 {
			t.Errorf("%d keys (%v), want 8", len(keys), err)
		}
	})
}
