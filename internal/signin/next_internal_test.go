package signin

import (
	"slices"
	"testing"

	"github.com/entente-id/entente/internal/consent"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/policy"
)

// each calls f with every combination of what next decides on.
func each(f func(j Journey, g facts)) {
	both := []bool{false, true}
	for _, prompt := range []string{"", "login", "select_account", "consent", "none"} {
		for _, home := range both {
			for _, account := range both {
				for _, asking := range both {
					for _, codes := range both {
						for _, everyone := range both {
							for _, consented := range both {
								j := Journey{Request: Request{Prompt: prompt, AppName: "App"}, Asking: asking, Everyone: everyone, Consented: consented}
								if home {
									j.Home = "home"
								}
								if account {
									j.Account = "account"
								}
								if codes {
									j.Codes = "codes"
								}
								eachFact(func(g facts) { f(j, g) })
							}
						}
					}
				}
			}
		}
	}
}

func eachFact(f func(facts)) {
	for signed := range 3 {
		for _, demand := range []policy.Demand{policy.Nothing, policy.Confirm, policy.Enrol} {
			for _, missing := range [][]consent.Asked{nil, {{Scopes: []string{"User.Read"}}}} {
				for _, refusal := range []*fault.Fault{nil, fault.New(fault.AccountDisabled)} {
					f(facts{signed: signed, demand: demand, missing: missing, refusal: refusal})
				}
			}
		}
	}
}

func TestOnlyAProvedAndPermittedPersonIsDone(t *testing.T) {
	seen := map[Step]int{}
	each(func(j Journey, g facts) {
		step, refusal := next(j, g)
		seen[step]++
		if (step == Refused) != (refusal != nil) {
			t.Fatalf("%+v %+v: %s with %v", j, g, step, refusal)
		}
		if step != Done {
			return
		}
		switch {
		case j.Account == "", g.refusal != nil, g.demand != policy.Nothing, len(g.missing) > 0, j.Codes != "",
			j.Request.Prompt == "consent" && !j.Consented:
			t.Fatalf("%+v %+v is done", j, g)
		}
	})
	for _, step := range []Step{Refused, Pick, Address, Password, Code, Enrol, RecoveryCodes, Consent, ConsentForAll, Done} {
		if seen[step] == 0 {
			t.Errorf("no combination leads to %s", step)
		}
	}
}

func TestNothingIsAskedBeforeTheProofThatItRestsOn(t *testing.T) {
	each(func(j Journey, g facts) {
		step, _ := next(j, g)
		if g.refusal != nil && step != Refused {
			t.Fatalf("%+v %+v: %s in spite of the refusal", j, g, step)
		}
		needsAccount := []Step{Code, Enrol, RecoveryCodes, Consent, ConsentForAll}
		if j.Account == "" && slices.Contains(needsAccount, step) {
			t.Fatalf("%+v %+v: %s of nobody", j, g, step)
		}
		if g.demand != policy.Nothing && slices.Contains(needsAccount[2:], step) {
			t.Fatalf("%+v %+v: %s before the second factor", j, g, step)
		}
		if step == Password && j.Home == "" {
			t.Fatalf("%+v %+v: a password of no organisation", j, g)
		}
	})
}

func TestASilentRequestIsDoneOrRefused(t *testing.T) {
	each(func(j Journey, g facts) {
		// Fresh recovery codes and an admin's box come from pages, which a
		// silent request has not shown.
		if j.Request.Prompt != "none" || j.Codes != "" || j.Everyone {
			return
		}
		if step, _ := next(j, g); step != Done && step != Refused {
			t.Fatalf("%+v %+v: %s", j, g, step)
		}
	})
}
