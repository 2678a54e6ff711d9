package resourcemanager_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/calls"
	"github.com/entente-id/entente/internal/customer"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/resourcemanager"
	"github.com/entente-id/entente/internal/sqlstore/storetest"
	"github.com/entente-id/entente/internal/subscription"
	"github.com/entente-id/entente/internal/tenant"
)

const (
	northwind id.Tenant = "11111111-aaaa-4111-8111-000000000001"
	adatum    id.Tenant = "22222222-bbbb-4222-8222-000000000002"

	admin  id.Object = "aaaaaaaa-0000-4000-8000-000000000001"
	helper id.Object = "aaaaaaaa-0000-4000-8000-000000000002"
	owner  id.Object = "bbbbbbbb-0000-4000-8000-000000000001"
	robot  id.Object = "bbbbbbbb-0000-4000-8000-000000000002"

	one = "5b000000-0000-4000-8000-000000000001"
	two = "5b000000-0000-4000-8000-000000000002"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// world is the real edge over real rooms and a real store; only the proof of
// tokens is a table. Adatum lets its partner's administrators see subscription
// one, and its owner and its robot subscription two.
type world struct {
	t       testing.TB
	handler http.Handler
	ledger  *customer.Ledger
	people  *account.People
}

func newWorld(t testing.TB) *world {
	t.Helper()
	db := storetest.Open(t)
	source := id.Source{Now: func() time.Time { return noon }, Random: rand.Reader}
	w := &world{t: t, people: account.NewPeople(db)}
	w.ledger = customer.NewLedger(db, w.people, source)
	register := subscription.NewRegister(db, w.people, w.ledger)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	tenants := tenant.NewDirectory(db, source.Now)
	must(tenants.Save(t.Context(), tenant.Tenant{ID: northwind, Name: "Northwind"}))
	must(tenants.Save(t.Context(), tenant.Tenant{ID: adatum, Name: "Adatum"}))
	must(w.people.Save(t.Context(), account.Account{Tenant: northwind, ID: admin, SignInName: "admin@northwind.example", Groups: []string{account.AdminAgents}}))
	must(w.people.Save(t.Context(), account.Account{Tenant: northwind, ID: helper, SignInName: "helper@northwind.example", Groups: []string{account.HelpdeskAgents}}))
	must(w.people.Save(t.Context(), account.Account{Tenant: adatum, ID: owner, SignInName: "owner@adatum.example"}))
	w.relate(customer.Active)
	must(register.Save(t.Context(), subscription.Subscription{Tenant: adatum, ID: one, Name: "One", State: "Enabled",
		Access: []subscription.Access{{Partner: northwind, Group: account.AdminAgents}}, Groups: []subscription.ResourceGroup{{Name: "rg", Location: "north"}}}))
	must(register.Save(t.Context(), subscription.Subscription{Tenant: adatum, ID: strings.ToUpper(two), Name: "Two", State: "Enabled",
		Access: []subscription.Access{{Principal: owner}, {Principal: robot}}}))
	person := func(of, home id.Tenant, name string, object id.Object, audience string) audit.Caller {
		return audit.Caller{Tenant: of, Home: home, Account: object, SignInName: name, Audience: audience, Scopes: []string{"user_impersonation"}}
	}
	const arm = resourcemanager.Audience
	callers := map[string]audit.Caller{
		"admin":  person(adatum, northwind, "admin@northwind.example", "cccccccc-0000-4000-8000-000000000001", arm+"/"),
		"helper": person(adatum, northwind, "helper@northwind.example", "cccccccc-0000-4000-8000-000000000002", resourcemanager.OldAudience),
		"owner":  person(adatum, adatum, "owner@adatum.example", owner, string(resourcemanager.App)),
		"graph":  person(adatum, adatum, "owner@adatum.example", owner, "https://graph.microsoft.com"),
		"home":   person(northwind, northwind, "admin@northwind.example", admin, arm),
		"robot":  {Tenant: adatum, Home: adatum, AppOnly: true, Principal: robot, Audience: arm},
		"other":  {Tenant: adatum, Home: adatum, AppOnly: true, Principal: admin, Audience: arm},
	}
	log := slog.New(slog.DiscardHandler)
	w.handler = resourcemanager.New(resourcemanager.Options{
		Verify: func(_ context.Context, raw string) (audit.Caller, error) {
			if c, ok := callers[raw]; ok {
				return c, nil
			}
			return audit.Caller{}, fault.New(fault.AccessTokenInvalid)
		},
		Subscriptions: register, Source: source, Authority: "https://id.example",
		Failures: calls.Failures{Apps: application.NewRegistry(db, source), Attempts: audit.NewLog(db, source, log), Log: log},
	})
	return w
}

func (w *world) relate(status customer.Status) {
	w.t.Helper()
	reader := []string{account.DirectoryReaders}
	if err := w.ledger.SaveRelationship(w.t.Context(), customer.Relationship{
		ID: "r", Partner: northwind, Customer: adatum, DisplayName: "all", Status: status, Roles: reader, Ends: noon.AddDate(1, 0, 0),
		Assignments: []customer.Assignment{{Group: account.AdminAgents, Roles: reader}, {Group: account.HelpdeskAgents, Roles: reader}},
	}); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) ask(token, method, path string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "https://id.example"+path, nil)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	answer := httptest.NewRecorder()
	w.handler.ServeHTTP(answer, r)
	return answer
}

