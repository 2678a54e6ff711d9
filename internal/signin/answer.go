package signin

import (
	"context"
	"slices"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/consent"
	"github.com/entente-id/entente/internal/credential"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/session"
)

// Answer is what a person sent with a form.
type Answer struct {
	// Do is the button: "next", "another", "recovery", "code", "yes", "no",
	// "work", "personal", "sign-up", "reset", "pass", "passkey", "password", "resend", or
	// "show" to see the same page again (a change of language).
	Do string
	// Pick is the tile of an account.
	Pick     string
	Address  string
	Password string
	Code     string
	// Name is that of a new account, Reason why an app is wanted.
	Name, Reason string
	// Kept: the recovery codes are kept, or the choice is to be remembered.
	Kept bool
	// ForAll: consent for everyone in the organisation.
	ForAll bool

	// Passkey is what an authenticator answered, as the browser writes it.
	Passkey string
	// device is the secret in the browser's cookie, family the browser's.
	device, family string
}

// Answer takes a form, proves what it says, moves the journey and says what is
// next. A wrong answer is no error: the screen shows the same step with a
// problem.
func (j *Journeys) Answer(ctx context.Context, text string, b session.Browser, a Answer) (Screen, error) {
	journey, err := j.read(ctx, text, b)
	if err != nil {
		return Screen{Journey: journey}, err
	}
	candidates, err := j.signedCandidates(ctx, journey, b)
	if err != nil {
		return Screen{Journey: journey}, err
	}
	if a.Do == "show" {
		screen, err := j.show(ctx, journey, candidates)
		screen.keepTyped(a)
		return screen, err
	}
	step, _, err := j.step(ctx, journey, candidates)
	if err != nil {
		return Screen{Journey: journey}, err
	}
	before := journey
	a.device, a.family = b.Device, b.Family
	journey.Notice, journey.Problem = "", nil
	problem, err := j.take(ctx, step, &journey, a, candidates)
	if err != nil {
		return Screen{Journey: journey}, err
	}
	if problem != nil {
		// What was typed stays typed; nothing else has moved.
		before.Address, before.Name, before.Reason, before.MailCodes, before.Unknown = journey.Address, journey.Name, journey.Reason, journey.MailCodes, journey.Unknown
		before.Problem = problem
		return j.show(ctx, before, candidates)
	}
	if err := j.save(ctx, &journey); err != nil {
		return Screen{Journey: journey}, err
	}
	return j.finish(ctx, journey, b, candidates)
}

// finish draws a journey that has moved. At its end the browser gets a new
// session, and is remembered as a device of the person.
func (j *Journeys) finish(ctx context.Context, journey Journey, b session.Browser, candidates []session.Signed) (Screen, error) {
	screen, err := j.show(ctx, journey, candidates)
	if err != nil {
		return screen, err
	}
	if screen.Step == Upstream && journey.Nonce != "" {
		screen.Leave, err = j.leave(ctx, journey)
		return screen, err
	}
	if screen.Step != Done || !journey.Proved {
		return screen, err
	}
	asked := audit.SignIn{App: journey.Request.Client, AppName: journey.Request.AppName, CorrelationID: journey.Request.CorrelationID}
	if screen.SessionCookie, err = j.sessions.Start(ctx, b, screen.signed(), asked); err != nil {
		return screen, err
	}
	screen.DeviceCookie, err = j.recognise(ctx, b, screen.Person)
	return screen, err
}

// shown is finish for an answer that came from elsewhere.
func (j *Journeys) shown(ctx context.Context, journey Journey, b session.Browser) (Screen, error) {
	candidates, err := j.signedCandidates(ctx, journey, b)
	if err != nil {
		return Screen{Journey: journey}, err
	}
	return j.finish(ctx, journey, b, candidates)
}

