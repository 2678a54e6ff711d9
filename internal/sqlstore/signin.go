package sqlstore

import (
	"context"
	"fmt"
	"time"

	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/session"
	"github.com/entente-id/entente/internal/signin"
)

var (
	_ session.Store = (*DB)(nil)
	_ signin.Store  = (*DB)(nil)
)

// AddJourney keeps a journey after its first POST.
func (db *DB) AddJourney(ctx context.Context, journey string, sealed []byte, expires int64) error {
	return db.write(ctx, func(x *tx) error {
		_, err := x.exec(`INSERT INTO journey (id, version, sealed, expires_at) VALUES ($1, 1, $2, $3)`, journey, sealed, expires)
		if err != nil {
			return fmt.Errorf("keep journey: %w", err)
		}
		return nil
	})
}

// Journey finds a journey.
func (db *DB) Journey(ctx context.Context, journey string) ([]byte, int64, error) {
	var sealed []byte
	var version int64
	err := db.row(ctx, `SELECT sealed, version FROM journey WHERE id = $1`, journey).Scan(&sealed, &version)
	if err != nil {
		return nil, 0, absent(err, fault.New(fault.PageExpired), "read journey")
	}
	return sealed, version, nil
}

// SwapJourney moves a journey on.
func (db *DB) SwapJourney(ctx context.Context, journey string, sealed []byte, version int64) (bool, error) {
	return db.changed(ctx, `UPDATE journey SET sealed = $1, version = version + 1 WHERE id = $2 AND version = $3`,
		sealed, journey, version)
}

// Session finds a browser session.
func (db *DB) Session(ctx context.Context, key string) (session.Session, error) {
	var doc string
	if err := db.row(ctx, `SELECT doc FROM browser_session WHERE id = $1`, key).Scan(&doc); err != nil {
		return session.Session{}, absent(err, fault.New(fault.NotSignedIn), "read session")
	}
	return document[session.Session](doc)
}

// StartSession keeps a session with the sign-in that made it, and ends the old
// one.
func (db *DB) StartSession(ctx context.Context, s session.Session, old string, in audit.SignIn) error {
	return db.write(ctx, func(x *tx) error {
		if err := x.session(s, old); err != nil {
			return err
		}
		return x.signIn(in)
	})
}

func (t *tx) session(s session.Session, old string) error {
	doc, err := encode(s)
	if err != nil {
		return err
	}
	if old != "" {
		if _, err := t.exec(`DELETE FROM browser_session WHERE id = $1`, old); err != nil {
			return fmt.Errorf("end old session: %w", err)
		}
	}
	_, err = t.exec(`INSERT INTO browser_session (id, doc, created_at) VALUES ($1, $2, $3)
			ON CONFLICT (id) DO UPDATE SET doc = excluded.doc`, s.ID, doc, micros(s.Created))
	if err != nil {
		return fmt.Errorf("keep session: %w", err)
	}
	return nil
}

// EndSession ends a browser session for some of its people.
func (db *DB) EndSession(ctx context.Context, s session.Session, ended []session.Signed, now time.Time) error {
	doc, err := encode(s)
	if err != nil {
		return err
	}
	return db.write(ctx, func(x *tx) error {
		if len(s.People) == 0 {
			_, err = x.exec(`DELETE FROM browser_session WHERE id = $1`, s.ID)
		} else {
			_, err = x.exec(`UPDATE browser_session SET doc = $1 WHERE id = $2`, doc, s.ID)
		}
		if err != nil {
			return fmt.Errorf("end session: %w", err)
		}
		for _, who := range ended {
			if err := x.leave(who, now); err != nil {
				return err
			}
		}
		return nil
	})
}
