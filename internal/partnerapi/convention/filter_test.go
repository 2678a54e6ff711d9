package convention

import (
	"encoding/json"
	"testing"

	"github.com/entente-id/entente/internal/fault"
)

// FuzzParseFilter holds that a filter is refused in one way only, and that one
// which is understood is understood alike when it is written out again.
func FuzzParseFilter(f *testing.F) {
	for _, seed := range []string{
		`{"Field":"CompanyName","Value":"ada","Operator":"starts_with"}`, `{"field":"domain","value":"%_!","operator":"Substring"}`,
		`{"FIELD":"company_name","VALUE":"\ud800","OPERATOR":"EQUALS"}`, `{}`, `null`, `[[[[`, `{"Field":null}`, "\x00", `{"Field":"Domain","Value":{},"Operator":1}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		first, err := ParseFilter(text, "CompanyName", "Domain")
		if err != nil {
			if !fault.Has(err, fault.FilterInvalid) {
				t.Fatalf("refused with %v", err)
			}
			return
		}
		if first.Field == "" || first.Operator == "" || first.Value == "" {
			t.Fatalf("half a filter: %+v", first)
		}
		printed, err := json.Marshal(first)
		if err != nil {
			t.Fatal(err)
		}
		if len(printed) > MaxFilterText {
			return
		}
		if second, err := ParseFilter(string(printed), "CompanyName", "Domain"); err != nil || second != first {
			t.Fatalf("%+v, printed and read again, is %+v, %v", first, second, err)
		}
	})
}
