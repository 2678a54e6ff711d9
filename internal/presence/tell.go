package presence

import (
	"context"
	"fmt"
	"time"

	"github.com/entente-id/entente/internal/fault"
	"golang.org/x/sync/errgroup"
)

const (
	// lease is how long one node has a notice to itself; a batch ends earlier.
	lease = 2 * time.Minute
	batch = 50
	// atOnce bounds how many applications are told at the same time.
	atOnce = 8
	// giveUp bounds how often an application is told: with the waits between,
	// for a day and a half.
	giveUp = 14
)

// Post hands a logout token to an application's address and fails unless it was
// taken.
type Post func(ctx context.Context, address, logoutToken string) error

// Tell tells applications that sessions have ended, at least once each: what
// fails is tried again later, after longer and longer waits (row R126).
func (l *Ledger) Tell(ctx context.Context, post Post) error {
	for {
		now := l.source.Now()
		ended, err := l.store.TakeEnded(ctx, now, now.Add(lease), batch)
		if err != nil {
			return fmt.Errorf("take ended sessions: %w", err)
		}
		telling, told := errgroup.WithContext(ctx)
		telling.SetLimit(atOnce)
		for _, p := range ended {
			telling.Go(func() error { return l.tell(told, p, post) })
		}
		if err := telling.Wait(); err != nil || len(ended) < batch {
			return err
		}
	}
}

func (l *Ledger) tell(ctx context.Context, p Presence, post Post) error {
	app, err := l.apps.Find(ctx, p.App)
	if fault.Has(err, fault.AppUnknown) || err == nil && app.BackLogout == "" {
		return l.store.ForgetPresence(ctx, p)
	}
	if err != nil {
		return err
	}
	logoutToken, err := l.issuer.LogoutToken(ctx, p.Tenant, p.Account, p.App, p.SID, p.Version)
	if err != nil {
		return err
	}
	if err = post(ctx, app.BackLogout, logoutToken); err == nil {
		return l.store.ForgetPresence(ctx, p)
	}
	l.log.WarnContext(ctx, "sign-out not told", "app", string(p.App), "tries", p.Tries+1, "error", err)
	if p.Tries+1 >= giveUp {
		return l.store.ForgetPresence(ctx, p)
	}
	return l.store.DelayPresence(ctx, p, l.source.Now().Add(time.Minute<<min(p.Tries, 8)))
}
