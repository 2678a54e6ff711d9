package oauth

import (
	"slices"
	"testing"
)

// TestAClaimAskedForByNameComesWithItsScope is OpenID Connect Core 5.4 and 5.5:
// at userinfo or in the ID token, with conditions or without.
func TestAClaimAskedForByNameComesWithItsScope(t *testing.T) {
	for text, want := range map[string][]string{
		`{"userinfo":{"name":{"essential":true}}}`:           {"profile"},
		`{"id_token":{"email":null}}`:                        {"email"},
		`{"id_token":{"email":null},"userinfo":{"name":{}}}`: {"profile", "email"},
		`{"access_token":{"name":null}}`:                     nil,
		`{"userinfo":{"shoe_size":{"essential":true}}}`:      nil,
	} {
		got, err := readClaims(text)
		if err != nil || !slices.Equal(got.Scopes, want) {
			t.Errorf("%s: %q, %v, want %q", text, got.Scopes, err, want)
		}
	}
}
