package federation_test

import (
	"bufio"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/federation"
	"github.com/entente-id/entente/internal/outbound"
)

// startForeign runs the npm package oidc-provider, unmodified, and gives its
// issuer. Without Node.js the test is skipped, unless ENTENTE_NO_SKIP forbids
// that.
func startForeign(t *testing.T, client, secret string) string {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		skip(t, "no node on this machine: install Node.js")
	}
	if _, err := os.Stat("../../interop/node_modules/oidc-provider"); err != nil {
		skip(t, "oidc-provider is not installed: npm ci --prefix interop")
	}
	command := exec.Command(node, "foreign-op/server.mjs", client, secret, origin+federation.CallbackPath)
	command.Dir = "../../interop"
	stdin, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	complaints := &strings.Builder{}
	command.Stderr = complaints
	if err := command.Start(); err != nil {
		t.Fatalf("start the foreign server: %v", err)
	}
	hung := time.AfterFunc(time.Minute, func() { _ = command.Process.Kill() })
	t.Cleanup(func() {
		_ = stdin.Close()
		_ = command.Wait()
		hung.Stop()
	})
	issuer, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatalf("the foreign server does not start: %v\n%s", err, complaints)
	}
	return strings.TrimSpace(issuer)
}

func skip(t *testing.T, why string) {
	t.Helper()
	if os.Getenv("ENTENTE_NO_SKIP") == "1" {
		t.Fatal(why)
	}
	t.Skip(why)
}

// guest is a browser at the foreign server's own pages.
type guest struct {
	*testing.T
	client *http.Client
}

func newGuest(t *testing.T) guest {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return guest{t, &http.Client{Jar: jar, Timeout: 20 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

var (
	formAction = regexp.MustCompile(`action="([^"]+)"`)
	cancelLink = regexp.MustCompile(`href="([^"]+/abort)"`)
)

// walk signs in as a login and allows what is asked, or gives up at the first
// page; it gives what comes back to our address.
func (g guest) walk(address, login string, gives bool) url.Values {
	g.Helper()
	next, form := address, url.Values(nil)
	for range 12 {
		var response *http.Response
		var err error
		if form == nil {
			response, err = g.client.Get(next)
		} else {
			response, err = g.client.PostForm(next, form)
		}
		if err != nil {
			g.Fatal(err)
		}
		body, err := outbound.Read(response.Body)
		_ = response.Body.Close()
		if err != nil {
			g.Fatal(err)
		}
		form = nil
		if to, err := response.Location(); err == nil {
			if strings.HasPrefix(to.String(), origin) {
				return to.Query()
			}
			next = to.String()
			continue
		}
		page := string(body)
		if !gives {
			link := cancelLink.FindStringSubmatch(page)
			if link == nil {
				g.Fatalf("no way back on %s", page)
			}
			next, gives = absolute(g.T, next, link[1]), true
			continue
		}
		action := formAction.FindStringSubmatch(page)
		if response.StatusCode != http.StatusOK || action == nil {
			g.Fatalf("status %d at %s: %s", response.StatusCode, next, page)
		}
		next = absolute(g.T, next, action[1])
		form = url.Values{"prompt": {"consent"}}
		if strings.Contains(page, `name="login"`) {
			form = url.Values{"prompt": {"login"}, "login": {login}, "password": {"anything"}}
		}
	}
	g.Fatalf("no end of pages after %s", next)
	return nil
}

func absolute(t *testing.T, base, ref string) string {
	t.Helper()
	b, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	to, err := b.Parse(ref)
	if err != nil {
		t.Fatal(err)
	}
	return to.String()
}

func answerOf(v url.Values) federation.Answer {
	return federation.Answer{Code: v.Get("code"), Iss: v.Get("iss"), Error: v.Get("error")}
}

// atForeign is an office over the foreign server. Its clock is the machine's,
// as that server's is.
func atForeign(t *testing.T) *office {
	t.Helper()
	issuer := startForeign(t, clientID, secret)
	o := newOffice(t, issuer, nil, secret)
	o.now = now()
	o.ask.At = o.now
	return o
}

func TestPeopleOfAForeignProviderAreProved(t *testing.T) {
	o := atForeign(t)
	g := newGuest(t)
	o.ask.LoginHint = "anna@contoso.example"
	address, err := o.u.Begin(t.Context(), o.org, o.ask)
	if err != nil {
		t.Fatal(err)
	}
	got := g.walk(address, "anna", true)
	if got.Get("state") != o.ask.State || got.Get("iss") != o.org.Upstream.Issuer {
		t.Errorf("the answer is %v", got)
	}
	other := o.ask
	other.Nonce = "of another sign-in"
	if _, err := o.u.Finish(t.Context(), o.org, o.ask, federation.Answer{Code: got.Get("code"), Iss: "https://evil.example"}); !fault.Has(err, fault.UpstreamFailed) {
		t.Errorf("named by another: %v", err)
	}
	proof, err := o.u.Finish(t.Context(), o.org, o.ask, answerOf(got))
	if err != nil {
		t.Fatal(err)
	}
	want := federation.Proof{
		Issuer: o.org.Upstream.Issuer, Subject: "anna", Name: "Anna Virtanen", Given: "Anna", Family: "Virtanen",
		Address: "anna@contoso.example", Language: "fi", Methods: []string{"fed"}, AuthAt: proof.AuthAt,
	}
	if diff := cmp.Diff(want, proof); diff != "" {
		t.Errorf("proof (-want +got):\n%s", diff)
	}
	_, err = o.u.Finish(t.Context(), o.org, o.ask, answerOf(got))
	o.refused("the code again", err, fault.UpstreamFailed, "refuses the code")

	// The provider knows the person by now, so the code comes without a page.
	if address, err = o.u.Begin(t.Context(), o.org, o.ask); err != nil {
		t.Fatal(err)
	}
	_, err = o.u.Finish(t.Context(), o.org, other, answerOf(g.walk(address, "", true)))
	o.refused("of another sign-in", err, fault.UpstreamFailed, "another sign-in")

	o.ask.Fresh, o.ask.At = true, now()
	if address, err = o.u.Begin(t.Context(), o.org, o.ask); err != nil {
		t.Fatal(err)
	}
	proof, err = o.u.Finish(t.Context(), o.org, o.ask, answerOf(g.walk(address, "anna", true)))
	if err != nil || proof.AuthAt.IsZero() {
		t.Errorf("anew: %v at %v", err, proof.AuthAt)
	}
}

func TestAForeignProviderTellsThatThePersonSaidNo(t *testing.T) {
	o := atForeign(t)
	address, err := o.u.Begin(t.Context(), o.org, o.ask)
	if err != nil {
		t.Fatal(err)
	}
	_, err = o.u.Finish(t.Context(), o.org, o.ask, answerOf(newGuest(t).walk(address, "anna", false)))
	o.refused("no", err, fault.UpstreamFailed, "the person said no")
}

func TestTheSettingsOfAForeignProviderAreTried(t *testing.T) {
	o := atForeign(t)
	for _, c := range o.u.Test(t.Context(), o.org) {
		if !c.Pass {
			t.Errorf("%s: %s", c.Name, c.Rule)
		}
	}
	sealed, err := o.u.SealSecret(contoso, "a wrong secret")
	if err != nil {
		t.Fatal(err)
	}
	o.org.Upstream.Secret = sealed
	checks := o.u.Test(t.Context(), o.org)
	if last := checks[len(checks)-1]; last.Pass || last.Rule != "the provider refuses this client or its secret" {
		t.Errorf("with a wrong secret: %+v", last)
	}
}
