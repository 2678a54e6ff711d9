package customer_test

import (
	"crypto/rand"
	"slices"
	"testing"
	"time"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/customer"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/sqlstore"
	"github.com/entente-id/entente/internal/sqlstore/storetest"
	"github.com/entente-id/entente/internal/tenant"
)

// life is a world in which contoso's agent and adatum's administrator act on
// relationships.
type life struct {
	t      *testing.T
	db     *sqlstore.DB
	room   *customer.Relationships
	ledger *customer.Ledger
	people *account.People
	groups *account.Groups
	now    time.Time
	names  int
}

const (
	team   id.Object = "99999999-0000-4000-8000-000000000001"
	mailed id.Object = "99999999-0000-4000-8000-000000000002"
)

func newLife(t *testing.T) *life {
	t.Helper()
	db := storetest.Open(t)
	l := &life{t: t, db: db, now: noon, people: account.NewPeople(db)}
	source := id.Source{Now: func() time.Time { return l.now }, Random: rand.Reader}
	l.groups = account.NewGroups(db, source)
	l.room, l.ledger = customer.NewRelationships(db, l.people, l.groups, source), customer.NewLedger(db, l.people, source)
	for _, org := range []id.Tenant{contoso, fabrikam, adatum} {
		l.must(db.SaveTenant(t.Context(), tenant.Tenant{ID: org}))
	}
	for _, a := range []account.Account{
		{Tenant: contoso, ID: "agent", Groups: []string{account.AdminAgents, string(team)}},
		{Tenant: contoso, ID: "help", Groups: []string{account.HelpdeskAgents}},
		{Tenant: contoso, ID: "clerk"},
		{Tenant: adatum, ID: "admin", Roles: []string{account.GlobalAdministrator}},
		{Tenant: adatum, ID: "user"},
		{Tenant: fabrikam, ID: "stranger", Roles: []string{account.GlobalAdministrator}, Groups: []string{account.AdminAgents}},
	} {
		a.SignInName = string(a.ID) + "@x.example"
		l.must(l.people.Save(t.Context(), a))
	}
	l.must(l.groups.Save(t.Context(), account.Group{Tenant: contoso, ID: team, Name: "Team", Security: true}))
	l.must(l.groups.Save(t.Context(), account.Group{Tenant: contoso, ID: mailed, Name: "Mailed"}))
	return l
}

func (l *life) must(err error) {
	l.t.Helper()
	if err != nil {
		l.t.Fatal(err)
	}
}

func (l *life) fails(err error, code fault.Code, doing string) {
	l.t.Helper()
	if !fault.Has(err, code) {
		l.t.Errorf("%s: got %v, want %s", doing, err, fault.Describe(code).Name)
	}
}

func person(t id.Tenant, who id.Object) audit.Caller {
	return audit.Caller{Tenant: t, Home: t, Account: who, SignInName: string(who), Methods: []string{"pwd", "mfa"}}
}

var (
	seller   = person(contoso, "agent")
	admin    = person(adatum, "admin")
	stranger = person(fabrikam, "stranger")
)

// draft makes a relationship for adatum with these roles.
func (l *life) draft(change func(*customer.Draft)) customer.Relationship {
	l.t.Helper()
	l.names++
	d := customer.Draft{DisplayName: "Base " + time.Duration(l.names).String(), Duration: "P30D", Customer: adatum, Roles: []string{account.DirectoryReaders, account.GlobalAdministrator}}
	if change != nil {
		change(&d)
	}
	r, err := l.room.Create(l.t.Context(), seller, d)
	l.must(err)
	return r
}

func (l *life) ask(by audit.Caller, r customer.Relationship, action customer.Action) error {
	_, err := l.room.Ask(l.t.Context(), by, r.ID, "", action)
	return err
}

// active makes a relationship that adatum has approved.
func (l *life) active(change func(*customer.Draft)) customer.Relationship {
	l.t.Helper()
	r := l.draft(change)
	l.must(l.ask(seller, r, customer.LockForApproval))
	l.must(l.ask(admin, r, customer.Approve))
	l.now = l.now.Add(time.Minute)
	return l.read(seller, r)
}

func (l *life) read(by audit.Caller, r customer.Relationship) customer.Relationship {
	l.t.Helper()
	got, err := l.room.Find(l.t.Context(), by, r.ID)
	l.must(err)
	return got
}

