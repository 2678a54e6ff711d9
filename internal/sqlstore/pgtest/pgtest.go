// Package pgtest gives tests a private PostgreSQL: started by the first test
// that asks, from the server programs of this machine, in a directory of its
// own, and ended with the test binary.
//
// A package that uses it needs
//
//	func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }
//
// and then, in each test, pgtest.Database(t).
package pgtest

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Run runs a package's tests and then ends the server, if one was started.
// The result is the exit code.
func Run(m *testing.M) int {
	defer shared.stop()
	return m.Run()
}

// Database makes an empty database for one test and returns its address. The
// test is skipped when this machine has no PostgreSQL server, and fails
// instead when ENTENTE_NO_SKIP is 1.
func Database(t testing.TB) string {
	t.Helper()
	if _, err := programs(); err != nil {
		if os.Getenv("ENTENTE_NO_SKIP") == "1" {
			t.Fatalf("PostgreSQL is needed: %v", err)
		}
		t.Skipf("skipped on PostgreSQL: %v; install the Debian package postgresql to run it", err)
	}
	if err := shared.start(); err != nil {
		t.Fatalf("start PostgreSQL: %v", err)
	}
	name, err := shared.database(t.Context())
	if err != nil {
		t.Fatalf("make a database: %v", err)
	}
	return shared.address(name)
}

// superuser is the only role of the private cluster.
const superuser = "entente"

// patience is how long the server may take to start, and to stop before it is
// killed.
const patience = 30 * time.Second

var shared server

type server struct {
	once sync.Once
	err  error

	mu        sync.Mutex
	databases int
	directory string
	end       func()
}

// programs finds the directory of initdb and postgres: in PATH, or where
// Debian puts them, the newest version first.
func programs() (string, error) {
	var places []string
	if initdb, err := exec.LookPath("initdb"); err == nil {
		places = append(places, filepath.Dir(initdb))
	}
	debian, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	if err != nil {
		return "", err
	}
	slices.SortFunc(debian, func(a, b string) int { return version(b) - version(a) })
	for _, place := range append(places, debian...) {
		_, noInit := exec.LookPath(filepath.Join(place, "initdb"))
		_, noServer := exec.LookPath(filepath.Join(place, "postgres"))
		if noInit == nil && noServer == nil {
			return place, nil
		}
	}
	return "", errors.New("no initdb and postgres in PATH or /usr/lib/postgresql/*/bin")
}

func version(place string) int {
	n, err := strconv.Atoi(filepath.Base(filepath.Dir(place)))
	if err != nil {
		return 0
	}
	return n
}

func (s *server) start() error {
	s.once.Do(func() { s.err = s.begin() })
	return s.err
}

func (s *server) begin() error {
	place, err := programs()
	if err != nil {
		return err
	}
	s.directory, err = os.MkdirTemp("", "entente-pg-")
	if err != nil {
		return err
	}
	attributes, err := unprivileged(s.directory)
	if err != nil {
		return err
	}
	data := filepath.Join(s.directory, "data")
	create := s.command(attributes, filepath.Join(place, "initdb"), "-D", data, "-U", superuser,
		"--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions")
	if out, err := create.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, out)
	}
	// The socket lies in our directory, so no port can be taken by another;
	// durability is not what these tests are about.
	serve := s.command(attributes, filepath.Join(place, "postgres"), "-D", data, "-k", s.directory,
		"-c", "listen_addresses=", "-c", "fsync=off", "-c", "full_page_writes=off", "-c", "max_connections=60")
	log, err := os.Create(filepath.Join(s.directory, "log"))
	if err != nil {
		return err
	}
	defer log.Close()
	serve.Stdout, serve.Stderr = log, log
	ended, err := run(serve)
	if err != nil {
		return err
	}
	s.end = func() {
		// SIGINT is PostgreSQL's fast shutdown; an error means it has ended.
		_ = serve.Process.Signal(syscall.SIGINT)
		select {
		case <-ended:
		case <-time.After(patience):
			_ = serve.Process.Kill()
			<-ended
		}
	}
	return s.await(ended)
}

// await returns when the server answers.
func (s *server) await(ended <-chan struct{}) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	retry := time.NewTicker(20 * time.Millisecond)
	defer retry.Stop()
	for {
		c, err := pgx.Connect(ctx, s.address("postgres"))
		if err == nil {
			return c.Close(ctx)
		}
		select {
		case <-ended:
			log, _ := os.ReadFile(filepath.Join(s.directory, "log"))
			return fmt.Errorf("the server ended at once: %s", log)
		case <-ctx.Done():
			return fmt.Errorf("the server does not answer: %w", err)
		case <-retry.C:
		}
	}
}

func (s *server) command(attributes *syscall.SysProcAttr, program string, args ...string) *exec.Cmd {
	c := exec.Command(program, args...)
	c.Dir = s.directory
	c.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "TZ=UTC", "HOME=" + s.directory}
	c.SysProcAttr = attributes
	return c
}

func (s *server) stop() {
	if s.end != nil {
		s.end()
	}
	if s.directory != "" {
		_ = os.RemoveAll(s.directory)
	}
}

func (s *server) address(database string) string {
	u := url.URL{
		Scheme: "postgres", User: url.User(superuser), Path: "/" + database,
		RawQuery: url.Values{"host": {s.directory}, "sslmode": {"disable"}}.Encode(),
	}
	return u.String()
}

func (s *server) database(ctx context.Context) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := pgx.Connect(ctx, s.address("postgres"))
	if err != nil {
		return "", err
	}
	defer func() { _ = c.Close(ctx) }()
	s.databases++
	name := fmt.Sprintf("test_%d", s.databases)
	if _, err := c.Exec(ctx, "CREATE DATABASE "+name); err != nil {
		return "", err
	}
	return name, nil
}

// unprivileged makes the directory usable for the server and says as whom it
// runs: it refuses to be root, so root lends it the user that its package
// made.
func unprivileged(directory string) (*syscall.SysProcAttr, error) {
	attributes := &syscall.SysProcAttr{}
	if os.Getuid() != 0 {
		return attributes, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, fmt.Errorf("find a user to run PostgreSQL as: %w", err)
	}
	uid, err := strconv.Atoi(u.Uid)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.Atoi(u.Gid)
	if err != nil {
		return nil, err
	}
	if err := os.Chown(directory, uid, gid); err != nil {
		return nil, err
	}
	attributes.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return attributes, nil
}
