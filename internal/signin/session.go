package signin

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"slices"
	"strings"
	"time"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/credential"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/tenant"
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

// sessionLife is how long a sign-in serves without a new proof
// (identity-platform.md 2.10).
const sessionLife = 24 * time.Hour

// session reads the cookie; an unknown or old one is no session, not an error.
func (j *Journeys) session(ctx context.Context, b Browser) (Session, error) {
	sessionID, secret, ok := strings.Cut(b.Session, ".")
	if !ok || len(b.Session) > 200 {
		return Session{}, nil
	}
	s, err := j.store.Session(ctx, sessionID)
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
	now := j.source.Now()
	s.People = slices.DeleteFunc(s.People, func(p Signed) bool { return now.Sub(p.AuthAt) >= sessionLife })
	return s, nil
}

// SignedIn lists who is signed in on a browser.
func (j *Journeys) SignedIn(ctx context.Context, b Browser) ([]Signed, error) {
	s, err := j.session(ctx, b)
	return s.People, err
}

// alive checks that a signed-in person may still use the session.
func (j *Journeys) alive(ctx context.Context, s Signed) (account.Account, bool, error) {
	person, err := j.people.Find(ctx, s.Home, s.Account)
	if fault.Has(err, fault.AccountUnknown) {
		return person, false, nil
	}
	if err != nil {
		return person, false, err
	}
	return person, !person.Disabled && !s.AuthAt.Before(person.SessionsFrom), nil
}

// keep stores a person's sign-in in a new session under a new id, so that a
// cookie that was planted before is worth nothing after (row R128). It gives
// the new cookie.
func (j *Journeys) keep(ctx context.Context, b Browser, signed Signed, asked Request) (string, error) {
	old, err := j.session(ctx, b)
	if err != nil {
		return "", err
	}
	secret := j.source.Secret()
	sum := sha256.Sum256([]byte(secret))
	s := Session{ID: j.source.Hex(16), SecretHash: sum[:], Created: j.source.Now()}
	for _, p := range old.People {
		if p.Key() == signed.Key() && p.SID != signed.SID {
			signed.Earlier = p.SIDs()[:min(len(p.SIDs()), maxEarlier)]
		}
	}
	s.People = append([]Signed{signed}, slices.DeleteFunc(old.People, func(p Signed) bool { return p.Key() == signed.Key() })...)
	if len(s.People) > maxPeople {
		s.People = s.People[:maxPeople]
	}
	in := audit.SignIn{
		ID: j.source.NewGUID(), At: s.Created, Tenant: signed.Home, Account: signed.Account, SignInName: signed.SignInName, Name: signed.Display,
		App: asked.Client, AppName: asked.AppName, CorrelationID: asked.CorrelationID, Methods: signed.Methods, Browser: b.Family,
	}
	if err := j.store.StartSession(ctx, s, old.ID, in); err != nil {
		return "", err
	}
	return s.ID + "." + secret, nil
}

// recognise remembers a browser as a device of a person, and tells the person
// when it is not their first one. It gives the cookie's value when it is new.
func (j *Journeys) recognise(ctx context.Context, b Browser, person account.Account) (string, error) {
	owner := credential.Owner{Tenant: person.Tenant, Account: person.ID}
	known, err := j.safe.KnowsDevice(ctx, owner, b.Device)
	if err != nil || known {
		return "", err
	}
	secret, cookie := b.Device, ""
	if secret == "" {
		secret = j.source.Secret()
		cookie = secret
	}
	others, err := j.safe.AddDevice(ctx, owner, secret, b.Family)
	if err != nil || !others {
		return cookie, err
	}
	return cookie, j.notice(ctx, person, "new-device", nil)
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
func (j *Journeys) SignOut(ctx context.Context, b Browser, key string) error {
	s, err := j.session(ctx, b)
	if err != nil || s.ID == "" {
		return err
	}
	leave := func(p Signed) bool { return key == "" || p.Key() == key }
	ended := slices.DeleteFunc(slices.Clone(s.People), func(p Signed) bool { return !leave(p) })
	s.People = slices.DeleteFunc(s.People, leave)
	return j.store.EndSession(ctx, s, ended, j.source.Now())
}

// candidates are the signed-in people who could go on with a request, newest
// first.
func (j *Journeys) candidates(ctx context.Context, s Session, r Request, authority tenant.Authority) []Signed {
	if r.Prompt == "login" {
		return nil
	}
	expected := j.expected(ctx, r.DomainHint)
	var list []Signed
	for _, p := range s.People {
		personal := p.Home == id.Consumers
		if !expected(p.Home) {
			continue
		}
		if !authority.Admits(p.Home) || (personal && !r.Personal) || (!personal && !r.Work) {
			continue
		}
		if r.MaxAge >= 0 && j.source.Now().Sub(p.AuthAt) > time.Duration(r.MaxAge)*time.Second {
			continue
		}
		if r.Subject != "" && r.Subject != j.issuer.Subject(p.Home, p.Account, r.Client) {
			continue
		}
		if r.LoginHint != "" && account.FoldName(r.LoginHint) != account.FoldName(p.SignInName) {
			continue
		}
		list = append(list, p)
	}
	return list
}

// expected reads a domain hint: a verified domain, "organizations" or
// "consumers" (identity-platform.md 1.6). One that says nothing to us admits
// everybody, for it is only a hint.
func (j *Journeys) expected(ctx context.Context, hint string) func(id.Tenant) bool {
	switch strings.ToLower(hint) {
	case "organizations":
		return func(home id.Tenant) bool { return home != id.Consumers }
	case "consumers", "live.com":
		return func(home id.Tenant) bool { return home == id.Consumers }
	}
	if owner, err := j.tenants.Named(ctx, hint); err == nil {
		return func(home id.Tenant) bool { return home == owner.ID }
	}
	return func(id.Tenant) bool { return true }
}
