package organisation

import (
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/consent"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/pages"
	"github.com/entente-id/entente/internal/pages/site"
)

// listView is a list of requests.
type listView struct {
	// State is the filter: waiting or all.
	State string
	Rows  []listRow
	// Next is the address of the next page, empty on the last one.
	Next string
}

type listRow struct {
	consent.Approval
	App  string
	Href string
}

func (h *Handlers) approvals(w http.ResponseWriter, r *http.Request) {
	g, ok := h.door.Admit(w, r)
	if !ok {
		return
	}
	waiting, err := h.waiting(r, g)
	if err != nil {
		h.refuse(w, r, g, err)
		return
	}
	state, filter := "waiting", consent.Waiting
	if r.URL.Query().Get("state") == "all" {
		state, filter = "all", ""
	}
	list, err := h.Approvals.List(r.Context(), g.Caller(), filter, r.URL.Query().Get("after"), pageSize+1)
	if err != nil {
		h.refuse(w, r, g, err)
		return
	}
	v := listView{State: state}
	if len(list) > pageSize {
		list = list[:pageSize]
		v.Next = approvalsPath + "?" + url.Values{"state": {state}, "after": {list[pageSize-1].ID}}.Encode()
	}
	for _, p := range list {
		app, err := h.appOf(r, p.Client)
		if err != nil {
			h.refuse(w, r, g, err)
			return
		}
		v.Rows = append(v.Rows, listRow{Approval: h.aged(p), App: app.Name, Href: approvalsPath + "/" + p.ID})
	}
	h.site.Show(w, pages.View{
		Frame: h.frame(r, g, approvalsPath, len(waiting)), Template: "organisation-approvals.html",
		Title: "organisation.approvals.title", Again: approvalsPath, Data: v,
	})
}

// aged is a request as its age has made it, also where nobody has written that
// down yet.
func (h *Handlers) aged(p consent.Approval) consent.Approval {
	if p.State == consent.Waiting && !h.Now().Before(p.Expires) {
		p.State = consent.Expired
	}
	return p
}

// approvalView is the reviewer's page (W6).
type approvalView struct {
	consent.Approval
	App         application.Application
	Permissions []permissionRow
	// People is how many could use it, Days how long it waits.
	People, Days int
	// Decider is who decided, in the reader's words.
	Decider string
	Reason  string
	Said    string
	Command string
}

// permissionRow is one permission as reviewers weigh it.
type permissionRow struct {
	pages.Line
	// Risk is low, some or high.
	Risk string
}

func (h *Handlers) approval(w http.ResponseWriter, r *http.Request) {
	g, ok := h.door.Admit(w, r)
	if !ok {
		return
	}
	p, err := h.Approvals.Find(r.Context(), g.Caller(), r.PathValue("approval"))
	if err != nil {
		h.refuse(w, r, g, err)
		return
	}
	// Asked for before the buttons are shown, so that nothing has to be typed
	// twice.
	if p = h.aged(p); p.State == consent.Waiting {
		if g, ok = h.door.AdmitFresh(w, r); !ok {
			return
		}
	}
	h.showApproval(w, r, g, p, pages.Frame{}, "")
}

// showApproval draws the page, with what was wrong about the last answer.
func (h *Handlers) showApproval(w http.ResponseWriter, r *http.Request, g site.Guest, p consent.Approval, problem pages.Frame, reason string) {
	v, err := h.view(r, g, p)
	if err != nil {
		h.refuse(w, r, g, err)
		return
	}
	v.Reason = reason
	waiting, err := h.waiting(r, g)
	if err != nil {
		h.refuse(w, r, g, err)
		return
	}
	f := h.frame(r, g, approvalsPath, len(waiting))
	f.AppName, f.Problem, f.ProblemFacts = v.App.Name, problem.Problem, problem.ProblemFacts
	view := pages.View{
		Frame: f, Template: "organisation-approval.html", Title: "organisation.approval.title",
		Facts: map[string]string{"app": v.App.Name}, Again: r.URL.Path, Data: v,
	}
	if problem.Problem == "organisation.problem.reason" {
		view.Field = "reason"
	}
	h.site.Show(w, view)
}

func (h *Handlers) view(r *http.Request, g site.Guest, p consent.Approval) (approvalView, error) {
	v := approvalView{
		Approval: p, Said: said(r, "approved", "people", "denied", "blocked", "faster"),
		Days: int((p.Expires.Sub(h.Now()) + 24*time.Hour - 1) / (24 * time.Hour)), Command: "entente approvals approve " + p.ID + " --everyone",
	}
	var err error
	if v.App, err = h.appOf(r, p.Client); err != nil {
		return v, err
	}
	if v.People, err = h.People.Count(r.Context(), g.Home.ID); err != nil {
		return v, err
	}
	if v.Permissions, err = h.permissions(r, p); err != nil {
		return v, err
	}
	v.Decider = p.Decided.By
	if p.Decided.Account != "" {
		if person, err := h.People.Find(r.Context(), g.Home.ID, p.Decided.Account); err == nil && person.Name != "" {
			v.Decider = person.Name
		}
	}
	return v, nil
}

// permissions tells what is asked, the weightiest first.
func (h *Handlers) permissions(r *http.Request, p consent.Approval) ([]permissionRow, error) {
	var rows []permissionRow
	for _, at := range p.Permissions {
		resource, err := h.appOf(r, at.Resource)
		if err != nil {
			return nil, err
		}
		for _, scope := range at.Scopes {
			row := permissionRow{Line: pages.Permission{Resource: resource.Name, Name: scope}.Line()}
			row.Risk = risk(at.Resource, row.Line)
			rows = append(rows, row)
		}
	}
	weights := []string{"high", "some", "low"}
	slices.SortStableFunc(rows, func(a, b permissionRow) int {
		return slices.Index(weights, a.Risk) - slices.Index(weights, b.Risk)
	})
	return rows, nil
}

// risk weighs a permission as the organisation's policy and the consent page
// do.
func risk(resource id.App, line pages.Line) string {
	switch {
	case consent.LowRisk(resource, line.Name):
		return "low"
	case line.Risky:
		return "high"
	}
	return "some"
}
