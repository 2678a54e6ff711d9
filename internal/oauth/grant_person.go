package oauth

import (
	"context"
	"strings"

	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/tenant"
	"github.com/entente-id/entente/internal/token"
)

// redeemCode is grant_type=authorization_code.
func (e *Edge) redeemCode(ctx context.Context, x exchange) (answer, error) {
	code, err := x.form.Need("code")
	if err != nil {
		return answer{}, err
	}
	g, err := e.rooms.Families.Open(code, x.client)
	if err != nil {
		return answer{}, err
	}
	if err := checkCode(x, &g); err != nil {
		// Whoever has the code but not what belongs to it is not the one it
		// was made for; the code must not serve a second guess (row R31).
		if burnErr := e.rooms.Families.Burn(ctx, code, g); burnErr != nil {
			return answer{}, burnErr
		}
		return answer{}, err
	}
	h, p, err := e.entitled(ctx, x, g)
	if err != nil {
		return answer{}, err
	}
	// MSAL Go asks for offline_access here and not at the authorize address;
	// no page asks the person for it apart from the rest.
	g.Offline = g.Offline || p.wanted.Offline
	p.nonce = g.Nonce
	if p.refresh, err = e.rooms.Families.Redeem(ctx, code, g, token.Use{Client: x.client, Key: x.key}); err != nil {
		return answer{}, err
	}
	p.family, p.code = token.FamilyOf(p.refresh), token.CodeOf(code)
	return e.answerPerson(ctx, x, h, g, p)
}

// checkCode compares a redemption with the request that the code came from, and
// binds what it gives to the key of the redemption.
func checkCode(x exchange, g *token.Grant) error {
	if !x.authority.Generic() && x.authority.Tenant.ID != g.Home {
		return fault.New(fault.CodeOtherTenant, "tenant", x.Segment)
	}
	redirect := x.form.Get("redirect_uri")
	switch {
	case redirect == "" && g.RedirectGiven:
		return fault.New(fault.ParameterMissing, "parameter", "redirect_uri")
	case redirect != "" && strings.TrimSuffix(redirect, "/") != strings.TrimSuffix(g.RedirectURI, "/"):
		return fault.New(fault.RedirectMismatch, "app", x.client.Application().Name, "redirect_uri", tenant.Shorten(redirect))
	case g.Browser && x.origin == "":
		return fault.New(fault.OriginRequired)
	case !g.Browser && x.origin != "" && x.origin != "null":
		return fault.New(fault.OriginForbidden)
	}
	if err := g.CheckVerifier(x.form.Get("code_verifier")); err != nil {
		return err
	}
	return x.holds(g)
}

// refresh is grant_type=refresh_token: for any resource that was allowed, at
// any tenant where the person may act (secure-application-model.md 2.4).
func (e *Edge) refresh(ctx context.Context, x exchange) (answer, error) {
	text, err := x.form.Need("refresh_token")
	if err != nil {
		return answer{}, err
	}
	held, err := e.rooms.Families.Find(ctx, text, x.client.Application().App)
	if err != nil {
		return answer{}, err
	}
	g := held.Grant()
	if err := x.holds(&g); err != nil {
		return answer{}, err
	}
	h, p, err := e.entitled(ctx, x, g)
	if err != nil {
		return answer{}, err
	}
	used, err := e.rooms.Families.Use(ctx, held, token.Use{Client: x.client, Key: x.key})
	if err != nil {
		return answer{}, err
	}
	p.refresh, p.family = used.Refresh, held.Family()
	return e.answerPerson(ctx, x, h, g, p)
}

// entitled checks, before anything is spent, who stands behind a grant now and
// what the application may have for them.
func (e *Edge) entitled(ctx context.Context, x exchange, g token.Grant) (holder, person, error) {
	var p person
	var err error
	if p.wanted, err = e.wanted(ctx, x, g); err != nil {
		return holder{}, p, err
	}
	if err := x.asked.fits(x.client.Application().Name, g.AuthAt, g.FactorAt); err != nil {
		return holder{}, p, err
	}
	h, err := e.holder(ctx, x.authority, g)
	if err != nil {
		return h, p, err
	}
	p.resource, p.scopes, err = e.resource(ctx, x, h, p.wanted)
	return h, p, err
}

