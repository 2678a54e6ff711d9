package words

import (
	"strings"
	"testing"
)

// No fact of a stranger ends a word, a line or its markup.
func FuzzAFactStaysInItsPlace(f *testing.F) {
	for _, fact := range []string{"", "<b>", "{app}", "\r\nSet-Cookie: a=b", "\u202egnp", strings.Repeat("ä", 1000), "\x00\xff"} {
		f.Add(fact)
	}
	l, err := newLexicon("en", map[string]string{"w": "Use {address} at {app} for {minutes, plural, one {# minute} other {# minutes}}."})
	if err != nil {
		f.Fatal(err)
	}
	for name := range factKinds {
		l.words["fact."+name] = word{{text: "it"}}
	}
	l.words["layout.day"], l.words["layout.moment"] = word{{text: "2006"}}, word{{text: "2006"}}
	f.Fuzz(func(t *testing.T, fact string) {
		facts := map[string]string{"address": fact, "app": fact, "minutes": fact}
		if text := l.Plain("w", facts); strings.ContainsAny(text, "\r\n\x00\u202e") {
			t.Errorf("%q breaks the line: %q", fact, text)
		}
		markup := string(l.HTML("w", facts))
		for _, own := range []string{`<bdi dir="ltr">`, "<bdi>", "</bdi>"} {
			markup = strings.ReplaceAll(markup, own, "")
		}
		if strings.ContainsAny(markup, "<>\"") {
			t.Errorf("%q breaks the markup: %q", fact, markup)
		}
	})
}
