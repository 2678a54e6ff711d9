// Package credential holds what people prove themselves with: passwords,
// one-time codes from an authenticator app, and recovery codes.
package credential

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/message"
	"github.com/entente-id/entente/internal/seal"
	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"
)

// Owner is the person a credential belongs to.
type Owner struct {
	Tenant  id.Tenant
	Account id.Object
}

// Tries counts wrong proofs of one kind for one name, over every door.
type Tries struct {
	Count int
	// Until is the end of the wait that the count has brought.
	Until time.Time
}

// Store keeps credentials.
type Store interface {
	// Password gives the hash of a person's password and the wrong tries made
	// for the key; an empty hash when there is no password or no such person.
	Password(ctx context.Context, owner Owner, key string) (hash string, tries Tries, err error)
	SavePassword(ctx context.Context, owner Owner, hash string) error
	// ChangePassword keeps another hash, changes the account as it is at that
	// moment, and writes the letters and the event, in one transaction. It fails
	// with AccountUnknown.
	ChangePassword(ctx context.Context, owner Owner, hash string, change func(*account.Account) error, told []message.Sealed, e audit.Event) error

	// Tries gives the wrong tries made for a key.
	Tries(ctx context.Context, key string) (Tries, error)
	// AddTry counts one wrong try, atomically, and lets wait decide how long
	// the next one has to wait for this count.
	AddTry(ctx context.Context, key string, now time.Time, wait func(count int) time.Duration) error
	// ClearTries forgets the wrong tries of a key.
	ClearTries(ctx context.Context, key string) error

	// Authenticator gives the sealed seed of a person's authenticator app, nil
	// when there is none.
	Authenticator(ctx context.Context, owner Owner) (sealed []byte, err error)
	// SaveAuthenticator keeps a proved seed with the step it was proved at,
	// the recovery codes that come with it, the letters and the events, in one
	// transaction.
	SaveAuthenticator(ctx context.Context, owner Owner, sealed []byte, step int64, recovery [][]byte, told []message.Sealed, events []audit.Event) error
	// Ways tells how a person can prove themselves.
	Ways(ctx context.Context, owner Owner) (Ways, error)
	// RemoveAuthenticator forgets the app, and the recovery codes of somebody
	// without passkeys; or fails with SecondFactorMissing.
	RemoveAuthenticator(ctx context.Context, owner Owner, told []message.Sealed, e audit.Event) error
	// ReplaceRecovery keeps new recovery codes instead of the former ones.
	ReplaceRecovery(ctx context.Context, owner Owner, digests [][]byte, e audit.Event) error
	// SpendStep moves the last used step forward; false when the step or a
	// later one was used before.
	SpendStep(ctx context.Context, owner Owner, step int64) (bool, error)
	// SpendRecovery uses up a recovery code; false when there is none such.
	SpendRecovery(ctx context.Context, owner Owner, digest []byte, at time.Time) (bool, error)

	// SavePass keeps a temporary pass instead of an earlier one.
	SavePass(ctx context.Context, owner Owner, p Pass, e audit.Event) error
	// PassUntil says until when a person's temporary pass holds; zero for none.
	PassUntil(ctx context.Context, owner Owner) (time.Time, error)
	// SpendPass finds a pass that is good at the instant, and removes it when
	// it serves once; false when there is none such.
	SpendPass(ctx context.Context, owner Owner, digest []byte, at time.Time) (Pass, bool, error)

	// Devices lists the browsers a person has used, last used first.
	Devices(ctx context.Context, owner Owner) ([]Device, error)
	// AddDevice keeps a browser and drops the least recently used beyond limit.
	AddDevice(ctx context.Context, owner Owner, d Device, limit int) error
	ForgetDevice(ctx context.Context, owner Owner, device id.Object) error
}

// Safe is the room: it keeps and checks credentials.
type Safe struct {
	store  Store
	source id.Source
	seeds  *seal.Key
	digest *seal.Key
	// hashing bounds how many argon2id run at once, so that memory stays flat
	// under a flood of sign-ins (DESIGN 5).
	hashing chan struct{}
	// decoy takes as long to check as a real hash, for names that do not
	// exist (row R143).
	decoy func() string
}

// NewSafe opens the room.
func NewSafe(store Store, source id.Source, custody *seal.Custody, concurrency int) (*Safe, error) {
	seeds, err := custody.Key("authenticator seed")
	if err != nil {
		return nil, err
	}
	digest, err := custody.Key("recovery code")
	if err != nil {
		return nil, err
	}
	return &Safe{
		store: store, source: source, seeds: seeds, digest: digest,
		hashing: make(chan struct{}, max(1, concurrency)),
		decoy:   sync.OnceValue(func() string { return hash(rand.Text(), []byte("decoydecoydecoy!")) }),
	}, nil
}

