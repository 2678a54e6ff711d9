package sqlstore_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/consent"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/sqlstore"
	"github.com/google/go-cmp/cmp"
)

const (
	graph id.App = "66666666-ffff-4666-8666-000000000006"
	mail  id.App = "77777777-aaaa-4777-8777-000000000007"
)

func consentEvent(key string) audit.Event {
	return audit.Event{ID: key, At: noon, Tenant: contoso, Account: "anna", Verb: "consent.give", Object: string(broker)}
}

func allow(t *testing.T, db *sqlstore.DB, key string, grants ...consent.Grant) {
	t.Helper()
	if err := db.AddGrants(t.Context(), grants, nil, consentEvent(key)); err != nil {
		t.Fatalf("add grants %s: %v", key, err)
	}
}

func grantFor(person id.Object, resource id.App, scopes ...string) consent.Grant {
	return consent.Grant{Tenant: contoso, Client: broker, Resource: resource, Account: person, Scopes: scopes}
}

func wantGrants(t *testing.T, db *sqlstore.DB, person id.Object, want ...consent.Grant) {
	t.Helper()
	got, err := db.Grants(t.Context(), contoso, broker, person)
	if err != nil {
		t.Fatalf("list grants: %v", err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("grants of %q (-want +got):\n%s", person, diff)
	}
}

func TestAPersonIsAllowedWhatIsTheirsAndWhatIsEveryones(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		wantGrants(t, db, "anna")
		everyone, hers, his := grantFor("", graph, "User.Read"), grantFor("anna", mail, "Mail.Read", "Mail.Send"), grantFor("bob", mail, "Mail.Read")
		allow(t, db, "e1", everyone, hers, his)
		wantGrants(t, db, "anna", everyone, hers)
		wantGrants(t, db, "bob", everyone, his)
		wantGrants(t, db, "", everyone)
		for _, of := range []struct {
			tenant id.Tenant
			client id.App
		}{{fabrikam, broker}, {contoso, mail}} {
			if got, err := db.Grants(t.Context(), of.tenant, of.client, "anna"); err != nil || len(got) != 0 {
				t.Errorf("%v: %v, %v", of, got, err)
			}
		}
	})
}

func TestAGrantWidenedTwiceKeepsBoth(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		allow(t, db, "e1", grantFor("anna", graph, "User.Read"))
		allow(t, db, "e2", grantFor("anna", graph, "Mail.Read", "User.Read"))
		wantGrants(t, db, "anna", grantFor("anna", graph, "User.Read", "Mail.Read"))
	})
}

func TestAGrantWidenedByManyOnTwoNodesAtOnceLosesNone(t *testing.T) {
	eachAddress(t, func(t *testing.T, address string) {
		ctx := within(t, time.Minute)
		nodes := []*sqlstore.DB{open(t, address, sqlstore.Options{}), open(t, address, sqlstore.Options{})}
		var all sync.WaitGroup
		var want []string
		for i := range 30 {
			scope := fmt.Sprintf("Scope.%02d", i)
			want = append(want, scope)
			all.Go(func() {
				if err := nodes[i%2].AddGrants(ctx, []consent.Grant{grantFor("anna", graph, scope)}, nil, consentEvent(scope)); err != nil {
					t.Errorf("widen: %v", err)
				}
			})
		}
		all.Wait()
		got, err := nodes[0].Grants(ctx, contoso, broker, "anna")
		if err != nil || len(got) != 1 {
			t.Fatalf("%v, %v", got, err)
		}
		slices.Sort(got[0].Scopes)
		if diff := cmp.Diff(want, got[0].Scopes); diff != "" {
			t.Errorf("scopes (-want +got):\n%s", diff)
		}
	})
}

