// Package house builds the rooms into one server: configuration, listeners,
// life cycle, the switch between the surfaces. It also holds the law of who
// may import whom.
package house

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"runtime"
	"time"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/api"
	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/calls"
	"github.com/entente-id/entente/internal/consent"
	"github.com/entente-id/entente/internal/credential"
	"github.com/entente-id/entente/internal/customer"
	"github.com/entente-id/entente/internal/declaration"
	"github.com/entente-id/entente/internal/delegated"
	"github.com/entente-id/entente/internal/diagnosis"
	"github.com/entente-id/entente/internal/dialect"
	"github.com/entente-id/entente/internal/discovery"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/federation"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/keyvault"
	"github.com/entente-id/entente/internal/message"
	"github.com/entente-id/entente/internal/oauth"
	"github.com/entente-id/entente/internal/once"
	"github.com/entente-id/entente/internal/outbound"
	"github.com/entente-id/entente/internal/pages"
	"github.com/entente-id/entente/internal/pages/help"
	"github.com/entente-id/entente/internal/pages/organisation"
	"github.com/entente-id/entente/internal/pages/portal"
	"github.com/entente-id/entente/internal/pages/site"
	"github.com/entente-id/entente/internal/partner"
	"github.com/entente-id/entente/internal/partnerapi"
	"github.com/entente-id/entente/internal/presence"
	"github.com/entente-id/entente/internal/programme"
	"github.com/entente-id/entente/internal/resourcemanager"
	"github.com/entente-id/entente/internal/seal"
	"github.com/entente-id/entente/internal/session"
	"github.com/entente-id/entente/internal/signin"
	"github.com/entente-id/entente/internal/signingkey"
	"github.com/entente-id/entente/internal/signout"
	"github.com/entente-id/entente/internal/sqlstore"
	"github.com/entente-id/entente/internal/subscription"
	"github.com/entente-id/entente/internal/swap"
	"github.com/entente-id/entente/internal/tenant"
	"github.com/entente-id/entente/internal/token"
	"github.com/entente-id/entente/internal/vault"
)

// Config is what a house is built from.
type Config struct {
	// Origin is the external https address, without a path. Issuers and links
	// are made from it, never from a request.
	Origin string
	// Store is "sqlite:PATH" or a PostgreSQL URL.
	Store string
	// MasterKey seals what must come back: at least 32 bytes, kept elsewhere
	// than the store.
	MasterKey []byte
	Log       *slog.Logger
	Source    id.Source
	// SupportMail is the programme owner's address, shown on pages.
	SupportMail string

	// Post carries a mail to its reader. Without it messages wait in the outbox
	// until they expire.
	Post func(context.Context, pages.Mail) error

	// Dev marks every page and answer; Forgetful and Failpoint are for worlds
	// that end with the process.
	Dev bool
	// MayFetch are hosts that our own requests may go to although they are
	// private or plain http, as "host:port".
	MayFetch []string
	// Roots are the certificate authorities that our own requests trust; nil
	// means the machine's.
	Roots     *x509.CertPool
	Forgetful bool
	Failpoint func(step string) error
	// PoolSize bounds the connections to PostgreSQL; 0 means 8.
	PoolSize int
}

// House is a built server.
type House struct {
	Config
	DB        *sqlstore.DB
	Tenants   *tenant.Directory
	People    *account.People
	Apps      *application.Registry
	Safe      *credential.Safe
	Consents  *consent.Ledger
	Partners  *partner.Register
	Customers *customer.Ledger
	Groups    *account.Groups
	// Administration is what administrators do to people.
	Administration *account.Administration
	// Relationships are the delegated rights over customers, in their making.
	Relationships *customer.Relationships
	Keys          *signingkey.Ring
	Families      *token.Families
	Issuer        *token.Issuer
	Devices       *token.Devices
	Pushes        *token.Pushes
	Proofs        *token.Proofs
	Sessions      *session.Keeper
	Journeys      *signin.Journeys
	Attempts      *audit.Log
	Presences     *presence.Ledger
	Outbox        *message.Outbox
	Links         *account.Links
	// SetupLinks and Upstreams are about organisations' own sign-ins.
	SetupLinks *tenant.SetupLinks
	Upstreams  *federation.Upstreams
	Desk       *diagnosis.Desk
	Programme  *programme.Membership
	Swaps      *swap.Mover
	Passkeys   *credential.Passkeys
	Approvals  *consent.Approvals
	Vaults     *vault.Vaults
	// Subscriptions is what organisations run in the cloud.
	Subscriptions *subscription.Register
	Pages         *site.Site

	// Declarations found a programme, and keep it as a document says.
	Declarations *declaration.Office

	custody    *seal.Custody
	tellApp    presence.Post
	oauth      *oauth.Edge
	discovery  *discovery.Edge
	signout    *signout.Edge
	partnerapi http.Handler
	graph      http.Handler
	keyvault   http.Handler
	manager    http.Handler
	api        http.Handler
	site       http.Handler
	// DevPages answers below /dev/; nil outside the dev world.
	DevPages http.Handler
}

