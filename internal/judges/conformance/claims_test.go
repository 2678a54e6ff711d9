package conformance_test

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"time"
)

func userinfoPostHeader(r *run) {
	o := r.happy(first, r.request(first, "openid"))
	request := r.post(r.meta.UserInfo, url.Values{})
	request.Header.Set("Authorization", "Bearer "+o.access())
	r.person(o.id, r.send(request))
}

func userinfoPostBody(r *run) {
	o := r.happy(first, r.request(first, "openid"))
	r.person(o.id, r.send(r.post(r.meta.UserInfo, url.Values{"access_token": {o.access()}})))
}

// tells signs in and checks which claims userinfo has, beside sub.
func (r *run) tells(q url.Values, claims ...string) idToken {
	r.Helper()
	o := r.happy(first, q)
	said := r.userinfo(o.access())
	if names := slices.Sorted(maps.Keys(said.body)); !slices.Equal(names, slices.Sorted(slices.Values(append(claims, "sub")))) {
		r.Errorf("userinfo has %q, want %q and sub", names, claims)
	}
	return o.id
}

// repeats: the ID token carries what Microsoft's does.
func (r *run) repeats(i idToken, claims ...string) {
	r.Helper()
	for _, name := range claims {
		if text, _ := i.claims[name].(string); text == "" {
			r.Errorf("the ID token has no %s: %v", name, i.claims)
		}
	}
}

func scopeProfile(r *run) {
	r.repeats(r.tells(r.request(first, "openid profile"), "name", "given_name", "family_name"), "name", "preferred_username")
}

func scopeEmail(r *run) {
	r.repeats(r.tells(r.request(first, "openid email"), "email"), "email")
}

// withheld holds the reason why a module does not apply.
func (r *run) withheld(scope string) {
	r.Helper()
	if slices.Contains(r.meta.Scopes, scope) {
		r.Errorf("%s is offered: %q", scope, r.meta.Scopes)
	}
}

func scopeAddress(r *run) { r.withheld("address") }
func scopePhone(r *run)   { r.withheld("phone") }

func scopeAll(r *run) {
	r.withheld("address")
	r.withheld("phone")
	r.tells(r.request(first, "openid profile email"), "name", "given_name", "family_name", "email")
}

func claimsEssential(r *run) {
	r.tells(with(r.request(first, "openid"), "claims", `{"userinfo":{"name":{"essential":true}}}`), "name", "given_name", "family_name")
}

func clientSecretPost(r *run) {
	q := r.request(first, "openid")
	form := redemption(q, r.authorize(q))
	form.Set("client_id", string(first.app))
	form.Set("client_secret", first.secret)
	tokens := r.bearer(r.send(r.post(r.meta.Token, form)))
	r.person(r.verify(first, tokens, q.Get("nonce")), r.userinfo(tokens.text("access_token")))
}

func codeReuse(r *run) { r.reuse(0) }

// codeReuse30Seconds waits until no server takes the second redemption for a
// repeated first one.
func codeReuse30Seconds(r *run) { r.reuse(30 * time.Second) }

// reuse redeems twice. Everything that the first redemption got is taken back,
// with a refresh token and without.
func (r *run) reuse(pause time.Duration) {
	r.Helper()
	for _, scope := range []string{"openid", "openid offline_access"} {
		q := r.request(first, scope)
		o := r.happy(first, q)
		r.clock.wait(pause)
		r.refusedToken(r.ask(first, redemption(q, o.answer)), "invalid_grant")
		// What was taken back is known everywhere within two seconds.
		r.clock.wait(2 * time.Second)
		if p := r.userinfo(o.access()); p.status != http.StatusUnauthorized {
			r.Errorf("what the first redemption got for %q still works: %d", scope, p.status)
		}
		if scope == "openid" {
			continue
		}
		form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {o.tokens.text("refresh_token")}}
		r.refusedToken(r.ask(first, form), "invalid_grant")
	}
}

func refreshToken(r *run) {
	mine, theirs := r.offline(first), r.offline(second)
	for _, c := range []struct {
		client
		outcome
	}{{first, mine}, {second, theirs}} {
		r.refreshed(c.client, c.outcome)
	}
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {r.offline(second).tokens.text("refresh_token")}}
	r.refusedToken(r.ask(first, form), "invalid_grant")
}

// offline signs in for a refresh token, as the suite does: with consent.
func (r *run) offline(c client) outcome {
	r.Helper()
	o := r.happy(c, with(r.request(c, "openid offline_access"), "prompt", "consent"))
	if o.tokens.text("refresh_token") == "" {
		r.Fatal("no refresh token")
	}
	return o
}

// refreshed: new tokens, whose ID token is of the same sign-in (OpenID Connect
// Core 12.2).
func (r *run) refreshed(c client, o outcome) {
	r.Helper()
	r.clock.wait(time.Second)
	p := r.bearer(r.ask(c, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {o.tokens.text("refresh_token")}}))
	if p.text("access_token") == o.access() {
		r.Error("the access token is the old one")
	}
	i := r.verify(c, p, "")
	for _, name := range []string{"iss", "sub", "aud", "auth_time"} {
		if i.claims[name] != o.id.claims[name] {
			r.Errorf("%s %v, before %v", name, i.claims[name], o.id.claims[name])
		}
	}
	if i.claims["iat"].(float64) <= o.id.claims["iat"].(float64) {
		r.Errorf("iat %v, before %v", i.claims["iat"], o.id.claims["iat"])
	}
	r.person(i, r.userinfo(p.text("access_token")))
}
