package ententetest_test

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/entente-id/entente/ententetest"
	"github.com/entente-id/entente/internal/devworld"
	"github.com/entente-id/entente/sam/cloud"
	"github.com/entente-id/entente/sam/vault"
	"github.com/entente-id/entente/sam/vault/file"
)

// The broker that is killed is this test program once more, told by these
// variables where its vault and its authority are.
const (
	childFolder = "ENTENTE_TEST_BROKER_FOLDER"
	childOrigin = "ENTENTE_TEST_BROKER_ORIGIN"
	childRecord = "ENTENTE_TEST_BROKER_RECORD"
	childAhead  = "ENTENTE_TEST_BROKER_AHEAD"
)

// TestTheBrokerThatIsKilled asks for tokens until it dies, each time as a new
// broker that has nothing but the vault. It is the child of the test below.
func TestTheBrokerThatIsKilled(t *testing.T) {
	folder := os.Getenv(childFolder)
	if folder == "" {
		return // It is nobody's child.
	}
	authority, err := os.ReadFile(filepath.Join(folder, "authority.pem"))
	if err != nil {
		t.Fatal(err)
	}
	trusted := x509.NewCertPool()
	trusted.AppendCertsFromPEM(authority)
	ahead, err := strconv.ParseInt(os.Getenv(childAhead), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	s := &survivor{t: t, clock: &strides{}, folder: folder, record: os.Getenv(childRecord)}
	s.clock.ahead.Store(ahead)
	s.client = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trusted, MinVersion: tls.VersionTLS12}}}
	if s.cloud, err = cloud.At(os.Getenv(childOrigin)); err != nil {
		t.Fatal(err)
	}
	if s.key, err = file.KeyFromFile(filepath.Join(folder, "key", "vault.key"), filepath.Join(folder, "vault")); err != nil {
		t.Fatal(err)
	}
	for {
		if err := s.token(nil, "adatum.example"); err != nil {
			t.Fatal(err)
		}
		fmt.Println("token")
	}
}

// startBroker runs the child until it has got its first token.
func (s *survivor) startBroker(origin string) *exec.Cmd {
	s.t.Helper()
	program, err := os.Executable()
	if err != nil {
		s.t.Fatal(err)
	}
	c := exec.Command(program, "-test.run=^TestTheBrokerThatIsKilled$", "-test.timeout=2m")
	c.Env = append(os.Environ(), childFolder+"="+s.folder, childOrigin+"="+origin, childRecord+"="+s.record,
		childAhead+"="+strconv.FormatInt(s.clock.ahead.Load(), 10))
	c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := c.StdoutPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		s.t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	var said []string
	for lines.Scan() {
		if lines.Text() == "token" {
			go func() {
				for lines.Scan() {
				}
			}()
			return c
		}
		said = append(said, lines.Text())
	}
	_ = c.Wait()
	s.t.Fatalf("the broker could not go on where the last one died: %s", strings.Join(said, "\n"))
	return nil
}

func TestKillingTheBrokerProcessLosesNoRefreshToken(t *testing.T) {
	kills := 40
	if testing.Short() {
		kills = 5
	}
	seed := uint64(11)
	t.Logf("seed %d, %d SIGKILLs", seed, kills)
	chance := rand.New(rand.NewPCG(seed, 3))
	w := ententetest.Start(t)
	clock := &strides{}
	s := newSurvivor(t, clock, w.Origin, w.Client().Transport)
	s.consent(w.Visitor(ententetest.Ada))
	if err := os.WriteFile(filepath.Join(s.folder, "authority.pem"), w.CertificatePEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	for i := range kills {
		broker := s.startBroker(w.Origin)
		<-time.After(time.Duration(chance.IntN(20_000)) * time.Microsecond)
		_ = broker.Process.Kill()
		_ = broker.Wait()
		// The dead one's lease runs out.
		clock.ahead.Add(int64(2 * time.Minute))
		if err := s.token(nil, "bellows.example"); err != nil {
			t.Fatalf("locked out after %d kills: %v", i+1, err)
		}
		if state := s.state(); state != vault.Healthy {
			t.Fatalf("after %d kills the record is %s", i+1, state)
		}
	}
	if s.witness.forks > 0 {
		t.Errorf("%d generations had two successors", s.witness.forks)
	}
	events, err := w.Inside().DB.Events(t.Context(), devworld.Northwind, 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		if strings.HasPrefix(e.Verb, "refresh.") {
			t.Errorf("a false alarm: %+v", e)
		}
	}
}
