package oauth

import (
	"net/http"

	"github.com/entente-id/entente/internal/dialect"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/signin"
)

// revoke serves token revocation (RFC 7009): the client that a refresh token
// was made for ends its whole family. A broker does so when it notices that
// somebody else has used its token.
func (e *Edge) revoke(w http.ResponseWriter, r *http.Request, c dialect.Call) {
	about := signin.About{Step: "revoke", CorrelationID: c.Correlation, TraceID: c.Trace}
	if err := e.endFamily(w, r, c, &about); err != nil {
		e.speaker.Fail(w, r, c, err, about)
		return
	}
	dialect.NoStore(w.Header())
	w.WriteHeader(http.StatusOK)
}

func (e *Edge) endFamily(w http.ResponseWriter, r *http.Request, c dialect.Call, about *signin.About) error {
	x := exchange{Call: c}
	var err error
	if x.form, err = dialect.Body(w, r); err != nil {
		return err
	}
	if x.authority, err = e.rooms.Tenants.Authority(r.Context(), c.Segment); err != nil {
		return err
	}
	about.Tenant = x.authority.Tenant.ID
	proof, err := e.proof(r, x)
	if err != nil {
		return err
	}
	about.App = proof.App
	if x.client, err = e.rooms.Apps.Authenticate(r.Context(), proof); err != nil {
		return err
	}
	text, err := x.form.Need("token")
	if err != nil {
		return err
	}
	held, err := e.rooms.Families.Find(r.Context(), text, proof.App)
	if f := fault.Of(err); err != nil && fault.Describe(f.Code).Kind == fault.Grant && f.Code != fault.GrantOtherClient {
		// What does not live any more is as good as revoked (RFC 7009 2.2).
		return nil
	}
	if err != nil {
		return err
	}
	return e.rooms.Families.End(r.Context(), held)
}
