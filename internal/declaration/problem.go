package declaration

import (
	"errors"
	"fmt"
	"strings"

	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/nearest"
)

// Problem is one thing that is wrong in a document.
type Problem struct {
	// Line in the file, from 1; 0 when it is not known.
	Line int
	// Path names the field, such as "apps[0].redirects[1].uri".
	Path string
	// Rule is what holds there, Fix what to write instead; Fix may be empty.
	Rule, Fix string
}

func (p Problem) String() string {
	text := p.Path + ": " + p.Rule
	if p.Line > 0 {
		text = fmt.Sprintf("line %d: %s", p.Line, text)
	}
	if p.Fix != "" {
		text += "; " + p.Fix
	}
	return text
}

// Problems are all that is wrong in a document, in the order of its lines.
// Nothing is written while there are any.
type Problems []Problem

// Error is one problem per line.
func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, problem := range p {
		lines[i] = problem.String()
	}
	return strings.Join(lines, "\n")
}

// DidYouMean offers the candidates that are near to a word.
func DidYouMean(word string, candidates []string) string {
	if near := nearest.To(word, candidates); len(near) > 0 {
		return "did you mean " + strings.Join(near, " or ") + "?"
	}
	return ""
}

func (s *survey) wrong(path, rule, fix string) {
	line := 0
	for at := path; at != "" && line == 0; at = parent(at) {
		line = s.document.Lines[at]
	}
	s.problems = append(s.problems, Problem{Line: line, Path: path, Rule: rule, Fix: fix})
}

// parent is the path of what holds the last part of a path.
func parent(path string) string {
	return path[:max(strings.LastIndexAny(path, ".["), 0)]
}

// rules notes what a room refuses. It gives back what is no fault of the
// document.
func (s *survey) rules(path string, err error) error {
	var f *fault.Fault
	if !errors.As(err, &f) {
		return err
	}
	if parameter := f.Facts["parameter"]; parameter != "" {
		path += "." + parameter
	}
	switch {
	case f.Facts["rule"] != "":
		s.wrong(path, "must be "+f.Facts["rule"], "")
	case f.Code == fault.ParameterMissing:
		s.wrong(path, "is missing", "")
	default:
		return err
	}
	return nil
}
