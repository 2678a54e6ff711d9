package signin

import (
	"context"
	"encoding/json"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/credential"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
)

// showPasskey gives the pages that take a passkey what to ask the browser for.
// It names nobody, so it is the same for every address.
func (j *Journeys) showPasskey(ctx context.Context, s *Screen) (err error) {
	journey := s.Journey
	switch s.Step {
	case Address, Password, ResetCode:
		s.Passkey, err = j.passkeys.ToSignIn(journey.Browser)
	case Code:
		if s.Ways, err = j.safe.Ways(ctx, journey.owner()); err != nil || s.Ways.Passkeys == 0 {
			return err
		}
		s.Passkey, err = j.passkeys.ToSignIn(journey.Browser)
	case NewAccount:
		s.Passkey, err = j.passkeys.ToAdd(ctx, account.Account{
			Tenant: id.Consumers, ID: journey.Making, SignInName: journey.Address, Name: journey.Address,
		}, journey.Browser)
	}
	return err
}

// takePasskey takes what an authenticator answered, wherever the page offered
// to ask it.
func (j *Journeys) takePasskey(ctx context.Context, step Step, journey *Journey, a Answer) (*fault.Fault, error) {
	if step == NewAccount {
		return j.takeSignUpByPasskey(ctx, journey, a)
	}
	if step != Address && step != Password && step != Code && step != ResetCode {
		return nil, fault.New(fault.PageExpired)
	}
	owner, problem, err := j.checkPasskey(ctx, journey, a)
	if err != nil || problem != nil {
		return problem, err
	}
	switch step {
	case Code:
		if owner != journey.owner() {
			return fault.New(fault.SecondFactorWrong, "reason", "passkey-other"), nil
		}
		journey.Methods = append(journey.Methods, "fido")
		journey.confirmed(j)
		return nil, nil
	case ResetCode:
		if owner != (credential.Owner{Tenant: journey.Home, Account: journey.Resetting}) {
			return fault.New(fault.SecondFactorWrong, "reason", "passkey-other"), nil
		}
		journey.MustConfirm, journey.Recovery, journey.FactorAt = false, false, j.source.Now()
		journey.passed("second-factor")
		return nil, nil
	}
	return j.enterByPasskey(ctx, journey, owner)
}

// checkPasskey proves the answer. A passkey that may be a copy is refused, and
// its person is told.
func (j *Journeys) checkPasskey(ctx context.Context, journey *Journey, a Answer) (credential.Owner, *fault.Fault, error) {
	owner, copied, err := j.passkeys.Check(ctx, journey.Browser, a.family, a.Passkey)
	if copied {
		person, findErr := j.people.Find(ctx, owner.Tenant, owner.Account)
		if findErr != nil {
			return owner, nil, findErr
		}
		if err := j.notice(ctx, person, "passkey-copied"); err != nil {
			return owner, nil, err
		}
	}
	if f := fault.Of(err); err != nil && (f.Code == fault.SecondFactorWrong || f.Code == fault.TooManyTries) {
		return owner, f, nil
	}
	return owner, nil, err
}

// enterByPasskey signs in the person that the passkey names: by the same rules
// about homes, kinds and invitations as an address that is typed. With the PIN
// or the finger that it asked for it is both factors at once.
func (j *Journeys) enterByPasskey(ctx context.Context, journey *Journey, owner credential.Owner) (*fault.Fault, error) {
	person, err := j.people.Find(ctx, owner.Tenant, owner.Account)
	if fault.Has(err, fault.AccountUnknown) {
		return fault.New(fault.SecondFactorWrong, "reason", "passkey-unknown"), nil
	}
	if err != nil {
		return nil, err
	}
	journey.Kind = "work"
	if owner.Tenant == id.Consumers {
		journey.Kind = "personal"
	}
	problem, err := j.locate(ctx, journey, person.SignInName)
	switch {
	case err != nil:
		return nil, err
	case problem != nil && problem.Code == fault.ForeignAccount:
		return nil, problem
	case problem != nil:
		return problem, nil
	case journey.Differs:
		return nil, nil
	case journey.Home != owner.Tenant:
		return nil, fault.New(fault.ForeignAccount, "app", journey.Request.AppName, "reason", "personal")
	}
	home, err := j.tenants.Find(ctx, journey.Home)
	if err != nil {
		return nil, err
	}
	if home.Federated() {
		// The organisation proves its people itself now.
		return nil, nil
	}
	journey.Errand = ""
	journey.proved(j, person, "fido")
	journey.confirmed(j)
	journey.passed("passkey")
	return nil, nil
}

// takeSignUpByPasskey makes the personal account of a proved mailbox, with a
// passkey instead of a password.
func (j *Journeys) takeSignUpByPasskey(ctx context.Context, journey *Journey, a Answer) (*fault.Fault, error) {
	person, problem := j.applicant(journey, a)
	if problem != nil {
		return problem, nil
	}
	by := journey.caller()
	by.Tenant, by.Home, by.Account, by.SignInName = person.Tenant, person.Tenant, person.ID, person.SignInName
	// The passkey first, for the same reason as a password.
	if _, err := j.passkeys.Add(ctx, by, person, journey.Browser, a.family, a.Passkey); err != nil {
		switch f := fault.Of(err); f.Code {
		case fault.SecondFactorWrong, fault.InputInvalid:
			return f, nil
		}
		return nil, err
	}
	if err := j.found(ctx, journey, person, "fido"); err != nil || journey.Account == "" {
		return nil, err
	}
	journey.confirmed(j)
	codes, err := j.safe.NewRecoveryCodes(ctx, by, journey.owner())
	if err != nil {
		return nil, err
	}
	return nil, j.hold(journey, codes)
}

// hold keeps fresh recovery codes until the person has them.
func (j *Journeys) hold(journey *Journey, codes []string) error {
	plain, err := json.Marshal(codes)
	if err != nil {
		return err
	}
	journey.Codes, err = j.secrets.SealText(plain, codesContext)
	return err
}
