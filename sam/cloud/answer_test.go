package cloud_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/entente-id/entente/sam/cloud"
	"github.com/entente-id/entente/sam/secret"
)

const canary = "canary-5b1e-do-not-show"

func refreshAgainst(t *testing.T, status int, body string, headers ...string) (cloud.Answer, error) {
	t.Helper()
	app := newApp(cloud.Global(), cloud.ClientSecret(secret.New(canary+"-secret")), func(*http.Request) (*http.Response, error) {
		return answer(status, body, headers...), nil
	})
	return app.Refresh(context.Background(), cloud.Refresh{Tenant: partnerTenant, Resource: app.Cloud.PartnerCenter(),
		Token: secret.New(canary + "-refresh"), Key: secret.New(canary + "-key-0001")})
}

func TestBothWiresAreRead(t *testing.T) {
	for name, body := range map[string]string{
		"version 1, numbers as strings": `{"token_type":"Bearer","expires_in":"3599","expires_on":"1893459599","access_token":"a","refresh_token":"r","id_token":"i"}`,
		"version 2, numbers":            `{"token_type":"Bearer","expires_in":3599,"access_token":"a","refresh_token":"r","id_token":"i"}`,
	} {
		got, err := refreshAgainst(t, 200, body)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got.Access.Reveal() != "a" || got.Refresh.Reveal() != "r" || got.ID.Reveal() != "i" || got.Life != 3599*time.Second {
			t.Errorf("%s: wrong fields; life %v", name, got.Life)
		}
	}
}

func TestARefusalTellsEverythingTheWireTells(t *testing.T) {
	_, err := refreshAgainst(t, 400, `{"error":"invalid_grant","error_description":"AADSTS50076: Due to a configuration change you must use multi-factor authentication.\r\nTrace ID: 3a\r\nCorrelation ID: 5f",
		"error_codes":[50076],"trace_id":"3a-trace","correlation_id":"5f-correlation","suberror":"basic_action","claims":"{\"access_token\":{}}"}`)
	refusal, ok := errors.AsType[*cloud.Refusal](err)
	if !ok {
		t.Fatalf("err = %v", err)
	}
	if refusal.Code != "invalid_grant" || refusal.Number() != 50076 || refusal.Suberror != "basic_action" || refusal.Claims != `{"access_token":{}}` {
		t.Errorf("refusal = %+v", refusal)
	}
	if refusal.Reference != "5f-correlation" || refusal.Trace != "3a-trace" || refusal.Status != 400 {
		t.Errorf("refusal = %+v", refusal)
	}
	if want := "AADSTS50076: Due to a configuration change you must use multi-factor authentication."; err.Error() != want {
		t.Errorf("text = %q", err.Error())
	}
	if cloud.Transient(err) {
		t.Error("a refusal of the grant is not transient")
	}
}

func TestTheDecisiveNumberComesFirst(t *testing.T) {
	_, err := refreshAgainst(t, 400, `{"error":"invalid_grant","error_codes":[70002,70008],"error_description":"AADSTS70002: Error validating credentials. AADSTS70008: expired"}`)
	refusal, _ := errors.AsType[*cloud.Refusal](err)
	if refusal == nil || !slices.Equal(refusal.Numbers, []int{70008, 70002}) {
		t.Errorf("refusal = %+v", refusal)
	}
	_, err = refreshAgainst(t, 400, `{"error":"invalid_grant","error_description":"AADSTS700082: The refresh token has expired"}`)
	refusal, _ = errors.AsType[*cloud.Refusal](err)
	if refusal == nil || refusal.Number() != 700082 {
		t.Errorf("a number that is only in the text was not read: %+v", refusal)
	}
}

func TestWhatMayBeAskedAgain(t *testing.T) {
	for _, test := range []struct {
		status int
		body   string
		wait   string
		again  bool
		after  time.Duration
	}{
		{429, `{"error":"temporarily_unavailable"}`, "57", true, 57 * time.Second},
		{503, `<html>busy</html>`, "Sun, 22 Nov 2026 15:02:00 GMT", true, 2 * time.Minute},
		{500, ``, "", true, 0},
		{400, `{"error":"invalid_grant"}`, "", false, 0},
		{401, `{"error":"invalid_client","error_codes":[7000215]}`, "", false, 0},
	} {
		_, err := refreshAgainst(t, test.status, test.body, "Retry-After", test.wait)
		refusal, ok := errors.AsType[*cloud.Refusal](err)
		if !ok {
			t.Fatalf("%d: %v", test.status, err)
		}
		if cloud.Transient(err) != test.again || refusal.RetryAfter != test.after {
			t.Errorf("%d: transient %t after %v, want %t after %v", test.status, cloud.Transient(err), refusal.RetryAfter, test.again, test.after)
		}
	}
}