// sees lists what a caller finds, or the code of the refusal.
func (w *world) sees(token string) []string {
	w.t.Helper()
	answer := w.ask(token, "GET", "/subscriptions?api-version=2022-12-01")
	if answer.Code != http.StatusOK {
		return []string{said(w.t, answer)}
	}
	var body struct {
		Value []struct{ SubscriptionID string }
	}
	if err := json.Unmarshal(answer.Body.Bytes(), &body); err != nil || body.Value == nil {
		w.t.Fatalf("body %q: %v", answer.Body, err)
	}
	found := []string{}
	for _, s := range body.Value {
		found = append(found, s.SubscriptionID)
	}
	return found
}

func said(t testing.TB, r *httptest.ResponseRecorder) string {
	t.Helper()
	if r.Code < 400 {
		return fmt.Sprint(r.Code)
	}
	var body struct {
		Error struct{ Code, Message string }
	}
	if err := json.Unmarshal(r.Body.Bytes(), &body); err != nil || body.Error.Message == "" {
		t.Fatalf("body %q: %v", r.Body, err)
	}
	return fmt.Sprint(r.Code, " ", body.Error.Code)
}

func TestWhoSeesWhichSubscription(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		token string
		want  []string
	}{
		{"admin", []string{one}}, {"helper", []string{}}, {"owner", []string{two}}, {"robot", []string{two}}, {"other", []string{}}, {"home", []string{}},
		{"graph", []string{"401 InvalidAuthenticationTokenAudience"}}, {"nobody", []string{"401 InvalidAuthenticationToken"}}, {"", []string{"401 AuthenticationFailed"}},
	} {
		if got := w.sees(c.token); !slices.Equal(got, c.want) {
			t.Errorf("%q sees %v, want %v", c.token, got, c.want)
		}
	}
	w.relate(customer.Terminated)
	if got := w.sees("admin"); !slices.Equal(got, []string{"403 AuthorizationFailed"}) {
		t.Errorf("after the relationship has ended the partner sees %v", got)
	}
	if err := w.people.Save(t.Context(), account.Account{Tenant: adatum, ID: owner, SignInName: "owner@adatum.example", Disabled: true}); err != nil {
		t.Fatal(err)
	}
	if got := w.sees("owner"); !slices.Equal(got, []string{"401 InvalidAuthenticationToken"}) {
		t.Errorf("an account that is switched off sees %v", got)
	}
}

func TestBadRequestsAreToldWhatIsWrong(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct{ method, path, want string }{
		{"GET", "/subscriptions", "400 MissingApiVersionParameter"},
		{"GET", "/subscriptions?api-version=latest", "400 InvalidParameter"},
		{"POST", "/subscriptions?api-version=2022-12-01", "405 MethodNotAllowed"},
		{"GET", "/subscriptions/x?api-version=2022-12-01", "400 InvalidParameter"},
		{"GET", "/subscriptions/" + two + "?api-version=2022-12-01", "404 SubscriptionNotFound"},
		{"GET", "/Subscriptions/" + strings.ToUpper(one) + "/resourceGroups/RG?api-version=2022-12-01", "200"},
		{"GET", "/subscriptions/" + one + "/resourcegroups/none?api-version=2022-12-01", "404 ResourceGroupNotFound"},
		{"GET", "/subscriptions/" + one + "/providers?api-version=2022-12-01", "404 InvalidResourceType"},
	} {
		answer := w.ask("admin", c.method, c.path)
		if got := said(t, answer); got != c.want {
			t.Errorf("%s %s: %s, want %s", c.method, c.path, got, c.want)
		}
		if answer.Code >= 400 && answer.Header().Get("X-Entente-Reference") == "" {
			t.Errorf("%s %s has no reference", c.method, c.path)
		}
	}
}

// FuzzPath holds that no path makes the edge fail.
func FuzzPath(f *testing.F) {
	w := newWorld(f)
	f.Add("/subscriptions/"+one+"/resourcegroups/rg", "api-version=2022-12-01")
	f.Add("/SUBSCRIPTIONS/%2e%2e/x", "api-version=2022-12-01")
	f.Fuzz(func(t *testing.T, path, query string) {
		r := httptest.NewRequest("GET", "https://id.example/", nil)
		r.URL.Path, r.URL.RawQuery = path, query
		r.Header.Set("Authorization", "Bearer admin")
		answer := httptest.NewRecorder()
		w.handler.ServeHTTP(answer, r)
		if answer.Code >= 500 {
			t.Errorf("%q?%q answers %d: %s", path, query, answer.Code, answer.Body)
		}
	})
}
