package house

import (
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/entente-id/entente/internal/discovery"
	"github.com/entente-id/entente/internal/oauth"
	"github.com/entente-id/entente/internal/partnerapi"
	"github.com/entente-id/entente/internal/signout"
)

// Handler answers every surface on one origin; their paths never collide
// (DESIGN 2).
func (h *House) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		started := h.Source.Now()
		seen := &witness{ResponseWriter: w, status: http.StatusOK}
		defer h.report(r, seen, started)
		header := seen.Header()
		header.Set("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
		if h.Dev {
			header.Set("X-Entente-Dev", "1")
		}
		r.URL.Path, r.URL.RawPath = fold(r.URL.Path), ""
		h.surface(r.URL.Path).ServeHTTP(seen, h.possessed(header, r))
	})
}

// fold brings a path to one slash between its parts, before routing: official
// samples and SDKs write two, and a redirect would lose the body of a POST
// (identity-platform.md 0, rule 6).
func fold(path string) string {
	for strings.Contains(path, "//") {
		path = strings.ReplaceAll(path, "//", "/")
	}
	return path
}

// surface tells whose a path is.
func (h *House) surface(path string) http.Handler {
	first, rest, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	switch strings.ToLower(first) {
	case "v1", "generatetoken", "webhooks", "partner":
		return h.partnerapi
	case "v3":
		if strings.EqualFold(rest, "generatetoken") {
			return h.partnerapi
		}
	case "v1.0", "beta":
		if partnerapi.Claims(path) {
			return h.partnerapi
		}
		return h.graph
	case "oidc":
		return h.graph
	case "api":
		return h.api
	case "subscriptions":
		return h.manager
	case "secrets", "deletedsecrets":
		return h.keyvault
	case "dev":
		if h.DevPages != nil {
			return h.DevPages
		}
	}
	switch {
	case oauth.Claims(path):
		return h.oauth
	case signout.Claims(path):
		return h.signout
	case discovery.Claims(path):
		return h.discovery
	}
	return h.site
}

// witness sees the status of an answer, for the log.
type witness struct {
	http.ResponseWriter
	status int
}

func (w *witness) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController reach the connection.
func (w *witness) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// report writes one line for a request. The query stays out of it: codes,
// hints and addresses travel there.
func (h *House) report(r *http.Request, seen *witness, started time.Time) {
	if failure := recover(); failure != nil {
		if failure == http.ErrAbortHandler {
			panic(failure)
		}
		h.Log.ErrorContext(r.Context(), "panic", "path", r.URL.Path, "failure", failure)
		if seen.status == http.StatusOK {
			http.Error(seen, `{"error":"server_error"}`, http.StatusInternalServerError)
		}
	}
	level := slog.LevelDebug
	if seen.status >= 500 {
		level = slog.LevelError
	}
	if !h.Log.Enabled(r.Context(), level) {
		return
	}
	h.Log.LogAttrs(r.Context(), level, "request",
		slog.String("method", r.Method), slog.String("path", r.URL.Path), slog.Int("status", seen.status),
		slog.Duration("took", h.Source.Now().Sub(started)),
		slog.String("request", seen.Header().Get("x-ms-request-id")), slog.String("reference", seen.Header().Get("X-Entente-Reference")))
}
