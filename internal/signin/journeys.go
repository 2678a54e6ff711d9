package signin

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strings"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/consent"
	"github.com/entente-id/entente/internal/credential"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/message"
	"github.com/entente-id/entente/internal/policy"
	"github.com/entente-id/entente/internal/seal"
	"github.com/entente-id/entente/internal/session"
	"github.com/entente-id/entente/internal/tenant"
	"github.com/entente-id/entente/internal/token"
)

// Store keeps journeys.
type Store interface {
	// AddJourney keeps a journey after its first POST.
	AddJourney(ctx context.Context, journey string, sealed []byte, expires int64) error
	// Journey finds one, or fails with PageExpired.
	Journey(ctx context.Context, journey string) (sealed []byte, version int64, err error)
	// SwapJourney moves a journey on if its version is still the given one.
	SwapJourney(ctx context.Context, journey string, sealed []byte, version int64) (bool, error)
}

// Rooms are what a sign-in needs of others.
type Rooms struct {
	Tenants   *tenant.Directory
	People    *account.People
	Apps      *application.Registry
	Safe      *credential.Safe
	Consents  *consent.Ledger
	Issuer    *token.Issuer
	Outbox    *message.Outbox
	Approvals *consent.Approvals
	Links     *account.Links
	Providers Providers
	Passkeys  *credential.Passkeys
	Sessions  *session.Keeper
}

// Journeys is the room.
type Journeys struct {
	store     Store
	source    id.Source
	flows     *seal.Key
	secrets   *seal.Key
	tenants   *tenant.Directory
	people    *account.People
	apps      *application.Registry
	safe      *credential.Safe
	consents  *consent.Ledger
	issuer    *token.Issuer
	outbox    *message.Outbox
	approvals *consent.Approvals
	links     *account.Links
	providers Providers
	passkeys  *credential.Passkeys
	sessions  *session.Keeper
}

// NewJourneys opens the room.
func NewJourneys(store Store, source id.Source, custody *seal.Custody, r Rooms) (*Journeys, error) {
	flows, err := custody.Key("sign-in form")
	if err != nil {
		return nil, err
	}
	secrets, err := custody.Key("sign-in secret")
	if err != nil {
		return nil, err
	}
	return &Journeys{
		store: store, source: source, flows: flows, secrets: secrets,
		tenants: r.Tenants, people: r.People, apps: r.Apps, safe: r.Safe, consents: r.Consents, issuer: r.Issuer,
		outbox: r.Outbox, approvals: r.Approvals, links: r.Links, providers: r.Providers, passkeys: r.Passkeys, sessions: r.Sessions,
	}, nil
}

// Begin starts a request: it goes on silently as far as the browser's session
// allows and says what is next. Nothing is written.
func (j *Journeys) Begin(ctx context.Context, r Request, b session.Browser) (Screen, error) {
	journey := Journey{Browser: b.ID, Request: r, Started: j.source.Now(), Kind: b.Kinds[r.Client]}
	authority, err := j.tenants.Authority(ctx, r.Authority)
	if err != nil {
		return Screen{}, err
	}
	known, err := j.sessions.Of(ctx, b)
	if err != nil {
		return Screen{}, err
	}
	candidates := j.candidates(ctx, known, r, authority)
	if len(candidates) == 1 && r.Prompt != "select_account" {
		if err := j.resume(ctx, &journey, candidates[0]); err != nil {
			return Screen{}, err
		}
		if journey.Account == "" && r.Prompt == "none" {
			// Their session was ended from afar, so there is nobody to choose.
			candidates = nil
		}
	}
	if journey.Account == "" && len(candidates) == 0 && r.Prompt == "" && r.LoginHint == "" {
		if other, ok := wrongKind(known, r); ok {
			return j.turnAway(ctx, journey, other)
		}
	}
	if journey.Account == "" && len(candidates) == 0 && r.LoginHint != "" && r.Prompt != "none" {
		// A hint fills in the address and leads on where it can.
		problem, err := j.locate(ctx, &journey, strings.TrimSpace(r.LoginHint))
		if err != nil {
			return Screen{}, err
		}
		if problem != nil && problem.Code != fault.ParameterMissing {
			journey.Problem = problem
		}
	}
	return j.show(ctx, journey, candidates)
}

