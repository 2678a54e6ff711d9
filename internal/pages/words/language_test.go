package words_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/entente-id/entente/internal/pages/words"
)

func TestTheExplicitChoiceWinsThenTheAppThenTheBrowser(t *testing.T) {
	offer := words.OfferOf(true)
	for _, c := range []struct{ cookie, query, accept, want string }{
		{"", "", "", "en"},
		{"", "", "fi-FI,fi;q=0.9,en;q=0.8", "fi"},
		{"", "", "de-DE, de;q=0.9, sv;q=0.5", "sv"},
		{"", "", "ja, zh;q=0.9", "en"},
		{"", "ui_locales=sv-FI", "fi", "sv"},
		{"", "ui_locales=de+sv+fi", "fi", "sv"},
		{"", "ui_locales=ja", "fi", "fi"},
		{"", "mkt=fi-FI", "sv", "fi"},
		{"sv", "ui_locales=fi", "en", "sv"},
		{"xx", "ui_locales=fi", "en", "fi"},
		{"", "", "ar", "ar-XB"},
		{"", "", strings.Repeat("fi,", 100), "en"},
		{"", "ui_locales=%00%ff", "q=;;;", "en"},
	} {
		r := httptest.NewRequest(http.MethodGet, "/authorize?"+c.query, nil)
		r.Header.Set("Accept-Language", c.accept)
		if c.cookie != "" {
			r.AddCookie(&http.Cookie{Name: "__Host-entente-lang", Value: c.cookie})
		}
		if got := offer.Language(r); got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}
}

func TestThePseudoLanguageStaysOutOfProduction(t *testing.T) {
	r := httptest.NewRequest(http.MethodGet, "/?ui_locales=ar-XB", nil)
	r.AddCookie(&http.Cookie{Name: "__Host-entente-lang", Value: "ar-XB"})
	if got := words.OfferOf(false).Language(r); got != "en" {
		t.Errorf("language is %s", got)
	}
}

func TestTheChosenLanguageIsKeptInAHostCookie(t *testing.T) {
	offer := words.OfferOf(true)
	w := httptest.NewRecorder()
	offer.SetLanguage(w, "FI")
	cookie := w.Header().Get("Set-Cookie")
	for _, want := range []string{"__Host-entente-lang=fi;", "Path=/", "Secure", "HttpOnly", "SameSite=Lax", "Max-Age=31536000"} {
		if !strings.Contains(cookie, want) {
			t.Errorf("the cookie lacks %s: %s", want, cookie)
		}
	}
	w = httptest.NewRecorder()
	offer.SetLanguage(w, "xx\r\nSet-Cookie: a=b")
	if got := w.Header().Get("Set-Cookie"); got != "" {
		t.Errorf("a language that is not offered was kept: %s", got)
	}
}
