package partnerapi_test

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const request = "0f3d0000-0000-4000-8000-000000000007"

func ticket(title string) string {
	return `{"Title":"` + title + `","Description":"It does not start.","Severity":"critical","Organization":null}`
}

// tickets counts the service requests that there are.
func (w *world) tickets() int {
	w.t.Helper()
	items, _ := w.call("admin", "GET", "/v1/servicerequests", "").body["items"].([]any)
	return len(items)
}

func TestARepeatedDeedIsDoneOnceAndAnsweredAlikeAfterARestart(t *testing.T) {
	w := newWorld(t)
	first := w.call("admin", "POST", "/v1/servicerequests", ticket("Help"), "MS-RequestId", request)
	first.is(201, "")
	w.server.Close()
	w.server = httptest.NewServer(w.build())
	again := w.call("admin", "POST", "/v1/servicerequests", ticket("Help"), "MS-RequestId", strings.ToUpper(request))
	again.is(201, "")
	if diff := cmp.Diff(first.text, again.text); diff != "" || first.header.Get("Location") != again.header.Get("Location") || again.header.Get("Location") == "" {
		t.Errorf("answered otherwise (-first +again):\n%s", diff)
	}
	if n := w.tickets(); n != 1 {
		t.Errorf("%d deeds", n)
	}
}

func TestARequestIDIsForOneRequestOfOneCaller(t *testing.T) {
	w := newWorld(t)
	w.call("admin", "POST", "/v1/servicerequests", ticket("Help"), "MS-RequestId", request).is(201, "")
	for _, other := range []reply{
		w.call("admin", "POST", "/v1/servicerequests", ticket("More help"), "MS-RequestId", request),
		w.call("admin", "POST", "/v1/servicerequests?x=1", ticket("Help"), "MS-RequestId", request),
		w.call("helpdesk", "POST", "/v1/servicerequests", ticket("Help"), "MS-RequestId", request),
	} {
		other.is(400, "800002")
		if text, _ := other.body["description"].(string); !strings.Contains(text, "MS-RequestId") {
			t.Errorf("does not name the header: %s", text)
		}
	}
	if n := w.tickets(); n != 1 {
		t.Errorf("%d deeds", n)
	}
}

func TestARequestIDIsForgottenAfterADay(t *testing.T) {
	w := newWorld(t)
	w.call("admin", "POST", "/v1/servicerequests", ticket("Help"), "MS-RequestId", request).is(201, "")
	w.pass(23 * time.Hour)
	w.call("admin", "POST", "/v1/servicerequests", ticket("Help"), "MS-RequestId", request).is(201, "")
	if n := w.tickets(); n != 1 {
		t.Errorf("%d deeds within a day", n)
	}
	w.pass(2 * time.Hour)
	w.call("admin", "POST", "/v1/servicerequests", ticket("Help"), "MS-RequestId", request).is(201, "")
	if n := w.tickets(); n != 2 {
		t.Errorf("%d deeds after a day", n)
	}
}

func TestWhatFailedCanBeTriedAgainUnderItsRequestID(t *testing.T) {
	w := newWorld(t)
	w.call("admin", "POST", "/v1/servicerequests", ticket(""), "MS-RequestId", request).is(400, "800002")
	w.call("admin", "POST", "/v1/servicerequests", ticket("Help"), "MS-RequestId", request).is(201, "")
}

func TestTheSameRequestTwiceInFlightIsOneDeed(t *testing.T) {
	w := newWorld(t)
	const clients = 12
	texts := make([]string, clients)
	var all sync.WaitGroup
	for i := range clients {
		all.Go(func() {
			r := w.call("admin", "POST", "/v1/servicerequests", ticket("Help"), "MS-RequestId", request)
			texts[i] = fmt.Sprint(r.status, r.text)
		})
	}
	all.Wait()
	for _, text := range texts {
		if text != texts[0] || !strings.HasPrefix(text, "201") {
			t.Errorf("%s and %s", texts[0], text)
		}
	}
	if n := w.tickets(); n != 1 {
		t.Errorf("%d deeds", n)
	}
}

func TestWithoutARequestIDEachRequestIsADeed(t *testing.T) {
	w := newWorld(t)
	for _, sent := range []string{"", "not a guid"} {
		w.call("admin", "POST", "/v1/servicerequests", ticket("Help"), "MS-RequestId", sent).is(201, "")
	}
	if n := w.tickets(); n != 2 {
		t.Errorf("%d deeds", n)
	}
}

func TestAnApplicationThatAsksTooOftenIsToldHowLongToWait(t *testing.T) {
	w := newWorld(t)
	for range 500 {
		w.call("app", "GET", "/v1/customers/all/validations", "").is(200, "")
	}
	w.pass(20*time.Second + time.Millisecond)
	r := w.call("app", "GET", "/v1/customers/all/validations", "")
	r.is(429, "429")
	if got := r.header.Get("Retry-After"); got != "40" {
		t.Errorf("Retry-After %q", got)
	}
	other := w.person("admin")
	other.App = "33333333-cccc-4333-8333-000000000004"
	w.token("other", other)
	w.call("other", "GET", customers, "").is(200, "")
	w.pass(40 * time.Second)
	w.call("app", "GET", "/v1/customers/all/validations", "").is(200, "")
}

func TestConsentsHaveALimitOfTheirOwn(t *testing.T) {
	w := newWorld(t)
	path := customers + "/" + string(adatum) + "/applicationconsents/33333333-cccc-4333-8333-000000000003"
	for range 50 {
		w.call("admin", "DELETE", path, "").is(200, "")
	}
	r := w.call("admin", "DELETE", path, "")
	r.is(429, "429")
	if got := r.header.Get("Retry-After"); got != "1" {
		t.Errorf("Retry-After %q", got)
	}
	w.pass(time.Second)
	w.call("admin", "DELETE", path, "").is(200, "")
}
