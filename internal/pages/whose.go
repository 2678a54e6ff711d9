package pages

import (
	"html/template"
	"net/http"
)

// ExpectedView asks which address is meant: the one of the invitation, or the
// one that was typed. It posts do=yes or do=no.
type ExpectedView struct {
	Frame
	// Expected is the invitation's, Typed the other one.
	Expected, Typed string
}

// Expected writes the question which address to use, before any password.
func (p *Pages) Expected(w http.ResponseWriter, v ExpectedView) {
	p.step(w, "expected.html", v.Frame, v, "expected.title", "")
}

// UnknownView says that nobody has connected a domain (M04), and takes another
// sign-in name. It posts address and do=next.
type UnknownView struct {
	Frame
	Address, Domain string
	// Reference is the attempt that a request for help is about.
	Reference string
	// Letter asks one's own IT.
	Letter template.URL
}

// Unknown writes the page about an unknown domain.
func (p *Pages) Unknown(w http.ResponseWriter, v UnknownView) {
	l := p.words.In(v.Lang)
	facts := map[string]string{"domain": v.Domain, "app": v.AppName}
	v.Letter = letter("", l.Plain("mail.domain.subject", facts), l.Plain("mail.domain.body", facts)+"\n\n"+v.Reference)
	s := p.sheet(v.Frame, v, "")
	s.Title, s.Form, s.Field = l.HTML("unknown.title", facts), true, "address"
	p.render(w, http.StatusOK, "unknown.html", s)
}

// KindView asks for the kind of account. It posts do=work or do=personal, and
// kept to remember it.
type KindView struct {
	Frame
	Address string
	// Rename is where a personal account gets another sign-in name.
	Rename string
}

// Kind writes the account-kind question (M03). It is asked for every address
// of a verified domain alike, so that it tells nothing of who has an account.
func (p *Pages) Kind(w http.ResponseWriter, v KindView) {
	p.step(w, "kind.html", v.Frame, v, "kind.title", "")
}

// UpstreamView leads to a company's own sign-in. It posts do=next.
type UpstreamView struct {
	Frame
	Address string
	// Provider is what the company calls its sign-in.
	Provider string
}

// Upstream writes the page before a company's own sign-in. Script goes on by
// itself after a moment; there is a link to stop it.
func (p *Pages) Upstream(w http.ResponseWriter, v UpstreamView) {
	p.step(w, "upstream.html", v.Frame, v, "upstream.title", "")
}
