package credential_test

import (
	"crypto/rand"
	"sync/atomic"
	"testing"
	"time"

	"github.com/entente-id/entente/internal/credential"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/seal"
	"github.com/entente-id/entente/internal/sqlstore/storetest"
)

var (
	anna = credential.Owner{Tenant: "11111111-aaaa-4111-8111-000000000001", Account: "anna"}
	bob  = credential.Owner{Tenant: "11111111-aaaa-4111-8111-000000000001", Account: "bob"}
	// noone is how the sign-in asks about a name that does not exist: the
	// organisation is known and the person is not.
	noone = credential.Owner{Tenant: anna.Tenant}
)

// clock is an instant that tests move.
type clock struct{ at atomic.Int64 }

func (c *clock) Now() time.Time          { return time.UnixMicro(c.at.Load()).UTC() }
func (c *clock) set(at time.Time)        { c.at.Store(at.UnixMicro()) }
func (c *clock) advance(d time.Duration) { c.at.Add(d.Microseconds()) }

// newSafe opens the room over a real store, at noon.
func newSafe(t *testing.T) (*credential.Safe, *clock) {
	t.Helper()
	db := storetest.Open(t)
	now := &clock{}
	now.set(time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC))
	custody, err := seal.NewCustody(make([]byte, 32), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	safe, err := credential.NewSafe(db, id.Source{Now: now.Now, Random: rand.Reader}, custody, 2)
	if err != nil {
		t.Fatal(err)
	}
	return safe, now
}

// wantFault checks the code of an error, and its facts given as name, value.
func wantFault(t *testing.T, err error, code fault.Code, facts ...string) {
	t.Helper()
	if !fault.Has(err, code) {
		t.Fatalf("got %v, want %s", err, fault.Describe(code).Name)
	}
	for i := 0; i+1 < len(facts); i += 2 {
		if got := fault.Of(err).Facts[facts[i]]; got != facts[i+1] {
			t.Errorf("%s is %q, want %q", facts[i], got, facts[i+1])
		}
	}
}
