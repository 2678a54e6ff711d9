// Package sqlstore keeps every room's rows, with one SQL text for SQLite and
// PostgreSQL. It compares and swaps; it decides nothing (exemplars.md 6).
package sqlstore

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"sync"
	"sync/atomic"
	"time"

	"github.com/entente-id/entente/internal/fault"
	"github.com/pressly/goose/v3"
)

//go:embed migrations/*.sql
var migrations embed.FS

// DB is the store of one Entente. It is safe for concurrent use.
type DB struct {
	engine  engine
	readers *sql.DB
	writer  *sql.DB
	// Failpoint, when set, is asked at each durable step; an error it returns
	// happens there. Crash tests use it to stop the process.
	failpoint func(step string) error

	// held, when set, says whether writing is refused just now.
	held atomic.Pointer[func() error]

	jobs   chan *job
	done   chan struct{}
	closed sync.Once

	// pen is the writer's own connection, where it keeps one. Only the writing
	// goroutine touches it.
	pen *pen

	mu sync.RWMutex
	// reading are the statements of the readers' pool.
	reading map[string]*sql.Stmt
}

// Options of Open that only tests and the dev world set.
type Options struct {
	// Failpoint is asked at each durable step.
	Failpoint func(step string) error
	// Forgetful gives up durability: for worlds that end with the process.
	Forgetful bool
	// PoolSize bounds the connections to PostgreSQL; 0 means 8.
	PoolSize int
}

// Open connects to a store and brings its schema up to date. The address is
// "sqlite:PATH" or a PostgreSQL URL.
func Open(ctx context.Context, address string, options Options) (*DB, error) {
	e, err := engineOf(address)
	if err != nil {
		return nil, err
	}
	readers, writer, err := e.open(address, options)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", e.name, err)
	}
	db := &DB{
		engine: e, readers: readers, writer: writer, failpoint: options.Failpoint,
		jobs: make(chan *job, 1024), done: make(chan struct{}),
		reading: map[string]*sql.Stmt{},
	}
	if db.failpoint == nil {
		db.failpoint = func(string) error { return nil }
	}
	if err := db.migrate(ctx); err != nil {
		db.closePools()
		return nil, err
	}
	go db.group()
	return db, nil
}

// Hold asks before each write whether it may happen: maintenance refuses them
// with a fault that says for how long. Reading goes on.
func (db *DB) Hold(gate func() error) { db.held.Store(&gate) }

// Close ends the store after the writes that wait.
func (db *DB) Close() error {
	db.closed.Do(func() {
		close(db.jobs)
		<-db.done
		db.closePools()
	})
	return nil
}

func (db *DB) closePools() {
	for _, s := range db.reading {
		_ = s.Close()
	}
	if db.pen != nil {
		db.pen.drop()
	}
	_ = db.writer.Close()
	if db.readers != db.writer {
		_ = db.readers.Close()
	}
}

// Ready reports whether the store answers.
func (db *DB) Ready(ctx context.Context) error { return db.readers.PingContext(ctx) }

// migrate brings the schema forward and refuses one that is newer than this
// program: going back would need a down migration, and there are none.
func (db *DB) migrate(ctx context.Context) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	var provider *goose.Provider
	options := []goose.ProviderOption{goose.WithVerbose(false), goose.WithDisableGlobalRegistry(true)}
	if db.engine.locker != nil {
		locker, err := db.engine.locker()
		if err != nil {
			return fmt.Errorf("make migration lock: %w", err)
		}
		options = append(options, goose.WithSessionLocker(locker))
	}
	provider, err = goose.NewProvider(db.engine.dialect, db.writer, files, options...)
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	sources := provider.ListSources()
	newest := sources[len(sources)-1].Version
	has, err := provider.GetDBVersion(ctx)
	if err != nil {
		return fmt.Errorf("read schema version: %w", err)
	}
	if has > newest {
		return fault.New(fault.SchemaNewer,
			"schema", fmt.Sprint(has), "program", fmt.Sprint(newest),
			"advice", "start the newer program that made this schema, or restore the backup from before it")
	}
	if has == newest {
		return nil
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrate the schema: %w", err)
	}
	return nil
}

// statement prepares a text once for the readers.
func (db *DB) statement(ctx context.Context, text string) (*sql.Stmt, error) {
	db.mu.RLock()
	s := db.reading[text]
	db.mu.RUnlock()
	if s != nil {
		return s, nil
	}
	s, err := db.readers.PrepareContext(ctx, db.engine.placeholders(text))
	if err != nil {
		return nil, fmt.Errorf("prepare statement: %w", err)
	}
	db.mu.Lock()
	defer db.mu.Unlock()
	if other := db.reading[text]; other != nil {
		_ = s.Close()
		return other, nil
	}
	db.reading[text] = s
	return s, nil
}

// row reads at most one row outside any transaction.
func (db *DB) row(ctx context.Context, text string, args ...any) scanner {
	if !db.engine.prepares {
		return reading{db, db.readers.QueryRowContext(ctx, text, args...)}
	}
	s, err := db.statement(ctx, text)
	if err != nil {
		return failed{db.outage(err)}
	}
	return reading{db, s.QueryRowContext(ctx, args...)}
}

// rows reads many rows outside any transaction; each is handed to scan.
func (db *DB) rows(ctx context.Context, scan func(scanner) error, text string, args ...any) error {
	var rows *sql.Rows
	var err error
	if db.engine.prepares {
		var s *sql.Stmt
		if s, err = db.statement(ctx, text); err != nil {
			return db.outage(err)
		}
		rows, err = s.QueryContext(ctx, args...)
	} else {
		rows, err = db.readers.QueryContext(ctx, text, args...)
	}
	if err != nil {
		return db.outage(err)
	}
	return db.outage(each(rows, scan))
}

type scanner interface{ Scan(dest ...any) error }

type failed struct{ err error }

func (f failed) Scan(...any) error { return f.err }

func each(rows *sql.Rows, scan func(scanner) error) error {
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// micros is how instants are stored: microseconds since 1970 in UTC, 0 for no
// instant.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func instant(m int64) time.Time {
	if m == 0 {
		return time.Time{}
	}
	return time.UnixMicro(m).UTC()
}
