package signin

import (
	"context"
	"slices"

	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/policy"
	"github.com/entente-id/entente/internal/tenant"
)

// Change is something that somebody could change to let a stopped sign-in
// pass.
type Change string

// The changes that can be tried out.
const (
	// AsItIs tries the same again: what stood in the way may be gone.
	AsItIs Change = "as-it-is"
	// ApproveApp: those who decide allow the app for everyone.
	ApproveApp Change = "approve-app"
	// AllowLowRisk: people may allow low-risk apps themselves.
	AllowLowRisk Change = "allow-low-risk"
	// EnableAccount: the account is switched on.
	EnableAccount Change = "enable-account"
	// SetUpAnywhere: a second factor can be set up without a pass.
	SetUpAnywhere Change = "set-up-anywhere"
)

// Changes are those worth trying for a failure, best first.
func Changes(code fault.Code) []Change {
	switch code {
	case fault.ApprovalRequired, fault.ApprovalWaiting, fault.AppDenied, fault.AppBlocked, fault.ConsentMissing:
		return []Change{ApproveApp, AllowLowRisk, AsItIs}
	case fault.AccountDisabled:
		return []Change{EnableAccount, AsItIs}
	case fault.FactorPlace:
		return []Change{SetUpAnywhere, AsItIs}
	}
	return []Change{AsItIs}
}

// Simulate says what a stopped sign-in would come to next, as everything is
// now but for one change. It decides with the same function as a real sign-in,
// and changes nothing. Only an attempt whose person was proved can be tried: what
// somebody would type is not known.
func (j *Journeys) Simulate(ctx context.Context, a audit.Attempt, change Change) (Step, *fault.Fault, error) {
	if a.Account == "" || a.App == "" || !slices.Contains(Changes(a.Code), change) {
		return "", nil, fault.New(fault.QueryUnsupported, "parameter", "change", "rule", "an attempt whose person was proved, and a change that can help")
	}
	now := j.source.Now()
	journey := Journey{
		Request: Request{Client: a.App, AppName: a.AppName, Scope: a.Scope, Resource: a.Resource, Version: a.Version, MaxAge: -1},
		Started: now, Home: a.Home, Account: a.Account, SignInName: a.Address, Methods: []string{"pwd"}, AuthAt: now,
	}
	if slices.Contains(a.Checks, "second-factor") {
		journey.FactorAt, journey.Methods = now, []string{"pwd", "mfa"}
	}
	person, err := j.people.Find(ctx, a.Home, a.Account)
	if err != nil {
		return "", nil, err
	}
	home, err := j.tenants.Find(ctx, a.Home)
	if err != nil {
		return "", nil, err
	}
	switch change {
	case EnableAccount:
		person.Disabled = false
	case AllowLowRisk:
		home.Settings.UserConsent = tenant.ConsentLowRisk
	case SetUpAnywhere:
		home.Settings.FactorSetup = tenant.FactorAnywhere
	}
	f, err := j.judge(ctx, journey, home, person)
	if err != nil {
		return "", nil, err
	}
	if change == ApproveApp && f.demand == policy.Nothing {
		f.approval, f.missing = nil, nil
		if f.refusal != nil && (f.refusal.Code == fault.AppDenied || f.refusal.Code == fault.AppBlocked) {
			f.refusal = nil
		}
	}
	step, refusal := next(journey, f)
	return step, refusal, nil
}
