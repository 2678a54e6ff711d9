package words

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// factKind says how a fact is written in a sentence.
type factKind int

const (
	// named is free text given by people: an app, an organisation.
	named factKind = iota
	// identifier is an address, a code or an id: always from left to right.
	identifier
	number
	date
)

// factKinds are the placeholders that words may use. Each has a word
// "fact.<name>" that stands in when the fact is not known.
var factKinds = map[string]factKind{
	"app": named, "org": named, "name": named, "policy": named, "role": named, "resource": named,
	"publisher": named, "purpose": named, "title": named, "reason": named,
	"domain": identifier, "parameter": identifier, "permission": identifier,
	"reference": identifier, "address": identifier, "old": identifier, "code": identifier, "host": identifier,
	"rule": named, "count": number, "days": number, "step": named, "value": named,
	"minutes": number, "seconds": number, "people": number,
	"date": date,
}

// word is one text, cut at its placeholders.
type word []piece

// piece is literal text, or a fact, or a choice by number.
type piece struct {
	text string
	fact string
	// one and other are the plural forms; "#" stands for the number.
	one, other word
}

// parseWord reads {fact} and {fact, plural, one {…} other {…}}, the part of
// ICU MessageFormat that our languages need: all of them have two forms.
func parseWord(text string) (word, error) {
	var w word
	for text != "" {
		at := strings.IndexAny(text, "{}")
		if at < 0 {
			return append(w, piece{text: text}), nil
		}
		if text[at] == '}' {
			return nil, fmt.Errorf("a closing brace without its opening one")
		}
		if at > 0 {
			w = append(w, piece{text: text[:at]})
		}
		inner, rest, err := braces(text[at:])
		if err != nil {
			return nil, err
		}
		p, err := parsePlaceholder(inner)
		if err != nil {
			return nil, err
		}
		w, text = append(w, p), rest
	}
	return w, nil
}

func parsePlaceholder(inner string) (piece, error) {
	fact, forms, plural := strings.Cut(inner, ", plural, ")
	kind, known := factKinds[fact]
	if !known {
		return piece{}, fmt.Errorf("no such fact: %q", fact)
	}
	if !plural {
		return piece{fact: fact}, nil
	}
	p := piece{fact: fact}
	for _, form := range []struct {
		name string
		into *word
	}{{"one ", &p.one}, {"other ", &p.other}} {
		var found bool
		if forms, found = strings.CutPrefix(strings.TrimSpace(forms), form.name); !found || kind != number {
			return piece{}, fmt.Errorf("plural of %q: form %qmissing", fact, form.name)
		}
		text, rest, err := braces(forms)
		if err != nil {
			return piece{}, err
		}
		if *form.into, err = parseWord(text); err != nil {
			return piece{}, err
		}
		forms = rest
	}
	return p, nil
}

// braces takes a balanced {…} off the front.
func braces(text string) (inner, rest string, err error) {
	depth := 0
	for i, r := range text {
		switch r {
		case '{':
			depth++
		case '}':
			depth--
		}
		if depth == 0 {
			if i == 0 {
				break
			}
			return text[1:i], text[i+1:], nil
		}
	}
	return "", "", fmt.Errorf("an opening brace without its closing one")
}

// style is how a word is written for its target: text or markup.
type style struct {
	literal func(string) string
	fact    func(factKind, string) string
}

// fill writes the word with its facts. A fact that is not known is written as
// "fact.<name>".
func (w word) fill(l Lexicon, facts map[string]string, as style) string {
	var b strings.Builder
	for _, p := range w {
		switch {
		case p.fact == "":
			b.WriteString(as.literal(p.text))
		case p.other != nil:
			form := p.other
			if facts[p.fact] == "1" {
				form = p.one
			}
			count := as.fact(number, l.factText(p.fact, facts))
			b.WriteString(strings.ReplaceAll(form.fill(l, facts, as), "#", count))
		case facts[p.fact] == "":
			stand := l.Plain("fact."+p.fact, nil)
			if startsSentence(b.String()) {
				stand = capital(stand)
			}
			b.WriteString(as.literal(stand))
		default:
			b.WriteString(as.fact(factKinds[p.fact], l.factText(p.fact, facts)))
		}
	}
	return b.String()
}

// factText writes a fact by its kind.
func (l Lexicon) factText(fact string, facts map[string]string) string {
	value := OneLine(facts[fact])
	switch factKinds[fact] {
	case number:
		if _, err := strconv.Atoi(value); err != nil {
			return l.Plain("fact."+fact, nil)
		}
	case date:
		if at, err := time.Parse(time.RFC3339, value); err == nil {
			return l.Moment(at)
		}
		if day, err := time.Parse(time.DateOnly, value); err == nil {
			return day.Format(l.Plain("layout.day", nil))
		}
	}
	return value
}

// Moment writes an instant with its zone. The person's own zone is not known
// here; the script adds it.
func (l Lexicon) Moment(at time.Time) string {
	return at.UTC().Format(l.Plain("layout.moment", nil))
}

func startsSentence(before string) bool {
	before = strings.TrimRight(before, " ")
	return before == "" || strings.HasSuffix(before, ".")
}

func capital(text string) string {
	first, size := utf8.DecodeRuneInString(text)
	return string(unicode.ToUpper(first)) + text[size:]
}

// OneLine keeps foreign text to one line of bearable length, and takes away
// the marks that would turn its reading direction: they can make one address
// look like another.
func OneLine(text string) string {
	const limit = 300
	clean := strings.Map(func(r rune) rune {
		switch {
		case unicode.IsControl(r):
			return ' '
		case unicode.Is(unicode.Bidi_Control, r):
			return -1
		}
		return r
	}, text)
	if runes := []rune(clean); len(runes) > limit {
		return string(runes[:limit]) + "…"
	}
	return clean
}

// TextOf writes a template's argument as a fact.
func TextOf(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case time.Time:
		return v.Format(time.RFC3339)
	}
	return fmt.Sprint(value)
}

// mirror makes the pseudo language: each run of letters is shown from right to
// left, placeholders and layouts stay as they are.
func mirror(texts map[string]string) map[string]string {
	const override, end = "\u202e", "\u202c"
	out := make(map[string]string, len(texts))
	for key, text := range texts {
		if strings.HasPrefix(key, "layout.") {
			out[key] = text
			continue
		}
		var b strings.Builder
		depth, inside := 0, false
		for _, r := range text {
			switch r {
			case '{':
				depth++
			case '}':
				depth--
			}
			letter := depth == 0 && unicode.IsLetter(r)
			if letter != inside {
				b.WriteString(map[bool]string{true: override, false: end}[letter])
				inside = letter
			}
			b.WriteRune(r)
		}
		if inside {
			b.WriteString(end)
		}
		out[key] = b.String()
	}
	return out
}
