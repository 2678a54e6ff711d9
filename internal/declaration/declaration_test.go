package declaration_test

import (
	"crypto/rand"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/credential"
	"github.com/entente-id/entente/internal/customer"
	"github.com/entente-id/entente/internal/declaration"
	"github.com/entente-id/entente/internal/declaration/written"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/house"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/sqlstore/pgtest"
	"github.com/google/go-cmp/cmp"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }

// office is an empty installation with a clock of its own.
type office struct {
	*testing.T
	house *house.House
	now   time.Time
}

func eachEngine(t *testing.T, test func(o *office)) {
	t.Helper()
	run := func(t *testing.T, address string) {
		o := &office{T: t, now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)}
		h, err := house.Open(t.Context(), house.Config{
			Origin: "https://login.fabrikam.example", Store: address, MasterKey: []byte(strings.Repeat("k", 32)), Log: slog.New(slog.DiscardHandler),
			Source: id.Source{Now: func() time.Time { return o.now }, Random: rand.Reader},
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = h.Close() })
		o.house = h
		test(o)
	}
	t.Run("SQLite", func(t *testing.T) { run(t, "sqlite:"+filepath.Join(t.TempDir(), "entente.db")) })
	t.Run("PostgreSQL", func(t *testing.T) { run(t, pgtest.Database(t)) })
}

func (o *office) example() string {
	o.Helper()
	text, err := os.ReadFile("../../docs/reference/world.yaml")
	if err != nil {
		o.Fatal(err)
	}
	return string(text)
}

func (o *office) plan(text string) (declaration.Plan, error) {
	o.Helper()
	// What other nodes do is seen a moment later.
	o.now = o.now.Add(3 * time.Second)
	d, err := written.Parse([]byte(text))
	if err != nil {
		o.Fatal(err)
	}
	return o.house.Declarations.Plan(o.Context(), d, "operator olga")
}

// apply applies a file, and gives what changed, one line for each field.
func (o *office) apply(text string) (changes []string, made []declaration.Made) {
	o.Helper()
	p, err := o.plan(text)
	if err != nil {
		o.Fatal(err)
	}
	for _, s := range p.Steps {
		if s.Verb == declaration.Remove {
			changes = append(changes, string(s.Verb)+" "+s.Kind+" "+s.Name)
		}
		for _, f := range s.Fields {
			changes = append(changes, string(s.Verb)+" "+s.Kind+" "+s.Name+": "+f.Name+": "+f.From+" → "+f.To)
		}
	}
	err = o.house.Declarations.Apply(o.Context(), p, func(m declaration.Made) error { made = append(made, m); return nil })
	if err != nil {
		o.Fatal(err)
	}
	return changes, made
}

func (o *office) unchanged(text string) {
	o.Helper()
	p, err := o.plan(text)
	if err != nil {
		o.Fatal(err)
	}
	for _, s := range p.Steps {
		if s.Verb != declaration.Keep {
			o.Errorf("again: %s %s %s %v", s.Verb, s.Kind, s.Name, s.Fields)
		}
	}
}

func (o *office) tenant(domain string) id.Tenant {
	o.Helper()
	t, err := o.house.Tenants.Named(o.Context(), domain)
	if err != nil {
		o.Fatal(err)
	}
	return t.ID
}

func TestApplyingTheExampleTwiceChangesNothing(t *testing.T) {
	eachEngine(t, func(o *office) {
		changes, made := o.apply(o.example())
		if len(changes) < 50 || len(made) != 5 {
			o.Errorf("%d changes, %d things made", len(changes), len(made))
		}
		o.unchanged(o.example())
		for _, domain := range []string{"fabrikam.example", "northwind.example", "adatum.example"} {
			events, err := o.house.DB.Events(o.Context(), o.tenant(domain), 100)
			if err != nil || len(events) < 3 {
				o.Errorf("%s: %d records, %v", domain, len(events), err)
			}
			for _, e := range events {
				if e.SignInName != "operator olga" {
					o.Errorf("%s: %s is recorded of %q", domain, e.Verb, e.SignInName)
				}
			}
		}
		p, err := o.house.Programme.Programme(o.Context())
		if err != nil || p.Owner != o.tenant("fabrikam.example") || p.Portal == "" {
			o.Errorf("the programme: %+v, %v", p, err)
		}
	})
}

