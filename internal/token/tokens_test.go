package token_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/entente-id/entente/ententetest"
	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/devworld"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/token"
)

// bench is a world in which Portal holds a code and a refresh token of Ada's.
type bench struct {
	testing.TB
	*devworld.World
	portal application.Authenticated
}

func newBench(t testing.TB) bench {
	t.Helper()
	w := ententetest.Start(t).Inside()
	portal, err := w.Apps.Authenticate(t.Context(), application.Proof{App: devworld.Portal, Secret: devworld.PortalSecret})
	if err != nil {
		t.Fatal(err)
	}
	return bench{t, w, portal}
}

func (b bench) grant() token.Grant {
	now := b.Source.Now()
	return token.Grant{Client: devworld.Portal, Home: devworld.Northwind, Account: "b0000000-0000-4000-8000-000000000001", SignInName: devworld.Ada,
		Methods: []string{"pwd", "mfa"}, AuthAt: now, FactorAt: now, Offline: true}
}

func (b bench) code() string {
	b.Helper()
	code, err := b.Families.Code(b.grant())
	if err != nil {
		b.Fatal(err)
	}
	return code
}

// redeem spends a code as the token endpoint does.
func (b bench) redeem(code string) (string, error) {
	g, err := b.Families.Open(code, b.portal)
	if err != nil {
		return "", err
	}
	return b.Families.Redeem(b.Context(), code, g, token.Use{Client: b.portal})
}

// accessToken is one of Ada's for Portal at Graph.
func (b bench) accessToken() string {
	b.Helper()
	ctx := b.Context()
	northwind, err := b.Tenants.Find(ctx, devworld.Northwind)
	if err != nil {
		b.Fatal(err)
	}
	ada, err := b.People.Named(ctx, devworld.Northwind, devworld.Ada)
	if err != nil {
		b.Fatal(err)
	}
	graph, err := b.Apps.Find(ctx, application.GraphApp)
	if err != nil {
		b.Fatal(err)
	}
	person := token.Member(ada)
	minted, err := b.Issuer.AccessToken(ctx, token.Access{
		Tenant: northwind, Client: b.portal, Resource: graph, Audience: "https://graph.microsoft.com", Person: &person, Scopes: []string{"User.Read"}, Grant: b.grant(),
	})
	if err != nil {
		b.Fatal(err)
	}
	return minted.Text
}

func TestACodeHasOneSpellingSoThatItServesOnce(t *testing.T) {
	b := newBench(t)
	for name, respell := range map[string]func(string) string{
		"a line feed at the end":      func(s string) string { return s + "\n" },
		"a line feed inside":          func(s string) string { return s[:20] + "\n" + s[20:] },
		"a carriage return inside":    func(s string) string { return s[:20] + "\r\n" + s[20:] },
		"padding":                     func(s string) string { return s + "=" },
		"other spare bits at the end": spareBits,
	} {
		code := b.code()
		if _, err := b.redeem(code); err != nil {
			t.Fatal(err)
		}
		if again := respell(code); again != code {
			if _, err := b.redeem(again); err == nil {
				t.Errorf("spelt with %s, a spent code serves again", name)
			}
		}
	}
}

// spareBits changes the last character to one that decodes to the same bytes,
// where the length leaves such bits over.
func spareBits(text string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	body := text[strings.Index(text, ".")+1:]
	if len(body)%4 == 0 {
		return text
	}
	i := strings.IndexByte(alphabet, text[len(text)-1])
	return text[:len(text)-1] + string(alphabet[i^1])
}

func TestARefreshTokenHasOneSpelling(t *testing.T) {
	b := newBench(t)
	refresh, err := b.redeem(b.code())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Families.Find(t.Context(), refresh, devworld.Portal); err != nil {
		t.Fatal(err)
	}
	for _, other := range []string{refresh + "\n", refresh[:9] + "\r\n" + refresh[9:], refresh + "=", " " + refresh, spareBits(refresh), strings.ToLower(refresh)} {
		if _, err := b.Families.Find(t.Context(), other, devworld.Portal); !fault.Has(err, fault.GrantInvalid) {
			t.Errorf("%q finds its family: %v", other, err)
		}
	}
}

func TestATokenThatSaysItsOwnAlgorithmIsRefused(t *testing.T) {
	b := newBench(t)
	parts := strings.Split(b.accessToken(), ".")
	for _, header := range []string{`{"alg":"none"}`, `{"alg":"HS256","kid":"a"}`, `{"alg":"RS256","jwk":{}}`, `{}`} {
		forged := base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + parts[1] + "."
		for _, signature := range []string{"", parts[2]} {
			if _, err := b.Issuer.Verify(t.Context(), forged+signature); !fault.Has(err, fault.AccessTokenInvalid) {
				t.Errorf("%s: %v", header, err)
			}
			if _, err := b.Issuer.ReadHint(t.Context(), forged+signature); !fault.Has(err, fault.AccessTokenInvalid) {
				t.Errorf("%s as hint: %v", header, err)
			}
		}
	}
}
