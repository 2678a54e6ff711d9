package sqlstore_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/message"
	"github.com/entente-id/entente/internal/programme"
	"github.com/entente-id/entente/internal/sqlstore"
	"github.com/google/go-cmp/cmp"
)

// The owner of the programme is contoso; fabrikam is a partner.

func commit(t *testing.T, db *sqlstore.DB, d programme.Deed) {
	t.Helper()
	if err := db.CommitDeed(t.Context(), contoso, d); err != nil {
		t.Fatalf("commit: %v", err)
	}
}

func invitationTo(key, address string) programme.Invitation {
	return programme.Invitation{
		ID: key, Address: address, Name: "Name", Tenant: fabrikam, OrganisationName: "Fabrikam", Role: programme.ContactRole, Language: "fi", Note: "Hi",
		By: "olga", Sent: noon, Expires: noon.AddDate(0, 0, 14), State: programme.InvitationSent, TokenHash: "hash of " + key,
	}
}

func memberOf(t id.Tenant, who, address string) programme.Member {
	return programme.Member{
		Tenant: t, Account: id.Object(who), Role: programme.PlainMember, InvitedAs: address, Language: "fi", Since: noon,
		State: programme.Active, Origin: programme.ByInvitation, By: "olga",
	}
}

func requestOf(key, who string, at time.Time) programme.AccessRequest {
	return programme.AccessRequest{ID: key, Tenant: fabrikam, Account: id.Object(who), Address: "a@b.example", Reason: "because", At: at, State: programme.RequestOpen}
}