// TestEachActionFitsSomeStatesOfOneSideAlone is the table of who may ask for
// what, and when.
func TestEachActionFitsSomeStatesOfOneSideAlone(t *testing.T) {
	reach := map[customer.Status]func(*life) customer.Relationship{
		customer.Created: func(l *life) customer.Relationship { return l.draft(nil) },
		customer.ApprovalPending: func(l *life) customer.Relationship {
			r := l.draft(nil)
			l.must(l.ask(seller, r, customer.LockForApproval))
			return r
		},
		customer.Approved: func(l *life) customer.Relationship {
			r := l.draft(nil)
			l.must(l.ask(seller, r, customer.LockForApproval))
			l.must(l.ask(admin, r, customer.Approve))
			return r
		},
		customer.Active: func(l *life) customer.Relationship { return l.active(nil) },
		customer.Terminated: func(l *life) customer.Relationship {
			r := l.active(nil)
			l.must(l.ask(admin, r, customer.Terminate))
			l.now = l.now.Add(time.Minute)
			return r
		},
		customer.Expired: func(l *life) customer.Relationship {
			r := l.active(nil)
			l.now = l.now.AddDate(0, 0, 31)
			return r
		},
	}
	for _, c := range []struct {
		action        customer.Action
		by            audit.Caller
		from          []customer.Status
		otherwise     fault.Code
		unseenCreated bool
	}{
		{customer.LockForApproval, seller, []customer.Status{customer.Created}, fault.StateConflict, false},
		{customer.Approve, seller, nil, fault.RoleMissing, false},
		{customer.Reject, seller, nil, fault.RoleMissing, false},
		{customer.Terminate, seller, []customer.Status{customer.ApprovalPending, customer.Approved, customer.Active}, fault.StateConflict, false},
		{customer.LockForApproval, admin, nil, fault.RoleMissing, true},
		{customer.Approve, admin, []customer.Status{customer.ApprovalPending}, fault.StateConflict, true},
		{customer.Reject, admin, []customer.Status{customer.ApprovalPending}, fault.StateConflict, true},
		{customer.Terminate, admin, []customer.Status{customer.ApprovalPending, customer.Approved, customer.Active}, fault.StateConflict, true},
		{customer.Approve, stranger, nil, fault.ObjectUnknown, false},
	} {
		for _, status := range []customer.Status{customer.Created, customer.ApprovalPending, customer.Approved, customer.Active, customer.Terminated, customer.Expired} {
			t.Run(string(c.by.Tenant[:1])+" "+string(c.action)+" "+string(status), func(t *testing.T) {
				l := newLife(t)
				r := reach[status](l)
				if got := l.read(seller, r).Status; got != status {
					t.Fatalf("reached %s", got)
				}
				err := l.ask(c.by, r, c.action)
				want := c.otherwise
				if c.unseenCreated && status == customer.Created {
					want = fault.ObjectUnknown
				}
				if slices.Contains(c.from, status) {
					if err != nil {
						t.Errorf("refused: %v", err)
					}
					return
				}
				if !fault.Has(err, want) {
					t.Errorf("got %v, want %s", err, fault.Describe(want).Name)
				}
			})
		}
	}
}

func TestOnlyAgentsWithASecondFactorAndTheCustomersAdministratorAct(t *testing.T) {
	l := newLife(t)
	d := customer.Draft{DisplayName: "x", Duration: "P1D", Roles: []string{account.DirectoryReaders}}
	weak := seller
	weak.Methods = []string{"pwd"}
	visiting := seller
	visiting.Tenant = adatum
	for _, c := range []struct {
		name string
		by   audit.Caller
		code fault.Code
	}{
		{"a clerk", person(contoso, "clerk"), fault.RoleMissing}, {"the helpdesk", person(contoso, "help"), fault.RoleMissing},
		{"no second factor", weak, fault.MFARequiredByAPI}, {"an application alone", audit.Caller{Tenant: contoso, AppOnly: true}, fault.AppOnlyRefused},
		{"a visitor", visiting, fault.ForeignAccount},
	} {
		_, err := l.room.Create(t.Context(), c.by, d)
		l.fails(err, c.code, c.name)
	}
	r := l.draft(nil)
	l.must(l.ask(seller, r, customer.LockForApproval))
	l.fails(l.ask(person(adatum, "user"), r, customer.Approve), fault.RoleMissing, "a user of the customer")
	if list, err := l.room.List(t.Context(), person(contoso, "help"), "", 10); err != nil || len(list) != 1 {
		t.Errorf("the helpdesk reads %d, %v", len(list), err)
	}
	_, err := l.room.List(t.Context(), person(adatum, "user"), "", 10)
	l.fails(err, fault.RoleMissing, "a user lists")
}

