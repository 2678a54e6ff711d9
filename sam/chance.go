package sam

import (
	"context"
	"errors"
	"slices"

	"github.com/entente-id/entente/sam/cloud"
	"github.com/entente-id/entente/sam/secret"
	"github.com/entente-id/entente/sam/vault"
)

// secondChance tries whatever else the vault holds before a person is called
// (V8): the record may have moved on, the successor may be what the authority is
// waiting for, and what cur replaced may still be good.
func (b *Broker) secondChance(ctx context.Context, l *line, name string, to target, sent vault.Held, refusal *cloud.Refusal) (AccessToken, error) {
	tried := []vault.Held{sent}
	untried := func(h vault.Held) bool {
		return !h.Empty() && !slices.ContainsFunc(tried, func(t vault.Held) bool { return t.RT.Equal(h.RT) })
	}
	for {
		r, err := b.read(ctx, l, name)
		if err != nil {
			return AccessToken{}, err
		}
		if !untried(r.Cur) && untried(r.Next) {
			err := b.update(ctx, l, name, func(r vault.Record) (vault.Record, bool) {
				return promoted(r), untried(r.Next) && !untried(r.Cur)
			})
			if err != nil {
				return AccessToken{}, err
			}
		}
		fromPrev := !untried(l.record.Cur)
		if fromPrev && !untried(l.record.Prev) {
			at := b.placeOf(l.record, to)
			return AccessToken{}, b.condemn(ctx, l, name, explain(refusal, read(refusal), at))
		}
		if err := b.setOut(ctx, l, name); err != nil {
			return AccessToken{}, err
		}
		held := l.record.Cur
		if fromPrev {
			held = l.record.Prev
		}
		answer, err := b.persist(ctx, to.attempts, func() (cloud.Answer, error) { return b.send(ctx, l, held, to) })
		if err == nil && fromPrev {
			return b.backOnPrev(ctx, l, name, to, held, answer)
		}
		if err == nil {
			return b.arrived(ctx, l, name, to, held, answer)
		}
		again, ok := errors.AsType[*cloud.Refusal](err)
		if !ok || cloud.Transient(err) {
			return AccessToken{}, b.degraded(ctx, l, name, err)
		}
		meaning := read(again)
		switch meaning.about {
		case aboutPerson:
			return AccessToken{}, b.condemn(ctx, l, name, explain(again, meaning, b.placeOf(l.record, to)))
		case aboutGrant:
			tried = append(tried, held)
		default:
			// The token was good; what it was used for was not.
			return AccessToken{}, explain(again, meaning, b.placeOf(l.record, to))
		}
	}
}

// backOnPrev returns to the token before cur. An Entente gives an access token
// for it and no successor: then nothing is written, and cur is asked again later.
func (b *Broker) backOnPrev(ctx context.Context, l *line, name string, to target, held vault.Held, answer cloud.Answer) (AccessToken, error) {
	if !answer.Refresh.Empty() {
		key, err := draw(b.app.Random, 24)
		if err != nil {
			return AccessToken{}, err
		}
		next := vault.Held{RT: answer.Refresh, Key: secret.New(key), GotAt: b.app.Now()}
		err = b.update(context.WithoutCancel(ctx), l, name, func(r vault.Record) (vault.Record, bool) {
			return fallenBack(r, next), r.Prev.RT.Equal(held.RT)
		})
		if err != nil {
			return AccessToken{}, err
		}
	}
	tenant := to.tenant
	if tenant == "" {
		tenant = l.record.Tenant
	}
	return b.accept(answer, tenant, to.resource)
}
