package ententetest_test

import (
	"context"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/entente-id/entente/ententetest"
)

// TestAFormLeftOpenIsWorthNothingAfterSigningOut leaves a page open in one
// tab, signs out in another, and comes back to the first: on a shared computer
// that is somebody else.
func TestAFormLeftOpenIsWorthNothingAfterSigningOut(t *testing.T) {
	w := ententetest.Start(t)
	ctx := context.Background()
	const redirect = "http://localhost:8400/"
	authorize := func(prompt string) string {
		return w.Origin + "/organizations/oauth2/v2.0/authorize?" + url.Values{
			"client_id": {ententetest.PortalApp}, "response_type": {"code"}, "redirect_uri": {redirect},
			"scope": {"https://graph.microsoft.com/User.Read openid"}, "prompt": {prompt},
		}.Encode()
	}
	pick := regexp.MustCompile(`name="pick" value="([^"]+)"`)
	for _, prompt := range []string{"consent", "select_account"} {
		for _, signedOut := range []bool{false, true} {
			v := w.Visitor(ententetest.Integration)
			if _, err := v.SignIn(ctx, authorize(""), redirect); err != nil {
				t.Fatalf("sign-in after %q: %v", v.Steps, err)
			}
			if err := v.Open(ctx, authorize(prompt)); err != nil {
				t.Fatal(err)
			}
			open, button := v.Page, "do=yes"
			if found := pick.FindStringSubmatch(open.Body); prompt == "select_account" && found != nil {
				button = "pick=" + found[1]
			}
			if signedOut {
				if err := v.Open(ctx, w.Origin+"/signout"); err != nil {
					t.Fatal(err)
				}
				if err := v.Submit(ctx, "do=yes", nil); err != nil {
					t.Fatalf("sign out: %v", err)
				}
			}
			v.Page = open
			if err := v.Submit(ctx, button, nil); err != nil {
				t.Fatal(err)
			}
			sent := strings.HasPrefix(v.Page.Header.Get("Location"), redirect+"?code=")
			if sent == signedOut {
				t.Errorf("prompt=%s, signed out %t: the form is answered with %d %q, sent to the app: %t", prompt, signedOut, v.Page.Status, v.Page.Title, sent)
			}
		}
	}
}
