package oauth

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/dialect"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/signin"
	"github.com/entente-id/entente/internal/tenant"
)

// wire is what this edge keeps of an authorize request while a journey runs.
type wire struct {
	RedirectURI   string `json:"redirect"`
	RedirectGiven bool   `json:"given"`
	Browser       bool   `json:"browser,omitempty"`
	ResponseMode  string `json:"mode"`
	IDToken       bool   `json:"idToken,omitempty"`
	State         string `json:"state,omitempty"`
	Nonce         string `json:"nonce,omitempty"`
	Challenge     string `json:"challenge,omitempty"`
	// JKT is the key that the code shall be bound to (dpop_jkt).
	JKT        string    `json:"jkt,omitempty"`
	ClientInfo bool      `json:"clientInfo,omitempty"`
	Authority  id.Tenant `json:"authority,omitempty"`
	Offline    bool      `json:"offline,omitempty"`
	// Methods: the ID token shall tell how the person was proved.
	Methods bool `json:"methods,omitempty"`
	// NamesIssuer: the answer says who gives it (RFC 9207).
	NamesIssuer bool `json:"iss,omitempty"`
	// AdminConsent: the answer is that an admin has decided, and no code.
	AdminConsent bool `json:"adminConsent,omitempty"`
	// Device is the digest of the request of a device that waits for this
	// sign-in; there is no redirect address then.
	Device string `json:"device,omitempty"`
	// Pushed is the digest of the request_uri that the request came by; it is
	// spent by the answer.
	Pushed string `json:"pushed,omitempty"`
}

// authorize serves the authorization endpoint. Until the client and its
// redirect address are verified, errors are pages; after that they go back to
// the client (RFC 6749 4.1.2.1).
func (e *Edge) authorize(w http.ResponseWriter, r *http.Request, c dialect.Call) {
	p, err := dialect.Query(r)
	if r.Method == http.MethodPost {
		p, err = dialect.Body(w, r)
	}
	about := signin.About{Step: "authorize", CorrelationID: c.Correlation, TraceID: c.Trace}
	sent := p
	p, pushed, pushedErr := e.unfold(r.Context(), c, sent)
	if pushedErr != nil {
		e.speaker.Fail(w, r, c, pushedErr, about)
		return
	}
	request, client, redirectErr := e.target(r.Context(), c, p, &about)
	if redirectErr != nil {
		e.speaker.Fail(w, r, c, redirectErr, about)
		return
	}
	request.Restart = restart(c, sent)
	if err == nil {
		err = bind(&request, client, pushed)
	}
	if err == nil {
		err = e.read(r.Context(), c, p, client, &request)
	}
	if err != nil {
		e.answerError(w, r, request, err, about)
		return
	}
	about.Restart = request.Restart
	e.begin(w, r, c, request, client, about)
}

// begin starts the journey of a request that is in order.
func (e *Edge) begin(w http.ResponseWriter, r *http.Request, c dialect.Call, request signin.Request, client application.Application, about signin.About) {
	screen, err := e.rooms.Journeys.Begin(r.Context(), request, e.pages.Browser(w, r))
	switch {
	case err != nil:
		e.answerError(w, r, request, err, about)
	case screen.Step == signin.Done && request.Prompt != "none" && e.pages.Loops(w, r, request.Client):
		e.speaker.Fail(w, r, c, fault.New(fault.RequestLoop, "app", client.Name), about)
	case screen.Step == signin.Done:
		e.Finish(w, r, screen)
	case screen.Step == signin.Refused && request.Prompt == "none":
		e.answerError(w, r, request, screen.Fault, screen.Journey.About(screen.Step))
	default:
		e.pages.Draw(w, r, screen)
	}
}

// target verifies who asks and where the answer may go.
func (e *Edge) target(ctx context.Context, c dialect.Call, p dialect.Form, about *signin.About) (signin.Request, application.Application, error) {
	var none application.Application
	request := signin.Request{Authority: c.Segment, Version: c.Version, CorrelationID: c.Correlation, MaxAge: -1}
	authority, err := e.rooms.Tenants.Authority(ctx, c.Segment)
	if err != nil {
		return request, none, err
	}
	about.Tenant, about.Organisation = authority.Tenant.ID, authority.Tenant.Name
	text, err := p.Need("client_id")
	if err != nil {
		return request, none, err
	}
	client, err := e.client(ctx, text, authority)
	if err != nil {
		return request, none, err
	}
	about.App, about.AppName = client.App, client.Name
	if client.Disabled {
		return request, none, fault.New(fault.AppDisabled, "app", client.Name)
	}
	if err := serves(client, authority); err != nil {
		return request, none, err
	}
	kept := wire{Authority: authority.Tenant.ID, State: p.Get("state")}
	redirect, err := redirectOf(client, p)
	if err != nil {
		return request, none, err
	}
	kept.RedirectURI, kept.RedirectGiven = redirect.URI, p.Has("redirect_uri")
	kept.NamesIssuer = client.NamesIssuer
	kept.Browser = redirect.Platform == application.Browser
	kept.ResponseMode = responseMode(p)
	request.Client, request.AppName = client.App, client.Name
	request.Work, request.Personal = client.Audience.AdmitsWork(), client.Audience.AdmitsPersonal()
	request.RedirectOrigin = origin(redirect.URI)
	return request, client, keep(&request, kept)
}

