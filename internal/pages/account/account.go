// Package account holds the pages on which people look after their own account
// (X4 of the wireframes), and those on which admins help their people in.
package account

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/consent"
	"github.com/entente-id/entente/internal/credential"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/message"
	"github.com/entente-id/entente/internal/pages"
	"github.com/entente-id/entente/internal/pages/site"
	"github.com/entente-id/entente/internal/seal"
	"github.com/entente-id/entente/internal/signin"
	"github.com/entente-id/entente/internal/tenant"
	"net/url"
)

// Rooms are the rooms that these pages work with.
type Rooms struct {
	People *account.People
	// Administration ends a person's own sessions too.
	Administration *account.Administration
	Tenants        *tenant.Directory
	Apps           *application.Registry
	Safe           *credential.Safe
	Passkeys       *credential.Passkeys
	Consents       *consent.Ledger
	Links          *account.Links
	Outbox         *message.Outbox
	Custody        *seal.Custody
	Source         id.Source
	// Organisation leads admins to their people.
	Organisation *site.Door
}

// Handlers answer below /account, and /organisation/people.
type Handlers struct {
	Rooms
	site *site.Site
	door *site.Door
	key  *seal.Key
}

// Addresses of the room.
const (
	home        = "/account"
	waysPath    = home + "/ways"
	devicesPath = home + "/devices"
	appsPath    = home + "/apps"
	namePath    = home + "/sign-in-name"
	peoplePath  = "/organisation/people"
)

// New registers the pages on the site.
func New(on *site.Site, rooms Rooms) (*Handlers, error) {
	key, err := rooms.Custody.Key("account pages")
	if err != nil {
		return nil, err
	}
	h := &Handlers{Rooms: rooms, site: on, key: key, door: on.Door("account", site.AccountApp, "common", "openid profile")}
	mux := on.Mux()
	mux.HandleFunc("GET "+home, h.home)
	mux.HandleFunc("POST "+home+"/profile", h.saveProfile)
	mux.HandleFunc("GET "+home+"/data", h.data)
	mux.HandleFunc("GET "+waysPath, h.ways)
	mux.HandleFunc("GET "+home+"/password", h.password)
	mux.HandleFunc("POST "+home+"/password", h.changePassword)
	mux.HandleFunc("GET "+home+"/authenticator", h.authenticator)
	mux.HandleFunc("POST "+home+"/authenticator", h.keepAuthenticator)
	mux.HandleFunc("POST "+home+"/authenticator/remove", h.removeAuthenticator)
	mux.HandleFunc("POST "+home+"/recovery-codes", h.renewCodes)
	mux.HandleFunc("GET "+home+"/passkeys/new", h.newPasskey)
	mux.HandleFunc("POST "+home+"/passkeys/new", h.addPasskey)
	mux.HandleFunc("POST "+home+"/passkeys/{passkey}", h.changePasskey)
	mux.HandleFunc("GET "+devicesPath, h.devices)
	mux.HandleFunc("POST "+devicesPath, h.forgetDevice)
	mux.HandleFunc("POST "+home+"/sign-out-everywhere", h.signOutEverywhere)
	mux.HandleFunc("GET "+appsPath, h.apps)
	mux.HandleFunc("POST "+appsPath, h.withdraw)
	mux.HandleFunc("GET "+namePath, h.name)
	mux.HandleFunc("POST "+namePath, h.changeName)
	mux.HandleFunc("GET "+peoplePath, h.people)
	mux.HandleFunc("POST "+peoplePath+"/{person}/pass", h.givePass)
	return h, nil
}

// frame is what all pages of the room share.
func (h *Handlers) frame(r *http.Request, g site.Guest, current string) pages.Frame {
	f := pages.Frame{Lang: h.site.Language(r), Action: r.URL.Path}
	if !g.Home.Personal() {
		f.OrgName = g.Home.Name
	}
	for _, item := range []pages.NavItem{
		{Label: "account.nav.home", Href: home},
		{Label: "account.nav.ways", Href: waysPath},
		{Label: "account.nav.devices", Href: devicesPath},
		{Label: "account.nav.apps", Href: appsPath},
	} {
		item.Current = item.Href == current
		f.Nav = append(f.Nav, item)
	}
	return f
}

