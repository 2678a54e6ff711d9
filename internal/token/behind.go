package token

import (
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
	Family  string
	Methods []string
}

// behindBytes is the fixed part: a version, three GUIDs and two instants in
// microseconds. The methods follow as text.
const behindBytes = 1 + 3*16 + 2*8

const behindVersion = 1

var errBehind = errors.New("what stands behind the token is malformed")

func (b behind) encode() ([]byte, error) {
	out := make([]byte, 0, behindBytes+24)
	out = append(out, behindVersion)
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
	return append(out, strings.Join(b.Methods, " ")...), nil
}

func decodeBehind(raw []byte) (behind, error) {
	if len(raw) < behindBytes || raw[0] != behindVersion {
		return behind{}, errBehind
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
		Home: id.Tenant(guids[0]), Account: id.Object(guids[1]), Family: guids[2],
		AuthAt: times[0], FactorAt: times[1], Methods: strings.Fields(string(raw[behindBytes:])),
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