func wireOf(r signin.Request) (wire, error) {
	var kept wire
	err := json.Unmarshal(r.Wire, &kept)
	return kept, err
}

func keep(r *signin.Request, kept wire) error {
	b, err := json.Marshal(kept)
	r.Wire = b
	return err
}

// client finds the registration of a client_id, or the document at it. On the
// page an unknown one is 700016, whatever it looks like.
func (e *Edge) client(ctx context.Context, text string, authority tenant.Authority) (application.Application, error) {
	if application.IsAddress(text) {
		if authority.Generic() {
			return application.Application{}, fault.New(fault.ClientDocument, "app", tenant.Shorten(text), "rule", "the authority of an organisation, by its id or domain")
		}
		return e.rooms.Apps.Described(ctx, authority.Tenant, text)
	}
	if !id.IsGUID(text) {
		return application.Application{}, fault.New(fault.AppUnknown, "app", tenant.Shorten(text))
	}
	return e.rooms.Apps.Find(ctx, id.App(strings.ToLower(text)))
}

// serves says whether an application can be used under an authority.
func serves(client application.Application, authority tenant.Authority) error {
	switch {
	case client.Audience == application.OneTenant && authority.Generic():
		return fault.New(fault.NotMultitenant, "app", client.Name, "id", string(client.App))
	case client.Audience == application.OneTenant && authority.Tenant.ID != client.Tenant:
		return fault.New(fault.AppUnknown, "app", string(client.App), "tenant", authority.Segment)
	case authority.Audience == tenant.OnlyPersonal && !client.Audience.AdmitsPersonal():
		return fault.New(fault.WorkAccountsOnly, "app", client.Name)
	}
	return nil
}

// redirectOf picks the registered address. A request may leave it out when
// there is only one (secure-application-model.md 2.1).
func redirectOf(client application.Application, p dialect.Form) (application.Redirect, error) {
	asked := p.Get("redirect_uri")
	if asked == "" {
		if len(client.Redirects) == 1 {
			return client.Redirects[0], nil
		}
		return application.Redirect{}, fault.New(fault.ParameterMissing, "parameter", "redirect_uri")
	}
	registered, ok := client.MayRedirectTo(asked)
	if !ok {
		return registered, fault.New(fault.RedirectMismatch, "app", client.Name, "redirect_uri", tenant.Shorten(asked))
	}
	// The answer goes to the address as asked: a loopback port is the client's.
	registered.URI = asked
	return registered, nil
}

func responseMode(p dialect.Form) string {
	switch mode := p.Get("response_mode"); mode {
	case "query", "fragment", "form_post":
		return mode
	}
	if strings.Contains(p.Get("response_type"), "token") {
		return "fragment"
	}
	return "query"
}

