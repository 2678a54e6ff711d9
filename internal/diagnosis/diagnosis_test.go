package diagnosis_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/diagnosis"
	"github.com/entente-id/entente/internal/fault"
	"github.com/google/go-cmp/cmp"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func attempt() audit.Attempt {
	return audit.Attempt{
		Reference: "7Q4K-2MXD", At: noon, Tenant: "tenant-of-contoso", Home: "home-of-anna", Account: "object-of-anna",
		Address: "anna@contoso.example", App: "app-of-broker", AppName: "Broker", Step: "token", Code: fault.WrongPassword,
		Facts:         map[string]string{"organisation": "Contoso"},
		CorrelationID: "correlation", TraceID: "trace", Checks: []string{"client"}, Browser: "Firefox",
	}
}

func TestAHolderSeesWhatHappenedAndNothingOfAccountOrOrganisation(t *testing.T) {
	got := diagnosis.Explain(attempt(), diagnosis.Holder)
	want := diagnosis.Story{
		Reference: "7Q4K-2MXD", At: noon, Code: "AADSTS50126", Number: 50126, Name: "InvalidUserNameOrPassword", Message: "M05", Fixer: "you",
		Next: []string{"try-again", "reset-password", "use-another-account"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("story (-want +got):\n%s", diff)
	}
	text, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	for _, private := range []string{"anna", "ontoso", "roker", "token", "correlation", "trace", "client", "Firefox"} {
		if strings.Contains(string(text), private) {
			t.Errorf("a holder reads %q in %s", private, text)
		}
	}
}

func TestAnOperatorSeesTheWholeAttemptWithItsAddressMasked(t *testing.T) {
	want := diagnosis.Explain(attempt(), diagnosis.Holder)
	want.Step, want.Checks, want.App, want.AppID = "token", []string{"client"}, "Broker", "app-of-broker"
	want.Tenant, want.Address = "tenant-of-contoso", "a…a@contoso.example"
	want.Facts, want.CorrelationID, want.TraceID = map[string]string{"organisation": "Contoso"}, "correlation", "trace"
	if diff := cmp.Diff(want, diagnosis.Explain(attempt(), diagnosis.Operator)); diff != "" {
		t.Errorf("story (-want +got):\n%s", diff)
	}
}

func TestEveryFailureHasAStoryWithAFixerAndANextStep(t *testing.T) {
	for _, e := range fault.All() {
		s := diagnosis.Explain(audit.Attempt{Code: e.Code}, diagnosis.Holder)
		if s.Name != e.Name || s.Message == "" || s.Fixer == "" || len(s.Next) == 0 {
			t.Errorf("%s: %+v", e.Name, s)
		}
	}
}

func TestACodeOfAnotherVersionIsExplainedAsUnexpected(t *testing.T) {
	if s := diagnosis.Explain(audit.Attempt{Code: 1}, diagnosis.Holder); s.Code != "AADSTS50000" || len(s.Next) == 0 {
		t.Errorf("%+v", s)
	}
}

func TestAnAddressIsMaskedToWhatCanBeRecognised(t *testing.T) {
	for address, want := range map[string]string{
		"anna@contoso.example": "a…a@contoso.example",
		"bo@contoso.example":   "b…@contoso.example",
		"b@contoso.example":    "b…@contoso.example",
		"@contoso.example":     "@contoso.example",
		"åsä@contoso.example":  "å…ä@contoso.example",
		"anna":                 "a…a",
		"b":                    "b…",
		"":                     "",
	} {
		if got := diagnosis.Mask(address); got != want {
			t.Errorf("%q becomes %q, want %q", address, got, want)
		}
	}
}

// TestAMaskedAddressHidesTheNameUpToTheLastAt: what a person typed may hold a second one,
// and the name goes up to the last.
func TestAMaskedAddressHidesTheNameUpToTheLastAt(t *testing.T) {
	if got := diagnosis.Mask("anna@private.example@contoso.example"); got != "a…e@contoso.example" {
		t.Errorf("got %q", got)
	}
}
