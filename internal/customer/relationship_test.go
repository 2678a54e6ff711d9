package customer_test

import (
	"testing"
	"time"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/customer"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/google/go-cmp/cmp"
)

// relationship is contoso's with adatum until an hour after noon: readers for
// the desk, admins for the admins.
func relationship(key string, status customer.Status) customer.Relationship {
	return customer.Relationship{
		ID: key, Partner: contoso, Customer: adatum, DisplayName: "Base " + key, Status: status, Ends: noon.Add(time.Hour),
		Roles: []string{"reader", "admin"},
		Assignments: []customer.Assignment{
			{Group: "Desk", Roles: []string{"reader"}},
			{Group: "Admins", Roles: []string{"admin", "reader", "never-agreed"}},
		},
	}
}

func with(r customer.Relationship, change func(*customer.Relationship)) customer.Relationship {
	change(&r)
	return r
}

// TestDelegationIsDecidedByRelationshipTimeGroupAndRole is the table of who may
// act in a customer's organisation (R164).
func TestDelegationIsDecidedByRelationshipTimeGroupAndRole(t *testing.T) {
	active := relationship("r1", customer.Active)
	for name, c := range map[string]struct {
		relationships []customer.Relationship
		groups        []string
		want          customer.Delegation
		fails         fault.Code
	}{
		"no relationship":            {nil, []string{"Desk"}, customer.Delegation{}, fault.ForeignAccount},
		"in the group":               {[]customer.Relationship{active}, []string{"Desk"}, customer.Delegation{Relationship: "r1", Roles: []string{"reader"}}, 0},
		"a role never agreed to":     {[]customer.Relationship{active}, []string{"Admins"}, customer.Delegation{Relationship: "r1", Roles: []string{"admin", "reader"}}, 0},
		"in both groups":             {[]customer.Relationship{active}, []string{"Desk", "Admins"}, customer.Delegation{Relationship: "r1", Roles: []string{"admin", "reader"}}, 0},
		"in no group":                {[]customer.Relationship{active}, nil, customer.Delegation{}, fault.ForeignAccount},
		"in another group":           {[]customer.Relationship{active}, []string{account.AdminAgents}, customer.Delegation{}, fault.ForeignAccount},
		"created":                    {[]customer.Relationship{relationship("r1", customer.Created)}, []string{"Desk"}, customer.Delegation{}, fault.ForeignAccount},
		"waiting for approval":       {[]customer.Relationship{relationship("r1", customer.ApprovalPending)}, []string{"Desk"}, customer.Delegation{}, fault.ForeignAccount},
		"being activated":            {[]customer.Relationship{relationship("r1", customer.Activating)}, []string{"Desk"}, customer.Delegation{}, fault.ForeignAccount},
		"expired":                    {[]customer.Relationship{relationship("r1", customer.Expired)}, []string{"Desk"}, customer.Delegation{}, fault.RelationshipEnded},
		"terminated":                 {[]customer.Relationship{relationship("r1", customer.Terminated)}, []string{"Desk"}, customer.Delegation{}, fault.RelationshipEnded},
		"being terminated":           {[]customer.Relationship{relationship("r1", customer.Terminating)}, []string{"Desk"}, customer.Delegation{}, fault.RelationshipEnded},
		"its end is this instant":    {[]customer.Relationship{with(active, func(r *customer.Relationship) { r.Ends = noon })}, []string{"Desk"}, customer.Delegation{}, fault.RelationshipEnded},
		"its end is the next":        {[]customer.Relationship{with(active, func(r *customer.Relationship) { r.Ends = noon.Add(1) })}, []string{"Desk"}, customer.Delegation{Relationship: "r1", Roles: []string{"reader"}}, 0},
		"its only role is withdrawn": {[]customer.Relationship{with(active, func(r *customer.Relationship) { r.Roles = []string{"other"} })}, []string{"Desk"}, customer.Delegation{}, fault.ForeignAccount},
		"one ended and one active": {[]customer.Relationship{relationship("r0", customer.Expired), active}, []string{"Desk"},
			customer.Delegation{Relationship: "r1", Roles: []string{"reader"}}, 0},
		"one ended, one active for others": {[]customer.Relationship{relationship("r0", customer.Expired), with(active, func(r *customer.Relationship) { r.Assignments = r.Assignments[1:] })},
			[]string{"Desk"}, customer.Delegation{}, fault.ForeignAccount},
		"two active": {[]customer.Relationship{active, with(relationship("r2", customer.Active), func(r *customer.Relationship) {
			r.Roles, r.Assignments = []string{"writer"}, []customer.Assignment{{Group: "Desk", Roles: []string{"writer"}}}
		})}, []string{"Desk"}, customer.Delegation{Relationship: "r1", Roles: []string{"reader", "writer"}}, 0},
		"another partner's": {[]customer.Relationship{with(active, func(r *customer.Relationship) { r.Partner = fabrikam })}, []string{"Desk"}, customer.Delegation{}, fault.ForeignAccount},
		"with another customer": {[]customer.Relationship{with(active, func(r *customer.Relationship) { r.Customer = numbered(7) })}, []string{"Desk"},
			customer.Delegation{}, fault.ForeignAccount},
	} {
		t.Run(name, func(t *testing.T) {
			l, _ := newLedger(t)
			for _, r := range c.relationships {
				if err := l.SaveRelationship(t.Context(), r); err != nil {
					t.Fatal(err)
				}
			}
			got, err := l.Delegation(t.Context(), account.Account{Tenant: contoso, ID: "p", Groups: c.groups}, adatum)
			if c.fails != 0 {
				if !fault.Has(err, c.fails) {
					t.Errorf("got %v, %v", got, err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestAnAccountThatIsSwitchedOffActsNowhere(t *testing.T) {
	l, _ := newLedger(t)
	if err := l.SaveRelationship(t.Context(), relationship("r1", customer.Active)); err != nil {
		t.Fatal(err)
	}
	_, err := l.Delegation(t.Context(), account.Account{Tenant: contoso, Groups: []string{"Desk"}, Disabled: true}, adatum)
	if !fault.Has(err, fault.AccountDisabled) {
		t.Errorf("got %v", err)
	}
}

func TestAnEndedRelationshipTellsWhichAndWhen(t *testing.T) {
	l, _ := newLedger(t)
	for _, r := range []customer.Relationship{
		with(relationship("r1", customer.Expired), func(r *customer.Relationship) { r.Ends = noon.AddDate(0, -2, 0) }),
		with(relationship("r2", customer.Terminated), func(r *customer.Relationship) { r.Ends = noon.AddDate(0, -1, 0) }),
	} {
		if err := l.SaveRelationship(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	_, err := l.Delegation(t.Context(), account.Account{Tenant: contoso, Groups: []string{"Desk"}}, adatum)
	if f := fault.Of(err); f.Facts["name"] != "Base r2" || f.Facts["date"] != "2026-10-22" {
		t.Errorf("got %v", err)
	}
}

func TestWhatCannotBeIsNotSaved(t *testing.T) {
	l, _ := newLedger(t)
	good := relationship("r1", customer.Active)
	for name, change := range map[string]func(*customer.Relationship){
		"no id":               func(r *customer.Relationship) { r.ID = "" },
		"no name":             func(r *customer.Relationship) { r.DisplayName = "" },
		"no partner":          func(r *customer.Relationship) { r.Partner = "" },
		"no customer":         func(r *customer.Relationship) { r.Customer = "adatum" },
		"ids in capitals":     func(r *customer.Relationship) { r.Customer = "AAAAAAAA-0000-4000-8000-000000000000" },
		"no status":           func(r *customer.Relationship) { r.Status = "" },
		"a status of its own": func(r *customer.Relationship) { r.Status = "Active" },
		"active without end":  func(r *customer.Relationship) { r.Ends = time.Time{} },
	} {
		if err := l.SaveRelationship(t.Context(), with(good, change)); err == nil {
			t.Errorf("%s was saved", name)
		}
	}
	for name, c := range map[string]customer.Customer{
		"no ids":          {CompanyName: "A", Relationship: customer.Reseller},
		"ids in capitals": {Partner: contoso, Tenant: id.Tenant("AAAAAAAA-0000-4000-8000-000000000000"), CompanyName: "A", Relationship: customer.Reseller},
		"no name":         {Partner: contoso, Tenant: adatum, Relationship: customer.Reseller},
		"no relationship": {Partner: contoso, Tenant: adatum, CompanyName: "A"},
	} {
		if err := l.Save(t.Context(), c); err == nil {
			t.Errorf("a customer with %s was saved", name)
		}
	}
}
