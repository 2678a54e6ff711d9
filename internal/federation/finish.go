package federation

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/language"

	"github.com/entente-id/entente/internal/outbound"
	"github.com/entente-id/entente/internal/tenant"
)

// Answer is what the person brings back from the provider, beside the state.
type Answer struct {
	Code string
	// Iss is the provider's name (RFC 9207), empty when it gave none.
	Iss string
	// Error is its error code, empty for none.
	Error string
}

// Proof is who the person is at their company. Issuer and Subject are the key;
// the rest only helps to fill in a form.
type Proof struct {
	Issuer, Subject     string
	Name, Given, Family string
	// Address is empty unless the organisation verified its domain. It is a
	// proposal: whoever runs a provider can write any (R168), so it never says
	// whose account this is.
	Address string
	// Language is an ISO 639 code, empty when the provider gave none.
	Language string
	// Methods are "pwd" or "fed", and "mfa" where what the provider states
	// meets the organisation's rules.
	Methods []string
	// AuthAt is when the person signed in there, never after now; zero when it
	// was not said.
	AuthAt time.Time
}

// Finish turns the answer to an ask into a proof. It fails with UpstreamFailed when this
// person is not proved, and with UpstreamMisset when nobody could be.
func (u *Upstreams) Finish(ctx context.Context, t tenant.Tenant, asked Ask, a Answer) (Proof, error) {
	if err := usable(t, asked.Trial); err != nil {
		return Proof{}, err
	}
	m, err := u.provider(ctx, t)
	if err != nil {
		return Proof{}, err
	}
	// Compared before anything else of the answer is believed, errors too:
	// another provider may have sent it (RFC 9207 section 2.4).
	if (a.Iss != "" || m.NamesItself) && a.Iss != m.Issuer {
		return Proof{}, failed(t, "another provider answered")
	}
	if a.Error != "" {
		return Proof{}, refusal(t, a.Error)
	}
	if a.Code == "" || len(a.Code) > 8192 {
		return Proof{}, failed(t, "the answer has no code")
	}
	tokens, err := u.redeem(ctx, t, m, a.Code, asked.Verifier)
	if err != nil {
		return Proof{}, err
	}
	c, err := u.verify(ctx, t, m, asked, tokens)
	if err != nil {
		return Proof{}, err
	}
	if c.nameless() && m.UserInfo != "" && tokens.Access != "" {
		if err := u.askUserInfo(ctx, t, m, tokens.Access, &c); err != nil {
			return Proof{}, err
		}
	}
	return proofOf(t, m, c, u.source.Now()), nil
}

// refusal sorts the errors of the authorization endpoint (RFC 6749 section
// 4.1.2.1, OpenID Connect Core 3.1.2.6).
func refusal(t tenant.Tenant, code string) error {
	switch code {
	case "access_denied":
		return failed(t, "the person said no")
	case "login_required", "interaction_required", "account_selection_required", "consent_required":
		return failed(t, "the provider wants the person to act there first")
	case "unmet_authentication_requirements":
		return failed(t, "the provider cannot give the proof that was asked for")
	case "server_error", "temporarily_unavailable":
		return failed(t, "the provider has trouble right now")
	case "unauthorized_client", "invalid_client":
		return misset(t, "the provider refuses this client")
	}
	return misset(t, "the provider does not understand the request: "+quoted(code))
}

// tokens are what a code is worth.
type tokens struct {
	ID     string `json:"id_token"`
	Access string `json:"access_token"`
}

// tokenError is an error of the token endpoint; its description stays unread,
// because a stranger wrote it.
type tokenError struct {
	status int
	Code   string `json:"error"`
}

func (e *tokenError) Error() string {
	return fmt.Sprintf("token endpoint: status %d, error %s", e.status, quoted(e.Code))
}

// redeem exchanges the code.
func (u *Upstreams) redeem(ctx context.Context, t tenant.Tenant, m metadata, code, verifier string) (tokens, error) {
	got, refused, err := u.askToken(ctx, t, m, url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {u.RedirectURI()}, "code_verifier": {verifier},
	})
	switch {
	case err != nil:
		return tokens{}, err
	case refused == nil && got.ID == "":
		return tokens{}, misset(t, "the provider gives no ID token")
	case refused == nil:
		return got, nil
	case refused.Code == "invalid_grant":
		return tokens{}, failed(t, "the provider refuses the code").Because(refused)
	case refused.clientRefused():
		return tokens{}, misset(t, "the provider refuses this client or its secret").Because(refused)
	}
	return tokens{}, misset(t, "the provider does not give tokens: "+quoted(refused.Code)).Because(refused)
}

