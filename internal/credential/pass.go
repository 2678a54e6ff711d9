package credential

import (
	"context"
	"strings"
	"time"

	"github.com/entente-id/entente/internal/fault"
)

// Pass is a temporary pass that an admin issues: it bootstraps a person who
// has no password or no second way (experience.md 2.5).
type Pass struct {
	Digest []byte
	Until  time.Time
	// Once: it serves a single sign-in.
	Once bool
	// By is the sign-in name of who issued it; the page says so.
	By string
}

// MaxPassLife bounds a temporary pass.
const MaxPassLife = 24 * time.Hour

// IssuePass makes a temporary pass for a person; an earlier one is dead. The
// text is shown to the admin once.
func (s *Safe) IssuePass(ctx context.Context, owner Owner, by string, life time.Duration, once bool) (string, Pass, error) {
	if life <= 0 || life > MaxPassLife {
		return "", Pass{}, fault.New(fault.InputInvalid, "parameter", "life", "rule", "up to 24 hours")
	}
	text := s.source.Reference() + "-" + s.source.Reference()
	p := Pass{Digest: s.passDigest(owner, text), Until: s.source.Now().Add(life), Once: once, By: by}
	return text, p, s.store.SavePass(ctx, owner, p)
}

// CheckPass proves a temporary pass, and uses it up when it serves once. Wrong
// ones count with the person's other codes. It says who issued it.
func (s *Safe) CheckPass(ctx context.Context, owner Owner, text string) (by string, err error) {
	err = s.counted(ctx, owner, func() error {
		p, found, err := s.store.SpendPass(ctx, owner, s.passDigest(owner, text), s.source.Now())
		if err != nil {
			return err
		}
		if !found {
			return fault.New(fault.PassWrong)
		}
		by = p.By
		return nil
	})
	return by, err
}

func (s *Safe) passDigest(owner Owner, text string) []byte {
	text = strings.ToUpper(strings.NewReplacer(" ", "", "-", "").Replace(text))
	text = strings.NewReplacer("I", "1", "L", "1", "O", "0").Replace(text)
	return s.digest.MAC([]byte("pass"), []byte(owner.row()), []byte(text))
}
