package judges_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/confidential"
	msalerrors "github.com/AzureAD/microsoft-authentication-library-for-go/apps/errors"
	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/public"

	"github.com/entente-id/entente/ententetest"
	"github.com/entente-id/entente/internal/judges"
)

var msal = judges.Client{Name: "MSAL Go", Module: "github.com/AzureAD/microsoft-authentication-library-for-go"}

const (
	verifier    = "a-verifier-of-more-than-forty-three-characters-0123456789"
	msalReturn  = "http://localhost:51234"
	adaInMSAL   = adaID + "." + ententetest.Northwind
	userRead    = graph + "/User.Read"
	impersonate = partnerCenter + "/user_impersonation"
)

func TestMSALGoServesAPublicClient(t *testing.T) {
	w := ententetest.Start(t)
	v := w.Visitor(ententetest.Ada)
	client, err := public.New(ententetest.DeskApp,
		public.WithAuthority(w.Origin+"/"+ententetest.Northwind), public.WithHTTPClient(w.Client()), public.WithInstanceDiscovery(false))
	if err != nil {
		t.Fatal(err)
	}
	var account public.Account
	ledger.Judge(t, msal, "public client: code with PKCE", "", func(t *testing.T) {
		address, err := client.AuthCodeURL(t.Context(), ententetest.DeskApp, msalReturn, []string{userRead, impersonate})
		if err != nil {
			t.Fatal(err)
		}
		address += "&code_challenge_method=S256&code_challenge=" + challengeOf(verifier)
		code := signIn(t, v, address, msalReturn).Get("code")
		result, err := client.AcquireTokenByAuthCode(t.Context(), code, msalReturn, []string{userRead}, public.WithChallenge(verifier))
		if err != nil {
			t.Fatal(err)
		}
		account = result.Account
		if account.HomeAccountID != adaInMSAL || account.PreferredUsername != ententetest.Ada {
			t.Errorf("the account is %+v", account)
		}
		expect(t, "access token", claimsOf(t, result.AccessToken), map[string]any{
			"aud": graph, "scp": "openid profile User.Read", "tid": ententetest.Northwind, "oid": adaID, "amr": []string{"pwd", "mfa"}, "appidacr": "0",
		})
	})
	ledger.Judge(t, msal, "public client: silent, same resource from the cache, second resource by refresh, and at a customer", "", func(t *testing.T) {
		same := silent(t, client, account, userRead)
		if same.Metadata.TokenSource != public.TokenSourceCache {
			t.Error("the same scopes were not answered from the cache")
		}
		second := silent(t, client, account, impersonate)
		if second.Metadata.TokenSource != public.TokenSourceIdentityProvider || claimsOf(t, second.AccessToken)["aud"] != partnerCenter {
			t.Errorf("the second resource: %v", claimsOf(t, second.AccessToken))
		}
		// MSAL finds it again only if the scopes came back as they were typed.
		if again := silent(t, client, account, impersonate); again.Metadata.TokenSource != public.TokenSourceCache {
			t.Error("the second resource's token was not found in the cache")
		}
		at := silent(t, client, account, userRead, public.WithTenantID(ententetest.Adatum))
		expect(t, "token at the customer", claimsOf(t, at.AccessToken), map[string]any{"tid": ententetest.Adatum, "aud": graph})
	})
	ledger.Judge(t, msal, "public client: interactive in the browser, answered by form_post on a loopback port", "", func(t *testing.T) {
		result, err := client.AcquireTokenInteractive(t.Context(), []string{userRead}, public.WithOpenURL(func(address string) error {
			return browse(t.Context(), v.SignIn, address)
		}))
		if err != nil {
			t.Fatalf("after %q: %v", v.Steps, err)
		}
		if result.Account.HomeAccountID != adaInMSAL {
			t.Errorf("the account is %+v", result.Account)
		}
	})
	ledger.Judge(t, msal, "public client: device code", "", func(t *testing.T) {
		device, err := client.AcquireTokenByDeviceCode(t.Context(), []string{userRead})
		if err != nil {
			t.Fatal(err)
		}
		if err := judges.Approve(t.Context(), v, device.Result.VerificationURL, device.Result.UserCode); err != nil {
			t.Fatal(err)
		}
		result, err := device.AuthenticationResult(t.Context())
		if err != nil || result.Account.HomeAccountID != adaInMSAL {
			t.Errorf("the account is %+v, %v", result.Account, err)
		}
	})
	ledger.Judge(t, msal, "public client: user name and password", "always refused with 50076: a password alone is no proof here", func(t *testing.T) {
		organizations, err := public.New(ententetest.DeskApp,
			public.WithAuthority(w.Origin+"/organizations"), public.WithHTTPClient(w.Client()), public.WithInstanceDiscovery(false))
		if err != nil {
			t.Fatal(err)
		}
		//lint:ignore SA1019 that it is refused is the point; old scripts still do it
		_, err = organizations.AcquireTokenByUsernamePassword(t.Context(), []string{userRead}, ententetest.Ada, ententetest.Password)
		refusedBy(t, err, http.StatusBadRequest, "AADSTS50076")
	})
}

