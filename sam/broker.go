// Package sam is the partner's side of the Secure Application Model.
//
// A person consents once, with a second factor, in a browser (Consent). The
// refresh token goes to a vault. From then on a Broker hands out access tokens
// for any resource and any customer's tenant, all year, without a person, and
// without locking itself out however often it, the vault or the network dies.
//
//	broker, err := sam.New(sam.Config{Cloud: cloud.Global(), ClientID: id, Credential: cert, Vault: v})
//	token, err := broker.Token(ctx, sam.Request{Record: name, Tenant: customer, Resource: graph})
//
// Errors that a person or a program can act upon are a *Problem.
package sam

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/entente-id/entente/sam/cloud"
	"github.com/entente-id/entente/sam/vault"
)

// Config is what a Broker is made of. Now, Random, Sleep and Heartbeat may be
// left out.
type Config struct {
	Cloud      cloud.Cloud
	ClientID   string
	Credential cloud.Credential
	Vault      vault.Vault  // may be nil for a broker that asks for AppOnly tokens alone
	HTTP       *http.Client // nil means a plain client; one that does not verify TLS is refused

	// Heartbeat is how long one refresh token stays in use before its successor
	// takes over: 6 hours at an Entente, 24 hours at a Microsoft cloud.
	Heartbeat time.Duration

	Now    func() time.Time
	Random io.Reader // safe for concurrent use
	Sleep  func(context.Context, time.Duration) error
}

// Broker hands out access tokens. It is safe for concurrent use, and several may
// work over one vault.
type Broker struct {
	app       cloud.App
	vault     vault.Vault
	heartbeat time.Duration
	sleep     func(context.Context, time.Duration) error
	owner     string // names this broker in leases
	cache     *cache

	mu      sync.Mutex
	lines   map[lineKey]*line
	tenants map[string]string // verified domain → tenant id
}

// New makes a Broker. It speaks to nobody yet.
func New(c Config) (*Broker, error) {
	app, err := newApp(c.Cloud, c.ClientID, c.Credential, c.HTTP, c.Now, c.Random)
	if err != nil {
		return nil, fmt.Errorf("make a broker: %w", err)
	}
	b := &Broker{
		app: app, vault: c.Vault, heartbeat: c.Heartbeat, sleep: c.Sleep,
		cache: newCache(), lines: make(map[lineKey]*line), tenants: make(map[string]string),
	}
	if b.heartbeat == 0 {
		b.heartbeat = 24 * time.Hour
		if c.Cloud.IsEntente() {
			b.heartbeat = 6 * time.Hour
		}
	}
	if b.sleep == nil {
		b.sleep = sleep
	}
	if b.owner, err = draw(app.Random, 12); err != nil {
		return nil, fmt.Errorf("make a broker: %w", err)
	}
	return b, nil
}

// newApp checks and completes what a Broker and a Consent have in common.
func newApp(c cloud.Cloud, id string, credential cloud.Credential, client *http.Client, now func() time.Time, random io.Reader) (cloud.App, error) {
	if err := c.Open(); err != nil {
		return cloud.App{}, err
	}
	switch {
	case c.Authority == "":
		return cloud.App{}, errors.New("no cloud was chosen")
	case id == "":
		return cloud.App{}, errors.New("no client id was given")
	case credential == nil:
		return cloud.App{}, errors.New("neither a client secret nor a certificate was given")
	}
	if client == nil {
		client = &http.Client{}
	}
	if transport, ok := client.Transport.(*http.Transport); ok && transport.TLSClientConfig != nil && transport.TLSClientConfig.InsecureSkipVerify {
		return cloud.App{}, errors.New("the HTTP client does not verify TLS certificates; give it the authority's CA instead")
	}
	if now == nil {
		now = time.Now
	}
	if random == nil {
		random = rand.Reader
	}
	return cloud.App{Cloud: c, ID: id, Credential: credential, HTTP: client, Now: now, Random: random}, nil
}

// Request is what a caller needs a token for.
type Request struct {
	// Record is the name of the consent in the vault; unused when AppOnly.
	Record string
	// Tenant is a customer's tenant, by id or verified domain. Empty means the
	// partner's own; AppOnly needs it.
	Tenant   string
	Resource cloud.Resource
	// Claims is a claims challenge that an API answered with; it asks anew even
	// if a token is at hand.
	Claims string
	// AppOnly asks for a token of the application itself, without a person.
	AppOnly bool
}

// AccessToken is a token to be sent to the resource it is for. It prints without
// the token itself.
type AccessToken struct {
	Token     string `json:"-"`
	ExpiresOn time.Time
	Tenant    string // tenant id the token is valid in
	Resource  string // audience that was asked for
	MFA       bool   // the person behind it proved a second factor
	Reference string // correlation id of the request that brought it
}

// Format writes where and until when the token is good.
func (t AccessToken) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "[sealed token for %s in %s until %s]", t.Resource, t.Tenant, t.ExpiresOn.UTC().Format(time.RFC3339))
}

