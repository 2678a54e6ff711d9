// Package connection holds the guided page on which an organisation's IT
// connects the company's own sign-in: as an admin behind the door, or as
// whoever holds a setup link (experience.md, J16).
package connection

import (
	"net/http"
	"strings"
	"time"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/federation"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/pages"
	"github.com/entente-id/entente/internal/pages/site"
	"github.com/entente-id/entente/internal/seal"
	"github.com/entente-id/entente/internal/signin"
	"github.com/entente-id/entente/internal/tenant"
)

// Rooms are the rooms that these pages work with.
type Rooms struct {
	Tenants    *tenant.Directory
	SetupLinks *tenant.SetupLinks
	Upstreams  *federation.Upstreams
	People     *account.People
	Links      *account.Links
	Custody    *seal.Custody
	Source     id.Source
	// Organisation leads admins to the page.
	Organisation *site.Door
	Origin       string
}

// Handlers answer /organisation/sign-in and /organisation/setup/{token}.
type Handlers struct {
	Rooms
	site *site.Site
	key  *seal.Key
}

// home is where admins find the page.
const home = "/organisation/sign-in"

// New registers the pages, and takes the answers to test sign-ins.
func New(on *site.Site, rooms Rooms) (*Handlers, error) {
	key, err := rooms.Custody.Key("test sign-in")
	if err != nil {
		return nil, err
	}
	h := &Handlers{Rooms: rooms, site: on, key: key}
	mux := on.Mux()
	mux.HandleFunc("GET "+home, h.show)
	mux.HandleFunc("POST "+home, h.take)
	mux.HandleFunc("GET "+tenant.SetupPath+"{token}", h.show)
	mux.HandleFunc("POST "+tenant.SetupPath+"{token}", h.take)
	on.Trial = h.back
	return h, nil
}

// holder is who works on the page: an admin, or whoever holds a link.
type holder struct {
	org tenant.Tenant
	by  audit.Caller
	// person is the admin; token that of the link.
	person account.Account
	token  string
	path   string
}

// holder finds out who it is; false when it has answered. What changes
// something wants a second factor of an admin from minutes ago.
func (h *Handlers) holder(w http.ResponseWriter, r *http.Request, fresh bool) (holder, bool) {
	if token := r.PathValue("token"); token != "" {
		return h.byLink(w, r, token)
	}
	admit := h.Organisation.Admit
	if fresh {
		admit = h.Organisation.AdmitFresh
	}
	g, ok := admit(w, r)
	if !ok {
		return holder{}, false
	}
	p := holder{org: g.Home, by: g.Caller(), person: g.Person, path: home}
	if !g.Person.Holds(account.GlobalAdministrator) {
		h.refuse(w, r, p, fault.New(fault.RoleMissing, "role", "Global Administrator"))
		return p, false
	}
	return p, true
}

func (h *Handlers) byLink(w http.ResponseWriter, r *http.Request, token string) (holder, bool) {
	p := holder{token: token, path: tenant.SetupPath + token}
	link, err := h.SetupLinks.Open(r.Context(), token)
	if err == nil && link.Purpose != tenant.SetupSignIn {
		err = fault.New(fault.SetupLinkUnusable, "reason", "it is for something else")
	}
	if err == nil {
		p.by = audit.Caller{Tenant: link.By.Tenant, Home: link.By.Tenant, Account: link.By.Account, SignInName: link.By.SignInName}
		p.org, err = h.Tenants.Find(r.Context(), link.Tenant)
	}
	if err != nil {
		h.refuse(w, r, p, err)
		return p, false
	}
	return p, true
}

func (h *Handlers) refuse(w http.ResponseWriter, r *http.Request, p holder, err error) {
	h.site.RefuseVisit(w, r, err, signin.About{
		Tenant: p.org.ID, Home: p.org.ID, Account: p.person.ID, Address: p.person.SignInName, App: site.AccountApp,
		Organisation: p.org.Name, Step: "connection",
	})
}

// view is what the page shows. The stored secret is never part of it.
type view struct {
	Path, Kind, Redirect, Scopes, Said string
	Kinds                              []string
	Name, Issuer, ClientID, Pinned     string
	HasSecret, JustInTime              bool
	State                              string
	TestedAt                           time.Time
	People                             int
	Domains                            []string
	Checks                             []federation.Check
	// Links are the setup links of the organisation, New a fresh one that is
	// shown once; both for admins alone.
	Admin bool
	Links []tenant.SetupLink
	New   string
}

