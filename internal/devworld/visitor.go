package devworld

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/entente-id/entente/internal/id"
	"golang.org/x/net/html"
)

// Visitor walks through the sign-in pages as a browser without script does: it
// follows redirects, keeps cookies and posts the forms that it finds.
type Visitor struct {
	client *http.Client
	now    func() time.Time
	// SignInName, Password and Seed are what it answers with. An empty seed is
	// filled in when an authenticator app is set up.
	SignInName, Password, Seed string
	// Allow is the answer to the consent page.
	Allow bool
	// Steps are the titles of the pages seen, for stories and tests.
	Steps []string
	// Page is the last page seen.
	Page *Page
}

// Page is what a visitor sees.
type Page struct {
	Address *url.URL
	Status  int
	Title   string
	Body    string
	Header  http.Header
	forms   []form
	strays  []stray
}

// stray is a button that stands outside of the form that it belongs to.
type stray struct{ form, button string }

// adopt gives each stray to its form; the form may come later on the page.
func (p *Page) adopt() {
	for _, s := range p.strays {
		if i := slices.IndexFunc(p.forms, func(f form) bool { return f.id == s.form }); i >= 0 {
			p.forms[i].buttons = append(p.forms[i].buttons, s.button)
		}
	}
}

type form struct {
	id     string
	action string
	fields url.Values
	// buttons are the submit buttons, "name=value".
	buttons []string
	names   []string
}

// NewVisitor gives a fresh browser. The transport must trust the world's
// certificate.
func NewVisitor(transport http.RoundTripper, now func() time.Time, signInName string) *Visitor {
	jar, _ := cookiejar.New(nil)
	client := &http.Client{Transport: transport, Jar: jar, Timeout: 30 * time.Second}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	v := &Visitor{client: client, now: now, SignInName: signInName, Password: Password, Allow: true}
	if p, ok := FindPerson(signInName); ok {
		v.Seed = p.Seed
	}
	return v
}

// At sets the clock that one-time codes are read from, such as half a minute
// ahead when the current code was used already.
func (v *Visitor) At(now func() time.Time) { v.now = now }

// ErrStuck means that a page came up which the visitor cannot answer: a
// refusal, or a problem with what it typed.
var ErrStuck = errors.New("the page cannot be answered")

// maxPages is more than any journey has.
const maxPages = 20

// SignIn opens an authorize address and walks until the answer goes to the
// redirect address, which it returns with all its fields. What the redirect
// address itself would answer is not asked.
func (v *Visitor) SignIn(ctx context.Context, address, redirect string) (url.Values, error) {
	if err := v.Open(ctx, address); err != nil {
		return nil, err
	}
	return v.Walk(ctx, redirect)
}

