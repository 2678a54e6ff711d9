package programme_test

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/message"
	"github.com/entente-id/entente/internal/programme"
)

const reason = "I sell your products in Finland."

func TestARequestReachesTheContactAndTheAnswerThePerson(t *testing.T) {
	w := newProgramme(t)
	asked, err := w.Ask(t.Context(), anna, reason)
	if err != nil {
		t.Fatal(err)
	}
	told := w.mail(message.AccessRequested)
	if told.To != "partners@northwind.example" || told.Facts["reason"] != reason || told.Facts["org"] != "Contoso" || told.Facts["address"] != "anna@contoso.example" {
		t.Errorf("told %+v", told)
	}
	if s := w.wantPlace(anna, programme.Requested); !s.Request.At.Equal(noon) || !s.Request.Verified {
		t.Errorf("request %+v", s.Request)
	}
	again, err := w.Ask(t.Context(), anna, reason+" Please.")
	if err != nil || again.ID != asked.ID || len(w.mails()) != 0 {
		t.Errorf("asked again: %+v, %v", again, err)
	}
	if list, err := w.Requests(t.Context(), olga, 0); err != nil || len(list) != 1 || list[0].Reason != reason {
		t.Errorf("queue %+v, %v", list, err)
	}
	if err := w.Admit(t.Context(), olga, asked.ID, programme.ContactRole); err != nil {
		t.Fatal(err)
	}
	if m := w.mail(message.AccessGranted); m.To != "anna@contoso.example" || m.Language != "fi" || m.Path != "/portal" {
		t.Errorf("told %+v", m)
	}
	if s := w.wantPlace(anna, programme.InProgramme); s.Member.Role != programme.ContactRole || s.Member.By != "olga" {
		t.Errorf("member %+v", s.Member)
	}
	wantFault(t, w.Admit(t.Context(), olga, asked.ID, programme.AdminRole), fault.RequestRepeated)
	wantFault(t, w.Refuse(t.Context(), olga, asked.ID, "no"), fault.RequestRepeated)
	_, err = w.Ask(t.Context(), anna, reason)
	wantFault(t, err, fault.InputInvalid)
}

func TestARefusedPersonIsToldWhyAndMayAskAgain(t *testing.T) {
	w := newProgramme(t)
	asked, err := w.Ask(t.Context(), anna, reason)
	if err != nil {
		t.Fatal(err)
	}
	wantFault(t, w.Refuse(t.Context(), olga, asked.ID, " "), fault.InputInvalid)
	if err := w.Refuse(t.Context(), olga, asked.ID, "Your contract has ended."); err != nil {
		t.Fatal(err)
	}
	if m := w.mail(message.AccessDenied); m.Facts["reason"] != "Your contract has ended." {
		t.Errorf("told %+v", m)
	}
	w.wantPlace(anna, programme.Stranger)
	if next, err := w.Ask(t.Context(), anna, reason); err != nil || next.ID == asked.ID {
		t.Errorf("asked again: %+v, %v", next, err)
	}
}

func TestAReasonHasTenToThreeHundredCharacters(t *testing.T) {
	w := newProgramme(t)
	for _, bad := range []string{"", "too short", "        x          ", strings.Repeat("ä", 301), "two lines\nare no reason", "\xff\xfe\xfd\xff\xfe\xfd\xff\xfe\xfd\xff\xfe"} {
		_, err := w.Ask(t.Context(), anna, bad)
		wantFault(t, err, fault.InputInvalid)
	}
	if _, err := w.Ask(t.Context(), anna, strings.Repeat("ä", 300)); err != nil {
		t.Error(err)
	}
}

func TestNobodyIsAdmittedWhoseAccountIsGoneOrWithoutARole(t *testing.T) {
	w := newProgramme(t)
	wantFault(t, w.Admit(t.Context(), olga, "none", programme.PlainMember), fault.ObjectUnknown)
	asked, err := w.Ask(t.Context(), anna, reason)
	if err != nil {
		t.Fatal(err)
	}
	wantFault(t, w.Admit(t.Context(), olga, asked.ID, "emperor"), fault.InputInvalid)
	w.save(account.Account{Tenant: contoso, ID: "anna", SignInName: "anna@contoso.example", Disabled: true})
	wantFault(t, w.Admit(t.Context(), olga, asked.ID, programme.PlainMember), fault.AccountDisabled)
	w.mails()
	if err := w.Refuse(t.Context(), olga, asked.ID, "Gone."); err != nil || len(w.mails()) != 1 {
		t.Errorf("refuse: %v", err)
	}
}

func TestAnInvitedPersonsRequestIsSettledWhenTheyComeIn(t *testing.T) {
	w := newProgramme(t)
	if _, err := w.Ask(t.Context(), anna, reason); err != nil {
		t.Fatal(err)
	}
	w.member(anna, "anna@contoso.example")
	if list, err := w.Requests(t.Context(), olga, 0); err != nil || len(list) != 0 {
		t.Errorf("queue %+v, %v", list, err)
	}
}

func TestFiftyRequestsAndFiftyDecisionsAtOnceMakeOneOfEach(t *testing.T) {
	w := newProgramme(t)
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			if _, err := w.Ask(t.Context(), anna, reason); err != nil {
				t.Errorf("ask: %v", err)
			}
		})
	}
	all.Wait()
	w.mail(message.AccessRequested)
	list, err := w.Requests(t.Context(), olga, 0)
	if err != nil || len(list) != 1 {
		t.Fatalf("queue %+v, %v", list, err)
	}
	var admitted, refused, late atomic.Int32
	for n := range 50 {
		all.Go(func() {
			var err error
			count := &admitted
			if n%2 == 0 {
				err = w.Admit(t.Context(), olga, list[0].ID, programme.PlainMember)
			} else {
				err, count = w.Refuse(t.Context(), olga, list[0].ID, "no"), &refused
			}
			switch {
			case err == nil:
				count.Add(1)
			case fault.Has(err, fault.RequestRepeated):
				late.Add(1)
			default:
				t.Errorf("decide: %v", err)
			}
		})
	}
	all.Wait()
	if admitted.Load()+refused.Load() != 1 || late.Load() != 49 {
		t.Errorf("%d admitted, %d refused, %d came late", admitted.Load(), refused.Load(), late.Load())
	}
	if mails := w.mails(); len(mails) != 1 {
		t.Errorf("%d mails", len(mails))
	}
	s, err := w.Standing(t.Context(), contoso, "anna")
	if err != nil || (s.Place == programme.InProgramme) != (admitted.Load() == 1) {
		t.Errorf("stands as %s, %v", s.Place, err)
	}
}

func TestTheOwnerSeesOnlyAddressesThatThePersonProves(t *testing.T) {
	w := newProgramme(t)
	for who, want := range map[string]struct {
		address  string
		verified bool
	}{"fake": {"mallory@fabrikam.example", true}, "faker": {"bob@contoso.example", false}} {
		asked, err := w.Ask(t.Context(), by(fabrikam, who), reason)
		if err != nil || asked.Address != want.address || asked.Verified != want.verified {
			t.Errorf("%s: %+v, %v", who, asked, err)
		}
		w.mails()
		if err := w.Refuse(t.Context(), olga, asked.ID, "A secret reason."); err != nil {
			t.Fatal(err)
		}
		for _, m := range w.mails() {
			if !want.verified || m.To != want.address {
				t.Errorf("%s: told %s", who, m.To)
			}
		}
	}
}
