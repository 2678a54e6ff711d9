package sqlstore_test

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/entente-id/entente/internal/sqlstore"
	"github.com/entente-id/entente/internal/token"
)

// TestARedemptionIsItsOwnFirstAlsoWhenTheCommitsAnswerIsLost lets the answer
// to a shared commit get lost: the writes are there, nobody knows it, and each
// is tried again alone. Whoever spent a code must find itself, or it would be
// taken for a thief of its own code.
func TestARedemptionIsItsOwnFirstAlsoWhenTheCommitsAnswerIsLost(t *testing.T) {
	eachAddress(t, func(t *testing.T, address string) {
		const writers = 8
		gone := errors.New("the connection is gone")
		var coming sync.WaitGroup
		coming.Add(writers)
		var commits atomic.Int64
		db := open(t, address, sqlstore.Options{Failpoint: func(step string) error {
			if step == "before commit" {
				coming.Wait()
				return nil
			}
			// The first commit is that of a single write; all others wait
			// behind it and share the second.
			if commits.Add(1) == 2 {
				return gone
			}
			return nil
		}})
		ctx := within(t, time.Minute)
		done := make([]token.Redeemed, writers)
		var all sync.WaitGroup
		for i := range writers {
			all.Go(func() {
				coming.Done()
				f := family(fmt.Sprintf("family-%d", i))
				var err error
				done[i], err = db.Redeem(ctx, token.Redemption{Digest: fmt.Sprint("code-", i), At: noon, Expires: noon.Add(time.Hour), Family: &f})
				if err != nil && !errors.Is(err, gone) {
					t.Errorf("redemption %d: %v", i, err)
				}
			})
		}
		all.Wait()
		for i, d := range done {
			// A write that met the loss alone is told of it and knows nothing.
			if !d.First && d.Family != "" {
				t.Errorf("redemption %d was told that %q spent its code", i, d.Family)
			}
		}
	})
}
