package sam_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/entente-id/entente/sam"
	"github.com/entente-id/entente/sam/cloud"
	"github.com/entente-id/entente/sam/samtest"
	"github.com/entente-id/entente/sam/secret"
	"github.com/entente-id/entente/sam/vault"
)

func TestATokenIsForTheTenantAndResourceThatWereAskedFor(t *testing.T) {
	w := newConsentedWorld(t)
	w.service.Set(func(s *samtest.Settings) { s.Customers = []string{"Adatum Cust"} })
	p := w.start()
	for tenant, want := range map[string]string{"": samtest.Tenant, samtest.Customer: samtest.Customer, strings.ToUpper(samtest.Customer): samtest.Customer, "adatum.example": samtest.Customer} {
		token := p.mustAsk(tenant)
		claims, err := cloud.ReadClaims(token.Token)
		if err != nil {
			t.Fatal(err)
		}
		if token.Tenant != want || claims.Tenant != want || claims.Audience[0] != "https://graph.microsoft.com" || !token.MFA {
			t.Errorf("%q: %v, claims %+v", tenant, token, claims)
		}
		if !token.ExpiresOn.Equal(w.clock.now().Add(time.Hour)) || token.Reference == "" {
			t.Errorf("%q: %v, reference %q", tenant, token, token.Reference)
		}
	}
	if seen := w.service.Seen(); seen.Generations != 2 {
		t.Errorf("%d generations were used for tokens of one round", seen.Generations)
	}
	w.mustBeSound()
}

func TestATokenAtHandCostsNothing(t *testing.T) {
	w := newConsentedWorld(t)
	p := w.start()
	p.mustAsk(samtest.Customer)
	q := sam.Request{Record: record, Tenant: samtest.Customer, Resource: w.resource("graph")}
	allocations := testing.AllocsPerRun(1000, func() {
		if _, err := p.Token(ctx, q); err != nil {
			t.Fatal(err)
		}
	})
	if allocations != 0 {
		t.Errorf("%v allocations for a token at hand", allocations)
	}
	if seen := w.service.Seen(); seen.Requests != 1 {
		t.Errorf("%d requests", seen.Requests)
	}
}

func BenchmarkATokenAtHand(b *testing.B) {
	w := newConsentedWorld(b)
	p := w.start()
	p.mustAsk(samtest.Customer)
	q := sam.Request{Record: record, Tenant: samtest.Customer, Resource: w.resource("graph")}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := p.Token(ctx, q); err != nil {
			b.Fatal(err)
		}
	}
}

func TestManyCallersAreOneRequestAtATime(t *testing.T) {
	w := newConsentedWorld(t)
	w.service.Set(func(s *samtest.Settings) { s.Dwell = 200 * time.Microsecond })
	p, other := w.start(), w.start()
	var wg sync.WaitGroup
	for worker := range 64 {
		wg.Go(func() {
			from := p
			if worker%2 == 1 {
				from = other
			}
			for n := range 20 {
				q := sam.Request{Record: record, Tenant: samtest.CustomerID((worker + n) % 40), Resource: w.resource("graph")}
				token, err := from.Token(ctx, q)
				if err != nil {
					t.Error(err)
				} else if token.Tenant != q.Tenant {
					t.Errorf("asked for %s, got %s", q.Tenant, token.Tenant)
				}
			}
		})
	}
	wg.Wait()
	seen := w.service.Seen()
	if seen.MaxInFlight != 1 {
		t.Errorf("%d refreshes were in flight at once", seen.MaxInFlight)
	}
	if seen.Generations != 2 || seen.Requests > 80 {
		t.Errorf("40 customers in 2 processes: %+v", seen)
	}
	w.mustBeSound()
}

func TestALostRequestOrReplyIsAskedAgainWithTheSameKey(t *testing.T) {
	for name, fault := range map[string]samtest.Fault{
		"request lost": {LoseRequest: true}, "reply lost": {LoseReply: true}, "reply cut": {CutReply: true},
		"busy": {Status: 503}, "throttled": {Status: 429, RetryAfter: "7"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newConsentedWorld(t)
			p := w.start()
			w.service.Set(func(s *samtest.Settings) {
				s.Fault = func(n int, _ string) samtest.Fault {
					if n <= 3 {
						return fault
					}
					return samtest.Fault{}
				}
			})
			before := w.clock.now()
			p.mustAsk(samtest.Customer)
			if seen := w.service.Seen(); seen.Requests != 4 || seen.Generations != 2 {
				t.Errorf("%+v", seen)
			}
			if waited := w.clock.now().Sub(before); name == "throttled" && waited < 21*time.Second || waited == 0 {
				t.Errorf("waited only %v", waited)
			}
			w.mustBeSound()
		})
	}
}

