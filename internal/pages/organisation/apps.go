package organisation

import (
	"net/http"
	"net/url"

	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/consent"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/pages"
	"github.com/entente-id/entente/internal/pages/site"
	"github.com/entente-id/entente/internal/tenant"
)

// appsView is what the organisation allows, and what it blocks.
type appsView struct {
	Rows    []appRow
	Blocked []blockedRow
	Next    string
	Said    string
}

type appRow struct {
	consent.App
	Application application.Application
	Permissions []pages.Line
}

type blockedRow struct {
	consent.Approval
	Name string
}

func (h *Handlers) apps(w http.ResponseWriter, r *http.Request) {
	g, ok := h.door.Admit(w, r)
	if !ok {
		return
	}
	v, err := h.appsView(r, g)
	if err != nil {
		h.refuse(w, r, g, err)
		return
	}
	waiting, err := h.waiting(r, g)
	if err != nil {
		h.refuse(w, r, g, err)
		return
	}
	h.site.Show(w, pages.View{
		Frame: h.frame(r, g, appsPath, len(waiting)), Template: "organisation-apps.html",
		Title: "organisation.apps.title", Facts: map[string]string{"org": g.Home.Name}, Again: appsPath, Data: v,
	})
}

func (h *Handlers) appsView(r *http.Request, g site.Guest) (appsView, error) {
	v := appsView{Said: said(r, "withdrawn", "unblocked")}
	list, err := h.Approvals.Apps(r.Context(), g.Caller(), id.App(r.URL.Query().Get("after")), pageSize+1)
	if err != nil {
		return v, err
	}
	if len(list) > pageSize {
		list = list[:pageSize]
		v.Next = appsPath + "?" + url.Values{"after": {string(list[pageSize-1].Client)}}.Encode()
	}
	for _, one := range list {
		row := appRow{App: one}
		if row.Application, err = h.appOf(r, one.Client); err != nil {
			return v, err
		}
		for _, at := range one.Everyone {
			resource, err := h.appOf(r, at.Resource)
			if err != nil {
				return v, err
			}
			for _, scope := range at.Scopes {
				row.Permissions = append(row.Permissions, pages.Permission{Resource: resource.Name, Name: scope}.Line())
			}
		}
		v.Rows = append(v.Rows, row)
	}
	blocked, err := h.Approvals.Blocked(r.Context(), g.Caller())
	if err != nil {
		return v, err
	}
	for _, p := range blocked {
		app, err := h.appOf(r, p.Client)
		if err != nil {
			return v, err
		}
		v.Blocked = append(v.Blocked, blockedRow{p, app.Name})
	}
	return v, nil
}

// changeApp withdraws what was allowed for everyone, or lets an app in again.
// Doing it twice changes nothing.
func (h *Handlers) changeApp(w http.ResponseWriter, r *http.Request) {
	if !h.site.Form(w, r) {
		return
	}
	g, ok := h.door.AdmitFresh(w, r)
	if !ok {
		return
	}
	app, word := id.App(r.PostForm.Get("app")), ""
	var err error
	switch r.PostForm.Get("do") {
	case "withdraw":
		word, err = "withdrawn", h.Approvals.Revoke(r.Context(), g.Caller(), app)
	case "unblock":
		word, err = "unblocked", h.Approvals.Unblock(r.Context(), g.Caller(), app)
	default:
		err = fault.New(fault.ParameterMissing, "parameter", "do")
	}
	if err != nil && (word != "unblocked" || !fault.Has(err, fault.ObjectUnknown)) {
		h.refuse(w, r, g, err)
		return
	}
	http.Redirect(w, r, appsPath+"?said="+word, http.StatusSeeOther)
}

// policyView is who may allow apps.
type policyView struct {
	Policy  string
	Choices []string
	People  int
	Said    string
}

func (h *Handlers) policy(w http.ResponseWriter, r *http.Request) {
	g, ok := h.door.Admit(w, r)
	if !ok {
		return
	}
	waiting, err := h.waiting(r, g)
	if err != nil {
		h.refuse(w, r, g, err)
		return
	}
	people, err := h.People.Count(r.Context(), g.Home.ID)
	if err != nil {
		h.refuse(w, r, g, err)
		return
	}
	h.site.Show(w, pages.View{
		Frame: h.frame(r, g, policyPath, len(waiting)), Template: "organisation-policy.html",
		Title: "organisation.policy.title", Facts: map[string]string{"org": g.Home.Name}, Again: policyPath,
		Data: policyView{
			Policy: policyWord(g.Home.Settings.UserConsent), People: people, Said: said(r, "saved"),
			Choices: []string{policyWord(tenant.ConsentAnyone), policyWord(tenant.ConsentLowRisk), policyWord(tenant.ConsentNobody)},
		},
	})
}

func (h *Handlers) changePolicy(w http.ResponseWriter, r *http.Request) {
	if !h.site.Form(w, r) {
		return
	}
	g, ok := h.door.AdmitFresh(w, r)
	if !ok {
		return
	}
	policy := tenant.ConsentPolicy(r.PostForm.Get("policy"))
	switch policy {
	case "anyone":
		policy = tenant.ConsentAnyone
	case tenant.ConsentAnyone:
		policy = "none chosen"
	}
	if err := h.Approvals.SetPolicy(r.Context(), g.Caller(), policy); err != nil {
		h.refuse(w, r, g, err)
		return
	}
	http.Redirect(w, r, policyPath+"?said=saved", http.StatusSeeOther)
}
