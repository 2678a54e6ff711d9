package oauth

import (
	"net/http"
	"strings"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/challenge"
	"github.com/entente-id/entente/internal/dialect"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/signin"
)

// userinfo serves the v1 address; v2's is with the directory API.
func (e *Edge) userinfo(w http.ResponseWriter, r *http.Request, c dialect.Call) {
	raw, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	caller, err := e.rooms.Issuer.Verify(r.Context(), raw)
	if err == nil && caller.AppOnly {
		err = fault.New(fault.AppOnlyRefused)
	}
	var person account.Account
	if err == nil {
		person, err = e.person(r, caller)
	}
	if err != nil {
		w.Header().Set("WWW-Authenticate", challenge.Bearer("", fault.Of(err), ""))
		e.speaker.Fail(w, r, c, err, signin.About{Step: "userinfo"})
		return
	}
	dialect.WriteJSON(w, http.StatusOK, map[string]any{
		"sub": e.rooms.Issuer.Subject(caller.Tenant, caller.Account, caller.App), "oid": string(caller.Account), "tid": string(caller.Tenant),
		"name": person.Name, "given_name": person.Given, "family_name": person.Family, "upn": person.SignInName, "unique_name": person.SignInName,
	})
}

func (e *Edge) person(r *http.Request, caller audit.Caller) (account.Account, error) {
	if caller.Home != caller.Tenant {
		return account.Account{SignInName: caller.SignInName}, nil
	}
	return e.rooms.People.Find(r.Context(), caller.Home, caller.Account)
}