const (
	// Parameters of argon2id: 9 MiB, four passes, one lane. OWASP counts it
	// equal to 19 MiB and two passes; the time is the same, and a flood of
	// sign-ins takes half the memory (DESIGN 5).
	memoryKiB = 9 * 1024
	passes    = 4
	keyBytes  = 32

	minPassword = 8
	// MaxPassword is the longest password, in bytes: all of it counts, nothing
	// is cut off (row R136), and a megabyte is refused before it is hashed.
	MaxPassword = 1024
)

// SetPassword keeps a person's password.
func (s *Safe) SetPassword(ctx context.Context, owner Owner, password string) error {
	hash, err := s.Hash(ctx, password)
	if err != nil {
		return err
	}
	return s.store.SavePassword(ctx, owner, hash)
}

// Hash gives what is kept of a password, for a room that keeps it together
// with other things. It fails with RequestMalformed for one that is too short
// or too long.
func (s *Safe) Hash(ctx context.Context, password string) (string, error) {
	password = norm.NFC.String(password)
	if utf8.RuneCountInString(password) < minPassword || len(password) > MaxPassword {
		return "", fault.New(fault.RequestMalformed, "parameter", "password",
			"rule", fmt.Sprintf("%d characters to %d bytes", minPassword, MaxPassword))
	}
	if err := s.acquire(ctx); err != nil {
		return "", err
	}
	defer s.release()
	return hash(password, s.source.Bytes(16)), nil
}

// CheckPassword proves a password. The name is what was typed, folded: wrong
// tries are counted for it whether or not there is such a person, so that
// neither time nor writes tell which names exist. The secret of a known device
// of the person, if any, counts apart from the flood of the others (row R142).
func (s *Safe) CheckPassword(ctx context.Context, owner Owner, name, password, device string) error {
	if len(password) > MaxPassword {
		return fault.New(fault.WrongPassword)
	}
	if err := s.acquire(ctx); err != nil {
		return err
	}
	defer s.release()
	key := "password/" + string(owner.Tenant) + "/" + name
	stored, tries, err := s.store.Password(ctx, owner, key)
	if err != nil {
		return err
	}
	now := s.source.Now()
	if now.Before(tries.Until) {
		known, err := s.KnowsDevice(ctx, owner, device)
		if err != nil {
			return err
		}
		if !known {
			return tooMany(now, tries.Until)
		}
		key = "password/" + owner.row() + "/known device"
		if tries, err = s.store.Tries(ctx, key); err != nil {
			return err
		}
		if now.Before(tries.Until) {
			return tooMany(now, tries.Until)
		}
	}
	if stored == "" {
		matches(s.decoy(), password)
	} else if matches(stored, norm.NFC.String(password)) {
		if tries.Count > 0 {
			return s.store.ClearTries(ctx, key)
		}
		return nil
	}
	if err := s.store.AddTry(ctx, key, now, waitAfter); err != nil {
		return err
	}
	return fault.New(fault.WrongPassword)
}

func (s *Safe) acquire(ctx context.Context) error {
	select {
	case s.hashing <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fault.New(fault.DirectoryBusy).Because(ctx.Err())
	}
}

func (s *Safe) release() { <-s.hashing }

// freeTries are wrong proofs that bring no wait; after them the wait doubles
// from a minute to a quarter of an hour, and never becomes a lock-out for good.
const freeTries = 10

func waitAfter(count int) time.Duration {
	if count < freeTries {
		return 0
	}
	return min(time.Minute<<min(count-freeTries, 4), 15*time.Minute)
}

func tooMany(now, until time.Time) error {
	minutes := int(until.Sub(now)/time.Minute) + 1
	return fault.New(fault.TooManyTries, "minutes", fmt.Sprint(minutes))
}

// hash is a PHC string, so that parameters can be raised later.
func hash(password string, salt []byte) string {
	key := argon2.IDKey([]byte(password), salt, passes, memoryKiB, 1, keyBytes)
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=1$%s$%s", argon2.Version, memoryKiB, passes,
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(key))
}

func matches(stored, password string) bool {
	var version, memory, time, lanes int
	parts := strings.Split(stored, "$")
	if len(parts) != 6 {
		return false
	}
	if _, err := fmt.Sscanf(parts[2], "v=%d", &version); err != nil || version != argon2.Version {
		return false
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &memory, &time, &lanes); err != nil {
		return false
	}
	salt, err := base64.RawStdEncoding.DecodeString(parts[4])
	if err != nil {
		return false
	}
	want, err := base64.RawStdEncoding.DecodeString(parts[5])
	if err != nil {
		return false
	}
	got := argon2.IDKey([]byte(password), salt, uint32(time), uint32(memory), uint8(lanes), uint32(len(want)))
	return equal(got, want)
}

func equal(a, b []byte) bool { return subtle.ConstantTimeCompare(a, b) == 1 }
