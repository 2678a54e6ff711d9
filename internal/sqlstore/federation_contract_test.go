package sqlstore_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/message"
	"github.com/entente-id/entente/internal/sqlstore"
	"github.com/entente-id/entente/internal/tenant"
	"github.com/google/go-cmp/cmp"
)

const (
	issuerA = "https://login.contoso.example"
	issuerB = "https://login.fabrikam.example"
)

func linkEvent(key string) audit.Event {
	return audit.Event{ID: key, At: noon, Tenant: contoso, Verb: "link.add"}
}

func linkOf(t id.Tenant, issuer, subject string, person id.Object) account.Link {
	return account.Link{Tenant: t, Issuer: issuer, Subject: subject, Account: person, Since: noon}
}

// newPeople are anna and bob of contoso, and carl of fabrikam.
func newPeople(t *testing.T, db *sqlstore.DB) {
	t.Helper()
	newTenant(t, db, contoso, "contoso.example")
	newTenant(t, db, fabrikam, "fabrikam.example")
	for _, a := range []account.Account{
		{Tenant: contoso, ID: "anna", SignInName: "anna@contoso.example"},
		{Tenant: contoso, ID: "bob", SignInName: "bob@contoso.example"},
		{Tenant: fabrikam, ID: "carl", SignInName: "carl@fabrikam.example"},
	} {
		if err := db.SaveAccount(t.Context(), a); err != nil {
			t.Fatal(err)
		}
	}
}

func wantLink(t *testing.T, db *sqlstore.DB, want account.Link) {
	t.Helper()
	got, err := db.Link(t.Context(), want.Tenant, want.Issuer, want.Subject)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("link (-want +got):\n%s", diff)
	}
}

func TestALinkIsFoundByTenantIssuerAndSubjectAlone(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		ctx := t.Context()
		newPeople(t, db)
		links := []account.Link{
			linkOf(contoso, issuerA, "s", "anna"), linkOf(contoso, issuerB, "s", "bob"), linkOf(contoso, issuerA, "S", "bob"), linkOf(fabrikam, issuerA, "s", "carl"),
		}
		for i, l := range links {
			if err := db.AddLink(ctx, l, linkEvent(fmt.Sprint(i))); err != nil {
				t.Fatal(err)
			}
		}
		for _, l := range links {
			wantLink(t, db, l)
		}
		for _, miss := range []account.Link{{Tenant: fabrikam, Issuer: issuerB, Subject: "s"}, {Tenant: contoso, Issuer: issuerA, Subject: "s "}, {Tenant: contoso, Issuer: issuerA + "/", Subject: "s"}} {
			if _, err := db.Link(ctx, miss.Tenant, miss.Issuer, miss.Subject); !fault.Has(err, fault.UpstreamUnlinked) {
				t.Errorf("%v: %v", miss, err)
			}
		}
		got, err := db.Links(ctx, contoso, "bob")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]account.Link{links[2], links[1]}, got); diff != "" {
			t.Errorf("bob's (-want +got):\n%s", diff)
		}
		if got, err := db.Links(ctx, fabrikam, "bob"); err != nil || len(got) != 0 {
			t.Errorf("in another tenant: %v, %v", got, err)
		}
	})
}

func TestALinkIsNeverMovedToSomebodyElse(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		ctx := t.Context()
		newPeople(t, db)
		mine := linkOf(contoso, issuerA, "s", "anna")
		if err := db.AddLink(ctx, mine, linkEvent("1")); err != nil {
			t.Fatal(err)
		}
		again := mine
		again.Since = noon.Add(time.Hour)
		if err := db.AddLink(ctx, again, linkEvent("2")); err != nil {
			t.Errorf("the same again: %v", err)
		}
		if err := db.AddLink(ctx, linkOf(contoso, issuerA, "s", "bob"), linkEvent("3")); !fault.Has(err, fault.ChangedMeanwhile) {
			t.Errorf("to bob: %v", err)
		}
		wantLink(t, db, mine)
		if err := db.AddLink(ctx, linkOf(contoso, issuerA, "new", "nobody"), linkEvent("4")); err == nil {
			t.Error("a link leads to nobody")
		}
		if events, err := db.Events(ctx, contoso, 10); err != nil || len(events) != 1 {
			t.Errorf("events: %v, %v", events, err)
		}
	})
}

