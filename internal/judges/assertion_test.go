package judges_test

import (
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"maps"
	"testing"
	"time"

	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/confidential"
	"github.com/go-jose/go-jose/v4"

	"github.com/entente-id/entente/ententetest"
)

// signer writes client assertions in every spelling that clients have.
type signer struct {
	certificate *x509.Certificate
	key         *rsa.PrivateKey
	algorithm   jose.SignatureAlgorithm
	// header and thumbprint are how the certificate is named.
	header, thumbprint string
}

// nightly signs for NightlyApp, as most clients do.
func nightly(t *testing.T, w *ententetest.World) signer {
	t.Helper()
	certificates, private, err := confidential.CertFromPEM(w.NightlyPEM, "")
	if err != nil {
		t.Fatal(err)
	}
	key, ok := private.(*rsa.PrivateKey)
	if !ok {
		t.Fatal("the key of NightlyApp is no RSA key")
	}
	sum := sha256.Sum256(certificates[0].Raw)
	return signer{certificates[0], key, jose.PS256, "x5t#S256", base64.RawURLEncoding.EncodeToString(sum[:])}
}

func (s signer) sha1() []byte {
	sum := sha1.Sum(s.certificate.Raw)
	return sum[:]
}

// assert signs the usual claims with some changed; a nil value leaves one out.
func (s signer) assert(t *testing.T, changed map[string]any) string {
	t.Helper()
	now := time.Now()
	claims := map[string]any{
		"iss": ententetest.NightlyApp, "sub": ententetest.NightlyApp, "jti": t.Name(),
		"nbf": now.Unix(), "exp": now.Add(10 * time.Minute).Unix(),
	}
	maps.Copy(claims, changed)
	maps.DeleteFunc(claims, func(_ string, v any) bool { return v == nil })
	payload, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	o := (&jose.SignerOptions{}).WithType("JWT").WithHeader(jose.HeaderKey(s.header), s.thumbprint)
	made, err := jose.NewSigner(jose.SigningKey{Algorithm: s.algorithm, Key: s.key}, o)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := made.Sign(payload)
	if err != nil {
		t.Fatal(err)
	}
	text, err := signed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return text
}
