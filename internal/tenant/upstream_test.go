package tenant_test

import (
	"strings"
	"testing"

	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/tenant"
)

func good() tenant.Upstream {
	return tenant.Upstream{
		State: tenant.UpstreamActive, Name: "Contoso sign-in", Issuer: "https://login.contoso.example", ClientID: "entente",
		Scopes: []string{"profile"}, SecondFactor: tenant.DefaultFactorRules(),
	}
}

func TestTheSettingsOfASignInAreHeldToTheirRules(t *testing.T) {
	org := tenant.Tenant{ID: contoso, Name: "Contoso", Domains: []tenant.Domain{{Name: "contoso.example"}}}
	if err := org.CheckUpstream(good()); err != nil {
		t.Fatalf("good settings: %v", err)
	}
	many := make([]string, 21)
	for i := range many {
		many[i] = "x"
	}
	for name, c := range map[string]struct {
		change func(*tenant.Upstream)
		field  string
	}{
		"no state":                      {func(u *tenant.Upstream) { u.State = "" }, "state"},
		"no name":                       {func(u *tenant.Upstream) { u.Name = " " }, "name"},
		"a name of two lines":           {func(u *tenant.Upstream) { u.Name = "a\nb" }, "name"},
		"a long name":                   {func(u *tenant.Upstream) { u.Name = strings.Repeat("ä", 81) }, "name"},
		"no issuer":                     {func(u *tenant.Upstream) { u.Issuer = "" }, "issuer"},
		"an issuer by script":           {func(u *tenant.Upstream) { u.Issuer = "javascript:alert(1)" }, "issuer"},
		"an issuer in a file":           {func(u *tenant.Upstream) { u.Issuer = "file:///etc/passwd" }, "issuer"},
		"an issuer with a query":        {func(u *tenant.Upstream) { u.Issuer += "?a=b" }, "issuer"},
		"an issuer with a fragment":     {func(u *tenant.Upstream) { u.Issuer += "#a" }, "issuer"},
		"an issuer with a password":     {func(u *tenant.Upstream) { u.Issuer = "https://a:b@login.example" }, "issuer"},
		"an endless issuer":             {func(u *tenant.Upstream) { u.Issuer += "/" + strings.Repeat("x", 400) }, "issuer"},
		"a template without a pin":      {func(u *tenant.Upstream) { u.Issuer += "/{tenantid}" }, "issuer"},
		"a template in the host":        {func(u *tenant.Upstream) { u.Issuer, u.PinnedTenant = "https://{tenantid}.example", "evil" }, "issuer"},
		"no client":                     {func(u *tenant.Upstream) { u.ClientID = "" }, "client id"},
		"an endless secret":             {func(u *tenant.Upstream) { u.Secret = strings.Repeat("x", 4097) }, "secret"},
		"a pin that leads up":           {func(u *tenant.Upstream) { u.PinnedTenant = "../other" }, "pinned tenant"},
		"a pin of dots":                 {func(u *tenant.Upstream) { u.PinnedTenant = ".." }, "pinned tenant"},
		"too many scopes":               {func(u *tenant.Upstream) { u.Scopes = many }, "scopes"},
		"two scopes in one":             {func(u *tenant.Upstream) { u.Scopes = []string{"a b"} }, "scopes"},
		"a password as a second factor": {func(u *tenant.Upstream) { u.SecondFactor.AMR = []string{"pwd"} }, "second factor"},
		"an empty method":               {func(u *tenant.Upstream) { u.SecondFactor.AMR = []string{""} }, "second factor"},
		"too many classes":              {func(u *tenant.Upstream) { u.SecondFactor.ACR = many }, "second factor"},
	} {
		u := good()
		c.change(&u)
		err := org.CheckUpstream(u)
		if !fault.Has(err, fault.InputInvalid) || fault.Of(err).Facts["parameter"] != c.field {
			t.Errorf("%s: %v", name, err)
		}
	}
	pinned := good()
	pinned.Issuer, pinned.PinnedTenant = pinned.Issuer+"/{tenantid}/v2.0", "6ba7b810-9dad-41d1-80b4-00c04fd430c8"
	if err := org.CheckUpstream(pinned); err != nil {
		t.Errorf("a template with a pin: %v", err)
	}
}

func TestASignInIsActiveOnlyForProvedDomainsAndNeverForPersonalAccounts(t *testing.T) {
	org := tenant.Tenant{ID: contoso, Name: "Contoso"}
	if err := org.CheckUpstream(good()); !fault.Has(err, fault.InputInvalid) {
		t.Errorf("active without a domain: %v", err)
	}
	draft := good()
	draft.State = tenant.UpstreamDraft
	if err := org.CheckUpstream(draft); err != nil {
		t.Errorf("a draft without a domain: %v", err)
	}
	personal := tenant.Tenant{ID: id.Consumers, Domains: []tenant.Domain{{Name: "mail.example"}}}
	if err := personal.CheckUpstream(draft); !fault.Has(err, fault.InputInvalid) {
		t.Errorf("for personal accounts: %v", err)
	}
}

func TestAnOrganisationOwnsTheAddressesOfItsProvedDomains(t *testing.T) {
	org := tenant.Tenant{ID: contoso, Domains: []tenant.Domain{{Name: "contoso.example"}, {Name: "xn--bcher-kva.example"}}}
	for address, owns := range map[string]bool{
		"anna@contoso.example": true, "anna@CONTOSO.example.": true, "anna@bücher.example": true, "a@b@contoso.example": true,
		"anna@mail.contoso.example": false, "anna@evilcontoso.example": false, "anna@fabrikam.example": false,
		"contoso.example": false, "@contoso.example": false, "anna@": false, "": false,
	} {
		if got := org.Owns(address); got != owns {
			t.Errorf("%q: %v", address, got)
		}
	}
}
