package federation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"

	"github.com/entente-id/entente/internal/fresh"
	"github.com/entente-id/entente/internal/outbound"
	"github.com/entente-id/entente/internal/tenant"
)

// metadata is what a provider says of itself (OpenID Connect Discovery 3).
type metadata struct {
	Issuer        string   `json:"issuer"`
	Authorization string   `json:"authorization_endpoint"`
	Token         string   `json:"token_endpoint"`
	Keys          string   `json:"jwks_uri"`
	UserInfo      string   `json:"userinfo_endpoint"`
	Algorithms    []string `json:"id_token_signing_alg_values_supported"`
	TokenAuth     []string `json:"token_endpoint_auth_methods_supported"`
	// ClaimsParameter: it takes wishes for single claims (Core 5.5).
	ClaimsParameter bool `json:"claims_parameter_supported"`
	// NamesItself: it names itself in each answer (RFC 9207).
	NamesItself bool `json:"authorization_response_iss_parameter_supported"`
}

// signer is one key of a provider.
type signer struct {
	jose.JSONWebKey
	// Issuer is for whom alone it signs, where the provider says so
	// (identity-platform.md 2.6).
	Issuer string
}

// algorithms are the ones that a signature may have: no "none", and none that
// takes a public key for a shared secret.
var algorithms = []jose.SignatureAlgorithm{jose.RS256, jose.ES256, jose.PS256, jose.EdDSA}

const maxKeys = 100

// errForm means that a document is not what it has to be.
var errForm = errors.New("the document is malformed")

// provider reads, or remembers, what an organisation's provider says of itself,
// with its issuer made out for the pinned tenant.
func (u *Upstreams) provider(ctx context.Context, t tenant.Tenant) (metadata, error) {
	s := t.Upstream
	address := strings.ReplaceAll(s.Issuer, tenant.TenantPlaceholder, s.PinnedTenant)
	m, err := u.describe(ctx, address)
	if err != nil {
		return metadata{}, misset(t, "the provider's description cannot be read: "+reasonOf(err)).Because(err)
	}
	if rule := m.check(address, s.PinnedTenant); rule != "" {
		return metadata{}, misset(t, rule)
	}
	m.Issuer = strings.ReplaceAll(m.Issuer, tenant.TenantPlaceholder, s.PinnedTenant)
	return m, nil
}

// describe reads, or remembers, what an issuer says of itself.
func (u *Upstreams) describe(ctx context.Context, address string) (metadata, error) {
	return u.metadata.Get(ctx, address, func(ctx context.Context) (metadata, error) {
		var m metadata
		err := u.read(ctx, strings.TrimSuffix(address, "/")+"/.well-known/openid-configuration", &m)
		return m, err
	})
}

// check says which rule the description breaks, empty for none.
func (m metadata) check(address, pinned string) string {
	switch {
	case m.Issuer != address && !template(m.Issuer, address):
		return "the provider calls itself by another issuer"
	case strings.Contains(m.Issuer, tenant.TenantPlaceholder) && pinned == "":
		return "the provider serves many organisations, so a tenant has to be pinned"
	case !endpoint(m.Authorization, address), !endpoint(m.Token, address), !endpoint(m.Keys, address),
		m.UserInfo != "" && !endpoint(m.UserInfo, address):
		return "an address of the provider is missing or is not https"
	case len(m.Algorithms) > 0 && !slices.ContainsFunc(m.Algorithms, accepted):
		return "the provider signs with none of RS256, ES256, PS256 and EdDSA"
	}
	return ""
}

// template: a provider for many names itself with a placeholder, on the host
// that it was asked at.
func template(issuer, address string) bool {
	if strings.Count(issuer, tenant.TenantPlaceholder) != 1 {
		return false
	}
	a, errA := url.Parse(issuer)
	b, errB := url.Parse(address)
	return errA == nil && errB == nil && a.Scheme == b.Scheme && a.Host == b.Host && a.RawQuery == "" && a.User == nil
}

