package judges_test

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"github.com/entente-id/entente/ententetest"
	"github.com/entente-id/entente/internal/judges"
)

var azure = judges.Client{Name: "azidentity", Module: "github.com/Azure/azure-sdk-for-go/sdk/azidentity"}

// options are all that an Azure client has to be told.
func options(w *ententetest.World) azcore.ClientOptions {
	return azcore.ClientOptions{
		Cloud:     cloud.Configuration{ActiveDirectoryAuthorityHost: w.Origin + "/"},
		Transport: w.Client(),
	}
}

// read calls an API as every Azure client does: through the pipeline whose
// policy brings the token.
func read(t *testing.T, w *ententetest.World, credential azcore.TokenCredential, path string) string {
	t.Helper()
	o := options(w)
	pipeline := runtime.NewPipeline("judge", "v1", runtime.PipelineOptions{
		PerRetry: []policy.Policy{runtime.NewBearerTokenPolicy(credential, []string{graph + "/.default"}, nil)},
	}, &o)
	request, err := runtime.NewRequest(t.Context(), http.MethodGet, w.Origin+path)
	if err != nil {
		t.Fatal(err)
	}
	response, err := pipeline.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	body, err := runtime.Payload(response)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s: %d %s (%v)", path, response.StatusCode, body, err)
	}
	return string(body)
}

func token(t *testing.T, credential azcore.TokenCredential, o policy.TokenRequestOptions) map[string]any {
	t.Helper()
	o.Scopes = []string{graph + "/.default"}
	got, err := credential.GetToken(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return claimsOf(t, got.Token)
}

func TestAzidentityServesApplicationsWithASecret(t *testing.T) {
	w := ententetest.Start(t)
	ledger.Judge(t, azure, "ClientSecretCredential: Graph at the partner's tenant, and a token at a customer's", "", func(t *testing.T) {
		credential, err := azidentity.NewClientSecretCredential(ententetest.Northwind, ententetest.PortalApp, ententetest.PortalSecret,
			&azidentity.ClientSecretCredentialOptions{ClientOptions: options(w), DisableInstanceDiscovery: true, AdditionallyAllowedTenants: []string{"*"}})
		if err != nil {
			t.Fatal(err)
		}
		if body := read(t, w, credential, "/v1.0/users"); !strings.Contains(body, `"userPrincipalName":"ada@northwind.example"`) {
			t.Errorf("the people are %s", body)
		}
		expect(t, "token at the customer", token(t, credential, policy.TokenRequestOptions{TenantID: ententetest.Adatum}), map[string]any{"tid": ententetest.Adatum, "aud": graph})
	})
	ledger.Judge(t, azure, "ClientSecretCredential: continuous access evaluation is asked for", "", func(t *testing.T) {
		credential, err := azidentity.NewClientSecretCredential("northwind.example", ententetest.PortalApp, ententetest.PortalSecret,
			&azidentity.ClientSecretCredentialOptions{ClientOptions: options(w), DisableInstanceDiscovery: true})
		if err != nil {
			t.Fatal(err)
		}
		claims := token(t, credential, policy.TokenRequestOptions{EnableCAE: true})
		expect(t, "token by domain", claims, map[string]any{"tid": ententetest.Northwind, "xms_cc": []string{"CP1"}})
		if life := claims["exp"].(float64) - claims["nbf"].(float64); life < 24*3600 || life > 28*3600 {
			t.Errorf("the token lives %v s", life)
		}
	})
	ledger.Judge(t, azure, "ClientSecretCredential: a wrong secret is an authentication failure", "", func(t *testing.T) {
		credential, err := azidentity.NewClientSecretCredential(ententetest.Northwind, ententetest.PortalApp, "not-the-secret",
			&azidentity.ClientSecretCredentialOptions{ClientOptions: options(w), DisableInstanceDiscovery: true})
		if err != nil {
			t.Fatal(err)
		}
		_, err = credential.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{graph + "/.default"}})
		var failed *azidentity.AuthenticationFailedError
		if !errors.As(err, &failed) || failed.RawResponse.StatusCode != http.StatusUnauthorized || !strings.Contains(err.Error(), "AADSTS7000215") {
			t.Errorf("error %v", err)
		}
	})
	ledger.Judge(t, azure, "EnvironmentCredential: everything from AZURE_ variables, AZURE_AUTHORITY_HOST too", "", func(t *testing.T) {
		for name, value := range map[string]string{
			"AZURE_AUTHORITY_HOST": w.Origin, "AZURE_TENANT_ID": ententetest.Northwind,
			"AZURE_CLIENT_ID": ententetest.PortalApp, "AZURE_CLIENT_SECRET": ententetest.PortalSecret,
		} {
			t.Setenv(name, value)
		}
		credential, err := azidentity.NewEnvironmentCredential(&azidentity.EnvironmentCredentialOptions{
			ClientOptions: azcore.ClientOptions{Transport: w.Client()}, DisableInstanceDiscovery: true,
		})
		if err != nil {
			t.Fatal(err)
		}
		expect(t, "token", token(t, credential, policy.TokenRequestOptions{}), map[string]any{"tid": ententetest.Northwind, "appid": ententetest.PortalApp})
	})
}

