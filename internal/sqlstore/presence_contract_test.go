package sqlstore_test

import (
	"context"
	"testing"
	"time"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/credential"
	"github.com/entente-id/entente/internal/delegated"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/presence"
	"github.com/entente-id/entente/internal/session"
	"github.com/entente-id/entente/internal/sqlstore"
	"github.com/entente-id/entente/internal/tenant"
	"github.com/google/go-cmp/cmp"
)

// present fills a store with a session of Anna (Contoso, "s1") and Bob
// (Fabrikam, "s2") and gives where they are signed in.
func present(t *testing.T, db *sqlstore.DB) (anna, annaElsewhere, bob presence.Presence) {
	t.Helper()
	for _, key := range []id.Tenant{contoso, fabrikam} {
		if err := db.SaveTenant(t.Context(), tenant.Tenant{ID: key}); err != nil {
			t.Fatal(err)
		}
	}
	if err := startSession(t.Context(), db, browserSession("s"), ""); err != nil {
		t.Fatal(err)
	}
	anna = presence.Presence{Tenant: contoso, Account: "anna", SID: "s1", App: "app-1", Version: 2, At: noon}
	annaElsewhere = presence.Presence{Tenant: contoso, Account: "anna", SID: "s1", App: "app-2", Version: 1, At: noon}
	// The same session id in another tenant is somebody else's.
	bob = presence.Presence{Tenant: fabrikam, Account: "bob", SID: "s1", App: "app-1", Version: 2, At: noon}
	for _, p := range []presence.Presence{anna, annaElsewhere, bob, anna} {
		if err := db.AddPresence(t.Context(), p); err != nil {
			t.Fatal(err)
		}
	}
	return anna, annaElsewhere, bob
}

func taken(t *testing.T, db *sqlstore.DB, now time.Time, want ...presence.Presence) {
	t.Helper()
	got, err := db.TakeEnded(t.Context(), now, now.Add(time.Minute), 10)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("at %v (-want +got):\n%s", now, diff)
	}
}

func TestTheEndOfASessionIsDueWhereItsPersonWasSignedInAndNowhereElse(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		ctx := t.Context()
		anna, elsewhere, bob := present(t, db)
		taken(t, db, noon.Add(24*time.Hour))
		if got, err := db.PresencesOf(ctx, contoso, "s1"); err != nil || cmp.Diff([]presence.Presence{anna, elsewhere}, got) != "" {
			t.Errorf("Anna is at %v, %v", got, err)
		}
		s := browserSession("s")
		left := s.People[:1]
		s.People = s.People[1:]
		if err := db.EndSession(ctx, s, left, noon); err != nil {
			t.Fatal(err)
		}
		if got, err := db.Session(ctx, "s"); err != nil || len(got.People) != 1 || got.People[0].Account != "bob" {
			t.Errorf("who remains: %v, %v", got, err)
		}
		taken(t, db, noon, anna, elsewhere)
		taken(t, db, noon)
		if err := db.ForgetPresence(ctx, elsewhere); err != nil {
			t.Fatal(err)
		}
		if err := db.DelayPresence(ctx, anna, noon.Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		anna.Tries = 1
		taken(t, db, noon.Add(time.Hour-time.Microsecond))
		taken(t, db, noon.Add(time.Hour), anna)
		// Whoever took it and died gives it back by its lease.
		taken(t, db, noon.Add(time.Hour+time.Minute), anna)
		if got, err := db.PresencesOf(ctx, fabrikam, "s1"); err != nil || cmp.Diff([]presence.Presence{bob}, got) != "" {
			t.Errorf("Bob is at %v, %v", got, err)
		}
		if err := db.EndSession(ctx, session.Session{ID: "s"}, []session.Signed{{Home: fabrikam, SID: "s2", Earlier: []string{"s0", "s1"}}}, noon); err != nil {
			t.Fatal(err)
		}
		if _, err := db.Session(ctx, "s"); !fault.Has(err, fault.NotSignedIn) {
			t.Errorf("the session of nobody: %v", err)
		}
		taken(t, db, noon, bob)
	})
}

