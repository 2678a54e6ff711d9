package pages

import (
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// FormPostView carries an answer to the app in a form (OAuth 2.0 Form Post
// Response Mode).
type FormPostView struct {
	Frame
	// Target is the app's registered redirect address.
	Target string
	// Fields are names and values, in order.
	Fields [][2]string
}

// FormPost writes the page that posts the answer. Script presses the button;
// without script a person does. The form can go to the target's origin and
// nowhere else.
func (p *Pages) FormPost(w http.ResponseWriter, v FormPostView) {
	s := p.sheet(v.Frame, v, "carry.title")
	if s.target = originOf(v.Target); s.target == "" {
		s.target = "'none'"
	}
	p.render(w, http.StatusOK, "formpost.html", s)
}

// LeaveView carries a person to an address that a redirect cannot reach under
// form-action: a custom scheme or a loopback listener (experience.md 2.27).
type LeaveView struct {
	Frame
	Target string
}

// Href is the target as a link.
func (v LeaveView) Href() template.URL { return outward(v.Target) }

// Leave writes the page that leads on by itself, with a visible link beside.
func (p *Pages) Leave(w http.ResponseWriter, v LeaveView) {
	p.render(w, http.StatusOK, "leave.html", p.sheet(v.Frame, v, "carry.title"))
}

// ResumeView carries a form that was kept while its person signed in again.
type ResumeView struct {
	Frame
	Fields url.Values
}

// Resume writes the page that sends a kept form, at the press of a button.
func (p *Pages) Resume(w http.ResponseWriter, v ResumeView) {
	p.render(w, http.StatusOK, "resume.html", p.sheet(v.Frame, v, "resume.title"))
}

// Href is the return address as a link, or empty.
func (v SignedOutView) Href() template.URL { return outward(v.Return) }

// outward lets a registered address of any scheme be a link, except those that
// run or show something inside our own origin.
func outward(address string) template.URL {
	u, err := url.Parse(address)
	if err != nil || (u.Scheme == "" && !strings.HasPrefix(address, "/")) || strings.HasPrefix(address, "//") {
		return ""
	}
	ours := []string{"javascript", "vbscript", "data", "blob", "file", "filesystem", "about", "view-source"}
	if slices.Contains(ours, strings.ToLower(u.Scheme)) {
		return ""
	}
	return template.URL(u.String())
}
