package tenant

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/message"
)

// SetupLink lets its holder set up one thing for one organisation, without an
// account: it is handed to the company's IT (experience.md 2.1, 2.8).
type SetupLink struct {
	ID      string
	Tenant  id.Tenant
	Purpose SetupPurpose
	// By is who made it.
	By LinkMaker
	// To is the address that it was mailed to, empty when it was handed over
	// by hand.
	To            string
	Made, Expires time.Time
	// Ended is when it was done or revoked; zero while it can be used.
	Ended time.Time
	Done  bool
}

// LinkMaker is the person who made a set-up link.
type LinkMaker struct {
	Tenant     id.Tenant
	Account    id.Object
	SignInName string
	Name       string
}

// SetupPurpose is what a link is good for.
type SetupPurpose string

// SetupSignIn is connecting the company's own sign-in.
const SetupSignIn SetupPurpose = "sign-in"

const (
	// SetupLinkLife is how long a link can be used.
	SetupLinkLife = 30 * 24 * time.Hour
	// maxSetupLinks bounds a list; of one organisation hardly more are made.
	maxSetupLinks = 100
)

// UpstreamChange is one save of an organisation's own sign-in.
type UpstreamChange struct {
	Tenant   id.Tenant
	Upstream *Upstream
	// Link is the id of the set-up link on which it is saved, empty for none;
	// LinkDone ends that link.
	Link     string
	LinkDone bool
	Event    audit.Event
}

// SetupStore keeps set-up links and what is set by them.
type SetupStore interface {
	// SaveUpstream replaces an organisation's own sign-in and nothing else of
	// it, and writes the event. On a link that ended or is over at the time of
	// the event it fails with SetupLinkUnusable and changes nothing.
	SaveUpstream(ctx context.Context, c UpstreamChange) error
	// UpstreamTested notes the time of a test at settings saved at an instant.
	UpstreamTested(ctx context.Context, tenant id.Tenant, setAt, at time.Time) error
	// AddSetupLink keeps a link under the digest of its token, with its event
	// and its mail.
	AddSetupLink(ctx context.Context, l SetupLink, digest string, e audit.Event, mails []message.Sealed) error
	// SetupLink finds by digest, or fails with SetupLinkUnusable.
	SetupLink(ctx context.Context, digest string) (SetupLink, error)
	// SetupLinks lists an organisation's links, newest first.
	SetupLinks(ctx context.Context, tenant id.Tenant, limit int) ([]SetupLink, error)
	// RevokeSetupLink ends a link that has not ended, with the event; false
	// when there is none.
	RevokeSetupLink(ctx context.Context, tenant id.Tenant, link string, e audit.Event) (bool, error)
}

// SetupLinks is the room's door for setting up an organisation's own sign-in:
// by its admins, and by whoever they hand a link to.
type SetupLinks struct {
	store     SetupStore
	directory *Directory
	outbox    *message.Outbox
	source    id.Source
}

// NewSetupLinks opens the door.
func NewSetupLinks(store SetupStore, directory *Directory, outbox *message.Outbox, source id.Source) *SetupLinks {
	return &SetupLinks{store: store, directory: directory, outbox: outbox, source: source}
}

// LinkAsk says what link is wanted.
type LinkAsk struct {
	Tenant  id.Tenant
	Purpose SetupPurpose
	// To is where the link is mailed, in Language; empty means that the caller
	// hands it over.
	To, Language string
	// MakerName is the maker's name for the mail.
	MakerName string
}

// SetupPath is where a link leads on our origin.
const SetupPath = "/organisation/setup/"

// Make makes a link and gives its token, which is not kept and cannot be shown
// again. Who may is the caller's gate to decide. It fails with InputInvalid
// for an unknown purpose.
func (s *SetupLinks) Make(ctx context.Context, by audit.Caller, ask LinkAsk) (string, SetupLink, error) {
	if ask.Purpose != SetupSignIn {
		return "", SetupLink{}, fault.New(fault.InputInvalid, "parameter", "purpose", "rule", string(SetupSignIn))
	}
	if len(ask.To) > 320 || len(ask.MakerName) > 320 {
		return "", SetupLink{}, fault.New(fault.InputInvalid, "parameter", "address", "rule", "at most 320 characters")
	}
	owner, err := s.directory.Find(ctx, ask.Tenant)
	if err != nil {
		return "", SetupLink{}, err
	}
	if owner.Personal() {
		return "", SetupLink{}, fault.New(fault.InputInvalid, "parameter", "organisation", "rule", "personal accounts have no sign-in of a company")
	}
	token, now := s.source.Secret(), s.source.Now()
	link := SetupLink{
		ID: s.source.NewGUID(), Tenant: ask.Tenant, Purpose: ask.Purpose, To: ask.To, Made: now, Expires: now.Add(SetupLinkLife),
		By: LinkMaker{Tenant: by.Tenant, Account: by.Account, SignInName: by.SignInName, Name: ask.MakerName},
	}
	var mails []message.Sealed
	if ask.To != "" {
		name := ask.MakerName
		if name == "" {
			name = by.SignInName
		}
		mails, err = s.outbox.SealAll(message.Message{
			Kind: message.SetupLink, Tenant: ask.Tenant, To: ask.To, Language: ask.Language,
			Facts: map[string]string{"name": name, "org": owner.Name}, Path: SetupPath + token, Expires: link.Expires,
		})
		if err != nil {
			return "", SetupLink{}, err
		}
	}
	if err := s.store.AddSetupLink(ctx, link, digestOf(token), s.event(by, ask.Tenant, "setup-link.make", link.ID), mails); err != nil {
		return "", SetupLink{}, err
	}
	s.outbox.Nudge()
	return token, link, nil
}

// Open says what a link is for, and changes nothing: scanners open links too.
// It fails with SetupLinkUnusable and the reason.
func (s *SetupLinks) Open(ctx context.Context, token string) (SetupLink, error) {
	link, err := s.store.SetupLink(ctx, digestOf(token))
	switch {
	case err != nil:
		return SetupLink{}, err
	case link.Done:
		return SetupLink{}, unusable("what it was for is done")
	case !link.Ended.IsZero():
		return SetupLink{}, unusable("it was revoked")
	case !s.source.Now().Before(link.Expires):
		return SetupLink{}, unusable("it is older than 30 days")
	}
	return link, nil
}

// List gives an organisation's links, newest first, at most a hundred.
func (s *SetupLinks) List(ctx context.Context, t id.Tenant) ([]SetupLink, error) {
	return s.store.SetupLinks(ctx, t, maxSetupLinks)
}

// Revoke ends a link of an organisation. It fails with SetupLinkUnusable when
// there is none that could still be used.
func (s *SetupLinks) Revoke(ctx context.Context, by audit.Caller, t id.Tenant, link string) error {
	ended, err := s.store.RevokeSetupLink(ctx, t, link, s.event(by, t, "setup-link.revoke", link))
	if err == nil && !ended {
		return unusable("it ended already")
	}
	return err
}

func unusable(reason string) error { return fault.New(fault.SetupLinkUnusable, "reason", reason) }

func digestOf(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

func (s *SetupLinks) event(by audit.Caller, t id.Tenant, verb, object string) audit.Event {
	e := audit.Event{
		ID: s.source.NewGUID(), At: s.source.Now(), Tenant: by.Tenant, Account: by.Account,
		SignInName: by.SignInName, App: by.App, Verb: verb, Object: object,
	}
	if by.Tenant != t {
		e.Target = t
	}
	return e
}
