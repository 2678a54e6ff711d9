package graph

import (
	"context"
	"slices"
	"strings"
)

// One answers with a single object of a set.
func One[T any](c *Call, set string, properties []Property[T], of T) (Reply, error) {
	q, err := c.Query("select")
	if err != nil {
		return Reply{}, err
	}
	body, err := Show(q, properties, of)
	if err != nil {
		return Reply{}, err
	}
	body["@odata.context"] = c.Context(set, q.Selected, true)
	return OK(body), nil
}

// Made answers with what was created in a set, at its address from now on: the
// segments below the version.
func Made[T any](c *Call, set string, properties []Property[T], of T, address ...string) (Reply, error) {
	body, err := Show(Query{}, properties, of)
	if err != nil {
		return Reply{}, err
	}
	body["@odata.context"] = c.Context(set, nil, true)
	return Created(c.Address(address...), body), nil
}

// Whole lists what is short enough to be read at once, in the order of its
// keys.
func Whole[T any](ctx context.Context, c *Call, set string, properties []Property[T], list []T, key func(T) string) (Reply, error) {
	q, err := c.Query(Listing...)
	if err != nil {
		return Reply{}, err
	}
	list = slices.SortedFunc(slices.Values(list), func(a, b T) int { return strings.Compare(key(a), key(b)) })
	return List(ctx, c, q, Set[T]{
		Context: set, Properties: properties, Key: key,
		Page: func(_ context.Context, after string, limit int) ([]T, error) {
			return After(list, key, after, limit), nil
		},
	})
}

// OrNull is a string member, null when there is nothing in it.
func OrNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}
