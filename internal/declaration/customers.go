package declaration

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/customer"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/partner"
)

func (s *survey) partners(ctx context.Context) error {
	for i, d := range s.document.Partners {
		path := at("partners", i)
		home, found, err := s.organisation(ctx, path+".tenant", d.Tenant)
		if err != nil {
			return err
		}
		if !found {
			continue
		}
		has, err := s.rooms.Partners.Of(ctx, home.ID)
		known := err == nil
		if err != nil && !fault.Has(err, fault.ObjectUnknown) {
			return err
		}
		p := has
		p.Tenant, p.Domain = home.ID, home.DefaultDomain()
		said(&p.CompanyName, home.Name)
		said(&p.CompanyName, d.CompanyName)
		said(&p.Email, d.Email)
		if !known {
			p.Language, p.Culture, p.Address.Country = "en", "en-GB", home.Country
		}
		said(&p.Language, d.Language)
		said(&p.Culture, d.Culture)
		p.Address = partner.Address(addressed(Address(p.Address), d.Address))
		if err := s.rules(path, p.Check()); err != nil {
			return err
		}
		if s.twice(path+".tenant", "partner", string(home.ID)) {
			continue
		}
		s.enrolled[home.ID] = true
		var before facts
		if known {
			before = partnerFacts(has)
		}
		s.step("partner", home.DefaultDomain(), before, partnerFacts(p), alone(func(ctx context.Context) error {
			for _, group := range partner.Agents {
				if _, err := s.rooms.Groups.Declare(ctx, s.as(home.ID), group); err != nil {
					return err
				}
			}
			return s.rooms.Partners.Declare(ctx, s.by, p)
		}))
	}
	return nil
}

// partner finds an organisation that is a partner.
func (s *survey) partner(ctx context.Context, path, name string) (id.Tenant, bool, error) {
	home, found, err := s.organisation(ctx, path, name)
	if err != nil || !found || s.enrolled[home.ID] {
		return home.ID, found, err
	}
	_, err = s.rooms.Partners.Of(ctx, home.ID)
	if fault.Has(err, fault.ObjectUnknown) {
		s.wrong(path, home.Name+" is no partner", "add it to partners")
		return "", false, nil
	}
	return home.ID, err == nil, err
}

func (s *survey) customers(ctx context.Context) error {
	for i, d := range s.document.Customers {
		path := at("customers", i)
		seller, isPartner, err := s.partner(ctx, path+".partner", d.Partner)
		if err != nil {
			return err
		}
		home, found, err := s.organisation(ctx, path+".tenant", d.Tenant)
		if err != nil {
			return err
		}
		if !found || !isPartner || s.twice(path, "customer", string(seller), string(home.ID)) {
			continue
		}
		has, err := s.rooms.Customers.Of(ctx, seller, home.ID)
		known := err == nil
		if err != nil && !fault.Has(err, fault.CustomerUnknown) {
			return err
		}
		c := has
		if !known {
			c = customer.Customer{
				Partner: seller, Tenant: home.ID, CompanyName: home.Name, Domain: home.DefaultDomain(), Relationship: customer.Reseller, Delegated: true,
				Address: customer.Address{Country: home.Country},
			}
		}
		said(&c.CompanyName, d.CompanyName)
		said(&c.Email, d.Email)
		said((*string)(&c.Relationship), d.Relationship)
		decided(&c.Delegated, d.Delegated)
		c.Address = customer.Address(addressed(Address(c.Address), d.Address))
		if !known {
			c.Billing = customer.Billing{CompanyName: c.CompanyName, Email: c.Email, Culture: "en-GB", Language: "en", Address: c.Address, ETag: "1"}
		}
		if err := s.rules(path, c.Check()); err != nil {
			return err
		}
		var before facts
		if known {
			before = customerFacts(has)
		}
		s.step("customer", d.Partner+" / "+home.DefaultDomain(), before, customerFacts(c), alone(func(ctx context.Context) error {
			return s.rooms.Customers.Declare(ctx, s.by, c)
		}))
	}
	return nil
}

func (s *survey) relationships(ctx context.Context) error {
	for i, d := range s.document.Relationships {
		if err := s.relationship(ctx, at("relationships", i), d); err != nil {
			return err
		}
	}
	return nil
}

