package sam

import (
	"errors"
	"fmt"
	"strings"

	"github.com/entente-id/entente/sam/cloud"
	"github.com/entente-id/entente/sam/vault"
)

// Kind says what would make a Problem go away.
type Kind string

// The kinds of problems.
const (
	NeedsPerson Kind = "person"      // somebody has to act: consent, prove a second factor, approve, renew a secret
	ByPolicy    Kind = "policy"      // a rule of an organisation forbids it
	NotFound    Kind = "not found"   // what was named does not exist
	Unreachable Kind = "unreachable" // nothing was decided; asking again later may help
	VaultFailed Kind = "vault"       // the vault has trouble; the consent itself is not in question
	Unexpected  Kind = "unexpected"  // an answer that should not occur
)

var (
	// ErrNoMFA is matched by the refusal of a consent that was given without a
	// second factor (M31). Nothing was stored.
	ErrNoMFA = errors.New("the sign-in was made without a second factor")
	// ErrNeedsConsent is matched when the stored consent is of no use any more.
	ErrNeedsConsent = errors.New("a person has to consent again")
)

// Problem is an error that says what happened, and what to do about it. It holds
// no secrets: it may be shown and logged.
type Problem struct {
	Kind      Kind
	Message   string // id in the message catalogue, such as "M27"; empty if it has none
	What      string // one sentence, without a final stop
	Do        string // the next step, often a command; empty if there is none
	AADSTS    int    // the authority's number; 0 if it gave none
	Reference string // correlation id, for who runs the authority

	condemns bool // the record itself is of no use until somebody consents again
	cause    error
}

// Error says what happened.
func (p *Problem) Error() string {
	if p.AADSTS != 0 {
		return fmt.Sprintf("%s (AADSTS%d)", p.What, p.AADSTS)
	}
	return p.What
}

// Unwrap returns the cause, often a *cloud.Refusal.
func (p *Problem) Unwrap() error { return p.cause }

// Is matches ErrNoMFA and ErrNeedsConsent.
func (p *Problem) Is(target error) bool {
	return target == ErrNoMFA && p.Message == "M31" || target == ErrNeedsConsent && p.condemns
}

// subject is what a refusal is about, which decides what becomes of the record.
type subject int

const (
	aboutRequest     subject = iota // this one request: nothing else is in question
	aboutApplication                // the application's own proof
	aboutGrant                      // the refresh token
	aboutPerson                     // the person must prove or allow something
)

// reading is what an AADSTS number tells.
type reading struct {
	message string
	about   subject
}

// readings lists the numbers that a token endpoint answers to a refresh. What is
// not listed is read from the OAuth code.
var readings = map[int]reading{
	70000: {"M27", aboutGrant}, 70008: {"M27", aboutGrant}, 700082: {"M27", aboutGrant}, 700084: {"M27", aboutGrant},
	50173: {"M28", aboutGrant}, 50133: {"M28", aboutGrant}, 50132: {"M28", aboutGrant},
	50057: {"M07", aboutGrant}, 50034: {"M07", aboutGrant}, 50055: {"M08", aboutPerson},
	70043: {"M29", aboutPerson},
	// An Entente's own numbers.
	9700001: {"M28", aboutGrant}, 9700002: {"M28", aboutGrant}, 9700005: {"M28", aboutGrant}, 9700120: {"M45", aboutRequest},
	50074: {"M10", aboutPerson}, 50076: {"M10", aboutPerson}, 50078: {"M10", aboutPerson}, 50158: {"M10", aboutPerson},
	50072: {"M09", aboutPerson}, 50079: {"M09", aboutPerson}, 53004: {"M09", aboutPerson},
	53000: {"M30", aboutPerson}, 53001: {"M30", aboutPerson}, 53003: {"M30", aboutPerson},
	530032: {"M30", aboutPerson}, 530034: {"M30", aboutPerson}, 530035: {"M30", aboutPerson},
	65001: {"M12", aboutRequest}, 650057: {"M12", aboutRequest}, 650052: {"M12", aboutRequest},
	650056: {"M12", aboutRequest}, 500011: {"M12", aboutRequest}, 50001: {"M12", aboutRequest},
	90099: {"M32", aboutRequest}, 50020: {"M33", aboutRequest}, 50177: {"M33", aboutRequest}, 50105: {"M18", aboutRequest},
	90002: {"M04", aboutRequest}, 900023: {"M04", aboutRequest}, 5000224: {"M04", aboutRequest},
	90038: {"M38", aboutRequest}, 900382: {"M38", aboutRequest}, 900432: {"M38", aboutRequest}, 90051: {"M38", aboutRequest},
	700016: {"M22", aboutApplication}, 7000229: {"M22", aboutApplication}, 700007: {"M22", aboutApplication},
	7000215: {"M24", aboutApplication}, 7000222: {"M25", aboutApplication}, 7000218: {"M24", aboutApplication},
	700027: {"M26", aboutApplication}, 50012: {"M26", aboutApplication}, 700024: {"M26", aboutApplication},
	700023: {"M26", aboutApplication}, 700021: {"M26", aboutApplication}, 50048: {"M26", aboutApplication},
	90023: {"M34", aboutRequest}, 900144: {"M34", aboutRequest}, 9002313: {"M34", aboutRequest}, 90014: {"M34", aboutRequest},
}

