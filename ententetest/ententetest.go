// Package ententetest gives a Go test a whole Entente in its own process, like
// net/http/httptest: the authority, its sign-in pages, Graph and the Partner
// Center API, with the people, apps and customers of "entente dev".
//
//	func TestMyIntegration(t *testing.T) {
//		world := ententetest.Start(t)
//		client := world.Client() // trusts the world's certificate
//		…
//	}
package ententetest

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/entente-id/entente/internal/devworld"
	"github.com/entente-id/entente/internal/house"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/sqlstore/storetest"
)

// Ids of the world. They are the same in every test and in "entente dev".
const (
	// Northwind is the partner's tenant, Adatum one of its customers'.
	Northwind = string(devworld.Northwind)
	Adatum    = string(devworld.Adatum)
	// PortalApp is a confidential app of Northwind's with a secret, NightlyApp
	// one with a certificate, DeskApp a public one.
	PortalApp    = string(devworld.Portal)
	PortalSecret = devworld.PortalSecret
	NightlyApp   = string(devworld.Nightly)
	DeskApp      = string(devworld.Desk)
	// Ada has a second factor; Integration has none yet. Their password is
	// Password.
	Ada         = devworld.Ada
	Integration = devworld.Integration
	Password    = devworld.Password
)

// World is a running Entente.
type World struct {
	// Origin is the address of every surface, such as https://127.0.0.1:41234.
	Origin string
	// NightlyPEM is the certificate and key of NightlyApp.
	NightlyPEM []byte

	server *httptest.Server
	world  *devworld.World
}

// Options change how a world is started. The zero value is what most tests
// want.
type Options struct {
	// Store is "sqlite:PATH" or a PostgreSQL URL; empty means a fresh SQLite
	// file that ends with the test.
	Store string
	// MasterKey seals the store; empty means a fixed one. Worlds that share a
	// store share it.
	MasterKey []byte
	// Log takes what the server logs; nil means nothing is kept.
	Log *slog.Logger
	// Now is the world's clock; nil means the machine's.
	Now func() time.Time
	// Failpoint is asked at each durable step of the store.
	Failpoint func(step string) error
	// PoolSize bounds the connections to PostgreSQL; 0 means 8.
	PoolSize int
	// Origin makes several servers answer under one address, as nodes behind a
	// balancer; empty means an address of its own.
	Origin string
	// MayFetch are hosts on this machine that the world may ask, as
	// "host:port", and Roots who vouches for them: another world, for one.
	MayFetch []string
	Roots    *x509.CertPool
}

// Start runs a world until the test ends.
func Start(t testing.TB) *World {
	t.Helper()
	return StartWith(t, Options{})
}

// StartWith runs a world with options until the test ends.
func StartWith(t testing.TB, o Options) *World {
	t.Helper()
	if o.Store == "" {
		o.Store = "sqlite:" + storetest.File(t)
	}
	if o.MasterKey == nil {
		o.MasterKey = []byte("the master key of every test world")
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	source := house.System()
	if o.Now != nil {
		source = id.Source{Now: o.Now, Random: source.Random}
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("listen: %v", err)
	}
	origin := o.Origin
	if origin == "" {
		origin = "https://" + listener.Addr().String()
	}
	built, err := house.Open(context.Background(), house.Config{
		Origin: origin, Store: o.Store, MasterKey: o.MasterKey, Log: o.Log, Source: source, Dev: true,
		Forgetful: o.Failpoint == nil, Failpoint: o.Failpoint, PoolSize: o.PoolSize,
		MayFetch: o.MayFetch, Roots: o.Roots,
	})
	if err != nil {
		t.Fatalf("open the house: %v", err)
	}
	world, err := devworld.Seed(context.Background(), built)
	if err != nil {
		_ = built.Close()
		t.Fatalf("seed the world: %v", err)
	}
	server := httptest.NewUnstartedServer(built.Handler())
	_ = server.Listener.Close()
	server.Listener = listener
	server.Config.ErrorLog = slog.NewLogLogger(o.Log.Handler(), slog.LevelDebug)
	server.StartTLS()
	t.Cleanup(func() {
		server.Close()
		_ = built.Close()
	})
	return &World{Origin: origin, NightlyPEM: world.NightlyPEM, server: server, world: world}
}

// Address is where this server itself listens; it differs from Origin only for
// one of several nodes.
func (w *World) Address() string { return w.server.URL }

// Client is an HTTP client that trusts the world's certificate.
func (w *World) Client() *http.Client { return w.server.Client() }

// Now is the clock of a world that was given none.
func Now() time.Time { return house.System().Now() }

// CertificatePEM is the world's certificate, for programs that are told which
// one to trust.
func (w *World) CertificatePEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: w.server.Certificate().Raw})
}

// Visitor is a browser without script, in the hands of one of the world's
// people.
func (w *World) Visitor(signInName string) *devworld.Visitor {
	return devworld.NewVisitor(w.server.Client().Transport, w.world.Source.Now, signInName)
}

// Inside is the world's rooms, for Entente's own tests.
func (w *World) Inside() *devworld.World { return w.world }
