package sqlstore_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/consent"
	"github.com/entente-id/entente/internal/customer"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/sqlstore"
	"github.com/google/go-cmp/cmp"
)

func event(key string) audit.Event { return audit.Event{ID: key, At: noon, Tenant: contoso} }

func TestARelationshipIsSeenByItsSidesAndAnOpenInvitationByAll(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		ctx := t.Context()
		newTenant(t, db, contoso, "contoso.example")
		taken := customer.Relationship{ID: "r1", Partner: contoso, Customer: adatum, DisplayName: "one", Status: customer.ApprovalPending, Since: noon}
		open := customer.Relationship{ID: "r2", Partner: contoso, DisplayName: "two", Status: customer.ApprovalPending, Since: noon}
		draft := customer.Relationship{ID: "r3", Partner: contoso, DisplayName: "three", Status: customer.Created}
		for _, r := range []customer.Relationship{taken, open, draft} {
			if err := db.AddRelationship(ctx, r, event(r.ID)); err != nil {
				t.Fatal(err)
			}
		}
		for _, c := range []struct {
			by   id.Tenant
			key  string
			seen bool
		}{{contoso, "r1", true}, {adatum, "r1", true}, {fabrikam, "r1", false}, {fabrikam, "r2", true}, {fabrikam, "r3", false}, {contoso, "r4", false}} {
			_, err := db.Relationship(ctx, c.by, c.key)
			if c.seen != (err == nil) || err != nil && !fault.Has(err, fault.ObjectUnknown) {
				t.Errorf("%s of %s: %v", c.key, c.by, err)
			}
		}
		list, err := db.RelationshipsOf(ctx, contoso, "r1", 1)
		if err != nil || len(list) != 1 || list[0].ID != "r2" {
			t.Errorf("after r1: %v, %v", list, err)
		}
		due, err := db.DueRelationships(ctx, noon.Add(91*24*time.Hour), 10)
		if err != nil || len(due) != 2 {
			t.Errorf("due are %d, %v", len(due), err)
		}
	})
}

func TestANameOfARelationshipIsOnePartnersOnce(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		ctx := t.Context()
		newTenant(t, db, contoso, "contoso.example")
		newTenant(t, db, fabrikam, "fabrikam.example")
		one := customer.Relationship{ID: "r1", Partner: contoso, DisplayName: "Straße", Status: customer.Created}
		if err := db.AddRelationship(ctx, one, event("1")); err != nil {
			t.Fatal(err)
		}
		other := customer.Relationship{ID: "r2", Partner: contoso, DisplayName: "STRASSE", Status: customer.Created}
		if err := db.AddRelationship(ctx, other, event("2")); !fault.Has(err, fault.StateConflict) {
			t.Errorf("again: %v", err)
		}
		other.Partner = fabrikam
		if err := db.AddRelationship(ctx, other, event("3")); err != nil {
			t.Errorf("another partner's: %v", err)
		}
		third := customer.Relationship{ID: "r3", Partner: contoso, DisplayName: "third", Status: customer.Created}
		if err := db.AddRelationship(ctx, third, event("4")); err != nil {
			t.Fatal(err)
		}
		third.DisplayName = "strasse"
		if _, err := db.SwapRelationship(ctx, third, nil); !fault.Has(err, fault.StateConflict) {
			t.Errorf("renamed: %v", err)
		}
		if events, _ := db.Events(ctx, contoso, 10); len(events) != 3 {
			t.Errorf("%d events", len(events))
		}
	})
}

