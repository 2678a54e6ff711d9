package sqlstore_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/entente-id/entente/internal/credential"
	"github.com/entente-id/entente/internal/sqlstore"
	"github.com/google/go-cmp/cmp"
)

var anna = credential.Owner{Tenant: contoso, Account: "anna"}

// others are who must never see or spend what is anna's: the same account id
// elsewhere, and another account at home.
var others = []credential.Owner{{Tenant: fabrikam, Account: "anna"}, {Tenant: contoso, Account: "bob"}}

// winnersOf runs a compare-and-swap many times at once and counts who was told
// that it was theirs.
func winnersOf(t *testing.T, attempts int, try func() (bool, error)) int {
	t.Helper()
	var won atomic.Int64
	var all sync.WaitGroup
	for range attempts {
		all.Go(func() {
			ok, err := try()
			if err != nil {
				t.Errorf("one of %d at once: %v", attempts, err)
			}
			if ok {
				won.Add(1)
			}
		})
	}
	all.Wait()
	return int(won.Load())
}

func noWait(int) time.Duration { return 0 }

func TestAnAbsentPasswordIsAnEmptyHashAndASavedOneIsReplaced(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		ctx := within(t, time.Minute)
		if hash, tries, err := db.Password(ctx, anna, "key"); err != nil || hash != "" || tries != (credential.Tries{}) {
			t.Fatalf("absent: %q, %+v, %v", hash, tries, err)
		}
		for _, want := range []string{"first", "second"} {
			if err := db.SavePassword(ctx, anna, want); err != nil {
				t.Fatal(err)
			}
			if hash, _, err := db.Password(ctx, anna, "key"); err != nil || hash != want {
				t.Errorf("saved %q: %q, %v", want, hash, err)
			}
		}
		for _, other := range others {
			if hash, _, err := db.Password(ctx, other, "key"); err != nil || hash != "" {
				t.Errorf("%v reads %q, %v", other, hash, err)
			}
		}
	})
}

func TestAPasswordComesWithTheTriesOfItsKeyAlsoWhenThereIsNone(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		ctx := within(t, time.Minute)
		if err := db.AddTry(ctx, "key", noon, func(int) time.Duration { return time.Minute }); err != nil {
			t.Fatal(err)
		}
		want := credential.Tries{Count: 1, Until: noon.Add(time.Minute)}
		hash, tries, err := db.Password(ctx, anna, "key")
		if err != nil || hash != "" {
			t.Fatalf("%q, %v", hash, err)
		}
		if diff := cmp.Diff(want, tries); diff != "" {
			t.Errorf("with the password (-want +got):\n%s", diff)
		}
		alone, err := db.Tries(ctx, "key")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, alone); diff != "" {
			t.Errorf("alone (-want +got):\n%s", diff)
		}
	})
}

func TestEachOfManyTriesAtOnceIsCountedAndWaitDecidesByTheCount(t *testing.T) {
	const tries = 200
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		ctx := within(t, time.Minute)
		// Only the last count brings a wait, so that the wait is there exactly
		// when somebody was handed that count.
		wait := func(count int) time.Duration {
			if count == tries {
				return time.Hour
			}
			return 0
		}
		var all sync.WaitGroup
		for range tries {
			all.Go(func() {
				if err := db.AddTry(ctx, "key", noon, wait); err != nil {
					t.Errorf("add try: %v", err)
				}
			})
		}
		all.Wait()
		got, err := db.Tries(ctx, "key")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(credential.Tries{Count: tries, Until: noon.Add(time.Hour)}, got); diff != "" {
			t.Errorf("tries (-want +got):\n%s", diff)
		}
	})
}

func TestACountThatBringsNoWaitLeavesTheFormerEnd(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		ctx := within(t, time.Minute)
		if err := db.AddTry(ctx, "key", noon, func(int) time.Duration { return time.Minute }); err != nil {
			t.Fatal(err)
		}
		if err := db.AddTry(ctx, "key", noon.Add(time.Hour), noWait); err != nil {
			t.Fatal(err)
		}
		if got, err := db.Tries(ctx, "key"); err != nil || got.Count != 2 || !got.Until.Equal(noon.Add(time.Minute)) {
			t.Errorf("%+v, %v", got, err)
		}
	})
}

