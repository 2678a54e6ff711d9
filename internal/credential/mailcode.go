package credential

import (
	"context"
	"crypto/subtle"
	"fmt"
	"math/big"
	"strings"
	"time"

	"github.com/entente-id/entente/internal/fault"
)

// MailCode is a six-digit code on its way to a mailbox, as whoever waits for
// it keeps it: a digest, never the code.
type MailCode struct {
	Digest []byte    `json:"d"`
	Until  time.Time `json:"u"`
}

const (
	// MailCodeLife is how long a code from a mail is good (experience.md 2.5).
	MailCodeLife = 15 * time.Minute
	// maxMailCodes: asking for a new code does not kill the earlier ones, but
	// guessing must not get easier with each.
	maxMailCodes = 3
	// freeMails are codes that an address gets without a wait.
	freeMails = 5
	mailWait  = time.Hour
)

// NewMailCode makes a code for an address. It fails with RequestRepeated when
// the address got many already: nobody's mailbox is for flooding.
func (s *Safe) NewMailCode(ctx context.Context, address string, earlier []MailCode) (string, []MailCode, error) {
	key, now := "mailed/"+address, s.source.Now()
	tries, err := s.store.Tries(ctx, key)
	if err != nil {
		return "", nil, err
	}
	if now.Before(tries.Until) {
		return "", nil, fault.New(fault.RequestRepeated, "minutes", fmt.Sprint(int(tries.Until.Sub(now)/time.Minute)+1))
	}
	err = s.store.AddTry(ctx, key, now, func(count int) time.Duration {
		if count < freeMails {
			return 0
		}
		return mailWait
	})
	if err != nil {
		return "", nil, err
	}
	code, made := s.MakeMailCode(address)
	list := append(earlier[:len(earlier):len(earlier)], made)
	if len(list) > maxMailCodes {
		list = list[len(list)-maxMailCodes:]
	}
	return code, list, nil
}

// MakeMailCode makes a code for what it is about: an address, or what else
// waits for it. It counts nothing: that is for whoever sends it.
func (s *Safe) MakeMailCode(about string) (string, MailCode) {
	code := s.digits()
	return code, MailCode{Digest: s.mailDigest(about, code), Until: s.source.Now().Add(MailCodeLife)}
}

// IsMailCode reports whether a code is the one that was made about this, its
// time apart. It counts nothing.
func (s *Safe) IsMailCode(made MailCode, about, code string) bool {
	return subtle.ConstantTimeCompare(made.Digest, s.mailDigest(about, code)) == 1
}

// digits are six decimal digits, each code as likely as any other.
func (s *Safe) digits() string {
	// 64 random bits are so many that the remainder's slant cannot be used.
	n := new(big.Int).SetBytes(s.source.Bytes(8))
	return fmt.Sprintf("%06d", n.Mod(n, big.NewInt(1_000_000)).Int64())
}

// CheckMailCode proves a mailbox by a code that was sent there. Wrong codes are
// counted for the address, over every door and browser.
func (s *Safe) CheckMailCode(ctx context.Context, address string, sent []MailCode, code string) error {
	key := "mail/" + address
	return s.countedAs(ctx, key, func() error {
		code = strings.NewReplacer(" ", "", "-", "").Replace(code)
		now := s.source.Now()
		found, late := false, false
		for _, c := range sent {
			if s.IsMailCode(c, address, code) {
				found, late = !now.After(c.Until), now.After(c.Until)
			}
		}
		switch {
		case found:
			return s.store.ClearTries(ctx, "mailed/"+address)
		case late:
			return fault.New(fault.MailCodeExpired)
		}
		return fault.New(fault.MailCodeWrong)
	})
}

func (s *Safe) mailDigest(about, code string) []byte {
	return s.digest.MAC([]byte("mail"), []byte(about), []byte(code))
}
