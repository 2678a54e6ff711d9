package credential

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/fault"
)

// Pass is a temporary pass that an admin issues: it bootstraps a person who
// has no password or no second way (experience.md 2.5).
type Pass struct {
	Digest []byte
	Until  time.Time
	// Once: it serves a single sign-in.
	Once bool
	// By is the sign-in name of who issued it; the page says so.
	By string
}

// MaxPassLife bounds a temporary pass.
const MaxPassLife = 24 * time.Hour

// MayIssuePass says whether a person may give somebody a temporary pass: a
// colleague whose directory roles they hold themselves, or all of which a
// global administrator outranks. A pass is a way into the account, so whoever
// gives one must not become more by it (row R165). It fails with RoleMissing.
func MayIssuePass(by, to account.Account) error {
	switch {
	case by.Tenant != to.Tenant || !by.Holds(account.GlobalAdministrator, account.UserAdministrator):
		return fault.New(fault.RoleMissing, "role", "User Administrator")
	case by.Holds(account.GlobalAdministrator):
		return nil
	case slices.ContainsFunc(to.Roles, func(role string) bool { return !by.Holds(role) }):
		return fault.New(fault.RoleMissing, "role", "Global Administrator")
	}
	return nil
}

// IssuePass makes a temporary pass for a person; an earlier one is dead. The
// text is shown to the admin once. It fails as MayIssuePass does.
func (s *Safe) IssuePass(ctx context.Context, by, to account.Account, life time.Duration, once bool) (string, Pass, error) {
	if err := MayIssuePass(by, to); err != nil {
		return "", Pass{}, err
	}
	if life <= 0 || life > MaxPassLife {
		return "", Pass{}, fault.New(fault.InputInvalid, "parameter", "life", "rule", "up to 24 hours")
	}
	return s.pass(ctx, audit.Caller{Tenant: by.Tenant, Home: by.Tenant, Account: by.ID, SignInName: by.SignInName}, to, life, once)
}

// Welcome makes the temporary pass of somebody who cannot come in otherwise, on
// the word of whoever runs the installation: of the first administrator above
// all. It holds for a day.
func (s *Safe) Welcome(ctx context.Context, by audit.Caller, to account.Account) (string, Pass, error) {
	by.Tenant = to.Tenant
	return s.pass(ctx, by, to, MaxPassLife, false)
}

// Waits reports whether a person has nothing to sign in with: no password, no
// passkey and no temporary pass that still holds.
func (s *Safe) Waits(ctx context.Context, owner Owner) (bool, error) {
	ways, err := s.Ways(ctx, owner)
	if err != nil || ways.Password || ways.Passkeys > 0 {
		return false, err
	}
	until, err := s.store.PassUntil(ctx, owner)
	return !s.source.Now().Before(until), err
}

func (s *Safe) pass(ctx context.Context, by audit.Caller, to account.Account, life time.Duration, once bool) (string, Pass, error) {
	text := s.source.Reference() + "-" + s.source.Reference()
	owner := Owner{Tenant: to.Tenant, Account: to.ID}
	p := Pass{Digest: s.passDigest(owner, text), Until: s.source.Now().Add(life), Once: once, By: by.SignInName}
	return text, p, s.store.SavePass(ctx, owner, p, Event(s.source, by, "pass.issue", string(to.ID)))
}

// CheckPass proves a temporary pass, and uses it up when it serves once. Wrong
// ones count with the person's other codes. It says who issued it.
func (s *Safe) CheckPass(ctx context.Context, owner Owner, text string) (by string, err error) {
	err = s.counted(ctx, owner, func() error {
		p, found, err := s.store.SpendPass(ctx, owner, s.passDigest(owner, text), s.source.Now())
		if err != nil {
			return err
		}
		if !found {
			return fault.New(fault.PassWrong)
		}
		by = p.By
		return nil
	})
	return by, err
}

func (s *Safe) passDigest(owner Owner, text string) []byte {
	text = strings.ToUpper(strings.NewReplacer(" ", "", "-", "").Replace(text))
	text = strings.NewReplacer("I", "1", "L", "1", "O", "0").Replace(text)
	return s.digest.MAC([]byte("pass"), []byte(owner.row()), []byte(text))
}