func TestAnInvitationThatNobodyAnswersExpiresAfterNinetyDays(t *testing.T) {
	l := newLife(t)
	r := l.draft(nil)
	l.must(l.ask(seller, r, customer.LockForApproval))
	l.now = l.now.Add(90*24*time.Hour - time.Second)
	if got := l.read(seller, r).Status; got != customer.ApprovalPending {
		t.Errorf("a second before it is %s", got)
	}
	l.now = l.now.Add(time.Second)
	l.fails(l.ask(admin, r, customer.Approve), fault.StateConflict, "approve too late")
	l.must(l.room.Tend(t.Context()))
	if got := l.read(seller, r).Status; got != customer.Expired {
		t.Errorf("then it is %s", got)
	}
}

func TestAnOpenInvitationBelongsToWhoAcceptsIt(t *testing.T) {
	l := newLife(t)
	r := l.draft(func(d *customer.Draft) { d.Customer = "" })
	_, err := l.room.Find(t.Context(), stranger, r.ID)
	l.fails(err, fault.ObjectUnknown, "a draft")
	l.must(l.ask(seller, r, customer.LockForApproval))
	l.fails(l.ask(stranger, r, customer.Reject), fault.RoleMissing, "reject what others may accept")
	l.fails(l.ask(stranger, r, customer.Terminate), fault.RoleMissing, "terminate what others may accept")
	l.must(l.ask(admin, r, customer.Approve))
	if got := l.read(admin, r).Customer; got != adatum {
		t.Errorf("it is %s's", got)
	}
	_, err = l.room.Find(t.Context(), stranger, r.ID)
	l.fails(err, fault.ObjectUnknown, "once it is taken")
}

func TestTheEndProlongsOrExpires(t *testing.T) {
	l := newLife(t)
	plain := l.active(nil)
	longer := l.active(func(d *customer.Draft) { d.AutoExtend, d.Roles = "P180D", []string{account.DirectoryReaders} })
	ends := longer.Ends
	l.now = ends
	l.must(l.room.Tend(t.Context()))
	if got := l.read(seller, longer); got.Status != customer.Active || !got.Ends.Equal(ends.AddDate(0, 0, 180)) {
		t.Errorf("prolonged it is %s until %s", got.Status, got.Ends)
	}
	if got := l.read(seller, plain).Status; got != customer.Expired {
		t.Errorf("otherwise it is %s", got)
	}
}

func TestAssignmentsCountOnceTheyAreActiveAndStopAtOnce(t *testing.T) {
	l := newLife(t)
	ctx := t.Context()
	r := l.active(nil)
	can := func() []string {
		a, err := l.people.Find(ctx, contoso, "agent")
		l.must(err)
		d, err := l.ledger.Delegation(ctx, a, adatum)
		if err != nil {
			return nil
		}
		return d.Roles
	}
	_, err := l.room.Assign(ctx, seller, r.ID, mailed, []string{account.DirectoryReaders})
	l.fails(err, fault.RequestMalformed, "no security group")
	_, err = l.room.Assign(ctx, seller, r.ID, team, []string{account.GlobalReader})
	l.fails(err, fault.RequestMalformed, "a role that was not agreed")
	a, err := l.room.Assign(ctx, seller, r.ID, team, []string{account.DirectoryReaders, account.GlobalAdministrator})
	l.must(err)
	_, err = l.room.Assign(ctx, seller, r.ID, team, []string{account.DirectoryReaders})
	l.fails(err, fault.StateConflict, "twice")
	if got := can(); got != nil {
		t.Errorf("pending it gives %v", got)
	}
	l.now = l.now.Add(time.Minute)
	if got := can(); len(got) != 2 {
		t.Errorf("active it gives %v", got)
	}
	fresh := func() customer.Assignment {
		a, err := l.read(seller, r).Assignment(a.ID)
		l.must(err)
		return a
	}
	_, err = l.room.ChangeAssignment(ctx, seller, r.ID, a.ID, "old", []string{account.DirectoryReaders})
	l.fails(err, fault.ChangedMeanwhile, "an old etag")
	if o, err := l.room.ChangeAssignment(ctx, seller, r.ID, a.ID, fresh().ETag(), []string{account.GlobalAdministrator, account.DirectoryReaders}); err != nil || o != nil {
		t.Errorf("no difference: %v, %v", o, err)
	}
	_, err = l.room.ChangeAssignment(ctx, seller, r.ID, a.ID, fresh().ETag(), []string{account.DirectoryReaders})
	l.must(err)
	if got := can(); !slices.Equal(got, []string{account.DirectoryReaders}) {
		t.Errorf("reduced it gives %v", got)
	}
	l.now = l.now.Add(time.Minute)
	l.must(l.room.RemoveAssignment(ctx, seller, r.ID, a.ID, fresh().ETag()))
	if got := can(); got != nil {
		t.Errorf("removed it gives %v", got)
	}
	l.now = l.now.Add(time.Minute)
	l.must(l.room.Tend(ctx))
	if left := l.read(seller, r).Assignments; len(left) != 0 {
		t.Errorf("left are %v", left)
	}
}

