package pages_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/entente-id/entente/internal/pages"
)

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
