package application

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
)

// Draft is what an organisation says about a new web application of its own.
type Draft struct {
	Name string
	// Redirect is where answers go: https, or http on this machine.
	Redirect string
	Audience Audience
}

// Owned is a registration with what it proves itself with, for its owner.
type Owned struct {
	Application Application
	Credentials []Credential
}

// Credential finds one by its id.
func (o Owned) Credential(credential id.Object) (Credential, bool) {
	for _, c := range o.Credentials {
		if c.ID == credential {
			return c, true
		}
	}
	return Credential{}, false
}

const (
	// SecretLife is how long a secret that we make can be used: half a year.
	SecretLife = 180 * 24 * time.Hour
	// maxCredentials is enough to rotate without haste, and keeps one app from
	// growing without end.
	maxCredentials = 10
	maxCertificate = 32 << 10
	// MaxOwned is the most applications one organisation registers.
	MaxOwned = 200
)

// Owned lists the registrations of an organisation in the order of their ids.
func (r *Registry) Owned(ctx context.Context, t id.Tenant) ([]Owned, error) {
	return r.store.ApplicationsOf(ctx, t, MaxOwned)
}

// OwnedBy gives one registration of an organisation, or fails with AppUnknown,
// also for one of another organisation.
func (r *Registry) OwnedBy(ctx context.Context, t id.Tenant, app id.App) (Owned, error) {
	a, c, err := r.store.Application(ctx, app)
	if err == nil && a.Tenant != t {
		err = unknown(app)
	}
	if err != nil {
		return Owned{}, err
	}
	return Owned{a, c}, nil
}

// Register makes a web application of the caller's organisation, and its
// principal there. Whether the caller may is for the edge to ask
// (account.MayConsentForAll). It fails with InputInvalid, whose fact
// "parameter" is name, redirect, audience or count.
func (r *Registry) Register(ctx context.Context, by audit.Caller, d Draft) (Application, error) {
	d.Name, d.Redirect = strings.TrimSpace(d.Name), strings.TrimSpace(d.Redirect)
	redirect := Redirect{URI: d.Redirect, Platform: Web}
	switch {
	case !isName(d.Name):
		return Application{}, invalid("name", "1 to 100 characters")
	case d.Redirect == "" || redirect.check() != nil:
		return Application{}, invalid("redirect", "https, or http on localhost, at most 256 characters")
	case d.Audience != OneTenant && d.Audience != AnyTenant && d.Audience != AnyAccount:
		return Application{}, invalid("audience", "one of the offered")
	}
	have, err := r.store.ApplicationsOf(ctx, by.Tenant, MaxOwned)
	if err != nil {
		return Application{}, err
	}
	if len(have) == MaxOwned {
		return Application{}, invalid("count", "at most 200 applications")
	}
	a := Application{
		App: id.App(r.source.NewGUID()), Tenant: by.Tenant, ID: id.Object(r.source.NewGUID()), Name: d.Name,
		Audience: d.Audience, Redirects: []Redirect{redirect}, TokenVersion: 2,
		Required: []Required{{Resource: GraphApp, Scopes: []string{"openid", "profile", "User.Read"}}},
	}
	p := Principal{Tenant: by.Tenant, ID: id.Object(r.source.NewGUID()), App: a.App, Created: r.source.Now()}
	e := r.event(by, "app.register", a.App)
	e.Facts = map[string]string{"name": a.Name, "redirect": d.Redirect, "audience": string(d.Audience)}
	// A stranger may have asked for this id just now, and was told that there is none.
	defer r.known.Forget()
	return a, r.store.RegisterApplication(ctx, a, p, e)
}

// AddSecret gives an application one more secret, beside those it has, so that
// rotating needs no pause. The text is shown once. It fails with AppUnknown or
// InputInvalid.
func (r *Registry) AddSecret(ctx context.Context, by audit.Caller, app id.App, name string) (string, Credential, error) {
	return r.AddSecretUntil(ctx, by, app, name, nil)
}

