package session_test

import (
	"crypto/rand"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/session"
	"github.com/entente-id/entente/internal/sqlstore"
	"github.com/entente-id/entente/internal/tenant"
)

const contoso id.Tenant = "11111111-aaaa-4111-8111-000000000001"

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// room is the keeper over a real store, at an instant that tests move.
type room struct {
	*session.Keeper
	t      *testing.T
	people *account.People
	now    time.Time
}

func newRoom(t *testing.T) *room {
	t.Helper()
	db, err := sqlstore.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "entente.db"), sqlstore.Options{Forgetful: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if err := db.SaveTenant(t.Context(), tenant.Tenant{ID: contoso, Name: "Contoso"}); err != nil {
		t.Fatal(err)
	}
	r := &room{t: t, people: account.NewPeople(db), now: noon}
	r.Keeper = session.NewKeeper(db, r.people, id.Source{Now: func() time.Time { return r.now }, Random: rand.Reader})
	return r
}

// signsIn adds a person to the session of a browser, and gives the browser with
// its new cookie.
func (r *room) signsIn(b session.Browser, who id.Object, sid string) session.Browser {
	r.t.Helper()
	cookie, err := r.Start(r.t.Context(), b, session.Signed{Home: contoso, Account: who, SignInName: string(who), AuthAt: r.now, SID: sid}, audit.SignIn{})
	if err != nil {
		r.t.Fatal(err)
	}
	return session.Browser{Session: cookie}
}

func (r *room) wantPeople(b session.Browser, want ...id.Object) []session.Signed {
	r.t.Helper()
	people, err := r.SignedIn(r.t.Context(), b)
	if err != nil {
		r.t.Fatal(err)
	}
	var got []id.Object
	for _, p := range people {
		got = append(got, p.Account)
	}
	if !slices.Equal(got, want) {
		r.t.Errorf("signed in are %v, want %v", got, want)
	}
	return people
}

func TestASignInGetsACookieOfItsOwnAndTheOldOneIsWorthNothing(t *testing.T) {
	r := newRoom(t)
	first := r.signsIn(session.Browser{}, "anna", "s1")
	second := r.signsIn(first, "bob", "s2")
	r.wantPeople(second, "bob", "anna")
	r.wantPeople(first)
}

func TestACookieWithAnotherSecretIsNoSession(t *testing.T) {
	r := newRoom(t)
	b := r.signsIn(session.Browser{}, "anna", "s1")
	key, secret, _ := strings.Cut(b.Session, ".")
	other, _, _ := strings.Cut(r.signsIn(session.Browser{}, "bob", "s2").Session, ".")
	for _, cookie := range []string{"", key, key + ".", key + "." + secret + "x", other + "." + secret, b.Session + strings.Repeat("x", 200)} {
		r.wantPeople(session.Browser{Session: cookie})
	}
	r.wantPeople(b, "anna")
}

func TestASignInServesADayForEachPersonApart(t *testing.T) {
	r := newRoom(t)
	b := r.signsIn(session.Browser{}, "anna", "s1")
	r.now = noon.Add(time.Hour)
	b = r.signsIn(b, "bob", "s2")
	r.now = noon.Add(24*time.Hour - time.Second)
	r.wantPeople(b, "bob", "anna")
	r.now = noon.Add(24 * time.Hour)
	r.wantPeople(b, "bob")
}

func TestAProofAgainKeepsTheIdsThatAppsKnow(t *testing.T) {
	r := newRoom(t)
	b := r.signsIn(session.Browser{}, "anna", "s1")
	b = r.signsIn(b, "anna", "s2")
	people := r.wantPeople(b, "anna")
	if got := people[0].SIDs(); !slices.Equal(got, []string{"s2", "s1"}) {
		t.Errorf("apps know her by %v", got)
	}
}

func TestASignOutIsForOneOrForAll(t *testing.T) {
	r := newRoom(t)
	b := r.signsIn(r.signsIn(session.Browser{}, "anna", "s1"), "bob", "s2")
	if err := r.SignOut(t.Context(), b, string(contoso)+"/anna"); err != nil {
		t.Fatal(err)
	}
	r.wantPeople(b, "bob")
	if err := r.SignOut(t.Context(), b, ""); err != nil {
		t.Fatal(err)
	}
	r.wantPeople(b)
}

func TestASessionOfSomebodySwitchedOffOrSentOutIsNotAlive(t *testing.T) {
	r := newRoom(t)
	signed := session.Signed{Home: contoso, Account: "anna", AuthAt: noon}
	for name, c := range map[string]struct {
		person account.Account
		want   bool
	}{
		"as it was":       {account.Account{}, true},
		"switched off":    {account.Account{Disabled: true}, false},
		"sent out since":  {account.Account{SessionsFrom: noon.Add(time.Second)}, false},
		"sent out before": {account.Account{SessionsFrom: noon}, true},
	} {
		t.Run(name, func(t *testing.T) {
			c.person.Tenant, c.person.ID, c.person.SignInName = contoso, "anna", "anna@contoso.example"
			if err := r.people.Save(t.Context(), c.person); err != nil {
				t.Fatal(err)
			}
			if alive, err := r.Alive(t.Context(), signed); err != nil || alive != c.want {
				t.Errorf("alive is %v, %v", alive, err)
			}
		})
	}
	signed.Account = "gone"
	if alive, err := r.Alive(t.Context(), signed); err != nil || alive {
		t.Errorf("somebody who is gone: %v, %v", alive, err)
	}
}
