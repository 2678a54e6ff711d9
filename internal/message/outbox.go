package message

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/seal"
)

// Sealed is a message on its way into the store. Codes and invitations travel
// in messages, so they rest sealed.
type Sealed struct {
	ID   string
	Body []byte
	At   time.Time
}

// Waiting is a message that has not been delivered yet.
type Waiting struct {
	Sealed
	// Tries is how often it failed.
	Tries int
}

// Store keeps messages until they are delivered. Rooms add theirs in the
// transactions of their own stores.
type Store interface {
	// AddMessages keeps messages that no other deed belongs to.
	AddMessages(ctx context.Context, list []Sealed) error
	// TakeMessages hands out messages that are due, oldest first, and keeps
	// them from other nodes until the given instant.
	TakeMessages(ctx context.Context, now, until time.Time, limit int) ([]Waiting, error)
	// EndMessage forgets a message that was delivered or given up.
	EndMessage(ctx context.Context, message string) error
	// DelayMessage counts a failure and makes the message due again later.
	DelayMessage(ctx context.Context, message string, next time.Time) error
}

// Outbox is the room: what waits to be told.
type Outbox struct {
	store  Store
	source id.Source
	key    *seal.Key
	log    *slog.Logger
	nudge  chan struct{}
}

// NewOutbox opens the room.
func NewOutbox(store Store, source id.Source, custody *seal.Custody, log *slog.Logger) (*Outbox, error) {
	key, err := custody.Key("message")
	if err != nil {
		return nil, err
	}
	return &Outbox{store: store, source: source, key: key, log: log, nudge: make(chan struct{}, 1)}, nil
}

// Seal prepares a message for the transaction of its deed.
func (o *Outbox) Seal(m Message) (Sealed, error) {
	m.ID, m.At = o.source.NewGUID(), o.source.Now()
	plain, err := json.Marshal(m)
	if err != nil {
		return Sealed{}, fmt.Errorf("write message: %w", err)
	}
	body, err := o.key.Seal(plain, m.ID)
	if err != nil {
		return Sealed{}, err
	}
	return Sealed{ID: m.ID, Body: body, At: m.At}, nil
}

// SealAll prepares several.
func (o *Outbox) SealAll(list ...Message) ([]Sealed, error) {
	sealed := make([]Sealed, 0, len(list))
	for _, m := range list {
		s, err := o.Seal(m)
		if err != nil {
			return nil, err
		}
		sealed = append(sealed, s)
	}
	return sealed, nil
}

// Send hands over messages that no other deed belongs to, such as a code.
func (o *Outbox) Send(ctx context.Context, list ...Message) error {
	sealed, err := o.SealAll(list...)
	if err != nil {
		return err
	}
	if err := o.store.AddMessages(ctx, sealed); err != nil {
		return err
	}
	o.Nudge()
	return nil
}

// Nudge says that something waits; rooms call it after their commit.
func (o *Outbox) Nudge() {
	select {
	case o.nudge <- struct{}{}:
	default:
	}
}

// Nudged tells when to deliver.
func (o *Outbox) Nudged() <-chan struct{} { return o.nudge }

const (
	// lease is how long one node has a message to itself.
	lease = 2 * time.Minute
	// giveUp bounds how often a message is tried: with the waits between, for
	// a day and a half.
	giveUp = 14
	batch  = 50
)

// Deliver carries out what is due. A message that cannot be delivered is tried
// again later, each time after a longer wait.
func (o *Outbox) Deliver(ctx context.Context, carry func(context.Context, Message) error) error {
	for {
		now := o.source.Now()
		list, err := o.store.TakeMessages(ctx, now, now.Add(lease), batch)
		if err != nil {
			return fmt.Errorf("take messages: %w", err)
		}
		for _, w := range list {
			if err := o.deliver(ctx, w, carry); err != nil {
				return err
			}
		}
		if len(list) < batch {
			return nil
		}
	}
}

// ErrGone means that the addressee does not exist: trying again is of no use.
var ErrGone = errors.New("nobody takes this message")

func (o *Outbox) deliver(ctx context.Context, w Waiting, carry func(context.Context, Message) error) error {
	plain, err := o.key.Open(w.Body, w.ID)
	if err != nil {
		return fmt.Errorf("open message %s: %w", w.ID, err)
	}
	var m Message
	if err := json.Unmarshal(plain, &m); err != nil {
		return fmt.Errorf("read message %s: %w", w.ID, err)
	}
	expired := !m.Expires.IsZero() && o.source.Now().After(m.Expires)
	if !expired {
		err = carry(ctx, m)
	}
	if err == nil || expired {
		return o.store.EndMessage(ctx, w.ID)
	}
	o.log.WarnContext(ctx, "message not delivered", "message", w.ID, "kind", string(m.Kind), "tries", w.Tries+1, "error", err)
	if errors.Is(err, ErrGone) || w.Tries+1 >= giveUp {
		return o.store.EndMessage(ctx, w.ID)
	}
	return o.store.DelayMessage(ctx, w.ID, o.source.Now().Add(time.Minute<<min(w.Tries, 8)))
}
