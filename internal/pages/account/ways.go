package account

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/credential"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/pages"
	"github.com/entente-id/entente/internal/pages/site"
	"github.com/entente-id/entente/internal/tenant"
)

// waysView lists how a person proves themselves.
type waysView struct {
	Ways     credential.Ways
	Passkeys []credential.Passkey
	Said     string
	Max      int
	// Federated: the organisation proves its people itself.
	Federated bool
}

func (h *Handlers) ways(w http.ResponseWriter, r *http.Request) {
	if g, ok := h.door.Admit(w, r); ok {
		h.drawWays(w, r, g, nil)
	}
}

func (h *Handlers) drawWays(w http.ResponseWriter, r *http.Request, g site.Guest, problem *fault.Fault) {
	v := waysView{Said: said(r), Max: credential.MaxPasskeys, Federated: g.Home.Federated()}
	var err error
	if v.Ways, err = h.Safe.Ways(r.Context(), owner(g)); err == nil {
		v.Passkeys, err = h.Passkeys.List(r.Context(), owner(g))
	}
	if err != nil {
		h.refuse(w, r, g, err)
		return
	}
	f := h.frame(r, g, waysPath)
	if problem != nil {
		f.Problem = "problem." + problem.Facts["parameter"]
	}
	h.page(w, f, "ways", waysPath, "", v)
}

// passwordView asks for a new password, and for the old one where nothing else
// was proved just now.
type passwordView struct {
	Address string
	Old     bool
}

func (h *Handlers) password(w http.ResponseWriter, r *http.Request) {
	g, ok := h.door.Admit(w, r)
	if !ok {
		return
	}
	h.drawPassword(w, r, g, "", nil, "")
}

func (h *Handlers) drawPassword(w http.ResponseWriter, r *http.Request, g site.Guest, problem string, facts map[string]string, field string) {
	ways, err := h.Safe.Ways(r.Context(), owner(g))
	if err != nil {
		h.refuse(w, r, g, err)
		return
	}
	f := h.frame(r, g, waysPath)
	f.Problem, f.ProblemFacts = problem, facts
	h.page(w, f, "password", "", field, passwordView{Address: g.Person.SignInName, Old: ways.Password && !h.fresh(g)})
}

// fresh: a second factor was used just now.
func (h *Handlers) fresh(g site.Guest) bool {
	return !g.FactorAt.IsZero() && h.Source.Now().Sub(g.FactorAt) < site.FreshFor
}

// changePassword takes a new password. Everything that rested on the old one
// is void, this session too.
func (h *Handlers) changePassword(w http.ResponseWriter, r *http.Request) {
	if !h.site.Form(w, r) {
		return
	}
	g, ok := h.door.Admit(w, r)
	if !ok {
		return
	}
	ctx := r.Context()
	ways, err := h.Safe.Ways(ctx, owner(g))
	if err != nil {
		h.refuse(w, r, g, err)
		return
	}
	switch {
	case ways.Password && !h.fresh(g):
		err := h.Safe.CheckPassword(ctx, owner(g), account.FoldName(g.Person.SignInName), r.PostForm.Get("old"), h.site.Browser(w, r).Device)
		switch f := fault.Of(err); {
		case err == nil:
		case f.Code == fault.WrongPassword:
			h.drawPassword(w, r, g, "problem.credentials", nil, "old")
			return
		case f.Code == fault.TooManyTries:
			h.drawPassword(w, r, g, "problem.wait", f.Facts, "old")
			return
		default:
			h.refuse(w, r, g, err)
			return
		}
	case !ways.Password:
		if g, ok = h.recent(w, r); !ok {
			return
		}
	}
	err = h.Safe.ChoosePassword(ctx, h.told(g), r.PostForm.Get("password"), g.Person.Name, g.Person.SignInName)
	if f := fault.Of(err); err != nil && f.Code == fault.PasswordWeak {
		h.drawPassword(w, r, g, "problem.password."+f.Facts["rule"], f.Facts, "password")
		return
	}
	if err != nil {
		h.refuse(w, r, g, err)
		return
	}
	done(w, r, waysPath, "password")
}

// told says who changes how they sign in, and where their letter goes.
func (h *Handlers) told(g site.Guest) credential.Told {
	return credential.Told{By: g.Caller(), Person: g.Person, Outbox: h.Outbox}
}

