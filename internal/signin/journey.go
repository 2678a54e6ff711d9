// Package signin leads a person from an application's request to a proved
// identity and the permissions it needs. It is one explicit state machine: the
// pure function next alone orders the steps.
package signin

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/consent"
	"github.com/entente-id/entente/internal/credential"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/policy"
)

// Request is what an application asks of a sign-in, after the edge has
// verified the client and its redirect address.
type Request struct {
	// Authority is the tenant segment, as asked.
	Authority string `json:"authority"`
	Client    id.App `json:"client"`
	AppName   string `json:"appName"`
	// Work and Personal say which kinds of account the application takes.
	Work     bool `json:"work"`
	Personal bool `json:"personal"`
	// Prompt is "", login, select_account, consent or none.
	Prompt string `json:"prompt,omitempty"`
	// MaxAge is in seconds; negative means that it was not given.
	MaxAge    int    `json:"maxAge"`
	LoginHint string `json:"loginHint,omitempty"`
	// DomainHint names the home organisation of who is about to sign in.
	DomainHint string `json:"domainHint,omitempty"`
	// Subject is the person of a verified id_token_hint.
	Subject string `json:"subject,omitempty"`
	// Organisation: an admin is asked to decide for everyone in their
	// organisation, and nothing else is wanted (adminconsent).
	Organisation bool `json:"organisation,omitempty"`
	// SecondFactor: the application asks for one (amr_values=mfa).
	SecondFactor bool `json:"secondFactor,omitempty"`
	// Scope and Resource are the words of the request, for consent.
	Scope    string `json:"scope,omitempty"`
	Resource string `json:"resource,omitempty"`
	Version  int    `json:"version"`
	// Locales is the language that the application asks for (ui_locales).
	Locales string `json:"locales,omitempty"`
	// RedirectOrigin is where the browser will be sent in the end, for the
	// form-action rule of the pages.
	RedirectOrigin string `json:"redirectOrigin,omitempty"`
	CorrelationID  string `json:"correlation,omitempty"`
	// Restart is an address that begins this request again.
	Restart string `json:"restart,omitempty"`
	// Wire is the edge's own, carried through unread.
	Wire json.RawMessage `json:"wire,omitempty"`
}

// Step is what a person has to do next.
type Step string

// The steps, in their natural order.
const (
	// Silent requests that need a person end here, with a fault.
	Refused Step = "refused"
	Pick    Step = "pick"
	Address Step = "address"
	// Expected: the typed address is not the one of the invitation.
	Expected Step = "expected"
	// Unknown: nobody has connected the domain (M04).
	Unknown Step = "unknown"
	// Kind: work or personal? (M03)
	Kind     Step = "kind"
	Password Step = "password"
	// Upstream leads to the company's own provider.
	Upstream Step = "upstream"
	// Mailbox takes the code of a mail; then a new account or a new password.
	Mailbox       Step = "mailbox"
	NewAccount    Step = "new-account"
	ResetCode     Step = "reset-code"
	NewPassword   Step = "new-password"
	Pass          Step = "pass"
	Code          Step = "code"
	Enrol         Step = "enrol"
	RecoveryCodes Step = "recovery-codes"
	// AskApproval takes a request to those who decide, Waiting shows it.
	AskApproval   Step = "ask-approval"
	Waiting       Step = "waiting"
	Consent       Step = "consent"
	ConsentForAll Step = "consent-for-all"
	Done          Step = "done"
)

// Journey is how far a person has come. Until the first POST it lives sealed
// in the form; after it, in a row that moves by compare-and-swap. Either way
// it is bound to one browser.
type Journey struct {
	ID      string    `json:"id,omitempty"`
	Version int64     `json:"version,omitempty"`
	Browser string    `json:"browser"`
	Request Request   `json:"request"`
	Started time.Time `json:"started"`

	// Address is what was typed; Home whose address it is.
	Address string    `json:"address,omitempty"`
	Home    id.Tenant `json:"home,omitempty"`
	// Asking shows the address page although people are signed in.
	Asking bool `json:"asking,omitempty"`
	// Differs, Choose and Unknown are where the address has led: to the question
	// which one is meant, to that for the kind of account, or nowhere. Insists:
	// the person said that the typed address is the right one.
	Differs bool `json:"differs,omitempty"`
	Choose  bool `json:"choose,omitempty"`
	Unknown bool `json:"unknown,omitempty"`
	Insists bool `json:"insists,omitempty"`
	// Kind is "work" or "personal" once chosen; Remember keeps it for this app
	// and browser.
	Kind     string `json:"kind,omitempty"`
	Remember bool   `json:"remember,omitempty"`

	// Errand is what the person does on the way, with what it needs: the codes
	// that were mailed, the proved mailbox, the name that was typed, whose
	// password is being reset, and whether that needs a second factor first.
	Errand      Errand                `json:"errand,omitempty"`
	MailCodes   []credential.MailCode `json:"mailCodes,omitempty"`
	MailProved  bool                  `json:"mailProved,omitempty"`
	Name        string                `json:"newName,omitempty"`
	Resetting   id.Object             `json:"resetting,omitempty"`
	MustConfirm bool                  `json:"mustConfirm,omitempty"`
	// Making is the id of the account that is being made.
	Making id.Object `json:"making,omitempty"`
	// Notice is the word of something that the next page should say first.
	Notice string `json:"notice,omitempty"`

	// Nonce, Verifier and Left belong to a request at the company's provider.
	Nonce    string    `json:"nonce,omitempty"`
	Verifier string    `json:"verifier,omitempty"`
	Left     time.Time `json:"left,omitzero"`

	// Account and the proof are set by the steps that prove them.
	Account    id.Object `json:"account,omitempty"`
	SignInName string    `json:"name,omitempty"`
	Methods    []string  `json:"amr,omitempty"`
	AuthAt     time.Time `json:"authAt"`
	FactorAt   time.Time `json:"factorAt"`
	SID        string    `json:"sid,omitempty"`
	// Proved: something was proved in this journey, so that the browser gets a
	// new session.
	Proved bool `json:"proved,omitempty"`

	// Recovery shows the field for a recovery code.
	Recovery bool `json:"recovery,omitempty"`
	// Seed is what an authenticator app is being set up with, sealed. It
	// travels in the form alone, so that showing the page writes nothing.
	Seed string `json:"-"`
	// Problem is what was wrong with the last answer, nil for nothing. It travels
	// like the seed, so that the page in another language says it again.
	Problem *fault.Fault `json:"-"`
	// Codes are fresh recovery codes, sealed, until the person has kept them.
	Codes string `json:"codes,omitempty"`
	// Consented: the consent page was answered with yes in this journey.
	Consented bool `json:"consented,omitempty"`
	// Everyone: an admin ticked the box and has to confirm.
	Everyone bool `json:"everyone,omitempty"`
	// Reason is what was typed with the request for an approval.
	Reason string `json:"reason,omitempty"`
	// Checks are the steps passed, for the story of a refusal.
	Checks []string `json:"checks,omitempty"`
}

