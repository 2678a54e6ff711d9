package graph

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/entente-id/entente/internal/fault"
)

// Property is one member of an object of type T.
type Property[T any] struct {
	// Name may be a path such as customer/tenantId, for filters alone.
	Name string
	// Usual members are shown when nothing is selected.
	Usual bool
	// Kind says how it can be filtered by; what can be can be sorted by too,
	// but for lists.
	Kind Kind
	// Of is the member's value, as JSON writes it.
	Of func(T) any
}

// Show gives the members of an object that a query asks for. It fails with
// QueryUnsupported for a name that is none.
func Show[T any](q Query, properties []Property[T], of T) (map[string]any, error) {
	chosen, err := choose(q, properties)
	if err != nil {
		return nil, err
	}
	return shown(chosen, of), nil
}

func choose[T any](q Query, properties []Property[T]) ([]Property[T], error) {
	if len(q.Selected) == 0 {
		return slices.DeleteFunc(slices.Clone(properties), func(p Property[T]) bool { return !p.Usual }), nil
	}
	var chosen []Property[T]
	for _, name := range q.Selected {
		p, known := find(properties, name)
		if !known || strings.Contains(p.Name, "/") {
			return nil, unsupported("$select", "a property of this resource, not "+name)
		}
		chosen = append(chosen, p)
	}
	return chosen, nil
}

func find[T any](properties []Property[T], name string) (Property[T], bool) {
	i := slices.IndexFunc(properties, func(p Property[T]) bool { return strings.EqualFold(p.Name, name) })
	if i < 0 {
		return Property[T]{}, false
	}
	return properties[i], true
}

func shown[T any](chosen []Property[T], of T) map[string]any {
	members := make(map[string]any, len(chosen)+2)
	for _, p := range chosen {
		members[p.Name] = p.Of(of)
	}
	return members
}

// Set is a collection that can be listed.
type Set[T any] struct {
	// Context names the collection, such as users.
	Context    string
	Properties []Property[T]
	// Page reads the objects after a key, in the order of their keys, at most
	// limit; fewer mean that there are no more.
	Page func(ctx context.Context, after string, limit int) ([]T, error)
	Key  func(T) string
	// Belongs says which of what Page reads belong to the set; nil for all.
	Belongs func(T) bool
	// Find looks up instead of searching, where a filter asks for one value of
	// a property; nil where nothing can be looked up.
	Find map[string]func(ctx context.Context, value string) ([]T, error)
	// Look says whether a property may be looked at; nil allows all.
	Look func(property string) error
	// Advanced collections take ne, not, endswith and a sorted filter only with
	// ConsistencyLevel: eventual, as those of the directory do.
	Advanced bool
	// Finish adds to what is shown of one object; nil adds nothing.
	Finish func(ctx context.Context, of T, members map[string]any) error
	// MaxPage is the largest $top; 0 means 999.
	MaxPage int
}

const (
	// chunk is how many objects are read at once while a filter looks for its
	// own.
	chunk = 500
	// maxScan bounds how many objects one request looks at. A page may come out
	// short of $top, even empty, and still have a nextLink, as at Microsoft.
	maxScan = 5_000
	// maxCount bounds how many objects are counted.
	maxCount = 50_000
)

// listing is one request for a part of a set.
type listing[T any] struct {
	Set[T]
	q      Query
	filter filter
	sort   []order[T]
}

type order[T any] struct {
	property   Property[T]
	descending bool
}

