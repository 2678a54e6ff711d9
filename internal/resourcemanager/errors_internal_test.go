package resourcemanager

import (
	"errors"
	"strings"
	"testing"

	"github.com/entente-id/entente/internal/fault"
)

func TestEveryCodeIsRendered(t *testing.T) {
	for _, entry := range fault.All() {
		r := render(fault.New(entry.Code, "parameter", "maxresults", "rule", "1 to 25", "value", "hidden"))
		if r.status < 400 || r.status > 599 || r.code == "" || r.message == "" || strings.Contains(r.message, "hidden") {
			t.Errorf("%s (%d) is rendered as %+v", entry.Name, entry.Code, r)
		}
		if _, ok := byKind[entry.Kind]; !ok {
			t.Errorf("kind %q of %s has no form", entry.Kind, entry.Name)
		}
		if entry.Kind == fault.Internal && r.status != 500 {
			t.Errorf("our own failure %s answers %d", entry.Name, r.status)
		}
	}
}

func TestAForeignErrorStaysHome(t *testing.T) {
	if r := render(fault.Of(errors.New("value hunter2 does not open"))); r.status != 500 || strings.Contains(r.message, "hunter2") {
		t.Errorf("rendered as %+v", r)
	}
}
