package federation

import (
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"slices"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/entente-id/entente/internal/tenant"
)

// claims are what we read of an ID token (OpenID Connect Core 2).
type claims struct {
	Issuer     string           `json:"iss"`
	Subject    string           `json:"sub"`
	Audience   jwt.Audience     `json:"aud"`
	Authorized string           `json:"azp"`
	Nonce      string           `json:"nonce"`
	Expires    *jwt.NumericDate `json:"exp"`
	NotBefore  *jwt.NumericDate `json:"nbf"`
	IssuedAt   *jwt.NumericDate `json:"iat"`
	AuthTime   *jwt.NumericDate `json:"auth_time"`
	AccessHash string           `json:"at_hash"`
	Tenant     string           `json:"tid"`
	ACR        string           `json:"acr"`
	AMR        list             `json:"amr"`
	names
}

// names are only shown and proposed.
type names struct {
	Name      string `json:"name"`
	Given     string `json:"given_name"`
	Family    string `json:"family_name"`
	Preferred string `json:"preferred_username"`
	Email     string `json:"email"`
	Locale    string `json:"locale"`
}

func (n names) nameless() bool { return n.Name == "" && n.Preferred == "" && n.Email == "" }

// list is a list of texts; some providers write a single one without brackets.
type list []string

func (l *list) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*l = list{one}
		return nil
	}
	return json.Unmarshal(b, (*[]string)(l))
}

// verify holds an ID token to OpenID Connect Core 3.1.3.7, and to the
// organisation's pinned tenant.
func (u *Upstreams) verify(ctx context.Context, t tenant.Tenant, m metadata, asked Ask, got tokens) (claims, error) {
	var c claims
	algorithm, payload, err := u.signed(ctx, t, m, got.ID)
	if err != nil {
		return c, err
	}
	if json.Unmarshal(payload, &c) != nil {
		return c, failed(t, "the token is malformed")
	}
	if rule := c.broken(t.Upstream, m, asked.Nonce); rule != "" {
		return c, failed(t, rule)
	}
	if rule := c.untimely(u.source.Now().Unix(), asked); rule != "" {
		return c, failed(t, rule)
	}
	if c.AccessHash != "" && subtle.ConstantTimeCompare([]byte(c.AccessHash), []byte(accessHash(algorithm, got.Access))) != 1 {
		return c, failed(t, "the token belongs to another access token")
	}
	return c, nil
}

// signed gives the algorithm and the content of a token that the provider
// signed.
func (u *Upstreams) signed(ctx context.Context, t tenant.Tenant, m metadata, raw string) (jose.SignatureAlgorithm, []byte, error) {
	jws, err := jose.ParseSignedCompact(raw, algorithms)
	if err != nil {
		return "", nil, failed(t, "the token is not signed as agreed").Because(err)
	}
	head := jws.Signatures[0].Protected
	keys, err := u.signers(ctx, t, m, head.KeyID, head.Algorithm)
	if err != nil {
		return "", nil, err
	}
	for _, k := range keys {
		if payload, err := jws.Verify(k.Key); err == nil {
			return jose.SignatureAlgorithm(head.Algorithm), payload, nil
		}
	}
	return "", nil, failed(t, "the signature of the token is wrong")
}

// broken says which rule of identity a token breaks, empty for none.
func (c claims) broken(s *tenant.Upstream, m metadata, nonce string) string {
	switch {
	case c.Issuer != m.Issuer:
		return "the token is of another issuer"
	case s.PinnedTenant != "" && c.Tenant != s.PinnedTenant:
		return "the token is of another tenant of the provider"
	case !slices.Contains(c.Audience, s.ClientID):
		return "the token is for another client"
	case len(c.Audience) > 1 && c.Authorized != s.ClientID, c.Authorized != "" && c.Authorized != s.ClientID:
		return "the token was given to another client"
	case nonce == "" || subtle.ConstantTimeCompare([]byte(c.Nonce), []byte(nonce)) != 1:
		return "the token belongs to another sign-in"
	case c.Subject == "" || len(c.Subject) > 255:
		return "the token names nobody"
	}
	return ""
}

// untimely says which rule of time a token breaks, empty for none.
func (c claims) untimely(now int64, asked Ask) string {
	const leeway = int64(skew / time.Second)
	at := func(d *jwt.NumericDate) int64 { return int64(*d) }
	switch {
	case c.Expires == nil || c.IssuedAt == nil:
		return "the token does not say how long it holds"
	case now-leeway >= at(c.Expires):
		return "the token is too old: compare the clocks"
	case now+leeway < at(c.IssuedAt), c.NotBefore != nil && now+leeway < at(c.NotBefore), c.AuthTime != nil && now+leeway < at(c.AuthTime):
		return "the token is of the future: compare the clocks"
	case asked.Fresh && c.AuthTime == nil:
		return "the provider does not say when the person signed in"
	case asked.Fresh && at(c.AuthTime) < asked.At.Unix()-int64(freshSkew/time.Second):
		return "the person did not sign in anew"
	}
	return ""
}

// accessHash is the left half of the access token's digest, by the hash of the
// signature (OpenID Connect Core 3.1.3.6; Ed25519 hashes with SHA-512).
func accessHash(algorithm jose.SignatureAlgorithm, access string) string {
	if algorithm == jose.EdDSA {
		sum := sha512.Sum512([]byte(access))
		return base64.RawURLEncoding.EncodeToString(sum[:32])
	}
	sum := sha256.Sum256([]byte(access))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}
