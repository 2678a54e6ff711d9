package sam

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/entente-id/entente/sam/vault"
)

// lineKey is what requests queue up for: a record, or a tenant for tokens of the
// application itself.
type lineKey struct{ record, tenant string }

// line is the queue before one record: one caller at a time talks to the
// authority. All fields but turn and queued belong to the caller whose turn it is.
type line struct {
	turn   chan struct{}
	queued atomic.Int32

	record  vault.Record // as last read or written; current while the lease is ours
	highest uint64       // the newest version this broker has seen

	// While the authority is out of reach, nobody is sent before quietUntil.
	quietUntil time.Time
	quiet      error
}

func (b *Broker) line(k lineKey) *line {
	b.mu.Lock()
	defer b.mu.Unlock()
	l, ok := b.lines[k]
	if !ok {
		l = &line{turn: make(chan struct{}, 1)}
		b.lines[k] = l
	}
	return l
}

// enter waits for the turn. With a good token at hand there is no need to: it
// gives up if the turn is taken.
func (l *line) enter(ctx context.Context, good bool) bool {
	if good {
		select {
		case l.turn <- struct{}{}:
			return true
		default:
			return false
		}
	}
	l.queued.Add(1)
	defer l.queued.Add(-1)
	select {
	case l.turn <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

// leave gives the turn on. The last one out gives the lease back, so that other
// processes need not wait for it to run out.
func (b *Broker) leave(ctx context.Context, l *line, q Request) {
	if !q.AppOnly && l.queued.Load() == 0 {
		// Best effort: a lease that is not given back runs out by itself.
		_ = b.update(context.WithoutCancel(ctx), l, q.Record, func(r vault.Record) (vault.Record, bool) {
			return released(r, b.owner), r.Lease.Owner == b.owner
		})
	}
	<-l.turn
}

// read reads the record anew, and refuses one that is not this broker's to use.
func (b *Broker) read(ctx context.Context, l *line, name string) (vault.Record, error) {
	r, err := b.vault.Read(ctx, name)
	switch {
	case errors.Is(err, vault.ErrAbsent):
		return r, &Problem{Kind: NeedsPerson, What: "no consent is stored under the name " + name, Do: "entente partner consent", condemns: true, cause: err}
	case err != nil && ctx.Err() != nil:
		return r, fmt.Errorf("read the vault: %w", err)
	case err != nil:
		return r, vaultTrouble("the vault cannot be read", err)
	case r.Seq+1 < l.highest && r.ConsentAt.Equal(l.record.ConsentAt):
		// One version back is what a damaged file falls back to, and harmless. More
		// is an old copy put in place: its token was used up under a key that is
		// lost, and presenting it would look like theft (row 19).
		return r, vaultTrouble("the vault went back in time", fmt.Errorf("%s is at version %d, and was at %d", name, r.Seq, l.highest))
	case r.Authority != b.app.Cloud.Authority || r.ClientID != b.app.ID:
		return r, &Problem{Kind: Unexpected, Message: "M22",
			What: fmt.Sprintf("the consent %s was given at %s to application %s, not at %s to %s", name, r.Authority, r.ClientID, b.app.Cloud.Authority, b.app.ID),
			Do:   "use the authority and client id of the consent, or consent anew: entente partner consent"}
	}
	b.noted(l, name, r)
	return r, nil
}

// noted takes a version as the current one. When another person has consented
// since, tokens that came from the earlier consent are forgotten.
func (b *Broker) noted(l *line, name string, r vault.Record) {
	if l.record.Seq != 0 && (l.record.ObjectID != r.ObjectID || !l.record.ConsentAt.Equal(r.ConsentAt)) {
		b.cache.forget(name)
	}
	if !l.record.ConsentAt.Equal(r.ConsentAt) {
		l.highest = 0
	}
	l.record, l.highest = r, max(l.highest, r.Seq)
}

// update brings a change into the record, whoever else is writing. The change is
// asked again on every version it meets; it returns false when there is nothing
// to write.
func (b *Broker) update(ctx context.Context, l *line, name string, change func(vault.Record) (vault.Record, bool)) error {
	for {
		next, wanted := change(l.record)
		if !wanted {
			return nil
		}
		err := b.vault.Swap(ctx, name, l.record.Seq, next)
		if err == nil {
			next.Seq = l.record.Seq + 1
			b.noted(l, name, next)
			return nil
		}
		if !errors.Is(err, vault.ErrConflict) {
			// Whether it was written is not known: the record must be read again.
			l.record.Lease = vault.Lease{}
			return vaultTrouble("the vault cannot be written", err)
		}
		if _, err := b.read(ctx, l, name); err != nil {
			l.record.Lease = vault.Lease{}
			return err
		}
	}
}

const (
	// leasePoll is how often to look whether another process has given its lease
	// back; leaseRest is the longer pause in which a busy one lets others have it.
	leasePoll = 100 * time.Millisecond
	leaseRest = 300 * time.Millisecond
)

// setOut makes sure that this broker may present cur: it holds the lease for long
// enough, the use of cur is on record, and the vault has room for what may come
// back (V1 to V3). When cur has served a heartbeat, its successor takes over.
func (b *Broker) setOut(ctx context.Context, l *line, name string) error {
	mine := l.record.Lease.Owner == b.owner
	left := l.record.Lease.Until.Sub(b.app.Now())
	if mine && left >= leaseNeed && !promotionDue(l.record, b.app.Now(), b.heartbeat) {
		return nil
	}
	if mine && left < leaseNeed {
		if err := b.rest(ctx, l, name); err != nil {
			return err
		}
	}
	for {
		r, err := b.read(ctx, l, name)
		if err != nil {
			return err
		}
		now := b.app.Now()
		if r.Lease.Held(now) && r.Lease.Owner != b.owner {
			pause := min(r.Lease.Until.Sub(now), leasePoll+time.Duration(b.fraction()*float64(leasePoll)))
			if err := b.sleep(ctx, pause); err != nil {
				return fmt.Errorf("wait for another process to finish: %w", err)
			}
			continue
		}
		if err := stopped(r, now); err != nil {
			return err
		}
		next := r
		if promotionDue(next, now, b.heartbeat) {
			next = promoted(next)
		}
		if next.Next.Empty() {
			if err := b.vault.Check(ctx); err != nil {
				return vaultTrouble("the vault cannot take what would come back", err)
			}
		}
		err = b.vault.Swap(ctx, name, r.Seq, settingOut(next, b.owner, now))
		switch {
		case err == nil:
			next = settingOut(next, b.owner, now)
			next.Seq = r.Seq + 1
			b.noted(l, name, next)
			return nil
		case errors.Is(err, vault.ErrConflict):
			continue
		default:
			l.record.Lease = vault.Lease{}
			return vaultTrouble("the vault cannot be written", err)
		}
	}
}

// rest gives the lease to whoever else wants it, instead of renewing it: a busy
// process must not starve the others.
func (b *Broker) rest(ctx context.Context, l *line, name string) error {
	err := b.update(ctx, l, name, func(r vault.Record) (vault.Record, bool) {
		return released(r, b.owner), r.Lease.Owner == b.owner
	})
	if err != nil {
		return err
	}
	if err := b.sleep(ctx, leaseRest); err != nil {
		return fmt.Errorf("let other processes have their turn: %w", err)
	}
	return nil
}

// stopped says why a record must not be used, if so. A policy can be lifted
// without a new consent, so that a refusal by policy is tried again, once a
// minute at most; what was revoked or has expired stays so.
func stopped(r vault.Record, now time.Time) error {
	switch r.State {
	case vault.Suspect:
		return remembered(r)
	case vault.NeedsConsent:
		switch r.LastError.Message {
		case "M07", "M08", "M09", "M10", "M29", "M30":
			if now.Sub(r.LastError.At) >= refusalHold {
				return nil
			}
		}
		return remembered(r)
	}
	return nil
}
