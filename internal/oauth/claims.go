package oauth

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/entente-id/entente/internal/fault"
)

// asked is what a claims parameter asks for (OpenID Connect Core 5.5 and
// identity-platform.md 7.6). What is unknown in it is ignored (row R111).
type asked struct {
	// SecondFactor: the person should be proved by one. Essential: else there is
	// to be no token at all (OpenID Connect Core 5.5.1).
	SecondFactor, Essential bool
	// Methods: the ID token shall tell how the person was proved. A v2 ID token
	// carries amr to those alone who ask, such as another Entente whose people
	// sign in here.
	Methods bool
	// Scopes are those that the claims asked for by name belong to.
	Scopes []string
	// Capable: the client understands that a token is taken back (CP1).
	Capable bool
	// From is the instant that the sign-in must not be older than, zero for
	// none.
	From time.Time
}

func readClaims(text string) (asked, error) {
	var a asked
	if text == "" {
		return a, nil
	}
	malformed := fault.New(fault.RequestMalformed, "parameter", "claims", "rule", "a JSON object of id_token, access_token and userinfo")
	var claims map[string]map[string]json.RawMessage
	if err := json.Unmarshal([]byte(text), &claims); err != nil {
		return a, malformed.Because(err)
	}
	for _, part := range claims {
		wished, essential := wishes(part["amr"], "mfa")
		a.SecondFactor, a.Essential = a.SecondFactor || wished, a.Essential || wished && essential
	}
	_, a.Methods = claims["id_token"]["amr"]
	a.Scopes = scopesOf(claims["id_token"], claims["userinfo"])
	access := claims["access_token"]
	a.Capable, _ = wishes(access["xms_cc"], "cp1")
	var err error
	if a.From, err = notBefore(access["nbf"]); err != nil {
		return a, fault.New(fault.RequestMalformed, "parameter", "claims", "rule", "nbf in seconds since 1970").Because(err)
	}
	return a, nil
}

// owners are the scopes of the claims about a person that can be had (OpenID
// Connect Core 5.4).
var owners = []struct {
	scope  string
	claims []string
}{
	{"profile", []string{"name", "given_name", "family_name", "preferred_username"}},
	{"email", []string{"email"}},
}

// scopesOf reads claims that are asked for one by one as the scopes that they
// belong to, so that the person consents to them under the name they know.
func scopesOf(parts ...map[string]json.RawMessage) []string {
	var list []string
	for _, owner := range owners {
		if slices.ContainsFunc(owner.claims, func(name string) bool {
			return slices.ContainsFunc(parts, func(part map[string]json.RawMessage) bool { _, ok := part[name]; return ok })
		}) {
			list = append(list, owner.scope)
		}
	}
	return list
}

// wishes reports whether a claim is asked for with a value, in any letter
// case, and whether that is essential. A claim may be null, which asks for it
// without a condition.
func wishes(raw json.RawMessage, value string) (wished, essential bool) {
	var wish struct {
		Essential bool     `json:"essential"`
		Value     string   `json:"value"`
		Values    []string `json:"values"`
	}
	if raw == nil || json.Unmarshal(raw, &wish) != nil {
		return false, false
	}
	return slices.ContainsFunc(append(wish.Values, wish.Value), func(v string) bool { return strings.EqualFold(v, value) }), wish.Essential
}

// notBefore reads an essential wish for nbf, whose value is a number or its
// text.
func notBefore(raw json.RawMessage) (time.Time, error) {
	var wish struct {
		Essential bool            `json:"essential"`
		Value     json.RawMessage `json:"value"`
	}
	if raw == nil || json.Unmarshal(raw, &wish) != nil || !wish.Essential {
		return time.Time{}, nil
	}
	seconds, err := strconv.ParseInt(strings.Trim(string(wish.Value), `"`), 10, 64)
	if err != nil || seconds < 0 || seconds > math.MaxInt32*4 {
		return time.Time{}, strconv.ErrRange
	}
	return time.Unix(seconds, 0).UTC(), nil
}

// fits refuses a sign-in that is not what the claims ask for. The answer says
// what the next one has to be, for the client to hand on.
func (a asked) fits(app string, authAt, factorAt time.Time) error {
	switch {
	case authAt.Before(a.From):
		return fault.New(fault.NewerSignIn, "app", app, "from", strconv.FormatInt(a.From.Unix(), 10))
	case a.Essential && factorAt.IsZero():
		return fault.New(fault.SecondFactorRequired)
	}
	return nil
}
