package graph

import (
	"slices"
	"strings"
	"time"

	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
)

// Kind is how a property can be compared.
type Kind int

// The kinds.
const (
	// Unfiltered properties cannot be filtered by.
	Unfiltered Kind = iota
	// Key is a text that is compared as a whole.
	Key
	// Text is compared without regard to letter case.
	Text
	// Flag is true or false.
	Flag
	// Number is a whole number.
	Number
	// Instant is a moment in time.
	Instant
	// Texts is a list, looked into with any().
	Texts
)

// filter is one node of a condition (OData 4.01 URL Conventions 5.1.1).
type filter struct {
	// op is and, or, not, any, or a comparison: eq, ne, gt, ge, lt, le, in,
	// startswith, endswith, contains.
	op       string
	property string
	kind     Kind
	literals []literal
	parts    []filter
}

// literal is what a property is compared with: a text, or null.
type literal struct {
	text string
	null bool
}

const (
	// maxClauses bounds the comparisons of one filter, maxDepth how deep they
	// are nested, maxIn the list of one in().
	maxClauses = 10
	maxDepth   = 10
	maxIn      = 100
)

// parser reads one filter.
type parser struct {
	words   []word
	kinds   func(name string) (property string, kind Kind, known bool)
	clauses int
	// element is the name of the variable inside of any(), and list its list.
	element, list string
}

// parseFilter reads $filter. kinds knows the properties, in any letter case.
// It fails with QueryUnsupported for what OData has and we do not, and with
// FilterInvalid for what is no filter.
func parseFilter(text string, kinds func(string) (string, Kind, bool)) (filter, error) {
	words, err := split(text)
	if err != nil {
		return filter{}, err
	}
	p := &parser{words: words, kinds: kinds}
	f, err := p.either(0)
	if err == nil && len(p.words) > 0 {
		err = p.at(0).wrong("and, or, or the end")
	}
	return f, err
}

// word is a piece of a filter.
type word struct {
	text string
	// quoted is true for a text in quotes, which is never a name.
	quoted bool
}

func (w word) is(name string) bool { return !w.quoted && strings.EqualFold(w.text, name) }

// unknownOperators are those of OData that we do not have: known, so that
// whoever uses one is told so and not of a spelling mistake.
var unknownOperators = []string{"has", "all", "add", "sub", "mul", "div", "mod", "length", "tolower", "toupper", "substring", "year", "month", "day"}

// wrong refuses a word where something else was expected.
func (w word) wrong(expected string) error {
	for _, o := range unknownOperators {
		if w.is(o) {
			return unsupported("$filter", "no "+o)
		}
	}
	return fault.New(fault.FilterInvalid, "parameter", "$filter", "rule", expected)
}

// split cuts a filter into words: names, quoted texts (a quote inside is
// doubled) and the marks ( ) and comma.
func split(text string) ([]word, error) {
	var words []word
	for text != "" {
		switch c := text[0]; {
		case c == ' ' || c == '\t':
			text = text[1:]
		case c == '(' || c == ')' || c == ',':
			words = append(words, word{text: text[:1]})
			text = text[1:]
		case c == '\'':
			literal, rest, err := quoted(text[1:])
			if err != nil {
				return nil, err
			}
			words, text = append(words, word{literal, true}), rest
		default:
			end := strings.IndexAny(text, " \t(),'")
			if end < 0 {
				end = len(text)
			}
			words, text = append(words, word{text: text[:end]}), text[end:]
		}
	}
	return words, nil
}

func quoted(text string) (literal, rest string, err error) {
	var b strings.Builder
	for {
		before, after, found := strings.Cut(text, "'")
		if !found {
			return "", "", fault.New(fault.FilterInvalid, "parameter", "$filter", "rule", "a closing quote")
		}
		b.WriteString(before)
		if !strings.HasPrefix(after, "'") {
			return b.String(), after, nil
		}
		b.WriteByte('\'')
		text = after[1:]
	}
}

// at is the word so many places on; past the end an empty one.
func (p *parser) at(i int) word {
	if i < len(p.words) {
		return p.words[i]
	}
	return word{}
}

// take expects a mark or a name and goes past it.
func (p *parser) take(name string) error {
	if !p.at(0).is(name) || len(p.words) == 0 {
		return p.at(0).wrong(name)
	}
	p.words = p.words[1:]
	return nil
}

func (p *parser) either(depth int) (filter, error) { return p.joined("or", depth, p.both) }

func (p *parser) both(depth int) (filter, error) { return p.joined("and", depth, p.single) }

func (p *parser) joined(op string, depth int, inner func(int) (filter, error)) (filter, error) {
	first, err := inner(depth)
	if err != nil || !p.at(0).is(op) {
		return first, err
	}
	all := filter{op: op, parts: []filter{first}}
	for p.at(0).is(op) {
		p.words = p.words[1:]
		next, err := inner(depth)
		if err != nil {
			return filter{}, err
		}
		all.parts = append(all.parts, next)
	}
	return all, nil
}

func (p *parser) single(depth int) (filter, error) {
	if depth > maxDepth {
		return filter{}, unsupported("$filter", "at most ten levels")
	}
	switch first := p.at(0); {
	case first.is("not"):
		p.words = p.words[1:]
		inner, err := p.single(depth + 1)
		return filter{op: "not", parts: []filter{inner}}, err
	case first.is("("):
		p.words = p.words[1:]
		inner, err := p.either(depth + 1)
		if err != nil {
			return inner, err
		}
		return inner, p.take(")")
	}
	if p.clauses++; p.clauses > maxClauses {
		return filter{}, unsupported("$filter", "at most ten clauses")
	}
	for _, function := range []string{"startswith", "endswith", "contains"} {
		if p.at(0).is(function) {
			return p.function(function)
		}
	}
	if list, found := cutAny(p.at(0)); found {
		return p.any(list, depth)
	}
	return p.comparison()
}