// kinds are the providers that the page has words for.
var kinds = []string{"entra", "google", "okta", "other"}

// issuers are what the address of a provider begins as.
var issuers = map[string]string{"entra": "https://login.microsoftonline.com/" + tenant.TenantPlaceholder + "/v2.0", "google": "https://accounts.google.com"}

func (h *Handlers) show(w http.ResponseWriter, r *http.Request) {
	p, ok := h.holder(w, r, false)
	if !ok {
		return
	}
	v := h.viewOf(p, r.URL.Query().Get("kind"))
	for _, said := range []string{"saved", "on", "off", "revoked", "linked"} {
		if r.URL.Query().Get("said") == said {
			v.Said = "connection.said." + said
		}
	}
	h.draw(w, r, p, v, nil)
}

func (h *Handlers) viewOf(p holder, kind string) view {
	v := view{Path: p.path, Kind: kind, Kinds: kinds, Redirect: h.Upstreams.RedirectURI(), Scopes: "openid profile email", JustInTime: true}
	for _, d := range p.org.Domains {
		v.Domains = append(v.Domains, d.Name)
	}
	if u := p.org.Upstream; u != nil {
		v.Name, v.Issuer, v.ClientID, v.Pinned = u.Name, u.Issuer, u.ClientID, u.PinnedTenant
		v.HasSecret, v.JustInTime, v.State, v.TestedAt = u.Secret != "", u.JustInTime, string(u.State), u.TestedAt
	} else {
		v.Name, v.Issuer = p.org.Name, issuers[kind]
	}
	return v
}

func (h *Handlers) draw(w http.ResponseWriter, r *http.Request, p holder, v view, problem *fault.Fault) {
	var err error
	if v.People, err = h.People.Count(r.Context(), p.org.ID); err == nil && p.token == "" {
		v.Admin = true
		v.Links, err = h.SetupLinks.List(r.Context(), p.org.ID)
	}
	if err != nil {
		h.refuse(w, r, p, err)
		return
	}
	f := h.frame(r, p)
	field := ""
	if problem != nil {
		f.Problem, f.ProblemFacts, field = "problem.connection", problem.Facts, "name"
		if word := problem.Facts["word"]; word != "" {
			f.Problem = word
		}
	}
	h.site.Show(w, pages.View{Frame: f, Template: "connection-page.html", Title: "connection.title", Data: v, Field: field, Again: p.path})
}

func (h *Handlers) frame(r *http.Request, p holder) pages.Frame {
	f := pages.Frame{Lang: h.site.Language(r), OrgName: p.org.Name, Action: p.path}
	if p.token == "" {
		f.Nav = []pages.NavItem{{Label: "connection.nav.organisation", Href: "/organisation"}, {Label: "connection.nav.people", Href: "/organisation/people"}, {Label: "connection.nav.here", Href: home, Current: true}}
	}
	return f
}

// take does what was pressed.
func (h *Handlers) take(w http.ResponseWriter, r *http.Request) {
	if !h.site.Form(w, r) {
		return
	}
	p, ok := h.holder(w, r, true)
	if !ok {
		return
	}
	do := r.PostForm.Get("do")
	var err error
	switch {
	case do == "save":
		err = h.save(r, p)
	case do == "check":
		v := h.viewOf(p, "")
		v.Checks = h.Upstreams.Test(r.Context(), p.org)
		h.draw(w, r, p, v, nil)
		return
	case do == "try":
		h.try(w, r, p)
		return
	case do == "on" || do == "off":
		err = h.turn(r, p, do == "on")
	case do == "hand" && p.token == "":
		h.hand(w, r, p)
		return
	case do == "revoke" && p.token == "":
		err = h.SetupLinks.Revoke(r.Context(), p.by, p.org.ID, r.PostForm.Get("link"))
	case do == "link" && p.token == "":
		err = h.link(w, r, p)
	default:
		err = fault.New(fault.PageExpired)
	}
	if f := fault.Of(err); err != nil && f.Code == fault.InputInvalid {
		h.draw(w, r, p, h.typed(r, p), f)
		return
	}
	if err != nil {
		h.refuse(w, r, p, err)
		return
	}
	words := map[string]string{"save": "saved", "on": "on", "off": "off", "revoke": "revoked", "link": "linked"}
	if do == "on" && p.token != "" {
		// The link ended with its work.
		h.site.Show(w, pages.View{Frame: h.frame(r, p), Template: "connection-done.html", Title: "connection.done.title", Narrow: true})
		return
	}
	http.Redirect(w, r, p.path+"?said="+words[do], http.StatusSeeOther)
}

