package partnerapi_test

import (
	"net/url"
	"strings"
	"testing"
	"time"
)

// FuzzBodies sends any text to rows that write: the answer is JSON and never a
// failure of ours.
func FuzzBodies(f *testing.F) {
	paths := []string{
		"POST " + customers, "PUT " + atAdatum + "/profiles/billing", "PATCH " + atAdatum, "POST " + atAdatum + "/qualifications",
		"POST " + atAdatum + "/applicationconsents", "POST /v1/servicerequests", "POST /v1/validations/address", "PUT /v1/profiles/legalbusiness",
		"POST /webhooks/v1/registration", "POST " + atAdatum + "/agreements", "POST " + atAdatum + "/users",
	}
	for i := range paths {
		f.Add(uint8(i), `{"CompanyName":"A","Domain":"a.onmicrosoft.com","companyProfile":{"domain":"x"},"billingProfile":null,"Title":"T","dateAgreed":"2026-01-01"}`)
		f.Add(uint8(i), `{"applicationGrants":[{"scope":",,"}],"Qualification":"1","WebhookEvents":[""],"Country":"\u0000"}`)
	}
	f.Add(uint8(4), `{"applicationId":"33333333-cccc-4333-8333-000000000003","applicationGrants":[{"enterpriseApplicationId":"x","scope":" , "}]}`)
	f.Add(uint8(2), `{"relationshipToPartner":9e9}`)
	f.Fuzz(func(t *testing.T, at uint8, body string) {
		w := newWorld(t)
		w.pass(time.Minute)
		method, path, _ := strings.Cut(paths[int(at)%len(paths)], " ")
		if r := w.call("admin", method, path, body); r.status >= 500 {
			t.Fatalf("%s %s with %q: %d %s\n%s", method, path, body, r.status, r.text, w.log.String())
		}
	})
}

// FuzzQueries does the same with filters, dates and tokens of lists.
func FuzzQueries(f *testing.F) {
	for _, seed := range []string{`{"Field":"CustomerId","Value":"x","Operator":"equals"}`, `{"Field":"ResourceType","Value":"Customer","Operator":"equals"}`, "2026-11-01", "1/2/2026", "YTEg", "\x00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		w := newWorld(t)
		for _, path := range []string{"/v1/auditrecords", customers, atAdatum + "/users"} {
			for _, name := range []string{"filter", "startDate", "size"} {
				if r := w.call("admin", "GET", path+"?"+query(name, text), ""); r.status >= 500 {
					t.Fatalf("%s %s=%q: %d %s", path, name, text, r.status, r.text)
				}
			}
			if strings.ContainsAny(text, "\r\n\x00") {
				continue
			}
			w.header(t, path, text)
		}
	})
}

func query(name, value string) string { return url.Values{name: {value}}.Encode() }

// header asks with a continuation token, where HTTP can carry it.
func (w *world) header(t *testing.T, path, token string) {
	t.Helper()
	for _, r := range token {
		if r < ' ' || r > '~' {
			return
		}
	}
	if r := w.call("admin", "GET", path, "", "MS-ContinuationToken", token); r.status >= 500 {
		t.Fatalf("%s with token %q: %d %s", path, token, r.status, r.text)
	}
}