func TestALinkIsUsedAndRemovedWithItsEvent(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		ctx := t.Context()
		newPeople(t, db)
		l := linkOf(contoso, issuerA, "s", "anna")
		if err := db.AddLink(ctx, l, linkEvent("1")); err != nil {
			t.Fatal(err)
		}
		if err := db.UseLink(ctx, l, noon.Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		l.LastUsed = noon.Add(time.Hour)
		wantLink(t, db, l)
		if _, err := db.RemoveLink(ctx, l, linkEvent("1")); err == nil {
			t.Error("a link was removed although its event was not kept")
		}
		wantLink(t, db, l)
		for _, other := range []account.Link{linkOf(fabrikam, issuerA, "s", "anna"), linkOf(contoso, issuerA, "s", "bob"), linkOf(contoso, issuerB, "s", "anna")} {
			if gone, err := db.RemoveLink(ctx, other, linkEvent("2")); err != nil || gone {
				t.Errorf("%v: %v, %v", other, gone, err)
			}
		}
		if gone, err := db.RemoveLink(ctx, l, linkEvent("2")); err != nil || !gone {
			t.Errorf("removed: %v, %v", gone, err)
		}
		if gone, err := db.RemoveLink(ctx, l, linkEvent("3")); err != nil || gone {
			t.Errorf("again: %v, %v", gone, err)
		}
	})
}

func TestAPersonJoinsWithTheirLinkOrNotAtAll(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		ctx := t.Context()
		newPeople(t, db)
		dora := account.Account{Tenant: contoso, ID: "dora", SignInName: "Dora@Contoso.example", Created: noon}
		if err := db.AddLinked(ctx, dora, linkOf(contoso, issuerA, "d", "dora"), linkEvent("1")); err != nil {
			t.Fatal(err)
		}
		if got, err := db.AccountNamed(ctx, contoso, account.FoldName("dora@contoso.example")); err != nil || got.ID != "dora" {
			t.Errorf("%v, %v", got, err)
		}
		wantLink(t, db, linkOf(contoso, issuerA, "d", "dora"))
		thief := account.Account{Tenant: contoso, ID: "thief", SignInName: "anna@contoso.example"}
		if err := db.AddLinked(ctx, thief, linkOf(contoso, issuerA, "t", "thief"), linkEvent("2")); !fault.Has(err, fault.NameTaken) {
			t.Errorf("somebody's name: %v", err)
		}
		if _, err := db.Link(ctx, contoso, issuerA, "t"); !fault.Has(err, fault.UpstreamUnlinked) {
			t.Errorf("the link stayed: %v", err)
		}
		twin := account.Account{Tenant: contoso, ID: "twin", SignInName: "twin@contoso.example"}
		if err := db.AddLinked(ctx, twin, linkOf(contoso, issuerA, "d", "twin"), linkEvent("3")); !fault.Has(err, fault.ChangedMeanwhile) {
			t.Errorf("somebody's link: %v", err)
		}
		if err := db.AddLinked(ctx, twin, linkOf(contoso, issuerA, "w", "twin"), linkEvent("1")); err == nil {
			t.Error("a person joined although the event was not kept")
		}
		if _, err := db.Account(ctx, contoso, "twin"); !fault.Has(err, fault.AccountUnknown) {
			t.Errorf("the account stayed: %v", err)
		}
	})
}