func silent(t *testing.T, client public.Client, account public.Account, scope string, options ...public.AcquireSilentOption) public.AuthResult {
	t.Helper()
	result, err := client.AcquireTokenSilent(t.Context(), []string{scope}, append(options, public.WithSilentAccount(account))...)
	if err != nil {
		t.Fatalf("silent for %s: %v", scope, err)
	}
	return result
}

// browse is the whole part of a browser in an interactive sign-in: it walks
// the pages and posts the form on the last one to the waiting program.
func browse(ctx context.Context, walk func(context.Context, string, string) (url.Values, error), address string) error {
	asked, err := url.Parse(address)
	if err != nil {
		return err
	}
	redirect := asked.Query().Get("redirect_uri")
	answer, err := walk(ctx, address, redirect)
	if err != nil {
		return err
	}
	if asked.Query().Get("response_mode") != "form_post" {
		response, err := http.Get(redirect + "?" + answer.Encode())
		if err != nil {
			return err
		}
		return response.Body.Close()
	}
	response, err := http.PostForm(redirect, answer)
	if err != nil {
		return err
	}
	return response.Body.Close()
}

// refusedBy reads an error of MSAL.
func refusedBy(t *testing.T, err error, status int, said string) {
	t.Helper()
	var call msalerrors.CallErr
	if !errors.As(err, &call) || call.Resp.StatusCode != status || !strings.Contains(err.Error(), said) {
		t.Errorf("error %v, want %d with %s", err, status, said)
	}
}

func TestMSALGoServesAConfidentialClientWithASecret(t *testing.T) {
	w := ententetest.Start(t)
	secret, err := confidential.NewCredFromSecret(ententetest.PortalSecret)
	if err != nil {
		t.Fatal(err)
	}
	client := newConfidential(t, w, ententetest.PortalApp, secret)
	confidentialFlows(t, w, client, "secret", "1")
	ledger.Judge(t, msal, "confidential client: a wrong secret is told from other failures", "", func(t *testing.T) {
		wrong, err := confidential.NewCredFromSecret("not-the-secret")
		if err != nil {
			t.Fatal(err)
		}
		_, err = newConfidential(t, w, ententetest.PortalApp, wrong).AcquireTokenByCredential(t.Context(), []string{graph + "/.default"})
		refusedBy(t, err, http.StatusUnauthorized, "AADSTS7000215")
	})
}

func TestMSALGoServesAConfidentialClientWithACertificate(t *testing.T) {
	w := ententetest.Start(t)
	certificates, key, err := confidential.CertFromPEM(w.NightlyPEM, "")
	if err != nil {
		t.Fatal(err)
	}
	credential, err := confidential.NewCredFromCert(certificates, key)
	if err != nil {
		t.Fatal(err)
	}
	confidentialFlows(t, w, newConfidential(t, w, ententetest.NightlyApp, credential), "certificate", "2")
}

