// Package help holds the pages that turn a failure into its end: what a domain
// is connected to, a request for help in one press, and for those who can help
// the whole story of a reference, what would change it, and the answer.
package help

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/diagnosis"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/pages"
	"github.com/entente-id/entente/internal/pages/site"
	"github.com/entente-id/entente/internal/signin"
	"github.com/entente-id/entente/internal/tenant"
)

// Rooms are what the pages call, and the doors behind which staff find them.
type Rooms struct {
	Desk                    *diagnosis.Desk
	Tenants                 *tenant.Directory
	Programme, Organisation *site.Door
}

type handlers struct {
	*site.Site
	Rooms
}

// New opens the pages.
func New(on *site.Site, rooms Rooms) {
	h := handlers{on, rooms}
	mux := on.Mux()
	mux.HandleFunc("GET /check", h.check)
	mux.HandleFunc("POST /help", h.ask)
	mux.HandleFunc("GET /help/{reference}", h.asked)
	for place, door := range map[string]*site.Door{"programme": rooms.Programme, "organisation": rooms.Organisation} {
		s := staff{h, door, "/" + place}
		mux.HandleFunc("GET /"+place+"/help", s.queue)
		mux.HandleFunc("GET /"+place+"/sign-ins", s.search)
		mux.HandleFunc("GET /"+place+"/sign-ins/{reference}", s.story)
		mux.HandleFunc("POST /"+place+"/sign-ins/{reference}", s.answer)
	}
}

func (h handlers) frame(r *http.Request, action string) pages.Frame {
	return pages.Frame{Lang: h.Language(r), Action: action}
}

// refuse keeps the attempt and shows its page.
func (h handlers) refuse(w http.ResponseWriter, r *http.Request, err error) {
	h.RefuseVisit(w, r, err, signin.About{Step: "help"})
}

// checkView is what may be told to anybody about a domain (DESIGN 4.14).
type checkView struct {
	Asked, Domain string
	// Finding is connected, own (its own sign-in), consumer or unknown; empty
	// before anything was asked.
	Finding      string
	Organisation string
}

// check tells whether a domain is connected (J01). It says nothing about
// accounts: the part before the @ is not even read.
func (h handlers) check(w http.ResponseWriter, r *http.Request) {
	v := checkView{Asked: strings.TrimSpace(r.URL.Query().Get("address"))}
	f := h.frame(r, "/check")
	if len(v.Asked) > 320 {
		v.Asked = ""
	}
	if v.Asked != "" {
		domain, ok := account.DomainOf(v.Asked)
		if !ok {
			domain, ok = tenant.FoldDomain(v.Asked)
		}
		if !ok {
			f.Problem = "problem.address.form"
		} else if err := h.look(r, &v, domain); err != nil {
			h.refuse(w, r, err)
			return
		}
	}
	again := "/check"
	h.Show(w, pages.View{Frame: f, Template: "help-check.html", Title: "domaincheck.title", Data: v, Field: "address", Again: again, Narrow: true})
}

func (h handlers) look(r *http.Request, v *checkView, domain string) error {
	v.Domain = domain
	owner, err := h.Tenants.Named(r.Context(), domain)
	switch {
	case fault.Has(err, fault.TenantUnknown), fault.Has(err, fault.TenantMalformed):
		v.Finding = "unknown"
		return nil
	case err != nil:
		return err
	case owner.Personal():
		v.Finding = "consumer"
		return nil
	case owner.Federated():
		v.Finding = "own"
	default:
		v.Finding = "connected"
	}
	v.Organisation = owner.Name
	return nil
}

// ask sends an attempt to those who can help.
func (h handlers) ask(w http.ResponseWriter, r *http.Request) {
	if !h.Form(w, r) {
		return
	}
	programme := r.PostForm.Get("to") != "it"
	reference, ok := id.ParseReference(r.PostForm.Get("reference"))
	if !ok {
		h.refuse(w, r, fault.New(fault.ReferenceUnknown, "reference", r.PostForm.Get("reference")))
		return
	}
	asked, err := h.Desk.Ask(r.Context(), reference, programme, r.PostForm.Get("text"))
	if err != nil {
		h.refuse(w, r, err)
		return
	}
	http.Redirect(w, r, statusOf(asked), http.StatusSeeOther)
}

func statusOf(asked diagnosis.Help) string {
	to := "it"
	if asked.Programme {
		to = "programme"
	}
	return "/help/" + url.PathEscape(asked.Reference) + "?to=" + to
}

// asked shows what became of a request.
func (h handlers) asked(w http.ResponseWriter, r *http.Request) {
	reference, ok := id.ParseReference(r.PathValue("reference"))
	if !ok {
		h.refuse(w, r, fault.New(fault.ReferenceUnknown, "reference", r.PathValue("reference")))
		return
	}
	asked, err := h.Desk.Asked(r.Context(), reference, r.URL.Query().Get("to") != "it")
	if err != nil {
		h.refuse(w, r, err)
		return
	}
	h.Show(w, pages.View{
		Frame: h.frame(r, ""), Template: "help-asked.html", Title: "help.asked.title", Data: asked,
		Again: "/help/" + reference, Narrow: true,
	})
}

