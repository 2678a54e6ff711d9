package oauth

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/dialect"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/policy"
	"github.com/entente-id/entente/internal/signin"
	"github.com/entente-id/entente/internal/tenant"
	"github.com/entente-id/entente/internal/token"
)

// exchange is one request at the token endpoint, after the phases that every
// grant shares: form, authority, client.
type exchange struct {
	dialect.Call
	form      dialect.Form
	authority tenant.Authority
	client    application.Authenticated
	// asked is what the claims parameter asks for.
	asked asked
	// jkt is the key that the client proved to hold, "" for none.
	jkt string
	// key is the Idempotency-Key of the request.
	key string
	// from is the network address that asks.
	from string
	// origin is the page that a browser's script runs on, "" elsewhere.
	origin string
}

// grants are the hooks of the token endpoint.
var grants = map[string]func(*Edge, context.Context, exchange) (answer, error){
	"authorization_code": (*Edge).redeemCode,
	"refresh_token":      (*Edge).refresh,
	"client_credentials": (*Edge).clientCredentials,
	"password":           (*Edge).password,
	// MSAL Go and MSAL Node send the short name (identity-platform.md 0, rule 13).
	"device_code":         (*Edge).pollDevice,
	dialect.DeviceGrant:   (*Edge).pollDevice,
	dialect.OnBehalfGrant: (*Edge).onBehalf,
}

// token serves the token endpoint.
func (e *Edge) token(w http.ResponseWriter, r *http.Request, c dialect.Call) {
	about := signin.About{Step: "token", CorrelationID: c.Correlation, TraceID: c.Trace}
	x, err := e.prepare(w, r, c, &about)
	if err == nil {
		var a answer
		if a, err = grants[x.form.Get("grant_type")](e, r.Context(), x); err == nil {
			e.allowOrigin(w, x)
			a.write(w, c.Version)
			return
		}
	}
	if x.origin != "" {
		e.allowOrigin(w, x)
	}
	e.speaker.Fail(w, r, x.Call, err, about)
}

// prepare runs the shared phases. A grant cannot forget one.
func (e *Edge) prepare(w http.ResponseWriter, r *http.Request, c dialect.Call, about *signin.About) (exchange, error) {
	x := exchange{Call: c, from: remote(r), key: r.Header.Get("Idempotency-Key"), origin: r.Header.Get("Origin")}
	var err error
	if x.form, err = dialect.Body(w, r); err != nil {
		return x, err
	}
	grant, err := x.form.Need("grant_type")
	if err != nil {
		return x, err
	}
	if grants[grant] == nil {
		return x, fault.New(fault.UnsupportedGrant, "grant", tenant.Shorten(grant))
	}
	if x.jkt, err = e.possession(w, r); err != nil {
		return x, err
	}
	x.OnBehalf = grant == dialect.OnBehalfGrant
	if x.asked, err = readClaims(x.form.Get("claims")); err != nil {
		return x, err
	}
	if x.authority, err = e.rooms.Tenants.Authority(r.Context(), c.Segment); err != nil {
		return x, err
	}
	about.Tenant = x.authority.Tenant.ID
	proof, err := e.proof(r, x)
	if err != nil {
		return x, err
	}
	about.App = proof.App
	x.client, err = e.rooms.Apps.Authenticate(r.Context(), proof)
	if fault.Has(err, fault.AppUnknown) {
		// The token endpoint has a word of its own for this (recorded 2026).
		err = fault.New(fault.NotAnApp, "app", string(proof.App))
	}
	if err != nil {
		return x, err
	}
	about.AppName = x.client.Application().Name
	return x, serves(x.client.Application(), x.authority)
}

