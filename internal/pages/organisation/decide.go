package organisation

import (
	"context"
	"net/http"
	"strconv"

	"github.com/entente-id/entente/internal/consent"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/pages"
	"github.com/entente-id/entente/internal/pages/site"
)

// decision is a button of the review page: what it does, what then holds, and
// the word for it.
type decision struct {
	do       func(a *consent.Approvals, ctx context.Context, g site.Guest, approval string, seen int64, reason string) error
	state    consent.State
	everyone bool
	said     string
}

var decisions = map[string]decision{
	"everyone": {allow(true), consent.Approved, true, "approved"},
	"people":   {allow(false), consent.Approved, false, "people"},
	"deny": {func(a *consent.Approvals, ctx context.Context, g site.Guest, approval string, _ int64, reason string) error {
		return a.Deny(ctx, g.Caller(), approval, reason)
	}, consent.Denied, false, "denied"},
	"block": {func(a *consent.Approvals, ctx context.Context, g site.Guest, approval string, _ int64, reason string) error {
		return a.Block(ctx, g.Caller(), approval, reason)
	}, consent.Blocked, false, "blocked"},
}

func allow(everyone bool) func(*consent.Approvals, context.Context, site.Guest, string, int64, string) error {
	return func(a *consent.Approvals, ctx context.Context, g site.Guest, approval string, seen int64, _ string) error {
		return a.Approve(ctx, g.Caller(), approval, seen, everyone)
	}
}

// decide takes a reviewer's decision. A second press of the same button changes
// nothing and says the same; whoever was slower than somebody else is shown
// what was decided.
func (h *Handlers) decide(w http.ResponseWriter, r *http.Request) {
	if !h.site.Form(w, r) {
		return
	}
	g, ok := h.door.AdmitFresh(w, r)
	if !ok {
		return
	}
	ctx, approval := r.Context(), r.PathValue("approval")
	d, known := decisions[r.PostForm.Get("do")]
	if !known {
		h.refuse(w, r, g, fault.New(fault.ParameterMissing, "parameter", "do"))
		return
	}
	seen, err := strconv.ParseInt(r.PostForm.Get("seen"), 10, 64)
	if err != nil {
		h.refuse(w, r, g, fault.New(fault.ParameterMissing, "parameter", "seen"))
		return
	}
	reason := r.PostForm.Get("reason")
	err = d.do(h.Approvals, ctx, g, approval, seen, reason)
	if err == nil {
		h.tell(w, r, approval, d.said)
		return
	}
	if !fault.Has(err, fault.ChangedMeanwhile) && !fault.Has(err, fault.InputInvalid) {
		h.refuse(w, r, g, err)
		return
	}
	p, problem := h.Approvals.Find(ctx, g.Caller(), approval)
	if problem != nil {
		h.refuse(w, r, g, problem)
		return
	}
	p = h.aged(p)
	switch {
	case fault.Has(err, fault.InputInvalid):
		h.showApproval(w, r, g, p, pages.Frame{Problem: "organisation.problem.reason"}, reason)
	case p.State == consent.Waiting:
		h.showApproval(w, r, g, p, pages.Frame{Problem: "organisation.problem.changed"}, reason)
	case p.State == d.state && p.Decided.Everyone == d.everyone && p.Decided.Account == g.Person.ID:
		h.tell(w, r, approval, d.said)
	default:
		h.tell(w, r, approval, "faster")
	}
}

// tell leads to the page of a decided request with a note.
func (h *Handlers) tell(w http.ResponseWriter, r *http.Request, approval, word string) {
	http.Redirect(w, r, approvalsPath+"/"+approval+"?said="+word, http.StatusSeeOther)
}
