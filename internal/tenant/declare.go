package tenant

import (
	"context"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/fault"
	"golang.org/x/text/language"
)

// Declare creates or replaces an organisation on the word of whoever runs the
// installation, and writes the event with it. It fails with InputInvalid, or
// with DomainTaken when another organisation has one of the domains.
func (d *Directory) Declare(ctx context.Context, t Tenant, e audit.Event) error {
	if err := t.Check(); err != nil {
		return err
	}
	defer d.cache.Forget()
	return d.store.DeclareTenant(ctx, t, e)
}

// Check holds an organisation to its rules. It fails with InputInvalid, whose
// fact "parameter" is name, domains, country, language, or one of the settings.
func (t Tenant) Check() error {
	refuse := func(parameter, rule string) error {
		return fault.New(fault.InputInvalid, "parameter", parameter, "rule", rule)
	}
	if n := utf8.RuneCountInString(strings.TrimSpace(t.Name)); n < 1 || n > 256 || !utf8.ValidString(t.Name) || strings.ContainsFunc(t.Name, unicode.IsControl) {
		return refuse("name", "1 to 256 characters")
	}
	if len(t.Domains) == 0 || len(t.Domains) > 100 {
		return refuse("domains", "1 to 100 domain names")
	}
	for _, d := range t.Domains {
		if folded, ok := FoldDomain(d.Name); !ok || folded != d.Name {
			return refuse("domains", "domain names such as contoso.example")
		}
	}
	if t.Country != "" && (len(t.Country) != 2 || strings.ToUpper(t.Country) != t.Country) {
		return refuse("country", "an ISO 3166-1 code such as GB")
	}
	if _, err := language.Parse(t.Language); t.Language != "" && (err != nil || len(t.Language) > 35) {
		return refuse("language", "a language tag such as en")
	}
	switch s := t.Settings; {
	case s.UserConsent != ConsentAnyone && s.UserConsent != ConsentLowRisk && s.UserConsent != ConsentNobody:
		return refuse("userConsent", "anyone, low-risk or nobody")
	case s.FactorSetup != FactorAnywhere && s.FactorSetup != FactorWithPass:
		return refuse("factorSetup", "anywhere or pass")
	}
	return nil
}
