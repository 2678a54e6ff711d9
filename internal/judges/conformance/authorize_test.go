package conformance_test

import (
	"crypto/rand"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// request is what every module starts from: random state and nonce. A state
// that goes through a form tries to leave it.
func (r *run) request(c client, scope string) url.Values {
	q := url.Values{
		"client_id": {string(c.app)}, "response_type": {"code"}, "redirect_uri": {c.redirect}, "scope": {scope},
		"state": {rand.Text()}, "nonce": {rand.Text()},
	}
	if r.mode != "" {
		q.Set("response_mode", r.mode)
		q.Set("state", rand.Text()+`"'><script>&amp;%26+`)
	}
	return q
}

// with is a request with one more parameter.
func with(q url.Values, name, value string) url.Values {
	q.Set(name, value)
	return q
}

// answer is what the callback was called with, and how many pages a person
// saw before.
type answer struct {
	url.Values
	pages int
}

// authorize walks from a request to the callback.
func (r *run) authorize(q url.Values) answer {
	r.Helper()
	seen := len(r.browser.Steps)
	fields, err := r.browser.SignIn(r.Context(), r.meta.Authorize+"?"+q.Encode(), q.Get("redirect_uri"))
	if err != nil {
		r.Fatalf("after %q: %v", r.browser.Steps, err)
	}
	return r.arrived(q, fields, seen)
}

// arrived checks how the answer came: its way, the state, and the redirect
// address's own query.
func (r *run) arrived(q, fields url.Values, seen int) answer {
	r.Helper()
	a := answer{fields, len(r.browser.Steps) - seen}
	redirect, err := url.Parse(q.Get("redirect_uri"))
	if err != nil {
		r.Fatal(err)
	}
	if r.mode == "form_post" {
		a.Values = r.carried(q.Get("redirect_uri"))
		// The page that carries the answer is not one for a person.
		a.pages--
	} else {
		location, err := url.Parse(r.browser.Page.Header.Get("Location"))
		if err != nil {
			r.Fatal(err)
		}
		if location.Fragment != "" || location.Path != redirect.Path || location.Host != redirect.Host {
			r.Errorf("the answer went to %s", location.Redacted())
		}
		own := redirect.Query()
		for name := range own {
			if !slices.Equal(location.Query()[name], own[name]) {
				r.Errorf("the redirect address's own %s came back as %q", name, location.Query()[name])
			}
		}
	}
	for name, values := range a.Values {
		if len(values) != 1 {
			r.Errorf("%s came %d times", name, len(values))
		}
	}
	if a.Get("state") != q.Get("state") {
		r.Errorf("state %q came back as %q", q.Get("state"), a.Get("state"))
	}
	if iss := a.Get("iss"); iss != "" && iss != r.meta.Issuer {
		r.Errorf("iss %q is not the issuer", iss)
	}
	return a
}

// carried is the form that brings an answer to the callback (OAuth 2.0 Form
// Post Response Mode 2): a POST of form fields that a person can send without
// script, to the redirect address as it is.
func (r *run) carried(redirect string) url.Values {
	r.Helper()
	page := r.browser.Page
	if page.Status != http.StatusOK || page.Header.Get("Location") != "" {
		r.Fatalf("the form came with %d to %q", page.Status, page.Header.Get("Location"))
	}
	if !strings.Contains(page.Header.Get("Cache-Control"), "no-store") || !strings.HasPrefix(page.Header.Get("Content-Type"), "text/html") {
		r.Errorf("headers %q", page.Header)
	}
	form := formTo(r, page.Body, redirect)
	if form == nil {
		r.Fatalf("no form leads to %s", redirect)
	}
	if !strings.EqualFold(attribute(form, "method"), "post") || !slices.Contains([]string{"", "application/x-www-form-urlencoded"}, attribute(form, "enctype")) {
		r.Errorf("the form is sent by %s as %s", attribute(form, "method"), attribute(form, "enctype"))
	}
	origin, err := url.Parse(redirect)
	if err != nil {
		r.Fatal(err)
	}
	if policy := page.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "form-action "+origin.Scheme+"://"+origin.Host) {
		r.Errorf("the form may not be sent: %s", policy)
	}
	fields, button := url.Values{}, false
	for n := range form.Descendants() {
		switch n.Data {
		case "input":
			fields.Add(attribute(n, "name"), attribute(n, "value"))
		case "button":
			button = true
		}
	}
	if !button {
		r.Error("without script nobody can send the form")
	}
	return fields
}

// formTo finds the form with an action.
func formTo(r *run, body, action string) *html.Node {
	r.Helper()
	document, err := html.Parse(strings.NewReader(body))
	if err != nil {
		r.Fatal(err)
	}
	for n := range document.Descendants() {
		if n.Data == "form" && attribute(n, "action") == action {
			return n
		}
	}
	return nil
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// refused is the error that a request comes back with.
func (r *run) refused(q url.Values) answer {
	r.Helper()
	a := r.authorize(q)
	if a.Get("error") == "" || a.Has("code") {
		r.Fatalf("the answer is %q", a.Values)
	}
	r.legible(a.Get("error_description"))
	return a
}

// legible: the characters of an error_description (RFC 6749 4.1.2.1 and 5.2).
func (r *run) legible(description string) {
	r.Helper()
	if i := strings.IndexFunc(description, func(c rune) bool { return c < ' ' || c > '~' || c == '"' || c == '\\' }); i >= 0 {
		r.Errorf("error_description has %q: %s", description[i], description)
	}
}

// stays: the request is answered with a page that names a word, and nothing
// goes to an address of the client.
func (r *run) stays(address, word string) {
	r.Helper()
	if err := r.browser.Open(r.Context(), address); err != nil {
		r.Fatal(err)
	}
	page := r.browser.Page
	if page.Status < 400 || page.Status > 499 || page.Header.Get("Location") != "" || strings.Contains(page.Body, `action="`+suite) {
		r.Errorf("answered with %d to %q", page.Status, page.Header.Get("Location"))
	}
	if page.Title == "" || !strings.Contains(page.Body, word) {
		r.Errorf("the page %q does not name %s", page.Title, word)
	}
}
