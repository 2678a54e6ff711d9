package account

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/credential"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/message"
	"github.com/entente-id/entente/internal/pages/site"
)

// nameView is the way to another sign-in name (J09).
type nameView struct {
	Now, Address string
	// Personal is false for a work account: its name is its IT's to give.
	Personal bool
	OrgName  string
	// Sent: a code is on its way to Address.
	Sent bool
}

// nameForm is the new name on its way to its person and back.
type nameForm struct {
	Address string                `json:"a"`
	Codes   []credential.MailCode `json:"c"`
}

func (h *Handlers) name(w http.ResponseWriter, r *http.Request) {
	if g, ok := h.door.Admit(w, r); ok {
		h.drawName(w, r, g, nameForm{}, "", nil)
	}
}

func (h *Handlers) drawName(w http.ResponseWriter, r *http.Request, g site.Guest, form nameForm, problem string, facts map[string]string) {
	f, field := h.frame(r, g, home), "address"
	f.Problem, f.ProblemFacts = problem, facts
	v := nameView{Now: g.Person.SignInName, Address: form.Address, Personal: g.Home.Personal(), OrgName: g.Home.Name, Sent: len(form.Codes) > 0}
	if v.Sent {
		field = "code"
		var err error
		if f.Flow, err = h.sealForm(form, "name", g); err != nil {
			h.refuse(w, r, g, err)
			return
		}
	}
	h.page(w, f, "name", "", field, v)
}

// changeName takes the new name, then the code that proves its mailbox.
func (h *Handlers) changeName(w http.ResponseWriter, r *http.Request) {
	if !h.site.Form(w, r) {
		return
	}
	g, ok := h.recent(w, r)
	if !ok {
		return
	}
	if !g.Home.Personal() {
		h.drawName(w, r, g, nameForm{}, "", nil)
		return
	}
	switch r.PostForm.Get("do") {
	case "send":
		h.sendNameCode(w, r, g, nameForm{Address: strings.TrimSpace(r.PostForm.Get("address"))})
		return
	case "another":
		http.Redirect(w, r, namePath, http.StatusSeeOther)
		return
	}
	var form nameForm
	if err := h.openForm(r.PostForm.Get("flow"), "name", g, &form); err != nil {
		h.refuse(w, r, g, err)
		return
	}
	if r.PostForm.Get("do") == "resend" {
		h.sendNameCode(w, r, g, form)
		return
	}
	h.takeNameCode(w, r, g, form)
}

// sendNameCode sends a code to the new mailbox. An address of an organisation
// is no name for a personal account: that is the mix-up this page ends.
func (h *Handlers) sendNameCode(w http.ResponseWriter, r *http.Request, g site.Guest, form nameForm) {
	domain, ok := account.DomainOf(form.Address)
	if !ok || len(form.Address) > 320 {
		h.drawName(w, r, g, nameForm{Address: form.Address}, "problem.address.form", nil)
		return
	}
	if owner, err := h.Tenants.Named(r.Context(), domain); err == nil && !owner.Personal() {
		h.drawName(w, r, g, nameForm{Address: form.Address}, "problem.account-work", map[string]string{"domain": domain})
		return
	}
	code, codes, err := h.Safe.NewMailCode(r.Context(), account.FoldName(form.Address), form.Codes)
	if f := fault.Of(err); err != nil && f.Code == fault.RequestRepeated {
		h.drawName(w, r, g, form, "problem.repeated", f.Facts)
		return
	}
	if err == nil {
		form.Codes = codes
		err = h.Outbox.Send(r.Context(), message.Message{
			Kind: message.Code, Tenant: g.Home.ID, To: form.Address, Language: g.Person.Language,
			Facts: map[string]string{"code": code, "app": h.site.Text(h.site.Language(r), "account.home.title", nil)}, Expires: h.Source.Now().Add(credential.MailCodeLife),
		})
	}
	if err != nil {
		h.refuse(w, r, g, err)
		return
	}
	h.drawName(w, r, g, form, "", nil)
}

// takeNameCode gives the account its new name. Nothing else changes; the old
// mailbox is told.
func (h *Handlers) takeNameCode(w http.ResponseWriter, r *http.Request, g site.Guest, form nameForm) {
	ctx := r.Context()
	if err := h.Safe.CheckMailCode(ctx, account.FoldName(form.Address), form.Codes, r.PostForm.Get("code")); err != nil {
		words := map[fault.Code]string{fault.MailCodeWrong: "problem.mailcode", fault.MailCodeExpired: "problem.mailcode.late", fault.TooManyTries: "problem.wait"}
		f := fault.Of(err)
		if words[f.Code] == "" {
			h.refuse(w, r, g, err)
			return
		}
		h.drawName(w, r, g, form, words[f.Code], f.Facts)
		return
	}
	old, person := g.Person, g.Person
	person.SignInName, person.Mail = form.Address, form.Address
	var letters []message.Sealed
	var err error
	if to := old.Mailbox(); to != "" {
		letters, err = h.Outbox.SealAll(message.Message{
			Kind: message.SecurityNotice, Tenant: person.Tenant, To: to, Language: person.Language, Path: home, Reference: h.Source.Reference(),
			Facts: map[string]string{"what": "name-changed", "address": person.SignInName, "old": old.SignInName},
		})
	}
	if err == nil {
		err = h.People.Rename(ctx, person, letters, credential.Event(h.Source, g.Caller(), "account.rename", string(person.ID)))
	}
	if fault.Has(err, fault.NameTaken) {
		h.drawName(w, r, g, nameForm{Address: form.Address}, "problem.account-taken", map[string]string{"address": form.Address})
		return
	}
	if err != nil {
		h.refuse(w, r, g, err)
		return
	}
	h.Outbox.Nudge()
	http.Redirect(w, r, home+"?"+url.Values{"said": {"name"}}.Encode(), http.StatusSeeOther)
}
