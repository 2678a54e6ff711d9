// Package interop_test lets unmodified clients in other languages judge an
// Entente. Each judge is a small program beside this file: it tells one flow's
// outcome to a line, and asks for what only a person with a browser can do.
package interop_test

import (
	"bufio"
	"encoding/json"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/entente-id/entente/ententetest"
	"github.com/entente-id/entente/internal/devworld"
	"github.com/entente-id/entente/internal/judges"
)

// ledger takes the verdicts of this package.
var ledger judges.Ledger

func TestMain(m *testing.M) { os.Exit(ledger.Run(m, "interop")) }

// line is what a judge says.
type line struct {
	// Client and Version begin the flows of a client.
	Client, Version string
	// Flow is done; Detail says why it failed.
	Flow, Detail, Difference string
	OK                       bool
	// Visit asks a person to walk from an address to Redirect.
	Visit, Redirect string
	// Device asks a person to type Code there.
	Device, Code string
}

// program is a judge's command; installed is a file without which it cannot
// run, and install how to get it.
type program struct {
	folder, installed, install string
	command                    []string
	// env is what this judge needs beside the world.
	env func(t *testing.T, folder string) []string
}

// judge runs a program against a fresh world and keeps what it tells. The
// people of the world answer what it asks.
func judge(t *testing.T, p program) {
	t.Parallel()
	if _, err := os.Stat(filepath.Join(p.folder, p.installed)); err != nil {
		ledger.Skip(t, "the judge is not installed: "+p.install)
	}
	w := judges.WithBackend(t, ententetest.Options{})
	folder := t.TempDir()
	command := exec.CommandContext(t.Context(), p.command[0], p.command[1:]...)
	command.Dir, command.Stderr = p.folder, os.Stderr
	command.Env = append(os.Environ(), worldEnv(t, w, folder)...)
	if p.env != nil {
		command.Env = append(command.Env, p.env(t, folder)...)
	}
	in, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatalf("start %s: %v", p.command[0], err)
	}
	flows := listen(t, w, out, in)
	if err := command.Wait(); err != nil {
		t.Errorf("the judge ended with %v", err)
	}
	if flows == 0 {
		t.Error("the judge said nothing")
	}
}

// worldEnv tells a judge where the world is and whom it knows.
func worldEnv(t *testing.T, w *ententetest.World, folder string) []string {
	t.Helper()
	trust, certificate := filepath.Join(folder, "world.pem"), filepath.Join(folder, "nightly.pem")
	for file, text := range map[string][]byte{trust: w.CertificatePEM(), certificate: w.NightlyPEM} {
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return []string{
		"ENTENTE_ORIGIN=" + w.Origin, "ENTENTE_TENANT=" + ententetest.Northwind, "ENTENTE_CUSTOMER=" + ententetest.Adatum,
		"ENTENTE_APP=" + ententetest.PortalApp, "ENTENTE_APP_SECRET=" + ententetest.PortalSecret,
		"ENTENTE_BACKEND=" + judges.BackendApp, "ENTENTE_BACKEND_SECRET=" + judges.BackendSecret, "ENTENTE_ASSERTION=" + judges.Handed(t, w),
		"ENTENTE_CERTIFICATE_APP=" + ententetest.NightlyApp, "ENTENTE_CERTIFICATE_FILE=" + certificate, "ENTENTE_PUBLIC_APP=" + ententetest.DeskApp,
		"NODE_EXTRA_CA_CERTS=" + trust, "REQUESTS_CA_BUNDLE=" + trust, "ENTENTE_TRUST=" + trust,
	}
}

// listen takes a judge's lines until it ends, and gives how many flows it
// told. Everything is asked of one person, Ada, in one browser.
func listen(t *testing.T, w *ententetest.World, out io.Reader, in io.Writer) int {
	t.Helper()
	ada := w.Visitor(ententetest.Ada)
	// Ada's code of this half minute was used for the token that is handed over.
	ada.At(func() time.Time { return ententetest.Now().Add(30 * time.Second) })
	client, flows := judges.Client{}, 0
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var said line
		if err := json.Unmarshal(lines.Bytes(), &said); err != nil {
			t.Logf("the judge wrote: %s", lines.Text())
			continue
		}
		switch {
		case said.Client != "":
			client = judges.Client{Name: said.Client, Version: said.Version}
		case said.Visit != "":
			answer(t, in, visit(t, ada, said))
		case said.Device != "":
			answer(t, in, outcome(judges.Approve(t.Context(), ada, said.Device, said.Code)))
		default:
			flows++
			ledger.Judge(t, client, said.Flow, said.Difference, func(t *testing.T) {
				if !said.OK {
					t.Error(said.Detail)
				}
			})
		}
	}
	if err := lines.Err(); err != nil {
		t.Errorf("listen to the judge: %v", err)
	}
	return flows
}

// visit lets a person sign in and gives what the redirect address was called
// with. What went wrong is told to the judge, whose flow it is.
func visit(t *testing.T, v *devworld.Visitor, said line) map[string]string {
	values, err := v.SignIn(t.Context(), said.Visit, said.Redirect)
	if err != nil {
		return map[string]string{"error": "stuck", "error_description": err.Error()}
	}
	return flat(values)
}

// outcome tells a judge how it went: nothing when all is well.
func outcome(err error) map[string]string {
	if err != nil {
		return map[string]string{"error": err.Error()}
	}
	return map[string]string{}
}

func flat(values url.Values) map[string]string {
	one := map[string]string{}
	for name := range values {
		one[name] = values.Get(name)
	}
	return one
}

func answer(t *testing.T, in io.Writer, with map[string]string) {
	t.Helper()
	text, err := json.Marshal(with)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := in.Write(append(text, '\n')); err != nil {
		t.Errorf("answer the judge: %v", err)
	}
}
