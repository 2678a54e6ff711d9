// Package signout is the edge at which an application ends a person's session
// in the browser (OpenID Connect RP-Initiated Logout).
package signout

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/dialect"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/session"
	"github.com/entente-id/entente/internal/signin"
	"github.com/entente-id/entente/internal/token"
)

// Rooms are what the edge calls.
type Rooms struct {
	Apps     *application.Registry
	Issuer   *token.Issuer
	Sessions *session.Keeper
}

// Pages are the drawings that the edge of the pages lends to this one.
type Pages struct {
	// Browser reads the browser's cookies and gives it an id if it has none.
	Browser func(http.ResponseWriter, *http.Request) session.Browser
	// SignOut asks whether the person meant should be signed out, or does it
	// when hinted, and leads back.
	SignOut func(w http.ResponseWriter, r *http.Request, back, who string, hinted bool)
}

// Edge answers the paths of signing out.
type Edge struct {
	rooms   Rooms
	pages   Pages
	speaker *dialect.Speaker
}

// New opens the edge.
func New(speaker *dialect.Speaker, rooms Rooms, pages Pages) *Edge {
	return &Edge{rooms: rooms, pages: pages, speaker: speaker}
}

// versions of the dialect by the path after the tenant segment, in lower case
// (identity-platform.md 1.1).
var versions = map[string]int{"oauth2/logout": 1, "oauth2/v2.0/logout": 2}

// Claims reports whether a path is one of this edge. The house asks it to tell
// the surfaces apart.
func Claims(path string) bool {
	_, rest, ok := dialect.Split(path)
	return ok && versions[rest] != 0
}

// ServeHTTP answers both addresses alike.
func (e *Edge) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := e.speaker.Begin(w, r)
	_, rest, _ := dialect.Split(r.URL.Path)
	c.Version = versions[rest]
	if e.speaker.Admit(w, r, c, "GET POST") {
		e.logout(w, r, c)
	}
}

// logout serves RP-initiated logout. Without a hint that proves the request
// comes from an application the person is signed in to, a page asks first, and
// nobody is sent to an address that is not registered (rows R121 to R123).
func (e *Edge) logout(w http.ResponseWriter, r *http.Request, c dialect.Call) {
	about := signin.About{Step: "sign-out"}
	p, err := dialect.Query(r)
	if r.Method == http.MethodPost {
		p, err = dialect.Body(w, r)
	}
	if err != nil {
		e.speaker.Fail(w, r, c, err, about)
		return
	}
	client, hinted := id.App(strings.ToLower(p.Get("client_id"))), false
	who := p.Get("logout_hint")
	if text := p.Get("id_token_hint"); text != "" {
		hint, err := e.rooms.Issuer.ReadHint(r.Context(), text)
		if err != nil {
			e.speaker.Fail(w, r, c, fault.New(fault.SignOutInvalid, "parameter", "id_token_hint", "rule", "an ID token of this authority").Because(err), about)
			return
		}
		if client != "" && client != hint.Client {
			e.speaker.Fail(w, r, c, fault.New(fault.SignOutInvalid, "parameter", "client_id", "rule", "the client that the id_token_hint was made for"), about)
			return
		}
		if client = hint.Client; !e.mayBeHere(w, r, hint) {
			// Somebody else's token must not end this browser's session.
			e.pages.SignOut(w, r, "", "", false)
			return
		}
		hinted = true
	}
	back := p.Get("post_logout_redirect_uri")
	if back != "" && !e.registered(r, client, back) {
		// The sign-out itself is harmless and goes on; the address is not
		// trusted.
		back, hinted = "", false
	}
	if back != "" && p.Has("state") {
		back = withState(back, p.Get("state"))
	}
	e.pages.SignOut(w, r, back, who, hinted)
}

// mayBeHere: the person of a hint is signed in on this browser, or nobody is.
func (e *Edge) mayBeHere(w http.ResponseWriter, r *http.Request, hint token.Hint) bool {
	people, err := e.rooms.Sessions.SignedIn(r.Context(), e.pages.Browser(w, r))
	return err == nil && (len(people) == 0 || slices.ContainsFunc(people, func(p session.Signed) bool {
		return e.rooms.Issuer.Subject(p.Home, p.Account, hint.Client) == hint.Subject
	}))
}

func (e *Edge) registered(r *http.Request, client id.App, address string) bool {
	if client == "" {
		return false
	}
	app, err := e.rooms.Apps.Find(r.Context(), client)
	if err != nil {
		return false
	}
	_, ok := app.MayRedirectTo(address)
	return ok
}

func withState(address, state string) string {
	separator := "?"
	if strings.Contains(address, "?") {
		separator = "&"
	}
	return address + separator + "state=" + url.QueryEscape(state)
}
