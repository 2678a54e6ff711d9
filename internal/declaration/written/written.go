// Package written reads declarations from files: YAML, and JSON as a part of it.
// It is strict: an unknown field, a field that stands twice, a word where a list
// belongs are all told at once, each with its line.
package written

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/entente-id/entente/internal/declaration"
	"go.yaml.in/yaml/v3"
)

const (
	// MaxBytes bounds a file.
	MaxBytes = 1 << 20
	// maxItems bounds each list.
	maxItems = 10_000
	// maxText bounds each text, in bytes.
	maxText = 256 << 10
)

// Parse reads one document. It fails with declaration.Problems.
func Parse(text []byte) (declaration.Document, error) {
	r := reader{lines: map[string]int{}}
	var d declaration.Document
	switch root, err := tree(text); {
	case err != nil:
		return d, declaration.Problems{*err}
	case root.Kind != yaml.MappingNode:
		r.wrong(root, "", "must be fields such as version: 1", "")
	default:
		r.object(root, "", reflect.ValueOf(&d).Elem())
	}
	if len(r.problems) > 0 {
		return declaration.Document{}, r.problems
	}
	d.Lines = r.lines
	return d, nil
}

// tree reads the file into nodes that know their lines.
func tree(text []byte) (*yaml.Node, *declaration.Problem) {
	if len(text) > MaxBytes {
		return nil, &declaration.Problem{Path: "file", Rule: "must be at most 1 MiB"}
	}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	var document, more yaml.Node
	switch err := decoder.Decode(&document); {
	case errors.Is(err, io.EOF):
		return nil, &declaration.Problem{Path: "file", Rule: "is empty", Fix: "begin with: version: 1"}
	case err != nil:
		return nil, &declaration.Problem{Path: "file", Rule: "is no YAML: " + strings.TrimPrefix(err.Error(), "yaml: ")}
	}
	if err := decoder.Decode(&more); !errors.Is(err, io.EOF) {
		return nil, &declaration.Problem{Line: more.Line, Path: "file", Rule: "must hold one document", Fix: "leave the second out"}
	}
	return document.Content[0], nil
}

// reader puts nodes into the types of a declaration. The types nest a few levels
// deep, and it goes no deeper than they do.
type reader struct {
	problems declaration.Problems
	lines    map[string]int
}

func (r *reader) wrong(n *yaml.Node, path, rule, fix string) {
	if path == "" {
		path = "file"
	}
	r.problems = append(r.problems, declaration.Problem{Line: n.Line, Path: path, Rule: rule, Fix: fix})
}

// object reads the fields of a struct.
func (r *reader) object(n *yaml.Node, path string, into reflect.Value) {
	if n.Kind != yaml.MappingNode {
		r.wrong(n, path, "must be fields, each with a name and a value", "")
		return
	}
	fields, names := fieldsOf(into.Type())
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		at := strings.TrimPrefix(path+"."+key.Value, ".")
		index, known := fields[key.Value]
		switch {
		case key.Kind != yaml.ScalarNode || !known:
			r.wrong(key, strings.TrimPrefix(path+"."+brief(key.Value), "."), "is no field", cmp.Or(declaration.DidYouMean(key.Value, names), "the fields here are "+strings.Join(names, ", ")))
		case seen[key.Value]:
			r.wrong(key, at, "stands twice", "leave one of them out")
		default:
			seen[key.Value] = true
			r.lines[at] = key.Line
			r.value(value, at, into.Field(index))
		}
	}
}

func (r *reader) value(n *yaml.Node, path string, into reflect.Value) {
	if n.Kind == yaml.AliasNode || n.Anchor != "" {
		r.wrong(n, path, "must not use anchors and aliases", "write the value out")
		return
	}
	switch into.Kind() {
	case reflect.Struct:
		r.object(n, path, into)
	case reflect.Slice:
		r.list(n, path, into)
	case reflect.Map:
		r.texts(n, path, into)
	case reflect.Pointer:
		into.Set(reflect.New(into.Type().Elem()))
		r.value(n, path, into.Elem())
	default:
		r.scalar(n, path, into)
	}
}

func (r *reader) list(n *yaml.Node, path string, into reflect.Value) {
	if n.Kind != yaml.SequenceNode {
		r.wrong(n, path, "must be a list", `write "- " before each item`)
		return
	}
	if len(n.Content) > maxItems {
		r.wrong(n, path, "must be at most 10000 items", "")
		return
	}
	into.Set(reflect.MakeSlice(into.Type(), len(n.Content), len(n.Content)))
	for i, item := range n.Content {
		at := fmt.Sprintf("%s[%d]", path, i)
		r.lines[at] = item.Line
		r.value(item, at, into.Index(i))
	}
}

// texts reads texts by a name that the writer chooses.
func (r *reader) texts(n *yaml.Node, path string, into reflect.Value) {
	if n.Kind != yaml.MappingNode {
		r.wrong(n, path, "must be names, each with a text", "")
		return
	}
	into.Set(reflect.MakeMap(into.Type()))
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, text := n.Content[i], reflect.New(into.Type().Elem()).Elem()
		at := path + "." + brief(key.Value)
		if into.MapIndex(reflect.ValueOf(key.Value)).IsValid() {
			r.wrong(key, at, "stands twice", "leave one of them out")
			continue
		}
		r.lines[at] = key.Line
		r.value(n.Content[i+1], at, text)
		into.SetMapIndex(reflect.ValueOf(key.Value), text)
	}
}

func (r *reader) scalar(n *yaml.Node, path string, into reflect.Value) {
	if n.Kind != yaml.ScalarNode || n.Tag == "!!null" {
		r.wrong(n, path, "must be "+word(into.Kind()), "")
		return
	}
	switch into.Kind() {
	case reflect.Bool:
		b, err := strconv.ParseBool(n.Value)
		if n.Tag != "!!bool" || err != nil {
			r.wrong(n, path, "must be true or false", "")
			return
		}
		into.SetBool(b)
	case reflect.Int:
		i, err := strconv.ParseInt(n.Value, 10, 32)
		if n.Tag != "!!int" || err != nil {
			r.wrong(n, path, "must be a whole number", "")
			return
		}
		into.SetInt(i)
	default:
		// A word that YAML reads as a number or a date is still the word.
		if n.Tag == "!!binary" || len(n.Value) > maxText || strings.ContainsRune(n.Value, 0) {
			r.wrong(n, path, "must be a text of at most 256 KiB", "")
			return
		}
		into.SetString(n.Value)
	}
}

func word(k reflect.Kind) string {
	switch k {
	case reflect.Bool:
		return "true or false"
	case reflect.Int:
		return "a whole number"
	}
	return "a text"
}

// fieldsOf gives the fields of a type by the names they have in a file.
func fieldsOf(t reflect.Type) (map[string]int, []string) {
	fields := map[string]int{}
	var names []string
	for i := range t.NumField() {
		if name := t.Field(i).Tag.Get("doc"); name != "" {
			fields[name] = i
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return fields, names
}

// brief cuts a name that stands in the file to a length that fits a message.
func brief(name string) string {
	const limit = 40
	name = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, name)
	if len(name) > limit {
		return strings.ToValidUTF8(name[:limit], "") + "…"
	}
	return name
}