// endpoint: plain http is good where the issuer itself is reached by it, which
// only an operator can allow.
func endpoint(text, issuer string) bool {
	e, err := url.Parse(text)
	return err == nil && e.Host != "" && e.User == nil && e.Fragment == "" &&
		(e.Scheme == "https" || (e.Scheme == "http" && strings.HasPrefix(issuer, "http://")))
}

func accepted(algorithm string) bool {
	return slices.Contains(algorithms, jose.SignatureAlgorithm(algorithm))
}

// signers gives the keys that may have made a signature with this key id.
func (u *Upstreams) signers(ctx context.Context, t tenant.Tenant, m metadata, kid, algorithm string) ([]signer, error) {
	found, err := u.find(ctx, m.Keys, func(k signer) bool {
		return (kid == "" || k.KeyID == kid) && (k.Algorithm == "" || k.Algorithm == algorithm) && k.signsFor(m.Issuer, t.Upstream.PinnedTenant)
	})
	if err != nil {
		return nil, misset(t, "the provider's keys cannot be read: "+reasonOf(err)).Because(err)
	}
	if len(found) == 0 {
		return nil, failed(t, "the token is signed with a key that the provider does not publish")
	}
	return found, nil
}

// find gives the keys at an address that fit, none when not even the newest do.
func (u *Upstreams) find(ctx context.Context, address string, fits func(signer) bool) ([]signer, error) {
	load := func(ctx context.Context) ([]signer, error) { return u.readKeys(ctx, address) }
	for _, cache := range []*fresh.Cache[[]signer]{u.keys, u.newest} {
		all, err := cache.Get(ctx, address, load)
		if err != nil {
			return nil, err
		}
		if fit := slices.DeleteFunc(slices.Clone(all), func(k signer) bool { return !fits(k) }); len(fit) > 0 {
			return fit, nil
		}
	}
	return nil, nil
}

func (k signer) signsFor(issuer, pinned string) bool {
	return k.Issuer == "" || strings.ReplaceAll(k.Issuer, tenant.TenantPlaceholder, pinned) == issuer
}

func (u *Upstreams) readKeys(ctx context.Context, address string) ([]signer, error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := u.read(ctx, address, &set); err != nil {
		return nil, err
	}
	if len(set.Keys) > maxKeys {
		return nil, fmt.Errorf("%w: more than %d keys", errForm, maxKeys)
	}
	var list []signer
	for _, raw := range set.Keys {
		var k signer
		var more struct {
			Issuer string `json:"issuer"`
		}
		// Kinds of keys that we do not know stand beside those that we do
		// (RFC 7517 section 5), so they are passed over.
		if k.UnmarshalJSON(raw) != nil || json.Unmarshal(raw, &more) != nil || !k.Valid() || !k.IsPublic() || (k.Use != "" && k.Use != "sig") {
			continue
		}
		k.Issuer = more.Issuer
		list = append(list, k)
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("%w: no key in it can be used", errForm)
	}
	return list, nil
}

// read fetches a JSON document.
func (u *Upstreams) read(ctx context.Context, address string, into any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return fmt.Errorf("%w: %w", errForm, err)
	}
	request.Header.Set("Accept", "application/json")
	return u.fetch(request, into)
}

// errStatus means that a server answers, but not with what was asked for.
var errStatus = errors.New("the server answers with an error")

func (u *Upstreams) fetch(request *http.Request, into any) error {
	response, err := u.client.Do(request)
	if err != nil {
		return fmt.Errorf("ask the provider: %w", err)
	}
	defer response.Body.Close()
	body, err := outbound.Read(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%w: status %d", errStatus, response.StatusCode)
	}
	if err := json.Unmarshal(body, into); err != nil {
		return fmt.Errorf("%w: not the JSON that it has to be", errForm)
	}
	return nil
}

// reasonOf says why a document was not read, in words for the person in IT.
func reasonOf(err error) string {
	switch {
	case errors.Is(err, outbound.ErrRefused):
		return "its address is not public https"
	case errors.Is(err, outbound.ErrTooLarge):
		return "it is larger than 1 MiB"
	case errors.Is(err, errStatus):
		return "the server answers with an error"
	case errors.Is(err, errForm):
		return "it is not in the agreed form"
	}
	return "the server does not answer"
}