// page draws a page of the room under its heading "account.<name>.title".
func (h *Handlers) page(w http.ResponseWriter, f pages.Frame, name, again, field string, data any) {
	h.site.Show(w, pages.View{
		Frame: f, Template: "account-" + name + ".html", Title: "account." + name + ".title", Data: data, Again: again, Field: field,
	})
}

func (h *Handlers) refuse(w http.ResponseWriter, r *http.Request, g site.Guest, err error) {
	h.site.RefuseVisit(w, r, err, signin.About{
		Tenant: g.Home.ID, Home: g.Home.ID, Account: g.Person.ID, Address: g.Person.SignInName, App: site.AccountApp,
		Organisation: g.Home.Name, Step: "account", Restart: home,
	})
}

// done leads back to a page, with a word about what was done.
func done(w http.ResponseWriter, r *http.Request, path, said string) {
	http.Redirect(w, r, path+"?said="+said, http.StatusSeeOther)
}

// saidWords are the notes that an address may name.
var saidWords = []string{"saved", "password", "factor", "factor-removed", "passkey", "passkey-renamed", "passkey-removed", "device", "withdrawn", "name"}

// said picks the note of what was just done out of the address.
func said(r *http.Request) string {
	asked := r.URL.Query().Get("said")
	for _, word := range saidWords {
		if asked == word {
			return "account.said." + word
		}
	}
	return ""
}

func owner(g site.Guest) credential.Owner {
	return credential.Owner{Tenant: g.Home.ID, Account: g.Person.ID}
}

// recent admits a person who proved themselves just now: with the second
// factor where they have one (row R133), else with what they have. False: it
// has answered.
func (h *Handlers) recent(w http.ResponseWriter, r *http.Request) (site.Guest, bool) {
	g, ok := h.door.Admit(w, r)
	if !ok {
		return g, false
	}
	ways, err := h.Safe.Ways(r.Context(), owner(g))
	switch {
	case err != nil:
		h.refuse(w, r, g, err)
		return g, false
	case ways.Second():
		return h.door.AdmitFresh(w, r)
	case h.Source.Now().Sub(g.AuthAt) < site.FreshFor:
		return g, true
	}
	h.door.Lead(w, r, url.Values{"prompt": {"login"}, "login_hint": {g.Person.SignInName}})
	return g, false
}

// homeView is the first page.
type homeView struct {
	Name, SignInName, Language, Said string
	Personal                         bool
	OrgName                          string
	Ways                             credential.Ways
	Devices, Apps                    int
	Languages                        []string
	Created                          time.Time
}

func (h *Handlers) home(w http.ResponseWriter, r *http.Request) {
	if g, ok := h.door.Admit(w, r); ok {
		h.drawHome(w, r, g, g.Person.Name, nil)
	}
}

func (h *Handlers) drawHome(w http.ResponseWriter, r *http.Request, g site.Guest, name string, problem *fault.Fault) {
	ctx := r.Context()
	v := homeView{
		Name: name, SignInName: g.Person.SignInName, Language: g.Person.Language, Said: said(r), Personal: g.Home.Personal(),
		OrgName: g.Home.Name, Languages: languages, Created: g.Person.Created,
	}
	var err error
	if v.Ways, err = h.Safe.Ways(ctx, owner(g)); err != nil {
		h.refuse(w, r, g, err)
		return
	}
	devices, err := h.Safe.Devices(ctx, owner(g))
	if err != nil {
		h.refuse(w, r, g, err)
		return
	}
	list, err := h.held(r, g)
	if err != nil {
		h.refuse(w, r, g, err)
		return
	}
	v.Devices, v.Apps = len(devices), len(list)
	f, field := h.frame(r, g, home), ""
	if problem != nil {
		f.Problem, field = "problem.name", "name"
	}
	h.page(w, f, "home", home, field, v)
}

