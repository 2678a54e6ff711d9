package declaration

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/vault"
)

func (s *survey) vaults(ctx context.Context) error {
	for i, d := range s.document.Vaults {
		if err := s.vault(ctx, at("vaults", i), d); err != nil {
			return err
		}
	}
	return nil
}

// reader is an app that may use a vault. Its principal is known once the app is.
type reader struct {
	app         id.App
	permissions []vault.Permission
}

func (s *survey) vault(ctx context.Context, path string, d Vault) error {
	home, found, err := s.organisation(ctx, path+".tenant", d.Tenant)
	if err != nil || !found || s.twice(path+".host", "vault", strings.ToLower(d.Host)) {
		return err
	}
	has, err := s.rooms.Vaults.At(ctx, d.Host)
	known := err == nil
	if err != nil && !fault.Has(err, fault.VaultUnknown) {
		return err
	}
	if known && (has.Tenant != home.ID || has.Name != d.Name) {
		s.wrong(path+".host", "is the address of another vault", "give the vault a host name of its own")
		return nil
	}
	v := has
	if !known {
		v = vault.Vault{Tenant: home.ID, Name: d.Name, Host: strings.ToLower(d.Host), RetentionDays: 90}
	}
	if d.RetentionDays != 0 {
		v.RetentionDays = d.RetentionDays
	}
	decided(&v.PurgeProtected, d.PurgeProtected)
	if err := s.rules(path, v.Check()); err != nil {
		return err
	}
	before, after := s.readers(ctx, has.Tenant, has.Access), []reader(nil)
	for i, access := range d.Access {
		r, fine := s.reader(at(path+".access", i), home.ID, access)
		if fine {
			after = append(after, r)
		}
	}
	if d.Access == nil {
		after = before
	}
	var had facts
	if known {
		had = vaultFacts(has, before)
	}
	s.step("vault", v.Name, had, vaultFacts(v, after), alone(func(ctx context.Context) error {
		if d.Access == nil {
			return s.rooms.Vaults.Declare(ctx, s.as(home.ID), v)
		}
		v.Access = nil
		for _, r := range after {
			p, err := s.rooms.Apps.Principal(ctx, home.ID, r.app)
			if err != nil {
				return err
			}
			v.Access = append(v.Access, vault.Access{Principal: p.ID, Permissions: r.permissions})
		}
		return s.rooms.Vaults.Declare(ctx, s.as(home.ID), v)
	}))
	return nil
}

// reader finds an app of the vault's organisation in the document.
func (s *survey) reader(path string, home id.Tenant, d VaultAccess) (reader, bool) {
	var r reader
	var names []string
	for _, a := range s.registrations {
		if a.Tenant != home || a.FirstParty {
			continue
		}
		names = append(names, a.Name)
		if strings.EqualFold(a.Name, d.App) || strings.EqualFold(string(a.App), d.App) {
			r.app = a.App
		}
	}
	if r.app == "" {
		s.wrong(path+".app", fmt.Sprintf("no app %q of the vault's organisation is in this file", d.App), DidYouMean(d.App, names))
		return r, false
	}
	for i, name := range d.Permissions {
		permission := vault.Permission(name)
		if !slices.Contains(vault.All, permission) {
			var known []string
			for _, p := range vault.All {
				known = append(known, string(p))
			}
			s.wrong(at(path+".permissions", i), "must be "+strings.Join(known, ", "), DidYouMean(name, known))
		}
		r.permissions = append(r.permissions, permission)
	}
	if d.Permissions == nil {
		r.permissions = vault.All
	}
	return r, true
}

// readers names the apps behind an access list, as far as the document knows
// them; others by their principal.
func (s *survey) readers(ctx context.Context, home id.Tenant, list []vault.Access) []reader {
	var readers []reader
	for _, access := range list {
		r := reader{app: id.App(access.Principal), permissions: access.Permissions}
		for _, a := range s.registrations {
			if p, err := s.rooms.Apps.Principal(ctx, home, a.App); err == nil && p.ID == access.Principal {
				r.app = a.App
			}
		}
		readers = append(readers, r)
	}
	return readers
}

func vaultFacts(v vault.Vault, readers []reader) facts {
	var access []string
	for _, r := range readers {
		access = append(access, fmt.Sprintf("%s: %v", r.app, r.permissions))
	}
	slices.Sort(access)
	return facts{
		"host", v.Host, "retentionDays", fmt.Sprint(v.RetentionDays), "purgeProtected", yesNo(v.PurgeProtected), "access", strings.Join(access, "; "),
	}
}
