package file

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// keySize is the size of the master key: AES-256.
const keySize = 32

// Key is the master key of a vault. It prints as "[sealed]".
type Key struct{ bytes *[keySize]byte }

// String returns "[sealed]".
func (k Key) String() string { return "[sealed]" }

// GoString returns "[sealed]".
func (k Key) GoString() string { return k.String() }

// ParseKey reads a key in base64 (32 bytes), as it is given in an environment
// variable.
func ParseKey(text string) (Key, error) {
	text = strings.TrimRight(strings.TrimSpace(text), "=")
	raw, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil {
		raw, err = base64.RawURLEncoding.DecodeString(text)
	}
	if err != nil || len(raw) != keySize {
		return Key{}, errors.New("the vault key is not 32 bytes in base64")
	}
	return Key{bytes: (*[keySize]byte)(raw)}, nil
}

// KeyFromFile reads the key kept in a file, and makes the file (mode 0600) with a
// fresh key when it is absent. A key must not lie beside what it seals: records
// is the directory of the vault, and the key file may not be inside it.
func KeyFromFile(path, records string) (Key, error) {
	inside, err := isInside(path, records)
	if err != nil {
		return Key{}, fmt.Errorf("find the vault key: %w", err)
	}
	if inside {
		return Key{}, fmt.Errorf("the vault key %s lies inside the vault %s; who copies one would have both", path, records)
	}
	key, err := readKey(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	if err := makeKey(path); err != nil {
		return Key{}, err
	}
	return readKey(path)
}

func isInside(path, directory string) (bool, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return false, err
	}
	directory, err = filepath.Abs(directory)
	if err != nil {
		return false, err
	}
	relative, err := filepath.Rel(directory, path)
	if err != nil {
		// Different volumes: surely not inside.
		return false, nil
	}
	return relative != ".." && !strings.HasPrefix(relative, ".."+string(filepath.Separator)), nil
}

func readKey(path string) (Key, error) {
	info, err := os.Stat(path)
	if err != nil {
		return Key{}, fmt.Errorf("read the vault key: %w", err)
	}
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		return Key{}, fmt.Errorf("others than you may read the vault key %s (mode %04o); run: chmod 600 %s", path, info.Mode().Perm(), path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return Key{}, fmt.Errorf("read the vault key: %w", err)
	}
	key, err := ParseKey(string(text))
	if err != nil {
		return Key{}, fmt.Errorf("read the vault key %s: %w", path, err)
	}
	return key, nil
}

// makeKey writes a fresh key under a passing name and links it to its own, so
// that of two processes one wins and neither reads half a key.
func makeKey(path string) error {
	directory := filepath.Dir(path)
	if err := os.MkdirAll(directory, 0o700); err != nil {
		return fmt.Errorf("make the directory of the vault key: %w", err)
	}
	raw := make([]byte, keySize)
	if _, err := rand.Read(raw); err != nil {
		return fmt.Errorf("draw the vault key: %w", err)
	}
	temporary, err := os.CreateTemp(directory, ".vault-key-*")
	if err != nil {
		return fmt.Errorf("make the vault key: %w", err)
	}
	defer os.Remove(temporary.Name())
	_, err = temporary.WriteString(base64.StdEncoding.EncodeToString(raw) + "\n")
	if err == nil {
		err = temporary.Sync()
	}
	if err := errors.Join(err, temporary.Close()); err != nil {
		return fmt.Errorf("make the vault key: %w", err)
	}
	if err := os.Link(temporary.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("make the vault key: %w", err)
	}
	if err := syncDirectory(directory); err != nil {
		return fmt.Errorf("make the vault key: %w", err)
	}
	return nil
}
