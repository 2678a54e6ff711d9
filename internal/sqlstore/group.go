package sqlstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
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

// pen is the connection that a group is written with. There is one at a time,
// so a write never waits for a second connection while it holds the first.
type pen struct {
	conn *sql.Conn
	// statements are prepared on this connection; nil where the driver keeps
	// them itself.
	statements map[string]*sql.Stmt
	begin      string
}

// tx is the transaction of a group, as one job sees it.
type tx struct {
	ctx context.Context
	pen *pen
	db  *DB
}

func (t *tx) exec(text string, args ...any) (int64, error) {
	var r sql.Result
	s, err := t.pen.statement(t.ctx, t.db, text)
	switch {
	case err != nil:
		return 0, err
	case s != nil:
		r, err = s.ExecContext(t.ctx, args...)
	default:
		r, err = t.pen.conn.ExecContext(t.ctx, text, args...)
	}
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

func (t *tx) row(text string, args ...any) scanner {
	s, err := t.pen.statement(t.ctx, t.db, text)
	switch {
	case err != nil:
		return failed{err}
	case s != nil:
		return s.QueryRowContext(t.ctx, args...)
	}
	return t.pen.conn.QueryRowContext(t.ctx, text, args...)
}

func (p *pen) statement(ctx context.Context, db *DB, text string) (*sql.Stmt, error) {
	if p.statements == nil {
		return nil, nil
	}
	if s := p.statements[text]; s != nil {
		return s, nil
	}
	s, err := p.conn.PrepareContext(ctx, db.engine.placeholders(text))
	if err != nil {
		return nil, fmt.Errorf("prepare statement: %w", err)
	}
	p.statements[text] = s
	return s, nil
}

func (p *pen) drop() {
	for _, s := range p.statements {
		_ = s.Close()
	}
	_ = p.conn.Close()
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
			err = busy(errClosed)
		}
	}()
	if gate := db.held.Load(); gate != nil {
		if err := (*gate)(); err != nil {
			return err
		}
	}
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
// that it lost against another one (40001, 40P01, busy). One that was outrun by
// another node runs again too, so that it looks once more and says itself what
// is taken; a statement that does not look fails the same way each time.
func (db *DB) alone(j *job) error {
	const tries, outrun = 8, 3
	for try := 1; ; try++ {
		err := db.once([]*job{j})
		switch {
		case try < tries && db.engine.isRetryable(err):
			time.Sleep(time.Duration(rand.IntN(1<<try)) * time.Millisecond)
		case try < outrun && db.engine.isOutrun(err):
		default:
			return err
		}
	}
}

// once runs the jobs in one transaction; all or none.
func (db *DB) once(batch []*job) (err error) {
	ctx := context.Background()
	p, err := db.takePen(ctx)
	if err != nil {
		return busy(fmt.Errorf("connect: %w", err))
	}
	defer func() { db.putPen(ctx, p, err) }()
	view := &tx{ctx: ctx, pen: p, db: db}
	if _, err := view.exec(p.begin); err != nil {
		return busy(fmt.Errorf("begin: %w", err))
	}
	for _, j := range batch {
		if err := j.do(view); err != nil {
			return db.outage(err)
		}
	}
	if err := db.failpoint("before commit"); err != nil {
		return busy(err)
	}
	if _, err := view.exec("COMMIT"); err != nil {
		return busy(fmt.Errorf("commit: %w", err))
	}
	if err := db.failpoint("after commit"); err != nil {
		return busy(err)
	}
	return nil
}

// takePen gives the connection to write with: the one that is kept, or one of
// the pool.
func (db *DB) takePen(ctx context.Context) (*pen, error) {
	if db.pen != nil {
		return db.pen, nil
	}
	conn, err := db.writer.Conn(ctx)
	if err != nil {
		return nil, err
	}
	p := &pen{conn: conn, begin: db.engine.begin}
	if db.engine.prepares {
		p.statements = map[string]*sql.Stmt{}
		db.pen = p
	}
	return p, nil
}

// putPen ends what a failed group left open and gives the connection back,
// where it is shared.
func (db *DB) putPen(ctx context.Context, p *pen, failure error) {
	if failure != nil {
		if _, err := p.conn.ExecContext(ctx, "ROLLBACK"); err != nil && db.pen == p && errors.Is(err, driver.ErrBadConn) {
			p.drop()
			db.pen = nil
			return
		}
	}
	if db.pen != p {
		p.drop()
	}
}
