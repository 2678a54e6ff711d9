package sqlstore_test

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/consent"
	"github.com/entente-id/entente/internal/credential"
	"github.com/entente-id/entente/internal/customer"
	"github.com/entente-id/entente/internal/delegated"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/once"
	"github.com/entente-id/entente/internal/partner"
	"github.com/entente-id/entente/internal/sqlstore"
	"github.com/entente-id/entente/internal/tenant"
	"github.com/google/go-cmp/cmp"
)

func done(n int) audit.Event {
	return audit.Event{ID: fmt.Sprintf("eeeeeeee-0000-4000-8000-%012d", n), At: noon.Add(time.Duration(n) * time.Second), Tenant: contoso, Target: adatum, Verb: "test"}
}

func founding(domain string, at id.Tenant) customer.Founding {
	return customer.Founding{
		Tenant:       tenant.Tenant{ID: at, Name: "New", Created: noon, Domains: []tenant.Domain{{Name: domain, Initial: true}}},
		Admin:        account.Account{Tenant: at, ID: "admin", SignInName: "admin@" + domain, Roles: []string{account.GlobalAdministrator}},
		Hash:         "hash",
		Customer:     customer.Customer{Partner: contoso, Tenant: at, CompanyName: "New", Domain: domain, Relationship: customer.Reseller, AssociatedPartner: fabrikam, Founded: true},
		Relationship: &customer.Relationship{ID: "first-" + string(at), Partner: contoso, Customer: at, DisplayName: "First", Status: customer.Active, Ends: noon},
	}
}

func TestACustomerIsFoundedWholeOrNotAtAll(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		ctx := t.Context()
		newTenant(t, db, contoso, "contoso.example")
		if err := db.FoundCustomer(ctx, founding("new.example", adatum), done(1)); err != nil {
			t.Fatal(err)
		}
		if _, err := db.TenantOfDomain(ctx, "new.example"); err != nil {
			t.Error(err)
		}
		reviewers, err := db.Reviewers(ctx, adatum, 10)
		if err != nil || len(reviewers) != 1 {
			t.Errorf("the admin decides about no apps: %v, %v", reviewers, err)
		}
		if list, err := db.Relationships(ctx, contoso, adatum); err != nil || len(list) != 1 {
			t.Errorf("relationships %v, %v", list, err)
		}
		if err := db.FoundCustomer(ctx, founding("new.example", nobody), done(2)); !fault.Has(err, fault.DomainTaken) {
			t.Errorf("under a domain that is taken: %v", err)
		}
		if _, err := db.Tenant(ctx, nobody); !fault.Has(err, fault.TenantUnknown) {
			t.Errorf("half of it is there: %v", err)
		}
		found, err := db.Customers(ctx, contoso, customer.Query{Limit: 9, Filter: customer.Filter{Field: customer.IndirectReseller, Operator: customer.Equals, Value: string(fabrikam)}})
		if err != nil || len(found) != 1 {
			t.Errorf("of the reseller: %v, %v", found, err)
		}
	})
}

func TestACustomerGoesWithItsOrganisationOnlyWhereThePartnerFoundedItAlone(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		ctx := t.Context()
		newTenant(t, db, contoso, "contoso.example")
		newTenant(t, db, fabrikam, "fabrikam.example")
		if err := db.FoundCustomer(ctx, founding("new.example", adatum), done(1)); err != nil {
			t.Fatal(err)
		}
		if err := db.SaveCustomer(ctx, customer.Customer{Partner: fabrikam, Tenant: adatum, CompanyName: "Theirs"}); err != nil {
			t.Fatal(err)
		}
		if err := db.DeleteCustomer(ctx, contoso, adatum, done(2)); err != nil {
			t.Fatal(err)
		}
		if _, err := db.Tenant(ctx, adatum); err != nil {
			t.Errorf("another partner's customer is gone: %v", err)
		}
		if err := db.DeleteCustomer(ctx, contoso, adatum, done(3)); !fault.Has(err, fault.CustomerUnknown) {
			t.Errorf("twice: %v", err)
		}
		if err := db.FoundCustomer(ctx, founding("second.example", nobody), done(4)); err != nil {
			t.Fatal(err)
		}
		if err := db.DeleteCustomer(ctx, contoso, nobody, done(5)); err != nil {
			t.Fatal(err)
		}
		if _, err := db.Tenant(ctx, nobody); !fault.Has(err, fault.TenantUnknown) {
			t.Errorf("the organisation is left: %v", err)
		}
		if list, err := db.Relationships(ctx, contoso, nobody); err != nil || len(list) != 0 {
			t.Errorf("relationships are left: %v, %v", list, err)
		}
	})
}

