package customer_test

import (
	"testing"
	"time"

	"github.com/entente-id/entente/internal/customer"
	"github.com/entente-id/entente/internal/fault"
)

func TestPeriodsAreReadAsISO8601WritesThem(t *testing.T) {
	for text, want := range map[string]time.Time{
		"P730D": noon.AddDate(0, 0, 730), "P2Y": noon.AddDate(2, 0, 0), "P1Y6M": noon.AddDate(1, 6, 0), "P2W": noon.AddDate(0, 0, 14),
		"PT0S": noon, "P0D": noon, "P1DT12H30M": noon.AddDate(0, 0, 1).Add(12*time.Hour + 30*time.Minute),
	} {
		p, err := customer.ParsePeriod(text)
		if err != nil || !p.From(noon).Equal(want) {
			t.Errorf("%s: %v, %v", text, p.From(noon), err)
		}
	}
	for _, text := range []string{"", "P", "PT", "730D", "P-1D", "P1.5D", "P1H", "PT1D", "P1D1Y", "P1D2D", "P999999999D", "p1d", "P1D ", "PD"} {
		if _, err := customer.ParsePeriod(text); !fault.Has(err, fault.RequestMalformed) {
			t.Errorf("%q is read: %v", text, err)
		}
	}
}

func FuzzParsePeriod(f *testing.F) {
	for _, seed := range []string{"P730D", "PT0S", "P1Y2M3W4DT5H6M7S", "P", "PT", "P\x00D"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := customer.ParsePeriod(text)
		if err != nil {
			if !fault.Has(err, fault.RequestMalformed) {
				t.Fatalf("refused with %v", err)
			}
			return
		}
		if p.From(noon).Before(noon) {
			t.Errorf("%q goes back in time", text)
		}
	})
}
