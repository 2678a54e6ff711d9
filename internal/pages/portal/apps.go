package portal

import (
	"net/http"

	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/pages"
)

// keeper admits members who may register applications for their organisation.
func (h *Handlers) keeper(w http.ResponseWriter, r *http.Request) (visit, bool) {
	v, ok := h.member(w, r)
	if !ok {
		return v, false
	}
	if !v.Person.MayConsentForAll() {
		h.refuse(w, r, v, fault.New(fault.RoleMissing, "role", "Application Administrator"))
		return v, false
	}
	return v, true
}

// freshKeeper also wants a second factor of the last minutes: a credential that
// is added or lost works for a year, long after the session is over.
func (h *Handlers) freshKeeper(w http.ResponseWriter, r *http.Request) (visit, bool) {
	v, ok := h.keeper(w, r)
	if ok {
		_, ok = h.door.AdmitFresh(w, r)
	}
	return v, ok
}

// appsView lists the organisation's applications.
type appsView struct {
	Apps         []application.Owned
	Organisation id.Tenant
	Said         string
}

func (h *Handlers) apps(w http.ResponseWriter, r *http.Request) {
	v, ok := h.keeper(w, r)
	if !ok {
		return
	}
	owned, err := h.rooms.Apps.Owned(r.Context(), v.Home.ID)
	if err != nil {
		h.refuse(w, r, v, err)
		return
	}
	h.show(w, r, v, pages.View{
		Template: "portal-apps.html", Title: "portal.apps.title",
		Data: appsView{Apps: owned, Organisation: v.Home.ID, Said: said(r, "deleted")},
	})
}

// newAppView is the form "add web app".
type newAppView struct{ Name, Redirect, Audience string }

func (h *Handlers) newApp(w http.ResponseWriter, r *http.Request) {
	if v, ok := h.keeper(w, r); ok {
		h.drawNewApp(w, r, v, newAppView{Audience: string(application.AnyTenant)}, nil)
	}
}

func (h *Handlers) drawNewApp(w http.ResponseWriter, r *http.Request, v visit, view newAppView, problem error) {
	page := pages.View{Template: "portal-newapp.html", Title: "portal.newapp.title", Data: view, Again: "/portal/apps/new"}
	if problem == nil || h.mistake(w, r, v, problem, &page) {
		h.show(w, r, v, page)
	}
}

func (h *Handlers) registerApp(w http.ResponseWriter, r *http.Request) {
	if !h.site.Form(w, r) {
		return
	}
	v, ok := h.keeper(w, r)
	if !ok {
		return
	}
	view := newAppView{Name: r.PostForm.Get("name"), Redirect: r.PostForm.Get("redirect"), Audience: r.PostForm.Get("audience")}
	a, err := h.rooms.Apps.Register(r.Context(), v.Caller(), application.Draft{
		Name: view.Name, Redirect: view.Redirect, Audience: application.Audience(view.Audience),
	})
	if err != nil {
		h.drawNewApp(w, r, v, view, err)
		return
	}
	http.Redirect(w, r, "/portal/apps/"+string(a.App)+"?said=registered", http.StatusSeeOther)
}

// appView is one application: its ids, where they go, and what it proves
// itself with.
type appView struct {
	application.Owned
	Authority, Organisation string
	// Host is the authority without the organisation.
	Host string
	// Secret is a secret that was made just now; it is shown this once.
	Secret           string
	Certificate      string
	Trust            trustView
	SecretName, Said string
}

// trustView is the form "trust a build server".
type trustView struct{ Name, Issuer, Subject, Audience string }

// app shows one of the organisation's applications.
func (h *Handlers) app(w http.ResponseWriter, r *http.Request) {
	if v, ok := h.keeper(w, r); ok {
		h.drawApp(w, r, v, appView{Said: said(r, "registered", "certified", "trusted", "gone")}, nil)
	}
}

func (h *Handlers) drawApp(w http.ResponseWriter, r *http.Request, v visit, view appView, problem error) {
	owned, ok := h.owned(w, r, v)
	if !ok {
		return
	}
	view.Owned, view.Authority, view.Organisation = owned, h.rooms.Origin+"/"+string(v.Home.ID), string(v.Home.ID)
	view.Host = h.rooms.Origin
	if view.Trust == (trustView{}) {
		view.Trust.Audience = application.TokenExchange
	}
	page := pages.View{
		Template: "portal-app.html", Title: "portal.app.title", Facts: map[string]string{"app": owned.Application.Name}, Data: view,
		Again: "/portal/apps/" + string(owned.Application.App),
	}
	if problem == nil || h.mistake(w, r, v, problem, &page) {
		h.show(w, r, v, page)
	}
}

