package site

import (
	"strings"
	"testing"
)

// A cookie is a stranger's text: reading it ends, and keeps to its bounds.
func FuzzARememberedKindIsWorkOrPersonal(f *testing.F) {
	const app = "d1000000-0000-4000-8000-000000000001"
	for _, text := range []string{"", app + "=w", app + "=p." + app + "=w", "=.=.=", app + "=x", strings.Repeat(app+"=w.", 50), "\xff=w"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		kinds := readKinds(text)
		if len(kinds) > maxKinds {
			t.Errorf("%d apps are remembered", len(kinds))
		}
		for app, kind := range kinds {
			if kind != "work" && kind != "personal" {
				t.Errorf("%s is %q", app, kind)
			}
		}
	})
}
