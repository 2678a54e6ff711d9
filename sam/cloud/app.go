package cloud

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/entente-id/entente/sam/secret"
)

const (
	// answerLimit bounds every body that is read from a cloud (R182).
	answerLimit = 1 << 20
	// patience is how long one request may take, body included.
	patience = 10 * time.Second
)

// App is an application registered at a cloud. All fields are needed.
type App struct {
	Cloud      Cloud
	ID         string // client id
	Credential Credential
	HTTP       *http.Client
	Now        func() time.Time
	Random     io.Reader // safe for concurrent use, as crypto/rand.Reader is
}

// Authorize is a request for a person's sign-in and consent in a browser.
type Authorize struct {
	Tenant    string // id, verified domain or "organizations"
	Resource  Resource
	Redirect  string
	State     string
	Nonce     string
	Verifier  string // PKCE verifier (RFC 7636); its S256 challenge is sent
	LoginHint string // sign-in name to offer; may be empty
	Claims    string // what the sign-in has to prove (OpenID Connect Core 5.5); usually empty
}

// AuthorizeURL is the address to open in the person's browser.
func (a App) AuthorizeURL(r Authorize) string {
	challenge := sha256.Sum256([]byte(r.Verifier))
	query := url.Values{
		"client_id":             {a.ID},
		"code_challenge":        {base64.RawURLEncoding.EncodeToString(challenge[:])},
		"code_challenge_method": {"S256"},
		"nonce":                 {r.Nonce},
		"prompt":                {"select_account"},
		"redirect_uri":          {r.Redirect},
		"response_mode":         {"query"},
		"response_type":         {"code"},
		"scope":                 {userScope(r.Resource)},
		"state":                 {r.State},
	}
	if r.LoginHint != "" {
		// The wire does not allow a hint together with select_account.
		query.Set("prompt", "login")
		query.Set("login_hint", r.LoginHint)
	}
	if r.Claims != "" {
		query.Set("claims", r.Claims)
	}
	return a.endpoint(r.Tenant, "authorize") + "?" + query.Encode()
}

// Redemption trades an authorization code for tokens.
type Redemption struct {
	Tenant   string
	Resource Resource
	Code     string
	Redirect string // as in the authorize request
	Verifier string
	// Key lets an Entente answer a repeated redemption with the same tokens; it is
	// not sent to the Microsoft clouds, where a code works once.
	Key secret.Text
}

// Redeem sends a redemption. Errors are a *Refusal or wrap ErrUnanswered.
func (a App) Redeem(ctx context.Context, r Redemption) (Answer, error) {
	form := url.Values{
		"client_info":   {"1"},
		"code":          {r.Code},
		"code_verifier": {r.Verifier},
		"grant_type":    {"authorization_code"},
		"redirect_uri":  {r.Redirect},
		"scope":         {userScope(r.Resource)},
	}
	key := r.Key
	if !a.Cloud.IsEntente() {
		key = secret.Text{}
	}
	return a.ask(ctx, r.Tenant, form, key, r.Code, r.Verifier)
}

// Refresh trades a refresh token for an access token, at the partner's own tenant
// or at a customer's.
type Refresh struct {
	Tenant   string
	Resource Resource
	Token    secret.Text
	// Key is sent as Idempotency-Key. It belongs to the refresh token: every
	// presentation of one token carries the same key, so that a repeated or
	// parallel request gets the same successor.
	Key    secret.Text
	Claims string // a claims challenge to satisfy; usually empty
}

// Refresh sends a refresh. Errors are a *Refusal or wrap ErrUnanswered.
func (a App) Refresh(ctx context.Context, r Refresh) (Answer, error) {
	form := url.Values{
		"client_info":   {"1"},
		"grant_type":    {"refresh_token"},
		"refresh_token": {r.Token.Reveal()},
		"scope":         {userScope(r.Resource)},
	}
	if r.Claims != "" {
		form.Set("claims", r.Claims)
	}
	return a.ask(ctx, r.Tenant, form, r.Key, r.Token.Reveal())
}

// AppOnly asks for a token of the application itself (client credentials), valid
// in one tenant. Errors are a *Refusal or wrap ErrUnanswered.
func (a App) AppOnly(ctx context.Context, tenant string, r Resource, claims string) (Answer, error) {
	form := url.Values{
		"grant_type": {"client_credentials"},
		"scope":      {r.Audience + "/.default"},
	}
	if claims != "" {
		form.Set("claims", claims)
	}
	return a.ask(ctx, tenant, form, secret.Text{})
}

