package sam_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/entente-id/entente/sam"
	"github.com/entente-id/entente/sam/cloud"
	"github.com/entente-id/entente/sam/samtest"
	"github.com/entente-id/entente/sam/secret"
	"github.com/entente-id/entente/sam/vault"
)

func (w *world) newConsent() sam.Consent {
	return sam.Consent{
		Cloud: w.cloud, ClientID: samtest.ClientID, Credential: cloud.ClientSecret(secret.New(samtest.Secret)),
		Vault: w.openVault(), HTTP: w.service.Client(), Record: record, Now: w.clock.now,
	}
}

// begun is a consent whose person has signed in; the values are what the browser
// brings back.
func (w *world) begun(c sam.Consent) (*sam.Pending, url.Values) {
	w.t.Helper()
	address, pending, err := c.Begin(ctx, "http://localhost:8400/")
	if err != nil {
		w.t.Fatal(err)
	}
	client := w.service.Client()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	response, err := client.Get(address)
	if err != nil {
		w.t.Fatal(err)
	}
	response.Body.Close()
	back, err := url.Parse(response.Header.Get("Location"))
	if err != nil {
		w.t.Fatal(err)
	}
	return pending, back.Query()
}

func (w *world) mustStoreNothing() {
	w.t.Helper()
	if names, err := w.openVault().Names(ctx); err != nil || len(names) != 0 {
		w.t.Errorf("the vault holds %v, %v", names, err)
	}
}

func TestAConsentWithASecondFactorIsKeptAndWorks(t *testing.T) {
	w := newWorld(t)
	pending, values := w.begun(w.newConsent())
	got, err := pending.Finish(ctx, values)
	if err != nil {
		t.Fatal(err)
	}
	stored := w.read()
	if stored.Seq != got.Seq || stored.State != vault.Healthy || !stored.MFA || stored.SignInName != samtest.Name || stored.ObjectID != samtest.Person ||
		stored.Tenant != samtest.Tenant || stored.Authority != w.cloud.Authority || stored.Cur.Key.Empty() || !stored.ConsentAt.Equal(w.clock.now()) {
		t.Errorf("%+v", stored)
	}
	w.start().mustAsk(samtest.Customer)
	w.mustBeSound()
}

func TestAConsentWithoutASecondFactorIsRefusedAndExplained(t *testing.T) {
	for name, amr := range map[string][]string{"only pwd": {"pwd"}, "only rsa": {"rsa"}, "missing": {}} {
		w := newWorld(t)
		w.service.Set(func(s *samtest.Settings) { s.AMR = amr })
		pending, values := w.begun(w.newConsent())
		_, err := pending.Finish(ctx, values)
		problem := problemOf(t, err)
		if !errors.Is(err, sam.ErrNoMFA) || problem.Message != "M31" || !strings.Contains(problem.What, name) || problem.Do == "" {
			t.Errorf("%s: %+v", name, problem)
		}
		w.mustStoreNothing()
	}
}

func TestTheVaultIsCheckedBeforeAnybodyIsAsked(t *testing.T) {
	w := newWorld(t)
	c := w.newConsent()
	if err := os.RemoveAll(w.vaults); err != nil {
		t.Fatal(err)
	}
	_, _, err := c.Begin(ctx, "http://localhost:8400/")
	if problem := problemOf(t, err); problem.Kind != sam.VaultFailed {
		t.Errorf("%+v", problem)
	}
}

func TestEachSignInHasItsOwnStateNonceAndVerifier(t *testing.T) {
	w := newWorld(t)
	seen := map[string]bool{}
	for range 3 {
		address, _, err := w.newConsent().Begin(ctx, "http://localhost:8400/")
		if err != nil {
			t.Fatal(err)
		}
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"state", "nonce", "code_challenge"} {
			value := u.Query().Get(name)
			if len(value) < 43 || seen[value] {
				t.Errorf("%s = %q", name, value)
			}
			seen[value] = true
		}
	}
}