func (s *survey) relationship(ctx context.Context, path string, d Relationship) error {
	seller, isPartner, err := s.partner(ctx, path+".partner", d.Partner)
	if err != nil {
		return err
	}
	home, found, err := s.organisation(ctx, path+".customer", d.Customer)
	// A partner has each name once, whoever the customer is.
	if err != nil || !found || !isPartner || s.twice(path+".name", "relationship", string(seller), customer.Fold(d.Name)) {
		return err
	}
	list, err := s.rooms.Customers.Between(ctx, seller, home.ID)
	if err != nil {
		return err
	}
	var has customer.Relationship
	if k := slices.IndexFunc(list, func(r customer.Relationship) bool { return customer.Fold(r.DisplayName) == customer.Fold(d.Name) }); k >= 0 {
		has = list[k]
	}
	name := fmt.Sprintf("%s / %s / %s", d.Partner, home.DefaultDomain(), d.Name)
	live := has.Status == customer.Active
	switch {
	case d.Absent && live:
		s.steps = append(s.steps, Step{Verb: Remove, Kind: "relationship", Name: name, do: alone(func(ctx context.Context) error {
			return s.rooms.Relationships.End(ctx, s.by, has)
		})})
		return nil
	case d.Absent:
		return nil
	case has.ID != "" && !live:
		// What one side has ended, or has not accepted yet, is not for a file to
		// bring about.
		s.steps = append(s.steps, Step{Verb: Keep, Kind: "relationship", Name: name, Note: "it is " + string(has.Status) + ": a new one needs another name"})
		return nil
	}
	agreed := s.agreement(path, d, home.ID, home.Name, has)
	if err := s.rules(path, s.rooms.Relationships.Check(seller, agreed)); err != nil {
		return err
	}
	var before facts
	if live {
		before = relationshipFacts(has.Duration, has.AutoExtend, has.Roles, shares(has))
	}
	after := relationshipFacts(agreed.Duration, agreed.AutoExtend, agreed.Roles, agreed.Groups)
	s.step("relationship", name, before, after, alone(func(ctx context.Context) error {
		for i, share := range agreed.Groups {
			group, err := s.rooms.Groups.Declare(ctx, s.as(seller), share.Group.Key)
			if err != nil {
				return err
			}
			agreed.Groups[i].Group = group
		}
		return s.rooms.Relationships.Declare(ctx, s.by, seller, has, agreed)
	}))
	return nil
}

// agreement is what the document says, over what there is.
func (s *survey) agreement(path string, d Relationship, home id.Tenant, name string, has customer.Relationship) customer.Agreement {
	a := customer.Agreement{Draft: customer.Draft{
		DisplayName: d.Name, Customer: home, CustomerName: name, Duration: has.Duration, AutoExtend: has.AutoExtend, Roles: has.Roles,
	}, Groups: shares(has)}
	if has.ID == "" {
		a.Duration = "P730D"
	}
	said(&a.Duration, d.Duration)
	said(&a.AutoExtend, d.AutoExtend)
	if d.Roles != nil {
		a.Roles = s.roles(path+".roles", d.Roles)
	}
	if d.Assignments == nil {
		return a
	}
	a.Groups = nil
	for i, share := range d.Assignments {
		where := at(path+".assignments", i)
		if !slices.Contains(partner.Agents, share.Group) {
			s.wrong(where+".group", "must be "+strings.Join(partner.Agents, ", "), DidYouMean(share.Group, partner.Agents))
		}
		a.Groups = append(a.Groups, customer.Share{Group: account.Group{Key: share.Group}, Roles: s.roles(where+".roles", share.Roles)})
	}
	return a
}

func shares(r customer.Relationship) []customer.Share {
	var list []customer.Share
	for _, a := range r.Assignments {
		if a.Status != customer.AssignmentDeleting {
			list = append(list, customer.Share{Group: account.Group{Key: a.Group, ID: a.Container}, Roles: a.Roles})
		}
	}
	return list
}

func relationshipFacts(duration, extend string, roles []string, groups []customer.Share) facts {
	var given []string
	for _, share := range groups {
		given = append(given, share.Group.Key+": "+roleNames(share.Roles))
	}
	slices.Sort(given)
	return facts{"duration", duration, "autoExtend", extend, "roles", roleNames(roles), "assignments", strings.Join(given, "; ")}
}

func addressed(have, d Address) Address {
	said(&have.Country, d.Country)
	said(&have.Region, d.Region)
	said(&have.City, d.City)
	said(&have.State, d.State)
	said(&have.Line1, d.Line1)
	said(&have.Line2, d.Line2)
	said(&have.PostalCode, d.PostalCode)
	said(&have.FirstName, d.FirstName)
	said(&have.LastName, d.LastName)
	said(&have.Phone, d.Phone)
	return have
}

func (a Address) String() string {
	return strings.Join(slices.DeleteFunc([]string{
		a.FirstName, a.LastName, a.Line1, a.Line2, a.PostalCode, a.City, a.State, a.Region, a.Country, a.Phone,
	}, func(part string) bool { return part == "" }), ", ")
}

func partnerFacts(p partner.Profile) facts {
	return facts{"companyName", p.CompanyName, "domain", p.Domain, "email", p.Email, "language", p.Language, "culture", p.Culture, "address", Address(p.Address).String()}
}

func customerFacts(c customer.Customer) facts {
	return facts{
		"companyName", c.CompanyName, "email", c.Email, "relationship", string(c.Relationship), "delegated", yesNo(c.Delegated), "address", Address(c.Address).String(),
	}
}
