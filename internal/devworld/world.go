package devworld

import (
	"context"
	"encoding/base32"
	"fmt"
	"strings"
	"time"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/credential"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/house"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/partner"
	"github.com/pquerna/otp/totp"
)

// World is a seeded house.
type World struct {
	*house.House
	// NightlyPEM is the certificate and key of the Nightly app.
	NightlyPEM []byte
	inbox      *inbox
}

// Seed fills an empty house with the world, or finds it seeded already.
func Seed(ctx context.Context, h *house.House) (*World, error) {
	w := &World{House: h, inbox: newInbox(h)}
	w.inbox.world = w
	h.Pages.Watch, h.Post = w.inbox.watch, w.inbox.post
	h.DevPages = w.inbox
	if _, err := h.Tenants.Find(ctx, Fabrikam); err == nil {
		return w, seedVault(ctx, h)
	} else if !fault.Has(err, fault.TenantUnknown) {
		return nil, err
	}
	for _, t := range tenants() {
		t.Created = h.Source.Now()
		if err := h.Tenants.Save(ctx, t); err != nil {
			return nil, fmt.Errorf("seed %s: %w", t.Name, err)
		}
	}
	var err error
	if w.NightlyPEM, err = seedApps(ctx, h); err != nil {
		return nil, fmt.Errorf("seed apps: %w", err)
	}
	if err := seedPeople(ctx, h); err != nil {
		return nil, err
	}
	for _, partner := range []id.Tenant{Northwind, Trey} {
		for _, g := range agents(partner) {
			if err := h.Groups.Save(ctx, g); err != nil {
				return nil, fmt.Errorf("seed group %s: %w", g.Name, err)
			}
		}
	}
	for n, c := range customers {
		if err := seedCustomer(ctx, h, n+1, c); err != nil {
			return nil, fmt.Errorf("seed %s: %w", c.name, err)
		}
	}
	if err := seedPartners(ctx, h); err != nil {
		return nil, err
	}
	if err := seedProgramme(ctx, h); err != nil {
		return nil, err
	}
	if err := seedAssignments(ctx, h); err != nil {
		return nil, err
	}
	return w, seedVault(ctx, h)
}

// seedAssignments opens Northwind's intranet to Ada alone (M18).
func seedAssignments(ctx context.Context, h *house.House) error {
	ada := People()[0]
	e := func(verb string) audit.Event {
		return audit.Event{ID: h.Source.NewGUID(), At: h.Source.Now(), Tenant: Northwind, Account: ada.ID, SignInName: Ada, Verb: verb, Object: string(Inhouse)}
	}
	if err := h.Apps.OpenTo(ctx, Northwind, Inhouse, true, e("app.assigned-only")); err != nil {
		return fmt.Errorf("close the intranet: %w", err)
	}
	return h.Apps.Assign(ctx, Northwind, Inhouse, ada.ID, e("app.assign"))
}

// seedPeople makes the accounts. Everybody has one password, hashed once: each
// hash is slow by design, and the world has to stand in a moment.
func seedPeople(ctx context.Context, h *house.House) error {
	people := People()
	owner := func(p Person) credential.Owner { return credential.Owner{Tenant: p.Tenant, Account: p.ID} }
	if err := h.Safe.SetPassword(ctx, owner(people[0]), Password); err != nil {
		return fmt.Errorf("seed password: %w", err)
	}
	hash, _, err := h.DB.Password(ctx, owner(people[0]), "")
	if err != nil {
		return err
	}
	for _, p := range people {
		p.Created = h.Source.Now()
		if err := h.People.Save(ctx, p.Account); err != nil {
			return fmt.Errorf("seed %s: %w", p.SignInName, err)
		}
		if err := h.DB.SavePassword(ctx, owner(p), hash); err != nil {
			return err
		}
		if p.Seed == "" {
			continue
		}
		// Proved with the code of a minute ago, so that the current one is
		// still good for a first sign-in.
		code, err := CodeAt(p.Seed, h.Source.Now().Add(-30*time.Second))
		if err != nil {
			return err
		}
		if _, err := h.Safe.Enrol(ctx, owner(p), credential.Seed(p.Seed), code); err != nil {
			return fmt.Errorf("seed authenticator of %s: %w", p.SignInName, err)
		}
	}
	return nil
}

func seedPartners(ctx context.Context, h *house.House) error {
	profiles := []partner.Profile{
		{Tenant: Northwind, CompanyName: "Northwind", Domain: "northwind.example", Email: "partner@northwind.example", Language: "en", Culture: "en-GB", ETag: "5120358838484612121",
			Address: partner.Address{Country: "GB", City: "Leeds", Line1: "1 Canal Row", PostalCode: "LS1 1AA", FirstName: "Ada", LastName: "Byron", Phone: "+441130000000"}},
		{Tenant: Trey, CompanyName: "Trey Research", Domain: "trey.example", Email: "partner@trey.example", Language: "en", Culture: "en-US", ETag: "5120358838484612122",
			Address: partner.Address{Country: "US", City: "Redmond", Line1: "2 Elm", PostalCode: "98052"}},
	}
	for _, p := range profiles {
		if err := h.DB.SaveProfile(ctx, p); err != nil {
			return fmt.Errorf("seed profile: %w", err)
		}
	}
	by := audit.Caller{Tenant: Northwind, Home: Northwind, Account: People()[0].ID, SignInName: Ada}
	for _, app := range []id.App{Portal, Nightly} {
		if err := h.Consents.GiveAppRoles(ctx, by, app, application.GraphApp, []string{"User.Read.All", "Organization.Read.All"}); err != nil {
			return fmt.Errorf("seed app roles: %w", err)
		}
	}
	return nil
}

// CodeAt is the one-time code of a seed at an instant.
func CodeAt(seed string, at time.Time) (string, error) {
	if _, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.ToUpper(seed)); err != nil {
		return "", fmt.Errorf("seed is not base32: %w", err)
	}
	return totp.GenerateCode(seed, at)
}

// FindPerson gives a person of the world by sign-in name.
func FindPerson(signInName string) (Person, bool) {
	for _, p := range People() {
		if account.FoldName(p.SignInName) == account.FoldName(signInName) {
			return p, true
		}
	}
	return Person{}, false
}
