package pages

import (
	"encoding/json"
	"fmt"
	"html/template"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/message"
)

// lexicon holds the words of one language.
type lexicon struct {
	tag   string
	words map[string]word
}

// dictionary holds the lexicons by language tag.
type dictionary map[string]lexicon

// in gives the words of a language, English when there is none.
func (d dictionary) in(lang string) lexicon {
	if l, ok := d[lang]; ok {
		return l
	}
	return d["en"]
}

// loadWords reads every language and fails on the first word that is missing,
// malformed, doubled or superfluous.
func loadWords(rooms []fs.FS) (dictionary, error) {
	d := dictionary{}
	for _, tag := range complete {
		texts, err := readTexts(rooms, tag)
		if err != nil {
			return nil, err
		}
		if d[tag], err = newLexicon(tag, texts); err != nil {
			return nil, err
		}
		if tag == "en" {
			if d[pseudo], err = newLexicon(pseudo, mirror(texts)); err != nil {
				return nil, err
			}
		}
	}
	for _, tag := range complete {
		if err := d.agree(tag); err != nil {
			return nil, err
		}
	}
	return d, d["en"].cover()
}

// readTexts gathers a language from the files of every room: "<tag>.json" and
// "<area>.<tag>.json".
func readTexts(rooms []fs.FS, tag string) (map[string]string, error) {
	all := map[string]string{}
	for _, room := range rooms {
		names, err := fs.Glob(room, "words/*"+tag+".json")
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			content, err := fs.ReadFile(room, name)
			if err != nil {
				return nil, err
			}
			var texts map[string]string
			if err := json.Unmarshal(content, &texts); err != nil {
				return nil, fmt.Errorf("read %s: %w", name, err)
			}
			for key, text := range texts {
				if _, twice := all[key]; twice {
					return nil, fmt.Errorf("%s: %s is there twice", name, key)
				}
				all[key] = text
			}
		}
	}
	return all, nil
}

func newLexicon(tag string, texts map[string]string) (lexicon, error) {
	l := lexicon{tag: tag, words: make(map[string]word, len(texts))}
	for key, text := range texts {
		parsed, err := parseWord(text)
		if err != nil {
			return lexicon{}, fmt.Errorf("%s: %s: %w", tag, key, err)
		}
		l.words[key] = parsed
	}
	return l, nil
}

// agree checks that a language has exactly the keys of English.
func (d dictionary) agree(tag string) error {
	want := slices.Sorted(maps.Keys(d["en"].words))
	for _, key := range want {
		if _, ok := d[tag].words[key]; !ok {
			return fmt.Errorf("%s: %s is missing", tag, key)
		}
	}
	for key := range d[tag].words {
		if _, ok := d["en"].words[key]; !ok {
			return fmt.Errorf("%s: %s is not known in English", tag, key)
		}
	}
	return nil
}

// cover checks that everything the catalogue of failures can say has words.
func (l lexicon) cover() error {
	var want []string
	for _, e := range fault.All() {
		want = append(want, e.Message+".headline", e.Message+".why", "fixer."+string(e.Fixer))
		for _, remedy := range e.Next {
			want = append(want, "remedy."+string(remedy))
			if _, ok := remedyActions[remedy]; ok {
				want = append(want, "remedy."+string(remedy)+".do")
			}
		}
	}
	for _, kind := range message.Kinds() {
		want = append(want, "mail."+string(kind)+".subject", "mail."+string(kind)+".body")
	}
	for name := range factKinds {
		want = append(want, "fact."+name)
	}
	for name := range permissions {
		want = append(want, "permission."+name)
	}
	for _, key := range want {
		if _, ok := l.words[key]; !ok {
			return fmt.Errorf("%s: %s is missing", l.tag, key)
		}
	}
	return nil
}

// reply writes an answer by the word "reply.text". Its sentences keep their
// lines, which a fact would lose; so a character that no text has holds their
// place.
func (l lexicon) reply(reference, title string, steps []string) string {
	const place = "\uE000"
	text := l.plain("reply.text", map[string]string{"reference": reference, "title": title, "value": place})
	return strings.Replace(text, place, strings.Join(steps, "\n"), 1)
}

// has reports whether the key exists.
func (l lexicon) has(key string) bool {
	_, ok := l.words[key]
	return ok
}

// plain gives a word as text.
func (l lexicon) plain(key string, facts map[string]string) string {
	w, ok := l.words[key]
	if !ok {
		return key
	}
	return w.fill(l, facts, asText)
}

// html gives a word as markup: the word and the facts escaped, each fact kept
// apart from the direction of the text around it.
func (l lexicon) html(key string, facts map[string]string) template.HTML {
	w, ok := l.words[key]
	if !ok {
		return template.HTML(template.HTMLEscapeString(key))
	}
	return template.HTML(w.fill(l, facts, asMarkup))
}

var asText = style{
	literal: func(text string) string { return text },
	fact:    func(_ factKind, value string) string { return value },
}

var asMarkup = style{
	literal: template.HTMLEscapeString,
	fact: func(k factKind, value string) string {
		value = template.HTMLEscapeString(value)
		switch k {
		case identifier:
			return `<bdi dir="ltr">` + value + `</bdi>`
		case named:
			return `<bdi>` + value + `</bdi>`
		}
		return value
	},
}

// plainText takes the markup of html off again, for titles.
func plainText(h template.HTML) string {
	text := string(h)
	for _, tag := range []string{`<bdi dir="ltr">`, `<bdi>`, `</bdi>`} {
		text = strings.ReplaceAll(text, tag, "")
	}
	return unescape.Replace(text)
}

var unescape = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&#34;", `"`, "&#39;", "'", "&amp;", "&", "&#43;", "+")