// System is the source of a running server: the machine's clock and the
// operating system's randomness.
func System() id.Source {
	return id.Source{Now: func() time.Time { return time.Now().UTC() }, Random: rand.Reader}
}

// Open builds a house over its store. Close it in the end.
func Open(ctx context.Context, c Config) (*House, error) {
	db, err := sqlstore.Open(ctx, c.Store, sqlstore.Options{Failpoint: c.Failpoint, Forgetful: c.Forgetful, PoolSize: c.PoolSize})
	if err != nil {
		return nil, err
	}
	h := &House{Config: c, DB: db}
	if err := h.build(ctx); err != nil {
		_ = db.Close()
		return nil, err
	}
	return h, nil
}

func (h *House) build(ctx context.Context) error {
	custody, err := seal.NewCustody(h.MasterKey, h.Source.Random)
	if err != nil {
		return err
	}
	h.custody = custody
	db, source := h.DB, h.Source
	h.Tenants = tenant.NewDirectory(db, source.Now)
	h.People = account.NewPeople(db)
	h.Apps = application.NewRegistry(db, source)
	// More password hashes at once than cores only cost memory (DESIGN 5).
	if h.Safe, err = credential.NewSafe(db, source, custody, runtime.GOMAXPROCS(0)); err != nil {
		return err
	}
	h.Consents = consent.NewLedger(db, source)
	h.Partners = partner.NewRegister(db, h.People, source)
	h.Customers = customer.NewLedger(db, h.People, source)
	h.Subscriptions = subscription.NewRegister(db, h.People, h.Customers)
	h.Groups, h.Administration = account.NewGroups(db, source), account.NewAdministration(db, source)
	h.Relationships = customer.NewRelationships(db, h.People, h.Groups, source)
	if h.Keys, err = signingkey.NewRing(ctx, db, source, custody); err != nil {
		return fmt.Errorf("open signing keys: %w", err)
	}
	if h.Families, err = token.NewFamilies(db, source, custody); err != nil {
		return err
	}
	if h.Devices, err = token.NewDevices(db, source, custody); err != nil {
		return err
	}
	if h.Proofs, err = token.NewProofs(source, custody); err != nil {
		return err
	}
	if h.Pushes, err = token.NewPushes(db, source, custody); err != nil {
		return err
	}
	if h.Issuer, err = token.NewIssuer(h.Keys, db, h.People, h.Apps, h.Consents, source, custody, h.Origin); err != nil {
		return err
	}
	h.Attempts = audit.NewLog(db, source, h.Log)
	h.Presences = presence.NewLedger(db, h.Apps, h.Issuer, source, h.Log)
	if h.Outbox, err = message.NewOutbox(db, source, custody, h.Log); err != nil {
		return err
	}
	if h.Passkeys, err = credential.NewPasskeys(db, h.Safe, h.Outbox, source, custody, h.Origin); err != nil {
		return err
	}
	h.Approvals = consent.NewApprovals(db, h.Consents, h.People, h.Apps, h.Tenants, h.Outbox, source)
	h.Links = account.NewLinks(db, source)
	if h.Vaults, err = vault.NewVaults(db, source, custody); err != nil {
		return err
	}
	h.SetupLinks = tenant.NewSetupLinks(db, h.Tenants, h.Outbox, source)
	if h.Programme, err = programme.NewMembership(db, h.People, h.Tenants, h.Outbox, source, custody); err != nil {
		return err
	}
	h.Swaps = swap.NewMover(db, h.Programme, h.People, h.Safe, h.Outbox, source)
	client := outbound.New(outbound.Options{Allow: h.MayFetch, Roots: h.Roots})
	h.tellApp = signout.Poster(client)
	if h.Upstreams, err = federation.New(client, source, custody, h.Origin, h.Log); err != nil {
		return err
	}
	h.Apps.Ask(h.Upstreams)
	h.Apps.ReadFrom(h.Upstreams)
	h.Sessions = session.NewKeeper(db, h.People, source)
	h.Journeys, err = signin.NewJourneys(db, source, custody, signin.Rooms{
		Tenants: h.Tenants, People: h.People, Apps: h.Apps, Safe: h.Safe, Consents: h.Consents, Issuer: h.Issuer,
		Outbox: h.Outbox, Approvals: h.Approvals, Links: h.Links, Providers: h.providers(), Passkeys: h.Passkeys, Sessions: h.Sessions,
	})
	if err != nil {
		return err
	}
	h.Desk = diagnosis.NewDesk(db, diagnosis.Rooms{
		Attempts: h.Attempts, Journeys: h.Journeys, Programme: h.Programme, Tenants: h.Tenants, People: h.People, Apps: h.Apps, Outbox: h.Outbox,
	}, source)
	h.Declarations = declaration.NewOffice(declaration.Rooms{
		Tenants: h.Tenants, People: h.People, Groups: h.Groups, Safe: h.Safe, Apps: h.Apps, Consents: h.Consents, Partners: h.Partners,
		Customers: h.Customers, Relationships: h.Relationships, Programme: h.Programme, Vaults: h.Vaults,
		Platform: func(owner id.Tenant) []application.Application { return Platform(h.Origin, owner) }, Source: source,
	})
	return h.buildEdges()
}

