package ententetest_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/entente-id/entente/ententetest"
)

func TestTheReadersLanguageKeepsWhatIsWrongAndWhatWasTyped(t *testing.T) {
	w, a := ententetest.Start(t), newApp(t)
	v := w.Visitor(ententetest.Ada)
	press := func(button string, typed url.Values) {
		t.Helper()
		if err := v.Submit(t.Context(), button, typed); err != nil {
			t.Fatal(err)
		}
	}
	shows := func(want ...string) {
		t.Helper()
		for _, text := range want {
			if !strings.Contains(v.Page.Body, text) {
				t.Errorf("the page %q does not say %q", v.Page.Title, text)
			}
		}
	}
	const (
		personal = "Tämä sovellus tarvitsee työtilisi"
		wrong    = "Nämä tiedot eivät täsmää"
	)
	if err := v.Open(t.Context(), a.authorize(w, nil)); err != nil {
		t.Fatal(err)
	}
	press("do=next", url.Values{"address": {"ada@personal.example"}})
	shows("This app needs your work account")
	press("lang=fi", url.Values{"address": {"ada@half-typ"}})
	shows(personal, `value="ada@half-typ"`)
	press("lang=sv", nil)
	press("lang=fi", nil)
	shows(personal)

	// The journey has a row from here on.
	press("do=next", url.Values{"address": {ententetest.Ada}})
	press("do=next", url.Values{"password": {"not this one"}})
	press("lang=sv", nil)
	press("lang=fi", nil)
	shows(wrong)

	// What was mended is not said again.
	press("do=next", url.Values{"password": {ententetest.Password}})
	press("lang=sv", nil)
	press("lang=fi", nil)
	for _, text := range []string{personal, wrong} {
		if strings.Contains(v.Page.Body, text) {
			t.Errorf("the page %q still says %q", v.Page.Title, text)
		}
	}
}
