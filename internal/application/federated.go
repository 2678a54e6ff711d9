package application

import (
	"context"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/tenant"
	"github.com/go-jose/go-jose/v4"
)

// Trust makes a token of a foreign OpenID Connect issuer the proof of an
// application (a federated credential, identity-platform.md 2.1): a build
// server proves itself by what it has anyway, and there is no secret to keep.
// All three are compared letter by letter.
type Trust struct {
	Issuer, Subject string
	Audiences       []string
}

// Issuers is the door to foreign issuers: it gives the public keys with which
// an issuer may have signed a token that names a key id and an algorithm. It
// fails when the issuer cannot be asked or publishes no such key.
type Issuers interface {
	IssuerKeys(ctx context.Context, issuer, kid, algorithm string) ([]jose.JSONWebKey, error)
}

// Ask opens the door to foreign issuers. Without it, federated credentials
// prove nobody.
func (r *Registry) Ask(issuers Issuers) { r.issuers = issuers }

// TokenExchange is the audience that tokens for this purpose carry by custom.
const TokenExchange = "api://AzureADTokenExchange"

const (
	maxTrustText = 600
	maxAudiences = 3
)

// AddFederated registers a federated credential, beside what the application
// has. It fails with AppUnknown, or with InputInvalid, whose fact "parameter"
// is name, issuer, subject, audience or credentials.
func (r *Registry) AddFederated(ctx context.Context, by audit.Caller, app id.App, name string, t Trust) (Credential, error) {
	name = strings.TrimSpace(name)
	if !isName(name) {
		return Credential{}, invalid("name", "1 to 100 characters")
	}
	if err := t.Check(); err != nil {
		return Credential{}, err
	}
	c := Credential{ID: id.Object(r.source.NewGUID()), Name: name, Trust: &t}
	e := r.event(by, "app.federated.add", app)
	e.Facts = map[string]string{"credential": string(c.ID), "name": name, "issuer": t.Issuer, "subject": t.Subject, "audiences": strings.Join(t.Audiences, " ")}
	return c, r.change(ctx, by, app, e, func(have []Credential) ([]Credential, error) {
		switch {
		case len(have) >= maxCredentials:
			return nil, invalid("credentials", "at most 10 for one application")
		case slices.ContainsFunc(have, func(h Credential) bool { return h.Trust != nil && h.Name == name }):
			return nil, invalid("name", "a name that no other federated credential of the application has")
		case slices.ContainsFunc(have, func(h Credential) bool {
			return h.Trust != nil && h.Trust.Issuer == t.Issuer && h.Trust.Subject == t.Subject
		}):
			return nil, invalid("subject", "an issuer and subject that no other federated credential of the application has")
		}
		return append(have, c), nil
	})
}

// Check holds a federated credential to its rules. It fails with InputInvalid,
// whose fact "parameter" is issuer, subject or audience.
func (t Trust) Check() error {
	issuer, err := url.Parse(t.Issuer)
	switch {
	case err != nil || issuer.Scheme != "https" || issuer.Host == "" || issuer.User != nil || issuer.RawQuery != "" || issuer.Fragment != "" || !isTrustText(t.Issuer):
		return invalid("issuer", "an https address without a query, as in the iss claim, at most 600 characters")
	case !isTrustText(t.Subject):
		return invalid("subject", "1 to 600 visible characters, as in the sub claim, without wildcards")
	case len(t.Audiences) == 0 || len(t.Audiences) > maxAudiences || slices.ContainsFunc(t.Audiences, func(a string) bool { return !isTrustText(a) }):
		return invalid("audience", "1 to 3 values of the aud claim, each of at most 600 visible characters")
	}
	return nil
}

// isTrustText: a star would be read as a wildcard by whoever set it up
// elsewhere, and here it would fit nothing.
func isTrustText(text string) bool {
	n := utf8.RuneCountInString(text)
	return n >= 1 && n <= maxTrustText && utf8.ValidString(text) && !strings.ContainsFunc(text, func(r rune) bool {
		return unicode.IsControl(r) || unicode.IsSpace(r) && r != ' ' || r == '*'
	}) && strings.TrimSpace(text) == text
}

// foreign reports whether an assertion is of another issuer than the client
// itself. It is read before any signature is checked, only to know whose keys
// could have made it.
func foreign(jws *jose.JSONWebSignature) (assertion, bool) {
	var claims assertion
	err := json.Unmarshal(jws.UnsafePayloadWithoutVerification(), &claims)
	return claims, err == nil && strings.HasPrefix(claims.Issuer, "https://")
}

