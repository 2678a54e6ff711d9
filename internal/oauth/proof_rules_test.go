package oauth_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/entente-id/entente/ententetest"
)

// cookie is one that came with the last page, "" when none did.
func (d desk) cookie(name string) *http.Cookie {
	for _, c := range (&http.Response{Header: d.v.Page.Header}).Cookies() {
		if c.Name == name {
			return c
		}
	}
	return &http.Cookie{}
}

const session = "__Host-entente-session"

func TestEverySignInGetsASessionOfItsOwnAndTheOldOneDies(t *testing.T) {
	d := newDesk(t, ententetest.Options{})
	silent := func(cookie string) string {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, d.authorize("prompt", "none"), nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Cookie", session+"="+cookie)
		u, err := url.Parse(send(t, d.w, request).header.Get("Location"))
		if err != nil {
			t.Fatal(err)
		}
		return u.Query().Get("error")
	}
	d.signIn()
	first := d.cookie(session)
	if !first.Secure || !first.HttpOnly || first.Path != "/" || first.Domain != "" || len(first.Value) < 32 {
		t.Errorf("the session cookie is %+v", first)
	}
	if got := silent(first.Value); got != "" {
		t.Fatalf("the session opens nothing: %s", got)
	}
	// Another account on the same browser is another session.
	d.v.SignInName, d.v.Seed = ententetest.Integration, ""
	d.signIn("prompt", "login")
	second := d.cookie(session)
	if second.Value == "" || second.Value == first.Value {
		t.Errorf("after another sign-in the session is %q", second.Value)
	}
	if got := silent(first.Value); got != "login_required" {
		t.Errorf("the former session still answers %q", got)
	}
	name, secret, _ := strings.Cut(second.Value, ".")
	for _, forged := range []string{name, name + ".", name + "." + strings.Repeat("A", len(secret)), "." + secret, secret + "." + name, second.Value + "A", strings.Repeat("a", 4000)} {
		if got := silent(forged); got != "login_required" {
			t.Errorf("%.20q… opens a session: %q", forged, got)
		}
	}
}

func TestASessionEndsAfterADay(t *testing.T) {
	d, c := clockedDesk(t)
	d.signIn()
	c.pass(24*time.Hour - time.Second)
	if got := d.signIn("prompt", "none"); got.Get("code") == "" {
		t.Errorf("a second before: %v", got)
	}
	c.pass(time.Second)
	if got := d.signIn("prompt", "none"); got.Get("error") != "login_required" {
		t.Errorf("after a day: %v", got)
	}
}

// TestHalfASignInOpensNothing stops after the password of somebody who has a
// second factor (row R159).
func TestHalfASignInOpensNothing(t *testing.T) {
	d := newDesk(t, ententetest.Options{})
	if err := d.v.Open(t.Context(), d.authorize()); err != nil {
		t.Fatal(err)
	}
	d.submit(url.Values{"address": {ententetest.Ada}})
	d.submit(url.Values{"password": {ententetest.Password}})
	if !strings.Contains(d.v.Page.Body, `name="code"`) {
		t.Fatalf("%q asks for no code", d.v.Page.Title)
	}
	if d.cookie(session).Value != "" {
		t.Error("the password alone brought a session")
	}
	half := d.v.Page
	if got := d.signIn("prompt", "none"); got.Get("error") != "login_required" {
		t.Errorf("with half a sign-in: %v", got)
	}
	// The buttons of later pages do nothing here.
	for _, typed := range []url.Values{{"do": {"yes"}}, {"do": {"next"}, "kept": {"on"}}, {"do": {"yes"}, "forall": {"on"}}, {"do": {"next"}, "password": {ententetest.Password}}} {
		d.v.Page = half
		typed.Set("flow", d.flow())
		d.submit(typed)
		if to := d.v.Page.Header.Get("Location"); to != "" || d.cookie(session).Value != "" {
			t.Errorf("%v leads on to %q", typed, to)
		}
	}
}