// owned finds the application of the address among the organisation's own.
func (h *Handlers) owned(w http.ResponseWriter, r *http.Request, v visit) (application.Owned, bool) {
	owned, err := h.rooms.Apps.OwnedBy(r.Context(), v.Home.ID, id.App(r.PathValue("app")))
	if fault.Has(err, fault.AppUnknown) {
		err = fault.New(fault.PageUnknown, "path", "/portal/apps").Because(err)
	}
	if err != nil {
		h.refuse(w, r, v, err)
	}
	return owned, err == nil
}

func (h *Handlers) addCertificate(w http.ResponseWriter, r *http.Request) {
	if !h.site.Form(w, r) {
		return
	}
	v, ok := h.freshKeeper(w, r)
	if !ok {
		return
	}
	app, text := id.App(r.PathValue("app")), r.PostForm.Get("certificate")
	if _, err := h.rooms.Apps.AddCertificate(r.Context(), v.Caller(), app, text); err != nil {
		h.drawApp(w, r, v, appView{Certificate: text}, err)
		return
	}
	http.Redirect(w, r, "/portal/apps/"+string(app)+"?said=certified", http.StatusSeeOther)
}

// addSecret answers with the page itself and no redirect: the secret is shown
// here and nowhere else.
func (h *Handlers) addSecret(w http.ResponseWriter, r *http.Request) {
	if !h.site.Form(w, r) {
		return
	}
	v, ok := h.freshKeeper(w, r)
	if !ok {
		return
	}
	name := r.PostForm.Get("secretname")
	text, _, err := h.rooms.Apps.AddSecret(r.Context(), v.Caller(), id.App(r.PathValue("app")), name)
	if f := fault.Of(err); err != nil && f.Code == fault.InputInvalid && f.Facts["parameter"] == "name" {
		err = fault.New(fault.InputInvalid, "parameter", "secretname", "rule", f.Facts["rule"])
	}
	h.drawApp(w, r, v, appView{Secret: text, SecretName: name}, err)
}

func (h *Handlers) addFederated(w http.ResponseWriter, r *http.Request) {
	if !h.site.Form(w, r) {
		return
	}
	v, ok := h.freshKeeper(w, r)
	if !ok {
		return
	}
	app, form := id.App(r.PathValue("app")), r.PostForm
	view := trustView{Name: form.Get("trustname"), Issuer: form.Get("issuer"), Subject: form.Get("subject"), Audience: form.Get("trustaudience")}
	_, err := h.rooms.Apps.AddFederated(r.Context(), v.Caller(), app, view.Name, application.Trust{
		Issuer: view.Issuer, Subject: view.Subject, Audiences: []string{view.Audience},
	})
	if err != nil {
		h.drawApp(w, r, v, appView{Trust: view}, trustField(err))
		return
	}
	http.Redirect(w, r, "/portal/apps/"+string(app)+"?said=trusted", http.StatusSeeOther)
}

// trustField names the field of this form, where another form of the portal
// has one of the same name.
func trustField(err error) error {
	f := fault.Of(err)
	if parameter := f.Facts["parameter"]; f.Code == fault.InputInvalid && (parameter == "name" || parameter == "audience") {
		return fault.New(fault.InputInvalid, "parameter", "trust"+parameter, "rule", f.Facts["rule"])
	}
	return err
}

func (h *Handlers) removeCredential(w http.ResponseWriter, r *http.Request) {
	if !h.site.Form(w, r) {
		return
	}
	v, ok := h.freshKeeper(w, r)
	if !ok {
		return
	}
	app := id.App(r.PathValue("app"))
	if err := h.rooms.Apps.RemoveCredential(r.Context(), v.Caller(), app, id.Object(r.PathValue("key"))); err != nil {
		h.refuse(w, r, v, err)
		return
	}
	http.Redirect(w, r, "/portal/apps/"+string(app)+"?said=gone", http.StatusSeeOther)
}

func (h *Handlers) confirmDelete(w http.ResponseWriter, r *http.Request) {
	v, ok := h.keeper(w, r)
	if !ok {
		return
	}
	owned, ok := h.owned(w, r, v)
	if !ok {
		return
	}
	h.show(w, r, v, pages.View{
		Template: "portal-deleteapp.html", Title: "portal.deleteapp.title", Facts: map[string]string{"app": owned.Application.Name},
		Data: appView{Owned: owned},
	})
}

func (h *Handlers) deleteApp(w http.ResponseWriter, r *http.Request) {
	if !h.site.Form(w, r) {
		return
	}
	v, ok := h.freshKeeper(w, r)
	if !ok {
		return
	}
	if err := h.rooms.Apps.Delete(r.Context(), v.Caller(), id.App(r.PathValue("app"))); err != nil && !fault.Has(err, fault.AppUnknown) {
		h.refuse(w, r, v, err)
		return
	}
	http.Redirect(w, r, "/portal/apps?said=deleted", http.StatusSeeOther)
}
