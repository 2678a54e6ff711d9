package judges_test

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"

	"github.com/entente-id/entente/ententetest"
	"github.com/entente-id/entente/internal/judges"
)

var dotnet = judges.Client{Name: "Partner Center .NET samples", Source: "Replayed: PartnerConsent and CSPApplication of secure-app-model/keyvault"}

// TestTheDotNetSamplesConsentOnceAndWorkFromTheVault replays the two official
// .NET samples. Their AADInstance ends in a slash, so every address has two.
func TestTheDotNetSamplesConsentOnceAndWorkFromTheVault(t *testing.T) {
	var days atomic.Int64
	w := ententetest.StartWith(t, ententetest.Options{Now: func() time.Time {
		return time.Now().UTC().Add(time.Duration(days.Load()) * 24 * time.Hour)
	}})
	vault := map[string]string{}
	ledger.Judge(t, dotnet, "PartnerConsent: hybrid sign-in by form_post without redirect_uri, redeemed at v1 under a doubled slash", "", func(t *testing.T) {
		document := get(t, w, "//common/.well-known/openid-configuration").must(t, http.StatusOK)
		code, idToken := owinSignIn(t, w, document)
		tid, _ := claimsOf(t, idToken)["tid"].(string)
		answer := post(t, w, "//"+tid+"/oauth2/token", portal("resource", partnerCenter, "grant_type", "authorization_code",
			"code", code, "redirect_uri", "http://localhost/")).must(t, http.StatusOK)
		for _, name := range []string{"expires_in", "ext_expires_in", "expires_on", "not_before"} {
			number(t, answer, name)
		}
		if answer.text(t, "resource") != partnerCenter || answer.text(t, "scope") != "user_impersonation" {
			t.Errorf("the answer is %s", answer.raw)
		}
		vault[tid] = answer.text(t, "refresh_token")
	})
	stored := vault[ententetest.Northwind]
	if stored == "" {
		t.FailNow()
	}
	ledger.Judge(t, dotnet, "CSPApplication: the one refresh token of the vault serves for months, and its successors are thrown away",
		"a refresh token stays good while its successor was never presented (class overlap). The list of customers stands for the customer's users, which the sample reads and which are not served yet", func(t *testing.T) {
			// Together longer than an unused refresh token lives.
			for range 4 {
				days.Add(40)
				at := cspRefresh(t, w, "//"+ententetest.Northwind, partnerCenter, stored)
				customers := get(t, w, "/v1//customers", bearer(at)...).must(t, http.StatusOK)
				if customers.body["totalCount"] != float64(8) {
					t.Errorf("the customers are %s", customers.raw)
				}
				me := get(t, w, "/v1.0/me", bearer(cspRefresh(t, w, "//"+ententetest.Northwind, graph, stored))...).must(t, http.StatusOK)
				expect(t, "me", me.body, map[string]any{"userPrincipalName": ententetest.Ada, "id": adaID})
				there := cspRefresh(t, w, "/"+ententetest.Adatum, graph, stored)
				users := get(t, w, "/v1.0/users", bearer(there)...).must(t, http.StatusOK)
				if !strings.Contains(string(users.raw), `"userPrincipalName":"admin@adatum.example"`) || strings.Contains(string(users.raw), "northwind") {
					t.Errorf("the customer's people are %s", users.raw)
				}
			}
		})
	ledger.Judge(t, dotnet, "CSPApplication: the customer's token for graph.windows.net, as its last revision asks",
		"refused with 65001, where the customer allowed Microsoft Graph alone; Azure AD Graph is retired at Microsoft, too", func(t *testing.T) {
			refused := post(t, w, "/"+ententetest.Adatum+"/oauth2/token", portal("grant_type", "refresh_token", "refresh_token", stored, "resource", oldGraph)).must(t, http.StatusBadRequest)
			if refused.code(t) != 65001 {
				t.Errorf("refused with %s", refused.raw)
			}
		})
}

// owinSignIn is what OWIN's OpenID Connect middleware does around the pages.
func owinSignIn(t *testing.T, w *ententetest.World, document reply) (code, idToken string) {
	t.Helper()
	if got, want := document.text(t, "issuer"), "https://sts.windows.net/{tenantid}/"; got != want {
		t.Errorf("the issuer is %s, want %s", got, want)
	}
	authorize := document.text(t, "authorization_endpoint")
	if authorize != w.Origin+"/common/oauth2/authorize" {
		t.Errorf("the authorize address is %s", authorize)
	}
	const state, nonce = "OpenIdConnect.AuthenticationProperties=abc_-%2B", "639000000000000000.YWJj"
	answer := signIn(t, w.Visitor(ententetest.Ada), authorize+"?"+url.Values{
		"client_id": {ententetest.PortalApp}, "response_mode": {"form_post"}, "response_type": {"code id_token"}, "scope": {"openid profile"},
		"state": {state}, "nonce": {nonce}, "amr_values": {"mfa"}, "x-client-SKU": {"ID_NET461"}, "x-client-ver": {"5.3.0.0"},
	}.Encode(), "http://localhost")
	if answer.Get("state") != state || answer.Get("session_state") == "" {
		t.Errorf("the answer is %v", answer)
	}
	code, idToken = answer.Get("code"), answer.Get("id_token")
	// The sample switches the check of the issuer off; everything else is on.
	keys := oidc.NewRemoteKeySet(oidc.ClientContext(context.WithoutCancel(t.Context()), w.Client()), document.text(t, "jwks_uri"))
	if _, err := keys.VerifySignature(t.Context(), idToken); err != nil {
		t.Errorf("the ID token's signature: %v", err)
	}
	claims := claimsOf(t, idToken)
	expect(t, "ID token", claims, map[string]any{
		"aud": ententetest.PortalApp, "nonce": nonce, "c_hash": halfHash(code), "tid": ententetest.Northwind, "oid": adaID,
		"amr": []string{"pwd", "mfa"}, "iss": "https://sts.windows.net/" + ententetest.Northwind + "/", "upn": ententetest.Ada,
	})
	for _, name := range []string{"sub", "iat", "exp", "nbf"} {
		if claims[name] == nil {
			t.Errorf("the ID token has no %s", name)
		}
	}
	return code, idToken
}

// cspRefresh is RefreshAccessTokenAsync of the sample. Whatever refresh token
// comes back is dropped, as there.
func cspRefresh(t *testing.T, w *ententetest.World, authority, resource, refreshToken string) string {
	t.Helper()
	answer := post(t, w, authority+"/oauth2/token", portal("grant_type", "refresh_token", "refresh_token", refreshToken, "resource", resource)).must(t, http.StatusOK)
	want := []string{"access_token", "expires_in", "expires_on", "ext_expires_in", "not_before", "refresh_token", "resource", "scope", "token_type"}
	for _, name := range want {
		if !slices.Contains(answer.keys(), name) {
			t.Errorf("the answer lacks %s: %q", name, answer.keys())
		}
	}
	number(t, answer, "expires_on")
	return answer.text(t, "access_token")
}
