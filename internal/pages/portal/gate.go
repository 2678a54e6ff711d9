package portal

import (
	"net/http"
	"net/url"
	"time"

	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/pages"
	"github.com/entente-id/entente/internal/programme"
	"github.com/entente-id/entente/internal/swap"
)

// gate lets members through who have accepted the terms. Everybody else is
// shown where they stand and what brings them on; it has answered when it
// gives false.
func (h *Handlers) gate(w http.ResponseWriter, r *http.Request, v visit) bool {
	if r.Method != http.MethodGet && v.standing.Place != programme.InProgramme {
		http.Redirect(w, r, programme.PortalPath, http.StatusSeeOther)
		return false
	}
	switch v.standing.Place {
	case programme.InProgramme:
		return h.agreed(w, r, v)
	case programme.Invited, programme.Rostered:
		http.Redirect(w, r, "/portal/language", http.StatusSeeOther)
	case programme.Requested:
		h.waiting(w, r, v)
	case programme.Candidate:
		h.candidate(w, r, v)
	default:
		h.stranger(w, r, v, strangerView{})
	}
	return false
}

// agreed asks for the terms: in a language of the person's choice the first
// time, at once when there is a new version.
func (h *Handlers) agreed(w http.ResponseWriter, r *http.Request, v visit) bool {
	err := h.rooms.Programme.TermsDue(r.Context(), v.Home.ID, v.Person.ID)
	switch {
	case err == nil:
		return true
	case !fault.Has(err, fault.TermsPending):
		h.refuse(w, r, v, err)
		return false
	}
	to := "/portal/terms"
	_, err = h.rooms.Programme.Accepted(r.Context(), v.Home.ID, v.Person.ID)
	switch {
	case fault.Has(err, fault.ObjectUnknown):
		to = "/portal/language"
	case err != nil:
		h.refuse(w, r, v, err)
		return false
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
	return false
}

// strangerView is M17: the account works, the portal does not know it yet.
type strangerView struct {
	Address, Organisation, Owner string
	// Old is the address of the invitation whose link was followed, empty for
	// none, and Token that link's.
	Old, Token string
	Reason     string
	Reference  string
	// Waits is since when a wish to use another sign-in name waits for the
	// owner, zero for none.
	Waits time.Time
}

func (h *Handlers) stranger(w http.ResponseWriter, r *http.Request, v visit, view strangerView) {
	h.drawStranger(w, r, v, view, nil)
}

func (h *Handlers) drawStranger(w http.ResponseWriter, r *http.Request, v visit, view strangerView, problem error) {
	if v.Home.ID == v.programme.Owner {
		if _, err := h.rooms.Programme.Staff(r.Context(), v.Caller()); err == nil {
			http.Redirect(w, r, "/programme", http.StatusSeeOther)
			return
		}
	}
	owner, err := h.rooms.Tenants.Find(r.Context(), v.programme.Owner)
	if err != nil {
		h.refuse(w, r, v, err)
		return
	}
	view.Address, view.Organisation, view.Owner = v.Person.SignInName, v.Home.Name, owner.Name
	wish, err := h.rooms.Swaps.Mine(r.Context(), v.Caller())
	if err != nil && !fault.Has(err, fault.ObjectUnknown) {
		h.refuse(w, r, v, err)
		return
	}
	if wish.State == swap.Waiting {
		view.Waits = wish.At
	}
	page := pages.View{Template: "portal-stranger.html", Title: "M17.headline", Narrow: true}
	page.Again = programme.PortalPath
	if view.Token != "" {
		page.Again = welcomePath + url.PathEscape(view.Token)
	}
	if problem != nil {
		if !h.mistake(w, r, v, problem, &page) {
			return
		}
	} else {
		view.Reference = h.kept(w, r, v.about(), fault.Of(programme.Standing{Place: programme.Stranger, Organisation: v.Home.Name}.Refusal()))
	}
	page.Data = view
	h.show(w, r, v, page)
}

// candidate is M20: the organisation is known, the person is new here.
func (h *Handlers) candidate(w http.ResponseWriter, r *http.Request, v visit) {
	reference := h.kept(w, r, v.about(), fault.Of(v.standing.Refusal()))
	h.show(w, r, v, pages.View{
		Template: "portal-candidate.html", Title: "M20.headline", Narrow: true,
		Data: strangerView{Address: v.Person.SignInName, Organisation: v.Home.Name, Reference: reference},
	})
}

// waitingView is what somebody sees whose request waits.
type waitingView struct {
	Address, Owner, Reason string
	At                     time.Time
}

func (h *Handlers) waiting(w http.ResponseWriter, r *http.Request, v visit) {
	owner, err := h.rooms.Tenants.Find(r.Context(), v.programme.Owner)
	if err != nil {
		h.refuse(w, r, v, err)
		return
	}
	q := v.standing.Request
	h.show(w, r, v, pages.View{
		Template: "portal-waiting.html", Title: "portal.waiting.title", Narrow: true, Facts: map[string]string{"org": owner.Name},
		Data: waitingView{Address: q.Address, Owner: owner.Name, Reason: q.Reason, At: q.At},
	})
}

// ask shows the request for access by itself, for those who come from a dead
// link or have never used another account.
func (h *Handlers) ask(w http.ResponseWriter, r *http.Request) {
	v, ok := h.visit(w, r)
	if !ok {
		return
	}
	if p := v.standing.Place; p != programme.Stranger && p != programme.Candidate {
		http.Redirect(w, r, programme.PortalPath, http.StatusSeeOther)
		return
	}
	h.stranger(w, r, v, strangerView{})
}

func (h *Handlers) sendAsk(w http.ResponseWriter, r *http.Request) {
	if !h.site.Form(w, r) {
		return
	}
	v, ok := h.visit(w, r)
	if !ok {
		return
	}
	token := r.PostForm.Get("invitation")
	err := h.noted(r, v, token)
	if err == nil && v.standing.Place != programme.InProgramme {
		_, err = h.rooms.Programme.Ask(r.Context(), v.Caller(), r.PostForm.Get("reason"))
	}
	if err != nil {
		h.drawStranger(w, r, v, strangerView{Reason: r.PostForm.Get("reason"), Token: token}, err)
		return
	}
	http.Redirect(w, r, programme.PortalPath, http.StatusSeeOther)
}

// another leaves the door and lets the person choose an account.
func (h *Handlers) another(w http.ResponseWriter, r *http.Request) {
	if !h.site.Form(w, r) {
		return
	}
	h.door.Leave(w)
	h.lead(w, r, programme.PortalPath, url.Values{"prompt": {"select_account"}})
}
