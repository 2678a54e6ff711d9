package consent_test

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/consent"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/message"
	"github.com/entente-id/entente/internal/seal"
	"github.com/entente-id/entente/internal/sqlstore"
	"github.com/entente-id/entente/internal/sqlstore/storetest"
	"github.com/entente-id/entente/internal/tenant"
	"github.com/google/go-cmp/cmp"
)

const (
	fabrikam id.Tenant = "22222222-bbbb-4222-8222-000000000002"
	because  string    = "I run our partner deals."
)

// office is an organisation with an admin and three people, and another one
// with an admin of its own, over one store.
type office struct {
	testing.TB
	db        *sqlstore.DB
	people    *account.People
	apps      *application.Registry
	ledger    *consent.Ledger
	approvals *consent.Approvals
	outbox    *message.Outbox
	source    id.Source
	clock     *atomic.Int64
	// failing, once set, lets no transaction commit.
	failing *atomic.Bool
}

func (o office) pass(d time.Duration) { o.clock.Add(int64(d)) }

func caller(t id.Tenant, who id.Object) audit.Caller {
	return audit.Caller{Tenant: t, Home: t, Account: who, SignInName: string(who) + "@" + domainOf(t), App: "the-pages"}
}

func domainOf(t id.Tenant) string {
	if t == fabrikam {
		return "fabrikam.example"
	}
	return "contoso.example"
}

var (
	carol   = caller(contoso, "carol")
	admin   = caller(contoso, "zoe")
	foreign = caller(fabrikam, "max")
)

