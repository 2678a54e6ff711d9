package declaration

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/credential"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/programme"
	"github.com/entente-id/entente/internal/tenant"
)

// groups are those that carry rights by their name.
var groups = []string{account.AdminAgents, account.HelpdeskAgents, account.SalesAgents, programme.ProgrammeStaff}

func (s *survey) people(ctx context.Context) error {
	for i, d := range s.document.People {
		path := at("people", i)
		if s.twice(path+".signInName", "person", d.Tenant, account.FoldName(d.SignInName)) {
			continue
		}
		if err := s.person(ctx, path, d); err != nil {
			return err
		}
	}
	return nil
}

func (s *survey) person(ctx context.Context, path string, d Person) error {
	domain, ok := account.DomainOf(d.SignInName)
	if local, _, _ := strings.Cut(d.SignInName, "@"); !ok || local == "" || strings.ContainsAny(local, " <>()[]\\,;:\"/") {
		s.wrong(path+".signInName", "must be an address such as pat@fabrikam.example", "")
		return nil
	}
	name, where := d.Tenant, path+".tenant"
	if name == "" {
		name, where = domain, path+".signInName"
	}
	home, found, err := s.organisation(ctx, where, name)
	key, fine := s.guid(path+".id", d.ID)
	if err != nil || !found || !fine {
		return err
	}
	s.proved(path+".signInName", home, d.SignInName)
	if d.Mail != "" {
		s.proved(path+".mail", home, d.Mail)
	}
	has, err := s.rooms.People.Named(ctx, home.ID, d.SignInName)
	known := err == nil
	if err != nil && !fault.Has(err, fault.AccountUnknown) {
		return err
	}
	a := has
	if !known {
		if key == "" {
			key = s.rooms.Source.NewGUID()
		}
		a = account.Account{Tenant: home.ID, ID: id.Object(key), SignInName: d.SignInName, Created: s.rooms.Source.Now()}
	} else if key != "" && key != string(has.ID) {
		s.wrong(path+".id", "is another than the person has: "+string(has.ID), "leave it out")
	}
	s.describe(path, &a, d)
	pass, err := s.waits(ctx, home, a, known)
	if err != nil {
		return err
	}
	after := append(personFacts(a), "way in", map[bool]string{true: "temporary pass, told once"}[pass])
	var before facts
	if known {
		before = append(personFacts(has), "way in", "")
	}
	s.step("person", a.SignInName, before, after, func(ctx context.Context) ([]Made, error) {
		return s.settle(ctx, a, known, len(differences(personFacts(has), personFacts(a))) > 0, pass)
	})
	return nil
}

// proved holds an address to the domains of its organisation.
func (s *survey) proved(path string, home tenant.Tenant, address string) {
	domain, ok := account.DomainOf(address)
	if !ok || home.ID != id.Consumers && !slices.ContainsFunc(home.Domains, func(d tenant.Domain) bool { return d.Name == domain }) {
		s.wrong(path, fmt.Sprintf("%q is no address in a domain of %s", address, home.Name), "add the domain to the organisation")
	}
}

func (s *survey) describe(path string, a *account.Account, d Person) {
	said(&a.Name, d.Name)
	said(&a.Given, d.Given)
	said(&a.Family, d.Family)
	said(&a.Mail, d.Mail)
	said(&a.Language, d.Language)
	said(&a.JobTitle, d.JobTitle)
	decided(&a.Disabled, d.Disabled)
	chosen(s, path+".mfa", &a.MFA, d.MFA, map[string]account.MFAState{
		"off": account.MFADisabled, "enabled": account.MFAEnabled, "enforced": account.MFAEnforced,
	})
	if d.Roles != nil {
		a.Roles = s.roles(path+".roles", d.Roles)
	}
	if d.Groups != nil {
		// What others put the person into by its id is not the document's.
		a.Groups = slices.DeleteFunc(slices.Clone(a.Groups), func(g string) bool { return slices.Contains(groups, g) })
		for i, group := range d.Groups {
			if !slices.Contains(groups, group) {
				s.wrong(at(path+".groups", i), "must be "+strings.Join(groups, ", "), DidYouMean(group, groups))
			}
			a.Groups = append(a.Groups, group)
		}
		slices.Sort(a.Groups)
		a.Groups = slices.Compact(a.Groups)
	}
	for _, text := range []struct{ name, value string }{{"name", a.Name}, {"given", a.Given}, {"family", a.Family}, {"jobTitle", a.JobTitle}, {"language", a.Language}} {
		if len(text.value) > 256 || strings.ContainsFunc(text.value, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			s.wrong(path+"."+text.name, "must be at most 256 bytes without control characters", "")
		}
	}
	if a.Name == "" {
		s.wrong(path+".name", "is missing", "")
	}
}

// waits reports whether a person needs a temporary pass to come in: somebody
// without any proof, whose organisation signs in here.
func (s *survey) waits(ctx context.Context, home tenant.Tenant, a account.Account, known bool) (bool, error) {
	if a.Disabled || home.Upstream != nil || !known {
		return !a.Disabled && home.Upstream == nil, nil
	}
	return s.rooms.Safe.Waits(ctx, credential.Owner{Tenant: a.Tenant, Account: a.ID})
}

func (s *survey) settle(ctx context.Context, a account.Account, known, differs, pass bool) ([]Made, error) {
	by := s.as(a.Tenant)
	e := account.Event(s.rooms.Source, by, "account.declare", string(a.ID))
	e.Facts = map[string]string{"name": a.SignInName, "roles": roleNames(a.Roles), "groups": strings.Join(a.Groups, " ")}
	for _, group := range a.Groups {
		if slices.Contains(groups, group) {
			if _, err := s.rooms.Groups.Declare(ctx, by, group); err != nil {
				return nil, err
			}
		}
	}
	var err error
	switch {
	case !known:
		err = s.rooms.People.Add(ctx, a, e)
	case differs:
		// The name stays; this is how an account is saved with its event.
		err = s.rooms.People.Rename(ctx, a, nil, e)
	}
	if err != nil || !pass {
		return nil, err
	}
	text, p, err := s.rooms.Safe.Welcome(ctx, by, a)
	if err != nil {
		return nil, err
	}
	return []Made{{Kind: "pass", For: a.SignInName, Value: text, Until: p.Until}}, nil
}

func personFacts(a account.Account) facts {
	return facts{
		"name", a.Name, "given", a.Given, "family", a.Family, "mail", a.Mail, "language", a.Language, "jobTitle", a.JobTitle,
		"disabled", yesNo(a.Disabled), "mfa", string(a.MFA), "roles", roleNames(a.Roles), "groups", strings.Join(slices.Sorted(slices.Values(a.Groups)), ", "),
	}
}
