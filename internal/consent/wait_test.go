package consent_test

import (
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/consent"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/message"
	"github.com/entente-id/entente/internal/tenant"
	"github.com/google/go-cmp/cmp"
)

func TestARequesterRemindsOnceADay(t *testing.T) {
	o := newOffice(t)
	ctx := t.Context()
	p := o.ask(anna)
	o.post()
	o.must(o.approvals.Remind(ctx, anna, p.ID))
	o.wantPost("approval-reminder to zoe@contoso.example")
	o.pass(day - time.Minute)
	err := o.approvals.Remind(ctx, anna, p.ID)
	o.wantFault(fault.RequestRepeated, err)
	if minutes := fault.Of(err).Facts["minutes"]; minutes != "1" {
		t.Errorf("told to wait %s minutes", minutes)
	}
	if s := o.standing(anna.Account); !s.Reminded.Equal(noon) {
		t.Errorf("reminded %v", s.Reminded)
	}
	o.pass(time.Minute)
	o.must(o.approvals.Remind(ctx, anna, p.ID))
	o.wantPost("approval-reminder to zoe@contoso.example")
	o.wantFault(fault.ObjectUnknown, o.approvals.Remind(ctx, bob, p.ID))
}

func TestManyWhoRemindTogetherDoNotFloodTheReviewers(t *testing.T) {
	o := newOffice(t)
	p := o.ask(anna)
	o.ask(bob)
	o.post()
	o.must(o.approvals.Remind(t.Context(), anna, p.ID))
	o.must(o.approvals.Remind(t.Context(), bob, p.ID))
	o.wantPost("approval-reminder to zoe@contoso.example")
}

func TestManyWhoRemindAndWithdrawAtOnceAllGetThrough(t *testing.T) {
	o := newOffice(t)
	p := o.ask(anna)
	o.ask(bob)
	o.ask(carol)
	o.post()
	var all sync.WaitGroup
	all.Go(func() {
		if err := o.approvals.Remind(t.Context(), anna, p.ID); err != nil {
			t.Errorf("anna: %v", err)
		}
	})
	for _, by := range []audit.Caller{bob, carol} {
		all.Go(func() {
			if err := o.approvals.Withdraw(t.Context(), by, p.ID); err != nil {
				t.Errorf("%s: %v", by.Account, err)
			}
		})
	}
	all.Wait()
	if got := o.find(p.ID); len(got.Requesters) != 1 || !got.Requesters[0].RemindedAt.Equal(noon) {
		t.Errorf("left: %+v", got.Requesters)
	}
	o.wantPost("approval-reminder to zoe@contoso.example")
}

func TestWhoWithdrawsWaitsNoMoreAndTheLastOneEndsIt(t *testing.T) {
	o := newOffice(t)
	ctx := t.Context()
	p := o.ask(anna)
	o.ask(bob)
	o.wantFault(fault.ObjectUnknown, o.approvals.Withdraw(ctx, carol, p.ID))
	o.must(o.approvals.Withdraw(ctx, anna, p.ID))
	if s := o.standing(anna.Account); s != (consent.Standing{}) {
		t.Errorf("anna still stands: %+v", s)
	}
	o.wantState(p.ID, consent.Waiting)
	o.wantFault(fault.ObjectUnknown, o.approvals.Withdraw(ctx, anna, p.ID))
	o.must(o.approvals.Withdraw(ctx, bob, p.ID))
	o.wantState(p.ID, consent.Withdrawn)
	o.wantFault(fault.ChangedMeanwhile, o.approvals.Approve(ctx, admin, p.ID, o.find(p.ID).Version, true))
	if o.allowed(anna.Account) {
		t.Error("allowed after all")
	}
}

func TestARequesterFollowsTheirOwnRequestOnly(t *testing.T) {
	o := newOffice(t)
	p := o.ask(anna)
	o.ask(bob)
	got, err := o.approvals.Follow(t.Context(), anna, p.ID)
	o.must(err)
	if len(got.Requesters) != 1 || got.Requesters[0].Account != anna.Account || got.State != consent.Waiting {
		t.Errorf("anna sees %+v", got)
	}
	_, err = o.approvals.Follow(t.Context(), carol, p.ID)
	o.wantFault(fault.ObjectUnknown, err)
	want := consent.Standing{State: consent.Waiting, Approval: p.ID, Reference: p.Reference, Since: noon, Reason: because}
	if diff := cmp.Diff(want, o.standing(anna.Account)); diff != "" {
		t.Errorf("standing (-want +got):\n%s", diff)
	}
}

