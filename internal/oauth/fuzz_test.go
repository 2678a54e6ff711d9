package oauth

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/entente-id/entente/internal/signin"
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
			value := p.get(name)
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
			if err == nil && sent.Get(name) != p.get(name) {
				t.Errorf("%q changes %s to %q", text, name, p.get(name))
			}
		}
	})
}

func FuzzClaimsAskForASecondFactorOrNothing(f *testing.F) {
	for _, text := range []string{
		"", "null", "{}", "[]", `{"id_token":null}`, `{"id_token":{"amr":null}}`, `{"id_token":{"amr":{"value":"mfa"}}}`,
		`{"access_token":{"amr":{"values":["pwd","mfa"]}}}`, `{"id_token":{"amr":{"value":1}}}`, `{"id_token":{"amr":"mfa"}}`, strings.Repeat(`{"a":`, 5000), "\xff",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		request := signin.Request{Prompt: "none", MaxAge: -1}
		err := readClaims(text, &request)
		if err == nil && text != "" && !json.Valid([]byte(text)) {
			t.Errorf("%q is accepted", text)
		}
		// JSON may spell the word with escapes, so only its letters count.
		if request.SecondFactor && !strings.Contains(text, "mfa") && !strings.Contains(text, `\u`) {
			t.Errorf("%q asks for a second factor", text)
		}
		if request.Prompt != "none" || request.MaxAge != -1 {
			t.Errorf("%q changes the request", text)
		}
	})
}
