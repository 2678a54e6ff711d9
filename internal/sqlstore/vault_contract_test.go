package sqlstore_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/sqlstore"
	"github.com/entente-id/entente/internal/vault"
	"github.com/google/go-cmp/cmp"
)

func newVault(t *testing.T, db *sqlstore.DB) vault.Vault {
	t.Helper()
	newTenant(t, db, contoso, "contoso.example")
	newTenant(t, db, fabrikam, "fabrikam.example")
	v := vault.Vault{Tenant: contoso, Name: "main", Host: "main.vault.example", RetentionDays: 7, PurgeProtected: true,
		Access: []vault.Access{{Principal: "p", Permissions: []vault.Permission{vault.Get}}}}
	if err := db.SaveVault(t.Context(), v); err != nil {
		t.Fatal(err)
	}
	return v
}

func did(n int) audit.Event {
	return audit.Event{ID: fmt.Sprintf("e%d", n), At: noon.Add(time.Duration(n) * time.Second), Tenant: contoso, Verb: "secret.test"}
}

func TestAVaultIsFoundByItsHost(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		want := newVault(t, db)
		got, err := db.VaultAt(t.Context(), want.Host)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
		if _, err := db.VaultAt(t.Context(), "other.vault.example"); !fault.Has(err, fault.VaultUnknown) {
			t.Errorf("another host: %v", err)
		}
		other := want
		other.Tenant, other.Name = fabrikam, "theirs"
		if err := db.SaveVault(t.Context(), other); err == nil {
			t.Error("two vaults answer on one host")
		}
	})
}

func TestASecretLivesThroughItsVersionsDeletionAndReturn(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		ctx, v := t.Context(), newVault(t, db)
		k := vault.Key{Tenant: v.Tenant, Vault: v.Name, Name: "customer"}
		one := vault.Version{Name: "Customer", ID: "01", ContentType: "text", Tags: map[string]string{"a": "b"}, Enabled: true, Expires: noon, Created: noon, Updated: noon, Sealed: []byte{1, 0, 255}}
		two := vault.Version{Name: "Customer", ID: "00", Enabled: true, Created: noon, Updated: noon, Sealed: []byte{2}}
		for i, version := range []vault.Version{one, two} {
			if err := db.AddVersion(ctx, k, version, did(i)); err != nil {
				t.Fatal(err)
			}
		}
		for id, want := range map[string]vault.Version{"": two, "01": one, "00": two} {
			got, err := db.ReadVersion(ctx, k, id, did(10+len(recorded(t, db))))
			if diff := cmp.Diff(want, got); err != nil || diff != "" {
				t.Errorf("version %q: %v (-want +got):\n%s", id, err, diff)
			}
		}
		// The order is that of writing, whatever the ids.
		list, err := db.Versions(ctx, k, "", 10)
		if diff := cmp.Diff([]vault.Version{one, two}, list); err != nil || diff != "" {
			t.Errorf("versions: %v\n%s", err, diff)
		}
		if list, err := db.Versions(ctx, k, "01", 10); err != nil || len(list) != 1 || list[0].ID != "00" {
			t.Errorf("versions after the first: %v %v", list, err)
		}
		changed, err := db.ChangeVersion(ctx, k, "01", func(v *vault.Version) { v.Enabled = false }, did(20))
		if again, _ := db.ReadVersion(ctx, k, "01", did(21)); err != nil || changed.Enabled || again.Enabled {
			t.Errorf("changed to %+v, then %+v, %v", changed, again, err)
		}
		if _, err := db.MarkRecovered(ctx, k, did(30)); !fault.Has(err, fault.SecretUnknown) {
			t.Errorf("recovered what is not deleted: %v", err)
		}
		gone, err := db.MarkDeleted(ctx, k, noon, noon.Add(time.Hour), did(22))
		if err != nil || gone.ID != "00" || !gone.At.Equal(noon) || !gone.Purge.Equal(noon.Add(time.Hour)) {
			t.Errorf("deleted %+v %v", gone, err)
		}
		if _, err := db.MarkDeleted(ctx, k, noon, noon, did(31)); !fault.Has(err, fault.SecretUnknown) {
			t.Errorf("deleted twice: %v", err)
		}
		if _, err := db.ReadVersion(ctx, k, "", did(32)); !fault.Has(err, fault.SecretUnknown) {
			t.Errorf("read a deleted one: %v", err)
		}
		if err := db.AddVersion(ctx, k, vault.Version{ID: "03"}, did(33)); !fault.Has(err, fault.SecretDeleted) {
			t.Errorf("wrote to a deleted one: %v", err)
		}
		if list, _ := db.Secrets(ctx, contoso, "main", "", false, 10); len(list) != 0 {
			t.Errorf("a deleted one is listed: %v", list)
		}
		if list, _ := db.Secrets(ctx, contoso, "main", "", true, 10); len(list) != 1 {
			t.Errorf("deleted ones: %v", list)
		}
		if back, err := db.MarkRecovered(ctx, k, did(23)); err != nil || back.ID != "00" {
			t.Errorf("recovered %+v %v", back, err)
		}
		all, err := db.AllVersions(ctx, k, 10, did(24))
		if err != nil || len(all) != 2 {
			t.Fatalf("backup of %d versions, %v", len(all), err)
		}
		if err := db.RestoreSecret(ctx, k, all, did(34)); !fault.Has(err, fault.SecretTaken) {
			t.Errorf("restored over a secret: %v", err)
		}
		if err := db.PurgeSecret(ctx, k, did(35)); !fault.Has(err, fault.SecretUnknown) {
			t.Errorf("purged what is not deleted: %v", err)
		}
		if _, err := db.MarkDeleted(ctx, k, noon, noon.Add(time.Hour), did(25)); err != nil {
			t.Fatal(err)
		}
		if err := db.Prune(ctx, noon.Add(30*time.Minute)); err != nil {
			t.Fatal(err)
		}
		if _, err := db.DeletedSecret(ctx, k); err != nil {
			t.Errorf("pruned before its time: %v", err)
		}
		if err := db.Prune(ctx, noon.Add(2*time.Hour)); err != nil {
			t.Fatal(err)
		}
		if _, err := db.DeletedSecret(ctx, k); !fault.Has(err, fault.SecretUnknown) {
			t.Errorf("kept after its time: %v", err)
		}
		if err := db.RestoreSecret(ctx, k, all, did(26)); err != nil {
			t.Fatal(err)
		}
		if got, err := db.ReadVersion(ctx, k, "", did(27)); err != nil || got.ID != "00" {
			t.Errorf("restored latest %+v %v", got, err)
		}
	})
}

