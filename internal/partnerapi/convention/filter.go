package convention

import (
	"encoding/json"
	"strconv"

	"github.com/entente-id/entente/internal/fault"
)

// MaxFilterText bounds the filter parameter, in bytes.
const MaxFilterText = 2 << 10

// Filter is what a list keeps.
type Filter struct {
	// Field and Operator are written as the list documents them.
	Field, Value, Operator string
}

// operators are those of the documents.
var operators = []string{"starts_with", "substring", "equals"}

// ParseFilter reads the filter parameter: a JSON object whose members and
// values come in any letter case and with or without underscores, because
// each client library writes them in its own way. It fails with FilterInvalid
// for a field that is not among those given.
func ParseFilter(text string, fields ...string) (Filter, error) {
	refuse := func(parameter, rule string) (Filter, error) {
		return Filter{}, fault.New(fault.FilterInvalid, "parameter", parameter, "rule", rule)
	}
	if len(text) > MaxFilterText {
		return refuse("filter", "at most "+strconv.Itoa(MaxFilterText)+" bytes")
	}
	var sent struct{ Field, Value, Operator string }
	if deep([]byte(text)) || json.Unmarshal([]byte(text), &sent) != nil {
		return refuse("filter", "a JSON object with Field, Value and Operator")
	}
	f := Filter{Value: sent.Value}
	var known string
	for i, field := range fields {
		if plain(field) == plain(sent.Field) {
			f.Field = field
		}
		if i > 0 {
			known += ", "
		}
		known += field
	}
	if f.Field == "" {
		return refuse("Field", "one of "+known)
	}
	for _, operator := range operators {
		if plain(operator) == plain(sent.Operator) {
			f.Operator = operator
		}
	}
	if f.Operator == "" {
		return refuse("Operator", "starts_with, substring or equals")
	}
	if f.Value == "" {
		return refuse("Value", "the text to look for")
	}
	return f, nil
}

// FilterField says which field a filter looks at, in the spelling of plain
// lower case, empty where there is no filter that can be read.
func (c *Call) FilterField() string {
	var sent struct{ Field string }
	text := c.Query("filter")
	if text == "" || len(text) > MaxFilterText || json.Unmarshal([]byte(text), &sent) != nil {
		return ""
	}
	return plain(sent.Field)
}

// Size reads how many items a page may hold; 0 means that nothing was said.
func (c *Call) Size(most int) (int, error) {
	size := c.Query("size")
	if size == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(size)
	if err != nil || n < 0 || n > most {
		return 0, fault.New(fault.PageInvalid, "parameter", "size", "rule", "0 to "+strconv.Itoa(most))
	}
	return n, nil
}