// same compares what one lookup gives with what was kept, as version 1.
func same[T any](t *testing.T, what string, want T, look func() (T, error)) {
	t.Helper()
	got, err := look()
	if err != nil {
		t.Errorf("%s: %v", what, err)
	} else if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func TestWhatTheProgrammeKeepsComesBackToItsOwnerAlone(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		ctx := t.Context()
		p := programme.Programme{Owner: contoso, Name: "P", Contact: "p@contoso.example", SwapPolicy: programme.SwapAtOnce, InvitationDays: 3}
		i, m, r := invitationTo("i", "Anna@B.example"), memberOf(fabrikam, "anna", "Anna@B.example"), requestOf("r", "anna", noon)
		roster := programme.Roster{Tenant: fabrikam, State: programme.RosterWaiting, Entries: []programme.Entry{{Address: "a@b.example"}}, At: noon, Sent: noon}
		box := programme.Mailbox{Key: "a@b.example", Sent: []time.Time{noon}}
		terms := programme.Terms{Version: 1, Texts: map[string]string{"en": "x"}, Hashes: map[string]string{"en": "y"}, From: noon}
		accepted := programme.Acceptance{Version: 1, Tenant: fabrikam, Account: "anna", Language: "en", Hash: "y", At: noon}
		commit(t, db, programme.Deed{
			Programmes: []programme.Programme{p}, Invitations: []programme.Invitation{i}, Members: []programme.Member{m}, Requests: []programme.AccessRequest{r},
			Rosters: []programme.Roster{roster}, Mailboxes: []programme.Mailbox{box}, Terms: []programme.Terms{terms},
			Acceptances: []programme.Acceptance{accepted},
			Events:      []audit.Event{{ID: "e", At: noon, Tenant: contoso, Target: fabrikam, Verb: "v"}},
			Messages:    []message.Sealed{{ID: "m", Body: []byte("sealed"), At: noon}},
		})
		p.Version, i.Version, m.Version, r.Version, roster.Version, box.Version = 1, 1, 1, 1, 1, 1
		same(t, "programme", p, func() (programme.Programme, error) { return db.Programme(ctx) })
		if events, err := db.Events(ctx, fabrikam, 9); err != nil || len(events) != 1 {
			t.Errorf("events %+v, %v", events, err)
		}
		if waiting, err := db.TakeMessages(ctx, noon, noon.Add(time.Minute), 9); err != nil || len(waiting) != 1 {
			t.Errorf("messages %+v, %v", waiting, err)
		}
		// Each lookup finds it for the owner, and nothing for anybody else.
		for _, owner := range []id.Tenant{contoso, fabrikam} {
			one(t, owner, "invitation", i, func() (programme.Invitation, error) { return db.Invitation(ctx, owner, "i") })
			one(t, owner, "of token", i, func() (programme.Invitation, error) { return db.InvitationOf(ctx, owner, i.TokenHash) })
			one(t, owner, "open", i, func() (programme.Invitation, error) { return db.OpenInvitation(ctx, owner, "anna@b.example") })
			one(t, owner, "member", m, func() (programme.Member, error) { return db.Member(ctx, owner, fabrikam, "anna") })
			one(t, owner, "request", r, func() (programme.AccessRequest, error) { return db.AccessRequest(ctx, owner, "r") })
			one(t, owner, "open request", r, func() (programme.AccessRequest, error) { return db.OpenAccessRequest(ctx, owner, fabrikam, "anna") })
			one(t, owner, "roster", roster, func() (programme.Roster, error) { return db.Roster(ctx, owner, fabrikam) })
			one(t, owner, "mailbox", box, func() (programme.Mailbox, error) { return db.Mailbox(ctx, owner, "a@b.example") })
			one(t, owner, "terms", terms, func() (programme.Terms, error) { return db.Terms(ctx, owner, 1) })
			one(t, owner, "current terms", terms, func() (programme.Terms, error) { return db.CurrentTerms(ctx, owner) })
			one(t, owner, "acceptance", accepted, func() (programme.Acceptance, error) { return db.LastAcceptance(ctx, owner, fabrikam, "anna") })
			many(t, owner, "invitations", i, func() ([]programme.Invitation, error) { return db.Invitations(ctx, owner, programme.Cursor{}, 9) })
			many(t, owner, "invitations in", i, func() ([]programme.Invitation, error) { return db.InvitationsIn(ctx, owner, "b.example", 9) })
			many(t, owner, "due invitations", i, func() ([]programme.Invitation, error) { return db.DueInvitations(ctx, owner, i.Expires, 9) })
			many(t, owner, "members", m, func() ([]programme.Member, error) { return db.Members(ctx, owner, fabrikam, "", 9) })
			many(t, owner, "members at", m, func() ([]programme.Member, error) { return db.MembersAt(ctx, owner, "anna@b.example") })
			many(t, owner, "members in", m, func() ([]programme.Member, error) { return db.MembersIn(ctx, owner, "b.example", 9) })
			many(t, owner, "requests", r, func() ([]programme.AccessRequest, error) {
				return db.AccessRequests(ctx, owner, programme.RequestOpen, 9)
			})
			many(t, owner, "rosters", roster, func() ([]programme.Roster, error) { return db.Rosters(ctx, owner, 9) })
			many(t, owner, "acceptances", accepted, func() ([]programme.Acceptance, error) {
				return db.Acceptances(ctx, owner, 1, programme.Acceptance{}, 9)
			})
		}
	})
}

func one[T any](t *testing.T, owner id.Tenant, what string, want T, look func() (T, error)) {
	t.Helper()
	if owner == contoso {
		same(t, what, want, look)
	} else if got, err := look(); !fault.Has(err, fault.ObjectUnknown) {
		t.Errorf("%s of another owner: %+v, %v", what, got, err)
	}
}

func many[T any](t *testing.T, owner id.Tenant, what string, want T, look func() ([]T, error)) {
	t.Helper()
	if owner == contoso {
		same(t, what, []T{want}, look)
	} else if got, err := look(); err != nil || len(got) != 0 {
		t.Errorf("%s of another owner: %+v, %v", what, got, err)
	}
}

