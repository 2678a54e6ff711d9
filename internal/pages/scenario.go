package pages

import "net/http"

// ScenarioView is one story of the dev world, ready to be walked. Its text is
// English: it is for developers.
type ScenarioView struct {
	Frame
	ID, Title string
	// As is whom to sign in as; Messages are the messages that come up.
	As, Password string
	Messages     []string
	Steps        []string
	// Others are all stories, for the list.
	Others []ScenarioView
}

// Scenario writes a story of the dev world with its start button, or with an
// empty ID the list of them.
func (p *Pages) Scenario(w http.ResponseWriter, v ScenarioView) {
	s := p.sheet(v.Frame, v, "scenario.title")
	s.Wide = true
	p.render(w, http.StatusOK, "scenario.html", s)
}
