package account

import (
	"context"
	"time"

	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
)

// Link ties a person to who they are at their company's own sign-in. The key
// is the issuer with the subject: the same subject at another issuer is
// another person (security-and-reliability.md R167). An address is no part of
// it, because whoever runs a provider can write any address (A14).
type Link struct {
	Tenant          id.Tenant
	Issuer, Subject string
	Account         id.Object
	Since, LastUsed time.Time
}

// LinkStore keeps links.
type LinkStore interface {
	// Link finds one, or fails with UpstreamUnlinked.
	Link(ctx context.Context, tenant id.Tenant, issuer, subject string) (Link, error)
	// Links lists those of a person, oldest first.
	Links(ctx context.Context, tenant id.Tenant, account id.Object) ([]Link, error)
	// AddLink keeps a link and writes the event. The same link again changes
	// nothing; one that leads to another person fails with ChangedMeanwhile.
	AddLink(ctx context.Context, l Link, e audit.Event) error
	// AddLinked makes a person and their link in one transaction, with the
	// event. It fails with NameTaken when somebody has the sign-in name, and
	// with ChangedMeanwhile when the link exists.
	AddLinked(ctx context.Context, a Account, l Link, e audit.Event) error
	// UseLink notes that a link was signed in by.
	UseLink(ctx context.Context, l Link, at time.Time) error
	// RemoveLink ends a link of its person and writes the event; false when
	// there is none.
	RemoveLink(ctx context.Context, l Link, e audit.Event) (bool, error)
}

// Links is the room's door to who people are elsewhere.
type Links struct {
	store  LinkStore
	source id.Source
}

// NewLinks opens the door.
func NewLinks(store LinkStore, source id.Source) *Links { return &Links{store: store, source: source} }

// Find gives the link of a proved subject, or fails with UpstreamUnlinked. It
// notes the use, at most once an hour, so that a sign-in seldom writes for it.
func (l *Links) Find(ctx context.Context, t id.Tenant, issuer, subject string) (Link, error) {
	found, err := l.store.Link(ctx, t, issuer, subject)
	if err != nil {
		return Link{}, err
	}
	if now := l.source.Now(); now.Sub(found.LastUsed) >= time.Hour {
		found.LastUsed = now
		if err := l.store.UseLink(ctx, found, now); err != nil {
			return Link{}, err
		}
	}
	return found, nil
}

// Add ties a person to a subject, on the word of who proved both or of an
// admin. It fails with ChangedMeanwhile when the subject is somebody else's.
func (l *Links) Add(ctx context.Context, by audit.Caller, link Link) error {
	if err := checkLink(link); err != nil {
		return err
	}
	link.Since = l.source.Now()
	return l.store.AddLink(ctx, link, l.event(by, link, "link.add"))
}

// Join makes a person at their first sign-in, with their link. The sign-in
// name must be in a domain that the organisation verified, which the caller
// has checked; it fails with NameTaken when somebody has it, because an
// address never hands over an account, and with ChangedMeanwhile when the same
// person joined in another window: find the link then.
func (l *Links) Join(ctx context.Context, a Account, link Link) (Account, error) {
	if a.ID == "" {
		a.ID = id.Object(l.source.NewGUID())
	}
	a.Created = l.source.Now()
	link.Tenant, link.Account, link.Since, link.LastUsed = a.Tenant, a.ID, a.Created, a.Created
	if err := checkLink(link); err != nil {
		return Account{}, err
	}
	if a.SignInName == "" {
		return Account{}, fault.New(fault.ParameterMissing, "parameter", "userPrincipalName")
	}
	by := audit.Caller{Tenant: a.Tenant, Account: a.ID, SignInName: a.SignInName}
	return a, l.store.AddLinked(ctx, a, link, l.event(by, link, "account.join"))
}

// List gives the links of a person, oldest first.
func (l *Links) List(ctx context.Context, t id.Tenant, account id.Object) ([]Link, error) {
	return l.store.Links(ctx, t, account)
}

// Remove ends a link of the person that it names. It fails with
// UpstreamUnlinked when they have no such link.
func (l *Links) Remove(ctx context.Context, by audit.Caller, link Link) error {
	gone, err := l.store.RemoveLink(ctx, link, l.event(by, link, "link.remove"))
	if err == nil && !gone {
		return fault.New(fault.UpstreamUnlinked)
	}
	return err
}

// checkLink: a subject has at most 255 characters (OpenID Connect Core 2).
func checkLink(l Link) error {
	switch {
	case l.Tenant == "" || l.Account == "":
		return fault.New(fault.ParameterMissing, "parameter", "account")
	case l.Issuer == "" || len(l.Issuer) > 500:
		return fault.New(fault.InputInvalid, "parameter", "issuer", "rule", "1 to 500 characters")
	case l.Subject == "" || len(l.Subject) > 255:
		return fault.New(fault.InputInvalid, "parameter", "subject", "rule", "1 to 255 characters")
	}
	return nil
}

func (l *Links) event(by audit.Caller, link Link, verb string) audit.Event {
	e := audit.Event{
		ID: l.source.NewGUID(), At: l.source.Now(), Tenant: by.Tenant, Account: by.Account, SignInName: by.SignInName,
		App: by.App, Verb: verb, Object: string(link.Account),
		Facts: map[string]string{"issuer": link.Issuer, "subject": link.Subject},
	}
	if by.Tenant != link.Tenant {
		e.Target = link.Tenant
	}
	return e
}
