package sqlstore_test

import (
	"sync"
	"testing"
	"time"

	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/sqlstore"
	"github.com/google/go-cmp/cmp"
)

const broker id.App = "44444444-dddd-4444-8444-000000000004"

func newApplication(t *testing.T, db *sqlstore.DB, identifiers ...string) application.Application {
	t.Helper()
	newTenant(t, db, contoso, "contoso.example")
	a := application.Application{
		App: broker, Tenant: contoso, ID: "55555555-eeee-4555-8555-000000000005", Name: "Broker", Audience: application.AnyTenant,
		Redirects:   []application.Redirect{{URI: "https://broker.example/cb", Platform: application.Web}},
		Identifiers: identifiers, Scopes: []application.Permission{{ID: "s", Name: "user_impersonation", Admin: true}},
		Required: []application.Required{{Resource: "r", Scopes: []string{"a"}, Roles: []string{"b"}}}, TokenVersion: 1,
		Refresh: application.Overlap,
	}
	if err := db.SaveApplication(t.Context(), a, nil); err != nil {
		t.Fatalf("save application: %v", err)
	}
	return a
}

func TestAnApplicationComesBackWithItsCredentials(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		ctx := t.Context()
		want := newApplication(t, db, "api://broker")
		keys := []application.Credential{
			application.SecretCredential("k1", "first", "not-a-real-secret", noon.Add(time.Hour)),
			{ID: "k2", Name: "second", Expires: noon, Certificate: []byte{0x30, 0x00, 0xff}},
		}
		if err := db.SaveApplication(ctx, want, keys); err != nil {
			t.Fatal(err)
		}
		got, gotKeys, err := db.Application(ctx, broker)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("application (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(keys, gotKeys); diff != "" {
			t.Errorf("credentials (-want +got):\n%s", diff)
		}
	})
}

func TestAnUnknownApplicationIsAppUnknownAndAnUnknownIdentifierResourceUnknown(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		if _, _, err := db.Application(t.Context(), "nobody"); !fault.Has(err, fault.AppUnknown) {
			t.Errorf("by id: %v", err)
		}
		if _, err := db.ApplicationIdentified(t.Context(), "api://nobody"); !fault.Has(err, fault.ResourceUnknown) {
			t.Errorf("by identifier: %v", err)
		}
	})
}

func TestSavingAnApplicationAgainReplacesItsIdentifiers(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		ctx := t.Context()
		a := newApplication(t, db, "api://old", "api://kept")
		a.Identifiers = []string{"api://kept", "https://new.example/"}
		if err := db.SaveApplication(ctx, a, nil); err != nil {
			t.Fatal(err)
		}
		if _, err := db.ApplicationIdentified(ctx, "api://old"); !fault.Has(err, fault.ResourceUnknown) {
			t.Errorf("the old identifier still leads somewhere: %v", err)
		}
		for _, name := range a.Identifiers {
			if app, err := db.ApplicationIdentified(ctx, name); err != nil || app != broker {
				t.Errorf("%s: %s, %v", name, app, err)
			}
		}
	})
}

func TestAnIdentifierHasOneOwner(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		newApplication(t, db, "api://shared")
		other := application.Application{App: "other", Tenant: contoso, Identifiers: []string{"api://shared"}}
		if err := db.SaveApplication(t.Context(), other, nil); err == nil {
			t.Fatal("a second owner was accepted")
		}
		if _, _, err := db.Application(t.Context(), "other"); !fault.Has(err, fault.AppUnknown) {
			t.Errorf("half of the refused application stayed: %v", err)
		}
	})
}

func TestAPrincipalIsMadeOnceAndFoundInItsTenantOnly(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		ctx := t.Context()
		newApplication(t, db)
		newTenant(t, db, fabrikam, "fabrikam.example")
		first := application.Principal{Tenant: contoso, ID: "p1", App: broker, Created: noon}
		saved, err := db.SavePrincipal(ctx, first)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(first, saved); diff != "" {
			t.Errorf("made (-want +got):\n%s", diff)
		}
		again, err := db.SavePrincipal(ctx, application.Principal{Tenant: contoso, ID: "p2", App: broker, Created: noon.Add(time.Hour)})
		if err != nil || again.ID != "p1" || !again.Created.Equal(noon) {
			t.Errorf("a second time: %+v, %v", again, err)
		}
		if got, err := db.Principal(ctx, contoso, broker); err != nil || got.ID != "p1" {
			t.Errorf("found: %+v, %v", got, err)
		}
		if _, err := db.Principal(ctx, fabrikam, broker); !fault.Has(err, fault.AppNotInTenant) {
			t.Errorf("in another tenant: %v", err)
		}
	})
}

func TestManyWhoEnrolAnApplicationAtOnceAgreeOnOnePrincipal(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		newApplication(t, db)
		ids := make([]id.Object, 32)
		var all sync.WaitGroup
		for i := range ids {
			all.Go(func() {
				p, err := db.SavePrincipal(t.Context(), application.Principal{Tenant: contoso, ID: id.Object(string(rune('a' + i))), App: broker, Created: noon})
				if err != nil {
					t.Errorf("enrol: %v", err)
				}
				ids[i] = p.ID
			})
		}
		all.Wait()
		for _, got := range ids {
			if got != ids[0] || got == "" {
				t.Fatalf("two principals: %q and %q", ids[0], got)
			}
		}
	})
}

func TestAnAssertionIsSpentOnceForEachApplication(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		ctx := t.Context()
		if err := db.SpendAssertion(ctx, broker, "jti-1", noon); err != nil {
			t.Fatal(err)
		}
		if err := db.SpendAssertion(ctx, broker, "jti-1", noon); !fault.Has(err, fault.AssertionInvalid) {
			t.Errorf("a second time: %v", err)
		}
		if err := db.SpendAssertion(ctx, "other", "jti-1", noon); err != nil {
			t.Errorf("by another application: %v", err)
		}
	})
}

func TestOfManyWhoSpendOneAssertionAtOnceOneWins(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		results := make(chan error, 64)
		for range cap(results) {
			go func() { results <- db.SpendAssertion(t.Context(), broker, "jti", noon) }()
		}
		won := 0
		for range cap(results) {
			switch err := <-results; {
			case err == nil:
				won++
			case !fault.Has(err, fault.AssertionInvalid):
				t.Errorf("a loser got %v", err)
			}
		}
		if won != 1 {
			t.Errorf("%d winners", won)
		}
	})
}
