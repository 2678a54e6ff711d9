package oauth_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/entente-id/entente/ententetest"
	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/devworld"
	"github.com/entente-id/entente/internal/fault"
)

// edit changes Portal's registration.
func (d desk) edit(change func(*application.Application)) {
	d.Helper()
	apps := d.w.Inside().Apps
	owned, err := apps.OwnedBy(d.Context(), devworld.Northwind, devworld.Portal)
	if err != nil {
		d.Fatal(err)
	}
	change(&owned.Application)
	if err := apps.Save(d.Context(), owned.Application, owned.Credentials); err != nil {
		d.Fatal(err)
	}
}

// TestAResourceCanBeNamedBesideTheScope is RFC 8707 (DESIGN 4.13).
func TestAResourceCanBeNamedBesideTheScope(t *testing.T) {
	d := service(t, ententetest.Options{})
	got := d.tokens("scope", "act offline_access", "resource", backendName)
	if claims := claimsOf(t, text(got, "access_token")); claims["aud"] != backendName || claims["scp"] != "act" || text(got, "scope") != "act" {
		t.Errorf("a permission named without its resource: %v, scope %v", claims, got["scope"])
	}
	got = d.tokens("scope", "openid", "resource", backendName)
	if claims := claimsOf(t, text(got, "access_token")); claims["aud"] != backendName || text(got, "scope") != "act openid" {
		t.Errorf("no permission named: %v, scope %v", claims, got["scope"])
	}
	address := d.w.Origin + "/v1.0"
	status, at := d.refresh(text(d.tokens(), "refresh_token"), "scope", address+"/User.Read", "resource", address)
	if status != http.StatusOK {
		t.Fatalf("a resource by its address: %d %v", status, at)
	}
	if status, me := bearer(t, d.w, text(at, "access_token"), "/v1.0/me"); status != http.StatusOK {
		t.Errorf("Graph by its address: %d %v", status, me)
	}
	status, alone := d.token("grant_type", "client_credentials", "resource", backendName)
	if status != http.StatusOK || claimsOf(t, text(alone, "access_token"))["aud"] != backendName {
		t.Errorf("an application alone: %d %v", status, alone)
	}
	refresh := text(d.tokens(), "refresh_token")
	status, refused := d.refresh(refresh, "scope", "https://graph.microsoft.com/User.Read", "resource", backendName)
	d.refused("the scope is of another", fault.InvalidTarget, status, refused)
	if refused["error"] != "invalid_target" {
		t.Errorf("RFC 8707 calls it invalid_target, not %v", refused["error"])
	}
	status, refused = d.refresh(refresh, "resource", "https://unknown.example")
	d.refused("an unknown resource", fault.InvalidTarget, status, refused)

	d.edit(func(a *application.Application) { a.StrictMicrosoft = true })
	status, refused = d.refresh(refresh, "resource", backendName)
	d.refused("in the strict profile", fault.ResourceOnV2, status, refused)
	if loc := d.get(d.authorize("resource", backendName)).header.Get("Location"); !strings.Contains(loc, aadsts(fault.ResourceOnV2)[:len("AADSTS901002")]) {
		t.Errorf("the authorize address answers %s", loc)
	}
}

// TestAnAnswerNamesItsIssuerWhereTheAppWantsIt is RFC 9207.
func TestAnAnswerNamesItsIssuerWhereTheAppWantsIt(t *testing.T) {
	d := newDesk(t, ententetest.Options{})
	if got := d.signIn(); got.Has("iss") {
		t.Errorf("Microsoft's clients get %v", got)
	}
	document := func() map[string]any {
		_, got := document(t, d.w, "/"+ententetest.Northwind+"/v2.0/.well-known/openid-configuration?appid="+ententetest.PortalApp)
		return got
	}
	if document()["authorization_response_iss_parameter_supported"] != false {
		t.Error("the metadata promises iss")
	}
	d.edit(func(a *application.Application) { a.NamesIssuer = true })
	about := document()
	if got := d.signIn(); got.Get("iss") != about["issuer"] || about["authorization_response_iss_parameter_supported"] != true {
		t.Errorf("iss is %q, the metadata says %v", got.Get("iss"), about["issuer"])
	}
	refused, err := d.v.SignIn(t.Context(), d.authorize("response_type", "token", "response_mode", "query"), registered)
	if err != nil || refused.Get("error") == "" || refused.Get("iss") != about["issuer"] {
		t.Errorf("an error: %v, %v", refused, err)
	}
}
