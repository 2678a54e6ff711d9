package token

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"strings"
	"time"

	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/seal"
	"github.com/google/uuid"
)

// Families is the part of the room that keeps refresh tokens and codes.
type Families struct {
	store  Store
	source id.Source
	mac    *seal.Key
	codes  *seal.Key
	secret *seal.Key
}

// NewFamilies opens it.
func NewFamilies(store Store, source id.Source, custody *seal.Custody) (*Families, error) {
	var keys [3]*seal.Key
	for i, purpose := range []string{"refresh token", "authorization code", "family secret"} {
		k, err := custody.Key(purpose)
		if err != nil {
			return nil, err
		}
		keys[i] = k
	}
	return &Families{store: store, source: source, mac: keys[0], codes: keys[1], secret: keys[2]}, nil
}

// A refresh token is text, version 1:
//
//	"1." base64url( family 16 bytes | generation 4 bytes | MAC 32 bytes )
//
// The MAC is over home tenant, family, epoch, generation and the family's own
// secret. So a successor can be computed again after a crash without being
// stored, and nothing in the database opens a session by itself.
const (
	refreshPrefix = "1."
	familyBytes   = 16
	refreshBytes  = familyBytes + 4 + sha256.Size
)

// text writes the token of a generation.
func (s *Families) text(f Family, generation uint32) (string, error) {
	family, err := uuid.Parse(f.ID)
	if err != nil {
		return "", err
	}
	mac, err := s.generationMAC(f, generation)
	if err != nil {
		return "", err
	}
	b := make([]byte, 0, refreshBytes)
	b = append(b, family[:]...)
	b = binary.BigEndian.AppendUint32(b, generation)
	b = append(b, mac...)
	return refreshPrefix + base64.RawURLEncoding.EncodeToString(b), nil
}

func (s *Families) generationMAC(f Family, generation uint32) ([]byte, error) {
	secret, err := s.secret.Open(f.Secret, f.ID)
	if err != nil {
		return nil, err
	}
	numbers := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, f.Epoch), generation)
	return s.mac.MAC([]byte(f.Grant.Home), []byte(f.ID), numbers, secret), nil
}

// parse reads a token without believing it yet.
func parse(text string) (family string, generation uint32, mac []byte, err error) {
	malformed := fault.New(fault.GrantInvalid, "reason", "malformed")
	body, ok := strings.CutPrefix(text, refreshPrefix)
	if !ok || len(text) > 256 {
		return "", 0, nil, malformed
	}
	b, err := base64.RawURLEncoding.DecodeString(body)
	// One spelling only: the decoder skips line ends and spare bits.
	if err != nil || len(b) != refreshBytes || base64.RawURLEncoding.EncodeToString(b) != body {
		return "", 0, nil, malformed
	}
	return uuid.UUID(b[:familyBytes]).String(), binary.BigEndian.Uint32(b[familyBytes:]), b[familyBytes+4:], nil
}

// Held is a refresh token whose MAC was right, before anything is decided.
type Held struct {
	family     Family
	generation uint32
}

// Grant is what the token descends from.
func (h Held) Grant() Grant { return h.family.Grant }

// Family names the refresh family of the token.
func (h Held) Family() string { return h.family.ID }

// FamilyOf names the family of a refresh token that was made just now; "" for
// none. It proves nothing.
func FamilyOf(text string) string {
	family, _, _, err := parse(text)
	if err != nil {
		return ""
	}
	return family
}

// Find checks a refresh token and finds its family. The client must be the one
// it was made for.
func (s *Families) Find(ctx context.Context, text string, client id.App) (Held, error) {
	familyID, generation, mac, err := parse(text)
	if err != nil {
		return Held{}, err
	}
	f, err := s.store.Family(ctx, familyID)
	if err != nil {
		return Held{}, err
	}
	if f.Grant.Client != client {
		return Held{}, fault.New(fault.GrantOtherClient)
	}
	if f.State == Stolen || f.State == Revoked {
		return Held{}, fault.New(f.Reason)
	}
	want, err := s.generationMAC(f, generation)
	if err != nil {
		return Held{}, err
	}
	if !hmac.Equal(want, mac) {
		return Held{}, fault.New(fault.GrantInvalid, "reason", "unknown")
	}
	return Held{family: f, generation: generation}, nil
}

// Use is how a client presents a refresh token.
type Use struct {
	Client application.Authenticated
	// Key is the Idempotency-Key header, "" without one.
	Key string
}

