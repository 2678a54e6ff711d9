// Package oauth is the edge that speaks the Microsoft identity platform's
// OAuth and OpenID Connect dialects, v1 and v2. It parses a request, calls the
// rooms once, and renders the answer or the error; the rules are in the rooms.
package oauth

import (
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/consent"
	"github.com/entente-id/entente/internal/customer"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/signin"
	"github.com/entente-id/entente/internal/tenant"
	"github.com/entente-id/entente/internal/token"
)

// Rooms are what the edge calls.
type Rooms struct {
	Tenants   *tenant.Directory
	People    *account.People
	Apps      *application.Registry
	Consents  *consent.Ledger
	Customers *customer.Ledger
	Families  *token.Families
	Devices   *token.Devices
	Issuer    *token.Issuer
	Keys      *token.Keyring
	Journeys  *signin.Journeys
	Attempts  *audit.Log
}

// Pages are the drawings that the edge of the pages lends to this one; the
// house plugs them in, because edges do not import each other.
type Pages struct {
	// Browser reads the browser's cookies and gives it an id if it has none.
	Browser func(http.ResponseWriter, *http.Request) signin.Browser
	// Draw shows a step of a journey.
	Draw func(http.ResponseWriter, *http.Request, signin.Screen)
	// Refuse keeps the attempt and shows why it goes no further.
	Refuse func(http.ResponseWriter, *http.Request, error, signin.About)
	// Loops counts a sign-in that needed nobody, and reports whether an app
	// keeps sending the browser back and forth.
	Loops func(http.ResponseWriter, *http.Request, id.App) bool
	// FormPost carries an answer to an application by a form.
	FormPost func(w http.ResponseWriter, r *http.Request, target string, fields [][2]string)
	// Leave carries a person to an address that a redirect cannot reach.
	Leave func(w http.ResponseWriter, r *http.Request, target string)
	// DeviceDone says that a device is signed in.
	DeviceDone func(http.ResponseWriter, *http.Request, signin.Screen)
	// SignOut asks who should be signed out, or does it when hinted.
	SignOut func(w http.ResponseWriter, r *http.Request, back string, hinted bool)
}

// Edge answers the authority's paths.
type Edge struct {
	rooms  Rooms
	pages  Pages
	source id.Source
	log    *slog.Logger
	// origin is the external address, without a trailing slash; host is its
	// host name with the port.
	origin, host string
}

// New opens the edge under an external address.
func New(origin string, rooms Rooms, pages Pages, source id.Source, log *slog.Logger) (*Edge, error) {
	u, err := url.Parse(origin)
	if err != nil {
		return nil, err
	}
	return &Edge{rooms: rooms, pages: pages, source: source, log: log, origin: strings.TrimSuffix(origin, "/"), host: u.Host}, nil
}

// endpoint is one path below the tenant segment.
type endpoint struct {
	methods string
	serve   func(*Edge, http.ResponseWriter, *http.Request, call)
}

// call is what every endpoint knows of its request.
type call struct {
	// segment is the tenant segment, as typed.
	segment string
	// version is the dialect, 1 or 2.
	version int
	// correlation ties a client's requests together; trace is this one.
	correlation, trace string
}

