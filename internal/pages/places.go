package pages

import (
	"html/template"
	"net/http"
	"net/url"
	"time"

	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/pages/words"
)

// HomeView is the landing page at "/".
type HomeView struct {
	Frame
	// Tenants are the organisations to name: those of the dev world, none in
	// production.
	Tenants []HomeTenant
}

// HomeTenant is one organisation on the landing page.
type HomeTenant struct{ Name, Domain string }

// Home writes the landing page.
func (p *Pages) Home(w http.ResponseWriter, v HomeView) {
	s := p.sheet(v.Frame, v, "home.title")
	s.Again = "/"
	p.render(w, http.StatusOK, "home.html", s)
}

// ExplainView answers what a reference stands for.
type ExplainView struct {
	Frame
	// Reference is what was asked for; empty shows the search alone.
	Reference string
	Found     bool
	Fault     *fault.Fault
	At        time.Time
	// Public is true for a reader who holds the reference and nothing else: the
	// page then says what happened and who can fix it, and no more.
	Public bool
	// Checks are the steps that passed before; the fields below them are the
	// details for those with the right to see them.
	Checks                              []string
	AppID, CorrelationID, TraceID       string
	Address, AccountKind, Step, Browser string
}

// Explanation is an explained reference in the reader's language.
type Explanation struct {
	Asked ExplainView
	Story Story
}

// Explain writes /explain and /explain/{reference}.
func (p *Pages) Explain(w http.ResponseWriter, v ExplainView) {
	s := p.sheet(v.Frame, Explanation{Asked: v}, "explain.title")
	s.Again, s.Wide = "/explain", true
	if v.Reference != "" {
		s.Again += "/" + url.PathEscape(v.Reference)
	}
	if v.Reference != "" && !v.Found {
		s.Problem, s.ProblemFacts, s.Field = "problem.reference", map[string]string{"reference": v.Reference}, "reference"
	}
	if v.Found {
		r := Refusal{Frame: v.Frame, Fault: v.Fault, Reference: v.Reference, At: v.At}
		if !v.Public {
			r.AppID, r.CorrelationID, r.TraceID = v.AppID, v.CorrelationID, v.TraceID
			r.Address, r.AccountKind, r.Step, r.Browser, r.Checks = v.Address, v.AccountKind, v.Step, v.Browser, v.Checks
		} else if v.Fault != nil {
			// What was typed or sent is not for whoever finds the reference.
			r.Fault = fault.New(v.Fault.Code)
		}
		s.View = Explanation{Asked: v, Story: p.tell(r)}
	}
	p.render(w, http.StatusOK, "explain.html", s)
}

// InboxView lists what the dev world would have sent.
type InboxView struct {
	Frame
	Messages []InboxMessage
}

// InboxMessage is one mail, text message or call.
type InboxMessage struct {
	To, Subject, Body string
	// HTML is the other form of a mail, for those who look at it.
	HTML string
	// Link is the one link of a mail, empty for none.
	Link string
	// Kind is "mail", "text" or "call".
	Kind string
	At   time.Time
}

// Inbox writes the inbox of the dev world.
func (p *Pages) Inbox(w http.ResponseWriter, v InboxView) {
	s := p.sheet(v.Frame, v, "inbox.title")
	s.Again, s.Wide = "/dev/inbox", true
	p.render(w, http.StatusOK, "inbox.html", s)
}

// Moment writes an instant in the reader's language.
func (s *sheet) Moment(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return s.words.Moment(at)
}

// Stamp writes an instant for machines.
func (s *sheet) Stamp(at time.Time) string { return stamp(at) }

// Masked hides the middle of an address.
func (s *sheet) Masked(address string) string { return mask(address) }

// Check gives a step that passed in words, or as it is when it has none.
func (s *sheet) Check(check string) template.HTML {
	if key := "check." + check; s.words.Has(key) {
		return s.words.HTML(key, nil)
	}
	return template.HTML(template.HTMLEscapeString(words.OneLine(check)))
}
