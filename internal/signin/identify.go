package signin

import (
	"context"
	"strings"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/tenant"
)

// sighting is what may be known of an address before any proof: facts about
// its domain, never about an account (DESIGN 4.14).
type sighting struct {
	// Typed is false for an empty address, Domain empty for one without a
	// domain, or with one that cannot exist.
	Typed  bool
	Domain string
	// Expected is the address that the invitation or the app named, when it is
	// another one and the person has not insisted on theirs.
	Expected string
	// Consumer: the domain gives everybody an address, such as outlook.com.
	Consumer bool
	// Home is whose domain it is, empty for nobody's.
	Home id.Tenant
	// Federated: the home proves its people with a provider of its own.
	Federated bool
	// Admitted: the authority takes people of that home.
	Admitted bool
	// Work and Personal say what the app takes.
	Work, Personal bool
	// Kind is "work" or "personal" where the person has said so before.
	Kind string
}

// route is where an address leads.
type route string

const (
	// routeName: there is nothing that could be an address.
	routeName route = "name"
	// routeExpected: the invitation went to another address; which one?
	routeExpected route = "expected"
	// routeWorkOnly: a consumer address at an app for work (M01).
	routeWorkOnly route = "work-only"
	// routeForeign: the home is not one that this authority takes (M02).
	routeForeign route = "foreign"
	// routeUnknown: nobody has connected the domain (M04).
	routeUnknown route = "unknown"
	// routeKind: it can be a work and a personal account (M03).
	routeKind route = "kind"
	// routePersonal, routeUpstream and routePassword lead to the proof: of a
	// personal account, at the company's own provider, with us.
	routePersonal route = "personal"
	routeUpstream route = "upstream"
	routePassword route = "password"
)

// identify is the whole decision of experience.md 1.7, in its order. It is
// made from domain facts alone, so that neither the page nor its timing tells
// who has an account.
func identify(s sighting) route {
	personal := func() route {
		if !s.Personal {
			return routeWorkOnly
		}
		return routePersonal
	}
	switch {
	case !s.Typed || s.Domain == "":
		return routeName
	case s.Expected != "":
		return routeExpected
	case s.Consumer:
		return personal()
	case s.Home == "" && s.Personal:
		return routePersonal
	case s.Home == "":
		return routeUnknown
	case s.Personal && s.Work && s.Kind == "":
		return routeKind
	case s.Personal && (!s.Work || s.Kind == "personal"):
		return routePersonal
	case !s.Admitted:
		return routeForeign
	case s.Federated:
		return routeUpstream
	}
	return routePassword
}

// look gathers what identify decides on. The address comes back whole: a bare
// user name belongs to the organisation that the app hinted at.
func (j *Journeys) look(ctx context.Context, journey Journey, address string) (sighting, string, error) {
	r := journey.Request
	s := sighting{Typed: address != "", Work: r.Work, Personal: r.Personal, Kind: journey.Kind}
	if s.Typed && !strings.Contains(address, "@") && r.DomainHint != "" {
		if owner, err := j.tenants.Named(ctx, r.DomainHint); err == nil {
			address += "@" + owner.DefaultDomain()
		}
	}
	domain, ok := account.DomainOf(address)
	if !ok {
		return s, address, nil
	}
	s.Domain = domain
	if r.LoginHint != "" && !journey.Insists && account.FoldName(r.LoginHint) != account.FoldName(address) {
		if _, ok := account.DomainOf(r.LoginHint); ok {
			s.Expected = r.LoginHint
		}
	}
	authority, err := j.tenants.Authority(ctx, r.Authority)
	if err != nil {
		return s, address, err
	}
	// The authority narrows what the app takes: "consumers" no work accounts,
	// one organisation no personal ones.
	s.Work = s.Work && authority.Audience != tenant.OnlyPersonal
	s.Personal = s.Personal && authority.Admits(id.Consumers)
	owner, err := j.tenants.Named(ctx, domain)
	if fault.Has(err, fault.TenantUnknown) || fault.Has(err, fault.TenantMalformed) {
		return s, address, nil
	}
	if err != nil {
		return s, address, err
	}
	if owner.Personal() {
		s.Consumer = true
		return s, address, nil
	}
	s.Home, s.Federated, s.Admitted = owner.ID, owner.Federated(), authority.Admits(owner.ID)
	return s, address, nil
}

// locate moves a journey to where its address leads. The fault is a problem
// that the person can mend on the address page, or, for M02, the end.
func (j *Journeys) locate(ctx context.Context, journey *Journey, address string) (*fault.Fault, error) {
	s, whole, err := j.look(ctx, *journey, address)
	if err != nil {
		return nil, err
	}
	journey.Address = whole
	journey.Home, journey.Choose, journey.Differs, journey.Unknown = "", false, false, false
	app := journey.Request.AppName
	switch identify(s) {
	case routeName:
		return fault.New(fault.ParameterMissing, "parameter", "address"), nil
	case routeExpected:
		journey.Differs = true
	case routeWorkOnly:
		return fault.New(fault.PersonalAtWorkOnly, "app", app, "domain", s.Domain), nil
	case routeForeign:
		return fault.New(fault.ForeignAccount, "app", app, "domain", s.Domain), nil
	case routeUnknown:
		journey.Unknown = true
	case routeKind:
		journey.Choose = true
	case routePersonal:
		journey.Home = id.Consumers
	case routeUpstream, routePassword:
		journey.Home = s.Home
		journey.passed("domain")
	}
	return nil, nil
}

// takeAddress takes what was typed on the address page.
func (j *Journeys) takeAddress(ctx context.Context, journey *Journey, a Answer) (*fault.Fault, error) {
	address := strings.TrimSpace(a.Address)
	if len(address) > 320 {
		address = address[:320]
	}
	problem, err := j.locate(ctx, journey, address)
	if err != nil || problem == nil {
		return nil, err
	}
	if problem.Code == fault.ForeignAccount {
		return nil, problem
	}
	return problem, nil
}

// takeExpected takes the answer to "the invitation went to another address".
func (j *Journeys) takeExpected(ctx context.Context, journey *Journey, a Answer) (*fault.Fault, error) {
	address := journey.Address
	if a.Do == "yes" {
		address = journey.Request.LoginHint
	}
	journey.Insists = true
	return j.takeAddress(ctx, journey, Answer{Address: address})
}

// takeKind takes the answer to "which account do you want to use?".
func (j *Journeys) takeKind(ctx context.Context, journey *Journey, a Answer) (*fault.Fault, error) {
	if a.Do != "work" && a.Do != "personal" {
		return nil, fault.New(fault.PageExpired)
	}
	journey.Kind, journey.Remember = a.Do, a.Kept
	return j.takeAddress(ctx, journey, Answer{Address: journey.Address})
}

// takeUnknown takes another sign-in name from the page about an unknown
// domain.
func (j *Journeys) takeUnknown(ctx context.Context, journey *Journey, a Answer) (*fault.Fault, error) {
	before := journey.Address
	problem, err := j.takeAddress(ctx, journey, a)
	if problem != nil {
		journey.Address, journey.Unknown = before, true
	}
	return problem, err
}
