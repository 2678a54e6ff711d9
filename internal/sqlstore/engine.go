package sqlstore

import (
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// engine is all in which the two databases differ.
type engine struct {
	name         string
	dialect      goose.Dialect
	open         func(address string, options Options) (readers, writer *sql.DB, err error)
	placeholders func(text string) string
	// prepares: statements are prepared by us and kept; the other driver keeps
	// its own.
	prepares bool
	// begin opens a transaction that may write.
	begin       string
	isRetryable func(error) bool
	// isOutrun: somebody else took what must be there once, after this
	// transaction had looked and found it free. Whoever looks again sees it.
	isOutrun func(error) bool
	// isOutage: the engine itself cannot go on, whatever it was asked.
	isOutage func(error) bool
	locker   func() (lock.SessionLocker, error)
}

func engineOf(address string) (engine, error) {
	switch {
	case strings.HasPrefix(address, "sqlite:"):
		return sqliteEngine, nil
	case strings.HasPrefix(address, "postgres://"), strings.HasPrefix(address, "postgresql://"):
		return postgresEngine, nil
	}
	return engine{}, errors.New(`store address must begin with "sqlite:" or "postgres://"`)
}

var sqliteEngine = engine{
	name:    "SQLite",
	dialect: goose.DialectSQLite3,
	open:    openSQLite, prepares: true, begin: "BEGIN IMMEDIATE",
	// Left as $n, SQLite drivers disagree on what the number means
	// (exemplars.md 6).
	placeholders: func(text string) string { return strings.ReplaceAll(text, "$", "?") },
	isRetryable: func(err error) bool {
		var e *sqlite.Error
		return errors.As(err, &e) && (e.Code()&0xff == sqlite3.SQLITE_BUSY || e.Code()&0xff == sqlite3.SQLITE_LOCKED)
	},
	// There is one writer at a time, so nobody comes between.
	isOutrun: func(error) bool { return false },
	isOutage: func(err error) bool {
		var e *sqlite.Error
		if !errors.As(err, &e) {
			return false
		}
		switch e.Code() & 0xff {
		case sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY,
			sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_NOMEM:
			return true
		}
		return false
	},
}

// openSQLite makes two pools over one file: readers that cannot write, and
// one writer whose transactions begin immediate, so that a read inside them
// never has to be upgraded (exemplars.md 6: deferred, a fifth of them fail).
func openSQLite(address string, options Options) (*sql.DB, *sql.DB, error) {
	path := strings.TrimPrefix(address, "sqlite:")
	if path == "" {
		return nil, nil, errors.New("the address names no file")
	}
	synchronous := "FULL"
	if options.Forgetful {
		synchronous = "OFF"
	}
	dsn := func(more string) string {
		u := url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath()}
		return fmt.Sprintf("%s?_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(%s)&_pragma=foreign_keys(1)%s", u.String(), synchronous, more)
	}
	writer, err := sql.Open("sqlite", dsn(""))
	if err != nil {
		return nil, nil, err
	}
	writer.SetMaxOpenConns(1)
	if err := writer.Ping(); err != nil {
		_ = writer.Close()
		return nil, nil, err
	}
	readers, err := sql.Open("sqlite", dsn("&_pragma=query_only(1)"))
	if err != nil {
		_ = writer.Close()
		return nil, nil, err
	}
	readers.SetMaxOpenConns(4)
	readers.SetMaxIdleConns(4)
	return readers, writer, nil
}

var postgresEngine = engine{
	name:    "PostgreSQL",
	dialect: goose.DialectPostgres,
	open:    openPostgres, begin: "BEGIN",
	placeholders: func(text string) string { return text },
	isRetryable: func(err error) bool {
		var e *pgconn.PgError
		return errors.As(err, &e) && (e.Code == "40001" || e.Code == "40P01")
	},
	isOutrun: func(err error) bool {
		var e *pgconn.PgError
		return errors.As(err, &e) && e.Code == "23505"
	},
	isOutage: func(err error) bool {
		var connect *pgconn.ConnectError
		var e *pgconn.PgError
		if !errors.As(err, &e) {
			return errors.As(err, &connect) || pgconn.SafeToRetry(err)
		}
		// Lost connections, no resources, and the server going down (classes
		// 08, 53 and 57P).
		return strings.HasPrefix(e.Code, "08") || strings.HasPrefix(e.Code, "53") || strings.HasPrefix(e.Code, "57P")
	},
	// Two nodes that start together must not migrate together; the second looks
	// again each second, for a minute.
	locker: func() (lock.SessionLocker, error) { return lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 60)) },
}

func openPostgres(address string, options Options) (*sql.DB, *sql.DB, error) {
	pool, err := sql.Open("pgx", address)
	if err != nil {
		return nil, nil, err
	}
	size := options.PoolSize
	if size == 0 {
		size = 8
	}
	pool.SetMaxOpenConns(size)
	pool.SetMaxIdleConns(size)
	if err := pool.Ping(); err != nil {
		_ = pool.Close()
		return nil, nil, err
	}
	return pool, pool, nil
}