func TestOfManyWhoChangeOneRelationshipAtOnceOneWins(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		ctx := t.Context()
		newTenant(t, db, contoso, "contoso.example")
		r := customer.Relationship{ID: "r1", Partner: contoso, DisplayName: "one", Status: customer.Created}
		if err := db.AddRelationship(ctx, r, event("made")); err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		var won atomic.Int64
		for i := range 20 {
			all.Go(func() {
				mine := r
				mine.Duration = fmt.Sprint(i)
				ok, err := db.SwapRelationship(ctx, mine, []audit.Event{event(fmt.Sprint("swap ", i))})
				if err != nil {
					t.Error(err)
				}
				if ok {
					won.Add(1)
				}
			})
		}
		all.Wait()
		if events, _ := db.Events(ctx, contoso, 100); won.Load() != 1 || len(events) != 2 {
			t.Errorf("%d won, %d events", won.Load(), len(events))
		}
		if gone, err := db.RemoveRelationship(ctx, r, event("old")); gone || err != nil {
			t.Errorf("an old version was removed: %v", err)
		}
		now, err := db.Relationship(ctx, contoso, "r1")
		if err != nil {
			t.Fatal(err)
		}
		if gone, err := db.RemoveRelationship(ctx, now, event("gone")); !gone || err != nil {
			t.Errorf("removed: %v, %v", gone, err)
		}
	})
}

func TestAGroupGoesWithAllItsMemberships(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		ctx := t.Context()
		newTenant(t, db, contoso, "contoso.example")
		newTenant(t, db, fabrikam, "fabrikam.example")
		g := account.Group{Tenant: contoso, ID: "g1", Key: "g1", Name: "Team", Security: true, Created: noon}
		for _, one := range []account.Group{g, {Tenant: contoso, ID: "g2", Key: "AdminAgents"}, {Tenant: fabrikam, ID: "g1", Key: "g1"}} {
			if err := db.SaveGroup(ctx, one, event(string(one.Tenant)+string(one.ID))); err != nil {
				t.Fatal(err)
			}
		}
		for _, t2 := range []id.Tenant{contoso, fabrikam} {
			if err := db.SaveAccount(ctx, account.Account{Tenant: t2, ID: "a", SignInName: "a@x.example", Groups: []string{"g1", "g12"}}); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := db.Group(ctx, contoso, "g1"); err != nil || !cmp.Equal(got, g) {
			t.Errorf("%+v, %v", got, err)
		}
		if got, err := db.GroupKeyed(ctx, contoso, "AdminAgents"); err != nil || got.ID != "g2" {
			t.Errorf("by key %+v, %v", got, err)
		}
		if list, err := db.Groups(ctx, contoso, "g1", 5); err != nil || len(list) != 1 {
			t.Errorf("after g1: %v, %v", list, err)
		}
		if err := db.DeleteGroup(ctx, g, event("delete")); err != nil {
			t.Fatal(err)
		}
		if err := db.DeleteGroup(ctx, g, event("again")); !fault.Has(err, fault.ObjectUnknown) {
			t.Errorf("again: %v", err)
		}
		if a, err := db.Account(ctx, contoso, "a"); err != nil || !cmp.Equal(a.Groups, []string{"g12"}) {
			t.Errorf("the member is in %v, %v", a.Groups, err)
		}
		if a, err := db.Account(ctx, fabrikam, "a"); err != nil || len(a.Groups) != 2 {
			t.Errorf("another organisation's member is in %v, %v", a.Groups, err)
		}
	})
}