// Walk answers page after page until the answer goes to the redirect address.
func (v *Visitor) Walk(ctx context.Context, redirect string) (url.Values, error) {
	for range maxPages {
		if values, ok := v.arrived(redirect); ok {
			return values, nil
		}
		if target := v.Page.Header.Get("Location"); target != "" {
			if err := v.Open(ctx, target); err != nil {
				return nil, err
			}
			continue
		}
		if err := v.answer(ctx); err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("%w: %d pages and no end", ErrStuck, maxPages)
}

// arrived: a redirect to the application, or a form that posts there.
func (v *Visitor) arrived(redirect string) (url.Values, bool) {
	target, err := v.Page.Address.Parse(v.Page.Header.Get("Location"))
	if err == nil && v.Page.Header.Get("Location") != "" && samePlace(target.String(), redirect) {
		values := target.Query()
		if fragment, err := url.ParseQuery(target.EscapedFragment()); err == nil && len(fragment) > 0 {
			values = fragment
		}
		return values, true
	}
	for _, f := range v.Page.forms {
		if samePlace(f.action, redirect) {
			return f.fields, true
		}
	}
	return nil, false
}

func samePlace(a, b string) bool {
	cut := func(s string) string {
		s, _, _ = strings.Cut(s, "?")
		s, _, _ = strings.Cut(s, "#")
		return strings.TrimSuffix(s, "/")
	}
	return a != "" && cut(a) == cut(b)
}

// answer fills in the page's form as a person would.
func (v *Visitor) answer(ctx context.Context) error {
	i := slices.IndexFunc(v.Page.forms, func(f form) bool { return f.id == "step" && slices.Contains(f.names, "flow") })
	if i < 0 || strings.Contains(v.Page.Body, `role="alert"`) {
		return fmt.Errorf("%w: %q (status %d) at %s", ErrStuck, v.Page.Title, v.Page.Status, v.Page.Address.Path)
	}
	f := v.Page.forms[i]
	has := func(name string) bool { return slices.Contains(f.names, name) }
	button := func(b string) bool { return slices.Contains(f.buttons, b) }
	switch {
	case has("password"):
		return v.Submit(ctx, "do=next", url.Values{"password": {v.Password}})
	case has("address"):
		return v.Submit(ctx, "do=next", url.Values{"address": {v.SignInName}})
	case has("code"):
		return v.answerCode(ctx)
	case button("do=personal"):
		kind := "do=work"
		if p, ok := FindPerson(v.SignInName); ok && p.Tenant == id.Consumers {
			kind = "do=personal"
		}
		return v.Submit(ctx, kind, nil)
	case has("kept"):
		return v.Submit(ctx, "do=next", url.Values{"kept": {"on"}})
	case button("do=yes") && v.Allow:
		return v.Submit(ctx, "do=yes", nil)
	case button("do=no"):
		return v.Submit(ctx, "do=no", nil)
	}
	for _, b := range f.buttons {
		if strings.HasPrefix(b, "pick=") {
			return v.Submit(ctx, b, nil)
		}
	}
	return fmt.Errorf("%w: %q has no button to press", ErrStuck, v.Page.Title)
}

func (v *Visitor) answerCode(ctx context.Context) error {
	if seed, ok := seedOn(v.Page.Body); ok {
		v.Seed = seed
	}
	code, err := CodeAt(v.Seed, v.now())
	if err != nil {
		return err
	}
	return v.Submit(ctx, "do=next", url.Values{"code": {code}})
}

// seedOn finds the secret of an authenticator app in the link of the page.
func seedOn(body string) (string, bool) {
	_, rest, ok := strings.Cut(body, "secret=")
	if !ok {
		return "", false
	}
	end := strings.IndexFunc(rest, func(r rune) bool { return (r < 'A' || r > 'Z') && (r < '2' || r > '7') })
	if end <= 0 {
		return "", false
	}
	return rest[:end], true
}

// Submit posts the page's form with a button and what was typed.
func (v *Visitor) Submit(ctx context.Context, button string, typed url.Values) error {
	i := slices.IndexFunc(v.Page.forms, func(f form) bool { return slices.Contains(f.buttons, button) })
	if i < 0 {
		return fmt.Errorf("%w: %q has no button %s", ErrStuck, v.Page.Title, button)
	}
	f := v.Page.forms[i]
	fields := url.Values{}
	for name, values := range f.fields {
		fields[name] = values
	}
	for name, values := range typed {
		fields[name] = values
	}
	name, value, _ := strings.Cut(button, "=")
	fields.Set(name, value)
	target, err := v.Page.Address.Parse(f.action)
	if err != nil {
		return err
	}
	return v.Post(ctx, target.String(), fields)
}

// Post sends a form of our own to an address.
func (v *Visitor) Post(ctx context.Context, address string, fields url.Values) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(fields.Encode()))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Sec-Fetch-Site", "same-origin")
	return v.see(request)
}

// Open gets a page.
func (v *Visitor) Open(ctx context.Context, address string) error {
	if v.Page != nil {
		absolute, err := v.Page.Address.Parse(address)
		if err != nil {
			return err
		}
		address = absolute.String()
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	return v.see(request)
}

func (v *Visitor) see(request *http.Request) error {
	response, err := v.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 4<<20))
	if err != nil {
		return err
	}
	v.Page = &Page{Address: request.URL, Status: response.StatusCode, Header: response.Header, Body: string(body)}
	document, err := html.Parse(strings.NewReader(v.Page.Body))
	if err != nil {
		return err
	}
	v.Page.read(document, -1)
	v.Page.adopt()
	if v.Page.Title != "" {
		v.Steps = append(v.Steps, v.Page.Title)
	}
	return nil
}

// read collects the title and the forms.
func (p *Page) read(n *html.Node, in int) {
	if n.Type == html.ElementNode {
		at := attributes(n)
		switch n.Data {
		case "title":
			if n.FirstChild != nil {
				p.Title = strings.TrimSpace(n.FirstChild.Data)
			}
		case "form":
			p.forms = append(p.forms, form{id: at["id"], action: at["action"], fields: url.Values{}})
			in = len(p.forms) - 1
		case "input":
			if in >= 0 && at["name"] != "" {
				p.forms[in].names = append(p.forms[in].names, at["name"])
				if at["type"] != "checkbox" && at["type"] != "submit" {
					p.forms[in].fields.Set(at["name"], at["value"])
				}
			}
		case "button":
			switch {
			case at["name"] == "":
			case at["form"] != "":
				p.strays = append(p.strays, stray{at["form"], at["name"] + "=" + at["value"]})
			case in >= 0:
				p.forms[in].buttons = append(p.forms[in].buttons, at["name"]+"="+at["value"])
			}
		}
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		p.read(c, in)
	}
}

func attributes(n *html.Node) map[string]string {
	m := map[string]string{}
	for _, a := range n.Attr {
		m[a.Key] = a.Val
	}
	return m
}
