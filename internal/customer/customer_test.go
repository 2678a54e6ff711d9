package customer_test

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/customer"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/sqlstore/storetest"
	"github.com/entente-id/entente/internal/tenant"
	"github.com/google/go-cmp/cmp"
)

const (
	contoso  id.Tenant = "11111111-aaaa-4111-8111-000000000001"
	fabrikam id.Tenant = "11111111-aaaa-4111-8111-000000000002"
	adatum   id.Tenant = "22222222-bbbb-4222-8222-000000000001"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// newLedger opens the room over a real store with two partners; contoso has
// an agent and a clerk.
func newLedger(t *testing.T) (*customer.Ledger, *account.People) {
	t.Helper()
	db := storetest.Open(t)
	people := account.NewPeople(db)
	for _, p := range []id.Tenant{contoso, fabrikam} {
		if err := db.SaveTenant(t.Context(), tenant.Tenant{ID: p}); err != nil {
			t.Fatal(err)
		}
	}
	for _, a := range []account.Account{
		{Tenant: contoso, ID: "agent", SignInName: "agent@contoso.example", Groups: []string{account.HelpdeskAgents}},
		{Tenant: contoso, ID: "clerk", SignInName: "clerk@contoso.example"},
	} {
		if err := people.Save(t.Context(), a); err != nil {
			t.Fatal(err)
		}
	}
	return customer.NewLedger(db, people, id.Source{Now: func() time.Time { return noon }, Random: rand.Reader}), people
}

var (
	agent = audit.Caller{Tenant: contoso, Home: contoso, Account: "agent"}
	app   = audit.Caller{Tenant: contoso, AppOnly: true}
)

func numbered(i int) id.Tenant { return id.Tenant(fmt.Sprintf("%08x-0000-4000-8000-000000000000", i)) }

func save(t *testing.T, l *customer.Ledger, partner id.Tenant, numbers ...int) {
	t.Helper()
	for _, i := range numbers {
		c := customer.Customer{Partner: partner, Tenant: numbered(i), CompanyName: fmt.Sprint("Customer ", i), Domain: "c.example", Relationship: customer.Reseller}
		if err := l.Save(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
}

func TestOnlyAgentsAndTheApplicationSeeCustomers(t *testing.T) {
	l, people := newLedger(t)
	save(t, l, contoso, 1)
	for name, c := range map[string]struct {
		caller audit.Caller
		want   fault.Code
	}{
		"an agent":             {agent, 0},
		"the application":      {app, 0},
		"a clerk":              {audit.Caller{Tenant: contoso, Home: contoso, Account: "clerk"}, fault.RoleMissing},
		"somebody who is gone": {audit.Caller{Tenant: contoso, Home: contoso, Account: "gone"}, fault.AccountUnknown},
		"an agent elsewhere":   {audit.Caller{Tenant: fabrikam, Home: contoso, Account: "agent"}, fault.ForeignAccount},
		"nobody":               {audit.Caller{}, fault.AccountUnknown},
	} {
		_, listing := l.List(t.Context(), c.caller, customer.Page{})
		_, finding := l.Find(t.Context(), c.caller, numbered(1))
		for _, err := range []error{listing, finding} {
			if c.want == 0 && err != nil || c.want != 0 && !fault.Has(err, c.want) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	if err := people.Save(t.Context(), account.Account{Tenant: contoso, ID: "agent", SignInName: "agent@contoso.example", Groups: []string{account.HelpdeskAgents}, Disabled: true}); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Find(t.Context(), agent, numbered(1)); !fault.Has(err, fault.AccountDisabled) {
		t.Errorf("a disabled agent: %v", err)
	}
}

func TestForeignAndUnknownCustomersAreTheSame(t *testing.T) {
	l, _ := newLedger(t)
	save(t, l, contoso, 1)
	save(t, l, fabrikam, 2)
	_, foreign := l.Find(t.Context(), app, numbered(2))
	_, unknown := l.Find(t.Context(), app, numbered(3))
	if !fault.Has(foreign, fault.CustomerUnknown) || foreign.Error() != unknown.Error() {
		t.Errorf("foreign: %v; unknown: %v", foreign, unknown)
	}
}

// TestWalkingForwardsAndBackSeesEachCustomerOnce walks lists of many lengths
// in pages of many sizes, to the end and back to the start.
func TestWalkingForwardsAndBackSeesEachCustomerOnce(t *testing.T) {
	l, _ := newLedger(t)
	save(t, l, fabrikam, 0, 4, 99)
	for length := range 8 {
		if length > 0 {
			save(t, l, contoso, length)
		}
		for size := 1; size <= length+1; size++ {
			walk(t, l, length, size)
		}
	}
}

func walk(t *testing.T, l *customer.Ledger, length, size int) {
	t.Helper()
	page := func(p customer.Page) customer.Listing {
		t.Helper()
		p.Size = size
		list, err := l.List(t.Context(), app, p)
		if err != nil {
			t.Fatalf("%d customers by %d: %v", length, size, err)
		}
		return list
	}
	seen := func(list customer.Listing) []string {
		var names []string
		for _, c := range list.Customers {
			names = append(names, c.CompanyName)
		}
		return names
	}
	list := page(customer.Page{})
	pages := [][]string{seen(list)}
	for list.HasNext {
		list = page(customer.Page{Seek: customer.Next, Token: list.Token})
		pages = append(pages, seen(list))
	}
	var want []string
	for i := 1; i <= length; i++ {
		want = append(want, fmt.Sprint("Customer ", i))
	}
	if diff := cmp.Diff(want, slices.Concat(pages...)); diff != "" {
		t.Errorf("%d customers by %d, forwards (-want +got):\n%s", length, size, diff)
	}
	back := [][]string{seen(list)}
	for list.HasPrevious {
		list = page(customer.Page{Seek: customer.Previous, Token: list.Token})
		back = append(back, seen(list))
	}
	slices.Reverse(back)
	if diff := cmp.Diff(pages, back); diff != "" {
		t.Errorf("%d customers by %d, backwards (-forwards +got):\n%s", length, size, diff)
	}
}

func TestAPageThatCannotBeIsRefused(t *testing.T) {
	l, _ := newLedger(t)
	upper := base64.RawURLEncoding.EncodeToString([]byte("c1" + "AAAAAAAA-0000-4000-8000-000000000000" + "AAAAAAAA-0000-4000-8000-000000000000"))
	for _, p := range []customer.Page{
		{Size: -1}, {Size: customer.MaxPage + 1}, {Token: "x"}, {Token: upper}, {Token: "==="}, {Seek: customer.Previous},
	} {
		if _, err := l.List(t.Context(), app, p); !fault.Has(err, fault.PageInvalid) {
			t.Errorf("%+v: %v", p, err)
		}
	}
	for _, f := range []customer.Filter{
		{Field: "Name", Operator: customer.Equals, Value: "a"}, {Field: customer.Domain, Operator: "like", Value: "a"},
		{Field: customer.Domain, Operator: customer.Equals}, {Value: "a"}, {Field: customer.Domain, Operator: customer.Equals, Value: "a\x00"},
	} {
		if _, err := l.List(t.Context(), app, customer.Page{Filter: f}); !fault.Has(err, fault.FilterInvalid) {
			t.Errorf("%+v: %v", f, err)
		}
	}
}

// FuzzToken holds that no token makes anything happen but a page or
// PageInvalid.
func FuzzToken(f *testing.F) {
	f.Add("", 0)
	f.Add("YzEy", 1)
	f.Add(base64.RawURLEncoding.EncodeToString([]byte("c1"+string(adatum)+string(adatum))), 1)
	l := customer.NewLedger(nothing{}, account.NewPeople(nil), id.Source{Now: func() time.Time { return noon }, Random: rand.Reader})
	f.Fuzz(func(t *testing.T, token string, seek int) {
		_, err := l.List(t.Context(), app, customer.Page{Token: token, Seek: customer.Seek(seek)})
		if err != nil && !fault.Has(err, fault.PageInvalid) {
			t.Fatalf("%q: %v", token, err)
		}
	})
}

// nothing is a store that holds nothing, so that a fuzzer needs no file.
type nothing struct{ customer.Store }

func (nothing) Customers(context.Context, id.Tenant, customer.Query) ([]customer.Customer, error) {
	return nil, nil
}