func TestACustomerChangesAsItStandsAndNotWhereTheChangeRefuses(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		ctx := t.Context()
		newTenant(t, db, contoso, "contoso.example")
		if err := db.SaveCustomer(ctx, customer.Customer{Partner: contoso, Tenant: adatum, CompanyName: "A"}); err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		for i := range 8 {
			all.Go(func() {
				if err := db.ChangeCustomer(ctx, contoso, adatum, func(c *customer.Customer) error {
					c.CustomDomains = append(c.CustomDomains, "x")
					return nil
				}, done(i)); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		refused := errors.New("no")
		if err := db.ChangeCustomer(ctx, contoso, adatum, func(c *customer.Customer) error { c.CompanyName = "B"; return refused }, done(9)); !errors.Is(err, refused) {
			t.Errorf("got %v", err)
		}
		c, err := db.Customer(ctx, contoso, adatum)
		if err != nil || len(c.CustomDomains) != 8 || c.CompanyName != "A" {
			t.Errorf("changed to %+v, %v", c, err)
		}
		if err := db.ChangeCustomer(ctx, fabrikam, adatum, func(*customer.Customer) error { return nil }, done(10)); !fault.Has(err, fault.CustomerUnknown) {
			t.Errorf("by another partner: %v", err)
		}
	})
}

func TestTheStandingInvitationIsOneForEachPartner(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		ctx := t.Context()
		newTenant(t, db, contoso, "contoso.example")
		first, err := db.StandingInvitation(ctx, customer.Invitation{ID: "one", Partner: contoso, Created: noon})
		if err != nil {
			t.Fatal(err)
		}
		again, err := db.StandingInvitation(ctx, customer.Invitation{ID: "two", Partner: contoso, Created: noon.Add(time.Hour)})
		if err != nil || again != first {
			t.Errorf("%+v and %+v, %v", first, again, err)
		}
		if got, err := db.FindStandingInvitation(ctx, "one"); err != nil || got != first {
			t.Errorf("found %+v, %v", got, err)
		}
		if _, err := db.FindStandingInvitation(ctx, "two"); !fault.Has(err, fault.InvitationUnusable) {
			t.Errorf("none: %v", err)
		}
	})
}

func TestAPersonIsAmendedPutAsideAndBroughtBack(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		ctx := t.Context()
		newTenant(t, db, adatum, "adatum.example")
		one := account.Account{Tenant: adatum, ID: "1", SignInName: "one@adatum.example"}
		if err := db.AddMember(ctx, one, "hash", done(1)); err != nil {
			t.Fatal(err)
		}
		if err := db.AddMember(ctx, account.Account{Tenant: adatum, ID: "2", SignInName: "ONE@adatum.example"}, "", done(2)); !fault.Has(err, fault.NameTaken) {
			t.Errorf("a second one: %v", err)
		}
		if err := db.AddMember(ctx, account.Account{Tenant: adatum, ID: "2", SignInName: "two@adatum.example"}, "", done(3)); err != nil {
			t.Fatal(err)
		}
		rename := func(to string) error {
			return db.AmendMember(ctx, adatum, "2", func(a *account.Account) error { a.SignInName = to; return nil }, "", done(len(to)+100))
		}
		if err := rename("One@adatum.example"); !fault.Has(err, fault.NameTaken) {
			t.Errorf("renamed to one who is there: %v", err)
		}
		refused := errors.New("no")
		if err := db.DropMember(ctx, adatum, "1", func(account.Account) error { return refused }, delegated.Dropped{At: noon}, done(5)); !errors.Is(err, refused) {
			t.Errorf("got %v", err)
		}
		keep := func(account.Account) error { return nil }
		if err := db.DropMember(ctx, adatum, "1", keep, delegated.Dropped{At: noon}, done(6)); err != nil {
			t.Fatal(err)
		}
		if err := db.DropMember(ctx, adatum, "1", keep, delegated.Dropped{At: noon}, done(7)); !fault.Has(err, fault.AccountUnknown) {
			t.Errorf("twice: %v", err)
		}
		dropped, err := db.DroppedMembers(ctx, adatum, "", 10)
		if err != nil || len(dropped) != 1 || !dropped[0].At.Equal(noon) || dropped[0].Account.SignInName != one.SignInName {
			t.Errorf("aside: %+v, %v", dropped, err)
		}
		if err := rename("one@adatum.example"); err != nil {
			t.Fatal(err)
		}
		back := func(*account.Account) error { return nil }
		if err := db.RestoreMember(ctx, adatum, "1", back, done(8)); !fault.Has(err, fault.NameTaken) {
			t.Errorf("back under a name that is taken: %v", err)
		}
		if err := rename("two@adatum.example.net"); err != nil {
			t.Fatal(err)
		}
		if err := db.RestoreMember(ctx, adatum, "1", back, done(9)); err != nil {
			t.Fatal(err)
		}
		if got, err := db.Account(ctx, adatum, "1"); err != nil || cmp.Diff(one, got) != "" {
			t.Errorf("back as %+v, %v", got, err)
		}
		if err := db.RestoreMember(ctx, adatum, "1", back, done(10)); !fault.Has(err, fault.AccountUnknown) {
			t.Errorf("twice: %v", err)
		}
	})
}

