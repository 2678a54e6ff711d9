// Package storetest gives a test an SQLite store of its own. Making the schema
// takes longer than most tests do, so it is made once in a process and copied.
package storetest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/entente-id/entente/internal/sqlstore"
)

// empty is the file of a store that holds the schema and nothing else.
var empty = sync.OnceValues(func() ([]byte, error) {
	folder, err := os.MkdirTemp("", "entente-schema-")
	if err != nil {
		return nil, fmt.Errorf("make a folder: %w", err)
	}
	defer os.RemoveAll(folder)
	path := filepath.Join(folder, "entente.db")
	db, err := sqlstore.Open(context.Background(), "sqlite:"+path, sqlstore.Options{Forgetful: true})
	if err != nil {
		return nil, fmt.Errorf("make the schema: %w", err)
	}
	// Closing moves what the write-ahead log holds into the file.
	if err := db.Close(); err != nil {
		return nil, fmt.Errorf("close the store: %w", err)
	}
	return os.ReadFile(path)
})

// File is the path of an empty store with its schema. It ends with the test.
func File(t testing.TB) string {
	t.Helper()
	content, err := empty()
	if err != nil {
		t.Fatalf("make an empty store: %v", err)
	}
	path := filepath.Join(t.TempDir(), "entente.db")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatalf("copy the empty store: %v", err)
	}
	return path
}

// Open is an open store with its schema and nothing else, which ends with the
// test. What it keeps is not durable.
func Open(t testing.TB) *sqlstore.DB {
	t.Helper()
	db, err := sqlstore.Open(context.Background(), "sqlite:"+File(t), sqlstore.Options{Forgetful: true})
	if err != nil {
		t.Fatalf("open the store: %v", err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}
