package credential

import (
	"context"
	"time"

	"github.com/entente-id/entente/internal/id"
)

// Device is a browser on which a person has signed in completely before. A
// flood of wrong passwords from elsewhere does not lock its owner out there
// (row R142), and a sign-in on another one is told by mail (row R154).
type Device struct {
	ID id.Object
	// Digest is that of the secret in the browser's cookie.
	Digest  []byte
	Browser string
	Since   time.Time
	Used    time.Time
}

// Devices lists the browsers a person has used, newest first.
func (s *Safe) Devices(ctx context.Context, owner Owner) ([]Device, error) {
	return s.store.Devices(ctx, owner)
}

// deviceLife is how long a browser is remembered without being used.
const deviceLife = 400 * 24 * time.Hour

// KnowsDevice reports whether the secret in a browser's cookie is that of a
// device of this person.
func (s *Safe) KnowsDevice(ctx context.Context, owner Owner, secret string) (bool, error) {
	if secret == "" || owner.Account == "" {
		return false, nil
	}
	list, err := s.store.Devices(ctx, owner)
	if err != nil {
		return false, err
	}
	for _, d := range list {
		if s.source.Now().Sub(d.Used) < deviceLife && equal(d.Digest, s.deviceDigest(owner, secret)) {
			return true, nil
		}
	}
	return false, nil
}

// AddDevice remembers a browser for a person. The result says whether the
// person had used others before, which is when a notice is due.
func (s *Safe) AddDevice(ctx context.Context, owner Owner, secret, browser string) (others bool, err error) {
	list, err := s.store.Devices(ctx, owner)
	if err != nil {
		return false, err
	}
	now := s.source.Now()
	d := Device{ID: id.Object(s.source.NewGUID()), Digest: s.deviceDigest(owner, secret), Browser: browser, Since: now, Used: now}
	return len(list) > 0, s.store.AddDevice(ctx, owner, d, maxDevices)
}

// maxDevices bounds the list; the least recently used falls off.
const maxDevices = 20

// ForgetDevice drops a browser of a person.
func (s *Safe) ForgetDevice(ctx context.Context, owner Owner, device id.Object) error {
	return s.store.ForgetDevice(ctx, owner, device)
}

func (s *Safe) deviceDigest(owner Owner, secret string) []byte {
	return s.digest.MAC([]byte("device"), []byte(owner.row()), []byte(secret))
}
