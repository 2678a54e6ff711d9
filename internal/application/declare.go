package application

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"strings"

	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/id"
)

// Declare creates a registration with its principal at home, or replaces all
// of it but its credentials, on the word of whoever runs the installation. It
// fails with InputInvalid, or with ReferenceExists when another application has
// one of the identifiers.
func (r *Registry) Declare(ctx context.Context, by audit.Caller, a Application) error {
	if err := a.Check(); err != nil {
		return err
	}
	by.Tenant = a.Tenant
	p := Principal{Tenant: a.Tenant, ID: id.Object(r.source.NewGUID()), App: a.App, Created: r.source.Now()}
	e := r.event(by, "app.declare", a.App)
	e.Facts = map[string]string{"name": a.Name, "audience": string(a.Audience)}
	defer r.known.Forget()
	defer r.names.Forget()
	defer r.principals.Forget()
	return r.store.DeclareApplication(ctx, a, p, e)
}

// Check holds a registration to its rules. It fails with InputInvalid, whose
// fact "parameter" is the member that breaks one.
func (a Application) Check() error {
	if a.Audience != OnlyPersonal {
		if err := a.checkOwned(); err != nil {
			return err
		}
	}
	for _, redirect := range a.Redirects {
		switch redirect.Platform {
		case Web, Browser, Native:
		default:
			return invalid("redirects", "a platform: web, spa or native")
		}
	}
	if a.HomeURL != "" && (Redirect{URI: a.HomeURL, Platform: Web}).check() != nil {
		return invalid("homeURL", "https, or http on localhost, at most 256 characters")
	}
	if a.TokenVersion != 1 && a.TokenVersion != 2 {
		return invalid("tokenVersion", "1 or 2")
	}
	for _, name := range a.Identifiers {
		if len(name) > 256 || !strings.Contains(name, ":") || strings.ContainsAny(name, " \t\r\n#") {
			return invalid("identifiers", "absolute addresses such as api://NAME, at most 256 characters")
		}
	}
	return nil
}

// ReadCertificate reads a certificate in PEM form. It fails with InputInvalid
// when the text holds none, holds a private key, or when the certificate has
// expired.
func (r *Registry) ReadCertificate(text string) (*x509.Certificate, error) {
	if len(text) > maxCertificate {
		return nil, invalid("certificate", "at most 32 KiB")
	}
	if strings.Contains(text, "PRIVATE KEY") {
		return nil, invalid("privatekey", "the certificate alone")
	}
	block, _ := pem.Decode([]byte(text))
	if block == nil || block.Type != "CERTIFICATE" {
		return nil, invalid("certificate", "a certificate in PEM form")
	}
	parsed, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, invalid("certificate", "a certificate in PEM form")
	}
	if !r.source.Now().Before(parsed.NotAfter) {
		return nil, invalid("certificate", "a certificate that has not expired")
	}
	return parsed, nil
}
