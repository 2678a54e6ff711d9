package signin

import (
	"context"
	"strings"
	"unicode/utf8"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/credential"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/message"
)

// Errand is what a person does on the way to a sign-in.
type Errand string

// The errands.
const (
	// SignUp makes a personal account.
	SignUp Errand = "sign-up"
	// Reset chooses a new password.
	Reset Errand = "reset"
	// WithPass signs in with a temporary pass instead of a password.
	WithPass Errand = "pass"
)

// beginErrand leaves the password page for an errand. Whoever the address
// belongs to, the page and its timing are the same.
func (j *Journeys) beginErrand(ctx context.Context, journey *Journey, errand Errand) error {
	if errand == SignUp && journey.Home != id.Consumers {
		return fault.New(fault.PageExpired)
	}
	journey.Errand, journey.MailCodes, journey.MailProved = errand, nil, false
	if errand == WithPass {
		return nil
	}
	return j.sendCode(ctx, journey)
}

// sendCode sends a code to the mailbox that the errand has to prove. A reset
// for an address that nobody signs in with sends nothing and says the same.
func (j *Journeys) sendCode(ctx context.Context, journey *Journey) error {
	name := account.FoldName(journey.Address)
	code, codes, err := j.safe.NewMailCode(ctx, name, journey.MailCodes)
	if err != nil {
		return err
	}
	journey.MailCodes = codes
	to := journey.Address
	if journey.Errand == Reset {
		person, err := j.people.Named(ctx, journey.Home, journey.Address)
		if err != nil && !fault.Has(err, fault.AccountUnknown) {
			return err
		}
		// The address comes from the account, never from what was typed (row A81).
		if to = person.Mailbox(); to == "" {
			return nil
		}
	}
	return j.outbox.Send(ctx, message.Message{
		Kind: message.Code, Tenant: journey.Home, To: to, Language: journey.Request.Locales,
		Facts: map[string]string{"code": code, "app": journey.Request.AppName}, Expires: j.source.Now().Add(credential.MailCodeLife),
	})
}

// takeMailbox takes the code from the mail.
func (j *Journeys) takeMailbox(ctx context.Context, journey *Journey, a Answer) (*fault.Fault, error) {
	if a.Do == "resend" {
		err := j.sendCode(ctx, journey)
		if f := fault.Of(err); err != nil && f.Code == fault.RequestRepeated {
			return f, nil
		}
		return nil, err
	}
	err := j.safe.CheckMailCode(ctx, account.FoldName(journey.Address), journey.MailCodes, a.Code)
	if err != nil {
		switch f := fault.Of(err); f.Code {
		case fault.MailCodeWrong, fault.MailCodeExpired, fault.TooManyTries:
			return f, nil
		}
		return nil, err
	}
	journey.MailProved, journey.MailCodes, journey.Making = true, nil, id.Object(j.source.NewGUID())
	journey.passed("mailbox")
	person, err := j.people.Named(ctx, journey.Home, journey.Address)
	known := err == nil
	if err != nil && !fault.Has(err, fault.AccountUnknown) {
		return nil, err
	}
	switch {
	case journey.Errand == SignUp && known:
		// The mailbox is theirs, so they may know: there is an account already.
		journey.Errand, journey.Notice = "", "signup.exists"
	case journey.Errand == Reset && !known:
		return fault.New(fault.MailCodeWrong), nil
	case journey.Errand == Reset:
		return nil, j.mayReset(ctx, journey, person)
	}
	return nil, nil
}

// mayReset says whether a proved mailbox is enough for a new password. A
// mailbox is never a second factor of a work account (row R147): without one,
// the way leads through the organisation's IT.
func (j *Journeys) mayReset(ctx context.Context, journey *Journey, person account.Account) error {
	if person.Disabled {
		return fault.New(fault.AccountDisabled)
	}
	owner := credential.Owner{Tenant: journey.Home, Account: person.ID}
	has, err := j.safe.HasSecondFactor(ctx, owner)
	if err != nil {
		return err
	}
	if journey.Home != id.Consumers && !has {
		return fault.New(fault.FactorPlace, "reason", "reset")
	}
	journey.Resetting, journey.MustConfirm = person.ID, has
	return nil
}

// takeResetCode takes the second factor of somebody who forgot the password.
func (j *Journeys) takeResetCode(ctx context.Context, journey *Journey, a Answer) (*fault.Fault, error) {
	switch a.Do {
	case "recovery", "code":
		journey.Recovery = a.Do == "recovery"
		return nil, nil
	}
	check := j.safe.CheckCode
	if journey.Recovery {
		check = j.safe.CheckRecovery
	}
	if err := check(ctx, credential.Owner{Tenant: journey.Home, Account: journey.Resetting}, a.Code); err != nil {
		if f := fault.Of(err); f.Code == fault.SecondFactorWrong || f.Code == fault.TooManyTries {
			return f, nil
		}
		return nil, err
	}
	journey.MustConfirm, journey.Recovery = false, false
	// The same proof counts for the sign-in that follows.
	journey.FactorAt = j.source.Now()
	journey.passed("second-factor")
	return nil, nil
}