func TestAPageInsteadOfATokenIsNoAnswer(t *testing.T) {
	for _, body := range []string{"<html>Welcome to the hotel</html>", `{"access_token":""}`, `{"access_token":"a`, `{"access_token":"a","token_type":"mac"}`} {
		_, err := refreshAgainst(t, 200, body)
		if !errors.Is(err, cloud.ErrUnanswered) || !cloud.Transient(err) {
			t.Errorf("%q: err = %v", body, err)
		}
	}
}

func TestAnAnswerLargerThanAMebibyteIsRefused(t *testing.T) {
	_, err := refreshAgainst(t, 200, `{"access_token":"`+strings.Repeat("a", 1<<20)+`"}`)
	if !errors.Is(err, cloud.ErrUnanswered) {
		t.Errorf("err = %v", err)
	}
}

func TestAFormWithASecretNeverFollowsARedirect(t *testing.T) {
	var reached bool
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
	defer elsewhere.Close()
	for _, status := range []int{301, 302, 303, 307, 308} {
		_, err := refreshAgainst(t, status, "", "Location", elsewhere.URL)
		if err == nil {
			t.Errorf("%d was taken as an answer", status)
		}
	}
	if reached {
		t.Error("the form was sent to another address")
	}
}

func TestAnEchoedSecretIsCutOutOfTheError(t *testing.T) {
	_, err := refreshAgainst(t, 400, `{"error":"invalid_grant","error_description":"AADSTS9002313: bad body refresh_token=`+canary+`-refresh&client_secret=`+canary+`-secret\u001b[31m\r\nforged line","suberror":"`+canary+`-key-0001"}`)
	if err == nil || strings.Contains(err.Error(), canary) {
		t.Fatalf("err = %v", err)
	}
	refusal, _ := errors.AsType[*cloud.Refusal](err)
	if strings.Contains(refusal.Suberror, canary) || strings.ContainsAny(refusal.Description, "\r\n\x1b") {
		t.Errorf("refusal = %+v", refusal)
	}
}

func TestAResourceIsFoundByNameAddressAndID(t *testing.T) {
	entente, err := cloud.At("https://LOCALHOST:8443/")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		cloud          cloud.Cloud
		name           string
		audience, base string
	}{
		{cloud.Global(), "graph", "https://graph.microsoft.com", "https://graph.microsoft.com/v1.0"},
		{cloud.Global(), "PartnerCenter", "https://api.partnercenter.microsoft.com", "https://api.partnercenter.microsoft.com/v1"},
		{cloud.USGov(), "arm", "https://management.usgovcloudapi.net", "https://management.usgovcloudapi.net"},
		{entente, "graph", "https://graph.microsoft.com", "https://localhost:8443/v1.0"},
		{entente, "partnercenter", "https://api.partnercenter.microsoft.com", "https://localhost:8443/v1"},
		{entente, "https://localhost:8443", "https://graph.microsoft.com", "https://localhost:8443/v1.0"},
		{entente, "https://vault.azure.net", "https://vault.azure.net", "https://localhost:8443"},
		{cloud.Global(), "https://management.core.windows.net/", "https://management.core.windows.net/", ""},
		{cloud.Global(), "48AC35B8-9AA8-4D74-927D-1F4A14A0B239", "48ac35b8-9aa8-4d74-927d-1f4a14a0b239", ""},
	} {
		got, err := test.cloud.Resource(test.name)
		if err != nil || got.Audience != test.audience || got.Base != test.base {
			t.Errorf("%s %s = %+v, %v", test.cloud.Name, test.name, got, err)
		}
	}
	for _, bad := range []string{"", "grpah", "http://graph.microsoft.com", "https://", "https://a b"} {
		if got, err := cloud.Global().Resource(bad); err == nil {
			t.Errorf("%q was taken as %+v", bad, got)
		}
	}
}