// List answers with the part of a set that a query asks for. It fails with
// QueryUnsupported, FilterInvalid or PageInvalid.
func List[T any](ctx context.Context, c *Call, q Query, s Set[T]) (Reply, error) {
	l := listing[T]{Set: s, q: q}
	if err := l.prepare(); err != nil {
		return Reply{}, err
	}
	chosen, err := choose(q, s.Properties)
	if err != nil {
		return Reply{}, err
	}
	found, last, err := l.search(ctx)
	if err != nil {
		return Reply{}, err
	}
	value := make([]map[string]any, len(found))
	for i, one := range found {
		value[i] = shown(chosen, one)
		if s.Finish != nil {
			if err := s.Finish(ctx, one, value[i]); err != nil {
				return Reply{}, err
			}
		}
	}
	body := map[string]any{"@odata.context": c.Context(s.Context, q.Selected, false), "value": value}
	if last != "" {
		body["@odata.nextLink"] = c.next(q, last)
	}
	if q.count {
		if body["@odata.count"], err = l.count(ctx); err != nil {
			return Reply{}, err
		}
	}
	return OK(body), nil
}

// prepare reads the filter and the order, and holds them to the rules.
func (l *listing[T]) prepare() error {
	if l.MaxPage == 0 {
		l.MaxPage = maxPage
	}
	if l.q.top > l.MaxPage {
		return fault.New(fault.PageInvalid, "parameter", "$top", "rule", "1 to "+strconv.Itoa(l.MaxPage))
	}
	if l.q.top == 0 {
		l.q.top = usualPage
	}
	if text, ok := l.q.sent["filter"]; ok {
		var err error
		if l.filter, err = parseFilter(text, l.kind); err != nil {
			return err
		}
	}
	if err := l.readOrder(); err != nil {
		return err
	}
	if err := l.checkLooks(); err != nil {
		return err
	}
	return l.checkAdvanced()
}

func (l *listing[T]) kind(name string) (string, Kind, bool) {
	p, known := find(l.Properties, name)
	return p.Name, p.Kind, known && p.Kind != Unfiltered
}

func (l *listing[T]) readOrder() error {
	for _, text := range names(l.q.sent["orderby"]) {
		name, direction, _ := strings.Cut(text, " ")
		p, known := find(l.Properties, name)
		if !known || p.Kind == Unfiltered || p.Kind == Texts {
			return unsupported("$orderby", "a property that can be sorted by")
		}
		direction = strings.ToLower(strings.TrimSpace(direction))
		if direction != "" && direction != "asc" && direction != "desc" {
			return fault.New(fault.RequestMalformed, "parameter", "$orderby", "rule", "asc or desc")
		}
		l.sort = append(l.sort, order[T]{p, direction == "desc"})
	}
	return nil
}

// checkLooks: what may not be read may not be filtered by either, or who is in
// the list would tell it.
func (l *listing[T]) checkLooks() error {
	if l.Look == nil {
		return nil
	}
	looked := slices.Clone(l.q.Selected)
	l.filter.each(func(f filter) {
		if f.property != "" {
			looked = append(looked, f.property)
		}
	})
	for _, o := range l.sort {
		looked = append(looked, o.property.Name)
	}
	for _, name := range looked {
		if err := l.Look(name); err != nil {
			return err
		}
	}
	return nil
}

func (l *listing[T]) checkAdvanced() error {
	if l.q.count && l.Advanced && !l.q.eventual {
		return unsupported("$count", "the header ConsistencyLevel: eventual")
	}
	if !l.Advanced || l.q.eventual && l.q.count {
		return nil
	}
	advanced := len(l.sort) > 0 && l.filter.op != ""
	l.filter.each(func(f filter) {
		advanced = advanced || slices.Contains([]string{"ne", "not", "endswith"}, f.op)
	})
	if advanced {
		return unsupported("$filter", "the header ConsistencyLevel: eventual and $count=true")
	}
	return nil
}

func (l *listing[T]) keeps(one T) bool {
	if l.Belongs != nil && !l.Belongs(one) {
		return false
	}
	return l.filter.keeps(func(property string) any {
		p, _ := find(l.Properties, property)
		return p.Of(one)
	})
}