// function reads startswith(property,'text') and its like.
func (p *parser) function(name string) (filter, error) {
	form := name + "(property,'text')"
	if !p.at(1).is("(") {
		return filter{}, p.at(1).wrong(form)
	}
	f := filter{op: name}
	var err error
	if f.property, f.kind, err = p.named(p.at(2)); err != nil {
		return f, err
	}
	if !p.at(3).is(",") || !p.at(4).quoted || !p.at(5).is(")") {
		return f, p.at(3).wrong(form)
	}
	if f.kind != Text {
		return f, unsupported("$filter", f.property+" eq …")
	}
	f.literals = []literal{{text: p.at(4).text}}
	p.words = p.words[6:]
	return f, nil
}

// cutAny gives the list of "list/any", in any letter case. It looks at the last
// bytes as they are: text that is no UTF-8 has another length in lower case.
func cutAny(w word) (list string, found bool) {
	const suffix = "/any"
	n := len(w.text) - len(suffix)
	if w.quoted || n < 0 || !strings.EqualFold(w.text[n:], suffix) {
		return "", false
	}
	return w.text[:n], true
}

// any reads list/any(x:condition on x).
func (p *parser) any(list string, depth int) (filter, error) {
	property, kind, known := p.kinds(list)
	if !known || kind != Texts || p.element != "" {
		return filter{}, unsupported("$filter", "any() of a list that can be filtered by")
	}
	element, rest, found := strings.Cut(p.at(2).text, ":")
	if !p.at(1).is("(") || !found || element == "" || p.at(2).quoted {
		return filter{}, p.at(1).wrong("any(x:x eq 'text')")
	}
	p.words = p.words[3:]
	if rest != "" {
		p.words = append([]word{{text: rest}}, p.words...)
	}
	p.element, p.list = element, property
	inner, err := p.either(depth + 1)
	p.element, p.list = "", ""
	if err != nil {
		return inner, err
	}
	return filter{op: "any", property: property, kind: Texts, parts: []filter{inner}}, p.take(")")
}

// comparison reads "property eq literal" and its like.
func (p *parser) comparison() (filter, error) {
	var f filter
	var err error
	if f.property, f.kind, err = p.named(p.at(0)); err != nil {
		return f, err
	}
	f.op = strings.ToLower(p.at(1).text)
	switch {
	case p.at(1).quoted || !slices.Contains([]string{"eq", "ne", "gt", "ge", "lt", "le", "in"}, f.op):
		return f, p.at(1).wrong("eq, ne, gt, ge, lt, le or in")
	case f.kind == Texts:
		return f, unsupported("$filter", f.property+"/any(x:x eq 'text')")
	case !slices.Contains([]string{"eq", "ne", "in"}, f.op) && f.kind != Instant && f.kind != Number:
		return f, unsupported("$filter", "eq, ne or in for "+f.property)
	}
	p.words = p.words[2:]
	if f.op != "in" {
		l, err := p.literal(f.kind)
		f.literals = []literal{l}
		return f, err
	}
	if err := p.take("("); err != nil {
		return f, err
	}
	for {
		l, err := p.literal(f.kind)
		if err != nil {
			return f, err
		}
		if f.literals = append(f.literals, l); len(f.literals) > maxIn {
			return f, unsupported("$filter", "at most 100 values")
		}
		if !p.at(0).is(",") {
			return f, p.take(")")
		}
		p.words = p.words[1:]
	}
}

// literal reads what a property is compared with.
func (p *parser) literal(kind Kind) (literal, error) {
	w := p.at(0)
	if len(p.words) == 0 {
		return literal{}, w.wrong("a value")
	}
	p.words = p.words[1:]
	switch {
	case w.is("null"):
		return literal{null: true}, nil
	case kind == Flag && (w.is("true") || w.is("false")):
		return literal{text: strings.ToLower(w.text)}, nil
	case kind == Number && !w.quoted && isNumber(w.text):
		return literal{text: w.text}, nil
	case kind == Instant && !w.quoted:
		if t, err := time.Parse(time.RFC3339, strings.ToUpper(w.text)); err == nil {
			return literal{text: t.UTC().Format(time.RFC3339Nano)}, nil
		}
	case (kind == Text || kind == Key) && (w.quoted || id.IsGUID(w.text)):
		return literal{text: w.text}, nil
	}
	return literal{}, w.wrong(map[Kind]string{
		Flag: "true or false", Number: "a whole number", Instant: "an instant such as 2026-11-22T12:00:00Z",
	}[kind] + map[bool]string{true: "a text in quotes"}[kind == Text || kind == Key])
}

func isNumber(text string) bool {
	return text != "" && len(text) <= 18 && strings.Trim(text, "0123456789") == ""
}

// named reads a property's name, in any letter case.
func (p *parser) named(w word) (string, Kind, error) {
	if p.element != "" {
		if !w.quoted && w.text == p.element {
			return p.list, Text, nil
		}
		return "", 0, w.wrong(p.element)
	}
	if !w.quoted {
		if property, kind, known := p.kinds(w.text); known {
			return property, kind, nil
		}
	}
	return "", 0, w.wrong("a property that can be filtered by")
}
