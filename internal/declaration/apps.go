package declaration

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/tenant"
)

// platform are the registrations without which no authority works: they belong
// to the organisation that runs the programme, or the first of the document.
func (s *survey) platform(ctx context.Context) error {
	var owner tenant.Tenant
	switch d := s.document; {
	case d.Programme != nil:
		t, found, err := s.organisation(ctx, "programme.owner", d.Programme.Owner)
		if err != nil || !found {
			return err
		}
		owner = t
	default:
		p, err := s.rooms.Programme.Programme(ctx)
		if fault.Has(err, fault.ObjectUnknown) {
			s.wrong("programme", "is missing", "an installation belongs to the organisation that runs its programme")
			return nil
		}
		if err != nil {
			return err
		}
		owner.ID = p.Owner
	}
	for _, a := range s.rooms.Platform(owner.ID) {
		has, err := s.rooms.Apps.Find(ctx, a.App)
		if err != nil && !fault.Has(err, fault.AppUnknown) {
			return err
		}
		// What a new one is like is known to whoever reads our documents.
		var before facts
		after := facts{"id", string(a.App)}
		if err == nil {
			a.Tenant = has.Tenant
			before, after = appFacts(has), appFacts(a)
		}
		s.registrations = append(s.registrations, a)
		s.step("platform app", a.Name, before, after, alone(func(ctx context.Context) error {
			return s.rooms.Apps.Declare(ctx, s.by, a)
		}))
	}
	return nil
}

// pending is an app of the document beside what it becomes.
type pending struct {
	path     string
	declared App
	has      application.Owned
	found    bool
	app      application.Application
}

// apps first finds all of them, so that each may name any other.
func (s *survey) apps(ctx context.Context) error {
	var list []*pending
	for i, d := range s.document.Apps {
		p, err := s.app(ctx, at("apps", i), d)
		if err != nil {
			return err
		}
		if p != nil && s.unique(*p) {
			list = append(list, p)
			s.registrations = append(s.registrations, p.app)
		}
	}
	for _, p := range list {
		if err := s.finish(ctx, p); err != nil {
			return err
		}
	}
	return nil
}

func (s *survey) unique(p pending) bool {
	for _, other := range s.registrations {
		if other.App == p.app.App || other.Tenant == p.app.Tenant && strings.EqualFold(other.Name, p.app.Name) {
			s.wrong(p.path, fmt.Sprintf("another app is called %q or has its id", p.app.Name), "give it a name of its own")
			return false
		}
	}
	return true
}

func (s *survey) app(ctx context.Context, path string, d App) (*pending, error) {
	key, fine := s.guid(path+".id", d.ID)
	owner, found, err := s.organisation(ctx, path+".owner", d.Owner)
	if err != nil || !found || !fine {
		return nil, err
	}
	p := &pending{path: path, declared: d}
	if err := s.find(ctx, p, owner.ID, id.App(key)); err != nil {
		return nil, err
	}
	if p.app = p.has.Application; !p.found {
		if key == "" {
			key = s.rooms.Source.NewGUID()
		}
		p.app = application.Application{
			App: id.App(key), Tenant: owner.ID, ID: id.Object(s.rooms.Source.NewGUID()), Audience: application.OneTenant, TokenVersion: 1,
			Publisher: owner.Name, PublisherDomain: owner.DefaultDomain(),
		}
	}
	if p.app.Tenant != owner.ID {
		s.wrong(path+".owner", "is another organisation than the one that has registered the app", "an app stays where it is")
		return nil, nil
	}
	s.shape(path, &p.app, d)
	return p, s.rules(path, p.app.Check())
}

// find looks for the app in the store: by its id, or by its owner and name.
func (s *survey) find(ctx context.Context, p *pending, owner id.Tenant, key id.App) error {
	if key != "" {
		a, err := s.rooms.Apps.Find(ctx, key)
		if fault.Has(err, fault.AppUnknown) {
			return nil
		}
		if err != nil {
			return err
		}
		p.found = true
		p.has, err = s.rooms.Apps.OwnedBy(ctx, a.Tenant, key)
		return err
	}
	list, err := s.rooms.Apps.Owned(ctx, owner)
	for _, o := range list {
		if o.Application.Name == p.declared.Name && !o.Application.FirstParty {
			p.has, p.found = o, true
		}
	}
	return err
}

func (s *survey) shape(path string, a *application.Application, d App) {
	said(&a.Name, d.Name)
	said(&a.Publisher, d.Publisher)
	said(&a.PublisherDomain, d.PublisherDomain)
	decided(&a.Verified, d.Verified)
	said(&a.Purpose, d.Purpose)
	chosen(s, path+".audience", &a.Audience, d.Audience, map[string]application.Audience{
		"one-tenant": application.OneTenant, "any-tenant": application.AnyTenant, "any-account": application.AnyAccount, "personal": application.OnlyPersonal,
	})
	said(&a.HomeURL, d.HomeURL)
	decided(&a.Public, d.Public)
	decided(&a.HybridIDTokens, d.HybridIDTokens)
	decided(&a.Disabled, d.Disabled)
	if d.Identifiers != nil {
		a.Identifiers = d.Identifiers
	}
	if d.Redirects == nil {
		return
	}
	a.Redirects = nil
	for i, r := range d.Redirects {
		redirect := application.Redirect{URI: r.URI, Platform: application.Web}
		chosen(s, at(path+".redirects", i)+".platform", &redirect.Platform, r.Platform, map[string]application.Platform{
			"web": application.Web, "spa": application.Browser, "native": application.Native,
		})
		a.Redirects = append(a.Redirects, redirect)
	}
}

