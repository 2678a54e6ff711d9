package delegated

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/consent"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/tenant"
)

// Grant is what an app may do at one API.
type Grant struct {
	Resource id.App
	Scopes   []string
}

// maxGrants and maxScopes bound one consent.
const (
	maxGrants = 50
	maxScopes = 200
)

// Consent lets the calling app into a customer's organisation, for everyone
// there (secure-application-model.md 3). It makes the app's principal. It
// fails with RequestMalformed when the app is not the caller's own, a
// permission is unknown or the customer has no principal of a resource; with
// GrantExists when something is allowed at a resource already; with AppBlocked.
func (w *Work) Consent(ctx context.Context, caller audit.Caller, at id.Tenant, app id.App, grants []Grant) error {
	if err := w.Right(ctx, caller, at, Consenters...); err != nil {
		return err
	}
	refuse := func(parameter, rule string) error {
		return fault.New(fault.RequestMalformed, "parameter", parameter, "rule", rule)
	}
	if app != caller.App {
		return refuse("applicationId", "the application that the token was issued to, "+string(caller.App))
	}
	if len(grants) == 0 || len(grants) > maxGrants {
		return refuse("applicationGrants", "1 to "+strconv.Itoa(maxGrants)+" grants")
	}
	asked := make([]consent.Asked, 0, len(grants))
	for i, g := range grants {
		if slices.ContainsFunc(grants[:i], func(o Grant) bool { return o.Resource == g.Resource }) {
			return refuse("enterpriseApplicationId", "each resource once")
		}
		a, err := w.asked(ctx, at, g)
		if err != nil {
			return err
		}
		asked = append(asked, a)
	}
	return w.rooms.Consents.GiveFor(ctx, caller, at, app, asked)
}

// asked finds a resource and the permissions that are asked of it.
func (w *Work) asked(ctx context.Context, at id.Tenant, g Grant) (consent.Asked, error) {
	refuse := func(parameter, rule string) (consent.Asked, error) {
		return consent.Asked{}, fault.New(fault.RequestMalformed, "parameter", parameter, "rule", rule)
	}
	if !id.IsGUID(string(g.Resource)) {
		return refuse("enterpriseApplicationId", "the id of an API, a GUID")
	}
	resource, err := w.rooms.Apps.Find(ctx, g.Resource)
	if fault.Has(err, fault.AppUnknown) {
		organisation, err := w.rooms.Tenants.Find(ctx, at)
		if err != nil {
			return consent.Asked{}, err
		}
		return refuse("enterpriseApplicationId", "a known service; your organization '"+organisation.Name+"' lacks a service principal for '"+string(g.Resource)+"'")
	}
	if err != nil {
		return consent.Asked{}, err
	}
	if len(g.Scopes) == 0 || len(g.Scopes) > maxScopes {
		return refuse("scope", "1 to "+strconv.Itoa(maxScopes)+" permissions, separated by commas")
	}
	a := consent.Asked{Resource: resource}
	for _, name := range g.Scopes {
		offered := ""
		for _, s := range resource.Scopes {
			if strings.EqualFold(s.Name, name) {
				offered = s.Name
			}
		}
		if offered == "" {
			return refuse("scope", "permissions that "+resource.Name+" offers; it has none called "+tenant.Shorten(name))
		}
		if !slices.Contains(a.Scopes, offered) {
			a.Scopes = append(a.Scopes, offered)
		}
	}
	return a, nil
}

// Withdraw takes an app out of a customer's organisation, with all that it was
// allowed there. It is done, too, when there is nothing to take: clients begin
// with it (secure-application-model.md 3.3).
func (w *Work) Withdraw(ctx context.Context, caller audit.Caller, at id.Tenant, app id.App) error {
	if err := w.Right(ctx, caller, at, Consenters...); err != nil {
		return err
	}
	if app != caller.App {
		return fault.New(fault.RequestMalformed, "parameter", "applicationId", "rule", "the application that the token was issued to, "+string(caller.App))
	}
	return w.rooms.Consents.RemoveFor(ctx, caller, at, app)
}
