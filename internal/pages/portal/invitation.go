package portal

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/pages"
	"github.com/entente-id/entente/internal/programme"
	"github.com/entente-id/entente/internal/signin"
	"github.com/entente-id/entente/internal/swap"
)

// welcomePath is where a person comes back to from the sign-in that an
// invitation led to.
const welcomePath = "/portal/welcome/"

// invitation answers the link of the mail: it leads straight to the sign-in
// with the invited address, so that a mismatch shows before any password
// (journey J22). It changes nothing, because scanners follow links too.
func (h *Handlers) invitation(w http.ResponseWriter, r *http.Request) {
	token := r.PathValue("token")
	i, err := h.rooms.Programme.Open(r.Context(), token)
	if err != nil {
		h.unusable(w, r, visit{}, err)
		return
	}
	hints := url.Values{"login_hint": {i.Address}}
	if i.Language != "" {
		hints.Set("ui_locales", i.Language)
	}
	h.lead(w, r, welcomePath+url.PathEscape(token), hints)
}

// lead sends a person to the sign-in, and from there to a page of ours.
func (h *Handlers) lead(w http.ResponseWriter, r *http.Request, path string, more url.Values) {
	to := r.Clone(r.Context())
	to.Method, to.URL = http.MethodGet, &url.URL{Path: path}
	h.door.Lead(w, to, more)
}

// welcome is where an invited person lands, proved. Whoever it is meant for
// goes on at once; others see whose it is, and how to use it all the same.
func (h *Handlers) welcome(w http.ResponseWriter, r *http.Request) {
	v, ok := h.visit(w, r)
	if !ok {
		return
	}
	token := r.PathValue("token")
	switch v.standing.Place {
	case programme.InProgramme:
		http.Redirect(w, r, programme.PortalPath, http.StatusSeeOther)
	case programme.Invited, programme.Rostered:
		http.Redirect(w, r, "/portal/language?invitation="+url.QueryEscape(token), http.StatusSeeOther)
	default:
		i, err := h.rooms.Programme.Open(r.Context(), token)
		if err != nil {
			h.unusable(w, r, v, err)
			return
		}
		h.stranger(w, r, v, strangerView{Old: i.Address, Token: token})
	}
}

// unusableView is the page of a link that leads nowhere any more (M19).
type unusableView struct {
	// Reason is unknown, accepted, expired, revoked, or what became of a swap.
	Reason, Contact, Reference string
	// Undo is true for a link that takes a swap back.
	Undo bool
}

func (h *Handlers) unusable(w http.ResponseWriter, r *http.Request, v visit, err error) {
	f := fault.Of(err)
	p, other := h.rooms.Programme.Programme(r.Context())
	if f.Code != fault.InvitationUnusable || other != nil {
		h.site.RefuseVisit(w, r, errors.Join(err, other), signin.About{Step: "invitation"})
		return
	}
	v.lang, v.programme = h.site.Language(r), p
	view := unusableView{Reason: f.Facts["reason"], Contact: p.Contact, Undo: strings.HasPrefix(r.URL.Path, swap.UndoPath)}
	about := v.about()
	about.Step = "invitation"
	view.Reference = h.kept(w, r, about, f)
	h.show(w, r, v, pages.View{
		Template: "portal-unusable.html", Title: "M19.headline", Status: http.StatusNotFound, Narrow: true, Data: view,
	})
}

// noted tells the invitation of a link that this person came instead of the
// invited one, so that the owner's list can say where it is stuck.
func (h *Handlers) noted(r *http.Request, v visit, token string) error {
	if token == "" {
		return nil
	}
	_, err := h.rooms.Programme.Accept(r.Context(), v.Caller(), token)
	if fault.Has(err, fault.MembershipMissing) || fault.Has(err, fault.InvitationUnusable) {
		return nil
	}
	return err
}
