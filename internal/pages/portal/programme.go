package portal

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/pages"
	"github.com/entente-id/entente/internal/programme"
	"github.com/entente-id/entente/internal/swap"
)

func (h *Handlers) routeProgramme() {
	for pattern, handle := range map[string]http.HandlerFunc{
		"GET /programme":                     h.programme,
		"GET " + programme.RequestsPath:      h.requests,
		"POST /programme/requests/access":    h.decideAccess,
		"POST /programme/requests/roster":    h.decideRoster,
		"POST /programme/requests/swap":      h.decideSwap,
		"GET /programme/invitations":         h.invitations,
		"POST /programme/invitations":        h.invite,
		"POST /programme/invitations/resend": h.resend,
		"POST /programme/invitations/revoke": h.revoke,
		"GET /programme/members":             h.organisations,
		"GET /programme/members/{tenant}":    h.members,
		"POST /programme/members/{tenant}":   h.endMembership,
		"GET /programme/terms":               h.versions,
		"POST /programme/terms":              h.publish,
		"GET /programme/addresses":           h.addresses,
	} {
		h.site.Mux().HandleFunc(pattern, handle)
	}
}

// staff admits the people of the programme's owner. Others see which role it
// takes (M46).
func (h *Handlers) staff(w http.ResponseWriter, r *http.Request) (visit, bool) {
	g, ok := h.staffDoor.Admit(w, r)
	if !ok {
		return visit{}, false
	}
	v := visit{Guest: g, lang: h.site.Language(r)}
	p, err := h.rooms.Programme.Staff(r.Context(), v.Caller())
	v.programme = p
	if err != nil {
		about := v.about()
		about.Step, about.Restart = "programme", "/programme"
		h.site.RefuseVisit(w, r, err, about)
		return v, false
	}
	return v, true
}

// staffForm is staff for a posted form.
func (h *Handlers) staffForm(w http.ResponseWriter, r *http.Request) (visit, bool) {
	if !h.site.Form(w, r) {
		return visit{}, false
	}
	return h.staff(w, r)
}

// queue is what waits for the owner.
type queue struct {
	Access  []programme.AccessRequest
	Rosters []programme.Roster
	Swaps   []swap.Swap
}

// Count is how much waits.
func (q queue) Count() int { return len(q.Access) + len(q.Rosters) + len(q.Swaps) }

func (h *Handlers) queue(ctx context.Context, v visit) (q queue, err error) {
	if q.Access, err = h.rooms.Programme.Requests(ctx, v.Caller(), 0); err != nil {
		return q, err
	}
	if q.Rosters, err = h.rooms.Programme.Rosters(ctx, v.Caller(), 0); err != nil {
		return q, err
	}
	q.Rosters = slices.DeleteFunc(q.Rosters, func(r programme.Roster) bool { return r.State != programme.RosterWaiting })
	q.Swaps, err = h.rooms.Swaps.Waiting(ctx, v.Caller())
	return q, err
}

// display draws a page of the programme.
func (h *Handlers) display(w http.ResponseWriter, r *http.Request, v visit, page pages.View, problem error) {
	if problem != nil && !h.mistake(w, r, v, problem, &page) {
		return
	}
	q, err := h.queue(r.Context(), v)
	if err != nil {
		h.refuse(w, r, v, err)
		return
	}
	page.Lang, page.AppName, page.OrgName = v.lang, v.programme.Name, v.programme.Name
	page.Nav = current([]pages.NavItem{
		{Label: "programme.nav.home", Href: "/programme"},
		{Label: "programme.nav.requests", Href: programme.RequestsPath, Count: q.Count()},
		{Label: "programme.nav.invitations", Href: "/programme/invitations"},
		{Label: "programme.nav.members", Href: "/programme/members"},
		{Label: "programme.nav.terms", Href: "/programme/terms"},
		{Label: "programme.nav.addresses", Href: "/programme/addresses"},
		{Label: "programme.nav.help", Href: "/programme/help"},
	}, r.URL.Path)
	h.site.Show(w, page)
}

// overviewView is the first page of those who run the programme.
type overviewView struct {
	Waiting       int
	Stuck         int
	Open          int
	Organisations []organisation
	Unallowed     []organisation
	Terms         programme.Terms
	Own           int
}

func (h *Handlers) programme(w http.ResponseWriter, r *http.Request) {
	v, ok := h.staff(w, r)
	if !ok {
		return
	}
	view, err := h.overview(r.Context(), v)
	if err != nil {
		h.refuse(w, r, v, err)
		return
	}
	h.display(w, r, v, pages.View{
		Template: "programme-home.html", Title: "programme.home.title", Facts: map[string]string{"name": v.programme.Name}, Data: view, Again: "/programme",
	}, nil)
}

func (h *Handlers) overview(ctx context.Context, v visit) (view overviewView, err error) {
	q, err := h.queue(ctx, v)
	if err != nil {
		return view, err
	}
	view.Waiting = q.Count()
	invited, err := h.rooms.Programme.Invitations(ctx, v.Caller(), programme.Cursor{}, 0)
	if err != nil {
		return view, err
	}
	for _, i := range invited {
		if i.Why != programme.NotStuck {
			view.Open++
		}
		if i.Why != programme.NotStuck && i.Why != programme.NeverOpened {
			view.Stuck++
		}
	}
	if view.Organisations, err = h.known(ctx, v); err != nil {
		return view, err
	}
	for _, o := range view.Organisations {
		if !o.AllowedForAll {
			view.Unallowed = append(view.Unallowed, o)
		}
	}
	own, err := h.rooms.Programme.OwnAddresses(ctx, v.Caller(), 0)
	if err != nil {
		return view, err
	}
	view.Own = len(own)
	view.Terms, err = h.rooms.Programme.CurrentTerms(ctx)
	if fault.Has(err, fault.ObjectUnknown) {
		err = nil
	}
	return view, err
}

