// Package pages draws the HTML of Entente: the pages a person meets on the way
// to an app, and how they look.
//
// Every page works without script (DESIGN 4.10). A page is one plain struct and
// one method; it knows nothing of requests, stores or protocols.
package pages

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"slices"

	"github.com/entente-id/entente/internal/pages/words"
)

//go:embed templates/*.html
var files embed.FS

// Options are what the whole set of pages depends on.
type Options struct {
	// Dev marks every page as development and offers the pseudo language.
	Dev bool
	// SupportMail is the programme owner's support address; without it no page
	// offers to write there.
	SupportMail string
	// Rooms are the files of pages that live in packages of their own: their
	// templates/*.html and words/*.json. No two rooms share a name.
	Rooms []fs.FS
}

// Pages renders every page in every language. It is safe for concurrent use.
type Pages struct {
	dev       bool
	support   string
	words     words.Dictionary
	offer     words.Offer
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
	// Passkey is what the page may ask the browser's passkeys for, as JSON; empty
	// where it does not.
	Passkey string
	// Problem is the word key of what was wrong with the last answer, such as
	// "problem.code"; empty for none. ProblemFacts fill its placeholders.
	Problem      string
	ProblemFacts map[string]string
	// Nav is the way around a room of several pages; empty for none.
	Nav []NavItem
}

// NavItem is one place of a room.
type NavItem struct {
	// Label is a word key, Href an address of ours.
	Label, Href string
	// Count is a number beside the label, 0 for none.
	Count   int
	Current bool
}

// View is a page that a room of its own draws.
type View struct {
	Frame
	// Status is the HTTP status; 0 means 200.
	Status int
	// Template is the name of the file; Title the word key of the heading, with
	// its facts.
	Template, Title string
	Facts           map[string]string
	// Data is what the template finds as .View.
	Data any
	// Field is the id of the field that the frame's problem belongs to.
	Field string
	// Again is the address that shows the same page in another language.
	Again string
	// Narrow keeps the column of a sign-in card; pages of rooms are wide.
	Narrow bool
}

// Show writes a page of a room.
func (p *Pages) Show(w http.ResponseWriter, v View) {
	s := &sheet{
		Frame: v.Frame, View: v.Data, Title: p.words.In(v.Lang).HTML(v.Title, v.Facts),
		Field: v.Field, Again: v.Again, Wide: !v.Narrow,
	}
	if v.Status == 0 {
		v.Status = http.StatusOK
	}
	p.render(w, v.Status, v.Template, s)
}

// New parses templates, words and assets. It fails when a word is missing in
// any language, or a message of the fault catalogue has no words.
func New(o Options) (*Pages, error) {
	dictionary, err := words.Load(o.Rooms, neededWords()...)
	if err != nil {
		return nil, fmt.Errorf("load words: %w", err)
	}
	held, err := loadAssets()
	if err != nil {
		return nil, fmt.Errorf("load assets: %w", err)
	}
	templates, err := loadTemplates(append([]fs.FS{files}, o.Rooms...))
	if err != nil {
		return nil, fmt.Errorf("load templates: %w", err)
	}
	return &Pages{dev: o.Dev, support: o.SupportMail, words: dictionary, offer: words.OfferOf(o.Dev), templates: templates, assets: held}, nil
}

// neededWords are the keys of buttons and of permissions that have a sentence of
// their own.
func neededWords() []string {
	var keys []string
	for remedy := range remedyActions {
		keys = append(keys, "remedy."+string(remedy)+".do")
	}
	for name := range permissions {
		keys = append(keys, "permission."+name)
	}
	slices.Sort(keys)
	return keys
}

// Language chooses the language of a request: the person's explicit choice,
// then what the app asked for, then the browser, then English.
func (p *Pages) Language(r *http.Request) string { return p.offer.Language(r) }

// SetLanguage remembers an explicit choice for a year. A language that is not
// on offer is ignored; the result is then false.
func (p *Pages) SetLanguage(w http.ResponseWriter, lang string) bool {
	return p.offer.SetLanguage(w, lang)
}

// Dev reports whether these are the pages of the dev world.
func (p *Pages) Dev() bool { return p.dev }

// Text gives a word as plain text, for mails and messages. A key that does not
// exist comes back as itself, which the words test makes impossible for ours.
func (p *Pages) Text(lang, key string, facts map[string]string) string {
	return p.words.In(lang).Plain(key, facts)
}

// loadTemplates joins each page with the layout and the shared parts.
func loadTemplates(rooms []fs.FS) (map[string]*template.Template, error) {
	base, err := template.New("layout").ParseFS(files, "templates/layout.html", "templates/parts.html")
	if err != nil {
		return nil, err
	}
	pages := map[string]*template.Template{}
	for _, room := range rooms {
		found, err := fs.Glob(room, "templates/*.html")
		if err != nil {
			return nil, err
		}
		for _, file := range found {
			name := path.Base(file)
			if name == "layout.html" || name == "parts.html" {
				continue
			}
			if pages[name] != nil {
				return nil, fmt.Errorf("two pages are named %s", name)
			}
			page, err := base.Clone()
			if err != nil {
				return nil, err
			}
			if pages[name], err = page.ParseFS(room, file); err != nil {
				return nil, err
			}
		}
	}
	return pages, nil
}

// render writes one page. It is built in memory first, so that a page is whole
// or not there.
func (p *Pages) render(w http.ResponseWriter, status int, file string, s *sheet) {
	s.pages, s.words = p, p.words.In(s.Lang)
	var body bytes.Buffer
	err := p.templates[file].ExecuteTemplate(&body, "layout", s)
	p.secure(w.Header(), s.formAction(), s.frames)
	if err != nil {
		http.Error(w, s.words.Plain("page.broken", nil), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Language", s.HTMLLang())
	w.WriteHeader(status)
	_, _ = w.Write(body.Bytes()) // the reader has left; there is nobody to tell
}
