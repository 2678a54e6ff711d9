package oauth

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/dialect"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/signin"
	"github.com/entente-id/entente/internal/token"
)

// logout serves RP-initiated logout. Without a hint that proves the request
// comes from an application the person is signed in to, a page asks first, and
// nobody is sent to an address that is not registered (rows R121 to R123).
func (e *Edge) logout(w http.ResponseWriter, r *http.Request, c dialect.Call) {
	about := signin.About{Step: "sign-out"}
	p, err := dialect.Query(r)
	if r.Method == http.MethodPost {
		p, err = dialect.Body(w, r)
	}
	if err != nil {
		e.speaker.Fail(w, r, c, err, about)
		return
	}
	client, hinted := id.App(strings.ToLower(p.Get("client_id"))), false
	if text := p.Get("id_token_hint"); text != "" {
		hint, err := e.rooms.Issuer.ReadHint(r.Context(), text)
		if err != nil {
			e.speaker.Fail(w, r, c, fault.New(fault.SignOutInvalid, "parameter", "id_token_hint", "rule", "an ID token of this authority").Because(err), about)
			return
		}
		if client = hint.Client; !e.mayBeHere(w, r, hint) {
			// Somebody else's token must not end this browser's session.
			e.pages.SignOut(w, r, "", false)
			return
		}
		hinted = true
	}
	back := p.Get("post_logout_redirect_uri")
	if back != "" && !e.registered(r, client, back) {
		// The sign-out itself is harmless and goes on; the address is not
		// trusted.
		back, hinted = "", false
	}
	if back != "" && p.Has("state") {
		back = withState(back, p.Get("state"))
	}
	e.pages.SignOut(w, r, back, hinted)
}

// mayBeHere: the person of a hint is signed in on this browser, or nobody is.
func (e *Edge) mayBeHere(w http.ResponseWriter, r *http.Request, hint token.Hint) bool {
	people, err := e.rooms.Journeys.SignedIn(r.Context(), e.pages.Browser(w, r))
	return err == nil && (len(people) == 0 || slices.ContainsFunc(people, func(p signin.Signed) bool {
		return e.rooms.Issuer.Subject(p.Home, p.Account, hint.Client) == hint.Subject
	}))
}

func (e *Edge) registered(r *http.Request, client id.App, address string) bool {
	if client == "" {
		return false
	}
	app, err := e.rooms.Apps.Find(r.Context(), client)
	if err != nil {
		return false
	}
	_, ok := app.MayRedirectTo(address)
	return ok
}

func withState(address, state string) string {
	separator := "?"
	if strings.Contains(address, "?") {
		separator = "&"
	}
	return address + separator + "state=" + url.QueryEscape(state)
}

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
		if code := fault.Of(err).Code; code != fault.AccessTokenMissing {
			w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
		} else {
			w.Header().Set("WWW-Authenticate", `Bearer`)
		}
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
