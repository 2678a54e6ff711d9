package oauth

import (
	"encoding/json"
	"strings"
	"testing"
)

func FuzzClaimsAskForASecondFactorOrNothing(f *testing.F) {
	for _, text := range []string{
		"", "null", "{}", "[]", `{"id_token":null}`, `{"id_token":{"amr":null}}`, `{"id_token":{"amr":{"value":"mfa"}}}`,
		`{"access_token":{"amr":{"values":["pwd","mfa"]}}}`, `{"id_token":{"amr":{"value":1}}}`, `{"id_token":{"amr":"mfa"}}`, `{"access_token":{"nbf":{"essential":true,"value":"1604106651"},"xms_cc":{"values":["CP1"]}}}`, `{"access_token":{"nbf":{"essential":true,"value":-1}}}`, strings.Repeat(`{"a":`, 5000), "\xff",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		asked, err := readClaims(text)
		if err == nil && text != "" && !json.Valid([]byte(text)) {
			t.Errorf("%q is accepted", text)
		}
		// JSON may spell the word with escapes, so only its letters count.
		if asked.SecondFactor && !strings.Contains(strings.ToLower(text), "mfa") && !strings.Contains(text, `\u`) {
			t.Errorf("%q asks for a second factor", text)
		}
		if err == nil && (asked.From.Unix() < 0 && !asked.From.IsZero()) {
			t.Errorf("%q asks for a sign-in of %v", text, asked.From)
		}
	})
}
