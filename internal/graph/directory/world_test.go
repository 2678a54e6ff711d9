package directory_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/calls"
	"github.com/entente-id/entente/internal/credential"
	"github.com/entente-id/entente/internal/customer"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/graph"
	"github.com/entente-id/entente/internal/graph/directory"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/seal"
	"github.com/entente-id/entente/internal/sqlstore"
	"github.com/entente-id/entente/internal/sqlstore/storetest"
	"github.com/entente-id/entente/internal/tenant"
)

// The fixed ids of the test world.
const (
	northwind id.Tenant = "11111111-aaaa-4111-8111-000000000001"
	adatum    id.Tenant = "22222222-bbbb-4222-8222-000000000002"
	broker    id.App    = "33333333-cccc-4333-8333-000000000003"

	anna  id.Object = "aaaaaaaa-0000-4000-8000-000000000001"
	bert  id.Object = "aaaaaaaa-0000-4000-8000-000000000002"
	agent id.Object = "bbbbbbbb-0000-4000-8000-000000000001"
	// visiting is the object id that the agent has in adatum's tokens.
	visiting id.Object = "cccccccc-0000-4000-8000-000000000001"
	private  id.Object = "00000000-0000-0000-1111-222233334444"

	origin = "https://id.example"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// world is the real edge over real rooms and a real store; only the proof of
// tokens is a table. Its people are adatum's, but for the agent of northwind.
type world struct {
	t       *testing.T
	server  *httptest.Server
	db      *sqlstore.DB
	tenants *tenant.Directory
	people  *account.People
	ledger  *customer.Ledger
	log     strings.Builder
	// fails is how many commits there are until one fails; 0 for none.
	fails atomic.Int64

	mu     sync.Mutex
	tokens map[string]audit.Caller
}

func newWorld(t *testing.T) *world {
	t.Helper()
	ctx := t.Context()
	w := &world{t: t, tokens: map[string]audit.Caller{}}
	db, err := sqlstore.Open(ctx, "sqlite:"+storetest.File(t), sqlstore.Options{Forgetful: true, Failpoint: w.failpoint})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	source := id.Source{Now: func() time.Time { return noon }, Random: rand.Reader}
	w.db, w.tenants, w.people = db, tenant.NewDirectory(db, source.Now), account.NewPeople(db)
	w.ledger = customer.NewLedger(db, w.people, source)
	apps := application.NewRegistry(db, source)
	for _, org := range []tenant.Tenant{
		{ID: northwind, Name: "Northwind", Domains: []tenant.Domain{{Name: "northwind.example"}}},
		{ID: adatum, Name: "Adatum", Country: "GB", Language: "en", Created: noon,
			Domains: []tenant.Domain{{Name: "adatum.example"}, {Name: "adatum.onexample.net", Initial: true}}},
		{ID: id.Consumers, Name: "Personal"},
	} {
		w.must(w.tenants.Save(ctx, org))
	}
	for _, a := range []account.Account{
		{Tenant: adatum, ID: anna, SignInName: "Anna@adatum.example", Name: "Anna O'Neil", Given: "Anna", Family: "O'Neil", Mail: "anna@adatum.example",
			Language: "fi", JobTitle: "CTO", Created: noon},
		{Tenant: adatum, ID: bert, SignInName: "bert@adatum.example", Name: "Bert", Disabled: true},
		{Tenant: northwind, ID: agent, SignInName: "agent@northwind.example", Name: "Agent Smith", Given: "Agent", Mail: "agent@northwind.example", Groups: []string{"Desk"}},
		{Tenant: id.Consumers, ID: private, SignInName: "p@mail.example", Name: "Pia", Mail: "p@mail.example"},
		{Tenant: id.Consumers, ID: "00000000-0000-0000-1111-222233335555", SignInName: "stranger@mail.example", Name: "Stranger"},
	} {
		w.must(w.people.Save(ctx, a))
	}
	w.must(apps.Save(ctx, application.Application{App: broker, Tenant: northwind, Name: "The broker"}, nil))
	w.relate(customer.Active, noon.Add(time.Hour), account.DirectoryReaders)

	log := slog.New(slog.NewTextHandler(&w.log, nil))
	door := graph.New(graph.Options{
		Verify: w.verify, People: w.people, Tenants: w.tenants, Customers: w.ledger, Source: source, Origin: origin + "/", Authority: origin,
		Failures: calls.Failures{Apps: apps, Attempts: audit.NewLog(db, source, log), Log: log},
	})
	directory.Open(door, directory.Rooms{
		Subject: func(t id.Tenant, person id.Object, client id.App) string {
			return fmt.Sprintf("%s/%s/%s", t, person, client)
		},
		People: w.people, Groups: account.NewGroups(db, source), Tenants: w.tenants, Source: source,
		Relationships:  customer.NewRelationships(db, w.people, account.NewGroups(db, source), source),
		Administration: account.NewAdministration(db, source), Safe: w.safe(source), Records: audit.NewLog(db, source, slog.New(slog.DiscardHandler)),
	})
	w.server = httptest.NewServer(door)
	t.Cleanup(w.server.Close)
	return w
}

// failpoint lets one commit fail, as when the server ends there.
func (w *world) failpoint(step string) error {
	if step == "before commit" && w.fails.Load() > 0 && w.fails.Add(-1) == 0 {
		return errors.New("the server has ended")
	}
	return nil
}

func (w *world) safe(source id.Source) *credential.Safe {
	w.t.Helper()
	custody, err := seal.NewCustody([]byte("the master key of every test world"), source.Random)
	w.must(err)
	safe, err := credential.NewSafe(w.db, source, custody, 2)
	w.must(err)
	return safe
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// relate sets what adatum lets northwind's desk do.
func (w *world) relate(status customer.Status, ends time.Time, roles ...string) {
	w.t.Helper()
	w.must(w.ledger.SaveRelationship(w.t.Context(), customer.Relationship{
		ID: "r1", Partner: northwind, Customer: adatum, DisplayName: "Base", Status: status, Ends: ends,
		Roles: roles, Assignments: []customer.Assignment{{Group: "Desk", Roles: roles}},
	}))
}

// as gives a bearer for a caller; the audience is Graph unless it says more.
func (w *world) as(c audit.Caller) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	if c.Audience == "" {
		c.Audience = "https://graph.microsoft.com"
	}
	c.App = broker
	bearer := fmt.Sprint("token-", len(w.tokens))
	w.tokens[bearer] = c
	return bearer
}

// member is Anna with these scopes.
func (w *world) member(scopes ...string) string {
	return w.as(audit.Caller{Tenant: adatum, Home: adatum, Account: anna, SignInName: "Anna@adatum.example", Scopes: scopes})
}

// visitor is northwind's agent in adatum's tenant, with a directory role.
func (w *world) visitor(role string, scopes ...string) string {
	return w.as(audit.Caller{Tenant: adatum, Home: northwind, Account: visiting, SignInName: "agent@northwind.example", Scopes: scopes, DirectoryRoles: []string{role}})
}

// app is an application alone in adatum's tenant.
func (w *world) app(roles ...string) string {
	return w.as(audit.Caller{Tenant: adatum, AppOnly: true, Principal: "sp", Roles: roles})
}

func (w *world) verify(_ context.Context, raw string) (audit.Caller, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if raw == "expired" {
		return audit.Caller{}, fault.New(fault.AccessTokenExpired)
	}
	caller, ok := w.tokens[raw]
	if !ok {
		return audit.Caller{}, fault.New(fault.AccessTokenInvalid)
	}
	return caller, nil
}

type reply struct {
	t      *testing.T
	status int
	header http.Header
	text   string
	body   map[string]any
}

// get reads an address. Headers are given as name, value, name, value.
func (w *world) get(bearer, path string, headers ...string) reply {
	w.t.Helper()
	return w.call(bearer, "GET", path, "", headers...)
}

func (w *world) call(bearer, method, path, body string, headers ...string) reply {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), method, w.server.URL+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	if bearer != "" {
		r.Header.Set("Authorization", "Bearer "+bearer)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	answer, err := w.server.Client().Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	out := reply{t: w.t, status: answer.StatusCode, header: answer.Header, text: string(text)}
	if len(text) > 0 {
		if err := json.Unmarshal(text, &out.body); err != nil {
			w.t.Fatalf("%s %s answers no JSON object: %s", method, path, text)
		}
	}
	return out
}

// is checks the status, and the code of an error.
func (r reply) is(status int, code string) {
	r.t.Helper()
	got := ""
	if e, ok := r.body["error"].(map[string]any); ok {
		got, _ = e["code"].(string)
	}
	if r.status != status || got != code {
		r.t.Errorf("got %d, code %q, want %d, code %q: %s", r.status, got, status, code, r.text)
	}
}

// names are the display names in a collection.
func (r reply) names() []string {
	r.t.Helper()
	value, ok := r.body["value"].([]any)
	if !ok {
		r.t.Fatalf("no collection: %s", r.text)
	}
	var names []string
	for _, v := range value {
		name, _ := v.(map[string]any)["displayName"].(string)
		names = append(names, name)
	}
	return names
}

const (
	badToken = "InvalidAuthenticationToken"
	refused  = "Authorization_RequestDenied"
)