func TestAClientIsAllowedAnewOnceAndRemovedWhole(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		ctx := t.Context()
		newTenant(t, db, adatum, "adatum.example")
		grants := []consent.Grant{{Tenant: adatum, Client: "app", Resource: "api", Scopes: []string{"Read"}, Given: noon}}
		principals := []application.Principal{{Tenant: adatum, ID: "p", App: "app", Created: noon}}
		var won, lost atomic.Int64
		var all sync.WaitGroup
		for i := range 8 {
			all.Go(func() {
				switch err := db.AddNewGrants(ctx, grants, principals, done(i)); {
				case err == nil:
					won.Add(1)
				case fault.Has(err, fault.GrantExists):
					lost.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		all.Wait()
		if won.Load() != 1 || lost.Load() != 7 {
			t.Errorf("%d won and %d lost", won.Load(), lost.Load())
		}
		for range 2 {
			if err := db.RemoveClient(ctx, adatum, "app", done(20)); err != nil {
				t.Fatal(err)
			}
		}
		if list, err := db.Grants(ctx, adatum, "app", ""); err != nil || len(list) != 0 {
			t.Errorf("left: %v, %v", list, err)
		}
		if _, err := db.Principal(ctx, adatum, "app"); !fault.Has(err, fault.AppNotInTenant) {
			t.Errorf("the principal is left: %v", err)
		}
	})
}

func TestAPaperIsFiledReplacedByItsETagAndListed(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		ctx := t.Context()
		newTenant(t, db, contoso, "contoso.example")
		paper := func(name, etag string, about id.Tenant, n int) partner.Paper {
			return partner.Paper{Partner: contoso, Kind: partner.KindService, ID: name, Customer: about, ETag: etag, At: noon.Add(time.Duration(n) * time.Minute)}
		}
		for i, p := range []partner.Paper{paper("a", "1", "", 0), paper("b", "1", adatum, 1)} {
			if err := db.FilePaper(ctx, p, "", partner.Support{Email: p.ID}, done(i)); err != nil {
				t.Fatal(err)
			}
		}
		if err := db.FilePaper(ctx, paper("a", "2", "", 0), "9", partner.Support{Email: "no"}, done(3)); !fault.Has(err, fault.ChangedMeanwhile) {
			t.Errorf("over another ETag: %v", err)
		}
		if err := db.FilePaper(ctx, paper("a", "2", "", 0), "1", partner.Support{Email: "a2"}, done(4)); err != nil {
			t.Fatal(err)
		}
		var s partner.Support
		if at, err := db.ReadPaper(ctx, contoso, partner.KindService, "a", &s); err != nil || s.Email != "a2" || at.ETag != "2" {
			t.Errorf("read %+v, %+v, %v", s, at, err)
		}
		if _, err := db.ReadPaper(ctx, fabrikam, partner.KindService, "a", &s); !fault.Has(err, fault.ObjectUnknown) {
			t.Errorf("another partner's: %v", err)
		}
		for about, want := range map[id.Tenant][]string{"": {"b", "a2"}, adatum: {"b"}, fabrikam: nil} {
			var got []string
			err := db.ListPapers(ctx, contoso, partner.KindService, about, 10, func(read func(any) error) error {
				var s partner.Support
				err := read(&s)
				got = append(got, s.Email)
				return err
			})
			if diff := cmp.Diff(want, got); err != nil || diff != "" {
				t.Errorf("about %q: %v (-want +got):\n%s", about, err, diff)
			}
		}
	})
}

func TestRecordsAreReadBackwardsFromAMark(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		ctx := t.Context()
		newTenant(t, db, contoso, "contoso.example")
		for i := range 5 {
			if err := db.FilePaper(ctx, partner.Paper{Partner: contoso, Kind: partner.KindMPN, ID: fmt.Sprint(i)}, "", 0, done(i)); err != nil {
				t.Fatal(err)
			}
		}
		q := partner.RecordQuery{From: noon, To: noon.Add(3 * time.Second), Limit: 2}
		var seen []string
		for {
			page, err := db.Records(ctx, contoso, q)
			if err != nil {
				t.Fatal(err)
			}
			if len(page) == 0 {
				break
			}
			for _, e := range page {
				seen = append(seen, e.ID[len(e.ID)-1:])
				q.Before = partner.Mark{At: e.At, ID: e.ID}
			}
		}
		if diff := cmp.Diff([]string{"3", "2", "1", "0"}, seen); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if page, err := db.Records(ctx, contoso, partner.RecordQuery{From: noon, To: noon.Add(time.Hour), Customer: fabrikam, Limit: 9}); err != nil || len(page) != 0 {
			t.Errorf("about another customer: %v, %v", page, err)
		}
		if page, err := db.Records(ctx, adatum, partner.RecordQuery{From: noon, To: noon.Add(time.Hour), Limit: 9}); err != nil || len(page) != 0 {
			t.Errorf("for whom it was done to: %v, %v", page, err)
		}
	})
}

