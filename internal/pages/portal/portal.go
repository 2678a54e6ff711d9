// Package portal draws the partner portal, where the people of partner
// organisations come in and find their way, and the pages of those who run the
// programme. What may happen is decided by the room partner; these pages ask
// it and tell what it said.
package portal

import (
	"context"
	"net/http"
	"slices"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/consent"
	"github.com/entente-id/entente/internal/credential"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/pages"
	"github.com/entente-id/entente/internal/pages/site"
	"github.com/entente-id/entente/internal/programme"
	"github.com/entente-id/entente/internal/signin"
	"github.com/entente-id/entente/internal/swap"
	"github.com/entente-id/entente/internal/tenant"
)

// Rooms are what the pages call.
type Rooms struct {
	Programme *programme.Membership
	Swaps     *swap.Mover
	People    *account.People
	Tenants   *tenant.Directory
	Apps      *application.Registry
	Consents  *consent.Ledger
	Safe      *credential.Safe
	Attempts  *audit.Log
	Source    id.Source
	// Origin is the external address of the site.
	Origin string
}

// Handlers serve the pages.
type Handlers struct {
	site  *site.Site
	rooms Rooms
	// door is the way in for partners, staffDoor for the programme's owner.
	door, staffDoor *site.Door
}

// New puts the pages on the site. The staff door is that of the programme's
// owner, which other rooms share.
func New(on *site.Site, staffDoor *site.Door, rooms Rooms) *Handlers {
	h := &Handlers{site: on, rooms: rooms, staffDoor: staffDoor}
	portalApp := func(ctx context.Context) (id.App, error) {
		p, err := rooms.Programme.Programme(ctx)
		return p.Portal, err
	}
	h.door = on.DoorOf("portal", portalApp, "organizations", "openid profile User.Read")
	h.routePortal()
	h.routeProgramme()
	return h
}

func (h *Handlers) routePortal() {
	for pattern, handle := range map[string]http.HandlerFunc{
		"GET " + programme.InvitationPath + "{token}": h.invitation,
		"GET " + welcomePath + "{token}":              h.welcome,
		"POST /portal/another":                        h.another,
		"GET /portal/language":                        h.language,
		"POST /portal/language":                       h.chooseLanguage,
		"GET /portal/terms":                           h.terms,
		"POST /portal/terms":                          h.acceptTerms,
		"GET /portal/ask":                             h.ask,
		"POST /portal/ask":                            h.sendAsk,
		"GET /portal/swap":                            h.swap,
		"POST /portal/swap":                           h.beginSwap,
		"GET /portal/merge":                           h.merge,
		"POST /portal/merge":                          h.beginMerge,
		"GET /portal/code":                            h.code,
		"POST /portal/code":                           h.confirmCode,
		"GET " + swap.UndoPath + "{token}":            h.undo,
		"POST " + swap.UndoPath + "{token}":           h.takeBack,
		"GET /portal":                                 h.dashboard,
		"GET /portal/walkthrough":                     h.walkthrough,
		"POST /portal/walkthrough":                    h.bookWalkthrough,
		"GET /portal/consent":                         h.consent,
		"GET /portal/people":                          h.people,
		"POST /portal/people":                         h.sendRoster,
		"POST /portal/people/remove":                  h.removeMember,
		"POST /portal/people/merge":                   h.decideMerge,
		"GET /portal/apps":                            h.apps,
		"GET /portal/apps/new":                        h.newApp,
		"POST /portal/apps/new":                       h.registerApp,
		"GET /portal/apps/{app}":                      h.app,
		"POST /portal/apps/{app}/certificate":         h.addCertificate,
		"POST /portal/apps/{app}/federated":           h.addFederated,
		"POST /portal/apps/{app}/secret":              h.addSecret,
		"POST /portal/apps/{app}/credential/{key}":    h.removeCredential,
		"GET /portal/apps/{app}/delete":               h.confirmDelete,
		"POST /portal/apps/{app}/delete":              h.deleteApp,
	} {
		h.site.Mux().HandleFunc(pattern, handle)
	}
}

// visit is a proved person, and how they stand to the programme.
type visit struct {
	site.Guest
	programme programme.Programme
	standing  programme.Standing
	lang      string
}

func (v visit) name() string {
	if v.Person.Given != "" {
		return v.Person.Given
	}
	return v.Person.Name
}

// visit admits whoever can sign in to the portal; it has answered when the
// second result is false.
func (h *Handlers) visit(w http.ResponseWriter, r *http.Request) (visit, bool) {
	g, ok := h.door.Admit(w, r)
	if !ok {
		return visit{}, false
	}
	v := visit{Guest: g, lang: h.site.Language(r)}
	var err error
	if v.programme, err = h.rooms.Programme.Programme(r.Context()); err == nil {
		v.standing, err = h.rooms.Programme.Standing(r.Context(), g.Home.ID, g.Person.ID)
	}
	if err != nil {
		h.refuse(w, r, v, err)
		return v, false
	}
	return v, true
}

