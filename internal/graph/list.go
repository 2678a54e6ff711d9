package graph

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
)

const (
	// batch is how many accounts are read at once while a filter looks for
	// its own.
	batch = 500
	// maxScan bounds how many accounts one request looks at. A page may come
	// out short of $top, even empty, and still have a nextLink, as at
	// Microsoft.
	maxScan = 5_000
	// maxCount bounds how many accounts are counted.
	maxCount = 50_000
)

// users is GET /users: the people of the organisation, in the order of their
// ids.
func (e *edge) users(ctx context.Context, c *call) (any, error) {
	q, err := c.ask("select", "filter", "top", "skiptoken", "count")
	if err != nil {
		return nil, err
	}
	if err := c.checkReader(); err != nil {
		return nil, err
	}
	basic := !c.caller.May(readFully...)
	chosen, err := q.shown(basic)
	if err != nil {
		return nil, err
	}
	// What may not be read may not be filtered by either: it would be told by
	// who is in the list.
	if basic && slices.ContainsFunc(q.filter, func(c clause) bool { return c.property == "accountEnabled" }) {
		return nil, fault.New(fault.PermissionMissing, "permission", strings.Join(readFully, ", "))
	}
	found, last, more, err := e.search(ctx, c.caller.Tenant, q)
	if err != nil {
		return nil, err
	}
	value := make([]map[string]any, len(found))
	for i, a := range found {
		value[i] = userOf(a, chosen)
	}
	body := map[string]any{"@odata.context": e.context(c, "users", q.selected, false), "value": value}
	if more {
		body["@odata.nextLink"] = e.next(c, q, "users", last)
	}
	if q.count {
		if body["@odata.count"], err = e.count(ctx, c.caller.Tenant, q.filter); err != nil {
			return nil, err
		}
	}
	return body, nil
}

// search gives a page of people, the id at which it ended, and whether there
// may be more after it.
func (e *edge) search(ctx context.Context, t id.Tenant, q query) (found []account.Account, last id.Object, more bool, err error) {
	if key, ok := q.filter.key(); ok {
		one, err := e.findUser(ctx, t, key)
		if fault.Has(err, fault.ObjectUnknown) || err == nil && (!q.filter.keeps(one) || one.ID <= q.after) {
			return nil, "", false, nil
		}
		return []account.Account{one}, "", false, err
	}
	size := batch
	if len(q.filter) == 0 {
		size = q.top + 1
	}
	last = q.after
	for scanned := 0; scanned < maxScan; scanned += size {
		list, err := e.People.List(ctx, t, last, size)
		if err != nil {
			return nil, "", false, err
		}
		for _, a := range list {
			if len(found) == q.top {
				return found, last, true, nil
			}
			last = a.ID
			if q.filter.keeps(a) {
				found = append(found, a)
			}
		}
		if len(list) < size {
			return found, last, false, nil
		}
	}
	return found, last, true, nil
}

// key gives the one id or sign-in name that a filter asks for, so that it is
// looked up and not searched for.
func (f filter) key() (string, bool) {
	for _, c := range f {
		if !c.prefix && (c.property == "id" || c.property == "userPrincipalName") {
			return c.text, true
		}
	}
	return "", false
}

func (e *edge) count(ctx context.Context, t id.Tenant, f filter) (int, error) {
	n := 0
	var last id.Object
	for scanned := 0; scanned < maxCount; scanned += batch {
		list, err := e.People.List(ctx, t, last, batch)
		if err != nil {
			return 0, err
		}
		for _, a := range list {
			last = a.ID
			if f.keeps(a) {
				n++
			}
		}
		if len(list) < batch {
			return n, nil
		}
	}
	return 0, unsupported("$count", "an organisation of fewer than "+strconv.Itoa(maxCount)+" people")
}
