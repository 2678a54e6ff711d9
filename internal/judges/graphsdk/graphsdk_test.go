package graphsdk_test

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	azureauth "github.com/microsoft/kiota-authentication-azure-go"
	khttp "github.com/microsoft/kiota-http-go"
	msgraph "github.com/microsoftgraph/msgraph-sdk-go"
	core "github.com/microsoftgraph/msgraph-sdk-go-core"
	"github.com/microsoftgraph/msgraph-sdk-go/models"
	"github.com/microsoftgraph/msgraph-sdk-go/models/odataerrors"
	"github.com/microsoftgraph/msgraph-sdk-go/users"

	"github.com/entente-id/entente/ententetest"
	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/devworld"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/judges"
)

var ledger judges.Ledger

func TestMain(m *testing.M) { os.Exit(ledger.Run(m, "judges-graphsdk")) }

var sdk = judges.Client{Name: "msgraph-sdk-go", Module: "github.com/microsoftgraph/msgraph-sdk-go"}

// newAdapter is the SDK's own adapter with its own middleware. It is told the
// address, which host its tokens may go to, and which certificate to trust.
func newAdapter(t *testing.T, w *ententetest.World, credential azcore.TokenCredential) *msgraph.GraphRequestAdapter {
	t.Helper()
	auth, err := azureauth.NewAzureIdentityAuthenticationProviderWithScopesAndValidHosts(credential, []string{"https://graph.microsoft.com/.default"}, []string{"127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	o := msgraph.GetDefaultClientOptions()
	client := &http.Client{Transport: khttp.NewCustomTransportWithParentTransport(w.Client().Transport, core.GetDefaultMiddlewaresWithOptions(&o)...)}
	adapter, err := msgraph.NewGraphRequestAdapterWithParseNodeFactoryAndSerializationWriterFactoryAndHttpClient(auth, nil, nil, client)
	if err != nil {
		t.Fatal(err)
	}
	adapter.SetBaseUrl(w.Origin + "/v1.0")
	return adapter
}

// crowd is how many more people move to the customer, so that they fill
// several pages.
const crowd = 7

func TestTheGraphSDKReadsACustomerThroughTheBroker(t *testing.T) {
	w := ententetest.Start(t)
	for n := range crowd {
		name := fmt.Sprintf("person%d@adatum.example", n)
		err := w.Inside().People.Save(t.Context(), account.Account{
			Tenant: devworld.Adatum, ID: id.Object(fmt.Sprintf("b1000000-0000-4000-8000-%012d", n)), SignInName: name, Mail: name, Name: name,
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	partner := judges.NewPartner(t, w)
	if _, err := partner.Ask(t.Context(), w.Visitor(ententetest.Ada)); err != nil {
		t.Fatal(err)
	}
	adapter := newAdapter(t, w, partner.Broker.Credential(partner.Record, ententetest.Adatum))
	graph := msgraph.NewGraphServiceClient(adapter)

	ledger.Judge(t, sdk, "a customer's organisation, with the partner's broker as the credential", "", func(t *testing.T) {
		answer, err := graph.Organization().Get(t.Context(), nil)
		if err != nil {
			t.Fatal(explain(err))
		}
		list := answer.GetValue()
		if len(list) != 1 || *list[0].GetId() != ententetest.Adatum || *list[0].GetDisplayName() != "Adatum" {
			t.Fatalf("%d organisations", len(list))
		}
		if domains := list[0].GetVerifiedDomains(); len(domains) != 1 || *domains[0].GetName() != "adatum.example" {
			t.Errorf("%d domains", len(domains))
		}
	})
	ledger.Judge(t, sdk, "a customer's people, page by page with the SDK's iterator", "", func(t *testing.T) {
		size := int32(3)
		query := &users.UsersRequestBuilderGetRequestConfiguration{QueryParameters: &users.UsersRequestBuilderGetQueryParameters{
			Top: &size, Select: []string{"id", "userPrincipalName"},
		}}
		first, err := graph.Users().Get(t.Context(), query)
		if err != nil {
			t.Fatal(explain(err))
		}
		if len(first.GetValue()) != int(size) || first.GetOdataNextLink() == nil {
			t.Fatalf("the first page has %d people and the next link %v", len(first.GetValue()), first.GetOdataNextLink())
		}
		pages, err := core.NewPageIterator[models.Userable](first, adapter, models.CreateUserCollectionResponseFromDiscriminatorValue)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		err = pages.Iterate(t.Context(), func(u models.Userable) bool {
			names = append(names, *u.GetUserPrincipalName())
			return true
		})
		if err != nil {
			t.Fatal(explain(err))
		}
		slices.Sort(names)
		if len(slices.Compact(names)) != crowd+1 || !slices.Contains(names, "admin@adatum.example") || strings.Contains(strings.Join(names, " "), "northwind") {
			t.Errorf("the people are %q", names)
		}
	})
	ledger.Judge(t, sdk, "one of the customer's people by sign-in name", "", func(t *testing.T) {
		one, err := graph.Users().ByUserId("admin@adatum.example").Get(t.Context(), nil)
		if err != nil {
			t.Fatal(explain(err))
		}
		if *one.GetDisplayName() != "Adatum Admin" {
			t.Errorf("found %q", *one.GetDisplayName())
		}
	})
	ledger.Judge(t, sdk, "me at a customer is the foreign principal, and tells nothing of home", "", func(t *testing.T) {
		me, err := graph.Me().Get(t.Context(), nil)
		if err != nil {
			t.Fatal(explain(err))
		}
		if name := *me.GetUserPrincipalName(); !strings.HasPrefix(name, "user_") || !strings.HasSuffix(name, "@adatum.example") || me.GetMail() != nil {
			t.Errorf("I am %q with the mailbox %v", name, me.GetMail())
		}
	})
	ledger.Judge(t, sdk, "me is refused to an application alone", "", func(t *testing.T) {
		alone, err := azidentity.NewClientSecretCredential(ententetest.Northwind, ententetest.PortalApp, ententetest.PortalSecret, &azidentity.ClientSecretCredentialOptions{
			ClientOptions:            azcore.ClientOptions{Cloud: cloud.Configuration{ActiveDirectoryAuthorityHost: w.Origin}, Transport: w.Client()},
			DisableInstanceDiscovery: true,
		})
		if err != nil {
			t.Fatal(err)
		}
		_, err = msgraph.NewGraphServiceClient(newAdapter(t, w, alone)).Me().Get(t.Context(), nil)
		refused, ok := errors.AsType[*odataerrors.ODataError](err)
		if !ok || refused.ResponseStatusCode != http.StatusBadRequest || !strings.Contains(explain(err), "/me request is only valid with delegated authentication flow.") {
			t.Errorf("error %s", explain(err))
		}
	})
	ledger.Judge(t, sdk, "me at home, by the same consent", "", func(t *testing.T) {
		home := msgraph.NewGraphServiceClient(newAdapter(t, w, partner.Broker.Credential(partner.Record, "")))
		me, err := home.Me().Get(t.Context(), nil)
		if err != nil {
			t.Fatal(explain(err))
		}
		if *me.GetUserPrincipalName() != ententetest.Ada {
			t.Errorf("I am %q", *me.GetUserPrincipalName())
		}
	})
}

// explain says what a Graph error holds; by itself it says little.
func explain(err error) string {
	refused, ok := errors.AsType[*odataerrors.ODataError](err)
	if !ok || refused.GetErrorEscaped() == nil {
		return fmt.Sprint(err)
	}
	detail := refused.GetErrorEscaped()
	return fmt.Sprintf("%d %s: %s", refused.ResponseStatusCode, *detail.GetCode(), *detail.GetMessage())
}