// organisation is a partner as the owner's list shows it.
type organisation struct {
	Tenant id.Tenant
	Name   string
	Domain string
	// AllowedForAll is true when the organisation has allowed the portal for
	// everyone; without it each of its people is asked (journey J25).
	AllowedForAll bool
	Roster        programme.RosterState
}

// known lists the organisations that were invited, sent a roster or accepted
// the terms.
func (h *Handlers) known(ctx context.Context, v visit) ([]organisation, error) {
	seen := map[id.Tenant]programme.RosterState{}
	invited, err := h.rooms.Programme.Invitations(ctx, v.Caller(), programme.Cursor{}, 0)
	if err != nil {
		return nil, err
	}
	for _, i := range invited {
		if i.Tenant != "" {
			seen[i.Tenant] = ""
		}
	}
	if t, err := h.rooms.Programme.CurrentTerms(ctx); err == nil {
		accepted, err := h.rooms.Programme.Acceptances(ctx, v.Caller(), t.Version, programme.Acceptance{}, 0)
		if err != nil {
			return nil, err
		}
		for _, a := range accepted {
			seen[a.Tenant] = ""
		}
	} else if !fault.Has(err, fault.ObjectUnknown) {
		return nil, err
	}
	rosters, err := h.rooms.Programme.Rosters(ctx, v.Caller(), 0)
	if err != nil {
		return nil, err
	}
	for _, r := range rosters {
		seen[r.Tenant] = r.State
	}
	var list []organisation
	for t, roster := range seen {
		home, err := h.rooms.Tenants.Find(ctx, t)
		if fault.Has(err, fault.TenantUnknown) || t == v.programme.Owner || t == id.Consumers {
			continue
		}
		if err != nil {
			return nil, err
		}
		o := organisation{Tenant: t, Name: home.Name, Domain: home.DefaultDomain(), Roster: roster}
		if o.AllowedForAll, err = h.allowedForAll(ctx, t, v.programme.Portal); err != nil {
			return nil, err
		}
		list = append(list, o)
	}
	slices.SortFunc(list, func(a, b organisation) int { return strings.Compare(a.Name+a.Domain, b.Name+b.Domain) })
	return list, nil
}

// organisationsView lists partners; membersView the people of one.
type organisationsView struct {
	Organisations []organisation
	Said          string
}

func (h *Handlers) organisations(w http.ResponseWriter, r *http.Request) {
	v, ok := h.staff(w, r)
	if !ok {
		return
	}
	list, err := h.known(r.Context(), v)
	if err != nil {
		h.refuse(w, r, v, err)
		return
	}
	h.display(w, r, v, pages.View{
		Template: "programme-organisations.html", Title: "programme.members.title", Data: organisationsView{Organisations: list}, Again: "/programme/members",
	}, nil)
}

type membersView struct {
	Tenant  id.Tenant
	Members []person
	Said    string
	At      time.Time
}

func (h *Handlers) members(w http.ResponseWriter, r *http.Request) {
	v, ok := h.staff(w, r)
	if !ok {
		return
	}
	t := id.Tenant(r.PathValue("tenant"))
	home, err := h.rooms.Tenants.Find(r.Context(), t)
	var members []programme.Member
	if err == nil {
		members, err = h.rooms.Programme.Members(r.Context(), v.Caller(), t, "", 0)
	}
	view := membersView{Tenant: t, Said: said(r, "removed")}
	if err == nil {
		view.Members, err = h.named(r.Context(), members)
	}
	if err != nil {
		h.refuse(w, r, v, err)
		return
	}
	h.display(w, r, v, pages.View{
		Template: "programme-members.html", Title: "programme.members.of", Facts: map[string]string{"org": home.Name}, Data: view,
		Again: "/programme/members/" + string(t),
	}, nil)
}

func (h *Handlers) endMembership(w http.ResponseWriter, r *http.Request) {
	v, ok := h.staffForm(w, r)
	if !ok {
		return
	}
	t := id.Tenant(r.PathValue("tenant"))
	if err := h.rooms.Programme.Remove(r.Context(), v.Caller(), t, id.Object(r.PostForm.Get("account"))); err != nil {
		h.refuse(w, r, v, err)
		return
	}
	http.Redirect(w, r, "/programme/members/"+string(t)+"?said=removed", http.StatusSeeOther)
}

// addressesView lists addresses of the owner's own that partners use (journey
// J04).
type addressesView struct{ List []programme.OwnAddress }

func (h *Handlers) addresses(w http.ResponseWriter, r *http.Request) {
	v, ok := h.staff(w, r)
	if !ok {
		return
	}
	list, err := h.rooms.Programme.OwnAddresses(r.Context(), v.Caller(), 0)
	if err != nil {
		h.refuse(w, r, v, err)
		return
	}
	h.display(w, r, v, pages.View{
		Template: "programme-addresses.html", Title: "programme.addresses.title", Data: addressesView{list}, Again: "/programme/addresses",
	}, nil)
}
