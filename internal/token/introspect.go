package token

import (
	"context"
	"time"

	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
)

// Introspected is what a resource may know of a token that was made for it
// (RFC 7662 2.2).
type Introspected struct {
	Caller             audit.Caller
	Issuer, Subject    string
	Issued, From, Ends time.Time
	// Family is the refresh family behind a person's token, "" for none.
	Family string
	// JKT is the key that the token is bound to, "" for none.
	JKT string
}

// Introspect checks an access token as Verify does. It reports false, and says
// no more, for whatever is no token that can be used now: only a failure of
// ours is an error.
func (i *Issuer) Introspect(ctx context.Context, raw string) (Introspected, bool, error) {
	caller, c, b, err := i.verify(ctx, raw)
	if err != nil {
		switch fault.Of(err).Code {
		case fault.AccessTokenMissing, fault.AccessTokenInvalid, fault.AccessTokenExpired, fault.AccessTokenRevoked:
			return Introspected{}, false, nil
		}
		return Introspected{}, false, err
	}
	return Introspected{
		Caller: caller, Issuer: c.Issuer, Subject: c.Subject, Family: b.Family, JKT: c.Confirmation.JKT,
		Issued: instant(c.IssuedAt), From: instant(c.NotBefore), Ends: instant(c.Expires),
	}, true, nil
}

// RevokeBehind ends the refresh family behind an access token, on the word of
// the client that holds it. False: the token stands for no family, so that
// nothing can be ended before it expires.
func (s *Families) RevokeBehind(ctx context.Context, t Introspected, client id.App) (bool, error) {
	if t.Caller.App != client {
		return false, fault.New(fault.GrantOtherClient)
	}
	if t.Family == "" {
		return false, nil
	}
	return true, s.Revoke(ctx, t.Family, fault.GrantRevoked)
}
