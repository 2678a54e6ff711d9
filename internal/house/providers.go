package house

import (
	"context"

	"github.com/entente-id/entente/internal/federation"
	"github.com/entente-id/entente/internal/signin"
	"github.com/entente-id/entente/internal/tenant"
)

// providers lets the journey speak to organisations' own sign-ins.
func (h *House) providers() signin.Providers {
	asked := func(a signin.UpstreamAsk) federation.Ask {
		return federation.Ask{
			State: a.State, Nonce: a.Nonce, Verifier: a.Verifier, LoginHint: a.LoginHint,
			Fresh: a.Fresh, At: a.At, SecondFactor: a.SecondFactor,
		}
	}
	return signin.Providers{
		Begin: func(ctx context.Context, home tenant.Tenant, a signin.UpstreamAsk) (string, error) {
			return h.Upstreams.Begin(ctx, home, asked(a))
		},
		Finish: func(ctx context.Context, home tenant.Tenant, a signin.UpstreamAsk, answer signin.UpstreamAnswer) (signin.UpstreamProof, error) {
			p, err := h.Upstreams.Finish(ctx, home, asked(a), federation.Answer(answer))
			return signin.UpstreamProof(p), err
		},
	}
}
