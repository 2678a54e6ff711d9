package pages_test

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/entente-id/entente/internal/pages"
)

func TestEveryPageCarriesTheSecurityHeaders(t *testing.T) {
	p := newPages(t)
	for _, s := range scenes(sink) {
		h := s.render(p, "en").Header()
		for name, want := range map[string]string{
			"Referrer-Policy": "same-origin", "X-Frame-Options": "DENY", "X-Content-Type-Options": "nosniff",
			"Cache-Control": "no-store", "Cross-Origin-Resource-Policy": "same-origin", "X-Entente-Dev": "1",
			"Content-Type": "text/html; charset=utf-8", "Cross-Origin-Opener-Policy": "", "Strict-Transport-Security": "",
		} {
			if got := h.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", s.name, name, got, want)
			}
		}
		csp := h.Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'none';", "script-src 'self';", "style-src 'self';", "img-src 'self' data:;",
			"connect-src 'self';", "base-uri 'none';", "frame-ancestors 'none';", "form-action "} {
			if !strings.Contains(csp, want) {
				t.Errorf("%s: the policy lacks %q: %s", s.name, want, csp)
			}
		}
		if !strings.Contains(h.Get("Permissions-Policy"), "publickey-credentials-get=(self)") {
			t.Errorf("%s: Permissions-Policy is %q", s.name, h.Get("Permissions-Policy"))
		}
	}
}

func TestProductionPagesDoNotLookLikeDevelopment(t *testing.T) {
	p, err := pages.New(pages.Options{})
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	p.Address(w, pages.AddressView{Frame: pages.Frame{Lang: "ar-XB"}})
	if w.Header().Get("X-Entente-Dev") != "" || w.Header().Get("Strict-Transport-Security") != "max-age=31536000" {
		t.Errorf("headers: %v", w.Header())
	}
	for _, bad := range []string{`class="dev"`, "/dev/inbox", `value="ar-XB"`, "mailto:"} {
		if strings.Contains(w.Body.String(), bad) {
			t.Errorf("the page holds %q", bad)
		}
	}
}

func TestFormsMayEndAtTheAppsOriginAndNowhereElse(t *testing.T) {
	p := newPages(t)
	for origin, want := range map[string]string{
		"":                                   "form-action 'self'",
		"https://app.example":                "form-action 'self' https://app.example",
		"https://app.example:8443/cb?x=1":    "form-action 'self' https://app.example:8443",
		"http://127.0.0.1:5000":              "form-action 'self' http://127.0.0.1:5000",
		"http://[::1]:5000/cb":               "form-action 'self' http:",
		"com.example.app://auth":             "form-action 'self'",
		"https://a.example; script-src *":    "form-action 'self'",
		"https://*.example":                  "form-action 'self'",
		"https://a.example\r\nX-Injected: 1": "form-action 'self'",
	} {
		w := httptest.NewRecorder()
		p.Address(w, pages.AddressView{Frame: pages.Frame{Lang: "en", FormOrigin: origin}})
		if csp := w.Header().Get("Content-Security-Policy"); !strings.HasSuffix(csp, want) {
			t.Errorf("%q: %s", origin, csp)
		}
	}
}

func TestAnAnswerInAFormGoesToItsTargetOnly(t *testing.T) {
	p := newPages(t)
	w := httptest.NewRecorder()
	p.FormPost(w, pages.FormPostView{Frame: pages.Frame{Lang: "en", AppName: "Portal", FormOrigin: "https://other.example"},
		Target: "https://app.example/cb?a=b", Fields: [][2]string{{"code", `"><script>`}, {"state", "s t"}}})
	if csp := w.Header().Get("Content-Security-Policy"); !strings.HasSuffix(csp, "form-action https://app.example") {
		t.Errorf("policy: %s", csp)
	}
	body := w.Body.String()
	for _, want := range []string{`action="https://app.example/cb?a=b"`, `name="code" value="&#34;&gt;&lt;script&gt;"`, `name="state" value="s t"`, "data-submit", "Continue"} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	w = httptest.NewRecorder()
	p.FormPost(w, pages.FormPostView{Frame: pages.Frame{Lang: "en"}, Target: "javascript:alert(1)"})
	if csp := w.Header().Get("Content-Security-Policy"); !strings.HasSuffix(csp, "form-action 'none'") || strings.Contains(w.Body.String(), "javascript:") {
		t.Errorf("a script target came through: %s", csp)
	}
}

