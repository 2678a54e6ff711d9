package credential

import (
	"context"
	"crypto/subtle"
	"encoding/base32"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/message"
	"github.com/pquerna/otp/hotp"
)

// Seed is the secret that a person's authenticator app shares with us, in the
// base32 text that apps take (RFC 6238, SHA-1, six digits, 30 seconds).
type Seed string

const (
	// stepSeconds is the life of a one-time code.
	stepSeconds = 30
	// drift is how many steps a phone's clock may be off (row R144).
	drift = 1
	// farDrift is how far we look to tell a person that the phone's clock is
	// wrong, without accepting the code.
	farDrift = 20

	recoveryCodes = 10
)

// NewSeed makes a seed of 160 bits.
func (s *Safe) NewSeed() Seed {
	return Seed(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(s.source.Bytes(20)))
}

// URL is the address that a QR code carries to an authenticator app.
func (seed Seed) URL(issuer, signInName string) string {
	query := url.Values{"secret": {string(seed)}, "issuer": {issuer}}
	return "otpauth://totp/" + url.PathEscape(issuer) + ":" + url.PathEscape(signInName) + "?" +
		strings.ReplaceAll(query.Encode(), "+", "%20")
}

// HasSecondFactor reports whether the person has an authenticator app or a
// passkey.
func (s *Safe) HasSecondFactor(ctx context.Context, owner Owner) (bool, error) {
	ways, err := s.store.Ways(ctx, owner)
	return ways.Second(), err
}

// Enrol keeps a seed once a code from it proves that the app has it, and gives
// the recovery codes, which are shown once. Nobody is told: it is for worlds in
// their making.
func (s *Safe) Enrol(ctx context.Context, owner Owner, seed Seed, code string) ([]string, error) {
	return s.enrol(ctx, owner, seed, code, nil, nil)
}

// AddAuthenticator is Enrol by the person, who is told; it is on record.
func (s *Safe) AddAuthenticator(ctx context.Context, t Told, seed Seed, code string) ([]string, error) {
	letters, err := Notice(t.Outbox, s.source, t.Person, "factor-added")
	if err != nil {
		return nil, err
	}
	owner := t.owner()
	codes, err := s.enrol(ctx, owner, seed, code, letters, []audit.Event{Event(s.source, t.By, "factor.add", string(owner.Account))})
	if err != nil {
		return nil, err
	}
	t.Outbox.Nudge()
	return codes, nil
}

func (s *Safe) enrol(ctx context.Context, owner Owner, seed Seed, code string, told []message.Sealed, events []audit.Event) ([]string, error) {
	step, err := s.match(seed, code)
	if err != nil {
		return nil, err
	}
	sealed, err := s.seeds.Seal([]byte(seed), owner.row())
	if err != nil {
		return nil, err
	}
	codes, digests := s.recovery(owner)
	return codes, s.store.SaveAuthenticator(ctx, owner, sealed, step, digests, told, events)
}

// CheckCode proves a one-time code. Each code serves once per person, also in
// parallel, and wrong ones are counted per person, not per session.
func (s *Safe) CheckCode(ctx context.Context, owner Owner, code string) error {
	return s.counted(ctx, owner, func() error {
		sealed, err := s.store.Authenticator(ctx, owner)
		if err != nil {
			return err
		}
		if sealed == nil {
			return fault.New(fault.SecondFactorMissing)
		}
		seed, err := s.seeds.Open(sealed, owner.row())
		if err != nil {
			return fmt.Errorf("open authenticator seed: %w", err)
		}
		step, err := s.match(Seed(seed), code)
		if err != nil {
			return err
		}
		fresh, err := s.store.SpendStep(ctx, owner, step)
		if err != nil {
			return err
		}
		if !fresh {
			return fault.New(fault.SecondFactorWrong, "reason", "used")
		}
		return nil
	})
}

// CheckRecovery proves and uses up a recovery code.
func (s *Safe) CheckRecovery(ctx context.Context, owner Owner, code string) error {
	return s.counted(ctx, owner, func() error {
		found, err := s.store.SpendRecovery(ctx, owner, s.recoveryDigest(owner, code), s.source.Now())
		if err != nil {
			return err
		}
		if !found {
			return fault.New(fault.SecondFactorWrong, "reason", "recovery")
		}
		return nil
	})
}

// counted makes a try and forgets the wrong ones before it when it succeeds. A
// try is counted before it is made, so that whoever makes thousands at once
// gets no more of them than one after the other.
func (s *Safe) counted(ctx context.Context, owner Owner, check func() error) error {
	return s.countedAs(ctx, "code/"+owner.row(), check)
}

func (s *Safe) countedAs(ctx context.Context, key string, check func() error) error {
	return s.limited(ctx, key, freeTries, check)
}

// typedCodes are wrong codes of devices that bring no wait (row R83).
const typedCodes = 5

// Limited makes a try that is no credential of a person, such as the code of a
// device; wrong ones are counted under the key. It fails with TooManyTries.
func (s *Safe) Limited(ctx context.Context, key string, check func() error) error {
	return s.limited(ctx, key, typedCodes, check)
}

// limited lets so many wrong tries pass before each brings a wait.
func (s *Safe) limited(ctx context.Context, key string, free int, check func() error) error {
	wait := func(n int) time.Duration { return waitAfter(n + freeTries - free) }
	tries, err := s.store.Tries(ctx, key)
	if err != nil {
		return err
	}
	now := s.source.Now()
	if now.Before(tries.Until) {
		return tooMany(now, tries.Until)
	}
	var count int
	err = s.store.AddTry(ctx, key, now, func(n int) time.Duration {
		count = n
		return wait(n)
	})
	if err != nil {
		return err
	}
	// After the free tries each wait ends for one alone: not for those who
	// read the same end of it and were counted later.
	if count > free && count != tries.Count+1 {
		return tooMany(now, now.Add(wait(count)))
	}
	if err := check(); err != nil {
		return err
	}
	return s.store.ClearTries(ctx, key)
}

// match finds the step whose code this is, now or one step off.
func (s *Safe) match(seed Seed, code string) (int64, error) {
	code = strings.NewReplacer(" ", "", "-", "").Replace(code)
	if len(code) != 6 || strings.Trim(code, "0123456789") != "" {
		return 0, fault.New(fault.SecondFactorWrong, "reason", "form")
	}
	now := s.source.Now().Unix() / stepSeconds
	found, far := int64(-1), false
	for off := int64(-farDrift); off <= farDrift; off++ {
		want, err := hotp.GenerateCode(string(seed), uint64(now+off))
		if err != nil {
			return 0, fmt.Errorf("compute one-time code: %w", err)
		}
		if subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 {
			if off >= -drift && off <= drift {
				found = now + off
			} else {
				far = true
			}
		}
	}
	switch {
	case found >= 0:
		return found, nil
	case far:
		return 0, fault.New(fault.SecondFactorWrong, "reason", "clock")
	}
	return 0, fault.New(fault.SecondFactorWrong, "reason", "wrong")
}

func (s *Safe) recoveryDigest(owner Owner, code string) []byte {
	code = strings.ToUpper(strings.NewReplacer(" ", "", "-", "").Replace(code))
	return s.digest.MAC([]byte(owner.row()), []byte(code))
}

// row names the person's rows, as associated data and as a key.
func (o Owner) row() string { return string(o.Tenant) + "/" + string(o.Account) }