// wrongKind finds the personal account of a browser whose people cannot enter
// an app for work: they are told so, instead of being asked for an address as
// if nobody were there (M02).
func wrongKind(s session.Session, r Request) (session.Signed, bool) {
	for _, p := range s.People {
		if p.Home == id.Consumers && !r.Personal {
			return p, true
		}
	}
	return session.Signed{}, false
}

// turnAway says that the signed-in account is of the wrong kind. The way back
// keeps the address: it may well be a work account's too.
func (j *Journeys) turnAway(ctx context.Context, journey Journey, other session.Signed) (Screen, error) {
	journey.Address, journey.Home, journey.SignInName = other.SignInName, other.Home, other.SignInName
	app, err := j.apps.Find(ctx, journey.Request.Client)
	if err != nil {
		return Screen{}, err
	}
	if again, err := url.Parse(journey.Request.Restart); err == nil {
		query := again.Query()
		query.Set("login_hint", other.SignInName)
		again.RawQuery = query.Encode()
		journey.Request.Restart = again.String()
	}
	return Screen{Step: Refused, Journey: journey, App: app, Fault: fault.New(fault.ForeignAccount, "app", journey.Request.AppName, "reason", "personal")}, nil
}

// resume takes the proof of a signed-in person into a journey.
func (j *Journeys) resume(ctx context.Context, journey *Journey, s session.Signed) error {
	alive, err := j.sessions.Alive(ctx, s)
	if err != nil || !alive {
		return err
	}
	journey.Home, journey.Account, journey.SignInName, journey.Address = s.Home, s.Account, s.SignInName, s.SignInName
	journey.Methods, journey.AuthAt, journey.FactorAt, journey.SID = s.Methods, s.AuthAt, s.FactorAt, s.SID
	journey.passed("account")
	return nil
}

// gather collects what next decides on.
func (j *Journeys) gather(ctx context.Context, journey Journey) (facts, account.Account, error) {
	var f facts
	if journey.Account == "" {
		if journey.Home == "" {
			return f, account.Account{}, nil
		}
		home, err := j.tenants.Find(ctx, journey.Home)
		f.federated = home.Federated()
		return f, account.Account{}, err
	}
	person, err := j.people.Find(ctx, journey.Home, journey.Account)
	if err != nil {
		return f, person, err
	}
	home, err := j.tenants.Find(ctx, journey.Home)
	if err != nil {
		return f, person, err
	}
	f, err = j.judge(ctx, journey, home, person)
	return f, person, err
}

// judge is what stands between a proved person and the end of the journey.
func (j *Journeys) judge(ctx context.Context, journey Journey, home tenant.Tenant, person account.Account) (facts, error) {
	var f facts
	if person.Disabled {
		f.refusal = fault.New(fault.AccountDisabled)
		return f, nil
	}
	var err error
	has := journey.Codes != ""
	if !has {
		if has, err = j.safe.HasSecondFactor(ctx, journey.owner()); err != nil {
			return f, err
		}
	}
	f.demand = policy.Decide(policy.Facts{
		Tenant: home, Person: person, SecondFactorAt: journey.FactorAt, HasSecondFactor: has,
		Asked: journey.Request.SecondFactor, AskedFresh: journey.Request.Prompt == "login", Started: journey.Started,
	})
	if f.missing, err = j.missing(ctx, journey); err != nil {
		return f, err
	}
	if f.alone, err = j.alone(ctx, journey); err != nil {
		return f, err
	}
	if f.demand == policy.Enrol && home.Settings.FactorSetup == tenant.FactorWithPass && !slices.Contains(journey.Methods, "pass") {
		f.refusal = fault.New(fault.FactorPlace, "org", home.Name)
	}
	f.mustChange = person.MustChangePassword
	if f.demand == policy.Nothing {
		err = j.mayAllow(ctx, journey, home, person, &f)
	}
	return f, err
}

