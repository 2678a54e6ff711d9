package token

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestWhatStandsBehindATokenIsReadBackExactly(t *testing.T) {
	at := time.Date(2026, 11, 22, 12, 0, 0, 123456000, time.UTC)
	const a, b, c = "a0000000-0000-4000-8000-000000000001", "b0000000-0000-4000-8000-000000000002", "c0000000-0000-4000-8000-000000000003"
	for name, want := range map[string]behind{
		"all":                       {Home: a, Account: b, Family: c, AuthAt: at, FactorAt: at.Add(time.Microsecond), Methods: []string{"pwd", "mfa"}},
		"no family, no factor":      {Home: a, Account: b, AuthAt: at, Methods: []string{"pwd"}},
		"a code alone":              {Home: a, Account: b, AuthAt: at, Code: digest("code"), Methods: []string{"pwd"}},
		"a proof that has no names": {Home: a, Account: b, AuthAt: at, Methods: []string{}},
	} {
		plain, err := want.encode()
		if err != nil {
			t.Fatal(err)
		}
		got, err := decodeBehind(plain)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", name, err, diff)
		}
	}
	if _, err := (behind{Home: "not a GUID"}).encode(); err == nil {
		t.Error("a home that is no GUID is written")
	}
	if _, err := (behind{Code: "c29tZXRoaW5n"}).encode(); err == nil {
		t.Error("a code that is no digest is written")
	}
}

func FuzzWhatStandsBehindATokenIsReadOrRefused(f *testing.F) {
	good, err := behind{Home: "a0000000-0000-4000-8000-000000000001", AuthAt: time.Unix(1, 0), Methods: []string{"pwd"}}.encode()
	if err != nil {
		f.Fatal(err)
	}
	coded, err := behind{Code: digest("code"), Methods: []string{"pwd"}}.encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add(coded)
	f.Add(coded[:behindBytes+codeBytes-1])
	f.Add([]byte(nil))
	f.Add(good[:len(good)-5])
	f.Add([]byte(strings.Repeat("\xff", 100)))
	f.Add([]byte("\x01" + strings.Repeat("\x80", 80)))
	f.Fuzz(func(t *testing.T, raw []byte) {
		b, err := decodeBehind(raw)
		if err != nil {
			return
		}
		if again, err := b.encode(); err != nil || len(again) > len(raw) {
			t.Errorf("%x reads as %+v, which cannot be written: %v", raw, b, err)
		}
	})
}
