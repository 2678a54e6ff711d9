package house

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/entente-id/entente/internal/graph"
)

// TestTheReferenceOfGraphHoldsEveryRouteWithItsPermissions compares the table of
// docs/reference/graph.md with the one that the door asks.
func TestTheReferenceOfGraphHoldsEveryRouteWithItsPermissions(t *testing.T) {
	h, err := Open(t.Context(), Config{
		Origin: "https://id.example", Store: "sqlite:" + filepath.Join(t.TempDir(), "entente.db"), MasterKey: []byte("the master key of every test world"),
		Log: slog.New(slog.DiscardHandler), Source: System(), Forgetful: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.Close() })
	page, err := os.ReadFile("../../docs/reference/graph.md")
	if err != nil {
		t.Fatal(err)
	}
	var missing bytes.Buffer
	for _, r := range h.graph.(*graph.Door).Routes() {
		if row := rowOf(r); !bytes.Contains(page, []byte(row)) {
			missing.WriteString(row)
		}
	}
	if missing.Len() > 0 {
		t.Errorf("docs/reference/graph.md lacks, or has with other permissions:\n%s", missing.String())
	}
	if n := bytes.Count(page, []byte("\n| `")); n != len(h.graph.(*graph.Door).Routes()) {
		t.Errorf("docs/reference/graph.md has %d rows for %d routes", n, len(h.graph.(*graph.Door).Routes()))
	}
}

// rowOf writes a route as the page does.
func rowOf(r graph.Route) string {
	permissions := func(list []string) string {
		if len(list) == 0 {
			return "–"
		}
		return strings.Join(list, ", ")
	}
	delegated, application := permissions(r.Delegated), permissions(r.Application)
	if r.Open {
		delegated, application = "any", "any"
	}
	return fmt.Sprintf("| `%s /%s` | %s | %s |\n", r.Method, strings.ReplaceAll(r.Pattern, "=}", "='…'}"), delegated, application)
}