func TestAForeignAnswerLeavesTheConsentPending(t *testing.T) {
	w := newWorld(t)
	pending, values := w.begun(w.newConsent())
	for _, foreign := range []url.Values{{}, {"code": {"x"}}, {"code": {"x"}, "state": {"guess"}}, {"error": {"access_denied"}}} {
		if _, err := pending.Finish(ctx, foreign); !errors.Is(err, sam.ErrNotOurs) {
			t.Errorf("%v: %v", foreign, err)
		}
	}
	if w.service.Seen().Requests != 0 {
		t.Error("a foreign code was redeemed")
	}
	if _, err := pending.Finish(ctx, values); err != nil {
		t.Fatal(err)
	}
	if _, err := pending.Finish(ctx, values); !errors.Is(err, sam.ErrNotOurs) {
		t.Errorf("a second answer: %v", err)
	}
}

func TestAnAnswerFromAnotherIssuerIsRefused(t *testing.T) {
	for _, issuer := range []string{"https://evil.example/" + samtest.Tenant + "/v2.0", "", "OTHER-TENANT"} {
		w := newWorld(t)
		c := w.newConsent()
		if issuer == "OTHER-TENANT" {
			c.Tenant = samtest.Tenant
			issuer = w.service.Address + "/" + samtest.Customer + "/v2.0"
		}
		pending, values := w.begun(c)
		values.Set("iss", issuer)
		if _, err := pending.Finish(ctx, values); err == nil {
			t.Errorf("%q was taken", issuer)
		}
		if w.service.Seen().Requests != 0 {
			t.Errorf("%q: the code was sent", issuer)
		}
		w.mustStoreNothing()
	}
}

