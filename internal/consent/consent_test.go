package consent_test

import (
	"testing"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/consent"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/tenant"
	"github.com/google/go-cmp/cmp"
)

var (
	graph = application.Application{
		App: application.GraphApp, Name: "Microsoft Graph",
		Scopes: []application.Permission{{Name: "User.Read"}, {Name: "Mail.Read"}, {Name: "Directory.Read.All", Admin: true}},
	}
	partnerCenter = application.Application{
		App: "fa3d9a0c-3fb0-42cc-9193-47c7ecd2edbd", Name: "Partner Center",
		Scopes: []application.Permission{{Name: "user_impersonation"}},
	}
	broker   = application.Application{App: "44444444-dddd-4444-8444-000000000004", Name: "Broker"}
	platform = application.Application{App: "platform", Name: "Platform", FirstParty: true}
)

func named(resource application.Application, names ...string) application.WantedResource {
	return application.WantedResource{Resource: resource, Audience: string(resource.App), Names: names}
}

func everything(resource application.Application) application.WantedResource {
	return application.WantedResource{Resource: resource, Audience: string(resource.App), Default: true}
}

func wanted(resources ...application.WantedResource) application.Wanted {
	return application.Wanted{OpenID: true, Resources: resources}
}

func ask(resource application.Application, scopes ...string) consent.Asked {
	return consent.Asked{Resource: resource, Scopes: scopes}
}

// allowed is what anna may let the broker do after these consents.
func allowed(t *testing.T, asked ...consent.Asked) consent.Allowed {
	t.Helper()
	w := newWorld(t)
	for _, a := range asked {
		if err := w.here.Give(t.Context(), anna, broker.App, []consent.Asked{a}, false); err != nil {
			t.Fatalf("give: %v", err)
		}
	}
	a, err := w.here.Allowed(t.Context(), contoso, broker.App, anna.Account)
	if err != nil {
		t.Fatalf("read what is allowed: %v", err)
	}
	return a
}

func TestWhatIsAllowedCoversWhatIsAsked(t *testing.T) {
	some := allowed(t, ask(graph, "User.Read", "Mail.Read"))
	for name, c := range map[string]struct {
		allowed consent.Allowed
		client  application.Application
		wanted  application.WantedResource
		scopes  []string
		covered bool
	}{
		"all that is allowed":            {some, broker, named(graph, "User.Read", "Mail.Read"), []string{"User.Read", "Mail.Read"}, true},
		"some of it":                     {some, broker, named(graph, "Mail.Read"), []string{"Mail.Read"}, true},
		"more than that":                 {some, broker, named(graph, "Mail.Read", "Directory.Read.All"), nil, false},
		"at another resource":            {some, broker, named(partnerCenter, "User.Read"), nil, false},
		"whatever was allowed":           {some, broker, everything(graph), []string{"User.Read", "Mail.Read"}, true},
		"whatever, where nothing was":    {some, broker, everything(partnerCenter), nil, false},
		"nothing was allowed":            {consent.Allowed{}, broker, named(graph, "User.Read"), nil, false},
		"a first party names some":       {consent.Allowed{}, platform, named(graph, "Directory.Read.All"), []string{"Directory.Read.All"}, true},
		"a first party takes everything": {consent.Allowed{}, platform, everything(graph), []string{"User.Read", "Mail.Read", "Directory.Read.All"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			scopes, covered := consent.Cover(c.allowed, c.client, c.wanted)
			if diff := cmp.Diff(c.scopes, scopes); diff != "" || covered != c.covered {
				t.Errorf("covered %v; scopes (-want +got):\n%s", covered, diff)
			}
		})
	}
}

