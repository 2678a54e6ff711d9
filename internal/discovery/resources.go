package discovery

import (
	"net/http"
	"strings"

	"github.com/entente-id/entente/internal/challenge"
	"github.com/entente-id/entente/internal/dialect"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/token"
)

// Resource is an API of ours that describes itself: its path on our origin, and
// the registration that tokens for it are made for.
type Resource struct {
	Path string
	App  id.App
}

// protected serves the metadata of a protected resource (RFC 9728 3). It names
// the authority of the tenant that owns the resource, never a generic one,
// whose issuer no client can compare (DESIGN 4.13).
func (e *Edge) protected(w http.ResponseWriter, r *http.Request, c dialect.Call, path string) {
	for _, resource := range e.resources {
		if strings.EqualFold(resource.Path, path) {
			e.describe(w, r, c, resource)
			return
		}
	}
	e.speaker.Absent(w, r, c)
}

func (e *Edge) describe(w http.ResponseWriter, r *http.Request, c dialect.Call, resource Resource) {
	app, err := e.apps.Find(r.Context(), resource.App)
	if fault.Has(err, fault.AppUnknown) {
		// This world does not offer it.
		e.speaker.Absent(w, r, c)
		return
	}
	if err != nil {
		e.speaker.FailDocument(w, r, c, err)
		return
	}
	address := e.speaker.Origin() + resource.Path
	scopes := []string{}
	for _, scope := range app.Scopes {
		scopes = append(scopes, address+"/"+scope.Name)
	}
	e.speaker.WritePublic(w, r, c, map[string]any{
		"resource": address, "resource_name": app.Name,
		"authorization_servers":             []string{e.speaker.Origin() + "/" + string(app.Tenant) + "/v2.0"},
		"scopes_supported":                  scopes,
		"bearer_methods_supported":          []string{"header"},
		"dpop_signing_alg_values_supported": token.ProofAlgorithms,
	})
}

// wellKnown are the documents whose name stands before the tenant (RFC 8414
// 3.1, which OpenID Connect's name may follow too), and that of RFC 9728.
func (e *Edge) wellKnown(w http.ResponseWriter, r *http.Request, c dialect.Call, path string) {
	if name, ok := cutFold(path, strings.TrimPrefix(challenge.MetadataPath, wellKnownPrefix)); ok {
		e.protected(w, r, c, name)
		return
	}
	for _, document := range []string{"oauth-authorization-server", "openid-configuration"} {
		rest, ok := cutFold(path, document)
		if !ok {
			continue
		}
		segment, dialectName, _ := strings.Cut(strings.Trim(rest, "/"), "/")
		if segment == "" || !strings.EqualFold(dialectName, "v2.0") {
			// v1 names itself by another host, so no address of ours fits it.
			break
		}
		c.Segment, c.Version = segment, 2
		e.configuration(w, r, c)
		return
	}
	e.speaker.Absent(w, r, c)
}

func cutFold(text, prefix string) (string, bool) {
	if len(text) < len(prefix) || !strings.EqualFold(text[:len(prefix)], prefix) {
		return "", false
	}
	return text[len(prefix):], true
}
