// Package signingkey holds the keys that tokens are signed with: how they are
// made, sealed, published and rotated, and which one signs now.
package signingkey

import (
	"context"
	"crypto"
	"crypto/sha1" //nolint:gosec // x5t is SHA-1 by RFC 7517 4.8; it names a key, it proves nothing
	"crypto/x509"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/seal"
	"github.com/go-jose/go-jose/v4"
	"golang.org/x/sync/errgroup"
)

// Store keeps signing keys.
type Store interface {
	// SigningKeys lists all keys, oldest first.
	SigningKeys(ctx context.Context) ([]Stored, error)
	// AddSigningKey adds a key unless its slot is taken by another node.
	AddSigningKey(ctx context.Context, k Stored) error
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

// Ring is the room: the keys of every realm. They are parsed once and kept.
type Ring struct {
	store   Store
	source  id.Source
	custody *seal.Key

	mu   sync.RWMutex
	keys []*Key
	read time.Time
}

// NewRing opens the room and makes the first keys of a new world.
func NewRing(ctx context.Context, store Store, source id.Source, custody *seal.Custody) (*Ring, error) {
	key, err := custody.Key("signing key")
	if err != nil {
		return nil, err
	}
	k := &Ring{store: store, source: source, custody: key}
	if err := k.load(ctx); err != nil {
		return nil, err
	}
	return k, k.Tend(ctx)
}

// Tend makes the keys that are due: the first ones, and the next ones ahead of
// time. The house calls it regularly.
func (k *Ring) Tend(ctx context.Context) error {
	now := k.source.Now()
	var made errgroup.Group
	due := false
	for _, realm := range []Realm{Work, Consumers} {
		for _, algorithm := range Algorithms {
			newest := k.newest(realm, algorithm)
			next := Stored{Realm: realm, Algorithm: algorithm, Published: now, Active: now}
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
func (k *Ring) Rotate(ctx context.Context) error {
	now := k.source.Now()
	for _, realm := range []Realm{Work, Consumers} {
		for _, algorithm := range Algorithms {
			newest := k.newest(realm, algorithm)
			next := Stored{Realm: realm, Algorithm: algorithm, Slot: newest.Slot + 1, Published: now, Active: now.Add(keyOverlap)}
			if err := k.make(ctx, next); err != nil {
				return err
			}
		}
	}
	return k.load(ctx)
}

func (k *Ring) load(ctx context.Context) error {
	stored, err := k.store.SigningKeys(ctx)
	if err != nil {
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	keys := make([]*Key, 0, len(stored))
	for _, s := range stored {
		kid := thumbprint(s.Certificate)
		if i := slices.IndexFunc(k.keys, func(have *Key) bool { return have.ID == kid && have.Realm == s.Realm }); i >= 0 {
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

func (k *Ring) newest(realm Realm, algorithm Algorithm) *Key {
	k.mu.RLock()
	defer k.mu.RUnlock()
	var newest *Key
	for _, key := range k.keys {
		if key.Realm == realm && key.Algorithm == algorithm && (newest == nil || key.Slot > newest.Slot) {
			newest = key
		}
	}
	return newest
}

// fresh gives the keys, read again when they may be old.
func (k *Ring) fresh(ctx context.Context) ([]*Key, error) {
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

// Current is the key that signs: the newest that is active. It fails with
// DirectoryBusy when there is none.
func (k *Ring) Current(ctx context.Context, realm Realm, algorithm Algorithm) (*Key, error) {
	keys, err := k.fresh(ctx)
	if err != nil {
		return nil, err
	}
	now := k.source.Now()
	var best *Key
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
func (k *Ring) Published(ctx context.Context, realm Realm) ([]jose.JSONWebKey, error) {
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
			return nil, fmt.Errorf("parse certificate %s: %w", key.ID, err)
		}
		sum := sha1.Sum(key.Certificate) //nolint:gosec // see the import
		set = append(set, jose.JSONWebKey{
			Key: key.Private.Public(), KeyID: key.ID, Use: "sig", Algorithm: string(key.Algorithm),
			Certificates: []*x509.Certificate{certificate}, CertificateThumbprintSHA1: sum[:],
		})
	}
	return set, nil
}

// retired: a later key took over longer ago than the overlap.
func (k *Ring) retired(keys []*Key, key *Key) bool {
	limit := k.source.Now().Add(-keyOverlap)
	return slices.ContainsFunc(keys, func(later *Key) bool {
		return later.Realm == key.Realm && later.Algorithm == key.Algorithm && later.Slot > key.Slot && later.Active.Before(limit)
	})
}

// Public finds the key that a token names, within the realm of its issuer:
// never by kid alone. The third result is false when there is none.
func (k *Ring) Public(ctx context.Context, realm Realm, kid string) (crypto.PublicKey, Algorithm, bool, error) {
	keys, err := k.fresh(ctx)
	if err != nil {
		return nil, "", false, err
	}
	for _, key := range keys {
		if key.Realm == realm && key.ID == kid && !k.retired(keys, key) {
			return key.Private.Public(), key.Algorithm, true, nil
		}
	}
	return nil, "", false, nil
}
