// Package organisation holds the pages on which the admins of an organisation
// decide about apps: what waits for them, what they allowed, and who may allow
// apps without them (experience.md 2.8, W6).
package organisation

import (
	"net/http"
	"time"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/consent"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/pages"
	"github.com/entente-id/entente/internal/pages/site"
	"github.com/entente-id/entente/internal/signin"
)

// Rooms are the rooms that these pages work with.
type Rooms struct {
	Approvals *consent.Approvals
	People    *account.People
	Apps      *application.Registry
	Attempts  *audit.Log
	// Now is the clock that what waits is measured by.
	Now func() time.Time
}

// Handlers answer below /organisation.
type Handlers struct {
	Rooms
	site *site.Site
	door *site.Door
}

// Addresses of the room.
const (
	home          = "/organisation"
	approvalsPath = home + "/approvals"
	appsPath      = home + "/consents"
	policyPath    = home + "/policy"
)

// pageSize is how many entries a list shows at once.
const pageSize = 25

// New registers the pages on the site. The door leads to all that is about
// one's own organisation.
func New(on *site.Site, door *site.Door, rooms Rooms) *Handlers {
	h := &Handlers{Rooms: rooms, site: on, door: door}
	mux := on.Mux()
	mux.HandleFunc("GET "+home, h.home)
	mux.HandleFunc("GET "+approvalsPath, h.approvals)
	mux.HandleFunc("GET "+approvalsPath+"/{approval}", h.approval)
	mux.HandleFunc("POST "+approvalsPath+"/{approval}", h.decide)
	mux.HandleFunc("GET "+appsPath, h.apps)
	mux.HandleFunc("POST "+appsPath, h.changeApp)
	mux.HandleFunc("GET "+policyPath, h.policy)
	mux.HandleFunc("POST "+policyPath, h.changePolicy)
	return h
}

// frame is what all pages of the room share. Waiting is how many requests wait.
func (h *Handlers) frame(r *http.Request, g site.Guest, current string, waiting int) pages.Frame {
	f := pages.Frame{Lang: h.site.Language(r), OrgName: g.Home.Name, Action: r.URL.Path}
	for _, item := range []pages.NavItem{
		{Label: "organisation.nav.home", Href: home},
		{Label: "organisation.nav.approvals", Href: approvalsPath, Count: waiting},
		{Label: "organisation.nav.apps", Href: appsPath},
		{Label: "organisation.nav.policy", Href: policyPath},
		{Label: "organisation.nav.people", Href: "/organisation/people"},
		{Label: "organisation.nav.signin", Href: "/organisation/sign-in"},
		{Label: "organisation.nav.help", Href: "/organisation/help"},
	} {
		item.Current = item.Href == current
		f.Nav = append(f.Nav, item)
	}
	return f
}

// refuse shows why it goes no further; whoever lacks the role is told who has
// it.
func (h *Handlers) refuse(w http.ResponseWriter, r *http.Request, g site.Guest, err error) {
	if fault.Has(err, fault.RoleMissing) {
		h.missing(w, r, g, fault.Of(err))
		return
	}
	h.site.RefuseVisit(w, r, err, h.about(g))
}

func (h *Handlers) about(g site.Guest) signin.About {
	return signin.About{
		Tenant: g.Home.ID, Home: g.Home.ID, Account: g.Person.ID, Address: g.Person.SignInName, App: site.AccountApp,
		Organisation: g.Home.Name, Step: "organisation", Restart: home,
	}
}

// missingView is M46 with the people to ask.
type missingView struct {
	Role, Reference string
	// Holders are colleagues of the reader: their names are for nobody else.
	Holders []account.Account
}

// maxHolders bounds how many people are named.
const maxHolders = 10

// missing tells a person which role is needed and who holds it. The attempt
// keeps the role alone: whoever explains its reference later may be a stranger.
func (h *Handlers) missing(w http.ResponseWriter, r *http.Request, g site.Guest, f *fault.Fault) {
	holders, err := h.People.Reviewers(r.Context(), g.Home.ID, maxHolders)
	if err != nil {
		h.site.RefuseVisit(w, r, err, h.about(g))
		return
	}
	kept := h.Attempts.Keep(r.Context(), h.about(g).Attempt(f, ""))
	w.Header().Set("X-Entente-Reference", kept.Reference)
	h.site.Show(w, pages.View{
		Frame:    pages.Frame{Lang: h.site.Language(r), OrgName: g.Home.Name},
		Template: "organisation-role.html", Title: "M46.headline", Again: r.URL.Path, Narrow: true,
		Data: missingView{Role: f.Facts["role"], Reference: kept.Reference, Holders: holders},
	})
}

// said picks the note of what was just done out of the address.
func said(r *http.Request, words ...string) string {
	asked := r.URL.Query().Get("said")
	for _, word := range words {
		if asked == word {
			return "organisation.said." + word
		}
	}
	return ""
}

// waiting are the requests that can still be decided, at most as many as one
// list of the domain holds.
func (h *Handlers) waiting(r *http.Request, g site.Guest) ([]consent.Approval, error) {
	list, err := h.Approvals.List(r.Context(), g.Caller(), consent.Waiting, "", 200)
	if err != nil {
		return nil, err
	}
	var open []consent.Approval
	for _, p := range list {
		if h.Now().Before(p.Expires) {
			open = append(open, p)
		}
	}
	return open, nil
}

// appOf finds an app that people asked for; one that was removed since is
// called by its id.
func (h *Handlers) appOf(r *http.Request, app id.App) (application.Application, error) {
	found, err := h.Apps.Find(r.Context(), app)
	if fault.Has(err, fault.AppUnknown) {
		return application.Application{App: app, Name: string(app)}, nil
	}
	return found, err
}
