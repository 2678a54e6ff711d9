package portal

import (
	"net/http"

	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/pages"
	"github.com/entente-id/entente/internal/programme"
)

// requestsView is the owner's queue. Of a decision with a mistake, About names
// the row, and Reason keeps what was typed.
type requestsView struct {
	queue
	About, Reason string
	Said          string
}

func (h *Handlers) requests(w http.ResponseWriter, r *http.Request) {
	if v, ok := h.staff(w, r); ok {
		h.drawRequests(w, r, v, requestsView{Said: said(r, "admitted", "refused", "decided")}, nil)
	}
}

func (h *Handlers) drawRequests(w http.ResponseWriter, r *http.Request, v visit, view requestsView, problem error) {
	var err error
	if view.queue, err = h.queue(r.Context(), v); err != nil {
		h.refuse(w, r, v, err)
		return
	}
	h.display(w, r, v, pages.View{
		Template: "programme-requests.html", Title: "programme.requests.title", Data: view, Again: programme.RequestsPath,
	}, problem)
}

// decided answers a decision: back to the queue, or the queue with what was
// wrong.
func (h *Handlers) decided(w http.ResponseWriter, r *http.Request, v visit, about, done string, err error) {
	if err != nil {
		h.drawRequests(w, r, v, requestsView{About: about, Reason: r.PostForm.Get("reason")}, err)
		return
	}
	http.Redirect(w, r, programme.RequestsPath+"?said="+done, http.StatusSeeOther)
}

func (h *Handlers) decideAccess(w http.ResponseWriter, r *http.Request) {
	v, ok := h.staffForm(w, r)
	if !ok {
		return
	}
	request := r.PostForm.Get("request")
	if r.PostForm.Get("do") == "approve" {
		role := programme.Role(r.PostForm.Get("role"))
		h.decided(w, r, v, request, "admitted", h.rooms.Programme.Admit(r.Context(), v.Caller(), request, role))
		return
	}
	h.decided(w, r, v, request, "refused", h.rooms.Programme.Refuse(r.Context(), v.Caller(), request, r.PostForm.Get("reason")))
}

func (h *Handlers) decideRoster(w http.ResponseWriter, r *http.Request) {
	v, ok := h.staffForm(w, r)
	if !ok {
		return
	}
	t := id.Tenant(r.PostForm.Get("tenant"))
	decide := h.rooms.Programme.RefuseRoster
	if r.PostForm.Get("do") == "approve" {
		decide = h.rooms.Programme.ApproveRoster
	}
	h.decided(w, r, v, string(t), "decided", decide(r.Context(), v.Caller(), t))
}

func (h *Handlers) decideSwap(w http.ResponseWriter, r *http.Request) {
	v, ok := h.staffForm(w, r)
	if !ok {
		return
	}
	swap := r.PostForm.Get("swap")
	err := h.rooms.Swaps.Decide(r.Context(), v.Caller(), swap, r.PostForm.Get("do") == "approve", r.PostForm.Get("reason"))
	h.decided(w, r, v, swap, "decided", err)
}
