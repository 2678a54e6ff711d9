package pages_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/entente-id/entente/internal/pages"
)

func TestTheExplicitChoiceWinsThenTheAppThenTheBrowser(t *testing.T) {
	p := newPages(t)
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
		if got := p.Language(r); got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}
}

func TestThePseudoLanguageStaysOutOfProduction(t *testing.T) {
	p, err := pages.New(pages.Options{})
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodGet, "/?ui_locales=ar-XB", nil)
	r.AddCookie(&http.Cookie{Name: "__Host-entente-lang", Value: "ar-XB"})
	if got := p.Language(r); got != "en" {
		t.Errorf("language is %s", got)
	}
}

func TestTheChosenLanguageIsKeptInAHostCookie(t *testing.T) {
	p := newPages(t)
	w := httptest.NewRecorder()
	p.SetLanguage(w, "FI")
	cookie := w.Header().Get("Set-Cookie")
	for _, want := range []string{"__Host-entente-lang=fi;", "Path=/", "Secure", "HttpOnly", "SameSite=Lax", "Max-Age=31536000"} {
		if !strings.Contains(cookie, want) {
			t.Errorf("the cookie lacks %s: %s", want, cookie)
		}
	}
	w = httptest.NewRecorder()
	p.SetLanguage(w, "xx\r\nSet-Cookie: a=b")
	if got := w.Header().Get("Set-Cookie"); got != "" {
		t.Errorf("a language that is not offered was kept: %s", got)
	}
}

func TestEveryFormPageSwitchesLanguageWithoutLosingItsForm(t *testing.T) {
	p := newPages(t)
	for _, s := range scenes(sink) {
		body := s.render(p, "fi").Body.String()
		if !strings.Contains(body, `<form id="step"`) {
			continue
		}
		for _, want := range []string{
			`<button type="submit" form="step" name="lang" value="sv" lang="sv" formnovalidate>Svenska</button>`,
			`<span lang="fi" aria-current="true">Suomi</span>`, `name="flow" value="sealed`, `method="post" action="/sink"`,
		} {
			if !strings.Contains(body, want) {
				t.Errorf("%s lacks %s", s.name, want)
			}
		}
		// The Enter key presses the first button of the form; the language must
		// not be it.
		if first := strings.Index(body, `form="step"`); first < strings.Index(body, "</main>") {
			t.Errorf("%s: the language switcher stands before the step's own buttons", s.name)
		}
	}
}

func TestThePseudoLanguageRunsFromRightToLeft(t *testing.T) {
	p := newPages(t)
	for _, s := range scenes(sink) {
		body := s.render(p, "ar-XB").Body.String()
		if !strings.Contains(body, `<html lang="ar-XB" dir="rtl">`) {
			t.Errorf("%s: not right to left", s.name)
		}
	}
	w := httptest.NewRecorder()
	p.Picker(w, pages.PickerView{Frame: pages.Frame{Lang: "ar-XB"}, Accounts: []pages.Tile{{Name: "Anna", Address: "anna@contoso.example", Kind: "work", OrgName: "Contoso"}}})
	for _, want := range []string{`<bdi class="id" dir="ltr">anna@contoso.example</bdi>`, `<bdi>Contoso</bdi>`} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("the page does not keep apart %s", want)
		}
	}
}
