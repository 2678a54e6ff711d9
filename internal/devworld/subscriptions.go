package devworld

import (
	"context"
	"fmt"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/house"
	"github.com/entente-id/entente/internal/subscription"
)

// seedSubscription gives a customer one subscription, which the administrators
// of its partner see, with two resource groups.
func seedSubscription(ctx context.Context, h *house.House, n int, c seededCustomer) error {
	err := h.Subscriptions.Save(ctx, subscription.Subscription{
		Tenant: c.tenant, ID: fmt.Sprintf("5b000000-0000-4000-8000-%012d", n), Name: c.name + " cloud plan", State: "Enabled",
		Access: []subscription.Access{{Partner: c.partner, Group: account.AdminAgents}},
		Groups: []subscription.ResourceGroup{
			{Name: "rg-" + c.domain(), Location: "northeurope", Tags: map[string]string{"customer": c.name}},
			{Name: "rg-backup", Location: "westeurope"},
		},
	})
	if err != nil {
		return fmt.Errorf("seed subscription: %w", err)
	}
	return nil
}
