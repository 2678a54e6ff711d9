package token

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/entente-id/entente/internal/id"
	"github.com/google/uuid"
)

// behind is what stands behind a person's access token. It travels sealed in
// the aio claim, which is the issuer's own by its definition
// (identity-platform.md 3.1): so a token can be traded for one of another
// resource and be taken back, although nothing of it was stored, and a
// partner's person is known by their id at home, which the token does not say.
type behind struct {
	Home    id.Tenant
	Account id.Object
	// AuthAt and FactorAt are exact, so that a revocation within the second of
	// a sign-in is told from one after it.
	AuthAt, FactorAt time.Time
	// Family is the refresh family that was given with the token, "" for none.
	Family string
	// Code is the digest of the code that was redeemed for the token, where no
	// family came with it, "" for none.
	Code    string
	Methods []string
}

// behindBytes is the fixed part: a version, three GUIDs and two instants in
// microseconds. The digest of a code follows in the second version, and the
// methods as text in both.
const (
	behindBytes = 1 + 3*16 + 2*8
	codeBytes   = sha256.Size

	withoutCode = 1
	withCode    = 2
)

var errBehind = errors.New("what stands behind the token is malformed")

func (b behind) encode() ([]byte, error) {
	out := make([]byte, 0, behindBytes+codeBytes+24)
	out = append(out, withoutCode)
	for _, text := range []string{string(b.Home), string(b.Account), b.Family} {
		var u uuid.UUID
		if text != "" {
			var err error
			if u, err = uuid.Parse(text); err != nil {
				return nil, fmt.Errorf("encode what stands behind a token: %w", err)
			}
		}
		out = append(out, u[:]...)
	}
	for _, at := range []time.Time{b.AuthAt, b.FactorAt} {
		var micros int64
		if !at.IsZero() {
			micros = at.UnixMicro()
		}
		out = binary.BigEndian.AppendUint64(out, uint64(micros))
	}
	if b.Code != "" {
		code, err := base64.RawURLEncoding.DecodeString(b.Code)
		if err != nil || len(code) != codeBytes {
			return nil, fmt.Errorf("encode what stands behind a token: %w", errBehind)
		}
		out[0] = withCode
		out = append(out, code...)
	}
	return append(out, strings.Join(b.Methods, " ")...), nil
}

func decodeBehind(raw []byte) (behind, error) {
	if len(raw) < behindBytes || raw[0] != withoutCode && raw[0] != withCode {
		return behind{}, errBehind
	}
	code, methods := "", raw[behindBytes:]
	if raw[0] == withCode {
		if len(methods) < codeBytes {
			return behind{}, errBehind
		}
		code, methods = base64.RawURLEncoding.EncodeToString(methods[:codeBytes]), methods[codeBytes:]
	}
	var guids [3]string
	for i := range guids {
		if u := uuid.UUID(raw[1+16*i : 17+16*i]); u != uuid.Nil {
			guids[i] = u.String()
		}
	}
	var times [2]time.Time
	for i := range times {
		if micros := int64(binary.BigEndian.Uint64(raw[49+8*i:])); micros != 0 {
			times[i] = time.UnixMicro(micros).UTC()
		}
	}
	return behind{
		Home: id.Tenant(guids[0]), Account: id.Object(guids[1]), Family: guids[2], Code: code,
		AuthAt: times[0], FactorAt: times[1], Methods: strings.Fields(string(methods)),
	}, nil
}

// seal writes what stands behind a token for its aio claim.
func (i *Issuer) seal(b behind) (string, error) {
	plain, err := b.encode()
	if err != nil {
		return "", err
	}
	return i.behind.SealText(plain, "")
}

// unseal reads the aio claim of a person's token of ours.
func (i *Issuer) unseal(c tokenClaims) (behind, error) {
	plain, err := i.behind.OpenText(c.Opaque, "")
	if err != nil {
		return behind{}, invalid("a token made by this authority as it is now").Because(err)
	}
	b, err := decodeBehind(plain)
	if err != nil {
		return b, invalid("a token made by this authority as it is now").Because(err)
	}
	return b, nil
}