// typed is the page with what was typed, so that nothing is lost.
func (h *Handlers) typed(r *http.Request, p holder) view {
	v := h.viewOf(p, "")
	if r.PostForm.Get("do") == "save" {
		form := r.PostForm
		v.Name, v.Issuer, v.ClientID, v.Pinned = form.Get("name"), form.Get("issuer"), form.Get("client"), form.Get("pinned")
		v.JustInTime = form.Has("join")
	}
	return v
}

// save keeps the settings. An empty secret keeps the one that is there.
func (h *Handlers) save(r *http.Request, p holder) error {
	form := r.PostForm
	u := tenant.Upstream{
		State: tenant.UpstreamDraft, Name: strings.TrimSpace(form.Get("name")), Issuer: strings.TrimSpace(form.Get("issuer")),
		ClientID: strings.TrimSpace(form.Get("client")), PinnedTenant: strings.TrimSpace(form.Get("pinned")),
		Scopes: []string{"profile", "email"}, SecondFactor: tenant.DefaultFactorRules(), JustInTime: form.Has("join"),
	}
	if old := p.org.Upstream; old != nil {
		u.SecondFactor = old.SecondFactor
		// A secret goes to the provider that it was entered for, and to no other.
		if old.Issuer == u.Issuer && old.ClientID == u.ClientID {
			u.Secret = old.Secret
		}
		if old.State == tenant.UpstreamActive && old.Issuer == u.Issuer {
			u.State = old.State
		}
	}
	if secret := strings.TrimSpace(form.Get("secret")); secret != "" {
		var err error
		if u.Secret, err = h.Upstreams.SealSecret(p.org.ID, secret); err != nil {
			return err
		}
	}
	return h.keep(r, p, u)
}

func (h *Handlers) keep(r *http.Request, p holder, u tenant.Upstream) error {
	if p.token != "" {
		return h.SetupLinks.SaveUpstreamBy(r.Context(), p.token, u)
	}
	return h.SetupLinks.SaveUpstream(r.Context(), p.by, p.org.ID, &u)
}

// turn switches the company's sign-in on or off. On needs a whole sign-in that
// succeeded: a mistake here locks everybody out.
func (h *Handlers) turn(r *http.Request, p holder, on bool) error {
	if p.org.Upstream == nil {
		return fault.New(fault.PageExpired)
	}
	u := *p.org.Upstream
	u.State = tenant.UpstreamOff
	if on {
		if u.TestedAt.IsZero() {
			return fault.New(fault.InputInvalid, "parameter", "test", "word", "problem.connection-untested")
		}
		u.State = tenant.UpstreamActive
	}
	return h.keep(r, p, u)
}

// hand makes a setup link: mailed, and shown this once.
func (h *Handlers) hand(w http.ResponseWriter, r *http.Request, p holder) {
	to := strings.TrimSpace(r.PostForm.Get("to"))
	if _, ok := account.DomainOf(to); to != "" && !ok {
		h.draw(w, r, p, h.viewOf(p, ""), fault.New(fault.InputInvalid, "parameter", "to", "word", "problem.address.form"))
		return
	}
	token, _, err := h.SetupLinks.Make(r.Context(), p.by, tenant.LinkAsk{
		Tenant: p.org.ID, Purpose: tenant.SetupSignIn, To: to, Language: h.site.Language(r), MakerName: p.person.Name,
	})
	if err != nil {
		h.refuse(w, r, p, err)
		return
	}
	v := h.viewOf(p, "")
	v.New = h.Origin + tenant.SetupPath + token
	h.draw(w, r, p, v, nil)
}
