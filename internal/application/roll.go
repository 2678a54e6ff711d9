package application

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/id"
	"github.com/go-jose/go-jose/v4"
)

const (
	// KeyProofAudience is whom a proof of a registered key is made for: the
	// directory, by the id that it had before Graph (identity-platform.md 8.1).
	KeyProofAudience = "00000002-0000-0000-c000-000000000000"
	// keyProofLife is the longest that such a proof is good for.
	keyProofLife = 10 * time.Minute
)

// AddKey registers a certificate in PEM form for an application whose maker
// proves to hold the key of one that it has: a JWT that the key signed, with
// the application's id as iss and KeyProofAudience as aud. It fails like
// AddCertificate, and with InputInvalid for another proof.
func (r *Registry) AddKey(ctx context.Context, by audit.Caller, a Application, text, proof string) (Credential, error) {
	c, err := r.certificateOf(text)
	if err != nil {
		return c, err
	}
	return c, r.addCredential(ctx, by, a.App, c, "app.certificate.add", func(have []Credential) error { return r.holdsKey(a, have, proof) })
}

// RemoveKey takes a certificate away, on a proof like that of AddKey; also the
// one that made it. It fails with InputInvalid.
func (r *Registry) RemoveKey(ctx context.Context, by audit.Caller, a Application, credential id.Object, proof string) error {
	e := r.event(by, "app.credential.remove", a.App)
	e.Facts = map[string]string{"credential": string(credential)}
	return r.change(ctx, by, a.App, e, func(have []Credential) ([]Credential, error) {
		if err := r.holdsKey(a, have, proof); err != nil {
			return nil, err
		}
		is := func(c Credential) bool { return c.ID == credential && c.Certificate != nil }
		if !slices.ContainsFunc(have, is) {
			return nil, invalid("keyId", "the id of a certificate of the application")
		}
		return slices.DeleteFunc(slices.Clone(have), is), nil
	})
}

// holdsKey checks a proof by one of the certificates that are good now.
func (r *Registry) holdsKey(a Application, have []Credential, proof string) error {
	refuse := func(rule string) error { return invalid("proof", rule) }
	if len(proof) > maxAssertion {
		return refuse("at most 16 KiB")
	}
	jws, err := jose.ParseSignedCompact(proof, assertionAlgorithms)
	if err != nil || len(jws.Signatures) != 1 {
		return refuse("a JWT signed with RS256, PS256 or ES256")
	}
	now := r.source.Now()
	var payload []byte
	for _, c := range have {
		if c.Certificate == nil || !now.Before(c.Expires) {
			continue
		}
		certificate, err := x509.ParseCertificate(c.Certificate)
		if err != nil {
			return err
		}
		if payload, err = jws.Verify(certificate.PublicKey); err == nil {
			break
		}
	}
	if payload == nil {
		return refuse("a signature by the key of a certificate that the application has and that has not expired")
	}
	var c assertion
	if err := json.Unmarshal(payload, &c); err != nil {
		return refuse("claims in JSON")
	}
	switch {
	case !strings.EqualFold(c.Issuer, string(a.ID)) && !strings.EqualFold(c.Issuer, string(a.App)):
		return refuse("iss equal to the id of the application")
	case !slices.Contains(audiences(c.Audience), KeyProofAudience):
		return refuse("aud equal to " + KeyProofAudience)
	case !plausible(c.NotBefore) || !plausible(c.Expires) || seconds(c.Expires).Sub(seconds(c.NotBefore)) > keyProofLife:
		return refuse("nbf, and exp at most ten minutes later, in seconds since 1970")
	case now.Add(clockLeeway).Before(seconds(c.NotBefore)) || now.After(seconds(c.Expires).Add(clockLeeway)):
		return refuse("a time between nbf and exp")
	}
	return nil
}