func TestClearingTriesForgetsOneKeyAlone(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		ctx := within(t, time.Minute)
		for _, key := range []string{"cleared", "kept"} {
			if err := db.AddTry(ctx, key, noon, noWait); err != nil {
				t.Fatal(err)
			}
		}
		for _, key := range []string{"cleared", "never there"} {
			if err := db.ClearTries(ctx, key); err != nil {
				t.Errorf("clear %s: %v", key, err)
			}
		}
		if got, err := db.Tries(ctx, "cleared"); err != nil || got != (credential.Tries{}) {
			t.Errorf("cleared: %+v, %v", got, err)
		}
		if got, err := db.Tries(ctx, "kept"); err != nil || got.Count != 1 {
			t.Errorf("kept: %+v, %v", got, err)
		}
	})
}

func TestAnAuthenticatorIsAbsentThenKeptThenReplaced(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		ctx := within(t, time.Minute)
		if sealed, err := db.Authenticator(ctx, anna); err != nil || sealed != nil {
			t.Fatalf("absent: %x, %v", sealed, err)
		}
		for _, want := range [][]byte{{1, 0, 0xff}, {2}} {
			if err := db.SaveAuthenticator(ctx, anna, want, 7, nil, nil, nil); err != nil {
				t.Fatal(err)
			}
			got, err := db.Authenticator(ctx, anna)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("seed (-want +got):\n%s", diff)
			}
		}
		for _, other := range others {
			if sealed, err := db.Authenticator(ctx, other); err != nil || sealed != nil {
				t.Errorf("%v reads %x, %v", other, sealed, err)
			}
		}
	})
}

func TestANewAuthenticatorKillsTheOldRecoveryCodes(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		ctx := within(t, time.Minute)
		if err := db.SaveAuthenticator(ctx, anna, []byte{1}, 0, [][]byte{{0xa1}, {0xa2}}, nil, nil); err != nil {
			t.Fatal(err)
		}
		if err := db.SaveAuthenticator(ctx, anna, []byte{2}, 0, [][]byte{{0xb1}}, nil, nil); err != nil {
			t.Fatal(err)
		}
		for digest, want := range map[byte]bool{0xa1: false, 0xa2: false, 0xb1: true} {
			if got, err := db.SpendRecovery(ctx, anna, []byte{digest}, noon); err != nil || got != want {
				t.Errorf("code %x: %v, %v", digest, got, err)
			}
		}
	})
}

func TestAStepIsSpentOnceAndNeverBackwards(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		ctx := within(t, time.Minute)
		if got, err := db.SpendStep(ctx, anna, 100); err != nil || got {
			t.Fatalf("without an authenticator: %v, %v", got, err)
		}
		if err := db.SaveAuthenticator(ctx, anna, []byte{1}, 100, nil, nil, nil); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			step int64
			want bool
		}{{99, false}, {100, false}, {101, true}, {101, false}, {103, true}, {102, false}} {
			if got, err := db.SpendStep(ctx, anna, c.step); err != nil || got != c.want {
				t.Errorf("step %d: %v, %v", c.step, got, err)
			}
		}
		for _, other := range others {
			if got, err := db.SpendStep(ctx, other, 200); err != nil || got {
				t.Errorf("%v spends a step: %v, %v", other, got, err)
			}
		}
	})
}

func TestOfManyWhoSpendOneStepAtOnceOneWins(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		ctx := within(t, time.Minute)
		if err := db.SaveAuthenticator(ctx, anna, []byte{1}, 0, nil, nil, nil); err != nil {
			t.Fatal(err)
		}
		if won := winnersOf(t, 50, func() (bool, error) { return db.SpendStep(ctx, anna, 1) }); won != 1 {
			t.Errorf("%d winners", won)
		}
	})
}

func TestARecoveryCodeIsSpentOnceByItsOwner(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		ctx := within(t, time.Minute)
		digest := []byte{0xa1, 0, 0xff}
		if err := db.SaveAuthenticator(ctx, anna, []byte{1}, 0, [][]byte{digest}, nil, nil); err != nil {
			t.Fatal(err)
		}
		for _, other := range others {
			if got, err := db.SpendRecovery(ctx, other, digest, noon); err != nil || got {
				t.Errorf("%v spends anna's code: %v, %v", other, got, err)
			}
		}
		if won := winnersOf(t, 50, func() (bool, error) { return db.SpendRecovery(ctx, anna, digest, noon) }); won != 1 {
			t.Errorf("%d winners", won)
		}
	})
}
