package tenant_test

import (
	"testing"

	"github.com/entente-id/entente/internal/tenant"
)

// A folded domain is a key: folding it again must find the same organisation.
func FuzzAFoldedDomainStaysAsItIs(f *testing.F) {
	for _, name := range []string{"", ".", "..", "a.b", "A.B.", "a.b..", " a.b", "straße.example", "xn--strae-oqa.example", "a。b", "a．b．", "\xff.b", "-a.b", "a..b"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		once, ok := tenant.FoldDomain(name)
		if !ok {
			return
		}
		if twice, ok := tenant.FoldDomain(once); !ok || twice != once {
			t.Errorf("%q folds to %q and then to %q (%v)", name, once, twice, ok)
		}
	})
}
