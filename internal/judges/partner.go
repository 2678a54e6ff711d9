package judges

import (
	"context"
	"encoding/base64"
	"testing"

	"github.com/entente-id/entente/ententetest"
	"github.com/entente-id/entente/internal/devworld"
	"github.com/entente-id/entente/sam"
	"github.com/entente-id/entente/sam/cloud"
	"github.com/entente-id/entente/sam/secret"
	"github.com/entente-id/entente/sam/vault"
	"github.com/entente-id/entente/sam/vault/file"
)

// Redirect is where the partner's program waits for the answer of a consent.
const Redirect = "http://localhost:8400/"

// Partner is a partner's program at a world: a vault, and a broker over it.
type Partner struct {
	Vault   vault.Vault
	Broker  *sam.Broker
	Consent sam.Consent
	// Record is the name of the consent in the vault.
	Record string
}

// NewPartner makes one for PortalApp. Nobody has consented yet.
func NewPartner(t testing.TB, w *ententetest.World) *Partner {
	t.Helper()
	at, err := cloud.At(w.Origin)
	if err != nil {
		t.Fatal(err)
	}
	key, err := file.ParseKey(base64.StdEncoding.EncodeToString([]byte("a vault key of thirty-two bytes.")))
	if err != nil {
		t.Fatal(err)
	}
	kept, err := file.Open(t.TempDir(), key)
	if err != nil {
		t.Fatal(err)
	}
	credential := cloud.ClientSecret(secret.New(ententetest.PortalSecret))
	broker, err := sam.New(sam.Config{Cloud: at, ClientID: ententetest.PortalApp, Credential: credential, Vault: kept, HTTP: w.Client()})
	if err != nil {
		t.Fatal(err)
	}
	return &Partner{
		Vault: kept, Broker: broker, Record: sam.RecordName(at, ententetest.Northwind, ententetest.PortalApp),
		Consent: sam.Consent{Cloud: at, ClientID: ententetest.PortalApp, Credential: credential, Vault: kept, HTTP: w.Client()},
	}
}

// Ask lets a person consent in their browser.
func (p *Partner) Ask(ctx context.Context, v *devworld.Visitor) (vault.Record, error) {
	address, pending, err := p.Consent.Begin(ctx, Redirect)
	if err != nil {
		return vault.Record{}, err
	}
	answer, err := v.SignIn(ctx, address, Redirect)
	if err != nil {
		return vault.Record{}, err
	}
	return pending.Finish(ctx, answer)
}
