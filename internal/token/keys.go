package token

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // x5t is SHA-1 by RFC 7517 4.8; it names a key, it proves nothing
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"fmt"
	"math/big"
	"slices"
	"sync"
	"time"

	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/seal"
	"github.com/go-jose/go-jose/v4"
	"golang.org/x/sync/errgroup"
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

var algorithms = []Algorithm{RS256, ES256}

// SealedKey is a signing key as it is stored.
type SealedKey struct {
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

const (
	// keyLife is how long a key signs before the next one takes over.
	keyLife = 90 * 24 * time.Hour
	// keyOverlap is how long a key is published before it signs (row R115),
	// and how long it stays published after the next one took over: longer
	// than any token and any client's cache lives.
	keyOverlap = 48 * time.Hour
	// keySetAge bounds how old a node's view of the keys can be.
	keySetAge = time.Minute
)

// Keyring is the part of the room that signs. Keys are parsed once and kept.
type Keyring struct {
	store   Store
	source  id.Source
	custody *seal.Key

	mu   sync.RWMutex
	keys []*signingKey
	read time.Time
}

type signingKey struct {
	SealedKey
	kid     string
	private crypto.Signer
	// signers by the headers they write.
	plain, thumbprinted jose.Signer
}

// NewKeyring opens the keyring and makes the first keys of a new world.
func NewKeyring(ctx context.Context, store Store, source id.Source, custody *seal.Custody) (*Keyring, error) {
	key, err := custody.Key("signing key")
	if err != nil {
		return nil, err
	}
	k := &Keyring{store: store, source: source, custody: key}
	if err := k.load(ctx); err != nil {
		return nil, err
	}
	return k, k.Tend(ctx)
}

// Tend makes the keys that are due: the first ones, and the next ones ahead of
// time. The house calls it regularly.
func (k *Keyring) Tend(ctx context.Context) error {
	now := k.source.Now()
	var made errgroup.Group
	due := false
	for _, realm := range []Realm{Work, Consumers} {
		for _, algorithm := range algorithms {
			newest := k.newest(realm, algorithm)
			next := SealedKey{Realm: realm, Algorithm: algorithm, Published: now, Active: now}
			if newest != nil {
				if now.Before(newest.Active.Add(keyLife - keyOverlap)) {
					continue
				}
				next.Slot, next.Active = newest.Slot+1, now.Add(keyOverlap)
			}
			due = true
			made.Go(func() error { return k.make(ctx, next) })
		}
	}
	if err := made.Wait(); err != nil {
		return err
	}
	if !due {
		return nil
	}
	return k.load(ctx)
}

// Rotate publishes a next key for every realm and algorithm now; it signs once
// it has been published for the overlap.
func (k *Keyring) Rotate(ctx context.Context) error {
	now := k.source.Now()
	for _, realm := range []Realm{Work, Consumers} {
		for _, algorithm := range algorithms {
			newest := k.newest(realm, algorithm)
			next := SealedKey{Realm: realm, Algorithm: algorithm, Slot: newest.Slot + 1, Published: now, Active: now.Add(keyOverlap)}
			if err := k.make(ctx, next); err != nil {
				return err
			}
		}
	}
	return k.load(ctx)
}

func (k *Keyring) make(ctx context.Context, s SealedKey) error {
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

func (k *Keyring) load(ctx context.Context) error {
	stored, err := k.store.SigningKeys(ctx)
	if err != nil {
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	keys := make([]*signingKey, 0, len(stored))
	for _, s := range stored {
		kid := thumbprint(s.Certificate)
		if i := slices.IndexFunc(k.keys, func(have *signingKey) bool { return have.kid == kid && have.Realm == s.Realm }); i >= 0 {
			keys = append(keys, k.keys[i])
			continue
		}
		parsed, err := k.parse(s, kid)
		if err != nil {
			return err
		}
		keys = append(keys, parsed)
	}
	k.keys, k.read = keys, k.source.Now()
	return nil
}

func (k *Keyring) parse(s SealedKey, kid string) (*signingKey, error) {
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
	key := &signingKey{SealedKey: s, kid: kid, private: private}
	with := func(options *jose.SignerOptions) (jose.Signer, error) {
		return jose.NewSigner(jose.SigningKey{Algorithm: s.Algorithm, Key: jose.JSONWebKey{Key: private, KeyID: kid}}, options)
	}
	if key.plain, err = with((&jose.SignerOptions{}).WithType("JWT")); err != nil {
		return nil, err
	}
	// v1 tokens carry x5t beside kid (identity-platform.md 1.5).
	if key.thumbprinted, err = with((&jose.SignerOptions{}).WithType("JWT").WithHeader("x5t", kid)); err != nil {
		return nil, err
	}
	return key, nil
}

func thumbprint(certificate []byte) string {
	sum := sha1.Sum(certificate) //nolint:gosec // see the import
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func (k *Keyring) newest(realm Realm, algorithm Algorithm) *signingKey {
	k.mu.RLock()
	defer k.mu.RUnlock()
	var newest *signingKey
	for _, key := range k.keys {
		if key.Realm == realm && key.Algorithm == algorithm && (newest == nil || key.Slot > newest.Slot) {
			newest = key
		}
	}
	return newest
}

// fresh gives the keys, read again when they may be old.
func (k *Keyring) fresh(ctx context.Context) ([]*signingKey, error) {
	k.mu.RLock()
	keys, age := k.keys, k.source.Now().Sub(k.read)
	k.mu.RUnlock()
	if age < keySetAge && age >= 0 {
		return keys, nil
	}
	if err := k.load(ctx); err != nil {
		return nil, err
	}
	k.mu.RLock()
	defer k.mu.RUnlock()
	return k.keys, nil
}

// current is the key that signs: the newest that is active.
func (k *Keyring) current(ctx context.Context, realm Realm, algorithm Algorithm) (*signingKey, error) {
	keys, err := k.fresh(ctx)
	if err != nil {
		return nil, err
	}
	now := k.source.Now()
	var best *signingKey
	for _, key := range keys {
		if key.Realm == realm && key.Algorithm == algorithm && !key.Active.After(now) && (best == nil || key.Slot > best.Slot) {
			best = key
		}
	}
	if best == nil {
		return nil, fault.New(fault.DirectoryBusy).Because(fmt.Errorf("no active %s key for %s", algorithm, realm))
	}
	return best, nil
}

// Published lists the public keys of a realm: those that sign, those that will
// and those whose tokens may still live.
func (k *Keyring) Published(ctx context.Context, realm Realm) ([]jose.JSONWebKey, error) {
	keys, err := k.fresh(ctx)
	if err != nil {
		return nil, err
	}
	var set []jose.JSONWebKey
	for _, key := range keys {
		if key.Realm != realm || k.retired(keys, key) {
			continue
		}
		certificate, err := x509.ParseCertificate(key.Certificate)
		if err != nil {
			return nil, fmt.Errorf("parse certificate %s: %w", key.kid, err)
		}
		sum := sha1.Sum(key.Certificate) //nolint:gosec // see the import
		set = append(set, jose.JSONWebKey{
			Key: key.private.Public(), KeyID: key.kid, Use: "sig", Algorithm: string(key.Algorithm),
			Certificates: []*x509.Certificate{certificate}, CertificateThumbprintSHA1: sum[:],
		})
	}
	return set, nil
}

// retired: a later key took over longer ago than the overlap.
func (k *Keyring) retired(keys []*signingKey, key *signingKey) bool {
	limit := k.source.Now().Add(-keyOverlap)
	return slices.ContainsFunc(keys, func(later *signingKey) bool {
		return later.Realm == key.Realm && later.Algorithm == key.Algorithm && later.Slot > key.Slot && later.Active.Before(limit)
	})
}

// public finds the key that a token names, within the realm of its issuer:
// never by kid alone.
func (k *Keyring) public(ctx context.Context, realm Realm, kid string) (crypto.PublicKey, Algorithm, bool, error) {
	keys, err := k.fresh(ctx)
	if err != nil {
		return nil, "", false, err
	}
	for _, key := range keys {
		if key.Realm == realm && key.kid == kid && !k.retired(keys, key) {
			return key.private.Public(), key.Algorithm, true, nil
		}
	}
	return nil, "", false, nil
}
