package judges_test

import (
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/resources/armresources"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/resources/armsubscriptions"
	"github.com/entente-id/entente/ententetest"
	"github.com/entente-id/entente/internal/devworld"
	"github.com/entente-id/entente/internal/judges"
)

var (
	azureSubscriptions = judges.Client{Name: "armsubscriptions", Module: "github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/resources/armsubscriptions"}
	azureResources     = judges.Client{Name: "armresources", Module: "github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/resources/armresources"}
)

func managerOptions(w *ententetest.World) *arm.ClientOptions {
	return &arm.ClientOptions{
		DisableRPRegistration: true,
		ClientOptions: policy.ClientOptions{
			Transport: w.Client(),
			Cloud: cloud.Configuration{
				ActiveDirectoryAuthorityHost: w.Origin,
				Services:                     map[cloud.ServiceName]cloud.ServiceConfiguration{cloud.ResourceManager: {Endpoint: w.Origin, Audience: "https://management.azure.com"}},
			},
		},
	}
}

// TestTheSamplesLookAtACustomersCloud is the task that the official samples
// leave commented out: with the partner's one consent, read what the customer
// runs (journey J63).
func TestTheSamplesLookAtACustomersCloud(t *testing.T) {
	w, ctx := ententetest.Start(t), t.Context()
	partner := judges.NewPartner(t, w)
	if _, err := partner.Ask(ctx, w.Visitor(ententetest.Ada)); err != nil {
		t.Fatal(err)
	}
	at := func(tenant string) azcore.TokenCredential { return partner.Broker.Credential(partner.Record, tenant) }
	var subscription string
	ledger.Judge(t, azureSubscriptions, "the customer's subscriptions, with a token of the broker", "", func(t *testing.T) {
		client, err := armsubscriptions.NewClient(at(ententetest.Adatum), managerOptions(w))
		if err != nil {
			t.Fatal(err)
		}
		page, err := client.NewListPager(nil).NextPage(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if len(page.Value) != 1 || *page.Value[0].DisplayName != "Adatum cloud plan" || *page.Value[0].ManagedByTenants[0].TenantID != ententetest.Northwind {
			t.Fatalf("subscriptions %+v", page.Value)
		}
		subscription = *page.Value[0].SubscriptionID
		if one, err := client.Get(ctx, subscription, nil); err != nil || *one.ID != "/subscriptions/"+subscription {
			t.Errorf("subscription %v %v", one.ID, err)
		}
		if _, err := client.Get(ctx, "00000000-0000-4000-8000-000000000000", nil); refusal(t, err) != "404 SubscriptionNotFound" {
			t.Errorf("another one said %v", err)
		}
	})
	ledger.Judge(t, azureSubscriptions, "at home the same person sees nothing of the customer", "", func(t *testing.T) {
		if _, err := partner.Broker.Credential(partner.Record, "").GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{"https://management.azure.com/.default"}}); err == nil {
			t.Error("a token without consent at home")
		}
		client, err := armsubscriptions.NewClient(at(string(devworld.Bellows)), managerOptions(w))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := client.Get(ctx, subscription, nil); refusal(t, err) != "404 SubscriptionNotFound" {
			t.Errorf("another customer's token said %v", err)
		}
	})
	ledger.Judge(t, azureResources, "the resource groups of a customer's subscription", "", func(t *testing.T) {
		client, err := armresources.NewResourceGroupsClient(subscription, at(ententetest.Adatum), managerOptions(w))
		if err != nil {
			t.Fatal(err)
		}
		page, err := client.NewListPager(nil).NextPage(ctx)
		if err != nil || len(page.Value) != 2 || *page.Value[0].Name != "rg-adatum.example" || *page.Value[0].Tags["customer"] != "Adatum" {
			t.Fatalf("groups %+v %v", page.Value, err)
		}
		if one, err := client.Get(ctx, "RG-Backup", nil); err != nil || *one.Location != "westeurope" {
			t.Errorf("group %+v %v", one.ResourceGroup, err)
		}
		if _, err := client.Get(ctx, "none", nil); refusal(t, err) != "404 ResourceGroupNotFound" {
			t.Errorf("another group said %v", err)
		}
	})
}