func TestEachDifferenceIsToldAndMadeSo(t *testing.T) {
	eachEngine(t, func(o *office) {
		o.apply(o.example())
		changed := strings.NewReplacer(
			"name: Ada Byron", "name: Ada Lovelace", "userConsent: low-risk", "userConsent: nobody", "domains: [adatum.example]", "domains: [adatum.example, adatum.test]",
			"permissions: [get, list, set]", "permissions: [get]", "duration: P730D", "duration: P365D", "companyName: Northwind", "companyName: Northwind Ltd",
			"invitationDays: 14", "invitationDays: 30", "users of the portal", "x", "how Fabrikam and its partners use", "how we use",
		).Replace(o.example())
		changes, made := o.apply(changed)
		want := []string{
			"change tenant northwind.example: settings.userConsent: low-risk → nobody",
			"change tenant adatum.example: domains: adatum.example → adatum.example, adatum.test",
			"change partner northwind.example: companyName: Northwind → Northwind Ltd",
			"change person ada@northwind.example: name: Ada Byron → Ada Lovelace",
			"change relationship northwind.example / adatum.example / Adatum base roles: duration: P730D → P365D",
			"change vault northwind: access: 0f3a6a8e-6f0f-4b53-9d0e-5c8c2b8a9d11: [get list set] → 0f3a6a8e-6f0f-4b53-9d0e-5c8c2b8a9d11: [get]",
			"change programme Fabrikam partner programme: invitationDays: 14 → 30",
		}
		terms := slices.IndexFunc(changes, func(c string) bool { return strings.HasPrefix(c, "change terms of the programme: en:") })
		if terms < 0 {
			o.Errorf("no new terms in %q", changes)
		} else if diff := cmp.Diff(want, slices.Delete(changes, terms, terms+1)); diff != "" {
			o.Errorf("changes (-want +got):\n%s", diff)
		}
		if len(made) != 0 {
			o.Errorf("made %v", made)
		}
		o.unchanged(changed)
		list, err := o.house.Customers.Between(o.Context(), o.tenant("northwind.example"), o.tenant("adatum.example"))
		if err != nil || len(list) != 1 || !list[0].Ends.Equal(list[0].Activated.AddDate(0, 0, 365)) || list[0].Status != customer.Active {
			o.Errorf("the relationship: %+v, %v", list, err)
		}
	})
}

func TestWhatAFileDoesNotNameStays(t *testing.T) {
	eachEngine(t, func(o *office) {
		o.apply(o.example())
		o.unchanged("version: 1\n")
		o.unchanged("version: 1\ntenants:\n  - domains: [northwind.example]\npeople:\n  - signInName: ADA@Northwind.example\n")
		ada, err := o.house.People.Named(o.Context(), o.tenant("northwind.example"), "ada@northwind.example")
		if err != nil || !ada.Holds(account.GlobalAdministrator) || !ada.In(account.AdminAgents) {
			o.Errorf("%+v, %v", ada, err)
		}
	})
}

func TestOnlyWhatIsSaidToBeAbsentIsTakenAway(t *testing.T) {
	eachEngine(t, func(o *office) {
		o.apply(o.example())
		gone := `version: 1
apps:
  - {owner: northwind.example, name: Northwind Portal Integration, absent: true}
relationships:
  - {partner: northwind.example, customer: adatum.example, name: Adatum base roles, absent: true}
`
		changes, _ := o.apply(gone)
		want := []string{"remove app Northwind Portal Integration", "remove relationship northwind.example / adatum.example / Adatum base roles"}
		if diff := cmp.Diff(want, changes); diff != "" {
			o.Errorf("changes (-want +got):\n%s", diff)
		}
		o.unchanged(gone)
		if _, err := o.house.Apps.Find(o.Context(), "0f3a6a8e-6f0f-4b53-9d0e-5c8c2b8a9d11"); !fault.Has(err, fault.AppUnknown) {
			o.Errorf("the app: %v", err)
		}
		// A relationship that ended is not brought back by the file it came from.
		p, err := o.plan(o.example())
		if err != nil {
			o.Fatal(err)
		}
		i := slices.IndexFunc(p.Steps, func(s declaration.Step) bool { return s.Kind == "relationship" })
		if s := p.Steps[i]; s.Verb != declaration.Keep || !strings.Contains(s.Note, "terminated") {
			o.Errorf("%+v", s)
		}
	})
}

