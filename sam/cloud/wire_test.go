package cloud_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/google/go-cmp/cmp"

	"github.com/entente-id/entente/sam/cloud"
	"github.com/entente-id/entente/sam/secret"
)

const (
	partnerTenant  = "11111111-aaaa-4111-8111-000000000001"
	customerTenant = "22222222-bbbb-4222-8222-000000000002"
	clientID       = "33333333-cccc-4333-8333-000000000003"
)

var now = time.Date(2026, 11, 22, 15, 0, 0, 0, time.UTC)

// roundTrip is a transport made of a function.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func answer(status int, body string, headers ...string) *http.Response {
	h := http.Header{"Content-Type": {"application/json"}}
	for i := 0; i < len(headers); i += 2 {
		h.Set(headers[i], headers[i+1])
	}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body))}
}

func newApp(c cloud.Cloud, credential cloud.Credential, transport roundTrip) cloud.App {
	return cloud.App{
		Cloud:      c,
		ID:         clientID,
		Credential: credential,
		HTTP:       &http.Client{Transport: transport},
		Now:        func() time.Time { return now },
		Random:     rand.Reader,
	}
}

type identity struct {
	certificate *x509.Certificate
	key         *rsa.PrivateKey
}

// newIdentity makes one certificate for all tests: RSA keys are slow to draw.
var newIdentity = sync.OnceValue(func() identity {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "app"}, NotAfter: now.AddDate(1, 0, 0)}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		panic(err)
	}
	certificate, err := x509.ParseCertificate(raw)
	if err != nil {
		panic(err)
	}
	return identity{certificate, key}
})

// The expectations were written by hand from the wire reference (endpoint map,
// national clouds, grants), not recorded from this program.
func TestTheRequestsOfEachCloudAreTheRecordedOnes(t *testing.T) {
	at, err := cloud.At("https://localhost:8443")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []cloud.Cloud{cloud.Global(), cloud.USGov(), cloud.China(), cloud.Germany(), at} {
		t.Run(c.Name, func(t *testing.T) {
			want, err := os.ReadFile(filepath.Join("testdata", c.Name+".golden"))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), formAll(t, c)); diff != "" {
				t.Errorf("requests differ (-recorded +formed):\n%s", diff)
			}
		})
	}
}

func formAll(t *testing.T, c cloud.Cloud) string {
	t.Helper()
	resource := func(name string) cloud.Resource {
		r, err := c.Resource(name)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	certificate, err := cloud.Certificate(newIdentity().certificate, newIdentity().key)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	record := func(r *http.Request) (*http.Response, error) {
		out.WriteString(describe(t, r))
		return answer(200, `{"token_type":"Bearer","access_token":"t","expires_in":3599}`), nil
	}
	bySecret := newApp(c, cloud.ClientSecret(secret.New("a-client-secret")), record)
	byCertificate := newApp(c, certificate, record)
	authorize := cloud.Authorize{
		Tenant: "organizations", Resource: c.PartnerCenter(), Redirect: "http://localhost:8400/",
		State: "state-1", Nonce: "nonce-1", Verifier: "a-verifier",
	}
	hinted := authorize
	hinted.Tenant, hinted.LoginHint = partnerTenant, "csp-bot@northwindpartner.example"
	key, token := secret.New("a-key-of-sixteen-or-more"), secret.New("a-refresh-token")
	ctx := context.Background()

	steps := []struct {
		name string
		form func() error
	}{
		{"authorize, choosing the account", func() error {
			out.WriteString(describeURL(t, bySecret.AuthorizeURL(authorize)))
			return nil
		}},
		{"authorize, with a hint", func() error {
			out.WriteString(describeURL(t, bySecret.AuthorizeURL(hinted)))
			return nil
		}},
		{"redeem the code", func() error {
			_, err := bySecret.Redeem(ctx, cloud.Redemption{Tenant: "organizations", Resource: c.PartnerCenter(),
				Code: "a-code", Redirect: "http://localhost:8400/", Verifier: "a-verifier", Key: key})
			return err
		}},
		{"refresh at the partner's tenant", func() error {
			_, err := bySecret.Refresh(ctx, cloud.Refresh{Tenant: partnerTenant, Resource: c.PartnerCenter(), Token: token, Key: key})
			return err
		}},
		{"refresh at a customer's tenant", func() error {
			_, err := bySecret.Refresh(ctx, cloud.Refresh{Tenant: customerTenant, Resource: resource("graph"), Token: token, Key: key})
			return err
		}},
		{"the application itself, by secret", func() error {
			_, err := bySecret.AppOnly(ctx, partnerTenant, resource("graph"), "")
			return err
		}},
		{"the application itself, by certificate", func() error {
			_, err := byCertificate.AppOnly(ctx, partnerTenant, resource("graph"), "")
			return err
		}},
		{"the key vault, by certificate", func() error {
			_, err := byCertificate.AppOnly(ctx, partnerTenant, resource("vault"), "")
			return err
		}},
	}
	for i, step := range steps {
		if i > 0 {
			out.WriteString("\n")
		}
		fmt.Fprintf(&out, "== %s\n", step.name)
		if err := step.form(); err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
	}
	return out.String()
}

func describeURL(t *testing.T, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("GET %s://%s%s\n%s", u.Scheme, u.Host, u.Path, sorted(u.Query()))
}

var guid = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

func describe(t *testing.T, r *http.Request) string {
	t.Helper()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		t.Fatal(err)
	}
	if assertion := form.Get("client_assertion"); assertion != "" {
		form.Set("client_assertion", fmt.Sprintf("{assertion for %s}", assertionAudience(t, assertion)))
	}
	var out strings.Builder
	fmt.Fprintf(&out, "%s %s\n", r.Method, r.URL)
	names := make([]string, 0, len(r.Header))
	for name := range r.Header {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		value := r.Header.Get(name)
		if name == "Client-Request-Id" && guid.MatchString(value) {
			value = "{guid}"
		}
		fmt.Fprintf(&out, "%s: %s\n", name, value)
	}
	out.WriteString(sorted(form))
	return out.String()
}

