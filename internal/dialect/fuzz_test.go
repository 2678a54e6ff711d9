package dialect

import (
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"
)

func FuzzWhatAFormGivesIsBoundedTextGivenOnce(f *testing.F) {
	for _, text := range []string{
		"", "&", "?&client_id=a", "client_id=a&client_id=b", "client_id=%ff", "client_id=%00", "a;b=c", "client_id=%zz",
		"scope=" + strings.Repeat("a", 9<<10), strings.Repeat("&", 200), "state=+%2B&nonce=&prompt=none%20login", "=", "%63lient_id=a&client_id=b",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := parse(text)
		for name := range known {
			value := p.Get(name)
			limit, ok := limits[name]
			if !ok {
				limit = defaultLimit
			}
			if len(value) > limit || !utf8.ValidString(value) || strings.ContainsRune(value, 0) || len(p.values[name]) > 1 {
				t.Errorf("%q gives %s as %q", text, name, p.values[name])
			}
		}
		sent, parseErr := url.ParseQuery(text)
		if err == nil && parseErr != nil {
			t.Errorf("%q is accepted: %v", text, parseErr)
		}
		for name := range known {
			if err == nil && sent.Get(name) != p.Get(name) {
				t.Errorf("%q changes %s to %q", text, name, p.Get(name))
			}
		}
	})
}
