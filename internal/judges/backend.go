package judges

import (
	"encoding/json"
	"net/url"
	"testing"

	"github.com/entente-id/entente/ententetest"
	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/consent"
	"github.com/entente-id/entente/internal/devworld"
	"github.com/entente-id/entente/internal/id"
)

// The backend is an API of Northwind's that Portal calls for people.
const (
	BackendApp    = "e1000000-0000-4000-8000-0000000000b1"
	BackendSecret = "the backend's own secret"
	BackendName   = "api://backend.northwind.example"
)

// WithBackend starts a world with a backend, which Portal may call for people
// and which may read their own data at Graph.
func WithBackend(t *testing.T, o ententetest.Options) *ententetest.World {
	t.Helper()
	w := ententetest.StartWith(t, o)
	in := w.Inside()
	err := in.Apps.Save(t.Context(), application.Application{
		App: BackendApp, Tenant: devworld.Northwind, ID: "e1000000-0000-4000-8000-0000000000b2", Name: "Backend", Audience: application.AnyTenant,
		Identifiers: []string{BackendName}, TokenVersion: 2, Redirects: []application.Redirect{{URI: "https://backend.northwind.example/", Platform: application.Web}},
		Scopes:   []application.Permission{{ID: "e1000000-0000-4000-8000-0000000000b3", Name: "act"}},
		Required: []application.Required{{Resource: application.GraphApp, Scopes: []string{"User.Read"}}},
	}, []application.Credential{application.SecretCredential("e1000000-0000-4000-8000-0000000000b4", "b", BackendSecret, in.Source.Now().AddDate(1, 0, 0))})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := in.Apps.Enrol(t.Context(), devworld.Northwind, BackendApp); err != nil {
		t.Fatal(err)
	}
	by := audit.Caller{Tenant: devworld.Northwind, Home: devworld.Northwind, Account: "b0000000-0000-4000-8000-000000000001", SignInName: ententetest.Ada}
	for _, c := range []struct {
		client, resource id.App
		scope            string
	}{{BackendApp, application.GraphApp, "User.Read"}, {devworld.Portal, BackendApp, "act"}} {
		at, err := in.Apps.Find(t.Context(), c.resource)
		if err != nil {
			t.Fatal(err)
		}
		if err := in.Consents.Give(t.Context(), by, c.client, []consent.Asked{{Resource: at, Scopes: []string{c.scope}}}, true); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

// Handed is the token with which Portal calls the backend for Ada.
func Handed(t *testing.T, w *ententetest.World) string {
	t.Helper()
	const redirect = "http://localhost/"
	root := w.Origin + "/" + ententetest.Northwind + "/oauth2/v2.0/"
	v := w.Visitor(ententetest.Ada)
	answer, err := v.SignIn(t.Context(), root+"authorize?"+url.Values{
		"client_id": {ententetest.PortalApp}, "response_type": {"code"}, "redirect_uri": {redirect}, "scope": {BackendName + "/act"},
	}.Encode(), redirect)
	if err != nil {
		t.Fatalf("after %q: %v", v.Steps, err)
	}
	response, err := w.Client().PostForm(root+"token", url.Values{
		"grant_type": {"authorization_code"}, "code": {answer.Get("code")}, "redirect_uri": {redirect},
		"client_id": {ententetest.PortalApp}, "client_secret": {ententetest.PortalSecret},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var got struct {
		Access string `json:"access_token"`
	}
	if err := json.NewDecoder(response.Body).Decode(&got); err != nil || got.Access == "" {
		t.Fatalf("redeem: %d, %v", response.StatusCode, err)
	}
	return got.Access
}
