// Package policy decides what proof a sign-in or a token still needs. It is
// pure: facts in, one decision out. Nothing but a second factor that was
// really used in the session counts as one (DESIGN 4.4).
package policy

import (
	"time"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/tenant"
)

// Facts are what the decision rests on.
type Facts struct {
	Tenant tenant.Tenant
	Person account.Account
	// SecondFactorAt is when the session's second factor was used; zero when
	// none was.
	SecondFactorAt time.Time
	// HasSecondFactor: the person has set one up.
	HasSecondFactor bool
	// Asked: the application asked for a second factor (amr_values=mfa).
	Asked bool
	// AskedFresh: the application asked to prove everything again
	// (prompt=login), so that an earlier factor does not count.
	AskedFresh bool
	// Started is when the sign-in began.
	Started time.Time
}

// Demand is what is still missing.
type Demand int

// The demands.
const (
	Nothing Demand = iota
	// Confirm: use the second factor.
	Confirm
	// Enrol: set up a second factor, which proves it too.
	Enrol
)

// Decide says what a sign-in still needs after the first factor. A person who
// has set up a second factor is always asked for it, also where no rule
// demands one.
func Decide(f Facts) Demand {
	if f.satisfied() {
		return Nothing
	}
	switch {
	case f.HasSecondFactor:
		return Confirm
	case f.demanded():
		return Enrol
	}
	return Nothing
}

func (f Facts) satisfied() bool {
	if f.SecondFactorAt.IsZero() {
		return false
	}
	return !f.AskedFresh || !f.SecondFactorAt.Before(f.Started)
}

func (f Facts) demanded() bool {
	return f.Asked || f.Tenant.Settings.RequireMFA ||
		f.Person.MFA == account.MFAEnabled || f.Person.MFA == account.MFAEnforced
}

// StillGood says whether a refresh may go on with the proof it has. A rule
// that appeared later asks for a second factor now; the person has to come
// back to the sign-in page (AADSTS50076).
func StillGood(f Facts) bool { return !f.SecondFactorAt.IsZero() || !f.demanded() }
