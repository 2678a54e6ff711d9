package house_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/entente-id/entente/ententetest"
	"github.com/entente-id/entente/internal/devworld"
)

// eavesdropper keeps every secret that passes on the wire.
type eavesdropper struct {
	next http.RoundTripper

	mu      sync.Mutex
	secrets map[string]string
}

// secretFields are the form and JSON fields whose values nobody may log.
var secretFields = []string{"client_secret", "password", "code", "code_verifier", "refresh_token", "access_token", "id_token", "client_assertion", "flow"}

func (e *eavesdropper) keep(kind, value string) {
	// Shorter values, such as six digits, occur by chance in times and ids.
	if len(value) < 8 {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.secrets[value] = kind
}

func (e *eavesdropper) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		if form, err := url.ParseQuery(string(body)); err == nil {
			for _, field := range secretFields {
				e.keep(field, form.Get(field))
			}
		}
	}
	if bearer, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		e.keep("bearer", bearer)
	}
	response, err := e.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	for _, cookie := range response.Cookies() {
		if cookie.Name != "__Host-entente-lang" {
			e.keep("cookie "+cookie.Name, cookie.Value)
		}
	}
	if target, err := url.Parse(response.Header.Get("Location")); err == nil {
		e.keep("code", target.Query().Get("code"))
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	response.Body = io.NopCloser(bytes.NewReader(body))
	var fields map[string]any
	if json.Unmarshal(body, &fields) == nil {
		for _, field := range secretFields {
			if text, ok := fields[field].(string); ok {
				e.keep(field, text)
			}
		}
	}
	for _, found := range regexp.MustCompile(`secret=([A-Z2-7]{16,})|<li>([0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4})</li>`).FindAllStringSubmatch(string(body), -1) {
		e.keep("seed or recovery code", found[1]+found[2])
	}
	return response, nil
}

func TestNoSecretReachesTheLogOrTheRecords(t *testing.T) {
	var log bytes.Buffer
	var writing sync.Mutex
	handler := slog.NewJSONHandler(locked{&writing, &log}, &slog.HandlerOptions{Level: slog.LevelDebug})
	folder := t.TempDir()
	w := ententetest.StartWith(t, ententetest.Options{Log: slog.New(handler), Store: "sqlite:" + filepath.Join(folder, "entente.db")})
	ear := &eavesdropper{next: w.Client().Transport, secrets: map[string]string{
		ententetest.Password: "password", ententetest.PortalSecret: "client secret", devworld.AdaSeed: "seed",
	}}
	ctx := context.Background()
	walk(t, ctx, w, ear)

	writing.Lock()
	logged := log.String()
	writing.Unlock()
	if len(logged) < 1000 {
		t.Fatalf("the log has only %d bytes: it was not listened to", len(logged))
	}
	if len(ear.secrets) < 15 {
		t.Fatalf("only %d secrets were overheard", len(ear.secrets))
	}
	attempts, err := json.Marshal(events(t, ctx, w))
	if err != nil {
		t.Fatal(err)
	}
	var rows []byte
	for _, name := range []string{"entente.db", "entente.db-wal"} {
		b, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		rows = append(rows, b...)
	}
	for secret, kind := range ear.secrets {
		if strings.Contains(logged, secret) {
			t.Errorf("the log shows a %s", kind)
		}
		if bytes.Contains(attempts, []byte(secret)) {
			t.Errorf("the audit records show a %s", kind)
		}
		if bytes.Contains(rows, []byte(secret)) {
			t.Errorf("the database holds a %s in the clear", kind)
		}
	}
}

type locked struct {
	mu *sync.Mutex
	to io.Writer
}

func (l locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.to.Write(p)
}

func events(t *testing.T, ctx context.Context, w *ententetest.World) any {
	t.Helper()
	list, err := w.Inside().DB.Events(ctx, devworld.Northwind, 1000)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// walk goes through the story with its failures: a wrong password, an
// enrolment, a consent, a redemption, refreshes, and calls that are refused.
func walk(t *testing.T, ctx context.Context, w *ententetest.World, ear *eavesdropper) {
	t.Helper()
	wrong := devworld.NewVisitor(ear, ententetest.Now, ententetest.Ada)
	wrong.Password = "a wrong but secret password"
	ear.keep("password", wrong.Password)
	if _, err := wrong.SignIn(ctx, w.Origin+"/account/second-factor", w.Origin+"/account/done"); err == nil {
		t.Fatal("a wrong password signed in")
	}
	v := devworld.NewVisitor(ear, ententetest.Now, ententetest.Integration)
	if _, err := v.SignIn(ctx, w.Origin+"/account/second-factor", w.Origin+"/account/done"); err != nil {
		t.Fatal(err)
	}
	ear.keep("seed", v.Seed)
	scope := "https://graph.microsoft.com/User.Read offline_access openid profile"
	answer, err := v.SignIn(ctx, w.Origin+"/organizations/oauth2/v2.0/authorize?"+url.Values{
		"client_id": {ententetest.PortalApp}, "response_type": {"code"}, "redirect_uri": {"http://localhost/"}, "scope": {scope}, "state": {"s"}}.Encode(), "http://localhost/")
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: ear}
	post := func(tenant string, form url.Values) map[string]any {
		form["client_id"], form["scope"] = []string{ententetest.PortalApp}, []string{scope}
		if form.Get("client_secret") == "" {
			form.Set("client_secret", ententetest.PortalSecret)
		}
		response, err := client.PostForm(w.Origin+"/"+tenant+"/oauth2/v2.0/token", form)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		var got map[string]any
		if err := json.NewDecoder(response.Body).Decode(&got); err != nil {
			t.Fatal(err)
		}
		return got
	}
	got := post("organizations", url.Values{"grant_type": {"authorization_code"}, "code": {answer.Get("code")}, "redirect_uri": {"http://localhost/"}})
	refresh, _ := got["refresh_token"].(string)
	access, _ := got["access_token"].(string)
	if refresh == "" || access == "" {
		t.Fatalf("redeem: %v", got)
	}
	post("organizations", url.Values{"grant_type": {"authorization_code"}, "code": {answer.Get("code")}, "redirect_uri": {"http://localhost/"}})
	post("organizations", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refresh}})
	post("proseware.example", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refresh}, "client_secret": {"a wrong but secret client secret"}})
	for _, path := range []string{"/v1.0/me", "/v1/customers", "/v1/profiles/organization"} {
		request, err := http.NewRequest(http.MethodGet, w.Origin+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer "+access)
		response, err := client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
	}
}
