package partnerapi

import (
	"regexp"
	"strings"
	"testing"

	"github.com/entente-id/entente/internal/fault"
)

func TestEveryCodeIsRendered(t *testing.T) {
	code := regexp.MustCompile(`^[0-9]{3,7}$`)
	for _, entry := range fault.All() {
		r := render(fault.New(entry.Code, "parameter", "size", "rule", "0 to 500", "secret", "hidden"))
		if r.status < 400 || r.status > 599 || !code.MatchString(r.code) || r.description == "" {
			t.Errorf("%s (%d) is rendered as %+v", entry.Name, entry.Code, r)
		}
		if len(r.description) > 1024 || strings.ContainsAny(r.description, "{}") || strings.Contains(r.description, "hidden") {
			t.Errorf("%s (%d) is described as %q", entry.Name, entry.Code, r.description)
		}
		if entry.Kind == fault.Internal && r.status != 500 {
			t.Errorf("our own failure %s answers %d", entry.Name, r.status)
		}
	}
}

func TestEveryKindIsRendered(t *testing.T) {
	for _, entry := range fault.All() {
		if _, ok := byKind[entry.Kind]; !ok {
			t.Errorf("kind %q of %s has no form", entry.Kind, entry.Name)
		}
	}
}

func TestAForeignErrorStaysHome(t *testing.T) {
	r := render(fault.Of(errSecret{}))
	if r.status != 500 || strings.Contains(r.description, "password") {
		t.Errorf("rendered as %+v", r)
	}
}

type errSecret struct{}

func (errSecret) Error() string { return "password hunter2 was wrong" }