// Used is what a use got.
type Used struct {
	Grant Grant
	// Refresh is the successor, "" when there is none.
	Refresh string
}

// errRaced means that another request changed the family in between.
var errRaced = errors.New("family changed in between")

// maxRaces bounds how often a use starts again; each round somebody got
// through, so more than a few means that something is wrong.
const maxRaces = 100

// Use decides on a presented token. What it decides is durable when it
// returns; only then may tokens be minted.
func (s *Families) Use(ctx context.Context, h Held, use Use) (Used, error) {
	key, err := keyDigest(use.Key)
	if err != nil {
		return Used{}, err
	}
	p := Presentation{Generation: h.generation, Key: key, Credential: use.Client.Thumbprint(), At: s.source.Now()}
	f := h.family
	for range maxRaces {
		used, err := s.decide(ctx, f, p)
		if !errors.Is(err, errRaced) {
			return used, err
		}
		if f, err = s.store.Family(ctx, f.ID); err != nil {
			return Used{}, err
		}
	}
	return Used{}, fault.New(fault.DirectoryBusy).Because(errRaced)
}

func (s *Families) decide(ctx context.Context, f Family, p Presentation) (Used, error) {
	v := f.Present(p)
	if v.Changed {
		won, err := s.store.SwapFamily(ctx, v.Next, f.Version, s.alarm(v))
		if err != nil {
			return Used{}, err
		}
		if !won {
			return Used{}, errRaced
		}
	}
	if v.Outcome == Refuse {
		return Used{}, fault.New(v.Code)
	}
	used := Used{Grant: f.Grant}
	if v.Outcome == Successor {
		var err error
		if used.Refresh, err = s.text(f, p.Generation+1); err != nil {
			return Used{}, err
		}
	}
	return used, nil
}

func (s *Families) alarm(v Verdict) *audit.Event {
	if v.Alarm == "" {
		return nil
	}
	g := v.Next.Grant
	return &audit.Event{
		ID: s.source.NewGUID(), At: s.source.Now(), Tenant: g.Home, Account: g.Account, SignInName: g.SignInName,
		App: g.Client, Verb: "refresh." + v.Alarm, Object: v.Next.ID,
	}
}

// Revoke ends a family for good, for the given reason.
func (s *Families) Revoke(ctx context.Context, family string, reason fault.Code) error {
	for range maxRaces {
		f, err := s.store.Family(ctx, family)
		if err != nil {
			return err
		}
		if f.State == Revoked || f.State == Stolen {
			return nil
		}
		next := f
		next.State, next.Reason = Revoked, reason
		e := s.alarm(Verdict{Alarm: "revoked", Next: f})
		won, err := s.store.SwapFamily(ctx, next, f.Version, e)
		if err != nil || won {
			return err
		}
	}
	return fault.New(fault.DirectoryBusy).Because(errRaced)
}

// End revokes the family of a held token, on its client's own word.
func (s *Families) End(ctx context.Context, h Held) error {
	return s.Revoke(ctx, h.family.ID, fault.GrantRevoked)
}

// newFamily prepares a family whose generation 1 is about to go out.
func (s *Families) newFamily(g Grant, client application.Authenticated) (Family, error) {
	family := s.source.NewGUID()
	secret, err := s.secret.Seal(s.source.Bytes(32), family)
	if err != nil {
		return Family{}, err
	}
	now := s.source.Now()
	class := client.Application().RefreshClass()
	if g.Browser {
		class = application.Strict
	}
	return Family{
		ID: family, Grant: g, Class: class, Credential: client.Thumbprint(), State: Live,
		Created: now, Used: now, Secret: secret, Version: 1,
	}, nil
}

// keyDigest checks an Idempotency-Key (16 to 64 characters, 5.3) and gives its
// digest; the key itself is a proof of possession and is not kept.
func keyDigest(key string) (string, error) {
	if key == "" {
		return "", nil
	}
	if len(key) < 16 || len(key) > 64 {
		return "", fault.New(fault.KeyMalformed, "parameter", "Idempotency-Key", "rule", "16 to 64 characters")
	}
	for _, c := range []byte(key) {
		if c <= ' ' || c > '~' {
			return "", fault.New(fault.KeyMalformed, "parameter", "Idempotency-Key", "rule", "visible ASCII characters")
		}
	}
	sum := sha256.Sum256([]byte(key))
	return base64.RawURLEncoding.EncodeToString(sum[:]), nil
}

// CodeLife is how long an authorization code can be redeemed
// (identity-platform.md 2.10).
const CodeLife = 10 * time.Minute
