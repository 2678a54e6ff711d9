package federation

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/entente-id/entente/internal/tenant"
)

// Ask is one trip to a provider, kept by the journey until the person is back.
type Ask struct {
	// State comes back with the answer. The journey makes it, binds it to the
	// browser, and compares it before it calls Finish.
	State string
	// Nonce and Verifier (RFC 7636) are fresh secrets of 256 bits.
	Nonce, Verifier string
	// LoginHint is what the person typed, empty for nothing.
	LoginHint string
	// Fresh wants the person to sign in anew, At tells since when.
	Fresh bool
	At    time.Time
	// SecondFactor asks the provider for one; whether there was one, the proof
	// says.
	SecondFactor bool
	// Trial is a test sign-in, which a draft is good for.
	Trial bool
}

// Begin gives the address at the provider to which the person is sent. It
// fails with UpstreamMisset.
func (u *Upstreams) Begin(ctx context.Context, t tenant.Tenant, a Ask) (string, error) {
	if err := usable(t, a.Trial); err != nil {
		return "", err
	}
	m, err := u.provider(ctx, t)
	if err != nil {
		return "", err
	}
	address, err := url.Parse(m.Authorization)
	if err != nil {
		return "", misset(t, "an address of the provider is missing or is not https").Because(err)
	}
	challenge := sha256.Sum256([]byte(a.Verifier))
	query := address.Query()
	for name, value := range map[string]string{
		"response_type": "code", "response_mode": "query", "client_id": t.Upstream.ClientID, "redirect_uri": u.RedirectURI(),
		"scope": scopeOf(t.Upstream), "state": a.State, "nonce": a.Nonce,
		"code_challenge": base64.RawURLEncoding.EncodeToString(challenge[:]), "code_challenge_method": "S256",
	} {
		query.Set(name, value)
	}
	if a.LoginHint != "" {
		query.Set("login_hint", a.LoginHint)
	}
	if a.Fresh {
		query.Set("prompt", "login")
		query.Set("max_age", "0")
	}
	switch {
	case a.SecondFactor:
		askSecondFactor(query, m, t.Upstream.SecondFactor)
	case m.ClaimsParameter && len(t.Upstream.SecondFactor.AMR) > 0:
		// Nobody demands a second factor, but who used one there need not use
		// another one here: a provider may tell of it only when asked.
		query.Set("claims", `{"id_token":{"amr":null}}`)
	}
	address.RawQuery = query.Encode()
	return address.String(), nil
}

func scopeOf(s *tenant.Upstream) string {
	scopes := []string{"openid"}
	for _, w := range s.Scopes {
		if !slices.Contains(scopes, w) {
			scopes = append(scopes, w)
		}
	}
	return strings.Join(scopes, " ")
}

// askSecondFactor puts the wish in the words that the rules give: classes by
// acr_values, methods by a wish for the amr claim (OpenID Connect Core 5.5.1).
// Both are wishes; what came of them stands in the token.
func askSecondFactor(query url.Values, m metadata, rules tenant.FactorRules) {
	if len(rules.ACR) > 0 {
		query.Set("acr_values", strings.Join(rules.ACR, " "))
		return
	}
	if !m.ClaimsParameter || len(rules.AMR) == 0 {
		return
	}
	type wish struct {
		Essential bool     `json:"essential"`
		Values    []string `json:"values"`
	}
	wishes, err := json.Marshal(map[string]map[string]wish{"id_token": {"amr": {Essential: true, Values: rules.AMR}}})
	if err == nil {
		query.Set("claims", string(wishes))
	}
}