func TestAzidentityServesADevice(t *testing.T) {
	w := ententetest.Start(t)
	v := w.Visitor(ententetest.Ada)
	ledger.Judge(t, azure, "DeviceCodeCredential: a person types the code in their browser", "", func(t *testing.T) {
		credential, err := azidentity.NewDeviceCodeCredential(&azidentity.DeviceCodeCredentialOptions{
			ClientOptions: options(w), DisableInstanceDiscovery: true, ClientID: ententetest.DeskApp, TenantID: ententetest.Northwind,
			UserPrompt: func(ctx context.Context, m azidentity.DeviceCodeMessage) error {
				return judges.Approve(ctx, v, m.VerificationURL, m.UserCode)
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		expect(t, "token", token(t, credential, policy.TokenRequestOptions{}), map[string]any{"tid": ententetest.Northwind, "oid": adaID, "appidacr": "0"})
	})
}

func TestAzidentityServesApplicationsWithACertificate(t *testing.T) {
	w := ententetest.Start(t)
	certificates, key, err := azidentity.ParseCertificates(w.NightlyPEM, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		flow  string
		chain bool
	}{
		{"ClientCertificateCredential: Graph at the partner's tenant", false},
		{"ClientCertificateCredential: with the certificate chain (x5c)", true},
	} {
		ledger.Judge(t, azure, c.flow, "", func(t *testing.T) {
			credential, err := azidentity.NewClientCertificateCredential(ententetest.Northwind, ententetest.NightlyApp, certificates, key,
				&azidentity.ClientCertificateCredentialOptions{ClientOptions: options(w), DisableInstanceDiscovery: true, SendCertificateChain: c.chain})
			if err != nil {
				t.Fatal(err)
			}
			if body := read(t, w, credential, "/v1.0/organization"); !strings.Contains(body, `"displayName":"Northwind"`) {
				t.Errorf("the organisation is %s", body)
			}
			expect(t, "token", token(t, credential, policy.TokenRequestOptions{}), map[string]any{"appidacr": "2"})
		})
	}
	ledger.Judge(t, azure, "EnvironmentCredential: a certificate by AZURE_CLIENT_CERTIFICATE_PATH", "", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "nightly.pem")
		if err := os.WriteFile(path, w.NightlyPEM, 0o600); err != nil {
			t.Fatal(err)
		}
		for name, value := range map[string]string{
			"AZURE_AUTHORITY_HOST": w.Origin, "AZURE_TENANT_ID": ententetest.Northwind,
			"AZURE_CLIENT_ID": ententetest.NightlyApp, "AZURE_CLIENT_CERTIFICATE_PATH": path, "AZURE_CLIENT_SECRET": "",
		} {
			t.Setenv(name, value)
		}
		credential, err := azidentity.NewEnvironmentCredential(&azidentity.EnvironmentCredentialOptions{
			ClientOptions: azcore.ClientOptions{Transport: w.Client()}, DisableInstanceDiscovery: true,
		})
		if err != nil {
			t.Fatal(err)
		}
		expect(t, "token", token(t, credential, policy.TokenRequestOptions{}), map[string]any{"appid": ententetest.NightlyApp})
	})
}