// mayAllow finds out whether the person can decide about the app themselves. If
// not, somebody else's decision is missing, was asked for, or was made.
func (j *Journeys) mayAllow(ctx context.Context, journey Journey, home tenant.Tenant, person account.Account, f *facts) error {
	client, err := j.apps.Find(ctx, journey.Request.Client)
	if err != nil {
		return err
	}
	principal, err := j.apps.Principal(ctx, home.ID, client.App)
	if err != nil && !fault.Has(err, fault.AppNotInTenant) {
		return err
	}
	if open, err := j.apps.Admits(ctx, principal, person.ID); err != nil || !open {
		f.refusal = fault.New(fault.NotAssigned, "app", client.Name, "org", home.Name)
		return err
	}
	if len(f.missing) == 0 && !principal.Disabled && !journey.Request.Organisation {
		return nil
	}
	refusal := mayDecide(journey.Request, home, person, client, f.missing)
	if refusal == nil && !principal.Disabled {
		return nil
	}
	standing, err := j.approvals.Standing(ctx, home.ID, client.App, person.ID)
	if err != nil {
		return err
	}
	switch stands := standing.Fault(client, home); {
	case standing.State == consent.Waiting:
		f.approval, f.standing = stands, standing
	case stands != nil:
		f.refusal = stands
	case principal.Disabled:
		f.refusal = fault.New(fault.AppDisabled, "app", client.Name)
	default:
		f.approval = fault.Of(refusal)
	}
	return nil
}

// missing lists the permissions that a person has to be asked for.
func (j *Journeys) missing(ctx context.Context, journey Journey) ([]consent.Asked, error) {
	client, err := j.apps.Find(ctx, journey.Request.Client)
	if err != nil || client.FirstParty {
		return nil, err
	}
	wanted, err := j.wanted(ctx, journey.Request)
	if err != nil {
		return nil, err
	}
	static, err := j.static(ctx, client)
	if err != nil {
		return nil, err
	}
	allowed, err := j.consents.Allowed(ctx, journey.Home, client.App, journey.Account)
	if err != nil {
		return nil, err
	}
	if (journey.Request.Prompt == "consent" || journey.Request.Organisation) && !journey.Consented {
		// The page is asked for even where everything is allowed already.
		allowed = consent.Allowed{}
	}
	return consent.Missing(allowed, client, wanted, static)
}

// wanted reads what a request asks for. A v1 request without a resource still
// asks for everything that the application registered.
func (j *Journeys) wanted(ctx context.Context, r Request) (application.Wanted, error) {
	if r.Version == 2 {
		return j.apps.WantedAt(ctx, r.Scope, r.Resource)
	}
	if r.Resource != "" {
		w, err := j.apps.WantedByResource(ctx, r.Resource)
		return application.Wanted{OpenID: true, Profile: true, Resources: []application.WantedResource{w}}, err
	}
	client, err := j.apps.Find(ctx, r.Client)
	if err != nil {
		return application.Wanted{}, err
	}
	w := application.Wanted{OpenID: true, Profile: true}
	for _, required := range client.Required {
		if len(required.Scopes) == 0 {
			continue
		}
		resource, err := j.apps.Find(ctx, required.Resource)
		if err != nil {
			return w, err
		}
		w.Resources = append(w.Resources, application.WantedResource{Resource: resource, Audience: string(resource.App), Default: true})
	}
	return w, nil
}

func (j *Journeys) static(ctx context.Context, client application.Application) ([]consent.Asked, error) {
	var list []consent.Asked
	for _, r := range client.Required {
		resource, err := j.apps.Find(ctx, r.Resource)
		if err != nil {
			return nil, err
		}
		list = append(list, consent.Asked{Resource: resource, Scopes: slices.Clone(r.Scopes)})
	}
	return list, nil
}

