package application

import (
	"encoding/base64"
	"net/url"
	"strings"
	"testing"
	"time"
)

// addresses are registered: one of each kind.
var addresses = Application{Redirects: []Redirect{
	{URI: "http://localhost", Platform: Web}, {URI: "https://app.example/signed-in", Platform: Web},
	{URI: "https://bare.example", Platform: Browser}, {URI: "http://127.0.0.1/back?a=b", Platform: Native}, {URI: "msal.app://auth", Platform: Native},
}}

func FuzzAnAnswerGoesToARegisteredHostOnly(f *testing.F) {
	for _, r := range addresses.Redirects {
		for _, more := range []string{"", "/", "?", "#", "@stranger.example/", ".stranger.example/", ":80", ":80@stranger.example", "\\@stranger.example", "%00", "/../", "\n", "//stranger.example"} {
			f.Add(r.URI + more)
		}
	}
	for _, text := range []string{"http://localhost:1/", "http://LOCALHOST/", "http://a@localhost/", "http://localhost:x/", "HTTP://localhost/", "http:/localhost", "http://[::1]/"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, asked string) {
		r, ok := addresses.MayRedirectTo(asked)
		if !ok {
			return
		}
		a, err := url.Parse(asked)
		if err != nil {
			t.Fatalf("%q is accepted and no address: %v", asked, err)
		}
		registered, err := url.Parse(r.URI)
		if err != nil {
			t.Fatal(err)
		}
		if a.Scheme != registered.Scheme || a.Hostname() != registered.Hostname() || a.User != nil || strings.Contains(asked, "#") {
			t.Errorf("%q is taken for %q", asked, r.URI)
		}
		if a.Port() != registered.Port() && !loopback(registered.Hostname()) {
			t.Errorf("%q is taken for %q at another port", asked, r.URI)
		}
		if strings.ContainsAny(asked, " \t\r\n\x00\\") {
			t.Errorf("%q is taken for %q", asked, r.URI)
		}
	})
}

func FuzzAScopeIsPartedWithoutLoss(f *testing.F) {
	for _, word := range []string{"", "/", "//", "User.Read", "https://graph.microsoft.com/.default", "https://management.core.windows.net//.default", "api://a/b/c", "\xff/\x00"} {
		f.Add(word)
	}
	f.Fuzz(func(t *testing.T, word string) {
		audience, name := splitScope(word)
		if strings.Contains(name, "/") {
			t.Errorf("%q has the name %q", word, name)
		}
		if audience+"/"+name != word && (audience != GraphApp || name != word) {
			t.Errorf("%q becomes %q and %q", word, audience, name)
		}
	})
}

func FuzzAThumbprintReadsEverySpellingOfItsBytes(f *testing.F) {
	for _, text := range []string{"", "=", "====", "AAAA", "-_-_", "+/+/", "a", "a\n", "\xff"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for name, e := range map[string]*base64.Encoding{"url": base64.URLEncoding, "raw url": base64.RawURLEncoding, "standard": base64.StdEncoding, "raw standard": base64.RawStdEncoding} {
			if got := thumbprint(e.EncodeToString([]byte(text))); got != text {
				t.Errorf("%q in %s is read as %q", text, name, got)
			}
		}
		_ = thumbprint(text)
	})
}

func TestWithoutAThumbprintNoCredentialMatches(t *testing.T) {
	secret := SecretCredential("a", "b", "c", time.Time{})
	certificate := Credential{Certificate: []byte("any")}
	for _, text := range []string{"", "=", "AAAA", "not base64!"} {
		if secret.matches(text, text) || certificate.matches(text, "") || certificate.matches("", text) {
			t.Errorf("%q names a certificate", text)
		}
	}
}
