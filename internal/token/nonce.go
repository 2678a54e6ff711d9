package token

import (
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"time"
)

// A nonce of ours is text (RFC 9449 8):
//
//	base64url( instant 8 bytes | MAC 16 bytes )
//
// It says by itself when it was made, so that nothing is stored and every node
// knows those of the others. A proof that carries one is judged by it and not
// by its own clock: whoever's clock is wrong gets on, and nobody makes proofs
// today for tomorrow with it.
const (
	nonceTime = 8
	nonceMAC  = 16
	// nonceLife is no longer than proofs that were seen are remembered.
	nonceLife = proofAge
)

// Nonce makes one, for the answer to a request that brought a proof.
func (p *Proofs) Nonce() string {
	at := binary.BigEndian.AppendUint64(nil, uint64(p.source.Now().Unix()))
	return base64.RawURLEncoding.EncodeToString(append(at, p.mark(at)...))
}

func (p *Proofs) mark(at []byte) []byte { return p.nonces.MAC(at)[:nonceMAC] }

// current reports whether a nonce is one of ours that was made just now.
func (p *Proofs) current(nonce string, now time.Time) bool {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(nonce)
	if err != nil || len(raw) != nonceTime+nonceMAC {
		return false
	}
	at := raw[:nonceTime]
	if subtle.ConstantTimeCompare(raw[nonceTime:], p.mark(at)) != 1 {
		return false
	}
	age := now.Sub(time.Unix(int64(binary.BigEndian.Uint64(at)), 0))
	// Another node's clock may be a little fast.
	return age >= -proofAhead && age <= nonceLife
}
