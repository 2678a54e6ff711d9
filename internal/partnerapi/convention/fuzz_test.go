package convention

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/entente-id/entente/internal/fault"
)

// FuzzDecode holds that a body is read or refused, and refused in one way.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		`{"relationshipToPartner":"none"}`, `{"severity":3,"Status":null}`, `{"severity":-1}`, `{"severity":{}}`, `{"severity":1e99}`, `null`, ` null `, `[]`, ``, `{`,
		strings.Repeat(`{"a":`, 20), `{"a":"\u0000\ud800"}`, `{"Severity":"CRITICAL","severity":"minimal"}`, `{"note":{"text":5}}`, `"` + `\"{[`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var sent struct {
			Severity, Status Enum
			Title            *string
			Note             *struct{ Text string }
			Domains          []string
			Deep             map[string]any
		}
		err := Decode([]byte(text), &sent)
		if err != nil && !fault.Has(err, fault.RequestMalformed) {
			t.Fatalf("%q: %v", text, err)
		}
		if err == nil && !json.Valid([]byte(text)) {
			t.Fatalf("%q was read", text)
		}
		names := []string{"none", "open", "attention_needed"}
		if got, err := sent.Status.In("status", names...); err == nil && !slices.Contains(names, got) || err != nil && !fault.Has(err, fault.EnumUnknown) {
			t.Fatalf("%q: %q, %v", text, got, err)
		}
	})
}

// FuzzDate holds that a date of a query is read or refused, and never leaves
// the years that a store can keep.
func FuzzDate(f *testing.F) {
	for _, seed := range []string{"2026-06-01", "6/1/2026 12:00:00 AM", "2026-06-14T00:00:00.000Z", "0001-01-01T00:00:00", "99999-01-01", "2026-02-30", "\x00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		at, err := Date("startDate", text)
		if err != nil {
			if !fault.Has(err, fault.RequestMalformed) {
				t.Fatalf("%q: %v", text, err)
			}
			return
		}
		if at.Year() < 2 || at.Year() > 9999 {
			t.Fatalf("%q is %v", text, at)
		}
	})
}

func TestBracketsInTextsAreNoDepth(t *testing.T) {
	if deep([]byte(`{"a":"` + strings.Repeat("[{", 40) + `\""}`)) {
		t.Error("a text counts as nested")
	}
	if !deep([]byte(strings.Repeat("[", maxDepth+1))) || deep([]byte(strings.Repeat("[", maxDepth))) {
		t.Error("the depth is counted otherwise")
	}
}

func TestAWrongTypeNamesItsMember(t *testing.T) {
	var sent struct{ Note struct{ Text string } }
	f := fault.Of(Decode([]byte(`{"note":{"text":5}}`), &sent))
	if f.Code != fault.RequestMalformed || !strings.EqualFold(f.Facts["parameter"], "note.text") {
		t.Errorf("got %v", f)
	}
}
