// Package pages holds all HTML of Entente: the pages a person meets on the way
// to an app, what they say in each language, and how they look.
//
// Every page works without script (DESIGN 4.10). A page is one plain struct and
// one method; it knows nothing of requests, stores or protocols.
package pages

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"
)

//go:embed templates/*.html
var templateFiles embed.FS

// Options are what the whole set of pages depends on.
type Options struct {
	// Dev marks every page as development and offers the pseudo language.
	Dev bool
	// SupportMail is the programme owner's support address; without it no page
	// offers to write there.
	SupportMail string
}

// Pages renders every page in every language. It is safe for concurrent use.
type Pages struct {
	dev       bool
	support   string
	words     dictionary
	templates map[string]*template.Template
	assets    assets
}

// Frame is what every page needs to know about the visit.
type Frame struct {
	// Lang is one of the languages that Language gives.
	Lang string
	// AppName is the app the person comes from, OrgName the organisation whose
	// page this is; both may be empty.
	AppName, OrgName string
	// FormOrigin is one more origin that forms of this page may end at: that of
	// the app's redirect address (experience.md 2.27). Empty for none.
	FormOrigin string
	// Action is where the page's form is posted; Flow the sealed request that
	// travels in the hidden field "flow".
	Action, Flow string
	// Problem is the word key of what was wrong with the last answer, such as
	// "problem.code"; empty for none. ProblemFacts fill its placeholders.
	Problem      string
	ProblemFacts map[string]string
}

// New parses templates, words and assets. It fails when a word is missing in
// any language, or a message of the fault catalogue has no words.
func New(o Options) (*Pages, error) {
	words, err := loadWords()
	if err != nil {
		return nil, fmt.Errorf("load words: %w", err)
	}
	held, err := loadAssets()
	if err != nil {
		return nil, fmt.Errorf("load assets: %w", err)
	}
	templates, err := loadTemplates()
	if err != nil {
		return nil, fmt.Errorf("load templates: %w", err)
	}
	return &Pages{dev: o.Dev, support: o.SupportMail, words: words, templates: templates, assets: held}, nil
}

// Text gives a word as plain text, for mails and messages. A key that does not
// exist comes back as itself, which the words test makes impossible for ours.
func (p *Pages) Text(lang, key string, facts map[string]string) string {
	return p.words.in(lang).plain(key, facts)
}

// loadTemplates joins each page with the layout and the shared parts.
func loadTemplates() (map[string]*template.Template, error) {
	base, err := template.New("layout").ParseFS(templateFiles, "templates/layout.html", "templates/parts.html")
	if err != nil {
		return nil, err
	}
	entries, err := templateFiles.ReadDir("templates")
	if err != nil {
		return nil, err
	}
	pages := make(map[string]*template.Template, len(entries))
	for _, entry := range entries {
		name := entry.Name()
		if name == "layout.html" || name == "parts.html" {
			continue
		}
		page, err := base.Clone()
		if err != nil {
			return nil, err
		}
		if pages[name], err = page.ParseFS(templateFiles, "templates/"+name); err != nil {
			return nil, err
		}
	}
	return pages, nil
}

// render writes one page. It is built in memory first, so that a page is whole
// or not there.
func (p *Pages) render(w http.ResponseWriter, status int, file string, s *sheet) {
	s.pages, s.words = p, p.words.in(s.Lang)
	var body bytes.Buffer
	err := p.templates[file].ExecuteTemplate(&body, "layout", s)
	p.secure(w.Header(), s.formAction())
	if err != nil {
		http.Error(w, s.words.plain("page.broken", nil), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Language", s.HTMLLang())
	w.WriteHeader(status)
	_, _ = w.Write(body.Bytes()) // the reader has left; there is nobody to tell
}
