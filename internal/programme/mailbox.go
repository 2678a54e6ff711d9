package programme

import (
	"context"
	"slices"
	"time"

	"github.com/entente-id/entente/internal/fault"
)

// Mailbox counts the mails that an address was sent, or a person asked for, of
// late.
type Mailbox struct {
	Key     string
	Sent    []time.Time
	Version int64
}

// mailboxWindow is how long a mail is counted.
const mailboxWindow = time.Hour

// ReserveMail counts a mail for an address or a person, whether or not anybody
// is known by the address; what it gives goes into the deed that sends it. It
// fails with RequestRepeated when there were as many as most within an hour.
func (m *Membership) ReserveMail(ctx context.Context, p Programme, key string, most int) (Mailbox, error) {
	box, err := m.store.Mailbox(ctx, p.Owner, key)
	if err != nil && !fault.Has(err, fault.ObjectUnknown) {
		return box, err
	}
	now := m.source.Now()
	box.Key = key
	box.Sent = slices.DeleteFunc(box.Sent, func(t time.Time) bool { return !now.Before(t.Add(mailboxWindow)) })
	if len(box.Sent) >= most {
		wait := box.Sent[0].Add(mailboxWindow).Sub(now)
		return box, fault.New(fault.RequestRepeated, "minutes", number(int((wait+time.Minute-1)/time.Minute)))
	}
	box.Sent = append(box.Sent, now)
	return box, nil
}
