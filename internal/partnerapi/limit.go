package partnerapi

import (
	"strconv"
	"sync"
	"time"

	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/partnerapi/convention"
)

// The limits of secure-application-model.md 6.5: of one application for one
// partner, and of one application's consents.
const (
	perMinute         = 500
	consentsPerSecond = 50
	consentRow        = 19
	// maxWindows bounds what is remembered; beyond it all begin anew.
	maxWindows = 10_000
)

// limits counts calls in windows of fixed length. Each node counts its own:
// the limit is there to be cheap.
type limits struct {
	now func() time.Time

	mu      sync.Mutex
	windows map[string]*window
}

type window struct {
	until time.Time
	count int
}

func newLimits(now func() time.Time) *limits {
	return &limits{now: now, windows: map[string]*window{}}
}

// take counts a call. It fails with Throttled, which says how many seconds to
// wait.
func (l *limits) take(c *convention.Call, s Scenario) error {
	if err := l.count("app/"+string(c.Caller.Tenant)+"/"+string(c.Caller.App), perMinute, time.Minute); err != nil {
		return err
	}
	if s.Row == consentRow {
		return l.count("consent/"+string(c.Caller.App), consentsPerSecond, time.Second)
	}
	return nil
}

func (l *limits) count(name string, most int, length time.Duration) error {
	now := l.now()
	l.mu.Lock()
	defer l.mu.Unlock()
	w := l.windows[name]
	if w == nil || !now.Before(w.until) {
		if len(l.windows) >= maxWindows {
			clear(l.windows)
		}
		w = &window{until: now.Add(length)}
		l.windows[name] = w
	}
	if w.count >= most {
		left := w.until.Sub(now)
		return fault.New(fault.Throttled, "seconds", strconv.Itoa(int((left+time.Second-1)/time.Second)))
	}
	w.count++
	return nil
}
