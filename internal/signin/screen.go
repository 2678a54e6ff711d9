package signin

import (
	"context"
	"encoding/json"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/consent"
	"github.com/entente-id/entente/internal/credential"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/session"
)

// Screen is what a person sees next, for the pages to draw; or, at Done, what
// the edge answers the application with.
type Screen struct {
	Step    Step
	Journey Journey
	// Flow goes into the form.
	Flow string
	// Fault is why the journey ends, at Refused.
	Fault *fault.Fault

	App application.Application
	// Organisation is the name of the person's home, once it is known.
	Organisation string
	// People are the tiles of Pick.
	People []session.Signed
	// Passkey is what the page may ask the browser for, as JSON: an assertion,
	// or, at NewAccount, a new key. Ways are what Code can be answered with.
	Passkey string
	Ways    credential.Ways
	// Seed is what Enrol shows, Codes what RecoveryCodes shows.
	Seed  credential.Seed
	Codes []string
	// Permissions and MayForAll are what Consent shows.
	Permissions []Permission
	MayForAll   bool
	// Headcount is how many people a consent for everyone is for, Reviewers how
	// many can decide about a request; Standing is the request that waits.
	Headcount, Reviewers int
	Standing             consent.Standing
	// Person is who has been proved.
	Person account.Account
	// Leave is the address of the company's provider, at Upstream, once the
	// person has agreed to go there; Provider its name before.
	Leave, Provider string
	// DeviceCookie is the new value of the device cookie, "" for no change.
	DeviceCookie string
	// SessionCookie is the new value of the session cookie, "" for no change.
	SessionCookie string
}

// Permission is one line of a consent page.
type Permission struct {
	Resource, Name string
	// Alone: the app may do so without a person.
	Alone bool
}

// step asks next.
func (j *Journeys) step(ctx context.Context, journey Journey, candidates []session.Signed) (Step, *fault.Fault, error) {
	f, _, err := j.gather(ctx, journey)
	if err != nil {
		return "", nil, err
	}
	f.signed = len(candidates)
	step, refusal := next(journey, f)
	return step, refusal, nil
}

// show draws a journey.
func (j *Journeys) show(ctx context.Context, journey Journey, candidates []session.Signed) (Screen, error) {
	s := Screen{Journey: journey, People: candidates}
	f, person, err := j.gather(ctx, journey)
	if err != nil {
		return s, err
	}
	f.signed = len(candidates)
	s.Step, s.Fault = next(journey, f)
	s.Person = person
	if s.App, err = j.apps.Find(ctx, journey.Request.Client); err != nil {
		return s, err
	}
	if journey.Home != "" {
		home, err := j.tenants.Find(ctx, journey.Home)
		if err != nil {
			return s, err
		}
		s.Organisation = home.Name
		if s.Step == Upstream {
			s.Provider = home.Upstream.Name
		}
	}
	if err := j.showPasskey(ctx, &s); err != nil {
		return s, err
	}
	switch s.Step {
	case Enrol:
		if err := j.showSeed(&s, &journey); err != nil {
			return s, err
		}
	case RecoveryCodes:
		plain, err := j.secrets.OpenText(journey.Codes, codesContext)
		if err != nil {
			return s, err
		}
		if err := json.Unmarshal(plain, &s.Codes); err != nil {
			return s, err
		}
	case AskApproval, Waiting:
		s.Permissions, s.Standing = asPermissions(f.missing), f.standing
		if s.Reviewers, err = j.approvals.Reviewers(ctx, journey.Home); err != nil {
			return s, err
		}
	case Consent, ConsentForAll:
		if person.MayConsentForAll() {
			if s.Headcount, err = j.people.Count(ctx, journey.Home); err != nil {
				return s, err
			}
		}
		s.Permissions, s.MayForAll = asPermissions(f.missing), person.MayConsentForAll()
		for _, a := range f.alone {
			for _, role := range a.Roles {
				s.Permissions = append(s.Permissions, Permission{Resource: a.Resource.Name, Name: role, Alone: true})
			}
		}
	}
	s.Journey = journey
	s.Flow, err = j.write(journey)
	return s, err
}

// keepTyped shows what was typed and not sent, except secrets.
func (s *Screen) keepTyped(a Answer) {
	switch s.Step {
	case Address:
		s.Journey.Address = a.Address
	case NewAccount:
		s.Journey.Name = a.Name
	case AskApproval:
		s.Journey.Reason = a.Reason
	}
}

// showSeed gives an enrolment its seed: a new one, or the one of the form that
// came back, so that a wrong code or another language shows the same.
func (j *Journeys) showSeed(s *Screen, journey *Journey) error {
	if journey.Seed == "" {
		sealed, err := j.secrets.SealText([]byte(j.safe.NewSeed()), seedContext)
		if err != nil {
			return err
		}
		journey.Seed = sealed
	}
	plain, err := j.secrets.OpenText(journey.Seed, seedContext)
	if err != nil {
		return err
	}
	s.Seed = credential.Seed(plain)
	return nil
}

// signed is the person of a finished journey, for the browser's session.
func (s Screen) signed() session.Signed {
	j := s.Journey
	return session.Signed{
		Home: j.Home, Account: j.Account, SignInName: j.SignInName, Display: s.Person.Name,
		Methods: j.Methods, AuthAt: j.AuthAt, FactorAt: j.FactorAt, SID: j.SID,
	}
}
