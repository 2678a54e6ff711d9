package sqlstore_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/consent"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/message"
	"github.com/entente-id/entente/internal/sqlstore"
	"github.com/google/go-cmp/cmp"
)

const aMonth = 30 * 24 * time.Hour

func approval(t id.Tenant, key string, client id.App) consent.Approval {
	return consent.Approval{
		Tenant: t, ID: key, Client: client, State: consent.Waiting, Reference: "7Q4K-2MXD", Version: 1,
		Permissions: []consent.Permission{{Resource: graph, Scopes: []string{"Mail.Read"}}},
		Requesters:  []consent.Requester{{Account: "anna", SignInName: "anna@contoso.example", Reason: "Ä \"reason\"", At: noon}},
		Created:     noon, Expires: noon.Add(aMonth), ReviewersTold: noon,
	}
}

func deed(a consent.Approval, event string) consent.Deed {
	return consent.Deed{Approval: a, Event: audit.Event{ID: event, At: noon, Tenant: a.Tenant, Verb: "approval", Object: a.ID}}
}

func addApproval(t *testing.T, db *sqlstore.DB, a consent.Approval) {
	t.Helper()
	if ok, err := db.AddApproval(t.Context(), deed(a, "add "+string(a.Tenant)+a.ID)); err != nil || !ok {
		t.Fatalf("add approval %s: %v, %v", a.ID, ok, err)
	}
}

func endApproval(t *testing.T, db *sqlstore.DB, a consent.Approval, as consent.State) consent.Approval {
	t.Helper()
	a.State = as
	if ok, err := db.SwapApproval(t.Context(), deed(a, "end "+a.ID)); err != nil || !ok {
		t.Fatalf("end approval %s: %v, %v", a.ID, ok, err)
	}
	a.Version++
	return a
}

func newOrganisations(t *testing.T, db *sqlstore.DB) {
	t.Helper()
	newTenant(t, db, contoso, "contoso.example")
	newTenant(t, db, fabrikam, "fabrikam.example")
}

func wantApproval(t *testing.T, db *sqlstore.DB, want consent.Approval) {
	t.Helper()
	got, err := db.Approval(t.Context(), want.Tenant, want.ID)
	if err != nil {
		t.Fatalf("read approval: %v", err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("approval (-want +got):\n%s", diff)
	}
}

// keys names the approvals of a list, whose error fails the test.
func keys(t *testing.T) func(list []consent.Approval, err error) []string {
	return func(list []consent.Approval, err error) []string {
		t.Helper()
		if err != nil {
			t.Fatalf("list approvals: %v", err)
		}
		var names []string
		for _, a := range list {
			names = append(names, a.ID)
		}
		return names
	}
}

func TestAnApprovalIsReadAsItWasKeptByItsTenantAlone(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		ctx := t.Context()
		newOrganisations(t, db)
		if _, err := db.Approval(ctx, contoso, "a"); !fault.Has(err, fault.ObjectUnknown) {
			t.Errorf("absent: %v", err)
		}
		a := approval(contoso, "a", broker)
		addApproval(t, db, a)
		wantApproval(t, db, a)
		if _, err := db.Approval(ctx, fabrikam, "a"); !fault.Has(err, fault.ObjectUnknown) {
			t.Errorf("of another tenant: %v", err)
		}
		if _, err := db.LatestApproval(ctx, fabrikam, broker); !fault.Has(err, fault.ObjectUnknown) {
			t.Errorf("latest of another tenant: %v", err)
		}
		if got := keys(t)(db.Approvals(ctx, fabrikam, "", "", 10)); len(got) != 0 {
			t.Errorf("listed to another tenant: %v", got)
		}
		if got := keys(t)(db.StandingApprovals(ctx, fabrikam, broker, noon)); len(got) != 0 {
			t.Errorf("standing in another tenant: %v", got)
		}
		theirs := a
		theirs.Tenant = fabrikam
		if ok, err := db.SwapApproval(ctx, deed(theirs, "theft")); err != nil || ok {
			t.Errorf("moved by another tenant: %v, %v", ok, err)
		}
		wantApproval(t, db, a)
	})
}

