package token

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
	"time"

	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/fresh"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/seal"
)

// DeviceRequest is a sign-in that a device without a browser asks for, and a
// person answers on another one (RFC 8628).
type DeviceRequest struct {
	// Digest is that of the device code; the code itself rests nowhere.
	Digest string
	// UserCode is what the person types, without its hyphen.
	UserCode string
	Client   id.App
	// Authority is the tenant segment, as asked; Version the dialect.
	Authority       string
	Version         int
	Scope, Resource string
	// From is the address that the device asked from, Agent what it calls
	// itself: the page shows both, because a stranger may have sent the code.
	From, Agent    string
	Asked, Expires time.Time
	State          DeviceState
	// Grant is what the person's sign-in gave, sealed, until the device has
	// fetched it.
	Grant []byte
	// Version of the row, for compare-and-swap.
	Row int64 `json:"-"`
}

// DeviceState is where a device's request stands.
type DeviceState string

// The states.
const (
	DeviceWaiting  DeviceState = "waiting"
	DeviceApproved DeviceState = "approved"
	DeviceDeclined DeviceState = "declined"
	DeviceSpent    DeviceState = "spent"
)

const (
	// DeviceLife is how long a person may take (identity-platform.md 2.10).
	DeviceLife = 15 * time.Minute
	// PollInterval is how often a device may ask.
	PollInterval = 5 * time.Second

	userCodeLength = 8
	// consonants without look-alikes: no word can come out, and none is
	// mistaken for a digit (row R83).
	consonants = "BCDFGHJKLMNPQRSTVWXZ"
)

// DeviceStore keeps requests of devices.
type DeviceStore interface {
	// AddDeviceRequest keeps a request; false when its user code is taken.
	AddDeviceRequest(ctx context.Context, d DeviceRequest) (bool, error)
	// DeviceRequest finds one by the digest of its device code, or fails with
	// DeviceCodeWrong; DeviceRequestTyped by its user code.
	DeviceRequest(ctx context.Context, digest string) (DeviceRequest, error)
	DeviceRequestTyped(ctx context.Context, userCode string) (DeviceRequest, error)
	// SwapDeviceRequest replaces one whose row is still the given one.
	SwapDeviceRequest(ctx context.Context, d DeviceRequest) (bool, error)
}

// Devices is the room of devices without a browser.
type Devices struct {
	store  DeviceStore
	source id.Source
	key    *seal.Key
	polls  *fresh.Cache[*polling]
}

// polling is how a device has asked, as far as this node knows.
type polling struct {
	mu    sync.Mutex
	last  time.Time
	hasty int
}

// NewDevices opens the room.
func NewDevices(store DeviceStore, source id.Source, custody *seal.Custody) (*Devices, error) {
	key, err := custody.Key("device grant")
	if err != nil {
		return nil, err
	}
	return &Devices{store: store, source: source, key: key, polls: fresh.New[*polling](source.Now, DeviceLife, 10_000)}, nil
}

// Start begins a request: the device code goes to the device, the user code to
// the person in front of it.
func (s *Devices) Start(ctx context.Context, d DeviceRequest) (deviceCode string, started DeviceRequest, err error) {
	const tries = 5
	for range tries {
		deviceCode = s.source.Secret()
		d.Digest, d.State, d.Asked = digest(deviceCode), DeviceWaiting, s.source.Now()
		d.Expires, d.UserCode = d.Asked.Add(DeviceLife), s.userCode()
		free, err := s.store.AddDeviceRequest(ctx, d)
		if err != nil || free {
			return deviceCode, d, err
		}
	}
	return "", d, fault.New(fault.DirectoryBusy)
}

func (s *Devices) userCode() string {
	var b strings.Builder
	for b.Len() < userCodeLength {
		// Bytes beyond the last whole multiple would favour the first letters.
		if v := s.source.Bytes(1)[0]; int(v) < 256/len(consonants)*len(consonants) {
			b.WriteByte(consonants[int(v)%len(consonants)])
		}
	}
	return b.String()
}

// ShownCode is a user code as devices and pages show it.
func ShownCode(userCode string) string {
	if len(userCode) != userCodeLength {
		return userCode
	}
	return userCode[:userCodeLength/2] + "-" + userCode[userCodeLength/2:]
}

