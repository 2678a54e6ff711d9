package sqlstore_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/sqlstore"
	"github.com/entente-id/entente/internal/tenant"
)

func TestASchemaThatIsNewerThanTheProgramIsRefusedWithAdvice(t *testing.T) {
	eachAddress(t, func(t *testing.T, address string) {
		db, err := sqlstore.Open(t.Context(), address, sqlstore.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		raw(t, address, `INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, TRUE)`)
		db, err = sqlstore.Open(t.Context(), address, sqlstore.Options{})
		if err == nil {
			_ = db.Close()
			t.Fatal("the newer schema was opened")
		}
		f := fault.Of(err)
		if f.Code != fault.SchemaNewer || f.Facts["schema"] != "9999" || f.Facts["advice"] == "" {
			t.Errorf("got %v", err)
		}
	})
}

// raw runs one statement past the store.
func raw(t *testing.T, address, statement string) {
	t.Helper()
	driver, name := "pgx", address
	if path, found := strings.CutPrefix(address, "sqlite:"); found {
		driver, name = "sqlite", "file:"+path
	}
	pool, err := sql.Open(driver, name)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	if _, err := pool.ExecContext(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}

func TestAStoreOpensAgainAndStillHasWhatItHad(t *testing.T) {
	eachAddress(t, func(t *testing.T, address string) {
		db, err := sqlstore.Open(t.Context(), address, sqlstore.Options{})
		if err != nil {
			t.Fatal(err)
		}
		newTenant(t, db, contoso, "contoso.example")
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		again := open(t, address, sqlstore.Options{})
		if _, err := again.Tenant(t.Context(), contoso); err != nil {
			t.Errorf("after opening again: %v", err)
		}
		if err := again.Ready(t.Context()); err != nil {
			t.Errorf("not ready: %v", err)
		}
	})
}

func TestWritingToAClosedStoreFails(t *testing.T) {
	eachAddress(t, func(t *testing.T, address string) {
		db, err := sqlstore.Open(t.Context(), address, sqlstore.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		if err := db.SaveTenant(within(t, 10*time.Second), tenant.Tenant{ID: contoso}); err == nil {
			t.Error("the write was accepted")
		}
	})
}

// TestAFailingWriteHarmsNobodyInItsGroup lets 200 writers come while the first
// commit is held back; every tenth of them cannot succeed.
func TestAFailingWriteHarmsNobodyInItsGroup(t *testing.T) {
	eachAddress(t, func(t *testing.T, address string) {
		const writers = 200
		var coming sync.WaitGroup
		coming.Add(writers)
		var armed atomic.Bool
		db := open(t, address, sqlstore.Options{Failpoint: func(step string) error {
			if armed.Load() && step == "before commit" {
				coming.Wait()
			}
			return nil
		}})
		newTenant(t, db, contoso, "contoso.example")
		armed.Store(true)
		results := make([]error, writers)
		var all sync.WaitGroup
		for i := range writers {
			all.Go(func() {
				coming.Done()
				results[i] = db.SaveAccount(t.Context(), person(i))
			})
		}
		all.Wait()
		armed.Store(false)
		reopened := open(t, address, sqlstore.Options{})
		for i, err := range results {
			if refused := i%10 == 0; refused != (err != nil) {
				t.Errorf("writer %d got %v", i, err)
			}
			_, err := reopened.Account(t.Context(), contoso, person(i).ID)
			if i%10 != 0 && err != nil {
				t.Errorf("writer %d was told it is durable: %v", i, err)
			}
		}
	})
}

// person makes one whose tenant does not exist when the number ends in 0.
func person(i int) account.Account {
	a := account.Account{Tenant: contoso, ID: id.Object(fmt.Sprintf("%08x-0000-4000-8000-000000000000", i)), SignInName: fmt.Sprintf("p%d@contoso.example", i)}
	if i%10 == 0 {
		a.Tenant = nobody
	}
	return a
}

func TestWritersThatAllSucceedShareCommits(t *testing.T) {
	eachAddress(t, func(t *testing.T, address string) {
		const writers = 200
		var commits atomic.Int64
		var coming sync.WaitGroup
		coming.Add(writers)
		db := open(t, address, sqlstore.Options{Failpoint: func(step string) error {
			if step == "before commit" {
				coming.Wait()
				commits.Add(1)
			}
			return nil
		}})
		var all sync.WaitGroup
		for i := range writers {
			all.Go(func() {
				coming.Done()
				a := audit.Attempt{Reference: fmt.Sprint("ref-", i), At: noon}
				if err := db.AddAttempt(t.Context(), a); err != nil {
					t.Errorf("writer %d: %v", i, err)
				}
			})
		}
		all.Wait()
		reopened := open(t, address, sqlstore.Options{})
		for i := range writers {
			if _, err := reopened.FindAttempt(t.Context(), fmt.Sprint("ref-", i)); err != nil {
				t.Errorf("writer %d was told it is durable: %v", i, err)
			}
		}
		if n := commits.Load(); n > writers/2 {
			t.Errorf("%d commits for %d writers", n, writers)
		}
	})
}

func TestAFailureBeforeTheCommitLeavesNothingAndOneAfterItLeavesAll(t *testing.T) {
	eachAddress(t, func(t *testing.T, address string) {
		broken := errors.New("the machine stopped here")
		var at atomic.Value
		at.Store("")
		db := open(t, address, sqlstore.Options{Failpoint: func(step string) error {
			if step == at.Load() {
				return broken
			}
			return nil
		}})
		save := func(key id.Tenant) error {
			return db.SaveTenant(t.Context(), tenant.Tenant{ID: key, Domains: []tenant.Domain{{Name: string(key) + ".example"}}})
		}
		at.Store("before commit")
		if err := save(contoso); !errors.Is(err, broken) {
			t.Errorf("before: %v", err)
		}
		at.Store("after commit")
		if err := save(fabrikam); !errors.Is(err, broken) {
			t.Errorf("after: %v", err)
		}
		at.Store("")
		if _, err := db.Tenant(t.Context(), contoso); !fault.Has(err, fault.TenantUnknown) {
			t.Errorf("something of the failed write stayed: %v", err)
		}
		if _, err := db.TenantOfDomain(t.Context(), string(contoso)+".example"); !fault.Has(err, fault.TenantUnknown) {
			t.Errorf("a domain of the failed write stayed: %v", err)
		}
		if _, err := db.TenantOfDomain(t.Context(), string(fabrikam)+".example"); err != nil {
			t.Errorf("the committed write is gone: %v", err)
		}
		// The store goes on after both.
		if err := save(contoso); err != nil {
			t.Errorf("the same write again: %v", err)
		}
	})
}

// TestAPoolOfOneConnectionSuffices holds DESIGN 5: nobody asks for a second
// connection while it holds the first. Where one does, this hangs until its
// time is over.
func TestAPoolOfOneConnectionSuffices(t *testing.T) {
	eachAddress(t, func(t *testing.T, address string) {
		db := open(t, address, sqlstore.Options{PoolSize: 1})
		ctx := within(t, 30*time.Second)
		done := make(chan struct{})
		go func() {
			defer close(done)
			useAll(ctx, t, db)
		}()
		select {
		case <-done:
		case <-ctx.Done():
			t.Fatal("somebody waits for a second connection")
		}
	})
}

// useAll writes and reads from many sides at once.
func useAll(ctx context.Context, t *testing.T, db *sqlstore.DB) {
	if err := db.SaveTenant(ctx, tenant.Tenant{ID: contoso, Domains: []tenant.Domain{{Name: "contoso.example"}}}); err != nil {
		t.Errorf("save tenant: %v", err)
		return
	}
	var all sync.WaitGroup
	for i := 1; i <= 9; i++ {
		all.Go(func() {
			if err := db.SaveAccount(ctx, person(i)); err != nil {
				t.Errorf("save account: %v", err)
			}
			if _, err := db.Account(ctx, contoso, person(i).ID); err != nil {
				t.Errorf("read account: %v", err)
			}
			if _, err := db.Accounts(ctx, contoso, "", 10); err != nil {
				t.Errorf("list accounts: %v", err)
			}
			if err := db.AddAttempt(ctx, audit.Attempt{Reference: fmt.Sprint(i), At: noon}); err != nil {
				t.Errorf("add attempt: %v", err)
			}
			if err := db.SpendAssertion(ctx, broker, fmt.Sprint(i), noon); err != nil {
				t.Errorf("spend assertion: %v", err)
			}
		})
	}
	all.Wait()
}
