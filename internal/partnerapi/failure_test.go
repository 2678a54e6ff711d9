package partnerapi_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/fault"
)

func TestWhoeverMustWaitIsToldHowLong(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		fault  *fault.Fault
		status int
		code   string
		wait   string
	}{
		{fault.New(fault.Throttled), 429, "429", "5"},
		{fault.New(fault.Throttled, "seconds", "57"), 429, "429", "57"},
		{fault.New(fault.Throttled, "seconds", "soon"), 429, "429", "5"},
		{fault.New(fault.DirectoryBusy), 503, "503", "5"},
	} {
		w.failing = c.fault
		r := w.call("admin", "GET", customers, "")
		r.is(c.status, c.code)
		if got := r.header.Get("Retry-After"); got != c.wait {
			t.Errorf("Retry-After %q for %v", got, c.fault)
		}
	}
}

func TestOurOwnFailureIsLoggedAndTellsNobodyWhy(t *testing.T) {
	w := newWorld(t)
	w.failing = errors.New("disk on fire")
	r := w.call("admin", "GET", customers, "")
	r.is(500, "500")
	reference := r.header.Get("X-Entente-Reference")
	if strings.Contains(r.text, "fire") || reference == "" {
		t.Errorf("answered %v %s", r.header, r.text)
	}
	if log := w.log.String(); !strings.Contains(log, "disk on fire") || !strings.Contains(log, reference) {
		t.Errorf("logged %s", log)
	}
}

func TestAnAttemptThatCannotBeKeptIsLoggedAndTheClientStillAnswered(t *testing.T) {
	w := newWorld(t)
	w.attempts.broken = errors.New("no room left")
	r := w.call("", "GET", customers, "")
	r.is(401, "800001")
	if log := w.log.String(); !strings.Contains(log, "no room left") || !strings.Contains(log, r.header.Get("X-Entente-Reference")) {
		t.Errorf("logged %s", log)
	}
}

// attempts is the real store, which can be made to fail.
type attempts struct {
	audit.Store
	broken error
}

func (a *attempts) AddAttempt(ctx context.Context, at audit.Attempt) error {
	if a.broken != nil {
		return a.broken
	}
	return a.Store.AddAttempt(ctx, at)
}