func TestADeedThatComesLateLeavesNothing(t *testing.T) {
	m, i, r := memberOf(fabrikam, "anna", "a@b.example"), invitationTo("i", "a@b.example"), requestOf("r", "anna", noon)
	roster := programme.Roster{Tenant: fabrikam, State: programme.RosterWaiting, At: noon}
	first := programme.Deed{
		Programmes: []programme.Programme{{Owner: contoso}}, Members: []programme.Member{m}, Invitations: []programme.Invitation{i}, Requests: []programme.AccessRequest{r},
		Rosters: []programme.Roster{roster}, Mailboxes: []programme.Mailbox{{Key: "k"}}, Terms: []programme.Terms{{Version: 1}},
	}
	stale := func(v int64) programme.Roster { s := roster; s.Version = v; return s }
	again := m
	again.Version = 2
	otherOpen, otherToken, otherRequest := invitationTo("j", "A@B.example"), invitationTo("k", "c@b.example"), requestOf("q", "anna", noon)
	otherToken.TokenHash = i.TokenHash
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		commit(t, db, first)
		for name, d := range map[string]programme.Deed{
			"a second programme":             {Programmes: []programme.Programme{{Owner: fabrikam}}},
			"a member who is there":          {Members: []programme.Member{m}},
			"a member of another version":    {Members: []programme.Member{again}},
			"a second open invitation":       {Invitations: []programme.Invitation{otherOpen}},
			"a second use of a token":        {Invitations: []programme.Invitation{otherToken}},
			"a second open request":          {Requests: []programme.AccessRequest{otherRequest}},
			"a roster that is there":         {Rosters: []programme.Roster{roster}},
			"a roster of another version":    {Rosters: []programme.Roster{stale(2)}},
			"a touch of an old roster":       {Touched: []programme.Roster{stale(2)}},
			"a mailbox that is there":        {Mailboxes: []programme.Mailbox{{Key: "k"}}},
			"terms of a version that exists": {Terms: []programme.Terms{{Version: 1}}},
		} {
			t.Run(name, func(t *testing.T) {
				if d.Members == nil {
					d.Members = []programme.Member{memberOf(fabrikam, "late", "late@b.example")}
				}
				d.Events = []audit.Event{{ID: "late", At: noon, Tenant: contoso}}
				d.Messages = []message.Sealed{{ID: "late", At: noon}}
				if err := db.CommitDeed(t.Context(), contoso, d); !fault.Has(err, fault.ChangedMeanwhile) {
					t.Errorf("commit: %v", err)
				}
				if got, err := db.Member(t.Context(), contoso, fabrikam, "late"); !fault.Has(err, fault.ObjectUnknown) {
					t.Errorf("half of it stays: %+v, %v", got, err)
				}
				if events, err := db.Events(t.Context(), contoso, 9); err != nil || len(events) != 0 {
					t.Errorf("events %+v, %v", events, err)
				}
				if waiting, err := db.TakeMessages(t.Context(), noon, noon, 9); err != nil || len(waiting) != 0 {
					t.Errorf("messages %+v, %v", waiting, err)
				}
			})
		}
	})
}