func TestOfOneClientInATenantOneApprovalWaits(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		ctx := t.Context()
		newOrganisations(t, db)
		first := approval(contoso, "a", broker)
		addApproval(t, db, first)
		addApproval(t, db, approval(contoso, "other app", mail))
		addApproval(t, db, approval(fabrikam, "a", broker))
		second := approval(contoso, "b", broker)
		second.Created = noon.Add(time.Hour)
		d := deed(second, "second")
		d.Messages = []message.Sealed{{ID: "m", Body: []byte{1}, At: noon}}
		if ok, err := db.AddApproval(ctx, d); err != nil || ok {
			t.Errorf("a second one waits: %v, %v", ok, err)
		}
		if list, err := db.TakeMessages(ctx, noon.Add(time.Hour), noon.Add(2*time.Hour), 10); err != nil || len(list) != 0 {
			t.Errorf("told of it: %v, %v", list, err)
		}
		endApproval(t, db, first, consent.Withdrawn)
		if ok, err := db.AddApproval(ctx, d); err != nil || !ok {
			t.Errorf("after the first has ended: %v, %v", ok, err)
		}
	})
}

func TestOfManyWhoAskOnTwoNodesAtOnceOneBegins(t *testing.T) {
	eachAddress(t, func(t *testing.T, address string) {
		ctx := within(t, time.Minute)
		nodes := []*sqlstore.DB{open(t, address, sqlstore.Options{}), open(t, address, sqlstore.Options{})}
		newOrganisations(t, nodes[0])
		var mu sync.Mutex
		next := 0
		if n := winnersOf(t, 20, func() (bool, error) {
			mu.Lock()
			next++
			key := fmt.Sprint(next)
			node := nodes[next%2]
			mu.Unlock()
			return node.AddApproval(ctx, deed(approval(contoso, key, broker), "e"+key))
		}); n != 1 {
			t.Errorf("%d began", n)
		}
		if got := keys(t)(nodes[0].Approvals(ctx, contoso, "", "", 100)); len(got) != 1 {
			t.Errorf("there are %v", got)
		}
	})
}

func TestOfManyWhoDecideAtOnceOneWinsAndOnlyItsDeedIsDone(t *testing.T) {
	eachAddress(t, func(t *testing.T, address string) {
		ctx := within(t, time.Minute)
		nodes := []*sqlstore.DB{open(t, address, sqlstore.Options{}), open(t, address, sqlstore.Options{})}
		newOrganisations(t, nodes[0])
		a := approval(contoso, "a", broker)
		addApproval(t, nodes[0], a)
		var mu sync.Mutex
		next := 0
		if n := winnersOf(t, 50, func() (bool, error) {
			mu.Lock()
			next++
			mine := next
			mu.Unlock()
			d := deed(a, fmt.Sprint("decision ", mine))
			d.Approval.State = consent.Approved
			d.Approval.Decided = consent.Decision{By: fmt.Sprint(mine)}
			d.Grants = []consent.Grant{grantFor("", graph, fmt.Sprint("Scope.", mine))}
			d.Messages = []message.Sealed{{ID: fmt.Sprint("m", mine), Body: []byte{1}, At: noon}}
			return nodes[mine%2].SwapApproval(ctx, d)
		}); n != 1 {
			t.Errorf("%d won", n)
		}
		got, err := nodes[0].Approval(ctx, contoso, "a")
		if err != nil || got.State != consent.Approved || got.Version != 2 {
			t.Fatalf("%+v, %v", got, err)
		}
		wantGrants(t, nodes[0], "anna", grantFor("", graph, "Scope."+got.Decided.By))
		list, err := nodes[0].TakeMessages(ctx, noon, noon.Add(time.Hour), 100)
		if err != nil || len(list) != 1 || list[0].ID != "m"+got.Decided.By {
			t.Errorf("messages %v, %v", list, err)
		}
		if ok, err := nodes[0].SwapApproval(ctx, deed(got, "after the end")); err != nil || ok {
			t.Errorf("moved after it had ended: %v, %v", ok, err)
		}
	})
}

