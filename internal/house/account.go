package house

import (
	"github.com/entente-id/entente/internal/pages"
	"github.com/entente-id/entente/internal/pages/account"
)

// accountFiles are the templates and words of those pages.
var accountFiles = account.Files

// openAccount opens the pages of one's own account. The door leads admins to
// their people.
func (h *House) openAccount(organisation *pages.Door) error {
	_, err := account.New(h.Pages, account.Rooms{
		People: h.People, Tenants: h.Tenants, Apps: h.Apps, Safe: h.Safe, Passkeys: h.Passkeys, Consents: h.Consents,
		Links: h.Links, Outbox: h.Outbox, Custody: h.custody, Source: h.Source, Organisation: organisation,
	})
	return err
}
