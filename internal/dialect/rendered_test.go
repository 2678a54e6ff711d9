package dialect

import (
	"net/http"
	"strings"
	"testing"

	"github.com/entente-id/entente/internal/fault"
)

// hostile are facts as a stranger would choose them: they end up in JSON, in a
// redirect and in tickets, and must arrive there as harmless text.
var hostile = []string{
	"", "}", "{", "}{", "{{app}}", "{app}", "{rule}{rule}", `"\`, "\r\nSet-Cookie: a=b", "\x00\x7f\x1b[31m",
	"Meikäläinen", "\xff\xfe", "<script>alert(1)</script>", strings.Repeat("{", 300) + strings.Repeat("}", 300),
}

func TestEveryCodeIsRendered(t *testing.T) {
	for _, entry := range fault.All() {
		said, ok := table[entry.Code]
		if !ok {
			t.Errorf("%s (%d) has no words", entry.Name, entry.Code)
			continue
		}
		// 501 is the one status that is neither the caller's fault nor a pause.
		if said.status < http.StatusBadRequest || said.status > http.StatusServiceUnavailable {
			t.Errorf("%s (%d) answers %d", entry.Name, entry.Code, said.status)
		}
		if said.kind == "" || strings.TrimSpace(said.text) == "" {
			t.Errorf("%s (%d) has no error or no sentence", entry.Name, entry.Code)
		}
		if text := said.fill(fault.New(entry.Code)); !plain(text) {
			t.Errorf("%s (%d) without facts: %q", entry.Name, entry.Code, text)
		}
		for _, value := range hostile {
			var facts []string
			for _, name := range placeholder.FindAllStringSubmatch(said.text, -1) {
				facts = append(facts, name[1], value)
			}
			if text := said.fill(fault.New(entry.Code, facts...)); !plain(text) {
				t.Errorf("%s (%d) with the fact %q: %q", entry.Name, entry.Code, value, text)
			}
		}
	}
}

func TestAFactIsNeverReadAsAPlaceholder(t *testing.T) {
	said := words{text: "The app {app} failed: {rule}."}
	for range 50 {
		// A map has no order, so one run could pass by luck.
		got := said.fill(fault.New(fault.AppUnknown, "app", "{rule}", "rule", "stay calm"))
		if strings.Count(got, "stay calm") != 1 {
			t.Fatalf("a fact was filled into a fact: %q", got)
		}
	}
}

func TestACodeOfAnotherEdgeIsOurFault(t *testing.T) {
	if said := wording(fault.New(fault.Code(1))); said.status != http.StatusInternalServerError {
		t.Errorf("an unknown code answers %d", said.status)
	}
}

// plain: the characters that RFC 6749 5.2 allows in error_description, and no
// brace, which would be a placeholder that nobody filled.
func plain(text string) bool {
	return text != "" && strings.IndexFunc(text, func(r rune) bool {
		return r < ' ' || r > '~' || strings.ContainsRune(`"\{}`, r)
	}) < 0
}