func (e *tokenError) clientRefused() bool {
	return e.Code == "invalid_client" || e.Code == "unauthorized_client" || (e.Code == "" && e.status == http.StatusUnauthorized)
}

// askToken posts to the token endpoint, with the client's proof in the way that
// the provider takes.
func (u *Upstreams) askToken(ctx context.Context, t tenant.Tenant, m metadata, form url.Values) (tokens, *tokenError, error) {
	secret, err := u.secretOf(t)
	if err != nil {
		return tokens{}, nil, err
	}
	// Basic is what a provider takes that says nothing (Discovery 3).
	basic := secret != "" && (len(m.TokenAuth) == 0 || slices.Contains(m.TokenAuth, "client_secret_basic"))
	if !basic {
		form.Set("client_id", t.Upstream.ClientID)
		if secret != "" {
			form.Set("client_secret", secret)
		}
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, m.Token, strings.NewReader(form.Encode()))
	if err != nil {
		return tokens{}, nil, misset(t, "an address of the provider is missing or is not https").Because(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Accept", "application/json")
	if basic {
		request.SetBasicAuth(url.QueryEscape(t.Upstream.ClientID), url.QueryEscape(secret))
	}
	response, err := u.client.Do(request)
	if err != nil {
		return tokens{}, nil, misset(t, "the provider does not answer").Because(err)
	}
	defer response.Body.Close()
	body, err := outbound.Read(response.Body)
	if err != nil {
		return tokens{}, nil, misset(t, "the provider's answer cannot be read: "+reasonOf(err)).Because(err)
	}
	if response.StatusCode != http.StatusOK {
		refused := &tokenError{status: response.StatusCode}
		if json.Unmarshal(body, refused) != nil {
			refused.Code = ""
		}
		return tokens{}, refused, nil
	}
	var got tokens
	if json.Unmarshal(body, &got) != nil {
		return tokens{}, nil, misset(t, "the provider's answer cannot be read: it is not in the agreed form")
	}
	return got, nil, nil
}

// askUserInfo asks for the names that the token leaves out, as it may (OpenID
// Connect Core 5.4). Nothing else of it counts. A provider that does not answer
// here has proved the person nevertheless.
func (u *Upstreams) askUserInfo(ctx context.Context, t tenant.Tenant, m metadata, access string, c *claims) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, m.UserInfo, nil)
	if err != nil {
		return misset(t, "an address of the provider is missing or is not https").Because(err)
	}
	request.Header.Set("Authorization", "Bearer "+access)
	var more struct {
		Subject string `json:"sub"`
		names
	}
	if err := u.fetch(request, &more); err != nil {
		u.log.WarnContext(ctx, "names not read from the company sign-in", "tenant", string(t.ID), "error", err)
		return nil
	}
	if more.Subject != c.Subject {
		return failed(t, "the provider tells of another person than it proved")
	}
	c.names = more.names
	return nil
}

func proofOf(t tenant.Tenant, m metadata, c claims, now time.Time) Proof {
	p := Proof{
		Issuer: m.Issuer, Subject: c.Subject, Name: line(c.Name), Given: line(c.Given), Family: line(c.Family), Methods: []string{"fed"},
	}
	if slices.Contains(c.AMR, "pwd") {
		p.Methods[0] = "pwd"
	}
	if t.Upstream.SecondFactor.Met(c.AMR, c.ACR) {
		p.Methods = append(p.Methods, "mfa")
	}
	for _, address := range []string{c.Preferred, c.Email} {
		if p.Address == "" && len(address) <= 320 && address == line(address) && t.Owns(address) {
			p.Address = address
		}
	}
	if tag, err := language.Parse(c.Locale); err == nil && c.Locale != "" {
		base, _ := tag.Base()
		p.Language = base.String()
	}
	if c.AuthTime != nil {
		p.AuthAt = c.AuthTime.Time().UTC()
		// By a clock that is ahead; a sign-in of the future would stay young
		// for longer than it is.
		if p.AuthAt.After(now) {
			p.AuthAt = now
		}
	}
	return p
}

// line keeps foreign text to one line that a page can show.
func line(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, ""))
	text = strings.TrimSpace(text)
	if runes := []rune(text); len(runes) > 256 {
		text = string(runes[:256])
	}
	return text
}

// quoted is a foreign error code: letters and underscores, or nothing of it.
func quoted(code string) string {
	if code == "" || len(code) > 60 || strings.ContainsFunc(code, func(r rune) bool { return (r < 'a' || r > 'z') && r != '_' }) {
		return "no known error"
	}
	return code
}