// endpoints by the path after the tenant segment, in lower case
// (identity-platform.md 1.1).
var endpoints = map[string]struct {
	version int
	endpoint
}{
	"oauth2/authorize":                      {1, endpoint{"GET POST", (*Edge).authorize}},
	"oauth2/v2.0/authorize":                 {2, endpoint{"GET POST", (*Edge).authorize}},
	"oauth2/token":                          {1, endpoint{"POST", (*Edge).token}},
	"oauth2/v2.0/token":                     {2, endpoint{"POST", (*Edge).token}},
	"oauth2/devicecode":                     {1, endpoint{"GET POST", (*Edge).deviceCode}},
	"oauth2/v2.0/devicecode":                {2, endpoint{"GET POST", (*Edge).deviceCode}},
	"oauth2/deviceauth":                     {1, endpoint{"GET", (*Edge).deviceAuth}},
	"oauth2/v2.0/revoke":                    {2, endpoint{"POST", (*Edge).revoke}},
	"oauth2/logout":                         {1, endpoint{"GET POST", (*Edge).logout}},
	"oauth2/v2.0/logout":                    {2, endpoint{"GET POST", (*Edge).logout}},
	".well-known/openid-configuration":      {1, endpoint{"GET HEAD", (*Edge).configuration}},
	"v2.0/.well-known/openid-configuration": {2, endpoint{"GET HEAD", (*Edge).configuration}},
	"discovery/keys":                        {1, endpoint{"GET HEAD", (*Edge).keys}},
	"discovery/v2.0/keys":                   {2, endpoint{"GET HEAD", (*Edge).keys}},
	"discovery/instance":                    {0, endpoint{"GET HEAD", (*Edge).instance}},
	"openid/userinfo":                       {1, endpoint{"GET POST", (*Edge).userinfo}},
}

// Claims reports whether a path belongs to the authority: a tenant segment and
// something below it. The house asks it to tell the surfaces apart.
func Claims(path string) bool {
	_, rest, ok := split(path)
	if !ok {
		return false
	}
	_, known := endpoints[rest]
	return known || strings.HasPrefix(rest, "userrealm/")
}

// split parts a path into the tenant segment and the rest, in lower case,
// without a trailing slash. Doubled slashes have been folded before.
func split(path string) (segment, rest string, ok bool) {
	segment, rest, ok = strings.Cut(strings.TrimPrefix(path, "/"), "/")
	return segment, strings.ToLower(strings.TrimSuffix(rest, "/")), ok && segment != ""
}

// ServeHTTP routes by the path below the tenant segment. Paths match in any
// letter case (identity-platform.md 0, rule 6).
func (e *Edge) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	segment, rest, _ := split(r.URL.Path)
	c := call{segment: segment, correlation: e.correlation(r), trace: e.source.NewGUID()}
	w.Header().Set("x-ms-request-id", c.trace)
	if strings.EqualFold(r.Header.Get("return-client-request-id"), "true") {
		w.Header().Set("client-request-id", c.correlation)
	}
	if name, ok := strings.CutPrefix(rest, "userrealm/"); ok {
		e.userRealm(w, r, c, name)
		return
	}
	found, ok := endpoints[rest]
	if !ok {
		e.fail(w, r, c, fault.New(fault.PathUnknown, "path", tenant.Shorten(r.URL.Path)), signin.About{})
		return
	}
	c.version = found.version
	if r.Method == http.MethodOptions {
		e.preflight(w, r)
		return
	}
	if !slices.Contains(strings.Fields(found.methods), r.Method) {
		w.Header().Set("Allow", strings.ReplaceAll(found.methods, " ", ", "))
		code := fault.MethodUnsupported
		if found.methods == "POST" {
			code = fault.OnlyPost
		}
		e.fail(w, r, c, fault.New(code, "method", tenant.Shorten(r.Method)), signin.About{})
		return
	}
	found.serve(e, w, r, c)
}

// correlation is the client's own id for its requests, when it is a GUID: it
// goes into logs and must not carry anything else.
func (e *Edge) correlation(r *http.Request) string {
	for _, sent := range []string{r.Header.Get("client-request-id"), r.URL.Query().Get("client-request-id")} {
		if id.IsGUID(sent) {
			return strings.ToLower(sent)
		}
	}
	return e.source.NewGUID()
}

// preflight answers a browser that asks before a cross-origin request. What
// may be read is decided on the request itself.
func (e *Edge) preflight(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Allow-Methods", "GET, POST, OPTIONS")
	h.Set("Access-Control-Allow-Headers", "Content-Type, client-request-id, return-client-request-id, x-client-SKU, x-client-VER, x-client-OS, x-client-CPU, x-ms-lib-capability, Idempotency-Key")
	h.Set("Access-Control-Max-Age", "86400")
	w.WriteHeader(http.StatusNoContent)
}
