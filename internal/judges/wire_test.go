package judges_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/entente-id/entente/ententetest"
	"github.com/entente-id/entente/internal/devworld"
)

// reply is an answer with a JSON body.
type reply struct {
	status int
	header http.Header
	raw    []byte
	body   map[string]any
}

// send sends a request as it stands, headers included.
func send(t *testing.T, w *ententetest.World, method, address, body string, headers ...string) reply {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	client := *w.Client()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	r := reply{status: response.StatusCode, header: response.Header, raw: raw}
	if err := json.Unmarshal(raw, &r.body); err != nil {
		t.Fatalf("%s %s answers %d with a body that is no JSON object: %.200s", method, address, r.status, raw)
	}
	return r
}

func get(t *testing.T, w *ententetest.World, path string, headers ...string) reply {
	t.Helper()
	return send(t, w, http.MethodGet, w.Origin+path, "", headers...)
}

func post(t *testing.T, w *ententetest.World, path string, form url.Values, headers ...string) reply {
	t.Helper()
	return send(t, w, http.MethodPost, w.Origin+path, form.Encode(), append([]string{"Content-Type", "application/x-www-form-urlencoded"}, headers...)...)
}

// must fails the test unless the status is the expected one.
func (r reply) must(t *testing.T, status int) reply {
	t.Helper()
	if r.status != status {
		t.Fatalf("status %d instead of %d: %s", r.status, status, r.raw)
	}
	return r
}

// text is a member that has to be there and a string.
func (r reply) text(t *testing.T, name string) string {
	t.Helper()
	s, ok := r.body[name].(string)
	if !ok || s == "" {
		t.Fatalf("no string %q in %s", name, r.raw)
	}
	return s
}

func (r reply) keys() []string { return slices.Sorted(maps.Keys(r.body)) }

// code is the first of error_codes.
func (r reply) code(t *testing.T) int {
	t.Helper()
	codes, ok := r.body["error_codes"].([]any)
	if !ok || len(codes) == 0 {
		t.Fatalf("no error_codes in %s", r.raw)
	}
	n, ok := codes[0].(float64)
	if !ok {
		t.Fatalf("error_codes holds no number: %s", r.raw)
	}
	return int(n)
}

func headerOf(t *testing.T, token string) map[string]any { return segment(t, token, 0) }

func claimsOf(t *testing.T, token string) map[string]any { return segment(t, token, 1) }

func segment(t *testing.T, token string, n int) map[string]any {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("this is no JWT: %q", token)
	}
	b, err := base64.RawURLEncoding.DecodeString(parts[n])
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(b, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// expect compares members of a JSON object by their JSON.
func expect(t *testing.T, what string, got map[string]any, want map[string]any) {
	t.Helper()
	for _, name := range slices.Sorted(maps.Keys(want)) {
		g, _ := json.Marshal(got[name])
		w, _ := json.Marshal(want[name])
		if string(g) != string(w) {
			t.Errorf("%s: %s = %s, want %s", what, name, g, w)
		}
	}
}

// bearer is the header of an API call.
func bearer(token string) []string { return []string{"Authorization", "Bearer " + token} }

// signIn walks a browser through the pages and gives what arrives.
func signIn(t *testing.T, v *devworld.Visitor, address, redirect string) url.Values {
	t.Helper()
	answer, err := v.SignIn(t.Context(), address, redirect)
	if err != nil {
		t.Fatalf("sign-in after %q: %v", v.Steps, err)
	}
	if answer.Get("error") != "" {
		t.Fatalf("the sign-in ended in %v", answer)
	}
	return answer
}

// portal is a form of PortalApp with its secret.
func portal(pairs ...string) url.Values {
	form := url.Values{"client_id": {ententetest.PortalApp}, "client_secret": {ententetest.PortalSecret}}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return form
}

// halfHash is how c_hash and at_hash are made (OpenID Connect Core 3.3.2.11).
func halfHash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

func challengeOf(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
