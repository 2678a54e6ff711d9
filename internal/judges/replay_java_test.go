package judges_test

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/entente-id/entente/ententetest"
	"github.com/entente-id/entente/internal/judges"
)

var java = judges.Client{Name: "Partner Center Java samples (adal4j)", Source: "Replayed: partnerconsent and cspsample of secure-app-model/keyvault"}

// adal4j are the headers of the library.
var adal4j = []string{
	"Accept", "application/json", "x-client-SKU", "java", "x-client-VER", "1.6.4", "x-client-OS", "Linux", "x-client-CPU", "amd64",
	"client-request-id", "0f1d2c3b-4a59-4687-9a5b-6c7d8e9fa0b1", "return-client-request-id", "true",
}

func TestTheJavaSamplesConsentOnceAndWorkFromTheVault(t *testing.T) {
	w := ententetest.Start(t)
	ledger.Judge(t, java, "adal4j: instance discovery on the authority's own host", "", func(t *testing.T) {
		asked := url.Values{"api-version": {"1.0"}, "authorization_endpoint": {w.Origin + "/common/oauth2/authorize"}}
		answer := get(t, w, "/common/discovery/instance?"+asked.Encode(), adal4j...).must(t, http.StatusOK)
		if !strings.HasPrefix(answer.text(t, "tenant_discovery_endpoint"), w.Origin+"/common/") {
			t.Errorf("the answer is %s", answer.raw)
		}
	})
	var stored string
	ledger.Judge(t, java, "partnerconsent: code by form_post and nothing but the code, redeemed at /common without a resource", "the token is for Microsoft Graph, which replaced the default resource of that time", func(t *testing.T) {
		const redirect, state, nonce = "http://localhost:8080/", "2c4c1c6e-8f55-44c8-9f75-3d8f0a1f1b52", "5b0f6c3e-7d0a-4a39-9d59-0d5e53d3d3f1"
		answer := signIn(t, w.Visitor(ententetest.Ada), w.Origin+"/common/oauth2/authorize?response_type=code&scope=openid&response_mode=form_post&redirect_uri="+
			url.QueryEscape(redirect)+"&client_id="+ententetest.PortalApp+"&state="+state+"&nonce="+nonce, redirect)
		if got := slices.Sorted(maps.Keys(answer)); !slices.Equal(got, []string{"code", "session_state", "state"}) || answer.Get("state") != state {
			t.Errorf("the answer carries %v", answer)
		}
		got := post(t, w, "/common/oauth2/token", portal("grant_type", "authorization_code", "code", answer.Get("code"), "redirect_uri", redirect, "scope", "openid"), adal4j...).must(t, http.StatusOK)
		if got.header.Get("client-request-id") != "0f1d2c3b-4a59-4687-9a5b-6c7d8e9fa0b1" {
			t.Error("the library's request id did not come back")
		}
		expect(t, "ID token", claimsOf(t, got.text(t, "id_token")), map[string]any{"nonce": nonce, "tid": ententetest.Northwind, "aud": ententetest.PortalApp})
		number(t, got, "expires_in")
		stored = got.text(t, "refresh_token")
	})
	if stored == "" {
		t.FailNow()
	}
	ledger.Judge(t, java, "partnerconsent: refresh at /common without a resource", "", func(t *testing.T) {
		got := post(t, w, "/common/oauth2/token", portal("grant_type", "refresh_token", "refresh_token", stored, "scope", "openid"), adal4j...).must(t, http.StatusOK)
		expect(t, "ID token", claimsOf(t, got.text(t, "id_token")), map[string]any{"tid": ententetest.Northwind})
		got.text(t, "refresh_token")
	})
	ledger.Judge(t, java, "cspsample: the SDK with user credentials reads the profile and the customers", "", func(t *testing.T) {
		// The vault still holds the first refresh token.
		got := post(t, w, "/"+ententetest.Northwind+"/oauth2/token", portal("grant_type", "refresh_token", "refresh_token", stored, "resource", partnerCenter, "scope", "openid"), adal4j...).must(t, http.StatusOK)
		sdk := append(bearer(got.text(t, "access_token")),
			"Accept", "application/json", "Content-Type", "application/json", "MS-Contract-Version", "v1", "MS-SdkVersion", "1.15.3",
			"MS-PartnerCenter-Client", "Partner Center Java SDK", "X-Locale", "en-US",
			"MS-RequestId", "7d1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d", "MS-CorrelationId", "8e2c3d4e-5f6a-4b7c-9d8e-0f1a2b3c4d5e")
		profile := get(t, w, "/v1/profiles/organization", sdk...).must(t, http.StatusOK)
		expect(t, "profile", profile.body, map[string]any{"companyName": "Northwind", "tenantId": ententetest.Northwind})
		customers := get(t, w, "/v1/customers?size=40", sdk...).must(t, http.StatusOK)
		expect(t, "customers", customers.body, map[string]any{"totalCount": 8})
		if customers.header.Get("MS-RequestId") != "7d1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d" || customers.header.Get("MS-CorrelationId") != "8e2c3d4e-5f6a-4b7c-9d8e-0f1a2b3c4d5e" {
			t.Errorf("the ids did not come back: %v", customers.header)
		}
	})
}
