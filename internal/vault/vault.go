// Package vault keeps what programs must not lose and nobody else may read:
// secrets under a name, in versions, sealed at rest, handed out by an access
// list of the vault and recoverable for a time after they were deleted.
//
// The rules are those of Key Vault's data plane (identity-platform.md 9), so
// that what was written against it works here.
package vault

import (
	"context"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/seal"
)

// Permission is one thing that can be done in a vault.
type Permission string

// The permissions (identity-platform.md 9.2).
const (
	Get     Permission = "get"
	List    Permission = "list"
	Set     Permission = "set"
	Delete  Permission = "delete"
	Recover Permission = "recover"
	Purge   Permission = "purge"
	Backup  Permission = "backup"
	Restore Permission = "restore"
)

// All are the permissions that exist.
var All = []Permission{Get, List, Set, Delete, Recover, Purge, Backup, Restore}

// Access lets a service principal, or a person, of the vault's own
// organisation do something.
type Access struct {
	Principal   id.Object
	Permissions []Permission
}

// Vault is one container of secrets. It answers on a host of its own.
type Vault struct {
	Tenant id.Tenant
	Name   string
	// Host is where it answers, with the port if there is one, such as
	// "northwind.vault.example"; in lower case.
	Host string
	// RetentionDays is how long a deleted secret can be recovered: 7 to 90.
	RetentionDays int
	// PurgeProtected forbids to delete for good before that time is over.
	PurgeProtected bool
	Access         []Access
}

// Key names one secret of a vault. Letter case does not tell names apart.
type Key struct {
	Tenant      id.Tenant
	Vault, Name string
}

func (v Vault) key(name string) Key { return Key{v.Tenant, v.Name, strings.ToLower(name)} }

// Store keeps vaults and what is in them. Every method that changes or reads a
// value writes its event in the same transaction.
type Store interface {
	// VaultAt finds the vault of a host, or fails with VaultUnknown.
	VaultAt(ctx context.Context, host string) (Vault, error)
	SaveVault(ctx context.Context, v Vault) error
	// DeclareVault is SaveVault with its event.
	DeclareVault(ctx context.Context, v Vault, e audit.Event) error

	// AddVersion makes a version the latest of its secret, and the secret if
	// there is none. It fails with SecretDeleted when a deleted one holds the
	// name.
	AddVersion(ctx context.Context, k Key, v Version, e audit.Event) error
	// ReadVersion gives a version of a secret that is not deleted, the latest
	// for "", or fails with SecretUnknown.
	ReadVersion(ctx context.Context, k Key, version string, e audit.Event) (Version, error)
	// ChangeVersion applies change to one and keeps it.
	ChangeVersion(ctx context.Context, k Key, version string, change func(*Version), e audit.Event) (Version, error)
	// Versions lists a secret's versions after one, oldest first; with an empty
	// list if it is deleted or was never there.
	Versions(ctx context.Context, k Key, after string, limit int) ([]Version, error)
	// Secrets lists the latest versions of secrets by name, after one; the
	// deleted ones or those that are not.
	Secrets(ctx context.Context, t id.Tenant, vault, after string, deleted bool, limit int) ([]Deleted, error)
	// Secret gives a deleted secret, or fails with SecretUnknown.
	DeletedSecret(ctx context.Context, k Key) (Deleted, error)
	// MarkDeleted and MarkRecovered move a secret between the two lists, or
	// fail with SecretUnknown when it is not where it is taken from.
	MarkDeleted(ctx context.Context, k Key, at, purge time.Time, e audit.Event) (Deleted, error)
	MarkRecovered(ctx context.Context, k Key, e audit.Event) (Version, error)
	// PurgeSecret forgets a deleted secret, or fails with SecretUnknown.
	PurgeSecret(ctx context.Context, k Key, e audit.Event) error
	// AllVersions gives every version for a backup.
	AllVersions(ctx context.Context, k Key, limit int, e audit.Event) ([]Version, error)
	// RestoreSecret brings all versions back, or fails with SecretTaken when
	// the name is in use, deleted or not.
	RestoreSecret(ctx context.Context, k Key, versions []Version, e audit.Event) error
}

