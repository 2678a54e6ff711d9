package sam

import (
	"context"
	"fmt"
)

// Heartbeat keeps one consent alive: when its refresh token has been in use for
// the heartbeat, or was never used, the successor takes over and is presented.
// Call it from time to time, oftener than every heartbeat; most calls only read
// the vault. So a consent never goes stale, and a stolen token shows itself within
// one heartbeat. Token does the same on the way, when it has to ask.
func (b *Broker) Heartbeat(ctx context.Context, record string) error {
	q := Request{Record: record, Resource: b.app.Cloud.PartnerCenter()}
	if err := b.check(q); err != nil {
		return err
	}
	l := b.line(lineKey{record: record})
	if !l.enter(ctx, false) {
		return fmt.Errorf("wait for the record: %w", ctx.Err())
	}
	defer b.leave(ctx, l, q)
	r, err := b.read(ctx, l, record)
	if err != nil {
		return err
	}
	if !r.Next.Empty() && !promotionDue(r, b.app.Now(), b.heartbeat) {
		return nil
	}
	token, err := b.renew(ctx, l, q, false)
	if err != nil {
		return err
	}
	now := b.app.Now()
	b.cache.put(b.keyOf(q), entry{token: token, renewAt: renewalTime(now, token.ExpiresOn, b.fraction())}, now)
	return nil
}
