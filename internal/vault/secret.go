package vault

import (
	"context"
	"regexp"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/fault"
)

// The limits of a secret (identity-platform.md 9.2).
const (
	MaxValue       = 25600 // bytes
	maxName        = 127
	maxContentType = 255
	maxTags        = 15
	maxTag         = 256
)

// MaxPage is the most secrets that one page of a list holds, and how many it
// holds when nothing is said.
const MaxPage = 25

var secretName = regexp.MustCompile(`^[0-9a-zA-Z-]+$`)

// Version is one value that a secret had, or has.
type Version struct {
	// Name is the secret's, as it was written first; ID the version's own, 32
	// hexadecimal digits.
	Name, ID    string
	Value       string `json:"-"`
	ContentType string
	Tags        map[string]string
	Enabled     bool
	// NotBefore and Expires are told to readers and keep nobody from reading.
	NotBefore, Expires time.Time
	Created, Updated   time.Time

	// Sealed is what rests of the value.
	Sealed []byte `json:"-"`
}

// Draft is what a writer says of a secret. What is nil keeps its value, or
// gets the usual one.
type Draft struct {
	ContentType        *string
	Tags               map[string]string
	Enabled            *bool
	NotBefore, Expires *time.Time
}

func (d Draft) check() error {
	if d.ContentType != nil && len(*d.ContentType) > maxContentType {
		return invalid("contentType", "at most "+strconv.Itoa(maxContentType)+" bytes")
	}
	if len(d.Tags) > maxTags {
		return invalid("tags", "at most "+strconv.Itoa(maxTags)+" tags")
	}
	for name, value := range d.Tags {
		if name == "" || utf8.RuneCountInString(name) > maxTag || utf8.RuneCountInString(value) > maxTag {
			return invalid("tags", "names and values of at most "+strconv.Itoa(maxTag)+" characters")
		}
	}
	if d.NotBefore != nil && d.Expires != nil && !d.Expires.After(*d.NotBefore) {
		return invalid("exp", "later than nbf")
	}
	return nil
}

func (d Draft) apply(v *Version) {
	if d.ContentType != nil {
		v.ContentType = *d.ContentType
	}
	if d.Tags != nil {
		v.Tags = d.Tags
	}
	if d.Enabled != nil {
		v.Enabled = *d.Enabled
	}
	if d.NotBefore != nil {
		v.NotBefore = *d.NotBefore
	}
	if d.Expires != nil {
		v.Expires = *d.Expires
	}
}

func invalid(parameter, rule string) error {
	return fault.New(fault.RequestMalformed, "parameter", parameter, "rule", rule)
}

func checkName(name string) error {
	if len(name) > maxName || !secretName.MatchString(name) {
		return invalid("secret-name", "1 to "+strconv.Itoa(maxName)+" letters, digits and hyphens")
	}
	return nil
}

// Set gives a secret a new version.
func (v *Vaults) Set(ctx context.Context, caller audit.Caller, vault Vault, name, value string, draft Draft) (Version, error) {
	if err := vault.admit(caller, Set); err != nil {
		return Version{}, err
	}
	if err := checkName(name); err != nil {
		return Version{}, err
	}
	if len(value) > MaxValue {
		return Version{}, invalid("value", "at most "+strconv.Itoa(MaxValue)+" bytes")
	}
	if err := draft.check(); err != nil {
		return Version{}, err
	}
	now := v.source.Now().Truncate(time.Second)
	version := Version{Name: name, ID: v.source.Hex(16), Value: value, Enabled: true, Created: now, Updated: now}
	draft.apply(&version)
	if err := v.seal(vault, &version); err != nil {
		return Version{}, err
	}
	return version, v.store.AddVersion(ctx, vault.key(name), version, v.event(vault, caller, "secret.set", name, version.ID))
}

