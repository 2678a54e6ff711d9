package account_test

import (
	"testing"

	"github.com/entente-id/entente/internal/account"
)

// A folded name is a key: folding it again must find the same person.
func FuzzAFoldedNameStaysAsItIs(f *testing.F) {
	for _, name := range []string{"", "@", "Ada@Northwind.Example", " a@b.c ", "a@b.c.", "a@b.c..", "Straße@straße.example", "İ@i.example", "ΐ@a.example", "ﬁ@a.example", "\u1e9e", "a@ b.c", "a@@b.c", "\xff@a.b"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		once := account.FoldName(name)
		if twice := account.FoldName(once); twice != once {
			t.Errorf("%q folds to %q and then to %q", name, once, twice)
		}
	})
}
