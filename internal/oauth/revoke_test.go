package oauth_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"testing"

	"github.com/entente-id/entente/ententetest"
)

func TestARevokedRefreshTokenGivesNothingMore(t *testing.T) {
	w := ententetest.Start(t)
	scope := "https://graph.microsoft.com/User.Read offline_access openid"
	answer, err := w.Visitor(ententetest.Ada).SignIn(t.Context(), w.Origin+"/organizations/oauth2/v2.0/authorize?"+url.Values{
		"client_id": {ententetest.PortalApp}, "response_type": {"code"}, "redirect_uri": {"http://localhost/"}, "scope": {scope},
	}.Encode(), "http://localhost/")
	if err != nil {
		t.Fatal(err)
	}
	client := url.Values{"client_id": {ententetest.PortalApp}, "client_secret": {ententetest.PortalSecret}}
	send := func(path string, more url.Values) (int, map[string]any) {
		t.Helper()
		for name, values := range client {
			more[name] = values
		}
		return postForm(t, w, path, more)
	}
	token := "/" + ententetest.Northwind + "/oauth2/v2.0/token"
	status, got := send(token, url.Values{"grant_type": {"authorization_code"}, "code": {answer.Get("code")}, "redirect_uri": {"http://localhost/"}, "scope": {scope}})
	if status != http.StatusOK {
		t.Fatalf("redeem: %d %v", status, got)
	}
	refresh := got["refresh_token"].(string)
	revoke := "/" + ententetest.Northwind + "/oauth2/v2.0/revoke"
	if status, got := send(revoke, url.Values{"token": {"unknown"}}); status != http.StatusOK {
		t.Errorf("an unknown token: %d %v", status, got)
	}
	if status, got := send(revoke, url.Values{}); status != http.StatusBadRequest {
		t.Errorf("no token: %d %v", status, got)
	}
	if status, got := send(token, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refresh}}); status != http.StatusOK {
		t.Fatalf("refresh before: %d %v", status, got)
	}
	if status, got := send(revoke, url.Values{"token": {refresh}}); status != http.StatusOK {
		t.Fatalf("revoke: %d %v", status, got)
	}
	status, got = send(token, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refresh}})
	if status != http.StatusBadRequest || got["error"] != "invalid_grant" {
		t.Errorf("refresh after: %d %v", status, got)
	}
}

// postForm sends a form and gives the status and the JSON answer, if there is
// one.
func postForm(t *testing.T, w *ententetest.World, path string, form url.Values) (int, map[string]any) {
	t.Helper()
	response, err := w.Client().PostForm(w.Origin+path, form)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var got map[string]any
	if response.ContentLength != 0 {
		if err := json.NewDecoder(response.Body).Decode(&got); err != nil {
			t.Fatalf("%s answers no JSON: %v", path, err)
		}
	}
	return response.StatusCode, got
}
