package judges_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/entente-id/entente/ententetest"
	"github.com/entente-id/entente/internal/devworld"
	"github.com/entente-id/entente/internal/judges"
)

// errorCase is a request that has to fail, at v1 and v2.
type errorCase struct {
	code int
	flow string
	// v1 and v2 are the paths; a path without a form is a GET.
	v1, v2         string
	formV1, formV2 url.Values
	status         int
	// kindV1 and kindV2 are the error; sub is the suberror.
	kindV1, kindV2, sub string
}

func errorCases(refreshToken string) []errorCase {
	home := "/" + ententetest.Northwind
	app := func(more ...string) url.Values {
		return portal(append([]string{"grant_type", "client_credentials"}, more...)...)
	}
	both := func(c errorCase, path string, v1, v2 url.Values) errorCase {
		c.v1, c.v2, c.formV1, c.formV2 = path+"/oauth2/token", path+"/oauth2/v2.0/token", v1, v2
		return c
	}
	wrong := func(more ...string) url.Values { return app(append(more, "client_secret", "not-the-secret")...) }
	nobody := func(more ...string) url.Values { return app(append(more, "client_id", unknownProgram)...) }
	password := []string{"grant_type", "password", "username", ententetest.Ada, "password", ententetest.Password}
	held := []string{"grant_type", "refresh_token", "refresh_token", refreshToken}
	elsewhere := "/common/discovery/instance?" + url.Values{"api-version": {"1.1"}, "authorization_endpoint": {"https://login.stranger.example/common/oauth2/authorize"}}.Encode()
	return []errorCase{
		both(errorCase{code: 7000215, flow: "a wrong secret", status: 401, kindV1: "invalid_client", kindV2: "invalid_client"}, home,
			wrong("resource", graph), wrong("scope", graph+"/.default")),
		both(errorCase{code: 500011, flow: "a resource that nobody knows", status: 400, kindV1: "invalid_resource", kindV2: "invalid_resource"}, home,
			app("resource", "https://nothing.example"), app("scope", "https://nothing.example/.default")),
		both(errorCase{code: 70003, flow: "a grant that nobody knows", status: 400, kindV1: "unsupported_grant_type", kindV2: "unsupported_grant_type"}, home,
			portal("grant_type", "wishing"), portal("grant_type", "wishing")),
		both(errorCase{code: 700038, flow: "an application that nobody knows", status: 400, kindV1: "unauthorized_client", kindV2: "unauthorized_client"}, home,
			nobody("resource", graph), nobody("scope", graph+"/.default")),
		{code: 50049, flow: "instance discovery for another host", status: 400, kindV1: "invalid_instance", kindV2: "invalid_instance", v1: elsewhere, v2: elsewhere},
		both(errorCase{code: 90002, flow: "a tenant that nobody knows, at the token endpoint", status: 400, kindV1: "invalid_request", kindV2: "invalid_request"}, "/"+unknownTenant,
			app("resource", graph), app("scope", graph+"/.default")),
		{code: 90002, flow: "a tenant that nobody knows, in discovery", status: 400, kindV1: "invalid_tenant", kindV2: "invalid_tenant",
			v1: "/unknown.example/.well-known/openid-configuration", v2: "/unknown.example/v2.0/.well-known/openid-configuration"},
		both(errorCase{code: 65001, flow: "a customer that has not consented", status: 400, kindV1: "invalid_grant", kindV2: "invalid_grant", sub: "consent_required"}, "/"+string(devworld.Proseware),
			portal(append(held, "resource", graph)...), portal(append(held, "scope", graph+"/.default")...)),
		both(errorCase{code: 50076, flow: "a password where a second factor is needed", status: 400, kindV1: "interaction_required", kindV2: "invalid_grant", sub: "basic_action"}, home,
			portal(append(password, "resource", graph)...), portal(append(password, "scope", graph+"/.default")...)),
	}
}

