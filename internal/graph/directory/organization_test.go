package directory_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/entente-id/entente/internal/account"
	"github.com/google/go-cmp/cmp"
)

func TestTheOrganizationIsAnArrayOfOne(t *testing.T) {
	w := newWorld(t)
	r := w.get(w.app("Organization.Read.All"), asked("/v1.0/organization", "$select", "id,displayName,tenantType,countryLetterCode,createdDateTime,verifiedDomains,onPremisesSyncEnabled"))
	want := map[string]any{
		"@odata.context": "https://id.example/v1.0/$metadata#organization(id,displayName,tenantType,countryLetterCode,createdDateTime,verifiedDomains,onPremisesSyncEnabled)",
		"value": []any{map[string]any{
			"id": string(adatum), "displayName": "Adatum", "tenantType": "AAD", "countryLetterCode": "GB", "createdDateTime": "2026-11-22T12:00:00Z",
			"onPremisesSyncEnabled": nil,
			"verifiedDomains": []any{
				map[string]any{"name": "adatum.example", "isDefault": true, "isInitial": false, "type": "Managed", "capabilities": "Email"},
				map[string]any{"name": "adatum.onexample.net", "isDefault": false, "isInitial": true, "type": "Managed", "capabilities": "Email"},
			},
		}},
	}
	if diff := cmp.Diff(want, r.body); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	w.get(w.app("Organization.Read.All"), asked("/v1.0/organization", "$select", "secrets")).is(400, "Request_UnsupportedQuery")
}

func TestAnAdminNamesTheMailboxesForTechnicalMatters(t *testing.T) {
	w := newWorld(t)
	const writes = "Directory.AccessAsUser.All"
	path := "/v1.0/organization/" + string(adatum)
	body := map[string]any{"technicalNotificationMails": []string{"it@adatum.example", "noc@elsewhere.example"}}
	shown := func() any { return w.get(w.member("Organization.Read.All"), path).body["technicalNotificationMails"] }
	w.send(w.member(writes), "PATCH", path, body).is(403, refused)
	w.send(w.app("Organization.Read.All"), "PATCH", path, body).is(403, refused)
	w.holder(account.GlobalAdministrator) // Anna's
	admin := w.member(writes)
	for name, wrong := range map[string]any{
		"no list": "it@adatum.example", "no address": []string{"it"}, "a name with it": []string{"IT <it@adatum.example>"},
		"a long one": []string{strings.Repeat("x", 320) + "@adatum.example"}, "too many": slices.Repeat([]string{"it@adatum.example"}, 21), "nothing": nil,
		"two lines": []string{"it@adatum.example\r\nBcc: x@y.example"},
	} {
		r := w.send(admin, "PATCH", path, map[string]any{"technicalNotificationMails": wrong})
		if r.is(400, "Request_BadRequest"); !strings.Contains(r.text, "technicalNotificationMails") {
			t.Errorf("%s: %s", name, r.text)
		}
	}
	w.send(admin, "PATCH", path, map[string]any{"displayName": "Adatum Ltd"}).is(400, "Request_BadRequest")
	w.send(admin, "PATCH", "/v1.0/organization/"+string(northwind), body).is(404, "Request_ResourceNotFound")
	if diff := cmp.Diff([]any{}, shown()); diff != "" {
		t.Errorf("refused, and changed (-want +got):\n%s", diff)
	}
	w.send(admin, "PATCH", path, body).is(204, "")
	if diff := cmp.Diff([]any{"it@adatum.example", "noc@elsewhere.example"}, shown()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	w.send(w.app("Organization.ReadWrite.All"), "PATCH", path, map[string]any{"technicalNotificationMails": []string{}}).is(204, "")
	if diff := cmp.Diff([]any{}, shown()); diff != "" {
		t.Errorf("taken away (-want +got):\n%s", diff)
	}
	if n := len(slices.DeleteFunc(w.verbs(), func(v string) bool { return v != "organization.change" })); n != 2 {
		t.Errorf("%d records", n)
	}
}

func TestOneOrganizationIsShownByItsIDAndNoOther(t *testing.T) {
	w := newWorld(t)
	bearer := w.member("Organization.Read.All")
	for _, sent := range []string{string(adatum), strings.ToUpper(string(adatum))} {
		r := w.get(bearer, "/v1.0/organization/"+sent)
		r.is(200, "")
		if r.body["displayName"] != "Adatum" || r.body["@odata.context"] != "https://id.example/v1.0/$metadata#organization/$entity" {
			t.Errorf("got %s", r.text)
		}
	}
	for _, sent := range []string{string(northwind), "99999999-0000-4000-8000-000000000000", "adatum.example"} {
		w.get(bearer, "/v1.0/organization/"+sent).is(404, "Request_ResourceNotFound")
	}
}
