package portal

import (
	"net/http"
	"net/url"
	"time"

	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/pages"
	"github.com/entente-id/entente/internal/swap"
)

// changeView is the page on which somebody names an earlier address: of their
// invitation (a swap), or of their earlier account (a merge).
type changeView struct {
	Kind           swap.Kind
	Address, Mine  string
	Contact, Owner string
}

func (h *Handlers) swap(w http.ResponseWriter, r *http.Request) {
	h.change(w, r, swap.AddressSwap)
}

func (h *Handlers) merge(w http.ResponseWriter, r *http.Request) {
	h.change(w, r, swap.AccountMerge)
}

func (h *Handlers) change(w http.ResponseWriter, r *http.Request, kind swap.Kind) {
	if v, ok := h.visit(w, r); ok {
		h.drawChange(w, r, v, kind, r.URL.Query().Get("address"), nil)
	}
}

func (h *Handlers) drawChange(w http.ResponseWriter, r *http.Request, v visit, kind swap.Kind, address string, problem error) {
	page := pages.View{
		Template: "portal-change.html", Title: "portal." + string(kind) + ".title", Narrow: true, Again: "/portal/" + string(kind),
		Data: changeView{Kind: kind, Address: address, Mine: v.Person.SignInName, Contact: v.programme.Contact},
	}
	page.Action = page.Again
	if problem == nil || h.mistake(w, r, v, problem, &page) {
		h.show(w, r, v, page)
	}
}

func (h *Handlers) beginSwap(w http.ResponseWriter, r *http.Request) {
	h.begin(w, r, swap.AddressSwap)
}

func (h *Handlers) beginMerge(w http.ResponseWriter, r *http.Request) {
	h.begin(w, r, swap.AccountMerge)
}

func (h *Handlers) begin(w http.ResponseWriter, r *http.Request, kind swap.Kind) {
	if !h.site.Form(w, r) {
		return
	}
	v, ok := h.visit(w, r)
	if !ok {
		return
	}
	ctx, by, address := r.Context(), v.Caller(), r.PostForm.Get("address")
	err := h.noted(r, v, r.PostForm.Get("invitation"))
	switch {
	case err != nil:
	case kind == swap.AddressSwap:
		_, err = h.rooms.Swaps.Begin(ctx, by, address)
	case r.PostForm.Get("do") == "unreadable":
		_, err = h.rooms.Swaps.AskMerge(ctx, by, address)
	default:
		_, err = h.rooms.Swaps.BeginMerge(ctx, by, address)
	}
	if err != nil {
		h.drawChange(w, r, v, kind, address, err)
		return
	}
	http.Redirect(w, r, "/portal/code", http.StatusSeeOther)
}

// codeView is how far a person's swap or merge has come.
type codeView struct {
	swap.Status
	Mine, Contact string
	// Begun asks for the code; Moved says that all is done.
	Begun, Moved bool
}

// code shows the status of the newest swap or merge, and asks for its code
// while one is out.
func (h *Handlers) code(w http.ResponseWriter, r *http.Request) {
	if v, ok := h.visit(w, r); ok {
		h.drawCode(w, r, v, nil)
	}
}

func (h *Handlers) drawCode(w http.ResponseWriter, r *http.Request, v visit, problem error) {
	s, err := h.rooms.Swaps.Mine(r.Context(), v.Caller())
	if fault.Has(err, fault.ObjectUnknown) {
		http.Redirect(w, r, "/portal/swap", http.StatusSeeOther)
		return
	}
	if err != nil {
		h.refuse(w, r, v, err)
		return
	}
	page := pages.View{
		Template: "portal-code.html", Title: "portal.code." + string(s.State), Narrow: true, Again: "/portal/code",
		Data: codeView{
			Status: s, Mine: v.Person.SignInName, Contact: v.programme.Contact,
			Begun: s.State == swap.Begun, Moved: s.State == swap.Done,
		},
	}
	if problem == nil || h.mistake(w, r, v, problem, &page) {
		h.show(w, r, v, page)
	}
}

func (h *Handlers) confirmCode(w http.ResponseWriter, r *http.Request) {
	if !h.site.Form(w, r) {
		return
	}
	v, ok := h.visit(w, r)
	if !ok {
		return
	}
	if _, err := h.rooms.Swaps.Confirm(r.Context(), v.Caller(), r.PostForm.Get("swap"), r.PostForm.Get("code")); err != nil {
		h.drawCode(w, r, v, err)
		return
	}
	http.Redirect(w, r, "/portal/code", http.StatusSeeOther)
}

// undoView is the page of the link that an old mailbox was sent.
type undoView struct {
	Address string
	Token   string
	At      time.Time
	Done    bool
}

// undo shows what can be taken back. It takes no sign-in: the old mailbox is
// the proof, and its owner may have no account here.
func (h *Handlers) undo(w http.ResponseWriter, r *http.Request) {
	token := r.PathValue("token")
	if said(r, "undone") != "" {
		h.drawUndo(w, r, "portal.undo.done", undoView{Done: true})
		return
	}
	s, err := h.rooms.Swaps.OpenUndo(r.Context(), token)
	if err != nil {
		h.unusable(w, r, visit{}, err)
		return
	}
	h.drawUndo(w, r, "portal.undo.title", undoView{Address: s.Address, Token: token, At: s.At})
}

func (h *Handlers) drawUndo(w http.ResponseWriter, r *http.Request, title string, view undoView) {
	p, err := h.rooms.Programme.Programme(r.Context())
	if err != nil {
		h.refuse(w, r, visit{}, err)
		return
	}
	h.show(w, r, visit{lang: h.site.Language(r), programme: p}, pages.View{
		Template: "portal-undo.html", Title: title, Narrow: true, Data: view,
	})
}

func (h *Handlers) takeBack(w http.ResponseWriter, r *http.Request) {
	if !h.site.Form(w, r) {
		return
	}
	if err := h.rooms.Swaps.Undo(r.Context(), r.PathValue("token")); err != nil {
		h.unusable(w, r, visit{}, err)
		return
	}
	http.Redirect(w, r, swap.UndoPath+url.PathEscape(r.PathValue("token"))+"?said=undone", http.StatusSeeOther)
}
