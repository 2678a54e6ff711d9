package fault_test

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/entente-id/entente/internal/fault"
)

var kinds = []fault.Kind{
	fault.Request, fault.Client, fault.Grant, fault.Person, fault.Interaction,
	fault.Refused, fault.Absent, fault.Temporary, fault.Internal,
}

var fixers = []fault.Fixer{
	fault.You, fault.IT, fault.CustomerIT, fault.Programme, fault.Developer, fault.Time, fault.Operator,
}

func TestEveryEntryOfTheCatalogueIsWhole(t *testing.T) {
	message, name := regexp.MustCompile(`^M[0-9]{2}$`), regexp.MustCompile(`^[A-Z][A-Za-z0-9_]+$`)
	all := fault.All()
	if len(all) < 100 {
		t.Errorf("only %d entries", len(all))
	}
	for i, e := range all {
		if i > 0 && e.Code <= all[i-1].Code {
			t.Errorf("%d stands after %d", e.Code, all[i-1].Code)
		}
		if !name.MatchString(e.Name) {
			t.Errorf("%d: name %q", e.Code, e.Name)
		}
		if !message.MatchString(e.Message) {
			t.Errorf("%s: message %q", e.Name, e.Message)
		}
		if !slices.Contains(kinds, e.Kind) {
			t.Errorf("%s: kind %q", e.Name, e.Kind)
		}
		if !slices.Contains(fixers, e.Fixer) {
			t.Errorf("%s: fixer %q", e.Name, e.Fixer)
		}
		if len(e.Next) == 0 || slices.Contains(e.Next, "") {
			t.Errorf("%s: next steps %q", e.Name, e.Next)
		}
		for j, step := range e.Next {
			if slices.Contains(e.Next[:j], step) {
				t.Errorf("%s: %s twice", e.Name, step)
			}
		}
		if !fault.Known(e.Code) || fault.Describe(e.Code).Name != e.Name {
			t.Errorf("%s is not found by its code", e.Name)
		}
	}
}

func TestNoTwoEntriesShareAName(t *testing.T) {
	seen := map[string]fault.Code{}
	for _, e := range fault.All() {
		if other, taken := seen[e.Name]; taken {
			t.Errorf("%d and %d are both %s", other, e.Code, e.Name)
		}
		seen[e.Name] = e.Code
	}
}

func TestACodeOutsideTheCatalogueIsDescribedAsUnexpected(t *testing.T) {
	for _, code := range []fault.Code{0, -1, 123456789} {
		if fault.Known(code) || fault.Describe(code).Code != fault.Unexpected {
			t.Errorf("%d: %+v", code, fault.Describe(code))
		}
	}
}

func TestTheListOfTheCatalogueIsTheReadersOwn(t *testing.T) {
	fault.All()[0] = fault.Entry{}
	if fault.All()[0].Code == 0 {
		t.Error("a reader changed the catalogue")
	}
}

func TestACauseIsRememberedByACopyAlone(t *testing.T) {
	cause := errors.New("disk is full")
	shared := fault.New(fault.DirectoryBusy, "app", "Broker")
	because := shared.Because(cause)
	if errors.Unwrap(shared) != nil || strings.Contains(shared.Error(), "disk") {
		t.Errorf("the first one changed: %v", shared)
	}
	if !errors.Is(because, cause) || because.Code != shared.Code || because.Facts["app"] != "Broker" {
		t.Errorf("the copy: %v", because)
	}
}

func TestAFaultReadsTheSameEachTimeInTheLog(t *testing.T) {
	f := fault.New(fault.WrongPassword, "b", "2", "a", "1 \"quoted\"\n", "left over").Because(errors.New("why"))
	const want = `InvalidUserNameOrPassword (50126) a="1 \"quoted\"\n" b="2": why`
	for range 20 {
		if got := f.Error(); got != want {
			t.Fatalf("got %s", got)
		}
	}
}

func TestAForeignErrorBecomesUnexpectedAndItsTextStaysHome(t *testing.T) {
	foreign := errors.New("password=hunter2")
	got := fault.Of(fmt.Errorf("read: %w", foreign))
	if got.Code != fault.Unexpected || len(got.Facts) != 0 {
		t.Errorf("code %d, facts %v", got.Code, got.Facts)
	}
	if !errors.Is(got, foreign) {
		t.Error("the cause is lost for the log")
	}
}

func TestAFaultIsFoundThroughWhateverWrapsIt(t *testing.T) {
	inner := fault.New(fault.TooManyTries, "minutes", "4")
	wrapped := fmt.Errorf("sign in: %w", errors.Join(errors.New("other"), inner))
	if fault.Of(wrapped) != inner {
		t.Errorf("found %v", fault.Of(wrapped))
	}
	if !fault.Has(wrapped, fault.TooManyTries) || fault.Has(wrapped, fault.WrongPassword) || fault.Has(nil, fault.TooManyTries) || fault.Has(errors.New("x"), fault.Unexpected) {
		t.Error("a code is found where it is not, or not where it is")
	}
	if !errors.Is(wrapped, fault.New(fault.TooManyTries)) || errors.Is(wrapped, fault.New(fault.WrongPassword)) {
		t.Error("errors.Is does not go by the code")
	}
	// Who names facts asks for more than the code.
	if errors.Is(wrapped, fault.New(fault.TooManyTries, "minutes", "5")) {
		t.Error("errors.Is ignores the facts of what it looks for")
	}
}
