package pages

import (
	"net/http"
	"strings"

	"golang.org/x/text/language"
)

// complete are the languages that people can choose.
var complete = []string{"en", "fi", "sv"}

// pseudo is English written from right to left, which finds what would break
// in Arabic or Hebrew before a translator does (experience.md 2.24).
const pseudo = "ar-XB"

// languageCookie remembers an explicit choice.
const languageCookie = "__Host-entente-lang"

// languages are those on offer.
func (p *Pages) languages() []string {
	if p.dev {
		return append(complete[:len(complete):len(complete)], pseudo)
	}
	return complete
}

// Language chooses the language of a request: the person's explicit choice,
// then what the app asked for (ui_locales or mkt), then the browser, then
// English (experience.md 2.24).
func (p *Pages) Language(r *http.Request) string {
	if c, err := r.Cookie(languageCookie); err == nil {
		if tag, ok := p.offered(c.Value); ok {
			return tag
		}
	}
	query := r.URL.Query()
	for _, wish := range []string{query.Get("ui_locales"), query.Get("mkt")} {
		if tag, ok := p.match(strings.Join(strings.Fields(wish), ",")); ok {
			return tag
		}
	}
	if tag, ok := p.match(r.Header.Get("Accept-Language")); ok {
		return tag
	}
	return "en"
}

// SetLanguage remembers an explicit choice for a year. A language that is not
// on offer is ignored.
func (p *Pages) SetLanguage(w http.ResponseWriter, lang string) {
	tag, ok := p.offered(lang)
	if !ok {
		return
	}
	http.SetCookie(w, &http.Cookie{
		Name: languageCookie, Value: tag, Path: "/", MaxAge: 365 * 24 * 60 * 60,
		Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
}

func (p *Pages) offered(lang string) (string, bool) {
	for _, tag := range p.languages() {
		if strings.EqualFold(tag, lang) {
			return tag, true
		}
	}
	return "", false
}

// match finds the best language for a list in the form of Accept-Language.
func (p *Pages) match(wishes string) (string, bool) {
	const limit = 200 // longer lists are no people's
	if wishes == "" || len(wishes) > limit {
		return "", false
	}
	tags, _, err := language.ParseAcceptLanguage(wishes)
	if err != nil || len(tags) == 0 {
		return "", false
	}
	offered := p.languages()
	known := make([]language.Tag, len(offered))
	for i, tag := range offered {
		known[i] = language.Make(tag)
	}
	_, at, confidence := language.NewMatcher(known).Match(tags...)
	if confidence < language.Low {
		return "", false
	}
	return offered[at], true
}
