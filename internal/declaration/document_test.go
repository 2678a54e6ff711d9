package declaration_test

import (
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/entente-id/entente/internal/declaration"
	"github.com/google/go-cmp/cmp"
)

// sections are the fields of each part of a file, by its path.
func sections(t reflect.Type, path string, into map[string][]string) {
	name := path
	if name == "" {
		name = "The file"
	}
	for i := range t.NumField() {
		field := t.Field(i)
		tag := field.Tag.Get("doc")
		if tag == "" {
			continue
		}
		into[name] = append(into[name], tag)
		inner := field.Type
		for inner.Kind() == reflect.Slice || inner.Kind() == reflect.Pointer {
			inner = inner.Elem()
		}
		if inner.Kind() == reflect.Struct {
			sections(inner, strings.TrimPrefix(path+"."+tag, "."), into)
		}
	}
}

func TestTheReferenceNamesEveryFieldAndNoOther(t *testing.T) {
	page, err := os.ReadFile("../../docs/reference/declaration.md")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]string{}
	sections(reflect.TypeFor[declaration.Document](), "", want)
	// One table stands for both.
	if !slices.Equal(want["customers.address"], want["partners.address"]) {
		t.Error("the addresses of partners and customers differ")
	}
	delete(want, "customers.address")
	got := map[string][]string{}
	for _, section := range strings.Split(string(page), "\n## ")[1:] {
		title, text, _ := strings.Cut(section, "\n")
		for _, row := range regexp.MustCompile("(?m)^\\| `(\\w+)` \\|").FindAllStringSubmatch(text, -1) {
			got[title] = append(got[title], row[1])
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("docs/reference/declaration.md (-types +page):\n%s", diff)
	}
}