// languages are those that an account can be kept in.
var languages = []string{"en", "fi", "sv"}

// saveProfile keeps a name and a language. The name of a work account is its
// organisation's to give.
func (h *Handlers) saveProfile(w http.ResponseWriter, r *http.Request) {
	if !h.site.Form(w, r) {
		return
	}
	g, ok := h.door.Admit(w, r)
	if !ok {
		return
	}
	name := strings.TrimSpace(r.PostForm.Get("name"))
	if g.Home.Personal() && (name == "" || utf8.RuneCountInString(name) > 100 || !utf8.ValidString(name)) {
		h.drawHome(w, r, g, name, fault.New(fault.InputInvalid, "parameter", "name"))
		return
	}
	language := r.PostForm.Get("language")
	known := slices.Contains(languages, language)
	err := h.People.Amend(r.Context(), g.Home.ID, g.Person.ID, func(a *account.Account) error {
		if g.Home.Personal() {
			a.Name = name
		}
		if known {
			a.Language = language
		}
		return nil
	}, credential.Event(h.Source, g.Caller(), "account.change-own", string(g.Person.ID)))
	if err != nil {
		h.refuse(w, r, g, err)
		return
	}
	if known {
		h.site.SetLanguage(w, language)
	}
	done(w, r, home, "saved")
}

// export is all that is stored about a person, in the words of the directory.
type export struct {
	At           time.Time         `json:"exportedAt"`
	Organisation string            `json:"organisation"`
	Account      account.Account   `json:"account"`
	Ways         credential.Ways   `json:"signInWays"`
	Passkeys     []exportedPasskey `json:"passkeys"`
	Devices      []exportedDevice  `json:"devices"`
	Apps         []consent.Grant   `json:"apps"`
	Links        []account.Link    `json:"companySignIns"`
}

type exportedPasskey struct {
	Name          string `json:"name"`
	Synced        bool   `json:"synced"`
	Created, Used time.Time
}

type exportedDevice struct {
	Browser     string `json:"browser"`
	Since, Used time.Time
}

// data gives a person what is stored about them, as a file: no secrets, which
// are nobody's to read, not even theirs.
func (h *Handlers) data(w http.ResponseWriter, r *http.Request) {
	g, ok := h.recent(w, r)
	if !ok {
		return
	}
	e, err := h.gather(r, g)
	if err != nil {
		h.refuse(w, r, g, err)
		return
	}
	body, err := json.MarshalIndent(e, "", "  ")
	if err != nil {
		h.refuse(w, r, g, err)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="my-account.json"`)
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write(append(body, '\n')) // the reader has left; there is nobody to tell
}

func (h *Handlers) gather(r *http.Request, g site.Guest) (export, error) {
	ctx := r.Context()
	e := export{At: h.Source.Now(), Organisation: g.Home.Name, Account: g.Person}
	var err error
	if e.Ways, err = h.Safe.Ways(ctx, owner(g)); err != nil {
		return e, err
	}
	keys, err := h.Passkeys.List(ctx, owner(g))
	if err != nil {
		return e, err
	}
	for _, k := range keys {
		e.Passkeys = append(e.Passkeys, exportedPasskey{k.Name, k.Synced, k.Created, k.Used})
	}
	devices, err := h.Safe.Devices(ctx, owner(g))
	if err != nil {
		return e, err
	}
	for _, d := range devices {
		e.Devices = append(e.Devices, exportedDevice{d.Browser, d.Since, d.Used})
	}
	if e.Apps, err = h.Consents.Held(ctx, g.Home.ID, g.Person.ID); err != nil {
		return e, err
	}
	if e.Links, err = h.Links.List(ctx, g.Home.ID, g.Person.ID); err != nil {
		return e, fmt.Errorf("export links: %w", err)
	}
	return e, nil
}
