// Package words holds what our pages and mails say, in each language: the
// texts, how a fact is written in them, and which language a visit gets.
package words

import (
	"embed"
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

// Lexicon holds the words of one language.
type Lexicon struct {
	// Tag is the language tag.
	Tag   string
	words map[string]word
}

// Dictionary holds the lexicons by language tag.
type Dictionary map[string]Lexicon

// In gives the words of a language, English when there is none.
func (d Dictionary) In(lang string) Lexicon {
	if l, ok := d[lang]; ok {
		return l
	}
	return d["en"]
}

//go:embed *.json
var own embed.FS

// Load reads every language, of this room and of others that keep theirs in a
// folder "words". It fails on the first word that is missing, malformed, doubled
// or superfluous, or when the catalogue of failures, the messages or the needed
// keys have none.
func Load(rooms []fs.FS, needed ...string) (Dictionary, error) {
	folders := []fs.FS{own}
	for _, room := range rooms {
		folder, err := fs.Sub(room, "words")
		if err != nil {
			return nil, err
		}
		folders = append(folders, folder)
	}
	d := Dictionary{}
	for _, tag := range complete {
		texts, err := readTexts(folders, tag)
		if err != nil {
			return nil, err
		}
		if d[tag], err = newLexicon(tag, texts); err != nil {
			return nil, err
		}
		if tag == "en" {
			if d[Pseudo], err = newLexicon(Pseudo, mirror(texts)); err != nil {
				return nil, err
			}
		}
	}
	for _, tag := range complete {
		if err := d.agree(tag); err != nil {
			return nil, err
		}
	}
	return d, d["en"].cover(needed)
}

// readTexts gathers a language from the files of every folder: "<tag>.json" and
// "<area>.<tag>.json".
func readTexts(folders []fs.FS, tag string) (map[string]string, error) {
	all := map[string]string{}
	for _, folder := range folders {
		names, err := fs.Glob(folder, "*"+tag+".json")
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			content, err := fs.ReadFile(folder, name)
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

func newLexicon(tag string, texts map[string]string) (Lexicon, error) {
	l := Lexicon{Tag: tag, words: make(map[string]word, len(texts))}
	for key, text := range texts {
		parsed, err := parseWord(text)
		if err != nil {
			return Lexicon{}, fmt.Errorf("%s: %s: %w", tag, key, err)
		}
		l.words[key] = parsed
	}
	return l, nil
}

// agree checks that a language has exactly the keys of English.
func (d Dictionary) agree(tag string) error {
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

// cover checks that everything the catalogue of failures can say has words, and
// what is needed beside it.
func (l Lexicon) cover(needed []string) error {
	want := slices.Clone(needed)
	for _, e := range fault.All() {
		want = append(want, e.Message+".headline", e.Message+".why", "fixer."+string(e.Fixer))
		for _, remedy := range e.Next {
			want = append(want, "remedy."+string(remedy))
		}
	}
	for _, kind := range message.Kinds() {
		want = append(want, "mail."+string(kind)+".subject", "mail."+string(kind)+".body")
	}
	for name := range factKinds {
		want = append(want, "fact."+name)
	}
	for _, key := range want {
		if _, ok := l.words[key]; !ok {
			return fmt.Errorf("%s: %s is missing", l.Tag, key)
		}
	}
	return nil
}

// Reply writes an answer by the word "reply.text". Its sentences keep their
// lines, which a fact would lose; so a character that no text has holds their
// place.
func (l Lexicon) Reply(reference, title string, steps []string) string {
	const place = "\uE000"
	text := l.Plain("reply.text", map[string]string{"reference": reference, "title": title, "value": place})
	return strings.Replace(text, place, strings.Join(steps, "\n"), 1)
}

// Has reports whether the key exists.
func (l Lexicon) Has(key string) bool {
	_, ok := l.words[key]
	return ok
}

// Plain gives a word as text.
func (l Lexicon) Plain(key string, facts map[string]string) string {
	w, ok := l.words[key]
	if !ok {
		return key
	}
	return w.fill(l, facts, asText)
}

// HTML gives a word as markup: the word and the facts escaped, each fact kept
// apart from the direction of the text around it.
func (l Lexicon) HTML(key string, facts map[string]string) template.HTML {
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

// PlainText takes the markup of HTML off again, for titles.
func PlainText(h template.HTML) string {
	text := string(h)
	for _, tag := range []string{`<bdi dir="ltr">`, `<bdi>`, `</bdi>`} {
		text = strings.ReplaceAll(text, tag, "")
	}
	return unescape.Replace(text)
}

var unescape = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&#34;", `"`, "&#39;", "'", "&amp;", "&", "&#43;", "+")
