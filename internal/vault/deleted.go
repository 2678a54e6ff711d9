package vault

import (
	"context"
	"encoding/json"
	"strconv"
	"time"

	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/fault"
)

// Deleted is a secret that was deleted and can still be recovered: its latest
// version, when it was deleted, and when it will be forgotten.
type Deleted struct {
	Version
	At, Purge time.Time
}

// Delete takes a secret with all its versions away. It can be recovered until
// the vault's retention is over.
func (v *Vaults) Delete(ctx context.Context, caller audit.Caller, vault Vault, name string) (Deleted, error) {
	if err := vault.admit(caller, Delete); err != nil {
		return Deleted{}, err
	}
	if err := checkName(name); err != nil {
		return Deleted{}, err
	}
	now := v.source.Now().Truncate(time.Second)
	return v.store.MarkDeleted(ctx, vault.key(name), now, now.AddDate(0, 0, vault.RetentionDays), v.event(vault, caller, "secret.delete", name, ""))
}

// Deleted gives a secret that was deleted, without its value.
func (v *Vaults) Deleted(ctx context.Context, caller audit.Caller, vault Vault, name string) (Deleted, error) {
	if err := vault.admit(caller, Get); err != nil {
		return Deleted{}, err
	}
	if err := checkName(name); err != nil {
		return Deleted{}, err
	}
	return v.store.DeletedSecret(ctx, vault.key(name))
}

// ListDeleted gives the secrets that can be recovered, by name.
func (v *Vaults) ListDeleted(ctx context.Context, caller audit.Caller, vault Vault, page Page) ([]Deleted, bool, error) {
	return v.list(ctx, caller, vault, page, true)
}

// Recover brings a deleted secret back as it was.
func (v *Vaults) Recover(ctx context.Context, caller audit.Caller, vault Vault, name string) (Version, error) {
	if err := vault.admit(caller, Recover); err != nil {
		return Version{}, err
	}
	if err := checkName(name); err != nil {
		return Version{}, err
	}
	return v.store.MarkRecovered(ctx, vault.key(name), v.event(vault, caller, "secret.recover", name, ""))
}

// Purge forgets a deleted secret for good.
func (v *Vaults) Purge(ctx context.Context, caller audit.Caller, vault Vault, name string) error {
	if err := vault.admit(caller, Purge); err != nil {
		return err
	}
	if err := checkName(name); err != nil {
		return err
	}
	if vault.PurgeProtected {
		return fault.New(fault.PurgeForbidden, "vault", vault.Name)
	}
	return v.store.PurgeSecret(ctx, vault.key(name), v.event(vault, caller, "secret.purge", name, ""))
}

// maxVersions bounds how many versions a backup can hold, as Key Vault does.
const maxVersions = 500

// MaxBackup bounds a sealed backup on its way, in bytes.
const MaxBackup = 4 << 20

// entry is one version inside a backup. Its members are kept for as long as
// backups are.
type entry struct {
	Version
	Plain string
}

// Backup gives a secret with all its versions as one sealed text. Only this
// Entente, and one with the same master key, can open it, for a vault of the
// same organisation.
func (v *Vaults) Backup(ctx context.Context, caller audit.Caller, vault Vault, name string) ([]byte, error) {
	if err := vault.admit(caller, Backup); err != nil {
		return nil, err
	}
	if err := checkName(name); err != nil {
		return nil, err
	}
	versions, err := v.store.AllVersions(ctx, vault.key(name), maxVersions+1, v.event(vault, caller, "secret.backup", name, ""))
	if err != nil {
		return nil, err
	}
	if len(versions) > maxVersions {
		return nil, invalid("secret-name", "a secret with at most "+strconv.Itoa(maxVersions)+" versions")
	}
	entries := make([]entry, len(versions))
	for i := range versions {
		if err := v.open(vault, &versions[i]); err != nil {
			return nil, err
		}
		entries[i] = entry{versions[i], versions[i].Value}
	}
	plain, err := json.Marshal(entries)
	if err != nil {
		return nil, err
	}
	sealed, err := v.backups.Seal(plain, string(vault.Tenant))
	if err == nil && len(sealed) > MaxBackup {
		return nil, invalid("secret-name", "a secret whose versions have at most "+strconv.Itoa(MaxBackup)+" bytes together")
	}
	return sealed, err
}

// Restore brings a backed-up secret back under its old name and ids, in any
// vault of the organisation. It fails with SecretTaken when the name is in use.
func (v *Vaults) Restore(ctx context.Context, caller audit.Caller, vault Vault, backup []byte) (Version, error) {
	if err := vault.admit(caller, Restore); err != nil {
		return Version{}, err
	}
	plain, err := v.backups.Open(backup, string(vault.Tenant))
	if err != nil {
		return Version{}, fault.New(fault.RequestMalformed, "parameter", "value", "rule", "a backup made here, of a secret of the same organisation").Because(err)
	}
	var entries []entry
	if err := json.Unmarshal(plain, &entries); err != nil {
		return Version{}, err
	}
	if len(entries) == 0 {
		return Version{}, invalid("value", "a backup with at least one version")
	}
	versions := make([]Version, len(entries))
	for i, e := range entries {
		versions[i] = e.Version
		versions[i].Value = e.Plain
		if err := v.seal(vault, &versions[i]); err != nil {
			return Version{}, err
		}
	}
	latest := versions[len(versions)-1]
	return latest, v.store.RestoreSecret(ctx, vault.key(latest.Name), versions, v.event(vault, caller, "secret.restore", latest.Name, ""))
}
