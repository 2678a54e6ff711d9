package declaration

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/consent"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/tenant"
)

// extra is something that an app gets beside what it says of itself.
type extra struct {
	name, from, to string
	do             func(ctx context.Context) ([]Made, error)
}

// proofs are the credentials that an app lacks. None is taken away: what is in
// use elsewhere is rotated by adding.
func (s *survey) proofs(p *pending) ([]extra, error) {
	if p.app.Public && len(p.declared.Secrets)+len(p.declared.Certificates)+len(p.declared.Federated) > 0 {
		s.wrong(p.path+".public", "must be false for an app with secrets, certificates or federated credentials", "public clients keep no credential")
	}
	by := s.as(p.app.Tenant)
	var list []extra
	for i, name := range p.declared.Secrets {
		name = strings.TrimSpace(name)
		if name == "" || len(name) > 100 {
			s.wrong(at(p.path+".secrets", i), "must be a name of 1 to 100 characters", "the secret itself is made for you")
			continue
		}
		live := func(c application.Credential) bool {
			return c.SecretHash != nil && c.Name == name && s.rooms.Source.Now().Before(c.Expires)
		}
		if slices.ContainsFunc(p.has.Credentials, live) {
			continue
		}
		list = append(list, extra{"secret " + name, "", "made and told once", func(ctx context.Context) ([]Made, error) {
			text, c, err := s.rooms.Apps.AddSecret(ctx, by, p.app.App, name)
			return []Made{{Kind: "secret", For: p.app.Name, Name: name, Value: text, Until: c.Expires}}, err
		}})
	}
	for i, text := range p.declared.Certificates {
		more, err := s.certificate(at(p.path+".certificates", i), p, text)
		if err != nil {
			return nil, err
		}
		list = append(list, more...)
	}
	for i, d := range p.declared.Federated {
		more, err := s.federated(at(p.path+".federated", i), p, d)
		if err != nil {
			return nil, err
		}
		list = append(list, more...)
	}
	return list, nil
}

func (s *survey) certificate(path string, p *pending, text string) ([]extra, error) {
	parsed, err := s.rooms.Apps.ReadCertificate(text)
	if err != nil {
		f := fault.Of(err)
		if f.Code != fault.InputInvalid {
			return nil, err
		}
		s.wrong(path, "must be "+f.Facts["rule"], "")
		return nil, nil
	}
	if slices.ContainsFunc(p.has.Credentials, func(c application.Credential) bool { return bytes.Equal(c.Certificate, parsed.Raw) }) {
		return nil, nil
	}
	return []extra{{"certificate " + parsed.Subject.CommonName, "", fmt.Sprintf("until %s", parsed.NotAfter.Format("2006-01-02")), alone(func(ctx context.Context) error {
		_, err := s.rooms.Apps.AddCertificate(ctx, s.as(p.app.Tenant), p.app.App, text)
		return err
	})}}, nil
}

func (s *survey) federated(path string, p *pending, d Federated) ([]extra, error) {
	trust := application.Trust{Issuer: d.Issuer, Subject: d.Subject, Audiences: d.Audiences}
	if trust.Audiences == nil {
		trust.Audiences = []string{application.TokenExchange}
	}
	if err := trust.Check(); err != nil {
		return nil, s.rules(path, err)
	}
	if strings.TrimSpace(d.Name) == "" || len(d.Name) > 100 {
		s.wrong(path+".name", "must be a name of 1 to 100 characters", "")
		return nil, nil
	}
	say := func(t application.Trust) string {
		return t.Issuer + " " + t.Subject + " " + strings.Join(t.Audiences, " ")
	}
	var former id.Object
	from := ""
	for _, c := range p.has.Credentials {
		if c.Trust != nil && c.Name == strings.TrimSpace(d.Name) {
			former, from = c.ID, say(*c.Trust)
		}
	}
	if from == say(trust) {
		return nil, nil
	}
	return []extra{{"federated " + d.Name, from, say(trust), alone(func(ctx context.Context) error {
		by := s.as(p.app.Tenant)
		if former != "" {
			if err := s.rooms.Apps.RemoveCredential(ctx, by, p.app.App, former); err != nil {
				return err
			}
		}
		_, err := s.rooms.Apps.AddFederated(ctx, by, p.app.App, d.Name, trust)
		return err
	})}}, nil
}

// consents are what organisations allow an app beyond what they allow already.
func (s *survey) consents(ctx context.Context, p *pending) ([]extra, error) {
	var list []extra
	for i, name := range p.declared.ConsentedBy {
		home, found, err := s.organisation(ctx, at(p.path+".consentedBy", i), name)
		if err != nil {
			return nil, err
		}
		if !found {
			continue
		}
		if home.ID != p.app.Tenant && p.app.Audience == application.OneTenant {
			s.wrong(at(p.path+".consentedBy", i), "is another organisation than the app's only one", "audience: any-tenant")
			continue
		}
		more, err := s.consent(ctx, p, home)
		if err != nil {
			return nil, err
		}
		list = append(list, more...)
	}
	return list, nil
}

func (s *survey) consent(ctx context.Context, p *pending, home tenant.Tenant) ([]extra, error) {
	allowed, err := s.rooms.Consents.Allowed(ctx, home.ID, p.app.App, "")
	if err != nil {
		return nil, err
	}
	var asked []consent.Asked
	var lacking []string
	alone := map[id.App][]string{}
	for _, r := range p.app.Required {
		api, found, err := s.resource(ctx, p.path+".permissions", string(r.Resource))
		if err != nil {
			return nil, err
		}
		if !found {
			continue
		}
		if missing := without(r.Scopes, allowed.At(r.Resource)); len(missing) > 0 {
			asked = append(asked, consent.Asked{Resource: api, Scopes: missing})
			lacking = append(lacking, missing...)
		}
		held, err := s.rooms.Consents.AppRoles(ctx, home.ID, p.app.App, r.Resource)
		if err != nil {
			return nil, err
		}
		if missing := without(r.Roles, held); len(missing) > 0 {
			alone[r.Resource] = missing
			lacking = append(lacking, missing...)
		}
	}
	if len(lacking) == 0 {
		return nil, nil
	}
	return []extra{{"consent of " + home.DefaultDomain(), "", strings.Join(lacking, " "), func(ctx context.Context) ([]Made, error) {
		by := s.as(home.ID)
		by.App = p.app.App
		if len(asked) > 0 {
			if err := s.rooms.Consents.Give(ctx, by, p.app.App, asked, true); err != nil {
				return nil, err
			}
		}
		for _, r := range p.app.Required {
			roles := alone[r.Resource]
			if len(roles) == 0 {
				continue
			}
			if _, err := s.rooms.Apps.Enrol(ctx, home.ID, p.app.App); err != nil {
				return nil, err
			}
			if err := s.rooms.Consents.GiveAppRoles(ctx, by, p.app.App, r.Resource, roles); err != nil {
				return nil, err
			}
		}
		return nil, nil
	}}}, nil
}

// without gives what is wanted and not there.
func without(wanted, have []string) []string {
	return slices.DeleteFunc(slices.Clone(wanted), func(w string) bool { return slices.Contains(have, w) })
}
