package credential

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/message"
	"github.com/entente-id/entente/internal/seal"
	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"
	"github.com/google/uuid"
)

// Passkey is a key pair whose private half never leaves its device or the
// person's password manager (W3C Web Authentication level 3).
type Passkey struct {
	ID id.Object
	// Credential is the id that the authenticator gave it, Key its public half
	// in COSE form (RFC 9052).
	Credential, Key []byte
	// Counter is the signature counter; authenticators that synchronise keep
	// it at 0.
	Counter uint32
	Name    string
	// Synced passkeys can be on several devices, others on one alone.
	Synced bool
	// Browser is the family of the browser that used it last.
	Browser       string
	Created, Used time.Time
}

// PasskeyStore keeps passkeys.
type PasskeyStore interface {
	// Passkeys lists those of a person, oldest first.
	Passkeys(ctx context.Context, owner Owner) ([]Passkey, error)
	// AddPasskey keeps one while the person has fewer than limit, or fails with
	// InputInvalid. One that anybody has already is refused the same way.
	AddPasskey(ctx context.Context, owner Owner, p Passkey, limit int, told []message.Sealed, e audit.Event) error
	// UsePasskey moves the counter on if it is still the given one, and keeps
	// when and where it was used; false when another use was first, or the
	// passkey is gone.
	UsePasskey(ctx context.Context, owner Owner, p Passkey, before uint32) (bool, error)
	// RenamePasskey and RemovePasskey fail with ObjectUnknown.
	RenamePasskey(ctx context.Context, owner Owner, passkey id.Object, name string, e audit.Event) error
	RemovePasskey(ctx context.Context, owner Owner, passkey id.Object, told []message.Sealed, e audit.Event) error
	// SpendChallenge keeps that a challenge was answered; false when it was
	// before.
	SpendChallenge(ctx context.Context, digest []byte, until time.Time) (bool, error)
}

// Passkeys is the room of passkeys.
type Passkeys struct {
	store  PasskeyStore
	safe   *Safe
	outbox *message.Outbox
	source id.Source
	key    *seal.Key
	// origin is the only one that answers may come from, host the relying
	// party's id: one for all tenants (experience.md 2.6).
	origin, host string
}

const (
	// MaxPasskeys is how many a person can have.
	MaxPasskeys = 10
	// challengeLife is as long as a page of a sign-in can be left open.
	challengeLife = time.Hour
	nonceBytes    = 16
	// MaxPasskeyAnswer bounds what an authenticator's answer may weigh, in bytes.
	MaxPasskeyAnswer = 32 << 10
	maxPasskeyName   = 60
)

// algorithms are the signatures we take: ES256, EdDSA and RS256 (row R149).
var algorithms = []protocol.CredentialParameter{
	{Type: protocol.PublicKeyCredentialType, Algorithm: webauthncose.AlgES256},
	{Type: protocol.PublicKeyCredentialType, Algorithm: webauthncose.AlgEdDSA},
	{Type: protocol.PublicKeyCredentialType, Algorithm: webauthncose.AlgRS256},
}

// NewPasskeys opens the room for an origin.
func NewPasskeys(store PasskeyStore, safe *Safe, outbox *message.Outbox, source id.Source, custody *seal.Custody, origin string) (*Passkeys, error) {
	key, err := custody.Key("passkey challenge")
	if err != nil {
		return nil, err
	}
	at, err := url.Parse(origin)
	if err != nil {
		return nil, fmt.Errorf("read origin for passkeys: %w", err)
	}
	return &Passkeys{store: store, safe: safe, outbox: outbox, source: source, key: key, origin: origin, host: at.Hostname()}, nil
}

// Ceremonies that a challenge can be for.
const (
	toSignIn = "get"
	toAdd    = "create"
)

// challenge makes one that says by itself when and for whom it was made, so
// that showing a page writes nothing. The binding is the browser's.
func (p *Passkeys) challenge(ceremony, binding string) []byte {
	c := binary.BigEndian.AppendUint64(p.source.Bytes(nonceBytes), uint64(p.source.Now().Unix()))
	return append(c, p.key.MAC([]byte(ceremony), []byte(binding), c)...)
}

// spend takes a challenge that came back: made by us for this ceremony and
// browser, in time, and for the first time (row R149).
func (p *Passkeys) spend(ctx context.Context, ceremony, binding, text string) error {
	c, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(c) != nonceBytes+8+32 {
		return wrongPasskey("challenge")
	}
	head, mac := c[:nonceBytes+8], c[nonceBytes+8:]
	if subtle.ConstantTimeCompare(mac, p.key.MAC([]byte(ceremony), []byte(binding), head)) != 1 {
		return wrongPasskey("challenge")
	}
	made := time.Unix(int64(binary.BigEndian.Uint64(head[nonceBytes:])), 0)
	if now := p.source.Now(); now.Sub(made) > challengeLife || made.Sub(now) > time.Minute {
		return wrongPasskey("late")
	}
	first, err := p.store.SpendChallenge(ctx, head[:nonceBytes], made.Add(challengeLife+time.Minute))
	if err != nil {
		return err
	}
	if !first {
		return wrongPasskey("challenge")
	}
	return nil
}

