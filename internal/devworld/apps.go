package devworld

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"

	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/house"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/keyvault"
	"github.com/entente-id/entente/internal/pages/site"
	"github.com/entente-id/entente/internal/partnerapi"
	"github.com/entente-id/entente/internal/resourcemanager"
)

// The applications of the world.
const (
	// Portal is Northwind's integration: confidential, with a secret.
	Portal id.App = "d1000000-0000-4000-8000-000000000001"
	// Nightly is Northwind's job runner: confidential, with a certificate.
	Nightly id.App = "d1000000-0000-4000-8000-000000000002"
	// Desk is Northwind's desktop tool: public.
	Desk id.App = "d1000000-0000-4000-8000-000000000003"
	// Console is Northwind's tool in a browser.
	Console id.App = "d1000000-0000-4000-8000-000000000004"
	// Inhouse is Northwind's own, for its own tenant only.
	Inhouse id.App = "d1000000-0000-4000-8000-000000000005"
	// Loop is an app that sends people back and forth (M36).
	Loop id.App = "d1000000-0000-4000-8000-0000000000b1"
	// Account is Entente's own account page.
	Account id.App = site.AccountApp
	// AzureCLI is a public client that tools use when they are told of none.
	AzureCLI id.App = house.CommandLine

	// PartnerCenter, and other resources that clients have hard-coded
	// (secure-application-model.md 1, identity-platform.md 3.7).
	PartnerCenter   id.App = partnerapi.App
	OldDirectory    id.App = house.OldDirectory
	ResourceManager id.App = resourcemanager.App
	KeyVault        id.App = keyvault.App
)

// PortalSecret is known to the world, like everything here.
const PortalSecret = "dev-secret-northwind-portal-0001"

// ExpiredSecret ended long ago.
const ExpiredSecret = "dev-secret-northwind-portal-0000"

// seedApps registers the platform's resources and the world's applications. It
// gives the certificate and key of Nightly in PEM.
func seedApps(ctx context.Context, h *house.House) ([]byte, error) {
	for _, a := range house.Platform(h.Origin, Fabrikam) {
		if err := h.Apps.Save(ctx, a, nil); err != nil {
			return nil, err
		}
		if !a.Public {
			continue
		}
		if _, err := h.Apps.Enrol(ctx, Fabrikam, a.App); err != nil {
			return nil, err
		}
	}
	certificate, bundle, err := nightlyCertificate(h.Source)
	if err != nil {
		return nil, err
	}
	forever := h.Source.Now().AddDate(10, 0, 0)
	secrets := []application.Credential{
		application.SecretCredential("5ec00000-0000-4000-8000-000000000001", "current", PortalSecret, forever),
		application.SecretCredential("5ec00000-0000-4000-8000-000000000000", "last year", ExpiredSecret, h.Source.Now().AddDate(-1, 0, 0)),
	}
	credentials := map[id.App][]application.Credential{Portal: secrets, Inhouse: secrets[:1], Nightly: {certificate}}
	for _, a := range registrations(h.Origin) {
		if err := h.Apps.Save(ctx, a, credentials[a.App]); err != nil {
			return nil, err
		}
		if _, err := h.Apps.Enrol(ctx, a.Tenant, a.App); err != nil {
			return nil, err
		}
	}
	return bundle, nil
}

func nightlyCertificate(source id.Source) (application.Credential, []byte, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return application.Credential{}, nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Northwind Nightly Jobs"},
		NotBefore: source.Now().AddDate(0, 0, -1), NotAfter: source.Now().AddDate(10, 0, 0),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return application.Credential{}, nil, err
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return application.Credential{}, nil, err
	}
	bundle := append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})...)
	c, err := application.CertificateCredential("5ec00000-0000-4000-8000-000000000002", "nightly", der)
	return c, bundle, err
}

// ask is what Northwind's applications registered for.
var ask = []application.Required{
	{Resource: PartnerCenter, Scopes: []string{"user_impersonation"}},
	{Resource: application.GraphApp, Scopes: []string{"User.Read", "User.Read.All", "Organization.Read.All", "Directory.Read.All"}},
}

func registrations(origin string) []application.Application {
	northwind := func(app id.App, n, name, purpose string, redirects ...application.Redirect) application.Application {
		return application.Application{
			App: app, Tenant: Northwind, ID: id.Object("d2000000-0000-4000-8000-0000000000" + n), Name: name, Publisher: "Northwind",
			PublisherDomain: "northwind.example", Verified: true, Purpose: purpose, Audience: application.AnyTenant,
			Redirects: redirects, Identifiers: []string{"api://" + string(app)}, Required: ask, TokenVersion: 1,
		}
	}
	portal := northwind(Portal, "01", "Northwind Portal Integration", "keep your customers' services running", application.Redirect{URI: "http://localhost", Platform: application.Web})
	portal.HybridIDTokens = true
	nightly := northwind(Nightly, "02", "Northwind Nightly Jobs", "read your customers' directories at night", application.Redirect{URI: "http://localhost", Platform: application.Web})
	desk := northwind(Desk, "03", "Northwind Desk", "help your customers from your desk", application.Redirect{URI: "http://localhost", Platform: application.Native})
	desk.Public = true
	console := northwind(Console, "04", "Northwind Console", "show your customers in a browser", application.Redirect{URI: "https://console.northwind.example/", Platform: application.Browser})
	console.Public, console.Audience = true, application.AnyAccount
	inhouse := northwind(Inhouse, "05", "Northwind Intranet", "show the intranet", application.Redirect{URI: "https://intranet.northwind.example/signed-in", Platform: application.Web})
	inhouse.Audience = application.OneTenant
	loop := application.Application{
		App: Loop, Tenant: Fabrikam, ID: "d2000000-0000-4000-8000-0000000000b1", Name: "Fabrikam Carousel", Publisher: "Fabrikam", Audience: application.AnyTenant, Public: true,
		Redirects: []application.Redirect{{URI: origin + "/dev/loop", Platform: application.Native}}, FirstParty: true, TokenVersion: 1,
	}
	return []application.Application{portal, nightly, desk, console, inhouse, salesPortal(origin), loop}
}
