package account_test

import (
	"crypto/rand"
	"strings"
	"testing"
	"time"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/sqlstore/storetest"
	"github.com/entente-id/entente/internal/tenant"
)

const (
	issuerA = "https://login.contoso.example"
	issuerB = "https://login.other.example"
)

// registry is the door over a real store, at an instant that the test moves.
type registry struct {
	*testing.T
	links  *account.Links
	people *account.People
	org    id.Tenant
	now    time.Time
}

func newRegistry(t *testing.T) *registry {
	t.Helper()
	db := storetest.Open(t)
	r := &registry{T: t, org: "11111111-aaaa-4111-8111-000000000001", now: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}
	r.links = account.NewLinks(db, id.Source{Now: func() time.Time { return r.now }, Random: rand.Reader})
	r.people = account.NewPeople(db)
	for _, t := range []id.Tenant{r.org, "22222222-bbbb-4222-8222-000000000002"} {
		if err := db.SaveTenant(r.Context(), tenant.Tenant{ID: t, Name: string(t)}); err != nil {
			r.Fatal(err)
		}
	}
	for _, name := range []string{"anna", "bob"} {
		if err := r.people.Save(t.Context(), account.Account{Tenant: r.org, ID: id.Object(name), SignInName: name + "@contoso.example"}); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

func (r *registry) add(issuer, subject string, person id.Object) error {
	by := audit.Caller{Tenant: r.org, Account: person, SignInName: string(person)}
	return r.links.Add(r.Context(), by, account.Link{Tenant: r.org, Issuer: issuer, Subject: subject, Account: person})
}

func (r *registry) leadsTo(issuer, subject string, want id.Object) {
	r.Helper()
	got, err := r.links.Find(r.Context(), r.org, issuer, subject)
	if want == "" {
		if !fault.Has(err, fault.UpstreamUnlinked) {
			r.Errorf("%s of %s leads to %q: %v", subject, issuer, got.Account, err)
		}
	} else if err != nil || got.Account != want {
		r.Errorf("%s of %s leads to %q: %v", subject, issuer, got.Account, err)
	}
}

func TestTheSameSubjectAtTwoIssuersIsTwoPeople(t *testing.T) {
	r := newRegistry(t)
	if err := r.add(issuerA, "1", "anna"); err != nil {
		t.Fatal(err)
	}
	r.leadsTo(issuerB, "1", "")
	if err := r.add(issuerB, "1", "bob"); err != nil {
		t.Fatal(err)
	}
	r.leadsTo(issuerA, "1", "anna")
	r.leadsTo(issuerB, "1", "bob")
	r.leadsTo(issuerA, "anna@contoso.example", "")
	if _, err := r.links.Find(t.Context(), "22222222-bbbb-4222-8222-000000000002", issuerA, "1"); !fault.Has(err, fault.UpstreamUnlinked) {
		t.Errorf("in another organisation: %v", err)
	}
	if err := r.add(issuerA, "1", "bob"); !fault.Has(err, fault.ChangedMeanwhile) {
		t.Errorf("somebody else's: %v", err)
	}
}

func TestALinkTellsWhenItWasUsed(t *testing.T) {
	r := newRegistry(t)
	if err := r.add(issuerA, "1", "anna"); err != nil {
		t.Fatal(err)
	}
	start := r.now
	for _, at := range []time.Duration{0, 59 * time.Minute, 61 * time.Minute} {
		r.now = start.Add(at)
		r.leadsTo(issuerA, "1", "anna")
	}
	list, err := r.links.List(t.Context(), r.org, "anna")
	if err != nil || len(list) != 1 || !list[0].LastUsed.Equal(start.Add(61*time.Minute)) || !list[0].Since.Equal(start) {
		t.Errorf("%+v, %v", list, err)
	}
}

func TestAFirstSignInMakesAPersonAndNeverTakesOneOver(t *testing.T) {
	r := newRegistry(t)
	join := func(name, subject string) (account.Account, error) {
		return r.links.Join(t.Context(), account.Account{Tenant: r.org, SignInName: name}, account.Link{Issuer: issuerA, Subject: subject})
	}
	dora, err := join("dora@contoso.example", "d")
	if err != nil || dora.ID == "" || !dora.Created.Equal(r.now) {
		t.Fatalf("%+v, %v", dora, err)
	}
	r.leadsTo(issuerA, "d", dora.ID)
	if got, err := r.people.Find(t.Context(), r.org, dora.ID); err != nil || got.SignInName != "dora@contoso.example" {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := join("ANNA@contoso.example", "x"); !fault.Has(err, fault.NameTaken) {
		t.Errorf("with anna's address: %v", err)
	}
	r.leadsTo(issuerA, "x", "")
	if _, err := join("dora2@contoso.example", "d"); !fault.Has(err, fault.ChangedMeanwhile) {
		t.Errorf("in another window: %v", err)
	}
	if _, err := join("", "e"); !fault.Has(err, fault.ParameterMissing) {
		t.Errorf("without a name: %v", err)
	}
}

func TestALinkIsRemovedOnceAndFromItsPersonAlone(t *testing.T) {
	r := newRegistry(t)
	if err := r.add(issuerA, "1", "anna"); err != nil {
		t.Fatal(err)
	}
	by, link := audit.Caller{Tenant: r.org, Account: "anna"}, account.Link{Tenant: r.org, Issuer: issuerA, Subject: "1", Account: "anna"}
	others := link
	others.Account = "bob"
	if err := r.links.Remove(t.Context(), by, others); !fault.Has(err, fault.UpstreamUnlinked) {
		t.Errorf("from bob: %v", err)
	}
	r.leadsTo(issuerA, "1", "anna")
	if err := r.links.Remove(t.Context(), by, link); err != nil {
		t.Fatal(err)
	}
	r.leadsTo(issuerA, "1", "")
	if err := r.links.Remove(t.Context(), by, link); !fault.Has(err, fault.UpstreamUnlinked) {
		t.Errorf("again: %v", err)
	}
}

func TestALinkHasAnIssuerASubjectAndAPerson(t *testing.T) {
	r := newRegistry(t)
	for name, err := range map[string]error{
		"no issuer":          r.add("", "1", "anna"),
		"an endless issuer":  r.add(strings.Repeat("x", 501), "1", "anna"),
		"no subject":         r.add(issuerA, "", "anna"),
		"an endless subject": r.add(issuerA, strings.Repeat("x", 256), "anna"),
		"no person":          r.add(issuerA, "1", ""),
		"nobody":             r.add(issuerA, "1", "nobody"),
	} {
		if err == nil {
			t.Errorf("%s: it was kept", name)
		}
	}
}
