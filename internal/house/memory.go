package house

import (
	"context"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

const (
	// smallWorld is what the Go heap of a small world may take; with the
	// program itself it stays below the bar of DESIGN 5.
	smallWorld = 44 << 20
	// roomToBreathe is how many times its live heap a larger world may take.
	roomToBreathe = 2
	// breathEvery bounds how long the limit can be too tight for a world that
	// has grown.
	breathEvery = 5 * time.Second
	// lazyCollector: a token leaves garbage behind, and each collection looks
	// at all that is cached; the limit, not the growth, decides when.
	lazyCollector = 400
)

// breathe keeps memory flat without collecting for each few tokens. A limit
// that does not follow a growing world would make the collector run without
// end, so it follows.
func breathe(ctx context.Context) {
	debug.SetGCPercent(lazyCollector)
	debug.SetMemoryLimit(smallWorld)
	// What starting took is given back first.
	debug.FreeOSMemory()
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	ticker := time.NewTicker(breathEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			metrics.Read(live)
			debug.SetMemoryLimit(max(smallWorld, roomToBreathe*int64(live[0].Value.Uint64())))
		}
	}
}
