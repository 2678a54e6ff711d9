package sam_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/entente-id/entente/sam"
	"github.com/entente-id/entente/sam/cloud"
	"github.com/entente-id/entente/sam/samtest"
	"github.com/entente-id/entente/sam/secret"
	"github.com/entente-id/entente/sam/vault"
	"github.com/entente-id/entente/sam/vault/file"
)

var ctx = context.Background()

const record = "consent"

// clock is the time of a world. Sleeping moves it.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) forward(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

func (c *clock) sleep(ctx context.Context, d time.Duration) error {
	c.forward(d)
	return ctx.Err()
}

// world is a token service, a vault directory and a clock; brokers are processes
// that come and go in it.
type world struct {
	t       testing.TB
	service *samtest.Service
	clock   *clock
	cloud   cloud.Cloud
	vaults  string
	errors  []string // every error text that anybody was shown
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, clock: &clock{at: time.Date(2026, 11, 22, 15, 0, 0, 0, time.UTC)}, vaults: t.TempDir()}
	w.service = samtest.New(t, w.clock.now)
	at, err := cloud.At(w.service.Address)
	if err != nil {
		t.Fatal(err)
	}
	w.cloud = at
	t.Cleanup(func() {
		for _, text := range w.errors {
			if strings.Contains(text, "canary") {
				t.Errorf("an error shows a secret: %s", text)
			}
		}
	})
	return w
}

// newConsentedWorld is a world in which a person has consented.
func newConsentedWorld(t testing.TB) *world {
	t.Helper()
	w := newWorld(t)
	w.consent()
	return w
}

// newMicrosoftWorld is one whose service keeps the rules of the global cloud.
func newMicrosoftWorld(t testing.TB) *world {
	t.Helper()
	w := newWorld(t)
	w.cloud = cloud.Global()
	w.service.Set(func(s *samtest.Settings) { s.Microsoft = true })
	w.consent()
	return w
}

func (w *world) openVault() *file.Vault {
	w.t.Helper()
	key, err := file.ParseKey(base64.StdEncoding.EncodeToString([]byte("0123456789abcdef0123456789abcdef")))
	if err != nil {
		w.t.Fatal(err)
	}
	v, err := file.Open(w.vaults, key)
	if err != nil {
		w.t.Fatal(err)
	}
	return v
}

func (w *world) consent() {
	w.t.Helper()
	v := w.openVault()
	earlier, err := v.Read(ctx, record)
	if err != nil && !errors.Is(err, vault.ErrAbsent) {
		w.t.Fatal(err)
	}
	err = v.Swap(ctx, record, earlier.Seq, vault.Record{
		Cur:   vault.Held{RT: secret.New(w.service.Consent()), Key: secret.New(fmt.Sprintf("canary-key-of-consent-%d", earlier.Seq)), GotAt: w.clock.now()},
		State: vault.Healthy, Cloud: w.cloud.Name, Authority: w.cloud.Authority, Tenant: samtest.Tenant, ClientID: samtest.ClientID,
		SignInName: samtest.Name, ObjectID: samtest.Person, ConsentAt: w.clock.now(), MFA: true, AMR: []string{"pwd", "mfa"},
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) read() vault.Record {
	w.t.Helper()
	r, err := w.openVault().Read(ctx, record)
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

// process is one program with a broker.
type process struct {
	*sam.Broker
	w     *world
	vault *file.Vault
	dead  func(at string) bool // a killed process neither writes nor sends
}

// roundTrip is a transport made of a function.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

var errKilled = errors.New("the process was killed")

// start starts a process.
func (w *world) start() *process {
	w.t.Helper()
	p := &process{w: w, vault: w.openVault()}
	p.vault.Failpoint = func(step string) error {
		if p.dead != nil && p.dead(step) {
			return errKilled
		}
		return nil
	}
	through := w.service.Client().Transport
	client := &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		if p.dead != nil && p.dead("send") {
			return nil, errKilled
		}
		response, err := through.RoundTrip(r)
		if err == nil && p.dead != nil && p.dead("answered") {
			response.Body.Close()
			return nil, errKilled
		}
		return response, err
	})}
	broker, err := sam.New(sam.Config{
		Cloud: w.cloud, ClientID: samtest.ClientID, Credential: cloud.ClientSecret(secret.New(samtest.Secret)),
		Vault: p.vault, HTTP: client, Now: w.clock.now, Sleep: w.clock.sleep,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	p.Broker = broker
	return p
}

func (w *world) resource(name string) cloud.Resource {
	w.t.Helper()
	r, err := w.cloud.Resource(name)
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

// ask asks for a token of the Graph in a tenant ("" is the partner's own).
func (p *process) ask(tenant string) (sam.AccessToken, error) {
	token, err := p.Token(ctx, sam.Request{Record: record, Tenant: tenant, Resource: p.w.resource("graph")})
	if err != nil {
		p.w.errors = append(p.w.errors, err.Error(), fmt.Sprintf("%+v", err))
	}
	return token, err
}

func (p *process) mustAsk(tenant string) sam.AccessToken {
	p.w.t.Helper()
	token, err := p.ask(tenant)
	if err != nil {
		p.w.t.Fatalf("no token for %q: %v", tenant, err)
	}
	return token
}

// mustBeSound fails if the service saw a thief or a long replaced token where
// there was none, or if the record is not healthy.
func (w *world) mustBeSound() {
	w.t.Helper()
	if seen := w.service.Seen(); seen.Thefts != 0 || seen.Reuses != 0 || seen.Revocations != 0 {
		w.t.Fatalf("a false alarm: %+v", seen)
	}
	if r := w.read(); r.State != vault.Healthy {
		w.t.Fatalf("the record is %s: %+v", r.State, r.LastError)
	}
}

func problemOf(t testing.TB, err error) *sam.Problem {
	t.Helper()
	p, ok := errors.AsType[*sam.Problem](err)
	if !ok {
		t.Fatalf("err = %v, want a Problem", err)
	}
	return p
}
