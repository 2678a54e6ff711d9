package programme

import (
	"strings"
	"testing"
)

// A list that somebody pastes is read line by line: whatever is in it, each
// line is good or has its rule, and no address that is taken could not be
// written to.
func FuzzAPastedListIsReadLineByLine(f *testing.F) {
	for _, list := range []string{"", "anna@contoso.example,Anna,member,fi\nville@contoso.example;Ville;admin", "a@b.c\t\"", "\x00@\xff", "a@b.example,\"x\ny\"", strings.Repeat("a@b.example\n", 20)} {
		f.Add(list)
	}
	f.Fuzz(func(t *testing.T, list string) {
		for _, l := range linesOf(list) {
			i := Invitation{Role: PlainMember}
			rule := l.into(&i)
			if rule == "" && (strings.Count(i.Address, "@") != 1 || strings.ContainsAny(i.Address, " \r\n<>,;")) {
				t.Errorf("line %d is taken with the address %q", l.number, i.Address)
			}
		}
	})
}