// Vaults is the room.
type Vaults struct {
	store   Store
	source  id.Source
	values  *seal.Key
	backups *seal.Key
}

// NewVaults opens the room.
func NewVaults(store Store, source id.Source, custody *seal.Custody) (*Vaults, error) {
	values, err := custody.Key("vault secret")
	if err != nil {
		return nil, err
	}
	backups, err := custody.Key("vault backup")
	if err != nil {
		return nil, err
	}
	return &Vaults{store: store, source: source, values: values, backups: backups}, nil
}

// At finds the vault that answers on a host, or fails with VaultUnknown.
func (v *Vaults) At(ctx context.Context, host string) (Vault, error) {
	return v.store.VaultAt(ctx, strings.ToLower(host))
}

// The days that a deleted secret can be recovered for (identity-platform.md
// 9.3).
const (
	minRetention = 7
	maxRetention = 90
)

var vaultName = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9-]{1,22}[a-zA-Z0-9]$`)

// Save creates or replaces a vault. It fails with InputInvalid and the rule
// that was broken.
func (v *Vaults) Save(ctx context.Context, vault Vault) error {
	vault.Host = strings.ToLower(vault.Host)
	if err := vault.Check(); err != nil {
		return err
	}
	return v.store.SaveVault(ctx, vault)
}

// Declare creates or replaces a vault on the word of whoever runs the
// installation. It fails as Check does.
func (v *Vaults) Declare(ctx context.Context, by audit.Caller, vault Vault) error {
	vault.Host = strings.ToLower(vault.Host)
	if err := vault.Check(); err != nil {
		return err
	}
	return v.store.DeclareVault(ctx, vault, v.event(vault, by, "vault.declare", vault.Name, ""))
}

// Check holds a vault to its rules. It fails with InputInvalid, whose fact
// "parameter" is the member that breaks one.
func (v Vault) Check() error {
	switch {
	case !vaultName.MatchString(v.Name):
		return fault.New(fault.InputInvalid, "parameter", "name", "rule", "3 to 24 letters, digits and hyphens, beginning with a letter")
	case v.Host == "" || len(v.Host) > 255:
		return fault.New(fault.InputInvalid, "parameter", "host", "rule", "a host name of at most 255 characters")
	case v.RetentionDays < minRetention || v.RetentionDays > maxRetention:
		return fault.New(fault.InputInvalid, "parameter", "retentionDays", "rule", strconv.Itoa(minRetention)+" to "+strconv.Itoa(maxRetention)+" days")
	}
	for _, a := range v.Access {
		for _, p := range a.Permissions {
			if !slices.Contains(All, p) {
				return fault.New(fault.InputInvalid, "parameter", "permissions", "rule", "get, list, set, delete, recover, purge, backup, restore")
			}
		}
	}
	return nil
}

// admit answers whether a caller may do something in a vault. A token of
// another organisation opens nothing here, whatever the access list says
// (identity-platform.md 9.1).
func (v Vault) admit(caller audit.Caller, wanted Permission) error {
	if caller.Tenant != v.Tenant || caller.Home != v.Tenant {
		return fault.New(fault.AccessTokenInvalid, "rule", "a token of the organisation that the vault belongs to")
	}
	principal := caller.Account
	if caller.AppOnly {
		principal = caller.Principal
	}
	for _, a := range v.Access {
		if principal != "" && a.Principal == principal && slices.Contains(a.Permissions, wanted) {
			return nil
		}
	}
	return fault.New(fault.VaultPermissionMissing, "permission", string(wanted), "vault", v.Name, "principal", string(principal), "app", string(caller.App))
}

// event is what a deed leaves behind. The name of a secret is no secret; its
// value never comes near a record.
func (v *Vaults) event(vault Vault, caller audit.Caller, verb, name, version string) audit.Event {
	facts := map[string]string{"vault": vault.Name}
	if version != "" {
		facts["version"] = version
	}
	actor := caller.Account
	if caller.AppOnly {
		actor = caller.Principal
	}
	return audit.Event{
		ID: v.source.NewGUID(), At: v.source.Now(), Tenant: vault.Tenant, Account: actor, SignInName: caller.SignInName,
		App: caller.App, Verb: verb, Object: name, Facts: facts,
	}
}
