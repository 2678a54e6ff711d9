package oauth

import (
	"context"
	"net/http"
	"strings"

	"github.com/entente-id/entente/internal/dialect"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/signin"
)

// revoke serves token revocation (RFC 7009): the client that a token was made
// for ends the whole refresh family behind it, and with it the access tokens of
// the family at resources that look (row R90). A broker does so when it notices
// that somebody else has used its token.
func (e *Edge) revoke(w http.ResponseWriter, r *http.Request, c dialect.Call) {
	about := signin.About{Step: "revoke", CorrelationID: c.Correlation, TraceID: c.Trace}
	x, text, err := e.asksAbout(w, r, c, &about)
	if err == nil {
		err = e.endFamily(r.Context(), x, text)
	}
	if err != nil {
		e.speaker.Fail(w, r, c, err, about)
		return
	}
	dialect.NoStore(w.Header())
	w.WriteHeader(http.StatusOK)
}

// asksAbout proves who asks about a token, and gives the token.
func (e *Edge) asksAbout(w http.ResponseWriter, r *http.Request, c dialect.Call, about *signin.About) (exchange, string, error) {
	x, err := e.asks(w, r, c, about)
	if err != nil {
		return x, "", err
	}
	text, err := x.form.Need("token")
	return x, text, err
}

// asks proves which client sent a form.
func (e *Edge) asks(w http.ResponseWriter, r *http.Request, c dialect.Call, about *signin.About) (exchange, error) {
	x := exchange{Call: c}
	var err error
	if x.form, err = dialect.Body(w, r); err != nil {
		return x, err
	}
	if x.authority, err = e.rooms.Tenants.Authority(r.Context(), c.Segment); err != nil {
		return x, err
	}
	about.Tenant = x.authority.Tenant.ID
	proof, err := e.proof(r, x)
	if err != nil {
		return x, err
	}
	about.App = proof.App
	x.client, err = e.rooms.Apps.Authenticate(r.Context(), proof)
	return x, err
}

func (e *Edge) endFamily(ctx context.Context, x exchange, text string) error {
	client := x.client.Application().App
	if strings.Count(text, ".") == 2 {
		return e.endBehind(ctx, text, client)
	}
	held, err := e.rooms.Families.Find(ctx, text, client)
	if f := fault.Of(err); err != nil && fault.Describe(f.Code).Kind == fault.Grant && f.Code != fault.GrantOtherClient {
		// What does not live any more is as good as revoked (RFC 7009 2.2).
		return nil
	}
	if err != nil {
		return err
	}
	return e.rooms.Families.End(ctx, held)
}

// endBehind ends what stands behind an access token. Where nothing does, the
// client must not believe that its token is dead now.
func (e *Edge) endBehind(ctx context.Context, text string, client id.App) error {
	found, active, err := e.rooms.Issuer.Introspect(ctx, text)
	if err != nil || !active {
		return err
	}
	ended, err := e.rooms.Families.RevokeBehind(ctx, found, client)
	if err == nil && !ended {
		return fault.New(fault.TokenUnrevocable)
	}
	return err
}