func wrongPasskey(reason string) *fault.Fault {
	return fault.New(fault.SecondFactorWrong, "reason", "passkey-"+reason)
}

// entity names somebody or something to an authenticator.
type entity struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	DisplayName string `json:"displayName,omitempty"`
}

// ToSignIn is what a page asks the browser for, as the JSON form of
// PublicKeyCredentialRequestOptions. It names nobody: the authenticator knows
// who it belongs to, so the page tells nothing about an account.
func (p *Passkeys) ToSignIn(binding string) (string, error) {
	options, err := json.Marshal(map[string]any{
		"challenge": base64.RawURLEncoding.EncodeToString(p.challenge(toSignIn, binding)),
		"rpId":      p.host, "userVerification": "required", "timeout": 300_000,
	})
	return string(options), err
}

// ToAdd is what a page asks the browser for to make a passkey of a person, as
// the JSON form of PublicKeyCredentialCreationOptions.
func (p *Passkeys) ToAdd(ctx context.Context, person account.Account, binding string) (string, error) {
	owner := Owner{Tenant: person.Tenant, Account: person.ID}
	handle, err := owner.handle()
	if err != nil {
		return "", err
	}
	list, err := p.store.Passkeys(ctx, owner)
	if err != nil {
		return "", err
	}
	exclude := []map[string]string{}
	for _, k := range list {
		exclude = append(exclude, map[string]string{"type": "public-key", "id": base64.RawURLEncoding.EncodeToString(k.Credential)})
	}
	options, err := json.Marshal(map[string]any{
		"challenge":        base64.RawURLEncoding.EncodeToString(p.challenge(toAdd, binding+owner.row())),
		"rp":               entity{ID: p.host, Name: "Entente"},
		"user":             entity{ID: base64.RawURLEncoding.EncodeToString(handle), Name: person.SignInName, DisplayName: person.Name},
		"pubKeyCredParams": algorithms, "excludeCredentials": exclude, "attestation": "none", "timeout": 300_000,
		"authenticatorSelection": map[string]any{"residentKey": "required", "requireResidentKey": true, "userVerification": "required"},
	})
	return string(options), err
}

