package partnerapi_test

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/entente-id/entente/internal/partnerapi"
)

// TestEachRowOfTheGateIsDocumented reads the table of the reference page.
func TestEachRowOfTheGateIsDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/reference/partner-center-api.md")
	if err != nil {
		t.Fatal(err)
	}
	lines := map[string]string{}
	for _, m := range regexp.MustCompile(`(?m)^\| ([0-9]+) \|.*$`).FindAllStringSubmatch(string(text), -1) {
		if lines[m[1]] != "" {
			t.Errorf("row %s is there twice", m[1])
		}
		lines[m[1]] = m[0]
	}
	for row := 1; row <= 52; row++ {
		if lines[fmt.Sprint(row)] == "" {
			t.Errorf("row %d is not documented", row)
		}
	}
	for _, s := range partnerapi.Scenarios {
		line := lines[fmt.Sprint(s.Row)]
		address := "`" + strings.Replace(s.Pattern, "/v1/customers/{customer}", "C", 1) + "`"
		if !strings.Contains(line, address) || !strings.Contains(line, s.Method) {
			t.Errorf("row %d does not name %s %s: %s", s.Row, s.Method, address, line)
		}
	}
}
