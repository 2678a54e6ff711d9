package sqlstore_test

import (
	"errors"
	"testing"
	"time"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/message"
	"github.com/entente-id/entente/internal/sqlstore"
	"github.com/google/go-cmp/cmp"
)

// TestWhatAPersonChangesGoesWithItsLettersAndItsRecordOrNotAtAll: a password, an
// authenticator, and a sign-in name.
func TestWhatAPersonChangesGoesWithItsLettersAndItsRecordOrNotAtAll(t *testing.T) {
	letters := func(key string) []message.Sealed { return []message.Sealed{{ID: key, Body: []byte{1}, At: noon}} }
	refused := errors.New("no")
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		ctx := within(t, time.Minute)
		newTenant(t, db, contoso, "contoso.example")
		person := account.Account{Tenant: contoso, ID: anna.Account, SignInName: "anna@contoso.example"}
		if err := db.AddAccount(ctx, person, event("made")); err != nil {
			t.Fatal(err)
		}
		if err := db.AddAccount(ctx, account.Account{Tenant: contoso, ID: "bob", SignInName: "bob@contoso.example"}, event("another")); err != nil {
			t.Fatal(err)
		}
		change := func(err error) func(*account.Account) error {
			return func(a *account.Account) error {
				a.SessionsFrom, a.MustChangePassword = noon, false
				return err
			}
		}
		for _, c := range []struct {
			key  string
			want func(error) bool
			do   func(told []message.Sealed, e audit.Event) error
		}{
			{"refused", func(err error) bool { return errors.Is(err, refused) }, func(told []message.Sealed, e audit.Event) error {
				return db.ChangePassword(ctx, anna, "hash", change(refused), told, e)
			}},
			{"nobody's", func(err error) bool { return fault.Has(err, fault.AccountUnknown) }, func(told []message.Sealed, e audit.Event) error {
				return db.ChangePassword(ctx, others[0], "hash", change(nil), told, e)
			}},
			{"a taken name", func(err error) bool { return fault.Has(err, fault.NameTaken) }, func(told []message.Sealed, e audit.Event) error {
				taken := person
				taken.SignInName = "Bob@contoso.example"
				return db.RenameAccount(ctx, taken, told, e)
			}},
		} {
			if err := c.do(letters(c.key), event(c.key)); !c.want(err) {
				t.Errorf("%s: %v", c.key, err)
			}
		}
		if list, err := db.TakeMessages(ctx, noon, noon.Add(time.Hour), 10); err != nil || len(list) != 0 {
			t.Errorf("letters of what was not done: %v, %v", list, err)
		}
		if hash, _, err := db.Password(ctx, anna, ""); err != nil || hash != "" {
			t.Errorf("a password that was not changed: %q, %v", hash, err)
		}
		if err := db.ChangePassword(ctx, anna, "hash", change(nil), letters("l1"), event("password")); err != nil {
			t.Fatal(err)
		}
		if err := db.SaveAuthenticator(ctx, anna, []byte{1}, 1, nil, letters("l2"), []audit.Event{event("factor")}); err != nil {
			t.Fatal(err)
		}
		renamed, err := db.Account(ctx, contoso, anna.Account)
		if err != nil || !renamed.SessionsFrom.Equal(noon) {
			t.Fatalf("with another password: %+v, %v", renamed, err)
		}
		renamed.SignInName, renamed.Roles = "annika@contoso.example", []string{account.GlobalAdministrator}
		if err := db.RenameAccount(ctx, renamed, letters("l3"), event("name")); err != nil {
			t.Fatal(err)
		}
		if list, err := db.Reviewers(ctx, contoso, 10); err != nil || len(list) != 1 || list[0].ID != anna.Account {
			t.Errorf("who decides about apps since: %v, %v", list, err)
		}
		var keys []string
		waiting, err := db.TakeMessages(ctx, noon, noon.Add(time.Hour), 10)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range waiting {
			keys = append(keys, m.ID)
		}
		if diff := cmp.Diff([]string{"l1", "l2", "l3"}, keys); diff != "" {
			t.Errorf("letters (-want +got):\n%s", diff)
		}
		if events, err := db.Events(ctx, contoso, 10); err != nil || len(events) != 5 {
			t.Errorf("%d events, %v", len(events), err)
		}
	})
}
