package account

import (
	"net/http"
	"time"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/credential"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/pages"
	"github.com/entente-id/entente/internal/pages/site"
)

// peopleView lists the people of an organisation for those who help them in.
type peopleView struct {
	People []colleague
	Next   string
}

type colleague struct {
	ID               id.Object
	Name, SignInName string
	Disabled, Second bool
	MayPass          bool
}

// pageSize is how many people a list shows at once.
const pageSize = 25

// mayHelp says whether a person may see this list.
func mayHelp(g site.Guest) error {
	if g.Person.Holds(account.GlobalAdministrator, account.UserAdministrator) {
		return nil
	}
	return fault.New(fault.RoleMissing, "role", "User Administrator")
}

func (h *Handlers) people(w http.ResponseWriter, r *http.Request) {
	g, ok := h.Organisation.Admit(w, r)
	if !ok {
		return
	}
	if err := mayHelp(g); err != nil {
		h.refuse(w, r, g, err)
		return
	}
	list, err := h.People.List(r.Context(), g.Home.ID, id.Object(r.URL.Query().Get("after")), pageSize+1)
	if err != nil {
		h.refuse(w, r, g, err)
		return
	}
	v := peopleView{}
	if len(list) > pageSize {
		list = list[:pageSize]
		v.Next = peoplePath + "?after=" + string(list[pageSize-1].ID)
	}
	for _, p := range list {
		ways, err := h.Safe.Ways(r.Context(), credential.Owner{Tenant: p.Tenant, Account: p.ID})
		if err != nil {
			h.refuse(w, r, g, err)
			return
		}
		v.People = append(v.People, colleague{
			ID: p.ID, Name: p.Name, SignInName: p.SignInName, Disabled: p.Disabled, Second: ways.Second(),
			MayPass: !p.Disabled && credential.MayIssuePass(g.Person, p) == nil,
		})
	}
	h.page(w, h.orgFrame(r, g), "people", peoplePath, "", v)
}

func (h *Handlers) orgFrame(r *http.Request, g site.Guest) pages.Frame {
	return pages.Frame{Lang: h.site.Language(r), OrgName: g.Home.Name, Action: r.URL.Path, Nav: []pages.NavItem{
		{Label: "account.nav.organisation", Href: "/organisation"}, {Label: "account.nav.people", Href: peoplePath, Current: true},
		{Label: "account.nav.connection", Href: "/organisation/sign-in"},
	}}
}

// passView shows a temporary pass, once.
type passView struct {
	Name, SignInName, Pass string
	Until                  time.Time
}

// passLife is how long a pass from this page is good: long enough for a call,
// short enough to be worth nothing tomorrow.
const passLife = 4 * time.Hour

// givePass issues a temporary pass for a colleague.
func (h *Handlers) givePass(w http.ResponseWriter, r *http.Request) {
	if !h.site.Form(w, r) {
		return
	}
	g, ok := h.Organisation.AdmitFresh(w, r)
	if !ok {
		return
	}
	if err := mayHelp(g); err != nil {
		h.refuse(w, r, g, err)
		return
	}
	person, err := h.People.Find(r.Context(), g.Home.ID, id.Object(r.PathValue("person")))
	if err != nil {
		h.refuse(w, r, g, err)
		return
	}
	text, pass, err := h.Safe.IssuePass(r.Context(), g.Person, person, passLife, true)
	if err != nil {
		h.refuse(w, r, g, err)
		return
	}
	h.page(w, h.orgFrame(r, g), "pass", "", "", passView{Name: person.Name, SignInName: person.SignInName, Pass: text, Until: pass.Until})
}
