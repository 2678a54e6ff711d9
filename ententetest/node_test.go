package ententetest_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/entente-id/entente/ententetest"
	"github.com/entente-id/entente/internal/devworld"
	"github.com/entente-id/entente/internal/sqlstore/pgtest"
	"github.com/entente-id/entente/sam"
	"github.com/entente-id/entente/sam/cloud"
	"github.com/entente-id/entente/sam/secret"
	"github.com/entente-id/entente/sam/vault/file"
)

// nodes are two server processes over one database behind a balancer that
// takes turns.
type nodes struct {
	balancer *httptest.Server
	turns    atomic.Int64
	served   [2]atomic.Int64
}

func startNodes(t *testing.T) *nodes {
	t.Helper()
	n := &nodes{}
	// The balancer is there first, because both nodes answer in its name.
	var targets [2]*httputil.ReverseProxy
	n.balancer = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		i := n.turns.Add(1) % 2
		n.served[i].Add(1)
		targets[i].ServeHTTP(w, r)
	}))
	t.Cleanup(n.balancer.Close)
	store, folder := pgtest.Database(t), filepath.Join(t.TempDir(), "trust")
	trust, err := devworld.OpenTrust(folder, ententetest.Now())
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trust.Pool(), MinVersion: tls.VersionTLS12}}
	for i := range targets {
		listen := freeAddress(t)
		server := startChild(t, []string{childStore + "=" + store, childListen + "=" + listen, childTrust + "=" + folder, childAs + "=" + n.balancer.URL})
		t.Cleanup(server.kill)
		address := &url.URL{Scheme: "https", Host: listen}
		targets[i] = &httputil.ReverseProxy{Transport: transport, Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(address)
			r.Out.Host = r.In.Host
		}}
	}
	return n
}

// partner is the partner's side against an origin: a consent through a
// visitor, and a broker over its vault.
func partner(t *testing.T, origin string, client *http.Client, v *devworld.Visitor) (*sam.Broker, string, cloud.Cloud) {
	t.Helper()
	c, err := cloud.At(origin)
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	key, err := file.KeyFromFile(filepath.Join(folder, "key", "vault.key"), filepath.Join(folder, "vault"))
	if err != nil {
		t.Fatal(err)
	}
	vault, err := file.Open(filepath.Join(folder, "vault"), key)
	if err != nil {
		t.Fatal(err)
	}
	proof := cloud.ClientSecret(secret.New(ententetest.PortalSecret))
	address, pending, err := sam.Consent{Cloud: c, ClientID: ententetest.PortalApp, Credential: proof, Vault: vault, HTTP: client}.Begin(t.Context(), "http://localhost:8400/")
	if err != nil {
		t.Fatal(err)
	}
	values, err := v.SignIn(t.Context(), address, "http://localhost:8400/")
	if err != nil {
		t.Fatalf("sign-in after %q: %v", v.Steps, err)
	}
	record, err := pending.Finish(t.Context(), values)
	if err != nil {
		t.Fatal(err)
	}
	b, err := sam.New(sam.Config{Cloud: c, ClientID: ententetest.PortalApp, Credential: proof, Vault: vault, HTTP: client})
	if err != nil {
		t.Fatal(err)
	}
	return b, sam.RecordName(c, record.Tenant, record.ClientID), c
}

func TestTwoNodesServeOneSignInAndOneBrokerBetweenThem(t *testing.T) {
	n := startNodes(t)
	client := n.balancer.Client()
	v := devworld.NewVisitor(client.Transport, ententetest.Now, ententetest.Ada)
	broker, record, c := partner(t, n.balancer.URL, client, v)
	graph, err := c.Resource("graph")
	if err != nil {
		t.Fatal(err)
	}
	for _, customer := range []string{"adatum.example", "bellows.example", "coho.example", "litware.example"} {
		token, err := broker.Token(t.Context(), sam.Request{Record: record, Tenant: customer, Resource: graph})
		if err != nil {
			t.Fatalf("%s: %v", customer, err)
		}
		request, err := http.NewRequest(http.MethodGet, n.balancer.URL+"/v1.0/organization", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer "+token.Token)
		response, err := client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if response.StatusCode != http.StatusOK {
			t.Errorf("%s: Graph answers %d", customer, response.StatusCode)
		}
	}
	for i := range n.served {
		if n.served[i].Load() < 5 {
			t.Errorf("node %d served only %d requests", i, n.served[i].Load())
		}
	}
}

func TestOneConnectionIsEnough(t *testing.T) {
	w := ententetest.StartWith(t, ententetest.Options{Store: pgtest.Database(t), PoolSize: 1})
	broker, record, c := partner(t, w.Origin, w.Client(), w.Visitor(ententetest.Ada))
	graph, err := c.Resource("graph")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := broker.Token(t.Context(), sam.Request{Record: record, Tenant: "adatum.example", Resource: graph}); err != nil {
		t.Error(err)
	}
}

func TestSixtyFourRefreshingAtOnceLoseNothing(t *testing.T) {
	for name, store := range map[string]func() string{
		"SQLite": func() string { return "" }, "PostgreSQL": func() string { return pgtest.Database(t) },
	} {
		t.Run(name, func(t *testing.T) {
			w := ententetest.StartWith(t, ententetest.Options{Store: store(), Failpoint: func(string) error { return nil }})
			const workers, rounds = 64, 5
			chains := make([]string, workers)
			scope := "https://graph.microsoft.com/User.Read offline_access openid"
			v := w.Visitor(ententetest.Ada)
			authorize := w.Origin + "/organizations/oauth2/v2.0/authorize?" + url.Values{
				"client_id": {ententetest.PortalApp}, "response_type": {"code"}, "redirect_uri": {"http://localhost/"}, "scope": {scope}}.Encode()
			redeem := func(more url.Values) (int, map[string]any) {
				more["client_id"], more["client_secret"], more["scope"] = []string{ententetest.PortalApp}, []string{ententetest.PortalSecret}, []string{scope}
				return post(t, w, "/"+ententetest.Northwind+"/oauth2/v2.0/token", more)
			}
			for i := range chains {
				// Single sign-on: only the first one asks for anything.
				ask := authorize
				if i > 0 {
					// An app that comes so often without saying so is stopped as a loop.
					ask += "&prompt=none"
				}
				answer, err := v.SignIn(context.Background(), ask, "http://localhost/")
				if err != nil {
					t.Fatal(err)
				}
				status, got := redeem(url.Values{"grant_type": {"authorization_code"}, "code": {answer.Get("code")}, "redirect_uri": {"http://localhost/"}})
				if status != http.StatusOK {
					t.Fatalf("redeem: %d %v", status, got)
				}
				chains[i] = got["refresh_token"].(string)
			}
			var all sync.WaitGroup
			failures := make(chan string, workers)
			for i := range chains {
				all.Go(func() {
					for round := range rounds {
						status, got := redeem(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {chains[i]}})
						next, ok := got["refresh_token"].(string)
						if status != http.StatusOK || !ok {
							failures <- fmt.Sprintf("worker %d, round %d: %d %v", i, round, status, got["error_description"])
							return
						}
						chains[i] = next
					}
				})
			}
			all.Wait()
			close(failures)
			for f := range failures {
				t.Error(f)
			}
		})
	}
}
