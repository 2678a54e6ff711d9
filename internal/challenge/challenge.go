// Package challenge says, where a token is refused, how to get one that works:
// the parameters of a Bearer challenge that all of our resources have in common.
package challenge

import (
	"strings"

	"github.com/entente-id/entente/internal/fault"
)

// Bearer is the challenge of a 401: what the API says of itself, which may be
// empty; what is wrong (RFC 6750 3.1), also with the proof of a key, whose
// scheme is DPoP (RFC 9449 7.1), what the next token must be
// (identity-platform.md 7.6), and where the resource says who makes its tokens
// (RFC 9728 5.1). Resource is the address of the API, such as
// https://id.example/v1.0; it is left out when empty.
func Bearer(own string, f *fault.Fault, resource string) string {
	text := "Bearer"
	if f.Facts["proof"] != "" {
		text = "DPoP"
	}
	separator := " "
	for _, part := range []string{own, parameters(f, resource)} {
		if part != "" {
			text += separator + part
			separator = ", "
		}
	}
	return text
}

func parameters(f *fault.Fault, resource string) string {
	var list []string
	switch {
	case f.Facts["claims"] != "":
		list = append(list, `error="insufficient_claims"`, `claims="`+f.Facts["claims"]+`"`)
	case f.Facts["proof"] != "":
		list = append(list, `error="`+f.Facts["proof"]+`"`)
	case f.Code != fault.AccessTokenMissing:
		// A request without a token hears no error (RFC 6750 3.1).
		list = append(list, `error="invalid_token"`)
	}
	if resource != "" {
		list = append(list, `resource_metadata="`+MetadataAddress(resource)+`"`)
	}
	return strings.Join(list, ", ")
}

// MetadataPath begins the addresses at which resources describe themselves.
const MetadataPath = "/.well-known/oauth-protected-resource"

// MetadataAddress is where a resource describes itself: the well-known path
// goes between its host and its own path (RFC 9728 3.1).
func MetadataAddress(resource string) string {
	scheme, rest, _ := strings.Cut(resource, "://")
	host, path, _ := strings.Cut(rest, "/")
	return strings.TrimSuffix(scheme+"://"+host+MetadataPath+"/"+path, "/")
}
