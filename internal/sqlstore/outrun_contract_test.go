package sqlstore_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/customer"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/programme"
	"github.com/entente-id/entente/internal/sqlstore"
)

// TestOfTwoNodesThatGiveOneNameAtOnceTheSecondIsToldThatItIsTaken runs two
// stores over one database. Each looks whether the name is free, and both find
// it so; the database lets one of them through. The other one must say what a
// later one would have said.
func TestOfTwoNodesThatGiveOneNameAtOnceTheSecondIsToldThatItIsTaken(t *testing.T) {
	const rounds = 25
	eachAddress(t, func(t *testing.T, address string) {
		nodes := [2]*sqlstore.DB{open(t, address, sqlstore.Options{}), open(t, address, sqlstore.Options{})}
		ctx := within(t, 2*time.Minute)
		newTenant(t, nodes[0], contoso, "contoso.example")
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		// compete lets both nodes do a thing at once: one does it, the other
		// hears the fault.
		compete := func(what string, want fault.Code, do func(node int) error) {
			t.Helper()
			var start, all sync.WaitGroup
			start.Add(1)
			var errs [2]error
			for n := range nodes {
				all.Go(func() {
					start.Wait()
					errs[n] = do(n)
				})
			}
			start.Done()
			all.Wait()
			if errs[0] != nil {
				errs[0], errs[1] = errs[1], errs[0]
			}
			if errs[0] != nil || !fault.Has(errs[1], want) {
				t.Errorf("%s: %v and %v, want one that is told %d", what, errs[0], errs[1], want)
			}
		}
		for round := range rounds {
			var people [2]account.Account
			var drafts [2]customer.Relationship
			var invited [2]programme.Invitation
			for n := range nodes {
				key := fmt.Sprintf("%d-%d", round, n)
				people[n] = account.Account{Tenant: contoso, ID: id.Object("p" + key), SignInName: "p" + key + "@contoso.example"}
				must(nodes[0].SaveAccount(ctx, people[n]))
				drafts[n] = customer.Relationship{ID: "r" + key, Partner: contoso, DisplayName: "r" + key, Status: customer.Created}
				must(nodes[0].AddRelationship(ctx, drafts[n], event("made "+key)))
				var err error
				drafts[n], err = nodes[0].Relationship(ctx, contoso, drafts[n].ID)
				must(err)
				i := invitationTo("i"+key, "i"+key+"@contoso.example")
				must(nodes[0].CommitDeed(ctx, contoso, programme.Deed{Invitations: []programme.Invitation{i}}))
				invited[n], err = nodes[0].Invitation(ctx, contoso, i.ID)
				must(err)
			}
			told := func(what string, n int) string { return fmt.Sprintf("%s %d-%d", what, round, n) }
			compete("sign-in names", fault.NameTaken, func(n int) error {
				a := people[n]
				a.SignInName = fmt.Sprintf("one-%d@contoso.example", round)
				return nodes[n].RenameAccount(ctx, a, nil, event(told("rename", n)))
			})
			compete("a partner's drafts", fault.StateConflict, func(n int) error {
				r := drafts[n]
				r.DisplayName = fmt.Sprint("One ", round)
				_, err := nodes[n].SwapRelationship(ctx, r, nil)
				return err
			})
			compete("people of a customer", fault.NameTaken, func(n int) error {
				return nodes[n].AmendMember(ctx, contoso, people[n].ID, func(a *account.Account) error {
					a.SignInName = fmt.Sprintf("other-%d@contoso.example", round)
					return nil
				}, "", event(told("amend", n)))
			})
			compete("invitations", fault.ChangedMeanwhile, func(n int) error {
				i := invited[n]
				i.Address = fmt.Sprintf("invited-%d@contoso.example", round)
				return nodes[n].CommitDeed(ctx, contoso, programme.Deed{Invitations: []programme.Invitation{i}})
			})
		}
	})
}
