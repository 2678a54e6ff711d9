package application

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/go-jose/go-jose/v4"
)

// assertionAlgorithms is the allow-list for client assertions: what the MSALs
// sign with (identity-platform.md 2.1), never none or a shared key.
var assertionAlgorithms = []jose.SignatureAlgorithm{jose.RS256, jose.PS256, jose.ES256}

const (
	maxAssertion = 16 << 10
	// maxAssertionLife is the longest validity that is accepted; clients use
	// ten minutes.
	maxAssertionLife = 24 * time.Hour
	// clockLeeway is how far a partner's clock may be off (RFC 7519 4.1.4
	// leaves it to us; rows R72 and R118).
	clockLeeway = 5 * time.Minute
)

// assertion is the claim set of a client assertion. Times may be floats, as
// MSAL Python writes them.
type assertion struct {
	Issuer    string          `json:"iss"`
	Subject   string          `json:"sub"`
	Audience  json.RawMessage `json:"aud"`
	Expires   float64         `json:"exp"`
	NotBefore float64         `json:"nbf"`
	IssuedAt  float64         `json:"iat"`
	ID        string          `json:"jti"`
	// Scopes are in tokens that act for a person.
	Scopes string `json:"scp"`
}

func (r *Registry) byAssertion(ctx context.Context, k known, p Proof) (Authenticated, error) {
	refuse := func(code fault.Code, rule string) (Authenticated, error) {
		return Authenticated{}, fault.New(code, "app", string(p.App), "rule", rule)
	}
	if len(p.Assertion) > maxAssertion {
		return refuse(fault.AssertionSignature, "at most 16 KiB")
	}
	jws, err := jose.ParseSignedCompact(p.Assertion, assertionAlgorithms)
	if err != nil || len(jws.Signatures) != 1 {
		return refuse(fault.AssertionSignature, "a JWT signed with RS256, PS256 or ES256")
	}
	if claims, ok := foreign(jws); ok {
		return r.byForeignIssuer(ctx, k, p, jws, claims)
	}
	header := jws.Signatures[0].Protected
	x5t, x5tS256 := headerText(header, "x5t"), headerText(header, "x5t#S256")
	if x5t == "" && x5tS256 == "" {
		x5t = header.KeyID
	}
	i := slices.IndexFunc(k.credentials, func(c Credential) bool { return c.matches(x5t, x5tS256) })
	if i < 0 {
		return refuse(fault.AssertionSignature, "the thumbprint of a registered certificate")
	}
	credential := k.credentials[i]
	certificate, err := x509.ParseCertificate(credential.Certificate)
	if err != nil {
		return Authenticated{}, err
	}
	payload, err := jws.Verify(certificate.PublicKey)
	if err != nil {
		return refuse(fault.AssertionSignature, "a signature made with the registered certificate's key")
	}
	var claims assertion
	if err := json.Unmarshal(payload, &claims); err != nil {
		return refuse(fault.AssertionSignature, "claims in JSON")
	}
	now := r.source.Now()
	if !now.Before(credential.Expires) {
		return refuse(fault.AssertionTime, "a certificate that has not expired")
	}
	if err := r.checkClaims(claims, p, now); err != nil {
		return Authenticated{}, err
	}
	if err := r.once(ctx, k, claims); err != nil {
		return Authenticated{}, err
	}
	return Authenticated{app: k.app, method: ByCertificate, thumbprint: string(credential.ID)}, nil
}

func (r *Registry) checkClaims(c assertion, p Proof, now time.Time) error {
	refuse := func(code fault.Code, rule string) error {
		return fault.New(code, "app", string(p.App), "rule", rule)
	}
	if !strings.EqualFold(c.Issuer, c.Subject) {
		return refuse(fault.AssertionIssuer, "iss equal to sub")
	}
	if id.App(lower(c.Subject)) != p.App {
		return refuse(fault.AssertionClient, "sub equal to client_id")
	}
	if !slices.ContainsFunc(audiences(c.Audience), func(aud string) bool {
		return slices.ContainsFunc(p.Audiences, func(ours string) bool { return strings.EqualFold(ours, aud) })
	}) {
		return refuse(fault.AssertionAudience, "aud equal to the token endpoint or the issuer")
	}
	return inTime(c, p.App, now)
}

func plausible(t float64) bool { return t > 0 && t < math.MaxInt32*4 && !math.IsNaN(t) }

func seconds(t float64) time.Time { return time.UnixMilli(int64(t * 1000)).UTC() }

func audiences(raw json.RawMessage) []string {
	var one string
	if json.Unmarshal(raw, &one) == nil {
		return []string{one}
	}
	var many []string
	_ = json.Unmarshal(raw, &many)
	return many
}

func headerText(h jose.Header, name string) string {
	text, _ := h.ExtraHeaders[jose.HeaderKey(name)].(string)
	return text
}