func TestWhileTheAuthorityIsDownAGoodTokenIsServed(t *testing.T) {
	w := newConsentedWorld(t)
	p := w.start()
	first := p.mustAsk(samtest.Customer)
	w.service.Set(func(s *samtest.Settings) {
		s.Fault = func(int, string) samtest.Fault { return samtest.Fault{Status: 503} }
	})
	w.clock.forward(56 * time.Minute)
	for range 5 {
		if token := p.mustAsk(samtest.Customer); token.Token != first.Token {
			t.Error("another token came from an authority that is down")
		}
	}
	if seen := w.service.Seen(); seen.Requests != 2 {
		t.Errorf("%d requests: the renewal is tried once, then rests", seen.Requests)
	}
	if r := w.read(); r.State != vault.Degraded {
		t.Errorf("the record is %s", r.State)
	}
	w.clock.forward(5 * time.Minute)
	_, err := p.ask(samtest.Customer)
	if problem := problemOf(t, err); problem.Kind != sam.Unreachable || errors.Is(err, sam.ErrNeedsConsent) {
		t.Errorf("%+v", problem)
	}
	w.service.Set(func(s *samtest.Settings) { s.Fault = nil })
	w.clock.forward(time.Minute)
	if token := p.mustAsk(samtest.Customer); token.Token == first.Token {
		t.Error("the token was not renewed")
	}
	w.mustBeSound()
}

func TestATokenIsRenewedWhenAFifthOfItsLifeRemains(t *testing.T) {
	w := newConsentedWorld(t)
	p := w.start()
	first := p.mustAsk("")
	w.clock.forward(47 * time.Minute)
	if p.mustAsk("").Token != first.Token {
		t.Error("renewed too early")
	}
	w.clock.forward(5 * time.Minute)
	if p.mustAsk("").Token == first.Token {
		t.Error("not renewed when 8 of 60 minutes remain")
	}
}

func TestACustomersRefusalIsThatCustomersAlone(t *testing.T) {
	for _, test := range []struct {
		denial  samtest.Denial
		message string
		kind    sam.Kind
	}{
		{samtest.Denial{Error: "invalid_grant", Number: 65001, Suberror: "consent_required"}, "M32", sam.NeedsPerson},
		{samtest.Denial{Error: "invalid_grant", Number: 90099}, "M32", sam.NeedsPerson},
		{samtest.Denial{Error: "unauthorized_client", Number: 700016}, "M32", sam.NeedsPerson},
		{samtest.Denial{Error: "invalid_grant", Number: 50020}, "M33", sam.NeedsPerson},
		{samtest.Denial{Error: "invalid_grant", Number: 50177}, "M33", sam.NeedsPerson},
		{samtest.Denial{Error: "interaction_required", Number: 53003, Suberror: "message_only"}, "M30", sam.ByPolicy},
		{samtest.Denial{Error: "invalid_grant", Number: 530034}, "M30", sam.ByPolicy},
		{samtest.Denial{Error: "invalid_grant", Number: 530035}, "M30", sam.ByPolicy},
		{samtest.Denial{Error: "interaction_required", Number: 50076, Suberror: "basic_action"}, "M30", sam.ByPolicy},
		{samtest.Denial{Error: "invalid_request", Number: 90002}, "M04", sam.NotFound},
		// Even a refusal of the grant itself is believed only from the partner's own tenant.
		{samtest.Denial{Error: "invalid_grant", Number: 700082, Suberror: "bad_token"}, "M27", sam.NeedsPerson},
		{samtest.Denial{Error: "invalid_grant", Number: 50173, Suberror: "bad_token"}, "M28", sam.NeedsPerson},
		{samtest.Denial{Error: "invalid_grant"}, "M28", sam.NeedsPerson},
	} {
		t.Run(fmt.Sprint(test.denial), func(t *testing.T) {
			w := newConsentedWorld(t)
			w.service.Set(func(s *samtest.Settings) { s.Deny = map[string]samtest.Denial{samtest.Customer: test.denial} })
			p := w.start()
			_, err := p.ask(samtest.Customer)
			problem := problemOf(t, err)
			if problem.Message != test.message || problem.Kind != test.kind || problem.AADSTS != test.denial.Number || problem.Reference == "" || problem.Do == "" {
				t.Errorf("%+v", problem)
			}
			if errors.Is(err, sam.ErrNeedsConsent) {
				t.Error("a customer's refusal ended the consent")
			}
			asked := w.service.Seen().Requests
			if _, err := p.ask(samtest.Customer); err == nil || w.service.Seen().Requests != asked {
				t.Error("a refused question was asked again at once")
			}
			p.mustAsk("")
			p.mustAsk(samtest.CustomerID(1))
			w.mustBeSound()

			w.service.Set(func(s *samtest.Settings) { s.Deny = nil })
			w.clock.forward(61 * time.Second)
			p.mustAsk(samtest.Customer)
		})
	}
}

