// Package tenant holds organisations: their domains, settings and branding,
// and the answer to "whose address is this?".
package tenant

import (
	"context"
	"net/mail"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/fresh"
	"github.com/entente-id/entente/internal/id"
	"golang.org/x/net/idna"
)

// Tenant is one organisation with its own people, domains and rules; or the
// consumers tenant, where personal accounts live.
type Tenant struct {
	ID   id.Tenant
	Name string
	// Country is an ISO 3166-1 alpha-2 code; Region the tenant_region_scope.
	Country, Region string
	Language        string
	// Domains are the verified ones; the first is the default.
	Domains  []Domain
	Settings Settings
	// Disabled organisations issue nothing.
	Disabled bool
	Created  time.Time
	// Upstream is the organisation's own sign-in; nil for none.
	Upstream *Upstream `json:",omitempty"`
	// TechnicalMails are mailboxes that the organisation names for technical
	// matters.
	TechnicalMails []string `json:",omitempty"`
}

// Domain is a name that the organisation has proved to own.
type Domain struct {
	Name    string
	Initial bool
}

// Settings are the rules an organisation sets for itself.
type Settings struct {
	// RequireMFA asks every person for a second factor at each sign-in.
	RequireMFA bool `json:"requireMFA,omitempty"`
	// UserConsent says who may allow an app for themselves.
	UserConsent ConsentPolicy `json:"userConsent,omitempty"`
	// FactorSetup says where people can set up a second factor.
	FactorSetup FactorPolicy `json:"factorSetup,omitempty"`
	// DeviceCodes lets people sign in devices by a code. It is off by default:
	// a stranger can send such a code (row R87).
	DeviceCodes bool `json:"deviceCodes,omitempty"`
	// BlockPartners refuses delegated access by partners' people, as a
	// conditional-access rule of a customer does.
	BlockPartners bool `json:"blockPartners,omitempty"`
	// ClientHosts are hosts whose clients may describe themselves by a document
	// (Client ID Metadata Documents), in lower case, with the port if there is
	// one. None is let in by default.
	ClientHosts []string `json:"clientHosts,omitempty"`
	// PartnerMFA is how Partner Center calls without a second factor are
	// treated for this partner: off, report or enforce.
	PartnerMFA string `json:"partnerMFA,omitempty"`
	// Sandbox marks a partner that is for tests: only there may customers be
	// deleted (secure-application-model.md 1).
	Sandbox bool `json:"sandbox,omitempty"`
}

// FactorPolicy is where a second factor can be set up.
type FactorPolicy string

// The places.
const (
	// FactorAnywhere: at the sign-in itself.
	FactorAnywhere FactorPolicy = ""
	// FactorWithPass: only with a temporary pass of the organisation's IT, so
	// that a thief of a password cannot add a factor (row R151, M11).
	FactorWithPass FactorPolicy = "pass"
)

// ConsentPolicy is who may give consent for themselves.
type ConsentPolicy string

// The consent policies.
const (
	// ConsentAnyone lets people allow permissions that need no admin.
	ConsentAnyone ConsentPolicy = ""
	// ConsentLowRisk lets them allow the least permissions alone, and to apps
	// of verified publishers alone.
	ConsentLowRisk ConsentPolicy = "low-risk"
	// ConsentNobody leaves every decision to admins.
	ConsentNobody ConsentPolicy = "nobody"
)

// DefaultDomain is the name that addresses of this organisation end with.
func (t Tenant) DefaultDomain() string {
	if len(t.Domains) == 0 {
		return string(t.ID)
	}
	return t.Domains[0].Name
}

// Personal reports whether this is the tenant of personal accounts.
func (t Tenant) Personal() bool { return t.ID == id.Consumers }

// Store keeps tenants.
type Store interface {
	// Tenant finds by id, or fails with TenantUnknown.
	Tenant(ctx context.Context, tenant id.Tenant) (Tenant, error)
	// TenantOfDomain finds the owner of a verified domain (already folded),
	// or fails with TenantUnknown.
	TenantOfDomain(ctx context.Context, domain string) (Tenant, error)
	// SaveTenant creates or replaces a tenant and its domains.
	SaveTenant(ctx context.Context, t Tenant) error
	// DeclareTenant is SaveTenant with its event. It fails with DomainTaken when
	// another organisation has one of the domains.
	DeclareTenant(ctx context.Context, t Tenant, e audit.Event) error
	// AmendTenant changes one tenant as it is at that moment, except its
	// domains, with the event, or fails with TenantUnknown.
	AmendTenant(ctx context.Context, tenant id.Tenant, change func(*Tenant), e audit.Event) error
}

// Directory answers which organisation is meant.
type Directory struct {
	store Store
	cache *fresh.Cache[Tenant]
}

