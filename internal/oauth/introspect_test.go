package oauth_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/entente-id/entente/ententetest"
	"github.com/entente-id/entente/internal/devworld"
	"github.com/entente-id/entente/internal/fault"
)

// about asks one of the endpoints about a token, as the backend or as another.
func (d desk) about(endpoint, token string, who ...string) (int, map[string]any) {
	d.Helper()
	form := url.Values{"client_id": {backendApp}, "client_secret": {backendSecret}, "token": {token}}
	for i := 0; i < len(who); i += 2 {
		form.Set(who[i], who[i+1])
	}
	return postForm(d.T, d.w, "/"+ententetest.Northwind+"/oauth2/v2.0/"+endpoint, form)
}

// TestAResourceLearnsOfItsOwnTokensAlone are rows R92 and R93.
func TestAResourceLearnsOfItsOwnTokensAlone(t *testing.T) {
	d := service(t, ententetest.Options{})
	all := d.tokens("scope", backendScope+" openid offline_access")
	handed := text(all, "access_token")
	status, got := d.about("introspect", handed)
	if status != http.StatusOK || got["active"] != true || got["scope"] != "act" || got["client_id"] != ententetest.PortalApp ||
		got["username"] != ententetest.Ada || got["aud"] != backendName || got["sub"] != claimsOf(t, handed)["sub"] || got["exp"] != claimsOf(t, handed)["exp"] {
		t.Errorf("its own token: %d %v", status, got)
	}
	for name, token := range map[string]string{
		"for Graph": text(d.tokens(), "access_token"), "an ID token": text(all, "id_token"), "a refresh token": text(all, "refresh_token"), "nonsense": "x.y.z",
	} {
		if status, got := d.about("introspect", token); status != http.StatusOK || jsonOf(t, got) != `{"active":false}` {
			t.Errorf("%s: %d %v", name, status, got)
		}
	}
	if status, got := d.about("introspect", handed, "client_id", ententetest.PortalApp, "client_secret", ententetest.PortalSecret); status != http.StatusOK || jsonOf(t, got) != `{"active":false}` {
		t.Errorf("its holder asks: %d %v", status, got)
	}
	status, got = d.about("introspect", handed, "client_secret", "")
	d.refused("nobody's word", fault.CredentialMissing, status, got)
	status, got = d.about("introspect", handed, "client_id", string(devworld.Desk), "client_secret", "")
	d.refused("a public client", fault.CredentialMissing, status, got)
	status, got = d.about("introspect", "")
	d.refused("no token", fault.ParameterMissing, status, got)
}

// TestARevokedFamilyTakesItsAccessTokensWithIt are rows R89 and R90.
func TestARevokedFamilyTakesItsAccessTokensWithIt(t *testing.T) {
	c := &clock{at: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}
	d := service(t, ententetest.Options{Now: c.Now})
	portal := []string{"client_id", ententetest.PortalApp, "client_secret", ententetest.PortalSecret}
	all := d.tokens("scope", backendScope+" offline_access")
	handed := text(all, "access_token")
	status, got := d.about("revoke", handed)
	d.refused("by another client than its holder", fault.GrantOtherClient, status, got)
	if _, got := d.about("introspect", text(d.tokens("scope", backendScope+" offline_access"), "access_token")); got["active"] != true {
		t.Errorf("before: %v", got)
	}
	if status, got := d.about("revoke", handed, portal...); status != http.StatusOK {
		t.Errorf("revoke by the access token: %d %v", status, got)
	}
	c.pass(3 * time.Second)
	if _, got := d.about("introspect", handed); jsonOf(t, got) != `{"active":false}` {
		t.Errorf("after: %v", got)
	}
	status, got = d.refresh(text(all, "refresh_token"))
	d.refused("its refresh token", fault.GrantRevoked, status, got)

	short := text(d.tokens("scope", backendScope), "access_token")
	if status, got := d.about("revoke", short, portal...); status != http.StatusBadRequest || got["error"] != "unsupported_token_type" {
		t.Errorf("a token without a family: %d %v", status, got)
	}
	if status, got := d.about("revoke", "not.a.token", portal...); status != http.StatusOK {
		t.Errorf("an unknown one: %d %v", status, got)
	}
}
