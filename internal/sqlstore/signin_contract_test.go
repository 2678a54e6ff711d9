package sqlstore_test

import (
	"context"
	"crypto/rand"
	"testing"
	"time"

	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/session"
	"github.com/entente-id/entente/internal/sqlstore"
	"github.com/google/go-cmp/cmp"
)

func TestAnUnknownJourneyIsPageExpired(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		if _, _, err := db.Journey(t.Context(), "nowhere"); !fault.Has(err, fault.PageExpired) {
			t.Errorf("got %v", err)
		}
		if ok, err := db.SwapJourney(t.Context(), "nowhere", []byte{1}, 1); err != nil || ok {
			t.Errorf("moved on: %v, %v", ok, err)
		}
	})
}

func TestAJourneyBeginsAtVersionOneAndMovesByItsVersion(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		ctx := t.Context()
		if err := db.AddJourney(ctx, "j", []byte{1, 0, 0xff}, noon.UnixMicro()); err != nil {
			t.Fatal(err)
		}
		wantJourney(t, db, []byte{1, 0, 0xff}, 1)
		if ok, err := db.SwapJourney(ctx, "j", []byte{2}, 2); err != nil || ok {
			t.Errorf("by a version that is not there yet: %v, %v", ok, err)
		}
		if ok, err := db.SwapJourney(ctx, "j", []byte{2}, 1); err != nil || !ok {
			t.Errorf("by its version: %v, %v", ok, err)
		}
		if ok, err := db.SwapJourney(ctx, "j", []byte{3}, 1); err != nil || ok {
			t.Errorf("by a former version: %v, %v", ok, err)
		}
		wantJourney(t, db, []byte{2}, 2)
	})
}

func wantJourney(t *testing.T, db *sqlstore.DB, sealed []byte, version int64) {
	t.Helper()
	got, at, err := db.Journey(t.Context(), "j")
	if err != nil {
		t.Fatalf("read journey: %v", err)
	}
	if diff := cmp.Diff(sealed, got); diff != "" || at != version {
		t.Errorf("version %d, want %d; sealed (-want +got):\n%s", at, version, diff)
	}
}

func TestAJourneyIsKeptOnce(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		if err := db.AddJourney(t.Context(), "j", []byte{1}, noon.UnixMicro()); err != nil {
			t.Fatal(err)
		}
		if err := db.AddJourney(t.Context(), "j", []byte{2}, noon.UnixMicro()); err == nil {
			t.Error("a second journey took the id")
		}
		wantJourney(t, db, []byte{1}, 1)
	})
}

func TestOfManyWhoMoveOneJourneyAtOnceOneWins(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		ctx := within(t, time.Minute)
		if err := db.AddJourney(ctx, "j", []byte{1}, noon.UnixMicro()); err != nil {
			t.Fatal(err)
		}
		if won := winnersOf(t, 50, func() (bool, error) { return db.SwapJourney(ctx, "j", []byte{2}, 1) }); won != 1 {
			t.Errorf("%d winners", won)
		}
		wantJourney(t, db, []byte{2}, 2)
	})
}

func browserSession(key string) session.Session {
	return session.Session{
		ID: key, SecretHash: []byte{1, 0, 0xff}, Created: noon,
		People: []session.Signed{
			{Home: contoso, Account: "anna", SignInName: "ånna@contoso.example", Display: "Ånna", Methods: []string{"pwd", "mfa"},
				AuthAt: noon, FactorAt: noon.Add(time.Second), SID: "s1"},
			{Home: fabrikam, Account: "bob", SignInName: "bob@fabrikam.example", AuthAt: noon, SID: "s2"},
		},
	}
}

// startSession keeps a session with a sign-in that nobody looks at.
func startSession(ctx context.Context, db *sqlstore.DB, s session.Session, old string) error {
	return db.StartSession(ctx, s, old, audit.SignIn{ID: rand.Text(), Tenant: contoso, At: noon})
}

func TestAnUnknownSessionIsNotSignedIn(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		if _, err := db.Session(t.Context(), "nowhere"); !fault.Has(err, fault.NotSignedIn) {
			t.Errorf("got %v", err)
		}
	})
}

func TestANewSessionEndsTheOldOneAndNoOther(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		ctx := t.Context()
		for _, s := range []struct{ key, old string }{{"first", ""}, {"bystander", ""}, {"second", "first"}} {
			if err := startSession(ctx, db, browserSession(s.key), s.old); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := db.Session(ctx, "first"); !fault.Has(err, fault.NotSignedIn) {
			t.Errorf("the old session: %v", err)
		}
		for _, key := range []string{"second", "bystander"} {
			got, err := db.Session(ctx, key)
			if err != nil {
				t.Fatalf("%s: %v", key, err)
			}
			if diff := cmp.Diff(browserSession(key), got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", key, diff)
			}
		}
	})
}

func TestASessionThatReplacesItselfIsKept(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		ctx := t.Context()
		want := browserSession("s")
		if err := startSession(ctx, db, want, ""); err != nil {
			t.Fatal(err)
		}
		want.People = want.People[:1]
		for _, old := range []string{"", "s"} {
			if err := startSession(ctx, db, want, old); err != nil {
				t.Fatal(err)
			}
			got, err := db.Session(ctx, "s")
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("old %q (-want +got):\n%s", old, diff)
			}
		}
	})
}

func TestAnEndedSessionIsGoneAndEndingItAgainIsNoError(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		ctx := t.Context()
		if err := startSession(ctx, db, browserSession("s"), ""); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := db.EndSession(ctx, session.Session{ID: "s"}, nil, noon); err != nil {
				t.Error(err)
			}
			if _, err := db.Session(ctx, "s"); !fault.Has(err, fault.NotSignedIn) {
				t.Errorf("after its end: %v", err)
			}
		}
	})
}

func TestASignInIsKeptWithItsSessionForItsTime(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		ctx := t.Context()
		want := audit.SignIn{ID: "1", At: noon, Tenant: contoso, Account: "a", SignInName: "anna@contoso.example", Name: "Anna", App: broker, AppName: "Broker",
			CorrelationID: "c", Methods: []string{"pwd", "mfa"}, Browser: "Firefox"}
		later := want
		later.ID, later.At = "2", noon.Add(time.Hour)
		if err := db.StartSession(ctx, browserSession("s"), "", want); err != nil {
			t.Fatal(err)
		}
		if err := db.StartSession(ctx, browserSession("t"), "s", later); err != nil {
			t.Fatal(err)
		}
		if _, err := db.Session(ctx, "s"); !fault.Has(err, fault.NotSignedIn) {
			t.Errorf("the old session: %v", err)
		}
		got, err := db.SignIns(ctx, contoso, 10)
		if diff := cmp.Diff([]audit.SignIn{later, want}, got); err != nil || diff != "" {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
		if foreign, err := db.SignIns(ctx, fabrikam, 10); err != nil || len(foreign) != 0 {
			t.Errorf("another organisation reads %v, %v", foreign, err)
		}
		if err := db.Prune(ctx, noon.Add(audit.SignInsKept+time.Minute)); err != nil {
			t.Fatal(err)
		}
		if got, err := db.SignIns(ctx, contoso, 10); err != nil || len(got) != 1 || got[0].ID != "2" {
			t.Errorf("after its time: %v, %v", got, err)
		}
	})
}
