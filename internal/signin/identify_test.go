package signin

import "testing"

// Every branch of experience.md 1.7, in its order.
func TestWhereAnAddressLeads(t *testing.T) {
	const contoso = "11111111-aaaa-4111-8111-000000000001"
	managed := sighting{Typed: true, Domain: "contoso.example", Home: contoso, Admitted: true, Work: true}
	with := func(change func(*sighting)) sighting {
		s := managed
		change(&s)
		return s
	}
	for name, c := range map[string]struct {
		seen sighting
		want route
	}{
		"nothing typed":                             {sighting{}, routeName},
		"a bare name without a hint":                {sighting{Typed: true, Work: true}, routeName},
		"another address than the invitation's":     {with(func(s *sighting) { s.Expected = "anna@adatum.example" }), routeExpected},
		"the invitation comes before the kind":      {with(func(s *sighting) { s.Expected, s.Personal = "anna@adatum.example", true }), routeExpected},
		"the invitation comes before M01":           {sighting{Typed: true, Domain: "outlook.example", Consumer: true, Work: true, Expected: "anna@adatum.example"}, routeExpected},
		"a consumer address at an app for work":     {sighting{Typed: true, Domain: "outlook.example", Consumer: true, Work: true}, routeWorkOnly},
		"a consumer address at an app for both":     {sighting{Typed: true, Domain: "outlook.example", Consumer: true, Work: true, Personal: true}, routePersonal},
		"a consumer address is never asked a kind":  {sighting{Typed: true, Domain: "outlook.example", Consumer: true, Work: true, Personal: true, Kind: "work"}, routePersonal},
		"a managed domain":                          {managed, routePassword},
		"a federated domain":                        {with(func(s *sighting) { s.Federated = true }), routeUpstream},
		"a verified domain at an app for both":      {with(func(s *sighting) { s.Personal = true }), routeKind},
		"the same, federated":                       {with(func(s *sighting) { s.Personal, s.Federated = true, true }), routeKind},
		"the same, work was chosen":                 {with(func(s *sighting) { s.Personal, s.Kind = true, "work" }), routePassword},
		"the same, federated, work was chosen":      {with(func(s *sighting) { s.Personal, s.Federated, s.Kind = true, true, "work" }), routeUpstream},
		"the same, personal was chosen":             {with(func(s *sighting) { s.Personal, s.Kind = true, "personal" }), routePersonal},
		"personal remembered, app for work":         {with(func(s *sighting) { s.Kind = "personal" }), routePassword},
		"a verified domain at an app for people":    {with(func(s *sighting) { s.Work, s.Personal = false, true }), routePersonal},
		"a domain that the authority does not take": {with(func(s *sighting) { s.Admitted = false }), routeForeign},
		"the same, elsewhere federated":             {with(func(s *sighting) { s.Admitted, s.Federated = false, true }), routeForeign},
		"the same, but it may be a personal one":    {with(func(s *sighting) { s.Admitted, s.Personal, s.Kind = false, true, "personal" }), routePersonal},
		"an unknown domain at an app for work":      {sighting{Typed: true, Domain: "nowhere.example", Work: true}, routeUnknown},
		"an unknown domain at an app for both":      {sighting{Typed: true, Domain: "nowhere.example", Work: true, Personal: true}, routePersonal},
		"an unknown domain at an app for people":    {sighting{Typed: true, Domain: "nowhere.example", Personal: true}, routePersonal},
	} {
		if got := identify(c.seen); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}