// TestWhateverEndsThePersonsSessionsIsDueWhereTheyWereSignedIn: an admin, the
// person elsewhere, another password, and the end of the account.
func TestWhateverEndsThePersonsSessionsIsDueWhereTheyWereSignedIn(t *testing.T) {
	later := noon.Add(time.Minute)
	owner := credential.Owner{Tenant: contoso, Account: "anna"}
	end := func(a *account.Account) error {
		a.SessionsFrom = later
		return nil
	}
	for name, c := range map[string]struct {
		do   func(ctx context.Context, db *sqlstore.DB) error
		ends bool
	}{
		"ended": {ends: true, do: func(ctx context.Context, db *sqlstore.DB) error {
			return db.AmendAccount(ctx, contoso, "anna", end, event("e"))
		}},
		"ended with another name": {ends: true, do: func(ctx context.Context, db *sqlstore.DB) error {
			return db.AmendMember(ctx, contoso, "anna", end, "", event("e"))
		}},
		"another password": {ends: true, do: func(ctx context.Context, db *sqlstore.DB) error {
			return db.ChangePassword(ctx, owner, "hash", end, nil, event("e"))
		}},
		"deleted": {ends: true, do: func(ctx context.Context, db *sqlstore.DB) error {
			return db.DropMember(ctx, contoso, "anna", func(account.Account) error { return nil }, delegated.Dropped{At: later}, event("e"))
		}},
		"another job title": {do: func(ctx context.Context, db *sqlstore.DB) error {
			return db.AmendAccount(ctx, contoso, "anna", func(a *account.Account) error {
				a.JobTitle = "CEO"
				return nil
			}, event("e"))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
				ctx := t.Context()
				anna, elsewhere, bob := present(t, db)
				if err := db.SaveAccount(ctx, account.Account{Tenant: contoso, ID: "anna", SignInName: "anna@contoso.example", SessionsFrom: noon.Add(-time.Hour)}); err != nil {
					t.Fatal(err)
				}
				// She signs in anew, after what ends the sessions before it.
				since := presence.Presence{Tenant: contoso, Account: "anna", SID: "s3", App: "app-1", Version: 2, At: later}
				if err := db.AddPresence(ctx, since); err != nil {
					t.Fatal(err)
				}
				if err := c.do(ctx, db); err != nil {
					t.Fatal(err)
				}
				var want []presence.Presence
				if c.ends {
					want = []presence.Presence{anna, elsewhere}
				}
				if name == "deleted" {
					want = append(want, since)
				}
				taken(t, db, later.Add(time.Hour), want...)
				if got, err := db.PresencesOf(ctx, fabrikam, "s1"); err != nil || len(got) != 1 || got[0].Account != bob.Account {
					t.Errorf("Bob is at %v, %v", got, err)
				}
			})
		})
	}
}

func TestANoticeGoesToOneNode(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		present(t, db)
		if err := db.EndSession(t.Context(), session.Session{ID: "s"}, browserSession("s").People[:1], noon); err != nil {
			t.Fatal(err)
		}
		ctx := within(t, time.Minute)
		if won := winnersOf(t, 20, func() (bool, error) {
			got, err := db.TakeEnded(ctx, noon, noon.Add(time.Minute), 1)
			return len(got) == 1 && got[0].App == "app-1", err
		}); won != 1 {
			t.Errorf("%d nodes have it", won)
		}
	})
}

func TestASessionThatEndedByItselfIsForgottenAndANoticeIsNot(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		anna, elsewhere, _ := present(t, db)
		if err := db.EndSession(t.Context(), session.Session{ID: "s"}, browserSession("s").People[:1], noon); err != nil {
			t.Fatal(err)
		}
		for _, row := range []struct {
			at   time.Time
			kept int
		}{{noon.Add(48 * time.Hour), 1}, {noon.Add(48*time.Hour + time.Microsecond), 0}} {
			if err := db.Prune(t.Context(), row.at); err != nil {
				t.Fatal(err)
			}
			if got, err := db.PresencesOf(t.Context(), fabrikam, "s1"); err != nil || len(got) != row.kept {
				t.Errorf("at %v Bob is at %v, %v", row.at, got, err)
			}
		}
		taken(t, db, noon.Add(100*time.Hour), anna, elsewhere)
	})
}