// byForeignIssuer proves an application by a federated credential. Nothing is
// fetched but from an issuer that the application's owner has named.
func (r *Registry) byForeignIssuer(ctx context.Context, k known, p Proof, jws *jose.JSONWebSignature, claims assertion) (Authenticated, error) {
	credential, err := fitting(k, claims)
	if err != nil {
		return Authenticated{}, err
	}
	if err := r.signedBy(ctx, k, credential.Trust.Issuer, jws); err != nil {
		return Authenticated{}, err
	}
	if claims.Scopes != "" {
		return Authenticated{}, fault.New(fault.FederatedPerson, "app", string(p.App), "rule", "a token of a workload, not one that acts for a person")
	}
	if err := inTime(claims, p.App, r.source.Now()); err != nil {
		return Authenticated{}, err
	}
	if err := r.once(ctx, k, claims); err != nil {
		return Authenticated{}, err
	}
	return Authenticated{app: k.app, method: ByCertificate, thumbprint: string(credential.ID)}, nil
}

// fitting finds the credential that names the token's issuer, subject and one
// of its audiences, or says which of them is the first that none has.
func fitting(k known, claims assertion) (Credential, error) {
	list := slices.DeleteFunc(slices.Clone(k.credentials), func(c Credential) bool { return c.Trust == nil })
	refuse := func(code fault.Code, rule string) (Credential, error) {
		return Credential{}, fault.New(code, "app", string(k.app.App), "issuer", tenant.Shorten(claims.Issuer), "subject", tenant.Shorten(claims.Subject), "rule", rule)
	}
	if len(list) == 0 {
		return refuse(fault.FederatedUnknown, "a federated credential")
	}
	list = slices.DeleteFunc(list, func(c Credential) bool { return c.Trust.Issuer != claims.Issuer })
	if len(list) == 0 {
		return refuse(fault.FederatedIssuer, "iss equal to the issuer of a federated credential")
	}
	list = slices.DeleteFunc(list, func(c Credential) bool { return c.Trust.Subject != claims.Subject })
	if len(list) == 0 {
		return refuse(fault.FederatedSubject, "sub equal to the subject of a federated credential")
	}
	for _, c := range list {
		if slices.ContainsFunc(audiences(claims.Audience), func(aud string) bool { return slices.Contains(c.Trust.Audiences, aud) }) {
			return c, nil
		}
	}
	return refuse(fault.FederatedAudience, "aud equal to an audience of the federated credential, such as "+TokenExchange)
}

func (r *Registry) signedBy(ctx context.Context, k known, issuer string, jws *jose.JSONWebSignature) error {
	refuse := func(rule string) *fault.Fault {
		return fault.New(fault.FederatedIssuer, "app", string(k.app.App), "issuer", tenant.Shorten(issuer), "rule", rule)
	}
	if r.issuers == nil {
		return refuse("an installation that asks foreign issuers")
	}
	header := jws.Signatures[0].Protected
	keys, err := r.issuers.IssuerKeys(ctx, issuer, header.KeyID, header.Algorithm)
	if err != nil {
		return refuse("an issuer that describes itself at its address, with the key of the token among its keys").Because(err)
	}
	for _, key := range keys {
		if _, err := jws.Verify(key.Key); err == nil {
			return nil
		}
	}
	return refuse("a signature made with a key of the issuer")
}

// once holds an assertion to be new, where the app wants that. It is off by
// default: MSAL Node reuses one assertion for ten minutes (DESIGN 4.16).
func (r *Registry) once(ctx context.Context, k known, claims assertion) error {
	if !k.app.OneTimeAssertions {
		return nil
	}
	if claims.ID == "" {
		return fault.New(fault.AssertionInvalid, "app", string(k.app.App), "rule", "a jti")
	}
	return r.store.SpendAssertion(ctx, k.app.App, claims.ID, seconds(claims.Expires))
}

// inTime holds the times of an assertion to RFC 7523 3 and rows R72 and R118.
func inTime(c assertion, app id.App, now time.Time) error {
	refuse := func(rule string) error { return fault.New(fault.AssertionTime, "app", string(app), "rule", rule) }
	if !plausible(c.Expires) || (c.NotBefore != 0 && !plausible(c.NotBefore)) || (c.IssuedAt != 0 && !plausible(c.IssuedAt)) {
		return refuse("exp, nbf and iat in seconds since 1970")
	}
	expires := seconds(c.Expires)
	if now.After(expires.Add(clockLeeway)) {
		return refuse("exp in the future")
	}
	if expires.After(now.Add(maxAssertionLife)) {
		return refuse("exp at most 24 hours ahead")
	}
	for _, from := range []float64{c.NotBefore, c.IssuedAt} {
		if from != 0 && seconds(from).After(now.Add(clockLeeway)) {
			return refuse("nbf and iat not in the future")
		}
	}
	return nil
}
