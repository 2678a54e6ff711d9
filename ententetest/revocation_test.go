package ententetest_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/entente-id/entente/ententetest"
	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/devworld"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/sqlstore/pgtest"
)

// exchange asks one node for a token and gives the status and the AADSTS
// number, 0 for a success.
func exchange(t *testing.T, node *ententetest.World, tenant, refresh string) (int, fault.Code) {
	t.Helper()
	response, err := node.Client().PostForm(node.Address()+"/"+tenant+"/oauth2/token", url.Values{
		"grant_type": {"refresh_token"}, "refresh_token": {refresh}, "resource": {"https://graph.microsoft.com"},
		"client_id": {ententetest.PortalApp}, "client_secret": {ententetest.PortalSecret},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var got struct {
		Codes []fault.Code `json:"error_codes"`
	}
	if err := json.NewDecoder(response.Body).Decode(&got); err != nil {
		t.Fatal(err)
	}
	if len(got.Codes) == 0 {
		return response.StatusCode, 0
	}
	return response.StatusCode, got.Codes[0]
}

// TestWhatOneNodeRevokesTheOtherRefusesWithinTwoSeconds changes something on
// one node while the other has everything it needs in memory (fault F41).
func TestWhatOneNodeRevokesTheOtherRefusesWithinTwoSeconds(t *testing.T) {
	ctx := context.Background()
	const customer = "adatum.example"
	for name, c := range map[string]struct {
		change func(w *devworld.World, refresh string) error
		// within is how long the other node may go on; 0 means not at all.
		within time.Duration
		want   fault.Code
	}{
		"the account is switched off": {func(w *devworld.World, _ string) error {
			ada, err := w.People.Named(ctx, devworld.Northwind, devworld.Ada)
			if err != nil {
				return err
			}
			ada.Disabled = true
			return w.People.Save(ctx, ada)
		}, 0, fault.AccountDisabled},
		"the account's sessions are revoked": {func(w *devworld.World, _ string) error {
			ada, err := w.People.Named(ctx, devworld.Northwind, devworld.Ada)
			if err != nil {
				return err
			}
			ada.SessionsFrom = w.Source.Now().Add(time.Second)
			return w.People.Save(ctx, ada)
		}, 0, fault.GrantRevoked},
		"the client revokes its refresh token": {func(w *devworld.World, refresh string) error {
			held, err := w.Families.Find(ctx, refresh, devworld.Portal)
			if err != nil {
				return err
			}
			return w.Families.End(ctx, held)
		}, 0, fault.GrantRevoked},
		"the customer withdraws its consent": {func(w *devworld.World, _ string) error {
			return w.Consents.Withdraw(ctx, audit.Caller{Tenant: devworld.Adatum, Home: devworld.Adatum}, devworld.Portal, true)
		}, 2 * time.Second, fault.ConsentMissing},
		"the customer blocks partners": {func(w *devworld.World, _ string) error {
			adatum, err := w.Tenants.Find(ctx, devworld.Adatum)
			if err != nil {
				return err
			}
			adatum.Settings.BlockPartners = true
			return w.Tenants.Save(ctx, adatum)
		}, 2 * time.Second, fault.BlockedByPolicy},
		"the app is switched off": {func(w *devworld.World, _ string) error {
			app, err := w.Apps.Find(ctx, devworld.Portal)
			if err != nil {
				return err
			}
			app.Disabled = true
			return w.Apps.Save(ctx, app, nil)
		}, 2 * time.Second, fault.AppDisabled},
		"the app's secret is replaced": {func(w *devworld.World, _ string) error {
			app, err := w.Apps.Find(ctx, devworld.Portal)
			if err != nil {
				return err
			}
			_, other := w.Apps.NewSecret("other", w.Source.Now().AddDate(1, 0, 0))
			return w.Apps.Save(ctx, app, []application.Credential{other})
		}, 2 * time.Second, fault.SecretWrong},
	} {
		t.Run(name, func(t *testing.T) {
			clock := &strides{}
			store := pgtest.Database(t)
			const origin = "https://entente.example"
			a := ententetest.StartWith(t, ententetest.Options{Store: store, Origin: origin, Now: clock.Now})
			b := ententetest.StartWith(t, ententetest.Options{Store: store, Origin: origin, Now: clock.Now})
			v := a.Visitor(ententetest.Ada)
			answer, err := v.SignIn(ctx, a.Address()+"/organizations/oauth2/authorize?"+url.Values{
				"client_id": {ententetest.PortalApp}, "response_type": {"code"}, "redirect_uri": {"http://localhost/"}, "resource": {"https://graph.microsoft.com"},
			}.Encode(), "http://localhost/")
			if err != nil {
				t.Fatalf("sign-in after %q: %v", v.Steps, err)
			}
			response, err := a.Client().PostForm(a.Address()+"/organizations/oauth2/token", url.Values{
				"grant_type": {"authorization_code"}, "code": {answer.Get("code")}, "redirect_uri": {"http://localhost/"},
				"client_id": {ententetest.PortalApp}, "client_secret": {ententetest.PortalSecret},
			})
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			var got struct {
				Refresh string `json:"refresh_token"`
			}
			if err := json.NewDecoder(response.Body).Decode(&got); err != nil || got.Refresh == "" {
				t.Fatalf("redeem: %d, %v", response.StatusCode, err)
			}
			if status, code := exchange(t, b, customer, got.Refresh); status != http.StatusOK {
				t.Fatalf("before the change: %d, AADSTS%d", status, code)
			}
			if err := c.change(a.Inside(), got.Refresh); err != nil {
				t.Fatal(err)
			}
			if status, code := exchange(t, a, customer, got.Refresh); code != c.want {
				t.Errorf("the node that changed it answers %d, AADSTS%d", status, code)
			}
			clock.ahead.Add(int64(c.within))
			if status, code := exchange(t, b, customer, got.Refresh); code != c.want {
				t.Errorf("the other node answers %d, AADSTS%d after %v", status, code, c.within)
			}
		})
	}
}
