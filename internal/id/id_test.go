package id_test

import (
	"crypto/rand"
	"testing"

	"github.com/entente-id/entente/internal/id"
)

func TestAReferenceSurvivesBeingReadAloud(t *testing.T) {
	for typed, want := range map[string]string{
		"7Q4K-2MXD":   "7Q4K-2MXD",
		"7q4k2mxd":    "7Q4K-2MXD",
		" 7q4k 2mxd ": "7Q4K-2MXD",
		"IL0O-1111":   "1100-1111",
		"7Q4K-2MX":    "",
		"7Q4K-2MXDD":  "",
		"7Q4K-2MXU":   "",
		"":            "",
	} {
		got, ok := id.ParseReference(typed)
		if got != want || ok != (want != "") {
			t.Errorf("ParseReference(%q) = %q, %v; want %q", typed, got, ok, want)
		}
	}
	made := id.Source{Random: rand.Reader}.Reference()
	if back, ok := id.ParseReference(made); !ok || back != made {
		t.Errorf("a made reference %q does not read back: %q", made, back)
	}
}

func TestOnlyTheLongFormIsAGUID(t *testing.T) {
	for text, want := range map[string]bool{
		"9188040d-6c67-4c5b-b112-36a304b66dad":   true,
		"9188040D-6C67-4C5B-B112-36A304B66DAD":   true,
		"{9188040d-6c67-4c5b-b112-36a304b66dad}": false,
		"9188040d6c674c5bb11236a304b66dad":       false,
		"contoso.example":                        false,
	} {
		if got := id.IsGUID(text); got != want {
			t.Errorf("IsGUID(%q) = %v", text, got)
		}
	}
}
