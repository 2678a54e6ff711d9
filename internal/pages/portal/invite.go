package portal

import (
	"net/http"
	"time"

	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/pages"
	"github.com/entente-id/entente/internal/programme"
)

// invitationsView is the owner's list, and the form for more. Bad are the
// lines that nothing was sent for, and List keeps them in the form.
type invitationsView struct {
	Invitations              []programme.Listed
	List, Organisation, Note string
	Role                     programme.Role
	Language                 string
	Bad                      []programme.BadLine
	Sent                     int
	Said                     string
	Roles                    []programme.Role
	// More leads to the next page, empty at the end.
	More string
}

func (h *Handlers) invitations(w http.ResponseWriter, r *http.Request) {
	if v, ok := h.staff(w, r); ok {
		view := invitationsView{Said: said(r, "invited", "resent", "revoked"), Role: programme.PlainMember, Language: v.lang}
		h.drawInvitations(w, r, v, view, nil)
	}
}

// listed is how many invitations one page shows.
const listed = 50

func (h *Handlers) drawInvitations(w http.ResponseWriter, r *http.Request, v visit, view invitationsView, problem error) {
	after := programme.Cursor{ID: r.URL.Query().Get("after")}
	after.At, _ = time.Parse(time.RFC3339Nano, r.URL.Query().Get("at"))
	if after.At.IsZero() || !id.IsGUID(after.ID) {
		after = programme.Cursor{}
	}
	list, err := h.rooms.Programme.Invitations(r.Context(), v.Caller(), after, listed)
	if err != nil {
		h.refuse(w, r, v, err)
		return
	}
	view.Roles = []programme.Role{programme.PlainMember, programme.ContactRole, programme.AdminRole}
	if view.Invitations = list; len(list) == listed {
		last := list[len(list)-1]
		view.More = "/programme/invitations?after=" + last.ID + "&at=" + last.Sent.UTC().Format(time.RFC3339Nano)
	}
	h.display(w, r, v, pages.View{
		Template: "programme-invitations.html", Title: "programme.invitations.title", Data: view, Again: "/programme/invitations",
	}, problem)
}

func (h *Handlers) invite(w http.ResponseWriter, r *http.Request) {
	v, ok := h.staffForm(w, r)
	if !ok {
		return
	}
	form := r.PostForm
	view := invitationsView{
		List: form.Get("list"), Organisation: form.Get("organisation"), Note: form.Get("note"), Role: programme.Role(form.Get("role")), Language: form.Get("language"),
	}
	called, err := h.rooms.Programme.Invite(r.Context(), v.Caller(), programme.Call{
		List: view.List, OrganisationName: view.Organisation, Role: view.Role, Language: view.Language, Note: view.Note,
	})
	if err == nil && len(called.Bad) == 0 {
		http.Redirect(w, r, "/programme/invitations?said=invited", http.StatusSeeOther)
		return
	}
	if err == nil {
		// What was sent is done; what was not stays to be mended.
		view.Bad, view.Sent, view.List = called.Bad, len(called.Sent), ""
		for _, l := range called.Bad {
			view.List += l.Text + "\n"
		}
	}
	h.drawInvitations(w, r, v, view, err)
}

func (h *Handlers) resend(w http.ResponseWriter, r *http.Request) {
	v, ok := h.staffForm(w, r)
	if !ok {
		return
	}
	h.again(w, r, v, "resent", h.rooms.Programme.Resend(r.Context(), v.Caller(), r.PostForm.Get("invitation")))
}

func (h *Handlers) revoke(w http.ResponseWriter, r *http.Request) {
	v, ok := h.staffForm(w, r)
	if !ok {
		return
	}
	h.again(w, r, v, "revoked", h.rooms.Programme.Revoke(r.Context(), v.Caller(), r.PostForm.Get("invitation")))
}

func (h *Handlers) again(w http.ResponseWriter, r *http.Request, v visit, done string, err error) {
	if fault.Has(err, fault.InvitationUnusable) {
		err = fault.New(fault.InputInvalid, "parameter", "invitation", "rule", fault.Of(err).Facts["reason"])
	}
	if err != nil {
		h.drawInvitations(w, r, v, invitationsView{Role: programme.PlainMember, Language: v.lang}, err)
		return
	}
	http.Redirect(w, r, "/programme/invitations?said="+done, http.StatusSeeOther)
}

// versionsView is the terms for those who publish them.
type versionsView struct {
	Current     programme.Terms
	Tags        []string
	Acceptances []programme.Acceptance
	Names       map[string]string
	// Texts are what stands in the form; with Preview they are shown as members
	// will read them, before anything is published.
	Texts   map[string]string
	Preview bool
	Said    string
}

// termsTags are the languages that the form asks for.
var termsTags = []string{"en", "fi", "sv"}

func (h *Handlers) versions(w http.ResponseWriter, r *http.Request) {
	if v, ok := h.staff(w, r); ok {
		h.drawVersions(w, r, v, versionsView{Said: said(r, "published")}, nil)
	}
}

func (h *Handlers) drawVersions(w http.ResponseWriter, r *http.Request, v visit, view versionsView, problem error) {
	ctx := r.Context()
	var err error
	view.Tags, view.Names = termsTags, map[string]string{}
	for _, tag := range termsTags {
		view.Names[tag] = h.site.Text(tag, "lang.name", nil)
	}
	if view.Current, err = h.rooms.Programme.CurrentTerms(ctx); err == nil {
		view.Acceptances, err = h.rooms.Programme.Acceptances(ctx, v.Caller(), view.Current.Version, programme.Acceptance{}, 0)
	}
	if err != nil && !fault.Has(err, fault.ObjectUnknown) {
		h.refuse(w, r, v, err)
		return
	}
	if view.Texts == nil {
		view.Texts = view.Current.Texts
	}
	h.display(w, r, v, pages.View{
		Template: "programme-terms.html", Title: "programme.terms.title", Data: view, Again: "/programme/terms",
	}, problem)
}

// publish shows a preview first: a version can never be taken back, and every
// member is asked again.
func (h *Handlers) publish(w http.ResponseWriter, r *http.Request) {
	v, ok := h.staffForm(w, r)
	if !ok {
		return
	}
	texts := map[string]string{}
	for _, tag := range termsTags {
		texts[tag] = r.PostForm.Get("text-" + tag)
	}
	if r.PostForm.Get("do") != "publish" {
		h.drawVersions(w, r, v, versionsView{Texts: texts, Preview: r.PostForm.Get("do") == "preview"}, nil)
		return
	}
	if _, err := h.rooms.Programme.Publish(r.Context(), v.Caller(), texts); err != nil {
		h.drawVersions(w, r, v, versionsView{Texts: texts}, err)
		return
	}
	http.Redirect(w, r, "/programme/terms?said=published", http.StatusSeeOther)
}
