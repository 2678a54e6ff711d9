package sqlstore_test

import (
	"testing"

	"github.com/entente-id/entente/internal/sqlstore"
	"github.com/entente-id/entente/internal/subscription"
	"github.com/google/go-cmp/cmp"
)

func TestSubscriptionsComeBackAsTheyWereSavedToTheirOwnOrganisation(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlstore.DB) {
		ctx := t.Context()
		newTenant(t, db, contoso, "contoso.example")
		newTenant(t, db, fabrikam, "fabrikam.example")
		want := subscription.Subscription{Tenant: contoso, ID: "s1", Name: "Plan", State: "Enabled",
			Access: []subscription.Access{{Partner: fabrikam, Group: "AdminAgents"}}, Groups: []subscription.ResourceGroup{{Name: "rg", Location: "north", Tags: map[string]string{"a": "b"}}}}
		for _, s := range []subscription.Subscription{{Tenant: contoso, ID: "s1", Name: "old"}, want, {Tenant: fabrikam, ID: "s1", Name: "theirs"}} {
			if err := db.SaveSubscription(ctx, s); err != nil {
				t.Fatal(err)
			}
		}
		got, err := db.Subscriptions(ctx, contoso)
		if diff := cmp.Diff([]subscription.Subscription{want}, got); err != nil || diff != "" {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
	})
}