func TestReviewersAddedLaterSeeOldRequests(t *testing.T) {
	o := newOffice(t)
	ctx := t.Context()
	o.hire(contoso, admin.Account, account.Member)
	p := o.ask(anna)
	o.wantPost()
	late := caller(contoso, "late")
	if _, err := o.approvals.List(ctx, late, consent.Waiting, "", 10); !fault.Has(err, fault.RoleMissing) {
		t.Errorf("before there is such a person: %v", err)
	}
	o.hire(contoso, late.Account, account.ApplicationAdministrator)
	list, err := o.approvals.List(ctx, late, consent.Waiting, "", 10)
	o.must(err)
	if len(list) != 1 || list[0].ID != p.ID {
		t.Fatalf("sees %+v", list)
	}
	if n, err := o.approvals.Reviewers(ctx, contoso); err != nil || n != 1 {
		t.Errorf("%d reviewers, %v", n, err)
	}
	o.must(o.approvals.Remind(ctx, anna, p.ID))
	o.wantPost("approval-reminder to late@contoso.example")
	o.must(o.approvals.Approve(ctx, late, p.ID, o.versionFor(late, p.ID), true))
}

func (o office) versionFor(by audit.Caller, approval string) int64 {
	o.Helper()
	p, err := o.approvals.Find(o.Context(), by, approval)
	o.must(err)
	return p.Version
}

// deeds are all that only a reviewer can do, with their outcomes.
func (o office) deeds(by audit.Caller, p consent.Approval) map[string]error {
	ctx := o.Context()
	_, list := o.approvals.List(ctx, by, "", "", 10)
	_, find := o.approvals.Find(ctx, by, p.ID)
	return map[string]error{
		"list": list, "find": find, "approve": o.approvals.Approve(ctx, by, p.ID, p.Version, true),
		"deny": o.approvals.Deny(ctx, by, p.ID, "No."), "block": o.approvals.Block(ctx, by, p.ID, "No."),
		"unblock": o.approvals.Unblock(ctx, by, broker.App),
	}
}

func TestOnlyReviewersOfThisMomentSeeAndDecide(t *testing.T) {
	o := newOffice(t)
	p := o.ask(anna)
	former, gone := caller(contoso, "former"), caller(contoso, "gone")
	o.hire(contoso, former.Account, account.GlobalAdministrator)
	o.hire(contoso, former.Account, account.GlobalReader)
	o.must(o.people.Save(t.Context(), account.Account{
		Tenant: contoso, ID: gone.Account, SignInName: "gone@contoso.example", Roles: []string{account.GlobalAdministrator}, Disabled: true,
	}))
	fromOutside := admin
	fromOutside.Home = fabrikam
	alone := admin
	alone.AppOnly = true
	for name, by := range map[string]audit.Caller{
		"a member": bob, "the requester": caller(contoso, anna.Account), "a former admin": former, "a disabled one": gone,
		"a partner's person with an admin's id": fromOutside, "an application alone": alone, "nobody": {Tenant: contoso, Home: contoso},
	} {
		for deed, err := range o.deeds(by, p) {
			if !fault.Has(err, fault.RoleMissing) {
				t.Errorf("%s, %s: %v", name, deed, err)
			}
		}
	}
	o.wantState(p.ID, consent.Waiting)
}

func TestAnotherOrganisationsAdminSeesWhatARandomIDShows(t *testing.T) {
	o := newOffice(t)
	p := o.ask(anna)
	random := p
	random.ID = o.source.NewGUID()
	theirs, none := o.deeds(foreign, p), o.deeds(foreign, random)
	for deed, err := range theirs {
		if deed == "list" {
			continue
		}
		if !fault.Has(err, fault.ObjectUnknown) || err.Error() != none[deed].Error() {
			t.Errorf("%s: %v; of a random id: %v", deed, err, none[deed])
		}
	}
	list, err := o.approvals.List(t.Context(), foreign, "", "", 10)
	o.must(err)
	if len(list) != 0 {
		t.Errorf("lists %+v", list)
	}
	if s, err := o.approvals.Standing(t.Context(), fabrikam, broker.App, anna.Account); err != nil || s != (consent.Standing{}) {
		t.Errorf("stands there: %+v, %v", s, err)
	}
}