// changing are the parts of a page that differ at each request.
var changing = regexp.MustCompile(`value="[A-Za-z0-9_-]{60,}"|data-passkey="[^"]*"|nonce="[^"]*"|nonce-[A-Za-z0-9+/=_-]+|[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}|[a-z]+@northwind\.example|aria-hidden="true">[A-Z]<`)

func TestAWrongPasswordAndAnUnknownNameLookTheSame(t *testing.T) {
	d := newDesk(t, ententetest.Options{})
	attempt := func(name string) (string, http.Header) {
		t.Helper()
		v := desk{t, d.w, d.w.Visitor(name)}
		if err := v.v.Open(t.Context(), v.authorize()); err != nil {
			t.Fatal(err)
		}
		v.submit(url.Values{"address": {name}})
		addressed := changing.ReplaceAllString(v.v.Page.Body, "…")
		v.submit(url.Values{"password": {"wrong but long enough"}})
		if v.v.Page.Status != http.StatusOK || v.cookie(session).Value != "" {
			t.Errorf("%s: %d", name, v.v.Page.Status)
		}
		h := v.v.Page.Header.Clone()
		for _, changes := range []string{"Date", "Content-Length", "X-Entente-Reference", "Set-Cookie", "X-Ms-Request-Id", "Content-Security-Policy"} {
			h.Del(changes)
		}
		return addressed + changing.ReplaceAllString(v.v.Page.Body, "…"), h
	}
	known, knownHeader := attempt("ada@northwind.example")
	for _, name := range []string{"nobody@northwind.example", "lee@northwind.example"} {
		got, header := attempt(name)
		if got != known {
			t.Errorf("%s looks different from ada:\n%s", name, firstDifference(known, got))
		}
		for field := range knownHeader {
			if header.Get(field) != knownHeader.Get(field) {
				t.Errorf("%s: the header %s is %q and was %q", name, field, header.Get(field), knownHeader.Get(field))
			}
		}
		if len(header) != len(knownHeader) {
			t.Errorf("%s: %d headers, not %d", name, len(header), len(knownHeader))
		}
	}
}

func firstDifference(a, b string) string {
	i := 0
	for i < len(a) && i < len(b) && a[i] == b[i] {
		i++
	}
	return a[max(0, i-60):min(len(a), i+60)] + "\n" + b[max(0, i-60):min(len(b), i+60)]
}

// TestWrongPasswordsAreCountedHoweverTheNameIsWritten tries ten spellings of
// one name on ten browsers: the eleventh must wait, also with the right
// password, and no longer than a quarter of an hour.
func TestWrongPasswordsAreCountedHoweverTheNameIsWritten(t *testing.T) {
	d, c := clockedDesk(t)
	try := func(name, password string) string {
		t.Helper()
		v := desk{t, d.w, d.w.Visitor(name)}
		if err := v.v.Open(t.Context(), v.authorize()); err != nil {
			t.Fatal(err)
		}
		v.submit(url.Values{"address": {name}})
		v.submit(url.Values{"password": {password}})
		return v.v.Page.Body
	}
	spellings := []string{
		"ada@northwind.example", "ADA@northwind.example", "Ada@NORTHWIND.EXAMPLE", " ada@northwind.example", "ada@northwind.example ",
		"ada@northwind.example.", "aDa@northwind.example", "adA@Northwind.example", "\tada@northwind.example", "ada@northwind.Example",
	}
	for _, name := range spellings {
		if page := try(name, "wrong but long enough"); strings.Contains(page, `name="code"`) {
			t.Fatalf("%q signed in", name)
		}
	}
	if page := try("ada@northwind.example", ententetest.Password); strings.Contains(page, `name="code"`) {
		t.Error("after ten wrong passwords in ten spellings the next is not held back")
	}
	c.pass(15 * time.Minute)
	if page := try("ada@northwind.example", ententetest.Password); !strings.Contains(page, `name="code"`) {
		t.Error("the owner is locked out after the wait")
	}
}
