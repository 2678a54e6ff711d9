package pages

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

// No fact of a stranger ends a word, a line or its markup.
func FuzzAFactStaysInItsPlace(f *testing.F) {
	for _, fact := range []string{"", "<b>", "{app}", "\r\nSet-Cookie: a=b", "\u202egnp", strings.Repeat("ä", 1000), "\x00\xff"} {
		f.Add(fact)
	}
	words, err := newLexicon("en", map[string]string{"w": "Use {address} at {app} for {minutes, plural, one {# minute} other {# minutes}}."})
	if err != nil {
		f.Fatal(err)
	}
	for name := range factKinds {
		words.words["fact."+name] = word{{text: "it"}}
	}
	words.words["layout.day"], words.words["layout.moment"] = word{{text: "2006"}}, word{{text: "2006"}}
	f.Fuzz(func(t *testing.T, fact string) {
		facts := map[string]string{"address": fact, "app": fact, "minutes": fact}
		if text := words.plain("w", facts); strings.ContainsAny(text, "\r\n\x00\u202e") {
			t.Errorf("%q breaks the line: %q", fact, text)
		}
		markup := string(words.html("w", facts))
		for _, own := range []string{`<bdi dir="ltr">`, "<bdi>", "</bdi>"} {
			markup = strings.ReplaceAll(markup, own, "")
		}
		if strings.ContainsAny(markup, "<>\"") {
			t.Errorf("%q breaks the markup: %q", fact, markup)
		}
	})
}
