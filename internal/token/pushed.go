package token

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/seal"
)

const (
	// PushedPrefix begins the request_uri of a pushed request (RFC 9126 2.2).
	PushedPrefix = "urn:ietf:params:oauth:request_uri:"
	// PushedLife is how long a pushed request can be begun.
	PushedLife = 90 * time.Second
	// MaxPushed bounds a request_uri, in bytes: it travels in an address.
	MaxPushed = 12 << 10
	// pushedMemory is longer than any sign-in that a pushed request began.
	pushedMemory = 3 * time.Hour
)

// Pushed is an authorize request that a client left here before it sent a
// browser (RFC 9126).
type Pushed struct {
	Client id.App `json:"client"`
	// Authority is the tenant that it was pushed at, or the name of a generic
	// authority; Version the dialect.
	Authority string `json:"authority"`
	Version   int    `json:"version"`
	// Query are the parameters, form-encoded.
	Query  string    `json:"query"`
	Issued time.Time `json:"issued"`
}

// Pushes is the part of the room that keeps pushed requests.
type Pushes struct {
	store  Store
	source id.Source
	key    *seal.Key
}

// NewPushes opens it.
func NewPushes(store Store, source id.Source, custody *seal.Custody) (*Pushes, error) {
	key, err := custody.Key("pushed request")
	if err != nil {
		return nil, err
	}
	return &Pushes{store: store, source: source, key: key}, nil
}

// Keep gives the request_uri of a request. Like a code it is sealed and leaves
// no row until it is spent, so pushing costs no write. It fails with
// ParameterTooLong.
func (s *Pushes) Keep(p Pushed) (string, error) {
	p.Issued = s.source.Now()
	plain, err := json.Marshal(p)
	if err != nil {
		return "", err
	}
	text, err := s.key.SealText(plain, "")
	if err != nil {
		return "", err
	}
	if len(PushedPrefix)+len(text) > MaxPushed {
		return "", fault.New(fault.ParameterTooLong, "parameter", "body", "limit", strconv.Itoa(MaxPushed))
	}
	return PushedPrefix + text, nil
}

// Open reads a request_uri without spending it, or fails with PushedUnusable.
// Who presents it, and where, must be who pushed it there (row R27).
func (s *Pushes) Open(uri string, client id.App, authority string, version int) (Pushed, error) {
	var p Pushed
	unusable := func(rule string) error { return fault.New(fault.PushedUnusable, "rule", rule) }
	body, ok := strings.CutPrefix(uri, PushedPrefix)
	if !ok || len(uri) > MaxPushed {
		return p, unusable("a request_uri of this authority")
	}
	plain, err := s.key.OpenText(body, "")
	if err != nil {
		return p, unusable("a request_uri of this authority")
	}
	if err := json.Unmarshal(plain, &p); err != nil {
		return p, err
	}
	switch {
	case p.Client != client:
		return p, unusable("used by the client that pushed it")
	case p.Authority != authority || p.Version != version:
		return p, unusable("used at the authority it was pushed at")
	case s.source.Now().Sub(p.Issued) >= PushedLife:
		return p, unusable("used within " + strconv.Itoa(int(PushedLife.Seconds())) + " seconds")
	}
	return p, nil
}

// PushedDigest identifies a request_uri while its sign-in runs.
func PushedDigest(uri string) string { return digest(uri) }

// Spend ends a pushed request: it has been answered. A second answer is refused
// with PushedUnusable; an unfinished sign-in can begin again (RFC 9126 7.3).
func (s *Pushes) Spend(ctx context.Context, digest string) error {
	now := s.source.Now()
	done, err := s.store.Redeem(ctx, Redemption{Digest: digest, At: now, Expires: now.Add(pushedMemory)})
	if err == nil && !done.First {
		err = fault.New(fault.PushedUnusable, "rule", "used once")
	}
	return err
}
