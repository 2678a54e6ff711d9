package directory

import (
	"context"

	"github.com/entente-id/entente/internal/graph"
)

// userinfo is OpenID Connect's address for the claims of a person (OpenID
// Connect Core 5.3). The scopes of the token say which.
func (m *room) userinfo(_ context.Context, c *graph.Call) (graph.Reply, error) {
	claims := map[string]string{"sub": m.Subject(c.Caller.Tenant, c.Caller.Account, c.Caller.App)}
	add := func(name, value string) {
		if value != "" {
			claims[name] = value
		}
	}
	if c.Caller.May("profile") {
		add("name", c.Person.Name)
		add("given_name", c.Person.Given)
		add("family_name", c.Person.Family)
	}
	// A mailbox belongs to an account at home; a customer's tenant does not
	// vouch for it.
	if c.Caller.May("email") && !c.Foreign() {
		add("email", c.Person.Mail)
	}
	return graph.OK(claims), nil
}
