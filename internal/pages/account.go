package pages

import "net/http"

// AccountDoneAddress is where setting up a second factor ends.
const AccountDoneAddress = "/account/done"

// AccountDoneView tells a person that their second factor is in place.
type AccountDoneView struct{ Frame }

// AccountDone writes the page at the end of setting up a second factor.
func (p *Pages) AccountDone(w http.ResponseWriter, v AccountDoneView) {
	s := p.sheet(v.Frame, v, "accountdone.title")
	s.Again = AccountDoneAddress
	p.render(w, http.StatusOK, "accountdone.html", s)
}