func TestARefusalAtHomeAsksForANewConsent(t *testing.T) {
	for _, test := range []struct {
		denial   samtest.Denial
		message  string
		requests int  // how often the authority is asked before a person is called
		heals    bool // without a new consent, when the rule is lifted
	}{
		{samtest.Denial{Error: "interaction_required", Number: 50076, Suberror: "basic_action"}, "M10", 1, true},
		{samtest.Denial{Error: "invalid_grant", Number: 50079, Suberror: "basic_action"}, "M09", 1, true},
		{samtest.Denial{Error: "invalid_grant", Number: 70043, Suberror: "token_expired"}, "M29", 1, true},
		{samtest.Denial{Error: "interaction_required", Number: 53003}, "M30", 1, true},
		{samtest.Denial{Error: "invalid_grant", Number: 700082, Suberror: "bad_token"}, "M27", 1, false},
		{samtest.Denial{Error: "invalid_grant", Number: 50173, Suberror: "bad_token"}, "M28", 1, false},
	} {
		t.Run(test.message, func(t *testing.T) {
			w := newConsentedWorld(t)
			w.service.Set(func(s *samtest.Settings) { s.Deny = map[string]samtest.Denial{samtest.Tenant: test.denial} })
			p := w.start()
			_, err := p.ask("")
			problem := problemOf(t, err)
			if problem.Message != test.message || !errors.Is(err, sam.ErrNeedsConsent) || !strings.Contains(problem.Do, "entente partner consent") && problem.Kind != sam.ByPolicy {
				t.Errorf("%+v", problem)
			}
			if r := w.read(); r.State != vault.NeedsConsent || r.LastError.AADSTS != test.denial.Number || r.LastError.Message != test.message || r.LastError.Reference == "" {
				t.Errorf("the record says %s %+v", r.State, r.LastError)
			}
			for range 10 {
				_, err := p.ask(samtest.Customer)
				if again := problemOf(t, err); again.Message != test.message {
					t.Errorf("%+v", again)
				}
			}
			if seen := w.service.Seen(); seen.Requests != test.requests {
				t.Errorf("%d requests", seen.Requests)
			}

			w.service.Set(func(s *samtest.Settings) { s.Deny = nil })
			w.clock.forward(61 * time.Second)
			if _, err := p.ask(""); (err == nil) != test.heals {
				t.Errorf("after the rule was lifted: %v", err)
			}
			w.consent()
			p.mustAsk("")
			p.mustAsk(samtest.Customer)
			w.mustBeSound()
		})
	}
}

func TestAResourceThatIsNotConsentedIsNoReasonToGiveUpTheConsent(t *testing.T) {
	w := newConsentedWorld(t)
	p := w.start()
	w.service.Set(func(s *samtest.Settings) {
		s.Deny = map[string]samtest.Denial{samtest.Tenant: {Error: "invalid_grant", Number: 65001, Suberror: "consent_required"}}
	})
	_, err := p.ask("")
	if problem := problemOf(t, err); problem.Message != "M12" || errors.Is(err, sam.ErrNeedsConsent) {
		t.Errorf("%+v", problem)
	}
	p.mustAsk(samtest.Customer)
	w.mustBeSound()
}

