package application

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/entente-id/entente/internal/id"
	"github.com/go-jose/go-jose/v4"
)

func FuzzNoChangedProofRollsAKey(f *testing.F) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	r := &Registry{source: id.Source{Now: func() time.Time { return now }, Random: rand.Reader}}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	of := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: now, NotAfter: now.Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, of, of, key.Public(), key)
	if err != nil {
		f.Fatal(err)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key}, nil)
	if err != nil {
		f.Fatal(err)
	}
	jws, err := signer.Sign(fmt.Appendf(nil, `{"iss":"one","aud":%q,"nbf":%d,"exp":%d}`, KeyProofAudience, now.Unix(), now.Add(time.Minute).Unix()))
	if err != nil {
		f.Fatal(err)
	}
	proof, err := jws.CompactSerialize()
	if err != nil {
		f.Fatal(err)
	}
	app, have := Application{ID: "one"}, []Credential{{ID: "secret"}, {ID: "key", Certificate: der, Expires: of.NotAfter}}
	if err := r.holdsKey(app, have, proof); err != nil {
		f.Fatal(err)
	}
	// The last character of a part has bits to spare, which decoders ignore.
	same := func(a, b string) bool {
		one, other := strings.Split(a, "."), strings.Split(b, ".")
		for i := range one {
			x, errX := base64.RawURLEncoding.DecodeString(one[i])
			if i >= len(other) {
				return false
			}
			y, errY := base64.RawURLEncoding.DecodeString(other[i])
			if errX != nil || errY != nil || !bytes.Equal(x, y) {
				return false
			}
		}
		return len(one) == len(other)
	}
	for _, at := range []uint16{0, 10, 40, 100, 200, 65535} {
		f.Add(at, byte(1), "")
	}
	f.Add(uint16(0), byte(0), ".")
	f.Fuzz(func(t *testing.T, at uint16, mask byte, tail string) {
		b := []byte(proof)
		b[int(at)%len(b)] ^= mask
		for _, text := range []string{string(b) + tail, tail} {
			if r.holdsKey(app, have, text) == nil && !same(proof, text) {
				t.Errorf("%q is taken for %q", text, proof)
			}
		}
	})
}
