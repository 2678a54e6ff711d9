package portal

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/pages"
	"github.com/entente-id/entente/internal/programme"
	"github.com/entente-id/entente/internal/swap"
)

// peopleView is an organisation's people in the programme, for those who speak
// for it (wireframe W9).
type peopleView struct {
	Roster  programme.Roster
	Members []person
	Merges  []swap.Swap
	// Text is the list as it stands in the form, Bad the lines that nothing was
	// done for.
	Text    string
	Bad     []programme.BadLine
	Domains []string
	Said    string
	Mine    id.Object
}

// person is a member as a list shows them.
type person struct {
	programme.Member
	Name, SignInName string
}

// leader admits members who speak for their organisation. Others see which
// role it takes.
func (h *Handlers) leader(w http.ResponseWriter, r *http.Request) (visit, bool) {
	v, ok := h.member(w, r)
	if !ok {
		return v, false
	}
	if !v.leadsPeople() {
		h.refuse(w, r, v, fault.New(fault.RoleMissing, "role", "User Administrator"))
		return v, false
	}
	return v, true
}

func (h *Handlers) people(w http.ResponseWriter, r *http.Request) {
	if v, ok := h.leader(w, r); ok {
		h.drawPeople(w, r, v, peopleView{Said: said(r, "sent", "removed", "decided")}, nil)
	}
}

func (h *Handlers) drawPeople(w http.ResponseWriter, r *http.Request, v visit, view peopleView, problem error) {
	ctx, by := r.Context(), v.Caller()
	view.Mine = v.Person.ID
	err := h.readPeople(ctx, v, &view)
	if err == nil {
		view.Merges, err = h.rooms.Swaps.Waiting(ctx, by)
	}
	if err != nil {
		h.refuse(w, r, v, err)
		return
	}
	page := pages.View{Template: "portal-people.html", Title: "portal.people.title", Data: view, Again: "/portal/people"}
	if problem == nil || h.mistake(w, r, v, problem, &page) {
		h.show(w, r, v, page)
	}
}

func (h *Handlers) readPeople(ctx context.Context, v visit, view *peopleView) error {
	var err error
	if view.Roster, err = h.rooms.Programme.Roster(ctx, v.Caller(), v.Home.ID); err != nil && !fault.Has(err, fault.ObjectUnknown) {
		return err
	}
	for _, d := range v.Home.Domains {
		view.Domains = append(view.Domains, d.Name)
	}
	if view.Text == "" {
		var lines []string
		for _, e := range view.Roster.Entries {
			lines = append(lines, e.Address)
		}
		view.Text = strings.Join(lines, "\n")
	}
	members, err := h.rooms.Programme.Members(ctx, v.Caller(), v.Home.ID, "", programme.MaxPage)
	if err != nil {
		return err
	}
	view.Members, err = h.named(ctx, members)
	return err
}

// named gives members the names that they go by today.
func (h *Handlers) named(ctx context.Context, members []programme.Member) ([]person, error) {
	list := make([]person, 0, len(members))
	for _, m := range members {
		p := person{Member: m, SignInName: m.InvitedAs}
		a, err := h.rooms.People.Find(ctx, m.Tenant, m.Account)
		switch {
		case err == nil:
			p.Name, p.SignInName = a.Name, a.SignInName
		case !fault.Has(err, fault.AccountUnknown):
			return nil, err
		}
		list = append(list, p)
	}
	return list, nil
}

// maxList bounds an uploaded list.
const maxList = 256 << 10

// upload reads the posted list: the text area, and the lines of a file.
func upload(r *http.Request) (string, error) {
	text := r.PostForm.Get("list")
	if r.MultipartForm == nil {
		return text, nil
	}
	file, _, err := r.FormFile("file")
	if errors.Is(err, http.ErrMissingFile) {
		return text, nil
	}
	if err != nil {
		return text, fault.New(fault.InputInvalid, "parameter", "list", "rule", "a text file").Because(err)
	}
	defer file.Close()
	content, err := io.ReadAll(io.LimitReader(file, maxList+1))
	if err != nil || len(content) > maxList {
		return text, fault.New(fault.InputInvalid, "parameter", "list", "rule", "at most 256 KiB").Because(err)
	}
	if len(content) == 0 {
		return text, nil
	}
	return strings.TrimSpace(string(content)), nil
}

func (h *Handlers) sendRoster(w http.ResponseWriter, r *http.Request) {
	if !h.fileForm(w, r) {
		return
	}
	v, ok := h.leader(w, r)
	if !ok {
		return
	}
	text, err := upload(r)
	var sent programme.RosterSent
	if err == nil {
		sent, err = h.rooms.Programme.SendRoster(r.Context(), v.Caller(), programme.RosterList{Text: text})
	}
	if err != nil || len(sent.Bad) > 0 {
		view := peopleView{Text: text, Bad: sent.Bad}
		if err == nil {
			view.Said = "portal.said.partly"
		}
		h.drawPeople(w, r, v, view, err)
		return
	}
	http.Redirect(w, r, "/portal/people?said=sent", http.StatusSeeOther)
}

// fileForm reads a form that may carry a file.
func (h *Handlers) fileForm(w http.ResponseWriter, r *http.Request) bool {
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/form-data") {
		return h.site.Form(w, r)
	}
	r.Body = http.MaxBytesReader(w, r.Body, 2*maxList)
	if err := r.ParseMultipartForm(2 * maxList); err != nil {
		h.refuse(w, r, visit{}, fault.New(fault.RequestMalformed, "parameter", "body", "rule", "a form of at most 512 KiB").Because(err))
		return false
	}
	return h.site.Form(w, r)
}

func (h *Handlers) removeMember(w http.ResponseWriter, r *http.Request) {
	if !h.site.Form(w, r) {
		return
	}
	v, ok := h.leader(w, r)
	if !ok {
		return
	}
	if err := h.rooms.Programme.Remove(r.Context(), v.Caller(), v.Home.ID, id.Object(r.PostForm.Get("account"))); err != nil {
		h.refuse(w, r, v, err)
		return
	}
	http.Redirect(w, r, "/portal/people?said=removed", http.StatusSeeOther)
}

// decideMerge confirms that two accounts are one person's, or not.
func (h *Handlers) decideMerge(w http.ResponseWriter, r *http.Request) {
	if !h.site.Form(w, r) {
		return
	}
	v, ok := h.leader(w, r)
	if !ok {
		return
	}
	err := h.rooms.Swaps.Decide(r.Context(), v.Caller(), r.PostForm.Get("swap"), r.PostForm.Get("do") == "approve", r.PostForm.Get("reason"))
	if err != nil {
		h.drawPeople(w, r, v, peopleView{}, err)
		return
	}
	http.Redirect(w, r, "/portal/people?said=decided", http.StatusSeeOther)
}
