package swap_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/credential"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/message"
	"github.com/entente-id/entente/internal/programme"
	"github.com/entente-id/entente/internal/seal"
	"github.com/entente-id/entente/internal/sqlstore"
	"github.com/entente-id/entente/internal/swap"
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
	swaps   *swap.Mover
	t       *testing.T
	db      *sqlstore.DB
	people  *account.People
	tenants *tenant.Directory
	outbox  *message.Outbox
	now     time.Time
}

func newProgramme(t *testing.T) *house {
	t.Helper()
	db, err := sqlstore.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "entente.db"), sqlstore.Options{Forgetful: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
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
	safe, err := credential.NewSafe(db, source, custody, 1)
	if err != nil {
		t.Fatal(err)
	}
	w.swaps = swap.NewMover(db, w.Membership, w.people, safe, w.outbox, source)
	w.organisation(northwind, "Northwind", "northwind.example")
	w.organisation(contoso, "Contoso", "contoso.example")
	w.organisation(fabrikam, "Fabrikam", "fabrikam.example")
	w.organisation(id.Consumers, "Personal accounts")
	for _, a := range []account.Account{
		{Tenant: northwind, ID: "olga", SignInName: "olga@northwind.example", Groups: []string{programme.ProgrammeStaff}},
		{Tenant: northwind, ID: "nick", SignInName: "nick@northwind.example", Groups: []string{account.AdminAgents}},
		{Tenant: contoso, ID: "ada", SignInName: "ada@contoso.example", Roles: []string{account.UserAdministrator}},
		{Tenant: contoso, ID: "anna", SignInName: "anna@contoso.example", Name: "Anna", Language: "fi"},
		{Tenant: contoso, ID: "anna2", SignInName: "anna.two@contoso.example", Name: "Anna"},
		{Tenant: contoso, ID: "bob", SignInName: "bob@contoso.example", Mail: "robert@contoso.example"},
		{Tenant: fabrikam, ID: "frank", SignInName: "frank@fabrikam.example", Roles: []string{account.GlobalAdministrator}},
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