func TestAPersonIsAskedForWhatIsMissingAndForNothingElse(t *testing.T) {
	none, some := consent.Allowed{}, allowed(t, ask(graph, "User.Read"))
	registered := []consent.Asked{ask(graph, "User.Read", "Mail.Read"), ask(partnerCenter, "user_impersonation")}
	openID := func(scopes ...string) []consent.Asked {
		return []consent.Asked{ask(application.Application{App: application.GraphApp, Name: "Microsoft Graph"}, scopes...)}
	}
	for name, c := range map[string]struct {
		allowed consent.Allowed
		client  application.Application
		wanted  application.Wanted
		static  []consent.Asked
		want    []consent.Asked
		fails   fault.Code
	}{
		"named, none allowed":              {none, broker, wanted(named(graph, "User.Read", "Mail.Read")), nil, []consent.Asked{ask(graph, "User.Read", "Mail.Read")}, 0},
		"named, one allowed":               {some, broker, wanted(named(graph, "User.Read", "Mail.Read")), nil, []consent.Asked{ask(graph, "Mail.Read")}, 0},
		"named, all allowed":               {some, broker, wanted(named(graph, "User.Read")), nil, nil, 0},
		"at two resources":                 {some, broker, wanted(named(graph, "Mail.Read"), named(partnerCenter, "user_impersonation")), nil, []consent.Asked{ask(graph, "Mail.Read"), ask(partnerCenter, "user_impersonation")}, 0},
		"all, none allowed":                {none, broker, wanted(everything(graph)), registered, registered, 0},
		"all, something allowed there":     {some, broker, wanted(everything(graph)), registered, nil, 0},
		"all, something allowed elsewhere": {some, broker, wanted(everything(partnerCenter)), registered, []consent.Asked{ask(graph, "Mail.Read"), ask(partnerCenter, "user_impersonation")}, 0},
		"all of two resources":             {none, broker, wanted(everything(graph), everything(partnerCenter)), registered, registered, 0},
		"all, never registered":            {none, broker, wanted(everything(partnerCenter)), registered[:1], nil, fault.PermissionUnlisted},
		"all, registered with no scope":    {none, broker, wanted(everything(partnerCenter)), []consent.Asked{ask(partnerCenter)}, nil, fault.PermissionUnlisted},
		"a first party":                    {none, platform, wanted(named(graph, "Directory.Read.All"), everything(partnerCenter)), nil, nil, 0},
		"sign-in alone, unknown":           {none, broker, wanted(), nil, openID("openid"), 0},
		"sign-in alone, known":             {some, broker, wanted(), nil, nil, 0},
		"every scope of a sign-in": {none, broker, application.Wanted{OpenID: true, Profile: true, Email: true, Offline: true}, nil,
			openID("openid", "profile", "email", "offline_access"), 0},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := consent.Missing(c.allowed, c.client, c.wanted, c.static)
			if c.fails != 0 {
				if !fault.Has(err, c.fails) {
					t.Errorf("got %v, %v", got, err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("asked (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAskingChangesNothingOfWhatWasRegistered(t *testing.T) {
	some := allowed(t, ask(graph, "User.Read"))
	registered := []consent.Asked{ask(graph, "User.Read", "Mail.Read"), ask(partnerCenter, "user_impersonation")}
	if _, err := consent.Missing(some, broker, wanted(everything(partnerCenter)), registered); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"User.Read", "Mail.Read"}, registered[0].Scopes); diff != "" {
		t.Errorf("registered (-want +got):\n%s", diff)
	}
}

func TestWhoMayAllowWhat(t *testing.T) {
	free := tenant.Tenant{ID: contoso, Name: "Contoso"}
	closed, careful, odd := free, free, free
	closed.Settings.UserConsent = tenant.ConsentNobody
	careful.Settings.UserConsent = tenant.ConsentLowRisk
	odd.Settings.UserConsent = "lowrisk"
	member := account.Account{Roles: []string{account.Member}}
	admin := account.Account{Roles: []string{account.CloudAppAdministrator}}
	verified := broker
	verified.Verified = true
	for name, c := range map[string]struct {
		org     tenant.Tenant
		person  account.Account
		client  application.Application
		asked   []consent.Asked
		refused bool
	}{
		"a member, an ordinary permission":        {free, member, broker, []consent.Asked{ask(graph, "User.Read")}, false},
		"a member, an admin's permission":         {free, member, broker, []consent.Asked{ask(graph, "Directory.Read.All")}, true},
		"a member, one of each":                   {free, member, broker, []consent.Asked{ask(partnerCenter, "user_impersonation"), ask(graph, "User.Read", "Directory.Read.All")}, true},
		"a member, in other letters":              {free, member, broker, []consent.Asked{ask(graph, "directory.read.all")}, true},
		"a member, where nobody may":              {closed, member, broker, []consent.Asked{ask(graph, "User.Read")}, true},
		"a member, verified, where nobody may":    {closed, member, verified, []consent.Asked{ask(graph, "openid")}, true},
		"an admin, an admin's permission":         {free, admin, broker, []consent.Asked{ask(graph, "Directory.Read.All")}, false},
		"an admin, where nobody may":              {closed, admin, broker, []consent.Asked{ask(graph, "User.Read")}, false},
		"an admin, high risk, unverified":         {careful, admin, broker, []consent.Asked{ask(graph, "Mail.Read")}, false},
		"a member, the scopes of a sign-in":       {free, member, broker, []consent.Asked{ask(graph, "openid", "profile")}, false},
		"a reader of all, an admin's":             {free, account.Account{Roles: []string{account.GlobalReader}}, broker, []consent.Asked{ask(graph, "Directory.Read.All")}, true},
		"a partner's agent, an admin's":           {free, account.Account{Groups: []string{account.AdminAgents}}, broker, []consent.Asked{ask(graph, "Directory.Read.All")}, true},
		"a member, nothing, where nobody may":     {closed, member, broker, nil, true},
		"a member, nothing, where anybody may":    {free, member, broker, nil, false},
		"low risk, verified":                      {careful, member, verified, []consent.Asked{ask(graph, "openid", "profile", "email", "offline_access", "User.Read")}, false},
		"low risk, unverified":                    {careful, member, broker, []consent.Asked{ask(graph, "User.Read")}, true},
		"high risk, verified":                     {careful, member, verified, []consent.Asked{ask(graph, "User.Read", "Mail.Read")}, true},
		"high risk, unverified":                   {careful, member, broker, []consent.Asked{ask(graph, "Mail.Read")}, true},
		"an admin's, verified":                    {careful, member, verified, []consent.Asked{ask(graph, "Directory.Read.All")}, true},
		"a low name at another resource":          {careful, member, verified, []consent.Asked{ask(partnerCenter, "User.Read")}, true},
		"nothing, low risk, unverified":           {careful, member, broker, nil, true},
		"a policy nobody knows, low and verified": {odd, member, verified, []consent.Asked{ask(graph, "openid")}, true},
	} {
		t.Run(name, func(t *testing.T) {
			err := consent.MayAllow(c.org, c.person, c.client, c.asked)
			if c.refused != fault.Has(err, fault.ApprovalRequired) || !c.refused && err != nil {
				t.Fatalf("got %v", err)
			}
			if c.refused && fault.Of(err).Facts["organisation"] != "Contoso" {
				t.Errorf("facts %v", fault.Of(err).Facts)
			}
		})
	}
}

const contoso id.Tenant = "11111111-aaaa-4111-8111-000000000001"
