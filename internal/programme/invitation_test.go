package programme_test

import (
	"errors"
	"fmt"
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
	"github.com/google/go-cmp/cmp"
)

func TestAnInvitationIsAcceptedOnceByTheInvitedAddress(t *testing.T) {
	w := newProgramme(t)
	i, token := w.invite("Anna@Contoso.example, Anna Example, contact, fi")
	if i.Tenant != contoso || i.Role != programme.ContactRole || !i.Expires.Equal(noon.AddDate(0, 0, 14)) {
		t.Errorf("invited %+v", i)
	}
	if got, err := w.Open(t.Context(), token); err != nil || got.ID != i.ID || got.State != programme.InvitationSent {
		t.Errorf("opened %+v, %v", got, err)
	}
	w.wantPlace(anna, programme.Invited)
	member, err := w.Accept(t.Context(), anna, token)
	if err != nil {
		t.Fatal(err)
	}
	if member.Tenant != contoso || member.Account != "anna" || member.Role != programme.ContactRole || member.State != programme.Active || member.Language != "fi" {
		t.Errorf("member %+v", member)
	}
	s := w.wantPlace(anna, programme.InProgramme)
	if diff := cmp.Diff(member, s.Member); diff != "" || s.Refusal() != nil {
		t.Errorf("member as kept, %v (-want +got):\n%s", s.Refusal(), diff)
	}
	_, err = w.Accept(t.Context(), anna, token)
	wantFault(t, err, fault.InvitationUnusable, "reason", "accepted")
	_, err = w.Open(t.Context(), token)
	wantFault(t, err, fault.InvitationUnusable, "reason", "accepted")
	for _, side := range []id.Tenant{contoso, northwind} {
		if verbs := w.verbs(side); !strings.Contains(verbs, " invitation.accept ") || !strings.Contains(verbs, " invitation.send ") {
			t.Errorf("events of %s: %s", side, verbs)
		}
	}
}

func TestAnInvitationWaitsForItsAddressWithoutTheLink(t *testing.T) {
	w := newProgramme(t)
	w.invite("robert@contoso.example")
	w.wantPlace(bob, programme.Invited)
	if _, err := w.Accept(t.Context(), bob, ""); err != nil {
		t.Errorf("by the mailbox that his organisation verified: %v", err)
	}
	_, err := w.Accept(t.Context(), anna, "")
	wantFault(t, err, fault.MembershipMissing, "reason", "none")
}

func TestNobodyElseAcceptsAnInvitation(t *testing.T) {
	for name, c := range map[string]struct {
		address string
		by      audit.Caller
		reason  string
	}{
		"a colleague": {"anna@contoso.example", bob, "other-address"},
		"a stranger who put the address into their mail field": {"anna@contoso.example", by(fabrikam, "fake"), "other-address"},
		"a stranger whose sign-in name is in a foreign domain": {"bob@contoso.example", by(fabrikam, "faker"), "other-address"},
		"a personal account by its mail field":                 {"other@mail.example", pat, "other-address"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newProgramme(t)
			i, token := w.invite(c.address)
			_, err := w.Accept(t.Context(), c.by, "")
			wantFault(t, err, fault.MembershipMissing, "reason", "none")
			for range 2 {
				_, err = w.Accept(t.Context(), c.by, token)
				wantFault(t, err, fault.MembershipMissing, "reason", c.reason)
			}
			list, err := w.Invitations(t.Context(), olga, programme.Cursor{}, 0)
			if err != nil || len(list) != 1 || list[0].ID != i.ID || list[0].State != programme.InvitationElsewhere || list[0].Why != programme.OtherAccount {
				t.Errorf("listed %+v, %v", list, err)
			}
			if strings.Count(w.verbs(northwind), "invitation.elsewhere") != 1 {
				t.Error("the same visitor is written down again")
			}
		})
	}
}

func TestAnInvitationIsBoundToTheOrganisationOfItsDomain(t *testing.T) {
	w := newProgramme(t)
	_, token := w.invite("pat@mail.example")
	w.wantPlace(pat, programme.Invited)
	// An organisation verifies the domain: the personal account proves it no
	// more.
	w.organisation(fabrikam, "Fabrikam", "fabrikam.example", "mail.example")
	_, err := w.Accept(t.Context(), pat, token)
	wantFault(t, err, fault.MembershipMissing)
	_, bound := w.invite("anna@contoso.example")
	// The domain moves to another organisation after the invitation was sent.
	w.organisation(contoso, "Contoso", "contoso-new.example")
	w.organisation(fabrikam, "Fabrikam", "fabrikam.example", "contoso.example")
	w.save(account.Account{Tenant: fabrikam, ID: "anna-there", SignInName: "anna@contoso.example"})
	_, err = w.Accept(t.Context(), by(fabrikam, "anna-there"), bound)
	wantFault(t, err, fault.MembershipMissing, "reason", "other-organisation")
}

