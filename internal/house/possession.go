package house

import (
	"net/http"
	"strings"

	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/token"
)

// possessed reads the scheme DPoP for all of our resources in one place
// (RFC 9449 7): the proof is checked here, and what it proves goes with the
// request to where the token is verified. The answer brings a nonce for the next
// proof (RFC 9449 9).
func (h *House) possessed(answer http.Header, r *http.Request) *http.Request {
	sent := r.Header.Values("Authorization")
	if len(sent) != 1 {
		return r
	}
	scheme, raw, _ := strings.Cut(sent[0], " ")
	raw = strings.TrimSpace(raw)
	if !strings.EqualFold(scheme, "DPoP") || raw == "" {
		return r
	}
	answer.Set("DPoP-Nonce", h.Proofs.Nonce())
	var jkt string
	var err error
	if proofs := r.Header.Values("DPoP"); len(proofs) == 1 {
		jkt, err = h.Proofs.Check(proofs[0], r.Method, strings.TrimSuffix(h.Origin, "/")+r.URL.Path, raw)
	} else {
		err = fault.New(fault.ProofInvalid, "rule", "one DPoP header")
	}
	r = r.Clone(token.WithProof(r.Context(), jkt, err))
	r.Header.Set("Authorization", "Bearer "+raw)
	return r
}
