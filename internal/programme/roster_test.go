package programme_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/message"
	"github.com/entente-id/entente/internal/programme"
	"github.com/google/go-cmp/cmp"
)

func (w *house) sendRoster(text string, accounts ...id.Object) programme.RosterSent {
	w.t.Helper()
	sent, err := w.SendRoster(w.t.Context(), ada, programme.RosterList{Text: text, Accounts: accounts})
	if err != nil {
		w.t.Fatal(err)
	}
	return sent
}

// welcomed lists who was told that they are in, and nothing else was told.
func (w *house) welcomed() string {
	w.t.Helper()
	var to []string
	for _, m := range w.mails() {
		if m.Kind != message.AccessGranted || m.Path != "/portal" {
			w.t.Errorf("mail %+v", m)
		}
		to = append(to, m.To)
	}
	slices.Sort(to)
	return strings.Join(to, " ")
}

func TestJ19ARosterIsApprovedOnceAndFlowsFromThen(t *testing.T) {
	w := newProgramme(t)
	w.sendRoster("anna@contoso.example, Anna\n", "bob")
	if m := w.mail(message.RosterSent); m.To != "partners@northwind.example" || m.Facts["org"] != "Contoso" || m.Facts["people"] != "2" {
		t.Errorf("told %+v", m)
	}
	w.wantPlace(anna, programme.Stranger)
	_, err := w.Join(t.Context(), anna)
	wantFault(t, err, fault.MembershipMissing)
	if err := w.ApproveRoster(t.Context(), olga, contoso); err != nil {
		t.Fatal(err)
	}
	wantFault(t, w.ApproveRoster(t.Context(), olga, contoso), fault.RequestRepeated)
	if got := w.welcomed(); got != "anna@contoso.example bob@contoso.example" {
		t.Errorf("told %s", got)
	}
	for _, who := range []id.Object{"anna", "bob"} {
		w.wantPlace(by(contoso, string(who)), programme.Rostered)
		if m, err := w.Join(t.Context(), by(contoso, string(who))); err != nil || m.Origin != programme.ByRoster || m.Role != programme.PlainMember {
			t.Errorf("join: %+v, %v", m, err)
		}
		w.wantPlace(by(contoso, string(who)), programme.InProgramme)
	}
	// Anna goes, her second account comes, without anybody's approval.
	if sent := w.sendRoster("anna.two@contoso.example", "bob"); sent.Removed != 1 || sent.Roster.State != programme.RosterApproved {
		t.Errorf("sent %+v", sent)
	}
	if got := w.welcomed(); got != "anna.two@contoso.example" {
		t.Errorf("told %s", got)
	}
	w.wantPlace(anna, programme.Candidate)
	w.wantPlace(anna2, programme.Rostered)
	w.wantPlace(bob, programme.InProgramme)
	// And she comes back by the list.
	w.sendRoster("anna@contoso.example", "bob")
	w.wantPlace(anna, programme.Rostered)
}

