package graphsdk_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	abstractions "github.com/microsoft/kiota-abstractions-go"
	"github.com/microsoft/kiota-abstractions-go/serialization"
	azureauth "github.com/microsoft/kiota-authentication-azure-go"
	khttp "github.com/microsoft/kiota-http-go"
	msgraph "github.com/microsoftgraph/msgraph-sdk-go"
	core "github.com/microsoftgraph/msgraph-sdk-go-core"
	"github.com/microsoftgraph/msgraph-sdk-go/models"
	"github.com/microsoftgraph/msgraph-sdk-go/models/odataerrors"
	"github.com/microsoftgraph/msgraph-sdk-go/tenantrelationships"
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

// held is a token that somebody got in a browser, as the SDK takes it.
type held string

func (h held) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{Token: string(h), ExpiresOn: ententetest.Now().Add(time.Hour)}, nil
}

// signIn gives a person's token for Graph with these permissions.
func signIn(t *testing.T, w *ententetest.World, person, tenant string, scopes ...string) held {
	t.Helper()
	scope := "https://graph.microsoft.com/" + strings.Join(scopes, " https://graph.microsoft.com/")
	answer, err := w.Visitor(person).SignIn(t.Context(), w.Origin+"/"+tenant+"/oauth2/v2.0/authorize?"+url.Values{
		"client_id": {ententetest.PortalApp}, "response_type": {"code"}, "redirect_uri": {"http://localhost/"}, "scope": {scope}, "amr_values": {"mfa"},
	}.Encode(), "http://localhost/")
	if err != nil {
		t.Fatal(err)
	}
	response, err := w.Client().PostForm(w.Origin+"/"+tenant+"/oauth2/v2.0/token", url.Values{
		"client_id": {ententetest.PortalApp}, "client_secret": {ententetest.PortalSecret}, "grant_type": {"authorization_code"},
		"code": {answer.Get("code")}, "redirect_uri": {"http://localhost/"},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var got struct {
		Token string `json:"access_token"`
	}
	if err := json.NewDecoder(response.Body).Decode(&got); err != nil || got.Token == "" {
		t.Fatalf("no token for %s: %v", person, err)
	}
	return held(got.Token)
}

func roles(templates ...string) models.DelegatedAdminAccessDetailsable {
	list := make([]models.UnifiedRoleable, len(templates))
	for i := range templates {
		list[i] = models.NewUnifiedRole()
		list[i].SetRoleDefinitionId(&templates[i])
	}
	details := models.NewDelegatedAdminAccessDetails()
	details.SetUnifiedRoles(list)
	return details
}

// etagOf reads the annotation that the SDK keeps beside the model.
func etagOf(of interface{ GetAdditionalData() map[string]any }) string {
	text, _ := of.GetAdditionalData()["@odata.etag"].(*string)
	if text == nil {
		return ""
	}
	return *text
}

// TestTheGraphSDKLivesThroughADelegatedAdminRelationship makes, approves,
// assigns, reduces and ends a relationship with the SDK's own models.
func TestTheGraphSDKLivesThroughADelegatedAdminRelationship(t *testing.T) {
	var ahead atomic.Int64
	w := ententetest.StartWith(t, ententetest.Options{Now: func() time.Time { return ententetest.Now().Add(time.Duration(ahead.Load())) }})
	partner := msgraph.NewGraphServiceClient(newAdapter(t, w, signIn(t, w, ententetest.Ada, ententetest.Northwind, "DelegatedAdminRelationship.ReadWrite.All", "Group.ReadWrite.All", "User.Read")))
	customer := msgraph.NewGraphServiceClient(newAdapter(t, w, signIn(t, w, "admin@tailspin.example", string(devworld.Tailspin), "DelegatedAdminRelationship.ReadWrite.All")))
	ours, theirs := partner.TenantRelationships().DelegatedAdminRelationships(), customer.TenantRelationships().DelegatedAdminRelationships()
	var key string
	ask := func(t *testing.T, side *tenantrelationships.DelegatedAdminRelationshipsRequestBuilder, action models.DelegatedAdminRelationshipRequestAction) {
		t.Helper()
		body := models.NewDelegatedAdminRelationshipRequest()
		body.SetAction(&action)
		if _, err := side.ByDelegatedAdminRelationshipId(key).Requests().Post(t.Context(), body, nil); err != nil {
			t.Fatal(explain(err))
		}
	}
	status := func(t *testing.T, want models.DelegatedAdminRelationshipStatus) models.DelegatedAdminRelationshipable {
		t.Helper()
		got, err := ours.ByDelegatedAdminRelationshipId(key).Get(t.Context(), nil)
		if err != nil {
			t.Fatal(explain(err))
		}
		if *got.GetStatus() != want {
			t.Fatalf("the status is %s, want %s", got.GetStatus(), want)
		}
		return got
	}
	ledger.Judge(t, sdk, "a relationship is made, locked for approval, and approved by the customer", "", func(t *testing.T) {
		body := models.NewDelegatedAdminRelationship()
		name := "Tailspin by the SDK"
		body.SetDisplayName(&name)
		body.SetDuration(serialization.NewDuration(0, 0, 90, 0, 0, 0, 0))
		body.SetAccessDetails(roles(account.DirectoryReaders, account.GlobalReader))
		made, err := ours.Post(t.Context(), body, nil)
		if err != nil {
			t.Fatal(explain(err))
		}
		key = *made.GetId()
		ask(t, ours, models.LOCKFORAPPROVAL_DELEGATEDADMINRELATIONSHIPREQUESTACTION)
		status(t, models.APPROVALPENDING_DELEGATEDADMINRELATIONSHIPSTATUS)
		ask(t, theirs, models.APPROVE_DELEGATEDADMINRELATIONSHIPREQUESTACTION)
		ahead.Add(int64(time.Minute))
		status(t, models.ACTIVE_DELEGATEDADMINRELATIONSHIPSTATUS)
	})
	ledger.Judge(t, sdk, "a security group is made and assigned, and its roles are reduced with the assignment's ETag", "", func(t *testing.T) {
		yes, no, name, nickname := true, false, "GDAP by the SDK", "gdap-sdk"
		group := models.NewGroup()
		group.SetDisplayName(&name)
		group.SetMailNickname(&nickname)
		group.SetMailEnabled(&no)
		group.SetSecurityEnabled(&yes)
		g, err := partner.Groups().Post(t.Context(), group, nil)
		if err != nil {
			t.Fatal(explain(err))
		}
		container := models.NewDelegatedAdminAccessContainer()
		container.SetAccessContainerId(g.GetId())
		kind := models.SECURITYGROUP_DELEGATEDADMINACCESSCONTAINERTYPE
		container.SetAccessContainerType(&kind)
		assignment := models.NewDelegatedAdminAccessAssignment()
		assignment.SetAccessContainer(container)
		assignment.SetAccessDetails(roles(account.DirectoryReaders, account.GlobalReader))
		assignments := ours.ByDelegatedAdminRelationshipId(key).AccessAssignments()
		made, err := assignments.Post(t.Context(), assignment, nil)
		if err != nil {
			t.Fatal(explain(err))
		}
		ahead.Add(int64(time.Minute))
		now, err := assignments.ByDelegatedAdminAccessAssignmentId(*made.GetId()).Get(t.Context(), nil)
		if err != nil || *now.GetStatus() != models.ACTIVE_DELEGATEDADMINACCESSASSIGNMENTSTATUS {
			t.Fatalf("%s", explain(err))
		}
		less := models.NewDelegatedAdminAccessAssignment()
		less.SetAccessDetails(roles(account.DirectoryReaders))
		headers := abstractions.NewRequestHeaders()
		headers.Add("If-Match", etagOf(now))
		_, err = assignments.ByDelegatedAdminAccessAssignmentId(*made.GetId()).Patch(t.Context(), less,
			&tenantrelationships.DelegatedAdminRelationshipsItemAccessAssignmentsDelegatedAdminAccessAssignmentItemRequestBuilderPatchRequestConfiguration{Headers: headers})
		if err != nil {
			t.Fatal(explain(err))
		}
		operations, err := ours.ByDelegatedAdminRelationshipId(key).Operations().Get(t.Context(), nil)
		if err != nil || len(operations.GetValue()) != 1 {
			t.Fatalf("%s", explain(err))
		}
	})
	ledger.Judge(t, sdk, "active relationships are filtered, and the customer ends one", "", func(t *testing.T) {
		filter := "status eq 'active' and displayName eq 'Tailspin by the SDK'"
		list, err := ours.Get(t.Context(), &tenantrelationships.DelegatedAdminRelationshipsRequestBuilderGetRequestConfiguration{
			QueryParameters: &tenantrelationships.DelegatedAdminRelationshipsRequestBuilderGetQueryParameters{Filter: &filter},
		})
		if err != nil {
			t.Fatal(explain(err))
		}
		if len(list.GetValue()) != 1 || *list.GetValue()[0].GetId() != key {
			t.Errorf("%d relationships", len(list.GetValue()))
		}
		ask(t, theirs, models.TERMINATE_DELEGATEDADMINRELATIONSHIPREQUESTACTION)
		ahead.Add(int64(time.Minute))
		status(t, models.TERMINATED_DELEGATEDADMINRELATIONSHIPSTATUS)
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
