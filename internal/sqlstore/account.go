package sqlstore

import (
	"context"
	"fmt"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/message"
)

// AddAccount creates a person whose name is free.
func (db *DB) AddAccount(ctx context.Context, a account.Account, e audit.Event) error {
	return db.AddMember(ctx, a, "", e)
}

// RenameAccount saves a person under a name that is free.
func (db *DB) RenameAccount(ctx context.Context, a account.Account, told []message.Sealed, e audit.Event) error {
	doc, err := encode(a)
	if err != nil {
		return err
	}
	var taken bool
	err = db.write(ctx, func(x *tx) error {
		n, err := x.exec(`UPDATE account SET name_key = $1, doc = $2, reviewer = $5 WHERE tenant = $3 AND id = $4 AND NOT EXISTS
			(SELECT 1 FROM account other WHERE other.tenant = $3 AND other.name_key = $1 AND other.id <> $4)`,
			account.FoldName(a.SignInName), doc, string(a.Tenant), string(a.ID), a.MayConsentForAll() && !a.Disabled)
		if err != nil {
			return fmt.Errorf("rename account: %w", err)
		}
		if taken = n == 0; taken {
			return nil
		}
		if err := x.messages(told); err != nil {
			return err
		}
		return x.event(e)
	})
	if err == nil && taken {
		return fault.New(fault.NameTaken, "name", a.SignInName)
	}
	return err
}
