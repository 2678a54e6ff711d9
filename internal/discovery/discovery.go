// Package discovery is the edge at which programs learn how the authority is
// spoken to: its metadata, its keys, the hosts it knows and whose a domain is.
// It tells what anybody may know, and nothing of an account.
package discovery

import (
	"net/http"
	"strings"

	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/dialect"
	"github.com/entente-id/entente/internal/signingkey"
	"github.com/entente-id/entente/internal/tenant"
)

// Edge answers the paths of discovery.
type Edge struct {
	tenants   *tenant.Directory
	apps      *application.Registry
	keyring   *signingkey.Ring
	speaker   *dialect.Speaker
	resources []Resource
}

// New opens the edge. The resources are the APIs of this server.
func New(speaker *dialect.Speaker, tenants *tenant.Directory, apps *application.Registry, keyring *signingkey.Ring, resources []Resource) *Edge {
	return &Edge{tenants: tenants, apps: apps, keyring: keyring, speaker: speaker, resources: resources}
}

// endpoints by the path after the tenant segment, in lower case
// (identity-platform.md 1.1).
var endpoints = map[string]struct {
	version int
	serve   func(*Edge, http.ResponseWriter, *http.Request, dialect.Call)
}{
	".well-known/openid-configuration":      {1, (*Edge).configuration},
	"v2.0/.well-known/openid-configuration": {2, (*Edge).configuration},
	// Clients of RFC 8414 that append the name, as that of OpenID Connect is.
	"v2.0/.well-known/oauth-authorization-server": {2, (*Edge).configuration},
	"discovery/keys":      {1, (*Edge).keys},
	"discovery/v2.0/keys": {2, (*Edge).keys},
	"discovery/instance":  {0, (*Edge).instance},
}

const (
	realmPrefix     = "userrealm/"
	wellKnownPrefix = "/.well-known/"
)

// Claims reports whether a path is one of this edge. The house asks it to tell
// the surfaces apart.
func Claims(path string) bool {
	_, rest, ok := dialect.Split(path)
	_, known := endpoints[rest]
	_, named := cutFold(path, wellKnownPrefix)
	return named || ok && (known || strings.HasPrefix(rest, realmPrefix))
}

// ServeHTTP routes by the path below the tenant segment.
func (e *Edge) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := e.speaker.Begin(w, r)
	_, rest, _ := dialect.Split(r.URL.Path)
	if name, ok := strings.CutPrefix(rest, realmPrefix); ok {
		if e.speaker.Admit(w, r, c, "GET") {
			e.userRealm(w, r, c, name)
		}
		return
	}
	if name, ok := cutFold(r.URL.Path, wellKnownPrefix); ok {
		if e.speaker.Admit(w, r, c, "GET HEAD") {
			e.wellKnown(w, r, c, name)
		}
		return
	}
	found, ok := endpoints[rest]
	if !ok {
		e.speaker.Absent(w, r, c)
		return
	}
	c.Version = found.version
	if e.speaker.Admit(w, r, c, "GET HEAD") {
		found.serve(e, w, r, c)
	}
}
