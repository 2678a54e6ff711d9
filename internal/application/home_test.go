package application_test

import (
	"testing"

	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/devworld"
	"github.com/entente-id/entente/internal/fault"
)

func TestAnAppsHomeIsAnAddressThatAMailCanLeadTo(t *testing.T) {
	apps := newBench(t).w.Apps
	for address, ok := range map[string]bool{
		"": true, "https://app.example/start?from=mail": true, "http://localhost:8080/": true,
		"http://app.example/": false, "/start": false, "javascript:alert(1)": false, "app://start": false, "https://user@app.example/": false,
	} {
		err := apps.Save(t.Context(), application.Application{App: "44444444-dddd-4444-8444-00000000abcd", Tenant: devworld.Fabrikam, HomeURL: address}, nil)
		if refused := fault.Has(err, fault.RedirectMismatch); refused == ok || ok && err != nil {
			t.Errorf("%q: %v", address, err)
		}
	}
}
