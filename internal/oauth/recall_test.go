package oauth_test

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/entente-id/entente/ententetest"
	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/devworld"
	"github.com/entente-id/entente/internal/fault"
)

// capable is what a client sends that understands claims challenges.
const capable = `{"access_token":{"xms_cc":{"values":["CP1"]}}}`

// TestAResourceRefusesWhatWasTakenBackWithinSeconds is claims challenge and
// continuous evaluation (identity-platform.md 7.6; rows R90 and R131).
func TestAResourceRefusesWhatWasTakenBackWithinSeconds(t *testing.T) {
	for name, end := range map[string]func(desk, map[string]any, *clock){
		"sessions ended": func(d desk, _ map[string]any, c *clock) {
			d.change(ententetest.Ada, func(a *account.Account) { a.SessionsFrom = c.Now().Add(time.Second) })
		},
		"account switched off": func(d desk, _ map[string]any, _ *clock) {
			d.change(ententetest.Ada, func(a *account.Account) { a.Disabled = true })
		},
		"app switched off": func(d desk, _ map[string]any, _ *clock) {
			app, err := d.w.Inside().Apps.OwnedBy(d.Context(), devworld.Northwind, devworld.Portal)
			if err != nil {
				d.Fatal(err)
			}
			app.Application.Disabled = true
			if err := d.w.Inside().Apps.Save(d.Context(), app.Application, app.Credentials); err != nil {
				d.Fatal(err)
			}
		},
		"refresh token revoked": func(d desk, got map[string]any, _ *clock) {
			status, answer := postForm(d.T, d.w, "/"+ententetest.Northwind+"/oauth2/v2.0/revoke", url.Values{
				"client_id": {ententetest.PortalApp}, "client_secret": {ententetest.PortalSecret}, "token": {text(got, "refresh_token")},
			})
			if status != http.StatusOK {
				d.Fatalf("revoke: %d %v", status, answer)
			}
		},
		"consent withdrawn": func(d desk, _ map[string]any, _ *clock) {
			by := audit.Caller{Tenant: devworld.Northwind, Home: devworld.Northwind, Account: "b0000000-0000-4000-8000-000000000001"}
			if err := d.w.Inside().Consents.Withdraw(d.Context(), by, devworld.Portal, false); err != nil {
				d.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			d, c := clockedDesk(t)
			code := d.signIn().Get("code")
			status, got := d.redeem(code, "claims", capable)
			if status != http.StatusOK {
				t.Fatalf("redeem: %d %v", status, got)
			}
			life, half := got["expires_in"].(float64), got["refresh_in"]
			if life < 24*3600 || life > 28*3600 || half != float64(int(life)/2) {
				t.Errorf("the token lives %v s and is renewed after %v s", life, half)
			}
			long := text(got, "access_token")
			status, plain := d.refresh(text(got, "refresh_token"))
			if status != http.StatusOK || plain["refresh_in"] != nil || plain["expires_in"].(float64) > 90*60 {
				t.Fatalf("a token of a client that cannot: %d %v", status, plain)
			}
			c.pass(20 * time.Minute)
			for _, token := range []string{long, text(plain, "access_token")} {
				if status, me := bearer(t, d.w, token, "/v1.0/me"); status != http.StatusOK {
					t.Fatalf("before: %d %v", status, me)
				}
			}
			end(d, got, c)
			c.pass(5 * time.Second)
			for _, path := range []string{"/v1.0/me", "/v1.0/organization"} {
				status, challenge, _ := challenged(t, d.w, long, path)
				_, rest, _ := strings.Cut(challenge, `claims="`)
				claims, err := base64.StdEncoding.DecodeString(strings.Split(rest+`"`, `"`)[0])
				if status != http.StatusUnauthorized || !strings.Contains(challenge, `error="insufficient_claims"`) || err != nil ||
					!strings.HasPrefix(string(claims), `{"access_token":{"nbf":{"essential":true,"value":"`) {
					t.Errorf("%s: %d %s", path, status, challenge)
				}
			}
			status, challenge, _ := challenged(t, d.w, text(plain, "access_token"), "/v1.0/me")
			if name == "consent withdrawn" {
				// A token of an hour ends by itself (identity-platform.md 6.2).
				if status != http.StatusOK {
					t.Errorf("a short token: %d", status)
				}
			} else if status != http.StatusUnauthorized || strings.Contains(challenge, "claims=") || !strings.Contains(challenge, `error="invalid_token"`) {
				t.Errorf("a client that cannot understand it: %d %s", status, challenge)
			}
		})
	}
}

func TestASignInThatIsOlderThanTheClaimsAllowGivesNoToken(t *testing.T) {
	d, c := clockedDesk(t)
	got := d.tokens()
	c.pass(time.Hour)
	newer := `{"access_token":{"nbf":{"essential":true,"value":"` + jsonNumber(fault.Code(c.Now().Add(-time.Minute).Unix())) + `"}}}`
	status, refused := d.refresh(text(got, "refresh_token"), "claims", newer)
	d.refused("an old session", fault.NewerSignIn, status, refused)
	if refused["error"] != "interaction_required" || text(refused, "claims") != newer {
		t.Errorf("the client hears %v with %v", refused["error"], refused["claims"])
	}
	if loc := d.get(d.authorize("claims", newer, "prompt", "none")).header.Get("Location"); !strings.Contains(loc, "error=login_required") {
		t.Errorf("the browser's old session answers %s", loc)
	}
	status, again := d.redeem(d.signIn("claims", newer).Get("code"), "claims", newer)
	if status != http.StatusOK {
		t.Errorf("after a new sign-in: %d %v", status, again)
	}
	status, refused = d.refresh(text(again, "refresh_token"), "claims", `{"access_token":{"nbf":{"essential":true,"value":"soon"}}}`)
	d.refused("an instant that is none", fault.RequestMalformed, status, refused)
}

func TestARightInAnotherOrganisationIsNotKeptForADay(t *testing.T) {
	d := newDesk(t, ententetest.Options{})
	got := d.tokens()
	status, at := postForm(t, d.w, "/adatum.example/oauth2/v2.0/token", url.Values{
		"grant_type": {"refresh_token"}, "refresh_token": {text(got, "refresh_token")}, "scope": {"https://graph.microsoft.com/.default"},
		"client_id": {ententetest.PortalApp}, "client_secret": {ententetest.PortalSecret}, "claims": {capable},
	})
	if status != http.StatusOK || at["expires_in"].(float64) > 90*60 || at["refresh_in"] != nil {
		t.Errorf("%d %v", status, at)
	}
	if status, organisation := bearer(t, d.w, text(at, "access_token"), "/v1.0/organization"); status != http.StatusOK {
		t.Errorf("Graph of the customer: %d %v", status, organisation)
	}
}