// recorded lists the events, so that each read has an event id of its own.
func recorded(t *testing.T, db *sqlstore.DB) []audit.Event {
	t.Helper()
	events, err := db.Events(t.Context(), contoso, 100)
	if err != nil {
		t.Fatal(err)
	}
	return events
}

// TestWhatFailsLeavesNoRecordAndEachReadLeavesOne holds that deed and record
// are one.
func TestWhatFailsLeavesNoRecordAndEachReadLeavesOne(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		ctx, v := t.Context(), newVault(t, db)
		k := vault.Key{Tenant: v.Tenant, Vault: v.Name, Name: "x"}
		if _, err := db.ReadVersion(ctx, k, "", did(1)); !fault.Has(err, fault.SecretUnknown) {
			t.Fatal(err)
		}
		if n := len(recorded(t, db)); n != 0 {
			t.Errorf("%d records of what was not read", n)
		}
		if err := db.AddVersion(ctx, k, vault.Version{Name: "x", ID: "1", Sealed: []byte{1}}, did(2)); err != nil {
			t.Fatal(err)
		}
		if _, err := db.ReadVersion(ctx, k, "", did(3)); err != nil {
			t.Fatal(err)
		}
		if n := len(recorded(t, db)); n != 2 {
			t.Errorf("%d records of a set and a read", n)
		}
	})
}

func TestWritersOfOneSecretLoseNoVersion(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		v := newVault(t, db)
		k := vault.Key{Tenant: v.Tenant, Vault: v.Name, Name: "x"}
		var wg sync.WaitGroup
		for i := range 20 {
			wg.Go(func() {
				if err := db.AddVersion(t.Context(), k, vault.Version{Name: "x", ID: fmt.Sprint(i), Created: noon, Sealed: []byte{1}}, did(i)); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if list, err := db.Versions(t.Context(), k, "", 50); err != nil || len(list) != 20 {
			t.Errorf("%d versions, %v", len(list), err)
		}
	})
}

func TestAVaultsSecretsAreItsOwn(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		ctx, v := t.Context(), newVault(t, db)
		other := vault.Vault{Tenant: fabrikam, Name: "main", Host: "theirs.vault.example", RetentionDays: 7}
		if err := db.SaveVault(ctx, other); err != nil {
			t.Fatal(err)
		}
		if err := db.AddVersion(ctx, vault.Key{Tenant: v.Tenant, Vault: "main", Name: "x"}, vault.Version{Name: "x", ID: "1", Sealed: []byte{1}}, did(1)); err != nil {
			t.Fatal(err)
		}
		if _, err := db.ReadVersion(ctx, vault.Key{Tenant: fabrikam, Vault: "main", Name: "x"}, "", did(2)); !fault.Has(err, fault.SecretUnknown) {
			t.Errorf("another organisation's vault of the same name gave %v", err)
		}
	})
}
