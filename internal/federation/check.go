package federation

import (
	"context"
	"net/url"

	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/tenant"
)

// Check is one line of the page on which IT tries the settings.
type Check struct {
	Name CheckName
	Pass bool
	// Rule is what was broken, empty when it passed.
	Rule string
}

// CheckName says what was looked at.
type CheckName string

// The checks, in their order. After one that failed, the others that need it
// are left out.
const (
	CheckSettings    CheckName = "settings"
	CheckDescription CheckName = "description"
	CheckKeys        CheckName = "keys"
	// CheckClient is that the provider knows the client and its secret.
	CheckClient CheckName = "client"
)

// Test looks at all that can be seen without a person, whatever the state of
// the settings. A whole sign-in is tested with Ask.Trial.
func (u *Upstreams) Test(ctx context.Context, t tenant.Tenant) []Check {
	var done []Check
	note := func(name CheckName, err error) bool {
		c := Check{Name: name, Pass: err == nil}
		if err != nil {
			f := fault.Of(err)
			c.Rule = f.Facts["rule"]
			if field := f.Facts["parameter"]; field != "" {
				c.Rule = field + ": " + c.Rule
			}
			u.log.InfoContext(ctx, "company sign-in tested", "tenant", string(t.ID), "check", string(name), "error", err)
		}
		done = append(done, c)
		return c.Pass
	}
	if t.Upstream == nil {
		note(CheckSettings, misset(t, "the organisation has no sign-in of its own"))
		return done
	}
	if !note(CheckSettings, t.CheckUpstream(*t.Upstream)) {
		return done
	}
	// What was true an hour ago is no answer to somebody who changed it just
	// now.
	u.metadata.Forget()
	m, err := u.provider(ctx, t)
	if !note(CheckDescription, err) {
		return done
	}
	if _, err := u.readKeys(ctx, m.Keys); err != nil {
		note(CheckKeys, misset(t, "the provider's keys cannot be read: "+reasonOf(err)).Because(err))
	} else {
		note(CheckKeys, nil)
	}
	note(CheckClient, u.tryClient(ctx, t, m))
	return done
}

// tryClient redeems a code that nobody has: a provider that knows the client
// says that the code is wrong, and one that does not says so instead.
func (u *Upstreams) tryClient(ctx context.Context, t tenant.Tenant, m metadata) error {
	_, refused, err := u.askToken(ctx, t, m, url.Values{
		"grant_type": {"authorization_code"}, "code": {u.source.Secret()}, "redirect_uri": {u.RedirectURI()}, "code_verifier": {u.source.Secret()},
	})
	switch {
	case err != nil:
		return err
	case refused == nil:
		return misset(t, "the provider takes a code that it never gave")
	case refused.clientRefused():
		return misset(t, "the provider refuses this client or its secret").Because(refused)
	case refused.Code == "invalid_grant":
		return nil
	}
	return misset(t, "the provider answers with an unexpected error: "+quoted(refused.Code)).Because(refused)
}
