package keyvault_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/calls"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/keyvault"
	"github.com/entente-id/entente/internal/seal"
	"github.com/entente-id/entente/internal/sqlstore"
	"github.com/entente-id/entente/internal/sqlstore/storetest"
	"github.com/entente-id/entente/internal/tenant"
	"github.com/entente-id/entente/internal/vault"
)

const (
	northwind id.Tenant = "11111111-aaaa-4111-8111-000000000001"
	adatum    id.Tenant = "22222222-bbbb-4222-8222-000000000002"
	broker    id.App    = "33333333-cccc-4333-8333-000000000003"
	host                = "northwind.vault.example"
	// worker may do everything; reader may only get.
	worker id.Object = "aaaaaaaa-0000-4000-8000-000000000001"
	reader id.Object = "aaaaaaaa-0000-4000-8000-000000000002"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// world is the real edge over the real room and a real store; only the proof
// of tokens is a table.
type world struct {
	t       testing.TB
	handler http.Handler
	db      *sqlstore.DB
	file    string
	log     bytes.Buffer
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, file: storetest.File(t)}
	db, err := sqlstore.Open(t.Context(), "sqlite:"+w.file, sqlstore.Options{Forgetful: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	w.db = db
	source := id.Source{Now: func() time.Time { return noon }, Random: rand.Reader}
	custody, err := seal.NewCustody([]byte("the master key of every test world"), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	vaults, err := vault.NewVaults(db, source, custody)
	if err != nil {
		t.Fatal(err)
	}
	if err := tenant.NewDirectory(db, source.Now).Save(t.Context(), tenant.Tenant{ID: northwind, Name: "Northwind"}); err != nil {
		t.Fatal(err)
	}
	if err := vaults.Save(t.Context(), vault.Vault{Tenant: northwind, Name: "northwind", Host: host, RetentionDays: 30, PurgeProtected: true,
		Access: []vault.Access{{Principal: worker, Permissions: vault.All}, {Principal: reader, Permissions: []vault.Permission{vault.Get}}}}); err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(&w.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	app := func(of, home id.Tenant, principal id.Object, audience string) audit.Caller {
		return audit.Caller{Tenant: of, Home: home, Principal: principal, AppOnly: true, App: broker, Audience: audience}
	}
	callers := map[string]audit.Caller{
		"worker": app(northwind, northwind, worker, keyvault.Audience), "reader": app(northwind, northwind, reader, string(keyvault.App)),
		"foreign": app(adatum, adatum, worker, keyvault.Audience), "graph": app(northwind, northwind, worker, "https://graph.microsoft.com"),
		"person":  {Tenant: northwind, Home: northwind, Account: worker, App: broker, Audience: keyvault.Audience + "/"},
		"visitor": {Tenant: northwind, Home: adatum, Account: worker, App: broker, Audience: keyvault.Audience},
	}
	w.handler = keyvault.New(keyvault.Options{
		Verify: func(_ context.Context, raw string) (audit.Caller, error) {
			if c, ok := callers[raw]; ok {
				return c, nil
			}
			return audit.Caller{}, fault.New(fault.AccessTokenInvalid)
		},
		Vaults: vaults, Failures: calls.Failures{Apps: application.NewRegistry(db, source), Attempts: audit.NewLog(db, source, log), Log: log},
		Source: source, Authority: "https://id.example",
	})
	return w
}

func (w *world) ask(token, method, path, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "https://"+host+path, strings.NewReader(body))
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	answer := httptest.NewRecorder()
	w.handler.ServeHTTP(answer, r)
	return answer
}

// said is the status, the code and the inner code of an answer.
func said(t *testing.T, r *httptest.ResponseRecorder) string {
	t.Helper()
	if r.Code < 400 {
		return fmt.Sprint(r.Code)
	}
	var body struct {
		Error struct {
			Code, Message string
			Inner         struct{ Code string } `json:"innererror"`
		}
	}
	if err := json.Unmarshal(r.Body.Bytes(), &body); err != nil || body.Error.Message == "" {
		t.Fatalf("body %q: %v", r.Body, err)
	}
	return strings.TrimSpace(fmt.Sprint(r.Code, " ", body.Error.Code, " ", body.Error.Inner.Code))
}

// TestWhoMayDoWhatInAVault is the table of the gate and of the rules of each
// operation, in the order of one secret's life.
func TestWhoMayDoWhatInAVault(t *testing.T) {
	w := newWorld(t)
	big := strings.Repeat("x", vault.MaxValue)
	for _, c := range []struct{ token, method, path, body, want string }{
		{"", "GET", "/secrets/a?api-version=7.4", "", "401 Unauthorized"},
		{"nobody", "GET", "/secrets/a?api-version=7.4", "", "401 Unauthorized"},
		{"graph", "GET", "/secrets/a?api-version=7.4", "", "401 Unauthorized"},
		{"foreign", "GET", "/secrets/a?api-version=7.4", "", "401 Unauthorized"},
		{"visitor", "GET", "/secrets/a?api-version=7.4", "", "401 Unauthorized"},
		{"worker", "GET", "/secrets/a?api-version=7.4", "", "404 SecretNotFound"},
		{"reader", "PUT", "/secrets/a?api-version=7.4", `{"value":"v"}`, "403 Forbidden AccessDenied"},
		{"reader", "GET", "/secrets?api-version=7.4", "", "403 Forbidden AccessDenied"},
		{"worker", "PUT", "/secrets/a", `{"value":"v"}`, "400 BadParameter"},
		{"worker", "PUT", "/secrets/a?api-version=latest", `{"value":"v"}`, "400 BadParameter"},
		{"worker", "PUT", "/secrets/a_b?api-version=7.4", `{"value":"v"}`, "400 BadParameter"},
		{"worker", "PUT", "/secrets/" + strings.Repeat("a", 128) + "?api-version=7.4", `{"value":"v"}`, "400 BadParameter"},
		{"worker", "PUT", "/secrets/a?api-version=7.4", `{}`, "400 BadParameter"},
		{"worker", "PUT", "/secrets/a?api-version=7.4", `{"value":7}`, "400 BadParameter"},
		{"worker", "PUT", "/secrets/a?api-version=7.4", `{"value":"v"}{}`, "400 BadParameter"},
		{"worker", "PUT", "/secrets/a?api-version=7.4", `{"value":"` + big + `x"}`, "400 BadParameter"},
		{"worker", "PUT", "/secrets/a?api-version=7.4", `{"value":"` + strings.Repeat(big, 6) + `"}`, "413 RequestBodyTooLarge"},
		{"worker", "PUT", "/secrets/a?api-version=7.4", `{"value":"v","attributes":{"nbf":2,"exp":1}}`, "400 BadParameter"},
		{"worker", "PUT", "/secrets/a?api-version=7.4", `{"value":"v","attributes":{"exp":-1}}`, "400 BadParameter"},
		{"worker", "PUT", "/secrets/a?api-version=7.4", `{"value":"` + big + `","newer":1}`, "200"},
		{"worker", "PUT", "/Secrets/A/?api-version=2025-07-01", `{"value":"","attributes":{"enabled":false}}`, "200"},
		{"reader", "GET", "/secrets/a/?api-version=7.4", "", "403 Forbidden SecretDisabled"},
		{"reader", "GET", "/secrets/a/00000000000000000000000000000000?api-version=7.4", "", "404 SecretNotFound"},
		{"worker", "PATCH", "/secrets/a?api-version=7.4", `{"value":"v"}`, "400 BadParameter"},
		{"person", "PATCH", "/secrets/a?api-version=7.4", `{"attributes":{"enabled":true}}`, "200"},
		{"reader", "GET", "/secrets/A?api-version=7.4", "", "200"},
		{"worker", "GET", "/secrets?api-version=7.4&maxresults=26", "", "400 BadParameter"},
		{"worker", "GET", "/secrets?api-version=7.4&maxresults=x", "", "400 BadParameter"},
		{"worker", "GET", "/secrets?api-version=7.4&$skiptoken=%00", "", "400 BadParameter"},
		{"worker", "GET", "/secrets?api-version=7.4&maxresults=1", "", "200"},
		{"worker", "POST", "/secrets/restore?api-version=7.4", `{"value":"AAAA"}`, "400 BadParameter"},
		{"worker", "POST", "/secrets/restore?api-version=7.4", `{"value":"!"}`, "400 BadParameter"},
		{"worker", "POST", "/secrets/a?api-version=7.4", `{}`, "405 MethodNotAllowed"},
		{"worker", "GET", "/secrets/a/b/c?api-version=7.4", "", "404 NotFound"},
		{"worker", "POST", "/deletedsecrets/a/recover?api-version=7.4", "", "404 SecretNotFound"},
		{"worker", "DELETE", "/secrets/a?api-version=7.4", "", "200"},
		{"worker", "PUT", "/secrets/a?api-version=7.4", `{"value":"v"}`, "409 Conflict ObjectIsDeletedButRecoverable"},
		{"worker", "DELETE", "/deletedsecrets/a?api-version=7.4", "", "403 Forbidden ForbiddenByPolicy"},
		{"reader", "DELETE", "/deletedsecrets/a?api-version=7.4", "", "403 Forbidden AccessDenied"},
		{"reader", "GET", "/deletedsecrets/a?api-version=7.4", "", "200"},
	} {
		answer := w.ask(c.token, c.method, c.path, c.body)
		if got := said(t, answer); got != c.want {
			t.Errorf("%s %s %.60s as %q: %s, want %s", c.method, c.path, c.body, c.token, got, c.want)
		}
		if c.token != "" && answer.Code >= 400 && answer.Header().Get("X-Entente-Reference") == "" {
			t.Errorf("%s %s has no reference", c.method, c.path)
		}
		challenge := `Bearer authorization="https://id.example/` + string(northwind) + `", resource="https://vault.azure.net"`
		if answer.Code == 401 && !strings.HasPrefix(answer.Header().Get("WWW-Authenticate"), challenge) {
			t.Errorf("challenge %q", answer.Header().Get("WWW-Authenticate"))
		}
	}
}

func TestAHostWithoutAVaultHasNone(t *testing.T) {
	w := newWorld(t)
	r := httptest.NewRequest("GET", "https://elsewhere.example/secrets/a?api-version=7.4", nil)
	answer := httptest.NewRecorder()
	w.handler.ServeHTTP(answer, r)
	if got := said(t, answer); got != "404 VaultNotFound" {
		t.Errorf("said %s", got)
	}
}

// TestNoValueRestsInTheClearOrReachesTheLog looks for a value everywhere but in
// the answer to who may read it.
func TestNoValueRestsInTheClearOrReachesTheLog(t *testing.T) {
	w := newWorld(t)
	const value = "correct-horse-battery-staple"
	for _, body := range []string{`{"value":"` + value + `"}`, `{"value":"` + value + `","attributes":{"nbf":2,"exp":1}}`} {
		w.ask("worker", "PUT", "/secrets/a?api-version=7.4", body)
	}
	if read := w.ask("reader", "GET", "/secrets/a?api-version=7.4", ""); !strings.Contains(read.Body.String(), value) || read.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("read %s with headers %v", read.Body, read.Header())
	}
	backup := w.ask("worker", "POST", "/secrets/a/backup?api-version=7.4", "")
	if backup.Code != 200 || strings.Contains(backup.Body.String(), value) {
		t.Errorf("backup %s", backup.Body)
	}
	if err := w.db.Close(); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{w.file, w.file + "-wal"} {
		b, err := os.ReadFile(file)
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		if bytes.Contains(b, []byte(value)) {
			t.Errorf("the value rests in %s", filepath.Base(file))
		}
	}
	if strings.Contains(w.log.String(), value) {
		t.Error("the value is in the log")
	}
}

func TestEachReadIsInTheRecord(t *testing.T) {
	w := newWorld(t)
	w.ask("worker", "PUT", "/secrets/a?api-version=7.4", `{"value":"v"}`)
	w.ask("reader", "GET", "/secrets/a?api-version=7.4", "")
	w.ask("reader", "GET", "/secrets/a?api-version=7.4", "")
	events, err := w.db.Events(t.Context(), northwind, 10)
	if err != nil {
		t.Fatal(err)
	}
	reads := 0
	for _, e := range events {
		if e.Verb == "secret.get" && e.Account == reader && e.Object == "a" && e.Facts["vault"] == "northwind" {
			reads++
		}
	}
	if reads != 2 {
		t.Errorf("%d reads in the record: %+v", reads, events)
	}
}

// FuzzRequest holds that no request makes the edge fail: every answer is a
// success or a refusal with a code.
func FuzzRequest(f *testing.F) {
	w := newWorld(f)
	f.Add("PUT", "/secrets/a", "api-version=7.4", `{"value":"v","tags":{"a":"b"},"attributes":{"enabled":true,"nbf":1,"exp":2}}`)
	f.Add("PATCH", "/secrets/a/", "api-version=2025-07-01", `{"contentType":"x"}`)
	f.Add("GET", "/deletedsecrets", "api-version=7.4&maxresults=3&$skiptoken=a", "")
	f.Add("POST", "/secrets/restore", "api-version=7.4", `{"value":"AQ"}`)
	f.Add("DELETE", "/SECRETS/%00", "api-version=7.4", "")
	f.Fuzz(func(t *testing.T, method, path, query, body string) {
		r := httptest.NewRequest("GET", "https://"+host+"/", strings.NewReader(body))
		r.Method, r.URL.Path, r.URL.RawQuery = method, path, query
		r.Header.Set("Authorization", "Bearer worker")
		r.Header.Set("Content-Type", "application/json")
		answer := httptest.NewRecorder()
		w.handler.ServeHTTP(answer, r)
		if answer.Code >= 500 {
			t.Errorf("%q %q?%q %q answers %d: %s", method, path, query, body, answer.Code, answer.Body)
		}
	})
}
