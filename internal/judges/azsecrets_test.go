package judges_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azsecrets"
	"github.com/entente-id/entente/ententetest"
	"github.com/entente-id/entente/internal/devworld"
	"github.com/entente-id/entente/internal/judges"
)

var azureSecrets = judges.Client{Name: "azsecrets", Module: "github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azsecrets"}

// refusal is what a failed call said: the status and Key Vault's own code.
func refusal(t *testing.T, err error) string {
	t.Helper()
	var failed *azcore.ResponseError
	if !errors.As(err, &failed) {
		t.Fatalf("error %v", err)
	}
	return fmt.Sprintf("%d %s", failed.StatusCode, failed.ErrorCode)
}

func newSecrets(t *testing.T, w *ententetest.World, app, secret string) *azsecrets.Client {
	t.Helper()
	credential, err := azidentity.NewClientSecretCredential(ententetest.Northwind, app, secret,
		&azidentity.ClientSecretCredentialOptions{ClientOptions: options(w), DisableInstanceDiscovery: true})
	if err != nil {
		t.Fatal(err)
	}
	client, err := azsecrets.NewClient(w.Origin, credential, &azsecrets.ClientOptions{
		ClientOptions: options(w), DisableChallengeResourceVerification: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func TestAzsecretsKeepsSecretsHere(t *testing.T) {
	w, ctx := ententetest.Start(t), t.Context()
	client := newSecrets(t, w, ententetest.PortalApp, ententetest.PortalSecret)
	const difference = "the host is not below vault.azure.net, so DisableChallengeResourceVerification is set"
	name := ententetest.Northwind
	ledger.Judge(t, azureSecrets, "set and get, by challenge and token; latest and by version", difference, func(t *testing.T) {
		first, err := client.SetSecret(ctx, name, azsecrets.SetSecretParameters{Value: to.Ptr("one"), ContentType: to.Ptr("text/plain"),
			Tags: map[string]*string{"customer": to.Ptr("Ädatum")}, SecretAttributes: &azsecrets.SecretAttributes{NotBefore: to.Ptr(time.Now().Add(time.Hour))}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := client.SetSecret(ctx, name, azsecrets.SetSecretParameters{Value: to.Ptr("two")}, nil); err != nil {
			t.Fatal(err)
		}
		latest, err := client.GetSecret(ctx, name, "", nil)
		if err != nil || *latest.Value != "two" || latest.ID.Name() != name {
			t.Errorf("latest %v %v", latest.Value, err)
		}
		// A time that has not come yet keeps nobody from reading.
		old, err := client.GetSecret(ctx, name, first.ID.Version(), nil)
		if err != nil || *old.Value != "one" || *old.ContentType != "text/plain" || *old.Tags["customer"] != "Ädatum" || *old.Attributes.RecoveryLevel != "Recoverable+Purgeable" {
			t.Errorf("first %+v %v", old.Secret, err)
		}
	})
	ledger.Judge(t, azureSecrets, "update, list of versions, list of secrets in pages", difference, func(t *testing.T) {
		changed, err := client.UpdateSecretProperties(ctx, name, "", azsecrets.UpdateSecretPropertiesParameters{ContentType: to.Ptr("password")}, nil)
		if err != nil || changed.Value != nil || *changed.ContentType != "password" {
			t.Errorf("changed %+v %v", changed.Secret, err)
		}
		for i := range 30 {
			if _, err := client.SetSecret(ctx, fmt.Sprintf("customer-%02d", i), azsecrets.SetSecretParameters{Value: to.Ptr("v")}, nil); err != nil {
				t.Fatal(err)
			}
		}
		var versions, names []string
		for pager := client.NewListSecretPropertiesVersionsPager(name, nil); pager.More(); {
			page, err := pager.NextPage(ctx)
			if err != nil {
				t.Fatal(err)
			}
			for _, v := range page.Value {
				versions = append(versions, v.ID.Version())
			}
		}
		for pager := client.NewListSecretPropertiesPager(nil); pager.More(); {
			page, err := pager.NextPage(ctx)
			if err != nil {
				t.Fatal(err)
			}
			for _, v := range page.Value {
				if v.ID.Version() != "" {
					t.Errorf("a listed secret has a version: %s", *v.ID)
				}
				names = append(names, v.ID.Name())
			}
		}
		if len(versions) != 2 || versions[0] == versions[1] || len(names) != 31 || !slices.IsSorted(names) {
			t.Errorf("%d versions, %d names", len(versions), len(names))
		}
	})
	ledger.Judge(t, azureSecrets, "delete, recover, delete and purge", difference, func(t *testing.T) {
		before, err := client.GetSecret(ctx, "customer-00", "", nil)
		if err != nil {
			t.Fatal(err)
		}
		gone, err := client.DeleteSecret(ctx, "customer-00", nil)
		if err != nil || !strings.HasSuffix(string(*gone.RecoveryID), "/deletedsecrets/customer-00") || gone.ScheduledPurgeDate.Sub(*gone.DeletedDate) != 90*24*time.Hour {
			t.Fatalf("deleted %+v %v", gone.DeletedSecret, err)
		}
		if _, err := client.GetSecret(ctx, "customer-00", "", nil); refusal(t, err) != "404 SecretNotFound" {
			t.Errorf("reading it said %v", err)
		}
		if _, err := client.SetSecret(ctx, "customer-00", azsecrets.SetSecretParameters{Value: to.Ptr("v")}, nil); refusal(t, err) != "409 Conflict" {
			t.Errorf("setting it said %v", err)
		}
		deleted, err := client.GetDeletedSecret(ctx, "customer-00", nil)
		if err != nil || *deleted.ID != *gone.ID {
			t.Errorf("deleted %v %v", deleted.ID, err)
		}
		page, err := client.NewListDeletedSecretPropertiesPager(nil).NextPage(ctx)
		if err != nil || len(page.Value) != 1 || page.Value[0].ID.Name() != "customer-00" {
			t.Errorf("list of deleted %+v %v", page, err)
		}
		if _, err := client.RecoverDeletedSecret(ctx, "customer-00", nil); err != nil {
			t.Fatal(err)
		}
		after, err := client.GetSecret(ctx, "customer-00", "", nil)
		if err != nil || *after.ID != *before.ID || !after.Attributes.Updated.Equal(*before.Attributes.Updated) {
			t.Errorf("recovered %v %v", after.ID, err)
		}
		if _, err := client.DeleteSecret(ctx, "customer-00", nil); err != nil {
			t.Fatal(err)
		}
		if _, err := client.PurgeDeletedSecret(ctx, "customer-00", nil); err != nil {
			t.Fatal(err)
		}
		if _, err := client.GetDeletedSecret(ctx, "customer-00", nil); refusal(t, err) != "404 SecretNotFound" {
			t.Errorf("the purged one said %v", err)
		}
	})
	ledger.Judge(t, azureSecrets, "backup, purge, restore: all versions under their old ids", difference, func(t *testing.T) {
		before, err := client.GetSecret(ctx, name, "", nil)
		if err != nil {
			t.Fatal(err)
		}
		backup, err := client.BackupSecret(ctx, name, nil)
		if err != nil {
			t.Fatal(err)
		}
		restore := azsecrets.RestoreSecretParameters{SecretBackup: backup.Value}
		if _, err := client.RestoreSecret(ctx, restore, nil); refusal(t, err) != "409 Conflict" {
			t.Errorf("restoring over it said %v", err)
		}
		if _, err := client.DeleteSecret(ctx, name, nil); err != nil {
			t.Fatal(err)
		}
		if _, err := client.PurgeDeletedSecret(ctx, name, nil); err != nil {
			t.Fatal(err)
		}
		if restored, err := client.RestoreSecret(ctx, restore, nil); err != nil || *restored.ID != *before.ID {
			t.Fatalf("restored %v %v", restored.ID, err)
		}
		if after, err := client.GetSecret(ctx, name, "", nil); err != nil || *after.Value != "two" {
			t.Errorf("restored value %v %v", after.Value, err)
		}
	})
	ledger.Judge(t, azureSecrets, "an app that is not on the vault's access list is refused", difference, func(t *testing.T) {
		stranger := newSecrets(t, w, string(devworld.Inhouse), ententetest.PortalSecret)
		_, err := stranger.GetSecret(ctx, name, "", nil)
		if refusal(t, err) != "403 Forbidden" || !strings.Contains(err.Error(), "AccessDenied") {
			t.Errorf("error %v", err)
		}
	})
	ledger.Judge(t, azureSecrets, "a token of another organisation is refused", difference, func(t *testing.T) {
		credential, err := azidentity.NewClientSecretCredential(ententetest.Adatum, ententetest.PortalApp, ententetest.PortalSecret,
			&azidentity.ClientSecretCredentialOptions{ClientOptions: options(w), DisableInstanceDiscovery: true})
		if err != nil {
			t.Fatal(err)
		}
		foreign, err := credential.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{"https://vault.azure.net/.default"}})
		if err != nil {
			t.Fatal(err)
		}
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, w.Origin+"/secrets/"+name+"?api-version=7.4", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer "+foreign.Token)
		response, err := w.Client().Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		if response.StatusCode != http.StatusUnauthorized || !strings.Contains(response.Header.Get("WWW-Authenticate"), ententetest.Northwind) {
			t.Errorf("status %d, challenge %q", response.StatusCode, response.Header.Get("WWW-Authenticate"))
		}
	})
}
