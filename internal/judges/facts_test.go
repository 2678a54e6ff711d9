package judges_test

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/entente-id/entente/ententetest"
	"github.com/entente-id/entente/internal/judges"
)

// rules are facts of the wire that break the named clients when they are not
// so (identity-platform.md 0), and that no client above shows by itself.
var rules = judges.Client{Name: "Rules that clients rely on", Source: "Single facts of the wire, each of which breaks a known client when it is not so"}

func TestTheAuthorityIsNamedAsClientsExpect(t *testing.T) {
	w := ententetest.Start(t)
	ledger.Judge(t, rules, "3: the issuer is the tenant's id by whatever name it is asked, and a template on the generic names", "", func(t *testing.T) {
		for segment, issuer := range map[string]string{
			ententetest.Northwind: ententetest.Northwind, "northwind.example": ententetest.Northwind, "NORTHWIND.Example": ententetest.Northwind,
			"common": "{tenantid}", "organizations": "{tenantid}", "consumers": "9188040d-6c67-4c5b-b112-36a304b66dad",
		} {
			v2 := get(t, w, "/"+segment+"/v2.0/.well-known/openid-configuration").must(t, http.StatusOK)
			if got := v2.text(t, "issuer"); got != w.Origin+"/"+issuer+"/v2.0" {
				t.Errorf("%s: the v2 issuer is %s", segment, got)
			}
			v1 := get(t, w, "/"+segment+"/.well-known/openid-configuration").must(t, http.StatusOK)
			if got := v1.text(t, "issuer"); got != "https://sts.windows.net/"+issuer+"/" {
				t.Errorf("%s: the v1 issuer is %s", segment, got)
			}
		}
	})
	ledger.Judge(t, rules, "5: a tenant's id and domain in any letter case", "", func(t *testing.T) {
		for _, segment := range []string{strings.ToUpper(ententetest.Northwind), "Northwind.EXAMPLE"} {
			post(t, w, "/"+segment+"/oauth2/v2.0/token", portal("grant_type", "client_credentials", "scope", graph+"/.default")).must(t, http.StatusOK)
		}
		for _, segment := range []string{"COMMON", "Organizations", "Consumers"} {
			get(t, w, "/"+segment+"/v2.0/.well-known/openid-configuration").must(t, http.StatusOK)
		}
	})
	ledger.Judge(t, rules, "6: letter case, doubled slashes, a trailing slash and a bare question mark, without a redirect", "", func(t *testing.T) {
		form := portal("grant_type", "client_credentials", "resource", graph)
		for _, path := range []string{"/OAuth2/Token", "//oauth2//token", "/oauth2/token/", "/oauth2/token?"} {
			post(t, w, "/"+ententetest.Northwind+path, form).must(t, http.StatusOK)
		}
		for _, path := range []string{
			"/common//v2.0/.well-known/openid-configuration", "//common/v2.0/.well-known/openid-configuration?", "/common/V2.0/.Well-Known/OpenID-Configuration/",
			"/common/UserRealm/" + ententetest.Ada + "?api-version=1.0", "/common/userrealm/" + ententetest.Ada,
		} {
			get(t, w, path).must(t, http.StatusOK)
		}
	})
	ledger.Judge(t, rules, "8: instance discovery keeps the tenant of the question", "", func(t *testing.T) {
		for _, tenant := range []string{ententetest.Northwind, "northwind.example", "organizations"} {
			asked := url.Values{"api-version": {"1.1"}, "authorization_endpoint": {w.Origin + "/" + tenant + "/oauth2/v2.0/authorize"}}
			answer := get(t, w, "/common/discovery/instance?"+asked.Encode()).must(t, http.StatusOK)
			if got := answer.text(t, "tenant_discovery_endpoint"); got != w.Origin+"/"+tenant+"/v2.0/.well-known/openid-configuration" {
				t.Errorf("%s: %s", tenant, got)
			}
			if !strings.Contains(string(answer.raw), `"aliases":["`+strings.TrimPrefix(w.Origin, "https://")+`"]`) {
				t.Errorf("the port is lost: %s", answer.raw)
			}
		}
	})
	ledger.Judge(t, rules, "26: every published key has kid equal to x5t, and x5c, n, e, use and issuer", "RS256 and ES256 keys are published; Microsoft has RS256 alone", func(t *testing.T) {
		for segment, issuer := range map[string]string{ententetest.Northwind: "{tenantid}", "common": "{tenantid}", "consumers": "9188040d-6c67-4c5b-b112-36a304b66dad"} {
			document := get(t, w, "/"+segment+"/discovery/v2.0/keys").must(t, http.StatusOK)
			keys, _ := document.body["keys"].([]any)
			bound := false
			for _, k := range keys {
				key, _ := k.(map[string]any)
				for _, name := range []string{"kid", "use", "kty", "issuer", "x5c"} {
					if key[name] == nil {
						t.Errorf("%s: a key without %s: %v", segment, name, key)
					}
				}
				if key["kid"] != key["x5t"] {
					t.Errorf("%s: kid %v and x5t %v", segment, key["kid"], key["x5t"])
				}
				if key["kty"] == "RSA" && (key["n"] == nil || key["e"] == nil) {
					t.Errorf("%s: an RSA key without n or e", segment)
				}
				bound = bound || key["issuer"] == w.Origin+"/"+issuer+"/v2.0"
			}
			if !bound {
				t.Errorf("%s: no key is bound to %s: %s", segment, issuer, document.raw)
			}
		}
	})
}

