package house_test

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/entente-id/entente/"

// levels are the import law of DESIGN 3, lowest first: a room imports only
// rooms of lower levels. Adding a room is a reviewed line here.
var levels = [][]string{
	{"internal/fault", "internal/id", "internal/fresh", "internal/nearest"},
	{"internal/audit", "internal/seal"},
	{"internal/message", "internal/once", "internal/signingkey"},
	{"internal/tenant"},
	{"internal/account", "internal/application"},
	{"internal/credential", "internal/policy", "internal/consent", "internal/vault", "internal/session"},
	{"internal/partner", "internal/programme", "internal/customer"},
	{"internal/subscription", "internal/swap", "internal/delegated", "internal/declaration"},
	{"internal/token"},
	{"internal/presence"},
	{"internal/signin"},
	{"internal/diagnosis"},
	{"internal/outbound", "internal/calls", "internal/dialect", "internal/challenge", "internal/declaration/written", "internal/pages/words"},
	{"internal/oauth", "internal/pages", "internal/partnerapi/convention", "internal/graph", "internal/api", "internal/keyvault", "internal/resourcemanager", "internal/sqlstore", "internal/federation", "internal/discovery", "internal/signout"},
	{"internal/pages/site"},
	{"internal/message/smtp", "internal/pages/help", "internal/pages/portal", "internal/pages/organisation", "internal/pages/account", "internal/pages/connection", "internal/partnerapi/customers", "internal/partnerapi/users", "internal/partnerapi/profiles", "internal/graph/directory", "internal/graph/relationships", "internal/graph/applications"},
	{"internal/partnerapi"},
	{"internal/house"},
	{"internal/devworld"},
	{"ententetest"},
	{"cmd/entente"},
}

// domain rooms know no network, no SQL and no templates.
const firstEdge = 12

var forbiddenInDomain = []string{"net/http", "database/sql", "html/template", "github.com/spf13/cobra"}

type listed struct {
	ImportPath string
	Imports    []string
}

func packages(t *testing.T) map[string]listed {
	t.Helper()
	command := exec.Command("go", "list", "-json=ImportPath,Imports", "./...")
	command.Dir = "../.."
	out, err := command.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	all := map[string]listed{}
	decoder := json.NewDecoder(strings.NewReader(string(out)))
	for {
		var p listed
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all[strings.TrimPrefix(p.ImportPath, module)] = p
	}
}

func TestRoomsImportOnlyDownwards(t *testing.T) {
	level := map[string]int{}
	for i, names := range levels {
		for _, name := range names {
			level[name] = i
		}
	}
	for name, p := range packages(t) {
		at, known := level[name]
		outside := strings.HasPrefix(name, "sam") || strings.HasPrefix(name, "interop") || strings.HasPrefix(name, "internal/judges") || slices.Contains([]string{"internal/sqlstore/pgtest", "internal/sqlstore/storetest"}, name)
		if !known && !outside {
			t.Errorf("%s has no place in the law", name)
			continue
		}
		for _, imported := range p.Imports {
			room, ours := strings.CutPrefix(imported, module)
			switch {
			case ours && strings.HasPrefix(name, "sam") && strings.HasPrefix(room, "internal/"):
				t.Errorf("%s imports %s: sam is a client and knows nothing of the server", name, room)
			case ours && known && !strings.HasPrefix(room, "sam") && level[room] >= at:
				t.Errorf("%s imports %s, which is not below it", name, room)
			case known && at < firstEdge && slices.Contains(forbiddenInDomain, imported):
				t.Errorf("%s imports %s: a domain room knows no protocol and no storage", name, imported)
			}
		}
	}
}

func TestEveryRoomIsOnTheMap(t *testing.T) {
	page, err := os.ReadFile("../../docs/explanation/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, names := range levels {
		for _, name := range names {
			if strings.Count(name, "/") == 1 && !strings.Contains(string(page), "[`"+name+"`]") {
				t.Errorf("docs/explanation/architecture.md does not say what %s is", name)
			}
		}
	}
}

func TestNoRoomAsksTheMachineForTheTime(t *testing.T) {
	each(t, func(path, text string) {
		if strings.HasPrefix(path, "internal/house/") || strings.HasPrefix(path, "cmd/") {
			return
		}
		if strings.Contains(text, "time.Now()") {
			t.Errorf("%s calls time.Now(): clocks are injected (DESIGN 4.9)", path)
		}
	})
}

func TestFilesStayReadable(t *testing.T) {
	const limit = 500
	each(t, func(path, text string) {
		if n := strings.Count(text, "\n"); n > limit {
			t.Errorf("%s has %d lines, more than %d: a noun wants a file of its own", path, n, limit)
		}
	})
}

func TestTheOneSQLTextNamesNoEngine(t *testing.T) {
	forbidden := []string{"now()", "SERIAL", "FOR UPDATE", "ILIKE", "SELECT *", "->>", "lower("}
	each(t, func(path, text string) {
		if !strings.HasPrefix(path, "internal/sqlstore/") || strings.Contains(path, "pgtest") {
			return
		}
		for _, word := range forbidden {
			if strings.Contains(text, word) {
				t.Errorf("%s contains %q, which the engines read differently (exemplars.md 6)", path, word)
			}
		}
	})
}

// each visits every Go source file that is no test.
func each(t *testing.T, visit func(path, text string)) {
	t.Helper()
	root := "../.."
	err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == ".git" || d.Name() == "node_modules" || d.Name() == ".artifacts") {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		visit(filepath.ToSlash(relative), string(b))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