func TestTheApplicationsOwnTroubleIsNotTheConsents(t *testing.T) {
	for number, message := range map[int]string{7000215: "M24", 7000222: "M25", 700027: "M26"} {
		w := newConsentedWorld(t)
		w.service.Set(func(s *samtest.Settings) {
			s.Deny = map[string]samtest.Denial{samtest.Tenant: {Error: "invalid_client", Number: number}}
		})
		_, err := w.start().ask("")
		if problem := problemOf(t, err); problem.Message != message || errors.Is(err, sam.ErrNeedsConsent) {
			t.Errorf("%+v", problem)
		}
		w.service.Set(func(s *samtest.Settings) { s.Deny = nil })
		w.start().mustAsk("")
		w.mustBeSound()
	}
}

func TestATokenThatWasNotAskedForIsRefused(t *testing.T) {
	for claim, wrong := range map[string]any{"tid": samtest.Tenant, "aud": "https://api.partnercenter.microsoft.com", "appid": samtest.Tenant} {
		w := newConsentedWorld(t)
		w.service.Set(func(s *samtest.Settings) { s.Wrong = func(claims map[string]any) { claims[claim] = wrong } })
		_, err := w.start().ask(samtest.Customer)
		if problem := problemOf(t, err); problem.Kind != sam.Unexpected || !strings.Contains(problem.What, "not asked for") {
			t.Errorf("%s: %+v", claim, problem)
		}
	}
}

func TestAClaimsChallengeIsAnsweredWithANewToken(t *testing.T) {
	w := newConsentedWorld(t)
	p := w.start()
	first := p.mustAsk("")
	challenged, err := p.Token(ctx, sam.Request{Record: record, Resource: w.resource("graph"), Claims: `{"access_token":{"nbf":{"essential":true}}}`})
	if err != nil {
		t.Fatal(err)
	}
	if challenged.Token == first.Token {
		t.Error("the challenged token was served again")
	}
	if after := p.mustAsk(""); after.Token != challenged.Token {
		t.Error("the challenged token lives on in the cache")
	}
}

func TestTheApplicationsOwnTokensNeedNoConsent(t *testing.T) {
	w := newWorld(t)
	p := w.start()
	q := sam.Request{Tenant: samtest.Tenant, Resource: w.resource("graph"), AppOnly: true}
	first, err := p.Token(ctx, q)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := p.Token(ctx, q); err != nil || again.Token != first.Token {
		t.Errorf("%v, %v", again, err)
	}
	if first.MFA || w.service.Seen().Requests != 1 {
		t.Errorf("%v after %d requests", first, w.service.Seen().Requests)
	}
	q.Tenant = ""
	if _, err := p.Token(ctx, q); err == nil {
		t.Error("a token without a tenant")
	}
}

func TestTheBrokerServesTheAzureSDK(t *testing.T) {
	w := newConsentedWorld(t)
	p := w.start()
	credential := p.Credential(record, samtest.Customer)
	for scope, audience := range map[string]string{
		"https://graph.microsoft.com/.default": "https://graph.microsoft.com",
		w.service.Address + "/.default":        "https://graph.microsoft.com",
		"https://vault.azure.net/.default":     "https://vault.azure.net",
	} {
		token, err := credential.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{scope}})
		if err != nil {
			t.Fatal(err)
		}
		claims, err := cloud.ReadClaims(token.Token)
		if err != nil || claims.Audience[0] != audience || claims.Tenant != samtest.Customer {
			t.Errorf("%s: %+v, %v", scope, claims, err)
		}
	}
	token, err := credential.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{"https://graph.microsoft.com/.default"}, TenantID: samtest.CustomerID(1)})
	if err != nil {
		t.Fatal(err)
	}
	if claims, _ := cloud.ReadClaims(token.Token); claims.Tenant != samtest.CustomerID(1) {
		t.Errorf("the tenant of the request was ignored: %+v", claims)
	}
	for _, bad := range [][]string{nil, {"User.Read"}, {"https://graph.microsoft.com/.default", "openid"}} {
		if _, err := credential.GetToken(ctx, policy.TokenRequestOptions{Scopes: bad}); err == nil {
			t.Errorf("%v was taken", bad)
		}
	}
}

func TestNoConsentIsToldApartFromABadOne(t *testing.T) {
	w := newWorld(t)
	_, err := w.start().ask("")
	if problem := problemOf(t, err); problem.Do != "entente partner consent" || !errors.Is(err, vault.ErrAbsent) {
		t.Errorf("%+v", problem)
	}
	if w.service.Seen().Requests != 0 {
		t.Error("the authority was asked")
	}
	w = newConsentedWorld(t)
	w.cloud = cloud.USGov()
	if _, err := w.start().ask(""); err == nil || w.service.Seen().Requests != 0 {
		t.Errorf("a consent of another cloud was used: %v", err)
	}
}