// Revoke tells an Entente to end everything that came from a consent (RFC 7009).
// The Microsoft clouds have no such endpoint.
func (a App) Revoke(ctx context.Context, tenant string, token secret.Text) error {
	if !a.Cloud.IsEntente() {
		return fmt.Errorf("revoke a refresh token: the %s cloud has no revocation endpoint", a.Cloud.Name)
	}
	form := url.Values{"token": {token.Reveal()}, "token_type_hint": {"refresh_token"}}
	_, _, _, err := a.post(ctx, a.endpoint(tenant, "revoke"), form, secret.Text{}, token.Reveal())
	return err
}

// userScope asks for all that was consented for a resource, and for the refresh
// and ID tokens beside it. A final slash of the audience stays: "//.default" is
// right for a resource whose name ends in one.
func userScope(r Resource) string {
	return r.Audience + "/.default offline_access openid profile"
}

func (a App) endpoint(tenant, name string) string {
	return a.Cloud.Authority + "/" + url.PathEscape(tenant) + "/oauth2/v2.0/" + name
}

func (a App) ask(ctx context.Context, tenant string, form url.Values, key secret.Text, secrets ...string) (Answer, error) {
	status, body, reference, err := a.post(ctx, a.endpoint(tenant, "token"), form, key, secrets...)
	if err != nil {
		return Answer{}, err
	}
	if status != http.StatusOK {
		return Answer{}, fmt.Errorf("%w: %s said %d", ErrUnanswered, a.Cloud.Authority, status)
	}
	return parseAnswer(body, reference)
}

// post sends a form with the proof of the application. A refusal is returned as
// an error already; what is left has a status below 400.
func (a App) post(ctx context.Context, endpoint string, form url.Values, key secret.Text, secrets ...string) (status int, body []byte, reference string, err error) {
	form.Set("client_id", a.ID)
	proof, err := a.Credential.prove(form, endpoint, a)
	if err != nil {
		return 0, nil, "", err
	}
	secrets = append(secrets, proof...)
	reference, err = newGUID(a.Random)
	if err != nil {
		return 0, nil, "", err
	}

	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, strings.NewReader(form.Encode()))
	if err != nil {
		return 0, nil, "", fmt.Errorf("form a request to %s: %w", a.Cloud.Authority, err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Accept", "application/json")
	request.Header.Set("client-request-id", reference)
	request.Header.Set("return-client-request-id", "true")
	if !key.Empty() {
		request.Header.Set("Idempotency-Key", key.Reveal())
		secrets = append(secrets, key.Reveal())
	}

	response, err := withoutRedirects(a.HTTP).Do(request)
	if err != nil {
		return 0, nil, "", fmt.Errorf("%w: %w", ErrUnanswered, err)
	}
	defer response.Body.Close()
	body, err = readAll(response.Body)
	if err != nil {
		return 0, nil, "", fmt.Errorf("%w: read the answer of %s: %w", ErrUnanswered, a.Cloud.Authority, err)
	}
	if response.StatusCode >= 400 {
		return 0, nil, "", parseRefusal(response, body, reference, a.Now(), secrets)
	}
	return response.StatusCode, body, reference, nil
}

// withoutRedirects returns a client that takes a redirect as the answer: a form
// with a secret in it goes to the address that was configured, and no further.
func withoutRedirects(client *http.Client) *http.Client {
	still := *client
	still.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &still
}

func readAll(r io.Reader) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r, answerLimit+1))
	if err != nil {
		return nil, err
	}
	if len(body) > answerLimit {
		return nil, errors.New("it is larger than 1 MiB")
	}
	return body, nil
}

// random is n random bytes in base64url.
func random(source io.Reader, n int) (string, error) {
	raw := make([]byte, n)
	if _, err := io.ReadFull(source, raw); err != nil {
		return "", fmt.Errorf("draw random bytes: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(raw), nil
}

func newGUID(source io.Reader) (string, error) {
	raw := make([]byte, 16)
	if _, err := io.ReadFull(source, raw); err != nil {
		return "", fmt.Errorf("draw random bytes: %w", err)
	}
	raw[6] = raw[6]&0x0f | 0x40
	raw[8] = raw[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", raw[0:4], raw[4:6], raw[6:8], raw[8:10], raw[10:]), nil
}
