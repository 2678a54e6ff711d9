package sqlstore_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/session"
	"github.com/entente-id/entente/internal/signingkey"
	"github.com/entente-id/entente/internal/sqlstore"
	"github.com/entente-id/entente/internal/token"
	"github.com/google/go-cmp/cmp"
)

func storedKey(realm signingkey.Realm, slot int64, mark byte) signingkey.Stored {
	return signingkey.Stored{
		Realm: realm, Algorithm: signingkey.RS256, Slot: slot, Sealed: []byte{mark, 0, 0xff}, Certificate: []byte{0x30, mark},
		Published: noon, Active: noon.Add(48 * time.Hour),
	}
}

func TestASigningKeyIsKeptAndATakenSlotIsLeft(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		ctx := t.Context()
		if list, err := db.SigningKeys(ctx); err != nil || len(list) != 0 {
			t.Fatalf("a new world: %v, %v", list, err)
		}
		consumers, first, second := storedKey(signingkey.Consumers, 0, 1), storedKey(signingkey.Work, 0, 2), storedKey(signingkey.Work, 1, 3)
		for _, k := range []signingkey.Stored{second, first, storedKey(signingkey.Work, 0, 9), consumers} {
			if err := db.AddSigningKey(ctx, k); err != nil {
				t.Fatal(err)
			}
		}
		got, err := db.SigningKeys(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]signingkey.Stored{consumers, first, second}, got); diff != "" {
			t.Errorf("keys, oldest first (-want +got):\n%s", diff)
		}
	})
}

// family has a value of its own in every field, so that a column that is
// forgotten or swapped shows.
func family(key string) token.Family {
	return token.Family{
		ID: key,
		Grant: token.Grant{
			Client: broker, Home: contoso, Account: "anna", SignInName: "ånna@contoso.example", Authority: fabrikam,
			RedirectURI: "https://broker.example/cb", RedirectGiven: true, Browser: true, Scope: "openid api://x/.default",
			Resource: "https://graph.example", Offline: true, Nonce: "n", Challenge: "c", ChallengeMethod: "S256",
			Methods: []string{"pwd", "mfa"}, AuthAt: noon, FactorAt: noon.Add(time.Second), Session: "sid",
			Address: "192.0.2.1", Issued: noon.Add(2 * time.Second),
		},
		Class: application.Keyed, Epoch: 1<<32 - 1, Active: 1<<32 - 2, ActiveKey: "active", ActiveAt: noon.Add(3 * time.Second),
		SupersededKey: "superseded", SupersededAt: noon.Add(4 * time.Second), Credential: "thumbprint",
		State: token.Suspect, Reason: fault.TokenReused, SuspectAt: noon.Add(5 * time.Second),
		Created: noon.Add(6 * time.Second), Used: noon.Add(7 * time.Second), Secret: []byte{1, 0, 0xff}, Version: 3,
	}
}

func openFamily(t *testing.T, db *sqlstore.DB, f token.Family) {
	t.Helper()
	done, err := db.Redeem(t.Context(), token.Redemption{Digest: "code of " + f.ID, At: noon, Expires: noon.Add(time.Hour), Family: &f})
	if err != nil || !done.First {
		t.Fatalf("open family: %+v, %v", done, err)
	}
}

func wantFamily(t *testing.T, db *sqlstore.DB, want token.Family) {
	t.Helper()
	got, err := db.Family(t.Context(), want.ID)
	if err != nil {
		t.Fatalf("read family: %v", err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("family (-want +got):\n%s", diff)
	}
}

func TestACodeIsSpentByTheFirstAndEveryOtherSeesWhoDid(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		ctx := within(t, time.Minute)
		const attempts = 50
		done := make([]token.Redeemed, attempts)
		offered := func(i int) token.Redemption {
			f := family(fmt.Sprintf("family-%d", i))
			return token.Redemption{
				Digest: "code", Key: fmt.Sprintf("key-%d", i), At: noon.Add(time.Duration(i) * time.Second),
				Expires: noon.Add(time.Hour), Family: &f,
			}
		}
		var all sync.WaitGroup
		for i := range attempts {
			all.Go(func() {
				var err error
				if done[i], err = db.Redeem(ctx, offered(i)); err != nil {
					t.Errorf("redeem: %v", err)
				}
			})
		}
		all.Wait()
		first := -1
		for i, d := range done {
			if d.First {
				if first >= 0 {
					t.Fatalf("both %d and %d were first", first, i)
				}
				first = i
			}
		}
		if first < 0 {
			t.Fatal("nobody was first")
		}
		winner := offered(first)
		for i, d := range done {
			if i == first {
				wantFamily(t, db, *winner.Family)
				continue
			}
			if diff := cmp.Diff(token.Redeemed{Key: winner.Key, At: winner.At, Family: winner.Family.ID}, d); diff != "" {
				t.Errorf("%d of what %d did (-want +got):\n%s", i, first, diff)
			}
			if _, err := db.Family(ctx, offered(i).Family.ID); !fault.Has(err, fault.GrantInvalid) {
				t.Errorf("loser %d opened a family: %v", i, err)
			}
		}
	})
}