// proof reads what the client sent to prove itself: in the body, or as HTTP
// Basic with form-encoded parts (RFC 6749 2.3.1). Not both.
func (e *Edge) proof(r *http.Request, x exchange) (application.Proof, error) {
	p := application.Proof{Secret: x.form.Get("client_secret"), Assertion: x.form.Get("client_assertion")}
	name := x.form.Get("client_id")
	if user, password, ok := r.BasicAuth(); ok {
		if p.Secret != "" || p.Assertion != "" {
			return p, fault.New(fault.RequestMalformed, "parameter", "Authorization", "rule", "one way of client authentication")
		}
		basicName, nameErr := url.QueryUnescape(user)
		secret, secretErr := url.QueryUnescape(password)
		if nameErr != nil || secretErr != nil {
			return p, fault.New(fault.RequestMalformed, "parameter", "Authorization", "rule", "form-encoded user name and password")
		}
		if name != "" && !strings.EqualFold(name, basicName) {
			return p, fault.New(fault.RequestMalformed, "parameter", "client_id", "rule", "the user name of the Authorization header")
		}
		name, p.Secret = basicName, secret
	}
	if p.Assertion != "" {
		const kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
		if x.form.Get("client_assertion_type") != kind {
			return p, fault.New(fault.RequestMalformed, "parameter", "client_assertion_type", "rule", kind)
		}
		p.Audiences = e.audiences(x)
	}
	if name == "" {
		return p, fault.New(fault.ParameterMissing, "parameter", "client_id")
	}
	var err error
	p.App, err = application.AppOf(x.authority.Tenant, name)
	return p, err
}

// audiences are the names by which an assertion may call this endpoint: v1 and
// v2, by the segment as typed, by GUID and by domain, and the issuers
// (identity-platform.md 0, rule 19).
func (e *Edge) audiences(x exchange) []string {
	segments := []string{x.Segment}
	if !x.authority.Generic() {
		segments = append(segments, string(x.authority.Tenant.ID), x.authority.Tenant.DefaultDomain())
	}
	var list []string
	for _, s := range segments {
		root := e.speaker.Origin() + "/" + s
		list = append(list, root+"/oauth2/token", root+"/oauth2/v2.0/token", root+"/oauth2/v2.0/par", root+"/v2.0", root+"/")
	}
	return append(list, token.IssuerV1(x.authority.Tenant.ID))
}

// allowOrigin lets the page of a browser application read the answer, if the
// application has registered an address there.
func (e *Edge) allowOrigin(w http.ResponseWriter, x exchange) {
	if x.origin == "" {
		return
	}
	for _, redirect := range x.client.Application().Redirects {
		if redirect.Platform == application.Browser && origin(redirect.URI) == x.origin {
			w.Header().Set("Access-Control-Allow-Origin", x.origin)
			w.Header().Set("Access-Control-Expose-Headers", nonceHeader)
			w.Header().Add("Vary", "Origin")
			return
		}
	}
}

// answer is a success of the token endpoint.
type answer struct {
	access     token.Minted
	resource   string
	scope      string
	refresh    string
	idToken    string
	clientInfo string
}

// write renders a success: numbers in v2, the same as strings in v1
// (identity-platform.md 2.2).
func (a answer) write(w http.ResponseWriter, version int) {
	life := int64(a.access.Expires.Sub(a.access.NotBefore) / time.Second)
	body := struct {
		TokenType    string `json:"token_type"`
		Scope        string `json:"scope,omitempty"`
		ExpiresIn    any    `json:"expires_in"`
		ExtExpiresIn any    `json:"ext_expires_in"`
		RefreshIn    any    `json:"refresh_in,omitempty"`
		ExpiresOn    string `json:"expires_on,omitempty"`
		NotBefore    string `json:"not_before,omitempty"`
		Resource     string `json:"resource,omitempty"`
		AccessToken  string `json:"access_token"`
		RefreshToken string `json:"refresh_token,omitempty"`
		IDToken      string `json:"id_token,omitempty"`
		ClientInfo   string `json:"client_info,omitempty"`
	}{
		TokenType: "Bearer", Scope: a.scope, ExpiresIn: life, ExtExpiresIn: life,
		AccessToken: a.access.Text, RefreshToken: a.refresh, IDToken: a.idToken, ClientInfo: a.clientInfo,
	}
	if a.access.JKT != "" {
		body.TokenType = "DPoP"
	}
	if a.access.Long {
		// Whoever asks at half time has the next one in good time
		// (identity-platform.md 2.2).
		body.RefreshIn = life / 2
	}
	if version == 1 {
		if a.access.Long {
			body.RefreshIn = strconv.FormatInt(life/2, 10)
		}
		text := strconv.FormatInt(life, 10)
		body.ExpiresIn, body.ExtExpiresIn = text, text
		body.ExpiresOn = fmt.Sprint(a.access.Expires.Unix())
		// v1 begins five minutes early, for clients whose clock is slow.
		body.NotBefore = fmt.Sprint(a.access.NotBefore.Add(-5 * time.Minute).Unix())
		body.Resource = a.resource
	}
	dialect.WriteJSON(w, http.StatusOK, body)
}

