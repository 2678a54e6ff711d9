package sqlstore_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/partner"
	"github.com/entente-id/entente/internal/sqlstore"
	"github.com/google/go-cmp/cmp"
)

func TestAnAttemptIsFoundByReferenceTraceAndCorrelation(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		ctx := t.Context()
		want := audit.Attempt{
			Reference: "7Q4K-2MXD", At: noon, Tenant: contoso, Home: fabrikam, Account: "a", Address: "ånna@contoso.example",
			App: broker, AppName: "Broker", Step: "token", Code: fault.WrongPassword, Facts: map[string]string{"x": "y"},
			CorrelationID: "c0000000-0000-4000-8000-000000000001", TraceID: "d0000000-0000-4000-8000-000000000001",
			Checks: []string{"client", "grant"}, Browser: "Firefox",
		}
		if err := db.AddAttempt(ctx, want); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{want.Reference, want.TraceID, want.CorrelationID} {
			got, err := db.FindAttempt(ctx, name)
			if err != nil {
				t.Fatalf("by %s: %v", name, err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("by %s (-want +got):\n%s", name, diff)
			}
		}
	})
}

func TestAnUnknownReferenceIsReferenceUnknown(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		if _, err := db.FindAttempt(t.Context(), "AAAA-AAAA"); !fault.Has(err, fault.ReferenceUnknown) {
			t.Errorf("got %v", err)
		}
	})
}

func TestOfSeveralAttemptsWithOneCorrelationTheNewestIsFound(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		for i, reference := range []string{"AAAA-AAAA", "CCCC-CCCC", "BBBB-BBBB"} {
			at := noon.Add([]time.Duration{0, 2, 1}[i] * time.Second)
			a := audit.Attempt{Reference: reference, At: at, TraceID: reference, CorrelationID: "one"}
			if err := db.AddAttempt(t.Context(), a); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := db.FindAttempt(t.Context(), "one"); err != nil || got.Reference != "CCCC-CCCC" {
			t.Errorf("got %s, %v", got.Reference, err)
		}
	})
}

func TestAReferenceIsUsedOnce(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		a := audit.Attempt{Reference: "AAAA-AAAA", At: noon, Step: "first"}
		if err := db.AddAttempt(t.Context(), a); err != nil {
			t.Fatal(err)
		}
		a.Step = "second"
		if err := db.AddAttempt(t.Context(), a); err == nil {
			t.Error("a second attempt took the reference")
		}
		if got, _ := db.FindAttempt(t.Context(), "AAAA-AAAA"); got.Step != "first" {
			t.Errorf("the first attempt became %q", got.Step)
		}
	})
}

func TestBothSidesReadAnEventNewestFirstAndNobodyElse(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		ctx := t.Context()
		newTenant(t, db, contoso, "contoso.example")
		p := partner.Profile{Tenant: contoso, ETag: "0"}
		if err := db.SaveProfile(ctx, p); err != nil {
			t.Fatal(err)
		}
		var events []audit.Event
		for i := range 3 {
			events = append(events, audit.Event{
				ID: fmt.Sprint("e", i), At: noon.Add(time.Duration(i) * time.Second), Tenant: contoso, Target: fabrikam,
				Account: "a", SignInName: "anna@contoso.example", App: broker, Verb: "profile.change", Object: string(contoso),
				Facts: map[string]string{"n": fmt.Sprint(i)},
			})
			old := p.ETag
			p.ETag = fmt.Sprint(i + 1)
			if err := db.ChangeProfile(ctx, p, old, events[i]); err != nil {
				t.Fatal(err)
			}
		}
		want := []audit.Event{events[2], events[1]}
		for _, reader := range []id.Tenant{contoso, fabrikam} {
			got, err := db.Events(ctx, reader, 2)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("read by %s (-want +got):\n%s", reader, diff)
			}
		}
		if got, err := db.Events(ctx, adatum, 10); err != nil || len(got) != 0 {
			t.Errorf("a stranger reads %v, %v", got, err)
		}
	})
}