func TestAnAudienceMeansWhatWasAskedFor(t *testing.T) {
	c := cloud.Global()
	for _, test := range []struct {
		asked, audience string
		same            bool
	}{
		{"https://graph.microsoft.com", "https://graph.microsoft.com", true},
		{"https://graph.microsoft.com", "https://graph.microsoft.com/", true},
		{"https://graph.microsoft.com", "00000003-0000-0000-c000-000000000000", true},
		{"fa3d9a0c-3fb0-42cc-9193-47c7ecd2edbd", "https://api.partnercenter.microsoft.com", true},
		{"api://48ac35b8-9aa8-4d74-927d-1f4a14a0b239", "48ac35b8-9aa8-4d74-927d-1f4a14a0b239", true},
		{"https://graph.microsoft.com", "https://api.partnercenter.microsoft.com", false},
		{"https://graph.microsoft.com", "fa3d9a0c-3fb0-42cc-9193-47c7ecd2edbd", false},
		{"https://graph.microsoft.com", "", false},
		{"", "", false},
	} {
		if got := c.Means(test.asked, test.audience); got != test.same {
			t.Errorf("asked %q, got %q: %t", test.asked, test.audience, got)
		}
	}
}

func TestOnlyAnHTTPSOriginIsAnEntente(t *testing.T) {
	for _, bad := range []string{"http://localhost:8443", "localhost:8443", "https://", "https://host/tenant", "https://u:p@host", "https://host?x=1", "https://host#x", "://"} {
		if c, err := cloud.At(bad); err == nil {
			t.Errorf("%q was taken as %+v", bad, c)
		}
	}
}

func TestTheGermanCloudSaysThatItIsClosed(t *testing.T) {
	c, err := cloud.ByName("Germany")
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Open(); err == nil || !strings.Contains(err.Error(), "October 2021") {
		t.Errorf("err = %v", err)
	}
	if err := cloud.Global().Open(); err != nil {
		t.Error(err)
	}
	if _, err := cloud.ByName("mars"); err == nil || !strings.Contains(err.Error(), "usgov") {
		t.Errorf("an unknown name should list the known ones: %v", err)
	}
}

func TestADomainIsLookedUpInTheMetadata(t *testing.T) {
	serve := func(issuer string) cloud.App {
		return newApp(cloud.Global(), nil, func(r *http.Request) (*http.Response, error) {
			if r.URL.String() != "https://login.microsoftonline.com/adatumcust.example/v2.0/.well-known/openid-configuration" {
				t.Errorf("asked %s", r.URL)
			}
			return answer(200, `{"issuer":"`+issuer+`"}`), nil
		})
	}
	id, err := serve("https://login.microsoftonline.com/"+customerTenant+"/v2.0").TenantID(context.Background(), "adatumcust.example")
	if err != nil || id != customerTenant {
		t.Errorf("id = %q, %v", id, err)
	}
	for _, foreign := range []string{"https://evil.example/" + customerTenant + "/v2.0", "https://login.microsoftonline.com/{tenantid}/v2.0", "https://login.microsoftonline.com.evil.example/" + customerTenant + "/v2.0"} {
		if id, err := serve(foreign).TenantID(context.Background(), "adatumcust.example"); err == nil {
			t.Errorf("the issuer %s gave %s", foreign, id)
		}
	}
}

func TestACertificateIsReadFromPEM(t *testing.T) {
	var text bytes.Buffer
	pkcs8, err := x509.MarshalPKCS8PrivateKey(newIdentity().key)
	if err != nil {
		t.Fatal(err)
	}
	for _, block := range []*pem.Block{{Type: "PRIVATE KEY", Bytes: pkcs8}, {Type: "CERTIFICATE", Bytes: newIdentity().certificate.Raw}} {
		if err := pem.Encode(&text, block); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := cloud.CertificatePEM(text.Bytes()); err != nil {
		t.Error(err)
	}
	for _, bad := range []string{"", "no pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: newIdentity().certificate.Raw}))} {
		if _, err := cloud.CertificatePEM([]byte(bad)); err == nil {
			t.Errorf("%.20q was taken", bad)
		}
	}
}

func FuzzReadClaims(f *testing.F) {
	f.Add("e30.e30.e30")
	f.Add("a.eyJhdWQiOlsiYSJdLCJhbXIiOiJtZmEifQ.c")
	f.Add("..")
	f.Fuzz(func(t *testing.T, token string) {
		claims, err := cloud.ReadClaims(token)
		if err != nil && claims.MFA() {
			t.Error("an unreadable token claims a second factor")
		}
	})
}