func TestADeedIsDoneAsAWholeOrNotAtAll(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		ctx := t.Context()
		newOrganisations(t, db)
		a := approval(contoso, "a", broker)
		addApproval(t, db, a)
		d := deed(a, "add "+string(contoso)+"a")
		d.Approval.State = consent.Blocked
		d.Blocks = true
		d.Grants = []consent.Grant{grantFor("anna", graph, "Mail.Read")}
		d.Principals = []application.Principal{{Tenant: contoso, ID: "p", App: broker, Created: noon}}
		d.Messages = []message.Sealed{{ID: "m", Body: []byte{1}, At: noon}}
		if ok, err := db.SwapApproval(ctx, d); err == nil || ok {
			t.Errorf("done although its event was there already: %v, %v", ok, err)
		}
		wantApproval(t, db, a)
		wantGrants(t, db, "anna")
		if _, err := db.Principal(ctx, contoso, broker); !fault.Has(err, fault.AppNotInTenant) {
			t.Errorf("the principal stayed: %v", err)
		}
		if list, err := db.TakeMessages(ctx, noon, noon.Add(time.Hour), 10); err != nil || len(list) != 0 {
			t.Errorf("told of it: %v, %v", list, err)
		}
		if ok, err := db.AddApproval(ctx, deed(approval(contoso, "b", mail), "add "+string(contoso)+"a")); err == nil || ok {
			t.Errorf("begun without its event: %v, %v", ok, err)
		}
	})
}

func TestABlockedClientHoldsNothingUntilItIsUnblocked(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		ctx := t.Context()
		newOrganisations(t, db)
		hers := grantFor("anna", graph, "User.Read")
		theirs := hers
		theirs.Tenant = fabrikam
		allow(t, db, "e1", hers, theirs)
		a := approval(contoso, "a", broker)
		addApproval(t, db, a)
		d := deed(a, "block")
		d.Approval.State, d.Blocks = consent.Blocked, true
		d.Principals = []application.Principal{{Tenant: contoso, ID: "p", App: broker, Created: noon}}
		if ok, err := db.SwapApproval(ctx, d); err != nil || !ok {
			t.Fatalf("block: %v, %v", ok, err)
		}
		wantGrants(t, db, "anna")
		if got, err := db.Grants(ctx, fabrikam, broker, "anna"); err != nil || len(got) != 1 {
			t.Errorf("in another tenant: %v, %v", got, err)
		}
		if got, err := db.GrantsTo(ctx, contoso, "anna"); err != nil || len(got) != 1 {
			t.Errorf("what she once allowed: %v, %v", got, err)
		}
		err := db.AddGrants(ctx, []consent.Grant{grantFor("bob", graph, "User.Read")}, nil, consentEvent("e2"))
		if !fault.Has(err, fault.AppBlocked) {
			t.Errorf("allowed anew: %v", err)
		}
		for _, of := range []struct {
			tenant id.Tenant
			client id.App
		}{{fabrikam, broker}, {contoso, mail}} {
			if ok, err := db.UnblockPrincipal(ctx, of.tenant, of.client, consentEvent("not blocked")); err != nil || ok {
				t.Errorf("%v was blocked: %v, %v", of, ok, err)
			}
		}
		if ok, err := db.UnblockPrincipal(ctx, contoso, broker, consentEvent("e3")); err != nil || !ok {
			t.Errorf("unblock: %v, %v", ok, err)
		}
		if ok, err := db.UnblockPrincipal(ctx, contoso, broker, consentEvent("e4")); err != nil || ok {
			t.Errorf("unblocked twice: %v, %v", ok, err)
		}
		wantGrants(t, db, "anna", hers)
	})
}

func TestApprovalsAreListedFromTheNewestByStateAndPage(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		ctx := t.Context()
		newOrganisations(t, db)
		// The last two began in the same instant.
		for i, key := range []string{"a", "b", "c", "d"} {
			a := approval(contoso, key, broker)
			a.Created = noon.Add(time.Duration(min(i, 2)) * time.Second)
			addApproval(t, db, a)
			if key != "d" {
				endApproval(t, db, a, consent.Denied)
			}
		}
		of := keys(t)
		for name, c := range map[string]struct{ want, got []string }{
			"any":                      {[]string{"d", "c", "b", "a"}, of(db.Approvals(ctx, contoso, "", "", 10))},
			"the first of any":         {[]string{"d"}, of(db.Approvals(ctx, contoso, "", "", 1))},
			"any after one":            {[]string{"c", "b"}, of(db.Approvals(ctx, contoso, "", "d", 2))},
			"denied":                   {[]string{"c", "b", "a"}, of(db.Approvals(ctx, contoso, consent.Denied, "", 10))},
			"denied after one":         {[]string{"b", "a"}, of(db.Approvals(ctx, contoso, consent.Denied, "c", 10))},
			"after one in other state": {[]string{"c", "b", "a"}, of(db.Approvals(ctx, contoso, consent.Denied, "d", 10))},
			"after nothing known":      {nil, of(db.Approvals(ctx, contoso, "", "x", 10))},
			"in no such state":         {nil, of(db.Approvals(ctx, contoso, "x", "", 10))},
		} {
			if diff := cmp.Diff(c.want, c.got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
	})
}

