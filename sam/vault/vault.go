// Package vault is where refresh tokens rest: one record for each consent, moved
// from version to version by compare-and-set. Each kind of vault is a folder of
// its own; package vault/file keeps sealed files on this machine.
package vault

import (
	"context"
	"errors"
	"time"

	"github.com/entente-id/entente/sam/secret"
)

var (
	// ErrAbsent is wrapped when no record has the name.
	ErrAbsent = errors.New("no such record in the vault")
	// ErrConflict is wrapped when the record is no longer at the version that a
	// Swap began from: read it again, and decide again.
	ErrConflict = errors.New("the record has changed in the vault")
)

// Vault keeps records. All methods are safe for concurrent use, also by several
// processes over one vault. Any error that wraps neither ErrAbsent nor ErrConflict
// means trouble with the vault itself, and says nothing about the consent.
type Vault interface {
	// Read returns the newest version of a record, or wraps ErrAbsent.
	Read(ctx context.Context, name string) (Record, error)
	// Swap replaces version seq of a record by next, which becomes version seq+1
	// whatever its Seq says. Version 0 creates the record. When Swap returns nil,
	// the new version survives a crash of the machine. It wraps ErrConflict when
	// the record is at another version.
	Swap(ctx context.Context, name string, seq uint64, next Record) error
	// Check proves by doing it that a record could be written now.
	Check(ctx context.Context) error
	// Names lists the records, sorted.
	Names(ctx context.Context) ([]string, error)
}

// State is how a record fares.
type State string

// The states of a record.
const (
	Healthy      State = "HEALTHY"
	Refreshing   State = "REFRESHING"    // a worker holds the lease; never stored, only shown
	Degraded     State = "DEGRADED"      // the authority or the vault has trouble; tokens still at hand are good
	Suspect      State = "SUSPECT"       // somebody else used a token that only we should have
	NeedsConsent State = "NEEDS_CONSENT" // a person has to consent again
)

// Record is one consent: one person of one partner tenant, for one application,
// at one cloud.
type Record struct {
	Seq uint64 // version; set by the vault

	// Cur is the refresh token in use. Next is its successor: received and stored,
	// not yet presented. Prev is what Cur replaced; it is kept until Cur has proved
	// itself.
	Cur, Prev, Next Held

	Intent    Intent
	Lease     Lease
	State     State
	LastError Trouble

	Cloud      string // cloud.Cloud.Name
	Authority  string // cloud.Cloud.Authority
	Tenant     string // the partner's tenant id
	ClientID   string
	SignInName string // who consented
	ObjectID   string // the same person, by id
	ConsentAt  time.Time
	MFA        bool     // a second factor was proved at the consent
	AMR        []string // how the person proved themselves, as the token says
}

// Held is a refresh token at rest.
type Held struct {
	RT secret.Text
	// Key is the idempotency key of every presentation of RT. It is drawn and
	// stored together with RT, hence durable before the first use, and still the
	// same one if a damaged vault falls back by a version: another key on the
	// same token would look like a second holder, which is to say a thief.
	Key   secret.Text
	GotAt time.Time
}

// Empty says that no token is held.
func (h Held) Empty() bool { return h.RT.Empty() }

// Intent is the use of Cur: when its first presentation was about to be sent, and
// how many times a worker has set out with it. Its idempotency key is Cur.Key.
type Intent struct {
	StartedAt time.Time
	Attempt   int
}

// Lease gives one worker the right to refresh, until a time. It keeps the load on
// the authority down; safety does not hang on it, because every worker presents
// Cur with the same key.
type Lease struct {
	Owner string
	Fence uint64 // the version at which the lease was taken
	Until time.Time
}

// Held says that somebody has the lease at an instant.
func (l Lease) Held(now time.Time) bool { return l.Owner != "" && now.Before(l.Until) }

// Trouble is the last thing that went wrong; the zero Trouble is none.
type Trouble struct {
	Message   string // id of the message catalogue, such as "M27"
	AADSTS    int
	Text      string
	Reference string // correlation id
	At        time.Time
}
