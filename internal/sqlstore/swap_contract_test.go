package sqlstore_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/message"
	"github.com/entente-id/entente/internal/programme"
	"github.com/entente-id/entente/internal/sqlstore"
	"github.com/entente-id/entente/internal/swap"
)

func swapOf(key, who string, at time.Time) swap.Swap {
	return swap.Swap{
		ID: key, Kind: swap.AddressSwap, Address: "a@b.example", Tenant: fabrikam, Account: id.Object(who), State: swap.Begun,
		Code: []byte{1, 2}, At: at, Expires: at.Add(time.Minute), UndoHash: "undo " + key, Before: memberOf(fabrikam, who, "x@y.example"),
	}
}

func commitSwaps(t *testing.T, db *sqlstore.DB, list ...swap.Swap) {
	t.Helper()
	if err := db.CommitSwap(t.Context(), contoso, swap.Deed{Swaps: list}); err != nil {
		t.Fatalf("commit: %v", err)
	}
}

func TestASwapComesBackToItsOwnerAloneWithWhatItMoved(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		ctx := t.Context()
		s, m := swapOf("s", "anna", noon), memberOf(fabrikam, "anna", "Anna@B.example")
		d := swap.Deed{Swaps: []swap.Swap{s}, Deed: programme.Deed{Members: []programme.Member{m}}}
		if err := db.CommitSwap(ctx, contoso, d); err != nil {
			t.Fatal(err)
		}
		s.Version, m.Version = 1, 1
		now := noon.AddDate(1, 0, 0)
		for _, owner := range []id.Tenant{contoso, fabrikam} {
			one(t, owner, "member", m, func() (programme.Member, error) { return db.Member(ctx, owner, fabrikam, "anna") })
			one(t, owner, "swap", s, func() (swap.Swap, error) { return db.Swap(ctx, owner, "s") })
			one(t, owner, "undo", s, func() (swap.Swap, error) { return db.SwapOf(ctx, owner, s.UndoHash) })
			one(t, owner, "last swap", s, func() (swap.Swap, error) { return db.LastSwap(ctx, owner, fabrikam, "anna") })
			many(t, owner, "swaps", s, func() ([]swap.Swap, error) { return db.Swaps(ctx, owner, swap.Begun, 9) })
			many(t, owner, "due swaps", s, func() ([]swap.Swap, error) { return db.DueSwaps(ctx, owner, swap.Begun, now, 9) })
		}
	})
}

func TestASwapThatComesLateMovesNothing(t *testing.T) {
	otherUndo := swapOf("u", "bob", noon)
	otherUndo.UndoHash = "undo s"
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		commitSwaps(t, db, swapOf("s", "anna", noon))
		for name, late := range map[string]swap.Swap{
			"a swap that is there":          swapOf("s", "anna", noon),
			"a second use of an undo token": otherUndo,
		} {
			t.Run(name, func(t *testing.T) {
				d := swap.Deed{Swaps: []swap.Swap{late}, Deed: programme.Deed{
					Members:  []programme.Member{memberOf(fabrikam, "late", "late@b.example")},
					Events:   []audit.Event{{ID: "late", At: noon, Tenant: contoso}},
					Messages: []message.Sealed{{ID: "late", Body: []byte("sealed"), At: noon}},
				}}
				if err := db.CommitSwap(t.Context(), contoso, d); !fault.Has(err, fault.ChangedMeanwhile) {
					t.Errorf("commit: %v", err)
				}
				if got, err := db.Member(t.Context(), contoso, fabrikam, "late"); !fault.Has(err, fault.ObjectUnknown) {
					t.Errorf("half of it stays: %+v, %v", got, err)
				}
				if events, err := db.Events(t.Context(), contoso, 9); err != nil || len(events) != 0 {
					t.Errorf("events %+v, %v", events, err)
				}
				if waiting, err := db.TakeMessages(t.Context(), noon, noon, 9); err != nil || len(waiting) != 0 {
					t.Errorf("messages %+v, %v", waiting, err)
				}
			})
		}
	})
}

func TestASwapIsReplacedAtItsVersionAlone(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		ctx := t.Context()
		s := swapOf("s", "anna", noon)
		commitSwaps(t, db, s)
		s.State, s.Version = swap.Done, 1
		commitSwaps(t, db, s)
		if err := db.CommitSwap(ctx, contoso, swap.Deed{Swaps: []swap.Swap{s}}); !fault.Has(err, fault.ChangedMeanwhile) {
			t.Errorf("at the old version: %v", err)
		}
		s.Version = 2
		same(t, "swap", s, func() (swap.Swap, error) { return db.Swap(ctx, contoso, "s") })
	})
}

func TestTheLastSwapAndThoseThatAreDueAreFound(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		ctx := t.Context()
		for n := range 5 {
			commitSwaps(t, db, swapOf(fmt.Sprint("s", n), "anna", noon.Add(time.Duration(n/2)*time.Hour)))
		}
		if s, err := db.LastSwap(ctx, contoso, fabrikam, "anna"); err != nil || s.ID != "s4" {
			t.Errorf("last swap: %+v, %v", s, err)
		}
		if list, err := db.DueSwaps(ctx, contoso, swap.Begun, noon.Add(time.Minute), 9); err != nil || len(list) != 2 {
			t.Errorf("due swaps: %+v, %v", list, err)
		}
	})
}
