// Package federation lets people prove themselves at their own company's
// sign-in by OpenID Connect. It speaks to the provider and believes nothing
// that it did not check; who the proved subject is here, and what they may do,
// others decide.
package federation

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/fresh"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/seal"
	"github.com/entente-id/entente/internal/tenant"
)

// Upstreams is the room: the providers that organisations have named.
type Upstreams struct {
	client *http.Client
	source id.Source
	key    *seal.Key
	origin string
	log    *slog.Logger

	metadata *fresh.Cache[metadata]
	keys     *fresh.Cache[[]signer]
	// newest is asked when no key of the former fits: providers change keys
	// without notice, and a token with a made-up key id must not have us ask
	// them each time.
	newest *fresh.Cache[[]signer]
}

const (
	metadataAge = time.Hour
	keysAge     = 10 * time.Minute
	newestAge   = 30 * time.Second
	// maxProviders bounds each cache.
	maxProviders = 1000

	// skew is what a provider's clock may differ from ours.
	skew = 5 * time.Minute
	// freshSkew is the same for the instant of a sign-in that has to be new. It
	// is short, because within it an older sign-in passes for a new one.
	freshSkew = time.Minute
)

// CallbackPath is where providers send people back to, on our origin.
const CallbackPath = "/signin/upstream"

// New opens the room. The client must be a guarded one (package outbound):
// addresses come from organisations' settings and from their providers.
func New(client *http.Client, source id.Source, custody *seal.Custody, origin string, log *slog.Logger) (*Upstreams, error) {
	key, err := custody.Key("upstream client secret")
	if err != nil {
		return nil, err
	}
	return &Upstreams{
		client: client, source: source, key: key, origin: origin, log: log,
		metadata: fresh.New[metadata](source.Now, metadataAge, maxProviders),
		keys:     fresh.New[[]signer](source.Now, keysAge, maxProviders),
		newest:   fresh.New[[]signer](source.Now, newestAge, maxProviders),
	}, nil
}

// RedirectURI is what an organisation's IT registers at its provider.
func (u *Upstreams) RedirectURI() string { return u.origin + CallbackPath }

// SealSecret prepares a client secret, as a person pasted it, for the settings
// of one organisation. It fails with InputInvalid.
func (u *Upstreams) SealSecret(t id.Tenant, secret string) (string, error) {
	if len(secret) > 2000 {
		return "", fault.New(fault.InputInvalid, "parameter", "secret", "rule", "at most 2,000 characters")
	}
	if secret == "" {
		return "", nil
	}
	return u.key.SealText([]byte(secret), string(t))
}

func (u *Upstreams) secretOf(t tenant.Tenant) (string, error) {
	if t.Upstream.Secret == "" {
		return "", nil
	}
	plain, err := u.key.OpenText(t.Upstream.Secret, string(t.ID))
	if err != nil {
		return "", misset(t, "the client secret has to be entered again").Because(err)
	}
	return string(plain), nil
}

// usable: a provider that was switched off meanwhile proves nobody, also for
// those who are on their way back from it (A85). Drafts serve trials alone.
func usable(t tenant.Tenant, trial bool) error {
	if t.Upstream == nil {
		return misset(t, "the organisation has no sign-in of its own")
	}
	if t.Upstream.State == tenant.UpstreamActive || (trial && t.Upstream.State == tenant.UpstreamDraft) {
		return nil
	}
	return misset(t, "the organisation switched its sign-in off")
}

// failed is a sign-in that did not prove the person; misset one that cannot,
// until somebody in IT or at the provider changes something.
func failed(t tenant.Tenant, rule string) *fault.Fault {
	return fault.New(fault.UpstreamFailed, "org", t.Name, "rule", rule)
}

func misset(t tenant.Tenant, rule string) *fault.Fault {
	return fault.New(fault.UpstreamMisset, "org", t.Name, "rule", rule)
}
