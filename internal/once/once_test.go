package once_test

import (
	"crypto/rand"
	"sync/atomic"
	"testing"
	"time"

	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/once"
	"github.com/entente-id/entente/internal/seal"
	"github.com/entente-id/entente/internal/sqlstore/storetest"
)

const contoso id.Tenant = "11111111-aaaa-4111-8111-000000000001"

const key = "0f3d0000-0000-4000-8000-000000000007"

// nodes are two servers over one store, at an instant that the test moves.
func nodes(t *testing.T) (one, other *once.Deeds, now *atomic.Int64) {
	t.Helper()
	db := storetest.Open(t)
	now = &atomic.Int64{}
	now.Store(time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC).UnixNano())
	source := id.Source{Now: func() time.Time { return time.Unix(0, now.Load()).UTC() }, Random: rand.Reader}
	custody, err := seal.NewCustody([]byte("the master key of every test world"), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if one, err = once.NewDeeds(db, source, custody); err != nil {
		t.Fatal(err)
	}
	if other, err = once.NewDeeds(db, source, custody); err != nil {
		t.Fatal(err)
	}
	return one, other, now
}

func always(once.Answer) bool { return true }

func never(once.Answer) bool { return false }

func answer(text string) func() once.Answer {
	return func() once.Answer { return once.Answer{Status: 201, Body: []byte(text)} }
}

func TestAnotherNodeIsToldToComeBackWhileADeedIsUnderWayAndThenGetsItsAnswer(t *testing.T) {
	one, other, _ := nodes(t)
	_, err := one.Do(t.Context(), contoso, key, "d", always, func() once.Answer {
		_, err := other.Do(t.Context(), contoso, key, "d", always, answer("second"))
		if f := fault.Of(err); f.Code != fault.DirectoryBusy || f.Facts["seconds"] == "" {
			t.Errorf("under way: %v", err)
		}
		return answer("first")()
	})
	if err != nil {
		t.Fatal(err)
	}
	a, err := other.Do(t.Context(), contoso, key, "d", always, answer("second"))
	if err != nil || string(a.Body) != "first" || a.Status != 201 {
		t.Errorf("got %+v, %v", a, err)
	}
	if _, err := other.Do(t.Context(), contoso, key, "e", always, answer("second")); !fault.Has(err, fault.RequestReused) {
		t.Errorf("for something else: %v", err)
	}
	const rival id.Tenant = "11111111-aaaa-4111-8111-000000000009"
	if a, err := other.Do(t.Context(), rival, key, "e", always, answer("theirs")); err != nil || string(a.Body) != "theirs" {
		t.Errorf("in another organisation: %+v, %v", a, err)
	}
}

func TestADeedWhoseServerDiedCanBeDoneAgainAfterAWhile(t *testing.T) {
	one, other, now := nodes(t)
	func() {
		defer func() { _ = recover() }()
		_, _ = one.Do(t.Context(), contoso, key, "d", always, func() once.Answer {
			// It comes back at once when the server notices its own failure.
			panic("a failure of ours")
		})
	}()
	a, err := other.Do(t.Context(), contoso, key, "d", never, func() once.Answer {
		now.Add(int64(3 * time.Minute))
		b, err := one.Do(t.Context(), contoso, key, "d", always, answer("again"))
		if err != nil || string(b.Body) != "again" {
			t.Errorf("after the lease: %+v, %v", b, err)
		}
		return answer("late")()
	})
	if err != nil || string(a.Body) != "late" {
		t.Errorf("got %+v, %v", a, err)
	}
	if a, err := one.Do(t.Context(), contoso, key, "d", always, answer("third")); err != nil || string(a.Body) != "again" {
		t.Errorf("a late server took the answer away: %+v, %v", a, err)
	}
}

func TestNoTwoListsOfPartsHaveOneDigest(t *testing.T) {
	if once.Digest("ab", "c") == once.Digest("a", "bc") || once.Digest("") == once.Digest() {
		t.Error("digests are mixed up")
	}
}
