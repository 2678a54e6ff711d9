package oauth_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/entente-id/entente/ententetest"
)

func document(t *testing.T, w *ententetest.World, path string) (int, map[string]any) {
	t.Helper()
	response, err := w.Client().Get(w.Origin + path)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var got map[string]any
	if err := json.NewDecoder(response.Body).Decode(&got); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return response.StatusCode, got
}

// TestMetadataStandsWhereRFC8414LooksForIt is RFC 8414 3.1 with row R112.
func TestMetadataStandsWhereRFC8414LooksForIt(t *testing.T) {
	w := ententetest.Start(t)
	issuer := w.Origin + "/" + ententetest.Northwind + "/v2.0"
	for _, path := range []string{
		"/.well-known/oauth-authorization-server/" + ententetest.Northwind + "/v2.0", "/.well-known/oauth-authorization-server/northwind.example/v2.0/",
		"/.well-known/openid-configuration/" + ententetest.Northwind + "/v2.0", "/" + ententetest.Northwind + "/v2.0/.well-known/oauth-authorization-server",
	} {
		status, got := document(t, w, path)
		if status != http.StatusOK || got["issuer"] != issuer || !strings.HasSuffix(text(got, "introspection_endpoint"), "/oauth2/v2.0/introspect") {
			t.Errorf("%s: %d %v", path, status, got["issuer"])
		}
		if grants := jsonOf(t, got["grant_types_supported"]); !strings.Contains(grants, "jwt-bearer") {
			t.Errorf("%s: %s", path, grants)
		}
	}
	for _, path := range []string{
		"/.well-known/oauth-authorization-server", "/.well-known/oauth-authorization-server/" + ententetest.Northwind,
		"/.well-known/oauth-authorization-server/" + ententetest.Northwind + "/v3", "/.well-known/else",
	} {
		if status, got := document(t, w, path); status != http.StatusNotFound {
			t.Errorf("%s: %d %v", path, status, got)
		}
	}
	if status, got := document(t, w, "/.well-known/oauth-authorization-server/nobody.example/v2.0"); status != http.StatusBadRequest || got["error"] != "invalid_tenant" {
		t.Errorf("an unknown tenant: %d %v", status, got)
	}
}

// TestEachResourceSaysWhoMakesItsTokens is RFC 9728, from the challenge on.
func TestEachResourceSaysWhoMakesItsTokens(t *testing.T) {
	w := ententetest.Start(t)
	for path, base := range map[string]string{"/v1/customers": "/v1", "/v1.0/me": "/v1.0", "/api/v1/approvals": "/api/v1", "/secrets/any?api-version=7.4": "/secrets"} {
		status, challenge, _ := challenged(t, w, "none", path)
		_, address, ok := strings.Cut(challenge, `resource_metadata="`+w.Origin)
		if status != http.StatusUnauthorized || !ok {
			t.Errorf("%s: %d %s", path, status, challenge)
			continue
		}
		status, got := document(t, w, strings.TrimSuffix(address, `"`))
		servers, _ := got["authorization_servers"].([]any)
		if status != http.StatusOK || got["resource"] != w.Origin+base || len(servers) != 1 {
			t.Errorf("%s: %d %v", address, status, got)
			continue
		}
		server := servers[0].(string)
		if strings.Contains(server, "common") {
			t.Errorf("%s names a generic authority: %s", base, server)
		}
		if _, about := document(t, w, "/.well-known/oauth-authorization-server"+strings.TrimPrefix(server, w.Origin)); about["issuer"] != server {
			t.Errorf("%s calls itself %v", server, about["issuer"])
		}
	}
	if status, _ := document(t, w, "/.well-known/oauth-protected-resource/v9"); status != http.StatusNotFound {
		t.Errorf("a resource that there is not: %d", status)
	}
}
