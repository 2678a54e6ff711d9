package portal

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/pages"
	"github.com/entente-id/entente/internal/programme"
)

// joining reports whether a person is or may become a member just now.
func (v visit) joining() bool {
	switch v.standing.Place {
	case programme.InProgramme, programme.Invited, programme.Rostered:
		return true
	}
	return false
}

// comer admits members and those who become one by accepting the terms.
func (h *Handlers) comer(w http.ResponseWriter, r *http.Request) (visit, bool) {
	v, ok := h.visit(w, r)
	if !ok || v.joining() {
		return v, ok
	}
	http.Redirect(w, r, programme.PortalPath, http.StatusSeeOther)
	return v, false
}

// languageView greets a person who comes for the first time.
type languageView struct {
	Name, Address string
	// By is how the portal knows the person: invitation or roster.
	By    string
	Token string
}

func (h *Handlers) language(w http.ResponseWriter, r *http.Request) {
	v, ok := h.comer(w, r)
	if !ok {
		return
	}
	view := languageView{Name: v.name(), Address: v.Person.SignInName, Token: r.URL.Query().Get("invitation")}
	switch v.standing.Place {
	case programme.Invited:
		view.By = "invitation"
	case programme.Rostered:
		view.By = "roster"
	}
	h.show(w, r, v, pages.View{
		Template: "portal-language.html", Title: "portal.language.title", Facts: map[string]string{"name": view.Name}, Narrow: true, Data: view,
	})
}

func (h *Handlers) chooseLanguage(w http.ResponseWriter, r *http.Request) {
	if !h.site.Form(w, r) {
		return
	}
	h.site.SetLanguage(w, r.PostForm.Get("lang"))
	// The first press after a mail's link: scanners press nothing.
	if token := r.PostForm.Get("invitation"); token != "" {
		if err := h.rooms.Programme.Opened(r.Context(), token); err != nil && !fault.Has(err, fault.InvitationUnusable) {
			h.refuse(w, r, visit{}, err)
			return
		}
	}
	http.Redirect(w, r, "/portal/terms", http.StatusSeeOther)
}

// termsView is the terms to read, and to accept where they are due.
type termsView struct {
	Version    int
	Tag, Hash  string
	From       time.Time
	Paragraphs []string
	// None is true where the programme has published no terms; joining is then
	// all there is to do.
	None bool
	// Joins is the address whose invitation the acceptance takes up.
	Joins    string
	Accepted time.Time
	// Renewed is true when an earlier version was accepted.
	Renewed bool
	Said    string
}

func (h *Handlers) terms(w http.ResponseWriter, r *http.Request) {
	if v, ok := h.comer(w, r); ok {
		h.drawTerms(w, r, v, "")
	}
}

func (h *Handlers) drawTerms(w http.ResponseWriter, r *http.Request, v visit, problem string) {
	view, err := h.readTerms(r, v)
	if err != nil {
		h.refuse(w, r, v, err)
		return
	}
	view.Said = said(r, "declined")
	title, facts := "portal.terms.title", map[string]string{}
	if view.Renewed && view.Accepted.IsZero() {
		title, facts["date"] = "M21.headline", view.From.Format(time.DateOnly)
	}
	if view.None {
		title, facts["app"] = "portal.terms.none", v.programme.Name
	}
	page := pages.View{Template: "portal-terms.html", Title: title, Facts: facts, Data: view, Again: "/portal/terms"}
	page.Problem = problem
	h.show(w, r, v, page)
}

// readTerms reads the version in force, in the person's language if there is
// a text in it.
func (h *Handlers) readTerms(r *http.Request, v visit) (termsView, error) {
	ctx := r.Context()
	view := termsView{}
	if v.standing.Place == programme.Invited {
		view.Joins = v.standing.Invitation.Address
	}
	t, err := h.rooms.Programme.CurrentTerms(ctx)
	if fault.Has(err, fault.ObjectUnknown) {
		view.None = true
		return view, nil
	}
	if err != nil {
		return view, err
	}
	view.Version, view.From, view.Tag = t.Version, t.From, offered(t, v.lang)
	last, err := h.rooms.Programme.Accepted(ctx, v.Home.ID, v.Person.ID)
	if err != nil && !fault.Has(err, fault.ObjectUnknown) {
		return view, err
	}
	if view.Renewed = err == nil && last.Version != t.Version; err == nil && !view.Renewed {
		view.Accepted = last.At
		view.Tag = offered(t, last.Language)
	}
	view.Hash = t.Hashes[view.Tag]
	for paragraph := range strings.SplitSeq(strings.ReplaceAll(t.Texts[view.Tag], "\r\n", "\n"), "\n\n") {
		if text := strings.TrimSpace(paragraph); text != "" {
			view.Paragraphs = append(view.Paragraphs, text)
		}
	}
	return view, nil
}

// offered chooses the language of a text: the wished one, English, or the
// first there is.
func offered(t programme.Terms, lang string) string {
	first := ""
	for tag := range t.Texts {
		if first == "" || tag < first {
			first = tag
		}
	}
	for _, tag := range []string{lang, "en"} {
		if _, ok := t.Texts[tag]; ok {
			return tag
		}
	}
	return first
}

// acceptTerms takes the person's word. It also takes up the invitation or the
// place on the roster that brought them here, so that nobody presses twice.
func (h *Handlers) acceptTerms(w http.ResponseWriter, r *http.Request) {
	if !h.site.Form(w, r) {
		return
	}
	v, ok := h.comer(w, r)
	if !ok {
		return
	}
	if r.PostForm.Get("do") != "accept" {
		http.Redirect(w, r, "/portal/terms?said=declined", http.StatusSeeOther)
		return
	}
	ctx := r.Context()
	// What was read may have been replaced meanwhile; joining waits for that.
	t, err := h.rooms.Programme.CurrentTerms(ctx)
	none := fault.Has(err, fault.ObjectUnknown)
	if err != nil && !none {
		h.refuse(w, r, v, err)
		return
	}
	version, _ := strconv.Atoi(r.PostForm.Get("version"))
	if !none && (version != t.Version || r.PostForm.Get("hash") != t.Hashes[r.PostForm.Get("tag")]) {
		h.drawTerms(w, r, v, "portal.problem.newterms")
		return
	}
	switch v.standing.Place {
	case programme.Invited:
		_, err = h.rooms.Programme.Accept(ctx, v.Caller(), "")
	case programme.Rostered:
		_, err = h.rooms.Programme.Join(ctx, v.Caller())
	default:
		err = nil
	}
	if err == nil && !none {
		err = h.rooms.Programme.AcceptTerms(ctx, v.Caller(), version, r.PostForm.Get("tag"))
	}
	switch {
	case fault.Has(err, fault.ChangedMeanwhile):
		h.drawTerms(w, r, v, "portal.problem.newterms")
	case err != nil:
		h.refuse(w, r, v, err)
	default:
		http.Redirect(w, r, programme.PortalPath, http.StatusSeeOther)
	}
}
