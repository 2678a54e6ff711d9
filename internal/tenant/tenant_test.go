package tenant_test

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/sqlstore/storetest"
	"github.com/entente-id/entente/internal/tenant"
	"github.com/google/go-cmp/cmp"
)

const contoso id.Tenant = "abcdef11-aaaa-4111-8111-000000000001"

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// newDirectories opens the room twice over one store, as two nodes do, at an
// instant that the test moves.
func newDirectories(t *testing.T, now *time.Time) (here, there *tenant.Directory) {
	t.Helper()
	db := storetest.Open(t)
	clock := func() time.Time { return *now }
	return tenant.NewDirectory(db, clock), tenant.NewDirectory(db, clock)
}

// newDirectory has an organisation and the consumers tenant.
func newDirectory(t *testing.T) *tenant.Directory {
	t.Helper()
	now := noon
	d, _ := newDirectories(t, &now)
	for _, org := range []tenant.Tenant{
		{ID: contoso, Name: "Contoso", Domains: []tenant.Domain{{Name: "contoso.example"}, {Name: "xn--bcher-kva.example"}}},
		{ID: id.Consumers, Name: "Personal"},
	} {
		if err := d.Save(t.Context(), org); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

func TestTheSegmentOfAPathNamesAnAuthority(t *testing.T) {
	d := newDirectory(t)
	for _, c := range []struct {
		segment  string
		audience tenant.Audience
		owner    id.Tenant
		fails    fault.Code
	}{
		{string(contoso), tenant.OneTenant, contoso, 0},
		{strings.ToUpper(string(contoso)), tenant.OneTenant, contoso, 0},
		{"contoso.example", tenant.OneTenant, contoso, 0},
		{"Contoso.EXAMPLE", tenant.OneTenant, contoso, 0},
		{"contoso.example.", tenant.OneTenant, contoso, 0},
		{"b\u00fccher.example", tenant.OneTenant, contoso, 0},
		{"common", tenant.AnyAccount, "", 0},
		{"COMMON", tenant.AnyAccount, "", 0},
		{"organizations", tenant.AnyWork, "", 0},
		{"Organizations", tenant.AnyWork, "", 0},
		{"consumers", tenant.OnlyPersonal, id.Consumers, 0},
		{"Consumers", tenant.OnlyPersonal, id.Consumers, 0},
		{string(id.Consumers), tenant.OnlyPersonal, id.Consumers, 0},
		{strings.ToUpper(string(id.Consumers)), tenant.OnlyPersonal, id.Consumers, 0},
		{"99999999-ffff-4999-8999-000000000009", 0, "", fault.TenantUnknown},
		{"unknown.example", 0, "", fault.TenantUnknown},
		{"sub.contoso.example", 0, "", fault.TenantUnknown},
		{"", 0, "", fault.TenantMalformed},
		{"contoso", 0, "", fault.TenantMalformed},
		{"common ", 0, "", fault.TenantMalformed},
		{"{" + string(contoso) + "}", 0, "", fault.TenantMalformed},
		{"contoso example.com", 0, "", fault.TenantMalformed},
		{"..", 0, "", fault.TenantMalformed},
		{"a..example", 0, "", fault.TenantMalformed},
		{strings.Repeat("a.", 200) + "example", 0, "", fault.TenantMalformed},
	} {
		t.Run(c.segment, func(t *testing.T) {
			a, err := d.Authority(t.Context(), c.segment)
			if c.fails != 0 {
				if !fault.Has(err, c.fails) {
					t.Errorf("got %+v, %v", a, err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if a.Audience != c.audience || a.Tenant.ID != c.owner || a.Segment != c.segment {
				t.Errorf("audience %d, tenant %q, segment %q", a.Audience, a.Tenant.ID, a.Segment)
			}
			if generic := c.owner == ""; a.Generic() != generic {
				t.Errorf("generic: %v", a.Generic())
			}
		})
	}
}

func TestAMalformedSegmentIsShownShortened(t *testing.T) {
	_, err := newDirectory(t).Authority(t.Context(), strings.Repeat("ä", 1<<20))
	shown := fault.Of(err).Facts["tenant"]
	if !fault.Has(err, fault.TenantMalformed) || utf8.RuneCountInString(shown) != 81 || !strings.HasSuffix(shown, "…") {
		t.Errorf("%d characters shown", utf8.RuneCountInString(shown))
	}
}

func TestAnAuthorityAdmitsMembersOfItsAudience(t *testing.T) {
	d := newDirectory(t)
	for segment, want := range map[string][3]bool{
		"common":          {true, true, true},
		"organizations":   {true, true, false},
		"consumers":       {false, false, true},
		"contoso.example": {true, false, false},
	} {
		a, err := d.Authority(t.Context(), segment)
		if err != nil {
			t.Fatal(err)
		}
		got := [3]bool{a.Admits(contoso), a.Admits("another"), a.Admits(id.Consumers)}
		if got != want {
			t.Errorf("%s admits %v, want %v (its own, another's, personal)", segment, got, want)
		}
	}
}

func TestADomainIsFoldedOrRefused(t *testing.T) {
	for name, want := range map[string]string{
		"Contoso.Example":                    "contoso.example",
		" contoso.example. ":                 "contoso.example",
		"B\u00dcCHER.example":                "xn--bcher-kva.example",
		"bu\u0308cher.example":               "xn--bcher-kva.example",
		"xn--bcher-kva.EXAMPLE":              "xn--bcher-kva.example",
		"stra\u00dfe.example":                "xn--strae-oqa.example",
		"例え.example":                         "xn--r8jz45g.example",
		"":                                   "",
		".":                                  "",
		"localhost":                          "",
		"-contoso.example":                   "",
		"con_toso.example":                   "",
		"contoso.example/x":                  "",
		"contoso\x00.example":                "",
		"xn--\u00fc.example":                 "",
		strings.Repeat("a", 64) + ".example": "",
	} {
		got, ok := tenant.FoldDomain(name)
		if got != want || ok != (want != "") {
			t.Errorf("%q: %q, %v, want %q", name, got, ok, want)
		}
	}
}

func TestAChangeIsSeenHereAtOnceAndElsewhereInTwoSeconds(t *testing.T) {
	now := noon
	here, there := newDirectories(t, &now)
	ctx := t.Context()
	org := tenant.Tenant{ID: contoso, Name: "before", Domains: []tenant.Domain{{Name: "contoso.example"}}}
	if err := here.Save(ctx, org); err != nil {
		t.Fatal(err)
	}
	for _, d := range []*tenant.Directory{here, there} {
		if _, err := d.Find(ctx, contoso); err != nil {
			t.Fatal(err)
		}
	}
	org.Name = "after"
	if err := here.Save(ctx, org); err != nil {
		t.Fatal(err)
	}
	if got, err := here.Find(ctx, contoso); err != nil || got.Name != "after" {
		t.Errorf("here: %q, %v", got.Name, err)
	}
	now = now.Add(2 * time.Second)
	got, err := there.Find(ctx, contoso)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(org, got); diff != "" {
		t.Errorf("elsewhere (-want +got):\n%s", diff)
	}
}

func TestTheDefaultDomainIsTheFirstOrTheIDWhereThereIsNone(t *testing.T) {
	org := tenant.Tenant{ID: contoso}
	if got := org.DefaultDomain(); got != string(contoso) {
		t.Errorf("without domains: %s", got)
	}
	org.Domains = []tenant.Domain{{Name: "first.example"}, {Name: "second.example", Initial: true}}
	if got := org.DefaultDomain(); got != "first.example" {
		t.Errorf("with domains: %s", got)
	}
}