func TestAPersonalAccountAcceptsWhatWentToItsSignInName(t *testing.T) {
	w := newProgramme(t)
	if m := w.member(pat, "pat@mail.example"); m.Tenant != id.Consumers {
		t.Errorf("member %+v", m)
	}
}

func TestAnInvitationEndsAtItsInstant(t *testing.T) {
	w := newProgramme(t)
	i, token := w.invite("anna@contoso.example")
	w.now = i.Expires.Add(-time.Microsecond)
	if _, err := w.Open(t.Context(), token); err != nil {
		t.Errorf("just before: %v", err)
	}
	w.now = i.Expires
	_, err := w.Open(t.Context(), token)
	wantFault(t, err, fault.InvitationUnusable, "reason", "expired")
	_, err = w.Accept(t.Context(), anna, token)
	wantFault(t, err, fault.InvitationUnusable, "reason", "expired")
	w.wantPlace(anna, programme.Stranger)
	if err := w.Tend(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, _ := w.db.Invitation(t.Context(), northwind, i.ID); got.State != programme.InvitationExpired {
		t.Errorf("kept as %s", got.State)
	}
	if err := w.Resend(t.Context(), olga, i.ID); err != nil {
		t.Fatal(err)
	}
	if path := w.mail(message.Invitation).Path; path != programme.InvitationPath+token {
		t.Error("the link of the first mail does not serve any more")
	}
	if _, err := w.Accept(t.Context(), anna, token); err != nil {
		t.Errorf("after it was sent again: %v", err)
	}
	wantFault(t, w.Resend(t.Context(), olga, i.ID), fault.InvitationUnusable, "reason", "accepted")
}

func TestARevokedOrForgedLinkOpensNothing(t *testing.T) {
	w := newProgramme(t)
	i, token := w.invite("anna@contoso.example")
	if err := w.Revoke(t.Context(), olga, i.ID); err != nil {
		t.Fatal(err)
	}
	wantFault(t, w.Revoke(t.Context(), olga, i.ID), fault.InvitationUnusable, "reason", "revoked")
	for text, reason := range map[string]string{token: "revoked", "": "unknown", i.ID: "unknown", i.TokenHash: "unknown", token + "=": "unknown", strings.Repeat("A", 43): "unknown"} {
		_, err := w.Open(t.Context(), text)
		wantFault(t, err, fault.InvitationUnusable, "reason", reason)
		wantFault(t, w.Opened(t.Context(), text), fault.InvitationUnusable, "reason", reason)
		if text != "" {
			_, err = w.Accept(t.Context(), anna, text)
			wantFault(t, err, fault.InvitationUnusable, "reason", reason)
		}
	}
	w.wantPlace(anna, programme.Stranger)
	if _, again := w.invite("anna@contoso.example"); again == token {
		t.Error("a new invitation has the link of the revoked one")
	}
}

func TestTheListTellsWhereEachInvitedPersonIsStuck(t *testing.T) {
	w := newProgramme(t)
	_, opened := w.invite("anna@contoso.example")
	w.now = w.now.Add(time.Minute)
	w.invite("bob@contoso.example")
	w.now = w.now.Add(time.Minute)
	w.invite("who@nowhere.example")
	if err := w.Opened(t.Context(), opened); err != nil {
		t.Fatal(err)
	}
	why := func() map[string]programme.Stuck {
		got := map[string]programme.Stuck{}
		var after programme.Cursor
		for {
			list, err := w.Invitations(t.Context(), olga, after, 1)
			if err != nil {
				t.Fatal(err)
			}
			if len(list) == 0 {
				return got
			}
			got[list[0].Address] = list[0].Why
			after = programme.Cursor{At: list[0].Sent, ID: list[0].ID}
		}
	}
	want := map[string]programme.Stuck{
		"anna@contoso.example": programme.NotSignedIn, "bob@contoso.example": programme.NeverOpened, "who@nowhere.example": programme.DomainUnconnected,
	}
	if diff := cmp.Diff(want, why()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	w.now = w.now.AddDate(0, 0, 15)
	for address := range want {
		want[address] = programme.TimeOver
	}
	if diff := cmp.Diff(want, why()); diff != "" {
		t.Errorf("later (-want +got):\n%s", diff)
	}
}

func TestGoodLinesAreSentAndBadOnesComeBackWhole(t *testing.T) {
	w := newProgramme(t)
	w.member(anna, "anna@contoso.example")
	w.invite("bob@contoso.example")
	list := strings.Join([]string{
		"\ufeffnew@contoso.example, New, admin, sv",
		"",
		"not an address",
		"two@contoso.example;Two",
		"TWO@CONTOSO.EXAMPLE",
		"anna@contoso.example",
		"bob@contoso.example",
		"r@contoso.example,R,emperor",
		"l@contoso.example,L,member,!!",
		`"Q, Quoted" <q@contoso.example>`,
		`q@contoso.example,"Q, Quoted"`,
		"five@contoso.example,a,member,fi,more",
		"evil@contoso.example,E\rBcc: x@y.example",
	}, "\n")
	called, err := w.Invite(t.Context(), olga, programme.Call{List: list, Language: "fi", Note: "Welcome"})
	if err != nil {
		t.Fatal(err)
	}
	var sent []string
	for _, i := range called.Sent {
		sent = append(sent, fmt.Sprint(i.Address, "|", i.Name, "|", i.Role, "|", i.Language))
	}
	if diff := cmp.Diff([]string{"new@contoso.example|New|admin|sv", "two@contoso.example|Two|member|fi", "q@contoso.example|Q, Quoted|member|fi"}, sent); diff != "" {
		t.Errorf("sent (-want +got):\n%s", diff)
	}
	want := []programme.BadLine{
		{3, "not an address", "address"}, {5, "TWO@CONTOSO.EXAMPLE", "twice"}, {6, "anna@contoso.example", "member"}, {7, "bob@contoso.example", "invited"},
		{8, "r@contoso.example,R,emperor", "role"}, {9, "l@contoso.example,L,member,!!", "language"}, {10, `"Q, Quoted" <q@contoso.example>`, "fields"},
		{12, "five@contoso.example,a,member,fi,more", "fields"}, {13, "evil@contoso.example,E\rBcc: x@y.example", "name"},
	}
	if diff := cmp.Diff(want, called.Bad); diff != "" {
		t.Errorf("bad (-want +got):\n%s", diff)
	}
	mails := w.mails()
	if len(mails) != 3 || mails[0].Facts["reason"] != "Welcome" || mails[0].Facts["app"] != "Northwind Partners" {
		t.Errorf("mails %+v", mails)
	}
	for _, call := range []programme.Call{
		{}, {List: " \n "}, {List: strings.Repeat("a@b.example\n", 501)}, {List: "a@b.example", Note: strings.Repeat("x", 501)},
		{List: "a@b.example", Role: "emperor"}, {List: "a@b.example", Language: "??"}, {List: "a@b.example", OrganisationName: "a\nb"},
	} {
		_, err := w.Invite(t.Context(), olga, call)
		wantFault(t, err, fault.InputInvalid)
	}
	if mails := w.mails(); len(mails) != 0 {
		t.Errorf("a refused list sent %d mails", len(mails))
	}
}

func TestFiftyAcceptancesAtOnceMakeOneMember(t *testing.T) {
	w := newProgramme(t)
	_, token := w.invite("anna@contoso.example")
	var in, used atomic.Int32
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			_, err := w.Accept(t.Context(), anna, token)
			switch {
			case err == nil:
				in.Add(1)
			case fault.Has(err, fault.InvitationUnusable):
				used.Add(1)
			default:
				t.Errorf("accept: %v", err)
			}
		})
	}
	all.Wait()
	if in.Load() != 1 || used.Load() != 49 {
		t.Errorf("%d got in, %d were told that it is used", in.Load(), used.Load())
	}
	if n := strings.Count(w.verbs(contoso), "invitation.accept"); n != 1 {
		t.Errorf("%d events", n)
	}
}

