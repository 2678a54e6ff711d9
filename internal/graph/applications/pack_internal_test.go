package applications

import (
	"strings"
	"testing"
)

func TestAnIDHoldsTheThreeItWasMadeOf(t *testing.T) {
	a, b := "d1000000-0000-4000-8000-000000000001", "00000003-0000-0000-c000-000000000000"
	got, ok := unpack(pack(a, b, ""))
	if !ok || got != [3]string{a, b, nobody} {
		t.Errorf("%v, %v", got, ok)
	}
	for _, wrong := range []string{"", "x", pack(a, b), pack(a, b, "", ""), pack(a, b, "") + "="} {
		if _, ok := unpack(wrong); ok {
			t.Errorf("%q is read", wrong)
		}
	}
}

func FuzzUnpack(f *testing.F) {
	f.Add(pack("d1000000-0000-4000-8000-000000000001", "00000003-0000-0000-c000-000000000000", ""))
	f.Add("")
	f.Add(strings.Repeat("A", 64))
	f.Fuzz(func(t *testing.T, text string) {
		if guids, ok := unpack(text); ok && pack(guids[:]...) != text {
			t.Fatalf("%q is read as %v", text, guids)
		}
	})
}