func sorted(form url.Values) string {
	var lines []string
	for name, values := range form {
		for _, value := range values {
			lines = append(lines, name+"="+value+"\n")
		}
	}
	sort.Strings(lines)
	return strings.Join(lines, "")
}

// assertionAudience verifies a client assertion as an authority does.
func assertionAudience(t *testing.T, assertion string) string {
	t.Helper()
	signed, err := jwt.ParseSigned(assertion, []jose.SignatureAlgorithm{jose.PS256})
	if err != nil {
		t.Fatal(err)
	}
	var claims jwt.Claims
	if err := signed.Claims(newIdentity().key.Public(), &claims); err != nil {
		t.Fatalf("the signature does not verify: %v", err)
	}
	thumbprint := sha256.Sum256(newIdentity().certificate.Raw)
	if got := signed.Headers[0].ExtraHeaders["x5t#S256"]; got != base64.RawURLEncoding.EncodeToString(thumbprint[:]) {
		t.Errorf("x5t#S256 = %v", got)
	}
	if claims.Issuer != clientID || claims.Subject != clientID {
		t.Errorf("iss = %q, sub = %q, both should be the client id", claims.Issuer, claims.Subject)
	}
	if !claims.NotBefore.Time().Equal(now) || !claims.Expiry.Time().Equal(now.Add(10*time.Minute)) {
		t.Errorf("nbf = %v, exp = %v", claims.NotBefore.Time(), claims.Expiry.Time())
	}
	if len(claims.ID) < 22 {
		t.Errorf("jti %q holds less than 128 bits", claims.ID)
	}
	return claims.Audience[0]
}

func TestEachRequestCarriesAFreshAssertion(t *testing.T) {
	certificate, err := cloud.Certificate(newIdentity().certificate, newIdentity().key)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	app := newApp(cloud.Global(), certificate, func(r *http.Request) (*http.Response, error) {
		if err := r.ParseForm(); err != nil {
			t.Fatal(err)
		}
		seen[r.PostForm.Get("client_assertion")] = true
		return answer(200, `{"access_token":"t","expires_in":1}`), nil
	})
	for range 3 {
		if _, err := app.AppOnly(context.Background(), partnerTenant, app.Cloud.PartnerCenter(), ""); err != nil {
			t.Fatal(err)
		}
	}
	if len(seen) != 3 {
		t.Errorf("3 requests carried %d different assertions", len(seen))
	}
}