// Add takes what the browser made, and tells the person. It fails with
// SecondFactorWrong when the answer is not a good one, and with InputInvalid
// when the person has MaxPasskeys or the passkey is somebody's already.
func (p *Passkeys) Add(ctx context.Context, by audit.Caller, person account.Account, binding, browser, answer string) (Passkey, error) {
	owner := Owner{Tenant: person.Tenant, Account: person.ID}
	if len(answer) > MaxPasskeyAnswer {
		return Passkey{}, wrongPasskey("form")
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes([]byte(answer))
	if err != nil {
		return Passkey{}, wrongPasskey("form").Because(err)
	}
	challenge := parsed.Response.CollectedClientData.Challenge
	if err := p.spend(ctx, toAdd, binding+owner.row(), challenge); err != nil {
		return Passkey{}, err
	}
	_, err = parsed.Verify(challenge, p.host, []string{p.origin}, nil, nil, protocol.TopOriginExplicitVerificationMode, false, true, true,
		nil, algorithms, protocol.AttestationPolicy{}, protocol.SignaturePolicy{})
	if err != nil {
		return Passkey{}, wrongPasskey("proof").Because(err)
	}
	made, now := parsed.Response.AttestationObject.AuthData, p.source.Now()
	k := Passkey{
		ID: id.Object(p.source.NewGUID()), Credential: made.AttData.CredentialID, Key: made.AttData.CredentialPublicKey, Counter: made.Counter,
		Name: makerOf(made.AttData.AAGUID), Synced: made.Flags.HasBackupEligible(), Browser: browser, Created: now, Used: now,
	}
	told, err := p.letter(person, "passkey-added")
	if err != nil {
		return Passkey{}, err
	}
	if err := p.store.AddPasskey(ctx, owner, k, MaxPasskeys, told, p.event(by, "passkey.add", k.ID)); err != nil {
		return Passkey{}, err
	}
	p.outbox.Nudge()
	return k, nil
}

// Check proves a passkey, and says whose it is. It fails with SecondFactorWrong
// or TooManyTries. A passkey whose counter does not move on may be a copy: it
// is refused, and copied is true, so that its person is told.
func (p *Passkeys) Check(ctx context.Context, binding, browser, answer string) (owner Owner, copied bool, err error) {
	if len(answer) > MaxPasskeyAnswer {
		return Owner{}, false, wrongPasskey("form")
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes([]byte(answer))
	if err != nil {
		return Owner{}, false, wrongPasskey("form").Because(err)
	}
	challenge := parsed.Response.CollectedClientData.Challenge
	if err := p.spend(ctx, toSignIn, binding, challenge); err != nil {
		return Owner{}, false, err
	}
	owner, ok := ownerOf(parsed.Response.UserHandle)
	if !ok {
		return Owner{}, false, wrongPasskey("unknown")
	}
	list, err := p.store.Passkeys(ctx, owner)
	if err != nil {
		return Owner{}, false, err
	}
	i := slices.IndexFunc(list, func(k Passkey) bool { return equal(k.Credential, parsed.RawID) })
	if i < 0 {
		// Not counted: there is nothing to guess, and whoever knows a person's id
		// must not be able to slow them down.
		return Owner{}, false, wrongPasskey("unknown")
	}
	k := list[i]
	err = p.safe.countedAs(ctx, "passkey/"+owner.row(), func() error {
		if err := p.verify(parsed, challenge, k); err != nil {
			return err
		}
		before := k.Counter
		k.Counter, k.Used, k.Browser = parsed.Response.AuthenticatorData.Counter, p.source.Now(), browser
		if (k.Counter != 0 || before != 0) && k.Counter <= before {
			copied = true
			return wrongPasskey("copied")
		}
		used, err := p.store.UsePasskey(ctx, owner, k, before)
		if err == nil && !used {
			return wrongPasskey("unknown")
		}
		return err
	})
	return owner, copied, err
}

// verify checks the signature, the origin, the relying party and that the
// person proved themselves to the authenticator.
func (p *Passkeys) verify(parsed *protocol.ParsedCredentialAssertionData, challenge string, k Passkey) error {
	err := parsed.Verify(challenge, p.host, "", []string{p.origin}, nil, nil, protocol.TopOriginExplicitVerificationMode, false, true, true,
		k.Key, protocol.SignaturePolicy{})
	if err != nil {
		return wrongPasskey("proof").Because(err)
	}
	if parsed.Response.AuthenticatorData.Flags.HasBackupEligible() != k.Synced {
		return wrongPasskey("proof")
	}
	return nil
}

// List gives a person's passkeys, oldest first.
func (p *Passkeys) List(ctx context.Context, owner Owner) ([]Passkey, error) {
	return p.store.Passkeys(ctx, owner)
}

// Rename gives a passkey the name that its person knows it by, of 1 to 60
// characters. It fails with InputInvalid or ObjectUnknown.
func (p *Passkeys) Rename(ctx context.Context, by audit.Caller, owner Owner, passkey id.Object, name string) error {
	name = strings.TrimSpace(name)
	if name == "" || utf8.RuneCountInString(name) > maxPasskeyName || !utf8.ValidString(name) {
		return fault.New(fault.InputInvalid, "parameter", "passkey-name", "rule", "1 to 60 characters")
	}
	return p.store.RenamePasskey(ctx, owner, passkey, name, p.event(by, "passkey.rename", passkey))
}

// Remove forgets a passkey and tells its person. It fails with ObjectUnknown.
func (p *Passkeys) Remove(ctx context.Context, by audit.Caller, person account.Account, passkey id.Object) error {
	told, err := p.letter(person, "factor-removed")
	if err != nil {
		return err
	}
	owner := Owner{Tenant: person.Tenant, Account: person.ID}
	if err := p.store.RemovePasskey(ctx, owner, passkey, told, p.event(by, "passkey.remove", passkey)); err != nil {
		return err
	}
	p.outbox.Nudge()
	return nil
}

// letter tells a person what changed about their sign-in (row R154).
func (p *Passkeys) letter(person account.Account, what string) ([]message.Sealed, error) {
	return Notice(p.outbox, p.source, person, what)
}

func (p *Passkeys) event(by audit.Caller, verb string, passkey id.Object) audit.Event {
	return Event(p.source, by, verb, string(passkey))
}

// handle is the person as an authenticator keeps them: the two ids, nothing
// that tells a name.
func (o Owner) handle() ([]byte, error) {
	home, err := uuid.Parse(string(o.Tenant))
	if err != nil {
		return nil, fmt.Errorf("write user handle: %w", err)
	}
	person, err := uuid.Parse(string(o.Account))
	if err != nil {
		return nil, fmt.Errorf("write user handle: %w", err)
	}
	return append(home[:], person[:]...), nil
}

func ownerOf(handle []byte) (Owner, bool) {
	if len(handle) != 32 {
		return Owner{}, false
	}
	home, person := uuid.UUID(handle[:16]), uuid.UUID(handle[16:])
	return Owner{Tenant: id.Tenant(home.String()), Account: id.Object(person.String())}, true
}
