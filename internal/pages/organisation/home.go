package organisation

import (
	"net/http"

	"github.com/entente-id/entente/internal/pages"
	"github.com/entente-id/entente/internal/tenant"
)

// homeView counts what an admin can look after.
type homeView struct {
	Waiting, Apps, People int
	// More is true when there are more apps than were counted.
	More   bool
	Policy string
}

func (h *Handlers) home(w http.ResponseWriter, r *http.Request) {
	g, ok := h.door.Admit(w, r)
	if !ok {
		return
	}
	waiting, err := h.waiting(r, g)
	if err != nil {
		h.refuse(w, r, g, err)
		return
	}
	apps, err := h.Approvals.Apps(r.Context(), g.Caller(), "", 200)
	if err != nil {
		h.refuse(w, r, g, err)
		return
	}
	people, err := h.People.Count(r.Context(), g.Home.ID)
	if err != nil {
		h.refuse(w, r, g, err)
		return
	}
	h.site.Show(w, pages.View{
		Frame: h.frame(r, g, home, len(waiting)), Template: "organisation-home.html",
		Title: "organisation.home.title", Facts: map[string]string{"org": g.Home.Name}, Again: home,
		Data: homeView{Waiting: len(waiting), Apps: len(apps), People: people, More: len(apps) == 200, Policy: policyWord(g.Home.Settings.UserConsent)},
	})
}

// policyWord names a policy in addresses of words and in forms.
func policyWord(p tenant.ConsentPolicy) string {
	if p == tenant.ConsentAnyone {
		return "anyone"
	}
	return string(p)
}
