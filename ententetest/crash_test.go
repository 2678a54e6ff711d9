package ententetest_test

import (
	"bytes"
	"context"
	crand "crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/entente-id/entente/ententetest"
	"github.com/entente-id/entente/internal/devworld"
	"github.com/entente-id/entente/internal/house"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/sam"
	"github.com/entente-id/entente/sam/cloud"
	"github.com/entente-id/entente/sam/secret"
	"github.com/entente-id/entente/sam/vault"
	"github.com/entente-id/entente/sam/vault/file"
)

// errKilled is what a failpoint returns: the process would be gone here.
var errKilled = errors.New("killed")

// strides is a clock that jumps over every wait, for server and broker alike.
type strides struct{ ahead atomic.Int64 }

func (c *strides) Now() time.Time { return ententetest.Now().Add(time.Duration(c.ahead.Load())) }

func (c *strides) Sleep(ctx context.Context, d time.Duration) error {
	c.ahead.Add(int64(d))
	return ctx.Err()
}

// mortal is a server that dies at a failpoint and is started again over the
// same database, at the same address.
type mortal struct {
	t      *testing.T
	clock  *strides
	store  string
	server *httptest.Server
	house  *house.House
	// handler is nil while the server is dead: connections are cut then.
	handler atomic.Pointer[http.Handler]
	// armed is the step to die at; fired is set once it has.
	armed atomic.Pointer[string]
	fired atomic.Bool
}

func newMortal(t *testing.T) *mortal {
	m := &mortal{t: t, clock: &strides{}, store: "sqlite:" + filepath.Join(t.TempDir(), "entente.db")}
	m.server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		handler := m.handler.Load()
		if handler == nil {
			panic(http.ErrAbortHandler)
		}
		answer := httptest.NewRecorder()
		(*handler).ServeHTTP(answer, r)
		if m.fired.Load() {
			// The process is gone: no answer of its leaves.
			m.handler.Store(nil)
			panic(http.ErrAbortHandler)
		}
		for name, values := range answer.Header() {
			w.Header()[name] = values
		}
		w.WriteHeader(answer.Code)
		_, _ = w.Write(answer.Body.Bytes())
	}))
	m.server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	t.Cleanup(func() { m.server.Close(); _ = m.house.Close() })
	m.start()
	return m
}

func (m *mortal) start() {
	m.t.Helper()
	m.fired.Store(false)
	m.armed.Store(nil)
	h, err := house.Open(context.Background(), house.Config{
		Origin: m.server.URL, Store: m.store, MasterKey: []byte("the master key of a mortal server"), Log: slog.New(slog.DiscardHandler), Dev: true,
		Source: id.Source{Now: m.clock.Now, Random: crand.Reader},
		Failpoint: func(step string) error {
			if at := m.armed.Load(); at != nil && *at == step {
				m.fired.Store(true)
				return errKilled
			}
			return nil
		},
	})
	if err != nil {
		m.t.Fatalf("start again: %v", err)
	}
	if _, err := devworld.Seed(context.Background(), h); err != nil {
		m.t.Fatalf("find the world again: %v", err)
	}
	m.house = h
	handler := h.Handler()
	m.handler.Store(&handler)
}

// revive starts the server again if it died.
func (m *mortal) revive() bool {
	if !m.fired.Load() {
		m.armed.Store(nil)
		return false
	}
	_ = m.house.Close()
	m.start()
	return true
}

// witness records which successor each refresh token got.
type witness struct {
	next http.RoundTripper

	mu         sync.Mutex
	successors map[string]string
	forks      int
}

