package token

import (
	"context"
	"time"

	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
)

// Assertion is a person's access token that a service hands in, to ask for one
// of another resource on the person's behalf.
type Assertion struct {
	// Tenant is where the token is valid, Audience whom it was made for.
	Tenant   id.Tenant
	Audience string
	// Grant is the sign-in behind it, with the person's id at home and the
	// proof that was given then: nothing is added to it (row R98).
	Grant Grant
	// Family is the refresh family behind it, and Code the code where there is
	// no family; "" for none.
	Family, Code string
	Expires      time.Time
}

// ReadAssertion checks an access token as an assertion (rows R94 and R98). It
// fails with AssertionInvalid, AssertionExpired, AssertionNoPerson for an ID
// token, and OnBehalfForbidden for a token of an application alone.
func (i *Issuer) ReadAssertion(ctx context.Context, raw string) (Assertion, error) {
	caller, c, b, err := i.verify(ctx, raw)
	f := fault.Of(err)
	switch {
	case err == nil && caller.AppOnly:
		return Assertion{}, fault.New(fault.OnBehalfForbidden, "app", string(caller.App), "rule", "an assertion of a person, not of an application alone")
	case err == nil:
	case f.Code == fault.AccessTokenInvalid && c.Subject != "" && c.App == "" && c.Azp == "":
		return Assertion{}, fault.New(fault.AssertionNoPerson, "rule", f.Facts["rule"]).Because(err)
	case f.Code == fault.AccessTokenInvalid:
		return Assertion{}, fault.New(fault.AssertionInvalid, "rule", f.Facts["rule"]).Because(err)
	case f.Code == fault.AccessTokenRevoked:
		return Assertion{}, fault.New(fault.AssertionInvalid, "rule", "a token that was not taken back").Because(err)
	case f.Code == fault.AccessTokenExpired:
		return Assertion{}, fault.New(fault.AssertionExpired).Because(err)
	default:
		return Assertion{}, err
	}
	return Assertion{
		Tenant: caller.Tenant, Audience: caller.Audience, Family: b.Family, Code: b.Code, Expires: instant(c.Expires),
		Grant: Grant{
			Home: b.Home, Account: b.Account, SignInName: caller.SignInName,
			Methods: b.Methods, AuthAt: b.AuthAt, FactorAt: b.FactorAt,
		},
	}, nil
}