func (h *House) buildEdges() error {
	drawings, err := pages.New(pages.Options{Dev: h.Dev, SupportMail: h.SupportMail, Rooms: []fs.FS{portal.Files, help.Files, organisation.Files, accountFiles, connectionFiles}})
	if err != nil {
		return err
	}
	h.Pages, err = site.NewSite(drawings, h.Origin, site.Rooms{
		Journeys: h.Journeys, Sessions: h.Sessions, Attempts: h.Attempts, People: h.People, Tenants: h.Tenants, Apps: h.Apps,
		Families: h.Families, Custody: h.custody, Devices: h.Devices, Safe: h.Safe, Presences: h.Presences,
	}, h.Source, h.Log)
	if err != nil {
		return err
	}
	if err := h.openRooms(); err != nil {
		return err
	}
	speaker, err := dialect.NewSpeaker(h.Origin, h.Attempts, h.Pages.RefuseVisit, h.Source, h.Log)
	if err != nil {
		return err
	}
	h.discovery = discovery.New(speaker, h.Tenants, h.Apps, h.Keys, []discovery.Resource{
		{Path: "/v1", App: partnerapi.App}, {Path: "/v1.0", App: application.GraphApp}, {Path: "/api/v1", App: api.App}, {Path: "/secrets", App: keyvault.App},
	})
	h.oauth = oauth.New(speaker, oauth.Rooms{
		Tenants: h.Tenants, People: h.People, Apps: h.Apps, Consents: h.Consents, Customers: h.Customers,
		Families: h.Families, Devices: h.Devices, Pushes: h.Pushes, Proofs: h.Proofs, Issuer: h.Issuer, Journeys: h.Journeys, Presences: h.Presences,
	}, oauth.Pages{
		Browser: h.Pages.Browser, Draw: h.Pages.Draw, Refuse: h.Pages.RefuseVisit, Loops: h.Pages.Loops, DeviceDone: h.Pages.DeviceDone,
		FormPost: h.Pages.FormPostTo, Leave: h.Pages.LeaveTo,
	}, h.Source)
	h.signout = signout.New(speaker, signout.Rooms{Apps: h.Apps, Issuer: h.Issuer, Sessions: h.Sessions},
		signout.Pages{Browser: h.Pages.Browser, SignOut: func(w http.ResponseWriter, r *http.Request, back, who string, hinted bool) {
			h.Pages.AskSignOut(w, r, site.SignOutWish{Back: back, Who: who, Hinted: hinted})
		}})
	h.Pages.Finish, h.Pages.Decline, h.Pages.DeviceSignIn = h.oauth.Finish, h.oauth.Decline, h.oauth.DeviceSignIn
	h.site = h.Pages.Handler()
	deeds, err := once.NewDeeds(h.DB, h.Source, h.custody)
	if err != nil {
		return err
	}
	h.partnerapi = partnerapi.New(partnerapi.Options{
		Verify: h.Issuer.Verify, Customers: h.Customers, Partners: h.Partners, Tenants: h.Tenants, Apps: h.Apps, Deeds: deeds,
		Book:  customer.NewBook(h.DB, h.Customers, h.Tenants, h.People, h.Safe, h.Source),
		Files: partner.NewFiles(h.DB, h.Partners, h.Source),
		Delegated: delegated.NewWork(h.DB, delegated.Rooms{
			Customers: h.Customers, People: h.People, Tenants: h.Tenants, Safe: h.Safe, Apps: h.Apps, Consents: h.Consents,
		}, h.Source),
		Failures: h.failures(), Source: h.Source, Authority: h.Origin,
	})
	h.api = api.New(api.Options{
		Verify: h.Issuer.Verify, Approvals: h.Approvals, Apps: h.Apps, Desk: h.Desk, Failures: h.failures(),
		Source: h.Source, Origin: h.Origin,
	})
	h.keyvault = keyvault.New(keyvault.Options{
		Verify: h.Issuer.Verify, Vaults: h.Vaults, Failures: h.failures(), Source: h.Source, Authority: h.Origin,
	})
	h.manager = resourcemanager.New(resourcemanager.Options{
		Verify: h.Issuer.Verify, Subscriptions: h.Subscriptions, Failures: h.failures(), Source: h.Source, Authority: h.Origin,
	})
	h.graph = h.openGraph()
	return nil
}

