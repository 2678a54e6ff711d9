package consent_test

import (
	"slices"
	"testing"
	"time"

	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/consent"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/tenant"
	"github.com/google/go-cmp/cmp"
)

func (o office) appsSeen(by audit.Caller) []consent.App {
	o.Helper()
	list, err := o.approvals.Apps(o.Context(), by, "", 100)
	o.must(err)
	return list
}

func TestAReviewerSeesWhatIsAllowedToWhom(t *testing.T) {
	o := newOffice(t)
	ctx := t.Context()
	if list := o.appsSeen(admin); len(list) != 0 {
		t.Fatalf("at first: %+v", list)
	}
	o.must(o.ledger.Give(ctx, anna, broker.App, []consent.Asked{ask(graph, "User.Read"), ask(partnerCenter, "user_impersonation")}, false))
	o.must(o.ledger.Give(ctx, bob, broker.App, []consent.Asked{ask(graph, "User.Read")}, false))
	o.pass(time.Hour)
	o.must(o.ledger.Give(ctx, admin, broker.App, []consent.Asked{ask(graph, "Mail.Read")}, true))
	o.pass(time.Hour)
	o.must(o.ledger.Give(ctx, admin, broker.App, []consent.Asked{ask(graph, "User.Read")}, true))
	want := []consent.App{{
		Client: broker.App, People: 2, Since: noon.Add(time.Hour),
		Everyone: []consent.Permission{{Resource: graph.App, Scopes: []string{"Mail.Read", "User.Read"}}},
	}}
	if diff := cmp.Diff(want, o.appsSeen(admin)); diff != "" {
		t.Errorf("apps (-want +got):\n%s", diff)
	}
	if list := o.appsSeen(foreign); len(list) != 0 {
		t.Errorf("another organisation sees %+v", list)
	}
	for _, by := range []audit.Caller{anna, {}, {Tenant: contoso, Home: contoso, AppOnly: true}} {
		_, err := o.approvals.Apps(ctx, by, "", 10)
		o.wantFault(fault.RoleMissing, err)
	}
	_, err := o.approvals.Apps(ctx, admin, "no id", 10)
	o.wantFault(fault.PageInvalid, err)
}

func TestWhatIsRevokedForEveryoneIsLeftToThoseWhoAllowedItThemselves(t *testing.T) {
	o := newOffice(t)
	ctx := t.Context()
	client := application.Application{App: "d1000000-0000-4000-8000-0000000000f1", Name: "Mine"}
	o.must(o.apps.Save(ctx, registered(client), nil))
	o.must(o.ledger.Give(ctx, anna, client.App, []consent.Asked{ask(graph, "User.Read")}, false))
	o.must(o.ledger.Give(ctx, admin, client.App, []consent.Asked{ask(graph, "User.Read")}, true))
	o.wantFault(fault.RoleMissing, o.approvals.Revoke(ctx, anna, client.App))
	o.wantFault(fault.ObjectUnknown, o.approvals.Revoke(ctx, admin, "all of them"))
	o.must(o.approvals.Revoke(ctx, foreign, client.App))
	if list := o.appsSeen(admin); len(list[0].Everyone) != 1 {
		t.Fatalf("another organisation's admin revoked it: %+v", list)
	}
	for range 2 {
		o.must(o.approvals.Revoke(ctx, admin, client.App))
	}
	for who, want := range map[id.Object]bool{anna.Account: true, bob.Account: false} {
		holds, err := o.ledger.Allowed(ctx, contoso, client.App, who)
		o.must(err)
		if got := len(holds.At(graph.App)) > 0; got != want {
			t.Errorf("%s holds it: %v", who, got)
		}
	}
}

func TestBlockedAppsAreListedUntilTheyAreUnblocked(t *testing.T) {
	o := newOffice(t)
	ctx := t.Context()
	client := application.Application{App: "d1000000-0000-4000-8000-0000000000f2", Name: "Mine"}
	o.must(o.apps.Save(ctx, registered(client), nil))
	for range 2 {
		p, err := o.approvals.Ask(ctx, anna, client.App, []consent.Asked{ask(graph, "User.Read")}, because)
		o.must(err)
		o.must(o.approvals.Block(ctx, admin, p.ID, "Not here."))
		list, err := o.approvals.Blocked(ctx, admin)
		o.must(err)
		if len(list) != 1 || list[0].ID != p.ID {
			t.Errorf("blocked are %+v", list)
		}
		o.must(o.approvals.Unblock(ctx, admin, client.App))
		if list, err = o.approvals.Blocked(ctx, admin); err != nil || len(list) != 0 {
			t.Errorf("after it was unblocked: %+v, %v", list, err)
		}
		o.pass(day)
	}
	_, err := o.approvals.Blocked(ctx, anna)
	o.wantFault(fault.RoleMissing, err)
}

func TestThePolicyIsSetByReviewersAndRecorded(t *testing.T) {
	o := newOffice(t)
	ctx := t.Context()
	o.wantFault(fault.RoleMissing, o.approvals.SetPolicy(ctx, anna, tenant.ConsentAnyone))
	o.wantFault(fault.InputInvalid, o.approvals.SetPolicy(ctx, admin, "sometimes"))
	for policy, said := range map[tenant.ConsentPolicy]string{tenant.ConsentLowRisk: "low-risk", tenant.ConsentAnyone: "anyone", tenant.ConsentNobody: "nobody"} {
		o.pass(time.Minute)
		o.must(o.approvals.SetPolicy(ctx, admin, policy))
		org, err := o.db.Tenant(ctx, contoso)
		o.must(err)
		if org.Settings.UserConsent != policy || org.Name != "Contoso" || org.Language != "fi" {
			t.Errorf("after %s: %+v", said, org)
		}
		events, err := o.db.Events(ctx, contoso, 1)
		o.must(err)
		if !slices.ContainsFunc(events, func(e audit.Event) bool {
			return e.Verb == "consent.policy" && e.Facts["policy"] == said && e.Account == admin.Account
		}) {
			t.Errorf("the record of %s: %+v", said, events)
		}
	}
	if other, err := o.db.Tenant(ctx, fabrikam); err != nil || other.Settings.UserConsent != tenant.ConsentAnyone {
		t.Errorf("another organisation: %+v, %v", other.Settings, err)
	}
}