func TestSomebodyWithoutAWayInGetsAPassUntilTheyHaveOne(t *testing.T) {
	eachEngine(t, func(o *office) {
		_, made := o.apply(o.example())
		pat, err := o.house.People.Named(o.Context(), o.tenant("fabrikam.example"), "pat@fabrikam.example")
		if err != nil {
			o.Fatal(err)
		}
		owner := credential.Owner{Tenant: pat.Tenant, Account: pat.ID}
		i := slices.IndexFunc(made, func(m declaration.Made) bool { return m.For == pat.SignInName })
		if by, err := o.house.Safe.CheckPass(o.Context(), owner, made[i].Value); err != nil || by != "operator olga" {
			o.Errorf("the pass is by %q, %v", by, err)
		}
		o.now = o.now.Add(25 * time.Hour)
		if err := o.house.Safe.SetPassword(o.Context(), owner, "seven wet dogs on a roof"); err != nil {
			o.Fatal(err)
		}
		changes, made := o.apply(o.example())
		if len(changes) != 3 || len(made) != 3 || slices.ContainsFunc(made, func(m declaration.Made) bool { return m.For == pat.SignInName }) {
			o.Errorf("a day later: %q", changes)
		}
	})
}

func TestEverythingWrongIsToldAtOnceAndNothingIsWritten(t *testing.T) {
	eachEngine(t, func(o *office) {
		broken := `version: 1
programme: {owner: fabrikam.exampel, name: X}
tenants:
  - name: Fabrikam
    domains: [fabrikam.example, "no domain"]
  - name: Contoso
    domains: [contoso.example]
    settings: {userConsent: everybody}
  - name: Copy
    domains: [copy.example, contoso.example]
people:
  - {signInName: pat@elsewhere.example, name: Pat}
  - {signInName: pat@contoso.example, name: Pat, roles: [Global Admin], groups: [AdminAgent]}
apps:
  - {name: A, owner: contoso.example, id: not-a-guid}
customers:
  - {partner: contoso.example, tenant: copy.example}
`
		_, err := o.plan(broken)
		var problems declaration.Problems
		if !errors.As(err, &problems) {
			o.Fatal(err)
		}
		for _, want := range []string{
			`line 5: tenants[0].domains[1]: "no domain" is no domain name`,
			"line 8: tenants[1].settings.userConsent: must be anyone, low-risk, nobody",
			"line 10: tenants[2].domains[1]: contoso.example is a domain of Contoso too",
			`line 2: programme.owner: there is no organisation "fabrikam.exampel"`,
			`line 12: people[0].signInName: there is no organisation "elsewhere.example"`,
			`line 13: people[1].roles[0]: there is no directory role "Global Admin"`,
			"line 13: people[1].groups[0]: must be AdminAgents, HelpdeskAgents, SalesAgents, ProgrammeStaff; did you mean AdminAgents?",
			"line 15: apps[0].id: must be a GUID",
			"line 17: customers[0].partner: Contoso is no partner; add it to partners",
		} {
			if !strings.Contains(problems.Error(), want) {
				o.Errorf("no word of %q in\n%v", want, problems)
			}
		}
		if strings.Count(problems.Error(), "fabrikam.exampel") != 1 {
			o.Errorf("a mistake is told twice:\n%v", problems)
		}
		if _, err := o.house.Tenants.Named(o.Context(), "contoso.example"); !fault.Has(err, fault.TenantUnknown) {
			o.Errorf("something was written: %v", err)
		}
	})
}

func TestWhatStandsTwiceIsRefused(t *testing.T) {
	eachEngine(t, func(o *office) {
		twice := o.example() + `
  - {tenant: northwind.example, name: other, host: "LOCALHOST:8443"}
`
		twice = strings.Replace(twice, "\nvaults:", `
  - {partner: northwind.example, customer: fabrikam.example, name: adatum BASE roles, roles: [Directory Readers]}

vaults:`, 1)
		twice = strings.Replace(twice, "\napps:", `
  - {signInName: PAT@fabrikam.example, name: Pat again}

apps:`, 1)
		_, err := o.plan(twice)
		for _, want := range []string{"people[4].signInName: is declared twice", "relationships[1].name: is declared twice", "vaults[1].host: is declared twice"} {
			if err == nil || !strings.Contains(err.Error(), want) {
				o.Errorf("no word of %q in %v", want, err)
			}
		}
	})
}