// finish reads what an app says of others, and notes its step.
func (s *survey) finish(ctx context.Context, p *pending) error {
	if p.declared.Absent {
		if p.found {
			s.steps = append(s.steps, Step{Verb: Remove, Kind: "app", Name: p.app.Name, do: alone(func(ctx context.Context) error {
				return s.rooms.Apps.Delete(ctx, s.as(p.app.Tenant), p.app.App)
			})})
		}
		return nil
	}
	if p.declared.Permissions != nil {
		p.app.Required = nil
		for i, access := range p.declared.Permissions {
			required, found, err := s.required(ctx, at(p.path+".permissions", i), access)
			if err != nil {
				return err
			}
			if found {
				p.app.Required = append(p.app.Required, required)
			}
		}
	}
	proofs, err := s.proofs(p)
	if err != nil {
		return err
	}
	consents, err := s.consents(ctx, p)
	if err != nil {
		return err
	}
	var before facts
	if p.found {
		before = appFacts(p.has.Application)
	}
	after := appFacts(p.app)
	differs := len(differences(before, after)) > 0
	for _, more := range append(proofs, consents...) {
		if before != nil {
			before = append(before, more.name, more.from)
		}
		after = append(after, more.name, more.to)
	}
	s.step("app", p.app.Name, before, after, func(ctx context.Context) ([]Made, error) {
		var made []Made
		if differs {
			if err := s.rooms.Apps.Declare(ctx, s.by, p.app); err != nil {
				return nil, err
			}
		}
		for _, more := range append(proofs, consents...) {
			m, err := more.do(ctx)
			if err != nil {
				return made, err
			}
			made = append(made, m...)
		}
		return made, nil
	})
	return nil
}

// resource finds an API by name, id or identifier.
func (s *survey) resource(ctx context.Context, path, name string) (application.Application, bool, error) {
	var names []string
	for _, a := range s.registrations {
		if strings.EqualFold(a.Name, name) || strings.EqualFold(string(a.App), name) || slices.Contains(a.Identifiers, name) {
			return a, true, nil
		}
		if len(a.Scopes)+len(a.Roles) > 0 {
			names = append(names, a.Name)
		}
	}
	if name == "" {
		s.wrong(path, "is missing", "name one of "+strings.Join(names, ", "))
		return application.Application{}, false, nil
	}
	a, err := s.rooms.Apps.Identified(ctx, name)
	if fault.Has(err, fault.ResourceUnknown) {
		s.wrong(path, fmt.Sprintf("there is no API %q", name), DidYouMean(name, names))
		return a, false, nil
	}
	return a, err == nil, err
}

func (s *survey) required(ctx context.Context, path string, d Access) (application.Required, bool, error) {
	api, found, err := s.resource(ctx, path+".api", d.API)
	if err != nil || !found {
		return application.Required{}, false, err
	}
	r := application.Required{Resource: api.App}
	r.Scopes = s.permissions(path+".scopes", api.Name, d.Scopes, api.Scopes)
	r.Roles = s.permissions(path+".roles", api.Name, d.Roles, api.Roles)
	return r, true, nil
}

func (s *survey) permissions(path, api string, names []string, offered []application.Permission) []string {
	var list, known []string
	for _, p := range offered {
		known = append(known, p.Name)
	}
	for i, name := range names {
		k := slices.IndexFunc(known, func(k string) bool { return strings.EqualFold(k, name) })
		if k < 0 {
			s.wrong(at(path, i), fmt.Sprintf("%s offers no permission %q of this kind", api, name), DidYouMean(name, known))
			continue
		}
		list = append(list, known[k])
	}
	return list
}

func appFacts(a application.Application) facts {
	var redirects, required []string
	for _, r := range a.Redirects {
		redirects = append(redirects, r.URI+" ("+string(r.Platform)+")")
	}
	for _, r := range a.Required {
		required = append(required, string(r.Resource)+": "+strings.Join(append(slices.Clone(r.Scopes), r.Roles...), " "))
	}
	var offers []string
	for _, p := range append(slices.Clone(a.Scopes), a.Roles...) {
		offers = append(offers, p.Name)
	}
	return facts{
		"id", string(a.App), "name", a.Name, "publisher", a.Publisher, "publisherDomain", a.PublisherDomain, "verified", yesNo(a.Verified),
		"purpose", a.Purpose, "audience", string(a.Audience), "homeURL", a.HomeURL, "public", yesNo(a.Public),
		"hybridIDTokens", yesNo(a.HybridIDTokens), "disabled", yesNo(a.Disabled), "redirects", strings.Join(redirects, ", "),
		"identifiers", strings.Join(a.Identifiers, ", "), "permissions", strings.Join(required, "; "), "offers", strings.Join(offers, " "),
	}
}
