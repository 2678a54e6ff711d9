package token

import (
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"time"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/consent"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/fresh"
)

// standingAge bounds how long a token outlives what it was taken back by, on
// this node and on every other (rows R90, R131; the platform's bar is five
// seconds).
const standingAge = 2 * time.Second

// standing says whether what a token was made from still is in order: the
// application, the account, the session and the grant behind it.
type standing struct {
	people   *account.People
	apps     *application.Registry
	consents *consent.Ledger
	families Store
	now      func() time.Time
	accounts *fresh.Cache[account.Account]
	grants   *fresh.Cache[State]
	// codes are those that were taken back.
	codes *fresh.Cache[bool]
}

func newStanding(people *account.People, apps *application.Registry, consents *consent.Ledger, families Store, now func() time.Time) *standing {
	return &standing{
		people: people, apps: apps, consents: consents, families: families, now: now,
		accounts: fresh.New[account.Account](now, standingAge, 100_000),
		grants:   fresh.New[State](now, standingAge, 100_000),
		codes:    fresh.New[bool](now, standingAge, 100_000),
	}
}

// check fails with AccessTokenRevoked when a token was taken back.
func (s *standing) check(ctx context.Context, caller *audit.Caller, b behind, long bool) error {
	if gone, err := s.appGone(ctx, *caller); err != nil || gone {
		return s.revoked(err, "the application is switched off", s.now(), long)
	}
	if !caller.AppOnly {
		if err := s.person(ctx, caller, b, long); err != nil {
			return err
		}
	}
	if !long {
		return nil
	}
	// A day is too long to go on after a permission was withdrawn.
	if gone, err := s.withdrawn(ctx, *caller); err != nil || gone {
		return s.revoked(err, "a permission was withdrawn", s.now(), long)
	}
	return nil
}

// revoked is the refusal. A client that said it can handle it is told what its
// next token must be: newer than the instant (identity-platform.md 7.6).
func (s *standing) revoked(err error, reason string, from time.Time, long bool) error {
	if err != nil {
		return err
	}
	f := fault.New(fault.AccessTokenRevoked, "reason", reason)
	if long {
		claims := fmt.Sprintf(`{"access_token":{"nbf":{"essential":true,"value":"%d"}}}`, from.Unix())
		f.Facts["claims"] = base64.StdEncoding.EncodeToString([]byte(claims))
	}
	return f
}

func (s *standing) appGone(ctx context.Context, caller audit.Caller) (bool, error) {
	app, err := s.apps.Find(ctx, caller.App)
	if fault.Has(err, fault.AppUnknown) || err == nil && app.Disabled {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	principal, err := s.apps.Principal(ctx, caller.Tenant, caller.App)
	if fault.Has(err, fault.AppNotInTenant) {
		// The platform's own apps need none for people.
		return caller.AppOnly, nil
	}
	return principal.Disabled, err
}

func (s *standing) person(ctx context.Context, caller *audit.Caller, b behind, long bool) error {
	person, err := s.accounts.Get(ctx, string(b.Home)+"/"+string(b.Account), func(ctx context.Context) (account.Account, error) {
		return s.people.Find(ctx, b.Home, b.Account)
	})
	if fault.Has(err, fault.AccountUnknown) || err == nil && person.Disabled {
		return s.revoked(nil, "the account is switched off", s.now(), long)
	}
	if err != nil {
		return err
	}
	if b.AuthAt.Before(person.SessionsFrom) {
		return s.revoked(nil, "the sessions of the account were ended", person.SessionsFrom, long)
	}
	if b.Family != "" {
		state, err := s.grants.Get(ctx, b.Family, func(ctx context.Context) (State, error) {
			f, err := s.families.Family(ctx, b.Family)
			if fault.Has(err, fault.GrantInvalid) {
				// It ended by itself and was cleared away.
				return Live, nil
			}
			return f.State, err
		})
		if err != nil || state == Revoked || state == Stolen {
			return s.revoked(err, "the grant behind it was revoked", s.now(), long)
		}
	}
	if b.Code != "" {
		gone, err := s.codes.Get(ctx, b.Code, func(ctx context.Context) (bool, error) { return s.families.TakenBack(ctx, b.Code) })
		if err != nil || gone {
			return s.revoked(err, "the code behind it was redeemed twice", s.now(), long)
		}
	}
	if long && caller.Home == caller.Tenant {
		// Roles change within a day, and a short token's do within its hour.
		caller.DirectoryRoles = Member(person).Roles
	}
	return nil
}

// withdrawn: a permission that a token carries is not allowed any more.
func (s *standing) withdrawn(ctx context.Context, caller audit.Caller) (bool, error) {
	client, err := s.apps.Find(ctx, caller.App)
	if err != nil {
		return false, err
	}
	at, err := s.apps.WantedByResource(ctx, caller.Audience)
	if fault.Has(err, fault.ResourceUnknown) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	carries, allowed := caller.Roles, []string(nil)
	if caller.AppOnly {
		allowed, err = s.consents.AppRoles(ctx, caller.Tenant, client.App, at.Resource.App)
	} else {
		carries = slices.DeleteFunc(slices.Clone(caller.Scopes), isOpenID)
		allowed, _, err = s.consents.Covers(ctx, caller.Tenant, client, caller.Account, application.WantedResource{Resource: at.Resource, Default: true})
	}
	return slices.ContainsFunc(carries, func(name string) bool { return !slices.Contains(allowed, name) }), err
}

// isOpenID: these come with any sign-in and are no permission of a resource.
func isOpenID(scope string) bool {
	return slices.Contains([]string{"openid", "profile", "email", "offline_access"}, scope)
}