func TestOfManyFirstSignInsOfOnePersonOneMakesTheAccount(t *testing.T) {
	eachAddress(t, func(t *testing.T, address string) {
		ctx := within(t, time.Minute)
		nodes := []*sqlstore.DB{open(t, address, sqlstore.Options{}), open(t, address, sqlstore.Options{})}
		newPeople(t, nodes[0])
		var all sync.WaitGroup
		var made atomic.Int64
		for i := range 30 {
			key := id.Object(fmt.Sprintf("new-%02d", i))
			all.Go(func() {
				a := account.Account{Tenant: contoso, ID: key, SignInName: "new@contoso.example"}
				err := nodes[i%2].AddLinked(ctx, a, linkOf(contoso, issuerA, "n", key), linkEvent(string(key)))
				switch {
				case err == nil:
					made.Add(1)
				case !fault.Has(err, fault.ChangedMeanwhile) && !fault.Has(err, fault.NameTaken):
					t.Errorf("join: %v", err)
				}
			})
		}
		all.Wait()
		l, err := nodes[0].Link(ctx, contoso, issuerA, "n")
		if err != nil || made.Load() != 1 {
			t.Fatalf("made %d, %v", made.Load(), err)
		}
		if a, err := nodes[1].AccountNamed(ctx, contoso, "new@contoso.example"); err != nil || a.ID != l.Account {
			t.Errorf("the account is %s and the link leads to %s: %v", a.ID, l.Account, err)
		}
	})
}

func upstreamAt(issuer string) *tenant.Upstream {
	return &tenant.Upstream{State: tenant.UpstreamActive, Name: "Contoso", Issuer: issuer, ClientID: "c", SetBy: "anna", SetAt: noon, SecondFactor: tenant.DefaultFactorRules()}
}

func newSetupLink(t *testing.T, db *sqlstore.DB, key string) tenant.SetupLink {
	t.Helper()
	l := tenant.SetupLink{ID: key, Tenant: contoso, Purpose: tenant.SetupSignIn, By: tenant.LinkMaker{Tenant: contoso, Account: "anna"}, Made: noon, Expires: noon.Add(time.Hour)}
	if err := db.AddSetupLink(t.Context(), l, "digest "+key, linkEvent("make "+key), nil); err != nil {
		t.Fatal(err)
	}
	return l
}

func TestSavingASignInChangesNothingElseOfTheOrganisation(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		ctx := t.Context()
		org := newTenant(t, db, contoso, "contoso.example")
		save := func(u *tenant.Upstream, key string) error {
			return db.SaveUpstream(ctx, tenant.UpstreamChange{Tenant: contoso, Upstream: u, Event: linkEvent(key)})
		}
		if err := save(upstreamAt(issuerA), "1"); err != nil {
			t.Fatal(err)
		}
		org.Upstream = upstreamAt(issuerA)
		wantTenant(t, db, org)
		if err := save(upstreamAt(issuerB), "1"); err == nil {
			t.Error("a sign-in was saved although its event was not kept")
		}
		wantTenant(t, db, org)
		if err := db.UpstreamTested(ctx, contoso, noon.Add(time.Second), noon.Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		wantTenant(t, db, org)
		if err := db.UpstreamTested(ctx, contoso, noon, noon.Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		org.Upstream.TestedAt = noon.Add(time.Hour)
		wantTenant(t, db, org)
		if err := save(nil, "2"); err != nil {
			t.Fatal(err)
		}
		org.Upstream = nil
		wantTenant(t, db, org)
		err := db.SaveUpstream(ctx, tenant.UpstreamChange{Tenant: nobody, Upstream: upstreamAt(issuerA), Event: linkEvent("3")})
		if !fault.Has(err, fault.TenantUnknown) {
			t.Errorf("of nobody: %v", err)
		}
	})
}

func wantTenant(t *testing.T, db *sqlstore.DB, want tenant.Tenant) {
	t.Helper()
	got, err := db.Tenant(t.Context(), want.ID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("tenant (-want +got):\n%s", diff)
	}
}

