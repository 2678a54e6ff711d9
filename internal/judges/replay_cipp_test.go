package judges_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/entente-id/entente/ententetest"
	"github.com/entente-id/entente/internal/judges"
)

var cipp = judges.Client{Name: "CIPP", Source: "Replayed: its token requests"}

func TestCIPPGetsItsTokens(t *testing.T) {
	w := ententetest.Start(t)
	ledger.Judge(t, cipp, "the tenant's id from the issuer, by domain", "", func(t *testing.T) {
		document := get(t, w, "/adatum.example/v2.0/.well-known/openid-configuration").must(t, http.StatusOK)
		if parts := strings.Split(document.text(t, "issuer"), "/"); parts[3] != ententetest.Adatum {
			t.Errorf("the issuer is %v", parts)
		}
	})
	ledger.Judge(t, cipp, "refresh at the customer's tenant for {resource}/.default", "", func(t *testing.T) {
		const redirect = "http://localhost:8400/"
		answer := signIn(t, w.Visitor(ententetest.Ada), w.Origin+"/common/oauth2/v2.0/authorize?"+url.Values{
			"client_id": {ententetest.PortalApp}, "response_type": {"code"}, "redirect_uri": {redirect}, "response_mode": {"query"},
			"scope": {graph + "/.default offline_access profile openid"}, "state": {"1"}, "prompt": {"select_account"},
		}.Encode(), redirect)
		first := post(t, w, "/"+ententetest.Northwind+"/oauth2/v2.0/token", portal("grant_type", "authorization_code", "code", answer.Get("code"),
			"redirect_uri", redirect, "scope", graph+"/.default offline_access profile openid")).must(t, http.StatusOK)
		got := post(t, w, "/adatum.example/oauth2/v2.0/token", portal("grant_type", "refresh_token", "refresh_token", first.text(t, "refresh_token"),
			"scope", graph+"/.default")).must(t, http.StatusOK)
		expect(t, "token", claimsOf(t, got.text(t, "access_token")), map[string]any{"tid": ententetest.Adatum, "aud": graph})
		if _, ok := got.body["expires_in"].(float64); !ok {
			t.Errorf("expires_in is no number: %s", got.raw)
		}
		get(t, w, "/v1.0/organization", bearer(got.text(t, "access_token"))...).must(t, http.StatusOK)
	})
	ledger.Judge(t, cipp, "app-only by certificate, with the assertion in the body and as a bearer token", "", func(t *testing.T) {
		address := w.Origin + "/" + ententetest.Adatum + "/oauth2/v2.0/token"
		assertion := nightly(t, w).assert(t, map[string]any{"aud": address})
		got := post(t, w, "/"+ententetest.Adatum+"/oauth2/v2.0/token", url.Values{
			"client_id": {ententetest.NightlyApp}, "scope": {graph + "/.default"}, "grant_type": {"client_credentials"},
			"client_assertion_type": {assertionKind}, "client_assertion": {assertion},
		}, bearer(assertion)...).must(t, http.StatusOK)
		expect(t, "token", claimsOf(t, got.text(t, "access_token")), map[string]any{"tid": ententetest.Adatum, "appid": ententetest.NightlyApp, "appidacr": "2"})
	})
}
