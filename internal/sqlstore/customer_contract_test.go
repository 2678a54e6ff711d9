package sqlstore_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/customer"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/partner"
	"github.com/entente-id/entente/internal/sqlstore"
	"github.com/google/go-cmp/cmp"
)

func TestACustomerComesBackAsItWasSaved(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		ctx := t.Context()
		newTenant(t, db, contoso, "contoso.example")
		want := customer.Customer{
			Partner: contoso, Tenant: adatum, CompanyName: "Ädatum Cust", Domain: "adatum.example", CustomDomains: []string{"a.example"},
			Relationship: customer.Reseller, CommerceID: "c", AssociatedPartner: fabrikam, Delegated: true, Email: "it@adatum.example",
			Registration: "1234", Address: customer.Address{Country: "GB", City: "Hull"},
			Billing: customer.Billing{ID: "b", CompanyName: "Adatum Billing", ETag: "12"}, Created: noon,
		}
		if err := db.SaveCustomer(ctx, want); err != nil {
			t.Fatal(err)
		}
		got, err := db.Customer(ctx, contoso, adatum)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

func TestTwoPartnersOfOneCustomerHaveARowEach(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		ctx := t.Context()
		newTenant(t, db, contoso, "contoso.example")
		newTenant(t, db, fabrikam, "fabrikam.example")
		for _, p := range []id.Tenant{contoso, fabrikam} {
			if err := db.SaveCustomer(ctx, customer.Customer{Partner: p, Tenant: adatum, CompanyName: "of " + string(p)}); err != nil {
				t.Fatal(err)
			}
		}
		if err := db.SaveCustomer(ctx, customer.Customer{Partner: fabrikam, Tenant: adatum, CompanyName: "renamed"}); err != nil {
			t.Fatal(err)
		}
		if got, _ := db.Customer(ctx, contoso, adatum); got.CompanyName != "of "+string(contoso) {
			t.Errorf("one partner's change reached the other's row: %q", got.CompanyName)
		}
	})
}

func TestAnotherPartnersCustomerAndNoCustomerAreTheSameAnswer(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		ctx := t.Context()
		newTenant(t, db, fabrikam, "fabrikam.example")
		if err := db.SaveCustomer(ctx, customer.Customer{Partner: fabrikam, Tenant: adatum, CompanyName: "Adatum"}); err != nil {
			t.Fatal(err)
		}
		_, foreign := db.Customer(ctx, contoso, adatum)
		_, unknown := db.Customer(ctx, contoso, nobody)
		if !fault.Has(foreign, fault.CustomerUnknown) || foreign.Error() != unknown.Error() {
			t.Errorf("foreign: %v; unknown: %v", foreign, unknown)
		}
	})
}

// newCustomers saves four customers of contoso and one of fabrikam.
func newCustomers(t *testing.T, db *sqlstore.DB) {
	t.Helper()
	newTenant(t, db, contoso, "contoso.example")
	newTenant(t, db, fabrikam, "fabrikam.example")
	for i, name := range []string{"Ada 100%", "ada_lovelace", "ÄDA Öl", "Wingtip!"} {
		c := customer.Customer{Partner: contoso, Tenant: numbered(i), CompanyName: name, Domain: fmt.Sprintf("Cust%d.Example", i)}
		if err := db.SaveCustomer(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.SaveCustomer(t.Context(), customer.Customer{Partner: fabrikam, Tenant: numbered(9), CompanyName: "Ada of Fabrikam"}); err != nil {
		t.Fatal(err)
	}
}

func numbered(i int) id.Tenant { return id.Tenant(fmt.Sprintf("%08x-0000-4000-8000-000000000000", i)) }

func TestCustomersAreFilteredAlikeOnEachEngine(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		newCustomers(t, db)
		for _, c := range []struct {
			filter customer.Filter
			want   []int
		}{
			{customer.Filter{}, []int{0, 1, 2, 3}},
			{customer.Filter{Field: customer.CompanyName, Operator: customer.StartsWith, Value: "ADA"}, []int{0, 1}},
			{customer.Filter{Field: customer.CompanyName, Operator: customer.StartsWith, Value: "äda"}, []int{2}},
			{customer.Filter{Field: customer.CompanyName, Operator: customer.Contains, Value: "ÖL"}, []int{2}},
			{customer.Filter{Field: customer.CompanyName, Operator: customer.Contains, Value: "%"}, []int{0}},
			{customer.Filter{Field: customer.CompanyName, Operator: customer.Contains, Value: "_"}, []int{1}},
			{customer.Filter{Field: customer.CompanyName, Operator: customer.Contains, Value: "!"}, []int{3}},
			{customer.Filter{Field: customer.CompanyName, Operator: customer.Equals, Value: "wingTip!"}, []int{3}},
			{customer.Filter{Field: customer.CompanyName, Operator: customer.Equals, Value: "wingtip"}, nil},
			{customer.Filter{Field: customer.Domain, Operator: customer.Equals, Value: "cust2.example"}, []int{2}},
			{customer.Filter{Field: customer.Domain, Operator: customer.StartsWith, Value: "cust"}, []int{0, 1, 2, 3}},
		} {
			t.Run(fmt.Sprintf("%s %s %s", c.filter.Field, c.filter.Operator, c.filter.Value), func(t *testing.T) {
				list, err := db.Customers(t.Context(), contoso, customer.Query{Filter: c.filter, Limit: 10})
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(c.want, numbers(list)); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			})
		}
	})
}

