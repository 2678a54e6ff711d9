package token

import (
	"strings"
	"testing"
)

// What people type is either one code, whatever stands between its letters, or
// none.
func FuzzATypedCodeIsOneCodeOrNone(f *testing.F) {
	for _, typed := range []string{"", "WDJB-MJHT", "wdjb mjht", "WDJBMJHT", "\x00", "ŴDJB-MJHT", "A1B2C3D4", strings.Repeat("B", 100), "ß-wdjb-mjht"} {
		f.Add(typed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		code, ok := readUserCode(typed)
		if !ok {
			return
		}
		if len(code) != userCodeLength || strings.Trim(code, consonants) != "" {
			t.Errorf("%q is read as %q", typed, code)
		}
		if again, ok := readUserCode(ShownCode(code)); !ok || again != code {
			t.Errorf("%q is shown as %q and read as %q", code, ShownCode(code), again)
		}
	})
}
