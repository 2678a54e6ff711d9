// Package samtest is a small token service that misbehaves on demand, for tests
// of programs that use package sam: it loses requests and replies, cuts them
// short, refuses, throttles, and counts what it was asked. It keeps the rules of
// an Entente for refresh tokens that are used with a key, or those of a Microsoft
// cloud. For a whole Entente in a test, see package ententetest.
package samtest

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// Ids of the one partner that the service knows.
const (
	Tenant   = "11111111-aaaa-4111-8111-000000000001"
	Customer = "22222222-bbbb-4222-8222-000000000002"
	ClientID = "33333333-cccc-4333-8333-000000000003"
	Person   = "44444444-dddd-4444-8444-000000000004"
	Name     = "csp-bot@northwindpartner.example"
	Secret   = "canary-client-secret"
)

// overlap is how long a superseded token still gives access tokens to its holder.
const overlap = 10 * time.Minute

// Fault is what goes wrong with one request.
type Fault struct {
	LoseRequest bool   // nothing is done, and no answer comes
	LoseReply   bool   // it is done, but no answer comes
	CutReply    bool   // it is done, and half of the answer comes
	Status      int    // nothing is done, and this status comes, without a body
	RetryAfter  string // goes with Status
}

// Denial is a refusal by a tenant.
type Denial struct {
	Error    string
	Number   int
	Suberror string
}

// Service is the token service, and a Partner Center with some customers.
type Service struct {
	Address string // origin, https

	mu       sync.Mutex
	server   *httptest.Server
	now      func() time.Time
	settings Settings

	family    int
	revoked   bool
	pending   int // newest generation given out, never seen
	keys      map[int]string
	seenAt    map[int]time.Time // when a generation was first presented
	codes     map[string]url.Values
	inFlight  int
	seen      Seen
	lastReuse time.Time
}

// Settings say how the service behaves; change them with Set.
type Settings struct {
	Microsoft bool                                          // refresh tokens live on, and every answer brings another
	AMR       []string                                      // how the person proved themselves; default pwd and mfa
	Life      int                                           // seconds that access tokens live; default 3600
	Deny      map[string]Denial                             // by tenant id
	Fault     func(n int, path string) Fault                // n counts the requests from 1
	Wrong     func(claims map[string]any)                   // spoils the claims of access tokens
	Dwell     time.Duration                                 // how long each request stays in flight
	Customers []string                                      // company names; ids are made up, see CustomerID
	Partner   func(http.ResponseWriter, *http.Request) bool // answers a Partner Center request itself if it returns true
}

// Seen is what the service was asked.
type Seen struct {
	Requests    int // all, token endpoint only
	Refreshes   int // reached the rules
	MaxInFlight int
	Thefts      int // another key on the same generation
	Reuses      int // a generation long replaced
	Revocations int
	Generations int // newest generation given out
	Codes       int // codes redeemed
	Pages       int // Partner Center pages
}

// New starts a service that ends with the test. A nil clock is the real one.
func New(t testing.TB, now func() time.Time) *Service {
	t.Helper()
	if now == nil {
		now = time.Now
	}
	s := &Service{now: now, codes: make(map[string]url.Values)}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /{tenant}/oauth2/v2.0/token", s.token)
	mux.HandleFunc("POST /{tenant}/oauth2/v2.0/revoke", s.revoke)
	mux.HandleFunc("GET /{tenant}/oauth2/v2.0/authorize", s.authorize)
	mux.HandleFunc("GET /{tenant}/v2.0/.well-known/openid-configuration", s.discovery)
	mux.HandleFunc("GET /v1/customers", s.customers)
	s.server = httptest.NewTLSServer(mux)
	s.server.Config.ErrorLog = nil
	s.Address = s.server.URL
	t.Cleanup(s.server.Close)
	return s
}

// Client trusts the service, whatever host it is asked for: so it stands in for
// the Microsoft clouds, too.
func (s *Service) Client() *http.Client {
	roots := s.server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	return &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: roots, ServerName: "example.com"},
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, s.server.Listener.Addr().String())
		},
		MaxIdleConnsPerHost: 64,
	}}
}

