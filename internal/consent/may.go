package consent

import (
	"slices"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/tenant"
)

// lowRisk are the directory's permissions that show no more than who somebody
// is (identity-platform.md 6.2).
var lowRisk = []string{"openid", "profile", "email", "offline_access", "User.Read"}

// LowRisk reports whether a permission shows no more than who somebody is.
func LowRisk(resource id.App, name string) bool {
	return resource == application.GraphApp && slices.Contains(lowRisk, name)
}

// MayAllow says whether a person may allow a client this for themselves, by
// the organisation's policy and the permissions' own rule. It fails with
// ApprovalRequired. Whoever may allow an app for everyone may always.
func MayAllow(t tenant.Tenant, person account.Account, client application.Application, asked []Asked) error {
	if person.MayConsentForAll() {
		return nil
	}
	refuse := fault.New(fault.ApprovalRequired, "app", client.Name, "organisation", t.Name, "org", t.Name)
	if !policyAdmits(t.Settings.UserConsent, client) {
		return refuse
	}
	for _, a := range asked {
		for _, name := range a.Scopes {
			if p, ok := a.Resource.Scope(name); ok && p.Admin {
				return refuse
			}
			if t.Settings.UserConsent == tenant.ConsentLowRisk && !LowRisk(a.Resource.App, name) {
				return refuse
			}
		}
	}
	return nil
}

// MayAllowForAll says whether a person may allow a client for everyone in
// their organisation. It fails with ApprovalRequired.
func MayAllowForAll(t tenant.Tenant, person account.Account, client application.Application) error {
	if person.MayConsentForAll() {
		return nil
	}
	return fault.New(fault.ApprovalRequired, "app", client.Name, "organisation", t.Name, "org", t.Name)
}

// policyAdmits reads who may consent at all. A policy that this program does
// not know lets nobody.
func policyAdmits(p tenant.ConsentPolicy, client application.Application) bool {
	switch p {
	case tenant.ConsentAnyone:
		return true
	case tenant.ConsentLowRisk:
		return client.Verified
	}
	return false
}