func TestApplicationsMayAskInEverySpelling(t *testing.T) {
	w := ententetest.Start(t)
	token := "/" + ententetest.Northwind + "/oauth2/v2.0/token"
	ledger.Judge(t, rules, "12: client credentials beside OpenID scopes bring an access token and nothing else", "", func(t *testing.T) {
		got := post(t, w, token, portal("grant_type", "client_credentials", "scope", "openid offline_access profile "+graph+"/.default")).must(t, http.StatusOK)
		if want := []string{"access_token", "expires_in", "ext_expires_in", "token_type"}; !slices.Equal(got.keys(), want) {
			t.Errorf("the answer has %q", got.keys())
		}
	})
	ledger.Judge(t, rules, "17: client assertions in PS256 and RS256, by either thumbprint in either base64, with times as floats or missing", "", func(t *testing.T) {
		base := nightly(t, w)
		std, plain := base64.StdEncoding.EncodeToString, base64.RawURLEncoding.EncodeToString
		x5t := base.sha1()
		x5tS256, err := base64.RawURLEncoding.DecodeString(base.thumbprint)
		if err != nil {
			t.Fatal(err)
		}
		now := float64(time.Now().UnixMilli()) / 1000
		for name, c := range map[string]struct {
			s       signer
			changed map[string]any
		}{
			"MSAL Go":     {signer{base.certificate, base.key, jose.PS256, "x5t#S256", std(x5tS256)}, nil},
			"MSAL Node":   {signer{base.certificate, base.key, jose.RS256, "x5t", plain(x5t)}, nil},
			"MSAL Python": {signer{base.certificate, base.key, jose.RS256, "x5t", std(x5t)}, map[string]any{"nbf": nil, "iat": now, "exp": now + 600.25}},
			"no start":    {base, map[string]any{"nbf": nil}},
		} {
			changed := map[string]any{"aud": w.Origin + token}
			for k, v := range c.changed {
				changed[k] = v
			}
			if got := byAssertion(t, w, token, c.s.assert(t, changed)); got.status != http.StatusOK {
				t.Errorf("%s: %s", name, got.raw)
			}
		}
	})
	ledger.Judge(t, rules, "18: one assertion serves again", "one use is an option of an application", func(t *testing.T) {
		assertion := nightly(t, w).assert(t, map[string]any{"aud": w.Origin + token})
		for range 2 {
			byAssertion(t, w, token, assertion).must(t, http.StatusOK)
		}
	})
	ledger.Judge(t, rules, "19: an assertion's audience is the endpoint, its v1 or v2 sibling or the issuer, by id or by domain, and nothing else", "", func(t *testing.T) {
		for _, name := range []string{ententetest.Northwind, "northwind.example"} {
			for _, aud := range []string{"/oauth2/v2.0/token", "/oauth2/token", "/v2.0"} {
				assertion := nightly(t, w).assert(t, map[string]any{"aud": w.Origin + "/" + name + aud})
				if got := byAssertion(t, w, token, assertion); got.status != http.StatusOK {
					t.Errorf("%s%s: %s", name, aud, got.raw)
				}
			}
		}
		for _, aud := range []string{"https://login.microsoftonline.com/" + ententetest.Northwind + "/oauth2/v2.0/token", w.Origin + "/" + ententetest.Adatum + "/oauth2/v2.0/token", w.Origin} {
			if got := byAssertion(t, w, token, nightly(t, w).assert(t, map[string]any{"aud": aud})); got.status != http.StatusUnauthorized || got.code(t) != 700023 {
				t.Errorf("%s: %d %s", aud, got.status, got.raw)
			}
		}
	})
	ledger.Judge(t, rules, "20: HTTP Basic with form-encoded parts and no client_id in the body", "", func(t *testing.T) {
		// Encoders may escape what need not be: here every hyphen is.
		basic := base64.StdEncoding.EncodeToString([]byte(strings.ReplaceAll(ententetest.PortalApp+":"+ententetest.PortalSecret, "-", "%2D")))
		form := url.Values{"grant_type": {"client_credentials"}, "scope": {graph + "/.default"}}
		post(t, w, token, form, "Authorization", "Basic "+basic).must(t, http.StatusOK)
		refused := post(t, w, token, form, "Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(ententetest.PortalApp+":wrong%20one"))).must(t, http.StatusUnauthorized)
		if refused.header.Get("WWW-Authenticate") == "" {
			t.Error("a refused Basic has no challenge (RFC 6749 5.2)")
		}
	})
	ledger.Judge(t, rules, "21: parameters that nobody knows are ignored", "", func(t *testing.T) {
		form := portal("grant_type", "client_credentials", "scope", graph+"/.default", "client_info", "1", "clidata", "1",
			"x-client-SKU", "MSAL.x", "x-ms-lib-capability", "retry-after, h429", "x-client-current-telemetry", "5|1,0,,,|,", "X-AnchorMailbox", "Oid:"+adaID+"@"+ententetest.Northwind,
			"ccs-routing-hint", "x", "claims", `{"access_token":{"xms_cc":{"values":["CP1"]}}}`)
		form["unknown"] = []string{"1", "2"}
		post(t, w, token, form).must(t, http.StatusOK)
	})
}

func byAssertion(t *testing.T, w *ententetest.World, path, assertion string) reply {
	t.Helper()
	return post(t, w, path, url.Values{
		"client_id": {ententetest.NightlyApp}, "scope": {graph + "/.default"}, "grant_type": {"client_credentials"},
		"client_assertion_type": {assertionKind}, "client_assertion": {assertion},
	})
}

func TestAPersonsTokensAreAnsweredAsClientsExpect(t *testing.T) {
	w := ententetest.Start(t)
	const redirect = judges.Redirect
	ada := w.Visitor(ententetest.Ada)
	// MSAL packs JSON into the state, up to several kilobytes of it.
	state := `{"id":"` + strings.Repeat("é&=+%/ ", 400) + `"}|tail`
	sign := func(t *testing.T, version string) url.Values {
		query := url.Values{"client_id": {ententetest.PortalApp}, "response_type": {"code"}, "redirect_uri": {redirect}, "state": {state}, "nonce": {"nonce" + version},
			"scope": {graph + "/User.Read offline_access openid profile"}, "client_info": {"1"}, "login_hint": {ententetest.Ada}}
		return signIn(t, ada, w.Origin+"/common/oauth2"+version+"/authorize?"+query.Encode(), redirect)
	}
	var v1, v2 reply
	ledger.Judge(t, rules, "24: state comes back unchanged and nonce in the ID token, at v1 and v2", "", func(t *testing.T) {
		for version, answer := range map[string]*reply{"": &v1, "/v2.0": &v2} {
			arrived := sign(t, version)
			if arrived.Get("state") != state {
				t.Errorf("%q: state came back as %d bytes", version, len(arrived.Get("state")))
			}
			*answer = post(t, w, "/common/oauth2"+version+"/token", portal("grant_type", "authorization_code", "code", arrived.Get("code"), "redirect_uri", redirect, "client_info", "1")).must(t, http.StatusOK)
			expect(t, "ID token", claimsOf(t, answer.text(t, "id_token")), map[string]any{"nonce": "nonce" + version})
		}
	})
	if v1.body == nil || v2.body == nil {
		t.FailNow()
	}
	ledger.Judge(t, rules, "11: scope comes back as it was typed, .default and letter case included", "", func(t *testing.T) {
		for _, typed := range []string{"https://graph.microsoft.com/User.Read", "https://graph.microsoft.com/user.read", "https://graph.microsoft.com/.default", "User.Read", graphApp + "/.default"} {
			got := refresh(t, w, v2, typed+" openid profile offline_access")
			if !slices.Contains(strings.Fields(got.text(t, "scope")), typed) {
				t.Errorf("asked for %q, got %q", typed, got.text(t, "scope"))
			}
		}
	})
	ledger.Judge(t, rules, "22: client_info names the home account, also in a customer's tenant", "", func(t *testing.T) {
		there := post(t, w, "/"+ententetest.Adatum+"/oauth2/v2.0/token", portal("grant_type", "refresh_token", "refresh_token", v2.text(t, "refresh_token"), "scope", graph+"/.default openid", "client_info", "1")).must(t, http.StatusOK)
		for name, r := range map[string]reply{"at home": v2, "at the customer": there} {
			raw, err := base64.RawURLEncoding.DecodeString(r.text(t, "client_info"))
			if want := `{"uid":"` + adaID + `","utid":"` + ententetest.Northwind + `"}`; err != nil || string(raw) != want {
				t.Errorf("%s: %s %v", name, raw, err)
			}
		}
		unasked := post(t, w, "/common/oauth2/v2.0/token", portal("grant_type", "refresh_token", "refresh_token", v2.text(t, "refresh_token"), "scope", graph+"/.default")).must(t, http.StatusOK)
		if unasked.body["client_info"] != nil {
			t.Error("it came unasked")
		}
	})
	ledger.Judge(t, rules, "23: an ID token with every answer to a person's grant, on refresh too", "", func(t *testing.T) {
		refresh(t, w, v2, graph+"/.default openid profile offline_access").text(t, "id_token")
		post(t, w, "/common/oauth2/token", portal("grant_type", "refresh_token", "refresh_token", v1.text(t, "refresh_token"), "resource", graph)).must(t, http.StatusOK).text(t, "id_token")
	})
	ledger.Judge(t, rules, "25: numbers are strings at v1 and numbers at v2; the token type is Bearer", "", func(t *testing.T) {
		for _, name := range []string{"expires_in", "ext_expires_in", "expires_on", "not_before"} {
			number(t, v1, name)
		}
		for _, name := range []string{"expires_in", "ext_expires_in"} {
			if _, ok := v2.body[name].(float64); !ok {
				t.Errorf("%s at v2 is %v", name, v2.body[name])
			}
		}
		if v1.text(t, "token_type") != "Bearer" || v2.text(t, "token_type") != "Bearer" {
			t.Error("the token type is not Bearer")
		}
	})
	ledger.Judge(t, rules, "1.5: v1 tokens carry kid and x5t, v2 tokens kid alone", "", func(t *testing.T) {
		if h := headerOf(t, v1.text(t, "access_token")); h["kid"] == nil || h["kid"] != h["x5t"] {
			t.Errorf("the v1 header is %v", h)
		}
		if h := headerOf(t, v2.text(t, "id_token")); h["kid"] == nil || h["x5t"] != nil {
			t.Errorf("the v2 header is %v", h)
		}
	})
	ledger.Judge(t, rules, "28: prompt=none never ends on a page", "", func(t *testing.T) {
		answer, err := w.Visitor(ententetest.Ada).SignIn(t.Context(), w.Origin+"/common/oauth2/v2.0/authorize?"+url.Values{
			"client_id": {ententetest.PortalApp}, "response_type": {"code"}, "redirect_uri": {redirect}, "scope": {"openid"}, "prompt": {"none"}, "state": {state},
		}.Encode(), redirect)
		if err != nil || answer.Get("error") != "login_required" || answer.Get("state") != state {
			t.Errorf("%v %v", answer.Get("error"), err)
		}
	})
}

func refresh(t *testing.T, w *ententetest.World, from reply, scope string) reply {
	t.Helper()
	return post(t, w, "/common/oauth2/v2.0/token", portal("grant_type", "refresh_token", "refresh_token", from.text(t, "refresh_token"), "scope", scope)).must(t, http.StatusOK)
}