// AddSecretUntil is AddSecret with an end of one's own choice, which lies within
// SecretLife; nil means SecretLife.
func (r *Registry) AddSecretUntil(ctx context.Context, by audit.Caller, app id.App, name string, until *time.Time) (string, Credential, error) {
	name = strings.TrimSpace(name)
	if !isName(name) {
		return "", Credential{}, invalid("name", "1 to 100 characters")
	}
	now := r.source.Now()
	ends := now.Add(SecretLife)
	if until != nil {
		if until.Before(now) || until.After(ends) {
			return "", Credential{}, invalid("endDateTime", "an instant within 180 days from now, or none")
		}
		ends = until.UTC()
	}
	text, c := r.NewSecret(name, ends)
	return text, c, r.addCredential(ctx, by, app, c, "app.secret.add", anybody)
}

// AddCertificate registers a certificate in PEM form. It fails with AppUnknown,
// or with InputInvalid when the text holds no certificate, holds a private key,
// or when the certificate has expired.
func (r *Registry) AddCertificate(ctx context.Context, by audit.Caller, app id.App, text string) (Credential, error) {
	c, err := r.certificateOf(text)
	if err != nil {
		return c, err
	}
	return c, r.addCredential(ctx, by, app, c, "app.certificate.add", anybody)
}

func (r *Registry) certificateOf(text string) (Credential, error) {
	parsed, err := r.ReadCertificate(text)
	if err != nil {
		return Credential{}, err
	}
	name := parsed.Subject.CommonName
	if !isName(name) {
		name = "certificate"
	}
	return CertificateCredential(id.Object(r.source.NewGUID()), name, parsed.Raw)
}

// anybody who may change the application's credentials needs to hold none.
func anybody([]Credential) error { return nil }

// addCredential adds one if whoever holds those that are there may.
func (r *Registry) addCredential(ctx context.Context, by audit.Caller, app id.App, c Credential, verb string, may func([]Credential) error) error {
	e := r.event(by, verb, app)
	e.Facts = map[string]string{"credential": string(c.ID), "name": c.Name, "expires": c.Expires.Format(time.DateOnly)}
	return r.change(ctx, by, app, e, func(have []Credential) ([]Credential, error) {
		if err := may(have); err != nil {
			return nil, err
		}
		if len(have) >= maxCredentials {
			return nil, invalid("credentials", "at most 10 for one application")
		}
		return append(have, c), nil
	})
}

// RemoveCredential takes a secret or a certificate away; what is not there is
// gone already.
func (r *Registry) RemoveCredential(ctx context.Context, by audit.Caller, app id.App, credential id.Object) error {
	e := r.event(by, "app.credential.remove", app)
	e.Facts = map[string]string{"credential": string(credential)}
	return r.change(ctx, by, app, e, func(have []Credential) ([]Credential, error) {
		return slices.DeleteFunc(have, func(c Credential) bool { return c.ID == credential }), nil
	})
}

func (r *Registry) change(ctx context.Context, by audit.Caller, app id.App, e audit.Event, to func([]Credential) ([]Credential, error)) error {
	defer r.known.Forget()
	return r.store.ChangeCredentials(ctx, by.Tenant, app, to, e)
}

// Delete takes a registration away for good, with its credentials, and its
// principals in every organisation. It fails with AppUnknown, also for one of
// another organisation.
func (r *Registry) Delete(ctx context.Context, by audit.Caller, app id.App) error {
	defer r.known.Forget()
	defer r.names.Forget()
	defer r.principals.Forget()
	return r.store.DeleteApplication(ctx, by.Tenant, app, r.event(by, "app.delete", app))
}

func (r *Registry) event(by audit.Caller, verb string, app id.App) audit.Event {
	return audit.Event{
		ID: r.source.NewGUID(), At: r.source.Now(), Tenant: by.Tenant, Account: by.Account, SignInName: by.SignInName,
		App: by.App, Verb: verb, Object: string(app),
	}
}

func isName(text string) bool {
	n := utf8.RuneCountInString(text)
	return n >= 1 && n <= 100 && utf8.ValidString(text) && !strings.ContainsFunc(text, unicode.IsControl)
}

func invalid(parameter, rule string) error {
	return fault.New(fault.InputInvalid, "parameter", parameter, "rule", rule)
}

func unknown(app id.App) error { return fault.New(fault.AppUnknown, "app", string(app)) }
