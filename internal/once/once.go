// Package once keeps a deed that is asked for twice from being done twice: a
// client that lost the answer sends its request again under the same id, and
// gets the answer of the first time (secure-application-model.md 6.5).
package once

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/seal"
)

const (
	// Life is how long an answer is kept.
	Life = 24 * time.Hour
	// lease is how long a deed counts as under way whose server says nothing
	// more: it has died.
	lease = 2 * time.Minute
)

// Answer is what the first request was told.
type Answer struct {
	Status int
	Header map[string]string
	Body   []byte
}

// Claim is one deed as the store knows it.
type Claim struct {
	Tenant id.Tenant
	// Key is the client's id of the request, Digest that of what it asks.
	Key, Digest string
	// Sealed is the answer; nil while the deed is under way.
	Sealed []byte
	// Until is when the claim ends, and with it what is known of the deed.
	Until time.Time
}

// Store keeps claims.
type Store interface {
	// ClaimDeed takes the key unless a claim holds it that has not ended;
	// then it gives that one and false.
	ClaimDeed(ctx context.Context, c Claim, now time.Time) (Claim, bool, error)
	// FinishDeed keeps the answer of a claim.
	FinishDeed(ctx context.Context, c Claim) error
	// ReleaseDeed forgets a claim without an answer.
	ReleaseDeed(ctx context.Context, tenant id.Tenant, key string) error
}

// Deeds is the room.
type Deeds struct {
	store  Store
	source id.Source
	seal   *seal.Key

	mu sync.Mutex
	// under are the deeds under way on this node; a channel is closed in the end.
	under map[string]chan struct{}
}

// NewDeeds opens the room.
func NewDeeds(store Store, source id.Source, custody *seal.Custody) (*Deeds, error) {
	key, err := custody.Key("answer of a deed")
	if err != nil {
		return nil, err
	}
	return &Deeds{store: store, source: source, seal: key, under: map[string]chan struct{}{}}, nil
}

// Digest tells requests apart: no two lists of parts have the same.
func Digest(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%d:%s", len(p), p)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Do does a deed, or gives the answer of its first time. Answers are kept when
// keep says so; any other deed can be tried again. Somebody who asks while the
// deed is under way on this node waits for it; on another one they are told to
// come back, with DirectoryBusy. It fails with RequestReused when the key was
// used for something else.
func (d *Deeds) Do(ctx context.Context, tenant id.Tenant, key, digest string, keep func(Answer) bool, do func() Answer) (Answer, error) {
	key = strings.ToLower(key)
	leave, err := d.enter(ctx, string(tenant)+"/"+key)
	if err != nil {
		return Answer{}, err
	}
	defer leave()
	now := d.source.Now()
	claim := Claim{Tenant: tenant, Key: key, Digest: digest, Until: now.Add(lease)}
	held, won, err := d.store.ClaimDeed(ctx, claim, now)
	if err != nil {
		return Answer{}, err
	}
	if !won {
		return d.again(held, digest)
	}
	// The deed is done or not whether or not the client still listens, and so
	// is known.
	ctx = context.WithoutCancel(ctx)
	answered := false
	defer func() {
		if !answered {
			_ = d.store.ReleaseDeed(ctx, tenant, key)
		}
	}()
	a := do()
	if !keep(a) {
		return a, nil
	}
	text, err := json.Marshal(a)
	if err != nil {
		return a, fmt.Errorf("encode answer: %w", err)
	}
	if claim.Sealed, err = d.seal.Seal(text, string(tenant)+"/"+key); err != nil {
		return a, err
	}
	claim.Until = d.source.Now().Add(Life)
	answered = true
	return a, d.store.FinishDeed(ctx, claim)
}

// enter waits until nobody else on this node does the deed.
func (d *Deeds) enter(ctx context.Context, name string) (leave func(), err error) {
	for {
		d.mu.Lock()
		busy, taken := d.under[name]
		if !taken {
			done := make(chan struct{})
			d.under[name] = done
			d.mu.Unlock()
			return func() {
				d.mu.Lock()
				delete(d.under, name)
				d.mu.Unlock()
				close(done)
			}, nil
		}
		d.mu.Unlock()
		select {
		case <-busy:
		case <-ctx.Done():
			return nil, fault.New(fault.DirectoryBusy).Because(ctx.Err())
		}
	}
}

func (d *Deeds) again(held Claim, digest string) (Answer, error) {
	var a Answer
	switch {
	case held.Digest != digest:
		return a, fault.New(fault.RequestReused, "parameter", "MS-RequestId", "rule", "a new id for each new operation")
	case held.Sealed == nil:
		return a, fault.New(fault.DirectoryBusy, "seconds", "2")
	}
	text, err := d.seal.Open(held.Sealed, string(held.Tenant)+"/"+held.Key)
	if err != nil {
		return a, fmt.Errorf("open answer: %w", err)
	}
	if err := json.Unmarshal(text, &a); err != nil {
		return a, fmt.Errorf("decode answer: %w", err)
	}
	return a, nil
}
