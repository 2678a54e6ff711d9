package vault

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/entente-id/entente/sam/secret"
)

// format is the version of the encoding. A reader refuses what it does not know,
// because dropping a field of a newer writer could lose a token.
const format = 1

// encodedLimit bounds what Decode reads: three tokens of a few KiB and some facts.
const encodedLimit = 256 << 10

// The stored shape, apart from Record: the names are what other programs and
// older versions find in a vault, and here alone the secrets are in clear.
type stored struct {
	Format    int           `json:"format"`
	Seq       uint64        `json:"seq"`
	Cur       heldShape     `json:"cur"`
	Prev      *heldShape    `json:"prev,omitempty"`
	Next      *heldShape    `json:"next,omitempty"`
	Intent    intentShape   `json:"intent"`
	Lease     leaseShape    `json:"lease"`
	State     State         `json:"state"`
	LastError *troubleShape `json:"last_error,omitempty"`

	Cloud      string    `json:"cloud"`
	Authority  string    `json:"authority"`
	Tenant     string    `json:"tenant"`
	ClientID   string    `json:"client_id"`
	SignInName string    `json:"sign_in_name,omitempty"`
	ObjectID   string    `json:"object_id"`
	ConsentAt  time.Time `json:"consent_at"`
	MFA        bool      `json:"mfa"`
	AMR        []string  `json:"amr,omitempty"`
}

type heldShape struct {
	RT    string    `json:"rt"`
	Key   string    `json:"key"`
	GotAt time.Time `json:"got_at"`
}

type intentShape struct {
	StartedAt time.Time `json:"started_at"`
	Attempt   int       `json:"attempt"`
}

type leaseShape struct {
	Owner string    `json:"owner,omitempty"`
	Fence uint64    `json:"fence,omitempty"`
	Until time.Time `json:"until"`
}

type troubleShape struct {
	Message   string    `json:"message,omitempty"`
	AADSTS    int       `json:"aadsts,omitempty"`
	Text      string    `json:"text,omitempty"`
	Reference string    `json:"reference,omitempty"`
	At        time.Time `json:"at"`
}

// Encode writes a record in clear, to be sealed by a vault before it is stored.
func Encode(r Record) ([]byte, error) {
	shape := stored{
		Format: format, Seq: r.Seq,
		Cur: shapeOf(r.Cur), Prev: optional(r.Prev), Next: optional(r.Next),
		Intent: intentShape(r.Intent), Lease: leaseShape(r.Lease), State: r.State,
		Cloud: r.Cloud, Authority: r.Authority, Tenant: r.Tenant, ClientID: r.ClientID,
		SignInName: r.SignInName, ObjectID: r.ObjectID, ConsentAt: r.ConsentAt, MFA: r.MFA, AMR: r.AMR,
	}
	if r.LastError != (Trouble{}) {
		shaped := troubleShape(r.LastError)
		shape.LastError = &shaped
	}
	text, err := json.Marshal(shape)
	if err != nil {
		return nil, fmt.Errorf("encode a vault record: %w", err)
	}
	if len(text) > encodedLimit {
		return nil, fmt.Errorf("encode a vault record: it is larger than %d bytes", encodedLimit)
	}
	return text, nil
}

// Decode reads what Encode wrote.
func Decode(text []byte) (Record, error) {
	if len(text) > encodedLimit {
		return Record{}, fmt.Errorf("decode a vault record: it is larger than %d bytes", encodedLimit)
	}
	var shape stored
	if err := json.Unmarshal(text, &shape); err != nil {
		// The cause may quote the text, which is secret.
		return Record{}, errors.New("decode a vault record: it is not the JSON of a record")
	}
	if shape.Format != format {
		return Record{}, fmt.Errorf("decode a vault record: format %d is not known to this version, which knows %d", shape.Format, format)
	}
	r := Record{
		Seq: shape.Seq,
		Cur: shape.Cur.held(), Prev: shape.Prev.held(), Next: shape.Next.held(),
		Intent: Intent(shape.Intent), Lease: Lease(shape.Lease), State: shape.State,
		Cloud: shape.Cloud, Authority: shape.Authority, Tenant: shape.Tenant, ClientID: shape.ClientID,
		SignInName: shape.SignInName, ObjectID: shape.ObjectID, ConsentAt: shape.ConsentAt, MFA: shape.MFA, AMR: shape.AMR,
	}
	if shape.LastError != nil {
		r.LastError = Trouble(*shape.LastError)
	}
	return r, nil
}

func shapeOf(h Held) heldShape {
	return heldShape{RT: h.RT.Reveal(), Key: h.Key.Reveal(), GotAt: h.GotAt}
}

func optional(h Held) *heldShape {
	if h.Empty() {
		return nil
	}
	shape := shapeOf(h)
	return &shape
}

func (s *heldShape) held() Held {
	if s == nil {
		return Held{}
	}
	return Held{RT: secret.New(s.RT), Key: secret.New(s.Key), GotAt: s.GotAt}
}