func TestAClientThatDoesNotVerifyTLSIsRefused(t *testing.T) {
	insecure := http.DefaultTransport.(*http.Transport).Clone()
	insecure.TLSClientConfig.InsecureSkipVerify = true
	for name, config := range map[string]sam.Config{
		"insecure":      {Cloud: cloud.Global(), ClientID: "c", Credential: cloud.ClientSecret(secret.New("s")), HTTP: &http.Client{Transport: insecure}},
		"closed cloud":  {Cloud: cloud.Germany(), ClientID: "c", Credential: cloud.ClientSecret(secret.New("s"))},
		"no cloud":      {ClientID: "c", Credential: cloud.ClientSecret(secret.New("s"))},
		"no client":     {Cloud: cloud.Global(), Credential: cloud.ClientSecret(secret.New("s"))},
		"no credential": {Cloud: cloud.Global(), ClientID: "c"},
	} {
		if _, err := sam.New(config); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}

func TestATokenDoesNotShowItself(t *testing.T) {
	w := newConsentedWorld(t)
	p := w.start()
	token := p.mustAsk("")
	var out bytes.Buffer
	fmt.Fprintf(&out, "%v %+v %#v %s %x\n", token, token, token, token, token)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("got", "token", token, "record", w.read(), "broker", p.Broker)
	slog.New(slog.NewTextHandler(&out, nil)).Info("got", "token", token, "record", w.read())
	if strings.Contains(out.String(), token.Token) || strings.Contains(out.String(), "canary") {
		t.Errorf("a secret showed itself: %s", out.String())
	}
}

func TestCustomersAreListedPageByPage(t *testing.T) {
	w := newConsentedWorld(t)
	names := []string{"Adatum Cust", "Fabrikam", "Contoso", "Wingtip", "Litware"}
	w.service.Set(func(s *samtest.Settings) { s.Customers = names })
	var got []string
	for customer, err := range w.start().Customers(ctx, record) {
		if err != nil {
			t.Fatal(err)
		}
		if customer.ID != samtest.CustomerID(len(got)) || customer.Domain == "" {
			t.Errorf("%+v", customer)
		}
		got = append(got, customer.Company)
	}
	if strings.Join(got, ",") != strings.Join(names, ",") || w.service.Seen().Pages != 3 {
		t.Errorf("%v in %d pages", got, w.service.Seen().Pages)
	}
}

func TestPartnerCentersRefusalsAreExplained(t *testing.T) {
	for _, test := range []struct {
		status  int
		body    string
		message string
		kind    sam.Kind
	}{
		{401, `{"code":"900421","description":"Authentication failed. MFA required."}`, "M31", sam.NeedsPerson},
		{403, `{"code":"900308","description":"insufficient privileges"}`, "M46", sam.NeedsPerson},
		{429, `{"statusCode":429}`, "M37", sam.Unreachable},
		{307, ``, "", sam.Unexpected},
	} {
		w := newConsentedWorld(t)
		w.service.Set(func(s *samtest.Settings) {
			s.Partner = func(rw http.ResponseWriter, _ *http.Request) bool {
				rw.Header().Set("Location", "https://elsewhere.example/")
				rw.WriteHeader(test.status)
				_, _ = rw.Write([]byte(test.body))
				return true
			}
		})
		for _, err := range w.start().Customers(ctx, record) {
			if problem := problemOf(t, err); problem.Message != test.message || problem.Kind != test.kind {
				t.Errorf("%d: %+v", test.status, problem)
			}
		}
	}
}

func TestThePartnerTokenNeverLeavesPartnerCenter(t *testing.T) {
	for _, link := range []string{"https://elsewhere.example/v1/customers", "//elsewhere.example/customers", "http://"} {
		w := newConsentedWorld(t)
		w.service.Set(func(s *samtest.Settings) {
			s.Partner = func(rw http.ResponseWriter, _ *http.Request) bool {
				_, _ = rw.Write([]byte(`{"items":[],"links":{"next":{"uri":"` + link + `"}}}`))
				return true
			}
		})
		failed := false
		for _, err := range w.start().Customers(ctx, record) {
			failed = err != nil
		}
		if !failed || w.service.Seen().Pages != 1 {
			t.Errorf("%s was followed", link)
		}
	}
}