// member admits members who owe nothing; anybody else is led to the page that
// brings them on.
func (h *Handlers) member(w http.ResponseWriter, r *http.Request) (visit, bool) {
	v, ok := h.visit(w, r)
	if !ok {
		return v, false
	}
	return v, h.gate(w, r, v)
}

// about is the circumstance of a refusal at these pages.
func (v visit) about() signin.About {
	return signin.About{
		Tenant: v.Home.ID, Home: v.Home.ID, Account: v.Person.ID, Address: v.Person.SignInName, App: v.programme.Portal,
		AppName: v.programme.Name, Organisation: v.Home.Name, Step: "portal", Restart: programme.PortalPath,
	}
}

func (h *Handlers) refuse(w http.ResponseWriter, r *http.Request, v visit, err error) {
	h.site.RefuseVisit(w, r, err, v.about())
}

// kept gives a failure that is drawn by a page of ours its reference.
func (h *Handlers) kept(w http.ResponseWriter, r *http.Request, about signin.About, f *fault.Fault) string {
	a := h.rooms.Attempts.Keep(r.Context(), about.Attempt(f, h.site.Browser(w, r).Family))
	w.Header().Set("X-Entente-Reference", a.Reference)
	return a.Reference
}

// show draws a page of the portal.
func (h *Handlers) show(w http.ResponseWriter, r *http.Request, v visit, page pages.View) {
	page.Lang, page.AppName, page.OrgName = v.lang, v.programme.Name, v.programme.Name
	if v.standing.Place == programme.InProgramme && !page.Narrow {
		page.Nav = v.nav(r.URL.Path)
	}
	if page.Again == "" && r.Method == http.MethodGet {
		page.Again = r.URL.Path
	}
	h.site.Show(w, page)
}

func (v visit) nav(path string) []pages.NavItem {
	items := []pages.NavItem{{Label: "portal.nav.home", Href: programme.PortalPath}}
	if v.leadsPeople() {
		items = append(items, pages.NavItem{Label: "portal.nav.people", Href: "/portal/people"})
	}
	if v.Person.MayConsentForAll() {
		items = append(items, pages.NavItem{Label: "portal.nav.apps", Href: "/portal/apps"})
	}
	items = append(items, pages.NavItem{Label: "portal.nav.account", Href: "/account"})
	return current(items, path)
}

// leadsPeople reports whether the person speaks for their organisation towards
// the programme.
func (v visit) leadsPeople() bool {
	return v.Person.Holds(account.GlobalAdministrator, account.UserAdministrator)
}

// current marks the place that a path lies in: the longest that it begins with.
func current(items []pages.NavItem, path string) []pages.NavItem {
	at, longest := -1, 0
	for i, item := range items {
		if (path == item.Href || len(path) > len(item.Href) && path[:len(item.Href)+1] == item.Href+"/") && len(item.Href) > longest {
			at, longest = i, len(item.Href)
		}
	}
	if at >= 0 {
		items[at].Current = true
	}
	return items
}

// said gives the note that a finished deed asked for, from those that there
// are; anything else in the address says nothing.
func said(r *http.Request, known ...string) string {
	if word := r.URL.Query().Get("said"); slices.Contains(known, word) {
		return "portal.said." + word
	}
	return ""
}

// problemOf is what a form says about a mistake: the word, its facts and the
// field; an empty word when the failure is none that a person can mend there.
func problemOf(err error) (word string, facts map[string]string, field string) {
	f := fault.Of(err)
	switch f.Code {
	case fault.InputInvalid:
		field = f.Facts["parameter"]
		return "portal.problem." + field, f.Facts, field
	case fault.RequestRepeated:
		if f.Facts["minutes"] != "" {
			return "portal.problem.wait", f.Facts, ""
		}
		return "portal.problem.decided", nil, ""
	case fault.MailCodeWrong:
		return "portal.problem.code", map[string]string{"count": f.Facts["left"]}, "code"
	case fault.MailCodeExpired:
		return "portal.problem.codeold", nil, "code"
	}
	return "", nil, ""
}

// mistake turns a failure into the problem of a page; it has refused the visit
// when it gives false.
func (h *Handlers) mistake(w http.ResponseWriter, r *http.Request, v visit, err error, page *pages.View) bool {
	word, facts, field := problemOf(err)
	if word == "" {
		h.refuse(w, r, v, err)
		return false
	}
	page.Problem, page.ProblemFacts, page.Field = word, facts, field
	return true
}