func TestAnAmendmentThatFailsLeavesNothingAndTwoAtOnceAreBothMade(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		ctx := t.Context()
		newTenant(t, db, contoso, "contoso.example")
		if err := db.SaveAccount(ctx, account.Account{Tenant: contoso, ID: "a", SignInName: "a@x.example"}); err != nil {
			t.Fatal(err)
		}
		refuse := func(*account.Account) error { return fault.New(fault.ReferenceExists) }
		if err := db.AmendAccount(ctx, contoso, "a", refuse, event("refused")); !fault.Has(err, fault.ReferenceExists) {
			t.Errorf("refused: %v", err)
		}
		if err := db.AmendAccount(ctx, contoso, "b", refuse, event("absent")); !fault.Has(err, fault.AccountUnknown) {
			t.Errorf("absent: %v", err)
		}
		var all sync.WaitGroup
		for i := range 20 {
			all.Go(func() {
				add := func(a *account.Account) error {
					a.Groups = append(a.Groups, fmt.Sprint(i))
					return nil
				}
				if err := db.AmendAccount(ctx, contoso, "a", add, event(fmt.Sprint(i))); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		a, err := db.Account(ctx, contoso, "a")
		if events, _ := db.Events(ctx, contoso, 100); err != nil || len(a.Groups) != 20 || len(events) != 20 {
			t.Errorf("%d groups, %d events, %v", len(a.Groups), len(events), err)
		}
		if err := db.DeleteAccount(ctx, contoso, "a", event("delete")); err != nil {
			t.Fatal(err)
		}
		if err := db.DeleteAccount(ctx, contoso, "a", event("delete again")); !fault.Has(err, fault.AccountUnknown) {
			t.Errorf("again: %v", err)
		}
	})
}

func TestAPrincipalGoesWithWhatItWasAllowed(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		ctx := t.Context()
		newTenant(t, db, contoso, "contoso.example")
		p := application.Principal{Tenant: contoso, ID: "p1", App: "app", Created: noon}
		if added, err := db.AddPrincipal(ctx, p, event("add")); !added || err != nil {
			t.Fatal(added, err)
		}
		if added, err := db.AddPrincipal(ctx, application.Principal{Tenant: contoso, ID: "p2", App: "app"}, event("twice")); added || err != nil {
			t.Errorf("twice: %v, %v", added, err)
		}
		if got, err := db.PrincipalByID(ctx, contoso, "p1"); err != nil || !cmp.Equal(got, p) {
			t.Errorf("%+v, %v", got, err)
		}
		if _, err := db.PrincipalByID(ctx, fabrikam, "p1"); !fault.Has(err, fault.ObjectUnknown) {
			t.Errorf("another organisation's: %v", err)
		}
		g := consent.Grant{Tenant: contoso, Client: "app", Resource: "api", Scopes: []string{"a", "b"}, Given: noon}
		if err := db.SetGrant(ctx, g, event("absent")); !fault.Has(err, fault.ObjectUnknown) {
			t.Errorf("no grant: %v", err)
		}
		if err := db.AddGrants(ctx, []consent.Grant{g}, nil, event("grant")); err != nil {
			t.Fatal(err)
		}
		g.Scopes = []string{"c"}
		if err := db.SetGrant(ctx, g, event("set")); err != nil {
			t.Fatal(err)
		}
		if list, err := db.Grants(ctx, contoso, "app", "nobody"); err != nil || len(list) != 1 || !cmp.Equal(list[0].Scopes, []string{"c"}) {
			t.Errorf("%v, %v", list, err)
		}
		if err := db.AddAppRoles(ctx, contoso, "app", "api", []string{"R"}, event("role")); err != nil {
			t.Fatal(err)
		}
		role := consent.AppRole{Client: "app", Resource: "api", Name: "R"}
		for _, c := range []struct {
			client, resource id.App
			want             int
		}{{"", "", 1}, {"app", "", 1}, {"", "api", 1}, {"api", "", 0}, {"", "app", 0}} {
			if list, err := db.AppRolesIn(ctx, contoso, c.client, c.resource); err != nil || len(list) != c.want {
				t.Errorf("of %q at %q: %v, %v", c.client, c.resource, list, err)
			}
		}
		if err := db.RemoveAppRole(ctx, contoso, role, event("take")); err != nil {
			t.Fatal(err)
		}
		if err := db.RemoveAppRole(ctx, contoso, role, event("take again")); !fault.Has(err, fault.ObjectUnknown) {
			t.Errorf("again: %v", err)
		}
		p.Disabled, p.AssignmentRequired = true, true
		if err := db.ChangePrincipal(ctx, p, event("change")); err != nil {
			t.Fatal(err)
		}
		if list, err := db.Principals(ctx, contoso, "", 5); err != nil || len(list) != 1 || !list[0].Disabled || !list[0].AssignmentRequired {
			t.Errorf("%v, %v", list, err)
		}
		if err := db.RemovePrincipal(ctx, p, event("remove")); err != nil {
			t.Fatal(err)
		}
		if list, err := db.GrantsTo(ctx, contoso, ""); err != nil || len(list) != 0 {
			t.Errorf("left are %v, %v", list, err)
		}
	})
}
