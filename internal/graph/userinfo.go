package graph

import "context"

// userinfo is OpenID Connect's address for the claims of a person (OpenID
// Connect Core 5.3). The scopes of the token say which.
func (e *edge) userinfo(_ context.Context, c *call) (any, error) {
	claims := map[string]string{"sub": e.Subject(c.caller.Tenant, c.caller.Account, c.caller.App)}
	add := func(name, value string) {
		if value != "" {
			claims[name] = value
		}
	}
	if c.caller.May("profile") {
		add("name", c.person.Name)
		add("given_name", c.person.Given)
		add("family_name", c.person.Family)
	}
	// A mailbox belongs to an account at home; a customer's tenant does not
	// vouch for it.
	if c.caller.May("email") && !c.foreign() {
		add("email", c.person.Mail)
	}
	return claims, nil
}