// signedCandidates are the people who could go on. A journey that rests on
// somebody's session ends with it: a page left open on a shared computer is
// worth nothing after the sign-out.
func (j *Journeys) signedCandidates(ctx context.Context, journey Journey, b session.Browser) ([]session.Signed, error) {
	authority, err := j.tenants.Authority(ctx, journey.Request.Authority)
	if err != nil {
		return nil, err
	}
	known, err := j.sessions.Of(ctx, b)
	if err != nil {
		return nil, err
	}
	stillSigned := func(s session.Signed) bool { return s.Home == journey.Home && s.Account == journey.Account }
	if journey.Account != "" && !journey.Proved && !slices.ContainsFunc(known.People, stillSigned) {
		return nil, fault.New(fault.PageExpired)
	}
	return j.candidates(ctx, known, journey.Request, authority), nil
}

// take proves one answer. The first result is a problem that the person can
// mend on the same page; the error is everything else.
func (j *Journeys) take(ctx context.Context, step Step, journey *Journey, a Answer, candidates []session.Signed) (*fault.Fault, error) {
	switch a.Do {
	case "another":
		restart(journey)
		return nil, nil
	case "password":
		journey.Errand, journey.MailCodes, journey.MailProved, journey.Resetting = "", nil, false, ""
		return nil, nil
	case "passkey":
		return j.takePasskey(ctx, step, journey, a)
	}
	switch step {
	case Expected:
		return j.takeExpected(ctx, journey, a)
	case Unknown:
		return j.takeUnknown(ctx, journey, a)
	case Kind:
		return j.takeKind(ctx, journey, a)
	case Upstream:
		j.takeUpstream(journey)
		return nil, nil
	case Mailbox:
		return j.takeMailbox(ctx, journey, a)
	case NewAccount:
		return j.takeSignUp(ctx, journey, a)
	case ResetCode:
		return j.takeResetCode(ctx, journey, a)
	case NewPassword:
		return j.takeNewPassword(ctx, journey, a)
	case Pass:
		return j.takePass(ctx, journey, a)
	case Pick:
		return j.takePick(ctx, journey, a, candidates)
	case Address:
		return j.takeAddress(ctx, journey, a)
	case Password:
		return j.takePassword(ctx, journey, a)
	case Code:
		return j.takeCode(ctx, journey, a)
	case Enrol:
		return j.takeEnrolment(ctx, journey, a)
	case RecoveryCodes:
		if !a.Kept {
			return fault.New(fault.ParameterMissing, "parameter", "kept"), nil
		}
		journey.Codes = ""
		return nil, nil
	case AskApproval:
		return j.takeAskApproval(ctx, journey, a)
	case Waiting:
		return j.takeWaiting(ctx, journey, a)
	case Consent, ConsentForAll:
		return nil, j.takeConsent(ctx, step, journey, a)
	}
	// Done or Refused: while the page was open, somebody decided about the app.
	// The answer is about what is no longer asked; the journey just goes on.
	if step == Done || step == Refused {
		return nil, nil
	}
	return nil, fault.New(fault.PageExpired)
}

// restart goes back to the question who it is, with the address kept.
func restart(journey *Journey) {
	*journey = Journey{
		ID: journey.ID, Version: journey.Version, Browser: journey.Browser, Request: journey.Request,
		Started: journey.Started, Address: journey.Address, Asking: true,
	}
}

func (j *Journeys) takePick(ctx context.Context, journey *Journey, a Answer, candidates []session.Signed) (*fault.Fault, error) {
	i := slices.IndexFunc(candidates, func(s session.Signed) bool { return s.Key() == a.Pick })
	if i < 0 {
		return nil, fault.New(fault.PageExpired)
	}
	if err := j.resume(ctx, journey, candidates[i]); err != nil {
		return nil, err
	}
	if journey.Account == "" {
		// The session of that account was ended meanwhile: prove it again.
		journey.Address, journey.Asking = candidates[i].SignInName, true
	}
	return nil, nil
}

