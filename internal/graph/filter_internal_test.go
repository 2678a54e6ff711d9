package graph

import (
	"reflect"
	"strings"
	"testing"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/fault"
)

// print writes a filter as a client would.
func (f filter) print() string {
	var clauses []string
	for _, c := range f {
		literal := "'" + strings.ReplaceAll(c.text, "'", "''") + "'"
		switch {
		case c.prefix:
			clauses = append(clauses, "startswith("+c.property+","+literal+")")
		case c.property == "accountEnabled":
			clauses = append(clauses, c.property+" eq "+c.text)
		default:
			clauses = append(clauses, c.property+" eq "+literal)
		}
	}
	return strings.Join(clauses, " and ")
}

// FuzzParseFilter holds that a filter is refused in two ways only, and that
// one which is understood is understood alike when it is written out again.
func FuzzParseFilter(f *testing.F) {
	for _, seed := range []string{
		"displayName eq 'anna o''neil'", "startsWith( mail , 'a' ) and accountEnabled eq true", "id eq ''''", "not(mail eq 'a')",
		"mail eq 'a' or mail eq 'b'", "startswith", "'", "(((", "mail eq 'a' and", "mail\teq\t'\x00'", "ACCOUNTENABLED EQ FALSE",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		first, err := parseFilter(text)
		if err != nil {
			if !fault.Has(err, fault.FilterInvalid) && !fault.Has(err, fault.QueryUnsupported) {
				t.Fatalf("refused with %v", err)
			}
			return
		}
		if len(first) == 0 || len(first) > maxClauses {
			t.Fatalf("%d clauses", len(first))
		}
		second, err := parseFilter(first.print())
		if err != nil || !reflect.DeepEqual(first, second) {
			t.Fatalf("%q, printed and read again, is %+v, %v", first.print(), second, err)
		}
		first.keeps(account.Account{Name: text, SignInName: text})
	})
}
