package api

import (
	"errors"
	"strings"
	"testing"

	"github.com/entente-id/entente/internal/fault"
)

func TestEveryCodeIsRendered(t *testing.T) {
	for _, entry := range fault.All() {
		p := render(fault.New(entry.Code, "parameter", "seen", "rule", "a number", "secret", "hidden"))
		if p.Status < 400 || p.Status > 599 || p.Title == "" || p.Fixer == "" || p.Message == "" || len(p.Actions) == 0 {
			t.Errorf("%s (%d) is rendered as %+v", entry.Name, entry.Code, p)
		}
		if strings.Contains(p.Detail, "hidden") || !strings.Contains(p.Detail, "seen") {
			t.Errorf("%s (%d) is told as %q", entry.Name, entry.Code, p.Detail)
		}
		if entry.Kind == fault.Internal && p.Status != 500 {
			t.Errorf("our own failure %s answers %d", entry.Name, p.Status)
		}
	}
}

func TestAForeignErrorStaysHome(t *testing.T) {
	p := render(fault.Of(errors.New("password hunter2 was wrong")))
	if p.Status != 500 || strings.Contains(p.Title+p.Detail, "hunter2") {
		t.Errorf("rendered as %+v", p)
	}
}