func TestLeavingReachesAnySchemeExceptOurOwnOrigin(t *testing.T) {
	p := newPages(t)
	leave := func(target string) string {
		w := httptest.NewRecorder()
		p.Leave(w, pages.LeaveView{Frame: pages.Frame{Lang: "en", AppName: "Portal"}, Target: target})
		return w.Body.String()
	}
	for _, target := range []string{"com.example.app://auth?code=1&state=2", "http://127.0.0.1:8400/?code=1", "http://[::1]:8400/", "msal3f6c:///auth"} {
		body := strings.ReplaceAll(leave(target), "&amp;", "&")
		if !strings.Contains(body, `<meta http-equiv="refresh" content="0; url=`+target+`">`) || !strings.Contains(body, `href="`+target+`"`) {
			t.Errorf("%s is not reached: %s", target, regexp.MustCompile(`<meta http.*`).FindString(body))
		}
	}
	for _, target := range []string{"javascript:alert(1)", "JavaScript:alert(1)", " javascript:alert(1)", "data:text/html,x", "vbscript:x", "blob:x", "//evil.example", ""} {
		if body := leave(target); strings.Contains(body, "http-equiv") || strings.Contains(body, "button primary") {
			t.Errorf("%q came through", target)
		}
	}
}

func TestAssetsAreKeptForEverUnderNamesThatChangeWithThem(t *testing.T) {
	p := newPages(t)
	w := httptest.NewRecorder()
	p.Address(w, pages.AddressView{Frame: pages.Frame{Lang: "en"}})
	found := regexp.MustCompile(`/assets/[a-z]+\.[A-Za-z0-9_-]{12}\.(css|js)`).FindAllString(w.Body.String(), -1)
	if len(found) != 2 {
		t.Fatalf("assets on the page: %v", found)
	}
	for _, address := range found {
		r := httptest.NewRequest(http.MethodGet, address, nil)
		r.Header.Set("Accept-Encoding", "gzip")
		w := httptest.NewRecorder()
		p.Assets().ServeHTTP(w, r)
		if w.Code != 200 || w.Header().Get("Cache-Control") != "public, max-age=31536000, immutable" {
			t.Errorf("%s: %d %v", address, w.Code, w.Header())
		}
		z, err := gzip.NewReader(w.Body)
		if err != nil {
			t.Fatal(err)
		}
		packed, err := io.ReadAll(z)
		if err != nil {
			t.Fatal(err)
		}
		plain := httptest.NewRecorder()
		p.Assets().ServeHTTP(plain, httptest.NewRequest(http.MethodGet, address, nil))
		if plain.Body.String() != string(packed) || plain.Header().Get("Content-Encoding") != "" {
			t.Errorf("%s: packed and plain differ", address)
		}
	}
	for _, bad := range []string{"/assets/style.css", "/assets/", "/assets/../pages.go", "/assets/style.AAAAAAAAAAAA.css"} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.URL.Path = bad
		w := httptest.NewRecorder()
		p.Assets().ServeHTTP(w, r)
		if w.Code != http.StatusNotFound {
			t.Errorf("%s: %d", bad, w.Code)
		}
	}
}

func TestPagesFitTheFirstFlight(t *testing.T) {
	p := newPages(t)
	pack := func(body string) int {
		var b strings.Builder
		z := gzip.NewWriter(&b)
		if _, err := io.WriteString(z, body); err != nil {
			t.Fatal(err)
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		return b.Len()
	}
	get := func(address string) string {
		w := httptest.NewRecorder()
		p.Assets().ServeHTTP(w, httptest.NewRequest(http.MethodGet, address, nil))
		return w.Body.String()
	}
	w := httptest.NewRecorder()
	p.Address(w, pages.AddressView{Frame: pages.Frame{Lang: "fi", AppName: "Portal", Flow: strings.Repeat("x", 1500)}})
	style := get(regexp.MustCompile(`/assets/style[^"]+`).FindString(w.Body.String()))
	script := get(regexp.MustCompile(`/assets/script[^"]+`).FindString(w.Body.String()))
	if n := pack(w.Body.String()) + pack(style); n > 14<<10 {
		t.Errorf("sign-in page and style are %d bytes compressed, the budget is 14 kB", n)
	}
	if n := pack(script); n > 8<<10 {
		t.Errorf("the script is %d bytes compressed, the budget is 8 kB", n)
	}
	for _, s := range scenes(sink) {
		body := s.render(p, "fi").Body.String()
		if n := pack(body); n > 10<<10 {
			t.Errorf("%s is %d bytes compressed", s.name, n)
		}
		if n := len(regexp.MustCompile(`(src|href)="/assets/`).FindAllString(body, -1)); n != 2 {
			t.Errorf("%s needs %d further requests", s.name, n)
		}
	}
}
