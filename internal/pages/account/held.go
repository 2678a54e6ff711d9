package account

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/entente-id/entente/internal/credential"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/pages/site"
)

type devicesView struct {
	Devices []credential.Device
	Said    string
}

func (h *Handlers) devices(w http.ResponseWriter, r *http.Request) {
	g, ok := h.door.Admit(w, r)
	if !ok {
		return
	}
	list, err := h.Safe.Devices(r.Context(), owner(g))
	if err != nil {
		h.refuse(w, r, g, err)
		return
	}
	h.page(w, h.frame(r, g, devicesPath), "devices", devicesPath, "", devicesView{Devices: list, Said: said(r)})
}

func (h *Handlers) forgetDevice(w http.ResponseWriter, r *http.Request) {
	if !h.site.Form(w, r) {
		return
	}
	g, ok := h.door.Admit(w, r)
	if !ok {
		return
	}
	if err := h.Safe.ForgetDevice(r.Context(), owner(g), id.Object(r.PostForm.Get("device"))); err != nil {
		h.refuse(w, r, g, err)
		return
	}
	done(w, r, devicesPath, "device")
}

// signOutEverywhere ends every session and every app's access that rests on
// one, from this instant.
func (h *Handlers) signOutEverywhere(w http.ResponseWriter, r *http.Request) {
	if !h.site.Form(w, r) {
		return
	}
	g, ok := h.door.Admit(w, r)
	if !ok {
		return
	}
	if err := h.Administration.EndSessions(r.Context(), g.Caller(), g.Person.ID); err != nil {
		h.refuse(w, r, g, err)
		return
	}
	// This page's session is over too, so home leads to the sign-in.
	http.Redirect(w, r, home, http.StatusSeeOther)
}

// heldApp is an app with what it may do.
type heldApp struct {
	App         id.App
	Name        string
	Permissions []heldPermission
	// ForAll: the organisation allowed it, so it is not the person's to end.
	Mine, ForAll bool
	Since        time.Time
}

type heldPermission struct{ Resource, Name string }

// held lists the apps that act for a person, by name.
func (h *Handlers) held(r *http.Request, g site.Guest) ([]heldApp, error) {
	grants, err := h.Consents.Held(r.Context(), g.Home.ID, g.Person.ID)
	if err != nil {
		return nil, err
	}
	byApp := map[id.App]*heldApp{}
	for _, grant := range grants {
		a := byApp[grant.Client]
		if a == nil {
			a = &heldApp{App: grant.Client, Name: h.nameOf(r, grant.Client), Since: grant.Given}
			byApp[grant.Client] = a
		}
		if grant.Given.Before(a.Since) && !grant.Given.IsZero() {
			a.Since = grant.Given
		}
		a.Mine, a.ForAll = a.Mine || grant.Account != "", a.ForAll || grant.Account == ""
		for _, scope := range grant.Scopes {
			p := heldPermission{Resource: h.nameOf(r, grant.Resource), Name: scope}
			if !slices.Contains(a.Permissions, p) {
				a.Permissions = append(a.Permissions, p)
			}
		}
	}
	list := make([]heldApp, 0, len(byApp))
	for _, a := range byApp {
		list = append(list, *a)
	}
	slices.SortFunc(list, func(a, b heldApp) int { return strings.Compare(a.Name+string(a.App), b.Name+string(b.App)) })
	return list, nil
}

// nameOf is an app's name; one that was removed since is called by its id.
func (h *Handlers) nameOf(r *http.Request, app id.App) string {
	found, err := h.Apps.Find(r.Context(), app)
	if err != nil {
		return string(app)
	}
	return found.Name
}

type appsView struct {
	Apps []heldApp
	Said string
}

func (h *Handlers) apps(w http.ResponseWriter, r *http.Request) {
	g, ok := h.door.Admit(w, r)
	if !ok {
		return
	}
	list, err := h.held(r, g)
	if err != nil {
		h.refuse(w, r, g, err)
		return
	}
	h.page(w, h.frame(r, g, appsPath), "apps", appsPath, "", appsView{Apps: list, Said: said(r)})
}

func (h *Handlers) withdraw(w http.ResponseWriter, r *http.Request) {
	if !h.site.Form(w, r) {
		return
	}
	g, ok := h.door.Admit(w, r)
	if !ok {
		return
	}
	app := r.PostForm.Get("app")
	if !id.IsGUID(app) {
		h.refuse(w, r, g, fault.New(fault.PageExpired))
		return
	}
	if err := h.Consents.Withdraw(r.Context(), g.Caller(), id.App(app), false); err != nil {
		h.refuse(w, r, g, err)
		return
	}
	done(w, r, appsPath, "withdrawn")
}
