package judges_test

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/entente-id/entente/ententetest"
	"github.com/entente-id/entente/internal/judges"
)

var (
	goOIDC  = judges.Client{Name: "coreos/go-oidc", Module: "github.com/coreos/go-oidc/v3"}
	xOAuth2 = judges.Client{Name: "golang.org/x/oauth2", Module: "golang.org/x/oauth2"}
)

// witness notes how a client authenticates at the token endpoint.
type witness struct {
	http.RoundTripper
	mu    sync.Mutex
	basic []bool
}

func (w *witness) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.HasSuffix(r.URL.Path, "/token") {
		_, _, ok := r.BasicAuth()
		w.mu.Lock()
		w.basic = append(w.basic, ok)
		w.mu.Unlock()
	}
	return w.RoundTripper.RoundTrip(r)
}

func TestStandardOpenIDConnectClientsWork(t *testing.T) {
	w := ententetest.Start(t)
	seen := &witness{RoundTripper: w.Client().Transport}
	ctx := oidc.ClientContext(t.Context(), &http.Client{Transport: seen})
	authority := w.Origin + "/" + ententetest.Northwind + "/v2.0"
	var provider *oidc.Provider
	ledger.Judge(t, goOIDC, "discovery on the authority of the tenant's id", "", func(t *testing.T) {
		var err error
		if provider, err = oidc.NewProvider(ctx, authority); err != nil {
			t.Fatal(err)
		}
	})
	ledger.Judge(t, goOIDC, "discovery by domain name is refused by the client", "as at Microsoft: the issuer is always the tenant's id", func(t *testing.T) {
		if _, err := oidc.NewProvider(ctx, w.Origin+"/northwind.example/v2.0"); err == nil || !strings.Contains(err.Error(), authority) {
			t.Errorf("error %v does not name the issuer %s", err, authority)
		}
	})
	if provider == nil {
		t.FailNow()
	}
	config := oauth2.Config{
		ClientID: ententetest.PortalApp, ClientSecret: ententetest.PortalSecret, Endpoint: provider.Endpoint(),
		RedirectURL: "http://localhost:8400/", Scopes: []string{oidc.ScopeOpenID, "profile", "email", oidc.ScopeOfflineAccess},
	}
	var got *oauth2.Token
	var identity *oidc.IDToken
	ledger.Judge(t, goOIDC, "code with PKCE and nonce; the ID token verifies against the published keys", "", func(t *testing.T) {
		pkce := oauth2.GenerateVerifier()
		address := config.AuthCodeURL("state with spaces & signs", oidc.Nonce("nonce-1"), oauth2.S256ChallengeOption(pkce))
		answer := signIn(t, w.Visitor(ententetest.Ada), address, config.RedirectURL)
		if answer.Get("state") != "state with spaces & signs" {
			t.Errorf("state came back as %q", answer.Get("state"))
		}
		var err error
		if got, err = config.Exchange(ctx, answer.Get("code"), oauth2.VerifierOption(pkce)); err != nil {
			t.Fatal(err)
		}
		raw, _ := got.Extra("id_token").(string)
		if identity, err = provider.Verifier(&oidc.Config{ClientID: ententetest.PortalApp}).Verify(ctx, raw); err != nil {
			t.Fatal(err)
		}
		if identity.Nonce != "nonce-1" {
			t.Errorf("nonce %q", identity.Nonce)
		}
		if err := identity.VerifyAccessToken(got.AccessToken); err != nil {
			t.Errorf("at_hash: %v", err)
		}
	})
	if got == nil || identity == nil {
		t.FailNow()
	}
	ledger.Judge(t, goOIDC, "userinfo names the same subject as the ID token", "", func(t *testing.T) {
		info, err := provider.UserInfo(ctx, config.TokenSource(ctx, got))
		if err != nil {
			t.Fatal(err)
		}
		if info.Subject == "" || info.Subject != identity.Subject {
			t.Errorf("userinfo says %q, the ID token %q", info.Subject, identity.Subject)
		}
		if info.Email != ententetest.Ada {
			t.Errorf("email %q", info.Email)
		}
	})
	ledger.Judge(t, xOAuth2, "refresh brings a new ID token for the same subject", "", func(t *testing.T) {
		fresh, err := config.TokenSource(ctx, &oauth2.Token{RefreshToken: got.RefreshToken}).Token()
		if err != nil {
			t.Fatal(err)
		}
		raw, _ := fresh.Extra("id_token").(string)
		again, err := provider.Verifier(&oidc.Config{ClientID: ententetest.PortalApp}).Verify(ctx, raw)
		if err != nil {
			t.Fatal(err)
		}
		if again.Subject != identity.Subject || again.Nonce != "" {
			t.Errorf("subject %q, nonce %q", again.Subject, again.Nonce)
		}
	})
	ledger.Judge(t, xOAuth2, "HTTP Basic is tried first and works at once", "", func(t *testing.T) {
		seen.basic = nil
		app := clientcredentials.Config{
			ClientID: ententetest.PortalApp, ClientSecret: ententetest.PortalSecret,
			TokenURL: w.Origin + "/northwind.example/oauth2/v2.0/token", Scopes: []string{graph + "/.default"},
		}
		if _, err := app.Token(ctx); err != nil {
			t.Fatal(err)
		}
		if len(seen.basic) != 1 || !seen.basic[0] {
			t.Errorf("the client asked with Basic: %v", seen.basic)
		}
	})
	ledger.Judge(t, goOIDC, "the keys of a personal account do not verify a work account's token", "", func(t *testing.T) {
		keys := oidc.NewRemoteKeySet(context.WithoutCancel(ctx), w.Origin+"/consumers/discovery/v2.0/keys")
		raw, _ := got.Extra("id_token").(string)
		if _, err := keys.VerifySignature(ctx, raw); err == nil {
			t.Error("it verified")
		}
	})
}
