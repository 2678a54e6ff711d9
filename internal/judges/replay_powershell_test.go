package judges_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"testing"

	"github.com/entente-id/entente/ententetest"
	"github.com/entente-id/entente/internal/judges"
)

var powershell = judges.Client{Name: "Partner Center PowerShell 3.x", Source: "Replayed: New-PartnerAccessToken and Connect-PartnerCenter"}

// msalNet are the headers of the library below the module.
var msalNet = []string{"x-client-SKU", "MSAL.NetCore", "x-client-Ver", "4.8.2.0", "x-client-OS", "Linux", "return-client-request-id", "true", "client-request-id", "1a2b3c4d-5e6f-4a7b-8c9d-0e1f2a3b4c5d"}

func TestThePowerShellModuleGetsItsTokens(t *testing.T) {
	w := ententetest.Start(t)
	const scopes = partnerCenter + "/user_impersonation offline_access openid profile"
	var stored string
	ledger.Judge(t, powershell, "New-PartnerAccessToken -UseAuthorizationCode: the refresh token can be dug out of the cache", "", func(t *testing.T) {
		const redirect = "http://localhost:8400/"
		answer := signIn(t, w.Visitor(ententetest.Ada), w.Origin+"/organizations/oauth2/v2.0/authorize?"+url.Values{
			"client_id": {ententetest.PortalApp}, "response_type": {"code"}, "redirect_uri": {redirect}, "scope": {scopes}, "client_info": {"1"},
			"prompt": {"select_account"}, "state": {"ec5d1f0e"}, "x-client-SKU": {"MSAL.NetCore"}, "x-client-Ver": {"4.8.2.0"},
			"code_challenge": {challengeOf(verifier)}, "code_challenge_method": {"S256"}, "haschrome": {"1"},
		}.Encode(), redirect)
		got := post(t, w, "/organizations/oauth2/v2.0/token", portal("grant_type", "authorization_code", "code", answer.Get("code"),
			"redirect_uri", redirect, "code_verifier", verifier, "scope", scopes, "client_info", "1"), msalNet...).must(t, http.StatusOK)
		// {home_account_id}-{environment}-RefreshToken-{client_id}-- is the key:
		// without client_info or ID token the property is silently empty.
		raw, err := base64.RawURLEncoding.DecodeString(got.text(t, "client_info"))
		if err != nil {
			t.Fatal(err)
		}
		var home map[string]any
		if err := json.Unmarshal(raw, &home); err != nil {
			t.Fatal(err)
		}
		expect(t, "client_info", home, map[string]any{"uid": adaID, "utid": ententetest.Northwind})
		expect(t, "ID token", claimsOf(t, got.text(t, "id_token")), map[string]any{"tid": ententetest.Northwind, "oid": adaID, "preferred_username": ententetest.Ada})
		if n, ok := got.body["expires_in"].(float64); !ok || n < 3600 || n > 5400 {
			t.Errorf("expires_in is %v", got.body["expires_in"])
		}
		stored = got.text(t, "refresh_token")
	})
	if stored == "" {
		t.FailNow()
	}
	ledger.Judge(t, powershell, "New-PartnerAccessToken -RefreshToken -Tenant: a token at the customer", "", func(t *testing.T) {
		got := post(t, w, "/"+ententetest.Adatum+"/oauth2/v2.0/token", portal("grant_type", "refresh_token", "refresh_token", stored,
			"scope", graph+"/.default offline_access openid profile", "client_info", "1"), msalNet...).must(t, http.StatusOK)
		expect(t, "token", claimsOf(t, got.text(t, "access_token")), map[string]any{"tid": ententetest.Adatum, "aud": graph, "amr": []string{"pwd", "mfa"}})
		expect(t, "ID token", claimsOf(t, got.text(t, "id_token")), map[string]any{"tid": ententetest.Adatum})
	})
	ledger.Judge(t, powershell, "Connect-PartnerCenter: reads the organisation's country and culture", "", func(t *testing.T) {
		got := post(t, w, "/organizations/oauth2/v2.0/token", portal("grant_type", "refresh_token", "refresh_token", stored, "scope", scopes, "client_info", "1"), msalNet...).must(t, http.StatusOK)
		// -AccessToken decodes the token without asking anybody.
		claims := claimsOf(t, got.text(t, "access_token"))
		for _, name := range []string{"exp", "tid", "upn", "oid"} {
			if claims[name] == nil {
				t.Errorf("the access token has no %s", name)
			}
		}
		profile := get(t, w, "/v1/profiles/organization", append(bearer(got.text(t, "access_token")), "MS-PartnerCenter-Client", "Partner Center PowerShell", "MS-Enforce-MFA", "True")...).must(t, http.StatusOK)
		expect(t, "profile", profile.body, map[string]any{"culture": "en-GB"})
		address, _ := profile.body["defaultAddress"].(map[string]any)
		expect(t, "address", address, map[string]any{"country": "GB"})
	})
}
