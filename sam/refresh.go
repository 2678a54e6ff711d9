package sam

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/entente-id/entente/sam/cloud"
	"github.com/entente-id/entente/sam/secret"
	"github.com/entente-id/entente/sam/vault"
)

// target is what a refresh asks for.
type target struct {
	tenant   string // id; empty for the partner's own
	resource cloud.Resource
	claims   string
	attempts int
}

// renew gets a token from the authority. It is called in the line's turn.
func (b *Broker) renew(ctx context.Context, l *line, q Request, haveGood bool) (AccessToken, error) {
	if now := b.app.Now(); now.Before(l.quietUntil) {
		return AccessToken{}, l.quiet
	}
	// With a good token at hand there is no sense in letting the caller wait.
	attempts := 4
	if haveGood {
		attempts = 1
	}
	tenant, err := b.tenantID(ctx, q.Tenant)
	if err != nil {
		return AccessToken{}, b.outOfReach(ctx, l, err, place{client: b.app.ID, tenant: q.Tenant, customer: true})
	}
	to := target{tenant: tenant, resource: q.Resource, claims: q.Claims, attempts: attempts}
	if q.AppOnly {
		return b.appOnly(ctx, l, to)
	}
	return b.delegated(ctx, l, q.Record, to)
}

func (b *Broker) appOnly(ctx context.Context, l *line, to target) (AccessToken, error) {
	answer, err := b.persist(ctx, to.attempts, func() (cloud.Answer, error) {
		return b.app.AppOnly(ctx, to.tenant, to.resource, to.claims)
	})
	if err != nil {
		return AccessToken{}, b.outOfReach(ctx, l, err, place{client: b.app.ID, person: "the application", tenant: to.tenant})
	}
	return b.accept(answer, to.tenant, to.resource)
}

// delegated gets a token on behalf of the person who consented (V4 to V8).
func (b *Broker) delegated(ctx context.Context, l *line, name string, to target) (AccessToken, error) {
	answer, sent, err := b.present(ctx, l, name, to)
	if err == nil {
		return b.arrived(ctx, l, name, to, sent, answer)
	}
	refusal, ok := errors.AsType[*cloud.Refusal](err)
	if !ok || cloud.Transient(err) {
		return AccessToken{}, b.degraded(ctx, l, name, err)
	}
	at := b.placeOf(l.record, to)
	meaning := read(refusal)
	if at.customer {
		meaning = readAtCustomer(refusal)
	}
	switch meaning.about {
	case aboutPerson:
		return AccessToken{}, b.condemn(ctx, l, name, explain(refusal, meaning, at))
	case aboutGrant:
		if at.customer {
			return b.judgedAtHome(ctx, l, name, to, sent, explain(refusal, meaning, at))
		}
		return b.secondChance(ctx, l, name, to, sent, refusal)
	default:
		if !at.customer && meaning.message == "M12" && b.app.Cloud.Means(to.resource.Audience, b.app.Cloud.PartnerCenter().Audience) {
			// What the consent was given for is no longer allowed.
			return AccessToken{}, b.condemn(ctx, l, name, explain(refusal, meaning, at))
		}
		return AccessToken{}, explain(refusal, meaning, at)
	}
}

// present sends cur, again and again with the same key while nothing is decided.
func (b *Broker) present(ctx context.Context, l *line, name string, to target) (cloud.Answer, vault.Held, error) {
	var sent vault.Held
	answer, err := b.persist(ctx, to.attempts, func() (cloud.Answer, error) {
		if err := b.setOut(ctx, l, name); err != nil {
			return cloud.Answer{}, err
		}
		sent = l.record.Cur
		return b.send(ctx, l, sent, to)
	})
	return answer, sent, err
}

func (b *Broker) send(ctx context.Context, l *line, held vault.Held, to target) (cloud.Answer, error) {
	tenant := to.tenant
	if tenant == "" {
		tenant = l.record.Tenant
	}
	return b.app.Refresh(ctx, cloud.Refresh{Tenant: tenant, Resource: to.resource, Token: held.RT, Key: held.Key, Claims: to.claims})
}

