package token

import (
	"context"
	"encoding/json"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/signingkey"
	"github.com/go-jose/go-jose/v4"
)

const (
	// maxToken bounds what is parsed at all.
	maxToken = 16 << 10
	// skew is how far clocks of the nodes may differ (row R118).
	skew = 5 * time.Minute
)

// tokenClaims are the claims that our own APIs read.
type tokenClaims struct {
	Issuer     string   `json:"iss"`
	Audience   string   `json:"aud"`
	Expires    float64  `json:"exp"`
	NotBefore  float64  `json:"nbf"`
	IssuedAt   float64  `json:"iat"`
	Tenant     string   `json:"tid"`
	Object     string   `json:"oid"`
	App        string   `json:"appid"`
	Azp        string   `json:"azp"`
	Scopes     string   `json:"scp"`
	Roles      []string `json:"roles"`
	Methods    []string `json:"amr"`
	Directory  []string `json:"wids"`
	Provider   string   `json:"idp"`
	UniqueName string   `json:"unique_name"`
	Preferred  string   `json:"preferred_username"`
	ID         string   `json:"uti"`
	Subject    string   `json:"sub"`
	Nonce      string   `json:"nonce"`
	Version    string   `json:"ver"`
	Opaque     string   `json:"aio"`
	Capable    []string `json:"xms_cc"`
	// Confirmation is the key that the token is bound to (RFC 9449 6.1).
	Confirmation struct {
		JKT string `json:"jkt"`
	} `json:"cnf"`
}

// Verify checks an access token of ours and says who holds it: that it is
// genuine, and that what it was made from still stands. The audience is the
// caller's to check: it is in the answer. ID tokens are refused (R102), and
// bound tokens without the key (WithProof).
func (i *Issuer) Verify(ctx context.Context, raw string) (audit.Caller, error) {
	caller, c, _, err := i.verify(ctx, raw)
	if err == nil {
		err = c.possessed(ctx)
	}
	if err != nil {
		return audit.Caller{}, err
	}
	return caller, nil
}

func (i *Issuer) verify(ctx context.Context, raw string) (audit.Caller, tokenClaims, behind, error) {
	if raw == "" {
		return audit.Caller{}, tokenClaims{}, behind{}, fault.New(fault.AccessTokenMissing)
	}
	c, err := i.check(ctx, raw)
	if err != nil {
		return audit.Caller{}, c, behind{}, err
	}
	caller, err := i.caller(c)
	if err != nil {
		return caller, c, behind{}, err
	}
	var b behind
	if !caller.AppOnly {
		if b, err = i.unseal(c); err != nil {
			return audit.Caller{}, c, b, err
		}
	}
	if err := i.standing.check(ctx, &caller, b, slices.Contains(c.Capable, capability)); err != nil {
		return audit.Caller{}, c, b, err
	}
	return caller, c, b, nil
}

// caller reads who holds an access token that is genuine.
func (i *Issuer) caller(c tokenClaims) (audit.Caller, error) {
	if i.source.Now().After(instant(c.Expires).Add(skew)) {
		return audit.Caller{}, fault.New(fault.AccessTokenExpired)
	}
	app := id.App(c.App)
	if c.Version == "2.0" {
		app = id.App(c.Azp)
	}
	if app == "" {
		return audit.Caller{}, invalid("an access token, not an ID token")
	}
	caller := audit.Caller{
		Tenant: id.Tenant(c.Tenant), Home: id.Tenant(c.Tenant), App: app, Audience: c.Audience, TokenID: c.ID, Expires: instant(c.Expires),
		Scopes: strings.Fields(c.Scopes), Roles: c.Roles, DirectoryRoles: c.Directory, Methods: c.Methods,
		SignInName: c.UniqueName + c.Preferred,
	}
	if c.Scopes == "" {
		caller.AppOnly, caller.Principal = true, id.Object(c.Object)
		return caller, nil
	}
	caller.Account = id.Object(c.Object)
	if home, ok := strings.CutPrefix(c.Provider, issuerV1Prefix); ok {
		caller.Home = id.Tenant(strings.TrimSuffix(home, "/"))
	}
	return caller, nil
}

// Hint is what an id_token_hint says about a person.
type Hint struct {
	Tenant  id.Tenant
	Subject string
	Client  id.App
	Session string
}

// ReadHint checks an ID token of ours that a client hands back. An expired one
// is fine: it names a person, it proves nothing (rows R21 and R123).
func (i *Issuer) ReadHint(ctx context.Context, raw string) (Hint, error) {
	c, err := i.check(ctx, raw)
	if err != nil {
		return Hint{}, err
	}
	if c.App != "" || c.Azp != "" {
		return Hint{}, invalid("an ID token, not an access token")
	}
	client := id.App(c.Audience)
	if application.IsAddress(c.Audience) {
		client = application.AppAt(id.Tenant(c.Tenant), c.Audience)
	}
	return Hint{Tenant: id.Tenant(c.Tenant), Subject: c.Subject, Client: client}, nil
}

// check verifies a token's form, issuer, signature and start.
func (i *Issuer) check(ctx context.Context, raw string) (tokenClaims, error) {
	var c tokenClaims
	if len(raw) > maxToken {
		return c, invalid("at most 16 KiB")
	}
	jws, err := jose.ParseSignedCompact(raw, signingkey.Algorithms)
	if err != nil || len(jws.Signatures) != 1 {
		return c, invalid("a JWT signed with RS256 or ES256")
	}
	// The issuer is read before the signature is checked, only to know whose
	// keys could have made it.
	if err := json.Unmarshal(jws.UnsafePayloadWithoutVerification(), &c); err != nil {
		return c, invalid("claims in JSON")
	}
	tenant := id.Tenant(c.Tenant)
	if c.Issuer != IssuerV1(tenant) && c.Issuer != i.IssuerV2(tenant) {
		return c, invalid("an issuer of this authority")
	}
	header := jws.Signatures[0].Header
	if header.ExtraHeaders[jose.HeaderType] != "JWT" {
		// A logout token, which names a person too.
		return c, invalid("a token of typ JWT")
	}
	public, algorithm, found, err := i.keys.Public(ctx, signingkey.RealmOf(tenant), header.KeyID)
	if err != nil {
		return c, err
	}
	if !found || string(algorithm) != header.Algorithm {
		return c, invalid("a key of the issuer")
	}
	if _, err := jws.Verify(public); err != nil {
		return c, invalid("the issuer's signature")
	}
	if !plausible(c.Expires) || !plausible(c.NotBefore) || i.source.Now().Add(skew).Before(instant(c.NotBefore)) {
		return c, invalid("a time of validity that has begun")
	}
	return c, nil
}

func invalid(rule string) *fault.Fault { return fault.New(fault.AccessTokenInvalid, "rule", rule) }

func plausible(t float64) bool { return t > 0 && t < math.MaxInt32*4 && !math.IsNaN(t) }

func instant(seconds float64) time.Time { return time.Unix(int64(seconds), 0).UTC() }