func TestADeedIsClaimedByOneUntilItEnds(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		ctx := t.Context()
		claim := func(digest string) once.Claim {
			return once.Claim{Tenant: contoso, Key: "k", Digest: digest, Until: noon.Add(time.Minute)}
		}
		var won atomic.Int64
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				if _, ok, err := db.ClaimDeed(ctx, claim("d"), noon); err != nil {
					t.Error(err)
				} else if ok {
					won.Add(1)
				}
			})
		}
		all.Wait()
		if won.Load() != 1 {
			t.Errorf("%d claims", won.Load())
		}
		finished := claim("d")
		finished.Sealed = []byte("answer")
		if err := db.FinishDeed(ctx, finished); err != nil {
			t.Fatal(err)
		}
		held, ok, err := db.ClaimDeed(ctx, claim("e"), noon)
		if err != nil || ok || held.Digest != "d" || string(held.Sealed) != "answer" {
			t.Errorf("held by %+v, %v, %v", held, ok, err)
		}
		if err := db.ReleaseDeed(ctx, contoso, "k"); err != nil {
			t.Fatal(err)
		}
		if _, ok, _ := db.ClaimDeed(ctx, claim("e"), noon); ok {
			t.Error("a deed with an answer was released")
		}
		if _, ok, err := db.ClaimDeed(ctx, claim("e"), noon.Add(time.Minute)); err != nil || !ok {
			t.Errorf("after its end: %v, %v", ok, err)
		}
		if err := db.ReleaseDeed(ctx, contoso, "k"); err != nil {
			t.Fatal(err)
		}
		if _, ok, _ := db.ClaimDeed(ctx, claim("f"), noon); !ok {
			t.Error("a released deed is held")
		}
	})
}

func TestCallsAreKeptAndListedForTheirPartnerAlone(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		ctx := t.Context()
		for i := range 3 {
			if err := db.KeepRequest(ctx, partner.Request{ID: fmt.Sprint(i), Partner: contoso, At: noon.Add(time.Duration(i) * time.Hour)}); err != nil {
				t.Fatal(err)
			}
		}
		if err := db.KeepRequest(ctx, partner.Request{ID: "0", Partner: fabrikam, At: noon, Operation: "taken over"}); err != nil {
			t.Fatal(err)
		}
		list, err := db.RequestsOf(ctx, contoso, noon.Add(time.Hour), 10)
		if err != nil || len(list) != 2 || list[0].ID != "2" {
			t.Errorf("listed %+v, %v", list, err)
		}
		if list, err := db.RequestsOf(ctx, contoso, noon, 10); err != nil || len(list) != 3 || list[2].Operation != "" {
			t.Errorf("listed %+v, %v", list, err)
		}
	})
}

func TestWhoeverWasPutAsideForAMonthIsForgottenWithTheirPassword(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		ctx := t.Context()
		newTenant(t, db, adatum, "adatum.example")
		keep := func(account.Account) error { return nil }
		for i, person := range []id.Object{"old", "new", "there"} {
			if err := db.AddMember(ctx, account.Account{Tenant: adatum, ID: person, SignInName: string(person) + "@adatum.example"}, "hash", done(i)); err != nil {
				t.Fatal(err)
			}
		}
		for person, at := range map[id.Object]time.Time{"old": noon.Add(-delegated.KeptFor - time.Second), "new": noon.Add(-delegated.KeptFor + time.Second)} {
			if err := db.DropMember(ctx, adatum, person, keep, delegated.Dropped{At: at}, done(10+len(person)+at.Second())); err != nil {
				t.Fatal(err)
			}
		}
		if err := db.Prune(ctx, noon); err != nil {
			t.Fatal(err)
		}
		for person, want := range map[id.Object]string{"old": "", "new": "hash", "there": "hash"} {
			hash, _, err := db.Password(ctx, credential.Owner{Tenant: adatum, Account: person}, "none")
			if err != nil || hash != want {
				t.Errorf("%s: %q, %v", person, hash, err)
			}
		}
		if list, err := db.DroppedMembers(ctx, adatum, "", 10); err != nil || len(list) != 1 || list[0].Account.ID != "new" {
			t.Errorf("left: %+v, %v", list, err)
		}
	})
}