func TestOfManyReviewersAtOnceOneDecides(t *testing.T) {
	o := newOffice(t)
	p := o.ask(anna)
	o.post()
	var won atomic.Int64
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			var err error
			if i%2 == 0 {
				err = o.approvals.Approve(t.Context(), admin, p.ID, p.Version, true)
			} else {
				err = o.approvals.Deny(t.Context(), admin, p.ID, "No.")
			}
			if err == nil {
				won.Add(1)
			} else if !fault.Has(err, fault.ChangedMeanwhile) {
				t.Errorf("lost with %v", err)
			}
		})
	}
	all.Wait()
	if won.Load() != 1 || len(o.post()) != 1 {
		t.Errorf("%d won", won.Load())
	}
	if o.allowed(anna.Account) != (o.find(p.ID).State == consent.Approved) {
		t.Error("the consents and the decision differ")
	}
}

func TestManyWhoAskAtOnceWaitInOneRequest(t *testing.T) {
	o := newOffice(t)
	var all sync.WaitGroup
	for i := range 20 {
		who := caller(contoso, id.Object("worker-"+strconv.Itoa(i)))
		o.hire(contoso, who.Account, account.Member)
		all.Go(func() {
			if _, err := o.approvals.Ask(t.Context(), who, broker.App, []consent.Asked{ask(graph, "Mail.Read", "Scope."+string(who.Account))}, because); err != nil {
				t.Errorf("ask: %v", err)
			}
		})
	}
	all.Wait()
	list, err := o.approvals.List(t.Context(), admin, "", "", 10)
	o.must(err)
	if len(list) != 1 || len(list[0].Requesters) != 20 || len(list[0].Permissions[0].Scopes) != 21 {
		t.Errorf("%+v", list)
	}
	o.wantPost("approval-requested to zoe@contoso.example")
}

func TestReviewersAreRemindedAtHalfAndOneDayBeforeTheEndAndThenItExpires(t *testing.T) {
	o := newOffice(t)
	p := o.ask(anna)
	o.ask(bob)
	o.post()
	// Two nodes tend; what one has done the other does not do again.
	there := consent.NewApprovals(o.db, o.ledger, o.people, o.apps, tenant.NewDirectory(o.db, o.source.Now), o.outbox, o.source)
	tend := func() {
		t.Helper()
		for range 2 {
			o.must(o.approvals.Tend(t.Context()))
			o.must(there.Tend(t.Context()))
		}
	}
	for _, step := range []struct {
		pass time.Duration
		want []string
	}{
		{15*day - time.Second, nil},
		{time.Second, []string{"approval-reminder to zoe@contoso.example"}},
		{14*day - time.Second, nil},
		{time.Second, []string{"approval-reminder to zoe@contoso.example"}},
		{day - time.Second, nil},
		{time.Second, []string{"approval-expired to anna@contoso.example", "approval-expired to bob@contoso.example"}},
		{day, nil},
	} {
		o.pass(step.pass)
		tend()
		o.wantPost(step.want...)
	}
	o.wantState(p.ID, consent.Expired)
	if next := o.ask(anna); next.ID == p.ID {
		t.Error("joined what has expired")
	}
}

func TestATendThatComesLateSendsOneReminderOrOnlyTheEnd(t *testing.T) {
	o := newOffice(t)
	p := o.ask(anna)
	o.post()
	o.pass(29*day + time.Hour)
	o.must(o.approvals.Tend(t.Context()))
	o.must(o.approvals.Tend(t.Context()))
	o.wantPost("approval-reminder to zoe@contoso.example")
	o.pass(5 * day)
	o.must(o.approvals.Tend(t.Context()))
	o.wantPost("approval-expired to anna@contoso.example")
	o.wantState(p.ID, consent.Expired)
}

