package ententetest_test

import (
	"crypto/x509"
	"html"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/entente-id/entente/ententetest"
	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/credential"
	"github.com/entente-id/entente/internal/devworld"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/tenant"
)

const (
	alva          = "alva@adventure.example"
	programmeApp  = "d1000000-0000-4000-8000-0000000000f1"
	companySecret = "the secret that adventure works gave us"
)

// company is an Entente of Adventure Works' own, and ours, which may ask it.
type company struct {
	ours, theirs *ententetest.World
	// there is the person's window at the company. It is another visitor's,
	// because cookies know no ports and both worlds are one host here.
	there *devworld.Visitor
}

func newCompany(t *testing.T) company {
	t.Helper()
	return newCompanyWith(t, ententetest.StartWith)
}

// newCompanyWith is newCompany with another way to start our world.
func newCompanyWith(t *testing.T, start func(testing.TB, ententetest.Options) *ententetest.World) company {
	t.Helper()
	theirs := ententetest.Start(t)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(theirs.CertificatePEM())
	ours := start(t, ententetest.Options{MayFetch: []string{strings.TrimPrefix(theirs.Origin, "https://")}, Roots: roots})
	in := theirs.Inside()
	app := application.Application{
		App: programmeApp, Tenant: devworld.Adventure, ID: "d2000000-0000-4000-8000-0000000000f1", Name: "Partner programme", Audience: application.AnyTenant,
		Redirects: []application.Redirect{{URI: ours.Origin + "/signin/upstream", Platform: application.Web}}, TokenVersion: 2,
	}
	if err := in.Apps.Save(t.Context(), app, []application.Credential{
		application.SecretCredential("5ec00000-0000-4000-8000-0000000000f1", "programme", companySecret, ententetest.Now().AddDate(1, 0, 0)),
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := in.Apps.Enrol(t.Context(), devworld.Adventure, programmeApp); err != nil {
		t.Fatal(err)
	}
	return company{ours: ours, theirs: theirs, there: theirs.Visitor(alva)}
}

func (c company) settings() url.Values {
	return url.Values{
		"name": {"Adventure sign-in"}, "issuer": {c.theirs.Origin + "/" + string(devworld.Adventure) + "/v2.0"}, "client": {programmeApp},
		"secret": {companySecret}, "pinned": {string(devworld.Adventure)}, "join": {"yes"},
	}
}

var leaving = regexp.MustCompile(`href="(https://[^"]*/authorize[^"]*)"`)

// goThere follows the page that leads to the company, signs in there and comes
// back.
func (c company) goThere(t *testing.T, v *devworld.Visitor) {
	t.Helper()
	found := leaving.FindStringSubmatch(v.Page.Body)
	if found == nil {
		t.Fatalf("no way to the company: %q at %s: %.2000s", v.Page.Title, v.Page.Address, v.Page.Body)
	}
	back := c.ours.Origin + "/signin/upstream"
	got, err := c.there.SignIn(t.Context(), html.UnescapeString(found[1]), back)
	if err != nil {
		t.Fatalf("at the company: %v after %q", err, c.there.Steps)
	}
	if err := v.Open(t.Context(), back+"?"+got.Encode()); err != nil {
		t.Fatal(err)
	}
	follow(t, v)
}

// press posts a form of the guided page; a second factor is proved on the way
// where it is asked for.
func (c company) press(t *testing.T, v *devworld.Visitor, path, button string, typed url.Values) {
	t.Helper()
	submitOnce := func() {
		if err := v.Submit(t.Context(), button, typed); err != nil {
			t.Fatal(err)
		}
	}
	submitOnce()
	if strings.Contains(v.Page.Header.Get("Location"), "/authorize") {
		// The walk ends at the page that sends the kept form by hand.
		if _, err := v.Walk(t.Context(), c.ours.Origin+path); err != nil && !strings.HasPrefix(v.Page.Title, "You are signed in again") {
			t.Fatalf("%v after %q", err, v.Steps)
		}
		enter(t, c.ours, v, path)
		submitOnce()
	}
	follow(t, v)
}

func (c company) stored(t *testing.T) tenant.Tenant {
	t.Helper()
	found, err := c.ours.Inside().Tenants.Find(t.Context(), devworld.Adventure)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// connect takes an admin through the whole page.
func (c company) connect(t *testing.T, v *devworld.Visitor) {
	t.Helper()
	const path = "/organisation/sign-in"
	enter(t, c.ours, v, path+"?kind=entra")
	wants(t, v, c.ours.Origin+"/signin/upstream", "adventure.example")
	c.press(t, v, path, "do=save", c.settings())
	if strings.Contains(v.Page.Body, companySecret) || strings.Contains(v.Page.Body, c.stored(t).Upstream.Secret) {
		t.Error("the page shows the secret")
	}
	c.press(t, v, path, "do=on", nil)
	if state := c.stored(t).Upstream.State; state != tenant.UpstreamDraft {
		t.Errorf("untested settings are %s", state)
	}
	c.press(t, v, path, "do=check", nil)
	if n := strings.Count(v.Page.Body, `badge good`); n < 4 {
		t.Errorf("%d checks passed: %s", n, v.Page.Body)
	}
	c.press(t, v, path, "do=try", nil)
	c.goThere(t, v)
	if !strings.Contains(v.Page.Body, `value="link"`) {
		t.Fatalf("the test sign-in ended at %q, %s", v.Page.Title, v.Page.Address)
	}
	if people, err := c.ours.Inside().SetupLinks.List(t.Context(), devworld.Adventure); err != nil || len(people) != 0 {
		t.Errorf("%v, %v", people, err)
	}
	submit(t, v, "do=link", nil)
	c.press(t, v, path, "do=on", nil)
	if state := c.stored(t).Upstream.State; state != tenant.UpstreamActive {
		t.Fatalf("after switching on it is %s", state)
	}
}

func TestJ16_ACompanyConnectsItsOwnSignInAndItsPeopleComeIn(t *testing.T) {
	c := newCompany(t)
	admin := c.ours.Visitor(alva)
	c.connect(t, admin)
	// The company tells of the second factor that Alva used there: hers here is
	// not asked for.
	v := c.comeIn(t)
	if v.Page.Address.Path != "/account" {
		t.Errorf("the company's second factor did not count: %q", v.Page.Title)
	}
	wants(t, v, "Alva Alm")

	// With a password alone at the company, it is.
	their := c.theirs.Inside()
	person, err := their.People.Named(t.Context(), devworld.Adventure, alva)
	if err != nil {
		t.Fatal(err)
	}
	if err := their.Safe.RemoveAuthenticator(t.Context(), credential.Told{Person: person, Outbox: their.Outbox}); err != nil {
		t.Fatal(err)
	}
	c.there = c.theirs.Visitor(alva)
	v = c.comeIn(t)
	wants(t, v, `name="code"`)
	v.Seed = admin.Seed
	v.At(func() time.Time { return time.Now().Add(30 * time.Second) })
	if _, err := v.Walk(t.Context(), c.ours.Origin+"/account"); err != nil {
		t.Fatalf("%v after %q", err, v.Steps)
	}
	follow(t, v)
	wants(t, v, "Alva Alm")

	// Switched off, the password is asked for again.
	c.press(t, admin, "/organisation/sign-in", "do=off", nil)
	again := c.address(t)
	wants(t, again, `name="password"`)
}

func TestThePersonOnTheWayIsRefusedWhenTheCompanySignInIsSwitchedOff(t *testing.T) {
	c := newCompany(t)
	admin := c.ours.Visitor(alva)
	c.connect(t, admin)
	v := c.address(t)
	submit(t, v, "do=next", nil)
	c.press(t, admin, "/organisation/sign-in", "do=off", nil)
	c.goThere(t, v)
	refusedWith(t, c.ours, v, fault.UpstreamMisset)
}

func TestASetupLinkDoesTheWorkWithoutAnAccountAndEndsWithIt(t *testing.T) {
	c := newCompany(t)
	admin := c.ours.Visitor(alva)
	enter(t, c.ours, admin, "/organisation/sign-in")
	c.press(t, admin, "/organisation/sign-in", "do=hand", url.Values{"to": {"it@adventure.example"}})
	found := regexp.MustCompile(`/organisation/setup/[A-Za-z0-9_-]+`).FindString(admin.Page.Body)
	if found == "" {
		t.Fatal("no link was shown")
	}
	if mail := mailsTo(t, c.ours, "it@adventure.example"); !strings.Contains(mail, found) {
		t.Error("the link was not mailed")
	}
	it := c.ours.Visitor("nobody@adventure.example")
	open := func() {
		if err := it.Open(t.Context(), c.ours.Origin+found); err != nil {
			t.Fatal(err)
		}
	}
	open()
	wants(t, it, "Adventure Works", "/signin/upstream")
	if strings.Contains(it.Page.Body, `value="hand"`) {
		t.Error("a link makes links")
	}
	submit(t, it, "do=save", c.settings())
	submit(t, it, "do=try", nil)
	c.goThere(t, it)
	open()
	submit(t, it, "do=on", nil)
	if state := c.stored(t).Upstream.State; state != tenant.UpstreamActive {
		t.Errorf("it is %s", state)
	}
	open()
	refusedWith(t, c.ours, it, fault.SetupLinkUnusable)
}

// refusedWith reads the attempt behind the page that the visitor sees.
func refusedWith(t *testing.T, w *ententetest.World, v *devworld.Visitor, code fault.Code) {
	t.Helper()
	a, err := w.Inside().Attempts.Find(t.Context(), v.Page.Header.Get("X-Entente-Reference"))
	if err != nil || a.Code != code {
		t.Errorf("%q at %s is %d, %v, want %d (%s)", v.Page.Title, v.Page.Address.Path, a.Code, err, code, fault.Describe(code).Message)
	}
}

// address types Alva's address on our first page.
func (c company) address(t *testing.T) *devworld.Visitor {
	t.Helper()
	v := c.ours.Visitor(alva)
	if err := v.Open(t.Context(), c.ours.Origin+"/account"); err != nil {
		t.Fatal(err)
	}
	follow(t, v)
	submit(t, v, "do=next", url.Values{"address": {alva}})
	if strings.Contains(v.Page.Body, `value="work"`) {
		submit(t, v, "do=work", nil)
	}
	return v
}

// comeIn signs Alva in at the company, from our first page.
func (c company) comeIn(t *testing.T) *devworld.Visitor {
	t.Helper()
	v := c.address(t)
	if strings.Contains(v.Page.Body, `name="password"`) {
		t.Fatal("the password is asked for here, not at the company")
	}
	submit(t, v, "do=next", nil)
	c.goThere(t, v)
	return v
}