func TestTheLatestApprovalIsTheOneThatWaitsAndThenTheNewest(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		ctx := t.Context()
		newOrganisations(t, db)
		for _, key := range []string{"z", "b"} {
			a := approval(contoso, key, broker)
			addApproval(t, db, a)
			endApproval(t, db, a, consent.Withdrawn)
		}
		waiting := approval(contoso, "a", broker)
		addApproval(t, db, waiting)
		if got, err := db.LatestApproval(ctx, contoso, broker); err != nil || got.ID != "a" {
			t.Errorf("while one waits: %s, %v", got.ID, err)
		}
		endApproval(t, db, waiting, consent.Expired)
		if got, err := db.LatestApproval(ctx, contoso, broker); err != nil || got.ID != "z" || got.Version != 2 {
			t.Errorf("when none waits: %s, %v", got.ID, err)
		}
	})
}

func TestWhatStandsIsWhatWaitsOrBlocksAndRecentDenials(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		newOrganisations(t, db)
		for i, state := range []consent.State{consent.Blocked, consent.Denied, consent.Denied, consent.Approved, consent.Withdrawn, consent.Expired, consent.Closed} {
			a := approval(contoso, fmt.Sprint(i), broker)
			a.Created = noon.Add(time.Duration(i) * time.Second)
			addApproval(t, db, a)
			endApproval(t, db, a, state)
		}
		last := approval(contoso, "last", broker)
		last.Created = noon.Add(time.Minute)
		addApproval(t, db, last)
		got := keys(t)(db.StandingApprovals(t.Context(), contoso, broker, noon.Add(2*time.Second)))
		if diff := cmp.Diff([]string{"last", "2", "0"}, got); diff != "" {
			t.Errorf("standing (-want +got):\n%s", diff)
		}
	})
}

func TestWhatIsDueIsFoundInEveryTenantAndMovesWithEachDeed(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		ctx := t.Context()
		newOrganisations(t, db)
		first, second := approval(contoso, "a", broker), approval(fabrikam, "b", broker)
		second.Expires = noon.Add(2 * aMonth)
		addApproval(t, db, first)
		addApproval(t, db, second)
		of := keys(t)
		if got := of(db.DueApprovals(ctx, noon.Add(aMonth/2-time.Microsecond), 10)); len(got) != 0 {
			t.Errorf("too early: %v", got)
		}
		if diff := cmp.Diff([]string{"a"}, of(db.DueApprovals(ctx, noon.Add(aMonth/2), 10))); diff != "" {
			t.Errorf("at half of its life (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{"a", "b"}, of(db.DueApprovals(ctx, noon.Add(aMonth), 10))); diff != "" {
			t.Errorf("later (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{"a"}, of(db.DueApprovals(ctx, noon.Add(aMonth), 1))); diff != "" {
			t.Errorf("the longest due (-want +got):\n%s", diff)
		}
		first.Rounds = 2
		if ok, err := db.SwapApproval(ctx, deed(first, "reminded")); err != nil || !ok {
			t.Fatalf("%v, %v", ok, err)
		}
		if got := of(db.DueApprovals(ctx, noon.Add(aMonth-time.Microsecond), 10)); len(got) != 0 {
			t.Errorf("once reminded: %v", got)
		}
		endApproval(t, db, second, consent.Expired)
		if diff := cmp.Diff([]string{"a"}, of(db.DueApprovals(ctx, noon.Add(9*aMonth), 10))); diff != "" {
			t.Errorf("when one has ended (-want +got):\n%s", diff)
		}
	})
}

