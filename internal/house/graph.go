package house

import (
	"net/http"

	"github.com/entente-id/entente/internal/graph"
	"github.com/entente-id/entente/internal/graph/applications"
	"github.com/entente-id/entente/internal/graph/directory"
	"github.com/entente-id/entente/internal/graph/relationships"
)

// openGraph builds the door of Graph and the rooms behind it.
func (h *House) openGraph() http.Handler {
	door := graph.New(graph.Options{
		Verify: h.Issuer.Verify, People: h.People, Tenants: h.Tenants, Customers: h.Customers,
		Failures: h.failures(), Source: h.Source, Origin: h.Origin, Authority: h.Origin,
	})
	directory.Open(door, directory.Rooms{
		Subject: h.Issuer.Subject, People: h.People, Groups: h.Groups, Tenants: h.Tenants,
		Administration: h.Administration, Safe: h.Safe, Relationships: h.Relationships, Records: h.Attempts,
		Programme: h.Programme, Source: h.Source, Origin: h.Origin,
	})
	relationships.Open(door, relationships.Rooms{Relationships: h.Relationships, Customers: h.Customers, Tenants: h.Tenants, Origin: h.Origin})
	applications.Open(door, applications.Rooms{Apps: h.Apps, Consents: h.Consents, People: h.People, Source: h.Source})
	return door
}
