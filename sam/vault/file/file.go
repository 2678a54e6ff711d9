// Package file keeps a vault in sealed files of one directory.
//
// A record is two files, the slots name.0 and name.1, holding its newest and its
// previous version. A version is written to a passing name, synced, renamed over
// the older slot, and the directory is synced; so at every instant one complete
// version is in place, and a slot that is damaged later (a flipped bit, a cut
// file) falls back to the one before it. Package sam orders its writes so that
// falling back by one version is harmless.
//
// A slot is
//
//	magic  16 bytes   "entente-vault-1\n"
//	key    8 bytes    begin of SHA-256 of the master key: names it, does not show it
//	nonce  12 bytes
//	sealed n bytes    AES-256-GCM of vault.Encode; magic, key and the record's name
//	                  are the associated data, so no file can stand in for another
//	sum    32 bytes   SHA-256 of all before it: tells damage from a wrong key
//
// Several processes may share the directory; flock orders them.
package file

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/entente-id/entente/sam/vault"
)

// names are what a record may be called: safe in a path, and distinct on file
// systems that ignore case.
var names = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,199}$`)

var slots = []string{".0", ".1"}

// ErrDamaged is wrapped when neither version of a record can be read. The files
// are left as they are.
var ErrDamaged = errors.New("the record in the vault is damaged")

// Vault is a directory of sealed records. It implements vault.Vault.
type Vault struct {
	directory string
	sealer    sealer

	// Failpoint, if set, is called after each durable step of Swap with its name
	// ("temp-written", "temp-synced", "renamed", "dir-synced"); an error from it
	// ends the Swap there. Crash tests set it before the vault is used.
	Failpoint func(step string) error
}

var _ vault.Vault = (*Vault)(nil)

// Open opens the vault in a directory, and makes the directory (mode 0700) when
// it is absent.
func Open(directory string, key Key) (*Vault, error) {
	if key.bytes == nil {
		return nil, errors.New("open the vault: no key was given")
	}
	if err := os.MkdirAll(directory, 0o700); err != nil {
		return nil, fmt.Errorf("open the vault: %w", err)
	}
	sealer, err := newSealer(key)
	if err != nil {
		return nil, fmt.Errorf("open the vault: %w", err)
	}
	return &Vault{directory: directory, sealer: sealer}, nil
}

// Read returns the newest version of a record that is whole.
func (v *Vault) Read(ctx context.Context, name string) (vault.Record, error) {
	unlock, err := v.lock(ctx, name, shared)
	if err != nil {
		return vault.Record{}, err
	}
	defer unlock()
	record, _, err := v.newest(name)
	return record, err
}

// Swap writes the next version over the older slot.
func (v *Vault) Swap(ctx context.Context, name string, seq uint64, next vault.Record) error {
	unlock, err := v.lock(ctx, name, exclusive)
	if err != nil {
		return err
	}
	defer unlock()
	current, slot, err := v.newest(name)
	if errors.Is(err, vault.ErrAbsent) {
		err = nil
	}
	if err != nil {
		return err
	}
	if current.Seq != seq {
		return fmt.Errorf("swap %s from version %d: %w: it is at version %d", name, seq, vault.ErrConflict, current.Seq)
	}
	next.Seq = seq + 1
	plain, err := vault.Encode(next)
	if err != nil {
		return err
	}
	sealed, err := v.sealer.seal(name, plain)
	if err != nil {
		return err
	}
	if err := v.replace(name+slots[1-slot], sealed); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}

// newest reads both slots and returns the newer whole one and its index. For an
// absent record the index is 1, so that the first version goes to slot 0.
func (v *Vault) newest(name string) (vault.Record, int, error) {
	var best vault.Record
	at, missing := 1, 0
	var broken error
	for i, suffix := range slots {
		record, err := v.readSlot(name, suffix)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			missing++
		case err != nil:
			broken = errors.Join(broken, err)
		case record.Seq > best.Seq:
			best, at = record, i
		}
	}
	if best.Seq > 0 {
		return best, at, nil
	}
	if missing == len(slots) {
		return vault.Record{}, at, fmt.Errorf("read %s: %w", name, vault.ErrAbsent)
	}
	return vault.Record{}, at, fmt.Errorf("read %s in %s: %w: %w", name, v.directory, ErrDamaged, broken)
}

func (v *Vault) readSlot(name, suffix string) (vault.Record, error) {
	sealed, err := os.ReadFile(filepath.Join(v.directory, name+suffix))
	if err != nil {
		return vault.Record{}, err
	}
	plain, err := v.sealer.open(name, sealed)
	if err != nil {
		return vault.Record{}, err
	}
	return vault.Decode(plain)
}

// replace puts content in place of a file so that a crash at any point leaves
// either the old or the new content, whole.
func (v *Vault) replace(name string, content []byte) error {
	temporary := filepath.Join(v.directory, name+".tmp")
	file, err := os.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(content)
	if err == nil {
		err = v.step("temp-written")
	}
	if err == nil {
		err = file.Sync()
	}
	if err := errors.Join(err, file.Close()); err != nil {
		return err
	}
	if err := v.step("temp-synced"); err != nil {
		return err
	}
	if err := os.Rename(temporary, filepath.Join(v.directory, name)); err != nil {
		return err
	}
	if err := v.step("renamed"); err != nil {
		return err
	}
	if err := syncDirectory(v.directory); err != nil {
		return err
	}
	return v.step("dir-synced")
}

func (v *Vault) step(name string) error {
	if v.Failpoint == nil {
		return nil
	}
	return v.Failpoint(name)
}

// Check writes a file of the size of a record, syncs it, reads it back and
// removes it.
func (v *Vault) Check(context.Context) error {
	file, err := os.CreateTemp(v.directory, ".check-*")
	if err != nil {
		return fmt.Errorf("check that the vault can be written: %w", err)
	}
	defer os.Remove(file.Name())
	want := make([]byte, 16<<10)
	_, err = rand.Read(want)
	if err == nil {
		_, err = file.Write(want)
	}
	if err == nil {
		err = file.Sync()
	}
	if err := errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("check that the vault can be written: %w", err)
	}
	got, err := os.ReadFile(file.Name())
	if err != nil {
		return fmt.Errorf("check that the vault can be read back: %w", err)
	}
	if !bytes.Equal(got, want) {
		return errors.New("check that the vault can be read back: it returns something else than was written")
	}
	if err := os.Remove(file.Name()); err != nil {
		return fmt.Errorf("check that the vault can be written: %w", err)
	}
	return syncDirectory(v.directory)
}

// Names lists the records.
func (v *Vault) Names(context.Context) ([]string, error) {
	entries, err := os.ReadDir(v.directory)
	if err != nil {
		return nil, fmt.Errorf("list the vault: %w", err)
	}
	var found []string
	for _, entry := range entries {
		for _, suffix := range slots {
			if name, ok := strings.CutSuffix(entry.Name(), suffix); ok && names.MatchString(name) {
				found = append(found, name)
			}
		}
	}
	slices.Sort(found)
	return slices.Compact(found), nil
}
