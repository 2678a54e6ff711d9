package directory_test

import (
	"fmt"
	"net/url"
	"testing"

	"github.com/entente-id/entente/internal/account"
	"github.com/google/go-cmp/cmp"
)

const userinfo = "/oidc/userinfo"

func TestUserinfoShowsWhatTheScopesAllow(t *testing.T) {
	w := newWorld(t)
	sub := fmt.Sprintf("%s/%s/%s", adatum, anna, broker)
	for _, c := range []struct {
		scopes []string
		want   map[string]any
	}{
		{[]string{"openid"}, map[string]any{"sub": sub}},
		{[]string{"openid", "profile"}, map[string]any{"sub": sub, "name": "Anna O'Neil", "given_name": "Anna", "family_name": "O'Neil"}},
		{[]string{"openid", "email", "User.Read"}, map[string]any{"sub": sub, "email": "anna@adatum.example"}},
	} {
		for _, method := range []string{"GET", "POST"} {
			r := w.call(w.member(c.scopes...), method, userinfo, "")
			r.is(200, "")
			if diff := cmp.Diff(c.want, r.body); diff != "" {
				t.Errorf("%s with %v (-want +got):\n%s", method, c.scopes, diff)
			}
			if got := r.header.Get("Content-Type"); got != "application/json" {
				t.Errorf("Content-Type %q", got)
			}
		}
	}
}

func TestUserinfoTakesTheTokenFromAFormToo(t *testing.T) {
	w := newWorld(t)
	form := url.Values{"access_token": {w.member("openid")}}.Encode()
	w.call("", "POST", userinfo, form, "Content-Type", "application/x-www-form-urlencoded; charset=utf-8").is(200, "")
	w.call("", "POST", userinfo, form, "Content-Type", "text/plain").is(401, badToken)
	w.call("", "POST", userinfo, "", "Content-Type", "application/x-www-form-urlencoded").is(401, badToken)
	w.call("", "GET", userinfo+"?"+form, "").is(401, badToken)
}

func TestUserinfoChallengesAsRFC6750Says(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		bearer, want string
		status       int
	}{
		{"", "Bearer", 401},
		{"forged", `Bearer error="invalid_token"`, 401},
		{"expired", `Bearer error="invalid_token"`, 401},
		{w.member("profile", "User.Read"), `Bearer error="insufficient_scope", scope="openid"`, 403},
		{w.app("openid.not", "User.Read.All"), `Bearer error="insufficient_scope", scope="openid"`, 403},
	} {
		r := w.get(c.bearer, userinfo)
		if got := r.header.Get("WWW-Authenticate"); r.status != c.status || got != c.want {
			t.Errorf("%q: %d, challenge %s", c.bearer, r.status, got)
		}
	}
}

func TestUserinfoOfAPartnersPersonGivesNoMailbox(t *testing.T) {
	w := newWorld(t)
	r := w.get(w.visitor(account.DirectoryReaders, "openid", "profile", "email"), userinfo)
	want := map[string]any{"sub": fmt.Sprintf("%s/%s/%s", adatum, visiting, broker), "name": "Agent Smith", "given_name": "Agent"}
	if diff := cmp.Diff(want, r.body); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
