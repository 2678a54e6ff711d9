package tenant

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
)

// Upstream is an organisation's own sign-in, an OpenID Connect provider at
// which its people prove themselves. It serves the organisation's verified
// domains alone: whose address is typed decides whose provider is asked, so
// nobody can set a provider for people of another organisation
// (security-and-reliability.md R171).
type Upstream struct {
	State UpstreamState `json:"state"`
	// Name is what people see, such as "Contoso sign-in".
	Name string `json:"name"`
	// Issuer is the provider's address without the well-known path. It may
	// hold {tenantid} where PinnedTenant is set.
	Issuer   string `json:"issuer"`
	ClientID string `json:"clientID"`
	// Secret is sealed by the room that speaks to the provider; empty for a
	// public client.
	Secret string `json:"secret,omitempty"`
	// Scopes are asked beside openid.
	Scopes []string `json:"scopes,omitempty"`
	// PinnedTenant is the tid claim that a token must carry. A provider that
	// serves many organisations under one address signs for all of them.
	PinnedTenant string `json:"pinnedTenant,omitempty"`
	// SecondFactor says what the provider must state for a second factor to
	// count here.
	SecondFactor FactorRules `json:"secondFactor"`
	// JustInTime makes an account for whoever proves to be of the organisation
	// and has none yet.
	JustInTime bool `json:"justInTime,omitempty"`
	// SetBy is the sign-in name of who saved this; TestedAt the last time that
	// a whole sign-in succeeded.
	SetBy    string    `json:"setBy"`
	SetAt    time.Time `json:"setAt"`
	TestedAt time.Time `json:"testedAt,omitzero"`
}

// UpstreamState is whether people are sent to a provider.
type UpstreamState string

// The states.
const (
	// UpstreamDraft is reached by test sign-ins alone.
	UpstreamDraft  UpstreamState = "draft"
	UpstreamActive UpstreamState = "active"
	UpstreamOff    UpstreamState = "off"
)

// FactorRules are the values of the amr and acr claims that stand for a real
// second factor. Empty rules accept none.
type FactorRules struct {
	AMR []string `json:"amr,omitempty"`
	ACR []string `json:"acr,omitempty"`
}

// DefaultFactorRules are the methods of RFC 8176 that cannot be a password
// alone: several factors, a key in hardware, a one-time code.
func DefaultFactorRules() FactorRules { return FactorRules{AMR: []string{"mfa", "hwk", "otp"}} }

// Met reports whether what a provider states is a second factor.
func (r FactorRules) Met(amr []string, acr string) bool {
	return (acr != "" && slices.Contains(r.ACR, acr)) ||
		slices.ContainsFunc(amr, func(m string) bool { return slices.Contains(r.AMR, m) })
}

// TenantPlaceholder stands for an organisation's id in the issuer of a
// provider that serves many (identity-platform.md 1).
const TenantPlaceholder = "{tenantid}"

// Owns reports whether an address lies in a domain that the organisation
// verified.
func (t Tenant) Owns(address string) bool {
	i := strings.LastIndex(address, "@")
	if i <= 0 {
		return false
	}
	domain, ok := FoldDomain(address[i+1:])
	return ok && slices.ContainsFunc(t.Domains, func(d Domain) bool { return d.Name == domain })
}

// CheckUpstream says whether an organisation can have such a sign-in of its
// own. It fails with InputInvalid, which names the field and its rule.
func (t Tenant) CheckUpstream(u Upstream) error {
	bad := func(field, rule string) error { return fault.New(fault.InputInvalid, "parameter", field, "rule", rule) }
	switch {
	case t.Personal():
		return bad("organisation", "personal accounts have no sign-in of a company")
	case u.State != UpstreamDraft && u.State != UpstreamActive && u.State != UpstreamOff:
		return bad("state", "draft, active or off")
	case u.State == UpstreamActive && len(t.Domains) == 0:
		return bad("organisation", "prove a domain first: only its addresses are sent to the provider")
	case !plain(u.Name, 1, 80):
		return bad("name", "1 to 80 characters on one line")
	case !issuerForm(u):
		return bad("issuer", "an https address without query, and {tenantid} only with a pinned tenant")
	case !plain(u.ClientID, 1, 255):
		return bad("client id", "1 to 255 characters without spaces at its ends")
	case len(u.Secret) > 4096:
		return bad("secret", "at most 2,000 characters")
	case u.PinnedTenant != "" && !segment(u.PinnedTenant):
		return bad("pinned tenant", "letters, digits, dots, hyphens and underscores, at most 100")
	case !words(u.Scopes):
		return bad("scopes", "at most 20 words of at most 200 characters")
	case !words(u.SecondFactor.AMR) || !words(u.SecondFactor.ACR):
		return bad("second factor", "at most 20 values of at most 200 characters, without spaces")
	case slices.Contains(u.SecondFactor.AMR, "pwd"):
		return bad("second factor", "a password is no second factor")
	}
	return nil
}