const (
	firstPause   = 500 * time.Millisecond
	longestPause = 30 * time.Second
)

// persist repeats a request that may be repeated, with exponential pauses and
// jitter, and never sooner than the authority asked for.
func (b *Broker) persist(ctx context.Context, attempts int, ask func() (cloud.Answer, error)) (cloud.Answer, error) {
	for attempt := 1; ; attempt++ {
		answer, err := ask()
		if err == nil || ctx.Err() != nil || !cloud.Transient(err) || attempt >= attempts {
			return answer, err
		}
		pause := firstPause << (attempt - 1)
		pause += time.Duration(b.fraction() * float64(pause))
		if refusal, ok := errors.AsType[*cloud.Refusal](err); ok && refusal.RetryAfter > pause {
			pause = refusal.RetryAfter
		}
		if pause > longestPause {
			return answer, err
		}
		if err := b.sleep(ctx, pause); err != nil {
			return answer, fmt.Errorf("wait before asking again: %w", err)
		}
	}
}

// arrived stores what must be stored, and only then hands the token out (V5, V5a,
// V6, V7).
func (b *Broker) arrived(ctx context.Context, l *line, name string, to target, sent vault.Held, answer cloud.Answer) (AccessToken, error) {
	if answer.Refresh.Empty() && b.app.Cloud.IsEntente() {
		if err := b.overtaken(ctx, l, name, sent); err != nil {
			return AccessToken{}, err
		}
	}
	if err := b.keep(ctx, l, name, sent, answer); err != nil {
		return AccessToken{}, err
	}
	tenant := to.tenant
	if tenant == "" {
		tenant = l.record.Tenant
	}
	return b.accept(answer, tenant, to.resource)
}

// keep makes the successor durable. A vault that fails here does not keep the
// token from the caller (row 20): cur stays in use, and its next presentation
// brings the successor again, to be stored then.
func (b *Broker) keep(ctx context.Context, l *line, name string, sent vault.Held, answer cloud.Answer) error {
	key, err := draw(b.app.Random, 24)
	if err != nil {
		return err
	}
	next := vault.Held{}
	if !answer.Refresh.Empty() {
		next = vault.Held{RT: answer.Refresh, Key: secret.New(key), GotAt: b.app.Now()}
	}
	err = b.update(context.WithoutCancel(ctx), l, name, func(r vault.Record) (vault.Record, bool) {
		if !r.Cur.RT.Equal(sent.RT) {
			// Another worker, or a new consent, is ahead: this successor is known
			// there, or belongs to the past.
			return r, false
		}
		changes := r.Next.Empty() && !next.Empty() || !r.Prev.Empty() || r.State != vault.Healthy
		if !changes {
			return r, false
		}
		r = receiving(r, next)
		if l.queued.Load() == 0 {
			r = released(r, b.owner)
		}
		return r, true
	})
	if problem, ok := errors.AsType[*Problem](err); ok && problem.Kind == VaultFailed {
		return nil
	}
	return err
}

// overtaken looks into an answer that brought no refresh token: an Entente gives
// none for a token whose successor has been used. Either another worker used it,
// or somebody who should not have it (V5a).
func (b *Broker) overtaken(ctx context.Context, l *line, name string, sent vault.Held) error {
	r, err := b.read(ctx, l, name)
	if err != nil {
		return err
	}
	if !r.Cur.RT.Equal(sent.RT) {
		return nil
	}
	_, err = b.persist(ctx, 3, func() (cloud.Answer, error) {
		return cloud.Answer{}, b.app.Revoke(ctx, r.Tenant, sent.RT)
	})
	p := &Problem{
		Kind: NeedsPerson, Message: "M28", condemns: true, cause: err,
		What: "somebody else has used a refresh token that only this vault should hold; all access from this consent was ended",
		Do:   "find out who can read the vault, then: entente partner consent",
	}
	if err != nil {
		p.What = "somebody else has used a refresh token that only this vault should hold, and the authority could not be told"
		p.Do = "revoke the sign-in of " + r.SignInName + " at the authority, find out who can read the vault, then: entente partner consent"
	}
	return b.stop(ctx, l, name, vault.Suspect, p)
}

