package judges

import (
	"bytes"
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

var update = flag.Bool("update", false, "write docs/compatibility.md and the golden files anew")

// Updating reports whether this run writes pages and golden files anew.
func Updating() bool { return *update }

// Client is a program that judges, or a sequence of requests that stands for
// one.
type Client struct {
	Name string
	// Module is the Go module of an unmodified client; go.mod says its version.
	Module string
	// Version is that of an unmodified client that is no Go module.
	Version string
	// Source says where the requests of anything else come from.
	Source string
}

// Verdict is how one flow of one client went.
type Verdict struct {
	Client string `json:"client"`
	// Version is that of an unmodified client; others have a Source.
	Version string `json:"version,omitempty"`
	Source  string `json:"source,omitempty"`
	Flow    string `json:"flow"`
	Passed  bool   `json:"passed"`
	Test    string `json:"test"`
	// Difference is what is known to be other than at Microsoft in this flow.
	Difference string `json:"difference,omitempty"`
}

// Ledger collects the verdicts of one test binary. The zero Ledger is empty.
type Ledger struct {
	mu       sync.Mutex
	verdicts []Verdict
	// absent is set when a judge could not sit, so that the page keeps what was
	// seen elsewhere.
	absent bool
}

// Judge runs one flow of a client as a subtest and keeps the verdict. The
// difference may be empty.
func (l *Ledger) Judge(t *testing.T, c Client, flow, difference string, judge func(t *testing.T)) bool {
	t.Helper()
	v := Verdict{Client: c.Name, Version: c.Version, Source: c.Source, Flow: flow, Difference: difference}
	if c.Module != "" {
		v.Version = versionOf(t, c.Module)
	}
	v.Passed = t.Run(flow, func(t *testing.T) {
		v.Test = t.Name()
		judge(t)
		if t.Skipped() {
			t.Error("a judge may not be skipped")
		}
	})
	l.add(v)
	return v.Passed
}

// Skip leaves a judge out that cannot sit on this machine, and says why. Where
// nothing may be skipped, that is a failure.
func (l *Ledger) Skip(t *testing.T, why string) {
	t.Helper()
	if os.Getenv("ENTENTE_NO_SKIP") == "1" {
		t.Fatal(why)
	}
	l.mu.Lock()
	l.absent = true
	l.mu.Unlock()
	t.Skip(why)
}

// add keeps a verdict. Of a flow that was judged several times (-count) the
// worst one stays.
func (l *Ledger) add(v Verdict) {
	l.mu.Lock()
	defer l.mu.Unlock()
	i := slices.IndexFunc(l.verdicts, func(o Verdict) bool { return o.Client == v.Client && o.Flow == v.Flow })
	if i < 0 {
		l.verdicts = append(l.verdicts, v)
		return
	}
	l.verdicts[i].Passed = l.verdicts[i].Passed && v.Passed
}

// versionOf reads go.mod: a test binary's own build information names no
// modules.
func versionOf(t *testing.T, module string) string {
	t.Helper()
	root, err := rootOf()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatalf("read the version of %s: %v", module, err)
	}
	found := regexp.MustCompile(`(?m)^\s*(?:require\s+)?` + regexp.QuoteMeta(module) + `\s+(v\S+)`).FindSubmatch(text)
	if found == nil {
		t.Fatalf("go.mod requires no %s", module)
	}
	return strings.TrimPrefix(string(found[1]), "v")
}

func rootOf() (string, error) {
	folder, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(folder, "go.mod")); err == nil {
			return folder, nil
		}
		parent := filepath.Dir(folder)
		if parent == folder {
			return "", fmt.Errorf("find go.mod above the tests: %w", os.ErrNotExist)
		}
		folder = parent
	}
}

// Run is the body of a TestMain: it runs the tests, and after a full run keeps
// the verdicts in .artifacts and holds docs/compatibility.md to them. Section
// names the binary's part of both. It returns the exit code.
func (l *Ledger) Run(m *testing.M, section string) int {
	code := m.Run()
	if l.absent || chosen("test.run") || chosen("test.skip") || chosen("test.list") {
		return code
	}
	if err := l.publish(section); err != nil {
		fmt.Fprintln(os.Stderr, "judges:", err)
		return max(code, 1)
	}
	return code
}

func chosen(name string) bool {
	f := flag.Lookup(name)
	return f != nil && f.Value.String() != ""
}

func (l *Ledger) publish(section string) error {
	root, err := rootOf()
	if err != nil {
		return err
	}
	l.sort()
	if err := l.keep(filepath.Join(root, ".artifacts"), section); err != nil {
		return err
	}
	page := filepath.Join(root, "docs", "compatibility.md")
	text, err := os.ReadFile(page)
	if err != nil {
		return fmt.Errorf("read the page of verdicts: %w", err)
	}
	begin, end := fmt.Appendf(nil, "<!-- begin %s -->\n", section), fmt.Appendf(nil, "<!-- end %s -->\n", section)
	before, rest, ok := bytes.Cut(text, begin)
	old, after, closed := bytes.Cut(rest, end)
	if !ok || !closed {
		return fmt.Errorf("%s has no section %s", page, section)
	}
	now := l.render()
	if bytes.Equal(old, now) {
		return nil
	}
	if !*update {
		return fmt.Errorf("docs/compatibility.md does not say what was seen in %s; look at the verdicts, then: go test -p 1 ./internal/judges/... ./interop -update", section)
	}
	return os.WriteFile(page, slices.Concat(before, begin, now, end, after), 0o644)
}

// keep writes the verdicts for other programs.
func (l *Ledger) keep(folder, section string) error {
	text, err := json.MarshalIndent(l.verdicts, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return fmt.Errorf("keep the verdicts: %w", err)
	}
	return os.WriteFile(filepath.Join(folder, section+".json"), append(text, '\n'), 0o644)
}

// sort brings the verdicts into an order that does not hang on the order of
// the tests: unmodified clients first.
func (l *Ledger) sort() {
	slices.SortStableFunc(l.verdicts, func(a, b Verdict) int {
		return cmp.Or(cmp.Compare(a.Source, b.Source), cmp.Compare(a.Client, b.Client), cmp.Compare(a.judge(), b.judge()))
	})
}

// judge is the name of the test function.
func (v Verdict) judge() string {
	name, _, _ := strings.Cut(v.Test, "/")
	return name
}

// render is the section of the page: a table for each client.
func (l *Ledger) render() []byte {
	var b bytes.Buffer
	cell := strings.NewReplacer("|", `\|`, "\n", " ")
	client := ""
	for _, v := range l.verdicts {
		if v.Client != client {
			client = v.Client
			origin := v.Source
			if v.Version != "" {
				origin = "Unmodified, version " + v.Version
			}
			fmt.Fprintf(&b, "\n### %s\n\n%s.\n\n| flow | result | known difference | test |\n|---|---|---|---|\n", v.Client, origin)
		}
		result := "passes"
		if !v.Passed {
			result = "**fails**"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | `%s` |\n", cell.Replace(v.Flow), result, cell.Replace(v.Difference), v.judge())
	}
	b.WriteString("\n")
	return b.Bytes()
}
