package house

import (
	"github.com/entente-id/entente/internal/pages/account"
	"github.com/entente-id/entente/internal/pages/connection"
	"github.com/entente-id/entente/internal/pages/site"
)

// accountFiles and connectionFiles are the templates and words of these pages.
var accountFiles, connectionFiles = account.Files, connection.Files

// openAccount opens the pages of one's own account, and those that connect a
// company's own sign-in. The door leads admins to both.
func (h *House) openAccount(organisation *site.Door) error {
	_, err := account.New(h.Pages, account.Rooms{
		People: h.People, Administration: h.Administration, Tenants: h.Tenants, Apps: h.Apps, Safe: h.Safe, Passkeys: h.Passkeys, Consents: h.Consents,
		Links: h.Links, Outbox: h.Outbox, Custody: h.custody, Source: h.Source, Organisation: organisation,
	})
	if err != nil {
		return err
	}
	_, err = connection.New(h.Pages, connection.Rooms{
		Tenants: h.Tenants, SetupLinks: h.SetupLinks, Upstreams: h.Upstreams, People: h.People, Links: h.Links,
		Custody: h.custody, Source: h.Source, Organisation: organisation, Origin: h.Origin,
	})
	return err
}