// failures is where the APIs keep calls that failed.
func (h *House) failures() calls.Failures {
	return calls.Failures{Apps: h.Apps, Attempts: h.Attempts, Log: h.Log}
}

// Deliver puts what waits in the outbox into words and posts it.
func (h *House) Deliver(ctx context.Context) error {
	if h.Post == nil {
		return nil
	}
	return h.Outbox.Deliver(ctx, func(ctx context.Context, m message.Message) error {
		mail, err := h.Pages.Mail(h.Origin, m)
		if err != nil {
			return err
		}
		return h.Post(ctx, mail)
	})
}

// TellApps tells applications that sessions of theirs have ended.
func (h *House) TellApps(ctx context.Context) error { return h.Presences.Tell(ctx, h.tellApp) }

// openRooms gives the rooms that have pages of their own their addresses, and
// the doors that lead there.
func (h *House) openRooms() error {
	organisationDoor := h.Pages.Door("organisation", site.AccountApp, "organizations", "openid profile")
	programmeDoor := h.Pages.Door("programme", site.AccountApp, "organizations", "openid profile")
	help.New(h.Pages, help.Rooms{Desk: h.Desk, Tenants: h.Tenants, Programme: programmeDoor, Organisation: organisationDoor})
	portal.New(h.Pages, programmeDoor, portal.Rooms{
		Programme: h.Programme, Swaps: h.Swaps, People: h.People, Tenants: h.Tenants, Apps: h.Apps, Consents: h.Consents, Safe: h.Safe,
		Attempts: h.Attempts, Source: h.Source, Origin: h.Origin,
	})
	organisation.New(h.Pages, organisationDoor, organisation.Rooms{
		Approvals: h.Approvals, People: h.People, Apps: h.Apps, Attempts: h.Attempts, Now: h.Source.Now,
	})
	return h.openAccount(organisationDoor)
}

// Tend does what is due from time to time: new signing keys, reminders and ends
// of approvals, what the clock moves of relationships, and forgetting what has ended.
func (h *House) Tend(ctx context.Context) error {
	if err := h.Keys.Tend(ctx); err != nil {
		return fmt.Errorf("tend signing keys: %w", err)
	}
	// A request that cannot be tended keeps nothing else from being done.
	return errors.Join(h.Approvals.Tend(ctx), h.Relationships.Tend(ctx), h.Programme.Tend(ctx), h.Swaps.Tend(ctx), h.DB.Prune(ctx, h.Source.Now()))
}

// Maintain refuses every write until an instant, while everything can still be
// read and whoever is signed in stays so. A zero instant ends it.
func (h *House) Maintain(until time.Time) {
	h.DB.Hold(func() error {
		left := until.Sub(h.Source.Now())
		if left <= 0 {
			return nil
		}
		return fault.New(fault.Maintenance, "minutes", fmt.Sprint(int((left+time.Minute-1)/time.Minute)))
	})
}

// Close ends the house after the writes that wait.
func (h *House) Close() error { return h.DB.Close() }
