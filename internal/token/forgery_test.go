package token_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // the kid is an x5t
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/entente-id/entente/ententetest"
	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/devworld"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/seal"
	"github.com/entente-id/entente/internal/signingkey"
	"github.com/entente-id/entente/internal/token"
	"github.com/go-jose/go-jose/v4"
)

// forge holds the world's own signing keys, so that what it makes is wrong in
// one respect alone.
type forge struct {
	*testing.T
	w    *devworld.World
	keys map[signingkey.Realm]map[signingkey.Algorithm]jose.JSONWebKey
	// behind is the aio of a good token, which only the authority can make.
	behind any
}

func newForge(t *testing.T) forge {
	t.Helper()
	master := []byte("the master key of the forge's world")
	w := ententetest.StartWith(t, ententetest.Options{MasterKey: master}).Inside()
	custody, err := seal.NewCustody(master, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	open, err := custody.Key("signing key")
	if err != nil {
		t.Fatal(err)
	}
	stored, err := w.DB.SigningKeys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	f := forge{t, w, map[signingkey.Realm]map[signingkey.Algorithm]jose.JSONWebKey{signingkey.Work: {}, signingkey.Consumers: {}}, genuine(t, w)["aio"]}
	for _, s := range stored {
		pkcs8, err := open.Open(s.Sealed, string(s.Realm))
		if err != nil {
			t.Fatal(err)
		}
		private, err := x509.ParsePKCS8PrivateKey(pkcs8)
		if err != nil {
			t.Fatal(err)
		}
		sum := sha1.Sum(s.Certificate) //nolint:gosec // the kid is an x5t
		f.keys[s.Realm][s.Algorithm] = jose.JSONWebKey{Key: private, KeyID: base64.RawURLEncoding.EncodeToString(sum[:])}
	}
	return f
}

// genuine are the claims of a token that the authority made for Ada.
func genuine(t *testing.T, w *devworld.World) map[string]any {
	t.Helper()
	portal, err := w.Apps.Authenticate(t.Context(), application.Proof{App: devworld.Portal, Secret: devworld.PortalSecret})
	if err != nil {
		t.Fatal(err)
	}
	_, payload, _ := strings.Cut(bench{t, w, portal}.accessToken(), ".")
	payload, _, _ = strings.Cut(payload, ".")
	plain, err := base64.RawURLEncoding.DecodeString(payload)
	if err != nil {
		t.Fatal(err)
	}
	var claims map[string]any
	if err := json.Unmarshal(plain, &claims); err != nil {
		t.Fatal(err)
	}
	return claims
}

// claims are those of a good token of Ada's.
func (f forge) claims() map[string]any {
	now := f.w.Source.Now()
	return map[string]any{
		"iss": token.IssuerV1(devworld.Northwind), "tid": string(devworld.Northwind), "aud": "https://graph.microsoft.com", "ver": "1.0",
		"appid": string(devworld.Portal), "oid": "b0000000-0000-4000-8000-000000000001", "scp": "User.Read", "amr": []string{"pwd", "mfa"},
		"iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(time.Hour).Unix(), "sub": "s", "aio": f.behind,
	}
}

func (f forge) sign(key jose.JSONWebKey, algorithm signingkey.Algorithm, headers map[jose.HeaderKey]any, claims any) string {
	f.Helper()
	options := &jose.SignerOptions{ExtraHeaders: headers}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: algorithm, Key: key}, options.WithType("JWT"))
	if err != nil {
		f.Fatal(err)
	}
	payload, raw := claims.([]byte)
	if !raw {
		payload = mustJSON(f.T, claims)
	}
	jws, err := signer.Sign(payload)
	if err != nil {
		f.Fatal(err)
	}
	text, err := jws.CompactSerialize()
	if err != nil {
		f.Fatal(err)
	}
	return text
}

