package ententetest_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/entente-id/entente/ententetest"
)

// post sends a form to the token endpoint and gives the status and the body.
func post(t *testing.T, w *ententetest.World, path string, form url.Values) (int, map[string]any) {
	t.Helper()
	response, err := w.Client().PostForm(w.Origin+path, form)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(body, &m); err != nil {
		t.Fatalf("%s answers no JSON: %s", path, body)
	}
	return response.StatusCode, m
}

func claims(t *testing.T, token string) map[string]any {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("not a JWT: %q", token)
	}
	b, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(b, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

func TestThePartnersConsentBecomesACustomersToken(t *testing.T) {
	w := ententetest.Start(t)
	ctx := context.Background()
	v := w.Visitor(ententetest.Ada)
	authorize := w.Origin + "/organizations/oauth2/v2.0/authorize?" + url.Values{
		"client_id": {ententetest.PortalApp}, "response_type": {"code"}, "redirect_uri": {"http://localhost:8400/"},
		"scope": {"https://api.partnercenter.microsoft.com/user_impersonation offline_access openid profile"}, "state": {"s+ /%&"},
	}.Encode()
	got, err := v.SignIn(ctx, authorize, "http://localhost:8400/")
	if err != nil {
		t.Fatalf("sign-in after %q: %v", v.Steps, err)
	}
	if got.Get("state") != "s+ /%&" {
		t.Errorf("state came back as %q", got.Get("state"))
	}
	status, token := post(t, w, "/organizations/oauth2/v2.0/token", url.Values{
		"grant_type": {"authorization_code"}, "code": {got.Get("code")}, "redirect_uri": {"http://localhost:8400/"},
		"client_id": {ententetest.PortalApp}, "client_secret": {ententetest.PortalSecret}, "client_info": {"1"},
		"scope": {"https://api.partnercenter.microsoft.com/user_impersonation offline_access openid profile"},
	})
	if status != http.StatusOK {
		t.Fatalf("redeem: %d %v", status, token)
	}
	partner := claims(t, token["access_token"].(string))
	if partner["aud"] != "https://api.partnercenter.microsoft.com" || partner["scp"] != "user_impersonation" {
		t.Errorf("partner token: %v", partner)
	}
	status, customer := post(t, w, "/adatum.example/oauth2/token", url.Values{
		"grant_type": {"refresh_token"}, "refresh_token": {token["refresh_token"].(string)}, "resource": {"https://graph.microsoft.com"},
		"client_id": {ententetest.PortalApp}, "client_secret": {ententetest.PortalSecret},
	})
	if status != http.StatusOK {
		t.Fatalf("exchange at the customer: %d %v", status, customer)
	}
	at := claims(t, customer["access_token"].(string))
	if at["tid"] != ententetest.Adatum || at["iss"] != "https://sts.windows.net/"+ententetest.Adatum+"/" {
		t.Errorf("the customer's token is for tenant %v of %v", at["tid"], at["iss"])
	}
	amr, _ := json.Marshal(at["amr"])
	if string(amr) != `["pwd","mfa"]` {
		t.Errorf("amr = %s", amr)
	}
	t.Logf("pages: %q", v.Steps)
}
