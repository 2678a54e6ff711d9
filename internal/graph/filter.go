package graph

import (
	"strings"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/fault"
	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// filter is a list of clauses that must all hold; the empty one keeps all.
type filter []clause

// clause compares one property with a literal.
type clause struct {
	// property is one of filterable, in its own letter case.
	property string
	// prefix is true for startswith, false for eq.
	prefix bool
	// text is the literal, or "true" and "false" for accountEnabled.
	text string
}

// maxClauses bounds what one filter may ask.
const maxClauses = 10

// filterable are the properties that a filter can look at.
var filterable = []string{"id", "displayName", "userPrincipalName", "mail", "accountEnabled"}

// operators are those of OData that we do not have: known, so that whoever
// uses one is told so and not of a spelling mistake.
var operators = []string{"or", "not", "ne", "gt", "ge", "lt", "le", "in", "has", "endswith", "contains", "any", "all"}

// parseFilter reads $filter: clauses "property eq literal" and
// "startswith(property,'text')", joined with and. Everything else is refused:
// QueryUnsupported for what OData has and we do not, FilterInvalid for what is
// no filter.
func parseFilter(text string) (filter, error) {
	words, err := split(text)
	if err != nil {
		return nil, err
	}
	var f filter
	for {
		var c clause
		if c, words, err = parseClause(words); err != nil {
			return nil, err
		}
		if f = append(f, c); len(f) > maxClauses {
			return nil, unsupported("$filter", "at most ten clauses")
		}
		if len(words) == 0 {
			return f, nil
		}
		if !words[0].is("and") {
			return nil, words[0].wrong("and, or the end")
		}
		words = words[1:]
	}
}

// word is a piece of a filter.
type word struct {
	text string
	// literal is true for a quoted text, which is never a name.
	literal bool
}

func (w word) is(name string) bool { return !w.literal && strings.EqualFold(w.text, name) }

// wrong refuses a word where something else was expected.
func (w word) wrong(expected string) error {
	for _, o := range operators {
		if w.is(o) {
			return unsupported("$filter", "eq, startswith and and; not "+o)
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

func parseClause(words []word) (clause, []word, error) {
	at := func(i int) word {
		if i < len(words) {
			return words[i]
		}
		return word{}
	}
	if at(0).is("startswith") {
		property, err := named(at(2))
		switch {
		case !at(1).is("("):
			return clause{}, nil, at(1).wrong("startswith(property,'text')")
		case err != nil:
			return clause{}, nil, err
		case !at(3).is(",") || !at(4).literal || !at(5).is(")"):
			return clause{}, nil, at(3).wrong("startswith(property,'text')")
		case property == "accountEnabled" || property == "id":
			return clause{}, nil, unsupported("$filter", property+" eq …")
		}
		return clause{property, true, at(4).text}, words[6:], nil
	}
	property, err := named(at(0))
	if err != nil {
		return clause{}, nil, err
	}
	if !at(1).is("eq") {
		return clause{}, nil, at(1).wrong("eq")
	}
	if property == "accountEnabled" {
		if !at(2).is("true") && !at(2).is("false") {
			return clause{}, nil, at(2).wrong("true or false")
		}
		return clause{property, false, strings.ToLower(at(2).text)}, words[3:], nil
	}
	if !at(2).literal {
		return clause{}, nil, at(2).wrong("a text in quotes")
	}
	return clause{property, false, at(2).text}, words[3:], nil
}

// named reads a property's name, in any letter case.
func named(w word) (string, error) {
	for _, p := range filterable {
		if w.is(p) {
			return p, nil
		}
	}
	return "", w.wrong("one of " + strings.Join(filterable, ", "))
}

// fold is how texts are compared: without regard to letter case.
func fold(text string) string { return cases.Fold().String(norm.NFC.String(text)) }

// keeps reports whether an account fulfils all clauses.
func (f filter) keeps(a account.Account) bool {
	for _, c := range f {
		if !c.holds(a) {
			return false
		}
	}
	return true
}

func (c clause) holds(a account.Account) bool {
	var has string
	switch c.property {
	case "id":
		has = string(a.ID)
	case "displayName":
		has = a.Name
	case "userPrincipalName":
		has = a.SignInName
	case "mail":
		has = a.Mail
	case "accountEnabled":
		return (c.text == "true") != a.Disabled
	}
	switch {
	case c.property == "userPrincipalName" && !c.prefix:
		return account.FoldName(has) == account.FoldName(c.text)
	case c.prefix:
		return strings.HasPrefix(fold(has), fold(c.text))
	}
	return fold(has) == fold(c.text)
}
