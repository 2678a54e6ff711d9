package pages

import "net/http"

// AccountDoneView tells a person that their second factor is in place.
type AccountDoneView struct{ Frame }

// AccountDone writes the page at the end of setting up a second factor.
func (p *Pages) AccountDone(w http.ResponseWriter, v AccountDoneView) {
	s := p.sheet(v.Frame, v, "accountdone.title")
	s.Again = accountDone
	p.render(w, http.StatusOK, "accountdone.html", s)
}