// judgedAtHome asks the partner's own tenant whether the grant is dead: a refusal
// in a customer's tenant alone never ends the consent. When another token than
// the refused one turns out to be good, the customer's tenant is asked once more.
func (b *Broker) judgedAtHome(ctx context.Context, l *line, name string, to target, refused vault.Held, customer *Problem) (AccessToken, error) {
	home := target{resource: b.app.Cloud.PartnerCenter(), attempts: 1}
	_, err := b.delegated(ctx, l, name, home)
	if problem, ok := errors.AsType[*Problem](err); ok && problem.condemns {
		return AccessToken{}, err
	}
	if err != nil || l.record.Cur.RT.Equal(refused.RT) {
		return AccessToken{}, customer
	}
	answer, sent, err := b.present(ctx, l, name, to)
	if err != nil {
		return AccessToken{}, customer
	}
	return b.arrived(ctx, l, name, to, sent, answer)
}

// condemn ends the use of the record until a person consents again.
func (b *Broker) condemn(ctx context.Context, l *line, name string, p *Problem) error {
	p.condemns = true
	return b.stop(ctx, l, name, vault.NeedsConsent, p)
}

// stop writes a state that keeps the record from being used, and drops what came
// from it. The problem is returned even if the vault cannot note it.
func (b *Broker) stop(ctx context.Context, l *line, name string, state vault.State, p *Problem) error {
	condemned := l.record.ConsentAt
	err := b.update(context.WithoutCancel(ctx), l, name, func(r vault.Record) (vault.Record, bool) {
		return released(troubled(r, state, p, b.app.Now()), b.owner), r.ConsentAt.Equal(condemned)
	})
	if err != nil {
		p.cause = errors.Join(p.cause, err)
	}
	b.cache.forget(name)
	return p
}

// degraded notes that the authority decided nothing, and keeps the line quiet for
// a while.
func (b *Broker) degraded(ctx context.Context, l *line, name string, err error) error {
	out := b.outOfReach(ctx, l, err, place{})
	if problem, ok := errors.AsType[*Problem](out); ok && problem.Kind == Unreachable {
		// Best effort: the state is for people to see.
		_ = b.update(ctx, l, name, func(r vault.Record) (vault.Record, bool) {
			return troubled(r, vault.Degraded, problem, b.app.Now()), r.State == vault.Healthy
		})
	}
	return out
}

// outOfReach turns a failure without a decision into a Problem, and opens the
// circuit when the authority as a whole is out of reach or asks for a pause.
func (b *Broker) outOfReach(ctx context.Context, l *line, err error, at place) error {
	refusal, refused := errors.AsType[*cloud.Refusal](err)
	switch {
	case ctx.Err() != nil:
		// The caller gave up: that says nothing about the authority.
		return fmt.Errorf("ask for a token: %w", ctx.Err())
	case cloud.Untrusted(err):
		return untrusted(b.app.Cloud.Authority, err)
	case !cloud.Transient(err) && refused:
		meaning := read(refusal)
		if at.customer {
			meaning = readAtCustomer(refusal)
		}
		return explain(refusal, meaning, at)
	case !cloud.Transient(err):
		return err
	}
	p := unreachable(b.app.Cloud.Authority, err)
	if !refused || refusal.Status == http.StatusTooManyRequests {
		l.quietUntil, l.quiet = b.app.Now().Add(pauseAfter(p)), p
	}
	return p
}

func (b *Broker) placeOf(r vault.Record, to target) place {
	return place{client: b.app.ID, person: r.SignInName, tenant: to.tenant, customer: to.tenant != "" && to.tenant != r.Tenant}
}
