package ententetest_test

import (
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/entente-id/entente/ententetest"
	"github.com/entente-id/entente/sam"
	"github.com/entente-id/entente/sam/cloud"
	"github.com/entente-id/entente/sam/secret"
	"github.com/entente-id/entente/sam/vault/file"
)

// The test below stands in docs/how-to/test-with-ententetest.md as well; a test
// of cmd/entente keeps the two alike.

func TestMyIntegrationReadsACustomersOrganisation(t *testing.T) {
	world := ententetest.Start(t)
	place, err := cloud.At(world.Origin)
	if err != nil {
		t.Fatal(err)
	}
	records := filepath.Join(t.TempDir(), "vault")
	key, err := file.KeyFromFile(filepath.Join(t.TempDir(), "vault.key"), records)
	if err != nil {
		t.Fatal(err)
	}
	vault, err := file.Open(records, key)
	if err != nil {
		t.Fatal(err)
	}
	proof := cloud.ClientSecret(secret.New(ententetest.PortalSecret))

	// Once, a person: Ada signs in with her second factor and consents.
	const redirect = "http://localhost:8400/"
	consent := sam.Consent{Cloud: place, ClientID: ententetest.PortalApp, Credential: proof, Vault: vault, HTTP: world.Client()}
	address, pending, err := consent.Begin(t.Context(), redirect)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := world.Visitor(ententetest.Ada).SignIn(t.Context(), address, redirect)
	if err != nil {
		t.Fatal(err)
	}
	record, err := pending.Finish(t.Context(), answer)
	if err != nil {
		t.Fatal(err)
	}

	// Ever after, a program: a token for a customer, and a call with it.
	broker, err := sam.New(sam.Config{Cloud: place, ClientID: ententetest.PortalApp, Credential: proof, Vault: vault, HTTP: world.Client()})
	if err != nil {
		t.Fatal(err)
	}
	graph, err := place.Resource("graph")
	if err != nil {
		t.Fatal(err)
	}
	token, err := broker.Token(t.Context(), sam.Request{
		Record: sam.RecordName(place, record.Tenant, record.ClientID), Tenant: "adatum.example", Resource: graph,
	})
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, graph.Base+"/organization", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+token.Token)
	response, err := world.Client().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if response.StatusCode != http.StatusOK || !strings.Contains(string(body), ententetest.Adatum) {
		t.Errorf("Graph answers %d %s", response.StatusCode, body)
	}
}