func TestADocumentIsReplacedAtItsVersionAlone(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		ctx := t.Context()
		i, m, r := invitationTo("i", "a@b.example"), memberOf(fabrikam, "anna", "a@b.example"), requestOf("r", "anna", noon)
		roster, box := programme.Roster{Tenant: fabrikam, State: programme.RosterWaiting, At: noon}, programme.Mailbox{Key: "k"}
		all := func() programme.Deed {
			return programme.Deed{
				Invitations: []programme.Invitation{i}, Members: []programme.Member{m}, Requests: []programme.AccessRequest{r},
				Rosters: []programme.Roster{roster}, Mailboxes: []programme.Mailbox{box},
			}
		}
		commit(t, db, all())
		i.State, i.Version, m.InvitedAs, m.State, m.Version = programme.InvitationRevoked, 1, "n@c.example", programme.Removed, 1
		r.State, r.Version = programme.RequestRefused, 1
		roster.State, roster.Version, box.Sent, box.Version = programme.RosterApproved, 1, []time.Time{noon}, 1
		commit(t, db, all())
		if err := db.CommitDeed(ctx, contoso, all()); !fault.Has(err, fault.ChangedMeanwhile) {
			t.Errorf("at the old version: %v", err)
		}
		i.Version, m.Version, r.Version, roster.Version, box.Version = 2, 2, 2, 2, 2
		same(t, "invitation", i, func() (programme.Invitation, error) { return db.Invitation(ctx, contoso, "i") })
		same(t, "request", r, func() (programme.AccessRequest, error) { return db.AccessRequest(ctx, contoso, "r") })
		same(t, "mailbox", box, func() (programme.Mailbox, error) { return db.Mailbox(ctx, contoso, "k") })
		same(t, "member by the new address", []programme.Member{m}, func() ([]programme.Member, error) { return db.MembersAt(ctx, contoso, "n@c.example") })
		if _, err := db.OpenInvitation(ctx, contoso, "a@b.example"); !fault.Has(err, fault.ObjectUnknown) {
			t.Errorf("a revoked invitation is open: %v", err)
		}
		if _, err := db.OpenAccessRequest(ctx, contoso, fabrikam, "anna"); !fault.Has(err, fault.ObjectUnknown) {
			t.Errorf("a refused request is open: %v", err)
		}
		commit(t, db, programme.Deed{Touched: []programme.Roster{roster}})
		roster.Version = 3
		same(t, "roster", roster, func() (programme.Roster, error) { return db.Roster(ctx, contoso, fabrikam) })
		// What has ended makes room for the next.
		commit(t, db, programme.Deed{Invitations: []programme.Invitation{invitationTo("j", "a@b.example")}, Requests: []programme.AccessRequest{requestOf("q", "anna", noon)}})
		i.State = programme.InvitationSent
		if err := db.CommitDeed(ctx, contoso, programme.Deed{Invitations: []programme.Invitation{i}}); !fault.Has(err, fault.ChangedMeanwhile) {
			t.Errorf("opened again beside the next: %v", err)
		}
	})
}

func TestListsComeInTheirOrderAndPages(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		ctx := t.Context()
		var d programme.Deed
		for n := range 5 {
			at := noon.Add(time.Duration(n/2) * time.Hour)
			i := invitationTo(fmt.Sprint("i", n), fmt.Sprintf("p%d@b.example", n))
			i.Sent, i.Expires = at, at.Add(time.Hour)
			d.Invitations = append(d.Invitations, i)
			d.Requests = append(d.Requests, requestOf(fmt.Sprint("r", n), fmt.Sprint("p", n), at))
			d.Members = append(d.Members, memberOf(fabrikam, fmt.Sprint("p", n), "p@b.example"))
		}
		commit(t, db, d)
		var got []string
		var after programme.Cursor
		for {
			list, err := db.Invitations(ctx, contoso, after, 2)
			if err != nil {
				t.Fatal(err)
			}
			if len(list) == 0 {
				break
			}
			for _, i := range list {
				got = append(got, i.ID)
			}
			after = programme.Cursor{At: list[len(list)-1].Sent, ID: list[len(list)-1].ID}
		}
		if diff := cmp.Diff([]string{"i4", "i2", "i3", "i0", "i1"}, got); diff != "" {
			t.Errorf("invitations (-want +got):\n%s", diff)
		}
		if list, err := db.DueInvitations(ctx, contoso, noon.Add(2*time.Hour), 9); err != nil || len(list) != 4 || list[0].ID != "i0" {
			t.Errorf("due: %+v, %v", list, err)
		}
		if list, err := db.AccessRequests(ctx, contoso, programme.RequestOpen, 3); err != nil || len(list) != 3 || list[0].ID != "r0" {
			t.Errorf("requests: %+v, %v", list, err)
		}
		if list, err := db.Members(ctx, contoso, fabrikam, "p1", 2); err != nil || len(list) != 2 || list[0].Account != "p2" {
			t.Errorf("members: %+v, %v", list, err)
		}
	})
}

func TestTheFirstAcceptanceOfAVersionStays(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		ctx := t.Context()
		accept := func(version int, at time.Time) {
			commit(t, db, programme.Deed{Acceptances: []programme.Acceptance{{Version: version, Tenant: fabrikam, Account: "anna", At: at}}})
		}
		accept(1, noon)
		accept(1, noon.Add(time.Hour))
		if a, err := db.LastAcceptance(ctx, contoso, fabrikam, "anna"); err != nil || !a.At.Equal(noon) {
			t.Errorf("%+v, %v", a, err)
		}
		accept(10, noon.Add(2*time.Hour))
		accept(9, noon.Add(3*time.Hour))
		if a, err := db.LastAcceptance(ctx, contoso, fabrikam, "anna"); err != nil || a.Version != 10 {
			t.Errorf("%+v, %v", a, err)
		}
	})
}

