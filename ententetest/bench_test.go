package ententetest_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/entente-id/entente/ententetest"
)

// ask sends one form to the handler, without a network.
func ask(b *testing.B, handler http.Handler, path, form string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(form))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		b.Fatalf("%d: %s", w.Code, w.Body)
	}
	return w
}

// BenchmarkClientCredentials is what an application's own token costs, for a
// resource that reads ES256 and for one that reads RS256.
func BenchmarkClientCredentials(b *testing.B) {
	w := ententetest.Start(b)
	handler := w.Inside().Handler()
	for name, resource := range map[string]string{"ES256": "https://graph.microsoft.com", "RS256": "api://" + ententetest.PortalApp} {
		form := url.Values{"grant_type": {"client_credentials"}, "client_id": {ententetest.PortalApp}, "client_secret": {ententetest.PortalSecret}, "scope": {resource + "/.default"}}.Encode()
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				ask(b, handler, "/"+ententetest.Northwind+"/oauth2/v2.0/token", form)
			}
		})
	}
}

// BenchmarkRefresh is what a rotating refresh costs, with its durable commit:
// an ID token by RS256 and an access token by ES256.
func BenchmarkRefresh(b *testing.B) {
	w := ententetest.StartWith(b, ententetest.Options{Failpoint: func(string) error { return nil }})
	handler := w.Inside().Handler()
	v := w.Visitor(ententetest.Ada)
	scope := "https://graph.microsoft.com/User.Read offline_access openid profile"
	answer, err := v.SignIn(b.Context(), w.Origin+"/organizations/oauth2/v2.0/authorize?"+url.Values{
		"client_id": {ententetest.PortalApp}, "response_type": {"code"}, "redirect_uri": {"http://localhost/"}, "scope": {scope}}.Encode(), "http://localhost/")
	if err != nil {
		b.Fatal(err)
	}
	form := url.Values{"client_id": {ententetest.PortalApp}, "client_secret": {ententetest.PortalSecret}, "scope": {scope},
		"grant_type": {"authorization_code"}, "code": {answer.Get("code")}, "redirect_uri": {"http://localhost/"}}
	path := "/" + ententetest.Northwind + "/oauth2/v2.0/token"
	next := func() {
		var got struct {
			Refresh string `json:"refresh_token"`
		}
		if err := json.Unmarshal(ask(b, handler, path, form.Encode()).Body.Bytes(), &got); err != nil {
			b.Fatal(err)
		}
		form.Del("code")
		form.Set("grant_type", "refresh_token")
		form.Set("refresh_token", got.Refresh)
	}
	next()
	b.ReportAllocs()
	for b.Loop() {
		next()
	}
}
