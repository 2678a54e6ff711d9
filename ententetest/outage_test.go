package ententetest_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/entente-id/entente/ententetest"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/sqlstore/pgtest"
	"github.com/jackc/pgx/v5"
)

// answered is what an application sees of the token endpoint.
type answered struct {
	status     int
	retryAfter string
	refresh    string
	code       fault.Code
}

func asked(t *testing.T, w *ententetest.World, path string, more url.Values) answered {
	t.Helper()
	more["client_id"], more["client_secret"] = []string{ententetest.PortalApp}, []string{ententetest.PortalSecret}
	response, err := w.Client().PostForm(w.Origin+path, more)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	a := answered{status: response.StatusCode, retryAfter: response.Header.Get("Retry-After")}
	var body struct {
		Refresh string       `json:"refresh_token"`
		Codes   []fault.Code `json:"error_codes"`
	}
	if strings.HasSuffix(path, "/token") {
		if err := json.NewDecoder(response.Body).Decode(&body); err != nil {
			t.Fatalf("%d: %v", response.StatusCode, err)
		}
	}
	a.refresh = body.Refresh
	if len(body.Codes) > 0 {
		a.code = body.Codes[0]
	}
	return a
}

// signedIn gives a refresh token.
func signedIn(t *testing.T, w *ententetest.World) string {
	t.Helper()
	v := w.Visitor(ententetest.Ada)
	answer, err := v.SignIn(context.Background(), w.Origin+"/organizations/oauth2/authorize?"+url.Values{
		"client_id": {ententetest.PortalApp}, "response_type": {"code"}, "redirect_uri": {"http://localhost/"}, "resource": {"https://graph.microsoft.com"},
	}.Encode(), "http://localhost/")
	if err != nil {
		t.Fatalf("sign-in after %q: %v", v.Steps, err)
	}
	got := asked(t, w, "/organizations/oauth2/token", url.Values{
		"grant_type": {"authorization_code"}, "code": {answer.Get("code")}, "redirect_uri": {"http://localhost/"},
	})
	if got.refresh == "" {
		t.Fatalf("redeem: %+v", got)
	}
	return got.refresh
}

func refreshing(token string) url.Values {
	return url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}, "resource": {"https://graph.microsoft.com"}}
}

// TestADatabaseThatTakesNoWritesIsAPauseAndNoLoss holds back every commit, as a
// full disk does (fault F8): what needs a write is asked to come again, what
// needs none goes on, and nothing is lost when there is room again.
func TestADatabaseThatTakesNoWritesIsAPauseAndNoLoss(t *testing.T) {
	var full atomic.Bool
	w := ententetest.StartWith(t, ententetest.Options{Failpoint: func(step string) error {
		if full.Load() && step == "before commit" {
			return errors.New("no space left on device")
		}
		return nil
	}})
	first := signedIn(t, w)
	full.Store(true)
	for range 3 {
		got := asked(t, w, "/organizations/oauth2/token", refreshing(first))
		if got.status != http.StatusServiceUnavailable || got.retryAfter == "" || got.code != fault.DirectoryBusy || got.refresh != "" {
			t.Errorf("a refresh that must be written: %+v", got)
		}
	}
	// A revocation that is not durable must not be confirmed (row R91).
	if got := asked(t, w, "/organizations/oauth2/v2.0/revoke", url.Values{"token": {first}}); got.status != http.StatusServiceUnavailable {
		t.Errorf("a revocation that was not kept is answered with %d", got.status)
	}
	if got := asked(t, w, "/"+ententetest.Northwind+"/oauth2/token", url.Values{"grant_type": {"client_credentials"}, "resource": {"https://graph.microsoft.com"}}); got.status != http.StatusOK {
		t.Errorf("a token that needs no write: %+v", got)
	}
	for _, path := range []string{"/common/discovery/v2.0/keys", "/" + ententetest.Northwind + "/v2.0/.well-known/openid-configuration"} {
		response, err := w.Client().Get(w.Origin + path)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if response.StatusCode != http.StatusOK {
			t.Errorf("%s: %d", path, response.StatusCode)
		}
	}
	full.Store(false)
	if got := asked(t, w, "/organizations/oauth2/token", refreshing(first)); got.status != http.StatusOK || got.refresh == "" {
		t.Errorf("when there is room again: %+v", got)
	}
}

// TestConnectionsThatAreCutAreAPauseAndNoLoss ends every connection to the
// database again and again, as a failover does (fault F19).
func TestConnectionsThatAreCutAreAPauseAndNoLoss(t *testing.T) {
	ctx := context.Background()
	store := pgtest.Database(t)
	w := ententetest.StartWith(t, ententetest.Options{Store: store})
	token := signedIn(t, w)
	admin, err := pgx.Connect(ctx, store)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = admin.Close(ctx) }()
	paused := 0
	for round := range 20 {
		if _, err := admin.Exec(ctx, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`); err != nil {
			t.Fatal(err)
		}
		for try := 0; ; try++ {
			got := asked(t, w, "/organizations/oauth2/token", refreshing(token))
			if got.status == http.StatusOK {
				token = got.refresh
				break
			}
			paused++
			if got.status != http.StatusServiceUnavailable || got.retryAfter == "" || got.code != fault.DirectoryBusy {
				t.Fatalf("round %d: %+v", round, got)
			}
			// More connections than the pool has cannot have been cut.
			if try > 8 {
				t.Fatalf("round %d: still paused after %d tries", round, try)
			}
		}
	}
	t.Logf("%d requests were asked to come again", paused)
}
