package consent_test

import (
	"testing"
	"time"

	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/consent"
	"github.com/entente-id/entente/internal/id"
	"github.com/google/go-cmp/cmp"
)

const day = 24 * time.Hour

// yearly is the broker with consents that hold for a year (journey J25).
func yearly() application.Application {
	app := broker
	app.ReconfirmDays = 365
	return app
}

// missing is what anna would be asked at a sign-in now.
func (w *world) missing(t *testing.T, client application.Application, wanted application.Wanted) []consent.Asked {
	t.Helper()
	a, err := w.here.Allowed(t.Context(), contoso, client.App, anna.Account)
	if err != nil {
		t.Fatal(err)
	}
	missing, err := consent.Missing(a, client, wanted, nil)
	if err != nil {
		t.Fatal(err)
	}
	return missing
}

func TestAConsentIsAskedAgainAtTheSignInAfterItsTimeAndRefreshedMeanwhile(t *testing.T) {
	w := newWorld(t)
	give(t, w.here, anna, false, ask(graph, "Mail.Read"))
	mail := wanted(named(graph, "Mail.Read"))
	w.now = noon.Add(365 * day)
	if got := w.missing(t, yearly(), mail); len(got) != 0 {
		t.Errorf("on the last day: %v", got)
	}
	w.now = w.now.Add(time.Second)
	again := []consent.Asked{ask(graph, "Mail.Read")}
	if diff := cmp.Diff(again, w.missing(t, yearly(), mail)); diff != "" {
		t.Errorf("after it (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(again, w.missing(t, yearly(), wanted(everything(graph)))); diff != "" {
		t.Errorf("asking for whatever was allowed (-want +got):\n%s", diff)
	}
	if got := w.missing(t, broker, mail); len(got) != 0 {
		t.Errorf("of an app that never asks again: %v", got)
	}
	if !covered(t, w.here, anna) {
		t.Error("a refresh stopped")
	}
	give(t, w.here, anna, false, again...)
	if got := w.missing(t, yearly(), mail); len(got) != 0 {
		t.Errorf("once confirmed: %v", got)
	}
}

func TestEachPermissionAgesByItself(t *testing.T) {
	w := newWorld(t)
	give(t, w.here, anna, true, ask(graph, "Mail.Read", "User.Read"))
	w.now = noon.Add(300 * day)
	give(t, w.here, anna, false, ask(graph, "Calendars.Read"))
	w.now = noon.Add(400 * day)
	give(t, w.here, anna, false, ask(graph, "User.Read"))
	all := wanted(named(graph, "User.Read", "Calendars.Read", "Mail.Read"))
	if diff := cmp.Diff([]consent.Asked{ask(graph, "Mail.Read")}, w.missing(t, yearly(), all)); diff != "" {
		t.Errorf("in the second year (-want +got):\n%s", diff)
	}
	w.now = noon.Add(700 * day)
	if diff := cmp.Diff([]consent.Asked{ask(graph, "Calendars.Read", "Mail.Read")}, w.missing(t, yearly(), all)); diff != "" {
		t.Errorf("later in it (-want +got):\n%s", diff)
	}
}

func TestAConsentOfAnUnknownDayIsAskedAgain(t *testing.T) {
	w := newWorld(t)
	old := consent.Grant{Tenant: contoso, Client: broker.App, Resource: graph.App, Account: anna.Account, Scopes: []string{"Mail.Read"}}
	if err := w.db.AddGrants(t.Context(), []consent.Grant{old}, nil, audit.Event{ID: "e", At: noon, Tenant: contoso}); err != nil {
		t.Fatal(err)
	}
	if got := w.missing(t, yearly(), wanted(named(graph, "Mail.Read"))); len(got) != 1 {
		t.Errorf("asked %v", got)
	}
}

func TestWhatIsHeldSaysWhenAndInWhichWords(t *testing.T) {
	w := newWorld(t)
	hers := ask(graph, "Mail.Read")
	hers.Version = "fi/7"
	give(t, w.here, anna, false, hers)
	give(t, w.here, bob, false, ask(graph, "Mail.Read"))
	w.now = noon.Add(day)
	give(t, w.here, bob, true, ask(graph, "User.Read"))
	everyones := consent.Grant{Tenant: contoso, Client: broker.App, Resource: graph.App, Scopes: []string{"User.Read"}, Given: noon.Add(day)}
	annas := consent.Grant{Tenant: contoso, Client: broker.App, Resource: graph.App, Account: anna.Account, Scopes: []string{"Mail.Read"}, Given: noon, Version: "fi/7"}
	bobs := annas
	bobs.Account, bobs.Version = bob.Account, ""
	for name, c := range map[string]struct {
		read func() ([]consent.Grant, error)
		want []consent.Grant
	}{
		"by anna":                 {func() ([]consent.Grant, error) { return w.here.Held(t.Context(), contoso, anna.Account) }, []consent.Grant{everyones, annas}},
		"in the organisation":     {func() ([]consent.Grant, error) { return w.here.HeldIn(t.Context(), contoso, "", 10) }, []consent.Grant{everyones, annas, bobs}},
		"after the last client":   {func() ([]consent.Grant, error) { return w.here.HeldIn(t.Context(), contoso, broker.App, 10) }, nil},
		"in another organisation": {func() ([]consent.Grant, error) { return w.here.HeldIn(t.Context(), "elsewhere", "", 10) }, nil},
		"there, by an id alike":   {func() ([]consent.Grant, error) { return w.here.Held(t.Context(), id.Tenant("elsewhere"), anna.Account) }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := c.read()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("held (-want +got):\n%s", diff)
			}
		})
	}
}
