// Package secret holds text that must not show itself: refresh tokens, client
// secrets, intent keys. A Text prints as "[sealed]" wherever Go would print it
// (fmt, log/slog, encoding/json, a panic's %+v of the struct around it), so a
// careless log line cannot leak it. Only Reveal gives the text back.
package secret

import (
	"crypto/subtle"
	"fmt"
	"io"
	"log/slog"
)

const sealed = "[sealed]"

// Text is a string that does not show itself. The zero Text is empty. Texts are
// compared with Equal: == does not compile, because it would compare addresses.
type Text struct {
	_ [0]func()
	// A pointer, because fmt prints the unexported fields of a struct without
	// asking their methods: through a pointer it can print an address at most.
	text *string
}

// New seals s.
func New(s string) Text {
	if s == "" {
		return Text{}
	}
	return Text{text: &s}
}

// Reveal gives the text back. Call it where the text goes on the wire or into a
// vault's sealed form, and nowhere else.
func (t Text) Reveal() string {
	if t.text == nil {
		return ""
	}
	return *t.text
}

// Empty says that there is no text.
func (t Text) Empty() bool { return t.text == nil }

// Equal compares two texts in constant time.
func (t Text) Equal(other Text) bool {
	return subtle.ConstantTimeCompare([]byte(t.Reveal()), []byte(other.Reveal())) == 1
}

// String returns "[sealed]".
func (t Text) String() string { return sealed }

// Format writes "[sealed]" for every verb.
func (t Text) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, sealed) }

// LogValue returns "[sealed]".
func (t Text) LogValue() slog.Value { return slog.StringValue(sealed) }

// MarshalText returns "[sealed]", so that no general encoder writes the text.
func (t Text) MarshalText() ([]byte, error) { return []byte(sealed), nil }