func newOffice(t testing.TB) office {
	t.Helper()
	o := office{TB: t, clock: &atomic.Int64{}, failing: &atomic.Bool{}}
	o.source = id.Source{Now: func() time.Time { return noon.Add(time.Duration(o.clock.Load())) }, Random: rand.Reader}
	var err error
	o.db, err = sqlstore.Open(t.Context(), "sqlite:"+storetest.File(t), sqlstore.Options{
		Forgetful: true, Failpoint: func(string) error {
			if o.failing.Load() {
				return errors.New("the power is gone")
			}
			return nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = o.db.Close() })
	custody, err := seal.NewCustody(make([]byte, 32), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if o.outbox, err = message.NewOutbox(o.db, o.source, custody, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	o.people, o.apps = account.NewPeople(o.db), application.NewRegistry(o.db, o.source)
	tenants := tenant.NewDirectory(o.db, o.source.Now)
	o.ledger = consent.NewLedger(o.db, o.source)
	o.approvals = consent.NewApprovals(o.db, o.ledger, o.people, o.apps, tenants, o.outbox, o.source)
	for _, org := range []tenant.Tenant{
		{ID: contoso, Name: "Contoso", Language: "fi", Settings: tenant.Settings{UserConsent: tenant.ConsentNobody}},
		{ID: fabrikam, Name: "Fabrikam"},
		{ID: id.Consumers, Name: "Personal accounts"},
	} {
		o.must(tenants.Save(t.Context(), org))
	}
	for _, app := range []application.Application{registered(broker), registered(graph), registered(partnerCenter), registered(platform)} {
		o.must(o.apps.Save(t.Context(), app, nil))
	}
	for _, who := range []audit.Caller{anna, bob, carol} {
		o.hire(contoso, who.Account, account.Member)
	}
	o.hire(contoso, admin.Account, account.CloudAppAdministrator)
	o.hire(fabrikam, foreign.Account, account.GlobalAdministrator)
	return o
}

func registered(a application.Application) application.Application {
	a.Tenant, a.ID = fabrikam, id.Object(a.App)
	if a.App == broker.App {
		a.HomeURL = "https://broker.example/start"
	}
	return a
}

func (o office) must(err error) {
	o.Helper()
	if err != nil {
		o.Fatal(err)
	}
}

func (o office) hire(t id.Tenant, who id.Object, role string) {
	o.Helper()
	o.must(o.people.Save(o.Context(), account.Account{
		Tenant: t, ID: who, SignInName: string(who) + "@" + domainOf(t), Name: strings.ToUpper(string(who)), Roles: []string{role},
	}))
}

func (o office) ask(by audit.Caller, asked ...consent.Asked) consent.Approval {
	o.Helper()
	if len(asked) == 0 {
		asked = []consent.Asked{ask(graph, "Mail.Read")}
	}
	p, err := o.approvals.Ask(o.Context(), by, broker.App, asked, because)
	o.must(err)
	return p
}

func (o office) find(approval string) consent.Approval {
	o.Helper()
	p, err := o.approvals.Find(o.Context(), admin, approval)
	o.must(err)
	return p
}

func (o office) approve(approval string, everyone bool) {
	o.Helper()
	o.must(o.approvals.Approve(o.Context(), admin, approval, o.find(approval).Version, everyone))
}

// allowed says whether the broker may read somebody's mail.
func (o office) allowed(who id.Object) bool {
	o.Helper()
	_, ok, err := o.ledger.Covers(o.Context(), contoso, broker, who, named(graph, "Mail.Read"))
	o.must(err)
	return ok
}

func (o office) standing(who id.Object) consent.Standing {
	o.Helper()
	s, err := o.approvals.Standing(o.Context(), contoso, broker.App, who)
	o.must(err)
	return s
}

// post empties the outbox: "kind to address" of each mail, in order.
func (o office) post() []string {
	o.Helper()
	var list []string
	for _, m := range o.mails() {
		list = append(list, string(m.Kind)+" to "+m.To)
	}
	slices.Sort(list)
	return list
}

func (o office) mails() []message.Message {
	o.Helper()
	var list []message.Message
	o.must(o.outbox.Deliver(o.Context(), func(_ context.Context, m message.Message) error {
		list = append(list, m)
		return nil
	}))
	return list
}

func (o office) wantPost(want ...string) {
	o.Helper()
	if diff := cmp.Diff(want, o.post()); diff != "" {
		o.Errorf("mails (-want +got):\n%s", diff)
	}
}

func (o office) wantFault(code fault.Code, err error) {
	o.Helper()
	if !fault.Has(err, code) {
		o.Errorf("got %v, want %d", err, code)
	}
}

func (o office) wantState(approval string, want consent.State) {
	o.Helper()
	if got := o.find(approval).State; got != want {
		o.Errorf("it is %s, want %s", got, want)
	}
}

func TestJ32_ThreePeopleWaitAndOneApprovalReleasesThemAll(t *testing.T) {
	o := newOffice(t)
	first := o.ask(anna)
	o.ask(bob, ask(graph, "User.Read", "Mail.Read"))
	third := o.ask(carol, ask(partnerCenter, "user_impersonation"))
	if first.ID != third.ID {
		t.Fatal("they do not wait together")
	}
	want := []consent.Permission{{Resource: graph.App, Scopes: []string{"Mail.Read", "User.Read"}}, {Resource: partnerCenter.App, Scopes: []string{"user_impersonation"}}}
	if diff := cmp.Diff(want, o.find(first.ID).Permissions); diff != "" {
		t.Errorf("permissions (-want +got):\n%s", diff)
	}
	o.wantPost("approval-requested to zoe@contoso.example")
	o.approve(first.ID, true)
	for _, who := range []id.Object{anna.Account, bob.Account, carol.Account, "somebody-else"} {
		if !o.allowed(who) {
			t.Errorf("%s is not allowed", who)
		}
	}
	o.wantPost("approval-given to anna@contoso.example", "approval-given to bob@contoso.example", "approval-given to carol@contoso.example")
	for _, app := range []id.App{broker.App, graph.App, partnerCenter.App} {
		if _, err := o.db.Principal(t.Context(), contoso, app); err != nil {
			t.Errorf("principal of %s: %v", app, err)
		}
	}
	got := o.find(first.ID)
	decided := consent.Decision{By: "zoe@contoso.example", Account: "zoe", At: noon, Everyone: true}
	if diff := cmp.Diff(decided, got.Decided); diff != "" || got.State != consent.Approved {
		t.Errorf("%s; decision (-want +got):\n%s", got.State, diff)
	}
}

func TestAnApprovalForThesePeopleHoldsForNobodyElse(t *testing.T) {
	o := newOffice(t)
	p := o.ask(anna)
	o.ask(bob)
	o.approve(p.ID, false)
	for who, want := range map[id.Object]bool{anna.Account: true, bob.Account: true, carol.Account: false} {
		if o.allowed(who) != want {
			t.Errorf("%s: allowed %v", who, !want)
		}
	}
	held, err := o.ledger.Held(t.Context(), contoso, anna.Account)
	o.must(err)
	if len(held) != 1 || held[0].Account != anna.Account || !held[0].Given.Equal(noon) {
		t.Errorf("held: %+v", held)
	}
}

func TestNobodyAllowsWhatWasAddedAfterTheyLooked(t *testing.T) {
	o := newOffice(t)
	seen := o.ask(anna, ask(graph, "User.Read"))
	o.ask(bob, ask(graph, "Directory.Read.All"))
	o.wantFault(fault.ChangedMeanwhile, o.approvals.Approve(t.Context(), admin, seen.ID, seen.Version, true))
	o.wantState(seen.ID, consent.Waiting)
}

func TestAMailToAReviewerSaysWhoWhyAndWhat(t *testing.T) {
	o := newOffice(t)
	p := o.ask(anna, ask(graph, "Mail.Read", "User.Read"), ask(partnerCenter, "user_impersonation"))
	list := o.mails()
	if len(list) != 1 {
		t.Fatalf("%d mails", len(list))
	}
	want := message.Message{
		ID: list[0].ID, Kind: message.ApprovalRequested, Tenant: contoso, To: "zoe@contoso.example", Language: "fi",
		Facts: map[string]string{
			"name": "ANNA", "app": "Broker", "org": "Contoso", "reason": because, "people": "1",
			"date": noon.Format(time.RFC3339), "resource": "Microsoft Graph, Partner Center",
		},
		Lines: []string{"Mail.Read", "User.Read", "user_impersonation"}, Path: "/organisation/approvals/" + p.ID,
		Reference: p.Reference, At: noon, Expires: noon.Add(30 * day),
	}
	if diff := cmp.Diff(want, list[0]); diff != "" {
		t.Errorf("mail (-want +got):\n%s", diff)
	}
	o.approve(p.ID, false)
	list = o.mails()
	if len(list) != 1 || list[0].Link != "https://broker.example/start" || list[0].Path != "" || list[0].Facts["name"] != "ZOE" {
		t.Errorf("to the requester: %+v", list)
	}
}

func TestADenialIsToldWithItsReasonAndStandsForThirtyDays(t *testing.T) {
	o := newOffice(t)
	p := o.ask(anna)
	o.post()
	o.pass(2 * day)
	o.must(o.approvals.Deny(t.Context(), admin, p.ID, "  We use\nanother one. "))
	list := o.mails()
	if len(list) != 1 || list[0].Kind != message.ApprovalDenied || list[0].To != "anna@contoso.example" || list[0].Facts["reason"] != "We use another one." {
		t.Errorf("mails: %+v", list)
	}
	want := consent.Standing{State: consent.Denied, Approval: p.ID, Reference: p.Reference, Since: noon.Add(2 * day), Reason: "We use another one."}
	if diff := cmp.Diff(want, o.standing(anna.Account)); diff != "" {
		t.Errorf("standing (-want +got):\n%s", diff)
	}
	_, err := o.approvals.Ask(t.Context(), anna, broker.App, []consent.Asked{ask(graph, "Mail.Read")}, because)
	o.wantFault(fault.AppDenied, err)
	if reason := fault.Of(err).Facts["reason"]; reason != "We use another one." {
		t.Errorf("told the reason %q", reason)
	}
	if other := o.ask(bob); other.ID == p.ID {
		t.Error("bob joined what was denied")
	}
	if o.allowed(anna.Account) {
		t.Error("allowed all the same")
	}
	o.pass(30*day - time.Second)
	if s := o.standing(anna.Account); s.State != consent.Denied {
		t.Errorf("in the last second: %+v", s)
	}
	o.pass(time.Second)
	if s := o.standing(anna.Account); s != (consent.Standing{}) {
		t.Errorf("after thirty days: %+v", s)
	}
}

func TestABlockedAppIsRefusedToEverybodyUntilItIsUnblocked(t *testing.T) {
	o := newOffice(t)
	ctx := t.Context()
	o.must(o.ledger.Give(ctx, bob, broker.App, []consent.Asked{ask(graph, "Mail.Read")}, false))
	p := o.ask(anna)
	o.post()
	o.must(o.approvals.Block(ctx, admin, p.ID, "It leaked our mail."))
	o.wantPost("approval-denied to anna@contoso.example")
	o.wantState(p.ID, consent.Blocked)
	if o.allowed(bob.Account) {
		t.Error("what bob allowed before still counts")
	}
	for _, who := range []audit.Caller{anna, carol} {
		if s := o.standing(who.Account); s.State != consent.Blocked || s.Reason != "It leaked our mail." {
			t.Errorf("%s is told %+v", who.Account, s)
		}
		_, err := o.approvals.Ask(ctx, who, broker.App, []consent.Asked{ask(graph, "Mail.Read")}, because)
		o.wantFault(fault.AppBlocked, err)
	}
	o.wantFault(fault.AppBlocked, o.ledger.Give(ctx, admin, broker.App, []consent.Asked{ask(graph, "Mail.Read")}, true))
	o.wantFault(fault.RoleMissing, o.approvals.Unblock(ctx, bob, broker.App))
	o.must(o.approvals.Unblock(ctx, admin, broker.App))
	o.wantFault(fault.ObjectUnknown, o.approvals.Unblock(ctx, admin, broker.App))
	if !o.allowed(bob.Account) {
		t.Error("what bob allowed did not come back")
	}
	if s := o.standing(anna.Account); s != (consent.Standing{}) {
		t.Errorf("afterwards: %+v", s)
	}
	o.ask(anna)
}

func TestAStandingBecomesTheMessageOfASignIn(t *testing.T) {
	app, org := application.Application{Name: "Broker"}, tenant.Tenant{Name: "Contoso"}
	for state, want := range map[consent.State]string{consent.Waiting: "M15", consent.Denied: "M16", consent.Blocked: "M16"} {
		f := consent.Standing{State: state, Since: noon, Reason: "No."}.Fault(app, org)
		if f == nil || fault.Describe(f.Code).Message != want || f.Facts["app"] != "Broker" || f.Facts["org"] != "Contoso" || f.Facts["reason"] != "No." || f.Facts["date"] != "2026-11-22T12:00:00Z" {
			t.Errorf("%s: %v", state, f)
		}
	}
	if f := (consent.Standing{}).Fault(app, org); f != nil {
		t.Errorf("nothing stands: %v", f)
	}
}

func TestTheSamePersonAsksOnceAndMayWiden(t *testing.T) {
	o := newOffice(t)
	first := o.ask(anna)
	o.pass(2 * time.Hour)
	again := o.ask(anna)
	if diff := cmp.Diff(first, again); diff != "" {
		t.Errorf("asked twice (-want +got):\n%s", diff)
	}
	wider := o.ask(anna, ask(graph, "User.Read"))
	if diff := cmp.Diff(o.find(first.ID), wider); diff != "" || len(wider.Requesters) != 1 || len(wider.Permissions[0].Scopes) != 2 {
		t.Errorf("wider: %+v; stored differs (-want +got):\n%s", wider, diff)
	}
	o.wantPost("approval-requested to zoe@contoso.example")
}

func TestReviewersAreWrittenToOnceInAnHourHoweverOftenSomebodyAsksAnew(t *testing.T) {
	o := newOffice(t)
	for range 5 {
		o.must(o.approvals.Withdraw(t.Context(), anna, o.ask(anna).ID))
	}
	o.ask(bob)
	o.wantPost("approval-requested to zoe@contoso.example")
	o.pass(time.Hour)
	o.ask(carol)
	o.wantPost("approval-requested to zoe@contoso.example")
}

func TestAReasonHasTenToThreeHundredCharacters(t *testing.T) {
	o := newOffice(t)
	for name, c := range map[string]struct {
		reason string
		ok     bool
	}{
		"nothing":                   {"", false},
		"nine":                      {"ninechars", false},
		"nine and space":            {"   ninechars   ", false},
		"nine and what nobody sees": {"nine\u200b\u202echars", false},
		"ten":                       {"tencharsss", true},
		"ten letters of two bytes":  {strings.Repeat("ä", 10), true},
		"three hundred":             {strings.Repeat("ö", 300), true},
		"one more":                  {strings.Repeat("o", 301), false},
		"a book":                    {strings.Repeat("o ", 100_000), false},
		"broken letters":            {strings.Repeat("\xff", 20), false},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := o.approvals.Ask(t.Context(), anna, broker.App, []consent.Asked{ask(graph, "Mail.Read")}, c.reason)
			if c.ok {
				if err != nil {
					t.Fatal(err)
				}
				o.must(o.approvals.Withdraw(t.Context(), anna, p.ID))
				return
			}
			if f := fault.Of(err); f.Code != fault.InputInvalid || f.Facts["parameter"] != "reason" || f.Facts["rule"] != "10 to 300 characters" {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestAskingForNothingOrWithoutAnAccountIsRefused(t *testing.T) {
	o := newOffice(t)
	ctx := t.Context()
	mail := []consent.Asked{ask(graph, "Mail.Read")}
	for name, c := range map[string]struct {
		by    audit.Caller
		app   id.App
		asked []consent.Asked
		want  fault.Code
	}{
		"nothing":            {anna, broker.App, nil, fault.InputInvalid},
		"no permission":      {anna, broker.App, []consent.Asked{ask(graph)}, fault.InputInvalid},
		"two names in one":   {anna, broker.App, []consent.Asked{ask(graph, "Mail.Read User.Read")}, fault.InputInvalid},
		"the platform's app": {anna, platform.App, mail, fault.InputInvalid},
		"an app nobody made": {anna, "nothing", mail, fault.AppUnknown},
		"a stranger":         {caller(contoso, "stranger"), broker.App, mail, fault.AccountUnknown},
		"an app alone":       {audit.Caller{Tenant: contoso, Home: contoso, AppOnly: true}, broker.App, mail, fault.AccountUnknown},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := o.approvals.Ask(ctx, c.by, c.app, c.asked, because); !fault.Has(err, c.want) {
				t.Errorf("got %v", err)
			}
		})
	}
	o.hire(id.Consumers, "pat", account.Member)
	_, err := o.approvals.Ask(ctx, caller(id.Consumers, "pat"), broker.App, mail, because)
	o.wantFault(fault.ApprovalRequired, err)
	o.wantPost()
}