func TestWhatHasExpiredIsNotDecidedEvenBeforeItIsTended(t *testing.T) {
	o := newOffice(t)
	p := o.ask(anna)
	o.pass(30 * day)
	o.wantFault(fault.ChangedMeanwhile, o.approvals.Approve(t.Context(), admin, p.ID, p.Version, true))
	if s := o.standing(anna.Account); s != (consent.Standing{}) {
		t.Errorf("stands: %+v", s)
	}
	o.post()
	if next := o.ask(anna); next.ID == p.ID {
		t.Error("joined it")
	}
	o.wantState(p.ID, consent.Expired)
	o.wantPost("approval-expired to anna@contoso.example", "approval-requested to zoe@contoso.example")
}

func TestAConsentForEveryoneEndsWhatWaitsForIt(t *testing.T) {
	o := newOffice(t)
	ctx := t.Context()
	p := o.ask(anna, ask(graph, "Mail.Read", "User.Read"))
	o.post()
	o.must(o.ledger.Give(ctx, admin, broker.App, []consent.Asked{ask(graph, "User.Read")}, true))
	o.must(o.approvals.Tend(ctx))
	o.wantState(p.ID, consent.Waiting)
	o.wantPost()
	o.must(o.ledger.Give(ctx, admin, broker.App, []consent.Asked{ask(graph, "Mail.Read")}, true))
	o.wantState(p.ID, consent.Closed)
	list := o.mails()
	if len(list) != 1 || list[0].Kind != message.ApprovalGiven || list[0].To != "anna@contoso.example" || list[0].Facts["name"] != "ZOE" {
		t.Errorf("mails: %+v", list)
	}
}

func TestAConsentThatAnotherNodeWroteEndsItAtTheNextTending(t *testing.T) {
	o := newOffice(t)
	p := o.ask(anna)
	o.post()
	elsewhere := consent.NewLedger(o.db, o.source)
	o.must(elsewhere.Give(t.Context(), admin, broker.App, []consent.Asked{ask(graph, "Mail.Read")}, true))
	o.wantState(p.ID, consent.Waiting)
	o.must(o.approvals.Tend(t.Context()))
	o.must(o.approvals.Tend(t.Context()))
	o.wantState(p.ID, consent.Closed)
	o.wantPost("approval-given to anna@contoso.example")
}

func TestNothingIsToldOfWhatDidNotHappen(t *testing.T) {
	o := newOffice(t)
	ctx := t.Context()
	o.failing.Store(true)
	if _, err := o.approvals.Ask(ctx, anna, broker.App, []consent.Asked{ask(graph, "Mail.Read")}, because); err == nil {
		t.Error("asked without a store")
	}
	o.failing.Store(false)
	o.wantPost()
	p := o.ask(anna)
	o.post()
	o.failing.Store(true)
	if err := o.approvals.Approve(ctx, admin, p.ID, p.Version, true); err == nil {
		t.Error("approved without a store")
	}
	o.failing.Store(false)
	o.wantPost()
	o.wantState(p.ID, consent.Waiting)
	if o.allowed(anna.Account) {
		t.Error("allowed without an approval")
	}
}

