package sam

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/entente-id/entente/sam/cloud"
	"github.com/entente-id/entente/sam/secret"
	"github.com/entente-id/entente/sam/vault"
)

// Consent is how a person lets an application work for their company: once, in a
// browser, with a second factor. What comes of it is kept in the vault.
type Consent struct {
	Cloud      cloud.Cloud
	ClientID   string
	Credential cloud.Credential
	Vault      vault.Vault
	HTTP       *http.Client // nil means a plain client

	Tenant    string // the partner's tenant, by id or domain; empty lets the person's account decide
	LoginHint string // sign-in name to offer
	// Record names the consent in the vault; empty means RecordName.
	Record string
	// Resource is what is asked for first; zero means Partner Center.
	Resource cloud.Resource
	// AskMFA has the sign-in ask for a second factor by itself. Without it the
	// rules of the person's organisation decide, and a sign-in that came without
	// one is refused all the same.
	AskMFA bool

	Now    func() time.Time
	Random io.Reader
}

// RecordName is the usual name of a consent in a vault: one for each cloud,
// partner tenant and application.
func RecordName(c cloud.Cloud, tenant, clientID string) string {
	host := strings.ReplaceAll(strings.TrimPrefix(c.Authority, "https://"), ":", "-")
	clean := func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '.' || r == '-' || r == '_' {
			return r
		}
		return '-'
	}
	return strings.Map(clean, strings.ToLower(host+"_"+tenant+"_"+clientID))
}

// Pending is a consent that waits for the person. It is good for one answer.
type Pending struct {
	consent  Consent
	app      cloud.App
	tenant   string
	redirect string
	resource cloud.Resource
	state    string
	nonce    string
	verifier string

	mu   sync.Mutex
	done bool
}

// ErrNotOurs is returned by Finish for an answer that does not belong to the
// question: the pending consent goes on waiting for the right one.
var ErrNotOurs = errors.New("this answer does not belong to the sign-in that was begun")

// Begin checks that the vault can keep a consent, before anybody is bothered, and
// returns the address to open in the person's browser. The answer comes as a GET
// to redirect.
func (c Consent) Begin(ctx context.Context, redirect string) (address string, p *Pending, err error) {
	app, err := newApp(c.Cloud, c.ClientID, c.Credential, c.HTTP, c.Now, c.Random)
	if err != nil {
		return "", nil, fmt.Errorf("begin a consent: %w", err)
	}
	if c.Vault == nil {
		return "", nil, errors.New("begin a consent: there is no vault to keep it in")
	}
	if err := c.Vault.Check(ctx); err != nil {
		return "", nil, vaultTrouble("the vault could not keep a consent, so none was asked for", err)
	}
	p = &Pending{consent: c, app: app, tenant: c.Tenant, redirect: redirect}
	if p.tenant == "" {
		p.tenant = "organizations"
	}
	if p.resource = c.Resource; p.resource.Audience == "" {
		p.resource = c.Cloud.PartnerCenter()
	}
	claims := ""
	if c.AskMFA {
		claims = `{"id_token":{"amr":{"values":["mfa"]}}}`
	}
	for _, fresh := range []*string{&p.state, &p.nonce, &p.verifier} {
		if *fresh, err = draw(app.Random, 32); err != nil {
			return "", nil, fmt.Errorf("begin a consent: %w", err)
		}
	}
	return app.AuthorizeURL(cloud.Authorize{
		Tenant: p.tenant, Resource: p.resource, Redirect: redirect,
		State: p.state, Nonce: p.nonce, Verifier: p.verifier, LoginHint: c.LoginHint, Claims: claims,
	}), p, nil
}

// Finish takes the values that came to the redirect address, redeems the code,
// and keeps the consent if it was given with a second factor. Without one it
// stores nothing and returns an error that is ErrNoMFA. Values with another state
// are ErrNotOurs, and leave the consent pending.
func (p *Pending) Finish(ctx context.Context, values url.Values) (vault.Record, error) {
	if subtle.ConstantTimeCompare([]byte(values.Get("state")), []byte(p.state)) != 1 {
		return vault.Record{}, ErrNotOurs
	}
	if !p.claim() {
		return vault.Record{}, fmt.Errorf("finish a consent a second time: %w", ErrNotOurs)
	}
	issuerTenant, err := p.issuer(values)
	if err != nil {
		return vault.Record{}, err
	}
	if values.Get("error") != "" {
		return vault.Record{}, p.declined(values)
	}
	if values.Get("code") == "" {
		return vault.Record{}, &Problem{Kind: Unexpected, Message: "M34", What: "the authority's answer holds neither a code nor an error", Do: "entente partner consent"}
	}
	answer, err := p.redeem(ctx, values.Get("code"))
	if err != nil {
		return vault.Record{}, err
	}
	record, err := p.verify(answer, issuerTenant)
	if err != nil {
		return vault.Record{}, err
	}
	return p.store(ctx, record)
}

