package judges_test

import (
	"context"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"github.com/entente-id/entente/ententetest"
	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/devworld"
	"github.com/entente-id/entente/internal/judges"
)

func TestAzidentityTradesTokensForOthers(t *testing.T) {
	began, ahead := time.Now(), new(atomic.Int64)
	now := func() time.Time { return began.Add(time.Duration(ahead.Load())) }
	w := judges.WithBackend(t, ententetest.Options{Now: now})
	assertion := judges.Handed(t, w)
	onBehalf := func(t *testing.T) *azidentity.OnBehalfOfCredential {
		t.Helper()
		credential, err := azidentity.NewOnBehalfOfCredentialWithSecret(ententetest.Northwind, judges.BackendApp, assertion, judges.BackendSecret,
			&azidentity.OnBehalfOfCredentialOptions{ClientOptions: options(w), DisableInstanceDiscovery: true})
		if err != nil {
			t.Fatal(err)
		}
		return credential
	}
	ledger.Judge(t, azure, "OnBehalfOfCredential: Graph as the person who called a service", "", func(t *testing.T) {
		credential := onBehalf(t)
		if body := read(t, w, credential, "/v1.0/me"); !strings.Contains(body, `"userPrincipalName":"`+ententetest.Ada+`"`) {
			t.Errorf("the person is %s", body)
		}
		expect(t, "token", token(t, credential, policy.TokenRequestOptions{}), map[string]any{"appid": judges.BackendApp, "tid": ententetest.Northwind, "amr": []string{"pwd", "mfa"}})
	})
	ledger.Judge(t, azure, "ClientAssertionCredential: a second Entente's token is the proof (federated credential)", "", func(t *testing.T) {
		outside := judges.WithBackend(t, ententetest.Options{})
		proof, err := azidentity.NewClientSecretCredential(ententetest.Northwind, ententetest.PortalApp, ententetest.PortalSecret,
			&azidentity.ClientSecretCredentialOptions{ClientOptions: options(outside), DisableInstanceDiscovery: true})
		if err != nil {
			t.Fatal(err)
		}
		exchange := policy.TokenRequestOptions{Scopes: []string{judges.BackendName + "/.default"}}
		sample, err := proof.GetToken(t.Context(), exchange)
		if err != nil {
			t.Fatal(err)
		}
		claims := claimsOf(t, sample.Token)
		plain, ok := outside.Client().Transport.(*http.Transport)
		if !ok {
			t.Fatalf("a transport of type %T", outside.Client().Transport)
		}
		here := ententetest.StartWith(t, ententetest.Options{MayFetch: []string{strings.TrimPrefix(outside.Origin, "https://")}, Roots: plain.TLSClientConfig.RootCAs})
		by := audit.Caller{Tenant: devworld.Northwind, Home: devworld.Northwind, Account: "b0000000-0000-4000-8000-000000000001"}
		issuer, _ := claims["iss"].(string)
		subject, _ := claims["sub"].(string)
		if _, err := here.Inside().Apps.AddFederated(t.Context(), by, devworld.Nightly, "entente", application.Trust{Issuer: issuer, Subject: subject, Audiences: []string{judges.BackendApp}}); err != nil {
			t.Fatal(err)
		}
		credential, err := azidentity.NewClientAssertionCredential(ententetest.Northwind, ententetest.NightlyApp, func(ctx context.Context) (string, error) {
			got, err := proof.GetToken(ctx, exchange)
			return got.Token, err
		}, &azidentity.ClientAssertionCredentialOptions{ClientOptions: options(here), DisableInstanceDiscovery: true})
		if err != nil {
			t.Fatal(err)
		}
		expect(t, "token", token(t, credential, policy.TokenRequestOptions{}), map[string]any{"appid": ententetest.NightlyApp, "tid": ententetest.Northwind})
	})
	ledger.Judge(t, azure, "OnBehalfOfCredential: the pipeline hears the claims challenge and asks with the claims", "", func(t *testing.T) {
		asked := &claimsSeen{TokenCredential: onBehalf(t)}
		o := options(w)
		pipeline := runtime.NewPipeline("judge", "v1", runtime.PipelineOptions{
			PerRetry: []policy.Policy{runtime.NewBearerTokenPolicy(asked, []string{graph + "/.default"}, nil)},
		}, &o)
		call := func() int {
			request, err := runtime.NewRequest(t.Context(), http.MethodGet, w.Origin+"/v1.0/me")
			if err != nil {
				t.Fatal(err)
			}
			response, err := pipeline.Do(request)
			if err != nil {
				return http.StatusUnauthorized
			}
			defer response.Body.Close()
			return response.StatusCode
		}
		if status := call(); status != http.StatusOK {
			t.Fatalf("before: %d", status)
		}
		if life := asked.last.ExpiresOn.Sub(now()); life < 23*time.Hour {
			t.Errorf("a token for a client that can hear it lives %v", life)
		}
		people := w.Inside().People
		ada, err := people.Named(t.Context(), devworld.Northwind, ententetest.Ada)
		if err != nil {
			t.Fatal(err)
		}
		ada.SessionsFrom = now().Add(time.Second)
		if err := people.Save(t.Context(), ada); err != nil {
			t.Fatal(err)
		}
		ahead.Add(int64(5 * time.Second))
		if status := call(); status != http.StatusUnauthorized || !strings.Contains(asked.claims, `"nbf":{"essential":true,"value":"`) {
			t.Errorf("after the sessions were ended: %d, asked with %q", status, asked.claims)
		}
	})
}

// claimsSeen notes what the pipeline asks its credential for.
type claimsSeen struct {
	azcore.TokenCredential
	claims string
	last   azcore.AccessToken
}

func (c *claimsSeen) GetToken(ctx context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	c.claims = o.Claims
	got, err := c.TokenCredential.GetToken(ctx, o)
	c.last = got
	return got, err
}
