package site

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/entente-id/entente/internal/id"
)

const (
	// loopCookie counts how often an app has sent a signed-in person here.
	loopCookie = "__Host-entente-loop"
	// loopCount sign-ins of one app within loopTime without a page in between
	// are not a person's doing (AADSTS50196).
	loopCount = 25
	loopTime  = time.Minute
)

// Loops counts a sign-in that needed nobody, and reports whether the app keeps
// sending this browser back and forth. Only the browser's own cookie counts, so
// nothing is written and nobody else is stopped.
func (s *Site) Loops(w http.ResponseWriter, r *http.Request, app id.App) bool {
	now := s.source.Now()
	count, since := 0, now
	if c, err := r.Cookie(loopCookie); err == nil {
		var seconds int64
		var of string
		if _, err := fmt.Sscanf(strings.ReplaceAll(c.Value, ".", " "), "%d %d %s", &count, &seconds, &of); err == nil && of == string(app) {
			since = time.Unix(seconds, 0)
		} else {
			count = 0
		}
	}
	if age := now.Sub(since); age > loopTime || age < 0 {
		count, since = 0, now
	}
	if count+1 > loopCount {
		dropCookie(w, loopCookie, http.SameSiteNoneMode)
		return true
	}
	setCookie(w, loopCookie, fmt.Sprintf("%d.%d.%s", count+1, since.Unix(), app), http.SameSiteNoneMode)
	return false
}