// Get reads a version of a secret, the latest for "". The read is in the audit
// record before the value is handed out.
func (v *Vaults) Get(ctx context.Context, caller audit.Caller, vault Vault, name, version string) (Version, error) {
	if err := vault.admit(caller, Get); err != nil {
		return Version{}, err
	}
	if err := checkName(name); err != nil {
		return Version{}, err
	}
	found, err := v.store.ReadVersion(ctx, vault.key(name), version, v.event(vault, caller, "secret.get", name, version))
	if err != nil {
		return Version{}, err
	}
	if !found.Enabled {
		return Version{}, fault.New(fault.SecretOff, "secret", name)
	}
	return found, v.open(vault, &found)
}

// Update changes what is said of a version, never its value.
func (v *Vaults) Update(ctx context.Context, caller audit.Caller, vault Vault, name, version string, draft Draft) (Version, error) {
	if err := vault.admit(caller, Set); err != nil {
		return Version{}, err
	}
	if err := checkName(name); err != nil {
		return Version{}, err
	}
	if err := draft.check(); err != nil {
		return Version{}, err
	}
	now := v.source.Now().Truncate(time.Second)
	return v.store.ChangeVersion(ctx, vault.key(name), version, func(found *Version) {
		draft.apply(found)
		found.Updated = now
	}, v.event(vault, caller, "secret.update", name, version))
}

// Page says which part of a list is wanted: at most Limit entries after one.
type Page struct {
	Limit int
	After string
}

func (p Page) check() error {
	if p.Limit < 1 || p.Limit > MaxPage {
		return invalid("maxresults", "1 to "+strconv.Itoa(MaxPage))
	}
	if len(p.After) > maxName || p.After != "" && !secretName.MatchString(p.After) {
		return fault.New(fault.PageInvalid, "parameter", "$skiptoken", "rule", "the one of nextLink")
	}
	return nil
}

// List gives the secrets of a vault by name, without values, and whether there
// are more.
func (v *Vaults) List(ctx context.Context, caller audit.Caller, vault Vault, page Page) ([]Version, bool, error) {
	found, more, err := v.list(ctx, caller, vault, page, false)
	latest := make([]Version, len(found))
	for i, s := range found {
		latest[i] = s.Version
	}
	return latest, more, err
}

func (v *Vaults) list(ctx context.Context, caller audit.Caller, vault Vault, page Page, deleted bool) ([]Deleted, bool, error) {
	if err := vault.admit(caller, List); err != nil {
		return nil, false, err
	}
	if err := page.check(); err != nil {
		return nil, false, err
	}
	found, err := v.store.Secrets(ctx, vault.Tenant, vault.Name, page.After, deleted, page.Limit+1)
	more := len(found) > page.Limit
	return found[:min(len(found), page.Limit)], more, err
}

// Versions gives the versions of a secret, oldest first, without values.
func (v *Vaults) Versions(ctx context.Context, caller audit.Caller, vault Vault, name string, page Page) ([]Version, bool, error) {
	if err := vault.admit(caller, List); err != nil {
		return nil, false, err
	}
	if err := checkName(name); err != nil {
		return nil, false, err
	}
	if err := page.check(); err != nil {
		return nil, false, err
	}
	found, err := v.store.Versions(ctx, vault.key(name), page.After, page.Limit+1)
	more := len(found) > page.Limit
	return slices.Clip(found[:min(len(found), page.Limit)]), more, err
}

// place is what a sealed value is bound to, so that it cannot be moved to
// another secret by who can write to the store.
func place(vault Vault, version string) string {
	return string(vault.Tenant) + "/" + vault.Name + "/" + version
}

func (v *Vaults) seal(vault Vault, version *Version) (err error) {
	version.Sealed, err = v.values.Seal([]byte(version.Value), place(vault, version.ID))
	return err
}

func (v *Vaults) open(vault Vault, version *Version) error {
	plain, err := v.values.Open(version.Sealed, place(vault, version.ID))
	if err != nil {
		return err
	}
	version.Value = string(plain)
	return nil
}