// staff are the pages for those who can help, behind one of the doors.
type staff struct {
	handlers
	door *site.Door
	base string
}

// queueView lists the requests that wait.
type queueView struct {
	Base string
	Open []diagnosis.Help
	Done []diagnosis.Help
}

func (s staff) queue(w http.ResponseWriter, r *http.Request) {
	guest, ok := s.door.Admit(w, r)
	if !ok {
		return
	}
	v := queueView{Base: s.base}
	var err, second error
	v.Open, err = s.Desk.Queue(r.Context(), guest.Caller(), diagnosis.Open)
	v.Done, second = s.Desk.Queue(r.Context(), guest.Caller(), diagnosis.Answered)
	if err := errors.Join(err, second); err != nil {
		s.refuse(w, r, err)
		return
	}
	s.Show(w, pages.View{
		Frame: pages.Frame{Lang: s.Language(r), OrgName: guest.Home.Name}, Template: "help-queue.html", Title: "help.queue.title",
		Data: v, Again: r.URL.Path,
	})
}

// search finds a reference as a person types it.
func (s staff) search(w http.ResponseWriter, r *http.Request) {
	if _, ok := s.door.Admit(w, r); !ok {
		return
	}
	reference, ok := id.ParseReference(r.URL.Query().Get("reference"))
	if !ok {
		s.refuse(w, r, fault.New(fault.ReferenceUnknown, "reference", r.URL.Query().Get("reference")))
		return
	}
	http.Redirect(w, r, s.base+"/sign-ins/"+reference, http.StatusSeeOther)
}

// storyView is the whole story of a reference.
type storyView struct {
	diagnosis.Story
	Base string
	// Seen is what the person was shown, in their language; Reply a text to
	// send them.
	Seen  pages.Told
	Reply string
	Tried []diagnosis.Outcome
	Help  *diagnosis.Help
	Text  string
}

func (s staff) story(w http.ResponseWriter, r *http.Request) {
	guest, ok := s.door.Admit(w, r)
	if !ok {
		return
	}
	s.tell(w, r, guest, pages.Frame{}, "")
}

func (s staff) tell(w http.ResponseWriter, r *http.Request, guest site.Guest, f pages.Frame, text string) {
	ctx, by := r.Context(), guest.Caller()
	reference, ok := id.ParseReference(r.PathValue("reference"))
	if !ok {
		s.refuse(w, r, fault.New(fault.ReferenceUnknown, "reference", r.PathValue("reference")))
		return
	}
	story, err := s.Desk.Find(ctx, by, reference)
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	v := storyView{Story: story, Base: s.base, Text: text}
	facts := map[string]string{"org": story.Organisation}
	for name, value := range story.Facts {
		facts[name] = value
	}
	if story.App != "" {
		facts["app"] = story.App
	}
	lang := story.Language
	if lang == "" {
		lang = s.Language(r)
	}
	v.Seen = s.Told(lang, story.Number, facts)
	v.Reply = s.Reply(lang, story.Reference, v.Seen)
	if change := signin.Change(r.URL.Query().Get("try")); change != "" {
		tried, err := s.Desk.Simulate(ctx, by, reference, change)
		if err != nil {
			s.refuse(w, r, err)
			return
		}
		v.Tried = append(v.Tried, tried)
	}
	if asked, err := s.Desk.Asked(ctx, reference, s.base == "/programme"); err == nil && asked.Tenant == by.Home {
		v.Help = &asked
	}
	f.Lang, f.OrgName, f.Action = s.Language(r), guest.Home.Name, s.base+"/sign-ins/"+reference
	s.Show(w, pages.View{
		Frame: f, Template: "help-story.html", Title: "help.story.title", Facts: map[string]string{"reference": story.Reference},
		Data: v, Field: "text", Again: r.URL.Path,
	})
}

// answer sends the reply.
func (s staff) answer(w http.ResponseWriter, r *http.Request) {
	if !s.Form(w, r) {
		return
	}
	guest, ok := s.door.Admit(w, r)
	if !ok {
		return
	}
	reference, _ := id.ParseReference(r.PathValue("reference"))
	err := s.Desk.Answer(r.Context(), guest.Caller(), reference, r.PostForm.Get("text"))
	switch {
	case fault.Has(err, fault.InputInvalid):
		s.tell(w, r, guest, pages.Frame{Problem: "problem.answer"}, r.PostForm.Get("text"))
	case err != nil && !fault.Has(err, fault.ChangedMeanwhile):
		s.refuse(w, r, err)
	default:
		// Somebody else answered first: the page shows what they wrote.
		http.Redirect(w, r, s.base+"/sign-ins/"+reference, http.StatusSeeOther)
	}
}
