package conformance_test

import (
	"encoding/json"
	"net/http"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/entente-id/entente/ententetest"
	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/devworld"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/judges"
)

// ledger takes the verdicts of this package.
var ledger judges.Ledger

func TestMain(m *testing.M) { os.Exit(ledger.Run(m, "conformance")) }

func plan(name string) judges.Client {
	return judges.Client{
		Name:   "OpenID conformance: " + name,
		Source: "The assertions of the OpenID Foundation's certification plan, made again as our own tests, at a work tenant's authority and at `consumers`",
	}
}

// module is one test of a plan. Difference is what the suite would warn of, or
// why it would leave the module out.
type module struct {
	id, difference string
	assert         func(r *run)
}

// authority is where a plan runs, and who signs in there.
type authority struct{ segment, tenant, person string }

var (
	work     = authority{ententetest.Northwind, ententetest.Northwind, ententetest.Integration}
	personal = authority{"consumers", string(id.Consumers), "meri@personal.example"}
)

// judge runs the modules of a plan, each with a fresh browser.
func judge(t *testing.T, plan judges.Client, mode string, modules []module) {
	clock := &clock{}
	w := newWorld(t, clock)
	for _, m := range modules {
		ledger.Judge(t, plan, m.id, m.difference, func(t *testing.T) {
			for _, at := range []authority{work, personal} {
				t.Run(at.segment, func(t *testing.T) { m.assert(begin(t, w, clock, at, mode)) })
			}
		})
	}
}

// clock is the machine's, moved on by as much as the suite would wait.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time       { return ententetest.Now().Add(time.Duration(c.ahead.Load())) }
func (c *clock) wait(d time.Duration) { c.ahead.Add(int64(d)) }

// client is a registration of the suite. The second one's redirect address has
// a query.
type client struct {
	app              id.App
	secret, redirect string
}

const suite = "https://suite.example/test/a/entente"

var (
	first  = client{"e2000000-0000-4000-8000-000000000001", "the first client's / own + secret", suite + "/callback"}
	second = client{"e2000000-0000-4000-8000-000000000002", "the second client's own secret", suite + "/callback?dummy1=lorem&dummy2=ipsum"}
)

const afterSignOut = suite + "/post_logout_redirect"

func newWorld(t *testing.T, c *clock) *ententetest.World {
	t.Helper()
	w := ententetest.StartWith(t, ententetest.Options{Now: c.now})
	in := w.Inside()
	for i, c := range []client{first, second} {
		number := id.Object("e2000000-0000-4000-8000-00000000001" + string(rune('0'+i)))
		err := in.Apps.Save(t.Context(), application.Application{
			App: c.app, Tenant: devworld.Northwind, ID: number, Name: "Suite", Audience: application.AnyAccount, TokenVersion: 2,
			Redirects: []application.Redirect{
				{URI: suite + "/callback", Platform: application.Web}, {URI: second.redirect, Platform: application.Web}, {URI: afterSignOut, Platform: application.Web},
			},
		}, []application.Credential{application.SecretCredential(number, "suite", c.secret, in.Source.Now().AddDate(1, 0, 0))})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := in.Apps.Enrol(t.Context(), devworld.Northwind, c.app); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

// metadata is what the suite reads of the discovery document.
type metadata struct {
	Issuer     string   `json:"issuer"`
	Authorize  string   `json:"authorization_endpoint"`
	Token      string   `json:"token_endpoint"`
	UserInfo   string   `json:"userinfo_endpoint"`
	EndSession string   `json:"end_session_endpoint"`
	Keys       string   `json:"jwks_uri"`
	Scopes     []string `json:"scopes_supported"`
	IDTokens   []string `json:"id_token_signing_alg_values_supported"`
}

// run is one module at one authority.
type run struct {
	*testing.T
	world   *ententetest.World
	clock   *clock
	at      authority
	mode    string
	browser *devworld.Visitor
	meta    metadata
	keys    jose.JSONWebKeySet
}

// begin reads the metadata and the keys, as each module of the suite does.
func begin(t *testing.T, w *ententetest.World, c *clock, at authority, mode string) *run {
	t.Helper()
	r := &run{T: t, world: w, clock: c, at: at, mode: mode, browser: w.Visitor(at.person)}
	r.document(w.Origin+"/"+at.segment+"/v2.0/.well-known/openid-configuration", &r.meta)
	if want := w.Origin + "/" + at.tenant + "/v2.0"; r.meta.Issuer != want {
		t.Fatalf("issuer %q, want %q", r.meta.Issuer, want)
	}
	r.document(r.meta.Keys, &r.keys)
	seen := map[string]bool{}
	for _, k := range r.keys.Keys {
		if !k.IsPublic() || !k.Valid() || k.KeyID == "" || seen[k.KeyID] {
			t.Fatalf("key %q: public %t, valid %t, known already %t", k.KeyID, k.IsPublic(), k.Valid(), seen[k.KeyID])
		}
		seen[k.KeyID] = true
	}
	return r
}

// document gets a JSON document.
func (r *run) document(address string, into any) {
	r.Helper()
	response, err := r.world.Client().Get(address)
	if err != nil {
		r.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK || !isJSON(response.Header) {
		r.Fatalf("%s: %d %s", address, response.StatusCode, response.Header.Get("Content-Type"))
	}
	if err := json.NewDecoder(response.Body).Decode(into); err != nil {
		r.Fatalf("%s: %v", address, err)
	}
}