// TestATokenThatIsWrongInOneRespectIsRefused signs with the authority's own
// keys, except where the key is what is wrong (rows R100, R102, R118 to R120).
func TestATokenThatIsWrongInOneRespectIsRefused(t *testing.T) {
	f := newForge(t)
	ctx := t.Context()
	rs, es := f.keys[signingkey.Work][signingkey.RS256], f.keys[signingkey.Work][signingkey.ES256]
	good := f.sign(rs, signingkey.RS256, nil, f.claims())
	if caller, err := f.w.Issuer.Verify(ctx, good); err != nil || caller.Tenant != devworld.Northwind {
		t.Fatalf("a good token: %+v, %v", caller, err)
	}
	if _, err := f.w.Issuer.Verify(ctx, f.sign(es, signingkey.ES256, nil, f.claims())); err != nil {
		t.Fatalf("a good ES256 token: %v", err)
	}
	with := func(more map[string]any) map[string]any {
		c := f.claims()
		maps.Copy(c, more)
		return c
	}
	without := func(name string) map[string]any {
		c := f.claims()
		delete(c, name)
		return c
	}
	own, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	named := func(key crypto.PrivateKey, kid string) jose.JSONWebKey { return jose.JSONWebKey{Key: key, KeyID: kid} }
	public, err := x509.MarshalPKIXPublicKey(rs.Public().Key)
	if err != nil {
		t.Fatal(err)
	}
	now := f.w.Source.Now()
	claim := func(c map[string]any) string { return f.sign(rs, signingkey.RS256, nil, c) }
	parts := strings.Split(good, ".")
	for name, text := range map[string]string{
		"the consumers' key for a work tenant": f.sign(f.keys[signingkey.Consumers][signingkey.RS256], signingkey.RS256, nil, f.claims()),
		"a work key for the consumers' tenant": claim(with(map[string]any{"tid": string(id.Consumers), "iss": token.IssuerV1(id.Consumers)})),
		"a stranger's key under our key's id":  f.sign(named(own, rs.KeyID), signingkey.RS256, nil, f.claims()),
		"a stranger's key in the header":       f.sign(named(own, ""), signingkey.RS256, map[jose.HeaderKey]any{"jwk": jose.JSONWebKey{Key: own.Public()}}, f.claims()),
		"a stranger's key by address":          f.sign(named(own, "x"), signingkey.RS256, map[jose.HeaderKey]any{"jku": "https://stranger.example/keys"}, f.claims()),
		"the public key as a shared secret":    f.sign(named(public, rs.KeyID), jose.HS256, nil, f.claims()),
		"an algorithm that we do not use":      f.sign(rs, jose.PS256, nil, f.claims()),
		"no key id":                            f.sign(named(rs.Key, ""), signingkey.RS256, nil, f.claims()),
		"another key's id":                     f.sign(named(rs.Key, es.KeyID), signingkey.RS256, nil, f.claims()),
		"a critical header we do not know":     f.sign(rs, signingkey.RS256, map[jose.HeaderKey]any{"crit": []string{"exp"}, "exp": 1}, f.claims()),
		"another issuer":                       claim(with(map[string]any{"iss": "https://sts.stranger.example/"})),
		"the issuer of another tenant":         claim(with(map[string]any{"iss": token.IssuerV1(devworld.Trey)})),
		"no issuer":                            claim(without("iss")),
		"no tenant":                            claim(without("tid")),
		"an ID token":                          claim(without("appid")),
		"several audiences":                    claim(with(map[string]any{"aud": []string{"https://graph.microsoft.com", "x"}})),
		"no end":                               claim(without("exp")),
		"an end in words":                      claim(with(map[string]any{"exp": "tomorrow"})),
		"an end before time":                   claim(with(map[string]any{"exp": -1})),
		"an end beyond time":                   claim(with(map[string]any{"exp": 1e18})),
		"an end six minutes ago":               claim(with(map[string]any{"exp": now.Add(-6 * time.Minute).Unix()})),
		"no beginning":                         claim(without("nbf")),
		"a beginning in six minutes":           claim(with(map[string]any{"nbf": now.Add(6 * time.Minute).Unix()})),
		"claims that are no object":            f.sign(rs, signingkey.RS256, nil, []byte(`[]`)),
		"claims with something behind":         f.sign(rs, signingkey.RS256, nil, append(mustJSON(t, f.claims()), "{}"...)),
		"nothing signed":                       parts[0] + ".." + parts[2],
		"a part too many":                      good + ".x",
		"the general form":                     `{"payload":"` + parts[1] + `","signatures":[{"protected":"` + parts[0] + `","signature":"` + parts[2] + `"}]}`,
		"more than 16 KiB":                     claim(with(map[string]any{"x": strings.Repeat("x", 17<<10)})),
	} {
		_, err := f.w.Issuer.Verify(ctx, text)
		if !fault.Has(err, fault.AccessTokenInvalid) && !fault.Has(err, fault.AccessTokenExpired) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, c := range map[string]map[string]any{
		"an end four minutes ago":     with(map[string]any{"exp": now.Add(-4 * time.Minute).Unix()}),
		"a beginning in four minutes": with(map[string]any{"nbf": now.Add(4 * time.Minute).Unix()}),
	} {
		if _, err := f.w.Issuer.Verify(ctx, claim(c)); err != nil {
			t.Errorf("%s, within the clocks' difference: %v", name, err)
		}
	}
}

func mustJSON(t *testing.T, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
