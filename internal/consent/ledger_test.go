package consent_test

import (
	"crypto/rand"
	"testing"
	"time"

	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/consent"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/sqlstore"
	"github.com/entente-id/entente/internal/sqlstore/storetest"
	"github.com/entente-id/entente/internal/tenant"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

var (
	noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	anna = audit.Caller{Tenant: contoso, Account: "anna", SignInName: "anna@contoso.example", App: "the-pages"}
	bob  = audit.Caller{Tenant: contoso, Account: "bob", SignInName: "bob@contoso.example", App: "the-pages"}
)

// world is one store with two ledgers over it, as two nodes have.
type world struct {
	db          *sqlstore.DB
	here, there *consent.Ledger
	now         time.Time
}

func newWorld(t *testing.T) *world {
	t.Helper()
	db := storetest.Open(t)
	if err := db.SaveTenant(t.Context(), tenant.Tenant{ID: contoso, Name: "Contoso"}); err != nil {
		t.Fatal(err)
	}
	w := &world{db: db, now: noon}
	source := id.Source{Now: func() time.Time { return w.now }, Random: rand.Reader}
	w.here, w.there = consent.NewLedger(db, source), consent.NewLedger(db, source)
	return w
}

func give(t *testing.T, l *consent.Ledger, by audit.Caller, forAll bool, asked ...consent.Asked) {
	t.Helper()
	if err := l.Give(t.Context(), by, broker.App, asked, forAll); err != nil {
		t.Fatalf("give: %v", err)
	}
}

// covered asks the cached answer whether the broker may have mail for somebody.
func covered(t *testing.T, l *consent.Ledger, by audit.Caller) bool {
	t.Helper()
	_, ok, err := l.Covers(t.Context(), contoso, broker, by.Account, named(graph, "Mail.Read"))
	if err != nil {
		t.Fatalf("covers: %v", err)
	}
	return ok
}

func TestAConsentForOneselfHoldsForNobodyElse(t *testing.T) {
	w := newWorld(t)
	give(t, w.here, anna, false, ask(graph, "Mail.Read"))
	if !covered(t, w.here, anna) {
		t.Error("not for herself")
	}
	if covered(t, w.here, bob) {
		t.Error("also for bob")
	}
	if a, err := w.here.Allowed(t.Context(), contoso, broker.App, bob.Account); err != nil || a.Known {
		t.Errorf("the broker is known to bob: %v, %v", a, err)
	}
}

func TestAConsentForEveryoneHoldsForEachAndJoinsTheirOwn(t *testing.T) {
	w := newWorld(t)
	give(t, w.here, anna, true, ask(graph, "Mail.Read"))
	give(t, w.here, bob, false, ask(graph, "User.Read", "Mail.Read"), ask(partnerCenter, "user_impersonation"))
	for _, by := range []audit.Caller{anna, bob} {
		if !covered(t, w.here, by) {
			t.Errorf("not for %s", by.Account)
		}
	}
	a, err := w.here.Allowed(t.Context(), contoso, broker.App, bob.Account)
	if err != nil || !a.Known {
		t.Fatalf("%v, %v", a, err)
	}
	if diff := cmp.Diff([]string{"Mail.Read", "User.Read"}, a.At(graph.App)); diff != "" {
		t.Errorf("bob's at the directory (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"user_impersonation"}, a.At(partnerCenter.App)); diff != "" {
		t.Errorf("bob's at Partner Center (-want +got):\n%s", diff)
	}
}

func TestAConsentMakesPrincipalsAndAnEvent(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	give(t, w.here, anna, false, ask(graph, "Mail.Read", "User.Read"), ask(partnerCenter, "user_impersonation"))
	w.now = noon.Add(time.Minute)
	give(t, w.here, anna, true, ask(graph, "User.Read"))
	for _, app := range []id.App{broker.App, graph.App, partnerCenter.App} {
		p, err := w.db.Principal(ctx, contoso, app)
		if err != nil || p.ID == "" || !p.Created.Equal(noon) {
			t.Errorf("principal of %s: %+v, %v", app, p, err)
		}
	}
	got, err := w.db.Events(ctx, contoso, 10)
	if err != nil {
		t.Fatal(err)
	}
	event := audit.Event{At: noon, Tenant: contoso, Account: anna.Account, SignInName: anna.SignInName, App: anna.App, Verb: "consent.give", Object: string(broker.App)}
	self, everyone := event, event
	self.Facts = map[string]string{"for": "self", "permissions": application.GraphApp + ": Mail.Read User.Read; " + string(partnerCenter.App) + ": user_impersonation"}
	everyone.At, everyone.Facts = noon.Add(time.Minute), map[string]string{"for": "everyone", "permissions": application.GraphApp + ": User.Read"}
	if diff := cmp.Diff([]audit.Event{everyone, self}, got, cmpopts.IgnoreFields(audit.Event{}, "ID")); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

func TestWithdrawingForOneselfLeavesEveryonesAndTheOtherWayRound(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	give(t, w.here, anna, false, ask(graph, "Mail.Read"))
	give(t, w.here, bob, false, ask(graph, "Mail.Read"))
	give(t, w.here, anna, true, ask(graph, "Mail.Read"))
	for _, step := range []struct {
		by        audit.Caller
		forAll    bool
		anna, bob bool
	}{{anna, false, true, true}, {anna, true, false, true}, {bob, false, false, false}} {
		if err := w.here.Withdraw(ctx, step.by, broker.App, step.forAll); err != nil {
			t.Fatal(err)
		}
		// This node forgets at once what it changed itself.
		if a, b := covered(t, w.here, anna), covered(t, w.here, bob); a != step.anna || b != step.bob {
			t.Errorf("after %s, for all %v: anna %v, bob %v", step.by.Account, step.forAll, a, b)
		}
	}
}

// TestAConsentGivenElsewhereIsSeenAtOnce: the clock stands still, so nothing
// grows old in the first node's memory.
func TestAConsentGivenElsewhereIsSeenAtOnce(t *testing.T) {
	w := newWorld(t)
	if covered(t, w.here, anna) {
		t.Fatal("before any consent")
	}
	give(t, w.there, anna, false, ask(graph, "Mail.Read"))
	if !covered(t, w.here, anna) {
		t.Error("a remembered no outlived the consent")
	}
}

func TestAWithdrawalElsewhereIsSeenWithinASecond(t *testing.T) {
	w := newWorld(t)
	give(t, w.here, anna, false, ask(graph, "Mail.Read"))
	if !covered(t, w.here, anna) {
		t.Fatal("not given")
	}
	if err := w.there.Withdraw(t.Context(), anna, broker.App, false); err != nil {
		t.Fatal(err)
	}
	w.now = w.now.Add(time.Second)
	if covered(t, w.here, anna) {
		t.Error("a withdrawal is unseen after a second")
	}
}

func TestAppRolesAreGivenToOneClientAtOneResource(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	roles := func() []string {
		t.Helper()
		got, err := w.here.AppRoles(ctx, contoso, broker.App, graph.App)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	if got := roles(); len(got) != 0 {
		t.Errorf("before: %v", got)
	}
	for _, give := range [][]string{{"User.Read.All"}, {"Mail.Read", "User.Read.All"}} {
		if err := w.here.GiveAppRoles(ctx, anna, broker.App, graph.App, give); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]string{"Mail.Read", "User.Read.All"}, roles()); diff != "" {
		t.Errorf("roles (-want +got):\n%s", diff)
	}
	if got, err := w.here.AppRoles(ctx, contoso, broker.App, partnerCenter.App); err != nil || len(got) != 0 {
		t.Errorf("at another resource: %v, %v", got, err)
	}
}