func TestMembershipFollowsTheAccountAndNotItsAddress(t *testing.T) {
	w := newProgramme(t)
	w.member(anna, "anna@contoso.example")
	w.save(account.Account{Tenant: contoso, ID: "anna", SignInName: "anna.newname@contoso.example"})
	w.wantPlace(anna, programme.InProgramme)
	w.save(account.Account{Tenant: contoso, ID: "another", SignInName: "anna@contoso.example"})
	w.wantPlace(by(contoso, "another"), programme.Candidate)
}

func TestAnUnknownPersonOfAKnownOrganisationIsAskedForAnEarlierAccount(t *testing.T) {
	w := newProgramme(t)
	wantFault(t, w.wantPlace(anna, programme.Stranger).Refusal(), fault.MembershipMissing)
	w.member(bob, "bob@contoso.example")
	wantFault(t, w.wantPlace(anna, programme.Candidate).Refusal(), fault.ProfileElsewhere, "org", "Contoso")
	w.wantPlace(frank, programme.Stranger)
	w.member(pat, "pat@mail.example")
	w.save(account.Account{Tenant: id.Consumers, ID: "quinn", SignInName: "quinn@mail.example"})
	w.wantPlace(by(id.Consumers, "quinn"), programme.Stranger)
}

func TestAMembershipIsEndedByTheOwnerOrTheOwnOrganisationAlone(t *testing.T) {
	w := newProgramme(t)
	w.member(anna, "anna@contoso.example")
	wantFault(t, w.Remove(t.Context(), bob, contoso, "anna"), fault.RoleMissing)
	wantFault(t, w.Remove(t.Context(), frank, contoso, "anna"), fault.RoleMissing)
	if err := w.Remove(t.Context(), ada, contoso, "anna"); err != nil {
		t.Fatal(err)
	}
	w.wantPlace(anna, programme.Stranger)
	w.member(anna, "anna@contoso.example")
	if err := w.Remove(t.Context(), olga, contoso, "anna"); err != nil {
		t.Fatal(err)
	}
	wantFault(t, w.Remove(t.Context(), olga, contoso, "nobody"), fault.ObjectUnknown)
	if list, err := w.Members(t.Context(), ada, contoso, "", 0); err != nil || len(list) != 1 || list[0].State != programme.Removed {
		t.Errorf("%+v, %v", list, err)
	}
}