// Typed finds the request of a user code as a person typed it. It fails with
// DeviceCodeWrong, or with DeviceCodeExpired when it is late or was answered.
func (s *Devices) Typed(ctx context.Context, typed string) (DeviceRequest, error) {
	code, ok := readUserCode(typed)
	if !ok {
		return DeviceRequest{}, fault.New(fault.DeviceCodeWrong)
	}
	d, err := s.store.DeviceRequestTyped(ctx, code)
	if err != nil {
		return d, err
	}
	if d.State != DeviceWaiting || s.source.Now().After(d.Expires) {
		return DeviceRequest{}, fault.New(fault.DeviceCodeExpired)
	}
	return d, nil
}

// readUserCode reads a code in any letter case, with whatever people put
// between its letters.
func readUserCode(typed string) (string, bool) {
	if len(typed) > 40 {
		return "", false
	}
	code := strings.Map(func(r rune) rune {
		if strings.ContainsRune(consonants, r) {
			return r
		}
		return -1
	}, strings.ToUpper(typed))
	return code, len(code) == userCodeLength
}

// Approve ends a request with what the person's sign-in gave, Decline with
// nothing. Both fail with DeviceCodeExpired when it was answered before or is
// late.
func (s *Devices) Approve(ctx context.Context, digest string, g Grant) error {
	g.Issued = s.source.Now()
	plain, err := json.Marshal(g)
	if err != nil {
		return err
	}
	sealed, err := s.key.Seal(plain, digest)
	if err != nil {
		return err
	}
	return s.answer(ctx, digest, DeviceApproved, sealed)
}

// Decline ends a request: the person said no.
func (s *Devices) Decline(ctx context.Context, digest string) error {
	return s.answer(ctx, digest, DeviceDeclined, nil)
}

func (s *Devices) answer(ctx context.Context, digest string, to DeviceState, grant []byte) error {
	d, err := s.store.DeviceRequest(ctx, digest)
	if err != nil {
		return err
	}
	if d.State != DeviceWaiting || s.source.Now().After(d.Expires) {
		return fault.New(fault.DeviceCodeExpired)
	}
	d.State, d.Grant = to, grant
	won, err := s.store.SwapDeviceRequest(ctx, d)
	if err == nil && !won {
		return fault.New(fault.DeviceCodeExpired)
	}
	return err
}

// Poll is a device asking. It gives the grant once; before that it fails with
// AuthorizationPending or DevicePollFast, and otherwise with DeviceDeclined,
// DeviceTooLate, CodeRedeemed or DeviceCodeWrong (RFC 8628 3.5).
func (s *Devices) Poll(ctx context.Context, deviceCode string, client id.App) (Grant, error) {
	var g Grant
	d, err := s.store.DeviceRequest(ctx, digest(deviceCode))
	if err != nil {
		return g, err
	}
	switch {
	case d.Client != client:
		return g, fault.New(fault.GrantOtherClient)
	case d.State == DeviceSpent:
		return g, fault.New(fault.CodeRedeemed)
	case d.State == DeviceDeclined:
		return g, fault.New(fault.DeviceDeclined)
	case s.source.Now().After(d.Expires):
		return g, fault.New(fault.DeviceTooLate)
	case d.State == DeviceWaiting:
		return g, s.notYet(ctx, d.Digest)
	}
	plain, err := s.key.Open(d.Grant, d.Digest)
	if err != nil {
		return g, err
	}
	if err := json.Unmarshal(plain, &g); err != nil {
		return g, err
	}
	d.State, d.Grant = DeviceSpent, nil
	won, err := s.store.SwapDeviceRequest(ctx, d)
	if err == nil && !won {
		err = fault.New(fault.CodeRedeemed)
	}
	return g, err
}

// patience is how many hasty polls pass before a device is told to slow down:
// MSAL Go asks twice at once at the start (identity-platform.md 0, rule 14).
const patience = 3

func (s *Devices) notYet(ctx context.Context, digest string) error {
	p, err := s.polls.Get(ctx, digest, func(context.Context) (*polling, error) { return &polling{}, nil })
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	now := s.source.Now()
	if now.Sub(p.last) < PollInterval-time.Second {
		p.hasty++
	}
	p.last = now
	if p.hasty > patience {
		return fault.New(fault.DevicePollFast, "seconds", "10")
	}
	return fault.New(fault.AuthorizationPending)
}
