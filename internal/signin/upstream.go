package signin

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/session"
	"github.com/entente-id/entente/internal/tenant"
)

// UpstreamAsk is one trip to a company's own provider.
type UpstreamAsk struct {
	State, Nonce, Verifier, LoginHint string
	// Fresh asks for a proof that is younger than At, SecondFactor for a second
	// factor.
	Fresh        bool
	At           time.Time
	SecondFactor bool
}

// UpstreamAnswer is what the person brings back from there.
type UpstreamAnswer struct{ Code, Iss, Error string }

// UpstreamProof is a person as their company's provider proved them. The key
// is (Issuer, Subject); the address is only a proposal (rows R167, R168).
type UpstreamProof struct {
	Issuer, Subject     string
	Name, Given, Family string
	// Address is empty unless it lies in a domain of the organisation.
	Address  string
	Language string
	Methods  []string
	AuthAt   time.Time
}

// Providers are the companies' own sign-ins. The house plugs them in: they
// stand at the rim, because they use the network.
type Providers struct {
	Begin  func(ctx context.Context, home tenant.Tenant, ask UpstreamAsk) (address string, err error)
	Finish func(ctx context.Context, home tenant.Tenant, ask UpstreamAsk, a UpstreamAnswer) (UpstreamProof, error)
}

// upstreamState is what comes back with the provider's answer, sealed for the
// browser that was sent there.
type upstreamState struct {
	ID      string `json:"i"`
	Version int64  `json:"v"`
}

// leave sends a person to their company's provider. The journey has its row by
// then: what was asked rests there, and the answer serves once.
func (j *Journeys) leave(ctx context.Context, journey Journey) (string, error) {
	home, err := j.tenants.Find(ctx, journey.Home)
	if err != nil {
		return "", err
	}
	plain, err := json.Marshal(upstreamState{journey.ID, journey.Version})
	if err != nil {
		return "", err
	}
	state, err := j.flows.SealText(plain, "upstream"+journey.Browser)
	if err != nil {
		return "", err
	}
	ask := journey.upstreamAsk(home)
	ask.State = state
	return j.providers.Begin(ctx, home, ask)
}

func (j Journey) upstreamAsk(home tenant.Tenant) UpstreamAsk {
	return UpstreamAsk{
		Nonce: j.Nonce, Verifier: j.Verifier, LoginHint: j.Address, Fresh: j.fresh(), At: j.Left,
		SecondFactor: j.Request.SecondFactor || home.Settings.RequireMFA,
	}
}

func (j Journey) fresh() bool { return j.Request.Prompt == "login" || j.Request.MaxAge >= 0 }

// takeUpstream prepares the way to the provider.
func (j *Journeys) takeUpstream(journey *Journey) {
	journey.Nonce, journey.Verifier, journey.Left = j.source.Secret(), j.source.Secret(), j.source.Now()
}

// Return takes the provider's answer, moves the journey and says what is next.
func (j *Journeys) Return(ctx context.Context, state string, b session.Browser, a UpstreamAnswer) (Screen, error) {
	var s upstreamState
	plain, err := j.flows.OpenText(state, "upstream"+b.ID)
	if err != nil || json.Unmarshal(plain, &s) != nil {
		return Screen{}, fault.New(fault.OtherBrowser)
	}
	journey, err := j.stored(ctx, flow{ID: s.ID, Version: s.Version})
	if err != nil {
		return Screen{Journey: journey}, err
	}
	if journey.Browser != b.ID || journey.Nonce == "" || j.source.Now().Sub(journey.Started) > journeyLife {
		return Screen{Journey: journey}, fault.New(fault.PageExpired)
	}
	home, err := j.tenants.Find(ctx, journey.Home)
	if err != nil {
		return Screen{Journey: journey}, err
	}
	if !home.Federated() {
		// Switched off while the person was away (row A85).
		return Screen{Journey: journey}, fault.New(fault.UpstreamMisset, "rule", "the company sign-in was switched off")
	}
	ask := journey.upstreamAsk(home)
	journey.Nonce, journey.Verifier = "", ""
	// Spent before it is used: the same answer twice leads nowhere.
	if err := j.save(ctx, &journey); err != nil {
		return Screen{Journey: journey}, err
	}
	proof, err := j.providers.Finish(ctx, home, ask, a)
	if err != nil {
		return Screen{Journey: journey}, err
	}
	journey.passed("upstream")
	person, err := j.personOf(ctx, home, proof)
	if err != nil {
		return Screen{Journey: journey}, err
	}
	if person.Disabled {
		return Screen{Journey: journey}, fault.New(fault.AccountDisabled)
	}
	journey.proved(j, person, proof.Methods...)
	if !proof.AuthAt.IsZero() {
		journey.AuthAt = proof.AuthAt
	}
	if journey.HasMFA() {
		journey.FactorAt = journey.AuthAt
		journey.passed("second-factor")
	}
	if err := j.save(ctx, &journey); err != nil {
		return Screen{Journey: journey}, err
	}
	return j.shown(ctx, journey, b)
}

// personOf finds the linked person, or makes one where the organisation wants
// that. Nobody is ever found by an address: whoever can write one into a
// provider's profile would take the account over (rows A14, A84).
func (j *Journeys) personOf(ctx context.Context, home tenant.Tenant, p UpstreamProof) (account.Account, error) {
	link, err := j.links.Find(ctx, home.ID, p.Issuer, p.Subject)
	if err == nil {
		return j.people.Find(ctx, home.ID, link.Account)
	}
	if !fault.Has(err, fault.UpstreamUnlinked) {
		return account.Account{}, err
	}
	if !home.Upstream.JustInTime {
		return account.Account{}, fault.New(fault.UpstreamUnlinked, "org", home.Name)
	}
	person := account.Account{
		Tenant: home.ID, ID: id.Object(j.source.NewGUID()), SignInName: p.Address, Mail: p.Address,
		Name: p.Name, Given: p.Given, Family: p.Family, Language: p.Language,
	}
	if p.Address == "" {
		// A name outside of the organisation's own domains is not its to give.
		person.SignInName = string(person.ID) + "@" + home.DefaultDomain()
	}
	if strings.TrimSpace(person.Name) == "" {
		person.Name = person.SignInName
	}
	joined, err := j.links.Join(ctx, person, account.Link{Tenant: home.ID, Issuer: p.Issuer, Subject: p.Subject})
	if fault.Has(err, fault.ChangedMeanwhile) {
		// Two first sign-ins at once: the other one made the account.
		if link, err = j.links.Find(ctx, home.ID, p.Issuer, p.Subject); err != nil {
			return account.Account{}, err
		}
		return j.people.Find(ctx, home.ID, link.Account)
	}
	if fault.Has(err, fault.NameTaken) {
		// The name belongs to somebody who is not linked: IT has to say whether
		// that is the same person.
		return account.Account{}, fault.New(fault.UpstreamUnlinked, "org", home.Name)
	}
	return joined, err
}
