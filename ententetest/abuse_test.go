package ententetest_test

import (
	"compress/gzip"
	"context"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/entente-id/entente/ententetest"
	"github.com/entente-id/entente/internal/devworld"
)

// routes are the addresses of our pages, read from the sources that register
// them, so that a new one is tested from its first day.
func routes(t *testing.T, method string) []string {
	t.Helper()
	pattern := regexp.MustCompile(`"` + method + ` (/[^"]*)"`)
	var list []string
	err := filepath.WalkDir("../internal/pages", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		source, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, found := range pattern.FindAllStringSubmatch(string(source), -1) {
			if path := regexp.MustCompile(`\{[^}]*\}`).ReplaceAllString(found[1], "1"); path != "/" {
				list = append(list, path)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// Another site can make a browser post a form, but not have it taken.
func TestNoFormIsTakenFromAnotherSite(t *testing.T) {
	w := ententetest.Start(t)
	all := append(routes(t, "POST"), "/signin/step", "/signout", "/programme/sign-ins/1", "/organisation/sign-ins/1")
	if len(all) < 15 {
		t.Fatalf("only %d forms were found", len(all))
	}
	for _, path := range all {
		for _, header := range [][2]string{{"Sec-Fetch-Site", "cross-site"}, {"Origin", "https://evil.example"}} {
			request, err := http.NewRequest(http.MethodPost, w.Origin+path, strings.NewReader("do=yes&text=x"))
			if err != nil {
				t.Fatal(err)
			}
			request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			request.Header.Set(header[0], header[1])
			response, err := w.Client().Do(request)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(response.Body)
			_ = response.Body.Close()
			if err != nil {
				t.Fatal(err)
			}
			if response.StatusCode != http.StatusOK || !strings.Contains(string(body), "AADSTS9700011") || !strings.Contains(string(body), `class="steps"`) {
				t.Errorf("POST %s with %s: %s: status %d, no page that refuses it and leads on", path, header[0], header[1], response.StatusCode)
			}
		}
	}
}

// Whatever page it is, no other site can show it in a frame, keep it, or read
// its address.
func TestEachPageForbidsFramesAndKeeping(t *testing.T) {
	w := ententetest.Start(t)
	visitor := newWalker(t, w, "")
	for _, path := range append(routes(t, "GET"), "/", "/explain", "/signout", "/check") {
		if strings.HasPrefix(path, "/assets/") || strings.HasSuffix(path, "/{$}") {
			continue
		}
		visitor.open(path)
		h := visitor.Page.Header
		if h.Get("Location") != "" {
			continue
		}
		if !strings.Contains(h.Get("Content-Security-Policy"), "frame-ancestors 'none'") || h.Get("X-Frame-Options") != "DENY" {
			t.Errorf("GET %s can be framed", path)
		}
		if h.Get("Cache-Control") != "no-store" {
			t.Errorf("GET %s can be kept: %q", path, h.Get("Cache-Control"))
		}
	}
}

// Links in mails and answers come from the configured origin, whatever the
// request calls us (rows A82, A83).
func TestAPoisonedHostChangesNoByteOfAMail(t *testing.T) {
	w := ententetest.Start(t)
	p := newWalker(t, w, devworld.Niko)
	p.open(portalFor(devworld.Niko))
	reference := p.Page.Header.Get("X-Entente-Reference")
	request, err := http.NewRequest(http.MethodPost, w.Origin+"/help", strings.NewReader(url.Values{"reference": {reference}, "to": {"programme"}}.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	request.Host = "evil.example"
	for _, name := range []string{"X-Forwarded-Host", "Forwarded", "X-Original-URL", "X-Host"} {
		request.Header.Set(name, "evil.example")
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := w.Client().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	mails, err := w.Inside().Mails(context.Background(), devworld.Pat)
	if err != nil || len(mails) == 0 {
		t.Fatalf("no mail: %v", err)
	}
	for _, m := range mails {
		if strings.Contains(m.Body+m.HTML+m.Subject, "evil.example") {
			t.Error("the mail leads to a foreign host")
		}
		if m.Link != "" && !strings.HasPrefix(m.Link, w.Origin+"/") {
			t.Errorf("the mail leads to %s", m.Link)
		}
	}
}

// No address of ours carries a person to a site that somebody else chose.
func TestNoPageIsAnOpenRedirect(t *testing.T) {
	w := ententetest.Start(t)
	for _, path := range []string{
		"/portal/enter?state=x&code=y&return=https://evil.example", "/portal?return=//evil.example", "/portal//evil.example", "//evil.example/portal",
		"/account?next=https://evil.example", "/signout?post_logout_redirect_uri=https://evil.example", "/common/oauth2/v2.0/logout?post_logout_redirect_uri=https://evil.example",
		`/\evil.example`, "/check?address=x@evil.example", "/signin/upstream?state=https://evil.example&code=1", "/organisation/enter?state=//evil.example",
	} {
		p := newWalker(t, w, "")
		if err := p.Open(p.ctx, w.Origin+path); err != nil {
			t.Fatal(err)
		}
		if target, err := p.Page.Address.Parse(p.Page.Header.Get("Location")); err == nil && target.Host != p.Page.Address.Host {
			t.Errorf("%s leads to %s", path, target)
		}
	}
}

// What a person types cannot add a header to an answer or to a mail.
func TestNothingTypedBecomesAHeader(t *testing.T) {
	w := ententetest.Start(t)
	p := newWalker(t, w, "")
	for _, hostile := range []string{"x@northgate.example\r\nSet-Cookie: a=b", "x\nBcc: evil@evil.example@northgate.example", "x@a\u2028b.example"} {
		p.open("/portal?login_hint=" + url.QueryEscape(hostile))
		for name, values := range p.Page.Header {
			if strings.Contains(strings.Join(values, ""), "a=b") || name == "Bcc" {
				t.Errorf("%q became a header", hostile)
			}
		}
		if p.Page.Status >= 500 {
			t.Errorf("%q: status %d", hostile, p.Page.Status)
		}
	}
}

// Steps cannot be repeated, left out or swapped: the back button and a second
// tab end on a page that says how to go on.
func TestAStepServesOnceInItsPlace(t *testing.T) {
	w := ententetest.Start(t)
	p := newWalker(t, w, devworld.Anna)
	p.open(portalFor(devworld.Anna))
	password := p.Page
	p.press("do=next", "password", ententetest.Password)
	p.sees(`value="yes"`)
	consent := p.Page
	p.Page = password
	p.press("do=next", "password", ententetest.Password)
	p.sees(`value="yes"`) // before its first row a page begins anew: nothing was lost
	p.Page = consent
	p.press("do=yes")
	p.Page = consent
	p.press("do=yes")
	p.message("M35")
	p.sees("Start again", `class="button primary"`)
}

// The budgets of experience.md 2.28, measured on what is sent.
func TestPagesKeepTheirWeight(t *testing.T) {
	w := ententetest.Start(t)
	packed := func(text string) int {
		var b strings.Builder
		z := gzip.NewWriter(&b)
		_, _ = z.Write([]byte(text))
		_ = z.Close()
		return b.Len()
	}
	p := newWalker(t, w, devworld.Anna)
	fetch := func(pattern string) string {
		found := regexp.MustCompile(pattern).FindStringSubmatch(p.Page.Body)
		if found == nil {
			return ""
		}
		response, err := w.Client().Get(w.Origin + found[1])
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(body)
	}
	p.open(portalFor(devworld.Anna))
	style, script := fetch(`href="(/assets/style[^"]*)"`), fetch(`src="(/assets/script[^"]*)"`)
	t.Logf("sign-in page %d + style %d + script %d bytes, compressed", packed(p.Page.Body), packed(style), packed(script))
	if total := packed(p.Page.Body) + packed(style); total > 14<<10 {
		t.Errorf("sign-in page and style: %d bytes, budget 14 KiB", total)
	}
	if size := packed(script); size > 8<<10 || size == 0 {
		t.Errorf("script: %d bytes, budget 8 KiB", size)
	}
	if outside := regexp.MustCompile(`(?:src|href)="https?://`).FindString(regexp.MustCompile(`<a [^>]*>`).ReplaceAllString(p.Page.Body, "")); outside != "" {
		t.Errorf("something comes from elsewhere: %s", outside)
	}
	if n := len(regexp.MustCompile(`(?:<script|rel="stylesheet")`).FindAllString(p.Page.Body, -1)); n > 2 {
		t.Errorf("%d requests beside the page", n)
	}
}
