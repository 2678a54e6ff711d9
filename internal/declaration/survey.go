package declaration

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/tenant"
)

// survey walks through a document once and gathers what has to be done and what
// is wrong. What the document declares is found before what the store holds.
type survey struct {
	rooms    Rooms
	document Document
	by       audit.Caller
	steps    []Step
	problems Problems

	// organisations are as the document wants them, by domain and by id.
	organisations map[string]tenant.Tenant
	// registrations are apps as the document wants them, in its order.
	registrations []application.Application
	// enrolled are the partners of the document.
	enrolled map[id.Tenant]bool
	// declared are the keys of what was met already, by kind.
	declared map[string]bool
}

func newSurvey(rooms Rooms, d Document, by audit.Caller) *survey {
	s := &survey{rooms: rooms, document: d, by: by, organisations: map[string]tenant.Tenant{}, enrolled: map[id.Tenant]bool{}, declared: map[string]bool{}}
	if d.Version != 1 {
		s.wrong("version", "must be 1", "begin the file with: version: 1")
	}
	return s
}

// as is the operator, acting in an organisation.
func (s *survey) as(t id.Tenant) audit.Caller {
	by := s.by
	by.Tenant, by.Home = t, t
	return by
}

// facts are what can be seen of a thing, name and value by turns, in an order
// that is the same before and after.
type facts []string

func differences(before, after facts) []Field {
	var list []Field
	for i := 0; i < len(after); i += 2 {
		from := ""
		if before != nil {
			from = before[i+1]
		}
		if from != after[i+1] {
			list = append(list, Field{after[i], from, after[i+1]})
		}
	}
	return list
}

// step notes what becomes of a thing; before is nil for a new one.
func (s *survey) step(kind, name string, before, after facts, do func(ctx context.Context) ([]Made, error)) *Step {
	step := Step{Verb: Keep, Kind: kind, Name: name, Fields: differences(before, after), do: do}
	switch {
	case before == nil:
		step.Verb = Create
	case len(step.Fields) > 0:
		step.Verb = Change
	}
	s.steps = append(s.steps, step)
	return &s.steps[len(s.steps)-1]
}

// twice notes what stands in the document a second time.
func (s *survey) twice(path string, key ...string) bool {
	k := strings.Join(key, " ")
	if s.declared[k] {
		s.wrong(path, "is declared twice", "leave one of them out")
		return true
	}
	s.declared[k] = true
	return false
}

// alone is a deed that makes nothing to tell.
func alone(do func(ctx context.Context) error) func(context.Context) ([]Made, error) {
	return func(ctx context.Context) ([]Made, error) { return nil, do(ctx) }
}

// organisation finds an organisation by a domain or an id, first in the
// document. False when it is nowhere, which is noted.
func (s *survey) organisation(ctx context.Context, path, name string) (tenant.Tenant, bool, error) {
	if name == "" {
		s.wrong(path, "is missing", "name an organisation by its domain")
		return tenant.Tenant{}, false, nil
	}
	key := name
	if folded, ok := tenant.FoldDomain(name); ok && !id.IsGUID(name) {
		key = folded
	}
	if t, ok := s.organisations[strings.ToLower(key)]; ok {
		return t, true, nil
	}
	t, err := s.rooms.Tenants.Named(ctx, name)
	if fault.Has(err, fault.TenantUnknown) || fault.Has(err, fault.TenantMalformed) {
		s.wrong(path, fmt.Sprintf("there is no organisation %q", name), DidYouMean(name, s.domains()))
		return t, false, nil
	}
	return t, err == nil, err
}

func (s *survey) domains() []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(s.organisations)), id.IsGUID)
}

// roles reads directory roles by name or template id.
func (s *survey) roles(path string, names []string) []string {
	var list, known []string
	for _, r := range account.DirectoryRoles() {
		known = append(known, r.Name)
	}
	for i, name := range names {
		role, ok := account.FindDirectoryRole(name)
		for _, r := range account.DirectoryRoles() {
			if strings.EqualFold(r.Name, name) {
				role, ok = r, true
			}
		}
		if !ok {
			s.wrong(at(path, i), fmt.Sprintf("there is no directory role %q", name), DidYouMean(name, known))
			continue
		}
		list = append(list, role.Template)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// roleNames are directory roles in words.
func roleNames(templates []string) string {
	var names []string
	for _, template := range templates {
		if r, ok := account.FindDirectoryRole(template); ok {
			template = r.Name
		}
		names = append(names, template)
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

// guid reads an id that the document may choose.
func (s *survey) guid(path, text string) (string, bool) {
	if text == "" || id.IsGUID(text) {
		return strings.ToLower(text), true
	}
	s.wrong(path, "must be a GUID", "leave it out, and one is made")
	return "", false
}

func at(path string, i int) string { return fmt.Sprintf("%s[%d]", path, i) }

// said puts a text over what there is, if the document has one.
func said(to *string, text string) {
	if text != "" {
		*to = text
	}
}

// decided puts a yes or no over what there is, if the document has one.
func decided(to *bool, yes *bool) {
	if yes != nil {
		*to = *yes
	}
}

// chosen puts one of several words over what there is: each word stands for a
// value.
func chosen[T ~string](s *survey, path string, to *T, word string, words map[string]T) {
	if word == "" {
		return
	}
	value, ok := words[word]
	if !ok {
		known := slices.Sorted(maps.Keys(words))
		s.wrong(path, "must be "+strings.Join(known, ", "), DidYouMean(word, known))
		return
	}
	*to = value
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return ""
}
