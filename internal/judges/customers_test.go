package judges_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/entente-id/entente/ententetest"
	"github.com/entente-id/entente/internal/devworld"
	"github.com/entente-id/entente/internal/judges"
	"github.com/entente-id/entente/sam"
	"github.com/entente-id/entente/sam/cloud"
	"github.com/entente-id/entente/sam/vault"
)

// brokenCustomers are the customers that something is wrong with.
var brokenCustomers = []struct {
	domain, story string
	tenant        string
	code          int
	kind          sam.Kind
	message       string
}{
	{"proseware.example", "has not authorised the app", string(devworld.Proseware), 65001, sam.NeedsPerson, "M32"},
	{"tailspin.example", "ended the relationship", string(devworld.Tailspin), 9700120, sam.NeedsPerson, "M45"},
	{"wingtip.example", "blocks partners by a rule", string(devworld.Wingtip), 53003, sam.ByPolicy, "M30"},
	{"woodgrove.example", "gave its roles to another group", string(devworld.Woodgrove), 50020, sam.NeedsPerson, "M33"},
	{"blueyonder.example", "is another partner's customer", string(devworld.Blueyonder), 50020, sam.NeedsPerson, "M33"},
}

// TestABrokenCustomerIsRefusedAloneAndTheConsentStaysHealthy: what is wrong
// with one customer must never cost the partner the consent, or another
// customer.
func TestABrokenCustomerIsRefusedAloneAndTheConsentStaysHealthy(t *testing.T) {
	w := ententetest.Start(t)
	partner := judges.NewPartner(t, w)
	if _, err := partner.Ask(t.Context(), w.Visitor(ententetest.Ada)); err != nil {
		t.Fatal(err)
	}
	resource, err := partner.Consent.Cloud.Resource("graph")
	if err != nil {
		t.Fatal(err)
	}
	ask := func(tenant string) (sam.AccessToken, error) {
		return partner.Broker.Token(t.Context(), sam.Request{Record: partner.Record, Tenant: tenant, Resource: resource})
	}
	for _, c := range brokenCustomers {
		difference := ""
		if c.code > 9_700_000 {
			difference = "Microsoft has no number of its own for an ended relationship"
		}
		ledger.Judge(t, ourSAM, fmt.Sprintf("a customer that %s is refused with %d, and the record stays healthy", c.story, c.code), difference, func(t *testing.T) {
			_, err := ask(c.domain)
			problem, ok := errors.AsType[*sam.Problem](err)
			if !ok || problem.AADSTS != c.code || problem.Kind != c.kind || problem.Message != c.message || errors.Is(err, sam.ErrNeedsConsent) {
				t.Errorf("error %#v", err)
			}
			healthy(t, partner)
			token, err := ask(ententetest.Adatum)
			if err != nil || token.Tenant != ententetest.Adatum {
				t.Errorf("the next customer: %v", err)
			}
		})
	}
	ledger.Judge(t, ourSAM, "another partner's customer is refused in the words of any stranger", "", func(t *testing.T) {
		foreign, own := describe(ask("blueyonder.example")), describe(ask("woodgrove.example"))
		for _, secret := range []string{"blueyonder", "Blueyonder", "Trey", "trey", "Delegat"} {
			if strings.Contains(strings.ReplaceAll(foreign, "delegated rights", ""), secret) {
				t.Errorf("%q tells %q", foreign, secret)
			}
		}
		// Nothing but the tenant asked about may tell the two apart.
		same := strings.ReplaceAll(foreign, string(devworld.Blueyonder), "T") == strings.ReplaceAll(own, string(devworld.Woodgrove), "T")
		if foreign == "" || !same {
			t.Errorf("%q differs from %q", foreign, own)
		}
		token, err := partner.Broker.Token(t.Context(), sam.Request{Record: partner.Record, Resource: partner.Consent.Cloud.PartnerCenter()})
		if err != nil {
			t.Fatal(err)
		}
		refused := get(t, w, "/v1/customers/"+string(devworld.Blueyonder), bearer(token.Token)...)
		unknown := get(t, w, "/v1/customers/"+unknownTenant, bearer(token.Token)...)
		if refused.status != http.StatusNotFound || string(refused.raw) != string(unknown.raw) {
			t.Errorf("Partner Center tells %d %s, and of nobody %d %s", refused.status, refused.raw, unknown.status, unknown.raw)
		}
	})
}

// describe is the authority's sentence in a refusal, up to the reference.
func describe(_ sam.AccessToken, err error) string {
	refusal, ok := errors.AsType[*cloud.Refusal](err)
	if !ok {
		return ""
	}
	text, _, _ := strings.Cut(refusal.Description, "Reference:")
	return text
}

func healthy(t *testing.T, partner *judges.Partner) {
	t.Helper()
	record, err := partner.Vault.Read(t.Context(), partner.Record)
	if err != nil || record.State != vault.Healthy || record.LastError.AADSTS != 0 {
		t.Errorf("the record is %s with %+v, %v", record.State, record.LastError, err)
	}
}
