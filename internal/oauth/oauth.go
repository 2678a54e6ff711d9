// Package oauth is the edge that speaks the Microsoft identity platform's
// OAuth and OpenID Connect dialects, v1 and v2. It parses a request, calls the
// rooms once, and renders the answer or the error; the rules are in the rooms.
package oauth

import (
	"net/http"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/consent"
	"github.com/entente-id/entente/internal/customer"
	"github.com/entente-id/entente/internal/dialect"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/presence"
	"github.com/entente-id/entente/internal/session"
	"github.com/entente-id/entente/internal/signin"
	"github.com/entente-id/entente/internal/signingkey"
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
	Pushes    *token.Pushes
	Proofs    *token.Proofs
	Issuer    *token.Issuer
	Keys      *signingkey.Ring
	Journeys  *signin.Journeys
	Presences *presence.Ledger
}

// Pages are the drawings that the edge of the pages lends to this one; the
// house plugs them in, because edges do not import each other.
type Pages struct {
	// Browser reads the browser's cookies and gives it an id if it has none.
	Browser func(http.ResponseWriter, *http.Request) session.Browser
	// Draw shows a step of a journey.
	Draw func(http.ResponseWriter, *http.Request, signin.Screen)
	// Refuse keeps the attempt and shows why it goes no further.
	Refuse dialect.Refuse
	// Loops counts a sign-in that needed nobody, and reports whether an app
	// keeps sending the browser back and forth.
	Loops func(http.ResponseWriter, *http.Request, id.App) bool
	// FormPost carries an answer to an application by a form.
	FormPost func(w http.ResponseWriter, r *http.Request, target string, fields [][2]string)
	// Leave carries a person to an address that a redirect cannot reach.
	Leave func(w http.ResponseWriter, r *http.Request, target string)
	// DeviceDone says that a device is signed in.
	DeviceDone func(http.ResponseWriter, *http.Request, signin.Screen)
}

// Edge answers the authority's paths.
type Edge struct {
	rooms   Rooms
	pages   Pages
	speaker *dialect.Speaker
	source  id.Source
}

// New opens the edge.
func New(speaker *dialect.Speaker, rooms Rooms, pages Pages, source id.Source) *Edge {
	return &Edge{rooms: rooms, pages: pages, speaker: speaker, source: source}
}

// endpoint is one path below the tenant segment.
type endpoint struct {
	methods string
	serve   func(*Edge, http.ResponseWriter, *http.Request, dialect.Call)
}

// endpoints by the path after the tenant segment, in lower case
// (identity-platform.md 1.1).
var endpoints = map[string]struct {
	version int
	endpoint
}{
	"oauth2/authorize":       {1, endpoint{"GET POST", (*Edge).authorize}},
	"oauth2/v2.0/authorize":  {2, endpoint{"GET POST", (*Edge).authorize}},
	"oauth2/token":           {1, endpoint{"POST", (*Edge).token}},
	"oauth2/v2.0/token":      {2, endpoint{"POST", (*Edge).token}},
	"oauth2/devicecode":      {1, endpoint{"GET POST", (*Edge).deviceCode}},
	"oauth2/v2.0/devicecode": {2, endpoint{"GET POST", (*Edge).deviceCode}},
	"oauth2/deviceauth":      {1, endpoint{"GET", (*Edge).deviceAuth}},
	"oauth2/v2.0/par":        {2, endpoint{"POST", (*Edge).push}},
	"oauth2/v2.0/revoke":     {2, endpoint{"POST", (*Edge).revoke}},
	"oauth2/v2.0/introspect": {2, endpoint{"POST", (*Edge).introspect}},
	"adminconsent":           {1, endpoint{"GET", (*Edge).adminConsent}},
	"v2.0/adminconsent":      {2, endpoint{"GET", (*Edge).adminConsent}},
	"openid/userinfo":        {1, endpoint{"GET POST", (*Edge).userinfo}},
}

// Claims reports whether a path is one of this edge: a tenant segment and
// something below it. The house asks it to tell the surfaces apart.
func Claims(path string) bool {
	_, rest, ok := dialect.Split(path)
	_, known := endpoints[rest]
	return ok && known
}

// ServeHTTP routes by the path below the tenant segment.
func (e *Edge) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := e.speaker.Begin(w, r)
	_, rest, _ := dialect.Split(r.URL.Path)
	found, ok := endpoints[rest]
	if !ok {
		e.speaker.Absent(w, r, c)
		return
	}
	c.Version = found.version
	if e.speaker.Admit(w, r, c, found.methods) {
		found.serve(e, w, r, c)
	}
}