// maxAge bounds how long another node's change to a tenant can stay unseen.
const maxAge = 2 * time.Second

// NewDirectory opens the room.
func NewDirectory(store Store, now func() time.Time) *Directory {
	return &Directory{store: store, cache: fresh.New[Tenant](now, maxAge, 10_000)}
}

// Find gives a tenant by id.
func (d *Directory) Find(ctx context.Context, tenant id.Tenant) (Tenant, error) {
	return d.cache.Get(ctx, string(tenant), func(ctx context.Context) (Tenant, error) {
		return d.store.Tenant(ctx, tenant)
	})
}

// Named gives a tenant by what stands in a path: its id or one of its verified
// domains. Generic names such as "common" are no tenants: see ParseSegment.
func (d *Directory) Named(ctx context.Context, name string) (Tenant, error) {
	if id.IsGUID(name) {
		return d.Find(ctx, id.Tenant(strings.ToLower(name)))
	}
	domain, ok := FoldDomain(name)
	if !ok {
		return Tenant{}, fault.New(fault.TenantMalformed, "tenant", Shorten(name))
	}
	return d.cache.Get(ctx, domain, func(ctx context.Context) (Tenant, error) {
		return d.store.TenantOfDomain(ctx, domain)
	})
}

// Changed forgets what was read before another room made, changed or deleted
// an organisation together with its own rows.
func (d *Directory) Changed() { d.cache.Forget() }

// Save creates or replaces a tenant.
func (d *Directory) Save(ctx context.Context, t Tenant) error {
	defer d.cache.Forget()
	return d.store.SaveTenant(ctx, t)
}

// SetUserConsent changes who may give consent for themselves. Who may change it
// is the caller's gate to decide.
func (d *Directory) SetUserConsent(ctx context.Context, tenant id.Tenant, policy ConsentPolicy, e audit.Event) error {
	defer d.cache.Forget()
	return d.store.AmendTenant(ctx, tenant, func(t *Tenant) { t.Settings.UserConsent = policy }, e)
}

// maxTechnicalMails bounds how many mailboxes an organisation names.
const maxTechnicalMails = 20

// SetTechnicalMails changes the mailboxes for technical matters. Who may change
// them is the caller's gate to decide. It fails with InputInvalid.
func (d *Directory) SetTechnicalMails(ctx context.Context, tenant id.Tenant, mails []string, e audit.Event) error {
	refuse := func(rule string) error {
		return fault.New(fault.InputInvalid, "parameter", "technicalNotificationMails", "rule", rule)
	}
	if len(mails) > maxTechnicalMails {
		return refuse("at most 20 addresses")
	}
	for _, address := range mails {
		if parsed, err := mail.ParseAddress(address); err != nil || parsed.Address != address || len(address) > 320 {
			return refuse("addresses such as it@contoso.example, at most 320 characters each")
		}
	}
	defer d.cache.Forget()
	return d.store.AmendTenant(ctx, tenant, func(t *Tenant) { t.TechnicalMails = slices.Clone(mails) }, e)
}

// domainName is idna.Lookup that also holds to the lengths of the DNS (RFC 1035
// 2.3.4): no empty label and none over 63 bytes.
var domainName = idna.New(idna.MapForLookup(), idna.BidiRule(), idna.VerifyDNSLength(true))

// FoldDomain brings a domain to the form that is stored and compared: ASCII
// (IDNA 2008), lower case, no trailing dot. False when it is no domain name.
func FoldDomain(name string) (string, bool) {
	name = strings.TrimSuffix(strings.TrimSpace(name), ".")
	if name == "" || len(name) > 253 || !strings.Contains(name, ".") {
		return "", false
	}
	folded, err := domainName.ToASCII(name)
	if err != nil {
		return "", false
	}
	// A folded domain is a key, so folding it again must change nothing: a
	// broken character would have a second spelling.
	folded = strings.ToLower(folded)
	again, err := domainName.ToASCII(folded)
	return folded, err == nil && again == folded && !strings.HasSuffix(folded, ".")
}

// FoldHost brings a host name, with a port or without, to the form that hosts
// are compared in. The second result is false when it is none.
func FoldHost(host string) (string, bool) {
	name, port, withPort := strings.Cut(strings.TrimSpace(host), ":")
	folded, ok := FoldDomain(name)
	if !ok || !withPort {
		return folded, ok
	}
	n, err := strconv.ParseUint(port, 10, 16)
	return folded + ":" + port, err == nil && n > 0 && strconv.FormatUint(n, 10) == port
}

// Shorten cuts foreign text to a length that fits a message.
func Shorten(text string) string {
	const limit = 80
	runes := []rune(text)
	if len(runes) <= limit {
		return text
	}
	return string(runes[:limit]) + "…"
}