func origin(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// read checks the rest of an authorize request, in the order of the table of
// identity-platform.md 1.6.
func (e *Edge) read(ctx context.Context, c dialect.Call, p dialect.Form, client application.Application, request *signin.Request) error {
	kept, err := wireOf(*request)
	if err != nil {
		return err
	}
	if p.Has("request") {
		return fault.New(fault.RequestObject)
	}
	if p.Has("request_uri") {
		return fault.New(fault.RequestURI)
	}
	if err := readResponse(p, client, &kept); err != nil {
		return err
	}
	if err := readChallenge(p, client, &kept); err != nil {
		return err
	}
	if kept.JKT, err = readThumbprint(p); err != nil {
		return err
	}
	if err := e.readScope(ctx, c, p, client, request, &kept); err != nil {
		return err
	}
	if err := e.readHints(ctx, p, request); err != nil {
		return err
	}
	claims, err := readClaims(p.Get("claims"))
	if err != nil {
		return err
	}
	e.demand(claims, request)
	kept.Nonce, kept.ClientInfo = p.Get("nonce"), p.Get("client_info") == "1"
	kept.Methods = claims.Methods
	if kept.IDToken && kept.Nonce == "" {
		return fault.New(fault.ParameterMissing, "parameter", "nonce")
	}
	return keep(request, kept)
}

func readResponse(p dialect.Form, client application.Application, kept *wire) error {
	switch mode := p.Get("response_mode"); mode {
	case "", "query", "fragment", "form_post":
	default:
		return fault.New(fault.UnsupportedMode, "mode", tenant.Shorten(mode))
	}
	kinds := strings.Fields(p.Get("response_type"))
	slices.Sort(kinds)
	switch strings.Join(kinds, " ") {
	case "":
		return fault.New(fault.ParameterMissing, "parameter", "response_type")
	case "code":
	case "code id_token":
		if !client.HybridIDTokens {
			return fault.New(fault.ImplicitOff, "app", client.Name)
		}
		kept.IDToken = true
	case "id_token", "token", "id_token token", "code token", "code id_token token":
		return fault.New(fault.ImplicitOff, "app", client.Name)
	default:
		return fault.New(fault.UnsupportedResponse, "type", tenant.Shorten(p.Get("response_type")))
	}
	if kept.IDToken && kept.ResponseMode == "query" {
		return fault.New(fault.UnsupportedMode, "mode", "query")
	}
	return nil
}

func readChallenge(p dialect.Form, client application.Application, kept *wire) error {
	challenge, method := p.Get("code_challenge"), p.Get("code_challenge_method")
	if challenge == "" {
		if client.Public || kept.Browser {
			return fault.New(fault.ChallengeRequired, "parameter", "code_challenge")
		}
		return nil
	}
	if method != "S256" {
		return fault.New(fault.RequestMalformed, "parameter", "code_challenge_method", "rule", "S256")
	}
	if len(challenge) < 43 || len(challenge) > 128 || strings.Trim(challenge, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~") != "" {
		return fault.New(fault.ChallengeSize, "parameter", "code_challenge", "rule", "43 to 128 characters of the RFC 7636 alphabet")
	}
	kept.Challenge = challenge
	return nil
}

// readScope checks that what is asked for exists, before a person is bothered.
func (e *Edge) readScope(ctx context.Context, c dialect.Call, p dialect.Form, client application.Application, request *signin.Request, kept *wire) error {
	request.Scope, request.Resource = p.Get("scope"), p.Get("resource")
	if c.Version == 1 {
		kept.Offline = true
		if request.Resource == "" {
			return nil
		}
		_, err := e.rooms.Apps.WantedByResource(ctx, request.Resource)
		return err
	}
	if request.Resource != "" && client.StrictMicrosoft {
		return fault.New(fault.ResourceOnV2, "parameter", "resource")
	}
	wanted, err := e.rooms.Apps.WantedAt(ctx, request.Scope, request.Resource)
	kept.Offline = wanted.Offline
	return err
}

// readHints reads who is expected and what proof is asked for.
func (e *Edge) readHints(ctx context.Context, p dialect.Form, request *signin.Request) error {
	prompts := strings.Fields(p.Get("prompt"))
	if len(prompts) > 1 {
		return fault.New(fault.RequestMalformed, "parameter", "prompt", "rule", "one value")
	}
	if len(prompts) == 1 {
		switch request.Prompt = strings.ToLower(prompts[0]); request.Prompt {
		case "login", "none", "consent", "select_account":
		case "admin_consent":
			request.Prompt = "consent"
		default:
			return fault.New(fault.RequestMalformed, "parameter", "prompt", "rule", "login, none, consent or select_account")
		}
	}
	if text := p.Get("max_age"); text != "" {
		age, err := strconv.Atoi(text)
		if err != nil || age < 0 || age > 1<<30 {
			return fault.New(fault.RequestMalformed, "parameter", "max_age", "rule", "seconds, a whole number from 0")
		}
		request.MaxAge = age
		if age == 0 {
			request.Prompt = cmpOr(request.Prompt, "login")
		}
	}
	request.LoginHint, request.DomainHint = p.Get("login_hint"), p.Get("domain_hint")
	request.Locales = cmpOr(p.Get("ui_locales"), p.Get("mkt"))
	if request.Version == 1 {
		// A habit of the v1 tools, which v2 does not know (identity-platform.md 1.6).
		for _, method := range strings.FieldsFunc(p.Get("amr_values"), func(c rune) bool { return c == ' ' || c == ',' }) {
			request.SecondFactor = request.SecondFactor || method == "mfa" || method == "ngcmfa"
		}
	}
	if hint := p.Get("id_token_hint"); hint != "" {
		read, err := e.rooms.Issuer.ReadHint(ctx, hint)
		if err == nil && read.Client == request.Client {
			request.Subject = read.Subject
		} else if request.Prompt == "none" {
			return fault.New(fault.NotSignedIn, "app", request.AppName)
		}
	}
	return nil
}

// demand turns what the claims ask for into what the journey asks for.
func (e *Edge) demand(a asked, request *signin.Request) {
	request.SecondFactor = request.SecondFactor || a.SecondFactor
	for _, scope := range a.Scopes {
		if hasWord(request.Scope, "openid") && !hasWord(request.Scope, scope) {
			request.Scope += " " + scope
		}
	}
	if a.From.IsZero() {
		return
	}
	age := max(0, int(e.source.Now().Sub(a.From)/time.Second))
	if request.MaxAge < 0 || age < request.MaxAge {
		request.MaxAge = age
	}
	if age == 0 {
		request.Prompt = cmpOr(request.Prompt, "login")
	}
}

func cmpOr(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// restart is the address that begins the same request again: a page that is
// out of date leads there with nothing lost. Only prompt=none is left out,
// because a person is in front of the page by now.
func restart(c dialect.Call, p dialect.Form) string {
	path := "/" + url.PathEscape(c.Segment) + "/oauth2/authorize"
	if c.Version == 2 {
		path = "/" + url.PathEscape(c.Segment) + "/oauth2/v2.0/authorize"
	}
	again := p.Again()
	if strings.EqualFold(strings.TrimSpace(p.Get("prompt")), "none") {
		again.Del("prompt")
	}
	return path + "?" + again.Encode()
}
