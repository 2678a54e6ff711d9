package account

import (
	"net/http"

	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/pages/site"
)

func (h *Handlers) newPasskey(w http.ResponseWriter, r *http.Request) {
	if g, ok := h.mayAdd(w, r); ok {
		h.drawNewPasskey(w, r, g, "")
	}
}

func (h *Handlers) drawNewPasskey(w http.ResponseWriter, r *http.Request, g site.Guest, problem string) {
	f := h.frame(r, g, waysPath)
	f.Problem = problem
	var err error
	if f.Passkey, err = h.Passkeys.ToAdd(r.Context(), g.Person, h.site.Browser(w, r).ID); err != nil {
		h.refuse(w, r, g, err)
		return
	}
	h.page(w, f, "passkey", "", "passkey", nil)
}

// addPasskey keeps what the browser made.
func (h *Handlers) addPasskey(w http.ResponseWriter, r *http.Request) {
	if !h.site.Form(w, r) {
		return
	}
	g, ok := h.mayAdd(w, r)
	if !ok {
		return
	}
	browser := h.site.Browser(w, r)
	_, err := h.Passkeys.Add(r.Context(), g.Caller(), g.Person, browser.ID, browser.Family, r.PostForm.Get("passkey"))
	switch {
	case fault.Has(err, fault.SecondFactorWrong):
		h.drawNewPasskey(w, r, g, "problem.passkey.late")
	case fault.Has(err, fault.InputInvalid):
		h.drawNewPasskey(w, r, g, "problem.passkey")
	case err != nil:
		h.refuse(w, r, g, err)
	default:
		done(w, r, waysPath, "passkey")
	}
}

// changePasskey renames a passkey or removes it.
func (h *Handlers) changePasskey(w http.ResponseWriter, r *http.Request) {
	if !h.site.Form(w, r) {
		return
	}
	passkey := id.Object(r.PathValue("passkey"))
	if r.PostForm.Get("do") == "remove" {
		h.removePasskey(w, r, passkey)
		return
	}
	g, ok := h.door.Admit(w, r)
	if !ok {
		return
	}
	err := h.Passkeys.Rename(r.Context(), g.Caller(), owner(g), passkey, r.PostForm.Get("name"))
	switch {
	case fault.Has(err, fault.InputInvalid):
		h.drawWays(w, r, g, fault.Of(err))
	case err != nil:
		h.refuse(w, r, g, err)
	default:
		done(w, r, waysPath, "passkey-renamed")
	}
}

// removePasskey forgets a passkey; one that is gone already is gone.
func (h *Handlers) removePasskey(w http.ResponseWriter, r *http.Request, passkey id.Object) {
	g, ok := h.recent(w, r)
	if !ok {
		return
	}
	err := h.Passkeys.Remove(r.Context(), g.Caller(), g.Person, passkey)
	if err != nil && !fault.Has(err, fault.ObjectUnknown) {
		h.refuse(w, r, g, err)
		return
	}
	done(w, r, waysPath, "passkey-removed")
}
