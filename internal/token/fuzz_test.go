package token_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/entente-id/entente/internal/devworld"
	"github.com/entente-id/entente/internal/seal"
	"github.com/entente-id/entente/internal/token"
	"github.com/go-jose/go-jose/v4"
)

// mutate changes one byte of a token, or appends to it. Positions wrap, so that
// every input hits.
func mutate(text string, at uint16, mask byte, tail string) string {
	b := []byte(text)
	b[int(at)%len(b)] ^= mask
	return string(b) + tail
}

// mutations are places worth a look: the version, the parts' borders, the last
// character, whose spare bits decoders ignore.
func mutations(f *testing.F) {
	for _, at := range []uint16{0, 1, 2, 3, 20, 36, 37, 40, 73, 74, 75, 100, 300, 1000, 65535} {
		for _, mask := range []byte{0, 1, 2, 3, 0x20, 0x80, 0xff} {
			f.Add(at, mask, "")
		}
	}
	for _, tail := range []string{"\n", "\r", "=", ".", "\x00", "A", " "} {
		f.Add(uint16(0), byte(0), tail)
	}
}

func FuzzNoChangedCodeOpens(f *testing.F) {
	b := newBench(f)
	code := b.code()
	mutations(f)
	f.Fuzz(func(t *testing.T, at uint16, mask byte, tail string) {
		changed := mutate(code, at, mask, tail)
		if _, err := b.Families.Open(changed, b.portal); (err == nil) != (changed == code) {
			t.Errorf("%q of %q: %v", changed, code, err)
		}
		if _, err := b.Families.Open(tail, b.portal); err == nil {
			t.Errorf("%q opens", tail)
		}
	})
}

func FuzzNoChangedRefreshTokenFindsAFamily(f *testing.F) {
	b := newBench(f)
	refresh, err := b.redeem(b.code())
	if err != nil {
		f.Fatal(err)
	}
	mutations(f)
	f.Fuzz(func(t *testing.T, at uint16, mask byte, tail string) {
		changed := mutate(refresh, at, mask, tail)
		if _, err := b.Families.Find(t.Context(), changed, devworld.Portal); (err == nil) != (changed == refresh) {
			t.Errorf("%q of %q: %v", changed, refresh, err)
		}
		if _, err := b.Families.Find(t.Context(), tail, devworld.Portal); err == nil {
			t.Errorf("%q finds a family", tail)
		}
	})
}

func FuzzNoChangedAccessTokenIsVerified(f *testing.F) {
	b := newBench(f)
	access := b.accessToken()
	mutations(f)
	f.Fuzz(func(t *testing.T, at uint16, mask byte, tail string) {
		changed := mutate(access, at, mask, tail)
		if _, err := b.Issuer.Verify(t.Context(), changed); err == nil && !sameBytes(changed, access) {
			t.Errorf("%q of %q is verified", changed, access)
		}
		if _, err := b.Issuer.ReadHint(t.Context(), changed); err == nil {
			t.Errorf("%q is taken for an ID token", changed)
		}
	})
}

// sameBytes: two spellings of one signed text. An access token is not spent, so
// spare bits and line ends in its base64 do no harm.
func sameBytes(a, b string) bool {
	left, right := strings.Split(a, "."), strings.Split(b, ".")
	if len(left) != len(right) {
		return false
	}
	for i := range left {
		l, err := base64.RawURLEncoding.DecodeString(left[i])
		if err != nil {
			return false
		}
		r, err := base64.RawURLEncoding.DecodeString(right[i])
		if err != nil || !bytes.Equal(l, r) {
			return false
		}
	}
	return true
}

func FuzzNoChangedRequestURIOpens(f *testing.F) {
	b := newBench(f)
	uri, err := b.Pushes.Keep(token.Pushed{Client: devworld.Portal, Authority: "common", Version: 2, Query: "state=1"})
	if err != nil {
		f.Fatal(err)
	}
	mutations(f)
	f.Fuzz(func(t *testing.T, at uint16, mask byte, tail string) {
		changed := mutate(uri, at, mask, tail)
		for _, text := range []string{changed, tail} {
			if _, err := b.Pushes.Open(text, devworld.Portal, "common", 2); (err == nil) != (text == uri) {
				t.Errorf("%q of %q: %v", text, uri, err)
			}
		}
	})
}

func FuzzNoChangedProofProvesAKey(f *testing.F) {
	const address = "https://id.example/token"
	b := newBench(f)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	custody, err := seal.NewCustody(make([]byte, 32), rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	options := (&jose.SignerOptions{EmbedJWK: true}).WithType("dpop+jwt")
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key}, options)
	if err != nil {
		f.Fatal(err)
	}
	claims := fmt.Sprintf(`{"jti":"one","htm":"POST","htu":%q,"iat":%d}`, address, b.Source.Now().Unix())
	jws, err := signer.Sign([]byte(claims))
	if err != nil {
		f.Fatal(err)
	}
	proof, err := jws.CompactSerialize()
	if err != nil {
		f.Fatal(err)
	}
	check := func(proof string) error {
		proofs, err := token.NewProofs(b.Source, custody)
		if err != nil {
			return err
		}
		_, err = proofs.Check(proof, "POST", address, "")
		return err
	}
	if err := check(proof); err != nil {
		f.Fatal(err)
	}
	mutations(f)
	f.Fuzz(func(t *testing.T, at uint16, mask byte, tail string) {
		changed := mutate(proof, at, mask, tail)
		if err := check(changed); err == nil && !sameBytes(changed, proof) {
			t.Errorf("%q of %q proves a key", changed, proof)
		}
		if err := check(tail); err == nil {
			t.Errorf("%q proves a key", tail)
		}
	})
}
