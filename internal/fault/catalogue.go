package fault

import "slices"

// Kind groups failures by what the edge does with them.
type Kind string

// The kinds of failure.
const (
	// Request: the request itself is wrong; only a developer can change it.
	Request Kind = "request"
	// Client: the application did not prove who it is, or may not do this.
	Client Kind = "client"
	// Grant: a code, token or session does not serve any more.
	Grant Kind = "grant"
	// Person: the account cannot be used so.
	Person Kind = "person"
	// Interaction: a person must do something at the sign-in page.
	Interaction Kind = "interaction"
	// Refused: a rule or a right stands against it.
	Refused Kind = "refused"
	// Absent: what was asked for does not exist for this caller.
	Absent Kind = "absent"
	// Temporary: trying again later helps.
	Temporary Kind = "temporary"
	// Internal: our own failure.
	Internal Kind = "internal"
)

// Fixer is who can put a failure right (experience.md 2.9).
type Fixer string

// The people who can put something right.
const (
	You        Fixer = "you"
	IT         Fixer = "it"
	CustomerIT Fixer = "customer-it"
	Programme  Fixer = "programme"
	Developer  Fixer = "developer"
	Time       Fixer = "time"
	Operator   Fixer = "operator"
)

// Remedy names a next step. Pages give each one a sentence and, where it can
// be done at once, a button.
type Remedy string

// The next steps.
const (
	TryAgain          Remedy = "try-again"
	StartAgain        Remedy = "start-again"
	UseAnother        Remedy = "use-another-account"
	ResetPassword     Remedy = "reset-password"
	WaitAndRetry      Remedy = "wait-and-retry"
	AskIT             Remedy = "ask-it"
	AskProgramme      Remedy = "ask-programme"
	SetUpSecondFactor Remedy = "set-up-second-factor"
	ConfirmIdentity   Remedy = "confirm-identity"
	GiveConsent       Remedy = "give-consent"
	RenewConsent      Remedy = "renew-consent"
	ReviewAgain       Remedy = "review-again"
	BackToApp         Remedy = "back-to-app"
	CopyReport        Remedy = "copy-report"
	CheckAuthority    Remedy = "check-authority"
	CheckRedirect     Remedy = "check-redirect"
	CheckRequest      Remedy = "check-request"
	CheckSecret       Remedy = "check-secret"
	CheckCertificate  Remedy = "check-certificate"
	CheckClock        Remedy = "check-clock"
	CheckScope        Remedy = "check-scope"
	CheckAudience     Remedy = "check-audience"
	AuthorizeCustomer Remedy = "authorize-customer"
	RenewRelationship Remedy = "renew-relationship"
	AskCustomer       Remedy = "ask-customer"
	AssignRole        Remedy = "assign-role"
	UseUserToken      Remedy = "use-user-token"
	UseCodeFlow       Remedy = "use-code-flow"
	AskForPass        Remedy = "ask-for-pass"
	WaitForDecision   Remedy = "wait-for-decision"
	TypeCodeAgain     Remedy = "type-code-again"
	NewDeviceCode     Remedy = "new-device-code"
	NewCode           Remedy = "new-code"
	AskForAccess      Remedy = "ask-for-access"
	InvitedElsewhere  Remedy = "invited-elsewhere"
	AskForInvitation  Remedy = "ask-for-invitation"
	ConnectProfile    Remedy = "connect-profile"
	ReadTerms         Remedy = "read-terms"
	UseBrowser        Remedy = "use-browser"
)

// Entry is one row of the catalogue.
type Entry struct {
	Code Code
	// Name is the symbolic name that error_codes pages use.
	Name string
	// Message is the human message (experience.md 1.7), which has words in
	// every complete language.
	Message string
	Kind    Kind
	Fixer   Fixer
	// Next are the steps to offer, best first.
	Next []Remedy
}

// Describe gives the row of a code. A code outside the catalogue is our own
// mistake and is described as Unexpected.
func Describe(code Code) Entry {
	if e, ok := byCode[code]; ok {
		return e
	}
	return byCode[Unexpected]
}

// Known reports whether the catalogue has the code.
func Known(code Code) bool { _, ok := byCode[code]; return ok }

// All lists the catalogue in order of code.
func All() []Entry {
	all := slices.Clone(rows)
	slices.SortFunc(all, func(a, b Entry) int { return int(a.Code) - int(b.Code) })
	return all
}

var byCode = func() map[Code]Entry {
	m := make(map[Code]Entry, len(rows))
	for _, e := range rows {
		m[e.Code] = e
	}
	return m
}()
