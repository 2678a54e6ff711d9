package declaration

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/tenant"
)

func (s *survey) tenants(ctx context.Context) error {
	for i, d := range s.document.Tenants {
		if err := s.tenant(ctx, at("tenants", i), d); err != nil {
			return err
		}
	}
	return nil
}

func (s *survey) tenant(ctx context.Context, path string, d Tenant) error {
	key, ok := s.guid(path+".id", d.ID)
	domains, fine := s.names(path+".domains", d.Domains)
	if !ok || !fine {
		// It is declared all the same: others that name it are not wrong too.
		stand := tenant.Tenant{ID: id.Tenant(s.rooms.Source.NewGUID()), Name: d.Name}
		for _, domain := range domains {
			stand.Domains = append(stand.Domains, tenant.Domain{Name: domain})
			s.organisations[domain] = stand
		}
		return nil
	}
	if key == "" && len(domains) == 0 {
		s.wrong(path+".domains", "is missing", "an organisation is found by its first domain")
		return nil
	}
	has, found, err := s.known(ctx, key, domains)
	if err != nil {
		return err
	}
	if key == "" {
		if key = string(has.ID); !found {
			key = s.rooms.Source.NewGUID()
		}
	}
	t := has
	t.ID, t.Domains = id.Tenant(key), slices.Clone(has.Domains)
	if !found {
		t.Created = s.rooms.Source.Now()
	}
	if err := s.own(ctx, path+".domains", &t, domains); err != nil {
		return err
	}
	said(&t.Name, d.Name)
	said(&t.Country, d.Country)
	said(&t.Region, d.Region)
	said(&t.Language, d.Language)
	decided(&t.Disabled, d.Disabled)
	s.settings(path+".settings", &t.Settings, d.Settings)
	if err := s.rules(path, t.Check()); err != nil {
		return err
	}
	if _, twice := s.organisations[key]; twice {
		s.wrong(path, "is declared twice", "")
		return nil
	}
	s.organisations[key] = t
	for _, domain := range t.Domains {
		s.organisations[domain.Name] = t
	}
	var before facts
	if found {
		before = tenantFacts(has)
	}
	s.step("tenant", t.DefaultDomain(), before, tenantFacts(t), alone(func(ctx context.Context) error {
		return s.rooms.Tenants.Declare(ctx, t, audit.Event{
			ID: s.rooms.Source.NewGUID(), At: s.rooms.Source.Now(), Tenant: t.ID, SignInName: s.by.SignInName,
			Verb: "tenant.declare", Object: string(t.ID), Facts: map[string]string{"name": t.Name},
		})
	}))
	return nil
}

// names folds domain names.
func (s *survey) names(path string, list []string) (folded []string, ok bool) {
	ok = true
	for i, name := range list {
		domain, fine := tenant.FoldDomain(name)
		if !fine {
			s.wrong(at(path, i), fmt.Sprintf("%q is no domain name", name), "write one such as contoso.example")
			ok = false
		}
		folded = append(folded, domain)
	}
	return folded, ok
}

// known finds the organisation that is meant in the store.
func (s *survey) known(ctx context.Context, key string, domains []string) (tenant.Tenant, bool, error) {
	name := key
	if name == "" {
		name = domains[0]
	}
	t, err := s.rooms.Tenants.Named(ctx, name)
	if fault.Has(err, fault.TenantUnknown) {
		return tenant.Tenant{}, false, nil
	}
	return t, err == nil, err
}

// own adds domains that are nobody else's. None is ever taken away: people sign
// in with them.
func (s *survey) own(ctx context.Context, path string, t *tenant.Tenant, domains []string) error {
	for i, domain := range domains {
		if slices.ContainsFunc(t.Domains, func(d tenant.Domain) bool { return d.Name == domain }) {
			continue
		}
		if other, taken := s.organisations[domain]; taken {
			s.wrong(at(path, i), fmt.Sprintf("%s is a domain of %s too", domain, other.Name), "leave it to one of them")
			continue
		}
		other, err := s.rooms.Tenants.Named(ctx, domain)
		if err == nil && other.ID != t.ID {
			s.wrong(at(path, i), fmt.Sprintf("%s belongs to %s", domain, other.Name), "leave it to them")
			continue
		}
		if err != nil && !fault.Has(err, fault.TenantUnknown) {
			return err
		}
		t.Domains = append(t.Domains, tenant.Domain{Name: domain, Initial: len(t.Domains) == 0})
	}
	return nil
}

func (s *survey) settings(path string, to *tenant.Settings, d Settings) {
	decided(&to.RequireMFA, d.RequireMFA)
	chosen(s, path+".userConsent", &to.UserConsent, d.UserConsent, map[string]tenant.ConsentPolicy{
		"anyone": tenant.ConsentAnyone, "low-risk": tenant.ConsentLowRisk, "nobody": tenant.ConsentNobody,
	})
	chosen(s, path+".factorSetup", &to.FactorSetup, d.FactorSetup, map[string]tenant.FactorPolicy{
		"anywhere": tenant.FactorAnywhere, "pass": tenant.FactorWithPass,
	})
	decided(&to.DeviceCodes, d.DeviceCodes)
	decided(&to.BlockPartners, d.BlockPartners)
	if d.ClientHosts != nil {
		to.ClientHosts = nil
		for i, sent := range d.ClientHosts {
			host, fine := tenant.FoldHost(sent)
			if !fine {
				s.wrong(at(path+".clientHosts", i), fmt.Sprintf("%q is no host", sent), "write one such as tools.contoso.example, with the port if there is one")
			}
			to.ClientHosts = append(to.ClientHosts, host)
		}
	}
	chosen(s, path+".partnerMFA", &to.PartnerMFA, d.PartnerMFA, map[string]string{"enforce": "", "report": "report", "off": "off"})
	decided(&to.Sandbox, d.Sandbox)
}

func tenantFacts(t tenant.Tenant) facts {
	var domains []string
	for _, d := range t.Domains {
		domains = append(domains, d.Name)
	}
	return facts{
		"name", t.Name, "domains", strings.Join(domains, ", "), "country", t.Country, "region", t.Region, "language", t.Language,
		"disabled", yesNo(t.Disabled), "settings.requireMFA", yesNo(t.Settings.RequireMFA), "settings.userConsent", string(t.Settings.UserConsent),
		"settings.factorSetup", string(t.Settings.FactorSetup), "settings.deviceCodes", yesNo(t.Settings.DeviceCodes),
		"settings.blockPartners", yesNo(t.Settings.BlockPartners), "settings.clientHosts", strings.Join(t.Settings.ClientHosts, ", "), "settings.partnerMFA", t.Settings.PartnerMFA, "settings.sandbox", yesNo(t.Settings.Sandbox),
	}
}
