package written_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/entente-id/entente/internal/declaration"
	"github.com/entente-id/entente/internal/declaration/written"
	"github.com/google/go-cmp/cmp"
)

func TestAFileIsReadWithTheLinesOfItsParts(t *testing.T) {
	d, err := written.Parse([]byte("version: 1\ntenants:\n  - name: Contoso\n    domains: [contoso.example]\n    settings:\n      deviceCodes: true\n"))
	if err != nil {
		t.Fatal(err)
	}
	if len(d.Tenants) != 1 || d.Tenants[0].Name != "Contoso" || d.Tenants[0].Settings.DeviceCodes == nil || !*d.Tenants[0].Settings.DeviceCodes {
		t.Errorf("%+v", d)
	}
	for path, line := range map[string]int{"version": 1, "tenants": 2, "tenants[0]": 3, "tenants[0].domains": 4, "tenants[0].settings.deviceCodes": 6} {
		if d.Lines[path] != line {
			t.Errorf("%s is at line %d, want %d", path, d.Lines[path], line)
		}
	}
}

func TestJSONIsReadLikeYAML(t *testing.T) {
	tree := map[string]any{"version": 1, "people": []any{map[string]any{"signInName": "pat@fabrikam.example", "roles": []string{"Global Administrator"}}}}
	text, err := json.MarshalIndent(tree, "", "\t")
	if err != nil {
		t.Fatal(err)
	}
	d, err := written.Parse(text)
	if err != nil || len(d.People) != 1 || d.People[0].Roles[0] != "Global Administrator" {
		t.Errorf("%+v, %v", d.People, err)
	}
}

func TestAllMistakesOfAFileAreToldAtOnceWithTheirLines(t *testing.T) {
	_, err := written.Parse([]byte(`version: one
tenant:
  - name: Contoso
apps:
  - name: [a, list]
    redirect: https://x.example
    public: "yes"
    name: again
people: &them
  - signInName: x
customers: nobody
`))
	var problems declaration.Problems
	if !errors.As(err, &problems) {
		t.Fatal(err)
	}
	want := []string{
		"line 1: version: must be a whole number",
		"line 2: tenant: is no field; did you mean tenants?",
		"line 5: apps[0].name: must be a text",
		"line 6: apps[0].redirect: is no field; did you mean redirects?",
		"line 7: apps[0].public: must be true or false",
		"line 8: apps[0].name: stands twice; leave one of them out",
		"line 9: people: must not use anchors and aliases; write the value out",
		`line 11: customers: must be a list; write "- " before each item`,
	}
	if diff := cmp.Diff(strings.Join(want, "\n"), problems.Error()); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
}

func TestAFileThatIsNoDeclarationSaysWhy(t *testing.T) {
	for text, want := range map[string]string{
		"":                         "file: is empty; begin with: version: 1",
		"a: [":                     "file: is no YAML: line 1",
		"- one":                    "line 1: file: must be fields such as version: 1",
		"version: 1\n---\na: 1\n":  "file: must hold one document",
		strings.Repeat(" ", 2<<20): "file: must be at most 1 MiB",
	} {
		if _, err := written.Parse([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.20q: %v, want %q", text, err, want)
		}
	}
}

func FuzzAFileIsReadOrRefusedWithProblems(f *testing.F) {
	for _, seed := range []string{"", "version: 1", "{\"version\":1}", "a: &x [*x]", "tenants: [{name: a, <<: {b: c}}]", "programme: {terms: {en: x, en: y}}", "? [a]\n: b"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		d, err := written.Parse(text)
		var problems declaration.Problems
		if err != nil && (!errors.As(err, &problems) || len(problems) == 0) {
			t.Errorf("%v", err)
		}
		if err == nil && d.Lines == nil {
			t.Error("a document without lines")
		}
	})
}
