package oauth

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/entente-id/entente/internal/signin"
)

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
