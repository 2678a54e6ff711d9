package oauth

import (
	"crypto/subtle"
	"net/http"

	"github.com/entente-id/entente/internal/dialect"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/token"
)

// possession is the key that a client proves to hold at one of our addresses,
// "" when it sends no proof (RFC 9449 5). The answer brings a nonce for the next
// one, whatever else it is (RFC 9449 8); clients that do not know of nonces go
// on without.
func (e *Edge) possession(w http.ResponseWriter, r *http.Request) (string, error) {
	sent := r.Header.Values("DPoP")
	if len(sent) == 0 {
		return "", nil
	}
	w.Header().Set(nonceHeader, e.rooms.Proofs.Nonce())
	if len(sent) == 1 {
		return e.rooms.Proofs.Check(sent[0], r.Method, e.speaker.Origin()+r.URL.Path, "")
	}
	return "", fault.New(fault.ProofInvalid, "rule", "one DPoP header")
}

const nonceHeader = "DPoP-Nonce"

// holds binds what a person's grant gives to the key of the request. A public
// client has nothing else to prove itself by, so its refresh tokens are bound
// too; a confidential one can change its key (RFC 9449 5; row R78).
func (x exchange) holds(g *token.Grant) error {
	if g.JKT != "" && subtle.ConstantTimeCompare([]byte(g.JKT), []byte(x.jkt)) != 1 {
		return fault.New(fault.GrantOtherKey)
	}
	g.JKT = ""
	if !x.client.Confidential() {
		g.JKT = x.jkt
	}
	return nil
}

// readThumbprint reads the key that a code shall be bound to.
func readThumbprint(p dialect.Form) (string, error) {
	jkt := p.Get("dpop_jkt")
	if jkt != "" && !token.IsThumbprint(jkt) {
		return "", fault.New(fault.RequestMalformed, "parameter", "dpop_jkt", "rule", "a SHA-256 thumbprint in base64url, 43 characters")
	}
	return jkt, nil
}