func TestConsentMakesThePrincipalsThatAreMissingAndKeepsTheOthers(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		ctx := t.Context()
		newApplication(t, db)
		have := application.Principal{Tenant: contoso, ID: "have", App: broker, Created: noon}
		if _, err := db.SavePrincipal(ctx, have); err != nil {
			t.Fatal(err)
		}
		made := application.Principal{Tenant: contoso, ID: "made", App: graph, Created: noon}
		late := application.Principal{Tenant: contoso, ID: "late", App: broker, Created: noon.Add(time.Hour)}
		if err := db.AddGrants(ctx, []consent.Grant{grantFor("anna", graph, "User.Read")}, []application.Principal{late, made}, consentEvent("e1")); err != nil {
			t.Fatal(err)
		}
		for _, want := range []application.Principal{have, made} {
			got, err := db.Principal(ctx, contoso, want.App)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("principal (-want +got):\n%s", diff)
			}
		}
	})
}

func TestConsentIsNotKeptWithoutItsEvent(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		ctx := t.Context()
		newTenant(t, db, contoso, "contoso.example")
		allow(t, db, "taken", grantFor("anna", graph, "User.Read"))
		made := []application.Principal{{Tenant: contoso, ID: "p", App: mail, Created: noon}}
		if err := db.AddGrants(ctx, []consent.Grant{grantFor("anna", mail, "Mail.Read")}, made, consentEvent("taken")); err == nil {
			t.Error("a grant was kept although its event was not")
		}
		if err := db.RemoveGrants(ctx, contoso, broker, "anna", consentEvent("taken")); err == nil {
			t.Error("a withdrawal was kept although its event was not")
		}
		if err := db.AddAppRoles(ctx, contoso, broker, graph, []string{"Role"}, consentEvent("taken")); err == nil {
			t.Error("an app role was kept although its event was not")
		}
		wantGrants(t, db, "anna", grantFor("anna", graph, "User.Read"))
		if _, err := db.Principal(ctx, contoso, mail); !fault.Has(err, fault.AppNotInTenant) {
			t.Errorf("the principal stayed: %v", err)
		}
		if roles, err := db.AppRoles(ctx, contoso, broker, graph); err != nil || len(roles) != 0 {
			t.Errorf("the role stayed: %v, %v", roles, err)
		}
	})
}

func TestRemovingOnesOwnGrantsLeavesEveryonesAndTheOtherWayRound(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		ctx := t.Context()
		everyone, hers, his := grantFor("", graph, "User.Read"), grantFor("anna", mail, "Mail.Read"), grantFor("bob", mail, "Mail.Read")
		allow(t, db, "e1", everyone, hers, his)
		gone := consentEvent("e2")
		gone.Verb, gone.At = "consent.withdraw", noon.Add(time.Second)
		if err := db.RemoveGrants(ctx, contoso, broker, "anna", gone); err != nil {
			t.Fatal(err)
		}
		wantGrants(t, db, "anna", everyone)
		wantGrants(t, db, "bob", everyone, his)
		if err := db.RemoveGrants(ctx, contoso, broker, "", consentEvent("e3")); err != nil {
			t.Fatal(err)
		}
		wantGrants(t, db, "bob", his)
		events, err := db.Events(ctx, contoso, 1)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]audit.Event{gone}, events); diff != "" {
			t.Errorf("newest event (-want +got):\n%s", diff)
		}
	})
}

func TestAppRolesAreWidenedAndListedInOrderForOneResource(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		ctx := t.Context()
		if roles, err := db.AppRoles(ctx, contoso, broker, graph); err != nil || len(roles) != 0 {
			t.Fatalf("absent: %v, %v", roles, err)
		}
		for key, roles := range map[string][]string{"e1": {"User.Read.All", "Mail.Read"}, "e2": {"Mail.Read", "Group.Read.All"}} {
			if err := db.AddAppRoles(ctx, contoso, broker, graph, roles, consentEvent(key)); err != nil {
				t.Fatal(err)
			}
		}
		got, err := db.AppRoles(ctx, contoso, broker, graph)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"Group.Read.All", "Mail.Read", "User.Read.All"}, got); diff != "" {
			t.Errorf("roles (-want +got):\n%s", diff)
		}
		if roles, err := db.AppRoles(ctx, contoso, broker, mail); err != nil || len(roles) != 0 {
			t.Errorf("at another resource: %v, %v", roles, err)
		}
		if roles, err := db.AppRoles(ctx, fabrikam, broker, graph); err != nil || len(roles) != 0 {
			t.Errorf("in another tenant: %v, %v", roles, err)
		}
	})
}
