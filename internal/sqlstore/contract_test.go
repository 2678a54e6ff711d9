package sqlstore_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/sqlstore"
	"github.com/entente-id/entente/internal/sqlstore/pgtest"
	"github.com/entente-id/entente/internal/sqlstore/storetest"
	"github.com/entente-id/entente/internal/tenant"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }

// eachEngine runs a contract suite on SQLite and on PostgreSQL, each time with
// a store of its own that is empty and ends with the test. A suite is one
// function that knows nothing of the engine:
//
//	func TestTheTenantStoreKeepsItsContract(t *testing.T) {
//		eachEngine(t, func(t *testing.T, db *sqlstore.DB) { … })
//	}
//
// Every method wants at least: absent, replaced, and in conflict; what is
// single-use also twice at once.
func eachEngine(t *testing.T, suite func(t *testing.T, db *sqlstore.DB)) {
	t.Helper()
	t.Run("SQLite", func(t *testing.T) {
		suite(t, open(t, "sqlite:"+storetest.File(t), sqlstore.Options{}))
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		suite(t, open(t, pgtest.Database(t), sqlstore.Options{}))
	})
}

// eachAddress is eachEngine for suites that open the store themselves, for
// example twice or with a failpoint. The address leads to an empty database.
func eachAddress(t *testing.T, suite func(t *testing.T, address string)) {
	t.Helper()
	t.Run("SQLite", func(t *testing.T) {
		suite(t, "sqlite:"+filepath.Join(t.TempDir(), "entente.db"))
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		suite(t, pgtest.Database(t))
	})
}

// open opens a store that is closed when the test ends.
func open(t *testing.T, address string, options sqlstore.Options) *sqlstore.DB {
	t.Helper()
	db, err := sqlstore.Open(t.Context(), address, options)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return db
}

// within is a context for a suite that would hang where it fails.
func within(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

// noon is an instant with microseconds, the finest that a store keeps.
var noon = time.Date(2026, 11, 22, 12, 0, 0, 123456000, time.UTC)

// Fixed ids, so that a failure reads the same each time.
const (
	contoso  id.Tenant = "11111111-aaaa-4111-8111-000000000001"
	fabrikam id.Tenant = "22222222-bbbb-4222-8222-000000000002"
	adatum   id.Tenant = "33333333-cccc-4333-8333-000000000003"
	nobody   id.Tenant = "99999999-ffff-4999-8999-000000000009"
)

// newTenant saves an organisation with one domain.
func newTenant(t *testing.T, db *sqlstore.DB, key id.Tenant, domain string) tenant.Tenant {
	t.Helper()
	org := tenant.Tenant{
		ID: key, Name: "Org " + domain, Country: "FI", Language: "fi", Created: noon,
		Domains: []tenant.Domain{{Name: domain, Initial: true}},
	}
	if err := db.SaveTenant(t.Context(), org); err != nil {
		t.Fatalf("save tenant: %v", err)
	}
	return org
}