// holder is the person behind a code or refresh token, looked at again, and
// the tenant that a token is about to be made for.
type holder struct {
	tenant tenant.Tenant
	person token.Person
}

// holder re-checks what may have changed since the sign-in: the account, the
// organisation, its rules, and the right to act in another one (row R59).
func (e *Edge) holder(ctx context.Context, authority tenant.Authority, g token.Grant) (holder, error) {
	person, err := e.rooms.People.Find(ctx, g.Home, g.Account)
	if err != nil {
		return holder{}, err
	}
	if person.Disabled {
		return holder{}, fault.New(fault.AccountDisabled)
	}
	if g.AuthAt.Before(person.SessionsFrom) {
		return holder{}, fault.New(fault.GrantRevoked, "actor", "your organisation", "date", person.SessionsFrom.Format("2006-01-02"))
	}
	home, err := e.rooms.Tenants.Find(ctx, g.Home)
	if err != nil {
		return holder{}, err
	}
	if home.Disabled {
		return holder{}, fault.New(fault.TenantUnknown, "tenant", home.DefaultDomain())
	}
	if !policy.StillGood(policy.Facts{Tenant: home, Person: person, SecondFactorAt: g.FactorAt}) {
		return holder{}, fault.New(fault.SecondFactorRequired)
	}
	if err := e.assigned(ctx, g); err != nil {
		return holder{}, err
	}
	if authority.Admits(g.Home) {
		return holder{home, token.Member(person)}, nil
	}
	if authority.Generic() || authority.Audience == tenant.OnlyPersonal {
		return holder{}, fault.New(fault.ForeignAccount, "organisation", authority.Segment)
	}
	at := authority.Tenant
	delegation, err := e.rooms.Customers.Delegation(ctx, person, at.ID)
	if err != nil {
		return holder{}, err
	}
	if at.Settings.BlockPartners {
		return holder{}, fault.New(fault.BlockedByPolicy, "organisation", at.Name)
	}
	return holder{at, e.rooms.Issuer.Visitor(person, at.ID, delegation.Roles)}, nil
}

// assigned checks that the person's organisation still opens the application
// to them.
func (e *Edge) assigned(ctx context.Context, g token.Grant) error {
	principal, err := e.rooms.Apps.Principal(ctx, g.Home, g.Client)
	if fault.Has(err, fault.AppNotInTenant) {
		return nil
	}
	if err != nil {
		return err
	}
	open, err := e.rooms.Apps.Admits(ctx, principal, g.Account)
	if err == nil && !open {
		return fault.New(fault.NotAssigned, "app", string(g.Client))
	}
	return err
}

// mint makes the access token for a person, after consent has been checked.
func (e *Edge) mint(ctx context.Context, x exchange, h holder, g token.Grant, p person, scopes []string) (token.Minted, error) {
	return e.rooms.Issuer.AccessToken(ctx, token.Access{
		Tenant: h.tenant, Client: x.client, Resource: p.resource.Resource, Audience: p.resource.Audience, Person: &h.person, Scopes: scopes,
		Grant: g, Family: p.family, Code: p.code, Capable: x.asked.Capable, JKT: x.jkt,
	})
}

// allowed checks that the application may act for the person at a resource in
// the tenant, and gives the permissions.
func (e *Edge) allowed(ctx context.Context, x exchange, h holder, w application.WantedResource) ([]string, error) {
	client := x.client.Application()
	scopes, ok, err := e.rooms.Consents.Covers(ctx, h.tenant.ID, client, h.person.ObjectID, w)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, fault.New(fault.ConsentMissing, "app", client.Name, "id", string(client.App), "organisation", h.tenant.Name)
	}
	return scopes, nil
}
