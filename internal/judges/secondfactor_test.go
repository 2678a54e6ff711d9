package judges_test

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/entente-id/entente/ententetest"
	"github.com/entente-id/entente/internal/devworld"
	"github.com/entente-id/entente/internal/judges"
	"github.com/entente-id/entente/sam"
	"github.com/entente-id/entente/sam/vault"
)

var ourSAM = judges.Client{Name: "Entente's package sam", Source: "Our own client, in this repository"}

// apiCalls are the same calls before and after the second factor.
var apiCalls = []string{"/v1/customers", "/v1/customers/" + ententetest.Adatum, "/v1/profiles/organization"}

// TestAConsentWithoutASecondFactorIsWorthNothing is the story of an
// integration account: consent without a second factor, every door closed,
// then the second factor is set up, and the same doors open.
func TestAConsentWithoutASecondFactorIsWorthNothing(t *testing.T) {
	w := ententetest.Start(t)
	partner := judges.NewPartner(t, w)
	account := w.Visitor(ententetest.Integration)
	ledger.Judge(t, ourSAM, "a consent without a second factor stores nothing and says why", "", func(t *testing.T) {
		_, err := partner.Ask(t.Context(), account)
		problem, ok := errors.AsType[*sam.Problem](err)
		if !errors.Is(err, sam.ErrNoMFA) || !ok || problem.Message != "M31" {
			t.Fatalf("error %v", err)
		}
		if !strings.Contains(problem.What, ententetest.Integration) || !strings.Contains(problem.What, "pwd") || !strings.Contains(problem.Do, "second factor") {
			t.Errorf("it says %q, and to do %q", problem.What, problem.Do)
		}
		if names, err := partner.Vault.Names(t.Context()); err != nil || len(names) > 0 {
			t.Errorf("the vault holds %q, %v", names, err)
		}
		if _, err := partner.Vault.Read(t.Context(), partner.Record); !errors.Is(err, vault.ErrAbsent) {
			t.Errorf("reading the record: %v", err)
		}
	})
	ledger.Judge(t, documented, "Partner Center refuses a token without mfa with 401 and 900421, and says so to ValidateMfa", "", func(t *testing.T) {
		without := redeemV1(t, w, account, "")
		expect(t, "token", claimsOf(t, without), map[string]any{"amr": []string{"pwd"}})
		for _, path := range apiCalls {
			refused := get(t, w, path, append(bearer(without), "ValidateMfa", "true")...).must(t, http.StatusUnauthorized)
			expect(t, path, refused.body, map[string]any{"code": "900421"})
			if !strings.Contains(refused.text(t, "description"), "Authentication failed. MFA required") || refused.header.Get("isMfaCompliant") != "false" {
				t.Errorf("%s: %s, isMfaCompliant %q", path, refused.raw, refused.header.Get("isMfaCompliant"))
			}
		}
	})
	ledger.Judge(t, documented, "amr_values=mfa makes the sign-in set up a second factor, and the same calls pass", "", func(t *testing.T) {
		with := redeemV1(t, w, account, "mfa")
		expect(t, "token", claimsOf(t, with), map[string]any{"amr": []string{"pwd", "mfa"}})
		for _, path := range apiCalls {
			passed := get(t, w, path, append(bearer(with), "ValidateMfa", "true")...).must(t, http.StatusOK)
			if passed.header.Get("isMfaCompliant") != "true" {
				t.Errorf("%s: isMfaCompliant %q", path, passed.header.Get("isMfaCompliant"))
			}
		}
	})
	ledger.Judge(t, ourSAM, "after the second factor the same consent is kept and works", "", func(t *testing.T) {
		record, err := partner.Ask(t.Context(), account)
		if err != nil {
			t.Fatalf("after %q: %v", account.Steps, err)
		}
		if !record.MFA || record.State != vault.Healthy || record.SignInName != ententetest.Integration {
			t.Errorf("the record is %v %s %s", record.MFA, record.State, record.SignInName)
		}
		count := 0
		for _, err := range partner.Broker.Customers(t.Context(), partner.Record) {
			if err != nil {
				t.Fatal(err)
			}
			count++
		}
		if count != 8 {
			t.Errorf("%d customers", count)
		}
	})
}

// redeemV1 signs in at v1 and gives an access token for Partner Center.
func redeemV1(t *testing.T, w *ententetest.World, v *devworld.Visitor, amr string) string {
	t.Helper()
	query := url.Values{
		"client_id": {ententetest.PortalApp}, "response_type": {"code"}, "resource": {partnerCenter}, "state": {"s"},
		"redirect_uri": {judges.Redirect}, "login_hint": {v.SignInName},
	}
	if amr != "" {
		query.Set("amr_values", amr)
	}
	answer := signIn(t, v, w.Origin+"/"+ententetest.Northwind+"/oauth2/authorize?"+query.Encode(), judges.Redirect)
	got := post(t, w, "/"+ententetest.Northwind+"/oauth2/token", portal("grant_type", "authorization_code", "code", answer.Get("code"),
		"redirect_uri", judges.Redirect, "resource", partnerCenter)).must(t, http.StatusOK)
	return got.text(t, "access_token")
}
