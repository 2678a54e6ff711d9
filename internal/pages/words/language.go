package words

import (
	"net/http"
	"strings"

	"golang.org/x/text/language"
)

// complete are the languages that people can choose.
var complete = []string{"en", "fi", "sv"}

// Pseudo is English written from right to left, which finds what would break
// in Arabic or Hebrew before a translator does (experience.md 2.24).
const Pseudo = "ar-XB"

// LanguageCookie remembers an explicit choice.
const LanguageCookie = "__Host-entente-lang"

// Offer is the tags of the languages that a visitor can have.
type Offer []string

// OfferOf gives the complete languages, and in the dev world the pseudo
// language.
func OfferOf(dev bool) Offer {
	if dev {
		return append(complete[:len(complete):len(complete)], Pseudo)
	}
	return complete
}

// Language chooses the language of a request: the person's explicit choice,
// then what the app asked for (ui_locales or mkt), then the browser, then
// English (experience.md 2.24).
func (o Offer) Language(r *http.Request) string {
	if c, err := r.Cookie(LanguageCookie); err == nil {
		if tag, ok := o.Find(c.Value); ok {
			return tag
		}
	}
	query := r.URL.Query()
	for _, wish := range []string{query.Get("ui_locales"), query.Get("mkt")} {
		if tag, ok := o.Match(strings.Join(strings.Fields(wish), ",")); ok {
			return tag
		}
	}
	if tag, ok := o.Match(r.Header.Get("Accept-Language")); ok {
		return tag
	}
	return "en"
}

// SetLanguage remembers an explicit choice for a year. A language that is not
// on offer is ignored; the result is then false.
func (o Offer) SetLanguage(w http.ResponseWriter, lang string) bool {
	tag, ok := o.Find(lang)
	if !ok {
		return false
	}
	http.SetCookie(w, &http.Cookie{
		Name: LanguageCookie, Value: tag, Path: "/", MaxAge: 365 * 24 * 60 * 60,
		Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
	return true
}

// Find gives the tag of a language on offer as we write it.
func (o Offer) Find(lang string) (string, bool) {
	for _, tag := range o {
		if strings.EqualFold(tag, lang) {
			return tag, true
		}
	}
	return "", false
}

// Match finds the best language for a list in the form of Accept-Language.
func (o Offer) Match(wishes string) (string, bool) {
	const limit = 200 // longer lists are no people's
	if wishes == "" || len(wishes) > limit {
		return "", false
	}
	tags, _, err := language.ParseAcceptLanguage(wishes)
	if err != nil || len(tags) == 0 {
		return "", false
	}
	known := make([]language.Tag, len(o))
	for i, tag := range o {
		known[i] = language.Make(tag)
	}
	_, at, confidence := language.NewMatcher(known).Match(tags...)
	if confidence < language.Low {
		return "", false
	}
	return o[at], true
}
