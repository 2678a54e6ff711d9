package ententetest_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/entente-id/entente/ententetest"
	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/devworld"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/judges"
	"github.com/go-jose/go-jose/v4"
)

// keypair is a certificate with its private key.
type keypair struct {
	key *ecdsa.PrivateKey
	der []byte
}

func newKeypair(t *testing.T, name string) keypair {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	of := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, of, of, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return keypair{key, der}
}

func (k keypair) sign(t *testing.T, claims map[string]any) string {
	t.Helper()
	sum := sha256.Sum256(k.der)
	options := (&jose.SignerOptions{}).WithType("JWT").WithHeader("x5t#S256", base64.RawURLEncoding.EncodeToString(sum[:]))
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: k.key}, options)
	if err != nil {
		t.Fatal(err)
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	jws, err := signer.Sign(payload)
	if err != nil {
		t.Fatal(err)
	}
	text, err := jws.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TestAnApplicationsKeysAreRolledOverGraphByWhoHoldsOne adds a certificate on a
// proof by the one before, signs in with it, and takes the old one away.
func TestAnApplicationsKeysAreRolledOverGraphByWhoHoldsOne(t *testing.T) {
	w := ententetest.Start(t)
	g := &gdap{t: t, world: w, partner: judges.NewPartner(t, w)}
	ada := g.signIn(ententetest.Ada, ententetest.Northwind, "https://graph.microsoft.com/Application.ReadWrite.All")
	made := g.call(ada, "POST", "/applications", "", map[string]any{"displayName": "Rolls its keys"}, http.StatusCreated)
	one, app := "/applications/"+made.text("id"), made.text("appId")
	first, second, stranger := newKeypair(t, "first"), newKeypair(t, "second"), newKeypair(t, "stranger")
	by := audit.Caller{Tenant: devworld.Northwind, Home: devworld.Northwind, Account: "b0000000-0000-4000-8000-000000000001"}
	kept, err := w.Inside().Apps.AddCertificate(t.Context(), by, id.App(app), string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: first.der})))
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	proof := func(of keypair, change map[string]any) string {
		claims := map[string]any{"iss": made.text("id"), "aud": application.KeyProofAudience, "nbf": now.Unix(), "exp": now.Add(10 * time.Minute).Unix()}
		for name, value := range change {
			claims[name] = value
		}
		return of.sign(t, claims)
	}
	body := func(der []byte, proof string, change map[string]any) map[string]any {
		key := map[string]any{"type": "AsymmetricX509Cert", "usage": "Verify", "key": der}
		for name, value := range change {
			key[name] = value
		}
		return map[string]any{"keyCredential": key, "passwordCredential": nil, "proof": proof}
	}
	tokenOf := func(of keypair) bool {
		address := w.Origin + "/" + ententetest.Northwind + "/oauth2/v2.0/token"
		assertion := of.sign(t, map[string]any{"iss": app, "sub": app, "aud": address, "exp": time.Now().Add(10 * time.Minute).Unix(), "jti": "one"})
		status, _ := post(t, w, "/"+ententetest.Northwind+"/oauth2/v2.0/token", url.Values{
			"client_id": {app}, "client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}, "client_assertion": {assertion},
			"grant_type": {"client_credentials"}, "scope": {"https://graph.microsoft.com/.default"},
		})
		return status == http.StatusOK
	}
	for name, c := range map[string]struct {
		body map[string]any
		says string
	}{
		"no proof":              {body(second.der, "", nil), "proof"},
		"no JWT":                {body(second.der, "x.y.z", nil), "proof"},
		"without end":           {body(second.der, strings.Repeat("a", 17<<10), nil), "proof"},
		"a stranger's proof":    {body(second.der, proof(stranger, nil), nil), "proof"},
		"by the new key itself": {body(second.der, proof(second, nil), nil), "proof"},
		"another application's": {body(second.der, proof(first, map[string]any{"iss": string(devworld.Portal)}), nil), "iss"},
		"for somebody else":     {body(second.der, proof(first, map[string]any{"aud": "https://graph.microsoft.com"}), nil), "aud"},
		"good for a day":        {body(second.der, proof(first, map[string]any{"exp": now.Add(24 * time.Hour).Unix()}), nil), "ten minutes"},
		"without a beginning":   {body(second.der, proof(first, map[string]any{"nbf": nil}), nil), "nbf"},
		"of yesterday":          {body(second.der, proof(first, map[string]any{"nbf": now.Add(-24 * time.Hour).Unix(), "exp": now.Add(-24*time.Hour + time.Minute).Unix()}), nil), "between"},
		"a key that signs":      {body(second.der, proof(first, nil), map[string]any{"type": "X509CertAndPassword", "usage": "Sign"}), "AsymmetricX509Cert"},
		"no certificate":        {body([]byte("x"), proof(first, nil), nil), "DER"},
	} {
		refused := g.call(ada, "POST", one+"/addKey", "", c.body, http.StatusBadRequest)
		if said, _ := json.Marshal(refused.body); !strings.Contains(string(said), c.says) {
			t.Errorf("%s: %s", name, said)
		}
	}
	if tokenOf(second) {
		t.Error("a certificate that was refused works")
	}
	added := g.call(ada, "POST", one+"/addKey", "", body(second.der, proof(first, nil), nil), http.StatusOK)
	if added.text("displayName") != "second" || added.text("keyId") == "" || !tokenOf(first) || !tokenOf(second) {
		t.Errorf("added %v; both work: %t, %t", added.body, tokenOf(first), tokenOf(second))
	}
	remove := func(key id.Object, proof string, want int) {
		t.Helper()
		g.call(ada, "POST", "/applications(appId='"+app+"')/removeKey", "", map[string]string{"keyId": string(key), "proof": proof}, want)
	}
	remove(kept.ID, proof(stranger, nil), http.StatusBadRequest)
	remove("00000000-0000-4000-8000-000000000000", proof(second, nil), http.StatusBadRequest)
	remove(kept.ID, proof(second, map[string]any{"iss": app}), http.StatusNoContent)
	if tokenOf(first) || !tokenOf(second) {
		t.Errorf("after the roll the first works: %t, the second: %t", tokenOf(first), tokenOf(second))
	}
	remove(id.Object(added.text("keyId")), proof(first, nil), http.StatusBadRequest)
}