func (p *Pending) claim() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	first := !p.done
	p.done = true
	return first
}

// issuer compares who says to have answered with who was asked (RFC 9207 §2.4).
// The Microsoft clouds do not say; an Entente does.
func (p *Pending) issuer(values url.Values) (tenant string, err error) {
	if !values.Has("iss") {
		return "", nil
	}
	tenant, err = p.app.Cloud.IssuerTenant(values.Get("iss"))
	if err == nil && cloud.IsGUID(p.tenant) && !strings.EqualFold(tenant, p.tenant) {
		err = errors.New("the issuer is another tenant than was asked")
	}
	if err != nil {
		return "", &Problem{Kind: Unexpected, What: "the answer came from somebody else than was asked: " + err.Error(), Do: "entente partner consent", cause: err}
	}
	return tenant, nil
}

// declined explains an error that came instead of a code.
func (p *Pending) declined(values url.Values) error {
	refusal := cloud.RefusalFrom(values)
	if refusal.Code == "access_denied" && refusal.Number() != 90094 && refusal.Number() != 90095 {
		return &Problem{Kind: NeedsPerson, Message: "M13", What: "the sign-in was declined, and nothing was shared", Do: "entente partner consent", AADSTS: refusal.Number(), Reference: refusal.Reference, cause: refusal}
	}
	switch refusal.Number() {
	case 90094, 90095:
		return &Problem{Kind: NeedsPerson, Message: "M14", What: "IT has to approve the application " + p.app.ID + " first", Do: "ask an administrator to approve it, then: entente partner consent", AADSTS: refusal.Number(), Reference: refusal.Reference, cause: refusal}
	}
	return explain(refusal, read(refusal), place{client: p.app.ID, person: p.person()})
}

func (p *Pending) person() string {
	if p.consent.LoginHint != "" {
		return p.consent.LoginHint
	}
	return "the account"
}

// redeem trades the code. An Entente answers a repetition with the same key alike
// for a minute, so that a lost reply does not cost the person another sign-in; a
// Microsoft cloud burns the code, so there it is tried once.
func (p *Pending) redeem(ctx context.Context, code string) (cloud.Answer, error) {
	key, err := draw(p.app.Random, 24)
	if err != nil {
		return cloud.Answer{}, err
	}
	attempts := 1
	if p.app.Cloud.IsEntente() {
		attempts = 3
	}
	for attempt := 1; ; attempt++ {
		answer, err := p.app.Redeem(ctx, cloud.Redemption{
			Tenant: p.tenant, Resource: p.resource, Code: code,
			Redirect: p.redirect, Verifier: p.verifier, Key: secret.New(key),
		})
		if err == nil {
			return answer, nil
		}
		if cloud.Transient(err) && ctx.Err() == nil && attempt < attempts {
			continue
		}
		if cloud.Untrusted(err) {
			return cloud.Answer{}, untrusted(p.app.Cloud.Authority, err)
		}
		refusal, ok := errors.AsType[*cloud.Refusal](err)
		if !ok || cloud.Transient(err) {
			return cloud.Answer{}, unreachable(p.app.Cloud.Authority, err)
		}
		meaning := read(refusal)
		if meaning.about == aboutGrant {
			return cloud.Answer{}, &Problem{Kind: NeedsPerson, Message: "M35", What: "the sign-in took too long, or its answer was used twice", Do: "entente partner consent", AADSTS: refusal.Number(), Reference: refusal.Reference, cause: refusal}
		}
		return cloud.Answer{}, explain(refusal, meaning, place{client: p.app.ID, person: p.person()})
	}
}