// read finds what a refusal means. Numbers come first, because the two wires
// disagree on the OAuth code: MFA is interaction_required at version 1 and
// invalid_grant with a suberror at version 2.
func read(r *cloud.Refusal) reading {
	for _, number := range r.Numbers {
		if known, ok := readings[number]; ok {
			return known
		}
	}
	switch r.Suberror {
	case "basic_action", "additional_action", "message_only", "user_password_expired":
		return reading{"M10", aboutPerson}
	case "consent_required":
		return reading{"M12", aboutRequest}
	}
	switch r.Code {
	case "interaction_required", "login_required":
		return reading{"M10", aboutPerson}
	case "consent_required", "invalid_scope", "invalid_resource", "invalid_target":
		return reading{"M12", aboutRequest}
	case "invalid_client", "unauthorized_client":
		return reading{"M26", aboutApplication}
	case "invalid_grant":
		return reading{"M28", aboutGrant}
	}
	return reading{"", aboutRequest}
}

// readAtCustomer reads a refusal from a customer's tenant, where most numbers
// mean that customer alone: its consents, its people, its policies. Only a
// refusal of the grant itself remains open, for the partner's tenant to judge.
func readAtCustomer(r *cloud.Refusal) reading {
	meaning := read(r)
	switch {
	case meaning.message == "M12" || meaning.message == "M22" && r.Number() != 700007:
		return reading{"M32", aboutRequest}
	case meaning.about == aboutPerson:
		return reading{"M30", aboutRequest}
	}
	return meaning
}

// place is where a token was asked for, in the words of an error.
type place struct {
	client, person string
	tenant         string
	customer       bool
}

// explain turns a refusal into a Problem.
func explain(refusal *cloud.Refusal, meaning reading, at place) *Problem {
	p := &Problem{Kind: NeedsPerson, Message: meaning.message, AADSTS: refusal.Number(), Reference: refusal.Reference, cause: refusal}
	where := "the partner organisation"
	if at.customer {
		where = at.tenant
	}
	switch meaning.message {
	case "M04":
		p.Kind, p.What, p.Do = NotFound, "no organisation "+at.tenant+" is known to the authority", "entente customer list"
	case "M07":
		p.What, p.Do = "the account "+at.person+" is switched off or gone", "ask IT to switch it on, or consent with another account: entente partner consent"
	case "M08":
		p.What, p.Do = "the password of "+at.person+" has expired", "choose a new one, then: entente partner consent"
	case "M09", "M10":
		p.What, p.Do = where+" asks "+at.person+" to confirm with a second factor", "entente partner consent"
	case "M12":
		p.What, p.Do = "the application "+at.client+" may not use this resource", "add the permission to the application, then: entente partner consent"
	case "M18":
		p.What, p.Do = at.person+" is not assigned to the application", "ask an administrator to assign "+at.person
	case "M22":
		p.What, p.Do = "the application "+at.client+" is not registered where the token was asked for", "check --client-id and --authority or --cloud"
	case "M24":
		p.What, p.Do = "the secret does not match application "+at.client, "use the secret's value, not its id"
	case "M25":
		p.What, p.Do = "the secret of application "+at.client+" has expired", "add a new secret to the application and use it here"
	case "M26":
		p.What, p.Do = "the proof of application "+at.client+" was not accepted", "check that this certificate is registered for the application, and the clock of this machine"
	case "M27":
		p.What, p.Do = "the stored consent went stale", "entente partner consent"
	case "M28":
		p.What, p.Do = "the stored consent was revoked", "entente partner consent"
	case "M29":
		p.What, p.Do = "a policy limits how long a sign-in of "+at.person+" lasts", "exempt the application from sign-in frequency, then: entente partner consent"
	case "M30":
		p.Kind, p.What, p.Do = ByPolicy, "a sign-in rule of "+where+" stopped this", "ask its IT to exclude service provider users of your organisation from the rule"
	case "M32":
		p.What, p.Do = at.tenant+" has not authorised application "+at.client, "have an administrator of "+at.tenant+" consent to it, or authorise it through Partner Center"
	case "M33":
		p.What, p.Do = at.person+" is unknown in "+at.tenant+", or a guest there", "add the account to a group of the relationship, and remove the guest"
	case "M45":
		p.What, p.Do = at.tenant+" has ended the relationship with your organisation", "ask the customer to accept a new one"
	case "M38":
		p.What, p.Do = where+" lives in another cloud", "choose it with --cloud "+strings.Join(cloud.Names(), "|")
	default:
		p.Kind, p.What = Unexpected, "the authority refused: "+refusal.Error()
		if strings.Contains(p.What, "AADSTS") {
			// The sentence already begins with the number.
			p.AADSTS = 0
		}
	}
	return p
}

func unreachable(authority string, cause error) *Problem {
	p := &Problem{Kind: Unreachable, Message: "M37", What: authority + " could not be reached", Do: "try again in a minute", cause: cause}
	if refusal, ok := errors.AsType[*cloud.Refusal](cause); ok {
		p.What, p.Reference = authority+" is busy or out of order", refusal.Reference
		p.AADSTS = refusal.Number()
	}
	return p
}

func untrusted(authority string, cause error) *Problem {
	return &Problem{Kind: Unreachable, What: "the certificate of " + authority + " is not trusted here", Do: "give the authority that issued it: --ca-file FILE", cause: cause}
}

func vaultTrouble(what string, cause error) *Problem {
	return &Problem{Kind: VaultFailed, What: what + ": " + cause.Error(), Do: "entente partner status", cause: cause}
}

// remembered rebuilds the Problem that put a record into its state.
func remembered(r vault.Record) *Problem {
	p := &Problem{
		Kind: NeedsPerson, Message: r.LastError.Message, What: r.LastError.Text, Do: "entente partner consent",
		AADSTS: r.LastError.AADSTS, Reference: r.LastError.Reference, condemns: true,
	}
	if p.What == "" {
		p.What = "the stored consent is of no use any more"
	}
	return p
}
