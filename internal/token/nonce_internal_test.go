package token

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"testing"
	"time"

	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/seal"
)

// nodes are two nodes of one authority, and a stranger's, under one clock.
func nodes(t testing.TB, now *time.Time) (one, other, stranger *Proofs) {
	t.Helper()
	open := func(mark byte) *Proofs {
		custody, err := seal.NewCustody(bytes.Repeat([]byte{mark}, 32), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		p, err := NewProofs(id.Source{Now: func() time.Time { return *now }, Random: rand.Reader}, custody)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	return open(1), open(1), open(2)
}

func TestANonceServesEveryNodeForAMinuteAndNoOtherAuthority(t *testing.T) {
	at := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	now := at
	one, other, stranger := nodes(t, &now)
	nonce := one.Nonce()
	for _, c := range []struct {
		after time.Duration
		want  bool
	}{{0, true}, {time.Minute, true}, {time.Minute + time.Second, false}, {-15 * time.Second, true}, {-16 * time.Second, false}} {
		now = at.Add(c.after)
		if got := other.current(nonce, now); got != c.want {
			t.Errorf("after %s: %t", c.after, got)
		}
	}
	if now = at; stranger.current(nonce, now) {
		t.Error("a stranger's nonce serves here")
	}
}

func FuzzANonceIsOneOfOursOrNone(f *testing.F) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	one, other, _ := nodes(f, &now)
	good := one.Nonce()
	f.Add(good)
	f.Add("")
	f.Add(good[:len(good)-1])
	f.Add(good + "A")
	f.Add(base64.RawURLEncoding.EncodeToString(make([]byte, nonceTime+nonceMAC)))
	f.Fuzz(func(t *testing.T, text string) {
		if other.current(text, now) && text != good {
			t.Errorf("%q is taken for %q", text, good)
		}
	})
}
