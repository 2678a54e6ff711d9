package policy_test

import (
	"testing"
	"time"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/policy"
	"github.com/entente-id/entente/internal/tenant"
)

func TestASecondFactorIsAskedWhereARuleOrTheRequestDemandsIt(t *testing.T) {
	start := time.Unix(1000, 0)
	strict := tenant.Tenant{Settings: tenant.Settings{RequireMFA: true}}
	enforced := account.Account{MFA: account.MFAEnforced}
	for name, c := range map[string]struct {
		facts policy.Facts
		want  policy.Demand
	}{
		"no rule, no factor":                {policy.Facts{}, policy.Nothing},
		"no rule, but the person has one":   {policy.Facts{HasSecondFactor: true}, policy.Confirm},
		"tenant demands, none set up":       {policy.Facts{Tenant: strict}, policy.Enrol},
		"tenant demands, set up":            {policy.Facts{Tenant: strict, HasSecondFactor: true}, policy.Confirm},
		"per-user demand":                   {policy.Facts{Person: enforced}, policy.Enrol},
		"the app asks":                      {policy.Facts{Asked: true}, policy.Enrol},
		"used in this session":              {policy.Facts{Tenant: strict, HasSecondFactor: true, SecondFactorAt: start}, policy.Nothing},
		"used before, but asked for afresh": {policy.Facts{Tenant: strict, HasSecondFactor: true, AskedFresh: true, Started: start, SecondFactorAt: start.Add(-time.Second)}, policy.Confirm},
		"used since it was asked afresh":    {policy.Facts{Tenant: strict, HasSecondFactor: true, AskedFresh: true, Started: start, SecondFactorAt: start}, policy.Nothing},
	} {
		if got := policy.Decide(c.facts); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestARefreshStopsWhenARuleAppearsThatItsProofDoesNotMeet(t *testing.T) {
	strict := tenant.Tenant{Settings: tenant.Settings{RequireMFA: true}}
	if policy.StillGood(policy.Facts{Tenant: strict}) {
		t.Error("a refresh without a second factor went on under a rule that demands one")
	}
	if !policy.StillGood(policy.Facts{Tenant: strict, SecondFactorAt: time.Unix(1, 0)}) {
		t.Error("a refresh with a second factor was stopped")
	}
	if !policy.StillGood(policy.Facts{HasSecondFactor: true}) {
		t.Error("a refresh was stopped though no rule demands a second factor")
	}
}
