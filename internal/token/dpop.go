package token

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/seal"
	"github.com/go-jose/go-jose/v4"
)

// ProofAlgorithms are those by which a client proves that it holds a key
// (RFC 9449 4.3).
var ProofAlgorithms = []jose.SignatureAlgorithm{jose.ES256, jose.ES384, jose.PS256, jose.RS256, jose.EdDSA}

const (
	proofType = "dpop+jwt"
	// A proof is made for one request: it may be a minute old, and from a clock
	// that is a little fast.
	proofAge   = time.Minute
	proofAhead = 15 * time.Second
	maxProof   = 8 << 10
	maxProofID = 256
	minRSA     = 2048 / 8
	// maxProofs bounds the memory for proofs that were seen: twice so many.
	maxProofs = 50_000
)

// Proofs checks that whoever sends a request holds a key (RFC 9449). Each proof
// serves once on a node, as long as fewer than maxProofs come in its life.
type Proofs struct {
	source id.Source
	nonces *seal.Key

	mu sync.Mutex
	// seen are the proofs of this span and of the one before.
	seen, before map[[sha256.Size]byte]struct{}
	turn         time.Time
}

// NewProofs opens it.
func NewProofs(source id.Source, custody *seal.Custody) (*Proofs, error) {
	nonces, err := custody.Key("proof nonce")
	if err != nil {
		return nil, err
	}
	return &Proofs{source: source, nonces: nonces, seen: map[[sha256.Size]byte]struct{}{}, before: map[[sha256.Size]byte]struct{}{}}, nil
}

// Check gives the thumbprint of the key (RFC 7638) whose holder made a proof
// for this request: its method and address, and the access token in it, if any.
// It fails with ProofInvalid (row R77), and with ProofUntimely where only the
// time is wrong: a proof with a nonce of ours serves then.
func (p *Proofs) Check(proof, method, address, accessToken string) (string, error) {
	refuse := func(rule string) (string, error) { return "", fault.New(fault.ProofInvalid, "rule", rule) }
	if len(proof) > maxProof {
		return refuse("at most 8 KiB")
	}
	jws, err := jose.ParseSignedCompact(proof, ProofAlgorithms)
	if err != nil || len(jws.Signatures) != 1 {
		return refuse("a JWT signed with ES256, ES384, PS256, RS256 or EdDSA")
	}
	header := jws.Signatures[0].Protected
	if header.ExtraHeaders[jose.HeaderType] != proofType {
		return refuse("typ " + proofType)
	}
	key := header.JSONWebKey
	if key == nil || !key.Valid() || !key.IsPublic() || weak(key) {
		return refuse("a public jwk in its header, of 2048 bits at least for RSA")
	}
	payload, err := jws.Verify(key)
	if err != nil {
		return refuse("signed by the key in its header")
	}
	var c struct {
		ID     string  `json:"jti"`
		Method string  `json:"htm"`
		URI    string  `json:"htu"`
		Issued float64 `json:"iat"`
		Hash   string  `json:"ath"`
		Nonce  string  `json:"nonce"`
	}
	if err := json.Unmarshal(payload, &c); err != nil {
		return refuse("claims in JSON")
	}
	now := p.source.Now()
	switch {
	case c.ID == "" || len(c.ID) > maxProofID:
		return refuse("a jti of at most 256 characters")
	case c.Method != method:
		return refuse("htm " + method)
	case !sameAddress(c.URI, address):
		return refuse("htu " + address)
	case !plausible(c.Issued):
		return refuse("an iat")
	case accessToken != "" && subtle.ConstantTimeCompare([]byte(c.Hash), []byte(digest(accessToken))) != 1:
		return refuse("the ath of the access token")
	}
	// One or the other: a proof that would serve by both would serve longer than
	// it is remembered.
	timely := now.Sub(instant(c.Issued)) <= proofAge && instant(c.Issued).Sub(now) <= proofAhead
	if c.Nonce != "" {
		timely = p.current(c.Nonce, now)
	}
	if !timely {
		return "", fault.New(fault.ProofUntimely, "rule", "an iat of this minute, or the nonce of the header DPoP-Nonce")
	}
	thumbprint, err := key.Thumbprint(crypto.SHA256)
	if err != nil {
		return refuse("a jwk that has a thumbprint")
	}
	jkt := base64.RawURLEncoding.EncodeToString(thumbprint)
	if !p.first(sha256.Sum256([]byte(jkt+"\x00"+c.ID)), now) {
		return refuse("sent once")
	}
	return jkt, nil
}

func weak(key *jose.JSONWebKey) bool {
	public, ok := key.Key.(*rsa.PublicKey)
	return ok && public.Size() < minRSA
}

// sameAddress compares without query and fragment, and without escapes, which
// address has none of. Letter case does not matter in our paths, and so not
// here.
func sameAddress(said, address string) bool {
	u, err := url.Parse(said)
	return err == nil && u.User == nil && strings.EqualFold(u.Scheme+"://"+u.Host+u.Path, address)
}

// first remembers a proof and reports whether it is new. Old ones are forgotten
// by spans, each at least as long as a proof can serve.
func (p *Proofs) first(proof [sha256.Size]byte, now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if now.Sub(p.turn) > proofAge+proofAhead || len(p.seen) >= maxProofs {
		p.before, p.seen, p.turn = p.seen, map[[sha256.Size]byte]struct{}{}, now
	}
	_, seen := p.seen[proof]
	_, before := p.before[proof]
	p.seen[proof] = struct{}{}
	return !seen && !before
}

// IsThumbprint reports whether a text has the form of a key's thumbprint
// (dpop_jkt, RFC 9449 10).
func IsThumbprint(text string) bool {
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	return err == nil && len(b) == sha256.Size
}

type proofKey struct{}

// proven is what a request to one of our resources brought to prove a key.
type proven struct {
	jkt string
	err error
}

// WithProof notes for Verify that a request came by the scheme DPoP: which key
// its sender holds, or why the proof is none.
func WithProof(ctx context.Context, jkt string, err error) context.Context {
	return context.WithValue(ctx, proofKey{}, proven{jkt, err})
}

// possessed holds a token to the key that it is bound to: bound ones come by
// the scheme DPoP with a proof, others as Bearer (row R79).
func (c tokenClaims) possessed(ctx context.Context) error {
	shown, sent := ctx.Value(proofKey{}).(proven)
	switch {
	case !sent && c.Confirmation.JKT == "":
		return nil
	case !sent:
		return invalid("the scheme DPoP with a proof, because the token is bound to a key")
	case shown.err != nil:
		because := fault.Of(shown.err)
		f := invalid("a DPoP proof: " + because.Facts["rule"])
		f.Facts["proof"] = "invalid_dpop_proof"
		if because.Code == fault.ProofUntimely {
			f.Facts["proof"] = "use_dpop_nonce"
		}
		return f
	case c.Confirmation.JKT == "":
		return invalid("the scheme Bearer, because the token is bound to no key")
	case subtle.ConstantTimeCompare([]byte(shown.jkt), []byte(c.Confirmation.JKT)) != 1:
		return invalid("a DPoP proof by the key that the token is bound to")
	}
	return nil
}