func TestACodeWithoutARefreshTokenIsSpentToo(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		r := token.Redemption{Digest: "code", At: noon, Expires: noon.Add(time.Hour)}
		for _, want := range []token.Redeemed{{First: true}, {At: noon}} {
			got, err := db.Redeem(t.Context(), r)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("redeemed (-want +got):\n%s", diff)
			}
		}
	})
}

func TestWhatACodeGaveIsTakenBackForAsLongAsATokenOfItLives(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		ctx := t.Context()
		expires := noon.Add(10 * time.Minute)
		for _, code := range []string{"twice", "once"} {
			if _, err := db.Redeem(ctx, token.Redemption{Digest: code, At: noon, Expires: expires}); err != nil {
				t.Fatal(err)
			}
		}
		for _, code := range []string{"twice", "twice", "unknown"} {
			if err := db.TakeBack(ctx, code, noon.Add(time.Second)); err != nil {
				t.Fatal(err)
			}
		}
		wants := func(at string, twice bool) {
			t.Helper()
			for code, want := range map[string]bool{"twice": twice, "once": false, "unknown": false} {
				if got, err := db.TakenBack(ctx, code); err != nil || got != want {
					t.Errorf("%s, %s: %v, %v", at, code, got, err)
				}
			}
		}
		wants("at once", true)
		// A token for our own resources lives up to 28 hours.
		if err := db.Prune(ctx, expires.Add(29*time.Hour)); err != nil {
			t.Fatal(err)
		}
		wants("while its last token could live", true)
		if err := db.Prune(ctx, expires.Add(49*time.Hour)); err != nil {
			t.Fatal(err)
		}
		wants("two days later", false)
	})
}

func TestACodeIsNotSpentWhenItsFamilyCannotBeOpened(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		taken := family("f")
		openFamily(t, db, taken)
		r := token.Redemption{Digest: "other code", At: noon, Expires: noon.Add(time.Hour), Family: &taken}
		if _, err := db.Redeem(t.Context(), r); err == nil {
			t.Fatal("a second family took the id")
		}
		free := family("free")
		r.Family = &free
		if done, err := db.Redeem(t.Context(), r); err != nil || !done.First {
			t.Errorf("the code was lost: %+v, %v", done, err)
		}
	})
}

func TestAFamilyComesBackWithEveryField(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		if _, err := db.Family(t.Context(), "nowhere"); !fault.Has(err, fault.GrantInvalid) {
			t.Errorf("absent: %v", err)
		}
		openFamily(t, db, family("full"))
		wantFamily(t, db, family("full"))
		// A fresh one leaves most fields empty, and they stay empty.
		fresh := token.Family{ID: "fresh", Class: application.Strict, State: token.Live, Secret: []byte{1}}
		openFamily(t, db, fresh)
		wantFamily(t, db, fresh)
	})
}