func TestOnlyAddressesOfTheOrganisationAreTaken(t *testing.T) {
	w := newProgramme(t)
	sent := w.sendRoster("anna@contoso.example\nfrank@fabrikam.example\nx@nowhere.example\nnonsense", "gone")
	want := []programme.BadLine{{1, "gone", "account"}, {2, "frank@fabrikam.example", "domain"}, {3, "x@nowhere.example", "domain"}, {4, "nonsense", "address"}}
	if diff := cmp.Diff(want, sent.Bad); diff != "" {
		t.Errorf("bad (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]programme.Entry{{Address: "anna@contoso.example"}}, sent.Roster.Entries); diff != "" {
		t.Errorf("entries (-want +got):\n%s", diff)
	}
	for _, list := range []programme.RosterList{{}, {Text: "frank@fabrikam.example"}, {Text: strings.Repeat("a@contoso.example\n", 2001)}} {
		_, err := w.SendRoster(t.Context(), ada, list)
		wantFault(t, err, fault.InputInvalid)
	}
}

func TestASpellingMistakePutsNobodyOut(t *testing.T) {
	w := newProgramme(t)
	w.sendRoster("anna@contoso.example\nbob@contoso.example")
	if err := w.ApproveRoster(t.Context(), olga, contoso); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Join(t.Context(), anna); err != nil {
		t.Fatal(err)
	}
	if sent := w.sendRoster("anna@contos.example\nbob@contoso.example"); sent.Removed != 0 || len(sent.Bad) != 1 || len(sent.Roster.Entries) != 2 {
		t.Errorf("sent %+v", sent)
	}
	w.wantPlace(anna, programme.InProgramme)
}

func TestOnlyThoseWhoSpeakForAnOrganisationSendItsRoster(t *testing.T) {
	w := newProgramme(t)
	_, err := w.SendRoster(t.Context(), anna, programme.RosterList{Text: "anna@contoso.example"})
	wantFault(t, err, fault.RoleMissing)
	w.save(account.Account{Tenant: id.Consumers, ID: "pat", SignInName: "pat@mail.example", Roles: []string{account.GlobalAdministrator}})
	_, err = w.SendRoster(t.Context(), pat, programme.RosterList{Text: "pat@mail.example"})
	wantFault(t, err, fault.RoleMissing)
	w.sendRoster("anna@contoso.example")
	_, err = w.Roster(t.Context(), frank, contoso)
	wantFault(t, err, fault.RoleMissing)
	if r, err := w.Roster(t.Context(), ada, contoso); err != nil || len(r.Entries) != 1 {
		t.Errorf("%+v, %v", r, err)
	}
	if list, err := w.Rosters(t.Context(), olga, 0); err != nil || len(list) != 1 || list[0].OrganisationName != "Contoso" {
		t.Errorf("%+v, %v", list, err)
	}
}

func TestARefusedRosterTakesItsPeopleAndNobodyElse(t *testing.T) {
	w := newProgramme(t)
	w.member(bob, "bob@contoso.example")
	w.sendRoster("anna@contoso.example\nbob@contoso.example")
	if err := w.ApproveRoster(t.Context(), olga, contoso); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Join(t.Context(), anna); err != nil {
		t.Fatal(err)
	}
	if err := w.RefuseRoster(t.Context(), olga, contoso); err != nil {
		t.Fatal(err)
	}
	w.wantPlace(anna, programme.Candidate)
	w.wantPlace(bob, programme.InProgramme)
}

func TestNoRosterBringsBackWhomAPersonRemoved(t *testing.T) {
	w := newProgramme(t)
	w.sendRoster("anna@contoso.example")
	if err := w.ApproveRoster(t.Context(), olga, contoso); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Join(t.Context(), anna); err != nil {
		t.Fatal(err)
	}
	if err := w.Remove(t.Context(), olga, contoso, "anna"); err != nil {
		t.Fatal(err)
	}
	w.wantPlace(anna, programme.Stranger)
	_, err := w.Join(t.Context(), anna)
	wantFault(t, err, fault.MembershipMissing)
	w.member(anna, "anna@contoso.example")
}

func TestNobodySlipsInWhileTheRosterChanges(t *testing.T) {
	w := newProgramme(t)
	var names []string
	for n := range 20 {
		name := fmt.Sprintf("p%02d", n)
		w.save(account.Account{Tenant: contoso, ID: id.Object(name), SignInName: name + "@contoso.example"})
		names = append(names, name+"@contoso.example")
	}
	w.sendRoster(strings.Join(names, "\n"))
	if err := w.ApproveRoster(t.Context(), olga, contoso); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for n := range 20 {
		all.Go(func() {
			if _, err := w.Join(t.Context(), by(contoso, fmt.Sprintf("p%02d", n))); err != nil && !fault.Has(err, fault.MembershipMissing) {
				t.Errorf("join: %v", err)
			}
		})
	}
	all.Go(func() {
		if _, err := w.SendRoster(t.Context(), ada, programme.RosterList{Text: names[0]}); err != nil {
			t.Errorf("send: %v", err)
		}
	})
	all.Wait()
	list, err := w.Members(t.Context(), olga, contoso, "", 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range list {
		if m.State == programme.Active && m.Account != "p00" {
			t.Errorf("%s is in and not on the roster", m.Account)
		}
	}
}
