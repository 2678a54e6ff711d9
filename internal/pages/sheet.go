package pages

import (
	"html/template"
	"strings"

	"github.com/entente-id/entente/internal/pages/words"
)

// sheet is what the templates see: the frame, the view and the words.
type sheet struct {
	Frame
	// View is the page's own struct.
	View any
	// Title is the heading, already in the reader's language.
	Title template.HTML
	// Field is the id of the field a problem belongs to.
	Field string
	// Form is true when the page carries the step's form, so that the language
	// switcher can be part of it; else Again is the address that shows the same
	// page in another language, or empty.
	Form  bool
	Again string
	// Wide pages use a broader column than the sign-in card.
	Wide bool
	// target replaces 'self' in form-action on the page that carries an answer
	// to the app.
	target string
	// frames are the addresses that the page may show in frames.
	frames []string

	pages *Pages
	words words.Lexicon
}

// T gives a word with facts as name, value, name, value; safe for HTML.
func (s *sheet) T(key string, facts ...any) template.HTML {
	return s.words.HTML(key, factsOf(facts))
}

// P gives a word as plain text, for attributes.
func (s *sheet) P(key string, facts ...any) string {
	return s.words.Plain(key, factsOf(facts))
}

// ProblemText is what was wrong with the last answer.
func (s *sheet) ProblemText() template.HTML { return s.words.HTML(s.Problem, s.ProblemFacts) }

// WindowTitle names page and place, and says first when something is wrong.
func (s *sheet) WindowTitle() string {
	place := s.OrgName
	if place == "" {
		place = "Entente"
	}
	title := words.PlainText(s.Title) + " · " + place
	if s.Problem != "" {
		return s.words.Plain("title.error", map[string]string{"title": title})
	}
	return title
}

// HTMLLang is the language tag of the page.
func (s *sheet) HTMLLang() string { return s.words.Tag }

// Dir is the direction in which the language is written.
func (s *sheet) Dir() string {
	if s.words.Tag == words.Pseudo {
		return "rtl"
	}
	return "ltr"
}

// NewPasskey: the page's passkey is one to be made, not one to be used.
func (s *sheet) NewPasskey() bool { return strings.Contains(s.Passkey, `"pubKeyCredParams"`) }

// Dev reports whether this is the development server.
func (s *sheet) Dev() bool { return s.pages.dev }

// Support is the programme owner's support address.
func (s *sheet) Support() string { return s.pages.support }

// Asset gives the hashed address of an asset.
func (s *sheet) Asset(name string) string { return s.pages.assets.address(name) }

// Choice is one language in the switcher.
type Choice struct {
	Tag, Name string
	Current   bool
}

// Languages lists the switcher, each language in its own name.
func (s *sheet) Languages() []Choice {
	var choices []Choice
	for _, tag := range s.pages.offer {
		choices = append(choices, Choice{tag, s.pages.words.In(tag).Plain("lang.name", nil), tag == s.words.Tag})
	}
	return choices
}

// Initials are up to two letters for the round mark beside a name.
func (s *sheet) Initials(name string) string {
	var letters []rune
	for _, part := range strings.FieldsFunc(name, func(r rune) bool { return strings.ContainsRune(" .-_@", r) }) {
		letters = append(letters, []rune(strings.ToUpper(part))[0])
		if len(letters) == 2 || strings.HasPrefix(name, part+"@") {
			break
		}
	}
	return string(letters)
}

func (s *sheet) formAction() string {
	if s.target != "" {
		return s.target
	}
	if origin := originOf(s.FormOrigin); origin != "" {
		return "'self' " + origin
	}
	return "'self'"
}

// factsOf pairs the arguments that a template gives.
func factsOf(pairs []any) map[string]string {
	facts := make(map[string]string, len(pairs)/2)
	for i := 0; i+1 < len(pairs); i += 2 {
		name, _ := pairs[i].(string)
		facts[name] = words.TextOf(pairs[i+1])
	}
	return facts
}

// pair is what a shared part sees when it needs the page and one thing on it.
type pair struct {
	Sheet *sheet
	Tile  Tile
	Story Story
	Fixer string
}

// With hands one account to a part.
func (s *sheet) With(t Tile) pair { return pair{Sheet: s, Tile: t} }

// About hands a refusal to a part.
func (s *sheet) About(story Story) pair { return pair{Sheet: s, Story: story, Fixer: story.Fixer} }

// PasswordLetter asks one's own IT for a new password.
func (s *sheet) PasswordLetter() template.URL {
	return letter("", s.P("mail.password.subject"), s.P("mail.password.body", "org", s.OrgName))
}
