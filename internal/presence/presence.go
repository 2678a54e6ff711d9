// Package presence knows at which applications a browser's session is signed
// in, so that they can be told when it ends (OpenID Connect Front-Channel and
// Back-Channel Logout). Applications that want no such notice leave no trace
// here.
package presence

import (
	"context"
	"log/slog"
	"net/url"
	"slices"
	"time"

	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/fresh"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/token"
)

// Presence is one person's session at one application.
type Presence struct {
	// Tenant and Account are the person's home and id there.
	Tenant  id.Tenant
	Account id.Object
	// SID is the session id that the application's tokens carry.
	SID string
	App id.App
	// Version is the dialect of those tokens, 1 or 2: it decides their issuer.
	Version int
	// At is when the person first came.
	At time.Time
	// Tries is how often the notice of its end has failed.
	Tries int
}

// Store keeps presences. The end of a session marks those of it as ended in
// its own transaction.
type Store interface {
	// AddPresence keeps one unless it is there.
	AddPresence(ctx context.Context, p Presence) error
	// PresencesOf lists those of a person's session, in the order of the apps.
	PresencesOf(ctx context.Context, tenant id.Tenant, sid string) ([]Presence, error)
	// TakeEnded hands out ended ones whose notice is due, and keeps them from
	// other nodes until the given instant.
	TakeEnded(ctx context.Context, now, until time.Time, limit int) ([]Presence, error)
	// ForgetPresence ends one that was told, or given up.
	ForgetPresence(ctx context.Context, p Presence) error
	// DelayPresence counts a failure and makes the notice due again later.
	DelayPresence(ctx context.Context, p Presence, next time.Time) error
}

// Ledger is the room.
type Ledger struct {
	store  Store
	apps   *application.Registry
	issuer *token.Issuer
	source id.Source
	log    *slog.Logger
	// entered spares a write for each silent sign-in.
	entered *fresh.Cache[struct{}]
	nudge   chan struct{}
}

const (
	enteredFor = time.Hour
	maxEntered = 10_000
)

// NewLedger opens the room.
func NewLedger(store Store, apps *application.Registry, issuer *token.Issuer, source id.Source, log *slog.Logger) *Ledger {
	return &Ledger{
		store: store, apps: apps, issuer: issuer, source: source, log: log,
		entered: fresh.New[struct{}](source.Now, enteredFor, maxEntered), nudge: make(chan struct{}, 1),
	}
}

// Enter remembers that a person has come to an application that wants to know
// when they leave.
func (l *Ledger) Enter(ctx context.Context, app application.Application, p Presence) error {
	if app.FrontLogout == "" && app.BackLogout == "" || p.SID == "" {
		return nil
	}
	p.App, p.At = app.App, l.source.Now()
	_, err := l.entered.Get(ctx, p.SID+"/"+string(app.App), func(ctx context.Context) (struct{}, error) {
		return struct{}{}, l.store.AddPresence(ctx, p)
	})
	return err
}

// Fronts are the addresses that the person's own browser opens in hidden
// frames, each with the issuer and the session (Front-Channel Logout 3).
func (l *Ledger) Fronts(ctx context.Context, tenant id.Tenant, sids []string) ([]string, error) {
	var list []string
	for _, sid := range sids {
		there, err := l.store.PresencesOf(ctx, tenant, sid)
		if err != nil {
			return nil, err
		}
		for _, p := range there {
			app, err := l.apps.Find(ctx, p.App)
			if fault.Has(err, fault.AppUnknown) {
				continue
			}
			if err != nil {
				return nil, err
			}
			if address := l.front(app, p); address != "" && !slices.Contains(list, address) {
				list = append(list, address)
			}
		}
	}
	return list, nil
}

func (l *Ledger) front(app application.Application, p Presence) string {
	u, err := url.Parse(app.FrontLogout)
	if err != nil || app.FrontLogout == "" {
		return ""
	}
	said := url.Values{"iss": {l.issuer.IssuerOf(p.Tenant, p.Version)}, "sid": {p.SID}}.Encode()
	if u.RawQuery != "" {
		// The registered query stands as it is.
		said = u.RawQuery + "&" + said
	}
	u.RawQuery = said
	return u.String()
}

// Nudge says that a session has ended.
func (l *Ledger) Nudge() {
	select {
	case l.nudge <- struct{}{}:
	default:
	}
}

// Nudged tells when there is somebody to tell.
func (l *Ledger) Nudged() <-chan struct{} { return l.nudge }
