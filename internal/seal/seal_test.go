package seal_test

import (
	"bytes"
	"crypto/rand"
	"testing"

	"github.com/entente-id/entente/internal/seal"
)

func newKey(t *testing.T, master byte, purpose string) *seal.Key {
	t.Helper()
	c, err := seal.NewCustody(bytes.Repeat([]byte{master}, 32), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	k, err := c.Key(purpose)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestASealedValueOpensOnlyForItsPurposeContextAndMaster(t *testing.T) {
	sealed, err := newKey(t, 1, "totp").Seal([]byte("seed"), "row 1")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := newKey(t, 1, "totp").Open(sealed, "row 1"); err != nil || string(got) != "seed" {
		t.Errorf("same key: %q, %v", got, err)
	}
	for name, open := range map[string]func() ([]byte, error){
		"other purpose": func() ([]byte, error) { return newKey(t, 1, "form").Open(sealed, "row 1") },
		"other context": func() ([]byte, error) { return newKey(t, 1, "totp").Open(sealed, "row 2") },
		"other master":  func() ([]byte, error) { return newKey(t, 2, "totp").Open(sealed, "row 1") },
	} {
		if got, err := open(); err == nil {
			t.Errorf("%s opened it: %q", name, got)
		}
	}
}

func TestEveryFlippedBitIsNoticed(t *testing.T) {
	k := newKey(t, 1, "form")
	sealed, _ := k.Seal([]byte("some state"), "")
	for i := range sealed {
		for bit := range 8 {
			bad := bytes.Clone(sealed)
			bad[i] ^= 1 << bit
			if _, err := k.Open(bad, ""); err == nil {
				t.Fatalf("bit %d of byte %d was flipped unseen", bit, i)
			}
		}
	}
	for n := range sealed {
		if _, err := k.Open(sealed[:n], ""); err == nil {
			t.Fatalf("a value cut to %d bytes opened", n)
		}
	}
}

func TestAMACKeepsItsPartsApart(t *testing.T) {
	k := newKey(t, 1, "token")
	if bytes.Equal(k.MAC([]byte("ab"), []byte("c")), k.MAC([]byte("a"), []byte("bc"))) {
		t.Error("two lists of parts have one MAC")
	}
}
