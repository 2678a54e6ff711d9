package cloud

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"
)

// Claims are the statements of a token that this program reads. They were read
// without verifying the signature, which is the business of the API that the
// token is for: trust them only when the token came straight from the authority.
type Claims struct {
	Issuer      string
	Audience    []string
	Tenant      string // tid
	Application string // appid (version 1) or azp (version 2)
	ObjectID    string // oid
	SignInName  string // upn, unique_name or preferred_username
	Name        string
	Nonce       string
	AMR         []string // how the person proved themselves
	Scopes      []string // scp; empty for the application's own tokens
	Roles       []string
	Version     string // "1.0" or "2.0"
	Issued      time.Time
	NotBefore   time.Time
	Expires     time.Time
}

// list reads a claim that is one string or a list of strings.
type list []string

func (l *list) UnmarshalJSON(raw []byte) error {
	var one string
	if json.Unmarshal(raw, &one) == nil {
		*l = list{one}
		return nil
	}
	var many []string
	if err := json.Unmarshal(raw, &many); err != nil {
		return errors.New("a string or a list of strings was expected")
	}
	*l = many
	return nil
}

// ReadClaims decodes the payload of a JWT. It does not verify the signature.
func ReadClaims(token string) (Claims, error) {
	parts := strings.Split(strings.TrimSpace(token), ".")
	if len(parts) != 3 {
		return Claims{}, errors.New("this is no JSON Web Token: it does not have three parts")
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return Claims{}, errors.New("the middle part of the token is not base64url")
	}
	var wire struct {
		Issuer     string `json:"iss"`
		Audience   list   `json:"aud"`
		Tenant     string `json:"tid"`
		AppID      string `json:"appid"`
		AZP        string `json:"azp"`
		ObjectID   string `json:"oid"`
		UPN        string `json:"upn"`
		UniqueName string `json:"unique_name"`
		Preferred  string `json:"preferred_username"`
		Name       string `json:"name"`
		Nonce      string `json:"nonce"`
		AMR        list   `json:"amr"`
		Scopes     string `json:"scp"`
		Roles      list   `json:"roles"`
		Version    string `json:"ver"`
		Issued     number `json:"iat"`
		NotBefore  number `json:"nbf"`
		Expires    number `json:"exp"`
	}
	if err := json.Unmarshal(payload, &wire); err != nil {
		return Claims{}, errors.New("the payload of the token is not the JSON of a token")
	}
	return Claims{
		Issuer:      wire.Issuer,
		Audience:    wire.Audience,
		Tenant:      wire.Tenant,
		Application: firstOf(wire.AppID, wire.AZP),
		ObjectID:    wire.ObjectID,
		SignInName:  firstOf(wire.UPN, wire.Preferred, wire.UniqueName),
		Name:        wire.Name,
		Nonce:       wire.Nonce,
		AMR:         wire.AMR,
		Scopes:      strings.Fields(wire.Scopes),
		Roles:       wire.Roles,
		Version:     wire.Version,
		Issued:      instant(wire.Issued),
		NotBefore:   instant(wire.NotBefore),
		Expires:     instant(wire.Expires),
	}, nil
}

func instant(seconds number) time.Time {
	if seconds == 0 {
		return time.Time{}
	}
	return time.Unix(int64(seconds), 0).UTC()
}

// MFA says that a second factor was proved: "mfa" in amr, or the long form that
// federated directories send. Partner Center refuses app+user tokens without it.
func (c Claims) MFA() bool {
	return slices.Contains(c.AMR, "mfa") ||
		slices.Contains(c.AMR, "http://schemas.microsoft.com/claims/multipleauthn")
}

// AppOnly says that no person stands behind the token.
func (c Claims) AppOnly() bool {
	return len(c.Scopes) == 0 && len(c.AMR) == 0 && c.SignInName == ""
}
