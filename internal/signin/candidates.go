package signin

import (
	"context"
	"strings"
	"time"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/credential"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/session"
	"github.com/entente-id/entente/internal/tenant"
)

// candidates are the signed-in people who could go on with a request, newest
// first.
func (j *Journeys) candidates(ctx context.Context, s session.Session, r Request, authority tenant.Authority) []session.Signed {
	if r.Prompt == "login" {
		return nil
	}
	expected := j.expected(ctx, r.DomainHint)
	var list []session.Signed
	for _, p := range s.People {
		personal := p.Home == id.Consumers
		if !expected(p.Home) {
			continue
		}
		if !authority.Admits(p.Home) || (personal && !r.Personal) || (!personal && !r.Work) {
			continue
		}
		if r.MaxAge >= 0 && j.source.Now().Sub(p.AuthAt) > time.Duration(r.MaxAge)*time.Second {
			continue
		}
		if r.Subject != "" && r.Subject != j.issuer.Subject(p.Home, p.Account, r.Client) {
			continue
		}
		if r.LoginHint != "" && account.FoldName(r.LoginHint) != account.FoldName(p.SignInName) {
			continue
		}
		list = append(list, p)
	}
	return list
}

// expected reads a domain hint: a verified domain, "organizations" or
// "consumers" (identity-platform.md 1.6). One that says nothing to us admits
// everybody, for it is only a hint.
func (j *Journeys) expected(ctx context.Context, hint string) func(id.Tenant) bool {
	switch strings.ToLower(hint) {
	case "organizations":
		return func(home id.Tenant) bool { return home != id.Consumers }
	case "consumers", "live.com":
		return func(home id.Tenant) bool { return home == id.Consumers }
	}
	if owner, err := j.tenants.Named(ctx, hint); err == nil {
		return func(home id.Tenant) bool { return home == owner.ID }
	}
	return func(id.Tenant) bool { return true }
}

// recognise remembers a browser as a device of a person, and tells the person
// when it is not their first one. It gives the cookie's value when it is new.
func (j *Journeys) recognise(ctx context.Context, b session.Browser, person account.Account) (string, error) {
	owner := credential.Owner{Tenant: person.Tenant, Account: person.ID}
	known, err := j.safe.KnowsDevice(ctx, owner, b.Device)
	if err != nil || known {
		return "", err
	}
	secret, cookie := b.Device, ""
	if secret == "" {
		secret = j.source.Secret()
		cookie = secret
	}
	others, err := j.safe.AddDevice(ctx, owner, secret, b.Family)
	if err != nil || !others {
		return cookie, err
	}
	return cookie, j.notice(ctx, person, "new-device")
}
