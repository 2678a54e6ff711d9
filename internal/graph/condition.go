package graph

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// fold is how texts are compared: without regard to letter case.
func fold(text string) string { return cases.Fold().String(norm.NFC.String(text)) }

// keeps reports whether what get knows of an object fulfils the condition.
func (f filter) keeps(get func(property string) any) bool {
	switch f.op {
	case "":
		return true
	case "and":
		return !slices.ContainsFunc(f.parts, func(p filter) bool { return !p.keeps(get) })
	case "or":
		return slices.ContainsFunc(f.parts, func(p filter) bool { return p.keeps(get) })
	case "not":
		return !f.parts[0].keeps(get)
	case "any":
		list, _ := get(f.property).([]string)
		return slices.ContainsFunc(list, func(one string) bool {
			return f.parts[0].keeps(func(string) any { return one })
		})
	}
	return f.holds(get(f.property))
}

// holds compares a value with the literals.
func (f filter) holds(value any) bool {
	has, known := plain(value)
	switch f.op {
	case "eq", "in":
		return slices.ContainsFunc(f.literals, func(l literal) bool { return f.equal(has, known, l) })
	case "ne":
		return !f.equal(has, known, f.literals[0])
	}
	if !known || f.literals[0].null {
		return false
	}
	want := f.literals[0].text
	switch f.op {
	case "startswith":
		return strings.HasPrefix(fold(has), fold(want))
	case "endswith":
		return strings.HasSuffix(fold(has), fold(want))
	case "contains":
		return strings.Contains(fold(has), fold(want))
	}
	order := f.compare(has, want)
	return f.op == "gt" && order > 0 || f.op == "ge" && order >= 0 || f.op == "lt" && order < 0 || f.op == "le" && order <= 0
}

func (f filter) equal(has string, known bool, l literal) bool {
	if l.null || !known {
		return l.null && !known
	}
	if f.kind == Instant {
		return f.compare(has, l.text) == 0
	}
	return fold(has) == fold(l.text)
}

// compare orders two instants, or two numbers.
func (f filter) compare(a, b string) int {
	if f.kind == Number {
		return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b))
	}
	x, errX := time.Parse(time.RFC3339, a)
	y, errY := time.Parse(time.RFC3339, b)
	if errX != nil || errY != nil {
		return cmp.Compare(a, b)
	}
	return x.Compare(y)
}

// only gives the one text that a property must have, if the filter asks for
// one, so that it is looked up and not searched for.
func (f filter) only(property string) (string, bool) {
	if f.op == "eq" && f.property == property && !f.literals[0].null {
		return f.literals[0].text, true
	}
	if f.op == "and" {
		for _, p := range f.parts {
			if text, ok := p.only(property); ok {
				return text, true
			}
		}
	}
	return "", false
}

// each visits all nodes.
func (f filter) each(visit func(filter)) {
	visit(f)
	for _, p := range f.parts {
		p.each(visit)
	}
}
