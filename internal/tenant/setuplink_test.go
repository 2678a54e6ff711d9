package tenant_test

import (
	"context"
	"crypto/rand"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/message"
	"github.com/entente-id/entente/internal/seal"
	"github.com/entente-id/entente/internal/sqlstore"
	"github.com/entente-id/entente/internal/sqlstore/storetest"
	"github.com/entente-id/entente/internal/tenant"
	"github.com/google/go-cmp/cmp"
)

const fabrikam id.Tenant = "22222222-bbbb-4222-8222-000000000002"

var anna = audit.Caller{Tenant: contoso, Home: contoso, Account: "anna", SignInName: "anna@contoso.example"}

// office is the door over a real store, at an instant that the test moves.
type office struct {
	*testing.T
	db        *sqlstore.DB
	directory *tenant.Directory
	links     *tenant.SetupLinks
	outbox    *message.Outbox
	now       time.Time
}

func newOffice(t *testing.T) *office {
	t.Helper()
	db := storetest.Open(t)
	o := &office{T: t, db: db, now: noon}
	source := id.Source{Now: func() time.Time { return o.now }, Random: rand.Reader}
	custody, err := seal.NewCustody(make([]byte, 32), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if o.outbox, err = message.NewOutbox(db, source, custody, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	o.directory = tenant.NewDirectory(db, source.Now)
	o.links = tenant.NewSetupLinks(db, o.directory, o.outbox, source)
	for _, org := range []tenant.Tenant{
		{ID: contoso, Name: "Contoso", Domains: []tenant.Domain{{Name: "contoso.example"}}, Created: noon},
		{ID: fabrikam, Name: "Fabrikam", Domains: []tenant.Domain{{Name: "fabrikam.example"}}, Created: noon},
		{ID: id.Consumers, Name: "Personal", Created: noon},
	} {
		if err := o.directory.Save(t.Context(), org); err != nil {
			t.Fatal(err)
		}
	}
	return o
}

func (o *office) make(to string) (string, tenant.SetupLink) {
	o.Helper()
	token, link, err := o.links.Make(o.Context(), anna, tenant.LinkAsk{Tenant: contoso, Purpose: tenant.SetupSignIn, To: to, Language: "fi", MakerName: "Anna Virtanen"})
	if err != nil {
		o.Fatal(err)
	}
	return token, link
}

func (o *office) unusable(what string, err error, reason string) {
	o.Helper()
	if !fault.Has(err, fault.SetupLinkUnusable) || fault.Of(err).Facts["reason"] != reason {
		o.Errorf("%s: %v", what, err)
	}
}

// saved is the organisation's sign-in as everybody sees it.
func (o *office) saved() *tenant.Upstream {
	o.Helper()
	org, err := o.directory.Find(o.Context(), contoso)
	if err != nil {
		o.Fatal(err)
	}
	return org.Upstream
}

func TestASetUpLinkLeadsToOneOrganisationForThirtyDays(t *testing.T) {
	o := newOffice(t)
	token, link := o.make("")
	for range 2 {
		got, err := o.links.Open(t.Context(), token)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(link, got); diff != "" {
			t.Errorf("link (-want +got):\n%s", diff)
		}
	}
	if len(token) != 43 || link.Tenant != contoso || link.By.SignInName != anna.SignInName {
		t.Errorf("token of %d characters, %+v", len(token), link)
	}
	for _, other := range []string{"", "x", token + "x", token[1:], link.ID} {
		_, err := o.links.Open(t.Context(), other)
		o.unusable("token "+other, err, "there is no such link")
	}
	o.now = noon.Add(30*24*time.Hour - time.Second)
	if _, err := o.links.Open(t.Context(), token); err != nil {
		t.Errorf("a second before the end: %v", err)
	}
	o.now = noon.Add(30 * 24 * time.Hour)
	_, err := o.links.Open(t.Context(), token)
	o.unusable("at the end", err, "it is older than 30 days")
	o.unusable("saving at the end", o.links.SaveUpstreamBy(t.Context(), token, good()), "it is older than 30 days")
}

func TestASetUpLinkEndsWhenItIsDone(t *testing.T) {
	o := newOffice(t)
	token, link := o.make("")
	draft := good()
	draft.State, draft.SetBy = tenant.UpstreamDraft, "somebody else"
	if err := o.links.SaveUpstreamBy(t.Context(), token, draft); err != nil {
		t.Fatal(err)
	}
	if u := o.saved(); u == nil || u.State != tenant.UpstreamDraft || u.SetBy != anna.SignInName || !u.SetAt.Equal(noon) {
		t.Errorf("saved %+v", u)
	}
	bad := good()
	bad.Issuer = "no address"
	if err := o.links.SaveUpstreamBy(t.Context(), token, bad); !fault.Has(err, fault.InputInvalid) {
		t.Errorf("bad settings: %v", err)
	}
	if err := o.links.SaveUpstreamBy(t.Context(), token, good()); err != nil {
		t.Fatal(err)
	}
	if u := o.saved(); u.State != tenant.UpstreamActive {
		t.Errorf("saved %+v", u)
	}
	off := good()
	off.State = tenant.UpstreamOff
	o.unusable("afterwards", o.links.SaveUpstreamBy(t.Context(), token, off), "what it was for is done")
	if u := o.saved(); u.State != tenant.UpstreamActive {
		t.Errorf("saved %+v", u)
	}
	events, err := o.db.Events(t.Context(), contoso, 10)
	if err != nil || len(events) != 3 {
		t.Fatalf("%d events, %v", len(events), err)
	}
	// All three happened at one instant, so their order says nothing.
	i := slices.IndexFunc(events, func(e audit.Event) bool { return e.Facts["state"] == "active" })
	if i < 0 {
		t.Fatalf("no event says that it is active: %+v", events)
	}
	facts := events[i].Facts
	if facts["link"] != link.ID {
		t.Errorf("the event does not name the link: %v", facts)
	}
	for _, e := range events {
		for _, text := range append([]string{e.Object}, values(e.Facts)...) {
			if strings.Contains(text, token) {
				t.Errorf("an event tells the token: %+v", e)
			}
		}
	}
}

func values(m map[string]string) []string {
	var list []string
	for _, v := range m {
		list = append(list, v)
	}
	return list
}

func TestASetUpLinkIsRevokedByItsOrganisationOnce(t *testing.T) {
	o := newOffice(t)
	token, link := o.make("")
	o.unusable("by another organisation", o.links.Revoke(t.Context(), anna, fabrikam, link.ID), "it ended already")
	if err := o.links.Revoke(t.Context(), anna, contoso, link.ID); err != nil {
		t.Fatal(err)
	}
	_, err := o.links.Open(t.Context(), token)
	o.unusable("revoked", err, "it was revoked")
	o.unusable("again", o.links.Revoke(t.Context(), anna, contoso, link.ID), "it ended already")
	list, err := o.links.List(t.Context(), contoso)
	if err != nil || len(list) != 1 || list[0].Ended.IsZero() || list[0].Done {
		t.Errorf("%+v, %v", list, err)
	}
	if list, err = o.links.List(t.Context(), fabrikam); err != nil || len(list) != 0 {
		t.Errorf("of another: %v, %v", list, err)
	}
}

func TestASetUpLinkIsMailedInItsReadersLanguage(t *testing.T) {
	o := newOffice(t)
	token, link := o.make("it@contoso.example")
	var got []message.Message
	err := o.outbox.Deliver(t.Context(), func(_ context.Context, m message.Message) error {
		got = append(got, m)
		return nil
	})
	if err != nil || len(got) != 1 {
		t.Fatalf("%v, %v", got, err)
	}
	want := message.Message{
		ID: got[0].ID, Kind: message.SetupLink, Tenant: contoso, To: "it@contoso.example", Language: "fi", At: noon, Expires: link.Expires,
		Facts: map[string]string{"name": "Anna Virtanen", "org": "Contoso"}, Path: "/organisation/setup/" + token,
	}
	if diff := cmp.Diff(want, got[0]); diff != "" {
		t.Errorf("mail (-want +got):\n%s", diff)
	}
}

func TestASetUpLinkIsMadeForAPurposeThatExists(t *testing.T) {
	o := newOffice(t)
	for name, ask := range map[string]tenant.LinkAsk{
		"no purpose":         {Tenant: contoso},
		"another":            {Tenant: contoso, Purpose: "everything"},
		"personal accounts":  {Tenant: id.Consumers, Purpose: tenant.SetupSignIn},
		"an endless address": {Tenant: contoso, Purpose: tenant.SetupSignIn, To: strings.Repeat("x", 400)},
	} {
		if _, _, err := o.links.Make(t.Context(), anna, ask); !fault.Has(err, fault.InputInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, _, err := o.links.Make(t.Context(), anna, tenant.LinkAsk{Tenant: "99999999-ffff-4999-8999-000000000009", Purpose: tenant.SetupSignIn}); !fault.Has(err, fault.TenantUnknown) {
		t.Errorf("nobody: %v", err)
	}
}

func TestASignInOfAnotherOrganisationLeavesItsTraceInBoth(t *testing.T) {
	o := newOffice(t)
	owner := audit.Caller{Tenant: fabrikam, Account: "olli", SignInName: "olli@fabrikam.example"}
	u := good()
	if err := o.links.SaveUpstream(t.Context(), owner, contoso, &u); err != nil {
		t.Fatal(err)
	}
	for _, side := range []id.Tenant{contoso, fabrikam} {
		events, err := o.db.Events(t.Context(), side, 10)
		if err != nil || len(events) != 1 || events[0].Verb != "tenant.sign-in" || events[0].Facts["issuer"] != u.Issuer {
			t.Errorf("%s: %+v, %v", side, events, err)
		}
	}
	o.now = noon.Add(time.Minute)
	if err := o.links.UpstreamTested(t.Context(), contoso, *o.saved()); err != nil {
		t.Fatal(err)
	}
	if u := o.saved(); !u.TestedAt.Equal(o.now) || u.SetBy != "olli@fabrikam.example" {
		t.Errorf("after a test: %+v", u)
	}
	if err := o.links.SaveUpstream(t.Context(), owner, contoso, nil); err != nil || o.saved() != nil {
		t.Errorf("removed: %+v, %v", o.saved(), err)
	}
}
