package sam

import (
	"sync"
	"time"
)

// key names a token in the cache by everything that tells two tokens apart, so
// that no customer is ever served another's (R177). The person is part of the
// record: when another one consents, all tokens of the record are forgotten.
type key struct {
	cloud, record, client, tenant, resource, claims string
	appOnly                                         bool
}

// entry is a token, or a refusal to remember, or both when a token is still good
// and its renewal failed.
type entry struct {
	token   AccessToken
	renewAt time.Time
	refusal error
	retryAt time.Time
}

// cache keeps tokens in memory only.
type cache struct {
	mu      sync.RWMutex
	entries map[key]entry
	sweepAt int // size at which the expired are thrown out
}

const smallestSweep = 1024

func newCache() *cache {
	return &cache{entries: make(map[key]entry), sweepAt: smallestSweep}
}

// get returns what is known under a key.
func (c *cache) get(k key) entry {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.entries[k]
}

func (c *cache) put(k key, e entry, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.entries[k] = e
	if len(c.entries) < c.sweepAt {
		return
	}
	for k, e := range c.entries {
		if !now.Before(e.token.ExpiresOn) && !now.Before(e.retryAt) {
			delete(c.entries, k)
		}
	}
	c.sweepAt = max(smallestSweep, 2*len(c.entries))
}

// refuse remembers a refusal until a time; a token that is still good stays.
func (c *cache) refuse(k key, refusal error, until, now time.Time) {
	e := c.get(k)
	e.refusal, e.retryAt = refusal, until
	c.put(k, e, now)
}

// forget drops all that came from a record.
func (c *cache) forget(record string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for k := range c.entries {
		if k.record == record {
			delete(c.entries, k)
		}
	}
}

// drop removes one token.
func (c *cache) drop(k key) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.entries, k)
}

// renewalTime is when a token should be replaced: when five minutes or a fifth of
// its life remain, whichever is earlier, but not before half of its life. Jitter,
// from 0 to 1, spreads the renewals over the first quarter of that window.
func renewalTime(now, expires time.Time, jitter float64) time.Time {
	life := expires.Sub(now)
	window := min(max(5*time.Minute, life/5), life/2)
	return expires.Add(-window + time.Duration(jitter*float64(window/4)))
}