func (j *Journeys) takePassword(ctx context.Context, journey *Journey, a Answer) (*fault.Fault, error) {
	switch errand := Errand(a.Do); errand {
	case SignUp, Reset, WithPass:
		err := j.beginErrand(ctx, journey, errand)
		if f := fault.Of(err); err != nil && f.Code == fault.RequestRepeated {
			return f, nil
		}
		return nil, err
	}
	person, err := j.people.Named(ctx, journey.Home, journey.Address)
	if err != nil && !fault.Has(err, fault.AccountUnknown) {
		return nil, err
	}
	// A name that does not exist takes the same way with the same effort.
	owner := credential.Owner{Tenant: journey.Home, Account: person.ID}
	if err := j.safe.CheckPassword(ctx, owner, account.FoldName(journey.Address), a.Password, a.device); err != nil {
		f := fault.Of(err)
		if f.Code == fault.WrongPassword || f.Code == fault.TooManyTries {
			return f, nil
		}
		return nil, err
	}
	journey.proved(j, person, "pwd")
	journey.passed("password")
	return nil, nil
}

func (j *Journeys) takeCode(ctx context.Context, journey *Journey, a Answer) (*fault.Fault, error) {
	switch a.Do {
	case "recovery":
		journey.Recovery = true
		return nil, nil
	case "code":
		journey.Recovery = false
		return nil, nil
	}
	check := j.safe.CheckCode
	if journey.Recovery {
		check = j.safe.CheckRecovery
	}
	if err := check(ctx, journey.owner(), a.Code); err != nil {
		f := fault.Of(err)
		if f.Code == fault.SecondFactorWrong || f.Code == fault.TooManyTries {
			return f, nil
		}
		return nil, err
	}
	journey.confirmed(j)
	return nil, nil
}

// confirmed marks a second factor that was really used in this session: the
// only place where "mfa" enters the methods (DESIGN 4.4).
func (journey *Journey) confirmed(j *Journeys) {
	journey.FactorAt = j.source.Now()
	journey.Methods = append(slices.DeleteFunc(slices.Clone(journey.Methods), func(m string) bool { return m == "mfa" }), "mfa")
	journey.Recovery, journey.Proved = false, true
	journey.passed("second-factor")
}

func (j *Journeys) takeEnrolment(ctx context.Context, journey *Journey, a Answer) (*fault.Fault, error) {
	seed, err := j.secrets.OpenText(journey.Seed, seedContext)
	if err != nil {
		return nil, fault.New(fault.PageExpired).Because(err)
	}
	person, err := j.people.Find(ctx, journey.Home, journey.Account)
	if err != nil {
		return nil, err
	}
	codes, err := j.safe.AddAuthenticator(ctx, j.told(*journey, person), credential.Seed(seed), a.Code)
	if err != nil {
		if f := fault.Of(err); f.Code == fault.SecondFactorWrong {
			return f, nil
		}
		return nil, err
	}
	if err := j.hold(journey, codes); err != nil {
		return nil, err
	}
	journey.Seed = ""
	journey.confirmed(j)
	return nil, nil
}

func (j *Journeys) takeConsent(ctx context.Context, step Step, journey *Journey, a Answer) error {
	if a.Do != "yes" {
		if step == ConsentForAll && !journey.Request.Organisation {
			journey.Everyone = false
			return nil
		}
		return fault.New(fault.ConsentDeclined, "app", journey.Request.AppName)
	}
	f, person, err := j.gather(ctx, *journey)
	if err != nil {
		return err
	}
	if f.refusal != nil {
		return f.refusal
	}
	if step == Consent && a.ForAll && person.MayConsentForAll() {
		journey.Everyone = true
		return nil
	}
	client, err := j.apps.Find(ctx, journey.Request.Client)
	if err != nil {
		return err
	}
	forAll := step == ConsentForAll && person.MayConsentForAll()
	if err := j.consents.Give(ctx, journey.caller(), client.App, f.missing, forAll); err != nil {
		return err
	}
	if forAll {
		if err := j.giveAlone(ctx, *journey, f.alone); err != nil {
			return err
		}
	}
	journey.Consented, journey.Everyone = true, false
	journey.passed("consent")
	return nil
}

// asPermissions lists what a consent page shows.
func asPermissions(asked []consent.Asked) []Permission {
	var list []Permission
	for _, a := range asked {
		for _, s := range a.Scopes {
			list = append(list, Permission{Resource: a.Resource.Name, Name: s})
		}
	}
	return list
}
