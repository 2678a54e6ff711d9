// Package session keeps who is signed in on a browser: the sessions behind its
// cookie, how long they serve, and how they end.
package session

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"slices"
	"strings"
	"time"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
)

// Browser is what a browser brings along: an id that its forms are bound to,
// and the session cookie.
type Browser struct {
	// ID binds forms to the browser they were made for (row R42). It is random
	// and lives in a cookie of its own.
	ID string
	// Session is the session cookie: "id.secret".
	Session string
	// Device is the secret by which a browser is known as one that its people
	// have used before.
	Device string
	// Family is the browser's family, nothing finer.
	Family string
	// Kinds is the kind of account that is remembered for an app.
	Kinds map[id.App]string
}

// Session is one browser's signed-in people.
type Session struct {
	ID string
	// SecretHash is the digest of the other half of the cookie.
	SecretHash []byte
	People     []Signed
	Created    time.Time
}

// Signed is a person who is signed in, with the proof they gave.
type Signed struct {
	Home       id.Tenant `json:"home"`
	Account    id.Object `json:"account"`
	SignInName string    `json:"name"`
	Display    string    `json:"display"`
	Methods    []string  `json:"amr"`
	AuthAt     time.Time `json:"authAt"`
	FactorAt   time.Time `json:"factorAt"`
	// SID is the session id that tokens carry.
	SID string `json:"sid"`
	// Earlier are the ids before the person proved themselves again here:
	// applications know them by these.
	Earlier []string `json:"earlier,omitempty"`
}

// SIDs are all session ids by which applications know the person here.
func (s Signed) SIDs() []string { return append([]string{s.SID}, s.Earlier...) }

// Key names a signed-in person in a form.
func (s Signed) Key() string { return string(s.Home) + "/" + string(s.Account) }

// Store keeps browser sessions.
type Store interface {
	// Session finds a browser session, or fails with NotSignedIn.
	Session(ctx context.Context, key string) (Session, error)
	// StartSession keeps a session with the sign-in that made it, and ends the
	// old one, if any, together.
	StartSession(ctx context.Context, s Session, old string, in audit.SignIn) error
	// EndSession ends a session for some of its people: it lives on with those
	// who remain in it. Where they were signed in is marked as ended.
	EndSession(ctx context.Context, s Session, ended []Signed, now time.Time) error
}

// Keeper is the room: it knows browsers by their cookies.
type Keeper struct {
	store  Store
	people *account.People
	source id.Source
}

// NewKeeper opens the room.
func NewKeeper(store Store, people *account.People, source id.Source) *Keeper {
	return &Keeper{store: store, people: people, source: source}
}

// life is how long a sign-in serves without a new proof
// (identity-platform.md 2.10).
const life = 24 * time.Hour

// Of gives the session of a browser by its cookie; an unknown or old one is no
// session, not an error.
func (k *Keeper) Of(ctx context.Context, b Browser) (Session, error) {
	sessionID, secret, ok := strings.Cut(b.Session, ".")
	if !ok || len(b.Session) > 200 {
		return Session{}, nil
	}
	s, err := k.store.Session(ctx, sessionID)
	if fault.Has(err, fault.NotSignedIn) {
		return Session{}, nil
	}
	if err != nil {
		return Session{}, err
	}
	sum := sha256.Sum256([]byte(secret))
	if subtle.ConstantTimeCompare(sum[:], s.SecretHash) != 1 {
		return Session{}, nil
	}
	now := k.source.Now()
	s.People = slices.DeleteFunc(s.People, func(p Signed) bool { return now.Sub(p.AuthAt) >= life })
	return s, nil
}

// SignedIn lists who is signed in on a browser.
func (k *Keeper) SignedIn(ctx context.Context, b Browser) ([]Signed, error) {
	s, err := k.Of(ctx, b)
	return s.People, err
}

// Alive checks that a signed-in person may still use the session.
func (k *Keeper) Alive(ctx context.Context, s Signed) (bool, error) {
	person, err := k.people.Find(ctx, s.Home, s.Account)
	if fault.Has(err, fault.AccountUnknown) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return !person.Disabled && !s.AuthAt.Before(person.SessionsFrom), nil
}

// Start keeps a person's sign-in in a new session under a new id, so that a
// cookie that was planted before is worth nothing after (row R128). It gives
// the new cookie. The record of the sign-in comes with the application that
// asked; who, when and where from is filled in.
func (k *Keeper) Start(ctx context.Context, b Browser, signed Signed, asked audit.SignIn) (string, error) {
	old, err := k.Of(ctx, b)
	if err != nil {
		return "", err
	}
	secret := k.source.Secret()
	sum := sha256.Sum256([]byte(secret))
	s := Session{ID: k.source.Hex(16), SecretHash: sum[:], Created: k.source.Now()}
	for _, p := range old.People {
		if p.Key() == signed.Key() && p.SID != signed.SID {
			signed.Earlier = p.SIDs()[:min(len(p.SIDs()), maxEarlier)]
		}
	}
	s.People = append([]Signed{signed}, slices.DeleteFunc(old.People, func(p Signed) bool { return p.Key() == signed.Key() })...)
	if len(s.People) > maxPeople {
		s.People = s.People[:maxPeople]
	}
	asked.ID, asked.At, asked.Browser = k.source.NewGUID(), s.Created, b.Family
	asked.Tenant, asked.Account, asked.SignInName, asked.Name, asked.Methods = signed.Home, signed.Account, signed.SignInName, signed.Display, signed.Methods
	if err := k.store.StartSession(ctx, s, old.ID, asked); err != nil {
		return "", err
	}
	return s.ID + "." + secret, nil
}

const (
	// maxPeople bounds how many people one browser can have signed in.
	maxPeople = 10
	// maxEarlier bounds how many former session ids are remembered for one.
	maxEarlier = 20
)

// SignOut ends a browser's session: for one person, or (with an empty key) for
// all. The tokens that apps hold live on, as on the Microsoft platform
// (identity-platform.md 1.9).
func (k *Keeper) SignOut(ctx context.Context, b Browser, key string) error {
	s, err := k.Of(ctx, b)
	if err != nil || s.ID == "" {
		return err
	}
	leave := func(p Signed) bool { return key == "" || p.Key() == key }
	ended := slices.DeleteFunc(slices.Clone(s.People), func(p Signed) bool { return !leave(p) })
	s.People = slices.DeleteFunc(s.People, leave)
	return k.store.EndSession(ctx, s, ended, k.source.Now())
}
