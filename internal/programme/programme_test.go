package programme_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/message"
	"github.com/entente-id/entente/internal/programme"
	"github.com/entente-id/entente/internal/seal"
	"github.com/entente-id/entente/internal/sqlstore"
	"github.com/entente-id/entente/internal/sqlstore/storetest"
	"github.com/entente-id/entente/internal/tenant"
)

const northwind id.Tenant = "33333333-cccc-4333-8333-000000000001"

const (
	contoso  id.Tenant = "11111111-aaaa-4111-8111-000000000001"
	fabrikam id.Tenant = "11111111-aaaa-4111-8111-000000000002"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// house is one installation: Northwind runs it, Contoso and Fabrikam are
// partners, and pat has a personal account.
type house struct {
	*programme.Membership
	t       *testing.T
	db      *sqlstore.DB
	people  *account.People
	tenants *tenant.Directory
	outbox  *message.Outbox
	now     time.Time
}

func newProgramme(t *testing.T) *house {
	t.Helper()
	db := storetest.Open(t)
	w := &house{t: t, db: db, people: account.NewPeople(db), now: noon}
	source := id.Source{Now: func() time.Time { return w.now }, Random: rand.Reader}
	custody, err := seal.NewCustody(bytes.Repeat([]byte{7}, 32), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if w.outbox, err = message.NewOutbox(db, source, custody, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	w.tenants = tenant.NewDirectory(db, source.Now)
	if w.Membership, err = programme.NewMembership(db, w.people, w.tenants, w.outbox, source, custody); err != nil {
		t.Fatal(err)
	}
	w.organisation(northwind, "Northwind", "northwind.example")
	w.organisation(contoso, "Contoso", "contoso.example")
	w.organisation(fabrikam, "Fabrikam", "fabrikam.example")
	w.organisation(id.Consumers, "Personal accounts")
	for _, a := range []account.Account{
		{Tenant: northwind, ID: "olga", SignInName: "olga@northwind.example", Groups: []string{programme.ProgrammeStaff}},
		{Tenant: northwind, ID: "gary", SignInName: "gary@northwind.example", Roles: []string{account.GlobalAdministrator}},
		{Tenant: northwind, ID: "nick", SignInName: "nick@northwind.example", Groups: []string{account.AdminAgents}},
		{Tenant: contoso, ID: "ada", SignInName: "ada@contoso.example", Roles: []string{account.UserAdministrator}},
		{Tenant: contoso, ID: "anna", SignInName: "anna@contoso.example", Name: "Anna", Language: "fi"},
		{Tenant: contoso, ID: "anna2", SignInName: "anna.two@contoso.example", Name: "Anna"},
		{Tenant: contoso, ID: "bob", SignInName: "bob@contoso.example", Mail: "robert@contoso.example"},
		{Tenant: fabrikam, ID: "frank", SignInName: "frank@fabrikam.example", Roles: []string{account.GlobalAdministrator}},
		{Tenant: fabrikam, ID: "fake", SignInName: "mallory@fabrikam.example", Mail: "anna@contoso.example"},
		{Tenant: fabrikam, ID: "faker", SignInName: "bob@contoso.example", Roles: []string{account.GlobalAdministrator}},
		{Tenant: id.Consumers, ID: "pat", SignInName: "pat@mail.example", Mail: "other@mail.example"},
	} {
		w.save(a)
	}
	err = w.Found(t.Context(), audit.Caller{}, programme.Programme{Owner: northwind, Name: "Northwind Partners", Contact: "partners@northwind.example", Portal: "portal"})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *house) organisation(key id.Tenant, name string, domains ...string) {
	w.t.Helper()
	org := tenant.Tenant{ID: key, Name: name}
	for _, d := range domains {
		org.Domains = append(org.Domains, tenant.Domain{Name: d})
	}
	if err := w.tenants.Save(w.t.Context(), org); err != nil {
		w.t.Fatal(err)
	}
}

func (w *house) save(a account.Account) {
	w.t.Helper()
	if err := w.people.Save(w.t.Context(), a); err != nil {
		w.t.Fatal(err)
	}
}

// by is a person of an organisation, signed in at home.
func by(home id.Tenant, who string) audit.Caller {
	return audit.Caller{Tenant: home, Home: home, Account: id.Object(who), SignInName: who}
}

var (
	olga  = by(northwind, "olga")
	ada   = by(contoso, "ada")
	anna  = by(contoso, "anna")
	anna2 = by(contoso, "anna2")
	bob   = by(contoso, "bob")
	frank = by(fabrikam, "frank")
	pat   = by(id.Consumers, "pat")
)

// mails takes what was sent since the last time.
func (w *house) mails() []message.Message {
	w.t.Helper()
	var list []message.Message
	err := w.outbox.Deliver(w.t.Context(), func(_ context.Context, m message.Message) error {
		list = append(list, m)
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return list
}

// mail takes the one message of a kind.
func (w *house) mail(kind message.Kind) message.Message {
	w.t.Helper()
	var is []message.Message
	for _, m := range w.mails() {
		if m.Kind == kind {
			is = append(is, m)
		}
	}
	if len(is) != 1 {
		w.t.Fatalf("%d mails of kind %s", len(is), kind)
	}
	return is[0]
}

// invite sends one invitation and gives it with its token.
func (w *house) invite(line string) (programme.Invitation, string) {
	w.t.Helper()
	w.mails()
	called, err := w.Invite(w.t.Context(), olga, programme.Call{List: line})
	if err != nil || len(called.Sent) != 1 {
		w.t.Fatalf("invite %s: %+v, %v", line, called, err)
	}
	return called.Sent[0], strings.TrimPrefix(w.mail(message.Invitation).Path, programme.InvitationPath)
}

// member makes somebody a member by an invitation to their address.
func (w *house) member(who audit.Caller, line string) programme.Member {
	w.t.Helper()
	_, token := w.invite(line)
	member, err := w.Accept(w.t.Context(), who, token)
	if err != nil {
		w.t.Fatalf("accept: %v", err)
	}
	return member
}

func (w *house) wantPlace(who audit.Caller, want programme.Place) programme.Standing {
	w.t.Helper()
	s, err := w.Standing(w.t.Context(), who.Home, who.Account)
	if err != nil || s.Place != want {
		w.t.Errorf("%s stands as %q, %v; want %q", who.Account, s.Place, err, want)
	}
	return s
}

func wantFault(t *testing.T, err error, code fault.Code, facts ...string) {
	t.Helper()
	if !fault.Has(err, code) {
		t.Errorf("got %v, want %d", err, code)
		return
	}
	for i := 0; i+1 < len(facts); i += 2 {
		if got := fault.Of(err).Facts[facts[i]]; got != facts[i+1] {
			t.Errorf("fact %s is %q, want %q", facts[i], got, facts[i+1])
		}
	}
}

// verbs lists what was done in a tenant, newest first.
func (w *house) verbs(t id.Tenant) string {
	w.t.Helper()
	events, err := w.db.Events(w.t.Context(), t, 100)
	if err != nil {
		w.t.Fatal(err)
	}
	var list []string
	for _, e := range events {
		list = append(list, e.Verb)
	}
	return " " + strings.Join(list, " ") + " "
}

func TestOnlyTheOwnersStaffOfThisMomentActForTheProgramme(t *testing.T) {
	w := newProgramme(t)
	w.save(account.Account{Tenant: northwind, ID: "off", SignInName: "off@northwind.example", Groups: []string{programme.ProgrammeStaff}, Disabled: true})
	visiting := olga
	visiting.Tenant = contoso
	for name, c := range map[string]struct {
		by   audit.Caller
		want fault.Code
	}{
		"programme staff":           {olga, 0},
		"a global administrator":    {by(northwind, "gary"), 0},
		"another of the owner":      {by(northwind, "nick"), fault.RoleMissing},
		"one switched off":          {by(northwind, "off"), fault.AccountDisabled},
		"one who is gone":           {by(northwind, "gone"), fault.AccountUnknown},
		"a partner's administrator": {frank, fault.RoleMissing},
		"staff in another tenant":   {visiting, fault.RoleMissing},
		"an application alone":      {audit.Caller{Tenant: northwind, Home: northwind, AppOnly: true}, fault.AppOnlyRefused},
	} {
		t.Run(name, func(t *testing.T) {
			ctx := t.Context()
			_, err := w.Staff(ctx, c.by)
			if c.want == 0 {
				if err != nil {
					t.Errorf("refused: %v", err)
				}
				return
			}
			wantFault(t, err, c.want)
			for what, act := range map[string]func() error{
				"configure":   func() error { return w.Configure(ctx, c.by, programme.Programme{}) },
				"invite":      func() error { _, err := w.Invite(ctx, c.by, programme.Call{List: "a@b.example"}); return err },
				"resend":      func() error { return w.Resend(ctx, c.by, "x") },
				"revoke":      func() error { return w.Revoke(ctx, c.by, "x") },
				"invitations": func() error { _, err := w.Invitations(ctx, c.by, programme.Cursor{}, 1); return err },
				"requests":    func() error { _, err := w.Requests(ctx, c.by, 1); return err },
				"admit":       func() error { return w.Admit(ctx, c.by, "x", programme.PlainMember) },
				"refuse":      func() error { return w.Refuse(ctx, c.by, "x", "because") },
				"rosters":     func() error { _, err := w.Rosters(ctx, c.by, 1); return err },
				"approve":     func() error { return w.ApproveRoster(ctx, c.by, contoso) },
				"refuse list": func() error { return w.RefuseRoster(ctx, c.by, contoso) },
				"publish":     func() error { _, err := w.Publish(ctx, c.by, map[string]string{"en": "x"}); return err },
				"acceptances": func() error { _, err := w.Acceptances(ctx, c.by, 1, programme.Acceptance{}, 1); return err },
				"addresses":   func() error { _, err := w.OwnAddresses(ctx, c.by, 1); return err },
				"remove":      func() error { return w.Remove(ctx, c.by, contoso, "anna") },
				"members":     func() error { _, err := w.Members(ctx, c.by, contoso, "", 1); return err },
				"read roster": func() error { _, err := w.Roster(ctx, c.by, contoso); return err },
			} {
				if err := act(); !fault.Has(err, c.want) {
					t.Errorf("%s: %v", what, err)
				}
			}
		})
	}
	w.save(account.Account{Tenant: northwind, ID: "olga", SignInName: "olga@northwind.example"})
	_, err := w.Staff(t.Context(), olga)
	wantFault(t, err, fault.RoleMissing, "role", programme.ProgrammeStaff)
}

func TestTheOwnerConfiguresTheProgrammeAndALateChangeIsRefused(t *testing.T) {
	w := newProgramme(t)
	p, err := w.Programme(t.Context())
	if err != nil || p.InvitationDays != 14 || p.SwapPolicy != programme.SwapByApproval || p.Owner != northwind {
		t.Fatalf("%+v, %v", p, err)
	}
	to := p
	to.Owner, to.Name, to.SwapPolicy = contoso, "Renamed", programme.SwapAtOnce
	if err := w.Configure(t.Context(), olga, to); err != nil {
		t.Fatal(err)
	}
	wantFault(t, w.Configure(t.Context(), olga, to), fault.ChangedMeanwhile)
	if p, err = w.Programme(t.Context()); err != nil || p.Name != "Renamed" || p.Owner != northwind {
		t.Errorf("%+v, %v", p, err)
	}
	for _, change := range []func(*programme.Programme){
		func(p *programme.Programme) { p.Name = "" },
		func(p *programme.Programme) { p.Contact = "a@b.example\r\nBcc: c@d.example" },
		func(p *programme.Programme) { p.SwapPolicy = "sometimes" },
		func(p *programme.Programme) { p.InvitationDays = 91 },
	} {
		bad := p
		change(&bad)
		wantFault(t, w.Configure(t.Context(), olga, bad), fault.InputInvalid)
	}
}
