package federation_test

import (
	"net/url"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/entente-id/entente/ententetest"
	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/devworld"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/federation"
)

func now() time.Time { return ententetest.Now() }

const (
	companyApp    = "d1000000-0000-4000-8000-0000000000f0"
	companySecret = "the company's secret for us"
)

// atEntente is an office whose provider is a second Entente, in which the
// company registered us.
func atEntente(t *testing.T, segment string) (*office, *ententetest.World) {
	t.Helper()
	w := ententetest.Start(t)
	app := application.Application{
		App: companyApp, Tenant: devworld.Northwind, ID: "d2000000-0000-4000-8000-0000000000f0", Name: "Partner programme", Audience: application.AnyTenant,
		Redirects: []application.Redirect{{URI: origin + federation.CallbackPath, Platform: application.Web}}, TokenVersion: 2,
	}
	in := w.Inside()
	if err := in.Apps.Save(t.Context(), app, []application.Credential{
		application.SecretCredential("5ec00000-0000-4000-8000-0000000000f0", "programme", companySecret, now().AddDate(1, 0, 0)),
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := in.Apps.Enrol(t.Context(), devworld.Northwind, companyApp); err != nil {
		t.Fatal(err)
	}
	o := newOffice(t, w.Origin+"/"+segment+"/v2.0", rootsOf(t, w.Client().Transport), companySecret)
	o.org.Upstream.ClientID, o.org.Upstream.PinnedTenant = companyApp, ententetest.Northwind
	o.now = now()
	o.ask.At = o.now
	return o, w
}

func (o *office) visit(w *ententetest.World, person string) url.Values {
	o.Helper()
	address, err := o.u.Begin(o.Context(), o.org, o.ask)
	if err != nil {
		o.Fatal(err)
	}
	v := w.Visitor(person)
	got, err := v.SignIn(o.Context(), address, origin+federation.CallbackPath)
	if err != nil {
		o.Fatalf("after %q: %v", v.Steps, err)
	}
	return got
}

func TestASecondEntenteIsACompanysOwnSignIn(t *testing.T) {
	for _, segment := range []string{ententetest.Northwind, "organizations"} {
		t.Run(segment, func(t *testing.T) {
			o, w := atEntente(t, segment)
			for _, c := range o.u.Test(t.Context(), o.org) {
				if !c.Pass {
					t.Errorf("%s: %s", c.Name, c.Rule)
				}
			}
			got, err := o.u.Finish(t.Context(), o.org, o.ask, answerOf(o.visit(w, ententetest.Ada)))
			if err != nil {
				t.Fatal(err)
			}
			// The address is not in a domain that our organisation verified, so
			// it is not even proposed.
			want := federation.Proof{
				Issuer: w.Origin + "/" + ententetest.Northwind + "/v2.0", Subject: got.Subject, Name: "Ada Byron", Methods: got.Methods, AuthAt: got.AuthAt,
			}
			if diff := cmp.Diff(want, got); diff != "" || got.Subject == "" {
				t.Errorf("proof (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAnotherTenantOfTheSecondEntenteProvesNobodyHere(t *testing.T) {
	o, w := atEntente(t, "organizations")
	o.org.Upstream.PinnedTenant = ententetest.Adatum
	_, err := o.u.Finish(t.Context(), o.org, o.ask, answerOf(o.visit(w, ententetest.Ada)))
	o.refused("of another tenant", err, fault.UpstreamFailed, "another")
}
