package portal

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/credential"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/pages"
	"github.com/entente-id/entente/internal/programme"
	"github.com/entente-id/entente/internal/tenant"
)

// line is one sentence of a list: a word, its facts, and where it leads.
type line struct {
	Key                       string
	Name, Role, Value, Person string
	Count                     int
	Date                      time.Time
	Done                      bool
	// Href and Do are the address and the word of what can be done about it.
	Href, Do string
}

// dashboardView is the first page of members (wireframe W8).
type dashboardView struct {
	Organisation tenant.Tenant
	Role         string
	Since        time.Time
	Steps        []line
	Ready        int
	Attention    []line
	Recent       []line
	Sections     []section
	Apps, People int
	Said         string
}

// section is a part of the portal, and who may see it.
type section struct {
	// Name is people or apps.
	Name  string
	Open  bool
	Role  string
	Heads []string
}

func (h *Handlers) dashboard(w http.ResponseWriter, r *http.Request) {
	v, ok := h.member(w, r)
	if !ok {
		return
	}
	view := dashboardView{
		Organisation: v.Home, Role: string(v.standing.Member.Role), Since: v.standing.Member.Since, Said: said(r, "booked"),
	}
	for _, fill := range []func(context.Context, visit, *dashboardView) error{h.checklist, h.attention, h.recent, h.sections} {
		if err := fill(r.Context(), v, &view); err != nil {
			h.refuse(w, r, v, err)
			return
		}
	}
	h.show(w, r, v, pages.View{Template: "portal-home.html", Title: "portal.home.title", Facts: map[string]string{"name": v.name()}, Data: view})
}

// checklist tells what is set up and what is not.
func (h *Handlers) checklist(ctx context.Context, v visit, view *dashboardView) error {
	steps := []line{{Key: "portal.step.signin", Done: true, Person: v.Person.SignInName}}
	last, err := h.rooms.Programme.Accepted(ctx, v.Home.ID, v.Person.ID)
	switch {
	case err == nil:
		steps = append(steps, line{
			Key: "portal.step.terms", Done: true, Count: last.Version, Value: h.site.Text(last.Language, "lang.name", nil), Date: last.At,
			Href: "/portal/terms", Do: "portal.step.terms.do",
		})
	case !fault.Has(err, fault.ObjectUnknown):
		return err
	}
	factor, err := h.rooms.Safe.HasSecondFactor(ctx, credential.Owner{Tenant: v.Home.ID, Account: v.Person.ID})
	if err != nil {
		return err
	}
	steps = append(steps, line{Key: "portal.step.factor", Done: factor, Href: "/account/second-factor", Do: "portal.step.factor.do"})
	forAll, err := h.allowedForAll(ctx, v.Home.ID, v.programme.Portal)
	if err != nil {
		return err
	}
	consent := line{Key: "portal.step.consent", Done: forAll, Name: v.programme.Name}
	if v.Person.MayConsentForAll() {
		consent.Href, consent.Do = "/portal/consent", "portal.step.consent.do"
	}
	steps = append(steps, consent)
	own := false
	for _, d := range v.Home.Domains {
		own = own || !d.Initial
	}
	steps = append(steps, line{Key: "portal.step.domain", Done: own, Value: v.Home.DefaultDomain()})
	if v.leadsPeople() {
		roster, err := h.rooms.Programme.Roster(ctx, v.Caller(), v.Home.ID)
		if err != nil && !fault.Has(err, fault.ObjectUnknown) {
			return err
		}
		steps = append(steps, line{
			Key: "portal.step.team", Done: roster.State == programme.RosterApproved, Count: len(roster.Entries),
			Href: "/portal/people", Do: "portal.step.team.do",
		})
	}
	view.Steps = steps
	for _, s := range steps {
		if s.Done {
			view.Ready++
		}
	}
	return nil
}

// allowedForAll reports whether an organisation has allowed an app for
// everyone in it.
func (h *Handlers) allowedForAll(ctx context.Context, t id.Tenant, app id.App) (bool, error) {
	held, err := h.rooms.Consents.Held(ctx, t, "")
	if err != nil {
		return false, err
	}
	for _, g := range held {
		if g.Client == app && g.Account == "" {
			return true, nil
		}
	}
	return false, nil
}

// soon is when something that ends wants attention (experience.md 2.16).
const soon = 30 * 24 * time.Hour

// attention lists what ends soon and what waits.
func (h *Handlers) attention(ctx context.Context, v visit, view *dashboardView) error {
	owned, err := h.rooms.Apps.Owned(ctx, v.Home.ID)
	if err != nil {
		return err
	}
	view.Apps = len(owned)
	now := h.rooms.Source.Now()
	if v.Person.MayConsentForAll() {
		for _, o := range owned {
			for _, c := range o.Credentials {
				if c.Trust == nil && c.Expires.Sub(now) < soon {
					view.Attention = append(view.Attention, line{
						Key: "portal.attention.credential", Name: o.Application.Name, Value: c.Name, Date: c.Expires,
						Href: "/portal/apps/" + string(o.Application.App), Do: "portal.attention.credential.do",
					})
				}
			}
		}
	}
	if v.leadsPeople() {
		waiting, err := h.rooms.Swaps.Waiting(ctx, v.Caller())
		if err != nil {
			return err
		}
		if len(waiting) > 0 {
			view.Attention = append(view.Attention, line{
				Key: "portal.attention.merges", Count: len(waiting), Href: "/portal/people", Do: "portal.attention.merges.do",
			})
		}
	}
	view.People, err = h.rooms.People.Count(ctx, v.Home.ID)
	return err
}

