package signin

import (
	"context"
	"slices"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/consent"
	"github.com/entente-id/entente/internal/tenant"
)

// mayDecide says whether a person can give what a request asks for: for
// themselves, or for their whole organisation, where it asks for that.
func mayDecide(r Request, home tenant.Tenant, person account.Account, client application.Application, missing []consent.Asked) error {
	if r.Organisation {
		return consent.MayAllowForAll(home, person, client)
	}
	return consent.MayAllow(home, person, client, missing)
}

// alone lists the permissions that a request for a whole organisation asks for
// the application itself, to act without a person. Only its registration can
// ask for them, so they come with a request for all of it.
func (j *Journeys) alone(ctx context.Context, journey Journey) ([]consent.Alone, error) {
	if !journey.Request.Organisation || journey.Consented {
		return nil, nil
	}
	client, err := j.apps.Find(ctx, journey.Request.Client)
	if err != nil {
		return nil, err
	}
	wanted, err := j.wanted(ctx, journey.Request)
	if err != nil {
		return nil, err
	}
	if journey.Request.Version == 2 && !slices.ContainsFunc(wanted.Resources, func(r application.WantedResource) bool { return r.Default }) {
		return nil, nil
	}
	var list []consent.Alone
	for _, required := range client.Required {
		if len(required.Roles) == 0 {
			continue
		}
		resource, err := j.apps.Find(ctx, required.Resource)
		if err != nil {
			return nil, err
		}
		list = append(list, consent.Alone{Resource: resource, Roles: required.Roles})
	}
	return list, nil
}

// giveAlone lets the application act alone, as an admin has decided.
func (j *Journeys) giveAlone(ctx context.Context, journey Journey, list []consent.Alone) error {
	for _, a := range list {
		if err := j.consents.GiveAppRoles(ctx, journey.caller(), journey.Request.Client, a.Resource.App, a.Roles); err != nil {
			return err
		}
	}
	return nil
}
