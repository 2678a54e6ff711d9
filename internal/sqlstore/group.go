package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// errClosed is returned to writers that come after Close.
var errClosed = errors.New("store is closed")

// maxGroup bounds how many writes share one commit, so that the first of them
// does not wait long for the last.
const maxGroup = 128

// job is one write that waits for its group's commit.
type job struct {
	do     func(*tx) error
	answer chan error
}

// tx is the transaction of a group, as one job sees it.
type tx struct {
	ctx context.Context
	t   *sql.Tx
	db  *DB
}

func (t *tx) exec(text string, args ...any) (int64, error) {
	s, err := t.db.statement(t.ctx, t.db.writer, text)
	if err != nil {
		return 0, err
	}
	r, err := t.t.StmtContext(t.ctx, s).ExecContext(t.ctx, args...)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

func (t *tx) row(text string, args ...any) scanner {
	s, err := t.db.statement(t.ctx, t.db.writer, text)
	if err != nil {
		return failed{err}
	}
	return t.t.StmtContext(t.ctx, s).QueryRowContext(t.ctx, args...)
}

// write runs do in a transaction and returns when it is durable. Writes that
// come while a commit is under way share the next one.
//
// do may run more than once: when it or another of its group fails, all are
// rolled back and run again alone. So it must set what it returns afresh on
// each run, and an outcome that must be kept, such as a revocation, is no
// error.
func (db *DB) write(ctx context.Context, do func(*tx) error) (err error) {
	defer func() {
		// A send on the closed channel: the store ended while we waited.
		if recover() != nil {
			err = errClosed
		}
	}()
	j := &job{do: do, answer: make(chan error, 1)}
	select {
	case db.jobs <- j:
	case <-ctx.Done():
		return ctx.Err()
	}
	// Once taken, a write is waited for: its outcome must be known.
	return <-j.answer
}

// group is the one writer. It takes what waits, up to maxGroup, and commits it
// together.
func (db *DB) group() {
	defer close(db.done)
	for first := range db.jobs {
		batch := append(make([]*job, 0, 16), first)
	fill:
		for len(batch) < maxGroup {
			select {
			case j, ok := <-db.jobs:
				if !ok {
					break fill
				}
				batch = append(batch, j)
			default:
				break fill
			}
		}
		db.commit(batch)
	}
}

func (db *DB) commit(batch []*job) {
	if len(batch) > 1 {
		if err := db.once(batch); err == nil {
			for _, j := range batch {
				j.answer <- nil
			}
			return
		}
	}
	for _, j := range batch {
		j.answer <- db.alone(j)
	}
}

// alone runs one job in a transaction of its own, again while the engine says
// that it lost against another one (40001, 40P01, busy).
func (db *DB) alone(j *job) error {
	const tries = 8
	for try := 1; ; try++ {
		err := db.once([]*job{j})
		if err == nil || try == tries || !db.engine.isRetryable(err) {
			return err
		}
		time.Sleep(time.Duration(rand.IntN(1<<try)) * time.Millisecond)
	}
}

// once runs the jobs in one transaction; all or none.
func (db *DB) once(batch []*job) error {
	ctx := context.Background()
	t, err := db.writer.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer func() { _ = t.Rollback() }()
	view := &tx{ctx: ctx, t: t, db: db}
	for _, j := range batch {
		if err := j.do(view); err != nil {
			return err
		}
	}
	if err := db.failpoint("before commit"); err != nil {
		return err
	}
	if err := t.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return db.failpoint("after commit")
}
