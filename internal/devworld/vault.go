package devworld

import (
	"context"
	"fmt"
	"net/url"

	"github.com/entente-id/entente/internal/house"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/vault"
)

// Vault is the name of Northwind's vault. It answers on the world's own host.
const Vault = "northwind"

// seedVault opens Northwind's vault to its two integrations. It is done at each
// start, because a world that is kept may come back on another port.
func seedVault(ctx context.Context, h *house.House) error {
	origin, err := url.Parse(h.Origin)
	if err != nil {
		return fmt.Errorf("read the origin: %w", err)
	}
	v := vault.Vault{Tenant: Northwind, Name: Vault, Host: origin.Host, RetentionDays: 90}
	for _, app := range []id.App{Portal, Nightly} {
		principal, err := h.Apps.Principal(ctx, Northwind, app)
		if err != nil {
			return fmt.Errorf("find the principal of %s: %w", app, err)
		}
		v.Access = append(v.Access, vault.Access{Principal: principal.ID, Permissions: vault.All})
	}
	return h.Vaults.Save(ctx, v)
}
