package file

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

type lockKind int

const (
	shared lockKind = iota
	exclusive
)

// lockPause is how long to wait before asking again for a lock that somebody
// holds for the length of one write.
const lockPause = time.Millisecond

// lock takes the lock of a record among all processes. It rests on a file of its
// own, because the slots are replaced while it is held.
func (v *Vault) lock(ctx context.Context, name string, kind lockKind) (unlock func(), err error) {
	if !names.MatchString(name) {
		return nil, fmt.Errorf("%q is no name for a vault record: use small letters, digits, '.', '_' and '-'", name)
	}
	file, err := os.OpenFile(filepath.Join(v.directory, name+".lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", name, err)
	}
	for {
		held, err := tryLock(file, kind)
		if err != nil {
			file.Close()
			return nil, fmt.Errorf("lock %s: %w", name, err)
		}
		if held {
			// Closing the file gives the lock up; so does the end of the process.
			return func() { file.Close() }, nil
		}
		select {
		case <-ctx.Done():
			file.Close()
			return nil, fmt.Errorf("lock %s: %w", name, ctx.Err())
		case <-time.After(lockPause):
		}
	}
}