func TestASetUpLinkSavesUntilItIsDoneOrRevokedOrOver(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		ctx := t.Context()
		newTenant(t, db, contoso, "contoso.example")
		newTenant(t, db, fabrikam, "fabrikam.example")
		link := newSetupLink(t, db, "link")
		save := func(of id.Tenant, key string, done bool, at time.Time) error {
			e := linkEvent(key)
			e.At = at
			return db.SaveUpstream(ctx, tenant.UpstreamChange{Tenant: of, Upstream: upstreamAt(issuerA), Link: "link", LinkDone: done, Event: e})
		}
		if err := save(fabrikam, "1", false, noon); !fault.Has(err, fault.SetupLinkUnusable) {
			t.Errorf("for another tenant: %v", err)
		}
		if err := save(contoso, "2", true, link.Expires); !fault.Has(err, fault.SetupLinkUnusable) {
			t.Errorf("when it is over: %v", err)
		}
		if got, err := db.Tenant(ctx, contoso); err != nil || got.Upstream != nil {
			t.Errorf("it saved nevertheless: %v, %v", got.Upstream, err)
		}
		for _, key := range []string{"3", "4"} {
			if err := save(contoso, key, false, noon); err != nil {
				t.Errorf("a draft: %v", err)
			}
		}
		if err := save(contoso, "5", true, noon.Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		link.Ended, link.Done = noon.Add(time.Minute), true
		got, err := db.SetupLink(ctx, "digest link")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(link, got); diff != "" {
			t.Errorf("link (-want +got):\n%s", diff)
		}
		if err := save(contoso, "6", false, noon.Add(time.Minute)); !fault.Has(err, fault.SetupLinkUnusable) {
			t.Errorf("when it is done: %v", err)
		}
	})
}

func TestSetUpLinksAreListedAndRevokedByTheirOrganisation(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		ctx := t.Context()
		newTenant(t, db, contoso, "contoso.example")
		newTenant(t, db, fabrikam, "fabrikam.example")
		first := newSetupLink(t, db, "first")
		second := first
		second.ID, second.Made = "second", noon.Add(time.Minute)
		mail := message.Sealed{ID: "mail", Body: []byte("sealed"), At: noon}
		if err := db.AddSetupLink(ctx, second, "digest second", linkEvent("second"), []message.Sealed{mail}); err != nil {
			t.Fatal(err)
		}
		if got, err := db.TakeMessages(ctx, noon, noon.Add(time.Minute), 10); err != nil || len(got) != 1 || got[0].ID != "mail" {
			t.Errorf("mails: %v, %v", got, err)
		}
		if _, err := db.SetupLink(ctx, "another digest"); !fault.Has(err, fault.SetupLinkUnusable) {
			t.Errorf("absent: %v", err)
		}
		if ok, err := db.RevokeSetupLink(ctx, fabrikam, "first", linkEvent("r1")); err != nil || ok {
			t.Errorf("by another tenant: %v, %v", ok, err)
		}
		revoke := linkEvent("r2")
		revoke.At = noon.Add(time.Second)
		if ok, err := db.RevokeSetupLink(ctx, contoso, "first", revoke); err != nil || !ok {
			t.Errorf("revoked: %v, %v", ok, err)
		}
		if ok, err := db.RevokeSetupLink(ctx, contoso, "first", linkEvent("r3")); err != nil || ok {
			t.Errorf("again: %v, %v", ok, err)
		}
		first.Ended = revoke.At
		got, err := db.SetupLinks(ctx, contoso, 10)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]tenant.SetupLink{second, first}, got); diff != "" {
			t.Errorf("links (-want +got):\n%s", diff)
		}
		if got, err := db.SetupLinks(ctx, contoso, 1); err != nil || len(got) != 1 {
			t.Errorf("of one: %v, %v", got, err)
		}
		if got, err := db.SetupLinks(ctx, fabrikam, 10); err != nil || len(got) != 0 {
			t.Errorf("of another tenant: %v, %v", got, err)
		}
	})
}
