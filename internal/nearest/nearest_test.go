package nearest_test

import (
	"testing"

	"github.com/entente-id/entente/internal/nearest"
	"github.com/google/go-cmp/cmp"
)

func TestAMistypedWordFindsWhatWasMeant(t *testing.T) {
	candidates := []string{"redirects", "required", "audience", "id"}
	for word, want := range map[string][]string{
		"redirect":   {"redirects"},
		"Redirects":  {"redirects"},
		"audiense":   {"audience"},
		"it":         {"id"},
		"vault":      nil,
		"":           nil,
		"completely": nil,
	} {
		if diff := cmp.Diff(want, nearest.To(word, candidates)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", word, diff)
		}
	}
}

func TestAMessageNamesAtMostFiveCandidates(t *testing.T) {
	if got := nearest.To("app", []string{"ap1", "ap2", "ap3", "ap4", "ap5", "ap6"}); len(got) != 5 {
		t.Errorf("%d candidates", len(got))
	}
}
