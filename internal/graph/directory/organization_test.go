package directory_test

import (
	"strings"
	"testing"

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
