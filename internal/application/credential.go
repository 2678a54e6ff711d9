package application

import (
	"context"
	"crypto/sha1" //nolint:gosec // x5t is SHA-1 by RFC 7515 4.1.7; it finds a key, it proves nothing
	"crypto/sha256"
	"crypto/subtle"
	"crypto/x509"
	"encoding/base64"
	"strings"
	"time"

	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
)

// Credential is something an application proves itself with: a secret that we
// made, kept as its digest, a certificate, or a foreign issuer's word.
type Credential struct {
	ID      id.Object
	Name    string
	Expires time.Time
	// SecretHash is the SHA-256 of a secret of 256 random bits (DESIGN 4.6):
	// no slow hash is needed, because nobody can guess it.
	SecretHash []byte
	// Hint is the first three characters of a secret, to tell two apart.
	Hint string
	// Certificate is the DER form of a registered certificate.
	Certificate []byte
	// Trust makes it a federated credential, which has no end of its own.
	Trust *Trust
}

// NewSecret makes a secret for an application and the credential to keep. The
// text is shown once and never stored.
func (r *Registry) NewSecret(name string, expires time.Time) (string, Credential) {
	text := r.source.Secret()
	return text, SecretCredential(id.Object(r.source.NewGUID()), name, text, expires)
}

// SecretCredential is the credential of a known secret.
func SecretCredential(credential id.Object, name, secret string, expires time.Time) Credential {
	sum := sha256.Sum256([]byte(secret))
	return Credential{ID: credential, Name: name, Expires: expires, SecretHash: sum[:], Hint: secret[:min(3, len(secret))]}
}

// CertificateCredential is the credential of a certificate in DER form.
func CertificateCredential(credential id.Object, name string, der []byte) (Credential, error) {
	c, err := x509.ParseCertificate(der)
	if err != nil {
		return Credential{}, fault.New(fault.AssertionInvalid, "parameter", "certificate").Because(err)
	}
	return Credential{ID: credential, Name: name, Expires: c.NotAfter, Certificate: der}, nil
}

// matches reports whether a thumbprint header names this certificate: x5t or
// x5t#S256, in base64url or in padded standard base64, as MSAL Go writes it
// (identity-platform.md 0, rule 17).
func (c Credential) matches(x5t, x5tS256 string) bool {
	if c.Certificate == nil {
		return false
	}
	if x5tS256 != "" {
		sum := sha256.Sum256(c.Certificate)
		return thumbprint(x5tS256) == string(sum[:])
	}
	sum := sha1.Sum(c.Certificate) //nolint:gosec // see the import
	return thumbprint(x5t) == string(sum[:])
}

func thumbprint(text string) string {
	text = strings.TrimRight(text, "=")
	text = strings.NewReplacer("+", "-", "/", "_").Replace(text)
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return ""
	}
	return string(b)
}

// Method is how a client proved itself: the value of appidacr and azpacr.
type Method string

// The methods of client authentication.
const (
	ByNothing     Method = "0"
	BySecret      Method = "1"
	ByCertificate Method = "2"
)

// Proof is what a client sent to prove itself.
type Proof struct {
	App    id.App
	Secret string
	// Assertion is a JWT of type jwt-bearer (RFC 7523).
	Assertion string
	// Audiences are the addresses that an assertion may be meant for.
	Audiences []string
}

// Authenticated is a client whose proof was checked. Only Authenticate makes
// one, so a function that takes it cannot be called for a stranger.
type Authenticated struct {
	app    Application
	method Method
	// thumbprint tells one credential from another, for the theft rules.
	thumbprint string
}

// Application is the proved client.
func (a Authenticated) Application() Application { return a.app }

// Method is how it proved itself.
func (a Authenticated) Method() Method { return a.method }

// Thumbprint identifies the credential that was used.
func (a Authenticated) Thumbprint() string { return a.thumbprint }

// Confidential reports whether a credential was presented.
func (a Authenticated) Confidential() bool { return a.method != ByNothing }

// Authenticate checks a client's proof.
func (r *Registry) Authenticate(ctx context.Context, p Proof) (Authenticated, error) {
	k, err := r.find(ctx, p.App)
	if err != nil {
		return Authenticated{}, err
	}
	if k.app.Disabled {
		return Authenticated{}, fault.New(fault.AppDisabled, "app", string(p.App))
	}
	switch {
	case p.Secret != "" && p.Assertion != "":
		return Authenticated{}, fault.New(fault.RequestMalformed, "parameter", "client_secret", "rule", "one credential, not two")
	case k.app.Public && (p.Secret != "" || p.Assertion != ""):
		return Authenticated{}, fault.New(fault.CredentialForbidden, "app", string(p.App))
	case p.Secret != "":
		return r.bySecret(k, p.Secret)
	case p.Assertion != "":
		return r.byAssertion(ctx, k, p)
	case k.app.Public:
		return Authenticated{app: k.app, method: ByNothing}, nil
	default:
		return Authenticated{}, fault.New(fault.CredentialMissing, "app", string(p.App))
	}
}

func (r *Registry) bySecret(k known, secret string) (Authenticated, error) {
	sum := sha256.Sum256([]byte(secret))
	now := r.source.Now()
	var expired *Credential
	for i, c := range k.credentials {
		if c.SecretHash == nil || subtle.ConstantTimeCompare(c.SecretHash, sum[:]) != 1 {
			continue
		}
		if now.Before(c.Expires) {
			return Authenticated{app: k.app, method: BySecret, thumbprint: string(c.ID)}, nil
		}
		expired = &k.credentials[i]
	}
	if expired != nil {
		return Authenticated{}, fault.New(fault.SecretExpired, "app", string(k.app.App),
			"name", expired.Name, "date", expired.Expires.Format("2006-01-02"))
	}
	hint := "value"
	for _, c := range k.credentials {
		// People paste the id of a secret, which stands beside it in every
		// portal, instead of its value.
		if strings.EqualFold(string(c.ID), secret) {
			hint = "id"
		}
	}
	return Authenticated{}, fault.New(fault.SecretWrong, "app", string(k.app.App), "sent", hint)
}

func named(list []Permission, name string) (Permission, bool) {
	for _, p := range list {
		if strings.EqualFold(p.Name, name) {
			return p, true
		}
	}
	return Permission{}, false
}

func lower(s string) string { return strings.ToLower(s) }