// Certificate is the service's certificate in DER, for programs that take a CA.
func (s *Service) Certificate() []byte { return s.server.Certificate().Raw }

// Set changes how the service behaves from now on.
func (s *Service) Set(change func(*Settings)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.settings)
}

// Seen returns what the service was asked so far.
func (s *Service) Seen() Seen {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen.Generations = s.pending
	return s.seen
}

// Revoke ends the family of refresh tokens, as an administrator would.
func (s *Service) Revoke() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.revoked = true
}

// Consent starts a new family and returns its first refresh token, as if a person
// had just consented.
func (s *Service) Consent() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.consent()
}

func (s *Service) consent() string {
	s.family++
	s.revoked, s.pending = false, 1
	s.keys, s.seenAt = make(map[int]string), make(map[int]time.Time)
	return s.refreshToken(1)
}

func (s *Service) refreshToken(generation int) string {
	return fmt.Sprintf("canary-rt.%d.%d", s.family, generation)
}

// CustomerID is the tenant id of the nth customer (from 0).
func CustomerID(n int) string {
	return fmt.Sprintf("22222222-bbbb-4222-8222-%012d", n+2)
}

// token is the token endpoint: faults first, then the grant.
func (s *Service) token(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	s.mu.Lock()
	s.seen.Requests++
	s.inFlight++
	s.seen.MaxInFlight = max(s.seen.MaxInFlight, s.inFlight)
	fault := Fault{}
	if s.settings.Fault != nil {
		fault = s.settings.Fault(s.seen.Requests, r.URL.Path)
	}
	dwell := s.settings.Dwell
	s.mu.Unlock()
	time.Sleep(dwell)
	defer func() {
		s.mu.Lock()
		s.inFlight--
		s.mu.Unlock()
	}()

	switch {
	case fault.LoseRequest:
		panic(http.ErrAbortHandler)
	case fault.Status != 0:
		if fault.RetryAfter != "" {
			w.Header().Set("Retry-After", fault.RetryAfter)
		}
		w.WriteHeader(fault.Status)
		return
	}
	status, body := s.grant(r)
	switch {
	case fault.LoseReply:
		panic(http.ErrAbortHandler)
	case fault.CutReply:
		w.Header().Set("Content-Length", fmt.Sprint(len(body)))
		_, _ = w.Write(body[:len(body)/2])
		panic(http.ErrAbortHandler)
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

func (s *Service) grant(r *http.Request) (int, []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.PostForm.Get("client_secret") != Secret && r.PostForm.Get("client_assertion") == "" {
		return refuse(Denial{"invalid_client", 7000215, ""})
	}
	tenant := r.PathValue("tenant")
	if denial, denied := s.settings.Deny[tenant]; denied {
		return refuse(denial)
	}
	if tenant == "organizations" || tenant == "common" {
		tenant = Tenant
	}
	scope, _, _ := strings.Cut(r.PostForm.Get("scope"), " ")
	audience, _ := strings.CutSuffix(scope, "/.default")
	switch r.PostForm.Get("grant_type") {
	case "client_credentials":
		return s.answer(tenant, audience, "", "", true)
	case "authorization_code":
		return s.redeem(r.PostForm, tenant, audience)
	case "refresh_token":
		s.seen.Refreshes++
		return s.refresh(r, tenant, audience)
	}
	return refuse(Denial{"unsupported_grant_type", 70003, ""})
}

// refresh decides by the table for clients that send a key.
func (s *Service) refresh(r *http.Request, tenant, audience string) (int, []byte) {
	var family, g int
	_, err := fmt.Sscanf(r.PostForm.Get("refresh_token"), "canary-rt.%d.%d", &family, &g)
	key := r.Header.Get("Idempotency-Key")
	active := s.pending - 1
	switch {
	case err != nil || family != s.family || g < 1:
		return refuse(Denial{"invalid_grant", 70000, "bad_token"})
	case s.revoked:
		return refuse(Denial{"invalid_grant", 50173, "bad_token"})
	case s.settings.Microsoft:
		s.pending++
		return s.answer(tenant, audience, s.refreshToken(s.pending), "", false)
	case key == "":
		return refuse(Denial{"invalid_request", 900144, ""})
	case g > s.pending:
		return refuse(Denial{"invalid_grant", 70000, "bad_token"})
	case g == s.pending:
		s.keys[g], s.seenAt[g] = key, s.now()
		s.pending++
		return s.answer(tenant, audience, s.refreshToken(s.pending), "", false)
	case g < active-1 || g == active-1 && s.now().Sub(s.seenAt[active]) > overlap:
		s.seen.Reuses++
		if s.now().Sub(s.lastReuse) < 24*time.Hour {
			s.revoked = true
		}
		s.lastReuse = s.now()
		return refuse(Denial{"invalid_grant", 70000, "token_reused"})
	case s.keys[g] != key:
		s.seen.Thefts++
		s.revoked = true
		return refuse(Denial{"invalid_grant", 50173, "token_reused"})
	case g == active:
		return s.answer(tenant, audience, s.refreshToken(s.pending), "", false)
	default:
		return s.answer(tenant, audience, "", "", false)
	}
}

func (s *Service) redeem(form url.Values, tenant, audience string) (int, []byte) {
	asked, known := s.codes[form.Get("code")]
	if !known || !challengeFits(asked.Get("code_challenge"), form.Get("code_verifier")) || asked.Get("redirect_uri") != form.Get("redirect_uri") {
		return refuse(Denial{"invalid_grant", 54005, ""})
	}
	delete(s.codes, form.Get("code"))
	s.seen.Codes++
	return s.answer(tenant, audience, s.consent(), asked.Get("nonce"), false)
}

func (s *Service) answer(tenant, audience, refresh, nonce string, appOnly bool) (int, []byte) {
	life := s.settings.Life
	if life == 0 {
		life = 3600
	}
	amr := s.settings.AMR
	if amr == nil {
		amr = []string{"pwd", "mfa"}
	}
	now := s.now()
	claims := map[string]any{
		"aud": audience, "iss": "https://sts.windows.net/" + tenant + "/", "tid": tenant, "appid": ClientID, "oid": Person,
		"upn": Name, "amr": amr, "scp": "user_impersonation", "ver": "1.0", "n": s.seen.Requests,
		"iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(time.Duration(life) * time.Second).Unix(),
	}
	if appOnly {
		for _, name := range []string{"upn", "amr", "scp"} {
			delete(claims, name)
		}
		claims["idtyp"] = "app"
	}
	if s.settings.Wrong != nil {
		s.settings.Wrong(claims)
	}
	body := map[string]any{"token_type": "Bearer", "expires_in": life, "access_token": unsigned(claims)}
	if refresh != "" {
		body["refresh_token"] = refresh
	}
	if nonce != "" {
		body["id_token"] = unsigned(map[string]any{
			"aud": ClientID, "iss": s.issuer(tenant), "tid": tenant, "oid": Person, "sub": Person, "nonce": nonce,
			"preferred_username": Name, "exp": now.Add(time.Hour).Unix(),
		})
	}
	return http.StatusOK, mustJSON(body)
}

func (s *Service) issuer(tenant string) string { return s.Address + "/" + tenant + "/v2.0" }

func refuse(d Denial) (int, []byte) {
	status := http.StatusBadRequest
	if d.Error == "invalid_client" {
		status = http.StatusUnauthorized
	}
	return status, mustJSON(map[string]any{
		"error": d.Error, "error_codes": []int{d.Number}, "suberror": d.Suberror,
		"error_description": fmt.Sprintf("AADSTS%d: refused by the test service. Trace ID: t Correlation ID: c", d.Number),
		"correlation_id":    "c0221e1a-0000-4000-8000-000000000000",
	})
}

// unsigned makes a token that looks like a signed one; clients do not verify.
func unsigned(claims map[string]any) string {
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(`{"alg":"RS256","typ":"JWT"}`)) + "." + encode(mustJSON(claims)) + "." + encode([]byte("canary-access-token"))
}

func mustJSON(v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return text
}