func TestJ04TheOwnerListsItsOwnAddressesInPartnersHands(t *testing.T) {
	w := newProgramme(t)
	w.invite("v-anna@northwind.example")
	revoked, _ := w.invite("v-gone@northwind.example")
	if err := w.Revoke(t.Context(), olga, revoked.ID); err != nil {
		t.Fatal(err)
	}
	w.member(bob, "bob@contoso.example")
	list, err := w.OwnAddresses(t.Context(), olga, 0)
	if err != nil || len(list) != 1 || list[0].Address != "v-anna@northwind.example" {
		t.Errorf("%+v, %v", list, err)
	}
}

func TestADisabledOrForeignVisitorAcceptsNothing(t *testing.T) {
	w := newProgramme(t)
	_, token := w.invite("anna@contoso.example")
	visiting := anna
	visiting.Tenant = fabrikam
	for code, who := range map[fault.Code]audit.Caller{
		fault.ForeignAccount: visiting, fault.AppOnlyRefused: {Tenant: contoso, Home: contoso, AppOnly: true}, fault.AccountUnknown: by(contoso, "gone"),
	} {
		_, err := w.Accept(t.Context(), who, token)
		wantFault(t, err, code)
	}
	w.save(account.Account{Tenant: contoso, ID: "anna", SignInName: "anna@contoso.example", Disabled: true})
	_, err := w.Accept(t.Context(), anna, token)
	wantFault(t, err, fault.AccountDisabled)
	if _, err := w.Standing(t.Context(), contoso, "anna"); !errors.As(err, new(*fault.Fault)) {
		t.Errorf("standing: %v", err)
	}
}

func TestAnExpiredInvitationMakesRoomForAnotherAndStaysEnded(t *testing.T) {
	w := newProgramme(t)
	old, token := w.invite("anna@contoso.example")
	w.now = old.Expires
	_, next := w.invite("anna@contoso.example")
	_, err := w.Open(t.Context(), token)
	wantFault(t, err, fault.InvitationUnusable, "reason", "expired")
	wantFault(t, w.Resend(t.Context(), olga, old.ID), fault.InvitationUnusable, "reason", "replaced")
	if _, err := w.Accept(t.Context(), anna, next); err != nil {
		t.Error(err)
	}
}

func TestFiftyListsAtOnceInviteAnAddressOnce(t *testing.T) {
	w := newProgramme(t)
	var all sync.WaitGroup
	var sent, bad atomic.Int32
	for range 50 {
		all.Go(func() {
			called, err := w.Invite(t.Context(), olga, programme.Call{List: "anna@contoso.example\nbob@contoso.example"})
			if err != nil {
				t.Errorf("invite: %v", err)
			}
			sent.Add(int32(len(called.Sent)))
			bad.Add(int32(len(called.Bad)))
		})
	}
	all.Wait()
	if sent.Load() != 2 || bad.Load() != 98 || len(w.mails()) != 2 {
		t.Errorf("%d sent, %d reported", sent.Load(), bad.Load())
	}
}