func issuerForm(u Upstream) bool {
	// Parsing refuses a placeholder in the host name, where it could lead to
	// another owner's server.
	address, err := url.Parse(u.Issuer)
	if err != nil || len(u.Issuer) > 400 || address.Host == "" || address.User != nil || address.RawQuery != "" || address.Fragment != "" {
		return false
	}
	// Plain http is left to the guarded client, which knows the operator's
	// exceptions; elsewhere it refuses to send anything.
	if address.Scheme != "https" && address.Scheme != "http" {
		return false
	}
	return !strings.Contains(u.Issuer, TenantPlaceholder) || u.PinnedTenant != ""
}

// plain: no control characters, and a length in characters.
func plain(text string, low, high int) bool {
	n := len([]rune(text))
	return n >= low && n <= high && strings.TrimSpace(text) == text &&
		!strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f })
}

// segment can stand in a path: it leads neither up nor further down.
func segment(text string) bool {
	return len(text) <= 100 && !strings.HasPrefix(text, ".") && !strings.ContainsFunc(text, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("-._", r)
	})
}

func words(list []string) bool {
	return len(list) <= 20 && !slices.ContainsFunc(list, func(w string) bool {
		return !plain(w, 1, 200) || strings.Contains(w, " ")
	})
}

// SaveUpstream keeps an organisation's own sign-in, or ends it where none is
// given. It fails with InputInvalid. Who may is the caller's gate to decide.
func (s *SetupLinks) SaveUpstream(ctx context.Context, by audit.Caller, t id.Tenant, u *Upstream) error {
	return s.saveUpstream(ctx, t, u, "", s.event(by, t, "tenant.sign-in", string(t)))
}

// SaveUpstreamBy keeps it on the word of who holds a set-up link. The link is
// done when the sign-in is active. It fails with SetupLinkUnusable, also when
// the link ended just now.
func (s *SetupLinks) SaveUpstreamBy(ctx context.Context, token string, u Upstream) error {
	link, err := s.Open(ctx, token)
	if err != nil {
		return err
	}
	if link.Purpose != SetupSignIn {
		return unusable("it is for something else")
	}
	e := s.event(audit.Caller{Tenant: link.By.Tenant, Account: link.By.Account, SignInName: link.By.SignInName}, link.Tenant, "tenant.sign-in", string(link.Tenant))
	e.Facts = map[string]string{"link": link.ID}
	return s.saveUpstream(ctx, link.Tenant, &u, link.ID, e)
}

func (s *SetupLinks) saveUpstream(ctx context.Context, t id.Tenant, u *Upstream, link string, e audit.Event) error {
	if e.Facts == nil {
		e.Facts = map[string]string{}
	}
	e.Facts["state"] = "removed"
	if u != nil {
		owner, err := s.directory.store.Tenant(ctx, t)
		if err != nil {
			return err
		}
		saved := *u
		saved.SetBy, saved.SetAt = e.SignInName, e.At
		if err := owner.CheckUpstream(saved); err != nil {
			return err
		}
		u = &saved
		e.Facts["state"], e.Facts["issuer"], e.Facts["client"] = string(u.State), u.Issuer, u.ClientID
	}
	defer s.directory.cache.Forget()
	done := u != nil && u.State == UpstreamActive
	return s.store.SaveUpstream(ctx, UpstreamChange{Tenant: t, Upstream: u, Link: link, LinkDone: done, Event: e})
}

// UpstreamTested notes that a whole sign-in succeeded with these settings; of
// other settings, saved meanwhile, it says nothing.
func (s *SetupLinks) UpstreamTested(ctx context.Context, t id.Tenant, u Upstream) error {
	defer s.directory.cache.Forget()
	return s.store.UpstreamTested(ctx, t, u.SetAt, s.source.Now())
}
