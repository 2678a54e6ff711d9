package customer

import (
	"strconv"
	"strings"
	"time"

	"github.com/entente-id/entente/internal/fault"
)

// Period is a length of time of the calendar, as ISO 8601-1 5.5.2 writes it.
type Period struct {
	Years, Months, Days int
	// Clock is what stands after the T, in whole seconds.
	Clock time.Duration
}

// maxCount bounds each number of a period, so that no sum overflows.
const maxCount = 100_000

// ParsePeriod reads a period such as P730D, P2Y or PT0S. It fails with
// RequestMalformed.
func ParsePeriod(text string) (Period, error) {
	wrong := fault.New(fault.RequestMalformed, "parameter", "duration", "rule", "a duration of ISO 8601 such as P730D")
	rest, ok := strings.CutPrefix(text, "P")
	if !ok || rest == "" || len(text) > 40 {
		return Period{}, wrong
	}
	date, clock, timed := strings.Cut(rest, "T")
	if timed && clock == "" {
		return Period{}, wrong
	}
	var p Period
	ok = parts(date, "YMWD", func(n int, unit byte) {
		switch unit {
		case 'Y':
			p.Years = n
		case 'M':
			p.Months = n
		case 'W':
			p.Days += 7 * n
		case 'D':
			p.Days += n
		}
	}) && parts(clock, "HMS", func(n int, unit byte) {
		p.Clock += time.Duration(n) * map[byte]time.Duration{'H': time.Hour, 'M': time.Minute, 'S': time.Second}[unit]
	})
	if !ok {
		return Period{}, wrong
	}
	return p, nil
}

// parts reads numbers with their units, each unit once and in its order.
func parts(text, units string, take func(n int, unit byte)) bool {
	for text != "" {
		end := strings.IndexFunc(text, func(r rune) bool { return r < '0' || r > '9' })
		if end < 1 {
			return false
		}
		n, err := strconv.Atoi(text[:end])
		at := strings.IndexByte(units, text[end])
		if err != nil || n > maxCount || at < 0 {
			return false
		}
		take(n, text[end])
		text, units = text[end+1:], units[at+1:]
	}
	return true
}

// From is the instant that lies the period after another.
func (p Period) From(t time.Time) time.Time {
	return t.AddDate(p.Years, p.Months, p.Days).Add(p.Clock)
}

// none reports a period of no length.
func (p Period) none() bool { return p == Period{} }