// race runs fifty deeds at once on two nodes and counts those that won.
func race(t *testing.T, address string, make func(n int) programme.Deed) int32 {
	t.Helper()
	ctx := within(t, time.Minute)
	nodes := []*sqlstore.DB{open(t, address, sqlstore.Options{}), open(t, address, sqlstore.Options{})}
	return raceOn(ctx, t, nodes, make)
}

func raceOn(ctx context.Context, t *testing.T, nodes []*sqlstore.DB, make func(n int) programme.Deed) int32 {
	t.Helper()
	var won atomic.Int32
	var all sync.WaitGroup
	for n := range 50 {
		all.Go(func() {
			switch err := nodes[n%2].CommitDeed(ctx, contoso, make(n)); {
			case err == nil:
				won.Add(1)
			case !fault.Has(err, fault.ChangedMeanwhile):
				t.Errorf("commit: %v", err)
			}
		})
	}
	all.Wait()
	return won.Load()
}

func TestOfFiftyAtOnceOnTwoNodesOneWins(t *testing.T) {
	for name, makes := range map[string]func(n int) programme.Deed{
		"the same member": func(int) programme.Deed {
			return programme.Deed{Members: []programme.Member{memberOf(fabrikam, "anna", "a@b.example")}}
		},
		"open invitations to one address": func(n int) programme.Deed {
			return programme.Deed{Invitations: []programme.Invitation{invitationTo(fmt.Sprint("i", n), "a@b.example")}}
		},
		"open requests of one person": func(n int) programme.Deed {
			return programme.Deed{Requests: []programme.AccessRequest{requestOf(fmt.Sprint("r", n), "anna", noon)}}
		},
		"the next version of the terms": func(int) programme.Deed { return programme.Deed{Terms: []programme.Terms{{Version: 1}}} },
		"codes for one mailbox":         func(int) programme.Deed { return programme.Deed{Mailboxes: []programme.Mailbox{{Key: "k"}}} },
	} {
		t.Run(name, func(t *testing.T) {
			eachAddress(t, func(t *testing.T, address string) {
				if won := race(t, address, makes); won != 1 {
					t.Errorf("%d won", won)
				}
			})
		})
	}
}

func TestOfFiftyAcceptancesAndDecisionsOnTwoNodesOneWins(t *testing.T) {
	eachAddress(t, func(t *testing.T, address string) {
		ctx := within(t, time.Minute)
		nodes := []*sqlstore.DB{open(t, address, sqlstore.Options{}), open(t, address, sqlstore.Options{})}
		i, r := invitationTo("i", "a@b.example"), requestOf("r", "bob", noon)
		commit(t, nodes[0], programme.Deed{Invitations: []programme.Invitation{i}, Requests: []programme.AccessRequest{r}})
		i.State, i.Version = programme.InvitationAccepted, 1
		if won := raceOn(ctx, t, nodes, func(n int) programme.Deed {
			return programme.Deed{Members: []programme.Member{memberOf(fabrikam, fmt.Sprint("p", n), "a@b.example")}, Invitations: []programme.Invitation{i}}
		}); won != 1 {
			t.Errorf("%d acceptances won", won)
		}
		if list, err := nodes[1].Members(ctx, contoso, fabrikam, "", 99); err != nil || len(list) != 1 {
			t.Errorf("%d members, %v", len(list), err)
		}
		if won := raceOn(ctx, t, nodes, func(n int) programme.Deed {
			decided := r
			decided.State, decided.Version = []programme.RequestState{programme.RequestAdmitted, programme.RequestRefused}[n%2], 1
			return programme.Deed{Requests: []programme.AccessRequest{decided}}
		}); won != 1 {
			t.Errorf("%d decisions won", won)
		}
	})
}