func TestErrorsHaveTheRecordedForm(t *testing.T) {
	w := ententetest.Start(t)
	answer := signIn(t, w.Visitor(ententetest.Ada), w.Origin+"/common/oauth2/authorize?"+url.Values{
		"client_id": {ententetest.PortalApp}, "response_type": {"code"}, "resource": {partnerCenter}, "redirect_uri": {judges.Redirect},
	}.Encode(), judges.Redirect)
	first := post(t, w, "/common/oauth2/token", portal("grant_type", "authorization_code", "code", answer.Get("code"), "redirect_uri", judges.Redirect)).must(t, http.StatusOK)
	var golden bytes.Buffer
	for _, c := range errorCases(first.text(t, "refresh_token")) {
		ledger.Judge(t, rules, fmt.Sprintf("error %d: %s", c.code, c.flow), difference(c.code), func(t *testing.T) {
			got := map[string]reply{"v1": ask(t, w, c.v1, c.formV1), "v2": ask(t, w, c.v2, c.formV2)}
			for version, kind := range map[string]string{"v1": c.kindV1, "v2": c.kindV2} {
				form(t, version, got[version].must(t, c.status), c, kind)
			}
			for _, version := range []string{"v1", "v2"} {
				golden.WriteString("== " + c.flow + ", " + version + "\n" + neutral(t, w, got[version]) + "\n")
			}
		})
	}
	ledger.Judge(t, rules, "errors: the whole bodies are as they were", "", func(t *testing.T) {
		path := filepath.Join("testdata", "errors.golden")
		if judges.Updating() {
			if err := os.WriteFile(path, golden.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(want, golden.Bytes()) {
			t.Errorf("other than %s:\n%s", path, golden.Bytes())
		}
	})
}

// difference: every body of ours has a reference for people beside.
func difference(code int) string {
	if code == 70003 || code == 700038 {
		return "reference is ours, and Microsoft leaves error_uri out"
	}
	return "reference is ours"
}

func ask(t *testing.T, w *ententetest.World, path string, form url.Values) reply {
	t.Helper()
	if form == nil {
		return get(t, w, path)
	}
	return post(t, w, path, form, "client-request-id", "0f1d2c3b-4a59-4687-9a5b-6c7d8e9fa0b1")
}

var (
	described = regexp.MustCompile(`^AADSTS\d+: .+ Trace ID: [0-9a-f-]{36} Correlation ID: [0-9a-f-]{36} Timestamp: \d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ$`)
	moment    = regexp.MustCompile(`\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ`)
)

// form checks an error body by the table of identity-platform.md 2.8, so that
// the golden file alone does not decide.
func form(t *testing.T, version string, r reply, c errorCase, kind string) {
	t.Helper()
	expect(t, version, r.body, map[string]any{"error": kind, "error_codes": []int{c.code}})
	if sub, _ := r.body["suberror"].(string); sub != c.sub {
		t.Errorf("%s: suberror %q, want %q", version, sub, c.sub)
	}
	description := r.text(t, "error_description")
	if !described.MatchString(description) {
		t.Errorf("%s: the description is %q", version, description)
	}
	for _, name := range []string{"trace_id", "correlation_id", "timestamp"} {
		if !strings.Contains(description, r.text(t, name)) {
			t.Errorf("%s: the description has another %s than %s", version, name, r.text(t, name))
		}
	}
	if uri := r.text(t, "error_uri"); !strings.Contains(uri, "/error?code=") {
		t.Errorf("%s: error_uri %s", version, uri)
	}
	// Rule 31: claims is a string that holds JSON, never an object.
	if claims, there := r.body["claims"]; there {
		text, ok := claims.(string)
		if !ok || !json.Valid([]byte(text)) {
			t.Errorf("%s: claims is %v", version, claims)
		}
	}
	if got := r.header.Get("Content-Type"); got != "application/json; charset=utf-8" {
		t.Errorf("%s: Content-Type %q", version, got)
	}
}

// neutral is a body without what differs from run to run.
func neutral(t *testing.T, w *ententetest.World, r reply) string {
	t.Helper()
	var b bytes.Buffer
	if err := json.Indent(&b, r.raw, "", "  "); err != nil {
		t.Fatal(err)
	}
	text := strings.ReplaceAll(b.String(), w.Origin, "https://entente.example")
	for _, name := range []string{"trace_id", "correlation_id", "reference"} {
		text = strings.ReplaceAll(text, r.text(t, name), "<"+name+">")
	}
	return moment.ReplaceAllString(text, "<timestamp>")
}
