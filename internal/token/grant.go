// Package token makes and checks what stands for a proved identity:
// authorization codes, refresh families, access and ID tokens.
package token

import (
	"context"
	"time"

	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/id"
)

// Grant is what a person's sign-in gave to one application: what a code is
// redeemed for and what a refresh family descends from. It never changes; the
// methods in it are those of the session (DESIGN 4.4).
type Grant struct {
	Client  id.App    `json:"client"`
	Home    id.Tenant `json:"home"`
	Account id.Object `json:"account"`
	// SignInName is kept for audit records.
	SignInName string `json:"name"`
	// Authority is the tenant that was asked, empty for a generic one.
	Authority id.Tenant `json:"authority,omitempty"`
	// RedirectURI is where the answer went; RedirectGiven is false when the
	// request left it out and the registered one was used.
	RedirectURI   string `json:"redirect"`
	RedirectGiven bool   `json:"redirectGiven,omitempty"`
	// Browser is true for a client that runs in a browser ("spa").
	Browser bool `json:"browser,omitempty"`
	// Scope and Resource are the request's own words, v2 and v1.
	Scope    string `json:"scope,omitempty"`
	Resource string `json:"resource,omitempty"`
	// Offline: a refresh token was asked for.
	Offline bool   `json:"offline,omitempty"`
	Nonce   string `json:"nonce,omitempty"`
	// TellMethods: a v2 ID token shall carry amr too.
	TellMethods bool `json:"tellMethods,omitempty"`
	// Challenge and ChallengeMethod are the proof key (RFC 7636).
	Challenge       string `json:"challenge,omitempty"`
	ChallengeMethod string `json:"challengeMethod,omitempty"`
	// JKT is the thumbprint of the key that the grant is bound to (RFC 9449),
	// "" for none.
	JKT string `json:"jkt,omitempty"`

	// Methods, AuthAt and FactorAt are the proof behind the session.
	Methods  []string  `json:"amr"`
	AuthAt   time.Time `json:"authAt"`
	FactorAt time.Time `json:"factorAt"`
	// Session is the browser session's id, for sign-out notices.
	Session string `json:"session,omitempty"`
	// Address is the network address of the sign-in.
	Address string    `json:"address,omitempty"`
	Issued  time.Time `json:"issued"`
}

// Redemption spends a code: once.
type Redemption struct {
	// Digest identifies the code.
	Digest string
	// Key is the digest of the Idempotency-Key, "" without one.
	Key string
	At  time.Time
	// Expires is when the code would have ended; the row can go after it.
	Expires time.Time
	// Family is opened with the first redemption; nil when no refresh token
	// was asked for.
	Family *Family
}

// Redeemed is how a redemption went.
type Redeemed struct {
	// First is true for the one that spent the code.
	First bool
	// Key, At and Family are those of the one that did.
	Key    string
	At     time.Time
	Family string
}

// Store keeps spent codes and families.
type Store interface {
	// Redeem spends a code and opens its family in one transaction, or tells
	// who did before.
	Redeem(ctx context.Context, r Redemption) (Redeemed, error)
	// TakeBack marks a spent code: what it gave is good no longer.
	TakeBack(ctx context.Context, digest string, at time.Time) error
	// TakenBack says whether a code was marked; one that nobody remembers was
	// not.
	TakenBack(ctx context.Context, digest string) (bool, error)
	// Family finds a refresh family, or fails with GrantInvalid.
	Family(ctx context.Context, family string) (Family, error)
	// SwapFamily replaces a family if its version is still the given one, and
	// writes the event, if any, in the same transaction. False when another
	// request was faster.
	SwapFamily(ctx context.Context, next Family, version int64, e *audit.Event) (bool, error)
}