func TestTokensThatDoNotFitTheQuestionAreNotKept(t *testing.T) {
	for claim, wrong := range map[string]any{
		"tid": samtest.Customer, "aud": "https://graph.microsoft.com", "appid": samtest.Customer, "oid": samtest.Customer,
	} {
		w := newWorld(t)
		w.service.Set(func(s *samtest.Settings) { s.Wrong = func(claims map[string]any) { claims[claim] = wrong } })
		pending, values := w.begun(w.newConsent())
		_, err := pending.Finish(ctx, values)
		if problem := problemOf(t, err); problem.Kind != sam.Unexpected || !strings.Contains(problem.What, "nothing was stored") {
			t.Errorf("%s: %+v", claim, problem)
		}
		w.mustStoreNothing()
	}
	// The nonce ties the ID token to this very sign-in.
	w := newWorld(t)
	address, pending, err := w.newConsent().Begin(ctx, "http://localhost:8400/")
	if err != nil {
		t.Fatal(err)
	}
	asked, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	query := asked.Query()
	query.Set("nonce", "of another sign-in")
	asked.RawQuery = query.Encode()
	client := w.service.Client()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	response, err := client.Get(asked.String())
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	back, err := url.Parse(response.Header.Get("Location"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := pending.Finish(ctx, back.Query()); err == nil || !strings.Contains(err.Error(), "another sign-in") {
		t.Errorf("another nonce: %v", err)
	}
	w.mustStoreNothing()
}

func TestWhatTheBrowserBringsBackInsteadOfACodeIsExplained(t *testing.T) {
	for _, test := range []struct {
		code, description, message string
	}{
		{"access_denied", "AADSTS65004: User declined to consent. Trace ID: t Correlation ID: " + samtest.Person + " Timestamp: x", "M13"},
		{"consent_required", "AADSTS90094: An administrator must approve.", "M14"},
		{"interaction_required", "AADSTS50076: You must use multi-factor authentication.", "M10"},
		{"unauthorized_client", "AADSTS700016: Application not found.", "M22"},
		{"", "", "M34"},
	} {
		w := newWorld(t)
		pending, values := w.begun(w.newConsent())
		values.Del("code")
		if test.code != "" {
			values.Set("error", test.code)
			values.Set("error_description", test.description)
		}
		_, err := pending.Finish(ctx, values)
		problem := problemOf(t, err)
		if problem.Message != test.message || test.message == "M13" && problem.Reference != samtest.Person {
			t.Errorf("%s: %+v", test.code, problem)
		}
		w.mustStoreNothing()
	}
}

func TestALostReplyDoesNotCostThePersonAnotherSignIn(t *testing.T) {
	w := newWorld(t)
	w.service.Set(func(s *samtest.Settings) {
		s.Fault = func(n int, _ string) samtest.Fault { return samtest.Fault{LoseRequest: n < 3} }
	})
	pending, values := w.begun(w.newConsent())
	if _, err := pending.Finish(ctx, values); err != nil {
		t.Error(err)
	}
}

func TestTheBrowserIsToldHowItEnded(t *testing.T) {
	w := newWorld(t)
	pages := make(chan string, 1)
	got, err := w.newConsent().InBrowser(ctx, sam.Browser{Open: func(address string) error {
		go func() {
			pages <- w.visit(address)
		}()
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	if page := <-pages; !strings.Contains(page, "Consent stored") || !strings.Contains(page, samtest.Name) || strings.Contains(page, "canary") {
		t.Errorf("page: %s", page)
	}
	if got.SignInName != samtest.Name {
		t.Errorf("%+v", got)
	}
}

// visit opens the address, first knocks at the loopback address as strangers do,
// and then brings the answer back.
func (w *world) visit(address string) string {
	client := w.service.Client()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	response, err := client.Get(address)
	if err != nil {
		return err.Error()
	}
	response.Body.Close()
	back := response.Header.Get("Location")
	base, _, _ := strings.Cut(back, "?")
	for _, stranger := range []string{base + "?code=x&state=guess", base + "favicon.ico", strings.Replace(back, "localhost", "127.0.0.1", 1)} {
		response, err := http.Get(stranger)
		if err != nil {
			return err.Error()
		}
		response.Body.Close()
		if response.StatusCode < 400 {
			return fmt.Sprintf("%s was let in", stranger)
		}
	}
	response, err = http.Get(back)
	if err != nil {
		return err.Error()
	}
	defer response.Body.Close()
	page := make([]byte, 64<<10)
	n, _ := response.Body.Read(page)
	return string(page[:n])
}

func TestNobodyComingBackIsNotWaitedForForever(t *testing.T) {
	w := newWorld(t)
	waiting, cancel := context.WithCancel(ctx)
	_, err := w.newConsent().InBrowser(waiting, sam.Browser{Open: func(string) error { cancel(); return nil }})
	if problem := problemOf(t, err); problem.Kind != sam.NeedsPerson || !errors.Is(err, context.Canceled) {
		t.Errorf("%+v", problem)
	}
}

func TestANewConsentReplacesTheOldOneAtOnce(t *testing.T) {
	w := newConsentedWorld(t)
	p := w.start()
	old := p.mustAsk("")
	w.service.Revoke()
	w.clock.forward(2 * time.Hour)
	if _, err := p.ask(""); !errors.Is(err, sam.ErrNeedsConsent) {
		t.Fatalf("err = %v", err)
	}
	pending, values := w.begun(w.newConsent())
	if _, err := pending.Finish(ctx, values); err != nil {
		t.Fatal(err)
	}
	if token := p.mustAsk(""); token.Token == old.Token {
		t.Error("a token of the old consent was served")
	}
	w.mustBeSound()
}

func TestARecordsNameTellsCloudTenantAndApplication(t *testing.T) {
	at, err := cloud.At("https://localhost:8443")
	if err != nil {
		t.Fatal(err)
	}
	got := sam.RecordName(at, "Tenant/../x", samtest.ClientID)
	if got != "localhost-8443_tenant-..-x_"+samtest.ClientID {
		t.Errorf("%s", got)
	}
	if sam.RecordName(cloud.Global(), "t", "c") == sam.RecordName(cloud.USGov(), "t", "c") {
		t.Error("two clouds share a name")
	}
}