// flow is what a form carries: the whole journey before its first POST, the
// name of its row after it.
type flow struct {
	Journey *Journey `json:"j,omitempty"`
	ID      string   `json:"i,omitempty"`
	Version int64    `json:"v,omitempty"`
	Seed    string   `json:"s,omitempty"`

	Problem *fault.Fault `json:"p,omitempty"`
}

// Contexts of what a journey keeps sealed within itself.
const (
	seedContext  = "seed"
	codesContext = "codes"
)

// write seals a journey for its form.
func (j *Journeys) write(journey Journey) (string, error) {
	f := flow{ID: journey.ID, Version: journey.Version, Seed: journey.Seed, Problem: journey.Problem}
	if journey.ID == "" {
		f.Journey = &journey
	}
	plain, err := json.Marshal(f)
	if err != nil {
		return "", err
	}
	return j.flows.SealText(plain, journey.Browser)
}

// maxFlow bounds the form field before it is opened; a request with long
// state travels in it.
const maxFlow = 256 << 10

// read opens a form's journey and checks that it belongs to this browser.
func (j *Journeys) read(ctx context.Context, text string, b session.Browser) (Journey, error) {
	if text == "" || len(text) > maxFlow {
		return Journey{}, fault.New(fault.PageExpired)
	}
	plain, err := j.flows.OpenText(text, b.ID)
	if errors.Is(err, seal.ErrOpen) {
		return Journey{}, fault.New(fault.OtherBrowser)
	}
	if err != nil {
		return Journey{}, err
	}
	var f flow
	if err := json.Unmarshal(plain, &f); err != nil {
		return Journey{}, err
	}
	journey := Journey{}
	if f.Journey != nil {
		journey = *f.Journey
	} else if journey, err = j.stored(ctx, f); err != nil {
		return journey, err
	}
	journey.Seed, journey.Problem = f.Seed, f.Problem
	if age := j.source.Now().Sub(journey.Started); age > journeyLife || age < -journeyLife {
		return journey, fault.New(fault.PageExpired)
	}
	return journey, nil
}

func (j *Journeys) stored(ctx context.Context, f flow) (Journey, error) {
	var journey Journey
	sealed, version, err := j.store.Journey(ctx, f.ID)
	if err != nil {
		return journey, err
	}
	plain, err := j.secrets.Open(sealed, f.ID)
	if err != nil {
		return journey, err
	}
	if err := json.Unmarshal(plain, &journey); err != nil {
		return journey, err
	}
	journey.ID, journey.Version = f.ID, version
	if version != f.Version {
		// The back button, or a second tab: that page was answered already.
		return journey, fault.New(fault.PageExpired)
	}
	return journey, nil
}

// save makes the first POST's row or moves it on. Whoever comes second with
// the same page is refused.
func (j *Journeys) save(ctx context.Context, journey *Journey) error {
	first := journey.ID == ""
	if first {
		journey.ID, journey.Version = j.source.Hex(16), 1
	}
	plain, err := json.Marshal(journey)
	if err != nil {
		return err
	}
	sealed, err := j.secrets.Seal(plain, journey.ID)
	if err != nil {
		return err
	}
	if first {
		return j.store.AddJourney(ctx, journey.ID, sealed, journey.Started.Add(journeyLife).UnixMicro())
	}
	won, err := j.store.SwapJourney(ctx, journey.ID, sealed, journey.Version)
	if err != nil {
		return err
	}
	if !won {
		return fault.New(fault.PageExpired)
	}
	journey.Version++
	return nil
}

// caller is the proved person of a journey, for what they decide.
func (j Journey) caller() audit.Caller {
	return audit.Caller{
		Tenant: j.Home, Home: j.Home, Account: j.Account, SignInName: j.SignInName,
		App: j.Request.Client, Methods: j.Methods,
	}
}
