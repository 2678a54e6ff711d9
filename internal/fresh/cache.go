// Package fresh keeps values that were read a moment ago, so that a token
// request does not ask the database who its client is. A value is never older
// than the cache's age, which bounds how long another node's change can stay
// unseen; this node forgets at once what it changes itself.
package fresh

import (
	"context"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
)

// Cache holds at most Limit values for at most Age. Its zero value is not
// usable; make one with New.
type Cache[V any] struct {
	now   func() time.Time
	age   time.Duration
	limit int

	mu      sync.RWMutex
	entries map[string]entry[V]
	// epoch rises with each Forget, so that a load that began before a change
	// cannot put the old value back after it.
	epoch uint64
	loads singleflight.Group
}

type entry[V any] struct {
	value V
	until time.Time
}

// New makes a cache whose values live for age, and that starts again empty
// when it would hold more than limit of them.
func New[V any](now func() time.Time, age time.Duration, limit int) *Cache[V] {
	return &Cache[V]{now: now, age: age, limit: limit, entries: map[string]entry[V]{}}
}

// Get answers from memory or loads the value, once for all who wait. Errors
// are not kept.
func (c *Cache[V]) Get(ctx context.Context, key string, load func(context.Context) (V, error)) (V, error) {
	now := c.now()
	c.mu.RLock()
	e, ok := c.entries[key]
	epoch := c.epoch
	c.mu.RUnlock()
	if ok && now.Before(e.until) {
		return e.value, nil
	}
	// Who comes after a change must not join a load from before it.
	v, err, _ := c.loads.Do(strconv.FormatUint(epoch, 10)+"/"+key, func() (any, error) {
		// The load outlives the caller that happened to start it: the others
		// who wait for it have not given up.
		return load(context.WithoutCancel(ctx))
	})
	if err != nil {
		var none V
		return none, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.epoch == epoch {
		if len(c.entries) >= c.limit {
			clear(c.entries)
		}
		c.entries[key] = entry[V]{value: v.(V), until: now.Add(c.age)}
	}
	return v.(V), nil
}

// Forget drops everything: what was read may have been changed just now.
func (c *Cache[V]) Forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.entries)
	c.epoch++
}