func TestWhatWaitsForAnAllowedClientIsFoundPageByPage(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		ctx := t.Context()
		newOrganisations(t, db)
		for _, a := range []consent.Approval{approval(contoso, "a", broker), approval(contoso, "b", mail), approval(fabrikam, "a2", broker)} {
			addApproval(t, db, a)
		}
		of := keys(t)
		allow(t, db, "own", grantFor("anna", graph, "Mail.Read"))
		if got := of(db.AnsweredApprovals(ctx, consent.Approval{}, 10)); len(got) != 0 {
			t.Errorf("by a person's own consent: %v", got)
		}
		everyones := grantFor("", graph, "Mail.Read")
		theirs := everyones
		theirs.Tenant = fabrikam
		allow(t, db, "all", everyones, theirs)
		if diff := cmp.Diff([]string{"a", "a2"}, of(db.AnsweredApprovals(ctx, consent.Approval{}, 10))); diff != "" {
			t.Errorf("answered (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{"a2"}, of(db.AnsweredApprovals(ctx, consent.Approval{Tenant: contoso, ID: "a"}, 10))); diff != "" {
			t.Errorf("after the first (-want +got):\n%s", diff)
		}
		endApproval(t, db, approval(contoso, "a", broker), consent.Closed)
		if diff := cmp.Diff([]string{"a2"}, of(db.AnsweredApprovals(ctx, consent.Approval{}, 1))); diff != "" {
			t.Errorf("when one has ended (-want +got):\n%s", diff)
		}
	})
}

func TestGrantsOfSeveralDaysAreKeptApart(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		old := grantFor("anna", graph, "User.Read", "Mail.Read", "Mail.Send")
		allow(t, db, "e1", old)
		newer := grantFor("anna", graph, "Mail.Read", "Files.Read")
		newer.Given, newer.Version = noon, "fi/7"
		allow(t, db, "e2", newer)
		wantGrants(t, db, "anna", grantFor("anna", graph, "User.Read", "Mail.Send"), newer)
	})
}

func TestGrantsOfATenantAreListedByClientWhole(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		ctx := t.Context()
		grant := func(t id.Tenant, client id.App, who id.Object, resource id.App) consent.Grant {
			return consent.Grant{Tenant: t, Client: client, Account: who, Resource: resource, Scopes: []string{"S"}, Given: noon}
		}
		all := []consent.Grant{
			grant(contoso, "a", "", graph), grant(contoso, "a", "anna", graph), grant(contoso, "a", "bob", mail),
			grant(contoso, "b", "anna", graph), grant(contoso, "c", "bob", graph),
		}
		allow(t, db, "e", append([]consent.Grant{grant(fabrikam, "a", "anna", graph)}, all...)...)
		for name, c := range map[string]struct {
			after id.App
			limit int
			want  []consent.Grant
		}{"all": {"", 10, all}, "the first client": {"", 1, all[:3]}, "the next": {"a", 1, all[3:4]}, "after the last": {"c", 10, nil}} {
			got, err := db.GrantsIn(ctx, contoso, c.after, c.limit)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
		got, err := db.GrantsTo(ctx, contoso, "anna")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]consent.Grant{all[0], all[1], all[3]}, got); diff != "" {
			t.Errorf("anna's (-want +got):\n%s", diff)
		}
	})
}

func TestPeopleAreCountedAndReviewersFoundInOneTenant(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		ctx := t.Context()
		newOrganisations(t, db)
		hire := func(t2 id.Tenant, who id.Object, disabled bool, roles ...string) {
			t.Helper()
			a := account.Account{Tenant: t2, ID: who, SignInName: string(who) + "@" + string(t2), Roles: roles, Disabled: disabled}
			if err := db.SaveAccount(ctx, a); err != nil {
				t.Fatal(err)
			}
		}
		want := func(people int, reviewers ...id.Object) {
			t.Helper()
			if n, err := db.CountAccounts(ctx, contoso); err != nil || n != people {
				t.Errorf("%d people, %v; want %d", n, err, people)
			}
			list, err := db.Reviewers(ctx, contoso, 2)
			if err != nil {
				t.Fatal(err)
			}
			var got []id.Object
			for _, a := range list {
				got = append(got, a.ID)
			}
			if diff := cmp.Diff(reviewers, got); diff != "" {
				t.Errorf("reviewers (-want +got):\n%s", diff)
			}
		}
		want(0)
		hire(fabrikam, "max", false, account.GlobalAdministrator)
		hire(contoso, "anna", false, account.Member, account.GlobalReader)
		hire(contoso, "zoe", false, account.Member, account.CloudAppAdministrator)
		hire(contoso, "yan", true, account.GlobalAdministrator)
		want(3, "zoe")
		hire(contoso, "anna", false, account.ApplicationAdministrator)
		hire(contoso, "bob", false, account.PrivilegedRoleAdmin)
		want(4, "anna", "bob")
		hire(contoso, "anna", true, account.ApplicationAdministrator)
		hire(contoso, "bob", false, account.Member)
		want(4, "zoe")
	})
}
