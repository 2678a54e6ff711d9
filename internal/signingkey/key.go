package signingkey

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // see ring.go
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"fmt"
	"math/big"
	"time"

	"github.com/entente-id/entente/internal/id"
	"github.com/go-jose/go-jose/v4"
)

// Realm separates the keys of work accounts from those of personal accounts:
// a key of one never signs for the other (DESIGN 4.1, attack A1).
type Realm string

// The realms.
const (
	Work      Realm = "work"
	Consumers Realm = "consumers"
)

// RealmOf is the realm that a tenant's tokens are signed in.
func RealmOf(t id.Tenant) Realm {
	if t == id.Consumers {
		return Consumers
	}
	return Work
}

// Algorithm is a signature algorithm of ours.
type Algorithm = jose.SignatureAlgorithm

// The algorithms: RS256 where others read the token, ES256 where only our own
// APIs do (DESIGN 4.7).
const (
	RS256 Algorithm = jose.RS256
	ES256 Algorithm = jose.ES256
)

// Algorithms are both.
var Algorithms = []Algorithm{RS256, ES256}

// Stored is a signing key as it is stored.
type Stored struct {
	Realm     Realm
	Algorithm Algorithm
	// Slot numbers the keys of a realm and algorithm, so that two nodes that
	// rotate at once make one key.
	Slot int64
	// Sealed is the private key (PKCS #8), sealed.
	Sealed []byte
	// Certificate is the self-signed certificate whose thumbprint is the kid.
	Certificate []byte
	// Published is when it appeared in the key set, Active when it may sign.
	Published, Active time.Time
}

// Key is a key that signs, parsed.
type Key struct {
	Stored
	// ID is its kid, which equals its x5t.
	ID      string
	Private crypto.Signer
	// Plain signs JWTs; Thumbprinted also writes x5t beside the kid, as v1
	// tokens carry it (identity-platform.md 1.5).
	Plain, Thumbprinted jose.Signer
}

func (k *Ring) make(ctx context.Context, s Stored) error {
	private, err := generate(s.Algorithm, k.source)
	if err != nil {
		return fmt.Errorf("make %s key: %w", s.Algorithm, err)
	}
	template := &x509.Certificate{
		SerialNumber: new(big.Int).SetBytes(k.source.Bytes(16)),
		Subject:      pkix.Name{CommonName: "Entente signing key, " + string(s.Realm)},
		NotBefore:    s.Published.Add(-time.Hour),
		NotAfter:     s.Active.Add(5 * 365 * 24 * time.Hour),
	}
	if s.Certificate, err = x509.CreateCertificate(k.source.Random, template, template, private.Public(), private); err != nil {
		return fmt.Errorf("make certificate: %w", err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return fmt.Errorf("encode key: %w", err)
	}
	if s.Sealed, err = k.custody.Seal(pkcs8, string(s.Realm)); err != nil {
		return err
	}
	return k.store.AddSigningKey(ctx, s)
}

func generate(algorithm Algorithm, source id.Source) (crypto.Signer, error) {
	if algorithm == ES256 {
		return ecdsa.GenerateKey(elliptic.P256(), source.Random)
	}
	return rsa.GenerateKey(source.Random, 2048)
}

func (k *Ring) parse(s Stored, kid string) (*Key, error) {
	pkcs8, err := k.custody.Open(s.Sealed, string(s.Realm))
	if err != nil {
		return nil, fmt.Errorf("open signing key %s: %w (is this the master key the world was made with?)", kid, err)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(pkcs8)
	if err != nil {
		return nil, fmt.Errorf("parse signing key %s: %w", kid, err)
	}
	private, ok := parsed.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("signing key %s cannot sign", kid)
	}
	key := &Key{Stored: s, ID: kid, Private: private}
	with := func(options *jose.SignerOptions) (jose.Signer, error) {
		return jose.NewSigner(jose.SigningKey{Algorithm: s.Algorithm, Key: jose.JSONWebKey{Key: private, KeyID: kid}}, options)
	}
	if key.Plain, err = with((&jose.SignerOptions{}).WithType("JWT")); err != nil {
		return nil, err
	}
	if key.Thumbprinted, err = with((&jose.SignerOptions{}).WithType("JWT").WithHeader("x5t", kid)); err != nil {
		return nil, err
	}
	return key, nil
}

func thumbprint(certificate []byte) string {
	sum := sha1.Sum(certificate) //nolint:gosec // see the import
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