// takeNewPassword ends a reset: the new password signs the person in, and
// everything that rested on the old one is void.
func (j *Journeys) takeNewPassword(ctx context.Context, journey *Journey, a Answer) (*fault.Fault, error) {
	whose := journey.Resetting
	if whose == "" {
		// Not forgotten, but past its time: the old one was proved just now.
		whose = journey.Account
	}
	person, err := j.people.Find(ctx, journey.Home, whose)
	if err != nil {
		return nil, err
	}
	if err := j.safe.ChoosePassword(ctx, j.told(*journey, person), a.Password, person.Name, person.SignInName, journey.Request.AppName); err != nil {
		if f := fault.Of(err); f.Code == fault.PasswordWeak {
			return f, nil
		}
		return nil, err
	}
	factor := journey.FactorAt
	journey.proved(j, person, "pwd")
	if !factor.IsZero() {
		// Proved minutes ago, in this journey.
		journey.FactorAt, journey.Methods = j.source.Now(), append(journey.Methods, "mfa")
	}
	journey.Errand, journey.Resetting = "", ""
	return nil, nil
}

// told says who changes how they sign in on the way to an app.
func (j *Journeys) told(journey Journey, person account.Account) credential.Told {
	return credential.Told{By: callerOf(journey, person), Person: person, Outbox: j.outbox}
}

// callerOf is the person of a journey as the one who does something.
func callerOf(journey Journey, person account.Account) audit.Caller {
	return audit.Caller{Tenant: person.Tenant, Home: person.Tenant, Account: person.ID, SignInName: person.SignInName, App: journey.Request.Client}
}

// takeSignUp makes the personal account of a proved mailbox.
func (j *Journeys) takeSignUp(ctx context.Context, journey *Journey, a Answer) (*fault.Fault, error) {
	person, problem := j.applicant(journey, a)
	if problem != nil {
		return problem, nil
	}
	if err := credential.Strong(a.Password, true, person.Name, journey.Address, journey.Request.AppName); err != nil {
		return fault.Of(err), nil
	}
	owner := credential.Owner{Tenant: person.Tenant, Account: person.ID}
	// The password first: an account without one could be taken by nobody, but
	// would hold the name.
	if err := j.safe.SetPassword(ctx, owner, a.Password); err != nil {
		return nil, err
	}
	return nil, j.found(ctx, journey, person, "pwd")
}

// applicant is the personal account that a form asks for.
func (j *Journeys) applicant(journey *Journey, a Answer) (account.Account, *fault.Fault) {
	name := strings.TrimSpace(a.Name)
	if name == "" || utf8.RuneCountInString(name) > 100 {
		return account.Account{}, fault.New(fault.InputInvalid, "parameter", "name", "rule", "1 to 100 characters")
	}
	journey.Name = name
	return account.Account{
		Tenant: id.Consumers, ID: journey.Making, SignInName: journey.Address, Mail: journey.Address,
		Name: name, Language: journey.Request.Locales, Created: j.source.Now(),
	}, nil
}

// found makes a personal account whose first credential is kept already.
func (j *Journeys) found(ctx context.Context, journey *Journey, person account.Account, method string) error {
	if err := j.people.Add(ctx, person, j.event(callerOf(*journey, person), "account.sign-up")); err != nil {
		if f := fault.Of(err); f.Code == fault.NameTaken {
			// Two forms at once: the first one made it.
			journey.Errand, journey.Notice = "", "signup.exists"
			return nil
		}
		return err
	}
	journey.Errand = ""
	journey.proved(j, person, method)
	return nil
}

// takePass takes a temporary pass.
func (j *Journeys) takePass(ctx context.Context, journey *Journey, a Answer) (*fault.Fault, error) {
	person, err := j.people.Named(ctx, journey.Home, journey.Address)
	if err != nil && !fault.Has(err, fault.AccountUnknown) {
		return nil, err
	}
	if _, err := j.safe.CheckPass(ctx, credential.Owner{Tenant: journey.Home, Account: person.ID}, a.Code); err != nil {
		if f := fault.Of(err); f.Code == fault.PassWrong || f.Code == fault.TooManyTries {
			return f, nil
		}
		return nil, err
	}
	journey.proved(j, person, "pass")
	journey.Errand = ""
	journey.passed("pass")
	return nil, nil
}

// notice tells a person about a change of how they sign in (row R154).
func (j *Journeys) notice(ctx context.Context, person account.Account, what string) error {
	to := person.Mailbox()
	if to == "" {
		return nil
	}
	return j.outbox.Send(ctx, message.Message{
		Kind: message.SecurityNotice, Tenant: person.Tenant, To: to, Language: person.Language, Facts: map[string]string{"what": what, "address": person.SignInName},
		Path: "/account", Reference: j.source.Reference(),
	})
}

// event is an audit record of something that a person did to their own account.
func (j *Journeys) event(by audit.Caller, verb string) audit.Event {
	return audit.Event{
		ID: j.source.NewGUID(), At: j.source.Now(), Tenant: by.Tenant, Account: by.Account, SignInName: by.SignInName, App: by.App,
		Verb: verb, Object: string(by.Account),
	}
}
