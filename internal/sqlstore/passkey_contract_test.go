package sqlstore_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/credential"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/sqlstore"
	"github.com/google/go-cmp/cmp"
)

func passkey(n int) credential.Passkey {
	return credential.Passkey{
		ID: id.Object(fmt.Sprintf("key-%02d", n)), Credential: []byte{1, byte(n)}, Key: []byte{2, byte(n)}, Counter: 4_000_000_000, Name: "Blue key",
		Synced: true, Browser: "Firefox", Created: noon.Add(time.Duration(n) * time.Second), Used: noon,
	}
}

func eventOf(n int) audit.Event {
	return audit.Event{ID: fmt.Sprintf("event-%d", n), At: noon, Tenant: contoso, Verb: "passkey.add"}
}

func TestPasskeysAreKeptReadAndForgottenByTheirOwnerAlone(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		ctx := within(t, time.Minute)
		want := []credential.Passkey{passkey(1), passkey(2)}
		for i, p := range want {
			if err := db.AddPasskey(ctx, anna, p, 3, nil, eventOf(i)); err != nil {
				t.Fatal(err)
			}
		}
		got, err := db.Passkeys(ctx, anna)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		for _, other := range others {
			if list, err := db.Passkeys(ctx, other); err != nil || len(list) > 0 {
				t.Errorf("%v reads %v, %v", other, list, err)
			}
			if err := db.AddPasskey(ctx, other, passkey(1), 3, nil, eventOf(9)); !fault.Has(err, fault.InputInvalid) {
				t.Errorf("%v has somebody's passkey: %v", other, err)
			}
			if err := db.RenamePasskey(ctx, other, "key-01", "Mine", eventOf(9)); !fault.Has(err, fault.ObjectUnknown) {
				t.Errorf("%v renamed it: %v", other, err)
			}
			if err := db.RemovePasskey(ctx, other, "key-01", nil, eventOf(9)); !fault.Has(err, fault.ObjectUnknown) {
				t.Errorf("%v removed it: %v", other, err)
			}
			if used, err := db.UsePasskey(ctx, other, passkey(1), 4_000_000_000); err != nil || used {
				t.Errorf("%v used it: %v, %v", other, used, err)
			}
		}
		if ways, err := db.Ways(ctx, anna); err != nil || ways != (credential.Ways{Passkeys: 2}) {
			t.Errorf("%+v, %v", ways, err)
		}
		if err := db.RemovePasskey(ctx, anna, "key-01", nil, eventOf(10)); err != nil {
			t.Fatal(err)
		}
		if list, err := db.Passkeys(ctx, anna); err != nil || len(list) != 1 || list[0].ID != "key-02" {
			t.Errorf("%v, %v", list, err)
		}
	})
}

func TestManyPasskeysAtOnceStayWithinTheLimit(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		ctx := within(t, time.Minute)
		added := make(chan int, 12)
		for i := range 12 {
			added <- i
		}
		kept := winnersOf(t, 12, func() (bool, error) {
			i := <-added
			err := db.AddPasskey(ctx, anna, passkey(i), 10, nil, eventOf(i))
			if fault.Has(err, fault.InputInvalid) {
				return false, nil
			}
			return err == nil, err
		})
		if list, err := db.Passkeys(ctx, anna); err != nil || kept != 10 || len(list) != 10 {
			t.Errorf("%d were kept, %d are there, %v", kept, len(list), err)
		}
	})
}

func TestAPasskeyIsUsedByOneOfManyWithTheSameCounter(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		ctx := within(t, time.Minute)
		p := passkey(1)
		if err := db.AddPasskey(ctx, anna, p, 10, nil, eventOf(1)); err != nil {
			t.Fatal(err)
		}
		next := p
		next.Counter++
		if won := winnersOf(t, 8, func() (bool, error) { return db.UsePasskey(ctx, anna, next, p.Counter) }); won != 1 {
			t.Errorf("%d of 8 used it", won)
		}
	})
}

func TestAChallengeIsSpentOnceAndForgottenWhenItIsOver(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		ctx := within(t, time.Minute)
		if won := winnersOf(t, 8, func() (bool, error) { return db.SpendChallenge(ctx, []byte("nonce"), noon) }); won != 1 {
			t.Errorf("%d of 8 spent it", won)
		}
		if err := db.Prune(ctx, noon.Add(2*time.Hour)); err != nil {
			t.Fatal(err)
		}
		if again, err := db.SpendChallenge(ctx, []byte("nonce"), noon); err != nil || !again {
			t.Errorf("it was not forgotten: %v, %v", again, err)
		}
	})
}
