package signin

import (
	"context"

	"github.com/entente-id/entente/internal/fault"
)

// takeAskApproval sends a person's request to those who decide about apps in
// their organisation (experience.md 2.8).
func (j *Journeys) takeAskApproval(ctx context.Context, journey *Journey, a Answer) (*fault.Fault, error) {
	if a.Do == "no" {
		return nil, fault.New(fault.ConsentDeclined, "app", journey.Request.AppName)
	}
	journey.Reason = a.Reason
	f, _, err := j.gather(ctx, *journey)
	if err != nil {
		return nil, err
	}
	if f.approval == nil {
		// Decided while the page was open: the journey just goes on.
		return nil, nil
	}
	if _, err := j.approvals.Ask(ctx, journey.caller(), journey.Request.Client, f.missing, a.Reason); err != nil {
		if problem := fault.Of(err); problem.Code == fault.InputInvalid {
			return problem, nil
		}
		return nil, err
	}
	journey.passed("request-sent")
	return nil, nil
}

// takeWaiting reminds the reviewers, withdraws the request, or looks again.
func (j *Journeys) takeWaiting(ctx context.Context, journey *Journey, a Answer) (*fault.Fault, error) {
	f, _, err := j.gather(ctx, *journey)
	if err != nil || f.approval == nil {
		return nil, err
	}
	switch a.Do {
	case "remind":
		err = j.approvals.Remind(ctx, journey.caller(), f.standing.Approval)
		if problem := fault.Of(err); err != nil && problem.Code == fault.RequestRepeated {
			return problem, nil
		}
		if err == nil {
			journey.Notice = "waiting.reminded"
		}
	case "withdraw":
		err = j.approvals.Withdraw(ctx, journey.caller(), f.standing.Approval)
	}
	return nil, err
}
