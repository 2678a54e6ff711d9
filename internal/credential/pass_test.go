package credential_test

import (
	"testing"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/credential"
	"github.com/entente-id/entente/internal/fault"
)

func TestATemporaryPassNeverMakesItsGiverMore(t *testing.T) {
	person := func(roles ...string) account.Account { return account.Account{Tenant: wanda.Tenant, Roles: roles} }
	stranger := person()
	stranger.Tenant = "11111111-aaaa-4111-8111-000000000002"
	global, users, apps := account.GlobalAdministrator, account.UserAdministrator, account.ApplicationAdministrator
	for name, c := range map[string]struct {
		by, to account.Account
		may    bool
	}{
		"a colleague without a role":                  {person(), person(), false},
		"somebody with another role":                  {person(apps), person(), false},
		"a user administrator to a colleague":         {person(users), person(), true},
		"a user administrator to their like":          {person(users), person(users), true},
		"a user administrator to a global one":        {person(users), person(global), false},
		"a user administrator to one who allows apps": {person(users), person(apps), false},
		"a global administrator to their like":        {person(global), person(global, apps), true},
		"a global administrator to somebody foreign":  {person(global), stranger, false},
	} {
		err := credential.MayIssuePass(c.by, c.to)
		if (err == nil) != c.may || (err != nil && !fault.Has(err, fault.RoleMissing)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
