package application_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // x5t is SHA-1; it names a key
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"maps"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/entente-id/entente/ententetest"
	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/devworld"
	"github.com/entente-id/entente/internal/fault"
	"github.com/go-jose/go-jose/v4"
)

const endpoint = "https://entente.example/northwind.example/oauth2/v2.0/token"

// bench is a world with Nightly's certificate in hand.
type bench struct {
	testing.TB
	w          *devworld.World
	clock      *atomic.Int64
	key        crypto.PrivateKey
	thumbprint string
}

var began = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func newBench(t testing.TB) bench {
	t.Helper()
	clock := &atomic.Int64{}
	w := ententetest.StartWith(t, ententetest.Options{Now: func() time.Time { return began.Add(time.Duration(clock.Load())) }})
	pair, err := tls.X509KeyPair(w.NightlyPEM, w.NightlyPEM)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha1.Sum(pair.Certificate[0]) //nolint:gosec // see the import
	return bench{t, w.Inside(), clock, pair.PrivateKey, base64.RawURLEncoding.EncodeToString(sum[:])}
}

// claims are good ones with some changed; a nil value leaves one out.
func (b bench) claims(changed map[string]any) map[string]any {
	now := b.w.Source.Now()
	c := map[string]any{
		"iss": string(devworld.Nightly), "sub": string(devworld.Nightly), "aud": endpoint, "jti": "one",
		"nbf": now.Unix(), "iat": now.Unix(), "exp": now.Add(10 * time.Minute).Unix(),
	}
	maps.Copy(c, changed)
	maps.DeleteFunc(c, func(_ string, v any) bool { return v == nil })
	return c
}

func (b bench) sign(algorithm jose.SignatureAlgorithm, key any, headers map[jose.HeaderKey]any, claims map[string]any) string {
	b.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: algorithm, Key: key}, &jose.SignerOptions{ExtraHeaders: headers})
	if err != nil {
		b.Fatal(err)
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		b.Fatal(err)
	}
	jws, err := signer.Sign(payload)
	if err != nil {
		b.Fatal(err)
	}
	text, err := jws.CompactSerialize()
	if err != nil {
		b.Fatal(err)
	}
	return text
}

func (b bench) named() map[jose.HeaderKey]any {
	return map[jose.HeaderKey]any{"x5t": b.thumbprint}
}

func (b bench) good(changed map[string]any) string {
	b.Helper()
	return b.sign(jose.RS256, b.key, b.named(), b.claims(changed))
}

func (b bench) prove(assertion string) error {
	_, err := b.w.Apps.Authenticate(context.Background(), application.Proof{App: devworld.Nightly, Assertion: assertion, Audiences: []string{endpoint}})
	return err
}

