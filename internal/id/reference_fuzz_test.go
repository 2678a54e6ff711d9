package id_test

import (
	"testing"

	"github.com/entente-id/entente/internal/id"
)

func FuzzAParsedReferenceParsesToItself(f *testing.F) {
	for _, text := range []string{"", "7Q4K-2MXD", "7q4k2mxd", " il0o-IL0O ", "--------", "ﬀ", "ß", "\xff", "12345678-"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		once, ok := id.ParseReference(text)
		if !ok {
			return
		}
		if twice, ok := id.ParseReference(once); !ok || twice != once || len(once) != 9 {
			t.Errorf("%q becomes %q and then %q (%v)", text, once, twice, ok)
		}
	})
}