func (w *witness) RoundTrip(r *http.Request) (*http.Response, error) {
	var form url.Values
	if r.Body != nil && r.Method == http.MethodPost {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		form, _ = url.ParseQuery(string(body))
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	response, err := w.next.RoundTrip(r)
	if err != nil || form.Get("refresh_token") == "" || response.StatusCode != http.StatusOK {
		return response, err
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	response.Body = io.NopCloser(bytes.NewReader(body))
	var got struct {
		Refresh string `json:"refresh_token"`
	}
	if json.Unmarshal(body, &got) == nil && got.Refresh != "" {
		w.mu.Lock()
		defer w.mu.Unlock()
		sent := form.Get("refresh_token")
		if before, ok := w.successors[sent]; ok && before != got.Refresh {
			w.forks++
		}
		w.successors[sent] = got.Refresh
	}
	return response, nil
}

// survivor is a broker that dies at steps of its vault and is started again.
type survivor struct {
	t       *testing.T
	clock   *strides
	folder  string
	key     file.Key
	cloud   cloud.Cloud
	client  *http.Client
	witness *witness
	record  string
}

func newSurvivor(t *testing.T, clock *strides, origin string, transport http.RoundTripper) *survivor {
	s := &survivor{t: t, clock: clock, folder: t.TempDir(), witness: &witness{next: transport, successors: map[string]string{}}}
	s.client = &http.Client{Transport: s.witness}
	var err error
	if s.cloud, err = cloud.At(origin); err != nil {
		t.Fatal(err)
	}
	if s.key, err = file.KeyFromFile(filepath.Join(s.folder, "key", "vault.key"), filepath.Join(s.folder, "vault")); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *survivor) vault(failpoint func(string) error) *file.Vault {
	s.t.Helper()
	v, err := file.Open(filepath.Join(s.folder, "vault"), s.key)
	if err != nil {
		s.t.Fatalf("open the vault again: %v", err)
	}
	v.Failpoint = failpoint
	return v
}

func (s *survivor) proof() cloud.Credential {
	return cloud.ClientSecret(secret.New(ententetest.PortalSecret))
}

func (s *survivor) consent(v *devworld.Visitor) {
	s.t.Helper()
	address, pending, err := sam.Consent{Cloud: s.cloud, ClientID: ententetest.PortalApp, Credential: s.proof(), Vault: s.vault(nil), HTTP: s.client, Now: s.clock.Now}.Begin(s.t.Context(), "http://localhost:8400/")
	if err != nil {
		s.t.Fatal(err)
	}
	values, err := v.SignIn(s.t.Context(), address, "http://localhost:8400/")
	if err != nil {
		s.t.Fatalf("sign-in after %q: %v", v.Steps, err)
	}
	record, err := pending.Finish(s.t.Context(), values)
	if err != nil {
		s.t.Fatal(err)
	}
	s.record = sam.RecordName(s.cloud, record.Tenant, record.ClientID)
}

// token asks a new broker, which has nothing but the vault, for a token. The
// heartbeat is so short that each token moves the chain on.
func (s *survivor) token(failpoint func(string) error, tenant string) error {
	b, err := sam.New(sam.Config{
		Cloud: s.cloud, ClientID: ententetest.PortalApp, Credential: s.proof(), Vault: s.vault(failpoint), HTTP: s.client,
		Heartbeat: time.Nanosecond, Now: s.clock.Now, Sleep: s.clock.Sleep,
	})
	if err != nil {
		return err
	}
	graph, err := s.cloud.Resource("graph")
	if err != nil {
		return err
	}
	_, err = b.Token(s.t.Context(), sam.Request{Record: s.record, Tenant: tenant, Resource: graph})
	return err
}

func (s *survivor) state() vault.State {
	s.t.Helper()
	r, err := s.vault(nil).Read(s.t.Context(), s.record)
	if err != nil {
		s.t.Fatalf("read the record: %v", err)
	}
	return r.State
}

func TestAThousandKillsLoseNoRefreshToken(t *testing.T) {
	seed := uint64(20261122)
	// All thousand where nothing may be skipped, which is in CI.
	kills := 1000
	if testing.Short() || os.Getenv("ENTENTE_NO_SKIP") != "1" {
		kills = 100
	}
	t.Logf("seed %d, %d kills", seed, kills)
	chance := rand.New(rand.NewPCG(seed, 1))
	m := newMortal(t)
	transport := m.server.Client().Transport
	s := newSurvivor(t, m.clock, m.server.URL, transport)
	s.consent(devworld.NewVisitor(transport, m.clock.Now, ententetest.Ada))
	steps := []string{"temp-written", "temp-synced", "renamed", "dir-synced"}
	customers := []string{"", "adatum.example", "bellows.example"}
	killed := map[string]int{}
	for total := 0; total < kills; {
		where := ""
		var failpoint func(string) error
		switch chance.IntN(4) {
		case 0, 1:
			where = []string{"before commit", "after commit"}[chance.IntN(2)]
			m.armed.Store(&where)
		default:
			step, skip := steps[chance.IntN(len(steps))], chance.IntN(3)
			where = "vault " + step
			failpoint = func(at string) error {
				if at != step {
					return nil
				}
				if skip--; skip >= 0 {
					return nil
				}
				return errKilled
			}
		}
		customer := customers[chance.IntN(len(customers))]
		err := s.token(failpoint, customer)
		if m.revive() || (failpoint != nil && errors.Is(err, errKilled)) {
			total++
			killed[where]++
		}
		// Both are up again: the job must go on by itself.
		if err := s.token(nil, customer); err != nil {
			t.Fatalf("locked out after %d kills, the last at %q: %v", total, where, err)
		}
		if state := s.state(); state != vault.Healthy {
			t.Fatalf("after %d kills, the last at %q, the record is %s", total, where, state)
		}
	}
	t.Logf("kills: %v; %d generations", killed, len(s.witness.successors))
	if s.witness.forks > 0 {
		t.Errorf("%d generations had two successors", s.witness.forks)
	}
	if len(s.witness.successors) < kills/4 {
		t.Errorf("only %d generations in %d kills", len(s.witness.successors), kills)
	}
	events, err := m.house.DB.Events(t.Context(), devworld.Northwind, 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		if e.Verb == "refresh.theft" || e.Verb == "refresh.reuse" {
			t.Errorf("a false alarm: %+v", e)
		}
	}
}
