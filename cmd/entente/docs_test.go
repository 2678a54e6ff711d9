package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
)

// repository is the root, seen from this package.
const repository = "../.."

// written are the documents that people write, by their path in the repository.
func written(t *testing.T) map[string]string {
	t.Helper()
	pages := map[string]string{}
	add := func(path string) {
		text, err := os.ReadFile(filepath.Join(repository, path))
		if err != nil {
			t.Fatal(err)
		}
		pages[path] = string(text)
	}
	for _, name := range []string{"README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"} {
		add(name)
	}
	err := filepath.WalkDir(filepath.Join(repository, "docs"), func(path string, d fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".md") {
			relative, relErr := filepath.Rel(repository, path)
			if relErr != nil {
				return relErr
			}
			add(relative)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return pages
}

func TestTheCommandReferenceIsWhatTheProgramPrints(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(repository, "docs/reference/commands.md"))
	if err != nil {
		t.Fatal(err)
	}
	root := rootCommand()
	var out bytes.Buffer
	root.SetArgs([]string{"docs"})
	root.SetOut(&out)
	if err := root.ExecuteContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	if out.String() != string(page) {
		t.Error("docs/reference/commands.md is not what the program prints; run: go run ./cmd/entente docs > docs/reference/commands.md")
	}
}

var (
	fenced = regexp.MustCompile("(?ms)^```.*?^```")
	link   = regexp.MustCompile(`\[([^\]]*)\]\(([^)\s]+)\)`)
)

func TestEveryLinkBetweenDocumentsLeadsSomewhere(t *testing.T) {
	pages := written(t)
	checked := 0
	for path, text := range pages {
		for _, found := range link.FindAllStringSubmatch(fenced.ReplaceAllString(text, ""), -1) {
			target, anchor, _ := strings.Cut(found[2], "#")
			if strings.Contains(target, "://") || strings.HasPrefix(target, "mailto:") {
				continue
			}
			checked++
			to := path
			if target != "" {
				to = filepath.Join(filepath.Dir(path), target)
			}
			if _, err := os.Stat(filepath.Join(repository, to)); err != nil {
				t.Errorf("%s leads to %s, which does not exist", path, found[2])
			} else if anchor != "" && !slices.Contains(anchors(pages[to]), anchor) {
				t.Errorf("%s leads to %s, which has no such heading", path, found[2])
			}
		}
	}
	if checked < 50 {
		t.Errorf("only %d links were found", checked)
	}
}

// anchors are the names by which headings of a page can be linked to.
func anchors(text string) []string {
	var names []string
	for line := range strings.Lines(fenced.ReplaceAllString(text, "")) {
		title := strings.TrimLeft(line, "#")
		if title == line || !strings.HasPrefix(title, " ") {
			continue
		}
		names = append(names, strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case unicode.IsLetter(r), unicode.IsDigit(r), r == '-', r == '_':
				return unicode.ToLower(r)
			}
			return -1
		}, strings.TrimSpace(title)))
	}
	return names
}

// declared finds a link whose text is a Go name and whose target is a file.
var declared = regexp.MustCompile("\\[`([A-Za-z]\\w*)(?:\\.([A-Za-z]\\w*))?`\\]\\(([^)#\\s]+\\.go)\\)")

func TestEachNameThatADocumentFindsInAFileIsDeclaredThere(t *testing.T) {
	checked := 0
	for path, text := range written(t) {
		for _, found := range declared.FindAllStringSubmatch(text, -1) {
			checked++
			source, err := os.ReadFile(filepath.Join(repository, filepath.Dir(path), found[3]))
			if err != nil {
				t.Errorf("%s: %v", path, err)
				continue
			}
			want := `(?m)^(func (\([^)]*\) )?|type |var |const )` + found[1] + `\b`
			if found[2] != "" {
				want = `(?m)^func \(\w+ \*?` + found[1] + `\) ` + found[2] + `\(`
			}
			if !regexp.MustCompile(want).Match(source) {
				t.Errorf("%s looks for %s in %s, where it is not declared", path, strings.Trim(found[1]+"."+found[2], "."), found[3])
			}
		}
	}
	if checked < 50 {
		t.Errorf("only %d names were found", checked)
	}
}

// quoted finds paths of the repository in running text.
var quoted = regexp.MustCompile("`((?:internal|sam|cmd|ententetest|docs|interop)/[\\w./-]*)`")

func TestEachPathThatADocumentQuotesExists(t *testing.T) {
	for path, text := range written(t) {
		for _, found := range quoted.FindAllStringSubmatch(text, -1) {
			if _, err := os.Stat(filepath.Join(repository, found[1])); err != nil {
				t.Errorf("%s names %s, which does not exist", path, found[1])
			}
		}
	}
}

func TestTheDependenciesPageNamesEachModuleThatOurCodeNames(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(repository, "docs/dependencies.md"))
	if err != nil {
		t.Fatal(err)
	}
	mod, err := os.ReadFile(filepath.Join(repository, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	needed := imported(t, string(mod))
	for _, line := range regexp.MustCompile(`(?m)^\s*(?:require\s+)?(\S+) v\S+$`).FindAllStringSubmatch(string(mod), -1) {
		// A requirement without "// indirect" is direct, whatever imports it.
		needed = append(needed, line[1])
	}
	if len(needed) < 10 {
		t.Errorf("only %d modules were found", len(needed))
	}
	for _, module := range needed {
		if !strings.Contains(string(page), "`"+module+"`") {
			t.Errorf("docs/dependencies.md does not say what %s is for", module)
		}
	}
}

// imported are the modules of the packages that our packages and their tests
// import, on this system.
func imported(t *testing.T, mod string) []string {
	t.Helper()
	var modules []string
	for _, line := range regexp.MustCompile(`(?m)^\s*(?:require\s+)?([\w./~-]+) v\S+`).FindAllStringSubmatch(mod, -1) {
		modules = append(modules, line[1])
	}
	list := exec.CommandContext(t.Context(), "go", "list", "-json=Imports,TestImports,XTestImports", "./...")
	list.Dir = repository
	out, err := list.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var used []string
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var p struct{ Imports, TestImports, XTestImports []string }
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			slices.Sort(used)
			return slices.Compact(used)
		} else if err != nil {
			t.Fatal(err)
		}
		for _, path := range slices.Concat(p.Imports, p.TestImports, p.XTestImports) {
			longest := ""
			for _, m := range modules {
				if (path == m || strings.HasPrefix(path, m+"/")) && len(m) > len(longest) {
					longest = m
				}
			}
			if longest != "" {
				used = append(used, longest)
			}
		}
	}
}

func TestTheSampleOfTheHowToIsTheOneThatRuns(t *testing.T) {
	source, err := os.ReadFile(filepath.Join(repository, "ententetest/sample_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join(repository, "docs/how-to/test-with-ententetest.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, body, found := strings.Cut(string(source), "\nfunc Test")
	if !found || !strings.Contains(string(page), "```go\nfunc Test"+body+"```") {
		t.Error("the test in docs/how-to/test-with-ententetest.md is not the one of ententetest/sample_test.go")
	}
}