// verify checks that the tokens are an answer to our question, and that the
// person proved a second factor. The signatures need no check: the tokens came
// from the token endpoint over TLS (OpenID Connect Core §3.1.3.7, 6).
func (p *Pending) verify(answer cloud.Answer, issuerTenant string) (vault.Record, error) {
	refuse := func(what string) (vault.Record, error) {
		return vault.Record{}, &Problem{Kind: Unexpected, Message: "M47", What: "the authority's answer does not fit the question: " + what + "; nothing was stored", Do: "entente partner consent", Reference: answer.Reference}
	}
	now := p.app.Now()
	id, err := cloud.ReadClaims(answer.ID.Reveal())
	if err != nil {
		return refuse("the ID token cannot be read")
	}
	access, err := cloud.ReadClaims(answer.Access.Reveal())
	if err != nil {
		return refuse("the access token cannot be read")
	}
	tenant, err := p.app.Cloud.IssuerTenant(id.Issuer)
	switch {
	case err != nil:
		return refuse(err.Error())
	case !strings.EqualFold(id.Tenant, tenant), issuerTenant != "" && issuerTenant != tenant,
		cloud.IsGUID(p.tenant) && !strings.EqualFold(p.tenant, tenant):
		return refuse("it is for another tenant")
	case len(id.Audience) != 1 || !strings.EqualFold(id.Audience[0], p.app.ID):
		return refuse("the ID token is for another application")
	case subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(p.nonce)) != 1:
		return refuse("the ID token was made for another sign-in")
	case now.After(id.Expires.Add(5 * time.Minute)):
		return refuse("the ID token has expired; check the clock of this machine")
	case len(access.Audience) != 1 || !p.app.Cloud.Means(p.resource.Audience, access.Audience[0]):
		return refuse("the access token is not for " + p.resource.Audience)
	case !strings.EqualFold(access.Application, p.app.ID):
		return refuse("the access token is for another application")
	case !strings.EqualFold(access.Tenant, tenant), access.ObjectID == "", access.ObjectID != id.ObjectID:
		return refuse("the two tokens are about different people")
	case !access.MFA():
		return vault.Record{}, noMFA(p.app.Cloud, access, answer.Reference)
	case answer.Refresh.Empty():
		return refuse("it brought no refresh token; allow the application offline_access")
	}
	key, err := draw(p.app.Random, 24)
	if err != nil {
		return vault.Record{}, err
	}
	signInName := access.SignInName
	if signInName == "" {
		signInName = id.SignInName
	}
	return vault.Record{
		Cur:   vault.Held{RT: answer.Refresh, Key: secret.New(key), GotAt: now},
		State: vault.Healthy,
		Cloud: p.app.Cloud.Name, Authority: p.app.Cloud.Authority, Tenant: tenant, ClientID: p.app.ID,
		SignInName: signInName, ObjectID: access.ObjectID, ConsentAt: now, MFA: true, AMR: access.AMR,
	}, nil
}

// noMFA refuses a consent whose tokens Partner Center would refuse later (M31).
func noMFA(c cloud.Cloud, access cloud.Claims, reference string) error {
	proved := "its amr claim is missing"
	if len(access.AMR) > 0 {
		proved = "its amr claim says only " + strings.Join(access.AMR, ", ")
	}
	where := "set up a second factor for the account"
	if c.IsEntente() {
		where += " at " + c.Authority + "/account/second-factor"
	}
	return &Problem{
		Kind: NeedsPerson, Message: "M31", Reference: reference, cause: ErrNoMFA,
		What: fmt.Sprintf("%s signed in without a second factor (%s), and Partner Center refuses such tokens; nothing was stored", access.SignInName, proved),
		Do:   where + ", end exemptions for trusted places and remembered devices, then: entente partner consent",
	}
}

// store keeps the consent, in place of an earlier one of the same name.
func (p *Pending) store(ctx context.Context, record vault.Record) (vault.Record, error) {
	// The person has done their part: giving up now would cost them another sign-in.
	ctx = context.WithoutCancel(ctx)
	name := p.consent.Record
	if name == "" {
		name = RecordName(p.app.Cloud, record.Tenant, record.ClientID)
	}
	for {
		earlier, err := p.consent.Vault.Read(ctx, name)
		if err != nil && !errors.Is(err, vault.ErrAbsent) {
			return vault.Record{}, vaultTrouble("the vault cannot be read, so the consent was not stored", err)
		}
		err = p.consent.Vault.Swap(ctx, name, earlier.Seq, record)
		if errors.Is(err, vault.ErrConflict) {
			continue
		}
		if err != nil {
			return vault.Record{}, vaultTrouble("the vault cannot be written, so the consent was not stored", err)
		}
		record.Seq = earlier.Seq + 1
		return record, nil
	}
}
