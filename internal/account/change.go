package account

import (
	"context"
	"strings"

	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/message"
)

// Mailbox is where the person reads mail, empty when that is not known. A
// sign-in name is no mailbox, unless it is the address of a personal account.
func (a Account) Mailbox() string {
	if a.Mail != "" {
		return a.Mail
	}
	if a.Tenant == id.Consumers && strings.Contains(a.SignInName, "@") {
		return a.SignInName
	}
	return ""
}

// Add makes a new person. It fails with NameTaken when somebody in the tenant
// signs in with the name already.
func (p *People) Add(ctx context.Context, a Account, e audit.Event) error {
	if a.SignInName == "" {
		return fault.New(fault.ParameterMissing, "parameter", "userPrincipalName")
	}
	return p.store.AddAccount(ctx, a, e)
}

// Rename gives a person another sign-in name and frees the old one. Nothing
// else changes: the key of a person is their id (experience.md 0, rule 10). The
// letters go out with it. It fails with NameTaken.
func (p *People) Rename(ctx context.Context, a Account, told []message.Sealed, e audit.Event) error {
	if FoldName(a.SignInName) == "" {
		return fault.New(fault.ParameterMissing, "parameter", "userPrincipalName")
	}
	return p.store.RenameAccount(ctx, a, told, e)
}

// Amend changes what a person may change of their own account, as it is at that
// moment. It fails with AccountUnknown.
func (p *People) Amend(ctx context.Context, t id.Tenant, person id.Object, change func(*Account) error, e audit.Event) error {
	return p.store.AmendAccount(ctx, t, person, change, e)
}