func TestAnActiveRelationshipIsOnlyReduced(t *testing.T) {
	l := newLife(t)
	r := l.active(nil)
	change := func(c customer.Change) error {
		_, err := l.room.Change(t.Context(), seller, r.ID, l.read(seller, r).ETag(), c)
		return err
	}
	name, longer, none := "other", "P180D", "P0D"
	l.fails(change(customer.Change{DisplayName: &name}), fault.StateConflict, "another name")
	l.fails(change(customer.Change{Roles: []string{account.GlobalAdministrator}}), fault.StateConflict, "without the reader")
	l.fails(change(customer.Change{Roles: []string{account.GlobalAdministrator, account.DirectoryReaders, account.GlobalReader}}), fault.StateConflict, "one more role")
	l.fails(change(customer.Change{AutoExtend: &longer}), fault.RequestMalformed, "prolonged with Global Administrator")
	l.must(change(customer.Change{Roles: []string{account.DirectoryReaders}, AutoExtend: &longer}))
	l.must(change(customer.Change{AutoExtend: &none}))
	l.fails(change(customer.Change{Roles: []string{account.GlobalAdministrator, account.DirectoryReaders}}), fault.StateConflict, "Global Administrator again")
	l.fails(l.room.Delete(t.Context(), seller, r.ID, l.read(seller, r).ETag()), fault.StateConflict, "delete")
}

func TestADraftHoldsToItsRules(t *testing.T) {
	l := newLife(t)
	for name, change := range map[string]func(*customer.Draft){
		"no name":                   func(d *customer.Draft) { d.DisplayName = "" },
		"51 characters":             func(d *customer.Draft) { d.DisplayName = "123456789012345678901234567890123456789012345678901" },
		"an hour":                   func(d *customer.Draft) { d.Duration = "PT1H" },
		"three years":               func(d *customer.Draft) { d.Duration = "P3Y" },
		"no duration":               func(d *customer.Draft) { d.Duration = "" },
		"itself":                    func(d *customer.Draft) { d.Customer = contoso },
		"no roles":                  func(d *customer.Draft) { d.Roles = nil },
		"a role of its own":         func(d *customer.Draft) { d.Roles = []string{"11111111-0000-4000-8000-000000000000"} },
		"prolonged by a year":       func(d *customer.Draft) { d.AutoExtend = "P1Y" },
		"prolonged as global admin": func(d *customer.Draft) { d.AutoExtend, d.Roles = "P180D", []string{account.GlobalAdministrator} },
	} {
		d := customer.Draft{DisplayName: "x", Duration: "P2Y", Customer: adatum, Roles: []string{account.DirectoryReaders}}
		change(&d)
		_, err := l.room.Create(t.Context(), seller, d)
		l.fails(err, fault.RequestMalformed, name)
	}
	r := l.draft(func(d *customer.Draft) { d.DisplayName = "Straße" })
	_, err := l.room.Create(t.Context(), seller, customer.Draft{DisplayName: "STRASSE", Duration: "P1D", Roles: []string{account.DirectoryReaders}})
	l.fails(err, fault.StateConflict, "the name again")
	other := l.draft(nil)
	name := "strasse"
	_, err = l.room.Change(t.Context(), seller, other.ID, other.ETag(), customer.Change{DisplayName: &name})
	l.fails(err, fault.StateConflict, "renamed to the name")
	l.must(l.room.Delete(t.Context(), seller, r.ID, r.ETag()))
	_, err = l.room.Find(t.Context(), seller, r.ID)
	l.fails(err, fault.ObjectUnknown, "after its deletion")
}

// Whether the clock passes in one step or in many, the relationship is the
// same: nobody's reading changes what others see.
func TestTheClockMovesTheSameInOneStepAndInMany(t *testing.T) {
	start := noon
	r := customer.Relationship{Status: customer.Approved, Since: start, Duration: "P30D", AutoExtend: "P180D", Roles: []string{account.DirectoryReaders},
		Assignments: []customer.Assignment{{ID: "a", Status: customer.AssignmentPending, Since: start.Add(3 * time.Second)}},
		Operations:  []customer.Operation{{ID: "o", Status: customer.Running, Due: start.Add(time.Hour)}}}
	end := start.AddDate(1, 0, 0)
	many := r
	for at := start; !at.After(end); at = at.Add(7 * time.Hour) {
		many = many.At(at)
	}
	many, once := many.At(end), r.At(end)
	if many.Revision != once.Revision || many.Status != once.Status || !many.Ends.Equal(once.Ends) || many.ETag() != once.ETag() {
		t.Errorf("in many steps %+v, in one %+v", many, once)
	}
}
