package devworld

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"

	"github.com/entente-id/entente/internal/house"
)

// Setting says where a world lives.
type Setting struct {
	// Listen is HOST:PORT on loopback; port 0 takes a free one.
	Listen string
	// Data is a directory to keep the world in; empty means that it is
	// forgotten at the end.
	Data string
	// Store is a store address, for worlds that share a database; empty means
	// a file in Data.
	Store string
	Log   *slog.Logger
}

// Running is a world that listens.
type Running struct {
	*World
	// NightlyFile holds the certificate and key of the Nightly app.
	NightlyFile string

	listener net.Listener
	folder   string
}

// Open starts a world on its address. Serve answers; Close ends it.
func Open(ctx context.Context, s Setting) (*Running, error) {
	if err := CheckListen(s.Listen); err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", s.Listen)
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	r := &Running{listener: listener}
	if err := r.build(ctx, s); err != nil {
		_ = listener.Close()
		r.forget()
		return nil, err
	}
	return r, nil
}

func (r *Running) build(ctx context.Context, s Setting) error {
	data := s.Data
	if data == "" {
		var err error
		if data, err = os.MkdirTemp("", "entente-dev-"); err != nil {
			return fmt.Errorf("make a folder: %w", err)
		}
		r.folder = data
	} else if err := os.MkdirAll(data, 0o700); err != nil {
		return fmt.Errorf("make %s: %w", data, err)
	}
	master, err := masterKey(filepath.Join(data, "master.key"))
	if err != nil {
		return err
	}
	store := s.Store
	if store == "" {
		store = "sqlite:" + filepath.Join(data, "entente.db")
	}
	_, port, err := net.SplitHostPort(r.listener.Addr().String())
	if err != nil {
		return err
	}
	h, err := house.Open(ctx, house.Config{
		Origin: "https://localhost:" + port, Store: store, MasterKey: master, Log: s.Log, Source: house.System(),
		SupportMail: "support@fabrikam.example", Dev: true, Forgetful: s.Data == "" && s.Store == "",
	})
	if err != nil {
		return err
	}
	if r.World, err = Seed(ctx, h); err != nil {
		_ = h.Close()
		return err
	}
	r.NightlyFile = filepath.Join(data, "nightly.pem")
	if r.NightlyPEM == nil {
		return nil
	}
	if err := os.WriteFile(r.NightlyFile, r.NightlyPEM, 0o600); err != nil {
		return fmt.Errorf("keep the certificate of the nightly app: %w", err)
	}
	return nil
}

// masterKey reads the key of an earlier run or makes one.
func masterKey(path string) ([]byte, error) {
	key, err := os.ReadFile(path)
	if err == nil {
		return key, nil
	}
	key = make([]byte, 32)
	if _, err := rand.Read(key); err != nil {
		return nil, err
	}
	if err := os.WriteFile(path, key, 0o600); err != nil {
		return nil, fmt.Errorf("keep the master key: %w", err)
	}
	return key, nil
}

// Serve answers until the context ends.
func (r *Running) Serve(ctx context.Context, t *Trust) error {
	certificate, err := t.Certificate(r.Source.Now())
	if err != nil {
		return err
	}
	return r.House.Serve(ctx, r.listener, certificate)
}

// Close ends the world, and forgets it unless it has a place to stay.
func (r *Running) Close() error {
	err := r.House.Close()
	_ = r.listener.Close()
	r.forget()
	return err
}

func (r *Running) forget() {
	if r.folder != "" {
		_ = os.RemoveAll(r.folder)
	}
}
