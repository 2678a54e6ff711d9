package partnerapi_test

import (
	"regexp"
	"testing"

	"github.com/entente-id/entente/internal/id"
)

func TestTheClientsIDsAreEchoedAndOthersInvented(t *testing.T) {
	w := newWorld(t)
	const request, correlation = "0F3D0000-0000-4000-8000-000000000001", "51c20000-0000-4000-8000-000000000001"
	r := w.call("admin", "GET", customers, "", "MS-RequestId", request, "MS-CorrelationId", correlation)
	if r.header.Get("MS-RequestId") != request || r.header.Get("MS-CorrelationId") != correlation {
		t.Errorf("not echoed: %v", r.header)
	}
	for _, sent := range []string{"", "1", "not-a-guid\tat all", "{0f3d0000-0000-4000-8000-000000000001}"} {
		r := w.call("admin", "GET", customers, "", "MS-RequestId", sent, "MS-CorrelationId", sent)
		for _, name := range []string{"MS-RequestId", "MS-CorrelationId"} {
			if got := r.header.Get(name); !id.IsGUID(got) {
				t.Errorf("%s for %q is %q", name, sent, got)
			}
		}
	}
}

func TestEveryAnswerCarriesTheTracingHeaders(t *testing.T) {
	w := newWorld(t)
	for _, path := range []string{customers, "/v1/nowhere"} {
		r := w.call("admin", "GET", path, "")
		if !regexp.MustCompile(`^[A-Za-z0-9+/]{16}\.0$`).MatchString(r.header.Get("MS-CV")) {
			t.Errorf("MS-CV %q", r.header.Get("MS-CV"))
		}
		if !regexp.MustCompile(`^[0-9]+$`).MatchString(r.header.Get("MS-ServerId")) {
			t.Errorf("MS-ServerId %q", r.header.Get("MS-ServerId"))
		}
		if got := r.header.Get("Content-Type"); got != "application/json; charset=utf-8" {
			t.Errorf("Content-Type %q", got)
		}
	}
	if r := w.call("admin", "GET", customers, "", "MS-CV", "Q3t4YzQ1Zm8x+4aB.3"); r.header.Get("MS-CV") != "Q3t4YzQ1Zm8x+4aB.3.0" {
		t.Errorf("the client's vector became %q", r.header.Get("MS-CV"))
	}
}

func TestErrorsCarryTheRealmOfTheRequest(t *testing.T) {
	w := newWorld(t)
	r := w.call("clerk", "GET", customers, "")
	if got := r.header.Get("WWW-Authenticate"); got != "OAuth realm=urn:cpsvc:cpid:"+r.header.Get("MS-RequestId") {
		t.Errorf("got %s", got)
	}
}