// Token returns an access token that is good for a while: from memory (under a
// microsecond), or by one refresh. While the authority is out of reach, a token
// that has not expired is still handed out.
func (b *Broker) Token(ctx context.Context, q Request) (AccessToken, error) {
	k := b.keyOf(q)
	now := b.app.Now()
	if e := b.cache.get(k); q.Claims == "" && now.Before(e.renewAt) {
		return e.token, nil
	}
	return b.fetch(ctx, q, k)
}

func (b *Broker) keyOf(q Request) key {
	return key{
		cloud: b.app.Cloud.Authority, record: q.Record, client: b.app.ID, tenant: strings.ToLower(q.Tenant),
		resource: q.Resource.Audience, claims: q.Claims, appOnly: q.AppOnly,
	}
}

func (b *Broker) fetch(ctx context.Context, q Request, k key) (AccessToken, error) {
	if err := b.check(q); err != nil {
		return AccessToken{}, err
	}
	name := lineKey{record: q.Record}
	if q.AppOnly {
		name = lineKey{tenant: k.tenant}
	}
	l := b.line(name)

	e := b.cache.get(k)
	good := q.Claims == "" && b.app.Now().Before(e.token.ExpiresOn)
	if !l.enter(ctx, good) {
		if good {
			// Somebody is at it already, and the token at hand is good.
			return e.token, nil
		}
		return AccessToken{}, fmt.Errorf("wait for a token: %w", ctx.Err())
	}
	defer b.leave(ctx, l, q)

	// Who was in front may have brought it, or learned that it cannot be had.
	e = b.cache.get(k)
	now := b.app.Now()
	if q.Claims == "" {
		switch {
		case now.Before(e.renewAt):
			return e.token, nil
		case now.Before(e.retryAt) && now.Before(e.token.ExpiresOn):
			return e.token, nil
		case now.Before(e.retryAt):
			return AccessToken{}, e.refusal
		}
	}
	token, err := b.renew(ctx, l, q, good && now.Before(e.token.ExpiresOn))
	if err != nil {
		return b.failed(k, e, err)
	}
	now = b.app.Now()
	fresh := entry{token: token, renewAt: renewalTime(now, token.ExpiresOn, b.fraction())}
	b.cache.put(k, fresh, now)
	if k.claims != "" {
		// The challenged token is no use any more; this one answers for it, too.
		k.claims = ""
		b.cache.put(k, fresh, now)
	}
	return token, nil
}

func (b *Broker) check(q Request) error {
	switch {
	case q.Resource.Audience == "":
		return errors.New("ask for a token: no resource was named")
	case q.AppOnly && q.Tenant == "":
		return errors.New("ask for a token of the application itself: no tenant was named")
	case !q.AppOnly && b.vault == nil:
		return errors.New("ask for a token: the broker has no vault")
	}
	return nil
}

// failed decides what a failure means to this caller and the next ones.
func (b *Broker) failed(k key, e entry, err error) (AccessToken, error) {
	problem, ok := errors.AsType[*Problem](err)
	if !ok {
		// The caller gave up, or asked for something impossible.
		return AccessToken{}, err
	}
	now := b.app.Now()
	switch {
	case problem.condemns:
		// The record remembers it, and a new consent must count at once.
		b.cache.drop(k)
		return AccessToken{}, err
	case problem.Kind == Unreachable || problem.Kind == VaultFailed:
		b.cache.refuse(k, err, now.Add(pauseAfter(problem)), now)
		if now.Before(e.token.ExpiresOn) && k.claims == "" {
			return e.token, nil
		}
		return AccessToken{}, err
	default:
		b.cache.drop(k)
		b.cache.refuse(k, err, now.Add(refusalHold), now)
		return AccessToken{}, err
	}
}

const (
	// refusalHold keeps a refused question from being asked again (R180).
	refusalHold = time.Minute
	// troubleHold is the shortest pause after a failure that decided nothing.
	troubleHold = 5 * time.Second
)

// pauseAfter is how long to leave an authority or vault alone after trouble.
func pauseAfter(p *Problem) time.Duration {
	pause := troubleHold
	if refusal, ok := errors.AsType[*cloud.Refusal](p.cause); ok {
		pause = max(pause, min(refusal.RetryAfter, 5*time.Minute))
	}
	return pause
}

// fraction is a random number from 0 to 1, for jitter. If randomness fails, so
// will the next request; jitter need not.
func (b *Broker) fraction() float64 {
	var raw [2]byte
	if _, err := io.ReadFull(b.app.Random, raw[:]); err != nil {
		return 0.5
	}
	return float64(uint16(raw[0])<<8|uint16(raw[1])) / 65536
}

// draw is n random bytes in base64url.
func draw(source io.Reader, n int) (string, error) {
	raw := make([]byte, n)
	if _, err := io.ReadFull(source, raw); err != nil {
		return "", fmt.Errorf("draw random bytes: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(raw), nil
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