// mayAdd admits a person to adding a factor: with one they have, used just
// now, or, when they have none, with what signed them in just now. Where the
// organisation wants it, the first one needs a temporary pass (row R151).
func (h *Handlers) mayAdd(w http.ResponseWriter, r *http.Request) (site.Guest, bool) {
	g, ok := h.recent(w, r)
	if !ok {
		return g, false
	}
	ways, err := h.Safe.Ways(r.Context(), owner(g))
	if err == nil && !ways.Second() && g.Home.Settings.FactorSetup == tenant.FactorWithPass && !has(g.Methods, "pass") {
		err = fault.New(fault.FactorPlace, "org", g.Home.Name)
	}
	if err != nil {
		h.refuse(w, r, g, err)
		return g, false
	}
	return g, true
}

func has(list []string, word string) bool {
	for _, w := range list {
		if w == word {
			return true
		}
	}
	return false
}

// seedForm is the seed of a form on its way to its person and back.
type seedForm struct {
	Seed credential.Seed `json:"s"`
	At   time.Time       `json:"t"`
}

// formLife is how long such a form can be left open.
const formLife = time.Hour

func (h *Handlers) sealForm(v any, purpose string, g site.Guest) (string, error) {
	plain, err := json.Marshal(v)
	if err != nil {
		return "", err
	}
	return h.key.SealText(plain, purpose+string(g.Home.ID)+string(g.Person.ID))
}

func (h *Handlers) openForm(text, purpose string, g site.Guest, into any) error {
	plain, err := h.key.OpenText(text, purpose+string(g.Home.ID)+string(g.Person.ID))
	if err != nil || json.Unmarshal(plain, into) != nil {
		return fault.New(fault.PageExpired)
	}
	return nil
}

func (h *Handlers) authenticator(w http.ResponseWriter, r *http.Request) {
	if g, ok := h.mayAdd(w, r); ok {
		h.drawAuthenticator(w, r, g, seedForm{Seed: h.Safe.NewSeed(), At: h.Source.Now()}, "")
	}
}

func (h *Handlers) drawAuthenticator(w http.ResponseWriter, r *http.Request, g site.Guest, form seedForm, problem string) {
	f := h.frame(r, g, waysPath)
	f.Problem = problem
	var err error
	if f.Flow, err = h.sealForm(form, "seed", g); err != nil {
		h.refuse(w, r, g, err)
		return
	}
	v, err := site.NewEnrolView(f, g.Person.SignInName, form.Seed)
	if err != nil {
		h.refuse(w, r, g, err)
		return
	}
	v.Own = true
	h.site.Show(w, pages.View{Frame: f, Template: "enrol.html", Title: "enrol.title", Data: v, Field: "code", Narrow: true})
}

func (h *Handlers) keepAuthenticator(w http.ResponseWriter, r *http.Request) {
	if !h.site.Form(w, r) {
		return
	}
	g, ok := h.mayAdd(w, r)
	if !ok {
		return
	}
	var form seedForm
	err := h.openForm(r.PostForm.Get("flow"), "seed", g, &form)
	if err == nil && h.Source.Now().Sub(form.At) > formLife {
		err = fault.New(fault.PageExpired)
	}
	if err != nil {
		h.refuse(w, r, g, err)
		return
	}
	codes, err := h.Safe.AddAuthenticator(r.Context(), h.told(g), form.Seed, r.PostForm.Get("code"))
	if fault.Has(err, fault.SecondFactorWrong) {
		h.drawAuthenticator(w, r, g, form, "problem.code")
		return
	}
	if err != nil {
		h.refuse(w, r, g, err)
		return
	}
	h.page(w, h.frame(r, g, waysPath), "codes", "", "", codes)
}

func (h *Handlers) removeAuthenticator(w http.ResponseWriter, r *http.Request) {
	if !h.site.Form(w, r) {
		return
	}
	g, ok := h.recent(w, r)
	if !ok {
		return
	}
	err := h.Safe.RemoveAuthenticator(r.Context(), h.told(g))
	if err != nil && !fault.Has(err, fault.SecondFactorMissing) {
		h.refuse(w, r, g, err)
		return
	}
	done(w, r, waysPath, "factor-removed")
}

func (h *Handlers) renewCodes(w http.ResponseWriter, r *http.Request) {
	if !h.site.Form(w, r) {
		return
	}
	g, ok := h.recent(w, r)
	if !ok {
		return
	}
	codes, err := h.Safe.NewRecoveryCodes(r.Context(), g.Caller(), owner(g))
	if err != nil {
		h.refuse(w, r, g, err)
		return
	}
	h.page(w, h.frame(r, g, waysPath), "codes", "", "", codes)
}
