package directory_test

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/id"
	"github.com/google/go-cmp/cmp"
)

// asked builds an address with options, percent-encoded as clients do.
func asked(path string, options ...string) string {
	v := url.Values{}
	for i := 0; i < len(options); i += 2 {
		v.Set(options[i], options[i+1])
	}
	return path + "?" + v.Encode()
}

func TestMeIsThePersonBehindTheToken(t *testing.T) {
	w := newWorld(t)
	want := map[string]any{
		"@odata.context": "https://id.example/v1.0/$metadata#users/$entity",
		"id":             string(anna), "businessPhones": []any{}, "displayName": "Anna O'Neil", "givenName": "Anna", "surname": "O'Neil",
		"jobTitle": "CTO", "mail": "anna@adatum.example", "mobilePhone": nil, "officeLocation": nil, "preferredLanguage": "fi",
		"userPrincipalName": "Anna@adatum.example",
	}
	if diff := cmp.Diff(want, w.get(w.member("User.Read"), "/v1.0/me").body); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAPartnersPersonIsAForeignPrincipalInTheCustomersTenant(t *testing.T) {
	w := newWorld(t)
	bearer := w.visitor(account.DirectoryReaders, "User.Read")
	for _, path := range []string{"/v1.0/me", "/v1.0/users/" + string(visiting)} {
		r := w.get(bearer, path)
		r.is(200, "")
		name := "user_" + strings.ReplaceAll(string(visiting), "-", "")
		if r.body["id"] != string(visiting) || r.body["displayName"] != name || r.body["userPrincipalName"] != name+"@adatum.example" {
			t.Errorf("%s is %s", path, r.text)
		}
		if strings.Contains(r.text, "northwind") || strings.Contains(r.text, "Smith") {
			t.Errorf("%s tells of home: %s", path, r.text)
		}
	}
}

func TestSelectedMembersAreShownAndNoOthers(t *testing.T) {
	w := newWorld(t)
	r := w.get(w.member("User.Read"), asked("/v1.0/me", "$select", "DisplayName,accountEnabled, createdDateTime,department,proxyAddresses"))
	want := map[string]any{
		"@odata.context": "https://id.example/v1.0/$metadata#users(DisplayName,accountEnabled,createdDateTime,department,proxyAddresses)/$entity",
		"displayName":    "Anna O'Neil", "accountEnabled": true, "createdDateTime": "2026-11-22T12:00:00Z", "department": nil, "proxyAddresses": []any{},
	}
	if diff := cmp.Diff(want, r.body); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	w.get(w.member("User.Read"), asked("/v1.0/me", "$select", "password")).is(400, "Request_UnsupportedQuery")
}

func TestBasicProfilesShowNoMore(t *testing.T) {
	w := newWorld(t)
	bearer := w.member("User.ReadBasic.All")
	r := w.get(bearer, "/v1.0/users/"+string(bert))
	for _, name := range []string{"jobTitle", "accountEnabled", "preferredLanguage"} {
		if _, shown := r.body[name]; shown {
			t.Errorf("%s is shown: %s", name, r.text)
		}
	}
	w.get(bearer, asked("/v1.0/users", "$select", "accountEnabled")).is(403, refused)
	w.get(bearer, asked("/v1.0/users", "$filter", "accountEnabled eq false")).is(403, refused)
	if r := w.get(bearer, "/v1.0/me"); r.body["jobTitle"] != "CTO" {
		t.Errorf("one's own profile is cut: %s", r.text)
	}
}

func TestAUserIsFoundByIDAndBySignInName(t *testing.T) {
	w := newWorld(t)
	bearer := w.app("User.Read.All")
	for _, name := range []string{string(bert), strings.ToUpper(string(bert)), "bert@adatum.example", "BERT@ADATUM.EXAMPLE", "bert%40adatum.example"} {
		r := w.get(bearer, "/v1.0/users/"+name)
		r.is(200, "")
		if r.body["id"] != string(bert) {
			t.Errorf("%s is %s", name, r.text)
		}
	}
}

func TestAUserOfAnotherTenantAnswersLikeNone(t *testing.T) {
	w := newWorld(t)
	bearer := w.app("User.Read.All")
	blank := func(r reply, sent string) string {
		e := r.body["error"].(map[string]any)
		delete(e, "innerError")
		return strings.ReplaceAll(fmt.Sprint(r.status, e), sent, "…")
	}
	random := "99999999-0000-4000-8000-000000000000"
	want := blank(w.get(bearer, "/v1.0/users/"+random), random)
	for _, sent := range []string{string(agent), "agent@northwind.example", "nobody@adatum.example"} {
		r := w.get(bearer, "/v1.0/users/"+sent)
		r.is(404, "Request_ResourceNotFound")
		if got := blank(r, sent); got != want {
			t.Errorf("%s answers %s, and a random id %s", sent, got, want)
		}
	}
}

func TestNamesThatNoDatabaseShouldSeeAreSimplyNotFound(t *testing.T) {
	w := newWorld(t)
	for _, sent := range []string{"a%00b", "%ff%fe", "%0a", strings.Repeat("x", 400), "'%20OR%201=1--"} {
		w.get(w.app("User.Read.All"), "/v1.0/users/"+sent).is(404, "Request_ResourceNotFound")
	}
}

// crowd gives adatum n further people after Anna and Bert.
func (w *world) crowd(n int) {
	w.t.Helper()
	for i := range n {
		w.must(w.people.Save(w.t.Context(), account.Account{
			Tenant: adatum, ID: id.Object(fmt.Sprintf("dddddddd-0000-4000-8000-%012d", i)),
			SignInName: fmt.Sprintf("p%d@adatum.example", i), Name: fmt.Sprintf("Person %d", i), Disabled: i%2 == 1,
		}))
	}
}

func TestPeopleAreListedPageByPageWithAbsoluteLinks(t *testing.T) {
	w := newWorld(t)
	w.crowd(5)
	bearer := w.app("User.Read.All")
	r := w.get(bearer, asked("/v1.0/users", "$top", "3", "$select", "displayName"))
	var pages [][]string
	for {
		pages = append(pages, r.names())
		link, ok := r.body["@odata.nextLink"].(string)
		if !ok {
			break
		}
		rest, found := strings.CutPrefix(link, origin)
		if !found || !strings.Contains(link, "$top=3") || !strings.Contains(link, "$select=displayName") {
			t.Fatalf("nextLink %s", link)
		}
		r = w.get(bearer, rest)
	}
	want := [][]string{{"Anna O'Neil", "Bert", "Person 0"}, {"Person 1", "Person 2", "Person 3"}, {"Person 4"}}
	if diff := cmp.Diff(want, pages); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := r.body["@odata.context"]; got != "https://id.example/v1.0/$metadata#users(displayName)" {
		t.Errorf("context %v", got)
	}
}

func TestAPageThatEndsWithTheLastPersonHasNoNextLink(t *testing.T) {
	w := newWorld(t)
	r := w.get(w.app("User.Read.All"), asked("/v1.0/users", "$top", "2"))
	if r.body["@odata.nextLink"] != nil || len(r.names()) != 2 {
		t.Errorf("got %s", r.text)
	}
}

func TestAPageHoldsAHundredUnlessAskedOtherwise(t *testing.T) {
	w := newWorld(t)
	w.crowd(120)
	if n := len(w.get(w.app("User.Read.All"), "/beta/users").names()); n != 100 {
		t.Errorf("%d people", n)
	}
	if n := len(w.get(w.app("User.Read.All"), asked("/v1.0/users", "$top", "999")).names()); n != 122 {
		t.Errorf("%d people", n)
	}
}

func TestPeopleAreFiltered(t *testing.T) {
	w := newWorld(t)
	w.crowd(4)
	for filter, want := range map[string][]string{
		"displayName eq 'anna o''neil'":                                        {"Anna O'Neil"},
		"startswith(displayName,'person')":                                     {"Person 0", "Person 1", "Person 2", "Person 3"},
		"startsWith( displayName , 'Person' ) and accountEnabled eq true":      {"Person 0", "Person 2"},
		"accountEnabled eq false":                                              {"Bert", "Person 1", "Person 3"},
		"userPrincipalName eq 'P2@ADATUM.example'":                             {"Person 2"},
		"userPrincipalName eq 'p2@adatum.example' and accountEnabled eq false": nil,
		"startswith(userPrincipalName,'p3@')":                                  {"Person 3"},
		"mail eq 'anna@adatum.example'":                                        {"Anna O'Neil"},
		"id eq '" + string(bert) + "'":                                         {"Bert"},
		"id eq '" + string(agent) + "'":                                        nil,
		"id eq 'bert@adatum.example'":                                          nil,
		"userPrincipalName eq '" + string(bert) + "'":                          nil,
		"userPrincipalName eq 'agent@northwind.example'":                       nil,
		"displayName eq ''":                                                    nil,
	} {
		r := w.get(w.app("User.Read.All"), asked("/v1.0/users", "$filter", filter))
		r.is(200, "")
		if diff := cmp.Diff(want, r.names()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", filter, diff)
		}
	}
}

func TestALookUpOfOnePersonIsOverAfterItsPage(t *testing.T) {
	w := newWorld(t)
	w.crowd(2)
	bearer := w.app("User.Read.All")
	link, _ := w.get(bearer, asked("/v1.0/users", "$top", "2")).body["@odata.nextLink"].(string)
	_, token, _ := strings.Cut(link, "$skiptoken=")
	for filter, want := range map[string][]string{"id eq '" + string(bert) + "'": nil, "userPrincipalName eq 'p1@adatum.example'": {"Person 1"}} {
		if diff := cmp.Diff(want, w.get(bearer, asked("/v1.0/users", "$filter", filter, "$skiptoken", token)).names()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", filter, diff)
		}
	}
}

func TestAFilterGoesOnOverPages(t *testing.T) {
	w := newWorld(t)
	w.crowd(9)
	bearer := w.app("User.Read.All")
	var all []string
	for path := asked("/v1.0/users", "$filter", "accountEnabled eq false", "$top", "2"); path != ""; {
		r := w.get(bearer, path)
		all = append(all, r.names()...)
		link, _ := r.body["@odata.nextLink"].(string)
		path = strings.TrimPrefix(link, origin)
	}
	if want := []string{"Bert", "Person 1", "Person 3", "Person 5", "Person 7"}; !slices.Equal(all, want) {
		t.Errorf("got %v", all)
	}
}

func TestACountNeedsItsHeaderAndCountsWhatTheFilterKeeps(t *testing.T) {
	w := newWorld(t)
	w.crowd(9)
	bearer := w.app("User.Read.All")
	path := asked("/v1.0/users", "$filter", "accountEnabled eq false", "$top", "2", "$count", "true")
	w.get(bearer, path).is(400, "Request_UnsupportedQuery")
	r := w.get(bearer, path, "ConsistencyLevel", "eventual")
	if r.body["@odata.count"] != 5.0 || len(r.names()) != 2 {
		t.Errorf("got %s", r.text)
	}
}

func TestOptionsAreReadEncodedAndWithoutTheirDollarSign(t *testing.T) {
	w := newWorld(t)
	for _, path := range []string{"/v1.0/users?%24top=1", "/v1.0/users?$top=1", "/v1.0/users?top=1", "/v1.0/users?TOP=1&unknown=x"} {
		r := w.get(w.app("User.Read.All"), path)
		r.is(200, "")
		if len(r.names()) != 1 {
			t.Errorf("%s: %s", path, r.text)
		}
	}
}

func TestOptionsThatWouldBeAnsweredWrongAreRefused(t *testing.T) {
	w := newWorld(t)
	bearer := w.app("User.Read.All", "Organization.Read.All")
	for path, code := range map[string]string{
		asked("/v1.0/users", "$search", `"displayName:a"`):                                    "Request_UnsupportedQuery",
		asked("/v1.0/users", "$expand", "manager"):                                            "Request_UnsupportedQuery",
		asked("/v1.0/users", "$skip", "3"):                                                    "Request_UnsupportedQuery",
		asked("/v1.0/users", "$magic", "x"):                                                   "Request_UnsupportedQuery",
		asked("/v1.0/users", "$filter", "displayName ne 'a'"):                                 "Request_UnsupportedQuery",
		asked("/v1.0/users", "$filter", "not(displayName eq 'a')"):                            "Request_UnsupportedQuery",
		asked("/v1.0/users", "$filter", "endsWith(mail,'a')"):                                 "Request_UnsupportedQuery",
		asked("/v1.0/users", "$filter", "startswith(id,'a')"):                                 "Request_UnsupportedQuery",
		asked("/v1.0/users", "$filter", strings.Repeat("mail eq 'a' and ", 10)+"mail eq 'a'"): "Request_UnsupportedQuery",
		asked("/v1.0/users", "$filter", ""):                                                   "Request_BadRequest",
		asked("/v1.0/users", "$filter", "mail eq 'a"):                                         "Request_BadRequest",
		asked("/v1.0/users", "$filter", "mail eq a"):                                          "Request_BadRequest",
		asked("/v1.0/users", "$filter", "secret eq 'a'"):                                      "Request_BadRequest",
		asked("/v1.0/users", "$filter", "accountEnabled eq 'true'"):                           "Request_BadRequest",
		asked("/v1.0/users", "$filter", "mail eq 'a' and"):                                    "Request_BadRequest",
		asked("/v1.0/users", "$filter", "mail eq 'a' mail eq 'b'"):                            "Request_BadRequest",
		asked("/v1.0/users", "$filter", "'mail' eq 'a'"):                                      "Request_BadRequest",
		asked("/v1.0/users", "$filter", strings.Repeat("x", 3000)):                            "Request_BadRequest",
		asked("/v1.0/users", "$top", "0"):                                                     "Request_BadRequest",
		asked("/v1.0/users", "$top", "1000"):                                                  "Request_BadRequest",
		asked("/v1.0/users", "$top", "many"):                                                  "Request_BadRequest",
		asked("/v1.0/users", "$count", "perhaps"):                                             "Request_BadRequest",
		asked("/v1.0/users", "$skiptoken", "x"):                                               "Request_BadRequest",
		asked("/v1.0/users", "$skiptoken", "dTEnIE9SIDE9MQ"):                                  "Request_BadRequest",
		asked("/v1.0/users", "$top", "1", "top", "2"):                                         "Request_BadRequest",
		"/v1.0/users?$top=1&$top=2":                                                           "Request_BadRequest",
		"/v1.0/users?$top=%zz":                                                                "Request_BadRequest",
		asked("/v1.0/organization", "$filter", "displayName eq 'a'"):                          "Request_UnsupportedQuery",
		asked("/v1.0/users/"+string(anna), "$top", "1"):                                       "Request_UnsupportedQuery",
	} {
		w.get(bearer, path).is(400, code)
	}
}