// wanted reads what a redemption asks for: its own words, or those of the
// request that the grant came from.
func (e *Edge) wanted(ctx context.Context, x exchange, g token.Grant) (application.Wanted, error) {
	if x.Version == 1 {
		name := x.form.Get("resource")
		if name == "" {
			name = g.Resource
		}
		w, err := e.rooms.Apps.WantedByResource(ctx, name)
		return application.Wanted{OpenID: true, Profile: true, Offline: true, Resources: []application.WantedResource{w}}, err
	}
	if err := x.target(); err != nil {
		return application.Wanted{}, err
	}
	scope, resource := x.form.Get("scope"), x.form.Get("resource")
	if scope == "" && resource == "" {
		resource = g.Resource
	}
	if scope == "" {
		scope = g.Scope
	}
	if scope == "" && resource == "" {
		// A v1 grant that is redeemed here without a word about scopes.
		scope = "openid profile offline_access " + application.GraphApp + "/.default"
	}
	return e.rooms.Apps.WantedAt(ctx, scope, resource)
}

// target refuses the resource parameter on v2 where the Microsoft platform's
// own rules are wished for.
func (x exchange) target() error {
	if x.form.Has("resource") && x.client.Application().StrictMicrosoft {
		return fault.New(fault.ResourceOnV2, "parameter", "resource")
	}
	return nil
}

// resource is the one that the token is for: the first that was named, or the
// directory, where only the scopes of OpenID Connect were.
func (e *Edge) resource(ctx context.Context, x exchange, h holder, w application.Wanted) (application.WantedResource, []string, error) {
	if len(w.Resources) > 0 {
		scopes, err := e.allowed(ctx, x, h, w.Resources[0])
		return w.Resources[0], scopes, err
	}
	r, err := e.rooms.Apps.WantedByResource(ctx, "")
	return r, openID(w), err
}

func openID(w application.Wanted) []string {
	var list []string
	for _, s := range []struct {
		asked bool
		name  string
	}{{w.OpenID, "openid"}, {w.Profile, "profile"}, {w.Email, "email"}} {
		if s.asked {
			list = append(list, s.name)
		}
	}
	return list
}

// person is what a grant hands to the common end of the user grants.
type person struct {
	wanted   application.Wanted
	resource application.WantedResource
	scopes   []string
	refresh  string
	// family is the one that the refresh token belongs to.
	family string
	// code names the one that was redeemed, "" for none.
	code  string
	nonce string
}

// answerPerson mints the tokens. Everything is decided and durable by now.
func (e *Edge) answerPerson(ctx context.Context, x exchange, h holder, g token.Grant, p person) (answer, error) {
	granted := p.scopes
	if p.resource.Resource.App == application.GraphApp && len(p.wanted.Resources) > 0 {
		granted = append(openID(p.wanted), p.scopes...)
	}
	access, err := e.mint(ctx, x, h, g, p, granted)
	if err != nil {
		return answer{}, err
	}
	a := answer{access: access, resource: p.resource.Audience, refresh: p.refresh}
	if x.Version == 2 && !p.wanted.Offline {
		a.refresh = ""
	}
	a.scope = echo(x.Version, p)
	if x.Version == 1 || p.wanted.OpenID {
		a.idToken, err = e.rooms.Issuer.IDToken(ctx, token.Identity{
			Tenant: h.tenant, Client: x.client.Application(), Person: h.person, Grant: g, Version: x.Version,
			Profile: p.wanted.Profile, Email: p.wanted.Email, Nonce: p.nonce, AccessToken: access.Text,
		})
		if err != nil {
			return answer{}, err
		}
	}
	if x.Version == 1 || x.form.Get("client_info") == "1" {
		a.clientInfo = token.ClientInfo(g.Home, g.Account)
	}
	return a, nil
}

// echo is the scope of the answer: v1 the permissions themselves, v2 the
// scopes as the client typed them, or MSAL Go and azidentity fail
// (DESIGN 4.17).
func echo(version int, p person) string {
	if version == 1 {
		return strings.Join(p.scopes, " ")
	}
	if p.resource.Default && len(p.resource.Typed) == 0 && len(p.wanted.Resources) > 0 {
		// Only the resource parameter was typed, so the permissions themselves
		// are told (RFC 6749 3.3).
		return strings.Join(append(append([]string{}, p.scopes...), openID(p.wanted)...), " ")
	}
	return strings.Join(append(append([]string{}, p.resource.Typed...), openID(p.wanted)...), " ")
}
