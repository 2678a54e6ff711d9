package consent

import (
	"context"
	"strings"

	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/id"
)

// GiveFor records a consent for everyone that a partner's person gives in a
// customer's organisation; whether they may is for the caller to decide. It
// makes the service principals that are missing. It fails with GrantExists
// where the client was allowed something at one of the resources already, and
// with AppBlocked.
func (l *Ledger) GiveFor(ctx context.Context, by audit.Caller, customer id.Tenant, client id.App, asked []Asked) error {
	principals := []application.Principal{l.principal(customer, client)}
	grants := make([]Grant, 0, len(asked))
	var said []string
	for _, a := range asked {
		grants = append(grants, Grant{Tenant: customer, Client: client, Resource: a.Resource.App, Scopes: a.Scopes, Given: l.source.Now()})
		principals = append(principals, l.principal(customer, a.Resource.App))
		said = append(said, string(a.Resource.App)+": "+strings.Join(a.Scopes, " "))
	}
	defer l.grants.Forget()
	e := l.event(by, "consent.give", string(client))
	e.Target = customer
	e.Facts = map[string]string{"permissions": strings.Join(said, "; "), "for": "everyone"}
	return l.store.AddNewGrants(ctx, grants, principals, e)
}

// RemoveFor takes a client out of a customer's organisation: everything that
// it was allowed there, and its principal, unless the organisation has blocked
// it or opens it only to chosen people.
func (l *Ledger) RemoveFor(ctx context.Context, by audit.Caller, customer id.Tenant, client id.App) error {
	defer l.grants.Forget()
	defer l.roles.Forget()
	e := l.event(by, "consent.withdraw", string(client))
	e.Target = customer
	return l.store.RemoveClient(ctx, customer, client, e)
}