func newConfidential(t *testing.T, w *ententetest.World, app string, c confidential.Credential) confidential.Client {
	t.Helper()
	client, err := confidential.New(w.Origin+"/"+ententetest.Northwind, app, c,
		confidential.WithHTTPClient(w.Client()), confidential.WithInstanceDiscovery(false))
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// confidentialFlows are the flows that do not differ by the credential.
func confidentialFlows(t *testing.T, w *ententetest.World, client confidential.Client, credential, acr string) {
	app := map[string]string{"1": ententetest.PortalApp, "2": ententetest.NightlyApp}[acr]
	ledger.Judge(t, msal, "confidential client, "+credential+": its own token, at home and at a customer", "", func(t *testing.T) {
		home, err := client.AcquireTokenByCredential(t.Context(), []string{graph + "/.default"})
		if err != nil {
			t.Fatal(err)
		}
		expect(t, "own token", claimsOf(t, home.AccessToken), map[string]any{
			"aud": graph, "tid": ententetest.Northwind, "appid": app, "appidacr": acr, "idtyp": "app",
			"roles": []string{"Organization.Read.All", "User.Read.All"}, "scp": nil,
		})
		at, err := client.AcquireTokenByCredential(t.Context(), []string{graph + "/.default"}, confidential.WithTenantID(ententetest.Adatum))
		if err != nil {
			t.Fatal(err)
		}
		expect(t, "own token at the customer", claimsOf(t, at.AccessToken), map[string]any{"tid": ententetest.Adatum, "roles": nil})
	})
	var account confidential.Account
	ledger.Judge(t, msal, "confidential client, "+credential+": code with PKCE", "", func(t *testing.T) {
		address, err := client.AuthCodeURL(t.Context(), app, msalReturn, []string{impersonate, userRead})
		if err != nil {
			t.Fatal(err)
		}
		address += "&code_challenge_method=S256&code_challenge=" + challengeOf(verifier)
		code := signIn(t, w.Visitor(ententetest.Ada), address, msalReturn).Get("code")
		result, err := client.AcquireTokenByAuthCode(t.Context(), code, msalReturn, []string{impersonate}, confidential.WithChallenge(verifier))
		if err != nil {
			t.Fatal(err)
		}
		account = result.Account
		if account.HomeAccountID != adaInMSAL || len(result.DeclinedScopes) > 0 {
			t.Errorf("account %+v, declined %q", account, result.DeclinedScopes)
		}
		get(t, w, "/v1/customers", bearer(result.AccessToken)...).must(t, http.StatusOK)
	})
	ledger.Judge(t, msal, "confidential client, "+credential+": silent for a second resource and at a customer", "", func(t *testing.T) {
		second, err := client.AcquireTokenSilent(t.Context(), []string{graph + "/.default"}, confidential.WithSilentAccount(account))
		if err != nil {
			t.Fatal(err)
		}
		get(t, w, "/v1.0/me", bearer(second.AccessToken)...).must(t, http.StatusOK)
		at, err := client.AcquireTokenSilent(t.Context(), []string{graph + "/.default"}, confidential.WithSilentAccount(account), confidential.WithTenantID(ententetest.Adatum))
		if err != nil {
			t.Fatal(err)
		}
		seen := get(t, w, "/v1.0/organization", bearer(at.AccessToken)...).must(t, http.StatusOK)
		if !strings.Contains(string(seen.raw), `"displayName":"Adatum"`) {
			t.Errorf("the customer's organisation is %s", seen.raw)
		}
	})
}

func TestMSALGoActsOnBehalfOfAPerson(t *testing.T) {
	w := judges.WithBackend(t, ententetest.Options{})
	assertion := judges.Handed(t, w)
	ledger.Judge(t, msal, "confidential client: on behalf of the person who called it, then silently", "", func(t *testing.T) {
		credential, err := confidential.NewCredFromSecret(judges.BackendSecret)
		if err != nil {
			t.Fatal(err)
		}
		client, err := confidential.New(w.Origin+"/"+ententetest.Northwind, judges.BackendApp, credential,
			confidential.WithHTTPClient(w.Client()), confidential.WithInstanceDiscovery(false))
		if err != nil {
			t.Fatal(err)
		}
		for i, source := range []confidential.TokenSource{confidential.TokenSourceIdentityProvider, confidential.TokenSourceCache} {
			result, err := client.AcquireTokenOnBehalfOf(t.Context(), assertion, []string{userRead})
			if err != nil {
				t.Fatal(err)
			}
			if result.Metadata.TokenSource != source {
				t.Errorf("call %d was answered from %v", i, result.Metadata.TokenSource)
			}
			expect(t, "access token", claimsOf(t, result.AccessToken), map[string]any{"aud": graph, "appid": judges.BackendApp, "oid": adaID, "amr": []string{"pwd", "mfa"}})
		}
	})
}
