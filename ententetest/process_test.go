package ententetest_test

import (
	"bufio"
	"cmp"
	"context"
	crand "crypto/rand"
	"crypto/tls"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/entente-id/entente/ententetest"
	"github.com/entente-id/entente/internal/devworld"
	"github.com/entente-id/entente/internal/house"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/sqlstore/pgtest"
	"github.com/entente-id/entente/sam/vault"
)

// The test program is also the server that is killed: with these variables it
// serves until it dies.
const (
	childStore  = "ENTENTE_TEST_CHILD_STORE"
	childListen = "ENTENTE_TEST_CHILD_LISTEN"
	childTrust  = "ENTENTE_TEST_CHILD_TRUST"
	// childAs is the address it answers as, behind a balancer.
	childAs = "ENTENTE_TEST_CHILD_ORIGIN"
)

func TestMain(m *testing.M) {
	if os.Getenv(childStore) != "" {
		if err := serveUntilKilled(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(pgtest.Run(m))
}

func serveUntilKilled() error {
	ctx := context.Background()
	trust, err := devworld.OpenTrust(os.Getenv(childTrust), ententetest.Now())
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", os.Getenv(childListen))
	if err != nil {
		return err
	}
	h, err := house.Open(ctx, house.Config{
		Origin: cmp.Or(os.Getenv(childAs), "https://"+os.Getenv(childListen)), Store: os.Getenv(childStore), MasterKey: []byte("the master key of a mortal server"),
		Log: slog.New(slog.DiscardHandler), Source: id.Source{Now: ententetest.Now, Random: crand.Reader}, Dev: true,
	})
	if err != nil {
		return err
	}
	if _, err := devworld.Seed(ctx, h); err != nil {
		return err
	}
	certificate, err := trust.Certificate(ententetest.Now())
	if err != nil {
		return err
	}
	fmt.Println("ready")
	return h.Serve(ctx, listener, certificate)
}

// child is a server process.
type child struct{ command *exec.Cmd }

func startChild(t *testing.T, environment []string) *child {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := &child{command: exec.Command(program)}
	c.command.Env = append(os.Environ(), environment...)
	c.command.Stderr = os.Stderr
	// The child must not outlive the test, whatever ends it.
	c.command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := c.command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.command.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "ready\n" {
		t.Fatalf("the server says %q: %v", line, err)
	}
	return c
}

func (c *child) kill() {
	_ = c.command.Process.Kill()
	_ = c.command.Wait()
}

// freeAddress is one on loopback that nobody listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	probe, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer probe.Close()
	return probe.Addr().String()
}

func TestKillingTheServerProcessLosesNoRefreshToken(t *testing.T) {
	const kills = 60
	seed := uint64(7)
	t.Logf("seed %d, %d SIGKILLs", seed, kills)
	chance := rand.New(rand.NewPCG(seed, 2))
	folder := t.TempDir()
	listen := freeAddress(t)
	trust, err := devworld.OpenTrust(filepath.Join(folder, "trust"), ententetest.Now())
	if err != nil {
		t.Fatal(err)
	}
	environment := []string{
		childStore + "=sqlite:" + filepath.Join(folder, "entente.db"), childListen + "=" + listen, childTrust + "=" + filepath.Join(folder, "trust"),
	}
	server := startChild(t, environment)
	t.Cleanup(func() { server.kill() })

	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trust.Pool(), MinVersion: tls.VersionTLS12}}
	clock := &strides{}
	s := newSurvivor(t, clock, "https://"+listen, transport)
	s.consent(devworld.NewVisitor(transport, clock.Now, ententetest.Ada))
	for i := range kills {
		var stop atomic.Bool
		worker := make(chan struct{})
		go func() {
			defer close(worker)
			for !stop.Load() {
				// It fails while the server is gone; what counts is after.
				_ = s.token(nil, "adatum.example")
			}
		}()
		<-time.After(time.Duration(chance.IntN(60)) * time.Millisecond)
		server.kill()
		stop.Store(true)
		<-worker
		server = startChild(t, environment)
		if err := s.token(nil, "adatum.example"); err != nil {
			t.Fatalf("locked out after %d kills: %v", i+1, err)
		}
		if state := s.state(); state != vault.Healthy {
			t.Fatalf("after %d kills the record is %s", i+1, state)
		}
	}
	if s.witness.forks > 0 {
		t.Errorf("%d generations had two successors", s.witness.forks)
	}
	t.Logf("%d generations", len(s.witness.successors))
}
