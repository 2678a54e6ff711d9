package swap_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/message"
	"github.com/entente-id/entente/internal/programme"
	"github.com/entente-id/entente/internal/swap"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func (w *house) policy(p programme.SwapPolicy) {
	w.t.Helper()
	have, err := w.Programme(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	have.SwapPolicy = p
	if err := w.Configure(w.t.Context(), olga, have); err != nil {
		w.t.Fatal(err)
	}
}

// begin starts a swap and reads its code in the old mailbox.
func (w *house) begin(who audit.Caller, address string) (swap.Status, message.Message) {
	w.t.Helper()
	w.mails()
	s, err := w.swaps.Begin(w.t.Context(), who, address)
	if err != nil {
		w.t.Fatal(err)
	}
	return s, w.mail(message.Code)
}

// wrong is a code that is not the right one.
func wrong(code string) string {
	if code == "000000" {
		return "000001"
	}
	return "000000"
}

// swap proves both addresses.
func (w *house) swap(who audit.Caller, address string) swap.Status {
	w.t.Helper()
	s, m := w.begin(who, address)
	s, err := w.swaps.Confirm(w.t.Context(), who, s.ID, m.Facts["code"])
	if err != nil {
		w.t.Fatalf("confirm: %v", err)
	}
	return s
}

func (w *house) undoToken() string {
	w.t.Helper()
	return strings.TrimPrefix(w.mail(message.SwapNotice).Path, swap.UndoPath)
}

func TestJ40AnInvitationMovesToAnotherNameAtOnceAndCanBeTakenBack(t *testing.T) {
	w := newProgramme(t)
	w.policy(programme.SwapAtOnce)
	i, token := w.invite("anna@old.example,Anna,contact")
	s, m := w.begin(anna, " Anna@OLD.example"[1:])
	if m.To != "anna@old.example" || !m.Expires.Equal(noon.Add(15*time.Minute)) || len(m.Facts["code"]) != 6 {
		t.Errorf("code mail %+v", m)
	}
	done, err := w.swaps.Confirm(t.Context(), anna, s.ID, m.Facts["code"])
	if err != nil || done.State != swap.Done {
		t.Fatalf("%+v, %v", done, err)
	}
	if st := w.wantPlace(anna, programme.InProgramme); st.Member.Role != programme.ContactRole || st.Member.Origin != programme.BySwap {
		t.Errorf("member %+v", st.Member)
	}
	_, err = w.Open(t.Context(), token)
	wantFault(t, err, fault.InvitationUnusable, "reason", "accepted")
	if mine, err := w.swaps.Mine(t.Context(), anna); err != nil || mine.State != swap.Done {
		t.Errorf("%+v, %v", mine, err)
	}
	mails := w.mails()
	if len(mails) != 2 || mails[0].Kind == mails[1].Kind {
		t.Fatalf("mails %+v", mails)
	}
	var undo string
	for _, m := range mails {
		switch {
		case m.Kind == message.SwapNotice && m.To == "anna@old.example":
			undo = strings.TrimPrefix(m.Path, swap.UndoPath)
		case m.Kind != message.SwapDone || m.To != "anna@contoso.example":
			t.Errorf("mail %+v", m)
		}
	}
	w.now = noon.Add(7*24*time.Hour - time.Second)
	if s, err := w.swaps.OpenUndo(t.Context(), undo); err != nil || s.State != swap.Done {
		t.Errorf("look: %+v, %v", s, err)
	}
	w.wantPlace(anna, programme.InProgramme)
	if err := w.swaps.Undo(t.Context(), undo); err != nil {
		t.Fatal(err)
	}
	w.wantPlace(anna, programme.Stranger)
	if got, err := w.Open(t.Context(), token); err != nil || got.ID != i.ID {
		t.Errorf("the invitation is not back: %v", err)
	}
	wantFault(t, w.swaps.Undo(t.Context(), undo), fault.InvitationUnusable, "reason", "undone")
}

func TestAnUndoLinkEndsAfterSevenDays(t *testing.T) {
	w := newProgramme(t)
	w.policy(programme.SwapAtOnce)
	w.invite("anna@old.example")
	w.swap(anna, "anna@old.example")
	undo := w.undoToken()
	w.now = noon.Add(7 * 24 * time.Hour)
	wantFault(t, w.swaps.Undo(t.Context(), undo), fault.InvitationUnusable, "reason", "expired")
	wantFault(t, w.swaps.Undo(t.Context(), undo+"x"), fault.InvitationUnusable, "reason", "unknown")
	w.wantPlace(anna, programme.InProgramme)
}

func TestNoInvitationsLinkAndNothingForgedOpensAnUndo(t *testing.T) {
	w := newProgramme(t)
	i, token := w.invite("anna@contoso.example")
	if err := w.Revoke(t.Context(), olga, i.ID); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{token, "", i.ID, i.TokenHash, token + "=", strings.Repeat("A", 43)} {
		_, err := w.swaps.OpenUndo(t.Context(), text)
		wantFault(t, err, fault.InvitationUnusable, "reason", "unknown")
	}
}

func TestAMembershipMovesWithinItsOrganisationAndBack(t *testing.T) {
	w := newProgramme(t)
	w.policy(programme.SwapAtOnce)
	before := w.member(anna, "anna@contoso.example,Anna,admin")
	w.now = noon.Add(time.Hour)
	w.swap(anna2, "anna@contoso.example")
	undo := w.undoToken()
	after := w.wantPlace(anna2, programme.InProgramme).Member
	if after.Role != programme.AdminRole || !after.Since.Equal(noon) {
		t.Errorf("moved as %+v", after)
	}
	w.wantPlace(anna, programme.Candidate)
	if err := w.swaps.Undo(t.Context(), undo); err != nil {
		t.Fatal(err)
	}
	back := w.wantPlace(anna, programme.InProgramme).Member
	if diff := cmp.Diff(before, back, cmpopts.IgnoreFields(programme.Member{}, "Version")); diff != "" {
		t.Errorf("back as (-before +after):\n%s", diff)
	}
	w.wantPlace(anna2, programme.Candidate)
}

func TestNothingIsPutBackOverALaterChange(t *testing.T) {
	w := newProgramme(t)
	w.policy(programme.SwapAtOnce)
	w.member(anna, "anna@contoso.example")
	w.swap(anna2, "anna@contoso.example")
	undo := w.undoToken()
	if err := w.Remove(t.Context(), olga, contoso, "anna2"); err != nil {
		t.Fatal(err)
	}
	wantFault(t, w.swaps.Undo(t.Context(), undo), fault.InvitationUnusable, "reason", "changed")
	w.wantPlace(anna, programme.Stranger)
}

func TestTheAnswerIsTheSameWhetherTheAddressIsKnownOrNot(t *testing.T) {
	w := newProgramme(t)
	w.invite("anna@old.example")
	w.member(frank, "frank@fabrikam.example")
	known, err := w.swaps.Begin(t.Context(), anna, "anna@old.example")
	if err != nil {
		t.Fatal(err)
	}
	w.mail(message.Code)
	for _, address := range []string{"nobody@old.example", "frank@fabrikam.example", "anna@contoso.example", "bob@contoso.example"} {
		unknown, err := w.swaps.Begin(t.Context(), anna, address)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(known, unknown, cmpopts.IgnoreFields(swap.Status{}, "ID", "Address")); diff != "" {
			t.Errorf("%s (-known +unknown):\n%s", address, diff)
		}
		if mails := w.mails(); len(mails) != 0 {
			t.Errorf("%s got %d mails", address, len(mails))
		}
		for left := range 5 {
			_, a := w.swaps.Confirm(t.Context(), anna, unknown.ID, "123456")
			wantFault(t, a, fault.MailCodeWrong, "left", string(rune('4'-left)))
		}
		_, err = w.swaps.Confirm(t.Context(), anna, unknown.ID, "123456")
		wantFault(t, err, fault.MailCodeExpired)
	}
	for _, address := range []string{"", "nonsense", "a@b.example\r\nBcc: x@y.example", "a@b@c.example", strings.Repeat("x", 250) + "@b.example"} {
		_, err := w.swaps.Begin(t.Context(), anna, address)
		wantFault(t, err, fault.InputInvalid)
	}
}

func TestAnAddressIsSentFiveCodesInAnHour(t *testing.T) {
	w := newProgramme(t)
	w.invite("anna@old.example")
	for _, address := range []string{"anna@old.example", "nobody@old.example"} {
		start := w.now
		for range 5 {
			w.now = w.now.Add(time.Minute)
			if _, err := w.swaps.Begin(t.Context(), anna, address); err != nil {
				t.Fatal(err)
			}
		}
		w.now = start.Add(61*time.Minute - time.Second)
		for _, who := range []audit.Caller{anna, bob} {
			_, err := w.swaps.Begin(t.Context(), who, strings.ToUpper(address))
			wantFault(t, err, fault.RequestRepeated, "minutes", "1")
		}
		w.now = start.Add(61 * time.Minute)
		if _, err := w.swaps.Begin(t.Context(), anna, address); err != nil {
			t.Errorf("after an hour: %v", err)
		}
	}
}

func TestAPersonAsksForTwentyCodesInAnHour(t *testing.T) {
	w := newProgramme(t)
	for n := range 20 {
		if _, err := w.swaps.Begin(t.Context(), anna, fmt.Sprintf("p%d@old.example", n)); err != nil {
			t.Fatal(err)
		}
	}
	_, err := w.swaps.BeginMerge(t.Context(), anna, "next@old.example")
	wantFault(t, err, fault.RequestRepeated, "minutes", "60")
	if _, err := w.swaps.Begin(t.Context(), bob, "next@old.example"); err != nil {
		t.Errorf("another person: %v", err)
	}
}

func TestACodeHoldsForFiveTriesAQuarterOfAnHourOneSwapAndOnePerson(t *testing.T) {
	w := newProgramme(t)
	w.policy(programme.SwapAtOnce)
	w.invite("anna@old.example")
	first, m1 := w.begin(anna, "anna@old.example")
	second, m2 := w.begin(anna, "anna@old.example")
	if m1.Facts["code"] != m2.Facts["code"] {
		_, err := w.swaps.Confirm(t.Context(), anna, second.ID, m1.Facts["code"])
		wantFault(t, err, fault.MailCodeWrong)
	}
	_, err := w.swaps.Confirm(t.Context(), bob, first.ID, m1.Facts["code"])
	wantFault(t, err, fault.ObjectUnknown)
	var all sync.WaitGroup
	var wrongs, over atomic.Int32
	for range 50 {
		all.Go(func() {
			_, err := w.swaps.Confirm(t.Context(), anna, first.ID, wrong(m1.Facts["code"]))
			switch {
			case fault.Has(err, fault.MailCodeWrong):
				wrongs.Add(1)
			case fault.Has(err, fault.MailCodeExpired):
				over.Add(1)
			default:
				t.Errorf("guess: %v", err)
			}
		})
	}
	all.Wait()
	if wrongs.Load() != 5 || over.Load() != 45 {
		t.Errorf("%d guesses were looked at, %d not", wrongs.Load(), over.Load())
	}
	_, err = w.swaps.Confirm(t.Context(), anna, first.ID, m1.Facts["code"])
	wantFault(t, err, fault.MailCodeExpired)
	w.now = noon.Add(15 * time.Minute)
	_, err = w.swaps.Confirm(t.Context(), anna, second.ID, m2.Facts["code"])
	wantFault(t, err, fault.MailCodeExpired)
	w.wantPlace(anna, programme.Stranger)
	if err := w.swaps.Tend(t.Context()); err != nil {
		t.Fatal(err)
	}
	if s, err := w.db.Swap(t.Context(), northwind, second.ID); err != nil || s.State != swap.Expired || s.Code != nil {
		t.Errorf("kept %+v, %v", s, err)
	}
}

func TestBySwapApprovalTheOwnerDecidesOnce(t *testing.T) {
	w := newProgramme(t)
	w.invite("anna@old.example")
	s := w.swap(anna, "anna@old.example")
	if s.State != swap.Waiting {
		t.Fatalf("%+v", s)
	}
	if m := w.mail(message.SwapRequested); m.To != "partners@northwind.example" || m.Facts["old"] != "anna@old.example" || m.Facts["address"] != "anna@contoso.example" {
		t.Errorf("told %+v", m)
	}
	if mine, err := w.swaps.Mine(t.Context(), anna); err != nil || mine.State != swap.Waiting {
		t.Errorf("%+v, %v", mine, err)
	}
	if list, err := w.swaps.Waiting(t.Context(), olga); err != nil || len(list) != 1 || list[0].ID != s.ID {
		t.Errorf("%+v, %v", list, err)
	}
	if list, err := w.swaps.Waiting(t.Context(), ada); err != nil || len(list) != 0 {
		t.Errorf("a swap is for the owner alone: %+v, %v", list, err)
	}
	wantFault(t, w.swaps.Decide(t.Context(), ada, s.ID, true, ""), fault.RoleMissing)
	// The invitation runs out while the owner thinks.
	w.now = noon.AddDate(0, 0, 20)
	for _, tend := range []func(context.Context) error{w.Tend, w.swaps.Tend} {
		if err := tend(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	var all sync.WaitGroup
	var done, late atomic.Int32
	for range 50 {
		all.Go(func() {
			switch err := w.swaps.Decide(t.Context(), olga, s.ID, true, ""); {
			case err == nil:
				done.Add(1)
			case fault.Has(err, fault.RequestRepeated):
				late.Add(1)
			default:
				t.Errorf("decide: %v", err)
			}
		})
	}
	all.Wait()
	if done.Load() != 1 || late.Load() != 49 {
		t.Errorf("%d decided, %d came late", done.Load(), late.Load())
	}
	w.wantPlace(anna, programme.InProgramme)
	if mails := w.mails(); len(mails) != 2 {
		t.Errorf("mails %+v", mails)
	}
}

func TestARefusedSwapIsToldAndMovesNothing(t *testing.T) {
	w := newProgramme(t)
	_, token := w.invite("anna@old.example")
	s := w.swap(anna, "anna@old.example")
	w.mails()
	if err := w.swaps.Decide(t.Context(), olga, s.ID, false, "We do not know you."); err != nil {
		t.Fatal(err)
	}
	if m := w.mail(message.AccessDenied); m.To != "anna@contoso.example" || m.Facts["reason"] != "We do not know you." {
		t.Errorf("told %+v", m)
	}
	if mine, err := w.swaps.Mine(t.Context(), anna); err != nil || mine.State != swap.Refused || mine.Answer != "We do not know you." {
		t.Errorf("%+v, %v", mine, err)
	}
	if _, err := w.Open(t.Context(), token); err != nil {
		t.Errorf("the invitation: %v", err)
	}
	w.wantPlace(anna, programme.Stranger)
}

func TestAnInvitationOfAnotherOrganisationAlwaysWaitsForTheOwner(t *testing.T) {
	w := newProgramme(t)
	w.policy(programme.SwapAtOnce)
	w.invite("frank@fabrikam.example")
	if s := w.swap(anna, "frank@fabrikam.example"); s.State != swap.Waiting {
		t.Errorf("%+v", s)
	}
	w.wantPlace(anna, programme.Stranger)
}

func TestACodeGoesToWhoHoldsTheMembershipAndNotToTheNextHolderOfTheAddress(t *testing.T) {
	w := newProgramme(t)
	w.member(anna, "anna@contoso.example")
	w.save(account.Account{Tenant: contoso, ID: "anna", SignInName: "anna.new@contoso.example"})
	w.save(account.Account{Tenant: contoso, ID: "next", SignInName: "anna@contoso.example"})
	if _, m := w.begin(by(contoso, "next"), "anna@contoso.example"); m.To != "anna.new@contoso.example" {
		t.Errorf("sent to %s", m.To)
	}
}

func TestACodeNeverGoesToAMailboxThatTheAccountDoesNotProve(t *testing.T) {
	w := newProgramme(t)
	w.member(pat, "pat@mail.example")
	w.save(account.Account{Tenant: id.Consumers, ID: "quinn", SignInName: "quinn@mail.example"})
	if _, m := w.begin(by(id.Consumers, "quinn"), "pat@mail.example"); m.To != "pat@mail.example" {
		t.Errorf("sent to %s", m.To)
	}
	// An organisation takes the domain: pat's account proves nothing any more.
	w.organisation(fabrikam, "Fabrikam", "fabrikam.example", "mail.example")
	if _, err := w.swaps.Begin(t.Context(), by(id.Consumers, "quinn"), "pat@mail.example"); err != nil || len(w.mails()) != 0 {
		t.Errorf("begin: %v", err)
	}
}

func TestMergingByTheOldMailboxJoinsTwoAccounts(t *testing.T) {
	w := newProgramme(t)
	w.member(anna, "anna@contoso.example,Anna,contact")
	w.now = noon.Add(time.Hour)
	w.member(anna2, "anna.two@contoso.example")
	w.mails()
	s, err := w.swaps.BeginMerge(t.Context(), anna2, "anna@contoso.example")
	if err != nil {
		t.Fatal(err)
	}
	done, err := w.swaps.Confirm(t.Context(), anna2, s.ID, w.mail(message.Code).Facts["code"])
	if err != nil || done.State != swap.Done || done.Kind != swap.AccountMerge {
		t.Fatalf("%+v, %v", done, err)
	}
	undo := w.undoToken()
	merged := w.wantPlace(anna2, programme.InProgramme).Member
	if merged.Role != programme.ContactRole || !merged.Since.Equal(noon) || merged.Origin != programme.ByMerge {
		t.Errorf("merged %+v", merged)
	}
	old, err := w.db.Member(t.Context(), northwind, contoso, "anna")
	if err != nil || old.State != programme.Removed || old.Ended != programme.ByMerge {
		t.Errorf("old %+v, %v", old, err)
	}
	events, err := w.db.Events(t.Context(), contoso, 100)
	if err != nil || !slices.ContainsFunc(events, func(e audit.Event) bool {
		return e.Verb == "merge.done" && e.Facts["old account"] == "anna" && e.Facts["new account"] == "anna2"
	}) {
		t.Errorf("events %+v, %v", events, err)
	}
	if err := w.swaps.Undo(t.Context(), undo); err != nil {
		t.Fatal(err)
	}
	if m := w.wantPlace(anna2, programme.InProgramme).Member; m.Role != programme.PlainMember {
		t.Errorf("after the undo %+v", m)
	}
	w.wantPlace(anna, programme.InProgramme)
}

func TestMergingByWordNeedsAnotherOfTheOrganisationOrTheOwner(t *testing.T) {
	w := newProgramme(t)
	w.member(anna, "anna@contoso.example")
	w.save(account.Account{Tenant: contoso, ID: "anna2", SignInName: "anna.two@contoso.example", Roles: []string{account.GlobalAdministrator}})
	s, err := w.swaps.AskMerge(t.Context(), anna2, "anna@contoso.example")
	if err != nil || s.State != swap.Waiting {
		t.Fatalf("%+v, %v", s, err)
	}
	if again, err := w.swaps.AskMerge(t.Context(), anna2, "bob@contoso.example"); err != nil || again.ID != s.ID {
		t.Errorf("asked again: %+v, %v", again, err)
	}
	wantFault(t, w.swaps.Decide(t.Context(), anna2, s.ID, true, ""), fault.RoleMissing)
	wantFault(t, w.swaps.Decide(t.Context(), bob, s.ID, true, ""), fault.RoleMissing)
	wantFault(t, w.swaps.Decide(t.Context(), frank, s.ID, true, ""), fault.RoleMissing)
	wantFault(t, w.swaps.Decide(t.Context(), frank, "none", true, ""), fault.RoleMissing)
	wantFault(t, w.swaps.Decide(t.Context(), olga, "none", true, ""), fault.ObjectUnknown)
	_, err = w.swaps.Waiting(t.Context(), bob)
	wantFault(t, err, fault.RoleMissing)
	if list, err := w.swaps.Waiting(t.Context(), frank); err != nil || len(list) != 0 {
		t.Errorf("another organisation sees %+v, %v", list, err)
	}
	if list, err := w.swaps.Waiting(t.Context(), ada); err != nil || len(list) != 1 {
		t.Errorf("%+v, %v", list, err)
	}
	if err := w.swaps.Decide(t.Context(), ada, s.ID, true, ""); err != nil {
		t.Fatal(err)
	}
	w.wantPlace(anna2, programme.InProgramme)
	w.wantPlace(anna, programme.Candidate)
}

func TestAMergeThatNamesNobodyCanOnlyBeRefused(t *testing.T) {
	w := newProgramme(t)
	w.member(frank, "frank@fabrikam.example")
	s, err := w.swaps.AskMerge(t.Context(), anna2, "frank@fabrikam.example")
	if err != nil {
		t.Fatal(err)
	}
	wantFault(t, w.swaps.Decide(t.Context(), olga, s.ID, true, ""), fault.InvitationUnusable)
	if err := w.swaps.Decide(t.Context(), ada, s.ID, false, "Not ours."); err != nil {
		t.Error(err)
	}
	w.wantPlace(frank, programme.InProgramme)
}

func TestOnlyTheOwnersStaffOfThisMomentDecideOverASwap(t *testing.T) {
	w := newProgramme(t)
	w.save(account.Account{Tenant: northwind, ID: "off", SignInName: "off@northwind.example", Groups: []string{programme.ProgrammeStaff}, Disabled: true})
	visiting := olga
	visiting.Tenant = contoso
	for name, c := range map[string]struct {
		by   audit.Caller
		want fault.Code
	}{
		"another of the owner":      {by(northwind, "nick"), fault.RoleMissing},
		"one switched off":          {by(northwind, "off"), fault.AccountDisabled},
		"one who is gone":           {by(northwind, "gone"), fault.AccountUnknown},
		"a partner's administrator": {frank, fault.RoleMissing},
		"staff in another tenant":   {visiting, fault.RoleMissing},
		"an application alone":      {audit.Caller{Tenant: northwind, Home: northwind, AppOnly: true}, fault.AppOnlyRefused},
	} {
		t.Run(name, func(t *testing.T) {
			wantFault(t, w.swaps.Decide(t.Context(), c.by, "x", true, ""), c.want)
		})
	}
}