// journeyLife is how long a page can be left open.
const journeyLife = time.Hour

// facts are what next decides on, beside the journey itself.
type facts struct {
	// signed are the people of this browser who could go on.
	signed int
	demand policy.Demand
	// federated: the home proves its people with a provider of its own.
	federated bool
	// missing is what consent has to be asked for.
	missing []consent.Asked
	// alone is what the app asks for itself, of a whole organisation.
	alone []consent.Alone
	// mustChange: the password has to be replaced first.
	mustChange bool
	// approval is what somebody else has to decide, nil for nothing, with what
	// stands about it.
	approval *fault.Fault
	standing consent.Standing
	// refusal stands in the way for good.
	refusal *fault.Fault
}

// next is the only place that orders the steps.
func next(j Journey, f facts) (Step, *fault.Fault) {
	silent := j.Request.Prompt == "none"
	needs := func(step Step, code fault.Code) (Step, *fault.Fault) {
		if silent {
			return Refused, fault.New(code, "app", j.Request.AppName)
		}
		return step, nil
	}
	switch {
	case f.refusal != nil:
		return Refused, f.refusal
	case j.Account == "" && j.Differs:
		return needs(Expected, fault.NotSignedIn)
	case j.Account == "" && j.Unknown:
		return needs(Unknown, fault.NotSignedIn)
	case j.Account == "" && j.Choose:
		return needs(Kind, fault.InteractionRequired)
	case j.Account == "" && j.Home != "" && j.Errand != "":
		return needs(j.errand(), fault.NotSignedIn)
	case j.Account == "" && j.Home != "" && f.federated:
		return needs(Upstream, fault.NotSignedIn)
	case j.Account == "" && j.Home != "":
		return needs(Password, fault.NotSignedIn)
	case j.Account == "" && f.signed > 0 && !j.Asking:
		return needs(Pick, fault.InteractionRequired)
	case j.Account == "":
		return needs(Address, fault.NotSignedIn)
	case f.demand == policy.Confirm:
		return needs(Code, fault.SecondFactorRequired)
	case f.demand == policy.Enrol:
		return needs(Enrol, fault.SecondFactorMissing)
	case j.Codes != "":
		return RecoveryCodes, nil
	case f.mustChange:
		return needs(NewPassword, fault.PasswordExpired)
	case f.approval != nil && silent:
		return Refused, f.approval
	case f.approval != nil && f.standing.State == consent.Waiting:
		return Waiting, f.approval
	case f.approval != nil:
		return AskApproval, f.approval
	case j.Request.Organisation && !j.Consented, len(f.missing) > 0 && j.Everyone:
		return ConsentForAll, nil
	case len(f.missing) > 0, j.Request.Prompt == "consent" && !j.Consented:
		return needs(Consent, fault.ConsentMissing)
	}
	return Done, nil
}

// errand is the next step of what the person does on the way.
func (j Journey) errand() Step {
	switch {
	case j.Errand == WithPass:
		return Pass
	case !j.MailProved:
		return Mailbox
	case j.Errand == SignUp:
		return NewAccount
	case j.MustConfirm:
		return ResetCode
	}
	return NewPassword
}

// proved takes a person into the journey with what has proved them just now.
func (journey *Journey) proved(j *Journeys, person account.Account, methods ...string) {
	journey.Account, journey.SignInName = person.ID, person.SignInName
	journey.Methods, journey.AuthAt, journey.SID = methods, j.source.Now(), j.source.NewGUID()
	journey.FactorAt, journey.Proved = time.Time{}, true
}

// HasMFA reports whether a second factor stands behind the journey.
func (j Journey) HasMFA() bool { return slices.Contains(j.Methods, "mfa") }

// owner is the person a credential is checked for.
func (j Journey) owner() credential.Owner {
	return credential.Owner{Tenant: j.Home, Account: j.Account}
}

func (j *Journey) passed(check string) { j.Checks = append(j.Checks, check) }
