package partnerapi_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
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
	"github.com/entente-id/entente/internal/consent"
	"github.com/entente-id/entente/internal/credential"
	"github.com/entente-id/entente/internal/customer"
	"github.com/entente-id/entente/internal/delegated"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/once"
	"github.com/entente-id/entente/internal/partner"
	"github.com/entente-id/entente/internal/partnerapi"
	"github.com/entente-id/entente/internal/seal"
	"github.com/entente-id/entente/internal/sqlstore"
	"github.com/entente-id/entente/internal/sqlstore/storetest"
	"github.com/entente-id/entente/internal/tenant"
)

// The fixed ids of the test world.
const (
	northwind id.Tenant = "11111111-aaaa-4111-8111-000000000001"
	rival     id.Tenant = "11111111-aaaa-4111-8111-000000000009"
	adatum    id.Tenant = "22222222-bbbb-4222-8222-000000000002"
	theirs    id.Tenant = "22222222-bbbb-4222-8222-000000000009"
	nobody    id.Tenant = "22222222-bbbb-4222-8222-0000000000ff"

	ours = "https://api.partnercenter.microsoft.com"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// world is the real edge over real rooms and a real store; only the proof of
// tokens is a table.
type world struct {
	t       *testing.T
	server  *httptest.Server
	db      *sqlstore.DB
	now     atomic.Int64
	tenants *tenant.Directory
	people  *account.People
	ledger  *customer.Ledger

	files    *partner.Files
	apps     *application.Registry
	consents *consent.Ledger
	deeds    *once.Deeds
	// build makes the edge anew, as a restart does.
	build func() http.Handler

	attempts *attempts
	// failing is what proving a token fails with, when set.
	failing error

	mu     sync.Mutex
	tokens map[string]audit.Caller
	log    strings.Builder
}

func newWorld(t *testing.T) *world {
	t.Helper()
	ctx := t.Context()
	db := storetest.Open(t)
	w := &world{t: t, db: db, attempts: &attempts{Store: db}, tokens: map[string]audit.Caller{}}
	w.now.Store(noon.UnixNano())
	source := id.Source{Now: func() time.Time { return time.Unix(0, w.now.Load()).UTC() }, Random: rand.Reader}
	w.tenants = tenant.NewDirectory(db, source.Now)
	w.people = account.NewPeople(db)
	w.ledger = customer.NewLedger(db, w.people, source)
	register := partner.NewRegister(db, w.people, source)

	for _, org := range []tenant.Tenant{
		{ID: northwind, Name: "Northwind", Domains: []tenant.Domain{{Name: "northwind.example"}}}, {ID: rival, Name: "Rival"},
		{ID: adatum, Name: "Adatum", Domains: []tenant.Domain{{Name: "adatum.onexample.net", Initial: true}}},
	} {
		w.must(w.tenants.Save(ctx, org))
	}
	for name, groups := range map[string][]string{
		"admin": {account.AdminAgents}, "helpdesk": {account.HelpdeskAgents}, "sales": {account.SalesAgents}, "clerk": nil,
	} {
		w.must(w.people.Save(ctx, account.Account{Tenant: northwind, ID: id.Object(name), SignInName: name + "@northwind.example", Groups: groups}))
	}
	for _, c := range []customer.Customer{
		{Partner: northwind, Tenant: adatum, CompanyName: "Adatum Cust", Domain: "adatum.onexample.net", Relationship: customer.Reseller,
			CommerceID: "0a4ce58a-6f96-4273-8035-000000000002", Delegated: true, CustomDomains: []string{"adatum.example"},
			Address: customer.Address{Country: "GB", City: "Hull"},
			Billing: customer.Billing{ID: "d17c0275-da92-5c33-9032-000000000002", CompanyName: "Adatum Cust", Culture: "en-GB", Language: "en",
				Email: "it@adatum.example", ETag: "5920358838484612121", Address: customer.Address{Country: "GB", FirstName: "Mel"}}},
		{Partner: rival, Tenant: theirs, CompanyName: "Adatum of the rival", Domain: "theirs.example", Relationship: customer.CommerceNone},
	} {
		w.must(w.ledger.Save(ctx, c))
	}
	w.must(w.ledger.SaveRelationship(ctx, customer.Relationship{
		ID: "base", Partner: northwind, Customer: adatum, DisplayName: "Base", Status: customer.Active, Ends: noon.AddDate(1, 0, 0),
		Roles:       []string{account.GlobalAdministrator, account.DirectoryReaders},
		Assignments: []customer.Assignment{{Group: account.AdminAgents, Roles: []string{account.GlobalAdministrator}}, {Group: account.HelpdeskAgents, Roles: []string{account.DirectoryReaders}}},
	}))
	w.must(register.Save(ctx, partner.Profile{
		Tenant: northwind, CompanyName: "Northwind Partner Ltd", Domain: "northwind.example", Email: "partner@northwind.example",
		Language: "en", Culture: "en-GB", Address: partner.Address{Country: "GB", City: "Leeds"}, ETag: "5120358838484612121",
	}))
	custody, err := seal.NewCustody([]byte("the master key of every test world"), rand.Reader)
	w.must(err)
	safe, err := credential.NewSafe(db, source, custody, 2)
	w.must(err)
	w.deeds, err = once.NewDeeds(db, source, custody)
	w.must(err)
	w.apps = application.NewRegistry(db, source)
	w.consents = consent.NewLedger(db, source)
	w.must(w.apps.Save(ctx, application.Application{App: "33333333-cccc-4333-8333-000000000003", Tenant: northwind, Name: "Portal"}, nil))
	log := slog.New(slog.NewTextHandler(&w.log, nil))
	w.files = partner.NewFiles(db, register, source)
	w.build = func() http.Handler {
		return partnerapi.New(partnerapi.Options{
			Verify: w.verify, Customers: w.ledger, Partners: register, Tenants: w.tenants, Failures: calls.Failures{Apps: w.apps, Attempts: audit.NewLog(w.attempts, source, log), Log: log}, Source: source,
			Book: customer.NewBook(db, w.ledger, w.tenants, w.people, safe, source), Files: w.files, Apps: w.apps, Deeds: w.deeds,
			Delegated: delegated.NewWork(db, delegated.Rooms{
				Customers: w.ledger, People: w.people, Tenants: w.tenants, Safe: safe, Apps: w.apps, Consents: w.consents,
			}, source),
			Authority: "https://id.example",
		})
	}
	w.server = httptest.NewServer(w.build())
	t.Cleanup(func() { w.server.Close() })
	for _, name := range []string{"admin", "helpdesk", "sales", "clerk"} {
		w.token(name, w.person(name))
	}
	w.token("app", audit.Caller{Tenant: northwind, App: "33333333-cccc-4333-8333-000000000003", AppOnly: true, Audience: ours})
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// person is a caller of northwind with a second factor.
func (w *world) person(name string) audit.Caller {
	return audit.Caller{
		Tenant: northwind, Home: northwind, Account: id.Object(name), SignInName: name + "@northwind.example",
		App: "33333333-cccc-4333-8333-000000000003", Scopes: []string{"user_impersonation"}, Audience: ours, Methods: []string{"pwd", "mfa"},
	}
}

func (w *world) token(bearer string, caller audit.Caller) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tokens[bearer] = caller
}

func (w *world) verify(_ context.Context, raw string) (audit.Caller, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.failing != nil {
		return audit.Caller{}, w.failing
	}
	if raw == "expired" {
		return audit.Caller{}, fault.New(fault.AccessTokenExpired)
	}
	caller, ok := w.tokens[raw]
	if !ok {
		return audit.Caller{}, fault.New(fault.AccessTokenInvalid)
	}
	return caller, nil
}

// enforcement sets how northwind is held to the second factor.
func (w *world) enforcement(mode string) {
	w.t.Helper()
	w.must(w.tenants.Save(w.t.Context(), tenant.Tenant{ID: northwind, Name: "Northwind", Settings: tenant.Settings{PartnerMFA: mode}}))
}

// reply is an answer, read.
type reply struct {
	t      *testing.T
	status int
	header http.Header
	text   string
	body   map[string]any
	// list is a body that is a bare array.
	list []any
}

// pass moves the world's clock.
func (w *world) pass(d time.Duration) { w.now.Add(int64(d)) }

// call sends a request. Headers are given as name, value, name, value; a
// bearer of "" sends no token.
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
		if text[0] == '[' {
			err = json.Unmarshal(text, &out.list)
		} else {
			err = json.Unmarshal(text, &out.body)
		}
		if err != nil {
			w.t.Fatalf("%s %s answers no JSON: %s", method, path, text)
		}
	}
	return out
}

// is checks the status, and the code of an error.
func (r reply) is(status int, code string) {
	r.t.Helper()
	got, _ := r.body["code"].(string)
	if r.status != status || got != code {
		r.t.Errorf("got %d, code %q, want %d, code %q: %s", r.status, got, status, code, r.text)
	}
}

// at walks into the body by member names.
func (r reply) at(names ...string) any {
	r.t.Helper()
	var v any = r.body
	for _, name := range names {
		m, ok := v.(map[string]any)
		if !ok {
			r.t.Fatalf("no %v in %s", names, r.text)
		}
		v = m[name]
	}
	return v
}