func numbers(list []customer.Customer) []int {
	var n []int
	for _, c := range list {
		for i := range 10 {
			if c.Tenant == numbered(i) {
				n = append(n, i)
			}
		}
	}
	return n
}

func TestCustomersAreReadForwardsAndBackwardsInOneOrder(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		newCustomers(t, db)
		for _, c := range []struct {
			name  string
			query customer.Query
			want  []int
		}{
			{"first two", customer.Query{Limit: 2}, []int{0, 1}},
			{"after the second", customer.Query{After: numbered(1), Limit: 2}, []int{2, 3}},
			{"after the last", customer.Query{After: numbered(3), Limit: 2}, nil},
			{"the nearest two before the last", customer.Query{Before: numbered(3), Limit: 2}, []int{1, 2}},
			{"before the first", customer.Query{Before: numbered(0), Limit: 2}, nil},
		} {
			list, err := db.Customers(t.Context(), contoso, c.query)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, numbers(list)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", c.name, diff)
			}
		}
	})
}

func TestRelationshipsAreKeptForOnePartnerAndOneCustomer(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		ctx := t.Context()
		newTenant(t, db, contoso, "contoso.example")
		newTenant(t, db, fabrikam, "fabrikam.example")
		want := []customer.Relationship{
			{ID: "r1", Partner: contoso, Customer: adatum, DisplayName: "old", Status: customer.Expired, Ends: noon},
			{ID: "r2", Partner: contoso, Customer: adatum, DisplayName: "base", Status: customer.Active, Ends: noon,
				Roles: []string{"x", "y"}, Assignments: []customer.Assignment{{Group: "Desk", Roles: []string{"x"}}}},
		}
		other := customer.Relationship{ID: "r2", Partner: fabrikam, Customer: adatum, DisplayName: "theirs", Status: customer.Active}
		elsewhere := customer.Relationship{ID: "r3", Partner: contoso, Customer: nobody, DisplayName: "elsewhere"}
		for _, r := range []customer.Relationship{want[1], other, elsewhere, want[0]} {
			if err := db.SaveRelationship(ctx, r); err != nil {
				t.Fatal(err)
			}
		}
		want[1].Status, want[1].Version = customer.Terminated, 1
		if err := db.SaveRelationship(ctx, want[1]); err != nil {
			t.Fatal(err)
		}
		got, err := db.Relationships(ctx, contoso, adatum)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if got, err := db.Relationships(ctx, fabrikam, adatum); err != nil || len(got) != 1 || got[0].Status != customer.Active {
			t.Errorf("the other partner's relationship: %v, %v", got, err)
		}
	})
}

func TestAPartnersProfileIsAbsentUntilItIsSaved(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		newTenant(t, db, contoso, "contoso.example")
		if _, err := db.Profile(t.Context(), contoso); !fault.Has(err, fault.ObjectUnknown) {
			t.Errorf("absent: %v", err)
		}
		want := partner.Profile{Tenant: contoso, CompanyName: "Contoso", Domain: "contoso.example", Email: "a@contoso.example",
			Language: "en", Culture: "en-GB", Address: partner.Address{Country: "FI"}, ETag: "1"}
		if err := db.SaveProfile(t.Context(), want); err != nil {
			t.Fatal(err)
		}
		got, err := db.Profile(t.Context(), contoso)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

func TestAChangeOnTopOfAnOldETagIsRefusedAndLeavesNoEvent(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		ctx := t.Context()
		newTenant(t, db, contoso, "contoso.example")
		if err := db.SaveProfile(ctx, partner.Profile{Tenant: contoso, CompanyName: "kept", ETag: "2"}); err != nil {
			t.Fatal(err)
		}
		err := db.ChangeProfile(ctx, partner.Profile{Tenant: contoso, CompanyName: "lost", ETag: "3"}, "1", audit.Event{ID: "e", At: noon, Tenant: contoso})
		if !fault.Has(err, fault.ChangedMeanwhile) {
			t.Errorf("got %v", err)
		}
		if got, _ := db.Profile(ctx, contoso); got.CompanyName != "kept" {
			t.Errorf("the profile became %q", got.CompanyName)
		}
		if events, _ := db.Events(ctx, contoso, 10); len(events) != 0 {
			t.Errorf("an event without its deed: %v", events)
		}
	})
}

func TestOfManyWhoChangeOneProfileAtOnceOneWins(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		ctx := t.Context()
		newTenant(t, db, contoso, "contoso.example")
		if err := db.SaveProfile(ctx, partner.Profile{Tenant: contoso, ETag: "0"}); err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		var mu sync.Mutex
		won := ""
		for i := range 40 {
			all.Go(func() {
				name := fmt.Sprint("writer ", i)
				err := db.ChangeProfile(ctx, partner.Profile{Tenant: contoso, CompanyName: name, ETag: fmt.Sprint(i + 1)}, "0",
					audit.Event{ID: name, At: noon, Tenant: contoso})
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil && won == "":
					won = name
				case err == nil:
					t.Errorf("%s and %s both won", won, name)
				case !fault.Has(err, fault.ChangedMeanwhile):
					t.Errorf("a loser got %v", err)
				}
			})
		}
		all.Wait()
		if got, _ := db.Profile(ctx, contoso); got.CompanyName != won || won == "" {
			t.Errorf("%q won, %q is kept", won, got.CompanyName)
		}
		if events, _ := db.Events(ctx, contoso, 100); len(events) != 1 {
			t.Errorf("%d events", len(events))
		}
	})
}
