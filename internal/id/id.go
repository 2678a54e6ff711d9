// Package id holds the identifiers that every room speaks, and the one supply
// of time and randomness that the house hands to each of them.
//
// Identifiers are GUIDs in lower case. They are separate types so that a
// tenant can never be passed where an account is meant.
package id

import (
	"encoding/base64"
	"encoding/hex"
	"io"
	"strings"
	"time"

	"github.com/google/uuid"
)

// Tenant identifies an organisation, or the consumers tenant in which personal
// accounts live.
type Tenant string

// Object identifies an account, a group or a service principal within its
// tenant. Together with the tenant it is the only key for people: never the
// address they type.
type Object string

// App identifies an application registration across all tenants: the
// client_id of the wire.
type App string

// Consumers is the tenant of all personal accounts (DESIGN 4.1). The value is
// hard-coded in every Microsoft client library.
const Consumers Tenant = "9188040d-6c67-4c5b-b112-36a304b66dad"

// Source supplies time and randomness, so that tests and the dev world can
// decide both. A room never asks the machine directly.
type Source struct {
	// Now is the instant that decisions are made at, in UTC.
	Now func() time.Time
	// Random feeds identifiers and secrets. It must be cryptographically
	// strong outside tests.
	Random io.Reader
}

// NewGUID makes a random identifier.
func (s Source) NewGUID() string {
	u, err := uuid.NewRandomFromReader(s.Random)
	if err != nil {
		// The operating system's randomness cannot fail on supported systems
		// (Go issue 66821); a server without it must not go on.
		panic("randomness is not available: " + err.Error())
	}
	return u.String()
}

// NamedGUID gives the same identifier for the same parts, whoever asks (RFC
// 9562 5.5).
func NamedGUID(parts ...string) string {
	return uuid.NewSHA1(uuid.NameSpaceURL, []byte(strings.Join(parts, " "))).String()
}

// Bytes makes n random bytes.
func (s Source) Bytes(n int) []byte {
	b := make([]byte, n)
	if _, err := io.ReadFull(s.Random, b); err != nil {
		panic("randomness is not available: " + err.Error())
	}
	return b
}

// Secret makes a secret of 256 bits in URL-safe text.
func (s Source) Secret() string { return base64.RawURLEncoding.EncodeToString(s.Bytes(32)) }

// Hex makes 2n hexadecimal characters.
func (s Source) Hex(n int) string { return hex.EncodeToString(s.Bytes(n)) }

// crockford leaves out I, L, O and U, so that a reference can be read aloud.
const crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// Reference makes the id that a failing attempt shows to people: eight
// characters in two groups, such as 7Q4K-2MXD (experience.md 2.9).
func (s Source) Reference() string {
	var b strings.Builder
	for i, v := range s.Bytes(8) {
		if i == 4 {
			b.WriteByte('-')
		}
		b.WriteByte(crockford[v&31])
	}
	return b.String()
}

// ParseReference reads a reference as a person typed it: any case, with or
// without the hyphen, I and L for 1, O for 0. The second result is false when
// the text cannot be one.
func ParseReference(text string) (string, bool) {
	var b strings.Builder
	for _, r := range strings.ToUpper(strings.TrimSpace(text)) {
		switch r {
		case '-', ' ':
			continue
		case 'I', 'L':
			r = '1'
		case 'O':
			r = '0'
		}
		if !strings.ContainsRune(crockford, r) {
			return "", false
		}
		b.WriteRune(r)
		if b.Len() == 4 {
			b.WriteByte('-')
		}
	}
	if b.Len() != 9 {
		return "", false
	}
	return b.String(), true
}

// IsGUID reports whether the text is a GUID in its 36-character form, in any
// letter case.
func IsGUID(text string) bool {
	if len(text) != 36 {
		return false
	}
	return uuid.Validate(text) == nil
}