// TestAnAssertionThatIsWrongInOneRespectIsRefused goes through rows R68 and
// R70 to R73.
func TestAnAssertionThatIsWrongInOneRespectIsRefused(t *testing.T) {
	b := newBench(t)
	stranger, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	private := b.key.(*rsa.PrivateKey)
	public, err := x509.MarshalPKIXPublicKey(private.Public())
	if err != nil {
		t.Fatal(err)
	}
	now := b.w.Source.Now()
	at := func(d time.Duration) int64 { return now.Add(d).Unix() }
	own := base64.StdEncoding.EncodeToString(strangersCertificate(t, stranger))
	parts := strings.Split(b.good(nil), ".")
	for name, c := range map[string]struct {
		assertion string
		want      fault.Code
	}{
		"good":                         {b.good(nil), 0},
		"several audiences, one ours":  {b.good(map[string]any{"aud": []string{"https://other.example/", endpoint}}), 0},
		"four minutes ahead":           {b.good(map[string]any{"nbf": at(4 * time.Minute), "iat": at(4 * time.Minute)}), 0},
		"times with fractions":         {b.good(map[string]any{"exp": float64(at(time.Minute)) + 0.5}), 0},
		"six minutes ahead":            {b.good(map[string]any{"nbf": at(6 * time.Minute)}), fault.AssertionTime},
		"issued in six minutes":        {b.good(map[string]any{"iat": at(6 * time.Minute)}), fault.AssertionTime},
		"over since six minutes":       {b.good(map[string]any{"exp": at(-6 * time.Minute)}), fault.AssertionTime},
		"for two days":                 {b.good(map[string]any{"exp": at(48 * time.Hour)}), fault.AssertionTime},
		"without end":                  {b.good(map[string]any{"exp": nil}), fault.AssertionTime},
		"an end beyond time":           {b.good(map[string]any{"exp": 1e300}), fault.AssertionTime},
		"an end in words":              {b.good(map[string]any{"exp": "9999999999"}), fault.AssertionSignature},
		"another audience":             {b.good(map[string]any{"aud": "https://other.example/token"}), fault.AssertionAudience},
		"no audience":                  {b.good(map[string]any{"aud": nil}), fault.AssertionAudience},
		"an audience that is no text":  {b.good(map[string]any{"aud": 7}), fault.AssertionAudience},
		"a prefix of the audience":     {b.good(map[string]any{"aud": endpoint + "/more"}), fault.AssertionAudience},
		"another issuer":               {b.good(map[string]any{"iss": string(devworld.Portal)}), fault.AssertionIssuer},
		"another app":                  {b.good(map[string]any{"iss": string(devworld.Portal), "sub": string(devworld.Portal)}), fault.AssertionClient},
		"no subject":                   {b.good(map[string]any{"iss": nil, "sub": nil}), fault.AssertionClient},
		"a stranger's key":             {b.sign(jose.RS256, stranger, b.named(), b.claims(nil)), fault.AssertionSignature},
		"no name of a key":             {b.sign(jose.RS256, b.key, nil, b.claims(nil)), fault.AssertionSignature},
		"a stranger's own certificate": {b.sign(jose.RS256, stranger, map[jose.HeaderKey]any{"x5c": []string{own}, "x5t": b.thumbprint}, b.claims(nil)), fault.AssertionSignature},
		"a key by address":             {b.sign(jose.RS256, stranger, map[jose.HeaderKey]any{"jku": "https://stranger.example/", "x5u": "https://stranger.example/"}, b.claims(nil)), fault.AssertionSignature},
		"a key in the header":          {b.sign(jose.RS256, stranger, map[jose.HeaderKey]any{"jwk": jose.JSONWebKey{Key: stranger.Public()}}, b.claims(nil)), fault.AssertionSignature},
		"the certificate as a secret":  {b.sign(jose.HS256, public, b.named(), b.claims(nil)), fault.AssertionSignature},
		"RS512":                        {b.sign(jose.RS512, b.key, b.named(), b.claims(nil)), fault.AssertionSignature},
		"no signature":                 {base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","x5t":"`+b.thumbprint+`"}`)) + "." + parts[1] + ".", fault.AssertionSignature},
		"too long":                     {b.good(map[string]any{"x": strings.Repeat("x", 17<<10)}), fault.AssertionSignature},
		"nothing of a kind":            {"assertion", fault.AssertionSignature},
	} {
		err := b.prove(c.assertion)
		if c.want == 0 && err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if c.want != 0 && !fault.Has(err, c.want) {
			t.Errorf("%s: %v, want %d", name, err, c.want)
		}
	}
}

func strangersCertificate(t *testing.T, key *rsa.PrivateKey) []byte {
	t.Helper()
	template := &x509.Certificate{NotBefore: began.Add(-time.Hour), NotAfter: began.Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func TestAnAccessTokenIsNoAssertion(t *testing.T) {
	b := newBench(t)
	northwind, err := b.w.Tenants.Find(t.Context(), devworld.Northwind)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.prove(b.good(map[string]any{"tid": string(northwind.ID)})); err != nil {
		t.Fatalf("a claim more: %v", err)
	}
	set, err := b.w.Keys.Published(t.Context(), "work")
	if err != nil || len(set) == 0 {
		t.Fatal(err)
	}
	// A token names the authority's key, which is no credential of the app.
	if err := b.prove(b.sign(jose.RS256, b.key, map[jose.HeaderKey]any{"x5t": set[0].KeyID}, b.claims(nil))); !fault.Has(err, fault.AssertionSignature) {
		t.Errorf("the authority's own key as the app's: %v", err)
	}
}

func TestACertificateEndsAtItsInstant(t *testing.T) {
	b := newBench(t)
	_, credentials, err := b.w.DB.Application(t.Context(), devworld.Nightly)
	if err != nil {
		t.Fatal(err)
	}
	end := credentials[0].Expires
	b.clock.Store(int64(end.Sub(began) - time.Second))
	if err := b.prove(b.good(nil)); err != nil {
		t.Errorf("a second before its end: %v", err)
	}
	b.clock.Store(int64(end.Sub(began)))
	if err := b.prove(b.good(nil)); !fault.Has(err, fault.AssertionTime) {
		t.Errorf("at its end: %v", err)
	}
}

// TestAOneTimeAssertionServesOnceAlsoAtOnce holds row R69 for the apps that
// asked for it.
func TestAOneTimeAssertionServesOnceAlsoAtOnce(t *testing.T) {
	b := newBench(t)
	app, credentials, err := b.w.DB.Application(t.Context(), devworld.Nightly)
	if err != nil {
		t.Fatal(err)
	}
	again := b.good(nil)
	for range 2 {
		if err := b.prove(again); err != nil {
			t.Fatalf("where it may be used again: %v", err)
		}
	}
	app.OneTimeAssertions = true
	if err := b.w.Apps.Save(t.Context(), app, credentials); err != nil {
		t.Fatal(err)
	}
	if err := b.prove(b.good(map[string]any{"jti": nil})); !fault.Has(err, fault.AssertionInvalid) {
		t.Errorf("without an id: %v", err)
	}
	once := b.good(map[string]any{"jti": "once"})
	var all sync.WaitGroup
	var accepted atomic.Int32
	for range 20 {
		all.Go(func() {
			err := b.prove(once)
			if err == nil {
				accepted.Add(1)
			} else if !fault.Has(err, fault.AssertionInvalid) {
				t.Errorf("a repetition: %v", err)
			}
		})
	}
	all.Wait()
	if accepted.Load() != 1 {
		t.Errorf("%d of 20 were accepted", accepted.Load())
	}
}

func FuzzNoChangedAssertionIsAccepted(f *testing.F) {
	b := newBench(f)
	good := b.good(nil)
	for _, at := range []uint16{0, 1, 10, 60, 200, 300, 500, 65535} {
		for _, mask := range []byte{0, 1, 3, 0x20, 0x80, 0xff} {
			f.Add(at, mask, "")
		}
	}
	for _, tail := range []string{".", "=", "\n", "\x00", "A", ".e30."} {
		f.Add(uint16(0), byte(0), tail)
	}
	f.Fuzz(func(t *testing.T, at uint16, mask byte, tail string) {
		changed := []byte(good)
		changed[int(at)%len(changed)] ^= mask
		text := string(changed) + tail
		if b.prove(text) == nil && !sameSigned(text, good) {
			t.Errorf("%q is accepted for %q", text, good)
		}
		if b.prove(tail) == nil {
			t.Errorf("%q is accepted", tail)
		}
	})
}

// sameSigned: base64 has spare bits, and a decoder skips line ends; what was
// signed is the same.
func sameSigned(a, b string) bool {
	left, right := strings.Split(a, "."), strings.Split(b, ".")
	if len(left) != len(right) {
		return false
	}
	for i := range left {
		l, err := base64.RawURLEncoding.DecodeString(left[i])
		if err != nil {
			return false
		}
		r, err := base64.RawURLEncoding.DecodeString(right[i])
		if err != nil || string(l) != string(r) {
			return false
		}
	}
	return true
}