func TestASwapReplacesEverythingThatCanChange(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		f := family("f")
		openFamily(t, db, f)
		f.Class, f.Epoch, f.Active, f.ActiveKey, f.ActiveAt = application.Strict, 8, 9, "a2", noon.Add(time.Hour)
		f.SupersededKey, f.SupersededAt, f.Credential = "s2", noon.Add(2*time.Hour), "t2"
		f.State, f.Reason, f.SuspectAt, f.Used = token.Stolen, fault.TokenStolen, noon.Add(3*time.Hour), noon.Add(4*time.Hour)
		for _, version := range []int64{2, 4} {
			if won, err := db.SwapFamily(t.Context(), f, version, nil); err != nil || won {
				t.Errorf("by version %d: %v, %v", version, won, err)
			}
		}
		wantFamily(t, db, family("f"))
		if won, err := db.SwapFamily(t.Context(), f, 3, nil); err != nil || !won {
			t.Fatalf("by its version: %v, %v", won, err)
		}
		f.Version = 4
		wantFamily(t, db, f)
	})
}

func TestOfManyWhoSwapOneFamilyAtOnceOneWins(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		ctx := within(t, time.Minute)
		f := family("f")
		openFamily(t, db, f)
		if won := winnersOf(t, 50, func() (bool, error) { return db.SwapFamily(ctx, f, 3, nil) }); won != 1 {
			t.Errorf("%d winners", won)
		}
		f.Version = 4
		wantFamily(t, db, f)
	})
}

func TestTheEventOfASwapIsWrittenWithItAndOnlyThen(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		ctx := t.Context()
		f := family("f")
		openFamily(t, db, f)
		event := func(key string) *audit.Event {
			return &audit.Event{ID: key, At: noon, Tenant: contoso, Account: "anna", App: broker, Verb: "token.reuse", Object: "f"}
		}
		if won, err := db.SwapFamily(ctx, f, 99, event("lost")); err != nil || won {
			t.Fatalf("lost: %v, %v", won, err)
		}
		if won, err := db.SwapFamily(ctx, f, 3, event("won")); err != nil || !won {
			t.Fatalf("won: %v, %v", won, err)
		}
		if _, err := db.SwapFamily(ctx, f, 4, event("won")); err == nil {
			t.Error("a swap was kept although its event was not")
		}
		f.Version = 4
		wantFamily(t, db, f)
		got, err := db.Events(ctx, contoso, 10)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]audit.Event{*event("won")}, got); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
	})
}

func TestPruningForgetsExactlyWhatHasEnded(t *testing.T) {
	const day = 24 * time.Hour
	// The oldest instant that is still needed, by what it is about.
	limits := map[string]time.Time{
		"journey": noon, "code": noon.Add(-time.Hour), "assertion": noon.Add(-time.Hour),
		"session": noon.Add(-48 * time.Hour), "family": noon.Add(-180 * day),
	}
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		ctx := t.Context()
		fill := func(name string, off time.Duration) {
			t.Helper()
			at := func(what string) time.Time { return limits[what].Add(off) }
			f := family(name)
			f.Created, f.Used = at("family"), at("family")
			for _, err := range []error{
				db.AddJourney(ctx, name, []byte{1}, at("journey").UnixMicro()),
				db.SpendAssertion(ctx, broker, name, at("assertion")),
				startSession(ctx, db, session.Session{ID: name, Created: at("session")}, ""),
			} {
				if err != nil {
					t.Fatal(err)
				}
			}
			if _, err := db.Redeem(ctx, token.Redemption{Digest: name, Expires: at("code"), Family: &f}); err != nil {
				t.Fatal(err)
			}
		}
		fill("ended", -time.Microsecond)
		fill("needed", 0)
		old := family("old but used")
		old.Created, old.Used = noon.Add(-365*day), noon.Add(-180*day)
		openFamily(t, db, old)
		if err := db.Prune(ctx, noon); err != nil {
			t.Fatal(err)
		}
		wantFamily(t, db, old)
		for name, kept := range map[string]bool{"ended": false, "needed": true} {
			_, _, journey := db.Journey(ctx, name)
			_, session := db.Session(ctx, name)
			_, refresh := db.Family(ctx, name)
			code, err := db.Redeem(ctx, token.Redemption{Digest: name})
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]bool{
				"journey": journey == nil, "session": session == nil, "family": refresh == nil, "code": !code.First,
				"assertion": db.SpendAssertion(ctx, broker, name, noon) != nil,
			}
			want := map[string]bool{"journey": kept, "session": kept, "family": kept, "code": kept, "assertion": kept}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s: is it kept (-want +got):\n%s", name, diff)
			}
		}
	})
}
