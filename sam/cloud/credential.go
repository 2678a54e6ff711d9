package cloud

import (
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/entente-id/entente/sam/secret"
)

// assertionLife is how long a client assertion is good for. Every request gets a
// fresh one, because an authority may insist that each is used once.
const assertionLife = 10 * time.Minute

// Credential is how an application proves itself: ClientSecret or Certificate;
// or that it cannot: PublicClient.
type Credential interface {
	// prove adds the proof to the form of a request to endpoint. It returns the
	// secret values that it added, so that they can be kept out of error texts.
	prove(form url.Values, endpoint string, app App) (secrets []string, err error)
}

// PublicClient is an application that is on people's own machines and can keep
// no secret (RFC 6749 2.1): it names itself and proves nothing.
func PublicClient() Credential { return publicClient{} }

type publicClient struct{}

func (publicClient) prove(url.Values, string, App) ([]string, error) { return nil, nil }

// ClientSecret proves the application by a shared secret.
func ClientSecret(text secret.Text) Credential { return clientSecret{text} }

type clientSecret struct{ text secret.Text }

func (s clientSecret) prove(form url.Values, _ string, _ App) ([]string, error) {
	if s.text.Empty() {
		return nil, errors.New("the client secret is empty")
	}
	form.Set("client_secret", s.text.Reveal())
	return []string{s.text.Reveal()}, nil
}

// Certificate proves the application by an assertion signed with the key of a
// registered certificate (RFC 7523, PS256, x5t#S256). Nothing that can be used
// again crosses the wire.
func Certificate(certificate *x509.Certificate, key *rsa.PrivateKey) (Credential, error) {
	public, ok := certificate.PublicKey.(*rsa.PublicKey)
	if !ok || !public.Equal(key.Public()) {
		return nil, errors.New("the private key does not belong to the certificate")
	}
	thumbprint := sha256.Sum256(certificate.Raw)
	options := (&jose.SignerOptions{}).WithType("JWT").
		WithHeader("x5t#S256", base64.RawURLEncoding.EncodeToString(thumbprint[:]))
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.PS256, Key: key}, options)
	if err != nil {
		return nil, fmt.Errorf("prepare the certificate for signing: %w", err)
	}
	return certificateProof{signer}, nil
}

// CertificatePEM reads a certificate and its RSA private key (PKCS #8 or PKCS #1)
// from one PEM text. Of a chain, the first certificate is the application's.
func CertificatePEM(text []byte) (Credential, error) {
	var certificate *x509.Certificate
	var key *rsa.PrivateKey
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		switch block.Type {
		case "CERTIFICATE":
			if certificate != nil {
				continue
			}
			parsed, err := x509.ParseCertificate(block.Bytes)
			if err != nil {
				return nil, fmt.Errorf("read the certificate: %w", err)
			}
			certificate = parsed
		case "PRIVATE KEY", "RSA PRIVATE KEY":
			parsed, err := parseKey(block)
			if err != nil {
				return nil, err
			}
			key = parsed
		}
	}
	if certificate == nil || key == nil {
		return nil, errors.New("the PEM text needs a CERTIFICATE and an unencrypted PRIVATE KEY block")
	}
	return Certificate(certificate, key)
}

func parseKey(block *pem.Block) (*rsa.PrivateKey, error) {
	if block.Type == "RSA PRIVATE KEY" {
		key, err := x509.ParsePKCS1PrivateKey(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("read the private key: %w", err)
		}
		return key, nil
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("read the private key: %w", err)
	}
	key, ok := parsed.(*rsa.PrivateKey)
	if !ok {
		return nil, errors.New("the private key is not an RSA key; PS256 needs one")
	}
	return key, nil
}

type certificateProof struct{ signer jose.Signer }

func (c certificateProof) prove(form url.Values, endpoint string, app App) ([]string, error) {
	id, err := random(app.Random, 16)
	if err != nil {
		return nil, err
	}
	now := app.Now()
	claims, err := json.Marshal(map[string]any{
		"aud": endpoint,
		"iss": app.ID,
		"sub": app.ID,
		"jti": id,
		"nbf": now.Unix(),
		"exp": now.Add(assertionLife).Unix(),
	})
	if err != nil {
		return nil, fmt.Errorf("write the client assertion: %w", err)
	}
	signed, err := c.signer.Sign(claims)
	if err != nil {
		return nil, fmt.Errorf("sign the client assertion: %w", err)
	}
	assertion, err := signed.CompactSerialize()
	if err != nil {
		return nil, fmt.Errorf("write the client assertion: %w", err)
	}
	form.Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
	form.Set("client_assertion", assertion)
	return []string{assertion}, nil
}
