// Package dialect is what the edges of the authority share: how a request of
// the Microsoft identity platform is read, and how its answers and failures
// are put into words. What a request means is for the edges.
package dialect

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/signin"
	"github.com/entente-id/entente/internal/tenant"
)

// TenantPlaceholder stands in the issuer of the generic authorities; clients
// replace it by the tid of a token (identity-platform.md 0, rule 3).
const TenantPlaceholder = "{tenantid}"

// DeviceGrant is the grant type of RFC 8628 3.4.
const DeviceGrant = "urn:ietf:params:oauth:grant-type:device_code"

// OnBehalfGrant is the grant type of RFC 7523 2.1, by which a service asks for
// a token on behalf of a person (identity-platform.md 2.6).
const OnBehalfGrant = "urn:ietf:params:oauth:grant-type:jwt-bearer"

// Refuse keeps the attempt and shows a person why it goes no further. The
// house plugs the pages' own in, because edges do not import each other.
type Refuse func(http.ResponseWriter, *http.Request, error, signin.About)

// Speaker answers in the authority's dialects, v1 and v2.
type Speaker struct {
	// origin is the external address, without a trailing slash; host is its
	// host name with the port.
	origin, host string
	attempts     *audit.Log
	refuse       Refuse
	source       id.Source
	log          *slog.Logger
}

// NewSpeaker makes one for an external address.
func NewSpeaker(origin string, attempts *audit.Log, refuse Refuse, source id.Source, log *slog.Logger) (*Speaker, error) {
	u, err := url.Parse(origin)
	if err != nil {
		return nil, fmt.Errorf("read the external address: %w", err)
	}
	return &Speaker{
		origin: strings.TrimSuffix(origin, "/"), host: u.Host, attempts: attempts, refuse: refuse, source: source, log: log,
	}, nil
}

// Origin is the external address, without a trailing slash.
func (s *Speaker) Origin() string { return s.origin }

// Host is the host name of the external address, with its port.
func (s *Speaker) Host() string { return s.host }

// Call is what every endpoint knows of its request.
type Call struct {
	// Segment is the tenant segment, as typed.
	Segment string
	// Version is the dialect, 1 or 2.
	Version int
	// Correlation ties a client's requests together; Trace is this one.
	Correlation, Trace string
	// OnBehalf: a service asks for a person who is not there, and must hear
	// interaction_required to hand it on (identity-platform.md 2.6).
	OnBehalf bool
}

// Split parts a path into the tenant segment and the rest, in lower case,
// without a trailing slash. Doubled slashes have been folded before. Paths
// match in any letter case (identity-platform.md 0, rule 6).
func Split(path string) (segment, rest string, ok bool) {
	segment, rest, ok = strings.Cut(strings.TrimPrefix(path, "/"), "/")
	return segment, strings.ToLower(strings.TrimSuffix(rest, "/")), ok && segment != ""
}

// Begin reads what every endpoint knows of its request, and says so in the
// answer's header.
func (s *Speaker) Begin(w http.ResponseWriter, r *http.Request) Call {
	segment, _, _ := Split(r.URL.Path)
	c := Call{Segment: segment, Correlation: s.correlation(r), Trace: s.source.NewGUID()}
	w.Header().Set("x-ms-request-id", c.Trace)
	if strings.EqualFold(r.Header.Get("return-client-request-id"), "true") {
		w.Header().Set("client-request-id", c.Correlation)
	}
	return c
}

// correlation is the client's own id for its requests, when it is a GUID: it
// goes into logs and must not carry anything else.
func (s *Speaker) correlation(r *http.Request) string {
	for _, sent := range []string{r.Header.Get("client-request-id"), r.URL.Query().Get("client-request-id")} {
		if id.IsGUID(sent) {
			return strings.ToLower(sent)
		}
	}
	return s.source.NewGUID()
}

// Admit answers what an address does not take, such as an unknown method, and
// what a browser asks before a cross-origin request; true when the request
// goes on. Methods are separated by spaces.
func (s *Speaker) Admit(w http.ResponseWriter, r *http.Request, c Call, methods string) bool {
	if r.Method == http.MethodOptions {
		preflight(w)
		return false
	}
	if slices.Contains(strings.Fields(methods), r.Method) {
		return true
	}
	w.Header().Set("Allow", strings.ReplaceAll(methods, " ", ", "))
	code := fault.MethodUnsupported
	if methods == "POST" {
		code = fault.OnlyPost
	}
	s.Fail(w, r, c, fault.New(code, "method", tenant.Shorten(r.Method)), signin.About{})
	return false
}

// Absent answers for a path at which there is nothing.
func (s *Speaker) Absent(w http.ResponseWriter, r *http.Request, c Call) {
	s.Fail(w, r, c, fault.New(fault.PathUnknown, "path", tenant.Shorten(r.URL.Path)), signin.About{})
}

// preflight answers a browser that asks before a cross-origin request. What
// may be read is decided on the request itself.
func preflight(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Allow-Methods", "GET, POST, OPTIONS")
	h.Set("Access-Control-Allow-Headers", "Content-Type, client-request-id, return-client-request-id, x-client-SKU, x-client-VER, x-client-OS, x-client-CPU, x-ms-lib-capability, Idempotency-Key, DPoP")
	h.Set("Access-Control-Max-Age", "86400")
	w.WriteHeader(http.StatusNoContent)
}

// WriteJSON renders an answer that nobody may keep.
func WriteJSON(w http.ResponseWriter, status int, body any) {
	b, err := json.Marshal(body)
	if err != nil {
		status, b = http.StatusInternalServerError, []byte(`{"error":"server_error"}`)
	}
	h := w.Header()
	NoStore(h)
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Length", strconv.Itoa(len(b)))
	w.WriteHeader(status)
	_, _ = w.Write(b)
}

// WritePublic renders a document that anybody may read and keep for a day,
// also scripts of other origins.
func (s *Speaker) WritePublic(w http.ResponseWriter, r *http.Request, c Call, document any) {
	b, err := json.Marshal(document)
	if err != nil {
		s.Fail(w, r, c, err, signin.About{})
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Allow-Methods", "GET, OPTIONS")
	h.Set("Cache-Control", "max-age=86400, private")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Length", strconv.Itoa(len(b)))
	_, _ = w.Write(b)
}

// NoStore forbids every cache to keep an answer (rows R45).
func NoStore(h http.Header) {
	h.Set("Cache-Control", "no-store, no-cache")
	h.Set("Pragma", "no-cache")
	h.Set("Expires", "-1")
}
