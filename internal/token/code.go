package token

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"

	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/fault"
)

const (
	codePrefix = "0."
	maxCode    = 8 << 10
	// keyedRetry is how long the same client may redeem a code again with the
	// same Idempotency-Key, after a lost answer (5.4).
	keyedRetry = time.Minute
)

// Code writes a grant as an authorization code. Nothing is stored: the code is
// sealed, and only its redemption leaves a row. So a silent sign-in by GET
// writes nothing.
func (s *Families) Code(g Grant) (string, error) {
	g.Issued = s.source.Now()
	plain, err := json.Marshal(g)
	if err != nil {
		return "", err
	}
	text, err := s.codes.SealText(plain, "")
	return codePrefix + text, err
}

// Open reads a code without spending it. The client must be the one it was
// made for.
func (s *Families) Open(code string, client application.Authenticated) (Grant, error) {
	var g Grant
	body, ok := strings.CutPrefix(code, codePrefix)
	if !ok || len(code) > maxCode {
		return g, fault.New(fault.GrantInvalid, "reason", "malformed")
	}
	plain, err := s.codes.OpenText(body, "")
	if err != nil {
		return g, fault.New(fault.GrantInvalid, "reason", "unknown").Because(err)
	}
	if err := json.Unmarshal(plain, &g); err != nil {
		return g, err
	}
	if g.Client != client.Application().App {
		return g, fault.New(fault.GrantOtherClient)
	}
	if s.source.Now().Sub(g.Issued) >= CodeLife {
		return g, fault.New(fault.GrantExpired)
	}
	return g, nil
}

// Redeem spends a code, once. Whoever comes second is refused, and what the
// first one got is revoked, because one of the two is a thief (RFC 6749
// 4.1.2); only the same client with the same key may ask again for a minute.
// Refresh is generation 1, or "" when none was asked for.
func (s *Families) Redeem(ctx context.Context, code string, g Grant, use Use) (refresh string, err error) {
	key, err := keyDigest(use.Key)
	if err != nil {
		return "", err
	}
	r := Redemption{Digest: digest(code), Key: key, At: s.source.Now(), Expires: g.Issued.Add(CodeLife)}
	if g.Offline {
		f, err := s.newFamily(g, use.Client)
		if err != nil {
			return "", err
		}
		r.Family = &f
	}
	done, err := s.store.Redeem(ctx, r)
	switch {
	case err != nil:
		return "", err
	case done.First && r.Family == nil:
		return "", nil
	case done.First:
		return s.text(*r.Family, 1)
	case key != "" && same(done.Key, key) && r.At.Sub(done.At) <= keyedRetry:
		return s.again(ctx, r.Digest, done, use)
	}
	if err := s.takeBack(ctx, r, done); err != nil {
		return "", err
	}
	return "", fault.New(fault.CodeRedeemed)
}

// takeBack ends what a code gave: the refresh family, and the access tokens
// that came without one.
func (s *Families) takeBack(ctx context.Context, again Redemption, done Redeemed) error {
	if done.Family != "" {
		return s.Revoke(ctx, done.Family, fault.GrantRevoked)
	}
	return s.store.TakeBack(ctx, again.Digest, again.At)
}

// CodeOf names a code among those that were redeemed. It proves nothing.
func CodeOf(code string) string { return digest(code) }

// Burn spends a code without giving anything for it: it was presented without
// what belongs to it.
func (s *Families) Burn(ctx context.Context, code string, g Grant) error {
	_, err := s.store.Redeem(ctx, Redemption{Digest: digest(code), At: s.source.Now(), Expires: g.Issued.Add(CodeLife)})
	return err
}

// again answers a repeated redemption by the same holder, by the digest of the
// code.
func (s *Families) again(ctx context.Context, code string, done Redeemed, use Use) (string, error) {
	if done.Family == "" {
		gone, err := s.store.TakenBack(ctx, code)
		if err == nil && gone {
			err = fault.New(fault.CodeRedeemed)
		}
		return "", err
	}
	f, err := s.store.Family(ctx, done.Family)
	if err != nil {
		return "", err
	}
	if f.State != Live || f.Active != 0 || f.Credential != use.Client.Thumbprint() {
		return "", fault.New(fault.CodeRedeemed)
	}
	return s.text(f, 1)
}

// CheckVerifier proves that whoever redeems a code also began the request
// (RFC 7636; rows R31 and R32).
func (g Grant) CheckVerifier(verifier string) error {
	switch {
	case g.Challenge == "" && verifier == "":
		return nil
	case g.Challenge == "":
		return fault.New(fault.VerifierMismatch, "rule", "no code_verifier when the request had no code_challenge")
	case verifier == "":
		return fault.New(fault.VerifierMissing, "parameter", "code_verifier")
	case len(verifier) < 43 || len(verifier) > 128:
		return fault.New(fault.VerifierSize, "parameter", "code_verifier", "rule", "43 to 128 characters")
	}
	proof := verifier
	if g.ChallengeMethod == "S256" {
		sum := sha256.Sum256([]byte(verifier))
		proof = base64.RawURLEncoding.EncodeToString(sum[:])
	}
	if subtle.ConstantTimeCompare([]byte(proof), []byte(g.Challenge)) != 1 {
		return fault.New(fault.VerifierMismatch, "parameter", "code_verifier")
	}
	return nil
}

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
