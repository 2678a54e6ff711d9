package pages_test

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/pages"
)

// noon is the instant at which the pages of these tests are made.
var noon = time.Date(2026, 11, 22, 12, 2, 11, 0, time.UTC)

// languages are those people can choose, and the pseudo language of tests.
var languages = []string{"en", "fi", "sv", "ar-XB"}

func newPages(t testing.TB) *pages.Pages {
	t.Helper()
	p, err := pages.New(pages.Options{Dev: true, SupportMail: "partners@fabrikam.example"})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// every placeholder that words use, filled.
var facts = []string{
	"app", "Partner Sales Portal", "org", "Contoso", "name", "prod", "policy", "Office network", "role", "Admin Agent",
	"resource", "Microsoft Partner Center", "customer", "Adatum", "domain", "contoso.example", "address", "anna@contoso.example",
	"parameter", "redirect_uri", "rule", "an address that is registered", "permission", "User.Read", "minutes", "3", "seconds", "20",
	"date", "2026-11-02", "step", "authorize", "redirect_uri", "https://app.example/cb",
}

func TestEveryCodeIsRendered(t *testing.T) {
	p := newPages(t)
	for _, entry := range fault.All() {
		for _, lang := range languages {
			t.Run(fmt.Sprintf("%d/%s", entry.Code, lang), func(t *testing.T) {
				w := httptest.NewRecorder()
				p.Refuse(w, pages.Refusal{
					Frame:  pages.Frame{Lang: lang, AppName: "Partner Sales Portal", OrgName: "Contoso"},
					Status: 403, Fault: fault.New(entry.Code, facts...), Reference: "7Q4K-2MXD", At: noon,
				})
				body := w.Body.String()
				if w.Code != 403 {
					t.Fatalf("status %d", w.Code)
				}
				for _, want := range []string{"7Q4K-2MXD", fmt.Sprintf("AADSTS%d", entry.Code), entry.Name, `lang="` + lang + `"`} {
					if !strings.Contains(body, want) {
						t.Errorf("the page does not show %q", want)
					}
				}
				for _, bad := range []string{"{", entry.Message + ".", "remedy.", "fixer.", "fact.", "refuse.", "ZgotmplZ"} {
					if strings.Contains(body, bad) {
						t.Errorf("the page shows %q", bad)
					}
				}
			})
		}
	}
}