// search gives one page, and the key at which it ended when there may be more
// after it.
func (l *listing[T]) search(ctx context.Context) (found []T, last string, err error) {
	if len(l.sort) > 0 {
		return l.sorted(ctx)
	}
	for property, look := range l.Find {
		value, ok := l.filter.only(property)
		if !ok {
			continue
		}
		list, err := look(ctx, value)
		return slices.DeleteFunc(list, func(one T) bool { return !l.keeps(one) || l.Key(one) <= l.q.after }), "", err
	}
	size := chunk
	if l.filter.op == "" && l.Belongs == nil {
		size = l.q.top + 1
	}
	last = l.q.after
	for scanned := 0; scanned < maxScan; scanned += size {
		list, err := l.Page(ctx, last, size)
		if err != nil {
			return nil, "", err
		}
		for _, one := range list {
			if len(found) == l.q.top {
				return found, last, nil
			}
			last = l.Key(one)
			if l.keeps(one) {
				found = append(found, one)
			}
		}
		if len(list) < size {
			return found, "", nil
		}
	}
	return found, last, nil
}

// sorted gives one page of what is in order; the key is then a place.
func (l *listing[T]) sorted(ctx context.Context) ([]T, string, error) {
	place := 0
	if l.q.after != "" {
		n, err := strconv.Atoi(l.q.after)
		if err != nil || n < 1 || n > maxScan {
			return nil, "", fault.New(fault.PageInvalid, "parameter", "$skiptoken", "rule", "a token that came with a page")
		}
		place = n
	}
	var all []T
	err := l.all(ctx, maxScan, "$orderby", func(one T) { all = append(all, one) })
	if err != nil {
		return nil, "", err
	}
	slices.SortStableFunc(all, func(a, b T) int {
		for _, o := range l.sort {
			if n := o.compare(a, b); n != 0 {
				return n
			}
		}
		return 0
	})
	all = all[min(place, len(all)):]
	if len(all) <= l.q.top {
		return all, "", nil
	}
	return all[:l.q.top], strconv.Itoa(place + l.q.top), nil
}

func (o order[T]) compare(a, b T) int {
	x, hasX := plain(o.property.Of(a))
	y, hasY := plain(o.property.Of(b))
	n := 0
	switch {
	case hasX != hasY:
		n = map[bool]int{true: 1, false: -1}[hasX]
	case o.property.Kind == Instant || o.property.Kind == Number:
		n = filter{kind: o.property.Kind}.compare(x, y)
	default:
		n = cmp.Compare(fold(x), fold(y))
	}
	if o.descending {
		return -n
	}
	return n
}

func (l *listing[T]) count(ctx context.Context) (int, error) {
	n := 0
	err := l.all(ctx, maxCount, "$count", func(T) { n++ })
	return n, err
}

// all visits what the filter keeps, or fails with QueryUnsupported when there
// is more to look at than limit.
func (l *listing[T]) all(ctx context.Context, limit int, option string, visit func(T)) error {
	last := ""
	for scanned := 0; scanned < limit; scanned += chunk {
		list, err := l.Page(ctx, last, chunk)
		if err != nil {
			return err
		}
		for _, one := range list {
			last = l.Key(one)
			if l.keeps(one) {
				visit(one)
			}
		}
		if len(list) < chunk {
			return nil
		}
	}
	return unsupported(option, "a collection of fewer than "+strconv.Itoa(limit)+" objects")
}

// plain is a value as filters compare it; false for null.
func plain(value any) (string, bool) {
	switch v := value.(type) {
	case string:
		return v, true
	case bool:
		return strconv.FormatBool(v), true
	case int:
		return strconv.Itoa(v), true
	}
	return "", false
}

// After cuts from a list that is in order what comes after a key, for sets that
// are read whole.
func After[T any](list []T, key func(T) string, after string, limit int) []T {
	list = list[min(len(list), countUntil(list, key, after)):]
	return list[:min(len(list), limit)]
}

func countUntil[T any](list []T, key func(T) string, after string) int {
	n := 0
	for n < len(list) && key(list[n]) <= after {
		n++
	}
	return n
}