// recentEvents is how many deeds the dashboard tells of.
const recentEvents = 8

// told are the deeds that have words; what an installation does inside is of
// no use to members.
var told = map[string]bool{
	"invitation.send": true, "invitation.accept": true, "access.ask": true, "access.admitted": true, "access.refused": true,
	"roster.send": true, "roster.approved": true, "roster.refused": true, "member.join": true, "member.remove": true,
	"swap.done": true, "merge.done": true, "terms.accept": true, "walkthrough.ask": true, "consent.give": true,
	"app.register": true, "app.secret.add": true, "app.certificate.add": true, "app.federated.add": true, "app.credential.remove": true, "app.delete": true,
}

// recent tells what was done lately by the organisation's people, or by the
// programme for them. Nothing of a third organisation is told.
func (h *Handlers) recent(ctx context.Context, v visit, view *dashboardView) error {
	events, err := h.rooms.Attempts.Events(ctx, v.Home.ID, 100)
	if err != nil {
		return err
	}
	for _, e := range events {
		if len(view.Recent) == recentEvents {
			break
		}
		who, ok := v.teller(e)
		if ok && told[e.Verb] {
			view.Recent = append(view.Recent, line{Key: "portal.event." + e.Verb, Date: e.At, Name: who})
		}
	}
	return nil
}

func (v visit) teller(e audit.Event) (string, bool) {
	switch e.Tenant {
	case v.Home.ID:
		return e.SignInName, e.SignInName != ""
	case v.programme.Owner:
		return v.programme.Name, true
	}
	return "", false
}

// sections names the parts that need a role, and who holds it (M46).
func (h *Handlers) sections(ctx context.Context, v visit, view *dashboardView) error {
	admins, err := h.rooms.People.Reviewers(ctx, v.Home.ID, 10)
	if err != nil {
		return err
	}
	list, err := h.rooms.People.List(ctx, v.Home.ID, "", programme.MaxPage)
	if err != nil {
		return err
	}
	people := section{Name: "people", Open: v.leadsPeople(), Role: "User Administrator"}
	for _, p := range list {
		if len(people.Heads) < 10 && !p.Disabled && p.Holds(account.GlobalAdministrator, account.UserAdministrator) {
			people.Heads = append(people.Heads, heading(p))
		}
	}
	apps := section{Name: "apps", Open: v.Person.MayConsentForAll(), Role: "Application Administrator"}
	for _, p := range admins {
		apps.Heads = append(apps.Heads, heading(p))
	}
	view.Sections = []section{people, apps}
	return nil
}

func heading(p account.Account) string { return strings.TrimSpace(p.Name + " (" + p.SignInName + ")") }

// walkthroughView is the form of a wish to be shown round.
type walkthroughView struct{ Date, Time, Reason, Least, Most string }

func (h *Handlers) walkthrough(w http.ResponseWriter, r *http.Request) {
	if v, ok := h.member(w, r); ok {
		h.drawWalkthrough(w, r, v, walkthroughView{Time: "09:00"}, nil)
	}
}

func (h *Handlers) drawWalkthrough(w http.ResponseWriter, r *http.Request, v visit, view walkthroughView, problem error) {
	now := h.rooms.Source.Now()
	view.Least, view.Most = now.Format(time.DateOnly), now.Add(90*24*time.Hour).Format(time.DateOnly)
	page := pages.View{Template: "portal-walkthrough.html", Title: "portal.walkthrough.title", Narrow: true, Data: view, Again: "/portal/walkthrough"}
	if problem == nil || h.mistake(w, r, v, problem, &page) {
		h.show(w, r, v, page)
	}
}

func (h *Handlers) bookWalkthrough(w http.ResponseWriter, r *http.Request) {
	if !h.site.Form(w, r) {
		return
	}
	v, ok := h.member(w, r)
	if !ok {
		return
	}
	view := walkthroughView{Date: r.PostForm.Get("date"), Time: r.PostForm.Get("time"), Reason: r.PostForm.Get("reason")}
	at, err := time.Parse("2006-01-02 15:04", view.Date+" "+view.Time)
	if err != nil {
		err = fault.New(fault.InputInvalid, "parameter", "when", "rule", "a date and a time")
	} else {
		err = h.rooms.Programme.AskWalkthrough(r.Context(), v.Caller(), at, view.Reason)
	}
	if err != nil {
		h.drawWalkthrough(w, r, v, view, err)
		return
	}
	http.Redirect(w, r, programme.PortalPath+"?said=booked", http.StatusSeeOther)
}

// consent leads an admin to the consent page again, where they can allow the
// portal for everyone. It changes nothing by itself.
func (h *Handlers) consent(w http.ResponseWriter, r *http.Request) {
	if v, ok := h.member(w, r); ok {
		h.lead(w, r, programme.PortalPath, url.Values{"prompt": {"consent"}, "login_hint": {v.Person.SignInName}})
	}
}