func TestEveryStepLeavesItsRecord(t *testing.T) {
	o := newOffice(t)
	ctx := t.Context()
	p := o.ask(anna)
	o.must(o.approvals.Remind(ctx, anna, p.ID))
	o.ask(bob)
	o.must(o.approvals.Withdraw(ctx, bob, p.ID))
	o.approve(p.ID, false)
	events, err := o.db.Events(ctx, contoso, 10)
	o.must(err)
	var verbs []string
	for _, e := range events {
		verbs = append(verbs, e.Verb+" by "+string(e.Account))
		if e.Object != p.ID || e.Facts["app"] != string(broker.App) || e.Facts["reference"] != p.Reference {
			t.Errorf("event %+v", e)
		}
	}
	slices.Sort(verbs)
	want := []string{"approval.approve by zoe", "approval.ask by anna", "approval.ask by bob", "approval.remind by anna", "approval.withdraw by bob"}
	if diff := cmp.Diff(want, verbs); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

func TestWhoHasLeftIsNeitherAllowedNorWrittenTo(t *testing.T) {
	o := newOffice(t)
	p := o.ask(anna)
	o.ask(bob)
	o.post()
	o.must(o.people.Save(t.Context(), account.Account{Tenant: contoso, ID: bob.Account, SignInName: "bob@contoso.example", Disabled: true}))
	o.approve(p.ID, false)
	o.wantPost("approval-given to anna@contoso.example")
	if o.allowed(bob.Account) || !o.allowed(anna.Account) {
		t.Error("not exactly who is still there was allowed")
	}
}

func TestAListGoesFromNewestToOldestByState(t *testing.T) {
	o := newOffice(t)
	ctx := t.Context()
	var ids []string
	for range 5 {
		p := o.ask(anna)
		ids = append([]string{p.ID}, ids...)
		o.must(o.approvals.Withdraw(ctx, anna, p.ID))
		o.pass(time.Second)
	}
	waiting := o.ask(anna)
	list := func(state consent.State, after string, limit int) []string {
		t.Helper()
		got, err := o.approvals.List(ctx, admin, state, after, limit)
		o.must(err)
		var names []string
		for _, p := range got {
			names = append(names, p.ID)
		}
		return names
	}
	for name, c := range map[string]struct{ got, want []string }{
		"all":                 {list("", "", 10), append([]string{waiting.ID}, ids...)},
		"what waits":          {list(consent.Waiting, "", 10), []string{waiting.ID}},
		"the first two":       {list(consent.Withdrawn, "", 2), ids[:2]},
		"the next two":        {list(consent.Withdrawn, ids[1], 2), ids[2:4]},
		"after one, any":      {list("", ids[2], 10), ids[3:]},
		"after none of these": {list("", o.source.NewGUID(), 10), nil},
		"a limit of nothing":  {list("", "", 0), []string{waiting.ID}},
	} {
		if diff := cmp.Diff(c.want, c.got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestWhatIsNoIDReachesNoStore(t *testing.T) {
	o := newOffice(t)
	ctx := t.Context()
	for _, odd := range []string{"", "nothing", "a\x00b", "\xff", "' OR 1=1"} {
		p := consent.Approval{ID: odd}
		_, find := o.approvals.Find(ctx, admin, odd)
		_, follow := o.approvals.Follow(ctx, anna, odd)
		for deed, err := range map[string]error{
			"find": find, "follow": follow, "approve": o.approvals.Approve(ctx, admin, p.ID, 1, true), "deny": o.approvals.Deny(ctx, admin, odd, "No."),
			"remind": o.approvals.Remind(ctx, anna, odd), "withdraw": o.approvals.Withdraw(ctx, anna, odd),
			"unblock": o.approvals.Unblock(ctx, admin, id.App(odd)),
		} {
			if !fault.Has(err, fault.ObjectUnknown) {
				t.Errorf("%s %q: %v", deed, odd, err)
			}
		}
		if _, err := o.approvals.List(ctx, admin, "", odd, 10); odd != "" && !fault.Has(err, fault.PageInvalid) {
			t.Errorf("list after %q: %v", odd, err)
		}
		if _, err := o.approvals.List(ctx, admin, consent.State(odd), "", 10); odd != "" && !fault.Has(err, fault.InputInvalid) {
			t.Errorf("list those in %q: %v", odd, err)
		}
	}
}

func TestAConsentForEveryoneThatHasLapsedAnswersNobody(t *testing.T) {
	o := newOffice(t)
	ctx := t.Context()
	app := registered(yearly())
	o.must(o.apps.Save(ctx, app, nil))
	o.must(o.ledger.Give(ctx, admin, broker.App, []consent.Asked{ask(graph, "Mail.Read")}, true))
	o.pass(366 * day)
	p := o.ask(anna)
	o.must(o.approvals.Tend(ctx))
	o.wantState(p.ID, consent.Waiting)
	o.approve(p.ID, true)
	a, err := o.ledger.Allowed(ctx, contoso, broker.App, anna.Account)
	o.must(err)
	if missing, err := consent.Missing(a, app, wanted(named(graph, "Mail.Read")), nil); err != nil || len(missing) != 0 {
		t.Errorf("still asked for %v, %v", missing, err)
	}
}
